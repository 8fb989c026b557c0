"""Use cases that end polls: close one by hand or on consensus, with a booking or without, and undo it (D11).

Closing books as everything is booked: the calendars are asked live and before any unit (D03), all of ours
is read anew under the hosts' locks, and the database has the last word. The times that the poll keeps are let
go in the same unit.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from domain.addresses import one_person
from domain.audit import Act
from domain.booking_pages import BookingPage, Place
from domain.bookings import (
    Booking,
    BookingState,
    Invitee,
    SlotNotOffered,
    SlotTaken,
    Waived,
)
from domain.effects import Effect
from domain.errors import Conflict, InvalidInput, NotFound, TryAgain
from domain.events import EventKind
from domain.ids import PollId, UserId
from domain.poll_closing import agreed, comers, on_closed
from domain.poll_reactions import changed, on_ended, on_stuck
from domain.polls import Chosen, Option, Poll, PollAnnounced, PollState, Voter, picked
from domain.slots import NOTHING, Waivable, in_order
from domain.tokens import TokenKind, token_hash
from domain.users import DelegationScope, Scope, SignedIn, Viewer, signed_in
from integrations.ports import Transient
from services.access import noted, own_poll
from services.availability import around
from services.bookings.choosing import choose_hosts, choose_resources, locks_of, own_buffers
from services.bookings.desk import Desk, SecondLook, happened
from services.bookings.making import add_booking, empty_seat, new_booking
from services.polls.holding import Holding
from services.polls.organizing import organized
from services.polls.values import OrganizedPoll
from storage.bookings import Change
from storage.unit import Unit


class Closing:
    """Closes polls and opens them again."""

    def __init__(self, desk: Desk, holding: Holding) -> None:
        self._desk = desk
        self._holding = holding

    async def close(
        self,
        viewer: Viewer,
        poll_id: PollId,
        number: int | None,
        named: frozenset[Waivable] | None = NOTHING,
    ) -> OrganizedPoll:
        """Close a poll with an option, which is booked with all who come, or with none.

        One that was closed with the same is answered alike. Rules of the page that are `named` are passed, as
        by a host who books (X15), none where `named` is None; hours, notice and booking window of the page do
        not matter. Whoever neither owns nor hosts the page any more books nothing. Raises NotFound,
        NotWaived, SlotTaken, SlotNotOffered, TryAgain, Conflict, InvalidInput.
        """
        desk, asker = self._desk, signed_in(viewer, Scope.POLLS, DelegationScope.POLLS)
        async with desk.units.read() as reading:
            poll = await own_poll(reading, asker, poll_id)
            option = None if number is None else poll.option(number, "option")
            if poll.chosen is not None:
                return await organized(reading, _same(poll, number))
            if option and not comers(poll, await reading.polls.voters(poll), option.number):
                raise _nobody()
            page = await reading.pages.by_id(poll.organization_id, poll.page_id)
        if option is None:
            return await self._close(asker, poll_id)
        if page is None:
            raise NotFound("page")
        try:
            return await self._book(poll, page, option, named, asker)
        except SlotTaken:
            raise SlotTaken("option") from None
        except SlotNotOffered:
            raise SlotNotOffered("option") from None

    async def on_consensus(self, effect: Effect) -> str | None:
        """Close a poll with the best option on which all agree who are required; say why not, if not.

        The workers' use case: it looks at the ballots as they are now, and may run twice. Raises Transient
        where a calendar that decides cannot be read.
        """
        async with self._desk.units.read() as unit:
            poll = await unit.polls.by_id(effect.organization_id, PollId(effect.subject_id))
            if poll is None:
                return "gone"
            options = agreed(poll, await unit.polls.voters(poll), unit.now)
            page = await unit.pages.by_id(poll.organization_id, poll.page_id)
        if poll.state(unit.now) is not PollState.OPEN or not options:
            return "superseded"
        if page is None or not page.is_active:
            return "not_offered"
        for option in options:
            try:
                await self._book(poll, page, option, None, None)
            except (SlotTaken, SlotNotOffered):
                continue
            except NotFound:
                return "not_offered"
            except (TryAgain, Conflict):
                raise Transient("calendar") from None
            return None
        async with self._desk.units.begin() as unit:
            if await unit.polls.by_id(poll.organization_id, poll.id, locks=True) == poll:
                unit.follow(on_stuck(poll, unit.now))
        return "taken"

    async def reopen(self, viewer: Viewer, poll_id: PollId) -> OrganizedPoll:
        """Undo a closing that was not announced: the booking goes, nobody is told, and times are kept again.

        One that is open is answered alike. Raises NotFound, PollAnnounced.
        """
        desk, asker = self._desk, signed_in(viewer, Scope.POLLS, DelegationScope.POLLS)
        async with desk.units.read() as reading:
            seen = await own_poll(reading, asker, poll_id)
            page = await reading.pages.by_id(seen.organization_id, seen.page_id, deleted=True)
            booking_id = seen.chosen.booking_id if seen.chosen else None
            booking = await reading.bookings.by_id(seen.organization_id, booking_id) if booking_id else None
        if page is None:
            raise NotFound("id")
        hosts = {*locks_of(page), *(booking.hosts if booking else ()), seen.organizer_id}
        async with desk.units.begin(hosts) as unit:
            before = await own_poll(unit, asker, poll_id, locks=True)
            if before.chosen is None:
                return await organized(unit, before)
            if before.chosen.announced_at <= unit.now:
                raise PollAnnounced
            if before.chosen.booking_id != booking_id:
                raise Conflict("id")  # it was opened and closed again meanwhile
            await self._take_back(unit, before)
            poll = _next(replace(before, chosen=None))
            await unit.polls.save(before, poll)
            if poll.settings.holds_times and page.is_active:
                await self._holding.hold(unit, poll, page)
            unit.record(changed(poll))
            await noted(unit, asker, Act.POLL_REOPENED, poll.id)
            return await organized(unit, poll)

    async def _close(self, asker: SignedIn, poll_id: PollId) -> OrganizedPoll:
        """Close a poll without a booking."""
        async with self._desk.units.read() as reading:
            organizer = (await own_poll(reading, asker, poll_id)).organizer_id
        async with self._desk.units.begin([organizer]) as unit:
            before = await own_poll(unit, asker, poll_id, locks=True)
            if before.chosen is not None:
                return await organized(unit, _same(before, None))
            poll = await self._end(unit, before, Chosen(unit.now, unit.now + before.settings.undo_within))
            await noted(unit, asker, Act.POLL_CLOSED, poll.id)
            return await organized(unit, poll)

    async def _book(
        self,
        seen: Poll,
        page: BookingPage,
        option: Option,
        named: frozenset[Waivable] | None,
        asker: SignedIn | None,
    ) -> OrganizedPoll:
        """Close a poll with an option under the locks of everybody whose time that changes.

        Where nobody is there who could name rules, `named` and `asker` are None.
        """
        desk = self._desk
        its = page.by_link(picked(page.organization_id, page.id, seen.organizer_id, [option]))
        gathered = await desk.availability.gather(its, around(option.start), live=True)
        async with desk.units.begin({*locks_of(its), seen.organizer_id}) as unit:
            before = await (own_poll(unit, asker, seen.id, locks=True) if asker else _locked(unit, seen))
            if before.chosen is not None:
                return await organized(unit, _same(before, option.number))
            if asker is None:
                best = agreed(before, await unit.polls.voters(before), unit.now)
                if option.number not in {one.number for one in best}:
                    raise Conflict("option")  # somebody has thought better of it
            await self._holding.release(unit, before)
            look = await desk.look_again(unit, its, gathered, None, TokenKind.MANAGE, by_host=True)
            organizer = await unit.users.by_id(before.organization_id, before.organizer_id)
            if organizer is None or organizer.is_disabled or organizer.id not in _leaders(look.page):
                raise NotFound("page")
            voters = comers(before, await unit.polls.voters(before), option.number)
            if not voters:
                raise _nobody()
            chosen_at = Chosen(unit.now, unit.now + before.settings.undo_within, option.number)
            booking = await self._sit(unit, look, option, voters, named, before, chosen_at)
            poll = await self._end(unit, before, replace(chosen_at, booking_id=booking.id), booking)
            if asker is not None:
                await noted(unit, asker, Act.POLL_CLOSED, poll.id)
            return await organized(unit, poll)

    async def _sit(
        self,
        unit: Unit,
        look: SecondLook,
        option: Option,
        voters: Sequence[Voter],
        named: frozenset[Waivable] | None,
        poll: Poll,
        chosen: Chosen,
    ) -> Booking:
        """Book an option, with a seat for each who comes."""
        desk, page, gathered = self._desk, look.page, look.gathered
        if named is None:
            slot, rules = gathered.check(option.start, unit.now, "option"), NOTHING
        else:
            slot, rules = gathered.waive(option.start, unit.now, named)
        if gathered.session_at(option.start) is not None:
            raise SlotTaken("option")
        hosts, assigned = choose_hosts(gathered, slot, desk.draw(page))
        empty = empty_seat(unit.now, BookingState.CONFIRMED, None)
        booking = new_booking(page, option.start, hosts, empty, unit.now, _place(page))
        seats = tuple(_seat(booking, voter, number, unit.now) for number, voter in enumerate(voters, 1))
        booking = replace(
            booking,
            capacity=len(seats),
            invitees=seats,
            assigned=assigned,
            waived=Waived(in_order(rules), poll.organizer_id) if rules else None,
            resources=choose_resources(gathered, option.start, option.end),
        )
        change = Change(unit.now)
        add_booking(change, page, booking, own_buffers(gathered))
        for seat in seats:
            change.add_seat(booking, seat)
            change.link(token_hash(desk.token_for(TokenKind.MANAGE, seat.id)), booking, seat.id, "manage")
            unit.record(happened(EventKind.BOOKING_CONFIRMED, booking, seat))
        unit.follow(on_closed(page, booking, chosen.announced_at))
        await desk.store(unit, change)
        return booking

    async def _end(self, unit: Unit, before: Poll, chosen: Chosen, booking: Booking | None = None) -> Poll:
        """Close a poll, and have those told who have no seat by it."""
        poll = _next(replace(before, chosen=chosen))
        await self._holding.release(unit, before)
        await unit.polls.save(before, poll)
        seated = {one_person(seat.email) for seat in (booking.invitees if booking else ()) if seat.email}
        unit.record(changed(poll), on_ended(poll, await unit.polls.voters(poll), seated))
        return poll

    async def _take_back(self, unit: Unit, poll: Poll) -> None:
        """Cancel the booking of a closing of which nobody was told, and tell nobody."""
        booking_id = poll.chosen.booking_id if poll.chosen else None
        booking = await unit.bookings.by_id(poll.organization_id, booking_id) if booking_id else None
        if booking is None or not booking.live_seats(unit.now):
            return  # its host has cancelled it meanwhile, like any other
        change = Change(unit.now)
        for seat in booking.live_seats(unit.now):
            booking, ended = self._desk.end_seat(
                unit, change, booking, seat, BookingState.CANCELLED, by="host"
            )
            unit.record(happened(EventKind.BOOKING_CANCELLED, booking, ended))
        change.save(booking)
        await self._desk.store(unit, change)


def _seat(booking: Booking, voter: Voter, number: int, now: datetime) -> Invitee:
    """Make the seat of a voter who comes; one without an address has a seat, and gets no mail."""
    return replace(
        empty_seat(now, BookingState.CONFIRMED, None),
        booking_id=booking.id,
        seat=number,
        name=voter.name,
        email=voter.email,
        zone=voter.zone,
        locale=voter.locale,
    )


def _place(page: BookingPage) -> Place:
    """Say where it happens: nobody chooses for all, so of a page with a choice it is the first."""
    return page.place.choices[0] if page.place.choices else page.place


def _same(poll: Poll, number: int | None) -> Poll:
    """Let a repeated closing be answered alike; raises Conflict where it was closed with something else."""
    if poll.chosen is None or poll.chosen.number != number:
        raise Conflict("option")
    return poll


def _leaders(page: BookingPage) -> frozenset[UserId]:
    return frozenset((page.owner_id, *(host.user_id for host in page.hosts)))


async def _locked(unit: Unit, poll: Poll) -> Poll:
    present = await unit.polls.by_id(poll.organization_id, poll.id, locks=True)
    if present is None:
        raise NotFound("id")
    return present


def _nobody() -> InvalidInput:
    return InvalidInput("Nobody has said that they can come then.", "option")


def _next(poll: Poll) -> Poll:
    return replace(poll, version=poll.version + 1, revision=poll.revision + 1)

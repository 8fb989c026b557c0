"""Reassign: a booking is handed over to another host of its page, by whoever leads it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from domain.assignment import NO_LOAD, Assigned, AssignedBy
from domain.audit import Act
from domain.booking_pages import BookingPage, PageHost
from domain.bookings import (
    Booking,
    BookingState,
    HostNotFree,
    SlotNotOffered,
    SlotTaken,
    TooLate,
    same_version,
)
from domain.errors import InvalidInput, NotFound, TryAgain
from domain.events import EventKind
from domain.ids import BookingId, UserId
from domain.intervals import minute_of
from domain.reactions import on_reassigned
from domain.slots import Assignment, Caps, Slot, Unlimited
from domain.users import DelegationScope, Scope, Viewer, signed_in
from services.access import acted, led_booking
from services.availability import around
from services.bookings.choosing import choose_hosts, own_buffers
from services.bookings.desk import Desk, happened, page_of, with_seat
from services.gathered import Gathered, read_taken
from storage.bookings import Change
from storage.limits import Budget, Limits
from storage.unit import Reading, Unit

_REASSIGNED = Budget("reassign", 60, 600)


class Reassigning:
    """The use case of who hands a booking over."""

    def __init__(self, desk: Desk, limits: Limits) -> None:
        self._desk = desk
        self._limits = limits

    async def reassign(
        self,
        viewer: Viewer,
        booking_id: BookingId,
        *,
        to: UserId | None = None,
        relieved: UserId | None = None,
        version: int | None = None,
    ) -> Booking:
        """Hand a booking over to another host of its page: to `to`, or to whose turn it is.

        `relieved` is the host who is to go; unsaid, who took a turn, or the only one. The calendar of who
        takes it is asked live (D03), and their hours, bookings and own caps hold; what the page asks of
        invitees does not: the time was given to one already. Raises NotFound, HostNotFree, TooLate,
        Conflict, TryAgain, TooMany, InvalidInput.
        """
        desk = self._desk
        asker = signed_in(viewer, Scope.BOOKINGS, DelegationScope.BOOKINGS)
        await self._limits.take(_REASSIGNED, str(asker.actor.id))
        async with desk.units.read() as reading:
            booking = await led_booking(reading, asker, booking_id)
            page = await page_of(reading, booking)
            _check(booking, reading.now, version)
        going = _going(booking, relieved)
        if to == going:
            return booking
        candidates = _candidates(page, booking, going, to)
        gathered = await desk.availability.gather(
            _asked(page, candidates), around(booking.start), live=True, moving=booking
        )
        _free(gathered, booking, desk.clock())
        locked = {*booking.hosts, *(host.user_id for host in candidates)}
        async with desk.units.begin(locked) as unit:
            present = await led_booking(unit, asker, booking_id)
            _check(present, unit.now, version)
            if present.hosts != booking.hosts or present.start != booking.start:
                raise TryAgain
            if (await page_of(unit, present)).revision != page.revision:
                raise TryAgain  # who could take it may have been taken off the page, or be gone
            gathered = await _anew(unit, gathered)
            await acted(unit, asker, Act.BOOKING_REASSIGNED, booking_id)
            chosen = self._choose(gathered, present, unit.now, to)
            return await self._hand_over(unit, page, gathered, present, going, chosen)

    def _choose(self, gathered: Gathered, booking: Booking, now: datetime, to: UserId | None) -> Assigned:
        slot = _free(gathered, booking, now)
        _, chosen = choose_hosts(gathered, slot, self._desk.draw(gathered.page))
        if chosen is None:
            raise RuntimeError("Of hosts who take turns nobody was chosen.")
        booked = gathered.loads.get(chosen.host, NO_LOAD).booked
        return Assigned(chosen.host, AssignedBy.BY_HAND, 1, booked) if to else chosen

    async def _hand_over(
        self,
        unit: Unit,
        page: BookingPage,
        gathered: Gathered,
        booking: Booking,
        going: UserId,
        chosen: Assigned,
    ) -> Booking:
        """Write the new host in the place of the former one, with all that follows."""
        takes_turns = page.rules.assignment is Assignment.ANY and (
            booking.assigned is None or booking.assigned.host == going
        )
        after = replace(
            booking,
            hosts=tuple(chosen.host if host == going else host for host in booking.hosts),
            assigned=chosen if takes_turns else booking.assigned,
            version=booking.version + 1,
            changed_at=unit.now,
        )
        change = Change(unit.now)
        change.hand_over(booking, after, own_buffers(gathered))
        for seat in booking.live_seats(unit.now):
            told = replace(seat, version=seat.version + 1)
            after = with_seat(after, told)
            change.save_seat(after, told)
            if told.state is BookingState.CONFIRMED:
                unit.record(
                    happened(EventKind.BOOKING_REASSIGNED, after, told, [going]),
                    on_reassigned(page, after, told, unit.now, host=chosen.host, relieved=going),
                )
        change.save(after)
        await self._desk.store(unit, change)
        return after


def _check(booking: Booking, now: datetime, version: int | None) -> None:
    if booking.state is not BookingState.CONFIRMED or booking.start <= now:
        raise TooLate
    same_version(booking.version, version)


def _going(booking: Booking, relieved: UserId | None) -> UserId:
    """Name the host who hands the booking over."""
    if relieved is not None:
        if relieved not in booking.hosts:
            raise NotFound("from")
        return relieved
    if booking.assigned is not None:
        return booking.assigned.host
    if len(booking.hosts) > 1:
        raise InvalidInput("Say which of the hosts is to go.", "from")
    return booking.primary


def _candidates(page: BookingPage, booking: Booking, going: UserId, to: UserId | None) -> Sequence[PageHost]:
    """List the hosts of the page who could take the booking from the one who goes."""
    others = [host for host in page.hosts if host.user_id not in booking.hosts]
    if to is not None:
        others = [host for host in others if host.user_id == to]
        if not others:
            raise NotFound("to")
    elif booking.assigned and booking.assigned.host == going:
        others = [host for host in others if not host.is_fixed]
    if not others:
        raise HostNotFree("to")
    return others


def _asked(page: BookingPage, candidates: Sequence[PageHost]) -> BookingPage:
    """Give the page with what it asks of hosts alone, for those of whom any may take the booking."""
    rules = replace(
        page.rules,
        assignment=Assignment.ANY,
        interval_minutes=1,
        notice_minutes=0,
        window=Unlimited(),
        caps=Caps(),
    )
    hosts = tuple(replace(host, is_fixed=False) for host in candidates)
    return replace(page, hosts=hosts, rules=rules, requires=())  # the booking has its resources


def _free(gathered: Gathered, booking: Booking, now: datetime) -> Slot:
    """Give the booking's time as a slot with those who can take it; raises HostNotFree, TryAgain.

    Neither own notice nor whose turn it is keeps a host from a booking that somebody hands to them, nor who
    waits for its time: it is not free by that.
    """
    length = minute_of(booking.end) - minute_of(booking.start)
    rules = replace(gathered.page.rules, duration_minutes=length)
    hosts = tuple(
        replace(host, is_ahead=False, rules=replace(host.rules, notice_minutes=0)) for host in gathered.hosts
    )
    page = replace(gathered.page, rules=rules)
    try:
        return replace(gathered, page=page, hosts=hosts, sessions=(), waited=frozenset()).check(
            booking.start, now
        )
    except (SlotTaken, SlotNotOffered):
        raise HostNotFree("to") from None


async def _anew(unit: Reading, gathered: Gathered) -> Gathered:
    page = gathered.page
    taken = await read_taken(unit, page, gathered.window, gathered.moving, gathered.rules, chooses=True)
    return gathered.with_taken(taken)

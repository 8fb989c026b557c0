"""Reschedule and cancel, by an invitee's link and by a host."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime

from domain.addresses import display_text
from domain.audit import Act
from domain.booking_pages import BookingPage
from domain.bookings import (
    CAN_BE_CANCELLED,
    Booking,
    BookingState,
    Invitee,
    SlotNotOffered,
    SlotTaken,
    Waived,
    free_seat,
    may_change,
    same_version,
    state_of,
)
from domain.errors import NotFound
from domain.events import EventKind
from domain.ids import BookingId, UserId
from domain.reactions import on_cancelled, on_rescheduled
from domain.slots import NOTHING, Waivable, in_order
from domain.tokens import TokenKind, token_hash
from domain.users import DelegationScope, Scope, Viewer, signed_in
from services.access import acted, led_booking
from services.availability import around
from services.bookings.budgets import CHANGES_PER_IP, visitor
from services.bookings.checking import same_hosts, shown_by, still_stands
from services.bookings.choosing import choose_hosts, choose_resources, keeps_hosts, locks_of, own_buffers
from services.bookings.commands import Seated
from services.bookings.desk import (
    Desk,
    SecondLook,
    Use,
    give_link_back,
    happened,
    page_of,
    remember,
    use_of,
    with_seat,
)
from services.bookings.making import add_booking, moved_to, new_booking
from services.gathered import Gathered
from storage.bookings import Change
from storage.calendars import StoredEntry
from storage.limits import Limits
from storage.unit import Unit

_REASON = 2000


class Changing:
    """The use cases of those who have a booking."""

    def __init__(self, desk: Desk, limits: Limits) -> None:
        self._desk = desk
        self._limits = limits

    async def reschedule(
        self,
        viewer: Viewer,
        token: str,
        start: datetime,
        *,
        version: int | None = None,
        idempotency_key: str | None = None,
    ) -> tuple[Booking, Invitee]:
        """Move an invitee's seat to another start of the same page.

        Moving to where it stands changes nothing and is answered alike. Raises NotFound, TooLate,
        Conflict, SlotTaken, SlotNotOffered, TryAgain, TooMany, InvalidInput.
        """
        desk = self._desk
        use = _use("reschedule", token, idempotency_key, start)
        await self._limits.take(CHANGES_PER_IP, visitor(viewer))
        async with desk.units.read() as reading:
            booking, seat = await desk.seat_of(reading, token, TokenKind.MANAGE)
            if use and await desk.again_in(reading, use, TokenKind.MANAGE):
                return booking, seat
            page = await page_of(reading, booking, seat)
            may_change(booking, seat, reading.now, page.reschedule_until)
            same_version(seat.version, version)
        if start == booking.start:
            return booking, seat
        alone = booking.live_seats(desk.clock()) == (seat,)
        kept = booking.hosts if keeps_hosts(page) else ()
        its = page.with_hosts(kept) if kept else page
        gathered = await self._free(its, start, booking if alone else None)
        async with desk.units.begin({*locks_of(its), *booking.hosts}) as unit:
            look = await desk.look_again(unit, its, gathered, use, TokenKind.MANAGE, kept=kept)
            page, gathered, before = look.page, look.gathered, booking.hosts
            booking, seat = await desk.seat_of(unit, token, TokenKind.MANAGE)
            if look.again:
                return booking, seat
            same_hosts(before, booking)
            may_change(booking, seat, unit.now, page.reschedule_until)
            same_version(seat.version, version)
            if booking.start == start:
                return booking, seat  # the same request came twice at once: nobody is told twice
            if (booking.live_seats(unit.now) == (seat,)) is not alone:
                raise SlotTaken("start")  # somebody sat down beside us meanwhile: judge anew
            slot = gathered.check(start, unit.now, "start")
            change = Change(unit.now)
            if alone and gathered.session_at(start) is None:
                by = booking
                if not kept and not set(booking.hosts) <= set(slot.hosts):
                    hosts, assigned = choose_hosts(gathered, slot, desk.draw(page))
                    by = replace(booking, hosts=hosts, assigned=assigned)
                    change.hand_over(booking, moved_to(by, page, start, unit.now), own_buffers(gathered))
                booking, seat = self._move(unit, change, gathered, by, start, seat, left=booking.hosts)
            else:
                booking, seat = await self._change_session(unit, change, look, booking, start, seat)
            if use:
                remember(change, use, Seated(booking, seat, token))
            await desk.store(unit, change, start, gathered)
            return booking, seat

    async def reschedule_as_host(
        self,
        viewer: Viewer,
        booking_id: BookingId,
        start: datetime,
        version: int | None,
        named: frozenset[Waivable] = NOTHING,
    ) -> Booking:
        """Move a whole booking, with all its seats, to another start, past the rules that are `named` (X15).

        It keeps its hosts. The page's deadline for invitees does not bind a host (D10). Raises NotWaived, and
        as `reschedule`.
        """
        desk = self._desk
        asker = signed_in(viewer, Scope.BOOKINGS, DelegationScope.BOOKINGS)
        async with desk.units.read() as reading:
            booking = await led_booking(reading, asker, booking_id)
            page = await page_of(reading, booking)
            still_stands(booking, reading.now)
            same_version(booking.version, version)
        if start == booking.start:
            return booking
        gathered = await self._gather(page.with_hosts(booking.hosts), start, booking)

        async def again(unit: Unit) -> Booking:
            present = await led_booking(unit, asker, booking_id)
            same_version(present.version, version)
            await acted(unit, asker, Act.BOOKING_RESCHEDULED, booking_id)
            return present

        def judge(gathered: Gathered, now: datetime) -> Waived | None:
            _, rules = gathered.waive(start, now, named)
            return Waived(in_order(rules), asker.user_id) if rules else None

        judge(gathered, desk.clock())
        return await self._move_whole(booking, start, gathered, again, judge)

    async def move_for_calendar(self, entry: StoredEntry, start: datetime, end: datetime) -> bool:
        """Move a booking after its entry, which its only host has moved, where its page says so (X13).

        The page's rules are asked as for a host. The time at which the entry stands is looked through: of
        what else the host has there, only they can judge, who put it there. False, and nothing changed,
        where the page does not follow, or the length is another. Raises as `reschedule`.
        """
        desk = self._desk
        async with desk.units.read() as reading:
            booking = await reading.bookings.by_id(entry.organization_id, entry.booking_id)
            if booking is None:
                raise NotFound
            page = await page_of(reading, booking)
            still_stands(booking, reading.now)
            shown_by(entry, booking)
        if not page.follows_calendar or end - start != page.length:
            return False
        its = page.with_hosts(booking.hosts)
        gathered = await self._free(its, start, replace(booking, start=start, end=end))

        async def again(unit: Unit) -> Booking:
            present = await unit.bookings.by_id(entry.organization_id, entry.booking_id)
            if present is None:
                raise NotFound
            shown_by(entry, present)
            return present

        def judge(gathered: Gathered, now: datetime) -> None:
            gathered.check(start, now, "start")

        await self._move_whole(booking, start, gathered, again, judge)
        return True

    async def _move_whole(
        self,
        booking: Booking,
        start: datetime,
        gathered: Gathered,
        again: Callable[[Unit], Awaitable[Booking]],
        judge: Callable[[Gathered, datetime], Waived | None],
    ) -> Booking:
        """Move a booking with all its seats, under its hosts' locks.

        There `again` reads it once more, and `judge` says past which rules its new time is.
        """
        desk, kept = self._desk, booking.hosts
        async with desk.units.begin({*kept, *gathered.page.resources}) as unit:
            look = await desk.look_again(unit, gathered.page, gathered, None, TokenKind.MANAGE, kept=kept)
            gathered = look.gathered
            booking = await again(unit)
            same_hosts(kept, booking)
            still_stands(booking, unit.now)
            if booking.start == start:
                return booking
            waived = judge(gathered, unit.now)
            if gathered.session_at(start) is not None:
                raise SlotTaken("start", nearest=gathered.nearest(start, unit.now))
            change = Change(unit.now)
            booking, _ = self._move(unit, change, gathered, booking, start, None, waived=waived)
            await desk.store(unit, change, start, gathered)
            return booking

    async def cancel(
        self, viewer: Viewer, token: str, reason: str | None, *, idempotency_key: str | None = None
    ) -> tuple[Booking, Invitee]:
        """Cancel an invitee's seat; one cancelled before is answered alike.

        Raises NotFound, TooLate, TooMany, Conflict, InvalidInput.
        """
        desk = self._desk
        use = _use("cancel", token, idempotency_key, reason)
        text = display_text(reason, _REASON, "reason") if reason and reason.strip() else None
        await self._limits.take(CHANGES_PER_IP, visitor(viewer))
        async with desk.units.begin() as unit:
            booking, _ = await desk.seat_of(unit, token, TokenKind.MANAGE)
            await unit.bookings.lock_hosts(booking.hosts)
            booking, seat = await desk.seat_of(unit, token, TokenKind.MANAGE)
            if seat.state is BookingState.CANCELLED or (
                use and await desk.again_in(unit, use, TokenKind.MANAGE)
            ):
                return booking, seat
            page = await page_of(unit, booking)
            may_change(booking, seat, unit.now, page.cancel_until, CAN_BE_CANCELLED)
            change = Change(unit.now)
            booking, seat = self._cancel(unit, change, booking, seat, text, "invitee")
            change.save(booking)
            if use:
                remember(change, use, Seated(booking, seat, token))
            await desk.store(unit, change)
            return booking, seat

    async def cancel_as_host(
        self, viewer: Viewer, booking_id: BookingId, reason: str | None, version: int | None
    ) -> Booking:
        """Cancel a whole booking; no deadline binds a host, but what is over is over. Raises as `cancel`."""
        desk = self._desk
        asker = signed_in(viewer, Scope.BOOKINGS, DelegationScope.BOOKINGS)
        text = display_text(reason, _REASON, "reason") if reason and reason.strip() else None
        async with desk.units.begin() as unit:
            booking = await led_booking(unit, asker, booking_id)
            await unit.bookings.lock_hosts(booking.hosts)
            booking = await led_booking(unit, asker, booking_id)
            if booking.state is BookingState.CANCELLED:
                return booking
            still_stands(booking, unit.now)
            same_version(booking.version, version)
            await acted(unit, asker, Act.BOOKING_CANCELLED, booking_id)
            return await self._cancel_whole(unit, booking, text, "host")

    async def cancel_for_calendar(self, entry: StoredEntry) -> None:
        """Cancel a booking whose only host has deleted its entry; everybody is told as if by hand (R111).

        Nothing happens where a worker has written the entry since it was seen, or is about to, and where
        the booking is over or was cancelled. Raises Conflict where it has moved meanwhile.
        """
        async with self._desk.units.begin() as unit:
            booking = await unit.bookings.by_id(entry.organization_id, entry.booking_id)
            if booking is None:
                return
            await unit.bookings.lock_hosts(booking.hosts)
            booking = await unit.bookings.by_id(entry.organization_id, entry.booking_id)
            if booking is None or booking.state is not BookingState.CONFIRMED or booking.end <= unit.now:
                return
            shown_by(entry, booking)
            if booking.hosts == (entry.host_id,) and await unit.calendars.entries.gone(entry):
                await self._cancel_whole(unit, booking, None, "calendar")

    async def _cancel_whole(self, unit: Unit, booking: Booking, reason: str | None, by: str) -> Booking:
        """Cancel every seat; the links by which they were taken can be used again: no invitee wanted this."""
        change = Change(unit.now)
        for seat in booking.live_seats(unit.now):
            if seat.state is BookingState.HELD:
                booking, _ = self._desk.end_seat(unit, change, booking, seat, BookingState.EXPIRED)
            else:
                booking, _ = self._cancel(unit, change, booking, seat, reason, by)
                await give_link_back(unit, booking, seat)
        change.save(booking)
        await self._desk.store(unit, change)
        return booking

    async def _free(self, page: BookingPage, start: datetime, moving: Booking | None) -> Gathered:
        gathered = await self._gather(page, start, moving)
        gathered.check(start, self._desk.clock(), "start")
        return gathered

    async def _gather(self, page: BookingPage, start: datetime, moving: Booking | None) -> Gathered:
        if not page.is_active:
            raise SlotNotOffered("start")
        return await self._desk.availability.gather(page, around(start), live=True, moving=moving)

    def _cancel(
        self, unit: Unit, change: Change, booking: Booking, seat: Invitee, reason: str | None, by: str
    ) -> tuple[Booking, Invitee]:
        booking, seat = self._desk.end_seat(
            unit, change, booking, seat, BookingState.CANCELLED, reason=reason, by=by
        )
        unit.record(
            happened(EventKind.BOOKING_CANCELLED, booking, seat), on_cancelled(booking, seat, unit.now)
        )
        return booking, seat

    def _move(
        self,
        unit: Unit,
        change: Change,
        gathered: Gathered,
        booking: Booking,
        start: datetime,
        seat: Invitee | None,
        *,
        left: Sequence[UserId] = (),
        waived: Waived | None = None,
    ) -> tuple[Booking, Invitee]:
        """Move a booking with all its seats: one UPDATE of its time, and nobody's old entry is lost.

        Those of its former hosts who are not among its hosts any more have `left` it.
        """
        page, end = gathered.page, start + gathered.page.length
        resources = choose_resources(gathered, start, end, booking.resources)
        moved = replace(moved_to(booking, page, start, unit.now), waived=waived, resources=resources)
        change.swap(booking, moved)
        relieved = [host for host in left if host not in booking.hosts]
        for sitting in booking.live_seats(unit.now):
            after = replace(sitting, version=sitting.version + 1, moved_from=booking.start)
            moved = with_seat(moved, after)
            change.save_seat(moved, after)
            if after.state is BookingState.CONFIRMED:
                unit.record(
                    happened(EventKind.BOOKING_RESCHEDULED, moved, after, (*relieved, *booking.resources)),
                    on_rescheduled(page, moved, after, unit.now, relieved=relieved),
                )
        change.save(moved)
        first = moved.invitee(seat.id) if seat else moved.live_seats(unit.now)[0]
        return moved, first

    async def _change_session(
        self,
        unit: Unit,
        change: Change,
        look: SecondLook,
        booking: Booking,
        start: datetime,
        seat: Invitee,
    ) -> tuple[Booking, Invitee]:
        """Move one seat out of a shared session into another, or into a new one."""
        page = look.page
        after = replace(seat, version=seat.version + 1, moved_from=booking.start)
        there = look.gathered.session_at(start)
        session = await unit.bookings.by_id(page.organization_id, there) if there else None
        is_new = session is None
        if session is None:
            # The place that was booked, also where the page has become one with a choice.
            place = booking.place if page.place.choices else page.place
            session = replace(
                new_booking(page, start, booking.hosts, after, unit.now, place),
                invitees=(),
                resources=choose_resources(look.gathered, start, start + page.length),
            )
        after = replace(after, booking_id=session.id, seat=free_seat(session, unit.now))
        session = with_seat(session, after)
        session = replace(session, state=state_of(session.invitees, unit.now), version=session.version + 1)
        if is_new:
            add_booking(change, page, session, own_buffers(look.gathered))
        else:
            change.save(session)
        change.save_seat(session, after)
        change.move_links(page.organization_id, after.id, session.id)
        rest = tuple(other for other in booking.invitees if other.id != seat.id)
        left = replace(booking, invitees=rest, state=state_of(rest, unit.now), version=booking.version + 1)
        change.save(left)
        unit.record(
            happened(EventKind.BOOKING_RESCHEDULED, session, after, booking.resources),
            on_rescheduled(page, session, after, unit.now, left=left),
        )
        return session, after


def _use(operation: str, token: str, key: str | None, request: object) -> Use | None:
    return use_of(operation, token_hash(token).hex(), key, request) if key is not None else None

"""Requests of invitees on pages that need approval: approved, declined, or lapsed by the clock (D14)."""

from dataclasses import replace

from domain.addresses import display_text
from domain.audit import Act
from domain.booking_pages import BookingPage
from domain.bookings import Booking, BookingState, Invitee, TooLate, same_version, state_of
from domain.effects import Effect
from domain.errors import NotFound
from domain.events import EventKind
from domain.ids import BookingId, InviteeId
from domain.reactions import on_confirmed, on_declined, on_lapsed
from domain.users import DelegationScope, Scope, Viewer, signed_in
from services.access import acted, own_booking
from services.availability import around
from services.bookings.checking import check_held
from services.bookings.desk import Desk, give_link_back, happened, with_seat
from storage.bookings import Change
from storage.unit import Reading, Unit

_REASON = 2000


class Answering:
    """The use cases of hosts who are asked, and of the clock where they do not answer."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def approve(self, viewer: Viewer, booking_id: BookingId, version: int | None) -> Booking:
        """Confirm a request, which has kept its time; one that is confirmed already is answered alike.

        The calendars are asked live (D03): raises SlotTaken where one is busy by now, TryAgain where it
        cannot be read, and NotFound, TooLate, Conflict.
        """
        desk = self._desk
        asker = signed_in(viewer, Scope.BOOKINGS, DelegationScope.BOOKINGS)
        async with desk.units.read() as reading:
            booking = await own_booking(reading, asker, booking_id)
            if booking.state is BookingState.CONFIRMED:
                return booking
            seat = _waiting(booking)
            same_version(booking.version, version)
            page = await _page_of(reading, booking)
        its = page.with_hosts(booking.hosts)
        gathered = await desk.availability.gather(its, around(booking.start), live=True, moving=booking)
        check_held(gathered, booking.start, seat.created_at)
        async with desk.units.begin(booking.hosts) as unit:
            present = await own_booking(unit, asker, booking_id)
            if present.state is BookingState.CONFIRMED:
                return present
            same_version(present.version, booking.version)
            seat = _waiting(present)
            if present.start <= unit.now:
                raise TooLate
            await acted(unit, asker, Act.BOOKING_APPROVED, booking_id)
            change = Change(unit.now)
            seat = replace(seat, state=BookingState.CONFIRMED, version=seat.version + 1)
            booking = with_seat(present, seat)
            state = state_of(booking.invitees, unit.now)
            booking = replace(booking, state=state, version=booking.version + 1, changed_at=unit.now)
            change.save_seat(booking, seat)
            change.save(booking)
            unit.record(
                happened(EventKind.BOOKING_CONFIRMED, booking, seat),
                on_confirmed(page, booking, seat, unit.now),
            )
            await desk.store(unit, change)
            return booking

    async def decline(
        self, viewer: Viewer, booking_id: BookingId, reason: str | None, version: int | None
    ) -> Booking:
        """Decline a request, whose time is free again; one that was declined is answered alike.

        Raises NotFound, TooLate, Conflict, InvalidInput.
        """
        asker = signed_in(viewer, Scope.BOOKINGS, DelegationScope.BOOKINGS)
        text = display_text(reason, _REASON, "reason") if reason and reason.strip() else None
        async with self._desk.units.begin() as unit:
            booking = await own_booking(unit, asker, booking_id)
            await unit.bookings.lock_hosts(booking.hosts)
            booking = await own_booking(unit, asker, booking_id)
            if booking.state is BookingState.DECLINED:
                return booking
            seat = _waiting(booking)
            same_version(booking.version, version)
            await acted(unit, asker, Act.BOOKING_DECLINED, booking_id)
            booking, seat = await self._end(unit, booking, seat, BookingState.DECLINED, text, "host")
            unit.follow(on_declined(booking, seat, unit.now))
            return booking

    async def lapse(self, effect: Effect) -> str | None:
        """End a request that nobody has answered in time; say why not, where somebody has."""
        async with self._desk.units.begin() as unit:
            found = await unit.bookings.by_invitee(effect.organization_id, InviteeId(effect.subject_id))
            if found is None:
                return "gone"
            await unit.bookings.lock_hosts(found[0].hosts)
            found = await unit.bookings.by_invitee(effect.organization_id, InviteeId(effect.subject_id))
            if found is None:
                return "gone"
            booking, seat = found
            if seat.version != effect.version or seat.state is not BookingState.AWAITING_APPROVAL:
                return "superseded"
            booking, seat = await self._end(unit, booking, seat, BookingState.EXPIRED, None, None)
            unit.follow(on_lapsed(booking, seat, unit.now))
        return None

    async def _end(
        self,
        unit: Unit,
        booking: Booking,
        seat: Invitee,
        state: BookingState,
        reason: str | None,
        by: str | None,
    ) -> tuple[Booking, Invitee]:
        change = Change(unit.now)
        booking, seat = self._desk.end_seat(unit, change, booking, seat, state, reason=reason, by=by)
        await give_link_back(unit, booking, seat)
        change.save(booking)
        unit.record(happened(EventKind.BOOKING_DECLINED, booking, seat))
        await self._desk.store(unit, change)
        return booking, seat


def _waiting(booking: Booking) -> Invitee:
    """Give the seat that waits for an answer; raises TooLate where none does."""
    for seat in booking.invitees:
        if seat.state is BookingState.AWAITING_APPROVAL:
            return seat
    raise TooLate


async def _page_of(unit: Reading, booking: Booking) -> BookingPage:
    page = await unit.pages.by_id(booking.organization_id, booking.page_id, deleted=True)
    if page is None:
        raise NotFound("id")
    return page.lasting(booking.length)

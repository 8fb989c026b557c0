"""Series of bookings: booked all or none, cancelled from one of them on (X14)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from domain.addresses import display_text
from domain.audit import Act
from domain.booking_pages import BookingPage
from domain.bookings import (
    Booking,
    BookingState,
    Invitee,
    SlotNotOffered,
    SlotTaken,
    TooLate,
    may_change,
    same_version,
)
from domain.errors import Conflict, InvalidInput, NotFound
from domain.events import EventKind
from domain.ids import BookingId, InviteeId, SeriesId
from domain.intervals import minute_of
from domain.places import chosen_place
from domain.reactions import on_series, on_series_cancelled
from domain.series import SeriesNotFree, starts_of
from domain.tokens import TokenKind, token_hash
from domain.users import DelegationScope, Scope, Viewer, signed_in
from services.access import acted, is_own, led_booking
from services.availability import around
from services.bookings.budgets import BOOKINGS_PER_ADDRESS, BOOKINGS_PER_IP, CHANGES_PER_IP, visitor
from services.bookings.checking import check_upcoming
from services.bookings.choosing import locks_of
from services.bookings.commands import BookSeries, Seated
from services.bookings.desk import Desk, happened, remember, use_of
from services.bookings.taking import Taking, person_of
from services.gathered import Gathered
from storage.base import new_id
from storage.bookings import Change
from storage.limits import Limits, Take
from storage.unit import Reading, Unit

_REASON = 2000
_REFUSED = (SlotTaken, SlotNotOffered)

Seat = tuple[Booking, Invitee]


class Series:
    """The use cases of those who book several times as one."""

    def __init__(self, desk: Desk, taking: Taking, limits: Limits) -> None:
        self._desk = desk
        self._taking = taking
        self._limits = limits

    async def book(self, viewer: Viewer, command: BookSeries) -> tuple[Seated, ...]:
        """Book a start and those that follow it at the same time on the page's wall, all or none.

        Raises SeriesNotFree with the starts that cannot be booked, and what booking one raises.
        """
        desk, first = self._desk, command.first
        page = (await desk.open_page(first.slug)).of_length(first.length, "durationMinutes")
        _check_offered(page, command.repeats.count)
        person = person_of(first, page, desk.clock())
        use = use_of(
            "series", str(page.id), first.idempotency_key, first.start, person.name, person.email,
            person.zone, person.locale, first.answers, first.place, first.length,
            command.repeats.frequency, command.repeats.count,
        )  # fmt: skip
        if again := await desk.again(use, TokenKind.MANAGE):
            return await self._seated(again)
        around(first.start)
        starts = starts_of(first.start, command.repeats, await self._zone(page))
        await self._limits.take_all(
            Take(BOOKINGS_PER_IP, (visitor(viewer),), amount=len(starts)),
            Take(BOOKINGS_PER_ADDRESS, (person.email or "",)),
        )
        window = minute_of(starts[0]), minute_of(starts[-1]) + 1
        gathered = await desk.availability.gather(page, window, live=True)
        _check_all(gathered, starts, desk.clock())
        async with desk.units.begin(locks_of(page)) as unit:
            look = await desk.look_again(unit, page, gathered, use, TokenKind.MANAGE)
            if look.again:
                return await self._seated(look.again, unit)
            _check_offered(look.page, len(starts))
            await check_upcoming(unit, look.page, person, more=len(starts), locks=True)
            place = chosen_place(look.page.place, first.place, look.page.questions, person.answers)
            change, series_id = Change(unit.now), SeriesId(new_id())
            seats: list[Seat] = []
            refused: list[datetime] = []
            for start in starts:
                seat = replace(person, id=InviteeId(new_id()))
                try:
                    booking, seat = await self._taking.sit(unit, change, look, start, seat, place, series_id)
                except _REFUSED:
                    refused.append(start)
                    continue
                seats.append((booking, seat))
                look = replace(look, gathered=look.gathered.with_booking(booking))
            if refused:
                raise SeriesNotFree("start", refused=tuple(refused))
            for booking, seat in seats:
                unit.record(happened(EventKind.BOOKING_CONFIRMED, booking, seat))
            unit.follow(on_series(look.page, seats, unit.now))
            seated = tuple(
                Seated(booking, seat, desk.token_for(TokenKind.MANAGE, seat.id)) for booking, seat in seats
            )
            for one in seated:
                change.link(token_hash(one.token), one.booking, one.invitee.id, "manage")
            remember(change, use, seated[0])
            await desk.store(unit, change, starts[0], look.gathered)
        return seated

    async def cancel(
        self, viewer: Viewer, token: str, reason: str | None, *, idempotency_key: str | None = None
    ) -> list[Seat]:
        """Cancel an invitee's booking of a series with all later ones; what was cancelled before stays so.

        Raises NotFound, TooLate, TooMany, Conflict, InvalidInput.
        """
        desk = self._desk
        use = (
            use_of("series-cancel", token_hash(token).hex(), idempotency_key, reason)
            if idempotency_key is not None
            else None
        )
        text = _reason(reason)
        await self._limits.take(CHANGES_PER_IP, visitor(viewer))
        async with desk.units.begin() as unit:
            booking, _ = await desk.seat_of(unit, token, TokenKind.MANAGE)
            later = await self._locked(unit, booking)
            booking, seat = await desk.seat_of(unit, token, TokenKind.MANAGE)
            if use and await desk.again_in(unit, use, TokenKind.MANAGE):
                return [(each, each.invitees[0]) for each in later]
            # Of one that was cancelled before, the next that stands says whether it is too late.
            ended = seat.state is BookingState.CANCELLED
            for first in (_standing(later, unit.now) if ended else [(booking, seat)])[:1]:
                page = await unit.pages.by_id(booking.organization_id, booking.page_id, deleted=True)
                if page is None:
                    raise NotFound("token")
                may_change(*first, unit.now, page.cancel_until)
            change = Change(unit.now)
            cancelled = self._cancel(unit, change, later, text, "invitee")
            if use:
                remember(change, use, Seated(booking, seat, token))
            await desk.store(unit, change)
            return cancelled

    async def cancel_as_host(
        self, viewer: Viewer, booking_id: BookingId, reason: str | None, version: int | None
    ) -> list[Booking]:
        """Cancel a booking of a series with all later ones, as their host, or as the owner of their page.

        No deadline binds them (D10); a host cancels those that are theirs.
        """
        asker = signed_in(viewer, Scope.BOOKINGS, DelegationScope.BOOKINGS)
        text = _reason(reason)
        async with self._desk.units.begin() as unit:
            booking = await led_booking(unit, asker, booking_id)
            page = await unit.pages.by_id(booking.organization_id, booking.page_id, deleted=True)
            owners = [page.owner_id] if page else []
            later = await self._locked(unit, booking)
            later = [each for each in later if is_own(asker, (*each.hosts, *owners))]
            booking = await led_booking(unit, asker, booking_id)
            same_version(booking.version, version)
            if booking.state is BookingState.CONFIRMED and booking.end <= unit.now:
                raise TooLate
            await acted(unit, asker, Act.BOOKING_SERIES_CANCELLED, booking_id)
            change = Change(unit.now)
            cancelled = self._cancel(unit, change, later, text, "host")
            await self._desk.store(unit, change)
            return [each for each, _ in cancelled]

    def _cancel(
        self, unit: Unit, change: Change, later: Sequence[Booking], reason: str | None, by: str
    ) -> list[Seat]:
        """Cancel those that stand; give all, as they are now."""
        after: list[Seat] = []
        ended: list[Seat] = []
        for booking in later:
            standing = _standing([booking], unit.now)
            if not standing:
                after.append((booking, booking.invitees[0]))
                continue
            pair = self._desk.end_seat(
                unit, change, *standing[0], BookingState.CANCELLED, reason=reason, by=by
            )
            change.save(pair[0])
            unit.record(happened(EventKind.BOOKING_CANCELLED, *pair))
            after.append(pair)
            ended.append(pair)
        if ended:
            unit.follow(on_series_cancelled(ended, unit.now))
        return after

    async def _locked(self, unit: Unit, booking: Booking) -> list[Booking]:
        """Lock the hosts of a booking and of all later ones of its series, and give these in order."""
        if booking.series_id is None:
            raise InvalidInput("This booking is of no series.")
        series = await unit.bookings.of_series(booking.organization_id, booking.series_id)
        locked = {host for each in series for host in each.hosts}
        await unit.bookings.lock_hosts(locked)
        series = await unit.bookings.of_series(booking.organization_id, booking.series_id)
        (start,) = [each.start for each in series if each.id == booking.id]
        if start != booking.start or not locked.issuperset(host for each in series for host in each.hosts):
            raise Conflict
        return [each for each in series if each.start >= start]

    async def _seated(self, first: Seated, reading: Reading | None = None) -> tuple[Seated, ...]:
        """Give a whole series anew, by one of its seats."""
        if reading is None:
            async with self._desk.units.read() as unit:
                return await self._seated(first, unit)
        booking = first.booking
        if booking.series_id is None:
            return (first,)
        series = await reading.bookings.of_series(booking.organization_id, booking.series_id)
        seats = [(each, each.invitees[0]) for each in series]
        return tuple(Seated(*pair, self._desk.token_for(TokenKind.MANAGE, pair[1].id)) for pair in seats)

    async def _zone(self, page: BookingPage) -> str:
        """Name the page's zone: its own, else that of the first host's schedule."""
        if page.rules.zone:
            return page.rules.zone
        host = page.hosts[0]
        async with self._desk.units.at_once() as unit:
            found = await unit.schedules.for_hosts(page.organization_id, [(host.user_id, host.schedule_id)])
        return found[host.user_id].schedule.hours.zone if found else "UTC"


def _check_offered(page: BookingPage, count: int) -> None:
    most = page.conditions.series_up_to
    if most is None:
        raise InvalidInput("This page offers no series.", "slug")
    if count > most:
        raise InvalidInput(f"On this page a series has at most {most} bookings.", "count")


def _check_all(gathered: Gathered, starts: Sequence[datetime], now: datetime) -> None:
    """Judge every start before anything is locked; raises SeriesNotFree with all that are refused."""
    refused: list[datetime] = []
    for start in starts:
        try:
            gathered.check(start, now, "start", names_nearest=False)
        except _REFUSED:
            refused.append(start)
    if refused:
        raise SeriesNotFree("start", refused=tuple(refused))


def _standing(bookings: Sequence[Booking], now: datetime) -> list[Seat]:
    """List those of a series that are neither cancelled nor over."""
    return [(each, seat) for each in bookings if each.end > now for seat in each.live_seats(now)]


def _reason(reason: str | None) -> str | None:
    return display_text(reason, _REASON, "reason") if reason and reason.strip() else None

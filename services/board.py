"""A host's dashboard, live: bookings to come, then each change, read from the event log by cursor."""

import asyncio
import base64
import binascii
from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace

from domain.booking_pages import Place, PlaceKind
from domain.bookings import Booking
from domain.errors import InvalidInput
from domain.events import EventKind
from domain.paging import MAX_PAGE, Paging
from domain.users import DelegationScope, Scope, SignedIn, Viewer, signed_in
from services.bookings.reading import VISIBLE
from services.signals import Signals
from storage.outbox import LogPlace
from storage.unit import Units

_TOLD = frozenset(
    {
        EventKind.BOOKING_REQUESTED,
        EventKind.BOOKING_DECLINED,
        EventKind.BOOKING_CONFIRMED,
        EventKind.BOOKING_RESCHEDULED,
        EventKind.BOOKING_CANCELLED,
        EventKind.BOOKING_REASSIGNED,
        EventKind.ENTRY_WRITTEN,
        EventKind.ENTRY_DRIFTED,
        EventKind.MEETING_CHANGED,
    }
)
_LEAVES = frozenset({EventKind.BOOKING_REASSIGNED, EventKind.BOOKING_RESCHEDULED})
_NOWHERE = Place(PlaceKind.IN_PERSON, "")
_BATCH = 100
_LOOK_S = 5.0  # for the day when a signal is lost
_PLACE = 16


@dataclass(frozen=True, slots=True)
class BoardState:
    """The bookings to come, and the place in the log from which changes follow."""

    revision: int
    cursor: str
    bookings: tuple[Booking, ...]


@dataclass(frozen=True, slots=True)
class BoardChange:
    """A booking of the host's that changed, as it is now."""

    revision: int
    cursor: str
    kind: EventKind
    booking: Booking


class Board:
    """Follows the bookings of one host."""

    def __init__(self, units: Units, signals: Signals) -> None:
        self._units = units
        self._signals = signals

    async def follow(
        self, viewer: Viewer, after: str | None
    ) -> AsyncGenerator[BoardState | BoardChange, None]:
        """Yield the state, unless a cursor says that it is known, and then each change in the log's order."""
        asker = signed_in(viewer, Scope.READ, DelegationScope.BOOKINGS)
        place = _place_of(after) if after else None
        with self._signals.of(asker.organization_id) as touched:
            if place is None:
                state, place = await self._state(asker)
                yield state
            while True:
                touched.clear()
                events, place = await self._after(asker, place)
                for at, kind, booking in events:
                    yield BoardChange(at.position, _cursor(at), kind, booking)
                if not events:
                    await _either(touched)

    async def _state(self, asker: SignedIn) -> tuple[BoardState, LogPlace]:
        async with self._units.read() as unit:
            place = await unit.outbox.log_end()
            part = await unit.bookings.of_host(
                asker.organization_id,
                asker.user_id,
                Paging(MAX_PAGE, None, is_forward=True),
                states=VISIBLE,
                start_from=unit.now,
                start_before=None,
            )
        return BoardState(0, _cursor(place), tuple(part.items)), place

    async def _after(
        self, asker: SignedIn, place: LogPlace
    ) -> tuple[list[tuple[LogPlace, EventKind, Booking]], LogPlace]:
        async with self._units.read() as unit:
            events = await unit.outbox.log_after(asker.organization_id, place, _BATCH)
            own = [
                (event, event.happened.booking_id)
                for event in events
                if event.happened.kind in _TOLD
                and asker.user_id in event.happened.hosts
                and event.happened.booking_id is not None
            ]
            bookings = await unit.bookings.by_ids(asker.organization_id, [id_ for _, id_ in own])
        told = [
            (event.place, *seen)
            for event, id_ in own
            if id_ in bookings and (seen := _seen_by(asker, event.happened.kind, bookings[id_]))
        ]
        return told, events[-1].place if events else place


def _seen_by(asker: SignedIn, kind: EventKind, booking: Booking) -> tuple[EventKind, Booking] | None:
    """Say what somebody is told of a change, who was a host of the booking then.

    Who is none any more is told that it was handed over, and nothing of who booked it and where it is, which
    a cursor of old would show them for ever.
    """
    if asker.user_id in booking.hosts:
        return kind, booking
    if kind not in _LEAVES:
        return None
    return EventKind.BOOKING_REASSIGNED, replace(booking, invitees=(), place=_NOWHERE)


async def _either(touched: asyncio.Event) -> None:
    try:
        async with asyncio.timeout(_LOOK_S):
            await touched.wait()
    except TimeoutError:
        return


def _cursor(place: LogPlace) -> str:
    raw = place.transaction.to_bytes(8, "big", signed=True) + place.position.to_bytes(8, "big", signed=True)
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _place_of(cursor: str) -> LogPlace:
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != _PLACE:
        raise InvalidInput("This cursor was not made by this list.", "after")
    return LogPlace(int.from_bytes(raw[:8], "big", signed=True), int.from_bytes(raw[8:], "big", signed=True))

"""A dashboard, live: bookings to come, then each change, read from the event log by cursor.

It is a host's own, or that of a team.
"""

import asyncio
import base64
import binascii
import hashlib
from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace

from domain.booking_pages import Place, PlaceKind
from domain.bookings import Booking
from domain.errors import InvalidInput
from domain.events import EventKind
from domain.ids import TeamId, UserId
from domain.policy import Action
from domain.users import DelegationScope, Scope, SignedIn, Viewer, signed_in
from services.access import asker_for, overseen
from services.bookings.reading import VISIBLE
from services.signals import Signals
from storage.outbox import LogPlace
from storage.unit import Reading, Units

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
_WHOSE = 8


@dataclass(frozen=True, slots=True)
class BoardState:
    """The bookings to come, and the place in the log from which changes follow."""

    revision: int
    cursor: str
    bookings: tuple[Booking, ...]


@dataclass(frozen=True, slots=True)
class BoardChange:
    """A booking that changed, as it is now."""

    revision: int
    cursor: str
    kind: EventKind
    booking: Booking


@dataclass(frozen=True, slots=True)
class _Seen:
    """How far somebody has read in the log, and of whom: a digest of a team's hosts, else nothing."""

    place: LogPlace
    whose: bytes

    @property
    def cursor(self) -> str:
        raw = b"".join(
            part.to_bytes(8, "big", signed=True) for part in (self.place.transaction, self.place.position)
        )
        return base64.urlsafe_b64encode(raw + self.whose).decode().rstrip("=")


@dataclass(frozen=True, slots=True)
class _Look:
    """What was found: all bookings, or the changes of a part of the log."""

    seen: _Seen
    state: BoardState | None
    changes: tuple[BoardChange, ...] = ()
    is_end: bool = False


class Board:
    """Follows the bookings of one host, or of those in a team whom the viewer may oversee."""

    def __init__(self, units: Units, signals: Signals) -> None:
        self._units = units
        self._signals = signals

    def follow(self, viewer: Viewer, after: str | None) -> AsyncGenerator[BoardState | BoardChange, None]:
        """Yield the state, unless a cursor says that it is known, and then each change in the log's order."""
        return self._follow(signed_in(viewer, Scope.READ, DelegationScope.BOOKINGS), None, after)

    def follow_team(
        self, viewer: Viewer, team_id: TeamId, after: str | None
    ) -> AsyncGenerator[BoardState | BoardChange, None]:
        """Follow the bookings of everybody in a team; where the viewer does not oversee it, their own.

        Whose these are is read again before each event, which may raise NotFound or NotAllowed. Where it has
        become somebody else, the whole state comes anew.
        """
        return self._follow(asker_for(viewer, Action.TEAM_MEMBERS_OVERSEE), team_id, after)

    async def _follow(
        self, asker: SignedIn, team_id: TeamId | None, after: str | None
    ) -> AsyncGenerator[BoardState | BoardChange, None]:
        seen = _seen_of(after, is_of_team=team_id is not None) if after else None
        with self._signals.of(asker.organization_id) as touched:
            while True:
                touched.clear()
                look = await self._look(asker, team_id, seen)
                seen = look.seen
                if look.state is not None:
                    yield look.state
                for change in look.changes:
                    if not await self._are_whose(asker, team_id, look.seen.whose):
                        seen = None
                        break
                    yield change
                if look.is_end and seen is not None:
                    await _either(touched)

    async def _look(self, asker: SignedIn, team_id: TeamId | None, seen: _Seen | None) -> _Look:
        """Read whose bookings are followed, and what is new of them; all where they were somebody else's."""
        async with self._units.read() as unit:
            hosts, whose = await _hosts(unit, asker, team_id)
            if seen is None or seen.whose != whose:
                now = _Seen(await unit.outbox.log_end(), whose)
                to_come = await unit.bookings.to_come(asker.organization_id, hosts, VISIBLE)
                return _Look(now, BoardState(0, now.cursor, tuple(to_come)))
            events = await unit.outbox.log_after(asker.organization_id, seen.place, _BATCH)
            own = [
                (event, event.happened.booking_id)
                for event in events
                if event.happened.kind in _TOLD
                and not hosts.isdisjoint(event.happened.hosts)
                and event.happened.booking_id is not None
            ]
            bookings = await unit.bookings.by_ids(asker.organization_id, [id_ for _, id_ in own])
        changes = tuple(
            BoardChange(event.place.position, replace(seen, place=event.place).cursor, *told)
            for event, id_ in own
            if id_ in bookings and (told := _told_of(hosts, event.happened.kind, bookings[id_]))
        )
        place = events[-1].place if events else seen.place
        return _Look(replace(seen, place=place), None, changes, is_end=not events)

    async def _are_whose(self, asker: SignedIn, team_id: TeamId | None, whose: bytes) -> bool:
        """Say whether those who are followed are still the same; of a host alone they are."""
        if team_id is None:
            return True
        async with self._units.read() as unit:
            return (await _hosts(unit, asker, team_id))[1] == whose


async def _hosts(unit: Reading, asker: SignedIn, team_id: TeamId | None) -> tuple[frozenset[UserId], bytes]:
    """Name those whose bookings the asker follows, and spell them in some bytes."""
    if team_id is None:
        return frozenset({asker.user_id}), b""
    hosts = await overseen(unit, asker, team_id)
    named = hashlib.sha256(team_id.bytes + b"".join(sorted(host.bytes for host in hosts)))
    return hosts, named.digest()[:_WHOSE]


def _told_of(hosts: frozenset[UserId], kind: EventKind, booking: Booking) -> tuple[EventKind, Booking] | None:
    """Say what is told of a change to who follows these hosts, some of whom had the booking then.

    Where none of them has it any more it is told that it was handed over, and nothing of who booked it and
    where it is, which a cursor of old would show for ever.
    """
    if not hosts.isdisjoint(booking.hosts):
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


def _seen_of(cursor: str, *, is_of_team: bool) -> _Seen:
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != _PLACE + (_WHOSE if is_of_team else 0):
        raise InvalidInput("This cursor was not made by this list.", "after")
    first, second = (int.from_bytes(raw[at : at + 8], "big", signed=True) for at in (0, 8))
    return _Seen(LogPlace(first, second), raw[_PLACE:])

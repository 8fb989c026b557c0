"""Busy times in Redis for seconds: sealed, shared by all processes, dropped when a calendar was touched.

They are kept by connection and week, each calendar for itself, so that pages on which not the same ones
count look at one copy; what was asked for by status is kept apart, since it answers another question. Nothing
here is ever needed: without Redis there is no copy, and the providers are asked (D02, D03).
"""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import orjson

from domain.ids import CalendarId, ConnectionId, OrganizationId
from domain.intervals import Span
from domain.statuses import BusyByCalendar, BusyStatus, BusyTimes, Kind
from storage.base import StorageFailed
from storage.redis import RedisClient, RedisFailed, in_time
from storage.vault import Place, SealBroken, Vault

WEEK = 7 * 24 * 60
MAX_TTL_S = 30
_NONE = "0"
_FORM = "5"  # of what is sealed: copies of an earlier form do not open
_CANNOT_OPEN = (SealBroken, *StorageFailed)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Source:
    """Where busy times come from: a connection and, as a fingerprint, the calendars asked there.

    `by_status` says whether they are asked of what kind each entry is.
    """

    connection_id: ConnectionId
    calendars: str
    organization_id: OrganizationId
    by_status: bool = False

    @property
    def name(self) -> str:
        """Its name among those of its connection."""
        return f"{self.calendars}:statuses" if self.by_status else self.calendars


@dataclass(frozen=True, slots=True)
class Copy:
    """The busy times of a week in each calendar, and the instant at which their provider was asked."""

    times: BusyByCalendar
    asked_at: datetime


@dataclass(frozen=True, slots=True)
class Copies:
    """What is kept of a source: copies by week (its number since 1970), and the source's generation.

    The generation changes with each touch. What was asked for in an earlier one is not kept.
    """

    generation: str | None
    weeks: Mapping[int, Copy]


NO_COPIES = Copies(None, {})


class FreeBusy:
    """Keeps busy times for a short while, 30 seconds at most."""

    def __init__(self, redis: RedisClient, vault: Vault, ttl_s: int) -> None:
        if not 0 < ttl_s <= MAX_TTL_S:
            raise ValueError(f"Busy times are kept 1 to {MAX_TTL_S} seconds.")
        self._redis = redis
        self._vault = vault
        self._ttl_ms = ttl_s * 1000

    async def find(self, asked: Mapping[Source, Iterable[int]]) -> dict[Source, Copies]:
        """Find the weeks of each source that are kept, in one round trip."""
        wanted = [(source, tuple(weeks)) for source, weeks in asked.items()]
        if not wanted:
            return {}
        keys = [
            key
            for source, weeks in wanted
            for key in (_generation(source.connection_id), *(_week(source, week) for week in weeks))
        ]
        try:
            async with in_time(self._redis):
                values = iter(await self._redis.mget(keys))
        except RedisFailed:
            return {source: NO_COPIES for source, _ in wanted}
        found: dict[Source, Copies] = {}
        for source, weeks in wanted:
            generation = (next(values) or _NONE.encode()).decode()
            kept: dict[int, Copy] = {}
            for week in weeks:
                sealed = next(values)
                copy = await self._open(sealed, source, week, generation) if sealed is not None else None
                if copy is not None:
                    kept[week] = copy
            found[source] = Copies(generation, kept)
        return found

    async def keep(self, source: Source, generation: str | None, weeks: Mapping[int, Copy]) -> None:
        """Keep whole weeks of a source, as asked for in a generation."""
        if generation is None:
            return
        try:
            async with in_time(self._redis), self._redis.pipeline(transaction=False) as pipe:
                for week, copy in weeks.items():
                    # Downward: a copy never tells that it is younger than it is.
                    asked_at = (copy.asked_at - _EPOCH) // _MILLISECOND
                    calendars = [
                        (id_.hex, [(*kind, spans) for kind, spans in times.by_kind.items()])
                        for id_, times in copy.times.items()
                    ]
                    plain = orjson.dumps((asked_at, calendars))
                    sealed = await self._vault.seal(plain, _place(source, week, generation))
                    pipe.set(_week(source, week), sealed, px=self._ttl_ms)
                await pipe.execute()
        except (*RedisFailed, *_CANNOT_OPEN):
            return

    async def drop(self, connections: Iterable[ConnectionId]) -> None:
        """Drop what is kept of connections, and what is being asked for just now."""
        try:
            async with in_time(self._redis), self._redis.pipeline(transaction=False) as pipe:
                for connection_id in connections:
                    # Outlives every copy made before, so that none of them is found again after it.
                    pipe.set(_generation(connection_id), secrets.token_hex(8), px=4 * self._ttl_ms)
                await pipe.execute()
        except RedisFailed:
            return  # without Redis the copies end by themselves

    async def _open(self, sealed: bytes, source: Source, week: int, generation: str) -> Copy | None:
        try:
            plain = await self._vault.open(sealed, _place(source, week, generation))
        except _CANNOT_OPEN:
            return None  # of an earlier generation, or by a key that is gone or cannot be read now
        asked_at, calendars = orjson.loads(plain)
        times = {CalendarId(UUID(id_)): _times(kinds) for id_, kinds in calendars}
        return Copy(times, _EPOCH + asked_at * _MILLISECOND)


def _times(kinds: Iterable[tuple[str, bool, Iterable[Span]]]) -> BusyTimes:
    return BusyTimes(
        {
            Kind(BusyStatus(status), is_all_day): tuple((start, end) for start, end in spans)
            for status, is_all_day, spans in kinds
        }
    )


def weeks_of(window: Span) -> range:
    """Name the weeks that a window touches: whole UTC days, seven at a time since 1970."""
    return range(window[0] // WEEK, -(-window[1] // WEEK))


def _generation(connection_id: ConnectionId) -> str:
    return f"slotgraph:busy:{connection_id.hex}"


def _week(source: Source, week: int) -> str:
    return f"slotgraph:busy:{source.connection_id.hex}:{source.name}:{week}"


def _place(source: Source, week: int, generation: str) -> Place:
    row = (source.connection_id.hex, source.name, str(week), generation)
    return Place("freebusy", _FORM, source.organization_id, row)

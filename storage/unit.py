"""Units of work: begin() writes and commits, at_once() too, read() only reads. The only place that commits.

A unit is short, belongs to one task and is never held over a network call to somebody else:
`outside_units` is what the HTTP client asks before it goes out.
"""

from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from domain.effects import Effect
from domain.events import Happened
from storage.availability import Schedules
from storage.booking_pages import Pages
from storage.bookings import Bookings
from storage.calendars import Calendars
from storage.failpoints import Failpoint, reach
from storage.live import Live
from storage.organizations import Organizations
from storage.outbox import Outbox
from storage.users import Users

_open = ContextVar("unit_is_open", default=False)


def outside_units() -> bool:
    """Say whether this task holds no unit: only then may it wait for somebody else."""
    return not _open.get()


def engine_for(database_url: str, *, pool_size: int = 10) -> AsyncEngine:
    """Make an engine whose statements, locks and forgotten transactions all end by themselves."""
    return create_async_engine(
        database_url,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_timeout=5,
        hide_parameters=True,
        connect_args={
            "server_settings": {
                "application_name": "slotgraph",
                "timezone": "UTC",
                "statement_timeout": "5000",
                "lock_timeout": "2000",
                "idle_in_transaction_session_timeout": "10000",
            }
        },
    )


class Reading:
    """What is stored, seen by one transaction; `now` is the instant at which it began."""

    def __init__(self, connection: AsyncConnection, now: datetime) -> None:
        self.now = now
        self.organizations = Organizations(connection, now)
        self.users = Users(connection, now)
        self.calendars = Calendars(connection, now)
        self.schedules = Schedules(connection, now)
        self.pages = Pages(connection, now)
        self.bookings = Bookings(connection, now)
        self.outbox = Outbox(connection, now)


class Unit(Reading):
    """A transaction that writes; what is recorded in it is stored with it or not at all."""

    def __init__(self, connection: AsyncConnection, now: datetime) -> None:
        super().__init__(connection, now)
        self._events: list[Happened] = []
        self._effects: list[Effect] = []

    def record(self, event: Happened, effects: Iterable[Effect] = ()) -> None:
        """Note what has happened and what must follow."""
        self._events.append(event)
        self._effects.extend(effects)

    @property
    def recorded(self) -> tuple[Happened, ...]:
        """What has been noted so far."""
        return tuple(self._events)

    async def flush(self) -> bool:
        """Write what was noted; say whether there is work for the workers."""
        await self.outbox.add(self._events, self._effects)
        return bool(self._effects)


class Units:
    """Opens units on one database and announces what they recorded, after their commit."""

    def __init__(self, engine: AsyncEngine, clock: Callable[[], datetime], live: Live) -> None:
        self._engine = engine
        self._clock = clock
        self._live = live

    @asynccontextmanager
    async def begin(self) -> AsyncGenerator[Unit, None]:
        """Open a unit that is committed when the block ends, and rolled back if it raises."""
        token = _open.set(True)
        try:
            async with self._engine.begin() as connection:
                unit = Unit(connection, self._clock())
                yield unit
                has_work = await unit.flush()
                if unit.recorded:
                    reach(Failpoint.BEFORE_COMMIT)
        finally:
            _open.reset(token)
        if unit.recorded:
            reach(Failpoint.AFTER_COMMIT)
        if unit.recorded or has_work:
            # Lost without harm: the relay announces what stays unannounced, and sweeps for work.
            await self._live.announce(unit.recorded, unit.now, wake=has_work)

    @asynccontextmanager
    async def at_once(self) -> AsyncGenerator[Reading, None]:
        """Open a unit for one statement, which commits itself: one round trip instead of three.

        What more is said in it is not held together by it, and nothing can be recorded.
        """
        token = _open.set(True)
        try:
            async with self._engine.connect() as connection:
                await connection.execution_options(isolation_level="AUTOCOMMIT")
                yield Reading(connection, self._clock())
        finally:
            _open.reset(token)

    @asynccontextmanager
    async def read(self) -> AsyncGenerator[Reading, None]:
        """Open a unit that cannot write, on one snapshot."""
        token = _open.set(True)
        try:
            async with self._engine.connect() as connection:
                await connection.execution_options(
                    isolation_level="REPEATABLE READ", postgresql_readonly=True
                )
                yield Reading(connection, self._clock())
        finally:
            _open.reset(token)

"""Units of work: begin() writes and commits, at_once() too, read() only reads. The only place that commits.

A unit is short, belongs to one task and is never held over a network call to somebody else:
`outside_units` is what the HTTP client asks before it goes out.

Transactions are begun and ended here by the driver itself, SQLAlchemy's connections being in AUTOCOMMIT: so
a transaction begins and takes its locks in one round trip.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from domain.audit import Deed
from domain.effects import Effect
from domain.events import Happened
from domain.waitlist import FREEING, to_offer
from storage.absences import Absences
from storage.announcing import Announcing
from storage.audit import AuditLog
from storage.availability import Schedules
from storage.base import StorageFailed
from storage.booking_pages import Pages
from storage.bookings import Bookings, Change, Outcome, locking
from storage.calendars import Calendars
from storage.data_keys import DataKeys
from storage.delegation import Delegations
from storage.failpoints import Failpoint, reach
from storage.host_rules import HostsRules
from storage.invitations import Invitations
from storage.live import Live
from storage.meetings import Meetings
from storage.member_attributes import MemberAttributes
from storage.organizations import Organizations
from storage.outbox import Outbox
from storage.page_links import PageLinks
from storage.page_templates import PageTemplates
from storage.poll_links import PollLinks
from storage.polls import Polls
from storage.postgres import Connection
from storage.resources import Resources
from storage.routing_forms import RoutingForms
from storage.sealed import SealedValues
from storage.submissions import Submissions
from storage.teams import Teams
from storage.users import Users
from storage.waitlists import Waitlists

_open = ContextVar("unit_is_open", default=False)
_READ_ONLY = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
_PATIENCE_S = 5.0


class NotCommitted(Exception):
    """A unit that ended well in the code and not in the database: one of its statements had failed."""


def outside_units() -> bool:
    """Say whether this task holds no unit: only then may it wait for somebody else."""
    return not _open.get()


def engine_for(database_url: str, *, pool_size: int = 20) -> AsyncEngine:
    """Make an engine whose statements, locks and forgotten transactions all end by themselves.

    Its connections are kept: one opened beyond the pool's size would be closed after each use, and with it
    everything that was prepared on it. The one that was used last is used next: what it has prepared, and the
    server's process behind it, are warm.
    """
    engine = create_async_engine(
        database_url,
        pool_size=pool_size,
        max_overflow=0,
        pool_use_lifo=True,
        pool_timeout=5,
        hide_parameters=True,
        json_deserializer=orjson.loads,
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
    event.listen(engine.sync_engine, "checkout", _refuse_closed)
    return engine


def _refuse_closed(connection: Any, *_: object) -> None:
    """Let the pool open another connection in place of one that the server has closed meanwhile."""
    if connection.driver_connection.is_closed():
        raise DisconnectionError


class Reading:
    """What is stored, seen by one transaction; `now` is the instant at which it began."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self.now = now
        self.organizations = Organizations(connection, now)
        self.users = Users(connection, now)
        self.calendars = Calendars(connection, now)
        self.schedules = Schedules(connection, now)
        self.host_rules = HostsRules(connection, now)
        self.absences = Absences(connection, now)
        self.pages = Pages(connection, now)
        self.page_links = PageLinks(connection, now)
        self.page_templates = PageTemplates(connection, now)
        self.bookings = Bookings(connection, now)
        self.meetings = Meetings(connection, now)
        self.outbox = Outbox(connection, now)
        self.invitations = Invitations(connection, now)
        self.delegations = Delegations(connection, now)
        self.teams = Teams(connection, now)
        self.waitlists = Waitlists(connection, now)
        self.polls = Polls(connection, now)
        self.poll_links = PollLinks(connection)
        self.resources = Resources(connection, now)
        self.routing_forms = RoutingForms(connection, now)
        self.submissions = Submissions(connection, now)
        self.attributes = MemberAttributes(connection, now)
        self.audit = AuditLog(connection, now)
        self.data_keys = DataKeys(connection, now)
        self.sealed = SealedValues(connection, now)


class Unit(Reading):
    """A transaction that writes; what is recorded in it is stored with it or not at all."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        super().__init__(connection, now)
        self._events: list[Happened] = []
        self._effects: list[Effect] = []
        self._deeds: list[Deed] = []
        self._written = (0, 0)
        self._heard = 0  # of the events, by who waits

    def record(self, event: Happened, effects: Iterable[Effect] = ()) -> None:
        """Note what has happened and what must follow."""
        self._events.append(event)
        self._effects.extend(effects)

    def follow(self, effects: Iterable[Effect]) -> None:
        """Note what must follow, although nothing has happened that anybody needs to hear of."""
        self._effects.extend(effects)

    def note(self, *deeds: Deed) -> None:
        """Note what the audit log has to say; it is written last, so that its lock is held briefly."""
        self._deeds.extend(deeds)

    @property
    def recorded(self) -> tuple[Happened, ...]:
        """What has been noted so far."""
        return tuple(self._events)

    @property
    def has_work(self) -> bool:
        """Say whether there is work for the workers."""
        return bool(self._effects)

    async def store(self, change: Change) -> Outcome:
        """Write a change of bookings, and what was recorded so far, in one statement.

        After any other outcome than STORED the caller gives the unit up.
        """
        return await self.bookings.write(change, *self._unwritten())

    async def flush(self) -> None:
        """Write what was recorded and is not written yet."""
        await self._wake_waitlists()
        events, effects = self._unwritten()
        if events or effects:
            await self.outbox.add(events, effects)
        deeds, self._deeds = self._deeds, []
        if deeds:
            await self.audit.append(deeds)

    async def _wake_waitlists(self) -> None:
        """Have the queues looked at whose slot may have become free by what happened."""
        freeing = [one for one in self._events[self._heard :] if one.kind in FREEING]
        self._heard = len(self._events)
        for organization_id in sorted({one.organization_id for one in freeing}):
            its = [one for one in freeing if one.organization_id == organization_id]
            hosts = {host for one in its for host in one.hosts}
            pages = {one.page_id for one in its if one.page_id}
            woken = await self.waitlists.wake(organization_id, hosts, pages)
            self._effects.extend(to_offer(waitlist, self.now) for waitlist in woken)

    def _unwritten(self) -> tuple[list[Happened], list[Effect]]:
        events, effects = self._written
        self._written = len(self._events), len(self._effects)
        return self._events[events:], self._effects[effects:]


class Units:
    """Opens units on one database and announces what they recorded, after their commit."""

    def __init__(self, engine: AsyncEngine, clock: Callable[[], datetime], live: Live) -> None:
        self._engine = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._clock = clock
        self._announcing = Announcing(live)

    @asynccontextmanager
    async def begin(self, hosts: Iterable[UUID] = ()) -> AsyncGenerator[Unit, None]:
        """Open a unit that is committed when the block ends, and rolled back if it raises.

        With `hosts`, be they resources, it waits first for the sole right to change their time
        (`Bookings.lock_hosts`).
        """
        token = _open.set(True)
        try:
            async with self._transaction(f"BEGIN; {locking(hosts)}") as connection:
                unit = Unit(connection, self._clock())
                yield unit
                await unit.flush()
                if unit.recorded:
                    reach(Failpoint.BEFORE_COMMIT)
        finally:
            _open.reset(token)
        if unit.recorded:
            reach(Failpoint.AFTER_COMMIT)
        if unit.recorded or unit.has_work:
            await self._announcing.send(unit.recorded, unit.now, wake=unit.has_work)

    @asynccontextmanager
    async def at_once(self) -> AsyncGenerator[Reading, None]:
        """Open a unit for one statement, which commits itself: one round trip instead of three.

        What more is said in it is not held together by it, and nothing can be recorded.
        """
        token = _open.set(True)
        try:
            connection = await Connection.open(self._engine)
            try:
                yield Reading(connection, self._clock())
            finally:
                await connection.close()
        finally:
            _open.reset(token)

    @asynccontextmanager
    async def read(self) -> AsyncGenerator[Reading, None]:
        """Open a unit that cannot write, on one snapshot."""
        token = _open.set(True)
        try:
            async with self._transaction(_READ_ONLY) as connection:
                yield Reading(connection, self._clock())
        finally:
            _open.reset(token)

    @asynccontextmanager
    async def _transaction(self, begin: str) -> AsyncGenerator[Connection, None]:
        """Begin by one round trip and commit by another; whatever goes wrong rolls back."""
        connection = await Connection.open(self._engine)
        is_over = False
        try:
            await connection.driver.execute(begin)
            yield connection
            tag = await connection.driver.execute("COMMIT")
            is_over = True
            if tag != "COMMIT":
                raise NotCommitted
        finally:
            if is_over:
                await connection.close()  # waits for nothing: there is nothing to be rolled back
            else:
                await asyncio.shield(_give_up(connection))


async def _give_up(connection: Connection) -> None:
    """Roll back and give the connection back; one that cannot even do that is not used again."""
    try:
        if connection.is_valid:
            await connection.driver.execute("ROLLBACK", timeout=_PATIENCE_S)
    except StorageFailed:
        await connection.invalidate()
    finally:
        await connection.close()

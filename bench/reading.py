"""What reading our own tables costs for a page: its hosts, their schedules, connections, and what is booked.

Each host has eight bookings on each of 60 days, 48,000 for a hundred hosts. Beside it the same four reads by
bare asyncpg in the same kind of transaction, prepared statements and plain rows, of which nothing is made.
Ours come to the values that the slot engine is asked with, and may take no longer; with one host, where
nothing can be saved by adding up and SQLAlchemy is most of it, twice as long.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from time import perf_counter
from typing import Any
from uuid import UUID

import asyncpg

from bench.figures import AtMost, Figure, Measured
from bench.house import house
from domain.ids import OrganizationId, UserId
from storage.base import new_id
from storage.bookings.rows import OCCUPYING
from storage.live import Live
from storage.redis import connect
from storage.unit import Units, engine_for

_FIRST = datetime(2026, 3, 2, tzinfo=UTC)
_DAYS = 60
_A_DAY = 8
_COUNTS = (1, 10, 100)
_WEEK = '[{"weekday": 0, "start_minute": 540, "end_minute": 1080}]'
_LIVE = f"state IN {OCCUPYING} AND (hold_expires_at IS NULL OR hold_expires_at > $5)"
_USERS = "SELECT * FROM users WHERE id = ANY ($1)"
_SCHEDULES = "SELECT * FROM schedules WHERE organization_id = $1 AND user_id = ANY ($2) AND is_default"
_CONNECTIONS = (
    "SELECT * FROM calendar_connections AS c LEFT JOIN calendars AS k"
    " ON k.organization_id = c.organization_id AND k.connection_id = c.id"
    " WHERE c.organization_id = $1 AND c.user_id = ANY ($2)"
)
_BOOKINGS = f"""
    SELECT host_id, lower(during), upper(during), buffer_before_minutes, buffer_after_minutes
    FROM booking_hosts
    WHERE organization_id = $1 AND host_id = ANY ($2) AND occupies AND during && tstzrange($3, $4)
        AND booking_id NOT IN (
            SELECT booking_id FROM invitees AS ended
            WHERE organization_id = $1 AND state = 'held' AND hold_expires_at <= $5
                AND NOT EXISTS (
                    SELECT FROM invitees
                    WHERE organization_id = $1 AND booking_id = ended.booking_id AND {_LIVE}))
    ORDER BY host_id, lower(during)"""  # noqa: S608 -- made of constants alone


async def measure(rounds: int) -> Sequence[Measured]:
    """Measure reading, ours and bare asyncpg in turns."""
    connecting: Any = asyncpg  # it tells no types of its own
    with house() as installation:
        settings = installation.settings
        bare: Any = await connecting.connect(settings.database_url.replace("+asyncpg", ""))
        engine, redis = engine_for(settings.database_url), connect(settings.redis_url)
        units = Units(engine, lambda: _FIRST, Live(redis))
        try:
            organization_id, hosts = await _fill(bare)
            figures: list[Measured] = []
            for count in _COUNTS:
                figures += await _figures(rounds, units, bare, organization_id, hosts[:count])
        finally:
            await bare.close()
            await redis.aclose()
            await engine.dispose()
    return figures


async def _figures(
    rounds: int, units: Units, bare: Any, organization_id: OrganizationId, hosts: Sequence[UserId]
) -> list[Measured]:
    ours: list[float] = []
    theirs: list[float] = []
    for _ in range(rounds + 1):  # the first prepares the statements
        begun = perf_counter()
        seen = await _ours(units, organization_id, hosts)
        between = perf_counter()
        rows = await _bare(bare, organization_id, hosts)
        ours.append((between - begun) * 1000)
        theirs.append((perf_counter() - between) * 1000)
        if seen != rows:
            raise RuntimeError("The two read different bookings.")
    name = f"{len(hosts)} hosts × {_DAYS} days, {len(hosts) * _DAYS * _A_DAY:,} bookings"
    against = f"bare asyncpg, {name}"
    return [
        Figure(name, "ms", tuple(ours[1:]), against, AtMost(1.0 if len(hosts) > 1 else 2.0)),
        Figure(against, "ms", tuple(theirs[1:])),
    ]


async def _ours(units: Units, organization_id: OrganizationId, hosts: Sequence[UserId]) -> int:
    async with units.read() as unit:
        await unit.users.by_ids(hosts)
        await unit.schedules.for_hosts(organization_id, [(host, None) for host in hosts])
        await unit.calendars.of_hosts(organization_id, hosts)
        start, end = _window()
        taken = await unit.bookings.taken(organization_id, start, end, hosts=hosts)
    return sum(map(len, taken.own.values()))


async def _bare(bare: Any, organization_id: UUID, hosts: Sequence[UUID]) -> int:
    async with bare.transaction(isolation="repeatable_read", readonly=True):
        await bare.fetch(_USERS, hosts)
        await bare.fetch(_SCHEDULES, organization_id, hosts)
        await bare.fetch(_CONNECTIONS, organization_id, hosts)
        return len(await bare.fetch(_BOOKINGS, organization_id, hosts, *_window(), _FIRST))


def _window() -> tuple[datetime, datetime]:
    return _FIRST, _FIRST + timedelta(days=_DAYS)


async def _fill(bare: Any) -> tuple[OrganizationId, list[UserId]]:
    """Store an organization of hosts, each with a schedule, a connection and many bookings."""
    organization_id, page_id = OrganizationId(new_id()), new_id()
    hosts = [UserId(new_id()) for _ in range(max(_COUNTS))]
    # Rows are made up here in bulk: the keys between them hold, but are not looked at one by one.
    await bare.execute("SET session_replication_role = replica")
    await bare.executemany(
        "INSERT INTO users (organization_id, id, email, name, handle, zone, locale, role,"
        " shares_availability, is_disabled, created_at)"
        " VALUES ($1, $2, $3, 'Ada', $4, 'Europe/Berlin', 'en', 'member', true, false, $5)",
        [
            (organization_id, host, f"ada{number}@example.com", f"ada-{number}", _FIRST)
            for number, host in enumerate(hosts)
        ],
    )
    await bare.executemany(
        "INSERT INTO schedules (organization_id, id, user_id, name, zone, weekly, overrides, is_default,"
        " revision, created_at) VALUES ($1, $2, $3, 'Usual', 'Europe/Berlin', $4, '[]', true, 1, $5)",
        [(organization_id, new_id(), host, _WEEK, _FIRST) for host in hosts],
    )
    connections = [(organization_id, new_id(), host, _FIRST) for host in hosts]
    await bare.executemany(
        "INSERT INTO calendar_connections (organization_id, id, user_id, provider, label, url, username,"
        " secret_sealed, state, created_at, version)"
        " VALUES ($1, $2, $3, 'caldav', '', 'https://dav.example.com/', 'ada', 'x', 'connected', $4, 1)",
        connections,
    )
    await bare.executemany(
        "INSERT INTO calendars (organization_id, id, connection_id, user_id, remote_url, name,"
        " counts_as_busy, receives_bookings, is_writable)"
        " VALUES ($1, $2, $3, $4, 'https://dav.example.com/work/', 'Work', true, true, true)",
        [(organization_id, new_id(), connection, host) for _, connection, host, _ in connections],
    )
    bookings, taken, seats = _bookings(organization_id, page_id, hosts)
    await bare.copy_records_to_table("bookings", records=bookings, columns=_BOOKING)
    await bare.copy_records_to_table("booking_hosts", records=taken, columns=_TAKEN)
    await bare.copy_records_to_table("invitees", records=seats, columns=_SEAT)
    await bare.execute("SET session_replication_role = origin")
    await bare.execute("ANALYZE")
    return organization_id, hosts


_BOOKING = (
    "organization_id", "id", "page_id", "state", "during", "capacity", "place", "version", "created_at",
    "changed_at",
)  # fmt: skip
_TAKEN = (
    "organization_id", "booking_id", "host_id", "during", "occupies", "buffer_before_minutes",
    "buffer_after_minutes",
)  # fmt: skip
_SEAT = (
    "organization_id", "id", "booking_id", "capacity", "seat", "state", "answers", "version", "created_at",
    "changed_at",
)  # fmt: skip

Rows = list[tuple[Any, ...]]


def _bookings(organization_id: UUID, page_id: UUID, hosts: Sequence[UUID]) -> tuple[Rows, Rows, Rows]:
    bookings: Rows = []
    taken: Rows = []
    seats: Rows = []
    for host in hosts:
        for number in range(_DAYS * _A_DAY):
            day, place = divmod(number, _A_DAY)
            start = _FIRST + timedelta(days=day, hours=8 + place)
            during = asyncpg.Range(start, start + timedelta(minutes=30))
            id_ = new_id()
            bookings.append((organization_id, id_, page_id, "confirmed", during, 1, "{}", 1, _FIRST, _FIRST))
            taken.append((organization_id, id_, host, during, True, 5, 5))
            seats.append((organization_id, new_id(), id_, 1, 1, "confirmed", "[]", 1, _FIRST, _FIRST))
    return bookings, taken, seats

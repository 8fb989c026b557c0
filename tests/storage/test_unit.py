"""Units: what is committed, what is given up, and connections that fell meanwhile."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from typing import cast

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.effects import Effect, EffectKind
from domain.events import EventKind, Happened
from domain.ids import OrganizationId, UserId
from storage.base import StorageFailed, new_id
from storage.bookings import locking
from storage.live import Live
from storage.redis import connect
from storage.unit import NotCommitted, Units, engine_for, outside_units

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 3, 30, 9, tzinfo=UTC)
ORGANIZATION = OrganizationId(new_id())
EVENT = Happened(EventKind.PAGE_CHANGED, ORGANIZATION)
HOST = UserId(new_id())
NEVER_DUE = Effect(EffectKind.ENTRY, ORGANIZATION, new_id(), 1, HOST, cast("datetime", None))


class House:
    """Units on a database, and the database asked behind their back."""

    def __init__(self, engine: AsyncEngine, units: Units) -> None:
        self.engine = engine
        self.units = units

    async def one(self, question: str) -> object:
        async with self.engine.connect() as connection:
            return (await connection.execute(text(question))).scalar_one()


@pytest.fixture
async def house(database_url: str, redis_url: str) -> AsyncGenerator[House, None]:
    engine, redis = engine_for(database_url, pool_size=2), connect(redis_url, deadline_s=5)
    yield House(engine, Units(engine, lambda: NOW, Live(redis)))
    await redis.aclose()
    await engine.dispose()


async def test_what_is_recorded_is_stored_with_the_unit(house: House) -> None:
    async with house.units.begin() as unit:
        unit.record(EVENT)

    assert await house.one("SELECT count(*) FROM events") == 1


async def test_what_is_recorded_is_stored_once_though_a_change_was_written_before(house: House) -> None:
    async with house.units.begin() as unit:
        unit.record(EVENT)
        await unit.flush()
        unit.record(EVENT)

    assert await house.one("SELECT count(*) FROM events") == 2
    assert await house.one("SELECT count(DISTINCT position) FROM events") == 2


async def test_a_unit_that_raises_stores_nothing(house: House) -> None:
    with pytest.raises(LookupError):
        await _record_and_raise(house.units)

    assert await house.one("SELECT count(*) FROM events") == 0
    assert outside_units()


async def _record_and_raise(units: Units) -> None:
    async with units.begin() as unit:
        unit.record(EVENT)
        await unit.flush()
        raise LookupError


async def test_a_unit_whose_statement_failed_is_not_said_to_be_committed(house: House) -> None:
    with pytest.raises(NotCommitted):
        await _go_on_after_a_failure(house)

    assert await house.one("SELECT count(*) FROM events") == 0


async def _go_on_after_a_failure(house: House) -> None:
    async with house.units.begin() as unit:
        unit.record(EVENT)
        await unit.flush()
        with pytest.raises(StorageFailed):
            await unit.outbox.add((), [NEVER_DUE])


async def test_a_read_unit_cannot_write(house: House) -> None:
    with pytest.raises(DBAPIError, match="read-only"):
        await _write_while_reading(house.units)

    assert await house.one("SELECT count(*) FROM events") == 0


async def _write_while_reading(units: Units) -> None:
    async with units.read() as reading:
        await reading.outbox.unannounced(1, before=NOW)


async def test_a_unit_that_is_cancelled_leaves_its_locks_and_writes(house: House) -> None:
    began = asyncio.Event()

    async def hold_for_ever() -> None:
        async with house.units.begin([HOST]) as unit:
            unit.record(EVENT)
            await unit.flush()
            began.set()
            await asyncio.Event().wait()

    holding = asyncio.create_task(hold_for_ever())
    await began.wait()
    holding.cancel()
    await asyncio.wait([holding])
    async with house.units.begin([HOST]):
        pass

    assert holding.cancelled()
    assert await house.one("SELECT count(*) FROM events") == 0


async def test_who_waits_for_a_hosts_lock_goes_on_when_it_is_free(house: House) -> None:
    order: list[str] = []
    has_lock = asyncio.Event()

    async def first() -> None:
        async with house.units.begin([HOST]):
            has_lock.set()
            await house.one("SELECT 1")
            order.append("first")

    async def second() -> None:
        await has_lock.wait()
        async with house.units.begin([HOST]):
            order.append("second")

    await asyncio.gather(first(), second())

    assert order == ["first", "second"]


END_OTHERS = """SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity
  WHERE pid <> pg_backend_pid() AND datname = current_database()"""


async def test_connections_that_the_server_closed_are_replaced(house: House) -> None:
    async with house.units.read() as reading:
        await reading.outbox.log_end()
    await house.one(END_OTHERS)

    async with house.units.begin() as unit:
        unit.record(EVENT)

    assert await house.one("SELECT count(*) FROM events") == 1


async def test_a_server_that_goes_in_the_middle_of_a_unit_is_a_storage_that_failed(house: House) -> None:
    with pytest.raises(StorageFailed):
        await _lose_the_server(house)
    async with house.units.begin() as unit:
        unit.record(EVENT)

    assert outside_units()
    assert await house.one("SELECT count(*) FROM events") == 1


async def _lose_the_server(house: House) -> None:
    async with house.units.begin() as unit:
        unit.record(EVENT)
        await unit.flush()
        await house.one(END_OTHERS)


async def test_a_server_that_refuses_a_connection_is_a_storage_that_failed(
    database_url: str, redis_url: str
) -> None:
    engine, redis = engine_for(f"{database_url}_of_nobody"), connect(redis_url, deadline_s=5)
    units = Units(engine, lambda: NOW, Live(redis))

    for unit in (units.begin, units.read, units.at_once):
        with pytest.raises(StorageFailed):
            await unit().__aenter__()
    await redis.aclose()
    await engine.dispose()

    assert outside_units()


def test_locks_are_taken_in_ascending_order_each_once() -> None:
    hosts = [UserId(new_id()) for _ in range(20)]

    taken = locking([*hosts, *hosts]).split(";")

    keys = [int(lock.partition(", ")[2].rstrip(")")) for lock in taken]
    assert len(keys) == 20
    assert keys == sorted(keys)

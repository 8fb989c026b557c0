"""Copies of busy times: sealed, short-lived, dropped on a touch, and never needed."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert

from domain.ids import CalendarId, ConnectionId, OrganizationId
from domain.statuses import BusyTimes
from storage.base import new_id
from storage.freebusy import MAX_TTL_S, WEEK, Copy, FreeBusy, Source, weeks_of
from storage.live import Live
from storage.organizations import OrganizationRow
from storage.redis import RedisClient, connect
from storage.unit import Units, engine_for
from storage.vault import KeyRing, Vault

pytestmark = pytest.mark.anyio

WEEK_NUMBER = 2934
SPANS = ((29575260, 29575320), (29575400, 29575430))
COPY = Copy({CalendarId(new_id()): BusyTimes.plain(SPANS)}, datetime(2026, 3, 27, 12, 0, 0, 250_000, UTC))


OWNER = OrganizationId(new_id())


@pytest.fixture
async def vault(database_url: str, redis: RedisClient) -> AsyncGenerator[Vault, None]:
    """Make a vault with one key, and an organization that seals."""
    engine = engine_for(database_url, pool_size=2)
    async with engine.begin() as connection:
        await connection.execute(
            insert(OrganizationRow).values(
                id=OWNER, name="Engines", region="eu", plan="basic", created_at=COPY.asked_at
            )
        )
    units = Units(engine, lambda: COPY.asked_at, Live(redis))
    yield Vault(KeyRing({"first": b"k" * 32}), b"l" * 32, units, lambda: COPY.asked_at)
    await engine.dispose()


def source() -> Source:
    """Make a source of its own."""
    return Source(ConnectionId(new_id()), "0123456789abcdef", OWNER)


@pytest.fixture
async def redis(redis_url: str) -> AsyncGenerator[RedisClient, None]:
    """Connect to an empty Redis."""
    client = connect(redis_url, deadline_s=5)
    yield client
    await client.aclose()


async def kept(redis: RedisClient, vault: Vault, of: Source, seconds: int = 30) -> FreeBusy:
    """Keep SPANS as a source's week."""
    copies = FreeBusy(redis, vault, seconds)
    generation = (await copies.find({of: ()}))[of].generation
    await copies.keep(of, generation, {WEEK_NUMBER: COPY})
    return copies


async def test_kept_week_is_found_again(redis: RedisClient, vault: Vault) -> None:
    """R015."""
    of = source()
    copies = await kept(redis, vault, of)

    found = await copies.find({of: [WEEK_NUMBER, WEEK_NUMBER + 1]})

    assert found[of].weeks == {WEEK_NUMBER: COPY}


async def test_copy_never_tells_that_it_is_younger_than_it_is(redis: RedisClient, vault: Vault) -> None:
    of = source()
    copies = await kept(redis, vault, of)
    odd = Copy(COPY.times, COPY.asked_at + timedelta(microseconds=999))

    await copies.keep(of, "0", {WEEK_NUMBER: odd})
    found = await copies.find({of: [WEEK_NUMBER]})

    assert found[of].weeks == {WEEK_NUMBER: COPY}


async def test_copy_is_sealed_and_ends_within_thirty_seconds(redis: RedisClient, vault: Vault) -> None:
    """D02: nothing of the times can be read in Redis, and they do not stay there."""
    of = source()
    await kept(redis, vault, of)
    key = f"slotgraph:busy:{of.connection_id.hex}:{of.calendars}:{WEEK_NUMBER}"

    stored = await redis.get(key)
    async with redis.pipeline(transaction=False) as pipe:
        pipe.pttl(key)
        [left] = await pipe.execute()

    assert stored is not None
    assert str(SPANS[0][0]).encode() not in stored
    assert isinstance(left, int)
    assert 0 < left <= MAX_TTL_S * 1000


async def test_longer_life_than_thirty_seconds_is_refused(redis: RedisClient, vault: Vault) -> None:
    """D02."""
    with pytest.raises(ValueError, match="30"):
        FreeBusy(redis, vault, MAX_TTL_S + 1)


async def test_other_calendars_of_the_connection_find_nothing(redis: RedisClient, vault: Vault) -> None:
    of = source()
    copies = await kept(redis, vault, of)
    other = Source(of.connection_id, "fedcba9876543210", OWNER)

    found = await copies.find({other: [WEEK_NUMBER]})

    assert found[other].weeks == {}


async def test_copy_moved_to_another_connection_does_not_open(redis: RedisClient, vault: Vault) -> None:
    of, other = source(), source()
    copies = await kept(redis, vault, of)
    stored = await redis.get(f"slotgraph:busy:{of.connection_id.hex}:{of.calendars}:{WEEK_NUMBER}")
    assert stored is not None
    await redis.set(f"slotgraph:busy:{other.connection_id.hex}:{other.calendars}:{WEEK_NUMBER}", stored)

    found = await copies.find({other: [WEEK_NUMBER]})

    assert found[other].weeks == {}


async def test_touch_drops_the_copies_of_its_connection_alone(redis: RedisClient, vault: Vault) -> None:
    touched, other = source(), source()
    copies = await kept(redis, vault, touched)
    await kept(redis, vault, other)

    await copies.drop([touched.connection_id])
    found = await copies.find({touched: [WEEK_NUMBER], other: [WEEK_NUMBER]})

    assert found[touched].weeks == {}
    assert found[other].weeks == {WEEK_NUMBER: COPY}


async def test_answer_asked_for_before_a_touch_is_not_kept(redis: RedisClient, vault: Vault) -> None:
    of = source()
    copies = FreeBusy(redis, vault, 30)
    before = (await copies.find({of: ()}))[of].generation

    await copies.drop([of.connection_id])
    await copies.keep(of, before, {WEEK_NUMBER: COPY})
    found = await copies.find({of: [WEEK_NUMBER]})

    assert found[of].weeks == {}


async def test_without_redis_there_is_no_copy_and_no_error(vault: Vault) -> None:
    away = connect("redis://127.0.0.1:1/0")
    of = source()
    copies = FreeBusy(away, vault, 30)

    await copies.keep(of, "0", {WEEK_NUMBER: COPY})
    await copies.drop([of.connection_id])
    found = await copies.find({of: [WEEK_NUMBER]})

    assert found[of].weeks == {}
    assert found[of].generation is None
    await away.aclose()


@pytest.mark.parametrize(
    ("window", "weeks"),
    [
        ((0, 1), [0]),
        ((0, WEEK), [0]),
        ((WEEK - 1, WEEK + 1), [0, 1]),
        ((WEEK, 3 * WEEK), [1, 2]),
        ((-1, 1), [-1, 0]),
    ],
)
async def test_window_touches_whole_weeks(window: tuple[int, int], weeks: list[int]) -> None:
    assert list(weeks_of(window)) == weeks

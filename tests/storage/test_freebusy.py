"""Copies of busy times: sealed, short-lived, dropped on a touch, and never needed."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta

import pytest

from domain.ids import ConnectionId
from storage.base import new_id
from storage.freebusy import MAX_TTL_S, WEEK, Copy, FreeBusy, Source, weeks_of
from storage.redis import RedisClient, connect
from storage.vault import Vault

pytestmark = pytest.mark.anyio

WEEK_NUMBER = 2934
SPANS = ((29575260, 29575320), (29575400, 29575430))
COPY = Copy(SPANS, datetime(2026, 3, 27, 12, 0, 0, 250_000, UTC))


def vault() -> Vault:
    """Make a vault with one key."""
    return Vault({"first": b"k" * 32}, b"l" * 32)


def source() -> Source:
    """Make a source of its own."""
    return Source(ConnectionId(new_id()), "0123456789abcdef")


@pytest.fixture
async def redis(redis_url: str) -> AsyncGenerator[RedisClient, None]:
    """Connect to an empty Redis."""
    client = connect(redis_url)
    yield client
    await client.aclose()


async def kept(redis: RedisClient, of: Source, seconds: int = 30) -> FreeBusy:
    """Keep SPANS as a source's week."""
    copies = FreeBusy(redis, vault(), seconds)
    generation = (await copies.find({of: ()}))[of].generation
    await copies.keep(of, generation, {WEEK_NUMBER: COPY})
    return copies


async def test_kept_week_is_found_again(redis: RedisClient) -> None:
    """R015."""
    of = source()
    copies = await kept(redis, of)

    found = await copies.find({of: [WEEK_NUMBER, WEEK_NUMBER + 1]})

    assert found[of].weeks == {WEEK_NUMBER: COPY}


async def test_copy_never_tells_that_it_is_younger_than_it_is(redis: RedisClient) -> None:
    of = source()
    copies = await kept(redis, of)
    odd = Copy(SPANS, COPY.asked_at + timedelta(microseconds=999))

    await copies.keep(of, "0", {WEEK_NUMBER: odd})
    found = await copies.find({of: [WEEK_NUMBER]})

    assert found[of].weeks == {WEEK_NUMBER: COPY}


async def test_copy_is_sealed_and_ends_within_thirty_seconds(redis: RedisClient) -> None:
    """D02: nothing of the times can be read in Redis, and they do not stay there."""
    of = source()
    await kept(redis, of)
    key = f"slotgraph:busy:{of.connection_id.hex}:{of.calendars}:{WEEK_NUMBER}"

    stored = await redis.get(key)
    async with redis.pipeline(transaction=False) as pipe:
        pipe.pttl(key)
        [left] = await pipe.execute()

    assert stored is not None
    assert str(SPANS[0][0]).encode() not in stored
    assert isinstance(left, int)
    assert 0 < left <= MAX_TTL_S * 1000


async def test_longer_life_than_thirty_seconds_is_refused(redis: RedisClient) -> None:
    """D02."""
    with pytest.raises(ValueError, match="30"):
        FreeBusy(redis, vault(), MAX_TTL_S + 1)


async def test_other_calendars_of_the_connection_find_nothing(redis: RedisClient) -> None:
    of = source()
    copies = await kept(redis, of)
    other = Source(of.connection_id, "fedcba9876543210")

    found = await copies.find({other: [WEEK_NUMBER]})

    assert found[other].weeks == {}


async def test_copy_moved_to_another_connection_does_not_open(redis: RedisClient) -> None:
    of, other = source(), source()
    copies = await kept(redis, of)
    stored = await redis.get(f"slotgraph:busy:{of.connection_id.hex}:{of.calendars}:{WEEK_NUMBER}")
    assert stored is not None
    await redis.set(f"slotgraph:busy:{other.connection_id.hex}:{other.calendars}:{WEEK_NUMBER}", stored)

    found = await copies.find({other: [WEEK_NUMBER]})

    assert found[other].weeks == {}


async def test_touch_drops_the_copies_of_its_connection_alone(redis: RedisClient) -> None:
    touched, other = source(), source()
    copies = await kept(redis, touched)
    await kept(redis, other)

    await copies.drop([touched.connection_id])
    found = await copies.find({touched: [WEEK_NUMBER], other: [WEEK_NUMBER]})

    assert found[touched].weeks == {}
    assert found[other].weeks == {WEEK_NUMBER: COPY}


async def test_answer_asked_for_before_a_touch_is_not_kept(redis: RedisClient) -> None:
    of = source()
    copies = FreeBusy(redis, vault(), 30)
    before = (await copies.find({of: ()}))[of].generation

    await copies.drop([of.connection_id])
    await copies.keep(of, before, {WEEK_NUMBER: COPY})
    found = await copies.find({of: [WEEK_NUMBER]})

    assert found[of].weeks == {}


async def test_without_redis_there_is_no_copy_and_no_error() -> None:
    away = connect("redis://127.0.0.1:1/0")
    of = source()
    copies = FreeBusy(away, vault(), 30)

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

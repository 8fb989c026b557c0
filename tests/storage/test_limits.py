"""Budgets: how they fill, slide and empty, and what they do while Redis is away."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path
from typing import Protocol, cast
from urllib.parse import urlsplit

import pytest
from redis import Redis

from domain.errors import TooMany, TryAgain
from storage.limits import Budget, Limits, Take, WhenAway, counted_as
from storage.redis import RedisClient, connect
from tests.clock import TurnedClock

pytestmark = pytest.mark.anyio
AWAY = "redis://127.0.0.1:1/0"
MAILS = Budget("mails", 5, 3600, WhenAway.CLOSED)
READS = Budget("reads", 5, 3600, WhenAway.OPEN_LOCAL)


@pytest.fixture
def anyio_backend() -> str:
    """Run on asyncio."""
    return "asyncio"


@pytest.fixture
async def redis(redis_url: str) -> AsyncGenerator[RedisClient, None]:
    """Connect to an empty Redis."""
    client = connect(redis_url, deadline_s=5)
    yield client
    await client.aclose()


@pytest.fixture
async def away() -> AsyncGenerator[RedisClient, None]:
    """Connect to nobody."""
    client = connect(AWAY)
    yield client
    await client.aclose()


@pytest.fixture
def clock() -> TurnedClock:
    """Stand still at noon."""
    return TurnedClock()


class Keys(Protocol):
    """The part of a Redis client that lists keys."""

    def scan_iter(self) -> Iterator[bytes]:
        """Go over the names of all keys."""
        ...

    def close(self) -> None:
        """Close the connection."""
        ...


def all_keys(redis_url: str) -> list[str]:
    """List the names of all keys in Redis."""
    client = cast("Keys", Redis.from_url(redis_url))  # pyright: ignore[reportUnknownMemberType] -- redis-py types its options as unknown; the protocol is what we use
    names = [name.decode() for name in client.scan_iter()]
    client.close()
    return names


async def fill(limits: Limits, budget: Budget, key: str) -> int:
    """Take one by one until it is refused, and say how many were given."""
    for number in range(100):
        try:
            await limits.take(budget, key)
        except TooMany:
            return number
    return 100


async def test_as_many_are_given_as_the_budget_has(redis: RedisClient, clock: TurnedClock) -> None:
    limits = Limits(redis, clock, b"pepper")

    assert await fill(limits, MAILS, "ada") == 5
    assert await fill(limits, MAILS, "grace") == 5


async def test_wait_that_is_named_is_long_enough_and_not_longer(
    redis: RedisClient, clock: TurnedClock
) -> None:
    limits = Limits(redis, clock, b"pepper")
    await fill(limits, MAILS, "ada")
    with pytest.raises(TooMany) as caught:
        await limits.take(MAILS, "ada")

    clock.turn(seconds=caught.value.retry_after_s - 1)
    with pytest.raises(TooMany):
        await limits.take(MAILS, "ada")
    clock.turn(seconds=1)
    await limits.take(MAILS, "ada")

    assert 3600 < caught.value.retry_after_s <= 7200


async def test_end_of_a_window_does_not_double_the_budget(redis: RedisClient, clock: TurnedClock) -> None:
    limits = Limits(redis, clock, b"pepper")
    clock.turn(minutes=59)
    await fill(limits, MAILS, "ada")

    clock.turn(minutes=2)

    assert await fill(limits, MAILS, "ada") == 0


async def test_refused_attempts_do_not_lengthen_the_refusal(redis: RedisClient, clock: TurnedClock) -> None:
    limits = Limits(redis, clock, b"pepper")
    await fill(limits, MAILS, "ada")
    with pytest.raises(TooMany) as first:
        await limits.take(MAILS, "ada")
    for _ in range(20):
        with pytest.raises(TooMany):
            await limits.take(MAILS, "ada")

    with pytest.raises(TooMany) as last:
        await limits.take(MAILS, "ada")

    assert last.value.retry_after_s == first.value.retry_after_s


async def test_everything_is_forgiven_after_two_windows(redis: RedisClient, clock: TurnedClock) -> None:
    limits = Limits(redis, clock, b"pepper")
    await fill(limits, MAILS, "ada")

    clock.turn(hours=2)

    assert await fill(limits, MAILS, "ada") == 5


async def test_more_than_one_may_be_taken_at_once(redis: RedisClient, clock: TurnedClock) -> None:
    limits = Limits(redis, clock, b"pepper")

    await limits.take(MAILS, "ada", amount=4)

    with pytest.raises(TooMany):
        await limits.take(MAILS, "ada", amount=2)
    await limits.take(MAILS, "ada")
    with pytest.raises(TooMany):
        await limits.take(MAILS, "grace", amount=6)


async def test_of_several_budgets_all_give_or_none(redis: RedisClient, clock: TurnedClock) -> None:
    limits = Limits(redis, clock, b"pepper")
    await fill(limits, MAILS, "ada")

    with pytest.raises(TooMany):
        await limits.take_all(Take(READS, ("198.51.100.1",)), Take(MAILS, ("ada",)))

    assert await fill(limits, READS, "198.51.100.1") == 5


async def test_racers_in_two_processes_get_no_more_than_there_is(
    redis: RedisClient, clock: TurnedClock
) -> None:
    """A budget is one over all processes (R15)."""
    processes = [Limits(redis, clock, b"pepper") for _ in range(2)]

    results = await asyncio.gather(
        *(process.take(MAILS, "ada") for process in processes for _ in range(10)), return_exceptions=True
    )

    assert results.count(None) <= 5
    assert {type(result) for result in results if result is not None} == {TooMany}


async def test_keys_end_and_tell_nothing(redis: RedisClient, redis_url: str, clock: TurnedClock) -> None:
    """Who reads Redis learns neither addresses nor IP addresses (case 77)."""
    limits = Limits(redis, clock, b"pepper")

    await limits.take_all(Take(MAILS, ("ada@example.com",)), Take(READS, ("198.51.100.1",)))

    names = all_keys(redis_url)
    assert len(names) == 2
    assert "ada" not in str(names)
    assert "198.51" not in str(names)
    async with redis.pipeline(transaction=False) as pipe:
        pipe.pttl(names[0])
        pipe.pttl(names[1])
        lives = await pipe.execute()
    assert [0 < int(str(life)) <= 7_200_000 for life in lives] == [True, True]


async def test_names_of_keys_differ_by_installation(redis: RedisClient, clock: TurnedClock) -> None:
    one, other = Limits(redis, clock, b"pepper"), Limits(redis, clock, b"salt")

    await fill(one, MAILS, "ada")

    assert await fill(other, MAILS, "ada") == 5


@pytest.mark.parametrize(
    ("key", "counted"),
    [
        ("198.51.100.1", "198.51.100.1"),
        ("2001:db8::1", "2001:db8::/64"),
        ("2001:db8::ffff:ffff:ffff:ffff", "2001:db8::/64"),
        ("2001:db8:0:1::1", "2001:db8:0:1::/64"),
        ("::ffff:198.51.100.1", "198.51.100.1"),
        ("fe80::1%eth0", "fe80::/64"),
        ("ada@example.com", "ada@example.com"),
        ("", ""),
    ],
)
def test_ipv6_addresses_count_by_their_network(key: str, counted: str) -> None:
    """Who has one address of a /64 has them all (R15)."""
    assert counted_as(key) == counted


async def test_closed_budget_gives_nothing_while_redis_is_away(away: RedisClient, clock: TurnedClock) -> None:
    """Sign-in fails closed (case 187)."""
    with pytest.raises(TryAgain):
        await Limits(away, clock, b"pepper").take(MAILS, "ada")


async def test_open_budget_is_counted_here_while_redis_is_away(away: RedisClient, clock: TurnedClock) -> None:
    """What must go on goes on with a local count (case 187)."""
    limits = Limits(away, clock, b"pepper")

    assert await fill(limits, READS, "ada") == 5
    assert await fill(limits, READS, "grace") == 5
    clock.turn(hours=2)
    assert await fill(limits, READS, "ada") == 5


async def test_redis_that_hangs_is_not_waited_for(clock: TurnedClock) -> None:
    """A stopped Redis stops nobody (case 187)."""
    hung = asyncio.Event()

    async def hang(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await hung.wait()
        writer.close()

    server = await asyncio.start_server(hang, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    client = connect(f"redis://127.0.0.1:{port}/0")
    limits = Limits(client, clock, b"pepper")
    try:
        async with asyncio.timeout(5):
            given = await fill(limits, READS, "ada")
    finally:
        hung.set()
        await client.aclose()
        server.close()

    assert given == 5


async def test_redis_is_asked_again_when_it_is_back(
    redis_url: str, clock: TurnedClock, tmp_path: Path
) -> None:
    door = tmp_path / "redis.sock"
    client = connect(f"unix://{door}")
    limits = Limits(client, clock, b"pepper")
    away = await fill(limits, READS, "ada")
    door.symlink_to(urlsplit(redis_url).path)

    clock.turn(seconds=1)
    back = await fill(limits, READS, "ada")
    await client.aclose()

    assert (away, back) == (5, 5)
    assert len(all_keys(redis_url)) == 1

"""Reading once for all who ask before the reading begins."""

import asyncio

import pytest

from services.once import Once

pytestmark = pytest.mark.anyio


class Source:
    """Something that takes its time to be read, and counts how often it is."""

    def __init__(self) -> None:
        self.reads = 0
        self.begun = asyncio.Event()
        self.may_end = asyncio.Event()

    async def read(self, key: str) -> str:
        """Read slowly."""
        self.reads += 1
        reading = f"{key}{self.reads}"
        self.begun.set()
        await self.may_end.wait()
        return reading


async def test_all_who_ask_before_it_begins_share_a_reading() -> None:
    source = Source()
    source.may_end.set()
    once = Once(source.read)

    assert await asyncio.gather(*(once.of("a") for _ in range(3))) == ["a1"] * 3
    assert await once.of("a") == "a2"


async def test_who_asks_while_it_is_under_way_is_given_a_later_one() -> None:
    source = Source()
    once = Once(source.read)
    early = asyncio.create_task(once.of("a"))
    await source.begun.wait()
    late = [asyncio.create_task(once.of("a")) for _ in range(2)]
    source.may_end.set()

    assert (await early, await late[0], await late[1]) == ("a1", "a2", "a2")


async def test_who_stops_waiting_does_not_stop_it_for_the_others() -> None:
    source = Source()
    once = Once(source.read)
    leaving, staying = asyncio.create_task(once.of("a")), asyncio.create_task(once.of("a"))
    await source.begun.wait()
    leaving.cancel()
    source.may_end.set()

    assert await staying == "a1"
    assert source.reads == 1


async def test_with_two_at_once_the_third_who_comes_shares_the_next() -> None:
    source = Source()
    once = Once(source.read, at_once=2)
    first = asyncio.create_task(once.of("a"))
    await source.begun.wait()
    source.begun.clear()
    second = asyncio.create_task(once.of("a"))
    await source.begun.wait()
    late = [asyncio.create_task(once.of("a")) for _ in range(20)]
    source.may_end.set()

    assert (await first, await second) == ("a1", "a2")
    assert await asyncio.gather(*late) == ["a3"] * 20


async def test_what_a_reading_raises_is_raised_to_all_and_the_next_is_read_anew() -> None:
    answers = iter(["b"])

    async def read(_: str) -> str:
        await asyncio.sleep(0)
        if not failed:
            failed.append(True)
            raise LookupError
        return next(answers)

    failed: list[bool] = []
    once = Once(read)

    told = await asyncio.gather(*(once.of("a") for _ in range(3)), return_exceptions=True)

    assert [type(failure) for failure in told] == [LookupError] * 3
    assert await once.of("a") == "b"

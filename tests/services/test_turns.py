"""Turns at a host's time."""

import asyncio
from collections.abc import Callable
from itertools import count

import pytest

from domain.ids import UserId
from services.bookings.turns import Turns
from storage.base import new_id

pytestmark = pytest.mark.anyio

ADA, BEA = sorted((UserId(new_id()), UserId(new_id())))


class Asked:
    """A question that is answered by its number, when it is let."""

    def __init__(self) -> None:
        self.numbers = count(1)
        self.begun: list[int] = []
        self.may_end = asyncio.Event()

    async def __call__(self) -> int:
        number = next(self.numbers)
        self.begun.append(number)
        await self.may_end.wait()
        return number


async def _until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not holds():  # noqa: ASYNC110 -- tasks run until they stand still
            await asyncio.sleep(0)


async def test_of_a_crowd_one_looks_for_all_who_had_come_before() -> None:
    turns, asked = Turns[int](), Asked()

    async def come() -> int:
        async with turns.at([ADA], "slot") as turn:
            return await turn.look(asked)

    first = asyncio.create_task(come())
    await _until(lambda: asked.begun == [1])
    others = [asyncio.create_task(come()) for _ in range(20)]
    await asyncio.sleep(0)
    asked.may_end.set()

    assert await first == 1
    assert await asyncio.gather(*others) == [2] * 20


async def test_after_a_change_the_next_of_a_crowd_looks_anew() -> None:
    turns, looks = Turns[int](), count(1)

    async def look() -> int:
        return next(looks)

    async def come_and_change() -> int:
        async with turns.at([ADA], "slot") as turn:
            seen = await turn.look(look)
            turn.change()
            return seen

    assert await asyncio.gather(*(come_and_change() for _ in range(3))) == [1, 2, 3]


async def test_who_is_alone_has_not_waited_and_who_comes_meanwhile_has() -> None:
    turns = Turns[int]()
    waited: list[bool] = []

    async def come() -> None:
        async with turns.at([ADA], "slot") as turn:
            await asyncio.sleep(0)
            waited.append(turn.has_waited)

    await asyncio.gather(come(), come())

    assert waited == [False, True]


async def test_turns_at_two_hosts_in_any_order_do_not_wait_for_each_other_for_ever() -> None:
    turns = Turns[int]()
    done: list[int] = []

    async def come(number: int) -> None:
        async with turns.at([ADA, BEA] if number % 2 else [BEA, ADA], number):
            await asyncio.sleep(0)
            done.append(number)

    async with asyncio.timeout(5):
        await asyncio.gather(*(come(number) for number in range(10)))

    assert sorted(done) == list(range(10))

"""One asker for all who wait, and turns at a host's time."""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import count

import pytest

from domain.ids import UserId
from services.bookings.sharing import Shared
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


async def test_whoever_comes_while_two_ask_shares_the_next_asking() -> None:
    shared, asked = Shared[str, int](), Asked()
    first = asyncio.create_task(shared.ask("slot", asked))
    await _until(lambda: asked.begun == [1])
    second = asyncio.create_task(shared.ask("slot", asked))
    await _until(lambda: asked.begun == [1, 2])

    others = [asyncio.create_task(shared.ask("slot", asked)) for _ in range(50)]
    asked.may_end.set()

    assert await asyncio.gather(first, second) == [1, 2]
    assert set(await asyncio.gather(*others)) == {3}


async def test_an_asking_that_has_begun_is_not_joined() -> None:
    """D03: a booking is decided by what is true after it was asked for."""
    shared, asked = Shared[str, int](), Asked()
    first = asyncio.create_task(shared.ask("slot", asked))
    await _until(lambda: asked.begun == [1])

    second = asyncio.create_task(shared.ask("slot", asked))
    asked.may_end.set()

    assert await asyncio.gather(first, second) == [1, 2]


async def test_different_questions_wait_for_nobody() -> None:
    shared, asked = Shared[int, int](), Asked()

    asking = [asyncio.create_task(shared.ask(number, asked)) for number in range(5)]
    await _until(lambda: len(asked.begun) == 5)
    asked.may_end.set()

    assert await asyncio.gather(*asking) == [1, 2, 3, 4, 5]


async def test_who_stops_waiting_does_not_stop_the_others() -> None:
    shared, asked = Shared[str, int](), Asked()
    first, second = (asyncio.create_task(shared.ask("slot", asked)) for _ in range(2))
    await _until(lambda: asked.begun == [1])

    first.cancel()
    asked.may_end.set()

    assert await second == 1


async def test_what_an_asking_raises_is_raised_to_all_and_the_next_is_asked_anew() -> None:
    shared = Shared[str, int]()
    failing: Callable[[], Awaitable[int]] = _fail

    failed = await asyncio.gather(*(shared.ask("slot", failing) for _ in range(3)), return_exceptions=True)

    assert [type(failure) for failure in failed] == [LookupError] * 3
    assert await shared.ask("slot", _answer) == 7


async def _fail() -> int:
    raise LookupError


async def _answer() -> int:
    return 7


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

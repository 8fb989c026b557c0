"""Work that is done together for all who wait for it."""

import asyncio
from collections.abc import Sequence

import pytest

from services.together import Together

pytestmark = pytest.mark.anyio


class Counter:
    """Counts up by what is wished, and notes which wishes came together; wishes below zero are refused."""

    def __init__(self) -> None:
        self.turns: list[list[int]] = []
        self.total = 0
        self.may_end = asyncio.Event()

    async def add(self, key: str, wishes: Sequence[int]) -> Sequence[int | Exception]:
        """Count, slowly."""
        self.turns.append(list(wishes))
        await self.may_end.wait()
        if key == "broken":
            raise OSError
        return [ValueError(wish) if wish < 0 else self._counted(wish) for wish in wishes]

    def _counted(self, wish: int) -> int:
        self.total += wish
        return self.total


async def test_who_comes_meanwhile_is_served_together_in_order_each_with_an_answer() -> None:
    counter = Counter()
    together = Together(counter.add, at_most=3)

    first = asyncio.create_task(together.of("a", 1))
    await asyncio.sleep(0.01)
    others = [asyncio.create_task(together.of("a", wish)) for wish in (2, -1, 3, 4)]
    await asyncio.sleep(0.01)
    counter.may_end.set()
    came = await asyncio.gather(first, *others, return_exceptions=True)

    assert counter.turns == [[1], [2, -1, 3], [4]]
    assert [str(one) for one in came] == ["1", "3", "-1", "6", "10"]
    assert isinstance(came[2], ValueError)
    assert await together.of("a", 5) == 15


async def test_who_has_left_is_left_out_and_what_fails_fails_for_all_of_a_turn() -> None:
    counter = Counter()
    together = Together(counter.add, at_most=3)

    first = asyncio.create_task(together.of("broken", 1))
    await asyncio.sleep(0.01)
    gone, stays, beside = [asyncio.create_task(together.of("broken", wish)) for wish in (2, 3, 4)]
    await asyncio.sleep(0.01)
    gone.cancel()
    counter.may_end.set()
    came = await asyncio.gather(first, gone, stays, beside, return_exceptions=True)

    assert counter.turns == [[1], [3, 4]]
    assert [type(one) for one in came] == [OSError, asyncio.CancelledError, OSError, OSError]

"""Tabs: what is spent on trust is little, for each that is counted, however much comes at once."""

import asyncio
from collections.abc import AsyncGenerator

import pytest

from domain.errors import TooMany
from storage.limits import Budget, Limits
from storage.redis import connect
from storage.tabs import Tabs
from tests.clock import TurnedClock

pytestmark = pytest.mark.anyio
POINTS = Budget("points", 100, 3600)  # of which two are trusted


@pytest.fixture
def anyio_backend() -> str:
    """Run on asyncio."""
    return "asyncio"


@pytest.fixture
async def tabs(redis_url: str) -> AsyncGenerator[Tabs]:
    """Open tabs of one process."""
    client = connect(redis_url, deadline_s=5)
    clock = TurnedClock()
    tabs = Tabs(Limits(client, clock, b"pepper"), clock)
    yield tabs
    await tabs.close()
    await client.aclose()


async def spends(tabs: Tabs, key: str, amount: int) -> bool:
    """Spend, and say whether that was given."""
    try:
        await tabs.take(POINTS, key, amount)
    except TooMany:
        return False
    return True


async def test_who_has_a_network_of_addresses_has_one_tab(tabs: Tabs) -> None:
    given = [await spends(tabs, f"2001:db8::{number:x}", 1) for number in range(1, 300)]

    assert sum(given) <= 102


async def test_what_comes_at_once_overdraws_no_more_than_what_comes_one_by_one(tabs: Tabs) -> None:
    await spends(tabs, "192.0.2.1", 100)

    given = await asyncio.gather(*(spends(tabs, "192.0.2.1", 1) for _ in range(100)))

    assert sum(given) <= 2


async def test_what_was_too_much_refuses_nothing_smaller(tabs: Tabs) -> None:
    await spends(tabs, "192.0.2.1", 50)

    assert not await spends(tabs, "192.0.2.1", 80)
    assert not await spends(tabs, "192.0.2.1", 80)
    assert await spends(tabs, "192.0.2.1", 10)


async def test_a_budget_that_is_used_up_is_refused_to_all(tabs: Tabs) -> None:
    given = [await spends(tabs, "192.0.2.1", 1) for _ in range(300)]

    assert 98 <= sum(given) <= 102

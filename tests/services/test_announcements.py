"""What was announced is not announced again; what was not is made up for, once."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from uuid import uuid4

import pytest

from domain.events import EventKind, Happened
from domain.ids import OrganizationId, PageId, UserId
from services.announcements import Announcements
from storage.live import Live
from storage.redis import RedisClient
from tests.installation import Installation, running

pytestmark = pytest.mark.anyio


class Attended(Live):
    """Live signals of which a test knows how many were taken in."""

    def __init__(self, redis: RedisClient) -> None:
        super().__init__(redis)
        self.taken = 0
        self.more = asyncio.Event()

    async def listen(
        self, channel: str, *, lost: Callable[[], None] | None = None
    ) -> AsyncGenerator[bytes | None, None]:
        """Yield what is published, and note when whoever listens is done with it."""
        async for data in super().listen(channel, lost=lost):
            yield data
            self.taken += 1
            self.more.set()

    async def until(self, taken: int) -> None:
        """Wait until so many were taken in; the first is the beginning itself."""
        async with asyncio.timeout(10):
            while self.taken < taken:
                self.more.clear()
                await self.more.wait()


@pytest.fixture
async def house(database_url: str, redis_url: str, tmp_path: Path) -> AsyncGenerator[Installation, None]:
    """Run an installation without a calendar."""
    async with running(database_url, redis_url, tmp_path) as installation:
        yield installation


@pytest.fixture
async def attended(house: Installation) -> AsyncGenerator[tuple[Announcements, Attended], None]:
    """Let a worker listen."""
    live = Attended(house.parts.redis)
    announcements = Announcements(house.parts.services.units, live)
    listening = asyncio.create_task(announcements.listen())
    yield announcements, live
    listening.cancel()


async def test_what_every_process_heard_is_not_said_again(
    house: Installation, attended: tuple[Announcements, Attended]
) -> None:
    """X01: a change makes each feed compute once, not twice."""
    announcements, live = attended
    await live.until(1)

    async with house.parts.services.units.begin() as unit:
        unit.record(CHANGED)
    await live.until(2)
    house.clock.turn(seconds=3)
    made_up = await announcements.make_up()

    assert made_up == 0
    assert await house.rows(HOW_MANY) == [(1, 0)]


async def test_what_nobody_heard_is_announced_once_and_not_before_two_seconds(
    house: Installation, attended: tuple[Announcements, Attended]
) -> None:
    """Case 186: its process died after the commit."""
    announcements, live = attended
    await live.until(1)
    async with house.parts.services.units.begin() as unit:
        await unit.outbox.add([CHANGED], [])

    early = await announcements.make_up()
    house.clock.turn(seconds=2)
    made_up = [await announcements.make_up(), await announcements.make_up()]
    await live.until(2)

    assert (early, made_up) == (0, [1, 0])
    assert await house.rows(HOW_MANY) == [(1, 0)]


async def test_of_two_like_events_the_lost_one_is_announced(
    house: Installation, attended: tuple[Announcements, Attended]
) -> None:
    """Case 186: what was heard is told apart by its instant."""
    announcements, live = attended
    await live.until(1)
    async with house.parts.services.units.begin() as unit:
        unit.record(CHANGED)
    await live.until(2)
    house.clock.turn(microseconds=1)
    async with house.parts.services.units.begin() as unit:
        await unit.outbox.add([CHANGED], [])

    house.clock.turn(seconds=3)
    made_up = await announcements.make_up()

    assert made_up == 1


CHANGED = Happened(
    EventKind.PAGE_CHANGED,
    OrganizationId(uuid4()),
    hosts=(UserId(uuid4()), UserId(uuid4())),
    page_id=PageId(uuid4()),
)
HOW_MANY = "SELECT count(*), count(*) FILTER (WHERE announced_at IS NULL) FROM events"

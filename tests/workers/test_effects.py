"""The runner begins what it can, leaves in good order, and outlives a defect and an absent database."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import cast
from uuid import uuid4

import pytest
from sqlalchemy import make_url

from app.embedded import EmbeddedServers
from domain.effects import ClaimedEffect, Effect, EffectKind, Outcome
from domain.ids import OrganizationId
from services.effects import Effects
from services.grants import Grants
from services.meetings import Meetings
from services.notices import Notices
from services.poll_notices import PollNotices
from services.telling import Tellings
from storage.base import StorageFailed
from tests.clock import NOW
from tests.installation import Installation, running
from workers.effects import Runner

pytestmark = pytest.mark.anyio

END_CONNECTIONS = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}';"
HOW_IT_WENT = "SELECT state, failure, attempts, count(*) FROM effects GROUP BY 1, 2, 3 ORDER BY 1"


class Postbox:
    """Takes mails when it is told to, and breaks over the one that it is told to break over."""

    def __init__(self) -> None:
        self.begun: asyncio.Queue[Effect] = asyncio.Queue()
        self.opened = asyncio.Event()
        self.breaks_over: Effect | None = None

    async def send_code(self, effect: Effect) -> str | None:
        """Take a mail."""
        self.begun.put_nowait(effect)
        await self.opened.wait()
        if effect == self.breaks_over:
            raise ZeroDivisionError
        return None

    async def next(self, count: int) -> list[Effect]:
        """Wait until so many more have been begun."""
        async with asyncio.timeout(10):
            return [await self.begun.get() for _ in range(count)]


class Watched(Effects):
    """Effects of which a test knows when the database did not take something."""

    def __init__(self, house: Installation, postbox: Postbox) -> None:
        units = house.parts.services.units
        super().__init__(
            units,
            cast("Tellings", None),
            cast("Notices", postbox),
            cast("Grants", None),
            cast("Meetings", None),
            house.parts.services.watching,
            house.parts.services.looking,
            house.parts.services.calendars,
            house.clock,
            house.parts.services.bookings.answering,
            house.parts.services.bookings.offering,
            house.parts.services.polls.closing,
            cast("PollNotices", None),
        )
        self.refused = asyncio.Event()

    async def exchange(self, ended: Sequence[Outcome], room: int) -> list[ClaimedEffect]:
        """Exchange, and note where that failed with something to be written down."""
        try:
            return await super().exchange(ended, room)
        except StorageFailed:
            if ended:
                self.refused.set()
            raise


@pytest.fixture
async def house(database_url: str, redis_url: str, tmp_path: Path) -> AsyncGenerator[Installation, None]:
    """Run an installation."""
    async with running(database_url, redis_url, tmp_path) as installation:
        yield installation


@pytest.fixture
def postbox() -> Postbox:
    """Make a postbox."""
    return Postbox()


@pytest.fixture
def effects(house: Installation, postbox: Postbox) -> Watched:
    """Let effects go to it."""
    return Watched(house, postbox)


async def plan(house: Installation, count: int) -> list[Effect]:
    """Commit effects that are due now."""
    organization = OrganizationId(uuid4())
    wanted = [Effect(EffectKind.SIGN_IN_CODE, organization, uuid4(), 0, uuid4(), NOW) for _ in range(count)]
    async with house.parts.services.units.begin() as unit:
        await unit.outbox.add((), wanted)
    return wanted


async def test_no_more_is_claimed_than_is_begun_at_once(
    house: Installation, postbox: Postbox, effects: Watched
) -> None:
    """Hot path 6: what others could begin is left to them, and no lease runs while its effect waits."""
    await plan(house, 5)
    runner = Runner(effects, at_once=2)

    running_ = asyncio.create_task(runner.run())
    await postbox.next(2)
    meanwhile = await house.rows(HOW_IT_WENT)
    postbox.opened.set()
    await postbox.next(3)
    runner.leave()
    await running_

    assert meanwhile == [("due", None, 0, 3), ("running", None, 1, 2)]
    assert await house.rows(HOW_IT_WENT) == [("done", None, 1, 5)]


async def test_two_workers_share_a_burst_and_begin_each_effect_once(
    house: Installation, postbox: Postbox, effects: Watched
) -> None:
    """Case 182; hot path 6: neither takes what it cannot begin, so both have a part."""
    wanted = await plan(house, 40)
    other = Postbox()
    runners = [Runner(effects, at_once=5), Runner(Watched(house, other), at_once=5)]

    running_ = [asyncio.create_task(runner.run()) for runner in runners]
    begun = [*await postbox.next(5), *await other.next(5)]
    other.begun = postbox.begun
    postbox.opened.set()
    other.opened.set()
    begun += await postbox.next(30)
    for runner in runners:
        runner.leave()
    await asyncio.gather(*running_)

    assert {effect.subject_id for effect in begun} == {effect.subject_id for effect in wanted}
    assert await house.rows(HOW_IT_WENT) == [("done", None, 1, 40)]


async def test_what_runs_is_finished_before_leaving_and_nothing_more_is_begun(
    house: Installation, postbox: Postbox, effects: Watched
) -> None:
    """Case 185: a deployment costs no try."""
    await plan(house, 3)
    runner = Runner(effects, at_once=2)

    running_ = asyncio.create_task(runner.run())
    await postbox.next(2)
    runner.leave()
    postbox.opened.set()
    await running_

    assert await house.rows(HOW_IT_WENT) == [("done", None, 1, 2), ("due", None, 0, 1)]


async def test_what_cannot_finish_in_time_is_given_back_at_once(
    house: Installation, postbox: Postbox, effects: Watched
) -> None:
    """Case 185: another worker need not wait for the lease."""
    await plan(house, 1)
    runner = Runner(effects, grace_s=0)

    running_ = asyncio.create_task(runner.run())
    await postbox.next(1)
    runner.leave()
    await running_
    given_back = await house.rows("SELECT state, attempts, due_at, finished_at FROM effects")
    other = Runner(effects)
    postbox.opened.set()
    taking_over = asyncio.create_task(other.run())
    await postbox.next(1)
    other.leave()
    await taking_over

    assert given_back == [("due", 1, NOW, None)]
    assert await house.rows(HOW_IT_WENT) == [("done", None, 2, 1)]


async def test_a_defect_in_one_effect_holds_up_no_other(
    house: Installation, postbox: Postbox, effects: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    """I9: it is told in the log and tried again after a pause."""
    [postbox.breaks_over, *_] = await plan(house, 3)
    postbox.opened.set()
    runner = Runner(effects)

    running_ = asyncio.create_task(runner.run())
    await postbox.next(3)
    runner.leave()
    await running_

    assert [record.message for record in caplog.records] == ["effect_broke"]
    assert await house.rows(HOW_IT_WENT) == [("done", None, 1, 2), ("due", "defect", 1, 1)]
    assert await house.rows("SELECT due_at FROM effects WHERE failure = 'defect'") == [
        (NOW + timedelta(seconds=2),)
    ]


async def test_what_was_done_while_the_database_was_away_is_written_down_when_it_is_back(
    house: Installation, postbox: Postbox, effects: Watched, servers: EmbeddedServers, database_url: str
) -> None:
    """I4: without the end of a lease, so that nothing is sent a second time."""
    await plan(house, 1)
    name = make_url(database_url).database
    runner = Runner(effects)

    running_ = asyncio.create_task(runner.run())
    await postbox.next(1)
    servers.sql(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false;")
    servers.sql(END_CONNECTIONS.format(name=name))
    postbox.opened.set()
    await effects.refused.wait()
    servers.sql(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true;")
    runner.leave()
    await running_

    assert await house.rows(HOW_IT_WENT) == [("done", None, 1, 1)]

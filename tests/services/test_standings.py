"""Standings: kept while nothing they follow from is touched, dropped the moment something is."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from inspect import isawaitable
from typing import Any
from uuid import UUID, uuid4

import pytest

from domain.errors import NotFound
from domain.events import EventKind, Happened
from domain.ids import OrganizationId, PageId, UserId
from domain.standing import Standing
from services.signals import Signals
from services.standings import Found, Standings
from storage.live import EVENTS, Live, announcement
from storage.redis import connect
from tests.clock import TurnedClock

pytestmark = pytest.mark.anyio

ADA, GRACE, PAGE = (uuid4() for _ in range(3))
ORGANIZATION = OrganizationId(uuid4())
MINUTE = timedelta(minutes=1)


class Looks:
    """Looks that count themselves; each finds the next number, and waits where it is told to."""

    def __init__(self, clock: TurnedClock, *follows: UUID) -> None:
        self.count = 0
        self.begun = asyncio.Event()
        self.may_end = asyncio.Event()
        self.may_end.set()
        self.refusal: Exception | None = None
        self._clock = clock
        self._follows = frozenset(follows)

    async def look(self) -> Found[int]:
        """Find the next number."""
        self.count += 1
        found = self.count
        self.begun.set()
        await self.may_end.wait()
        if self.refusal:
            raise self.refusal
        return Found(found, found, self._clock() + MINUTE, self._follows)


class Setting:
    """What a test stands on."""

    def __init__(self, signals: Signals, live: Live, redis_url: str) -> None:
        self.redis_url = redis_url
        self.clock = TurnedClock()
        self.signals = signals
        self.live = live

    def standings(self, most: int = 10) -> Standings[str, int]:
        """Make standings of numbers."""
        return Standings(self.signals, self.clock, most=most)

    async def touch(self, *hosts: UUID, page: UUID | None = None) -> None:
        """Let something happen to hosts and a page."""
        await self.live.announce([event_of(*hosts, page=page)], self.clock(), wake=False)


def event_of(*hosts: UUID, page: UUID | None = None) -> Happened:
    """Make the event of something that touched hosts and a page."""
    touched = tuple(UserId(host) for host in hosts)
    return Happened(
        EventKind.HOURS_CHANGED, ORGANIZATION, hosts=touched, page_id=PageId(page) if page else None
    )


@asynccontextmanager
async def listening(redis_url: str) -> AsyncGenerator[Setting, None]:
    """Listen to signals until the block ends."""
    redis = connect(redis_url, deadline_s=5)
    live = Live(redis)
    signals = Signals(live)
    heard = asyncio.Event()
    signals.listen(lambda _: heard.set())
    running = asyncio.create_task(signals.run())
    try:
        await heard.wait()
        yield Setting(signals, live, redis_url)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await redis.aclose()


@pytest.fixture
async def setting(redis_url: str) -> AsyncGenerator[Setting, None]:
    async with listening(redis_url) as made:
        yield made


async def value(found: Standing[int] | Awaitable[Standing[int]]) -> int:
    """Give what was found, awaited or not."""
    return (await found if isawaitable(found) else found).value  # type: ignore[union-attr]


async def test_what_was_found_is_given_again_at_once(setting: Setting) -> None:
    standings, looks = setting.standings(), Looks(setting.clock, ADA)

    first = await value(standings.find("a", looks.look))
    again = standings.find("a", looks.look)

    assert isinstance(again, Standing)
    assert (first, again.value, again.stands(), looks.count) == (1, 1, True, 1)


@pytest.mark.parametrize("touched", [{"hosts": (ADA,)}, {"hosts": (GRACE, ADA)}, {"hosts": (), "page": PAGE}])
async def test_a_touch_drops_what_follows_from_it_before_the_announcement_ends(
    setting: Setting, touched: dict[str, Any]
) -> None:
    standings, looks = setting.standings(), Looks(setting.clock, ADA, PAGE)
    await value(standings.find("a", looks.look))
    kept = standings.find("a", looks.look)
    assert isinstance(kept, Standing)

    await setting.touch(*touched["hosts"], page=touched.get("page"))

    assert not kept.stands()
    assert await value(standings.find("a", looks.look)) == 2


async def test_a_touch_of_others_leaves_it(setting: Setting) -> None:
    standings, looks = setting.standings(), Looks(setting.clock, ADA)
    await value(standings.find("a", looks.look))

    await setting.touch(GRACE)

    assert await value(standings.find("a", looks.look)) == 1


async def test_it_ends_by_itself(setting: Setting) -> None:
    standings, looks = setting.standings(), Looks(setting.clock, ADA)
    await value(standings.find("a", looks.look))

    setting.clock.turn(minutes=1)

    assert await value(standings.find("a", looks.look)) == 2


async def test_all_who_ask_at_once_wait_for_one_look(setting: Setting) -> None:
    standings, looks = setting.standings(), Looks(setting.clock, ADA)

    found = await asyncio.gather(*(value(standings.find("a", looks.look)) for _ in range(20)))

    assert (found, looks.count) == ([1] * 20, 1)


async def test_what_was_touched_during_the_look_is_shown_but_not_kept(setting: Setting) -> None:
    standings, looks = setting.standings(), Looks(setting.clock, ADA)
    looks.may_end.clear()
    first = asyncio.create_task(value(standings.find("a", looks.look, frozenset({ADA}))))
    await looks.begun.wait()

    await setting.touch(ADA)
    later = asyncio.create_task(value(standings.find("a", looks.look, frozenset({ADA}))))
    await asyncio.sleep(0)
    looks.may_end.set()

    assert (await first, await later) == (1, 2)


async def test_a_look_about_others_is_kept_whatever_happens_meanwhile(setting: Setting) -> None:
    standings, looks = setting.standings(), Looks(setting.clock, ADA)
    looks.may_end.clear()
    first = asyncio.create_task(value(standings.find("a", looks.look, frozenset({ADA}))))
    await looks.begun.wait()

    await setting.touch(GRACE)
    looks.may_end.set()
    await first

    assert isinstance(standings.find("a", looks.look), Standing)


async def test_a_refusal_is_told_to_all_and_not_kept(setting: Setting) -> None:
    standings, looks = setting.standings(), Looks(setting.clock, ADA)
    looks.refusal = NotFound("slug")
    refused = await asyncio.gather(
        *(value(standings.find("a", looks.look)) for _ in range(3)), return_exceptions=True
    )
    looks.refusal = None

    assert [type(one) for one in refused] == [NotFound] * 3
    assert await value(standings.find("a", looks.look)) == 2


async def test_who_stops_waiting_does_not_stop_the_look_for_others(setting: Setting) -> None:
    standings, looks = setting.standings(), Looks(setting.clock, ADA)
    looks.may_end.clear()
    impatient = asyncio.create_task(value(standings.find("a", looks.look)))
    patient = asyncio.create_task(value(standings.find("a", looks.look)))
    await looks.begun.wait()

    impatient.cancel()
    await asyncio.gather(impatient, return_exceptions=True)
    looks.may_end.set()

    assert (await patient, looks.count) == (1, 1)


async def test_the_least_recently_shown_ones_are_given_up(setting: Setting) -> None:
    standings, looks = setting.standings(most=2), Looks(setting.clock, ADA)
    for key in ("a", "b", "a", "c"):
        await value(standings.find(key, looks.look))

    assert isinstance(standings.find("a", looks.look), Standing)
    assert await value(standings.find("b", looks.look)) == 4


async def test_without_signals_nothing_is_kept(redis_url: str) -> None:
    redis = connect(redis_url, deadline_s=5)
    live = Live(redis)
    setting = Setting(Signals(live), live, redis_url)
    standings, looks = setting.standings(), Looks(setting.clock, ADA)

    found: list[Callable[[], int] | int] = [await value(standings.find("a", looks.look)) for _ in range(2)]

    assert found == [1, 2]
    await redis.aclose()


async def test_when_signals_end_everything_is_dropped(redis_url: str) -> None:
    async with listening(redis_url) as setting:
        standings, looks = setting.standings(), Looks(setting.clock, ADA)
        await value(standings.find("a", looks.look))
        kept = standings.find("a", looks.look)

    assert isinstance(kept, Standing)
    assert not kept.stands()


async def test_what_this_process_did_is_handed_on_once_and_others_twice_if_they_say_it_twice(
    setting: Setting,
) -> None:
    heard: list[Happened] = []
    last = asyncio.Event()
    setting.signals.listen(lambda event: heard.append(event) if event else None)
    setting.signals.listen(lambda event: last.set() if event and event.hosts == (GRACE,) else None)
    other = connect(setting.redis_url, deadline_s=5)
    theirs = announcement(event_of(ADA, page=PAGE), setting.clock())

    await setting.touch(ADA)
    for data in (theirs, theirs, announcement(event_of(GRACE), setting.clock())):
        await other.publish(EVENTS, data)
    await last.wait()

    assert [event.hosts for event in heard] == [(ADA,), (ADA,), (ADA,), (GRACE,)]
    assert [event.page_id for event in heard] == [None, PAGE, PAGE, None]
    await other.aclose()

"""When hosts are busy: one call a connection, copies for display alone, and no failure that looks free."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta

import pytest

from domain.calendars import Freshness, Provider
from domain.statuses import USUAL, BusyStatus, Kind, StatusRule
from services.busy import Known
from storage.freebusy import WEEK, weeks_of
from tests.calendars import DAY, FEED, HOME, NOW, WORK, World, at, eventually, opened_world, passes

pytestmark = pytest.mark.anyio

TENTATIVE = Kind(BusyStatus.TENTATIVE)
BOTH = ((at(9), at(10)), (at(14), at(15)))


@pytest.fixture
async def world(database_url: str, redis_url: str) -> AsyncGenerator[World, None]:
    """Open a world."""
    async with opened_world(database_url, redis_url) as opened:
        yield opened


async def test_busy_is_the_union_of_all_calendars_that_count(world: World) -> None:
    """R006."""
    ada = await world.host()
    await world.connected(ada)

    found = await world.busy.of(await world.calendars_of(ada), DAY, live=False)

    assert found == {ada.user_id: Known(BOTH, Freshness.LIVE, NOW)}


async def test_calendar_that_does_not_count_is_not_asked(world: World) -> None:
    ada = await world.host()
    linked = await world.connected(ada)
    home = next(calendar for calendar in linked.calendars if calendar.remote_url == HOME)
    await world.calendars.update_calendar(ada, home.id, counts_as_busy=False)

    found = await world.busy.of(await world.calendars_of(ada), DAY, live=False)

    assert found == {ada.user_id: Known(((at(9), at(10)),), Freshness.LIVE, NOW)}
    assert [calendars for calendars, _ in world.provider.asked] == [(WORK,)]


async def test_all_calendars_of_a_connection_are_asked_in_one_call_for_whole_weeks(world: World) -> None:
    """R062: nothing is named in the question but calendars and a window."""
    ada = await world.host()
    await world.connected(ada)
    week = weeks_of(DAY)[0]

    await world.busy.of(await world.calendars_of(ada), DAY, live=False)

    assert world.provider.asked == [((HOME, WORK), (week * WEEK, (week + 1) * WEEK))]


async def test_hosts_are_asked_at_once(world: World) -> None:
    ada, bob = await world.host("Ada"), await world.host("Bob")
    await world.connected(ada)
    await world.connected(bob)
    hosts = await world.calendars_of(ada, bob)
    world.provider.close()

    asking = asyncio.create_task(world.busy.of(hosts, DAY, live=True))
    await eventually(lambda: world.provider.calls == ["busy", "busy"])
    world.provider.opened.set()

    assert set(await asking) == {ada.user_id, bob.user_id}


async def test_second_look_within_seconds_is_answered_by_the_copy(world: World) -> None:
    """R015, D03."""
    ada = await world.host()
    await world.connected(ada)
    hosts = await world.calendars_of(ada)
    await world.busy.of(hosts, DAY, live=False)
    world.provider.busy_at[WORK] = []

    found = await world.busy.of(hosts, DAY, live=False)

    assert found == {ada.user_id: Known(BOTH, Freshness.RECENT, NOW)}
    assert world.provider.calls == ["busy"]


async def test_booking_never_looks_at_the_copy_and_makes_it_new(world: World) -> None:
    """D03."""
    ada = await world.host()
    await world.connected(ada)
    hosts = await world.calendars_of(ada)
    await world.busy.of(hosts, DAY, live=False)
    world.provider.busy_at[WORK] = [(at(16), at(17))]

    decided = await world.busy.of(hosts, DAY, live=True)
    shown = await world.busy.of(hosts, DAY, live=False)

    now = ((at(14), at(15)), (at(16), at(17)))
    assert decided == {ada.user_id: Known(now, Freshness.LIVE, NOW)}
    assert shown == {ada.user_id: Known(now, Freshness.RECENT, NOW)}


async def test_only_the_weeks_that_are_missing_are_asked_for(world: World) -> None:
    ada = await world.host()
    await world.connected(ada)
    hosts = await world.calendars_of(ada)
    await world.busy.of(hosts, DAY, live=False)
    first = weeks_of(DAY)[0]

    found = await world.busy.of(hosts, (DAY[0], DAY[1] + WEEK), live=False)

    assert [window for _, window in world.provider.asked] == [
        (first * WEEK, (first + 1) * WEEK),
        ((first + 1) * WEEK, (first + 2) * WEEK),
    ]
    assert found == {ada.user_id: Known(BOTH, Freshness.RECENT, NOW)}


async def test_answer_tells_when_its_oldest_part_was_asked_for(world: World) -> None:
    ada = await world.host()
    await world.connected(ada)
    hosts = await world.calendars_of(ada)
    await world.busy.of(hosts, DAY, live=False)
    world.clock.turn(seconds=10)

    copied = await world.busy.of(hosts, DAY, live=False)
    mixed = await world.busy.of(hosts, (DAY[0], DAY[1] + WEEK), live=False)
    decided = await world.busy.of(hosts, DAY, live=True)

    assert copied == {ada.user_id: Known(BOTH, Freshness.RECENT, NOW)}
    assert mixed == {ada.user_id: Known(BOTH, Freshness.RECENT, NOW)}
    assert decided == {ada.user_id: Known(BOTH, Freshness.LIVE, NOW + timedelta(seconds=10))}


async def test_time_that_a_provider_takes_to_answer_counts_as_age(world: World) -> None:
    ada = await world.host()
    await world.connected(ada)
    hosts = await world.calendars_of(ada)
    world.provider.close()

    asking = asyncio.create_task(world.busy.of(hosts, DAY, live=True))
    await world.provider.entered.wait()
    world.clock.turn(seconds=3)
    world.provider.opened.set()
    answered = await asking
    copied = await world.busy.of(hosts, DAY, live=False)

    assert answered == {ada.user_id: Known(BOTH, Freshness.LIVE, NOW)}
    assert copied == {ada.user_id: Known(BOTH, Freshness.RECENT, NOW)}


async def test_host_of_whom_nothing_is_asked_is_known_as_of_now(world: World) -> None:
    ada = await world.host()
    linked = await world.connected(ada)
    for calendar in linked.calendars:
        await world.calendars.update_calendar(ada, calendar.id, counts_as_busy=False)

    found = await world.busy.of(await world.calendars_of(ada), DAY, live=True)

    assert found == {ada.user_id: Known((), Freshness.LIVE, NOW)}
    assert world.provider.calls == []


async def test_touched_connection_is_asked_again(world: World) -> None:
    ada = await world.host()
    linked = await world.connected(ada)
    hosts = await world.calendars_of(ada)
    await world.busy.of(hosts, DAY, live=False)
    world.provider.busy_at[WORK] = []

    await world.busy.drop([linked.connection.id])
    found = await world.busy.of(hosts, DAY, live=False)

    assert found == {ada.user_id: Known(((at(14), at(15)),), Freshness.LIVE, NOW)}


async def test_all_who_look_share_one_call(world: World) -> None:
    ada = await world.host()
    await world.connected(ada)
    hosts = await world.calendars_of(ada)
    world.provider.close()

    asking = [asyncio.create_task(world.busy.of(hosts, DAY, live=False)) for _ in range(20)]
    await eventually(lambda: world.copies.looks == len(asking))
    await passes()  # who has found no copy joins the call before the loop has gone round so often
    world.provider.opened.set()
    answers = await asyncio.gather(*asking)

    assert world.provider.calls == ["busy"]
    assert answers == [{ada.user_id: Known(BOTH, Freshness.LIVE, NOW)}] * 20


async def test_who_books_does_not_join_a_call_that_was_sent_before(world: World) -> None:
    """D03: what decides is true after it was asked for."""
    ada = await world.host()
    await world.connected(ada)
    hosts = await world.calendars_of(ada)
    world.provider.close()

    looking = asyncio.create_task(world.busy.of(hosts, DAY, live=False))
    await world.provider.entered.wait()
    booking = asyncio.create_task(world.busy.of(hosts, DAY, live=True))
    await eventually(lambda: world.provider.calls == ["busy", "busy"])
    world.provider.opened.set()
    await asyncio.gather(looking, booking)

    assert world.provider.calls == ["busy", "busy"]


async def test_crowd_that_books_makes_few_calls_at_once(world: World) -> None:
    """Two calls are under way; whoever comes later waits for the one that was not sent yet."""
    ada = await world.host()
    await world.connected(ada)
    hosts = await world.calendars_of(ada)
    world.provider.close()

    booking = [asyncio.create_task(world.busy.of(hosts, DAY, live=True))]
    await eventually(lambda: len(world.provider.calls) == 1)
    booking.append(asyncio.create_task(world.busy.of(hosts, DAY, live=True)))
    await eventually(lambda: len(world.provider.calls) == 2)
    booking.extend(asyncio.create_task(world.busy.of(hosts, DAY, live=True)) for _ in range(50))
    await eventually(lambda: world.copies.looks == 52)
    world.provider.opened.set()
    answers = await asyncio.gather(*booking)

    assert world.provider.calls == ["busy"] * 3
    assert answers == [{ada.user_id: Known(BOTH, Freshness.LIVE, NOW)}] * 52


async def test_who_stops_waiting_does_not_stop_the_others(world: World) -> None:
    ada = await world.host()
    await world.connected(ada)
    hosts = await world.calendars_of(ada)
    world.provider.close()

    first = asyncio.create_task(world.busy.of(hosts, DAY, live=False))
    await world.provider.entered.wait()
    second = asyncio.create_task(world.busy.of(hosts, DAY, live=False))
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    world.provider.opened.set()

    assert await second == {ada.user_id: Known(BOTH, Freshness.LIVE, NOW)}


async def test_feed_is_asked_by_an_address_that_stands_nowhere_in_the_clear(world: World) -> None:
    """X20: who knows the address of a private feed reads it, so it is kept like a password."""
    world.provider.busy_at[FEED] = [(at(12), at(13))]
    world.provider.remotes = world.provider.remotes[:1]
    ada = await world.host()
    await world.connected(ada, Provider.ICS)

    found = await world.busy.of(await world.calendars_of(ada), DAY, live=False)

    assert found == {ada.user_id: Known(((at(12), at(13)),), Freshness.LIVE, NOW)}
    everything = await world.rows("SELECT c.*, k.* FROM calendar_connections c, calendars k")
    assert "canary" not in str(everything)


async def test_pages_of_different_rules_never_share_what_does_not_serve_both(world: World) -> None:
    """X07: one question serves the usual rule, and one all others."""
    ada = await world.host()
    await world.connected(ada)
    hosts = await world.calendars_of(ada)
    world.provider.marked_at[WORK] = [(TENTATIVE, (at(11), at(12)))]
    rules = [USUAL, StatusRule(tentative=False), StatusRule(free=True), USUAL, StatusRule(tentative=False)]

    found = [await world.busy.of(hosts, DAY, rule=rule, live=False) for rule in rules]

    with_it = (BOTH[0], (at(11), at(12)), BOTH[1])
    assert [one[ada.user_id] for one in found] == [
        Known(with_it, Freshness.LIVE, NOW),
        Known(BOTH, Freshness.LIVE, NOW),
        Known(with_it, Freshness.RECENT, NOW),
        Known(with_it, Freshness.RECENT, NOW),
        Known(BOTH, Freshness.RECENT, NOW),
    ]
    assert world.provider.by_status == [False, True]


async def test_touch_forgets_what_was_asked_for_by_either_question(world: World) -> None:
    """X07."""
    ada = await world.host()
    linked = await world.connected(ada)
    hosts = await world.calendars_of(ada)
    rules = [USUAL, StatusRule(tentative=False)]
    before = [await world.busy.of(hosts, DAY, rule=rule, live=False) for rule in rules]
    world.provider.busy_at[WORK] = []

    await world.busy.drop([linked.connection.id])
    after = [await world.busy.of(hosts, DAY, rule=rule, live=False) for rule in rules]

    assert before == [{ada.user_id: Known(BOTH, Freshness.LIVE, NOW)}] * 2
    assert after == [{ada.user_id: Known(BOTH[1:], Freshness.LIVE, NOW)}] * 2

"""Calendars that count on one page and not on another: asked for at once, and told each for itself."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from dataclasses import replace

import pytest

from domain.booking_pages import PageHost
from domain.calendars import Freshness, Provider
from domain.ids import CalendarId, UserId
from domain.intervals import Span
from domain.slots import Unknown
from domain.users import SignedIn
from integrations.ports import Transient
from services.busy import Answer, Known
from storage.base import new_id
from storage.calendars import HostCalendars
from tests.calendars import DAY, FEED, HOME, NOW, WORK, World, at, eventually, opened_world, passes

pytestmark = pytest.mark.anyio

AT_WORK, AT_HOME = (at(9), at(10)), (at(14), at(15))
REFUSED = "UPDATE calendar_connections SET state = 'needs_reconnection' WHERE provider = 'caldav'"
ALL: dict[str, tuple[Span, ...]] = {"both": (AT_WORK, AT_HOME), WORK: (AT_WORK,), HOME: (AT_HOME,)}


@pytest.fixture
async def world(database_url: str, redis_url: str) -> AsyncGenerator[World, None]:
    """Open a world."""
    async with opened_world(database_url, redis_url) as opened:
        yield opened


async def ids_of(world: World, host: SignedIn) -> dict[str, CalendarId]:
    """Name a host's calendars by their addresses."""
    links = (await world.calendars_of(host))[host.user_id].links
    return {calendar.remote_url: calendar.id for linked in links for calendar in linked.calendars}


async def counting(world: World, host: SignedIn, *chosen: CalendarId) -> Mapping[UserId, HostCalendars]:
    """Store a page on which only these calendars of its host count, and load what says when they are busy."""
    page, counted = world.page([host]), frozenset(chosen)
    async with world.units.begin() as unit:
        await unit.pages.add(replace(page, hosts=(PageHost(host.user_id, None, counted=counted),)))
    async with world.units.read() as unit:
        stored = await unit.pages.by_id(page.organization_id, page.id)
    assert stored is not None
    assert stored.counted_of(host.user_id) == counted
    return await seen(world, host, *chosen)


async def seen(world: World, host: SignedIn, *chosen: CalendarId) -> Mapping[UserId, HostCalendars]:
    """Load what says when a host is busy, with the calendars that count on the page that is asked about."""
    found = await world.calendars_of(host)
    return {id_: replace(calendars, chosen=frozenset(chosen) or None) for id_, calendars in found.items()}


async def ask(world: World, hosts: Mapping[UserId, HostCalendars], *, live: bool = False) -> Answer:
    """Ask when the only host is busy."""
    [answer] = (await world.busy.of(hosts, DAY, live=live)).values()
    return answer


@pytest.mark.parametrize("is_home_counted_elsewhere", [True, False])
@pytest.mark.parametrize("order", [("both", WORK, HOME), (HOME, WORK, "both"), (WORK, "both", HOME)])
async def test_whoever_asks_first_nobody_sees_the_choice_of_another_page(
    world: World, order: tuple[str, ...], is_home_counted_elsewhere: bool
) -> None:
    """D02, D03: one call for all pages, shown again from its copy; also live, where each asks anew."""
    ada = await world.host()
    await world.connected(ada)
    ids = await ids_of(world, ada)
    await world.calendars.update_calendar(ada, ids[HOME], counts_as_busy=is_home_counted_elsewhere)
    for url in (WORK, HOME):
        await counting(world, ada, ids[url])
    pages = {url: await seen(world, ada, ids[url]) for url in (WORK, HOME)}
    pages["both"] = await seen(world, ada)
    expected = ALL if is_home_counted_elsewhere else ALL | {"both": (AT_WORK,)}

    first = [await ask(world, pages[name]) for name in order]
    decided = [await ask(world, pages[name], live=True) for name in order]
    again = [await ask(world, pages[name]) for name in order]

    assert [one.spans if isinstance(one, Known) else one for one in first] == [expected[one] for one in order]
    assert [one.freshness for one in first if isinstance(one, Known)] == [
        Freshness.LIVE,
        Freshness.RECENT,
        Freshness.RECENT,
    ]
    assert decided == [Known(expected[name], Freshness.LIVE, NOW) for name in order]
    assert again == [Known(expected[name], Freshness.RECENT, NOW) for name in order]
    assert world.provider.calls == ["busy"] * 4
    assert {calendars for calendars, _ in world.provider.asked} == {(HOME, WORK)}


async def test_pages_that_are_asked_about_at_once_share_one_call(world: World) -> None:
    ada = await world.host()
    await world.connected(ada)
    ids = await ids_of(world, ada)
    await counting(world, ada, ids[HOME])
    pages = {url: await seen(world, ada, ids[url]) for url in (WORK, HOME)}
    pages["both"] = await seen(world, ada)
    world.provider.close()

    asking = {name: asyncio.create_task(ask(world, hosts)) for name, hosts in pages.items()}
    await eventually(lambda: world.copies.looks == len(asking))
    await passes()
    world.provider.opened.set()
    answers = {name: await task for name, task in asking.items()}

    assert answers == {name: Known(spans, Freshness.LIVE, NOW) for name, spans in ALL.items()}
    assert world.provider.calls == ["busy"]


async def test_choice_of_a_moment_ago_does_not_find_the_copy_of_before(world: World) -> None:
    """A calendar that counted nowhere is not in the copy: it is asked for, and never taken to be free."""
    ada = await world.host()
    await world.connected(ada)
    ids = await ids_of(world, ada)
    await world.calendars.update_calendar(ada, ids[HOME], counts_as_busy=False)
    before = await ask(world, await seen(world, ada))

    after = await ask(world, await counting(world, ada, ids[HOME]))

    assert before == Known((AT_WORK,), Freshness.LIVE, NOW)
    assert after == Known((AT_HOME,), Freshness.LIVE, NOW)


@pytest.mark.parametrize("is_live", [False, True])
async def test_chosen_calendar_that_says_nothing_makes_its_host_unknown(world: World, is_live: bool) -> None:
    """D05, D06: one that fails, one whose access was refused, one that has vanished, one that was ended."""
    ada = await world.host()
    linked = await world.connected(ada)
    feed = await world.connected(ada, Provider.ICS)
    ids = await ids_of(world, ada)
    both = [ids[WORK], feed.calendars[0].id]
    world.provider.failure = Transient("provider_error")

    failing = await ask(world, await seen(world, ada, *both), live=is_live)
    world.provider.failure = None
    await world.change(
        "UPDATE calendar_connections SET state = 'needs_reconnection' WHERE provider = 'caldav'"
    )
    refused = await ask(world, await seen(world, ada, *both), live=is_live)
    await world.change("UPDATE calendar_connections SET state = 'connected'")
    vanished = await ask(world, await seen(world, ada, *both, CalendarId(new_id())), live=is_live)
    await world.calendars.disconnect(ada, linked.connection.id)
    ended = await ask(world, await seen(world, ada, *both), live=is_live)
    left = await ask(world, await seen(world, ada, both[1]), live=True)
    await world.calendars.disconnect(ada, feed.connection.id)
    all_ended = await ask(world, await seen(world, ada, *both), live=is_live)

    gone = Unknown("calendar_gone")
    assert [failing, refused] == [Unknown("provider_error"), Unknown("needs_reconnection")]
    assert [vanished, ended, all_ended] == [gone] * 3
    assert left == Known((), Freshness.LIVE, NOW)


async def test_connection_of_which_nothing_counts_is_neither_asked_nor_missed(world: World) -> None:
    """Also while it fails, the page sees what does count."""
    ada = await world.host()
    await world.connected(ada)
    feed = await world.connected(ada, Provider.ICS)
    world.provider.busy_at[FEED] = [(at(12), at(13))]
    await world.change(
        "UPDATE calendar_connections SET state = 'needs_reconnection' WHERE provider = 'caldav'"
    )

    found = await ask(world, await counting(world, ada, feed.calendars[0].id))

    assert found == Known(((at(12), at(13)),), Freshness.LIVE, NOW)
    assert [calendars for calendars, _ in world.provider.asked] == [(FEED,)]
    assert await ask(world, await seen(world, ada)) == Unknown("needs_reconnection")


async def test_calendar_is_watched_as_long_as_a_page_counts_it(world: World) -> None:
    """R112: it counts nowhere else."""
    ada = await world.host()
    linked = await world.connected(ada)
    ids = await ids_of(world, ada)
    await counting(world, ada, ids[HOME])

    async with world.units.read() as unit:
        counted = await unit.calendars.watches.counted_elsewhere(ada.organization_id, linked.connection.id)
    await world.change("UPDATE booking_pages SET deleted_at = now()")
    async with world.units.read() as unit:
        later = await unit.calendars.watches.counted_elsewhere(ada.organization_id, linked.connection.id)

    assert (counted, later) == (frozenset({HOME}), frozenset())

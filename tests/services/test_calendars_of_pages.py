"""Pages whose owner has chosen a calendar for them: which may be chosen, who it is for, and its end."""

from collections.abc import AsyncGenerator
from dataclasses import replace

import pytest

from domain.booking_pages import BookingPage
from domain.calendars import Calendar, Provider
from domain.errors import InvalidInput, NotFound
from domain.ids import CalendarId
from domain.page_settings import PageSettings
from domain.users import SignedIn
from services.booking_pages import BookingPages
from tests.calendars import HOME, WORK, World, opened_world

pytestmark = pytest.mark.anyio

INTRO = PageSettings("intro", "Introduction", 30)


@pytest.fixture
async def world(database_url: str, redis_url: str) -> AsyncGenerator[World, None]:
    """Open a world."""
    async with opened_world(database_url, redis_url) as opened:
        yield opened


@pytest.fixture
def pages(world: World) -> BookingPages:
    """Give the use cases."""
    return BookingPages(world.units)


async def calendar(world: World, host: SignedIn, url: str) -> Calendar:
    """Find one of a host's calendars."""
    [linked] = (await world.calendars_of(host))[host.user_id].links
    return next(one for one in linked.calendars if one.remote_url == url)


async def change(pages: BookingPages, host: SignedIn, page: BookingPage, **to: object) -> BookingPage:
    """Change some of a page's settings."""
    return await pages.update(host, page.id, lambda settings: replace(settings, **to))  # pyright: ignore[reportArgumentType] -- a test's own


async def test_only_a_calendar_of_ones_own_that_can_be_written_into_now_is_taken(
    world: World, pages: BookingPages
) -> None:
    """R113, R080; and nothing is stored of what is refused."""
    ada, eve = await world.host(), await world.host("Eve")
    await world.connected(ada)
    world.provider.remotes = [replace(remote, is_writable=False) for remote in world.provider.remotes]
    feed = await world.connected(eve, Provider.ICS)
    chosen = (await calendar(world, ada, HOME)).id
    page = await pages.create(ada, replace(INTRO, calendar_id=chosen))

    with pytest.raises(NotFound) as foreign:
        await change(pages, ada, page, calendar_id=feed.calendars[0].id)
    with pytest.raises(InvalidInput) as only_read:
        await pages.create(eve, replace(INTRO, calendar_id=feed.calendars[0].id))
    await world.change("UPDATE calendar_connections SET state = 'needs_reconnection'")
    with pytest.raises(InvalidInput) as broken:
        await change(pages, ada, page, calendar_id=(await calendar(world, ada, WORK)).id)

    assert [refused.value.path for refused in (foreign, only_read, broken)] == [("calendarId",)] * 3
    assert await world.rows("SELECT calendar_id FROM booking_pages") == [(chosen,)]


async def test_what_was_chosen_stays_through_other_changes_and_goes_with_its_connection(
    world: World, pages: BookingPages
) -> None:
    """Also while the connection is broken: the page can be changed, and keeps it."""
    ada = await world.host()
    linked = await world.connected(ada)
    page = await pages.create(ada, replace(INTRO, calendar_id=(await calendar(world, ada, HOME)).id))
    await world.change("UPDATE calendar_connections SET state = 'needs_reconnection'")

    renamed = await change(pages, ada, page, name="Hello")
    await world.calendars.disconnect(ada, linked.connection.id)
    again = await change(pages, ada, page, name="Hello again")

    assert (renamed.calendar_id, again.calendar_id) == (page.calendar_id, None)
    assert (await pages.by_id(ada, page.id)).calendar_id is None


async def test_chosen_calendar_is_the_owners_and_other_hosts_have_their_own(world: World) -> None:
    """R113: two hosts of one booking."""
    ada, bob = await world.host(), await world.host("Bob")
    await world.connected(ada)
    await world.connected(bob)
    booking_id = await world.booking(ada, bob)
    chosen = (await calendar(world, ada, HOME)).id
    await world.change("UPDATE booking_pages SET calendar_id = :chosen", chosen=chosen)

    await world.entries.settle(world.organization_id, booking_id, bob.user_id)
    await world.entries.settle(world.organization_id, booking_id, ada.user_id)

    assert [url for url, _ in world.provider.entries] == [WORK, HOME]


async def test_entry_stays_where_it_was_made_whatever_the_page_says_later(world: World) -> None:
    """Case 65."""
    ada = await world.host()
    await world.connected(ada)
    booking_id = await world.booking(ada)
    await world.change(
        "UPDATE booking_pages SET calendar_id = :chosen", chosen=(await calendar(world, ada, HOME)).id
    )
    await world.entries.settle(world.organization_id, booking_id, ada.user_id)
    await world.change("UPDATE booking_pages SET calendar_id = NULL")

    await world.move(booking_id, hour=15, version=2)
    await world.entries.settle(world.organization_id, booking_id, ada.user_id)
    moved = [url for url, _ in world.provider.entries]
    await world.cancel(booking_id, version=3)
    await world.entries.settle(world.organization_id, booking_id, ada.user_id)

    assert moved == [HOME]
    assert world.provider.entries == {}


async def test_calendar_that_can_only_be_read_by_now_gives_way_to_the_usual_one(world: World) -> None:
    ada = await world.host()
    await world.connected(ada)
    booking_id = await world.booking(ada)
    chosen: CalendarId = (await calendar(world, ada, HOME)).id
    await world.change("UPDATE booking_pages SET calendar_id = :chosen", chosen=chosen)
    await world.change("UPDATE calendars SET is_writable = false WHERE id = :chosen", chosen=chosen)

    await world.entries.settle(world.organization_id, booking_id, ada.user_id)

    assert [url for url, _ in world.provider.entries] == [WORK]

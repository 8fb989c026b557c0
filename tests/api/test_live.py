"""Slots that change on the open page by themselves, and a host's dashboard."""

import asyncio
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.installation import CANCEL, CHANGED, HOLD, Host, Installation, running
from tests.radicale import Radicale

pytestmark = pytest.mark.anyio

NINE = "2026-03-30T07:00:00Z"
TEN = "2026-03-30T08:00:00Z"
WINDOW = {"from": "2026-03-30T00:00:00Z", "to": "2026-03-31T00:00:00Z"}
CHANGED_FRESHNESS = """subscription ($slug: String!, $window: WindowInput!, $after: String) {
  openSlotsChanged(slug: $slug, window: $window, after: $after) { __typename
    ... on OpenSlotsEvent { revision cursor } ... on OpenSlotsState { freshness slots { start } }
    ... on OpenSlotsChange { freshness added { start } removed { start } } } }"""
BOOKINGS = """subscription ($after: String) { bookingsChanged(after: $after) { __typename
  ... on BookingsEvent { revision cursor } ... on BookingsState { bookings { start } }
  ... on BookingsChange { kind booking { start state } } } }"""


def starts(slots: list[dict[str, Any]]) -> list[str]:
    return [slot["start"] for slot in slots]


async def test_the_first_event_is_the_full_state(house: Installation, ada: Host) -> None:
    """X01."""
    slug = await house.page(ada)

    async with house.feed(CHANGED, slug=slug, window=WINDOW) as feed:
        state = (await feed.next())["openSlotsChanged"]

    assert state["__typename"] == "OpenSlotsState"
    assert starts(state["slots"]) == await house.starts(slug, datetime(2026, 3, 30, tzinfo=UTC))


async def test_a_hold_a_booking_and_a_cancellation_show_by_themselves(house: Installation, ada: Host) -> None:
    """X01, D02."""
    slug = await house.page(ada)
    async with house.feed(CHANGED, slug=slug, window=WINDOW) as feed:
        state = (await feed.next())["openSlotsChanged"]

        await house.ask(HOLD, input={"slug": slug, "start": NINE, "idempotencyKey": str(uuid4())})
        held = (await feed.next())["openSlotsChanged"]
        booked = await house.book(slug, TEN)
        taken = (await feed.next())["openSlotsChanged"]
        await house.ask(CANCEL, input={"token": booked["manageToken"]})
        back = (await feed.next())["openSlotsChanged"]

    assert (starts(held["removed"]), held["added"]) == ([NINE], [])
    assert starts(taken["removed"]) == [TEN]
    assert starts(back["added"]) == [TEN]
    assert state["revision"] < held["revision"] < taken["revision"] < back["revision"]


async def test_a_hold_that_ends_gives_its_slot_back_by_itself(house: Installation, ada: Host) -> None:
    slug = await house.page(ada)
    async with house.feed(CHANGED, slug=slug, window=WINDOW) as feed:
        await feed.next()
        await house.ask(HOLD, input={"slug": slug, "start": NINE, "idempotencyKey": str(uuid4())})
        await feed.next()

        house.clock.turn(minutes=5)
        await house.work()
        back = (await feed.next())["openSlotsChanged"]

    assert starts(back["added"]) == [NINE]


async def test_changed_hours_and_a_changed_page_show_by_themselves(house: Installation, ada: Host) -> None:
    slug = await house.page(ada)
    page = (await house.ask("{ bookingPages { nodes { id } } }", ada.token))["bookingPages"]["nodes"][0]
    async with house.feed(CHANGED, slug=slug, window=WINDOW) as feed:
        await feed.next()

        await house.ask(
            """mutation ($input: BookingPageUpdateInput!) { bookingPageUpdate(input: $input) {
              __typename } }""",
            ada.token,
            input={"id": page["id"], "durationMinutes": 240},
        )
        changed = (await feed.next())["openSlotsChanged"]

    assert starts(changed["added"]) == [NINE, "2026-03-30T11:00:00Z"]


async def test_a_page_that_is_switched_off_ends_the_stream_with_a_reason(
    house: Installation, ada: Host
) -> None:
    """R085, and rights are asked again at each event."""
    slug = await house.page(ada)
    page = (await house.ask("{ bookingPages { nodes { id } } }", ada.token))["bookingPages"]["nodes"][0]
    async with house.feed(CHANGED, slug=slug, window=WINDOW) as feed:
        await feed.next()

        await house.ask(
            """mutation ($input: BookingPageUpdateInput!) { bookingPageUpdate(input: $input) {
              __typename } }""",
            ada.token,
            input={"id": page["id"], "isActive": False},
        )
        end = (await feed.next())["openSlotsChanged"]
        complete = await feed.message()

    assert (end["__typename"], end["reason"]) == ("OpenSlotsEnd", "PAGE_UNAVAILABLE")
    assert complete["type"] == "complete"


async def test_who_comes_back_with_a_cursor_misses_nothing_and_gets_nothing_twice(
    house: Installation, ada: Host
) -> None:
    """X01."""
    slug = await house.page(ada)
    async with house.feed(CHANGED, slug=slug, window=WINDOW) as feed:
        seen = (await feed.next())["openSlotsChanged"]["cursor"]
    await house.book(slug, NINE)
    await house.book(slug, TEN)

    async with house.feed(CHANGED, slug=slug, window=WINDOW, after=seen) as feed:
        missed = (await feed.next())["openSlotsChanged"]
        cursor = missed["cursor"]
    async with house.feed(CHANGED, slug=slug, window=WINDOW, after=cursor) as feed:
        nothing_new = await feed.is_silent()

    assert missed["__typename"] == "OpenSlotsChange"
    assert starts(missed["removed"]) == [NINE, TEN]
    assert nothing_new


async def test_a_cursor_of_another_feed_is_answered_by_the_state(house: Installation, ada: Host) -> None:
    slug, other = await house.page(ada), await house.page(ada)
    async with house.feed(CHANGED, slug=other, window=WINDOW) as feed:
        foreign = (await feed.next())["openSlotsChanged"]["cursor"]

    async with house.feed(CHANGED, slug=slug, window=WINDOW, after=foreign) as feed:
        event = (await feed.next())["openSlotsChanged"]

    assert event["__typename"] == "OpenSlotsState"


async def test_a_calendar_is_asked_once_for_all_who_watch(
    house: Installation, ada: Host, radicale: Radicale
) -> None:
    """Case 87: one computation a page and window, whatever the number of subscribers."""
    slug = await house.page(ada)
    async with asyncio.TaskGroup() as group, house.feed(CHANGED, slug=slug, window=WINDOW) as first:
        await first.next()
        feeds = house.parts.services.feeds
        group.create_task(_watch(house, slug))
        group.create_task(_watch(house, slug))
        await house.book(slug, NINE)
        await first.next()

        assert feeds.computed <= 3


async def test_many_who_come_back_at_once_cost_one_snapshot_and_one_computation(
    house: Installation, ada: Host
) -> None:
    """Nothing stampedes when the clients of a process that ended come back with their cursors."""
    slug = await house.page(ada)
    async with house.feed(CHANGED, slug=slug, window=WINDOW) as feed:
        seen = (await feed.next())["openSlotsChanged"]["cursor"]
    await house.book(slug, NINE)
    feeds = house.parts.services.feeds
    computed, recalled = feeds.computed, feeds.recalled

    async with AsyncExitStack() as held:
        returned = [
            await held.enter_async_context(house.feed(CHANGED, slug=slug, window=WINDOW, after=seen))
            for _ in range(20)
        ]
        missed = [(await feed.next())["openSlotsChanged"] for feed in returned]

    assert [starts(event["removed"]) for event in missed] == [[NINE]] * 20
    assert len({event["cursor"] for event in missed}) == 1
    assert (feeds.computed - computed, feeds.recalled - recalled) == (1, 1)


async def test_calendars_that_cannot_be_read_any_more_are_told_though_no_slot_changed(
    database_url: str, redis_url: str, tmp_path: Path, radicale: Radicale
) -> None:
    sunday = {"from": "2026-03-29T00:00:00Z", "to": "2026-03-29T20:00:00Z"}
    async with running(database_url, redis_url, tmp_path, FREEBUSY_TTL_S="1") as house:
        ada = await house.sign_up()
        await house.connect_calendar(ada, radicale)
        slug = await house.page(ada)
        async with house.feed(CHANGED_FRESHNESS, slug=slug, window=sunday) as feed:
            state = (await feed.next())["openSlotsChanged"]
            await house.rows_changed("UPDATE calendar_connections SET state = 'needs_reconnection'")
            change = (await feed.next())["openSlotsChanged"]
        async with house.feed(CHANGED_FRESHNESS, slug=slug, window=sunday, after=state["cursor"]) as feed:
            missed = (await feed.next())["openSlotsChanged"]

    assert (state["freshness"], state["slots"]) == ("LIVE", [])
    assert (change["freshness"], change["added"], change["removed"]) == ("UNKNOWN", [], [])
    assert change["revision"] == state["revision"] + 1
    assert missed == change


async def _watch(house: Installation, slug: str) -> None:
    async with house.feed(CHANGED, slug=slug, window=WINDOW) as feed:
        await feed.next()


async def test_an_unknown_page_cannot_be_followed(house: Installation) -> None:
    async with house.feed(CHANGED, slug="nobody/nothing", window=WINDOW) as feed:
        message = await feed.message()

    assert message["type"] in {"error", "next"}
    assert "NOT_FOUND" in str(message)


async def test_a_hosts_dashboard_sees_the_state_and_then_each_change(house: Installation, ada: Host) -> None:
    slug = await house.page(ada)
    await house.book(slug, NINE)
    async with house.feed(BOOKINGS, ada.token) as feed:
        state = (await feed.next())["bookingsChanged"]
        booked = await house.book(slug, TEN)
        confirmed = (await feed.next())["bookingsChanged"]
        await house.ask(CANCEL, input={"token": booked["manageToken"]})
        cancelled = (await feed.next())["bookingsChanged"]

    assert starts(state["bookings"]) == [NINE]
    assert (confirmed["kind"], confirmed["booking"]["start"]) == ("CONFIRMED", TEN)
    assert (cancelled["kind"], cancelled["booking"]["state"]) == ("CANCELLED", "CANCELLED")


async def test_a_dashboard_that_comes_back_misses_nothing(house: Installation, ada: Host) -> None:
    slug = await house.page(ada)
    async with house.feed(BOOKINGS, ada.token) as feed:
        cursor = (await feed.next())["bookingsChanged"]["cursor"]
    await house.book(slug, NINE)
    await house.book(slug, TEN)

    async with house.feed(BOOKINGS, ada.token, after=cursor) as feed:
        first = (await feed.next())["bookingsChanged"]
        second = (await feed.next())["bookingsChanged"]
        silent = await feed.is_silent()

    assert [first["booking"]["start"], second["booking"]["start"]] == [NINE, TEN]
    assert silent


async def test_a_guest_has_no_dashboard(house: Installation) -> None:
    async with house.feed(BOOKINGS) as feed:
        message = await feed.message()

    assert "UNAUTHENTICATED" in str(message)


async def test_a_dashboard_ends_when_its_session_is_signed_out(house: Installation, ada: Host) -> None:
    """Case 99: no event after the right has ended."""
    slug = await house.page(ada)
    async with house.feed(BOOKINGS, ada.token) as feed:
        await feed.next()
        await house.ask("mutation { signOut { __typename } }", ada.token)
        await house.book(slug, NINE)
        ended = await feed.ending()

    assert ended == 4403

"""Watches are renewed before they end, mended when they break, and stopped with their connection."""

from datetime import timedelta
from typing import Any

import pytest

import workers.housekeeping as clock_table
from tests.api.watched import HALF, START, UNHEARD, WATCHED, booked, captured, post, standing
from tests.fakes.google_state import OWNER, READER
from tests.fakes.kit import Fault
from tests.street import DISCONNECT, HOST, PROVIDERS, Street

pytestmark = pytest.mark.anyio

CHOOSE = """mutation ($input: CalendarUpdateInput!) { calendarUpdate(input: $input) { __typename } }"""


@pytest.mark.parametrize("provider", WATCHED)
async def test_watch_is_renewed_when_two_thirds_of_its_life_are_over(street: Street, provider: str) -> None:
    """R112, case 192: before the last ends, and of two channels the old one is stopped."""
    one = await booked(street, provider, START + timedelta(days=10))
    [(state, ends_at, _)] = await one.watches()
    assert state == "live"
    assert ends_at - street.clock.now > timedelta(days=6, hours=23)

    street.clock.turn(days=4)
    assert await street.house.parts.services.watching.keep() == 0
    street.clock.turn(hours=17)
    assert await street.house.parts.services.watching.keep() == 1
    await street.house.work()

    [(state, renewed, failures)] = await one.watches()
    assert (state, failures) == ("live", 0)
    assert renewed > ends_at
    assert standing(street, provider) == 1
    street.clock.turn(days=3)  # the first would have ended
    await one.hand.deletes()
    await street.house.work()
    assert (await one.booking())["state"] == "CANCELLED"


@pytest.mark.parametrize("provider", WATCHED)
async def test_renewal_that_fails_is_tried_again_and_told_the_second_time(
    street: Street, provider: str
) -> None:
    """Case 192: alarm on the connection, gone when it works again."""
    one = await booked(street, provider)
    fake = street.fakes[provider]
    operations = ("events.watch", "watch", "prolong")
    for operation in operations:
        fake.fails(operation, *[Fault(status=503)] * 9)
    street.clock.turn(days=4, hours=17)

    seen: list[object] = []
    for _ in range(2):
        await street.house.parts.services.watching.keep()
        await street.house.work()
        [connection] = (await street.house.ask(UNHEARD, one.host.token))["calendarConnections"]
        seen.append(connection["unheardSince"])
        street.clock.turn(hours=1)
    fake.heals()
    street.clock.turn(hours=6)
    await street.house.parts.services.watching.keep()
    await street.house.work()

    assert seen[0] is None
    assert seen[1] is not None
    [connection] = (await street.house.ask(UNHEARD, one.host.token))["calendarConnections"]
    assert connection["unheardSince"] is None
    assert [state for state, _, _ in await one.watches()] == ["live"]


@pytest.mark.parametrize("event", ["missed", "subscriptionRemoved", "reauthorizationRequired"])
async def test_news_of_a_watch_is_followed(street: Street, event: str) -> None:
    """Case 192: what was missed is looked for, what ended begins anew, what must be renewed is."""
    one = await booked(street, "MICROSOFT")
    graph: Any = street.fakes["MICROSOFT"]
    [subscription] = graph.watching.standing.values()
    one.hand.deletes_unheard()
    street.clock.turn(days=1)

    await graph.watching.tells(event, subscription)
    await street.house.work()
    await one.later()

    assert graph.watching.answers[-1] == 202
    assert [state for state, _, _ in await one.watches()] == ["live"]
    assert len(graph.watching.standing) == 1
    is_new = subscription.id not in graph.watching.standing
    assert is_new == (event == "subscriptionRemoved")
    assert bool(graph.asked("prolong")) == (event == "reauthorizationRequired")
    cancelled = (await one.booking())["state"] == "CANCELLED"
    assert cancelled == (event != "reauthorizationRequired")


@pytest.mark.parametrize("provider", WATCHED)
async def test_disconnecting_stops_the_watches_before_the_grant_ends(street: Street, provider: str) -> None:
    """R112, case 62: nothing is heard or asked afterwards."""
    one = await booked(street, provider)
    fake: Any = street.fakes[provider]
    posts = await captured(one, provider)
    assert standing(street, provider) == 1

    await street.house.ask(DISCONNECT, one.host.token, input={"id": one.connection_id})
    await street.house.work()

    assert standing(street, provider) == 0
    assert await street.house.count("watches") + await street.house.count("looks") == 0
    asked = [call.operation for call in fake.calls]
    if provider == "GOOGLE":
        assert asked.index("channels.stop") < asked.index("revoke")
    calls = len(fake.calls)
    assert await post(one, *posts) in (202, 204)
    street.clock.turn(hours=4)
    await street.house.parts.services.watching.keep()
    await street.house.parts.services.looking.plan_overdue()
    await street.house.work()
    assert len(fake.calls) == calls


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_without_visitors_nobody_is_asked_for_busy_times_for_a_day(
    street: Street, provider: str
) -> None:
    """Case 167, D02: pings, looks and renewals ask for entries of ours, and for nothing else."""
    one = await booked(street, provider)
    before = one.hand.busy_calls()

    for _ in range(24):
        street.clock.turn(hours=1)
        await one.hand.moves(START, START + HALF)
        await street.house.parts.services.watching.keep()
        await street.house.parts.services.looking.plan_overdue()
        await street.house.work()

    assert one.hand.busy_calls() == before
    assert one.hand.reads() > 0


async def test_calendar_of_others_that_cannot_be_watched_is_no_alarm(street: Street) -> None:
    """D06: the scopes reach no further than the user's own calendars; nothing of ours is in others."""
    host = await street.house.sign_up()
    google: Any = street.fakes["GOOGLE"]
    google.add_calendar(HOST, "Team", role=READER)
    connection = await street.connect(host, "GOOGLE")
    [team] = [calendar for calendar in connection["calendars"] if calendar["name"] == "Team"]
    await street.house.ask(CHOOSE, host.token, input={"id": team["id"], "countsAsBusy": True})

    for _ in range(3):
        street.clock.turn(days=1)
        await street.house.parts.services.watching.keep()
        await street.house.work()

    assert len(google.pushes.channels) == 1
    refused = await street.house.rows("SELECT failures, due_at FROM watches WHERE state = 'opening'")
    assert refused == [(0, street.clock.now + timedelta(days=1))]
    [seen] = (await street.house.ask(UNHEARD, host.token))["calendarConnections"]
    assert seen == {"state": "CONNECTED", "unheardSince": None}


async def test_calendar_that_is_chosen_no_more_is_watched_no_more(street: Street) -> None:
    """And one that is chosen is, at once."""
    host = await street.house.sign_up()
    google: Any = street.fakes["GOOGLE"]
    google.add_calendar(HOST, "Private", role=OWNER)
    connection = await street.connect(host, "GOOGLE")
    await street.house.work()
    assert len(google.pushes.channels) == 2
    [private] = [calendar for calendar in connection["calendars"] if calendar["name"] == "Private"]

    await street.house.ask(CHOOSE, host.token, input={"id": private["id"], "countsAsBusy": False})
    await street.house.work()
    left = [channel.calendar_id for channel in google.pushes.channels.values()]
    await street.house.ask(CHOOSE, host.token, input={"id": private["id"], "countsAsBusy": True})
    await street.house.work()

    assert left == [HOST]
    assert len(google.pushes.channels) == 2


async def test_clock_table_opens_what_is_missing_and_compares_what_is_overdue(street: Street) -> None:
    """Case 192: as the worker's clock does it."""
    one = await booked(street, "GOOGLE")
    google: Any = street.fakes["GOOGLE"]
    google.pushes.channels.clear()
    await street.house.rows_changed("DELETE FROM watches")
    one.hand.deletes_unheard()
    street.clock.turn(hours=4)
    ctx = {"services": street.house.parts.services}

    assert await clock_table.keep_watches(ctx) == 1
    assert await clock_table.look_again(ctx) == 1
    await street.house.work()
    assert await clock_table.keep_watches(ctx) == 0
    assert await clock_table.look_again(ctx) == 0

    assert len(google.pushes.channels) == 1
    assert (await one.booking())["state"] == "CANCELLED"

"""Rooms with calendars of their own: what stands there takes their time, unknown is busy (X27, D05)."""

from datetime import timedelta
from typing import Any

import pytest

from tests.api.test_counted_calendars import ELEVEN, MONDAY, NINE, TEN, WHOLE, freshness
from tests.api.test_resources import EXPLAIN, make, page_id, require, taken
from tests.fakes.google import GoogleFake
from tests.fakes.kit import Fault
from tests.installation import CHANGED, RESCHEDULE, Host, Installation, stamp
from tests.street import DISCONNECT, HOST, Street
from tests.teams import team_of

pytestmark = pytest.mark.anyio

HALF = timedelta(minutes=30)
SET = """mutation ($input: ResourceCalendarSetInput!) { resourceCalendarSet(input: $input) { __typename
  ... on ResourceCalendarSetPayload { resource { hasCalendar revision } } ... on Error { code path } } }"""


async def connect(house: Installation, host: Host, resource: str, calendar: str | None) -> dict[str, Any]:
    """Let a calendar take a resource's time; whatever comes of it."""
    given = {"id": resource, "calendarId": calendar}
    return (await house.ask(SET, host.token, input=given))["resourceCalendarSet"]


async def room_at_google(street: Street) -> tuple[Host, Host, str, str]:
    """Let an administrator have a room whose calendar has something at nine: them, a colleague, both ids.

    The colleague, who has a calendar elsewhere, hosts the pages.
    """
    house = street.house
    keeper = await house.sign_up("Keeper")
    (host,) = (await team_of(house, keeper, "Ben")).hosts[1:]
    google = street.fakes["GOOGLE"]
    assert isinstance(google, GoogleFake)
    google.add_calendar(HOST, "Oak").add(NINE, TEN)
    connection = await street.connect(keeper, "GOOGLE")
    (calendar,) = (one["id"] for one in connection["calendars"] if one["name"] == "Oak")
    await street.connect(host, "MICROSOFT")
    return keeper, host, calendar, connection["id"]


async def test_what_stands_in_a_rooms_calendar_takes_its_time(street: Street) -> None:
    """Shown, followed, explained, booked, moved; and the next room of the pool is taken instead."""
    house = street.house
    keeper, host, calendar, _ = await room_at_google(street)
    oak, elm = await make(house, keeper, "Oak"), await make(house, keeper, "Elm")
    one, either = await house.page(host), await house.page(host)
    await require(house, host, one, [oak])
    await require(house, host, either, [oak, elm])

    async with house.feed(CHANGED, slug=one, window=WHOLE) as feed:
        first = (await feed.next())["openSlotsChanged"]
        done = await connect(house, keeper, oak, calendar)
        change = (await feed.next())["openSlotsChanged"]
    explained = await house.ask(EXPLAIN, host.token, page=await page_id(house, host, one), start=stamp(NINE))
    refused = await house.book(one, stamp(NINE))
    later = await house.book(one, stamp(TEN))
    back = {"token": later["manageToken"], "start": stamp(NINE)}
    unmoved = (await house.ask(RESCHEDULE, input=back))["bookingReschedule"]
    await house.book(either, stamp(NINE))
    await connect(house, keeper, oak, None)
    again = await house.ask(RESCHEDULE, input={**back, "start": stamp(TEN.replace(hour=10))})

    assert first["slots"][0]["start"] == stamp(NINE)
    assert done["resource"] == {"hasCalendar": True, "revision": 2}
    assert [slot["start"] for slot in change["removed"]] == [stamp(NINE), stamp(NINE.replace(minute=30))]
    assert explained["explainSlot"]["refusals"] == [{"rule": "RESOURCE"}]
    assert [one["__typename"] for one in (refused, later, unmoved)] == [
        "SlotTakenError",
        "BookingCreatePayload",
        "SlotTakenError",
    ]
    assert again["bookingReschedule"]["__typename"] == "InviteeBookingPayload"
    assert [(start, names) for start, _, names in await taken(house, host)] == [
        (stamp(NINE), ["Elm"]),
        (stamp(TEN.replace(hour=10)), ["Oak"]),
    ]


@pytest.mark.parametrize("how", ["fails", "is disconnected"])
async def test_a_room_whose_calendar_says_nothing_is_busy(street: Street, how: str) -> None:
    """D05: it is offered by no page, another of its pool is; what may pass is to be tried again."""
    house = street.house
    keeper, host, calendar, connection = await room_at_google(street)
    oak, elm = await make(house, keeper, "Oak"), await make(house, keeper, "Elm")
    one, either = await house.page(host), await house.page(host)
    await require(house, host, one, [oak])
    await require(house, host, either, [oak, elm])
    await connect(house, keeper, oak, calendar)
    before = await freshness(house, one)

    if how == "fails":
        street.fakes["GOOGLE"].fails("*", *[Fault(503)] * 20)
        street.clock.turn(seconds=31)
        await house.redis("FLUSHALL")
    else:
        await house.ask(DISCONNECT, keeper.token, input={"id": connection})
    found = await freshness(house, one), await freshness(house, either)
    refused = await house.book(one, stamp(TEN))
    booked = await house.book(either, stamp(TEN))

    assert before == ("LIVE", 14)
    assert found[0] == ("UNKNOWN", 0)
    assert found[1][1] == 16
    assert refused["__typename"] == {"fails": "TryAgainError"}.get(how, "SlotTakenError")
    assert booked["__typename"] == "BookingCreatePayload"
    assert [names for _, _, names in await taken(house, host)] == [["Elm"]]


async def test_an_administrator_connects_calendars_of_their_own_alone(street: Street) -> None:
    """R080: nobody else's calendar; and the administrator's own pages read the same account as before."""
    house = street.house
    keeper, host, calendar, _ = await room_at_google(street)
    oak = await make(house, keeper, "Oak")
    theirs = await house.ask("{ calendarConnections { calendars { id } } }", host.token)
    (other,) = (one["id"] for link in theirs["calendarConnections"] for one in link["calendars"][:1])
    denied = await connect(house, host, oak, calendar)
    unknown = await connect(house, keeper, oak, other)
    own = await house.page(keeper)
    await connect(house, keeper, oak, calendar)
    await require(house, keeper, own, [oak])
    asked = len(street.fakes["GOOGLE"].asked("freebusy.query"))

    shown = await house.starts(own, MONDAY)
    after = len(street.fakes["GOOGLE"].asked("freebusy.query"))

    assert (denied["code"], unknown["code"], unknown["path"]) == ("NOT_ALLOWED", "NOT_FOUND", ["calendarId"])
    assert shown[0] == stamp(TEN)
    assert after - asked == 1


async def test_a_booking_moves_within_its_own_time_though_it_stands_in_the_rooms_calendar(
    street: Street,
) -> None:
    """Who hosts it has entered it there; what else stands there takes the room's time all the same."""
    house = street.house
    keeper, host, calendar, _ = await room_at_google(street)
    oak = await make(house, keeper, "Oak")
    one = await house.page(host, durationMinutes=60, intervalMinutes=30)
    await require(house, host, one, [oak])
    await connect(house, keeper, oak, calendar)
    google = street.fakes["GOOGLE"]
    assert isinstance(google, GoogleFake)
    room = next(each for each in google.calendars.values() if each.summary == "Oak")
    booked = await house.book(one, stamp(TEN))
    room.add(TEN, ELEVEN)
    room.add(ELEVEN + HALF, ELEVEN + 2 * HALF)

    moved = [
        (await house.ask(RESCHEDULE, input={"token": booked["manageToken"], "start": stamp(start)}))[
            "bookingReschedule"
        ]["__typename"]
        for start in (ELEVEN, TEN + HALF)
    ]

    assert moved == ["SlotTakenError", "InviteeBookingPayload"]

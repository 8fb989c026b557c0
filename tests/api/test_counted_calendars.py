"""Calendars that count on one page alone, through the API: each host says so for themselves."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.calendars import eventually
from tests.fakes.google import GoogleFake
from tests.fakes.kit import Fault
from tests.installation import CHANGED, HOLD, RESCHEDULE, Host, Installation, booking, stamp
from tests.street import DAY, DISCONNECT, HOST, Street
from tests.teams import team_of

pytestmark = pytest.mark.anyio

MONDAY = datetime.fromisoformat(f"{DAY}T00:00:00Z")
NINE = MONDAY + timedelta(hours=7)  # in Berlin
TEN, ELEVEN = NINE + timedelta(hours=1), NINE + timedelta(hours=2)
CHOOSE = """mutation ($input: BookingPageCalendarsSetInput!) { bookingPageCalendarsSet(input: $input) {
  __typename ... on BookingPageCalendarsSetPayload { hostedPage { pageId countedCalendarIds isChosen
    lacksCalendar } } ... on Error { code path } } }"""
HOSTED = """{ hostedPages { nodes { pageId name link isActive countedCalendarIds isChosen lacksCalendar
  owner { handle } } } }"""
EXPLAIN = """query ($page: ID!, $start: Instant!) { explainSlot(pageId: $page, start: $start) {
  isOffered freshness refusals { rule } } }"""
DEGRADED = "{ bookingPages { nodes { slug degradedHosts { reason host { handle } } } } }"
FRESHNESS = """query ($slug: String!, $window: WindowInput!) { bookingPage(slug: $slug) {
  openSlots(window: $window) { freshness slots { start } } } }"""
WHOLE = {"from": stamp(MONDAY), "to": stamp(MONDAY + timedelta(days=1))}


async def hosted(house: Installation, host: Host) -> dict[str, dict[str, Any]]:
    """Give the pages that somebody hosts, by their links."""
    return {node["link"]: node for node in (await house.ask(HOSTED, host.token))["hostedPages"]["nodes"]}


async def choose(house: Installation, host: Host, slug: str, *calendars: str) -> dict[str, Any]:
    """Let only some calendars of a host count on a page of theirs, or with none all that do elsewhere."""
    page = (await hosted(house, host))[slug]["pageId"]
    wanted = {"id": page, "calendarIds": list(calendars) or None}
    return (await house.ask(CHOOSE, host.token, input=wanted))["bookingPageCalendarsSet"]


async def freshness(house: Installation, slug: str) -> tuple[str, int]:
    """Say how fresh a page's slots are, and how many there are."""
    found = (await house.ask(FRESHNESS, slug=slug, window=WHOLE))["bookingPage"]["openSlots"]
    return found["freshness"], len(found["slots"])


async def at_home(street: Street, host: Host) -> tuple[str, str]:
    """Connect an account with two calendars, of which the second has something at nine; their ids."""
    google = street.fakes["GOOGLE"]
    assert isinstance(google, GoogleFake)
    google.add_calendar(HOST, "Home").add(NINE, TEN)
    calendars = (await street.connect(host, "GOOGLE"))["calendars"]
    by_name = {calendar["name"]: calendar["id"] for calendar in calendars}
    home = by_name.pop("Home")
    [work] = by_name.values()
    return work, home


async def test_each_page_goes_by_the_calendars_that_count_on_it(street: Street) -> None:
    """X06, D03: shown, explained, held, booked, moved, followed; all from one copy of busy times."""
    house, host = street.house, await street.house.sign_up()
    work, home = await at_home(street, host)
    usual, office = await house.page(host), await house.page(host)
    watched = await hosted(house, host)

    async with house.feed(CHANGED, slug=office, window=WHOLE) as feed:
        first = (await feed.next())["openSlotsChanged"]
        chosen = await choose(house, host, office, work)
        change = (await feed.next())["openSlotsChanged"]
    asked = len(street.fakes["GOOGLE"].asked("freebusy.query"))
    shown = [(await house.starts(slug, MONDAY))[0] for slug in (office, usual, office)]
    after = len(street.fakes["GOOGLE"].asked("freebusy.query"))
    explained = [
        (await house.ask(EXPLAIN, host.token, page=watched[slug]["pageId"], start=stamp(NINE)))["explainSlot"]
        for slug in (usual, office)
    ]
    refused = await house.book(usual, stamp(NINE))
    held = await house.ask(HOLD, input={**_held(office), "start": stamp(NINE)})
    booked = await house.book(office, stamp(NINE), hold=held["holdCreate"]["hold"]["token"])
    later = await house.book(usual, stamp(TEN))
    unmoved = await house.ask(RESCHEDULE, input=_moved(later, NINE + timedelta(minutes=30)))
    moved = await house.ask(RESCHEDULE, input=_moved(booked, NINE + timedelta(minutes=30)))

    assert sorted(watched[office]["countedCalendarIds"]) == sorted([work, home])
    assert (watched[office]["isChosen"], watched[office]["owner"]["handle"]) == (False, host.handle)
    assert chosen["hostedPage"] == {
        "pageId": watched[office]["pageId"],
        "countedCalendarIds": [work],
        "isChosen": True,
        "lacksCalendar": False,
    }
    assert first["slots"][0]["start"] == stamp(TEN)
    assert [slot["start"] for slot in change["added"]] == [stamp(NINE), stamp(NINE + timedelta(minutes=30))]
    assert (shown, after - asked) == ([stamp(NINE), stamp(TEN), stamp(NINE)], 0)
    assert [(one["isOffered"], one["refusals"]) for one in explained] == [
        (False, [{"rule": "BUSY"}]),
        (True, []),
    ]
    assert [one["__typename"] for one in (refused, booked, later)] == [
        "SlotTakenError",
        "BookingCreatePayload",
        "BookingCreatePayload",
    ]
    assert unmoved["bookingReschedule"]["__typename"] == "SlotTakenError"
    assert moved["bookingReschedule"]["__typename"] == "InviteeBookingPayload"


@pytest.mark.parametrize("how", ["fails", "is disconnected"])
async def test_page_whose_chosen_calendar_says_nothing_offers_nothing(street: Street, how: str) -> None:
    """D05, D06: never fewer calendars; also where a host without any would be offered. Others go on."""
    house, host = street.house, await street.house.sign_up()
    await street.connect(host, "GOOGLE")
    microsoft = await street.connect(host, "MICROSOFT")
    usual = await house.page(host)
    other = await house.page(host, calendarPolicy="IGNORE_UNCONNECTED")
    await choose(house, host, other, microsoft["calendars"][0]["id"])
    before = await freshness(house, other)

    if how == "fails":
        street.fakes["MICROSOFT"].fails("*", *[Fault(503)] * 20)
        street.clock.turn(seconds=31)
        await house.redis("FLUSHALL")
        state = {"reason": "FAILING", "host": {"handle": host.handle}}
    else:
        await house.ask(DISCONNECT, host.token, input={"id": microsoft["id"]})
        state = {"reason": "CALENDAR_GONE", "host": {"handle": host.handle}}
    found = await freshness(house, other)
    booked = await house.book(other, stamp(NINE))
    degraded = (await house.ask(DEGRADED, host.token))["bookingPages"]["nodes"]
    lacks = (await hosted(house, host))[other]["lacksCalendar"]

    assert (before, found) == (("LIVE", 16), ("UNKNOWN", 0))
    assert booked["__typename"] == {"fails": "TryAgainError"}.get(how, "SlotNotOfferedError")
    assert state in {node["slug"]: node["degradedHosts"] for node in degraded}[other.split("/")[1]]
    assert lacks is (how == "is disconnected")
    assert await house.count("bookings") == 0
    if how == "is disconnected":
        assert (await freshness(house, usual))[1] == 16
        anew = await choose(house, host, other)
        assert (anew["hostedPage"]["isChosen"], anew["hostedPage"]["lacksCalendar"]) == (False, False)
        assert (await freshness(house, other))[1] == 16


async def test_each_host_chooses_for_themselves_and_the_owner_undoes_nothing(street: Street) -> None:
    """R080: nobody else's calendars, nobody else's pages; handing over goes by it too."""
    house, ada = street.house, await street.house.sign_up()
    team = await team_of(house, ada, "Bob")
    bob, eve = team.hosts[1], await house.sign_up("Eve")
    await street.connect(ada, "MICROSOFT")
    work, _ = await at_home(street, bob)
    slug = await team.page(assignment="ANY")
    adas = (await house.ask("{ calendarConnections { calendars { id } } }", ada.token))["calendarConnections"]
    page = (await hosted(house, bob))[slug]

    async def refused(host: Host, **wanted: Any) -> tuple[str, list[str]]:
        given = {"id": page["pageId"], **wanted}
        answer = (await house.ask(CHOOSE, host.token, input=given))["bookingPageCalendarsSet"]
        return answer["code"], answer["path"]

    refusals = [
        await refused(bob, calendarIds=[]),
        await refused(bob),
        await refused(bob, calendarIds=[work, adas[0]["calendars"][0]["id"]]),
        await refused(ada, calendarIds=[work]),
        await refused(eve, calendarIds=None),
    ]
    before = await house.rows("SELECT counted_calendars FROM page_hosts")
    await house.book(slug, stamp(NINE))
    [first] = await team.bookings(ada)
    kept = await team.reassign(ada, id=first["id"], to=team.ids[bob.handle])
    chosen = await choose(house, bob, slug, work)
    await team.set_hosts(slug, assignment="ANY", hosts=team.seats(bob, ada))
    handed = await team.reassign(ada, id=first["id"], to=team.ids[bob.handle])
    mine, his = [(await hosted(house, host))[slug] for host in (ada, bob)]

    assert refusals == [
        ("INVALID_INPUT", ["calendarIds"]),
        ("INVALID_INPUT", ["calendarIds"]),
        ("NOT_FOUND", ["calendarIds", "1"]),
        ("NOT_FOUND", ["calendarIds", "0"]),
        ("NOT_FOUND", ["id"]),
    ]
    assert before == [(None,)] * 2
    assert (kept["__typename"], handed["__typename"]) == ("HostNotFreeError", "BookingPayload")
    assert chosen["hostedPage"]["countedCalendarIds"] == his["countedCalendarIds"] == [work]
    assert (mine["isChosen"], his["isChosen"], mine["owner"]) == (False, True, {"handle": ada.handle})
    assert await hosted(house, eve) == {}


async def test_booking_that_was_asked_for_by_the_former_choice_is_not_made(street: Street) -> None:
    """D03: what decides is what counts when it is written."""
    house, host = street.house, await street.house.sign_up()
    work, home = await at_home(street, host)
    slug = await house.page(host)
    await choose(house, host, slug, work)
    street.fakes["GOOGLE"].fails("freebusy.query", Fault(200, delay_s=0.8))

    booking_ = asyncio.create_task(house.book(slug, stamp(NINE)))
    await eventually(lambda: bool(street.fakes["GOOGLE"].asked("freebusy.query")))
    await choose(house, host, slug, home)
    booked = await booking_

    assert booked["__typename"] == "TryAgainError"
    assert (await house.book(slug, stamp(NINE)))["__typename"] == "SlotTakenError"
    assert await house.count("bookings") == 0


def _held(slug: str) -> dict[str, Any]:
    given = booking(slug, stamp(NINE))
    return {name: given[name] for name in ("slug", "idempotencyKey")}


def _moved(booked: dict[str, Any], start: datetime) -> dict[str, Any]:
    return {"token": booked["manageToken"], "start": stamp(start)}

"""Series of bookings: all or none, cancelled one by one or from one on, over the API."""

import asyncio
import re
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from domain.tokens import TokenKind
from tests.api.test_availability import calendar_of
from tests.calendars import eventually
from tests.calling import call, outcome
from tests.fakes.kit import Fault
from tests.installation import CANCEL, Host, Installation, booking, secrets_in
from tests.radicale import Radicale
from tests.street import Street
from tests.teams import team_of

pytestmark = pytest.mark.anyio

MONDAY = datetime(2026, 3, 30, tzinfo=UTC)
FIRST = "2026-03-30T07:00:00Z"
CREATE = """mutation ($input: BookingSeriesCreateInput!) { bookingSeriesCreate(input: $input) { __typename
  ... on BookingSeriesCreatePayload { bookings { manageToken booking { start state isOfSeries } } }
  ... on Error { code path } ... on SeriesNotFreeError { refused } } }"""
CANCEL_LATER = """mutation ($input: BookingSeriesCancelInput!) { bookingSeriesCancel(input: $input) {
  __typename ... on BookingSeriesCancelPayload { bookings { start state } } ... on Error { code path } } }"""
CANCEL_BY_HOST = """mutation ($input: BookingSeriesCancelByHostInput!) {
  bookingSeriesCancelByHost(input: $input) {
    ... on BookingSeriesCancelByHostPayload { bookings { start state } } ... on Error { code path } } }"""
MINE = "{ bookings(first: 50) { nodes { id seriesId start state } } }"
ENTRY = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Host//EN
BEGIN:VEVENT
UID:busy@example.com
DTSTAMP:20260301T000000Z
DTSTART:20260413T070000Z
DTEND:20260413T080000Z
END:VEVENT
END:VCALENDAR
"""


def series(slug: str, count: int, frequency: str = "WEEKLY", **more: Any) -> dict[str, Any]:
    """Make the input of a series."""
    return {**booking(slug, FIRST), "count": count, "frequency": frequency, **more}


async def create(house: Installation, wanted: dict[str, Any]) -> dict[str, Any]:
    """Try to book a series; whatever comes of it."""
    return (await house.ask(CREATE, input=wanted))["bookingSeriesCreate"]


async def states(house: Installation, host: Host) -> list[str]:
    """Give the states of a host's bookings, in order of start."""
    data = await house.ask(MINE, host.token)
    return [node["state"] for node in data["bookings"]["nodes"]]


async def test_a_series_is_booked_and_told_as_one(house: Installation, ada: Host) -> None:
    """X14, case 159: each keeps the hour on the wall; one mail to either side, with all times and links."""
    slug = await house.page(ada, seriesUpTo=10, window={"kind": "UNLIMITED"})
    wanted = series(slug, 10, "FORTNIGHTLY")

    booked, again = await create(house, wanted), await create(house, wanted)
    await house.work()

    mails = house.mails_to("grace@example.org")
    calendar = mails[0].part("text/calendar")
    mine = (await house.ask(MINE, ada.token))["bookings"]["nodes"]
    starts = [one["booking"]["start"] for one in booked["bookings"]]
    assert (starts[:2], starts[-1]) == ([FIRST, "2026-04-13T07:00:00Z"], "2026-08-03T07:00:00Z")
    assert {one["booking"]["isOfSeries"] for one in booked["bookings"]} == {True}
    assert again == booked
    assert len({node["seriesId"] for node in mine}) == 1
    assert (len(mails), len(house.mails_to(ada.email)), len(mine)) == (1, 2, 10)  # hers: a code before
    assert calendar.count("BEGIN:VEVENT") == 10
    tokens = {token for one in booked["bookings"] for token in [one["manageToken"]]}
    unfolded = calendar.replace("\r\n ", "").replace("\n ", "")
    assert set(secrets_in(unfolded, TokenKind.MANAGE)) == tokens
    assert await house.count("entries") == 10


async def test_a_series_with_one_time_that_is_taken_books_none(
    house: Installation, ada: Host, radicale: Radicale
) -> None:
    """X14, case 159: by a calendar, by a booking and by a cap that the series itself uses up."""
    slug = await house.page(ada, seriesUpTo=12, caps={"perMonth": 4})
    radicale.put(await calendar_of(house), f"d-{uuid4().hex}", ENTRY)
    taken = await house.book(slug, "2026-04-06T07:00:00Z")

    refused = await create(house, series(slug, 4))
    capped = await create(house, series(slug, 6, start="2026-05-04T07:00:00Z"))

    assert taken["__typename"] == "BookingCreatePayload"
    assert (refused["code"], refused["refused"]) == (
        "SERIES_NOT_FREE",
        ["2026-04-06T07:00:00Z", "2026-04-13T07:00:00Z"],
    )
    assert capped["refused"] == ["2026-06-01T07:00:00Z", "2026-06-08T07:00:00Z"]  # beyond 60 days
    assert (await house.count("bookings"), await house.count("invitees")) == (1, 1)


async def test_a_cap_that_a_series_uses_up_itself_refuses_what_is_beyond(
    house: Installation, ada: Host
) -> None:
    """X14, X16: none is booked, although each time alone was free."""
    slug = await house.page(ada, seriesUpTo=12, caps={"perMonth": 3}, upcomingPerInvitee=6)

    capped = await create(house, series(slug, 5))
    others = await create(house, series(slug, 8))

    assert (capped["code"], capped["refused"]) == ("SERIES_NOT_FREE", ["2026-04-27T07:00:00Z"])
    assert others["code"] == "ALREADY_BOOKED"
    assert await house.count("bookings") == 0


async def test_a_series_is_cancelled_one_by_one_or_from_one_on(house: Installation, ada: Host) -> None:
    """X14, case 159: one mail for those that are cancelled together; earlier ones stand."""
    slug = await house.page(ada, seriesUpTo=6)
    tokens = [one["manageToken"] for one in (await create(house, series(slug, 6)))["bookings"]]
    await house.work()
    before = len(house.mails_to("grace@example.org"))

    await house.ask(CANCEL, input={"token": tokens[1]})
    one = await states(house, ada)
    later = (await house.ask(CANCEL_LATER, input={"token": tokens[2]}))["bookingSeriesCancel"]
    again = (await house.ask(CANCEL_LATER, input={"token": tokens[2]}))["bookingSeriesCancel"]
    await house.work()

    mails = house.mails_to("grace@example.org")[before:]
    assert one == ["CONFIRMED", "CANCELLED", *["CONFIRMED"] * 4]
    assert [node["state"] for node in later["bookings"]] == ["CANCELLED"] * 4
    assert again == later
    assert await states(house, ada) == ["CONFIRMED", *["CANCELLED"] * 5]
    assert sorted(mail.part("text/calendar").count("STATUS:CANCELLED") for mail in mails) == [1, 4]
    assert len(await house.starts(slug, MONDAY, 40)) == 30 * 16 - 1


async def test_a_cancelled_booking_of_a_series_opens_no_way_around_the_deadline_of_the_next(
    house: Installation, ada: Host
) -> None:
    """D10: one that was cancelled in time says nothing about those that follow it."""
    slug = await house.page(ada, seriesUpTo=3, cancelUntilMinutes=1440)
    tokens = [one["manageToken"] for one in (await create(house, series(slug, 3)))["bookings"]]
    await house.ask(CANCEL, input={"token": tokens[0]})
    house.clock.turn(days=9, hours=18)  # an hour before the second

    late = (await house.ask(CANCEL_LATER, input={"token": tokens[0]}))["bookingSeriesCancel"]
    stand = await states(house, ada)
    last = (await house.ask(CANCEL_LATER, input={"token": tokens[2]}))["bookingSeriesCancel"]

    assert (late["code"], stand) == ("TOO_LATE", ["CANCELLED", "CONFIRMED", "CONFIRMED"])
    assert [one["state"] for one in last["bookings"]] == ["CANCELLED"]
    assert await states(house, ada) == ["CANCELLED", "CONFIRMED", "CANCELLED"]


async def test_a_host_cancels_a_series_from_one_on(house: Installation, ada: Host) -> None:
    """X14: no deadline binds a host; a booking of no series is none."""
    slug = await house.page(ada, seriesUpTo=3, cancelUntilMinutes=100_000)
    tokens = [one["manageToken"] for one in (await create(house, series(slug, 3)))["bookings"]]
    ids = [node["id"] for node in (await house.ask(MINE, ada.token))["bookings"]["nodes"]]
    alone = await house.book(slug, "2026-03-31T07:00:00Z")

    too_late = await house.ask(CANCEL_LATER, input={"token": tokens[0]})
    none = await house.ask(CANCEL_LATER, input={"token": alone["manageToken"]})
    by_host = await house.ask(CANCEL_BY_HOST, ada.token, input={"id": ids[1]})

    assert too_late["bookingSeriesCancel"]["code"] == "TOO_LATE"
    assert none["bookingSeriesCancel"]["code"] == "INVALID_INPUT"
    assert [one["state"] for one in by_host["bookingSeriesCancelByHost"]["bookings"]] == ["CANCELLED"] * 2
    assert await states(house, ada) == ["CONFIRMED", "CONFIRMED", "CANCELLED", "CANCELLED"]


async def test_a_page_that_offers_no_series_or_no_longer_one_says_so(house: Installation, ada: Host) -> None:
    plain, short = await house.page(ada), await house.page(ada, seriesUpTo=3)

    refused = [await create(house, series(slug, 4)) for slug in (plain, short)]

    assert [(one["code"], one["path"]) for one in refused] == [
        ("INVALID_INPUT", ["slug"]),
        ("INVALID_INPUT", ["count"]),
    ]


async def test_a_series_goes_by_turns_and_each_host_is_told_of_theirs(
    house: Installation, ada: Host, radicale: Radicale
) -> None:
    """X14 with any host: each booking of it counts for whose turn the next one is."""
    team = await team_of(house, ada, "Ben")
    ben = team.hosts[1]
    await house.connect_calendar(ben, radicale)
    slug = await team.page(assignment="ANY", seriesUpTo=4, turns="FAIRNESS", maxLead=1)

    booked = await create(house, series(slug, 4))
    await house.work()

    days = {host.email: [node["start"][:10] for node in await team.bookings(host)] for host in (ada, ben)}
    assert booked["__typename"] == "BookingSeriesCreatePayload"
    assert [len(each) for each in days.values()] == [2, 2]
    for email, own in days.items():
        told = house.mails_to(email)[-1].part("text/plain")
        said = re.findall(r"^    Monday, (\w+ \d+, \d{4})", told, re.MULTILINE)
        dates = [datetime.strptime(day, "%B %d, %Y").replace(tzinfo=UTC) for day in said]
        assert [date.date().isoformat() for date in dates] == own


async def test_page_that_offers_no_series_by_the_time_it_is_booked_has_none(street: Street) -> None:
    """D14: the page needs approval by now, which no series has; its calendar was still being asked."""
    house, google = street.house, street.fakes["GOOGLE"]
    host = await house.sign_up()
    await street.connect(host, "GOOGLE")
    slug = await house.page(host, seriesUpTo=3)
    (page,) = (await house.ask("{ bookingPages { nodes { id } } }", host.token))["bookingPages"]["nodes"]
    google.fails("freebusy.query", Fault(status=200, delay_s=0.7))
    before = len(google.asked("freebusy.query"))

    booking_it = asyncio.create_task(create(house, series(slug, 3)))
    await eventually(lambda: len(google.asked("freebusy.query")) > before)
    change = {"id": page["id"], "seriesUpTo": None, "approvalMinutes": 60}
    changed = outcome(await call(house, "bookingPageUpdate", host.token, {"input": change}))
    booked = await booking_it

    assert (changed, booked["code"], booked["path"]) == ("works", "INVALID_INPUT", ["slug"])
    assert await house.count("bookings") == 0

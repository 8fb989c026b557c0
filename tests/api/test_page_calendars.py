"""A page's own calendar through the API: one page books into one account, the next into another."""

from typing import Any

import pytest

from tests.fakes.kit import Fault
from tests.installation import CANCEL, PAGE_CREATE, RESCHEDULE, Host
from tests.street import DAY, DISCONNECT, Street

pytestmark = pytest.mark.anyio

UPDATE = """mutation ($input: BookingPageUpdateInput!) { bookingPageUpdate(input: $input) { __typename
  ... on BookingPageUpdatePayload { bookingPage { calendarId } } ... on Error { code path } } }"""
PAGES = "{ bookingPages(first: 10) { nodes { id name calendarId } } }"
REMOVE = """mutation ($input: BookingPageDeleteInput!) { bookingPageDelete(input: $input) { __typename } }"""
ONLY_WRITTEN = """mutation ($input: CalendarUpdateInput!) { calendarUpdate(input: $input) { __typename } }"""
HOMES = "SELECT c.provider FROM entries AS e JOIN calendar_connections AS c ON c.id = e.connection_id"
WATCHED = "SELECT provider FROM watches ORDER BY provider"


async def pages(street: Street, host: Host) -> dict[str, dict[str, Any]]:
    """List the host's pages by their names."""
    listed = (await street.house.ask(PAGES, host.token))["bookingPages"]["nodes"]
    return {page["name"]: page for page in listed}


async def test_each_page_books_into_its_own_calendar_until_that_is_gone(street: Street) -> None:
    """R113, case 65: the entry moves and goes where it was made; what is foreign is not found."""
    host, eve = await street.house.sign_up(), await street.house.sign_up("Eve")
    google, microsoft = await street.connect(host, "GOOGLE"), await street.connect(host, "MICROSOFT")
    chosen = microsoft["calendars"][0]["id"]
    usual = await street.house.page(host, name="Usual")
    other = await street.house.page(host, name="Other", calendarId=chosen)
    stolen = {"slug": "mine", "name": "Mine", "durationMinutes": 30, "calendarId": chosen}

    refused = (await street.house.ask(PAGE_CREATE, eve.token, input=stolen))["bookingPageCreate"]
    await street.house.book(usual, f"{DAY}T08:00:00Z")
    booked = await street.house.book(other, f"{DAY}T09:00:00Z")
    await street.house.work()
    first = await street.house.rows(f"{HOMES} ORDER BY e.written_start")
    watched = await street.house.rows(WATCHED)
    there = await pages(street, host)
    cleared = await street.house.ask(
        UPDATE, host.token, input={"id": there["Other"]["id"], "calendarId": None}
    )
    await street.house.ask(RESCHEDULE, input={"token": booked["manageToken"], "start": f"{DAY}T10:00:00Z"})
    await street.house.work()
    moved = await street.house.rows(f"{HOMES} ORDER BY e.written_start")
    await street.house.ask(CANCEL, input={"token": booked["manageToken"]})
    await street.house.work()

    assert (refused["__typename"], refused["path"]) == ("NotFoundError", ["calendarId"])
    assert first == moved == [("google",), ("microsoft",)]
    assert watched == [("google",), ("microsoft",)]
    assert there["Usual"]["calendarId"] is None
    assert there["Other"]["calendarId"] == chosen
    assert cleared["bookingPageUpdate"]["bookingPage"]["calendarId"] is None
    assert len(street.fakes["GOOGLE"].asked("events.insert")) == 1
    assert [len(street.fakes["MICROSOFT"].asked(what)) for what in ("event.create", "event.delete")] == [1, 1]

    await street.house.ask(UPDATE, host.token, input={"id": there["Other"]["id"], "calendarId": chosen})
    await street.house.ask(DISCONNECT, host.token, input={"id": microsoft["id"]})
    await street.house.book(other, f"{DAY}T11:00:00Z")
    await street.house.work()

    assert (await pages(street, host))["Other"]["calendarId"] is None
    assert len(street.fakes["GOOGLE"].asked("events.insert")) == 2
    assert google["calendars"][0]["receivesBookings"]


async def test_host_is_told_of_a_booking_that_no_calendar_is_left_for(street: Street) -> None:
    """Case 65: once; one that stood in the calendar that went is not told of."""
    host = await street.house.sign_up()
    google = await street.connect(host, "GOOGLE")
    slug = await street.house.page(host)
    await street.house.book(slug, f"{DAY}T08:00:00Z")
    await street.house.work()
    street.fakes["GOOGLE"].fails("events.insert", *[Fault(400)] * 5)
    await street.house.book(slug, f"{DAY}T09:00:00Z")
    await street.house.work()
    before = len(street.house.mails_to(host.email))

    await street.house.ask(DISCONNECT, host.token, input={"id": google["id"]})
    await street.house.work()
    street.clock.turn(seconds=60)
    await street.house.work()
    told = street.house.mails_to(host.email)[before:]

    [mail] = told
    assert "This booking is in none of your calendars" in str(mail.summary["subject"])
    assert "11:00" in mail.part("text/plain")


ENDED = """mutation ($input: CalendarDisconnectInput!) { calendarDisconnect(input: $input) {
  ... on CalendarDisconnectPayload { receivingCalendar { id receivesBookings } } ... on Error { code } } }"""


async def test_where_the_receiving_calendar_goes_another_takes_over_with_what_was_given_up(
    street: Street,
) -> None:
    """Case 65: the first of the oldest connection that can; what nobody could write is written there."""
    host = await street.house.sign_up()
    google = await street.connect(host, "GOOGLE")
    microsoft, zoom = await street.connect(host, "MICROSOFT"), await street.connect(host, "ZOOM")
    slug = await street.house.page(host)
    street.fakes["GOOGLE"].fails("events.insert", *[Fault(400)] * 5)
    await street.house.book(slug, f"{DAY}T08:00:00Z")
    await street.house.work()
    before = await street.house.rows("SELECT state FROM effects WHERE kind = 'entry'")

    ended = [
        (await street.house.ask(ENDED, host.token, input={"id": one["id"]}))["calendarDisconnect"]
        for one in (google, zoom)
    ]
    await street.house.work()
    homes = await street.house.rows(HOMES)
    none = await street.house.ask(ENDED, host.token, input={"id": microsoft["id"]})

    heir = {"id": microsoft["calendars"][0]["id"], "receivesBookings": True}
    assert before == [("failed",)]
    assert ended == [{"receivingCalendar": heir}] * 2
    assert homes == [("microsoft",)]
    assert none["calendarDisconnect"] == {"receivingCalendar": None}


async def test_calendar_of_a_page_that_is_removed_is_watched_no_longer(street: Street) -> None:
    """R112, R113: nothing else needs to hear of it."""
    host = await street.house.sign_up()
    await street.connect(host, "GOOGLE")
    chosen = (await street.connect(host, "MICROSOFT"))["calendars"][0]["id"]
    await street.house.ask(ONLY_WRITTEN, host.token, input={"id": chosen, "countsAsBusy": False})
    await street.house.page(host, name="Other", calendarId=chosen)
    await street.house.work()
    watched = await street.house.rows(WATCHED)

    removed = (await pages(street, host))["Other"]["id"]
    await street.house.ask(REMOVE, host.token, input={"id": removed})
    await street.house.work()

    assert watched == [("google",), ("microsoft",)]
    assert await street.house.rows(WATCHED) == [("google",)]

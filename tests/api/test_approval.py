"""Pages that need approval: requests that keep their time, approved, declined or lapsed, over the API."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from tests.api.test_availability import calendar_of
from tests.installation import CANCEL, HOLD, RESCHEDULE, Host, Installation
from tests.radicale import Radicale
from tests.teams import team_of

pytestmark = pytest.mark.anyio

MONDAY = datetime(2026, 3, 30, tzinfo=UTC)
NINE, TEN = "2026-03-30T07:00:00Z", "2026-03-30T08:00:00Z"
APPROVE = """mutation ($input: BookingApproveInput!) { bookingApprove(input: $input) {
  ... on BookingPayload { booking { state } } ... on Error { code } } }"""
DECLINE = """mutation ($input: BookingDeclineInput!) { bookingDecline(input: $input) {
  ... on BookingPayload { booking { state } } ... on Error { code } } }"""
MINE = "{ bookings(first: 50) { nodes { id state } } }"
INVITEE = "grace@example.org"
ENTRY = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Host//EN
BEGIN:VEVENT
UID:later@example.com
DTSTAMP:20260301T000000Z
DTSTART:20260330T070000Z
DTEND:20260330T073000Z
END:VEVENT
END:VCALENDAR
"""


async def request(house: Installation, host: Host, **more: Any) -> tuple[str, str, dict[str, Any]]:
    """Ask for nine o'clock on a page whose host has two hours for an answer: slug, id, what was answered."""
    slug = await house.page(host, approvalMinutes=120)
    booked = await house.book(slug, NINE, **more)
    await house.work()
    (node,) = (await house.ask(MINE, host.token))["bookings"]["nodes"]
    return slug, node["id"], booked


def subjects(house: Installation, address: str) -> list[str]:
    """Give what the mails to an address are about: the words before the colon."""
    return [str(mail.summary["subject"]).split(":")[0] for mail in house.mails_to(address)]


async def test_a_request_keeps_its_time_and_is_confirmed_by_its_host(house: Installation, ada: Host) -> None:
    """D14: nothing is written into the calendar before, and nobody else gets the time."""
    slug, id_, booked = await request(house, ada)

    other = await house.book(slug, NINE)
    moved = await house.ask(RESCHEDULE, input={"token": booked["manageToken"], "start": TEN})
    before = await house.count("entries")
    approved = await house.ask(APPROVE, ada.token, input={"id": id_, "version": 1})
    again = await house.ask(APPROVE, ada.token, input={"id": id_})
    declined = await house.ask(DECLINE, ada.token, input={"id": id_})
    house.clock.turn(hours=3)
    await house.work()

    assert booked["booking"]["state"] == "AWAITING_APPROVAL"
    assert other["__typename"] == "SlotTakenError"
    assert moved["bookingReschedule"]["code"] == "TOO_LATE"
    assert approved == again == {"bookingApprove": {"booking": {"state": "CONFIRMED"}}}
    assert declined["bookingDecline"]["code"] == "TOO_LATE"
    assert (before, await house.count("entries")) == (0, 1)
    assert subjects(house, INVITEE) == ["Waiting for an answer", "Confirmed"]
    assert subjects(house, ada.email)[1:] == ["Please answer", "New booking"]


async def test_an_approval_asks_the_calendar_once_more(
    house: Installation, ada: Host, radicale: Radicale
) -> None:
    """D03, D14: what came into the calendar meanwhile is not booked over; it may still be declined."""
    slug, id_, _ = await request(house, ada)
    radicale.put(await calendar_of(house), f"d-{uuid4().hex}", ENTRY)

    refused = await house.ask(APPROVE, ada.token, input={"id": id_})
    declined = await house.ask(DECLINE, ada.token, input={"id": id_, "reason": "A dentist."})
    again = await house.ask(DECLINE, ada.token, input={"id": id_})
    await house.work()

    assert refused["bookingApprove"]["code"] == "SLOT_TAKEN"
    assert declined == again == {"bookingDecline": {"booking": {"state": "DECLINED"}}}
    assert subjects(house, INVITEE) == ["Waiting for an answer", "Declined"]
    assert "A dentist." in house.mails_to(INVITEE)[-1].part("text/plain")
    assert len(await house.starts(slug, MONDAY)) == 15


async def test_a_request_that_nobody_answers_lapses(house: Installation, ada: Host) -> None:
    """D14: by the effects' clock, not before; then its time is free, and nothing can be approved."""
    slug, id_, _ = await request(house, ada)

    house.clock.turn(minutes=119)
    await house.work()
    waiting = len(await house.starts(slug, MONDAY))
    house.clock.turn(minutes=1)
    await house.work()
    late = await house.ask(APPROVE, ada.token, input={"id": id_})

    assert (waiting, len(await house.starts(slug, MONDAY))) == (15, 16)
    assert late["bookingApprove"]["code"] == "TOO_LATE"
    assert subjects(house, INVITEE) == ["Waiting for an answer", "Not answered"]
    assert subjects(house, ada.email)[1:] == ["Please answer", "Not answered"]


async def test_a_request_may_be_held_before_and_withdrawn(house: Installation, ada: Host) -> None:
    """D14."""
    slug = await house.page(ada, approvalMinutes=120)
    wanted = {"slug": slug, "start": NINE, "idempotencyKey": str(uuid4())}
    held = (await house.ask(HOLD, input=wanted))["holdCreate"]["hold"]["token"]
    booked = await house.book(slug, NINE, hold=held)

    cancelled = await house.ask(CANCEL, input={"token": booked["manageToken"]})

    assert booked["booking"]["state"] == "AWAITING_APPROVAL"
    assert cancelled["bookingCancel"]["booking"]["state"] == "CANCELLED"
    assert len(await house.starts(slug, MONDAY)) == 16


async def test_nobody_else_answers_a_request(house: Installation, ada: Host) -> None:
    """Case 17."""
    _, id_, _ = await request(house, ada)
    eve = await house.sign_up("Eve")

    refused = await house.ask(APPROVE, eve.token, input={"id": id_})
    declined = await house.ask(DECLINE, eve.token, input={"id": id_})

    assert refused["bookingApprove"]["code"] == declined["bookingDecline"]["code"] == "NOT_FOUND"


async def test_a_request_on_a_page_of_several_is_on_one_of_them_who_alone_is_asked(
    house: Installation, ada: Host, radicale: Radicale
) -> None:
    """D12, D14: the time stays while another host is free; nobody but who has the request answers it."""
    team = await team_of(house, ada, "Ben")
    ben = team.hosts[1]
    calendars = {ada: await calendar_of(house), ben: await house.connect_calendar(ben, radicale)}
    slug = await team.page(assignment="ANY", approvalMinutes=120)

    first = await house.book(slug, NINE)
    between = await house.starts(slug, MONDAY)
    asked = await team.who()
    other = ben if asked == ada else ada
    second = await house.book(slug, NINE)
    third = await house.book(slug, NINE)
    await house.work()
    (mine,), (theirs,) = await team.bookings(asked), await team.bookings(other)
    radicale.put(calendars[other], f"d-{uuid4().hex}", ENTRY)
    refused = await house.ask(APPROVE, other.token, input={"id": mine["id"]})
    busy = await house.ask(APPROVE, other.token, input={"id": theirs["id"]})
    approved = await house.ask(APPROVE, asked.token, input={"id": mine["id"]})
    await house.work()

    assert [one["booking"]["state"] for one in (first, second)] == ["AWAITING_APPROVAL"] * 2
    assert NINE in between
    assert third["__typename"] == "SlotTakenError"
    assert refused["bookingApprove"]["code"] == "NOT_FOUND"
    assert busy["bookingApprove"]["code"] == "SLOT_TAKEN"
    assert approved == {"bookingApprove": {"booking": {"state": "CONFIRMED"}}}
    assert subjects(house, asked.email)[1:] == ["Please answer", "New booking"]
    assert await house.count("entries") == 1


async def test_a_request_on_a_page_of_all_is_answered_by_any_of_them(
    house: Installation, ada: Host, radicale: Radicale
) -> None:
    """D12, D14: one answer for all, each of whom has the entry."""
    team = await team_of(house, ada, "Ben")
    ben = team.hosts[1]
    await house.connect_calendar(ben, radicale)
    slug = await team.page(assignment="ALL", approvalMinutes=120)
    await house.book(slug, NINE)
    (request_,) = await team.bookings(ben)

    approved = await house.ask(APPROVE, ben.token, input={"id": request_["id"]})
    again = await house.ask(APPROVE, ada.token, input={"id": request_["id"]})
    await house.work()

    assert approved == again == {"bookingApprove": {"booking": {"state": "CONFIRMED"}}}
    assert await house.count("entries") == 2

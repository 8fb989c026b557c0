"""What a host does with bookings: lists, moves and cancels them, and is told."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.installation import Host, Installation
from tests.radicale import Radicale

pytestmark = pytest.mark.anyio

NINE = "2026-03-30T07:00:00Z"
TEN = "2026-03-30T08:00:00Z"
MOVE = """mutation ($input: BookingRescheduleByHostInput!) { bookingRescheduleByHost(input: $input) {
  __typename ... on BookingPayload { booking { start version invitees { state } } }
  ... on Error { code path } } }"""
CANCEL = """mutation ($input: BookingCancelByHostInput!) { bookingCancelByHost(input: $input) { __typename
  ... on BookingPayload { booking { state invitees { state cancelReason } } } ... on Error { code } } }"""
LIST = """query ($filter: BookingFilterInput) { bookings(filter: $filter) { nodes { id start state version
  hostNames page { name } invitees { name email answers { label values } } } } }"""


async def only(house: Installation, host: Host) -> dict[str, Any]:
    (node,) = (await house.ask(LIST, host.token))["bookings"]["nodes"]
    return node


async def test_a_host_moves_a_booking_after_the_invitees_deadline(
    house: Installation, ada: Host, radicale: Radicale
) -> None:
    """D10: the page's deadline binds invitees; both are told, and the entry moves."""
    slug = await house.page(ada, rescheduleUntilMinutes=1440)
    await house.book(slug, NINE)
    await house.work()
    house.clock.now = datetime(2026, 3, 30, 5, tzinfo=UTC)

    moved = await house.ask(MOVE, ada.token, input={"id": (await only(house, ada))["id"], "start": TEN})
    await house.work()

    assert moved["bookingRescheduleByHost"]["booking"]["start"] == TEN
    assert any(b"DTSTART:20260330T080000Z" in text for text in radicale.stored().values())
    assert "SEQUENCE:1" in house.mails_to("grace@example.org")[-1].part("text/calendar")


async def test_a_host_moves_every_seat_of_a_session(house: Installation, ada: Host) -> None:
    slug = await house.page(ada, kind="GROUP", capacity=3, durationMinutes=60)
    for number in range(2):
        invitee = {"name": f"Guest {number}", "email": f"guest{number}@example.org", "zone": "UTC"}
        await house.book(slug, NINE, invitee=invitee)

    moved = await house.ask(MOVE, ada.token, input={"id": (await only(house, ada))["id"], "start": TEN})
    await house.work()

    assert len(moved["bookingRescheduleByHost"]["booking"]["invitees"]) == 2
    assert "DTSTART:20260330T080000Z" in house.mails_to("guest0@example.org")[-1].part("text/calendar")
    assert "DTSTART:20260330T080000Z" in house.mails_to("guest1@example.org")[-1].part("text/calendar")


async def test_a_move_that_saw_an_old_version_is_a_conflict(house: Installation, ada: Host) -> None:
    slug = await house.page(ada)
    await house.book(slug, NINE)
    booking = await only(house, ada)
    await house.ask(MOVE, ada.token, input={"id": booking["id"], "start": TEN})

    refused = await house.ask(
        MOVE, ada.token, input={"id": booking["id"], "start": NINE, "version": booking["version"]}
    )

    assert refused["bookingRescheduleByHost"]["__typename"] == "ConflictError"


async def test_a_host_cancels_a_session_for_everybody(house: Installation, ada: Host) -> None:
    slug = await house.page(ada, kind="GROUP", capacity=3, durationMinutes=60)
    for number in range(2):
        invitee = {"name": f"Guest {number}", "email": f"guest{number}@example.org", "zone": "UTC"}
        await house.book(slug, NINE, invitee=invitee)

    data = await house.ask(
        CANCEL, ada.token, input={"id": (await only(house, ada))["id"], "reason": "I am ill"}
    )
    await house.work()

    booking = data["bookingCancelByHost"]["booking"]
    assert booking["state"] == "CANCELLED"
    assert [seat["cancelReason"] for seat in booking["invitees"]] == ["I am ill", "I am ill"]
    assert "METHOD:CANCEL" in house.mails_to("guest0@example.org")[-1].part("text/calendar")
    assert "I am ill" in house.mails_to("guest1@example.org")[-1].part("text/plain")


async def test_answers_are_read_by_the_host(house: Installation, ada: Host) -> None:
    """R071."""
    slug = await house.page(ada, questions=[{"label": "What about?", "format": "STRING", "isRequired": True}])
    data = await house.ask(
        "query ($slug: String!) { bookingPage(slug: $slug) { questions { key } } }", slug=slug
    )
    key = data["bookingPage"]["questions"][0]["key"]

    unanswered = await house.book(slug, NINE)
    await house.book(slug, NINE, answers=[{"key": key, "values": ["The museum"]}])

    assert (unanswered["__typename"], unanswered["path"]) == ("InvalidInputError", ["answers", key])
    assert (await only(house, ada))["invitees"][0]["answers"] == [
        {"label": "What about?", "values": ["The museum"]}
    ]


async def test_a_meeting_that_is_over_is_done_and_stays_listed(house: Installation, ada: Host) -> None:
    slug = await house.page(ada)
    await house.book(slug, NINE)
    house.clock.now = datetime(2026, 3, 30, 8, tzinfo=UTC)

    await house.parts.services.bookings.keeping.finish_past()
    done = await house.ask(LIST, ada.token, filter={"states": ["DONE"]})
    to_come = await house.ask(LIST, ada.token, filter={"startFrom": "2026-03-30T08:00:00Z"})

    assert [node["state"] for node in done["bookings"]["nodes"]] == ["DONE"]
    assert to_come["bookings"]["nodes"] == []


async def test_a_reminder_is_sent_once_before_the_start_and_not_after_a_cancellation(
    house: Installation, ada: Host
) -> None:
    """R025 in part, R27 of the security file, case 157."""
    slug = await house.page(ada, reminderMinutes=[60])
    await house.book(slug, NINE)
    cancelled = await house.book(slug, TEN, invitee=OTHER)
    await house.work()
    await house.ask(
        """mutation ($input: BookingCancelInput!) { bookingCancel(input: $input) { __typename } }""",
        input={"token": cancelled["manageToken"]},
    )
    before = len(house.mails_to("grace@example.org"))

    house.clock.now = datetime(2026, 3, 30, 6, tzinfo=UTC)
    await house.work()
    house.clock.now = datetime(2026, 3, 30, 7, tzinfo=UTC)
    await house.work()

    assert len(house.mails_to("grace@example.org")) == before + 1
    assert "Reminder" in str(house.mails_to("grace@example.org")[-1].summary["subject"])
    assert not [m for m in house.mails_to("other@example.org") if "Reminder" in str(m.summary["subject"])]


OTHER = {"name": "Other", "email": "other@example.org", "zone": "UTC"}

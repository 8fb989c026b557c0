"""A booking is moved or cancelled, by its link or by its host, and the entry with it."""

import asyncio
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from domain.tokens import TokenKind
from tests.installation import (
    CANCEL,
    RESCHEDULE,
    Host,
    Installation,
    secrets_in,
)
from tests.radicale import Radicale

pytestmark = pytest.mark.anyio

MONDAY = datetime(2026, 3, 30, tzinfo=UTC)  # the day after Europe's clocks went forward

NINE = "2026-03-30T07:00:00Z"  # 09:00 in Berlin, on summer time

TEN = "2026-03-30T08:00:00Z"


async def test_one_reschedule_sent_twice_at_once_is_one_change(house: Installation, ada: Host) -> None:
    """R4 of the security file."""
    slug = await house.page(ada)
    booked = await house.book(slug, NINE)
    change = {"token": booked["manageToken"], "start": TEN, "version": 0, "idempotencyKey": str(uuid4())}

    answers = await asyncio.gather(*(house.ask(RESCHEDULE, input=change) for _ in range(4)))

    assert [answer["bookingReschedule"].get("booking", {}).get("start") for answer in answers] == [TEN] * 4
    assert await house.rows("SELECT version FROM bookings") == [(2,)]


async def test_rescheduling_moves_the_same_entry_and_frees_the_old_time(
    house: Installation, ada: Host, radicale: Radicale
) -> None:
    """R067: same entry, new times; one mail with a higher SEQUENCE."""
    slug = await house.page(ada)
    booked = await house.book(slug, NINE)
    await house.work()
    before = set(radicale.stored())

    moved = await house.ask(RESCHEDULE, input={"token": booked["manageToken"], "start": TEN, "version": 0})
    await house.work()
    told = house.mails_to("grace@example.org")

    assert moved["bookingReschedule"]["booking"]["start"] == TEN
    assert set(radicale.stored()) == before
    assert any(b"DTSTART:20260330T080000Z" in text for text in radicale.stored().values())
    assert NINE in await house.starts(slug, MONDAY)
    assert "SEQUENCE:0" in told[0].part("text/calendar")
    assert "SEQUENCE:1" in told[1].part("text/calendar")
    assert await house.rows("SELECT count(*), min(version) FROM bookings") == [(1, 2)]


async def test_a_booking_may_move_onto_a_part_of_its_own_time(house: Installation, ada: Host) -> None:
    """M7 of the security file: a reschedule is one UPDATE."""
    slug = await house.page(ada, durationMinutes=60, intervalMinutes=30)
    booked = await house.book(slug, NINE)
    await house.work()

    moved = await house.ask(
        RESCHEDULE, input={"token": booked["manageToken"], "start": "2026-03-30T07:30:00Z"}
    )

    assert moved["bookingReschedule"]["booking"]["start"] == "2026-03-30T07:30:00Z"


async def test_rescheduling_onto_somebody_elses_time_changes_nothing(house: Installation, ada: Host) -> None:
    slug = await house.page(ada)
    booked = await house.book(slug, NINE)
    await house.book(slug, TEN)

    refused = await house.ask(RESCHEDULE, input={"token": booked["manageToken"], "start": TEN})

    assert refused["bookingReschedule"]["__typename"] == "SlotTakenError"
    assert await house.rows("SELECT version FROM bookings ORDER BY during") == [(1,), (1,)]


async def test_an_outdated_version_is_a_conflict(house: Installation, ada: Host) -> None:
    """Case 23."""
    slug = await house.page(ada)
    booked = await house.book(slug, NINE)
    await house.ask(RESCHEDULE, input={"token": booked["manageToken"], "start": TEN})

    refused = await house.ask(RESCHEDULE, input={"token": booked["manageToken"], "start": NINE, "version": 0})

    assert refused["bookingReschedule"]["__typename"] == "ConflictError"


async def test_cancelling_by_the_link_of_the_mail_takes_the_entry_away(
    house: Installation, ada: Host, radicale: Radicale
) -> None:
    """R068, R115: the slot is back, both are told, the entry is gone."""
    slug = await house.page(ada)
    before = set(radicale.stored())
    await house.book(slug, NINE)
    await house.work()
    token = secrets_in(house.mails_to("grace@example.org")[0].part("text/plain"), TokenKind.MANAGE)[0]

    cancelled = await house.ask(CANCEL, input={"token": token, "reason": "I am ill"})
    again = await house.ask(CANCEL, input={"token": token})
    await house.work()

    assert cancelled["bookingCancel"]["booking"]["state"] == "CANCELLED"
    assert again["bookingCancel"]["booking"]["state"] == "CANCELLED"
    assert set(radicale.stored()) == before
    assert NINE in await house.starts(slug, MONDAY)
    assert "METHOD:CANCEL" in house.mails_to("grace@example.org")[-1].part("text/calendar")
    assert "I am ill" in house.mails_to(ada.email)[-1].part("text/plain")


async def test_a_booking_outlives_its_page(house: Installation, ada: Host) -> None:
    """Case 162: it can be seen and cancelled, and not be moved to where nothing is offered."""
    slug = await house.page(ada)
    booked = await house.book(slug, NINE)
    page = (await house.ask("{ bookingPages { nodes { id } } }", ada.token))["bookingPages"]["nodes"][0]
    await house.ask(
        """mutation ($input: BookingPageDeleteInput!) { bookingPageDelete(input: $input) { __typename } }""",
        ada.token,
        input={"id": page["id"]},
    )

    shown = await house.ask(
        "query ($t: String!) { bookingByLink(token: $t) { state pageName pageSlug } }",
        t=booked["manageToken"],
    )
    refused = await house.ask(RESCHEDULE, input={"token": booked["manageToken"], "start": TEN})
    cancelled = await house.ask(CANCEL, input={"token": booked["manageToken"]})

    assert shown["bookingByLink"] == {"state": "CONFIRMED", "pageName": "Intro", "pageSlug": None}
    assert refused["bookingReschedule"]["__typename"] == "SlotNotOfferedError"
    assert cancelled["bookingCancel"]["booking"]["state"] == "CANCELLED"


async def test_invitees_may_cancel_to_the_minute_and_hosts_longer(house: Installation, ada: Host) -> None:
    """D10, case 163."""
    slug = await house.page(ada, cancelUntilMinutes=60)
    booked = await house.book(slug, NINE)
    house.clock.now = datetime(2026, 3, 30, 6, 0, 1, tzinfo=UTC)

    refused = await house.ask(CANCEL, input={"token": booked["manageToken"]})
    listed = await house.ask("{ bookings { nodes { id } } }", ada.token)
    by_host = await house.ask(
        """mutation ($input: BookingCancelByHostInput!) { bookingCancelByHost(input: $input) {
          __typename ... on BookingPayload { booking { state } } } }""",
        ada.token,
        input={"id": listed["bookings"]["nodes"][0]["id"]},
    )

    assert refused["bookingCancel"]["__typename"] == "TooLateError"
    assert by_host["bookingCancelByHost"]["booking"]["state"] == "CANCELLED"

"""Holds: they take a slot until they end, are confirmed or are released."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from tests.installation import (
    HOLD,
    Host,
    Installation,
)
from tests.radicale import Radicale

pytestmark = pytest.mark.anyio

MONDAY = datetime(2026, 3, 30, tzinfo=UTC)  # the day after Europe's clocks went forward

NINE = "2026-03-30T07:00:00Z"  # 09:00 in Berlin, on summer time


def hold(slug: str, start: str) -> dict[str, str]:
    return {"slug": slug, "start": start, "idempotencyKey": str(uuid4())}


async def test_a_hold_takes_the_slot_until_it_ends(house: Installation, ada: Host) -> None:
    """D14."""
    slug = await house.page(ada)

    held = (await house.ask(HOLD, input=hold(slug, NINE)))["holdCreate"]["hold"]
    refused = await house.book(slug, NINE)
    while_held = await house.starts(slug, MONDAY)
    house.clock.turn(minutes=5)
    after = await house.starts(slug, MONDAY)
    booked = await house.book(slug, NINE)

    assert held["expiresAt"] == "2026-03-27T12:05:00Z"
    assert refused["__typename"] == "SlotTakenError"
    assert NINE not in while_held
    assert NINE in after
    assert booked["__typename"] == "BookingCreatePayload"


async def test_a_hold_is_confirmed_though_its_notice_has_passed_meanwhile(
    house: Installation, ada: Host
) -> None:
    """D14: confirming in time cannot fail for lack of time."""
    slug = await house.page(ada, noticeMinutes=60)
    friday = "2026-03-27T13:00:00Z"

    held = (await house.ask(HOLD, input=hold(slug, friday)))["holdCreate"]["hold"]
    house.clock.turn(minutes=4)
    booked = await house.book(slug, friday, hold=held["token"])

    assert booked["__typename"] == "BookingCreatePayload"
    assert await house.count("bookings") == 1


async def test_a_hold_that_has_ended_books_nothing(house: Installation, ada: Host) -> None:
    slug = await house.page(ada)
    held = (await house.ask(HOLD, input=hold(slug, NINE)))["holdCreate"]["hold"]
    house.clock.turn(minutes=6)

    refused = await house.book(slug, NINE, hold=held["token"])

    assert refused["__typename"] == "HoldExpiredError"
    assert await house.count("effects WHERE kind <> 'sign_in_code'") == 0


async def test_a_released_hold_frees_its_slot(house: Installation, ada: Host) -> None:
    slug = await house.page(ada)
    held = (await house.ask(HOLD, input=hold(slug, NINE)))["holdCreate"]["hold"]

    released = await house.ask(
        "mutation ($input: HoldReleaseInput!) { holdRelease(input: $input) { __typename } }",
        input={"token": held["token"]},
    )

    assert released["holdRelease"]["__typename"] == "HoldReleasePayload"
    assert NINE in await house.starts(slug, MONDAY)


async def test_a_hold_does_not_hide_what_the_host_entered_since(
    house: Installation, ada: Host, radicale: Radicale
) -> None:
    """D03, D14: nobody's booking undoes a hold, but the calendar is asked when it is confirmed."""
    slug = await house.page(ada)
    calendar = (await house.rows("SELECT remote_url FROM calendars WHERE receives_bookings"))[0][0]
    held = (await house.ask(HOLD, input=hold(slug, NINE)))["holdCreate"]["hold"]
    radicale.put(calendar, f"own-{uuid4().hex}", BLOCK.format(start="070000", end="073000"))

    refused = await house.book(slug, NINE, hold=held["token"])

    assert refused["__typename"] == "SlotTakenError"
    assert await house.rows("SELECT state FROM bookings") == [("held",)]


BLOCK = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Host//EN
BEGIN:VEVENT
UID:own@example.com
DTSTAMP:20260301T000000Z
DTSTART:20260330T{start}Z
DTEND:20260330T{end}Z
SUMMARY:Dentist
END:VEVENT
END:VCALENDAR
"""

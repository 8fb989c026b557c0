"""Open slots and why a time is not offered, over the API."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from tests.installation import HOLD, OPEN_SLOTS, Host, Installation
from tests.radicale import Radicale

pytestmark = pytest.mark.anyio

MONDAY = datetime(2026, 3, 30, tzinfo=UTC)
WINDOW = {"from": "2026-03-30T00:00:00Z", "to": "2026-03-31T00:00:00Z"}
NINE = "2026-03-30T07:00:00Z"
EXPLAIN = """query ($page: ID!, $start: Instant!) { explainSlot(pageId: $page, start: $start) {
  isOffered freshness refusals { rule detail } } }"""
CANARY = "canary-dentist-b7"
ENTRY = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Host//EN
BEGIN:VEVENT
UID:dentist@example.com
DTSTAMP:20260301T000000Z
DTSTART:20260330T070000Z
DTEND:20260330T080000Z
SUMMARY:canary-dentist-b7
DESCRIPTION:canary-dentist-b7 bring the x-rays
LOCATION:canary-dentist-b7 street
END:VEVENT
END:VCALENDAR
"""


async def calendar_of(house: Installation) -> str:
    return (await house.rows("SELECT remote_url FROM calendars WHERE receives_bookings"))[0][0]


async def page_id(house: Installation, host: Host) -> str:
    listed = await house.ask("{ bookingPages { nodes { id } } }", host.token)
    return listed["bookingPages"]["nodes"][0]["id"]


async def test_a_busy_block_takes_the_slots_that_it_touches(
    house: Installation, ada: Host, radicale: Radicale
) -> None:
    """R006, R088: what stands in the calendar when the page is opened."""
    slug = await house.page(ada)
    radicale.put(await calendar_of(house), f"d-{uuid4().hex}", ENTRY)

    starts = await house.starts(slug, MONDAY)

    assert starts[0] == "2026-03-30T08:00:00Z"
    assert len(starts) == 14


async def test_nothing_of_an_entry_but_its_times_is_ever_seen(
    house: Installation, ada: Host, radicale: Radicale, caplog: pytest.LogCaptureFixture
) -> None:
    """R020, R061, R062, R063, case 164: not in an answer, a row, Redis, a mail or a log line."""
    slug = await house.page(ada)
    radicale.put(await calendar_of(house), f"d-{uuid4().hex}", ENTRY)

    shown = await house.answer(OPEN_SLOTS, slug=slug, window=WINDOW)
    explained = await house.answer(EXPLAIN, ada.token, page=await page_id(house, ada), start=NINE)
    await house.book(slug, "2026-03-30T09:00:00Z")
    await house.work()

    seen = [str(shown), str(explained), caplog.text, *await house.everything_stored()]
    seen += [mail.message.as_string() for mail in house.mails.newest_first()]
    assert not [text for text in seen if CANARY in text]


async def test_without_a_visitor_no_calendar_is_asked(house: Installation, ada: Host) -> None:
    """R015, R090, P11: neither publishing a page nor an hour that passes asks for busy times."""
    await house.page(ada)
    before = await house.keys("slotgraph:busy*")

    house.clock.turn(hours=1)
    await house.work()

    assert before == await house.keys("slotgraph:busy*") == []


@pytest.mark.parametrize(
    ("window", "path"),
    [
        pytest.param({"from": WINDOW["to"], "to": WINDOW["from"]}, ["window", "to"], id="reversed"),
        pytest.param({"from": WINDOW["from"], "to": WINDOW["from"]}, ["window", "to"], id="empty"),
        pytest.param({"from": WINDOW["from"], "to": "2026-06-30T00:00:00Z"}, ["window", "to"], id="too long"),
        pytest.param(
            {"from": "0001-01-01T00:00:00Z", "to": "0001-01-02T00:00:00Z"}, ["window"], id="antiquity"
        ),
    ],
)
async def test_a_window_that_cannot_be_asked_about_is_named(
    house: Installation, ada: Host, window: dict[str, str], path: list[str]
) -> None:
    """Case 86."""
    slug = await house.page(ada)

    answer = await house.answer(OPEN_SLOTS, slug=slug, window=window)

    (error,) = answer["errors"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert error["extensions"]["inputPath"] == path


async def test_an_unknown_zone_is_named(house: Installation, ada: Host) -> None:
    slug = await house.page(ada)

    answer = await house.answer(
        """query ($slug: String!, $window: WindowInput!) { bookingPage(slug: $slug) {
          openSlots(window: $window, zone: "Mars/Olympus") { freshness } } }""",
        slug=slug,
        window=WINDOW,
    )

    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    assert answer["errors"][0]["extensions"]["inputPath"] == ["zone"]


@pytest.mark.parametrize(
    ("start", "rules"),
    [
        pytest.param("2026-03-30T08:00:00Z", [], id="offered"),
        pytest.param(NINE, ["BUSY"], id="busy"),
        pytest.param("2026-03-30T08:10:00Z", ["GRID"], id="off the grid"),
        pytest.param("2026-03-29T08:00:00Z", ["HOURS"], id="a Sunday"),
        pytest.param("2026-03-27T08:00:00Z", ["NOTICE"], id="past"),
    ],
)
async def test_the_owner_is_told_which_rules_refuse_a_start(
    house: Installation, ada: Host, radicale: Radicale, start: str, rules: list[str]
) -> None:
    """X12."""
    await house.page(ada)
    radicale.put(await calendar_of(house), f"d-{uuid4().hex}", ENTRY)

    data = await house.ask(EXPLAIN, ada.token, page=await page_id(house, ada), start=start)

    explained: dict[str, Any] = data["explainSlot"]
    assert [refusal["rule"] for refusal in explained["refusals"]] == rules
    assert explained["isOffered"] is (not rules)


async def test_the_owner_is_told_of_a_held_time(house: Installation, ada: Host) -> None:
    """X12."""
    slug = await house.page(ada)
    await house.ask(HOLD, input={"slug": slug, "start": NINE, "idempotencyKey": str(uuid4())})

    data = await house.ask(EXPLAIN, ada.token, page=await page_id(house, ada), start=NINE)

    assert [refusal["rule"] for refusal in data["explainSlot"]["refusals"]] == ["BOOKED"]


async def test_nobody_else_is_told_why(house: Installation, ada: Host) -> None:
    """X12, case 170: guests and other hosts learn nothing."""
    await house.page(ada)
    page = await page_id(house, ada)
    other = await house.sign_up("Mallory")

    as_other = await house.answer(EXPLAIN, other.token, page=page, start=NINE)
    as_guest = await house.answer(EXPLAIN, page=page, start=NINE)

    assert as_other["data"] == {"explainSlot": None}
    assert as_guest["data"] == {"explainSlot": None}
    assert as_guest["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"

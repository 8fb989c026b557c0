"""Several lengths on one page, and how many bookings one invitee may have, over the API."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from domain.tokens import TokenKind
from tests.api.test_availability import page_id
from tests.installation import (
    CHANGED,
    HOLD,
    PAGE_CREATE,
    RESCHEDULE,
    Host,
    Installation,
    booking,
    secrets_in,
)

pytestmark = pytest.mark.anyio

MONDAY = datetime(2026, 3, 30, tzinfo=UTC)
WINDOW = {"from": "2026-03-30T00:00:00Z", "to": "2026-03-31T00:00:00Z"}
NINE, HALF_PAST, TEN, ELEVEN = (f"2026-03-30T{at}:00Z" for at in ("07:00", "07:30", "08:00", "09:00"))
SLOTS = """query ($slug: String!, $window: WindowInput!, $length: Int) { bookingPage(slug: $slug) {
  lengthsMinutes openSlots(window: $window, durationMinutes: $length) { slots { start end } } } }"""
FOLLOW = CHANGED.replace("$after: String", "$length: Int").replace(
    "after: $after", "durationMinutes: $length"
)
EXPLAIN = """query ($page: ID!, $start: Instant!, $length: Int) {
  explainSlot(pageId: $page, start: $start, durationMinutes: $length) { refusals { rule } } }"""
BOOK = """mutation ($input: BookingCreateInput!) { bookingCreate(input: $input) { __typename
  ... on BookingCreatePayload { manageToken booking { start end } }
  ... on Error { code path message } ... on AlreadyBookedError { most } } }"""
SEND = """mutation ($input: BookingLinksSendInput!) { bookingLinksSend(input: $input) { __typename
  ... on BookingLinksSendPayload { asked } ... on Error { code path } } }"""


async def slots(house: Installation, slug: str, length: int | None) -> list[tuple[str, str]]:
    """List the free slots of the Monday."""
    data = await house.ask(SLOTS, slug=slug, window=WINDOW, length=length)
    return [(slot["start"], slot["end"]) for slot in data["bookingPage"]["openSlots"]["slots"]]


async def book(house: Installation, slug: str, start: str, **more: Any) -> dict[str, Any]:
    """Try to book; whatever comes of it."""
    return (await house.ask(BOOK, input=booking(slug, start, **more)))["bookingCreate"]


async def test_an_invitee_chooses_among_the_lengths_of_a_page(house: Installation, ada: Host) -> None:
    """X14: slots, holds and bookings are of the length asked for, on the page's own grid."""
    slug = await house.page(ada, otherLengthsMinutes=[90, 60, 30], caps={"perDayMinutes": 180})

    usual, long = await slots(house, slug, None), await slots(house, slug, 90)
    held = (await house.ask(HOLD, input=_hold(slug, NINE, 90)))["holdCreate"]["hold"]
    other = await book(house, slug, NINE, hold=held["token"], durationMinutes=60)
    booked = await book(house, slug, NINE, hold=held["token"])
    after, none_left = await slots(house, slug, 90), await slots(house, slug, 60)
    never = await book(house, slug, ELEVEN, durationMinutes=45)

    assert usual[:2] == [(NINE, HALF_PAST), (HALF_PAST, TEN)]
    assert long[:2] == [(NINE, "2026-03-30T08:30:00Z"), (HALF_PAST, ELEVEN)]
    assert (len(usual), len(long)) == (16, 14)
    assert held["end"] == "2026-03-30T08:30:00Z"
    assert (other["__typename"], other["path"]) == ("InvalidInputError", ["durationMinutes"])
    assert booked["booking"] == {"start": NINE, "end": "2026-03-30T08:30:00Z"}
    assert (len(after), len(none_left)) == (11, 12)  # 90 of the 180 minutes are left
    assert (never["__typename"], never["path"]) == ("InvalidInputError", ["durationMinutes"])


async def test_a_cap_in_minutes_counts_real_lengths(house: Installation, ada: Host) -> None:
    """X14, X16, X12: half an hour more fits where an hour does not, and the owner is told so."""
    slug = await house.page(ada, otherLengthsMinutes=[60], caps={"perDayMinutes": 90})
    await book(house, slug, NINE, durationMinutes=60)
    page = await page_id(house, ada)

    short, long = await slots(house, slug, 30), await slots(house, slug, 60)
    explained = await house.ask(EXPLAIN, ada.token, page=page, start=ELEVEN, length=60)

    assert (len(short), long) == (14, [])
    assert explained["explainSlot"]["refusals"] == [{"rule": "CAP"}]


async def test_a_moved_booking_keeps_its_length(house: Installation, ada: Host) -> None:
    """X14."""
    slug = await house.page(ada, otherLengthsMinutes=[60])
    booked = await book(house, slug, NINE, durationMinutes=60)

    moved = await house.ask(RESCHEDULE, input={"token": booked["manageToken"], "start": HALF_PAST})

    assert moved["bookingReschedule"]["booking"]["end"] == "2026-03-30T08:30:00Z"


async def test_each_length_is_followed_by_itself(house: Installation, ada: Host) -> None:
    """X14, X01."""
    slug = await house.page(ada, otherLengthsMinutes=[60])

    async with (
        house.feed(FOLLOW, slug=slug, window=WINDOW) as usual,
        house.feed(FOLLOW, slug=slug, window=WINDOW, length=60) as long,
    ):
        states = [(await feed.next())["openSlotsChanged"]["slots"] for feed in (usual, long)]
        await book(house, slug, HALF_PAST)
        changes = [(await feed.next())["openSlotsChanged"]["removed"] for feed in (usual, long)]

    assert [len(state) for state in states] == [16, 15]
    assert [[slot["start"] for slot in removed] for removed in changes] == [[HALF_PAST], [NINE, HALF_PAST]]


async def test_lengths_that_a_page_cannot_have_are_named(house: Installation, ada: Host) -> None:
    wanted = {"slug": "odd", "name": "Odd", "durationMinutes": 30}
    group = {"kind": "GROUP", "capacity": 5, "otherLengthsMinutes": [60]}

    refused = [
        (await house.ask(PAGE_CREATE, ada.token, input={**wanted, **settings}))["bookingPageCreate"]["path"]
        for settings in ({"otherLengthsMinutes": [4]}, group, {"otherLengthsMinutes": [*range(31, 41)]})
    ]

    assert refused == [["otherLengthsMinutes"]] * 3


async def test_one_invitee_has_no_more_bookings_to_come_than_the_page_allows(
    house: Installation, ada: Host
) -> None:
    """X16, case 148: one person's addresses are one; no more is said than that there is one."""
    slug = await house.page(ada, upcomingPerInvitee=1)
    first = await book(house, slug, NINE)

    tagged = {"name": "G", "email": "Grace+again@Example.org", "zone": "UTC"}
    refused = [await book(house, slug, TEN), await book(house, slug, TEN, invitee=tagged)]
    stranger = await book(house, slug, TEN, invitee={**tagged, "email": "eve@example.org"})
    house.clock.turn(days=3)
    later = await book(house, slug, "2026-03-31T07:00:00Z")

    assert [(one["code"], one["path"], one["most"]) for one in refused] == [
        ("ALREADY_BOOKED", ["invitee", "email"], 1)
    ] * 2
    assert not [word for word in (NINE, first["manageToken"]) if word in str(refused)]
    assert [stranger["__typename"], later["__typename"]] == ["BookingCreatePayload"] * 2


async def test_links_are_mailed_again_to_whom_they_belong_and_nothing_is_said(
    house: Installation, ada: Host
) -> None:
    """X16: the answer is the same for an address with bookings and without."""
    slug = await house.page(ada, upcomingPerInvitee=1)
    booked = await book(house, slug, NINE)
    await house.work()
    before = len(house.mails_to("grace@example.org"))

    answers = [
        await house.ask(SEND, input={"slug": slug, "email": email})
        for email in ("GRACE+x@example.org", "nobody@example.org")
    ]
    await house.work()

    mails = house.mails_to("grace@example.org")[before:]
    assert (
        answers[0]
        == answers[1]
        == {"bookingLinksSend": {"__typename": "BookingLinksSendPayload", "asked": True}}
    )
    assert [secrets_in(mail.part("text/plain"), TokenKind.MANAGE) for mail in mails] == [
        [booked["manageToken"]]
    ]
    assert house.mails_to("nobody@example.org") == []


def _hold(slug: str, start: str, length: int) -> dict[str, Any]:
    return {"slug": slug, "start": start, "durationMinutes": length, "idempotencyKey": str(uuid4())}

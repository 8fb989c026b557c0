"""Waitlists: who waits for a taken slot is offered it first, in order, and for a time (X03)."""

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from tests.api.test_availability import calendar_of
from tests.installation import CANCEL, HOLD, Host, Installation
from tests.radicale import Radicale

pytestmark = pytest.mark.anyio

MONDAY = datetime(2026, 3, 30, tzinfo=UTC)
NINE, TEN = "2026-03-30T07:00:00Z", "2026-03-30T08:00:00Z"
WAITER = "state place hold { token expiresAt }"
JOIN = f"""mutation ($input: WaitlistJoinInput!) {{ waitlistJoin(input: $input) {{ __typename
  ... on WaitlistJoinPayload {{ token waiter {{ {WAITER} }} }} ... on Error {{ code path }} }} }}"""
LOOK = f"query ($secret: String!) {{ waiter(token: $secret) {{ {WAITER} }} }}"
LEAVE = f"""mutation ($input: WaitlistLeaveInput!) {{ waitlistLeave(input: $input) {{
  ... on WaitlistLeavePayload {{ waiter {{ {WAITER} }} }} ... on Error {{ code }} }} }}"""
TAKE = """mutation ($input: WaitlistTakeInput!) { waitlistTake(input: $input) { __typename
  ... on WaitlistTakePayload { manageToken booking { state start name } } ... on Error { code } } }"""
FOLLOW = f"subscription ($secret: String!) {{ waiterChanged(token: $secret) {{ {WAITER} }} }}"
EXPLAIN = """query ($id: ID!, $start: Instant!) {
  explainSlot(pageId: $id, start: $start) { refusals { rule } } }"""
RELEASE = """mutation ($input: HoldReleaseInput!) { holdRelease(input: $input) {
  ... on HoldReleasePayload { released } ... on Error { code } } }"""
SEEN = "id state place name email start joinedAt offeredUntil"
QUEUE = f"""query ($page: ID!, $only: Boolean, $first: Int) {{
  pageWaiters(pageId: $page, waitingOnly: $only, first: $first) {{ nodes {{ {SEEN} }} }} }}"""
REMOVE = f"""mutation ($input: WaiterRemoveInput!) {{ waiterRemove(input: $input) {{
  ... on WaiterRemovePayload {{ waiter {{ {SEEN} }} }} ... on Error {{ code }} }} }}"""
PAGES = "{ bookingPages { nodes { id } } }"
UPDATE = """mutation ($input: BookingPageUpdateInput!) { bookingPageUpdate(input: $input) { __typename
  ... on Error { code path } } }"""


async def join(house: Installation, slug: str, name: str, start: str = NINE, **more: Any) -> dict[str, Any]:
    """Begin to wait; whatever comes of it."""
    wanted = {
        "slug": slug,
        "start": start,
        "invitee": {"name": name, "email": f"{name.lower()}@example.org", "zone": "Europe/Berlin"},
        "idempotencyKey": str(uuid4()),
        **more,
    }
    return (await house.ask(JOIN, input=wanted))["waitlistJoin"]


async def stands(house: Installation, joined: dict[str, Any]) -> tuple[str, int | None]:
    """Say where somebody stands."""
    waiter = (await house.ask(LOOK, secret=joined["token"]))["waiter"]
    return waiter["state"], waiter["place"]


async def take(house: Installation, joined: dict[str, Any]) -> dict[str, Any]:
    """Take what was offered; whatever comes of it."""
    wanted = {"token": joined["token"], "idempotencyKey": str(uuid4())}
    return (await house.ask(TAKE, input=wanted))["waitlistTake"]


async def taken_page(house: Installation, host: Host, **settings: Any) -> tuple[str, str]:
    """Publish a page with waitlists and book its nine o'clock: its link, and the secret of the booking."""
    slug = await house.page(host, waitlistOfferMinutes=30, **settings)
    booked = await house.book(slug, NINE)
    return slug, booked["manageToken"]


async def cancel(house: Installation, token: str) -> None:
    await house.ask(CANCEL, input={"token": token})


def subjects(house: Installation, address: str) -> list[str]:
    """Give what the mails to an address are about: the words before the colon."""
    return [str(mail.summary["subject"]).split(":")[0] for mail in house.mails_to(address)]


async def test_what_becomes_free_is_offered_to_who_waits_first_and_to_nobody_else(
    house: Installation, ada: Host
) -> None:
    slug, booked = await taken_page(house, ada)
    first, second = await join(house, slug, "Bea"), await join(house, slug, "Cem")
    before = [await stands(house, first), await stands(house, second)]

    await cancel(house, booked)
    passing = await house.book(slug, NINE)
    hold = await house.ask(HOLD, input={"slug": slug, "start": NINE, "idempotencyKey": str(uuid4())})
    shown = NINE in await house.starts(slug, MONDAY)
    await house.work()
    offered = [await stands(house, first), await stands(house, second)]
    done = await take(house, first)
    await house.work()

    assert before == [("WAITING", 1), ("WAITING", 2)]
    assert passing["__typename"] == hold["holdCreate"]["__typename"] == "SlotTakenError"
    assert NINE not in [slot["start"] for slot in passing["nextSlots"]]
    assert not shown
    assert offered == [("OFFERED", None), ("WAITING", 1)]
    assert (done["booking"]["state"], done["booking"]["name"]) == ("CONFIRMED", "Bea")
    assert [await stands(house, one) for one in (first, second)] == [("BOOKED", None), ("WAITING", 1)]
    assert subjects(house, "bea@example.org") == [
        "You are on the waitlist",
        "The time you wait for is free",
        "Confirmed",
    ]
    assert subjects(house, "cem@example.org") == ["You are on the waitlist"]


async def test_an_offer_ends_and_goes_to_the_next_and_at_last_to_everybody(
    house: Installation, ada: Host
) -> None:
    slug, booked = await taken_page(house, ada)
    first, second = await join(house, slug, "Bea"), await join(house, slug, "Cem")
    await cancel(house, booked)
    await house.work()

    house.clock.turn(minutes=30)
    await house.work()
    then = [await stands(house, first), await stands(house, second)]
    late = await take(house, first)
    house.clock.turn(minutes=30)
    await house.work()

    assert then == [("LAPSED", None), ("OFFERED", None)]
    assert late["code"] == "HOLD_EXPIRED"
    assert await stands(house, second) == ("LAPSED", None)
    assert NINE in await house.starts(slug, MONDAY)
    assert (await house.book(slug, NINE))["__typename"] == "BookingCreatePayload"
    assert (await join(house, slug, "Bea"))["waiter"]["place"] == 1


async def test_who_leaves_or_gives_the_offer_up_makes_room(house: Installation, ada: Host) -> None:
    slug, booked = await taken_page(house, ada)
    waiting = [await join(house, slug, name) for name in ("Bea", "Cem", "Dan")]
    await cancel(house, booked)
    await house.work()

    left = await house.ask(LEAVE, input={"token": waiting[1]["token"]})
    given_up = await house.ask(LEAVE, input={"token": waiting[0]["token"]})
    await house.work()

    assert left["waitlistLeave"]["waiter"]["state"] == "LEFT"
    assert given_up["waitlistLeave"]["waiter"]["state"] == "LAPSED"
    assert await stands(house, waiting[2]) == ("OFFERED", None)
    token = (await house.ask(LOOK, secret=waiting[2]["token"]))["waiter"]["hold"]["token"]
    await house.ask(RELEASE, input={"token": token})
    assert NINE in await house.starts(slug, MONDAY)


async def test_a_place_is_told_live(house: Installation, ada: Host) -> None:
    slug, booked = await taken_page(house, ada)
    first, second = await join(house, slug, "Bea"), await join(house, slug, "Cem")

    async with house.feed(FOLLOW, secret=second["token"]) as feed:
        begins = (await feed.next())["waiterChanged"]
        await house.ask(LEAVE, input={"token": first["token"]})
        nearer = (await feed.next())["waiterChanged"]
        await cancel(house, booked)
        await house.work()
        offered = (await feed.next())["waiterChanged"]
        await take(house, second)
        done = (await feed.next())["waiterChanged"]

    assert (begins["place"], nearer["place"]) == (2, 1)
    assert offered["state"] == "OFFERED"
    assert offered["hold"]["expiresAt"] == "2026-03-27T12:30:00Z"
    assert done == {"state": "BOOKED", "place": None, "hold": None}


async def test_free_seats_of_a_full_session_are_offered_in_order(house: Installation, ada: Host) -> None:
    """Two seats free at once: two offers at once, and never one seat more than there are (case 147)."""
    slug = await house.page(ada, kind="GROUP", capacity=2, durationMinutes=60, waitlistOfferMinutes=30)
    seats = [await house.book(slug, NINE, invitee=guest(number)) for number in range(2)]
    waiting = [await join(house, slug, name) for name in ("Bea", "Cem", "Dan")]

    for seat in seats:
        await cancel(house, seat["manageToken"])
    await house.work()
    states = [(await stands(house, one))[0] for one in waiting]
    booked = [await take(house, one) for one in waiting[:2]]

    assert states == ["OFFERED", "OFFERED", "WAITING"]
    assert [one["booking"]["state"] for one in booked] == ["CONFIRMED", "CONFIRMED"]
    assert await house.rows("SELECT count(*) FROM invitees WHERE state = 'confirmed'") == [(2,)]


async def test_time_that_a_calendar_frees_is_offered_when_somebody_opens_the_page(
    house: Installation, ada: Host, radicale: Radicale
) -> None:
    """A CalDAV server tells nobody, and no calendar is asked for the sake of a queue (R090)."""
    slug = await house.page(ada, waitlistOfferMinutes=30)
    calendar = await calendar_of(house)
    radicale.put(calendar, "dentist", ENTRY)
    joined = await join(house, slug, "Bea")
    await house.work()
    radicale.put(calendar, "dentist", ENTRY.replace("T07", "T17"))
    house.clock.turn(minutes=16)
    await house.work()
    before = await stands(house, joined)
    for key in await house.keys("slotgraph:busy:*"):
        await house.redis("DEL", key)

    shown = NINE in await house.starts(slug, MONDAY)
    await house.work()

    assert before == ("WAITING", 1)
    assert not shown
    assert await stands(house, joined) == ("OFFERED", None)


async def test_a_queue_ends_with_its_slot(house: Installation, ada: Host) -> None:
    """Nobody waits for what will not come, and is told so."""
    slug, _ = await taken_page(house, ada)
    joined = await join(house, slug, "Bea")
    page = (await house.ask(PAGES, ada.token))["bookingPages"]["nodes"][0]["id"]

    await house.ask(UPDATE, ada.token, input={"id": page, "waitlistOfferMinutes": None})
    await house.work()

    assert await stands(house, joined) == ("ENDED", None)
    assert (await join(house, slug, "Cem"))["code"] == "NO_WAITLIST"


async def test_a_queue_ends_by_the_clock_where_its_slot_is_too_soon(house: Installation, ada: Host) -> None:
    """Inside the page's notice nothing is offered any more, though the slot's time is still had."""
    slug, _ = await taken_page(house, ada, noticeMinutes=60)
    joined = await join(house, slug, "Bea")
    house.clock.turn(hours=65, minutes=59)
    before = await house.parts.services.bookings.keeping.end_waits()
    house.clock.turn(minutes=2)

    found = await house.parts.services.bookings.keeping.end_waits()
    await house.work()
    again = await house.parts.services.bookings.keeping.end_waits()

    assert (before, found, again) == (0, 1, 0)
    assert await stands(house, joined) == ("ENDED", None)


async def test_one_waits_only_for_what_is_taken_and_once(house: Installation, ada: Host) -> None:
    slug, _ = await taken_page(house, ada)
    key = str(uuid4())
    joined = await join(house, slug, "Bea", idempotencyKey=key)
    stranger = {"name": "Bea", "email": "nobody", "zone": "Europe/Berlin"}

    again = await join(house, slug, "Bea", idempotencyKey=key)
    refused = [
        await join(house, slug, "Cem", idempotencyKey=key),
        await join(house, slug, "Bea"),
        await join(house, slug, "Bea", TEN),
        await join(house, slug, "Bea", "2026-03-30T03:00:00Z"),
        await join(house, slug, "Bea", invitee=stranger),
        await join(house, await house.page(ada), "Bea", NINE),
    ]
    unknown = (await house.ask(LOOK, secret="sgw_" + "0" * 40))["waiter"]
    page = (await house.ask(PAGES, ada.token))["bookingPages"]["nodes"][0]["id"]
    limits = [
        (await house.ask(UPDATE, ada.token, input={"id": page, "waitlistOfferMinutes": minutes}))
        for minutes in (4, 2881)
    ]

    assert again == joined
    assert [one["code"] for one in refused] == [
        "CONFLICT",
        "ALREADY_WAITING",
        "SLOT_FREE",
        "SLOT_NOT_OFFERED",
        "INVALID_INPUT",
        "NO_WAITLIST",
    ]
    assert refused[4]["path"] == ["invitee", "email"]
    assert unknown is None
    assert [one["bookingPageUpdate"]["path"] for one in limits] == [["waitlistOfferMinutes"]] * 2
    assert await house.count("waiters") == 1


async def test_a_crowd_and_a_queue_make_one_booking(house: Installation, ada: Host) -> None:
    """Fair under races: whoever comes by meanwhile gets nothing, and one of the queue gets all."""
    slug, booked = await taken_page(house, ada)
    waiting = [await join(house, slug, f"Waiter{number}") for number in range(5)]

    answers = await asyncio.gather(
        cancel(house, booked),
        *(house.book(slug, NINE, invitee=guest(number)) for number in range(20)),
        house.work(),
        house.work(),
    )
    await house.work()
    passing = [one["__typename"] for one in answers[1:21] if isinstance(one, dict)]

    states = [(await stands(house, one))[0] for one in waiting]
    assert passing == ["SlotTakenError"] * 20
    assert states == ["OFFERED", "WAITING", "WAITING", "WAITING", "WAITING"]


async def test_the_owner_is_told_that_somebody_waits(house: Installation, ada: Host) -> None:
    """X12: a start that looks free and is not offered has its reason."""
    slug, booked = await taken_page(house, ada)
    await join(house, slug, "Bea")
    await cancel(house, booked)
    page = (await house.ask(PAGES, ada.token))["bookingPages"]["nodes"][0]["id"]

    said = await house.ask(EXPLAIN, ada.token, id=page, start=NINE)

    assert said["explainSlot"]["refusals"] == [{"rule": "WAITED"}]


async def test_the_pages_side_sees_who_waits_and_takes_somebody_off(house: Installation, ada: Host) -> None:
    """X03: place, name, slot, since when; who is taken off is told, and what was kept for them goes on."""
    slug, booked = await taken_page(house, ada)
    page = (await house.ask(PAGES, ada.token))["bookingPages"]["nodes"][0]["id"]
    waiting = [await join(house, slug, name) for name in ("Bea", "Cem", "Dan", "Eli")]
    await house.ask(LEAVE, input={"token": waiting[3]["token"]})
    eve = await house.sign_up("Eve")
    (first,) = (await house.ask(QUEUE, ada.token, page=page, first=1))["pageWaiters"]["nodes"]

    listed = (await house.ask(QUEUE, ada.token, page=page))["pageWaiters"]["nodes"]
    only = (await house.ask(QUEUE, ada.token, page=page, only=True))["pageWaiters"]["nodes"]
    others = [
        (await house.answer(QUEUE, eve.token, page=page))["data"]["pageWaiters"],
        (await house.ask(REMOVE, eve.token, input={"id": first["id"]}))["waiterRemove"]["code"],
    ]
    by_name = {one["name"]: one for one in listed}
    removed = [
        (await house.ask(REMOVE, ada.token, input={"id": by_name[name]["id"]}))["waiterRemove"]["waiter"]
        for name in ("Bea", "Eli")
    ]
    await cancel(house, booked)
    await house.work()
    offered = [await stands(house, one) for one in waiting]
    (given_up,) = [
        (await house.ask(REMOVE, ada.token, input={"id": by_name["Cem"]["id"]}))["waiterRemove"]["waiter"]
    ]
    await house.work()

    assert {name: one["place"] for name, one in by_name.items()} == {
        "Bea": 1,
        "Cem": 2,
        "Dan": 3,
        "Eli": None,
    }
    assert by_name["Bea"] == {
        "id": by_name["Bea"]["id"], "state": "WAITING", "place": 1, "name": "Bea",
        "email": "bea@example.org", "start": NINE, "joinedAt": "2026-03-27T12:00:00Z", "offeredUntil": None,
    }  # fmt: skip
    assert sorted(one["name"] for one in only) == ["Bea", "Cem", "Dan"]
    assert others == [None, "NOT_FOUND"]
    assert [one["state"] for one in removed] == ["REMOVED", "LEFT"]
    assert [state for state, _ in offered] == ["REMOVED", "OFFERED", "WAITING", "LEFT"]
    assert given_up["state"] == "REMOVED"
    assert (await take(house, waiting[1]))["code"] == "HOLD_EXPIRED"
    assert await stands(house, waiting[2]) == ("OFFERED", None)
    assert subjects(house, "bea@example.org")[-1] == "You are not on the waitlist any more"
    assert subjects(house, "eli@example.org") == []


async def test_who_waited_is_forgotten(house: Installation, ada: Host) -> None:
    """R129: names and addresses stay a day longer than the slot."""
    slug, _ = await taken_page(house, ada)
    await join(house, slug, "Bea")

    house.clock.turn(hours=24 * 4)
    await house.parts.services.bookings.keeping.forget_waits()

    assert (await house.count("waitlists"), await house.count("waiters")) == (0, 0)


def guest(number: int) -> dict[str, str]:
    return {"name": f"Guest {number}", "email": f"guest{number}@example.org", "zone": "UTC"}


ENTRY = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Host//EN
BEGIN:VEVENT
UID:dentist@example.com
DTSTAMP:20260301T000000Z
DTSTART:20260330T070000Z
DTEND:20260330T073000Z
END:VEVENT
END:VCALENDAR
"""

"""Group pages: seats of a session, shared by invitees who do not see each other."""

import asyncio
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from tests.installation import (
    BOOK,
    CANCEL,
    CHANGED,
    HOLD,
    OPEN_SLOTS,
    RESCHEDULE,
    Host,
    Installation,
    booking,
)
from tests.radicale import Radicale

pytestmark = pytest.mark.anyio

MONDAY = datetime(2026, 3, 30, tzinfo=UTC)
NINE = "2026-03-30T07:00:00Z"
TEN = "2026-03-30T08:00:00Z"
WINDOW = {"from": "2026-03-30T00:00:00Z", "to": "2026-03-31T00:00:00Z"}


async def group(house: Installation, host: Host, seats: int) -> str:
    return await house.page(host, kind="GROUP", capacity=seats, durationMinutes=60)


def guest(number: int) -> dict[str, str]:
    return {"name": f"Guest {number}", "email": f"guest{number}@example.org", "zone": "UTC"}


async def seats_left(house: Installation, slug: str, start: str) -> int | None:
    data = await house.ask(OPEN_SLOTS, slug=slug, window=WINDOW)
    slots = data["bookingPage"]["openSlots"]["slots"]
    return next((slot["seatsLeft"] for slot in slots if slot["start"] == start), 0)


async def test_of_thirty_who_want_five_seats_five_sit(house: Installation, ada: Host) -> None:
    """Case 147: one session, never a sixth seat, no second session at the same time."""
    slug = await group(house, ada, 5)

    answers = await asyncio.gather(*(house.book(slug, NINE, invitee=guest(number)) for number in range(30)))
    types = [answer["__typename"] for answer in answers]

    assert types.count("BookingCreatePayload") == 5
    assert types.count("SlotTakenError") == 25
    assert await house.count("bookings") == 1
    assert await house.rows("SELECT seat FROM invitees ORDER BY seat") == [(1,), (2,), (3,), (4,), (5,)]


async def test_a_session_is_offered_while_seats_are_left(
    house: Installation, ada: Host, radicale: Radicale
) -> None:
    """Our own entry in the host's calendar does not hide the seats that are left."""
    slug = await group(house, ada, 2)
    await house.book(slug, NINE, invitee=guest(1))
    await house.work()

    one_left = await seats_left(house, slug, NINE)
    second = await house.book(slug, NINE, invitee=guest(2))
    none_left = NINE not in await house.starts(slug, MONDAY)

    assert one_left == 1
    assert second["__typename"] == "BookingCreatePayload"
    assert none_left


async def test_a_session_takes_its_hosts_time_on_other_pages(house: Installation, ada: Host) -> None:
    slug, other = await group(house, ada, 5), await house.page(ada)
    await house.book(slug, NINE, invitee=guest(1))

    refused = await house.book(other, NINE)

    assert refused["__typename"] == "SlotTakenError"
    assert NINE not in await house.starts(other, MONDAY)


async def test_a_seat_that_is_given_back_can_be_taken_again(house: Installation, ada: Host) -> None:
    slug = await group(house, ada, 2)
    first = await house.book(slug, NINE, invitee=guest(1))
    await house.book(slug, NINE, invitee=guest(2))

    await house.ask(CANCEL, input={"token": first["manageToken"]})
    third = await house.book(slug, NINE, invitee=guest(3))

    assert third["__typename"] == "BookingCreatePayload"
    assert await house.rows("SELECT state, count(*) FROM bookings GROUP BY state") == [("confirmed", 1)]


async def test_the_last_seat_that_is_given_back_ends_the_session_and_its_entry(
    house: Installation, ada: Host, radicale: Radicale
) -> None:
    slug = await group(house, ada, 2)
    before = set(radicale.stored())
    only = await house.book(slug, NINE, invitee=guest(1))
    await house.work()

    await house.ask(CANCEL, input={"token": only["manageToken"]})
    await house.work()

    assert set(radicale.stored()) == before
    assert await seats_left(house, slug, NINE) is None


async def test_a_held_seat_is_not_free_and_another_is(house: Installation, ada: Host) -> None:
    """X04, D14: a hold takes one seat, not the session."""
    slug = await group(house, ada, 2)
    await house.ask(HOLD, input={"slug": slug, "start": NINE, "idempotencyKey": str(uuid4())})

    booked = await house.book(slug, NINE, invitee=guest(1))
    refused = await house.book(slug, NINE, invitee=guest(2))

    assert booked["__typename"] == "BookingCreatePayload"
    assert refused["__typename"] == "SlotTakenError"


async def test_one_of_several_moves_to_another_session_and_the_others_stay(
    house: Installation, ada: Host
) -> None:
    slug = await group(house, ada, 3)
    await house.book(slug, NINE, invitee=guest(1))
    second = await house.book(slug, NINE, invitee=guest(2))

    moved = await house.ask(RESCHEDULE, input={"token": second["manageToken"], "start": TEN})
    again = await house.ask(RESCHEDULE, input={"token": second["manageToken"], "start": NINE})

    assert moved["bookingReschedule"]["booking"]["start"] == TEN
    assert again["bookingReschedule"]["booking"]["start"] == NINE
    assert await house.rows(
        "SELECT b.state, count(i.id) FROM bookings b LEFT JOIN invitees i ON i.booking_id = b.id"
        " GROUP BY b.id, b.state ORDER BY 2"
    ) in ([("cancelled", 0), ("confirmed", 2)], [("expired", 0), ("confirmed", 2)])


async def test_a_repeated_booking_is_answered_by_its_seat_wherever_it_is_now(
    house: Installation, ada: Host
) -> None:
    """R4 of the security file."""
    slug = await group(house, ada, 3)
    await house.book(slug, NINE, invitee=guest(1))
    asked = booking(slug, NINE, invitee=guest(2))
    first = (await house.ask(BOOK, input=asked))["bookingCreate"]
    await house.ask(RESCHEDULE, input={"token": first["manageToken"], "start": TEN})

    repeated = (await house.ask(BOOK, input=asked))["bookingCreate"]

    assert repeated["manageToken"] == first["manageToken"]
    assert repeated["booking"]["start"] == TEN
    assert await house.count("invitees") == 2


async def test_invitees_see_nothing_of_each_other(house: Installation, ada: Host) -> None:
    """X14, case 172."""
    slug = await group(house, ada, 3)
    await house.book(slug, NINE, invitee=guest(1))
    second = await house.book(slug, NINE, invitee=guest(2))
    await house.work()

    shown = await house.ask(
        "query ($t: String!) { bookingByLink(token: $t) { name email } }", t=second["manageToken"]
    )
    mail = house.mails_to("guest2@example.org")[0]

    assert shown["bookingByLink"] == {"name": "Guest 2", "email": "guest2@example.org"}
    assert "Guest 1" not in mail.part("text/plain") + mail.part("text/calendar")


async def test_seats_left_change_on_the_open_page(house: Installation, ada: Host) -> None:
    """X01."""
    slug = await group(house, ada, 3)
    async with house.feed(CHANGED, slug=slug, window=WINDOW) as feed:
        await feed.next()
        await house.ask(
            """mutation ($input: BookingCreateInput!) { bookingCreate(input: $input) { __typename } }""",
            input=booking(slug, NINE, invitee=guest(1)),
        )
        changed = (await feed.next())["openSlotsChanged"]

    assert changed["added"] == [{"start": NINE, "seatsLeft": 2}]
    assert changed["removed"] == []


async def test_the_host_sees_every_seat(house: Installation, ada: Host) -> None:
    slug = await group(house, ada, 3)
    await house.book(slug, NINE, invitee=guest(1))
    await house.book(slug, NINE, invitee=guest(2))

    data = await house.ask("{ bookings { nodes { capacity invitees { name seat state } } } }", ada.token)

    assert data["bookings"]["nodes"] == [
        {
            "capacity": 3,
            "invitees": [
                {"name": "Guest 1", "seat": 1, "state": "CONFIRMED"},
                {"name": "Guest 2", "seat": 2, "state": "CONFIRMED"},
            ],
        }
    ]

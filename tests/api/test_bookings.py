"""A stranger books: one entry, both sides told, one winner, and nothing where it is refused."""

import asyncio
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from domain.tokens import TokenKind
from tests.installation import (
    BOOK,
    CANCEL,
    HOLD,
    Host,
    Installation,
    booking,
    secrets_in,
)
from tests.radicale import WORD, Radicale

pytestmark = pytest.mark.anyio

MONDAY = datetime(2026, 3, 30, tzinfo=UTC)  # the day after Europe's clocks went forward
NINE = "2026-03-30T07:00:00Z"  # 09:00 in Berlin, on summer time
TEN = "2026-03-30T08:00:00Z"


def hold(slug: str, start: str) -> dict[str, str]:
    return {"slug": slug, "start": start, "idempotencyKey": str(uuid4())}


async def test_a_stranger_books_and_the_slot_is_gone(house: Installation, ada: Host) -> None:
    """R002, R003, R004, R008, R013, R042: a client without an account, and no act of the host."""
    slug = await house.page(ada)
    before = await house.starts(slug, MONDAY)

    booked = await house.book(slug, NINE)

    assert booked["__typename"] == "BookingCreatePayload"
    assert booked["booking"]["state"] == "CONFIRMED"
    assert (booked["booking"]["start"], booked["booking"]["end"]) == (NINE, "2026-03-30T07:30:00Z")
    assert before[0] == NINE
    assert await house.starts(slug, MONDAY) == before[1:]


async def test_booking_writes_one_entry_into_the_hosts_calendar(
    house: Installation, ada: Host, radicale: Radicale
) -> None:
    """R007, R014, R066."""
    slug = await house.page(ada)
    before = set(radicale.stored())

    await house.book(slug, NINE)
    await house.work()
    (written,) = set(radicale.stored()) - before
    text = radicale.stored()[written].decode()

    assert "DTSTART:20260330T070000Z" in text
    assert "DTEND:20260330T073000Z" in text
    assert "METHOD" not in text
    assert await house.rows("SELECT state, written_version FROM entries") == [("written", 1)]


async def test_both_sides_are_told_with_a_calendar_file(house: Installation, ada: Host) -> None:
    """R135: each in the zone of the reader."""
    slug = await house.page(ada)

    booked = await house.book(slug, NINE)
    await house.work()
    (to_guest,) = house.mails_to("grace@example.org")
    to_host = house.mails_to(ada.email)[-1]

    assert "METHOD:REQUEST" in to_guest.part("text/calendar")
    assert "DTSTART:20260330T070000Z" in to_guest.part("text/calendar")
    assert secrets_in(to_guest.part("text/plain"), TokenKind.MANAGE) == [booked["manageToken"]]
    assert "3:00" in to_guest.part("text/plain")
    assert "9:00" in to_host.part("text/plain")
    assert secrets_in(to_host.part("text/plain"), TokenKind.MANAGE) == []


async def test_of_two_hundred_racers_one_wins_and_the_others_change_nothing(
    house: Installation, ada: Host
) -> None:
    """R021, case 133: no deadlock surfaces, each loser is shown the nearest free slots."""
    slug = await house.page(ada)

    answers = await asyncio.gather(*(house.book(slug, NINE) for _ in range(200)))
    losers = [answer for answer in answers if answer["__typename"] != "BookingCreatePayload"]

    assert len(losers) == 199
    assert {loser["__typename"] for loser in losers} == {"SlotTakenError"}
    assert {loser["code"] for loser in losers} == {"SLOT_TAKEN"}
    assert {loser["nextSlots"][0]["start"] for loser in losers} == {"2026-03-30T07:30:00Z"}
    assert await house.count("bookings") == 1
    assert await house.count("invitees") == 1
    assert await house.count("idempotency_keys") == 1
    assert await house.count("capabilities") == 1


async def test_a_repeated_request_is_answered_by_the_same_booking(house: Installation, ada: Host) -> None:
    """R4 of the security file, case 138."""
    slug = await house.page(ada)
    wanted = booking(slug, NINE)

    answers = await asyncio.gather(*(house.ask(BOOK, input=wanted) for _ in range(10)))

    assert len({answer["bookingCreate"]["manageToken"] for answer in answers}) == 1
    assert await house.count("bookings") == 1
    assert await house.count("effects WHERE kind = 'tell_invitee_confirmed'") == 1


async def test_a_used_key_with_another_request_is_a_conflict(house: Installation, ada: Host) -> None:
    slug = await house.page(ada)
    wanted = booking(slug, NINE)
    await house.ask(BOOK, input=wanted)

    answer = (await house.ask(BOOK, input={**wanted, "start": TEN}))["bookingCreate"]

    assert (answer["__typename"], answer["path"]) == ("ConflictError", ["idempotencyKey"])
    assert await house.count("bookings") == 1


@pytest.mark.parametrize(
    "start",
    [
        pytest.param("2026-03-27T11:00:00Z", id="past"),
        pytest.param("2026-03-30T07:10:00Z", id="off the grid"),
        pytest.param("2026-03-30T07:00:30Z", id="within a minute"),
        pytest.param("2026-03-29T07:00:00Z", id="a Sunday"),
        pytest.param("2026-03-30T14:45:00Z", id="runs over the hours"),
        pytest.param("2027-03-29T07:00:00Z", id="beyond the booking window"),
        pytest.param("9999-12-31T23:59:59Z", id="at the end of time"),
        pytest.param("0001-01-01T00:00:00Z", id="at the beginning of time"),
    ],
)
async def test_a_start_that_the_page_does_not_offer_is_refused(
    house: Installation, ada: Host, start: str
) -> None:
    """Case 139: by the same rules that show the slots."""
    slug = await house.page(ada)

    refused = await house.book(slug, start)

    assert (refused["__typename"], refused["path"]) == ("SlotNotOfferedError", ["start"])
    assert await house.count("bookings") == 0


@pytest.mark.parametrize(
    ("change", "path"),
    [
        pytest.param({"zone": "Mars/Olympus"}, ["invitee", "zone"], id="zone"),
        pytest.param({"email": "grace@example.org, evil@example.org"}, ["invitee", "email"], id="email"),
        pytest.param(
            {"email": "grace@example.org\r\nBcc: evil@example.org"}, ["invitee", "email"], id="crlf"
        ),
        pytest.param({"name": "   "}, ["invitee", "name"], id="name"),
        pytest.param({"locale": "tlh"}, ["invitee", "locale"], id="locale"),
    ],
)
async def test_bad_input_is_named_and_changes_nothing(
    house: Installation, ada: Host, change: dict[str, str], path: list[str]
) -> None:
    slug = await house.page(ada)
    invitee = {"name": "Grace", "email": "grace@example.org", "zone": "America/New_York", **change}

    refused = await house.book(slug, NINE, invitee=invitee)

    assert (refused["__typename"], refused["code"], refused["path"]) == (
        "InvalidInputError",
        "INVALID_INPUT",
        path,
    )
    assert await house.count("bookings") == 0


async def test_an_unknown_page_is_not_found(house: Installation) -> None:
    refused = await house.book("nobody/nothing", NINE)

    assert (refused["__typename"], refused["path"]) == ("NotFoundError", ["slug"])


async def test_a_busy_block_made_a_moment_ago_refuses_the_booking(
    house: Installation, ada: Host, radicale: Radicale
) -> None:
    """R089, D03, case 137: what was shown is a copy, what decides is the calendar."""
    slug = await house.page(ada)
    calendar = (await house.rows("SELECT remote_url FROM calendars WHERE receives_bookings"))[0][0]
    shown = await house.starts(slug, MONDAY)
    radicale.put(calendar, f"own-{uuid4().hex}", BLOCK.format(start="070000", end="080000"))

    refused = await house.book(slug, NINE)

    assert NINE in shown
    assert refused["__typename"] == "SlotTakenError"
    assert await house.count("bookings") == 0


async def test_a_dead_calendar_server_refuses_and_offers_nothing(house: Installation, ada: Host) -> None:
    """D03, D05, case 136: unknown is busy."""
    slug = await house.page(ada)
    await house.rows_changed("UPDATE calendar_connections SET url = 'http://127.0.0.1:9/'")
    await house.rows_changed("UPDATE calendars SET remote_url = 'http://127.0.0.1:9/work/'")

    refused = await house.book(slug, NINE)

    assert (refused["__typename"], refused["code"]) == ("TryAgainError", "TRY_AGAIN")
    assert await house.starts(slug, MONDAY) == []
    assert await house.count("bookings") == 0


async def test_a_host_without_a_calendar_offers_nothing(house: Installation) -> None:
    """R079, D05."""
    host = await house.sign_up("Kenji", "Asia/Tokyo")
    slug = await house.page(host)

    refused = await house.book(slug, "2026-03-30T01:00:00Z")

    assert await house.starts(slug, MONDAY) == []
    assert refused["__typename"] == "SlotNotOfferedError"


@pytest.mark.parametrize("kind", [TokenKind.HOLD, TokenKind.SESSION], ids=["hold", "session"])
async def test_only_the_links_own_secret_opens_a_booking(
    house: Installation, ada: Host, kind: TokenKind
) -> None:
    """Cases 19, 21: knowing something else is worth nothing."""
    slug = await house.page(ada)
    held = (await house.ask(HOLD, input=hold(slug, NINE)))["holdCreate"]["hold"]
    wrong = {TokenKind.HOLD: held["token"], TokenKind.SESSION: ada.token}[kind]

    refused = await house.ask(CANCEL, input={"token": wrong})
    shown = await house.ask("query ($t: String!) { bookingByLink(token: $t) { state } }", t=wrong)

    assert refused["bookingCancel"]["__typename"] == "NotFoundError"
    assert shown == {"bookingByLink": None}


async def test_another_host_sees_nothing_of_a_booking(house: Installation, ada: Host) -> None:
    """Cases 17, 18."""
    slug = await house.page(ada)
    await house.book(slug, NINE)
    id_ = (await house.ask("{ bookings { nodes { id } } }", ada.token))["bookings"]["nodes"][0]["id"]
    other = await house.sign_up("Mallory")

    seen = await house.ask("query ($id: ID!) { node(id: $id) { id } }", other.token, id=id_)
    cancelled = await house.ask(
        """mutation ($input: BookingCancelByHostInput!) { bookingCancelByHost(input: $input) {
          __typename } }""",
        other.token,
        input={"id": id_},
    )

    assert seen == {"node": None}
    assert cancelled["bookingCancelByHost"]["__typename"] == "NotFoundError"
    assert await house.rows("SELECT state FROM bookings") == [("confirmed",)]


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


async def test_an_entry_that_could_not_be_written_is_written_after_reconnecting(
    house: Installation, ada: Host, radicale: Radicale
) -> None:
    """P3, I2: nothing that was accepted is lost, however long the password is wrong."""
    slug = await house.page(ada)
    before = set(radicale.stored())
    await house.book(slug, NINE)
    await house.rows_changed("UPDATE effects SET state = 'failed', attempts = 80 WHERE kind = 'entry'")
    connections = await house.ask("{ calendarConnections { id } }", ada.token)

    reconnected = await house.ask(
        """mutation ($input: CalendarReconnectInput!) { calendarReconnect(input: $input) { __typename } }""",
        ada.token,
        input={"id": connections["calendarConnections"][0]["id"], "password": WORD},
    )
    await house.work()

    assert reconnected["calendarReconnect"]["__typename"] == "CalendarReconnectPayload"
    assert len(set(radicale.stored()) - before) == 1

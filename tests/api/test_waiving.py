"""Hosts who book past the rules of their page by naming them, over the API (X15)."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from services.availability import Availability
from services.gathered import Gathered
from tests.api.test_availability import calendar_of
from tests.installation import BOOK, CANCEL, HOLD, RESCHEDULE, Host, Installation, booking
from tests.links import opened, page_id, secret_of
from tests.radicale import Radicale
from tests.teams import colleague, team_of

pytestmark = pytest.mark.anyio

MONDAY = datetime(2026, 3, 30, tzinfo=UTC)
SIX, NINE, TEN_PAST, HALF_PAST, TEN, ELEVEN = (
    f"2026-03-30T{at}:00Z" for at in ("04:00", "07:00", "07:10", "07:30", "08:00", "09:00")
)  # in Berlin
EVERYTHING = ["NOTICE", "WINDOW", "CAP", "HOURS", "GRID", "AWAY", "AHEAD", "BUFFER", "BUSY"]
INVITEE = "grace@example.org"
SHOWN = """__typename ... on BookingPayload { booking { id state start version hostNames
  waived { rules by { handle } } } } ... on Error { code path message }
  ... on NotWaivedError { rules nextSlots { start } }"""
CREATE = f"""mutation ($input: BookingCreateByHostInput!) {{ bookingCreateByHost(input: $input) {{
  {SHOWN} }} }}"""
MOVE = f"""mutation ($input: BookingRescheduleByHostInput!) {{ bookingRescheduleByHost(input: $input) {{
  {SHOWN} }} }}"""
SHARE = "mutation ($input: UserUpdateInput!) { userUpdate(input: $input) { __typename } }"
UPDATE = "mutation ($input: BookingPageUpdateInput!) { bookingPageUpdate(input: $input) { __typename } }"
ABSENCE = "mutation ($input: AbsenceCreateInput!) { absenceCreate(input: $input) { __typename } }"
BY_LINK = "query ($secret: String!) { bookingByLink(token: $secret) { start %s } }"


async def create(
    house: Installation, host: Host, slug: str, start: str, *waives: str, **more: Any
) -> dict[str, Any]:
    """Book as a host; whatever comes of it."""
    given = {**booking(slug, start), "waives": list(waives), **more}
    return (await house.ask(CREATE, host.token, input=given))["bookingCreateByHost"]


async def move(house: Installation, host: Host, id_: str, start: str, *waives: str) -> dict[str, Any]:
    """Move a booking as its host; whatever comes of it."""
    given = {"id": id_, "start": start, "waives": list(waives)}
    return (await house.ask(MOVE, host.token, input=given))["bookingRescheduleByHost"]


def meeting_at(start: str, end: str) -> str:
    """Make a foreign entry of the Monday."""
    return (
        "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//x//x//EN\nBEGIN:VEVENT\nUID:foreign\n"
        f"DTSTAMP:20260301T000000Z\nDTSTART:20260330T{start}Z\nDTEND:20260330T{end}Z\n"
        "END:VEVENT\nEND:VCALENDAR\n"
    )


async def test_a_host_books_at_six_by_naming_what_refuses_it_and_everything_follows(
    house: Installation, ada: Host
) -> None:
    """Each rule that refuses is named until all are; what was named in vain is not kept."""
    slug = await house.page(ada, noticeMinutes=7 * 24 * 60, caps={"perDay": 0})
    before = await house.count("bookings")

    plain = await create(house, ada, slug, SIX)
    nearly = await create(house, ada, slug, SIX, "HOURS", "CAP")
    assert await house.count("bookings") == before
    key = str(uuid4())
    booked = await create(house, ada, slug, SIX, *EVERYTHING, idempotencyKey=key)
    again = await create(house, ada, slug, SIX, *EVERYTHING, idempotencyKey=key)
    other = await create(house, ada, slug, SIX, "HOURS", idempotencyKey=key)
    await house.work()

    assert (plain["__typename"], plain["code"], plain["path"]) == ("NotWaivedError", "NOT_WAIVED", ["waives"])
    assert (plain["rules"], nearly["rules"]) == (["NOTICE", "CAP", "HOURS"], ["NOTICE"])
    waived = {"rules": ["NOTICE", "CAP", "HOURS"], "by": {"handle": ada.handle}}
    assert (booked["booking"]["state"], booked["booking"]["waived"]) == ("CONFIRMED", waived)
    assert again == booked
    assert other["code"] == "CONFLICT"
    assert [str(mail.summary["subject"]).split(":")[0] for mail in house.mails_to(INVITEE)] == ["Confirmed"]
    assert str(house.mails_to(ada.email)[-1].summary["subject"]).startswith("New booking")
    assert await house.count("entries") == 1
    assert await house.rows("SELECT waived, waived_by = u.id FROM bookings, users AS u") == [
        ({"rules": ["notice", "cap", "hours"]}, True)
    ]


async def test_nothing_is_booked_over_a_booking_or_a_hold_whatever_is_named(
    house: Installation, ada: Host
) -> None:
    """The buffer between two may be waived, their time not; nor is the past."""
    slug = await house.page(ada, bufferAfterMinutes=20)
    await house.book(slug, NINE)
    held = {"slug": slug, "start": ELEVEN, "idempotencyKey": str(uuid4())}
    await house.ask(HOLD, input=held)

    booked = await create(house, ada, slug, TEN_PAST, *EVERYTHING)
    on_hold = await create(house, ada, slug, "2026-03-30T08:40:00Z", *EVERYTHING)
    past = await create(house, ada, slug, "2026-03-27T11:59:00Z", *EVERYTHING)
    seconds = await create(house, ada, slug, "2026-03-30T12:00:30Z", *EVERYTHING)
    too_close = await create(house, ada, slug, HALF_PAST)
    close = await create(house, ada, slug, HALF_PAST, "BUFFER")

    assert [one["code"] for one in (booked, on_hold)] == ["SLOT_TAKEN"] * 2
    assert [one["code"] for one in (past, seconds)] == ["SLOT_NOT_OFFERED"] * 2
    assert too_close["rules"] == ["BUFFER"]
    assert close["booking"]["waived"]["rules"] == ["BUFFER"]
    assert await house.count("bookings") == 3


async def test_a_calendar_is_booked_over_only_by_saying_so_and_read_all_the_same(
    house: Installation, ada: Host, radicale: Radicale
) -> None:
    """D03, D05: what cannot be read is busy; who does not share their time is not booked past that."""
    radicale.put(await calendar_of(house), f"d-{uuid4().hex}", meeting_at("070000", "080000"))
    slug = await house.page(ada)
    rest = [rule for rule in EVERYTHING if rule != "BUSY"]

    refused = await create(house, ada, slug, NINE, *rest)
    over = await create(house, ada, slug, NINE, *EVERYTHING)
    free = await create(house, ada, slug, TEN, *EVERYTHING)
    unread = await house.sign_up("Ben")
    theirs = await house.page(unread)
    unknown = await create(house, unread, theirs, NINE)
    known = await create(house, unread, theirs, NINE, "BUSY")
    await house.ask(SHARE, unread.token, input={"sharesAvailability": False})
    unshared = await create(house, unread, theirs, TEN, *EVERYTHING)

    assert (refused["rules"], unknown["rules"]) == (["BUSY"], ["BUSY"])
    assert over["booking"]["waived"]["rules"] == known["booking"]["waived"]["rules"] == ["BUSY"]
    assert free["booking"]["waived"] is None
    assert unshared["code"] == "SLOT_NOT_OFFERED"


async def test_the_hosts_and_the_owner_of_a_page_may_and_nobody_else(house: Installation, ada: Host) -> None:
    """Rights: a colleague and a stranger are told that there is no such page; an invitee is told nothing."""
    team = await team_of(house, ada, "Ben")
    ben, cy, eve = team.hosts[1], await colleague(house, ada, "Cy"), await house.sign_up("Eve")
    slug = await team.page(assignment="ONE", hosts=team.seats(ben))
    rules = ["HOURS", "BUSY"]

    refused = [await create(house, host, slug, SIX, *rules) for host in (cy, eve)]
    guest = await house.answer(CREATE, input={**booking(slug, SIX), "waives": rules})
    assert await house.count("bookings") == 0
    by_owner = await create(house, ada, slug, SIX, *rules)
    by_host = await create(house, ben, slug, "2026-03-30T05:00:00Z", *rules)
    moved = await move(house, ada, by_host["booking"]["id"], "2026-03-30T03:00:00Z", *rules)
    not_moved = [await move(house, host, by_host["booking"]["id"], SIX, *rules) for host in (cy, eve)]
    await house.work()
    secret = house.mails_to(INVITEE)[0].part("text/plain")
    shown = await house.answer(BY_LINK % "waived { rules }", secret="x")

    assert [(one["code"], one["path"]) for one in refused] == [("NOT_FOUND", ["slug"])] * 2
    assert "errors" in guest
    assert by_owner["booking"]["waived"] == {"rules": rules, "by": {"handle": ada.handle}}
    assert by_owner["booking"]["hostNames"] == ["Ben"]
    assert by_host["booking"]["waived"]["by"] == {"handle": ben.handle}
    assert moved["booking"]["waived"] == {"rules": rules, "by": {"handle": ada.handle}}
    assert [one["code"] for one in not_moved] == ["NOT_FOUND"] * 2
    assert "Cannot query field 'waived'" in str(shown["errors"])
    assert "hours" not in secret.lower()


async def test_a_host_books_on_a_secret_page_without_any_link_and_uses_none_up(
    house: Installation, ada: Host
) -> None:
    """A link's terms are for who has it: its host is asked for what the page's own rules refuse alone."""
    slug, eve = await house.page(ada), await house.sign_up("Eve")
    secret = await secret_of(house, ada, slug, starts=[TEN])
    given = {"id": await page_id(house, ada, slug), "isSecret": True}
    await house.ask(UPDATE, ada.token, input=given)

    stranger = await create(house, eve, slug, NINE, *EVERYTHING)
    within = await create(house, ada, slug, NINE)
    unnamed, past = await create(house, ada, slug, SIX), await create(house, ada, slug, SIX, "HOURS")
    unused = (await opened(house, secret))["usesLeft"]
    other = await house.book(slug, ELEVEN, link=secret)
    picked = await house.book(slug, TEN, link=secret)

    assert (stranger["code"], stranger["path"]) == ("NOT_FOUND", ["slug"])
    assert (within["booking"]["start"], within["booking"]["waived"]) == (NINE, None)
    assert (unnamed["code"], unnamed["rules"]) == ("NOT_WAIVED", ["HOURS"])
    assert past["booking"]["waived"]["rules"] == ["HOURS"]
    assert unused == 1
    assert (other["code"], picked["__typename"]) == ("SLOT_NOT_OFFERED", "BookingCreatePayload")


async def test_a_host_books_while_their_page_becomes_a_secret_one(
    house: Installation, ada: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under the locks it is another page than was opened, and there to its host still, but to nobody else."""
    slug = await house.page(ada)
    id_, gather = await page_id(house, ada, slug), Availability.gather

    async def meanwhile(self: Availability, *asked: Any, **how: Any) -> Gathered:
        gathered = await gather(self, *asked, **how)
        await house.ask(UPDATE, ada.token, input={"id": id_, "isSecret": True})
        return gathered

    monkeypatch.setattr(Availability, "gather", meanwhile)
    by_host = await create(house, ada, slug, SIX, "HOURS")
    await house.ask(UPDATE, ada.token, input={"id": id_, "isSecret": False})
    by_guest = await house.book(slug, NINE)

    assert by_host["booking"]["waived"]["rules"] == ["HOURS"]
    assert (by_guest["code"], by_guest["path"]) == ("NOT_FOUND", ["slug"])


async def test_a_host_moves_a_booking_past_the_rules_and_the_invitee_back_within_them(
    house: Installation, ada: Host
) -> None:
    """D10: what was waived is of the time that a booking has, not of one that it had."""
    slug = await house.page(ada)
    booked = await house.book(slug, NINE)
    taken = await house.book(slug, ELEVEN)
    await house.ask(ABSENCE, ada.token, input={**_TUESDAY, "zone": "Europe/Berlin"})
    nodes = (await house.ask("{ bookings { nodes { id } } }", ada.token))["bookings"]["nodes"]

    refused = await move(house, ada, nodes[0]["id"], "2026-03-31T07:10:00Z")
    over = await move(house, ada, nodes[0]["id"], "2026-03-30T09:10:00Z", *EVERYTHING)
    moved = await move(house, ada, nodes[0]["id"], "2026-03-31T07:10:00Z", "GRID", "AWAY", "CAP")
    await house.work()
    stays = await move(house, ada, nodes[0]["id"], "2026-03-31T07:10:00Z")
    back = await house.ask(RESCHEDULE, input={"token": booked["manageToken"], "start": NINE})
    await house.work()

    assert taken["__typename"] == "BookingCreatePayload"
    assert refused["rules"] == ["GRID", "AWAY"]
    assert over["code"] == "SLOT_TAKEN"
    assert moved["booking"]["waived"]["rules"] == ["GRID", "AWAY"]
    assert stays == moved
    assert back["bookingReschedule"]["booking"]["start"] == NINE
    assert await house.rows("SELECT count(*) FROM bookings WHERE waived IS NOT NULL") == [(0,)]
    subjects = [str(mail.summary["subject"]).split(":")[0] for mail in house.mails_to(INVITEE)]
    assert subjects.count("Moved") == 2


_TUESDAY = {"first": "2026-03-31", "last": "2026-03-31", "reason": "VACATION"}


async def test_who_is_free_takes_it_and_nobody_waits_or_is_counted_against_the_host(
    house: Installation, ada: Host, radicale: Radicale
) -> None:
    """D12, D14, X16: a booking of the host side needs no approval; one invitee's cap is a cap."""
    team = await team_of(house, ada, "Ben")
    ben = team.hosts[1]
    calendar = await house.connect_calendar(ben, radicale)
    radicale.put(calendar, f"d-{uuid4().hex}", meeting_at("040000", "050000"))
    slug = await team.page(assignment="ANY", approvalMinutes=120, upcomingPerInvitee=1)

    first = await create(house, ada, slug, SIX, "HOURS", "BUSY")
    second = await create(house, ada, slug, SIX, "HOURS", "BUSY")
    both = await create(house, ada, slug, SIX, "HOURS", "BUSY", "CAP")
    full = await create(house, ada, slug, SIX, *EVERYTHING)

    assert first["booking"]["hostNames"] == ["Ada"]
    assert (first["booking"]["state"], first["booking"]["waived"]["rules"]) == ("CONFIRMED", ["HOURS"])
    assert second["rules"] == ["CAP"]
    assert both["booking"]["hostNames"] == ["Ben"]
    assert both["booking"]["waived"]["rules"] == ["CAP", "HOURS", "BUSY"]
    assert full["code"] == "SLOT_TAKEN"


async def test_a_session_is_joined_past_its_notice_while_it_has_a_seat(
    house: Installation, ada: Host
) -> None:
    slug = await house.page(ada, kind="GROUP", capacity=2)
    first = await house.ask(BOOK, input=booking(slug, NINE))
    page = (await house.ask("{ bookingPages { nodes { id } } }", ada.token))["bookingPages"]["nodes"][0]
    await house.ask(UPDATE, ada.token, input={"id": page["id"], "noticeMinutes": 7 * 24 * 60})

    refused = await create(house, ada, slug, NINE)
    joined = await create(house, ada, slug, NINE, "NOTICE")
    full = await create(house, ada, slug, NINE, *EVERYTHING)
    await house.ask(CANCEL, input={"token": first["bookingCreate"]["manageToken"]})

    assert refused["rules"] == ["NOTICE"]
    assert joined["booking"]["waived"]["rules"] == ["NOTICE"]
    assert full["code"] == "SLOT_TAKEN"
    assert await house.rows("SELECT state, waived->'rules' FROM bookings") == [("confirmed", ["notice"])]

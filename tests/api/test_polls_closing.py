"""Polls that close by hand or on consensus, what they keep free meanwhile, and how that is undone (D11)."""

import csv
import io
import re
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from domain.effects import EffectState
from schema.nodes import global_id
from tests.api.test_availability import calendar_of
from tests.installation import CANCEL, Host, Installation, stamp
from tests.links import page_id
from tests.polls import (
    DELETE,
    FOLLOW,
    INVITE,
    NODE,
    REMIND,
    REOPEN,
    TIMES,
    UPDATE,
    cast,
    changed,
    closed,
    counts,
    linked,
    opened,
    turn_to,
)
from tests.radicale import Radicale
from tests.world import ELEVEN, NINE, NOON, ONE, TEN, TUESDAY

pytestmark = pytest.mark.anyio

MONDAY = datetime(2026, 3, 30, tzinfo=UTC)
RESULTS = "query ($id: ID!) { pollResults(id: $id) }"
ENTRY = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//tests//EN
BEGIN:VEVENT
UID:{uid}
DTSTAMP:20260301T000000Z
DTSTART:20260330T070000Z
DTEND:20260330T073000Z
SUMMARY:Dentist
END:VEVENT
END:VCALENDAR
"""
CANCEL_ALL = """mutation ($input: BookingCancelByHostInput!) { bookingCancelByHost(input: $input) {
  __typename } }"""
ZONES = ("Europe/Berlin", "America/New_York", "Asia/Tokyo", "Australia/Lord_Howe", "Asia/Kathmandu")


def subjects(house: Installation, address: str) -> list[str]:
    """Give what the mails to an address are about: the words before the colon."""
    return [re.split("[:：]", str(mail.summary["subject"]))[0] for mail in house.mails_to(address)]


def link_of(house: Installation, address: str) -> str:
    """Read a voter's own secret in the last mail to them."""
    return house.mails_to(address)[-1].part("text/plain").split("/poll#")[1].split()[0]


def asked(name: str, **more: object) -> dict[str, object]:
    """Ask somebody to vote."""
    return {"name": name, "email": f"{name.lower()}@example.org", **more}


async def test_eight_people_in_five_zones_agree_and_it_stands_in_everybodys_calendar(
    house: Installation, ada: Host, radicale: Radicale
) -> None:
    """X09, D11: opened, watched live, voted, reminded, closed on consensus; one mutation each."""
    slug = await house.page(ada)
    names = [f"Voter{number}" for number in range(8)]
    people = [
        asked(name, isRequired=number < 3, zone=ZONES[number % 5], locale="ja" if number == 2 else "en")
        for number, name in enumerate(names)
    ]
    made = await opened(
        house, ada, slug, NINE, TEN, closesOnConsensus=True, deadline=NINE, voters=people, zone="Asia/Tokyo"
    )
    poll = {"id": made["poll"]["id"]}
    await house.work()
    invited = [subjects(house, str(person["email"])) for person in people]
    links = [link_of(house, str(person["email"])) for person in people]

    async with house.feed(FOLLOW, secret=made["token"]) as feed:
        seen = [(await feed.next())["pollByLinkChanged"]["poll"]]
        for number, said in ((0, "ny"), (1, "iy"), (5, "yi")):
            await changed(house, links[number], said)
            seen.append((await feed.next())["pollByLinkChanged"]["poll"])
        reminded = (await house.ask(REMIND, ada.token, input=poll))["pollRemind"]
        await house.work()
        last = await changed(house, links[2], "ii")
        seen.append((await feed.next())["pollByLinkChanged"]["poll"])
        await house.work()
        seen.append((await feed.next())["pollByLinkChanged"]["poll"])
    again = (await house.ask(REMIND, ada.token, input=poll))["pollRemind"]

    assert (
        invited
        == [["When can you come?"], ["When can you come?"], ["ご都合をお聞かせください"]]
        + [["When can you come?"]] * 5
    )
    assert [counts(one)[1] for one in seen] == [
        (0, 0, 0),
        (1, 0, 0),
        (2, 0, 0),
        (2, 1, 0),
        (2, 2, 0),
        (2, 2, 0),
    ]
    assert (reminded["reminded"], again["code"], last["poll"]["state"]) == (5, "POLL_ENDED", "OPEN")
    assert [(one["state"], one["chosen"]) for one in seen[-2:]] == [("OPEN", None), ("CLOSED", 2)]
    told = {name: subjects(house, f"{name.lower()}@example.org")[1:] for name in names}
    assert [told[name] for name in names] == [
        ["Confirmed"],
        ["Confirmed"],
        ["ご回答をお願いします", "予約確定"],
        ["Please vote", "The poll is closed"],
        ["Please vote", "The poll is closed"],
        ["Confirmed"],
        ["Please vote", "The poll is closed"],
        ["Please vote", "The poll is closed"],
    ]
    files = [
        house.mails_to(f"voter{number}@example.org")[-1].part("text/calendar") for number in (0, 1, 2, 5)
    ]
    assert all("METHOD:REQUEST" in one and "DTSTART:20260330T080000Z" in one for one in files)
    entries = [text for text in radicale.stored().values() if b"voter0@example.org" in text]
    assert len(entries) == 1
    plain = entries[0].replace(b"\r\n ", b"")
    assert [name for name in names if f"{name} <{name.lower()}@example.org>".encode() in plain] == [
        "Voter0", "Voter1", "Voter2", "Voter5",
    ]  # fmt: skip


async def test_consensus_takes_the_next_best_where_the_best_is_taken(house: Installation, ada: Host) -> None:
    slug = await house.page(ada)
    made = await opened(
        house, ada, slug, NINE, TEN, ELEVEN, closesOnConsensus=True, voters=[asked("Bea", isRequired=True)]
    )
    await house.work()
    await house.book(slug, NINE)

    await changed(house, link_of(house, "bea@example.org"), "yyi")
    await house.work()
    seen = await linked(house, made["token"])

    assert (seen["state"], seen["chosen"]) == ("CLOSED", 2)


async def test_consensus_closes_nothing_while_somebody_who_is_required_disagrees(
    house: Installation, ada: Host
) -> None:
    slug = await house.page(ada)
    required = [asked("Bea", isRequired=True), asked("Cem", isRequired=True)]
    made = await opened(house, ada, slug, NINE, closesOnConsensus=True, voters=required)
    nobody = await opened(house, ada, slug, NINE, closesOnConsensus=True)
    await house.work()

    await changed(house, link_of(house, "bea@example.org"), "y")
    await changed(house, link_of(house, "cem@example.org"), "n")
    await house.work()

    assert (await linked(house, made["token"]))["state"] == "OPEN"
    assert (nobody["code"], nobody["path"]) == ("INVALID_INPUT", ["closesOnConsensus"])
    assert await house.count("bookings") == 0


async def test_times_are_kept_until_the_poll_is_closed_and_again_if_that_is_undone(
    house: Installation, ada: Host
) -> None:
    """D11: the database itself lets nobody else be booked there; what was booked before stays."""
    slug = await house.page(ada)
    await house.book(slug, NOON)
    wanted = {"holdsTimes": True, "undoMinutes": 10, "offersBusyTimes": True}
    made = await opened(house, ada, slug, NINE, TEN, NOON, **wanted)
    poll = {"id": made["poll"]["id"]}
    bea = await cast(house, made["token"], "Bea", "yyn", voter={"email": "bea@example.org"})

    held = [await house.starts(slug, MONDAY), (await house.book(slug, TEN))["__typename"]]
    done = await closed(house, ada, poll["id"], 1)
    free = await house.starts(slug, MONDAY)
    await house.work()
    early = subjects(house, "bea@example.org")
    opened_again = (await house.ask(REOPEN, ada.token, input=poll))["pollReopen"]
    twice = (await house.ask(REOPEN, ada.token, input=poll))["pollReopen"]
    held_again = await house.starts(slug, MONDAY)
    changed_mind = await changed(house, bea["token"], "nyn")
    closed_again = await closed(house, ada, poll["id"], 2)
    house.clock.turn(minutes=10)
    late = (await house.ask(REOPEN, ada.token, input=poll))["pollReopen"]
    await house.work()

    assert (held[1], {NINE, TEN, NOON} & {*held[0]}) == ("SlotTakenError", set())
    assert (done["poll"]["chosen"], NINE in free, TEN in free) == (1, False, True)
    assert early == ["You have voted"]
    assert (opened_again["poll"]["state"], twice["poll"]["state"]) == ("OPEN", "OPEN")
    assert {NINE, TEN, NOON} & {*held_again} == set()
    assert changed_mind["__typename"] == "BallotUpdatePayload"
    assert (closed_again["poll"]["chosen"], late["code"]) == (2, "POLL_ANNOUNCED")
    assert subjects(house, "bea@example.org") == ["You have voted", "Confirmed"]
    assert NINE in await house.starts(slug, MONDAY)


async def test_options_that_overlap_are_kept_together_and_given_back_with_the_poll(
    house: Installation, ada: Host
) -> None:
    slug = await house.page(ada)
    starts = (NINE, "2026-03-30T07:15:00Z")
    made = await opened(house, ada, slug, *starts, holdsTimes=True, durationMinutes=60)

    held = await house.starts(slug, MONDAY)
    rows = await house.rows("SELECT lower(during)::text, upper(during)::text FROM bookings WHERE occupies")
    await house.ask(DELETE, ada.token, input={"id": made["poll"]["id"]})

    assert rows == [("2026-03-30 07:00:00+00", "2026-03-30 08:15:00+00")]
    assert held[0] == "2026-03-30T08:30:00Z"
    assert (await house.starts(slug, MONDAY))[0] == NINE


async def test_a_closing_waives_only_what_is_named_and_never_a_booking(
    house: Installation, ada: Host, radicale: Radicale
) -> None:
    """X15, D03: the calendar is asked in the moment of closing."""
    slug = await house.page(ada)
    made = await opened(house, ada, slug, NINE)
    poll = made["poll"]["id"]
    await cast(house, made["token"], "Bea", "y")
    radicale.put(await calendar_of(house), f"d-{uuid4().hex}", ENTRY.format(uid=uuid4()))

    refused = await closed(house, ada, poll, 1)
    before = await house.count("bookings")
    passed = await closed(house, ada, poll, 1, waives=["BUSY"])

    assert (refused["code"], refused["rules"], before) == ("NOT_WAIVED", ["BUSY"], 0)
    assert passed["poll"]["state"] == "CLOSED"


async def test_what_members_would_have_to_give_up_is_said_as_free_or_busy_alone(
    house: Installation, ada: Host, radicale: Radicale
) -> None:
    """R087, X09: both sides' busy times, asked live when options are picked and when a poll is opened."""
    slug = await house.page(ada)
    radicale.put(await calendar_of(house), f"d-{uuid4().hex}", ENTRY.format(uid=uuid4()))
    await house.rows_changed(
        "INSERT INTO users (id, organization_id, email, name, handle, zone, locale, role,"
        " shares_availability, is_disabled, created_at) SELECT gen_random_uuid(), organization_id,"
        " 'cy@example.com', 'Cy', 'cy', zone, locale, 'member', true, false, created_at FROM users"
    )
    listed = (await house.ask("{ viewer { organization { members { nodes { id name } } } } }", ada.token))[
        "viewer"
    ]["organization"]["members"]["nodes"]
    ids = {one["name"]: one["id"] for one in listed}
    options = [{"start": NINE}, {"start": TEN}]
    page = await page_id(house, ada, slug)

    members = [ids["Ada"], ids["Cy"]]
    looked = await house.ask(TIMES, ada.token, page=page, options=options, length=30, members=members)
    times = looked["pollTimes"]["times"]
    refused = await opened(house, ada, slug, NINE, TEN)
    voters = [{"memberId": ids["Cy"], "isRequired": True}]
    made = await opened(house, ada, slug, NINE, TEN, offersBusyTimes=True, voters=voters)

    states = [[one["state"] for one in time["members"]] for time in times]
    assert states == [["BUSY", "UNKNOWN"], ["FREE", "UNKNOWN"]]
    assert [time["time"]["hosts"][0]["state"] for time in times] == ["BUSY", "FREE"]
    assert (refused["__typename"], await house.count("polls")) == ("TimesNotFreeError", 1)
    assert [one["members"] for one in made["times"]] == [[{"host": {"name": "Cy"}, "state": "UNKNOWN"}]] * 2
    assert [(one["email"], one["isRequired"]) for one in made["poll"]["voters"]] == [("cy@example.com", True)]


async def test_who_shares_no_free_time_is_told_none_of_their_colleagues(
    house: Installation, ada: Host, radicale: Radicale
) -> None:
    """R081: here Ada's calendar is her colleague's."""
    slug = await house.page(ada)
    radicale.put(await calendar_of(house), f"d-{uuid4().hex}", ENTRY.format(uid=uuid4()))
    await house.rows_changed(
        "INSERT INTO users (id, organization_id, email, name, handle, zone, locale, role,"
        " shares_availability, is_disabled, created_at) SELECT gen_random_uuid(), organization_id,"
        " 'cy@example.com', 'Cy', 'cy', zone, locale, 'member', true, false, created_at FROM users"
    )
    await house.rows_changed("UPDATE schedules SET user_id = (SELECT id FROM users WHERE name = 'Cy')")
    await house.rows_changed("UPDATE calendar_connections SET user_id = (SELECT user_id FROM schedules)")
    [(cy,)] = await house.rows("SELECT id FROM users WHERE name = 'Cy'")
    asked_of: dict[str, Any] = {"options": [{"start": NINE}, {"start": TEN}], "length": 30}
    page, members = await page_id(house, ada, slug), [global_id("User", cy)]

    told = [await house.ask(TIMES, ada.token, page=page, members=members, **asked_of)]
    await house.rows_changed("UPDATE users SET shares_availability = false WHERE name = 'Ada'")
    told.append(await house.ask(TIMES, ada.token, page=page, members=members, **asked_of))

    states = [[time["members"][0]["state"] for time in one["pollTimes"]["times"]] for one in told]
    assert states == [["BUSY", "FREE"], ["UNKNOWN", "UNKNOWN"]]


async def test_those_are_reminded_before_the_deadline_who_have_not_voted(
    house: Installation, ada: Host
) -> None:
    """Pain 23: a deadline that moves takes its reminders along; who was asked is not asked again."""
    slug = await house.page(ada)
    voters = [asked("Bea"), asked("Cem")]
    wanted = {"voters": voters, "deadline": NINE, "reminderMinutes": [60]}
    made = await opened(house, ada, slug, NINE, f"{TUESDAY}T07:00:00Z", **wanted)
    poll = {"id": made["poll"]["id"]}
    await house.work()
    await changed(house, link_of(house, "bea@example.org"), "y")
    await cast(house, made["token"], "Mallory", "n", voter={"email": "dan@example.org"})

    more = await house.ask(INVITE, ada.token, input={**poll, "voters": [asked("Cem"), asked("Dan")]})
    moved = await house.ask(UPDATE, ada.token, input={**poll, "deadline": TEN, "expectedVersion": 1})
    stale = await house.ask(UPDATE, ada.token, input={**poll, "title": "x", "expectedVersion": 1})
    turn_to(house, "2026-03-30T06:30:00Z")
    await house.work()
    not_yet = subjects(house, "cem@example.org")
    turn_to(house, NINE)
    await house.work()
    turn_to(house, TEN)
    await house.work()
    late = (await house.ask(INVITE, ada.token, input={**poll, "voters": [asked("Eve")]}))["pollInvite"]

    assert [one["name"] for one in more["pollInvite"]["poll"]["voters"]] == ["Bea", "Cem", "Dan", "Mallory"]
    assert (moved["pollUpdate"]["poll"]["version"], stale["pollUpdate"]["code"]) == (2, "CONFLICT")
    assert not_yet == ["When can you come?"]
    assert subjects(house, "bea@example.org") == ["When can you come?"]
    assert subjects(house, "cem@example.org") == ["When can you come?", "Please vote"]
    assert subjects(house, "dan@example.org") == ["You have voted", "When can you come?", "Please vote"]
    assert subjects(house, ada.email)[-1] == "Your poll is over"
    assert (late["code"], house.mails_to("eve@example.org")) == ("POLL_ENDED", [])


async def test_results_are_a_table_that_a_spreadsheet_opens_safely(house: Installation, ada: Host) -> None:
    """Case 121; and of an anonymous poll there are counts alone."""
    slug = await house.page(ada)
    made = await opened(house, ada, slug, NINE, TEN, zone="Asia/Tokyo")
    await cast(house, made["token"], "=cmd()", "yi", comment='+1, "quoted"')
    hidden = await opened(house, ada, slug, NINE, isAnonymous=True)
    await cast(house, hidden["token"], "Bea", "y")

    async def table(poll: str) -> list[list[str]]:
        text = (await house.ask(RESULTS, ada.token, id=poll))["pollResults"]
        return list(csv.reader(io.StringIO(text, newline="")))

    before = await table(hidden["poll"]["id"])
    turn_to(house, NINE)

    header = ["name", "mail", "required", "2026-03-30T16:00+09:00", "2026-03-30T17:00+09:00", "comment"]
    assert await table(made["poll"]["id"]) == [
        header,
        ["'=cmd()", "", "no", "yes", "if_need_be", '\'+1, "quoted"'],
        ["yes", "", "", "1", "0", ""],
        ["if_need_be", "", "", "0", "1", ""],
        ["no", "", "", "0", "0", ""],
    ]
    assert len(before) == 1
    assert [row[0] for row in await table(hidden["poll"]["id"])] == ["name", "yes", "if_need_be", "no"]


async def test_who_was_booked_by_a_poll_cancels_their_own_seat_and_the_host_all(
    house: Installation, ada: Host
) -> None:
    """Each has a seat and a link of their own, as in a session; who has no address is told nothing."""
    slug = await house.page(ada)
    made = await opened(house, ada, slug, ONE)
    for name in ("Bea", "Cem"):
        await cast(house, made["token"], name, "y", voter={"email": f"{name.lower()}@example.org"})
    await cast(house, made["token"], "Eve", "y")
    await closed(house, ada, made["poll"]["id"], 1)
    await house.work()
    mail = house.mails_to("bea@example.org")[-1].part("text/plain")

    await house.ask(CANCEL, input={"token": mail.split("/booking#")[1].split()[0]})
    left = await house.rows("SELECT i.name FROM invitees i WHERE i.state = 'confirmed' ORDER BY i.name")
    seen = (await house.ask(NODE, ada.token, id=made["poll"]["id"]))["node"]
    await house.work()
    await house.ask(CANCEL_ALL, ada.token, input={"id": seen["bookingId"]})
    went = await house.work()

    assert left == [("Cem",), ("Eve",)]
    assert seen["announcedAt"] == stamp(house.clock())
    assert EffectState.FAILED not in went
    assert subjects(house, "cem@example.org")[-1] == "Cancelled"
    assert subjects(house, ada.email)[-3:] == ["Cancelled"] * 3

"""Polls: opened on a page, voted in by link, counted, closed with a booking (R010, R072, D11, X09)."""

import asyncio
from typing import Any

import pytest

from tests.installation import Host, Installation, stamp
from tests.polls import (
    CAST,
    DELETE,
    NODE,
    UPDATE,
    answers,
    ballot,
    cast,
    changed,
    closed,
    counts,
    forged,
    linked,
    opened,
    turn_to,
)
from tests.radicale import Radicale
from tests.world import ELEVEN, NINE, ONE, TEN

pytestmark = pytest.mark.anyio


async def test_who_has_the_link_votes_without_an_account_and_the_organizer_sees_it(
    house: Installation, ada: Host
) -> None:
    """R010, R072: written and read back, by links alone; knowing an id opens nothing."""
    slug = await house.page(ada)
    made = await opened(house, ada, slug, TEN, NINE, description="Which day?", visibility="EVERYONE")
    token, poll = made["token"], made["poll"]["id"]

    bea = await cast(house, token, "Bea", "yi", comment="I bring cake")
    await cast(house, token, "Cem", "ny")
    again = await changed(house, bea["token"], "iy", name="Beatrice")
    seen = await linked(house, token)
    own = await linked(house, bea["token"])
    by_id = (await house.ask(NODE, id=poll))["node"]
    organizer = (await house.ask(NODE, ada.token, id=poll))["node"]

    assert [option["start"] for option in made["poll"]["options"]] == [NINE, TEN]
    assert counts(bea["poll"]) == [(1, 0, 0), (0, 1, 0)]
    assert counts(again["poll"]) == counts(seen) == counts(organizer) == [(0, 1, 1), (2, 0, 0)]
    assert (seen["title"], seen["organizer"], seen["state"], seen["mine"]) == (
        "Planning",
        {"name": "Ada"},
        "OPEN",
        None,
    )
    assert sorted((one["name"], one["comment"]) for one in seen["ballots"]) == [
        ("Beatrice", "I bring cake"),
        ("Cem", ""),
    ]
    assert own["mine"]["answers"] == answers("iy")
    assert by_id is None
    assert [(one["name"], one["email"], one["hasVoted"]) for one in organizer["voters"]] == [
        ("Beatrice", None, True),
        ("Cem", None, True),
    ]
    assert await linked(house, poll) is await linked(house, forged(token)) is None


async def test_closing_books_the_option_for_all_who_come(
    house: Installation, ada: Host, radicale: Radicale
) -> None:
    """D11: by the way of every booking; a repeat is answered alike, and nobody votes any more."""
    slug = await house.page(ada)
    made = await opened(house, ada, slug, NINE, TEN)
    token, poll = made["token"], made["poll"]["id"]
    await cast(house, token, "Bea", "yn", voter={"email": "bea@example.org"})
    await cast(house, token, "Cem", "iy", voter={"email": "cem@example.org"})
    await cast(house, token, "Dan", "ny", voter={"email": "dan@example.org"})
    await cast(house, token, "Eve", "yy")
    await house.work()

    nobody = await closed(house, ada, poll, 3)
    done = await closed(house, ada, poll, 1)
    again = await closed(house, ada, poll, 1)
    other = await closed(house, ada, poll, 2)
    late = await cast(house, token, "Fay", "yy")
    await house.work()
    booked = await house.rows(
        "SELECT b.state, b.capacity, i.name, i.state FROM bookings b JOIN invitees i ON i.booking_id = b.id"
        " ORDER BY i.name"
    )

    assert (nobody["code"], nobody["path"]) == ("INVALID_INPUT", ["option"])
    assert (done["poll"]["state"], done["poll"]["chosen"]) == ("CLOSED", 1)
    assert again["poll"]["bookingId"] == done["poll"]["bookingId"] is not None
    assert (other["code"], late["code"]) == ("CONFLICT", "POLL_ENDED")
    entry = next(text for text in radicale.stored().values() if b"cem@example.org" in text)
    assert b"None" not in entry
    assert booked == [("confirmed", 3, name, "confirmed") for name in ("Bea", "Cem", "Eve")]
    assert NINE not in await house.starts(slug, house.clock())
    subjects = {
        name: [str(mail.summary["subject"]).split(":")[0] for mail in house.mails_to(f"{name}@example.org")]
        for name in ("bea", "cem", "dan")
    }
    assert subjects == {
        "bea": ["You have voted", "Confirmed"],
        "cem": ["You have voted", "Confirmed"],
        "dan": ["You have voted", "The poll is closed"],
    }
    assert [str(mail.summary["subject"]).split(":")[0] for mail in house.mails_to(ada.email)][1:] == [
        "Your poll is open",
        "New booking",
    ]


async def test_what_is_taken_is_not_booked_and_the_poll_stays_open(house: Installation, ada: Host) -> None:
    slug = await house.page(ada)
    made = await opened(house, ada, slug, NINE, TEN)
    await cast(house, made["token"], "Bea", "yy")
    await house.book(slug, NINE)

    refused = await closed(house, ada, made["poll"]["id"], 1)
    seen = (await house.ask(NODE, ada.token, id=made["poll"]["id"]))["node"]
    empty = await closed(house, ada, made["poll"]["id"], None)

    assert (refused["code"], refused["path"]) == ("SLOT_TAKEN", ["option"])
    assert (seen["state"], seen["bookingId"], seen["version"]) == ("OPEN", None, 1)
    assert (empty["poll"]["state"], empty["poll"]["chosen"], empty["poll"]["bookingId"]) == (
        "CLOSED",
        None,
        None,
    )
    assert await house.count("bookings") == 1


async def test_a_deadline_ends_the_voting(house: Installation, ada: Host) -> None:
    slug = await house.page(ada)
    made = await opened(house, ada, slug, NINE, deadline=NINE)
    bea = await cast(house, made["token"], "Bea", "y")
    now = {"id": made["poll"]["id"], "deadline": stamp(house.clock())}
    past = await house.ask(UPDATE, ada.token, input=now)

    turn_to(house, NINE)
    late = [await cast(house, made["token"], "Cem", "y"), await changed(house, bea["token"], "n")]
    seen = await linked(house, made["token"])

    assert (past["pollUpdate"]["code"], past["pollUpdate"]["path"]) == ("INVALID_INPUT", ["deadline"])
    assert [one["code"] for one in late] == ["POLL_ENDED", "POLL_ENDED"]
    assert (seen["state"], counts(seen)) == ("OVER", [(1, 0, 0)])


async def test_the_last_place_goes_to_one_of_many_racers(house: Installation, ada: Host) -> None:
    """X09: places hold however many vote at once, and who has a place keeps it."""
    slug = await house.page(ada)
    places = [{"start": NINE, "places": 2}, {"start": TEN}]
    made = await opened(house, ada, slug, options=places)
    token = made["token"]

    raced = await asyncio.gather(*(cast(house, token, f"Voter {number}", "in") for number in range(12)))
    won = [one for one in raced if one["__typename"] == "BallotCastPayload"]
    lost = [one for one in raced if one["__typename"] == "OptionFullError"]
    kept = await changed(house, won[0]["token"], "yy")
    freed = await changed(house, won[1]["token"], "ny")
    came = await cast(house, token, "Late", "yn")

    assert (len(won), len(lost)) == (2, 10)
    assert {(one["option"], *one["path"]) for one in lost} == {(1, "answers")}
    assert counts(kept["poll"]) == [(1, 1, 0), (1, 0, 1)]
    assert counts(freed["poll"]) == [(1, 0, 1), (2, 0, 0)]
    assert counts(came["poll"]) == [(2, 0, 1), (2, 0, 1)]
    assert await house.count("voters") == 3


@pytest.mark.parametrize(
    ("visibility", "voter", "organizer"),
    [
        ("EVERYONE", (2, [(1, 1, 0)]), True),
        ("COUNTS", (0, [(1, 1, 0)]), True),
        ("ORGANIZER", (0, None), True),
    ],
)
async def test_voters_see_what_the_poll_lets_them_see(
    house: Installation, ada: Host, visibility: str, voter: Any, organizer: bool
) -> None:
    slug = await house.page(ada)
    made = await opened(house, ada, slug, NINE, visibility=visibility)
    await cast(house, made["token"], "Bea", "y")
    cem = await cast(house, made["token"], "Cem", "i")

    seen = await linked(house, made["token"])
    own = await linked(house, cem["token"])
    all_ = (await house.ask(NODE, ada.token, id=made["poll"]["id"]))["node"]

    expected = voter[1] or [(None, None, None)]
    assert (len(seen["ballots"]), counts(seen)) == (voter[0], expected)
    assert own["mine"]["answers"] == answers("i")
    assert (counts(all_), organizer) == ([(1, 1, 0)], True)


async def test_an_anonymous_poll_tells_nobody_who_voted_how(house: Installation, ada: Host) -> None:
    """Case 150: no names beside answers, no counts while one votes, nothing by order or time."""
    slug = await house.page(ada)
    made = await opened(house, ada, slug, NINE, TEN, isAnonymous=True)
    for name, said in (("Bea", "yn"), ("Cem", "ny"), ("Dan", "ny")):
        await cast(house, made["token"], name, said, comment="me", voter={"email": f"{name}@example.org"})
    poll = {"id": made["poll"]["id"]}

    voting = [await linked(house, made["token"]), (await house.ask(NODE, ada.token, **poll))["node"]]
    turn_to(house, TEN)
    over = [await linked(house, made["token"]), (await house.ask(NODE, ada.token, **poll))["node"]]

    hidden, shown = [(None, None, None)] * 2, [(1, 0, 2), (2, 0, 1)]
    assert [counts(one) for one in voting] == [hidden, hidden]
    assert [counts(one) for one in over] == [shown, shown]
    assert [one["ballotsCast"] for one in (*voting, *over)] == [3] * 4
    assert voting[0]["ballots"] == over[0]["ballots"] == []
    for seen in (voting[1], over[1]):
        assert [(one["name"], one["answers"], one["comment"]) for one in seen["voters"]] == [
            (name, [], "") for name in ("Bea", "Cem", "Dan")
        ]


async def test_a_ballot_counts_once_its_voter_has_proved_the_address(house: Installation, ada: Host) -> None:
    """Case 169: who has voted by an address already is not said, and what they said stays."""
    slug = await house.page(ada)
    made = await opened(house, ada, slug, NINE, asksAddress=True)
    token = made["token"]

    nameless = await cast(house, token, "Bea", "y")
    first = await cast(house, token, "Bea", "y", voter={"email": "bea@example.org"})
    unproved = await linked(house, token)
    await house.work()
    link = house.mails_to("bea@example.org")[-1].part("text/plain").split("/poll#")[1].split()[0]
    proved = await changed(house, link, "i")
    second = await cast(house, token, "Mallory", "n", voter={"email": "BEA+x@example.org"})
    await house.work()
    seen = await linked(house, token)

    assert (nameless["code"], nameless["path"]) == ("INVALID_INPUT", ["voter", "email"])
    assert first["token"] is second["token"] is first["poll"]["mine"] is second["poll"]["mine"] is None
    assert (unproved["ballotsCast"], counts(unproved), unproved["ballots"]) == (0, [(0, 0, 0)], [])
    assert (counts(proved["poll"]), proved["poll"]["mine"]["isCounted"]) == ([(0, 1, 0)], True)
    assert [(one["name"], counts(seen)) for one in seen["ballots"]] == [("Bea", [(0, 1, 0)])]
    assert len(house.mails_to("bea@example.org")) == 2
    assert await house.count("voters") == 1


async def test_a_ballot_names_options_of_its_own_poll_once_and_a_key_makes_one_ballot(
    house: Installation, ada: Host
) -> None:
    """Case 149: a foreign option does not exist, a repeat is the same ballot, other words another request."""
    slug = await house.page(ada)
    made = await opened(house, ada, slug, NINE)
    wanted = ballot(made["token"], "Bea", "y")

    none = await cast(house, made["token"], "Bea", "yy")
    twice = await house.ask(CAST, input={**wanted, "answers": answers("y") * 2})
    done = [(await house.ask(CAST, input=wanted))["ballotCast"] for _ in range(2)]
    other = await house.ask(CAST, input={**wanted, "voter": {**wanted["voter"], "name": "Cem"}})
    by_own = await cast(house, done[0]["token"], "Eve", "y")

    assert (none["code"], none["path"]) == ("INVALID_INPUT", ["answers", "option"])
    assert twice["ballotCast"]["code"] == "INVALID_INPUT"
    assert done[0]["token"] == done[1]["token"]
    assert (other["ballotCast"]["code"], by_own["code"]) == ("CONFLICT", "NOT_FOUND")
    assert await house.count("voters") == 1


async def test_days_are_those_of_the_polls_zone_however_long(house: Installation, ada: Host) -> None:
    slug = await house.page(ada)
    days = [{"day": "2026-03-29"}, {"day": "2026-03-28"}]
    made = await opened(house, ada, slug, options=days, zone="Europe/Berlin", durationMinutes=None)
    mixed = await opened(house, ada, slug, options=[*days, {"start": ONE}])

    shown = [(one["day"], one["start"], one["end"]) for one in made["poll"]["options"]]
    assert shown == [
        ("2026-03-28", "2026-03-27T23:00:00Z", "2026-03-28T23:00:00Z"),
        ("2026-03-29", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"),
    ]
    assert (mixed["code"], mixed["path"]) == ("INVALID_INPUT", ["options"])


async def test_what_is_deleted_is_gone_with_everything_in_it(house: Installation, ada: Host) -> None:
    """Case 30: by id, by link and by a voter's own link."""
    slug = await house.page(ada)
    made = await opened(house, ada, slug, NINE, ELEVEN)
    bea = await cast(house, made["token"], "Bea", "yy", voter={"email": "bea@example.org"})
    poll = {"id": made["poll"]["id"]}

    gone = [(await house.ask(DELETE, ada.token, input=poll))["pollDelete"] for _ in range(2)]
    await house.work()

    assert [one.get("code") for one in gone] == [None, "NOT_FOUND"]
    assert [await linked(house, token) for token in (made["token"], bea["token"])] == [None, None]
    assert (await house.ask(NODE, ada.token, **poll))["node"] is None
    tables = ("polls", "poll_options", "voters", "ballot_answers")
    assert [await house.count(table) for table in tables] == [0, 0, 0, 0]
    assert house.mails_to("bea@example.org") == []

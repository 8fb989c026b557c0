"""Polls, when two do something at once, and when what closing needs is away."""

import asyncio

import pytest
from sqlalchemy.exc import IntegrityError

from domain.effects import EffectState
from tests.installation import Host, Installation
from tests.polls import NODE, cast, changed, closed, counts, linked, opened
from tests.world import NINE, TEN

pytestmark = pytest.mark.anyio

RUINS = {
    "more come than there are places": "UPDATE poll_options SET yes = 2 WHERE number = 1",
    "an option of no poll": "UPDATE ballot_answers SET number = 9",
    "a booking of nothing that was chosen": "UPDATE polls SET closed_at = created_at",
    "two ballots of one person": "INSERT INTO voters (organization_id, id, poll_id, name, person, zone,"
    " locale, is_invited, is_required, is_proved, has_voted, comment, mailed, token_hash) SELECT"
    " organization_id, gen_random_uuid(), poll_id, name, person, zone, locale, is_invited, is_required,"
    " is_proved, has_voted, comment, mailed, sha256('x') FROM voters",
}


async def test_of_two_closings_at_once_one_is_done(house: Installation, ada: Host) -> None:
    slug = await house.page(ada)
    made = await opened(house, ada, slug, NINE, TEN, holdsTimes=True)
    await cast(house, made["token"], "Bea", "yy")
    poll = made["poll"]["id"]

    went = await asyncio.gather(*(closed(house, ada, poll, number % 2 + 1) for number in range(6)))
    seen = (await house.ask(NODE, ada.token, id=poll))["node"]
    booked = await house.rows("SELECT count(*) FROM bookings WHERE state = 'confirmed'")
    held = await house.rows("SELECT count(*) FROM bookings WHERE state = 'held'")

    done = [one["poll"]["chosen"] for one in went if one["__typename"] == "PollClosePayload"]
    assert done == [seen["chosen"]] * 3
    assert {one.get("code") for one in went if one["__typename"] != "PollClosePayload"} <= {
        "CONFLICT",
        "SLOT_TAKEN",
    }
    assert (booked, held) == ([(1,)], [(0,)])


async def test_a_visitor_and_a_closing_never_have_the_same_time(house: Installation, ada: Host) -> None:
    slug = await house.page(ada)
    made = await opened(house, ada, slug, NINE)
    await cast(house, made["token"], "Bea", "y")

    done, booked = await asyncio.gather(closed(house, ada, made["poll"]["id"], 1), house.book(slug, NINE))
    taken = await house.rows("SELECT count(*) FROM bookings WHERE occupies")

    assert sorted([done["__typename"], booked["__typename"]]) in (
        ["BookingCreatePayload", "SlotTakenError"],
        ["PollClosePayload", "SlotTakenError"],
    )
    assert taken == [(1,)]


async def test_one_ballot_that_is_changed_by_many_at_once_counts_once(house: Installation, ada: Host) -> None:
    slug = await house.page(ada)
    made = await opened(house, ada, slug, NINE, TEN)
    bea = await cast(house, made["token"], "Bea", "yn")

    await asyncio.gather(*(changed(house, bea["token"], said) for said in ("yn", "iy", "ny", "yi") * 3))
    seen = await linked(house, made["token"])

    [ballot] = seen["ballots"]
    letters = {"YES": (1, 0, 0), "IF_NEED_BE": (0, 1, 0), "NO": (0, 0, 1)}
    assert seen["ballotsCast"] == 1
    assert counts(seen) == [letters[one["answer"]] for one in ballot["answers"]]


async def test_a_calendar_that_is_away_closes_nothing_and_consensus_waits_for_it(
    house: Installation, ada: Host
) -> None:
    """D03: and what the poll keeps it keeps."""
    slug = await house.page(ada)
    bea = {"name": "Bea", "email": "bea@example.org", "isRequired": True}
    made = await opened(house, ada, slug, NINE, holdsTimes=True, closesOnConsensus=True, voters=[bea])
    await house.work()
    [(there,)] = await house.rows("SELECT remote_url FROM calendars WHERE receives_bookings")
    await house.rows_changed("UPDATE calendars SET remote_url = 'http://127.0.0.1:9/gone/'")
    link = house.mails_to("bea@example.org")[-1].part("text/plain").split("/poll#")[1].split()[0]

    await changed(house, link, "y")
    refused = await closed(house, ada, made["poll"]["id"], 1)
    went = await house.work()
    states = await house.rows("SELECT state FROM bookings")
    before = await linked(house, made["token"])
    await house.rows_changed("UPDATE calendars SET remote_url = :there", there=there)
    house.clock.turn(minutes=1)
    await house.work()

    assert (refused["code"], refused["rules"]) == ("NOT_WAIVED", ["BUSY"])
    assert (went, states, before["state"]) == ([EffectState.DUE], [("held",)], "OPEN")
    assert (await linked(house, made["token"]))["state"] == "CLOSED"


async def is_refused(house: Installation, statement: str) -> bool:
    """Say whether the database refuses a change behind everybody's back."""
    try:
        await house.rows_changed(statement)
    except IntegrityError:
        return True
    return False


async def test_the_database_itself_refuses_what_must_never_be_stored(house: Installation, ada: Host) -> None:
    slug = await house.page(ada)
    made = await opened(house, ada, slug, options=[{"start": NINE, "places": 1}], asksAddress=True)
    await cast(house, made["token"], "Bea", "y", voter={"email": "bea@example.org"})

    assert [name for name, ruin in RUINS.items() if not await is_refused(house, ruin)] == []

"""Polls against those who want to know, mail or book more than they may (cases 40, 149, 150)."""

from typing import Any

import pytest

from schema.nodes import split_id
from services.polls.organizing import UPDATES_PER_POLL
from storage.limits import Take
from tests.api.test_polls_closing import asked, link_of, subjects
from tests.installation import Host, Installation
from tests.polls import (
    FOLLOW,
    INVITE,
    NODE,
    REOPEN,
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
from tests.world import ELEVEN, NINE, TEN

pytestmark = pytest.mark.anyio

UNKNOWN = [(None, None, None)]


async def node(house: Installation, host: Host, poll: str) -> Any:
    """See a poll as its organizer does."""
    return (await house.ask(NODE, host.token, id=poll))["node"]


async def test_no_undone_closing_and_no_later_deadline_shows_what_the_next_ballot_of_an_anonymous_poll_says(
    house: Installation, ada: Host
) -> None:
    """Case 150: counts before and after one ballot are that ballot."""
    slug = await house.page(ada)
    made = await opened(house, ada, slug, TEN, isAnonymous=True, undoMinutes=60, deadline=NINE)
    poll, token = {"id": made["poll"]["id"]}, made["token"]
    await cast(house, token, "Bea", "y")

    done = (await closed(house, ada, poll["id"], None))["poll"]
    by_link = await linked(house, token)
    await house.ask(REOPEN, ada.token, input=poll)
    turn_to(house, NINE)
    over = await node(house, ada, poll["id"])
    later = (await house.ask(UPDATE, ada.token, input={**poll, "deadline": TEN}))["pollUpdate"]
    titled = (await house.ask(UPDATE, ada.token, input={**poll, "title": "Party"}))["pollUpdate"]

    assert (done["state"], counts(done), counts(by_link)) == ("CLOSED", UNKNOWN, UNKNOWN)
    assert counts(over) == [(1, 0, 0)]
    assert (later["code"], later["path"], titled["poll"]["title"]) == ("INVALID_INPUT", ["deadline"], "Party")
    assert (await cast(house, token, "Cem", "n"))["code"] == "POLL_ENDED"


async def test_an_anonymous_poll_has_no_places_since_the_last_one_would_tell_who_took_it(
    house: Installation, ada: Host
) -> None:
    slug = await house.page(ada)

    refused = await opened(house, ada, slug, options=[{"start": NINE, "places": 1}], isAnonymous=True)

    assert (refused["code"], refused["path"]) == ("INVALID_INPUT", ["options", "places"])
    assert await house.count("polls") == 0


async def test_voters_hear_of_a_closing_once_it_is_announced(house: Installation, ada: Host) -> None:
    """What can be undone was told to nobody, live neither."""
    slug = await house.page(ada)
    made = await opened(house, ada, slug, NINE, TEN, undoMinutes=10)
    await cast(house, made["token"], "Bea", "yy")

    async with house.feed(FOLLOW, secret=made["token"]) as feed:
        await feed.next()
        await closed(house, ada, made["poll"]["id"], 2)
        silent = (await feed.next())["pollByLinkChanged"]
        house.clock.turn(minutes=10)
        await house.page(ada)  # something happens in the organization: nobody waits for the next look
        told = (await feed.next())["pollByLinkChanged"]
    async with house.feed(FOLLOW, secret=made["token"], after=silent["cursor"]) as feed:
        missed = (await feed.next())["pollByLinkChanged"]

    assert (silent["poll"]["state"], silent["poll"]["chosen"]) == ("OVER", None)
    assert [(one["poll"]["state"], one["poll"]["chosen"]) for one in (told, missed)] == [("CLOSED", 2)] * 2
    assert told["cursor"] == silent["cursor"] == missed["cursor"]


async def test_who_sees_their_own_ballot_alone_is_not_told_that_somebody_votes(
    house: Installation, ada: Host
) -> None:
    """Neither by a number, nor by an event or its cursor."""
    slug = await house.page(ada)
    made = await opened(house, ada, slug, NINE, visibility="ORGANIZER")
    bea = await cast(house, made["token"], "Bea", "y")
    async with house.feed(FOLLOW, secret=bea["token"]) as feed:
        first = (await feed.next())["pollByLinkChanged"]
        await cast(house, made["token"], "Cem", "i")
        silent = await feed.is_silent()
        await changed(house, bea["token"], "n")
        own = (await feed.next())["pollByLinkChanged"]
    async with house.feed(FOLLOW, secret=bea["token"], after=own["cursor"]) as feed:
        again = (await feed.next())["pollByLinkChanged"]
    seen = await linked(house, made["token"])

    assert silent
    assert first["cursor"] == own["cursor"]
    assert own["poll"]["mine"]["answers"][0]["answer"] == "NO"
    assert again == own
    assert [one["ballotsCast"] for one in (seen, own["poll"], bea["poll"])] == [None] * 3
    assert (await node(house, ada, made["poll"]["id"]))["ballotsCast"] == 2


async def test_reminders_are_checked_whatever_else_is_changed_and_mail_strangers_seldom(
    house: Installation, ada: Host
) -> None:
    slug = await house.page(ada)
    made = await opened(house, ada, slug, NINE, deadline=NINE, voters=[asked("Bea")])
    bare = await opened(house, ada, slug, TEN)
    poll = {"id": made["poll"]["id"]}

    async def update(**given: Any) -> Any:
        return (await house.ask(UPDATE, ada.token, input={**poll, **given}))["pollUpdate"]

    many = [await update(reminderMinutes=[*range(1, 7)]), await update(reminderMinutes=[5, 5])]
    none = [await update(reminderMinutes=[0]), await update(id=bare["poll"]["id"], reminderMinutes=[5])]
    parts = split_id(poll["id"])
    assert parts is not None
    spent = Take(UPDATES_PER_POLL, (str(parts[1]),), amount=100 * UPDATES_PER_POLL.size - 3)
    await house.parts.services.limits.take_all(spent)
    often = await update(reminderMinutes=[5])

    assert [(one.get("code"), one.get("path")) for one in (*many, *none)] == [
        ("INVALID_INPUT", ["reminderMinutes"])
    ] * 4
    assert often["code"] == "RATE_LIMITED"
    assert (await node(house, ada, poll["id"]))["version"] == 1


async def test_who_has_named_somebodys_address_keeps_them_from_no_invitation(
    house: Installation, ada: Host
) -> None:
    """In a poll that asks for proof, too: a ballot that does not count is none."""
    slug = await house.page(ada)
    made = await opened(house, ada, slug, NINE, deadline=NINE, reminderMinutes=[60], asksAddress=True)
    poll = {"id": made["poll"]["id"]}
    await cast(house, made["token"], "Mallory", "n", voter={"email": "bea@example.org"})
    await house.work()

    await house.ask(INVITE, ada.token, input={**poll, "voters": [asked("Bea", isRequired=True)]})
    await house.work()
    turn_to(house, "2026-03-30T06:30:00Z")
    await house.work()

    assert subjects(house, "bea@example.org") == [
        "Confirm your vote",
        "When can you come?",
        "Please vote",
    ]


async def test_who_has_no_page_any_more_books_nobody_by_their_poll(house: Installation, ada: Host) -> None:
    """By hand, by link and on consensus: the hosts of the page are others' now."""
    slug = await house.page(ada)
    voters = [asked("Bea", isRequired=True)]
    made = await opened(house, ada, slug, NINE, closesOnConsensus=True, voters=voters)
    await house.work()
    await house.rows_changed(
        "INSERT INTO users (id, organization_id, email, name, handle, zone, locale, role,"
        " shares_availability, is_disabled, created_at) SELECT gen_random_uuid(), organization_id,"
        " 'cy@example.com', 'Cy', 'cy', zone, locale, 'member', true, false, created_at FROM users"
    )
    await house.rows_changed("UPDATE polls SET organizer_id = (SELECT id FROM users WHERE name = 'Cy')")

    await changed(house, link_of(house, "bea@example.org"), "y")
    await house.work()
    state = (await linked(house, made["token"]))["state"]
    document = """mutation ($input: PollCloseByLinkInput!) { pollCloseByLink(input: $input) {
      ... on Error { code path } } }"""
    refused = await house.ask(document, input={"token": made["organizerToken"], "option": 1})

    assert state == "OPEN"
    assert refused["pollCloseByLink"]["code"] == "NOT_FOUND"
    assert await house.count("bookings") == 0


async def test_whole_days_are_booked_as_long_as_they_are_and_only_if_all_of_them_is_free(
    house: Installation, ada: Host, radicale: Radicale
) -> None:
    """The day on which clocks change has 23 hours; somebody is busy in the last one of the next."""
    slug = await house.page(ada)
    days = [{"day": "2026-03-29"}, {"day": "2026-03-30"}]
    made = await opened(
        house, ada, slug, options=days, zone="Europe/Berlin", durationMinutes=None, offersBusyTimes=True
    )
    await cast(house, made["token"], "Bea", "yy")
    await house.book(slug, "2026-03-30T14:30:00Z")

    taken = await closed(house, ada, made["poll"]["id"], 2)
    done = await closed(house, ada, made["poll"]["id"], 1)
    rows = await house.rows(
        "SELECT lower(during)::text, upper(during)::text FROM bookings ORDER BY lower(during)"
    )

    assert (taken["code"], done["poll"]["chosen"]) == ("SLOT_TAKEN", 1)
    assert rows[0] == ("2026-03-28 23:00:00+00", "2026-03-29 22:00:00+00")


async def test_each_who_gets_no_seat_is_told_the_end_once_and_in_their_language(
    house: Installation, ada: Host
) -> None:
    """Once it is announced, not if that is undone; whoever never proved an address hears nothing."""
    slug = await house.page(ada)
    people = [asked("Bea"), asked("Cem", locale="ja")]
    made = await opened(house, ada, slug, NINE, TEN, undoMinutes=10, voters=people)
    proved = await opened(house, ada, slug, ELEVEN, asksAddress=True)
    await cast(house, made["token"], "Dan", "ny", voter={"email": "dan@example.org"})
    await cast(house, made["token"], "Dan again", "ny", voter={"email": "dan@example.org"})
    await cast(house, made["token"], "Eve", "yn", voter={"email": "eve@example.org"})
    await cast(house, proved["token"], "Fay", "y", voter={"email": "fay@example.org"})
    await house.work()
    poll = {"id": made["poll"]["id"]}

    await closed(house, ada, poll["id"], 2)
    await house.ask(REOPEN, ada.token, input=poll)
    house.clock.turn(minutes=11)
    await house.work()
    undone = [subjects(house, f"{name}@example.org") for name in ("bea", "cem", "dan")]
    await closed(house, ada, poll["id"], 1)
    await closed(house, ada, proved["poll"]["id"], None)
    house.clock.turn(minutes=11)
    await house.work()
    mails = {name: subjects(house, f"{name}@example.org") for name in ("bea", "cem", "dan", "eve", "fay")}
    text = house.mails_to("bea@example.org")[-1].part("text/plain")

    assert undone == [["When can you come?"], ["ご都合をお聞かせください"], ["You have voted"] * 2]
    assert mails == {
        "bea": ["When can you come?", "The poll is closed"],
        "cem": ["ご都合をお聞かせください", "日程調整が締め切られました"],
        "dan": ["You have voted"] * 2 + ["The poll is closed"],
        "eve": ["You have voted", "Confirmed"],
        "fay": ["Confirm your vote"],
    }
    assert "Ada has chosen this time." in " ".join(text.split())
    assert "March 30, 2026, 9:00" in " ".join(text.split())


async def test_an_organizer_is_told_once_that_nothing_on_which_all_agree_is_free(
    house: Installation, ada: Host
) -> None:
    slug = await house.page(ada)
    voters = [asked("Bea", isRequired=True)]
    made = await opened(house, ada, slug, NINE, closesOnConsensus=True, voters=voters)
    await house.work()
    await house.book(slug, NINE)
    link = link_of(house, "bea@example.org")

    await changed(house, link, "y")
    await house.work()
    await changed(house, link, "i")
    await house.work()

    assert subjects(house, ada.email).count("Your poll cannot be booked") == 1
    assert (await linked(house, made["token"]))["state"] == "OPEN"

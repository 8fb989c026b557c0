"""Polls, live: what is shown is what some state had and never goes back, and cursors go on (X09)."""

import asyncio
from typing import Any

import pytest

from services.polls import cursor_of
from tests.installation import Feed, Host, Installation
from tests.polls import DELETE, FOLLOW, FOLLOW_OWN, cast, changed, counts, opened, turn_to
from tests.world import NINE, TEN

pytestmark = pytest.mark.anyio

RACERS = 60


async def until(feed: Feed, field: str, ballots: int) -> list[dict[str, Any]]:
    """Give the events until so many ballots count."""
    events: list[dict[str, Any]] = []
    while not events or events[-1]["poll"]["ballotsCast"] < ballots:
        events.append((await feed.next())[field])
    return events


async def test_a_tally_is_true_at_each_event_however_many_vote_at_once(
    house: Installation, ada: Host
) -> None:
    """Each says the same of both options: counts that differ would be those of no state."""
    slug = await house.page(ada)
    made = await opened(house, ada, slug, NINE, TEN)
    token, poll = made["token"], made["poll"]["id"]

    async with (
        house.feed(FOLLOW, secret=token) as guest,
        house.feed(FOLLOW_OWN, ada.token, id=poll) as own,
    ):
        watching = asyncio.gather(
            until(guest, "pollByLinkChanged", RACERS), until(own, "pollChanged", RACERS)
        )
        await asyncio.gather(
            *(cast(house, token, f"Voter {number}", "yy" if number % 3 else "ii") for number in range(RACERS))
        )
        seen = await watching

    for events in seen:
        cast_by = [event["poll"]["ballotsCast"] for event in events]
        assert cast_by == sorted(set(cast_by))
        for event in events:
            (first, second), ballots = counts(event["poll"]), event["poll"]["ballotsCast"]
            assert first == second
            assert first[:2] == (first[0], ballots - first[0])
            named = event["poll"].get("ballots", event["poll"].get("voters"))
            assert len(named) == ballots
            assert len({one["name"] for one in named}) == ballots
        assert counts(events[-1]["poll"]) == [(RACERS * 2 // 3, RACERS // 3, 0)] * 2


async def test_a_cursor_goes_on_where_one_was_and_a_strange_one_is_refused(
    house: Installation, ada: Host
) -> None:
    slug = await house.page(ada)
    made = await opened(house, ada, slug, NINE)
    bea = await cast(house, made["token"], "Bea", "y")
    async with house.feed(FOLLOW, secret=bea["token"]) as feed:
        first = (await feed.next())["pollByLinkChanged"]

    async with house.feed(FOLLOW, secret=bea["token"], after=first["cursor"]) as feed:
        silent = await feed.is_silent()
        await changed(house, bea["token"], "i")
        missed = (await feed.next())["pollByLinkChanged"]
    async with house.feed(FOLLOW, secret=made["token"], after=first["cursor"]) as feed:
        later = (await feed.next())["pollByLinkChanged"]
    refused: list[str] = []
    for after in ("x", cursor_of(1)[:-2], "\u0661" * 12):
        async with house.feed(FOLLOW, secret=made["token"], after=after) as feed:
            refused.append((await feed.message())["payload"][0]["extensions"]["code"])

    assert silent
    assert (first["poll"]["mine"]["answers"][0]["answer"], counts(first["poll"])) == ("YES", [(1, 0, 0)])
    assert (missed["poll"]["mine"]["answers"][0]["answer"], counts(missed["poll"])) == (
        "IF_NEED_BE",
        [(0, 1, 0)],
    )
    assert (later["cursor"], later["poll"]["mine"]) == (missed["cursor"], None)
    assert refused == ["BAD_USER_INPUT"] * 3


async def test_a_stream_ends_with_its_poll_and_a_strange_link_opens_none(
    house: Installation, ada: Host
) -> None:
    slug = await house.page(ada)
    made = await opened(house, ada, slug, NINE)
    async with house.feed(FOLLOW, secret=made["token"]) as feed:
        await feed.next()
        await house.ask(DELETE, ada.token, input={"id": made["poll"]["id"]})
        ended = (await feed.message())["type"]
    async with house.feed(FOLLOW, secret=made["token"]) as feed:
        unknown = await feed.message()

    assert ended == "complete"
    assert unknown["payload"][0]["extensions"]["code"] == "NOT_FOUND"


async def test_whoever_follows_is_told_when_the_clock_ends_the_voting(house: Installation, ada: Host) -> None:
    slug = await house.page(ada)
    made = await opened(house, ada, slug, NINE, isAnonymous=True)
    await cast(house, made["token"], "Bea", "y")
    async with house.feed(FOLLOW, secret=made["token"]) as feed:
        voting = (await feed.next())["pollByLinkChanged"]["poll"]
        turn_to(house, NINE)
        await house.page(ada)  # something happens in the organization: nobody waits for the next look
        over = (await feed.next())["pollByLinkChanged"]["poll"]

    assert (voting["state"], counts(voting)) == ("OPEN", [(None, None, None)])
    assert (over["state"], counts(over)) == ("OVER", [(1, 0, 0)])

"""Dashboards of teams: free time and bookings that change by themselves, for whoever may see them now."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import orjson
import pytest

from domain.errors import NotAllowed
from domain.ids import TeamId
from schema.nodes import id_of
from services.board import BoardChange
from tests.api.test_team_availability import ADD, FIVE, NINE, REMOVE, TEN, UPDATE, WINDOW, gathered
from tests.installation import CANCEL, HOLD, Host, Installation
from tests.radicale import Radicale
from tests.teams import Team

pytestmark = pytest.mark.anyio

HALF_PAST = "2026-03-30T08:30:00Z"
FREE = """subscription ($team: ID!, $window: WindowInput!, $after: String) {
  teamAvailabilityChanged(team: $team, window: $window, after: $after) { __typename
    ... on TeamAvailabilityEvent { revision cursor }
    ... on TeamAvailabilityState { availability { freshness counts { start free }
      members { user { name } free { start end } degradation } } }
    ... on TeamAvailabilityChange { freshness gone counts { start free } days { most }
      members { user { name } free { start end } degradation } } } }"""
NAMED = """subscription ($team: ID!, $window: WindowInput!) {
  teamAvailabilityChanged(team: $team, window: $window) { __typename } }"""
BOOKINGS = """subscription ($team: ID!, $after: String) {
  teamBookingsChanged(team: $team, after: $after) { __typename ... on BookingsEvent { revision cursor }
    ... on BookingsState { bookings { start hostNames } }
    ... on BookingsChange { kind booking { start hostNames } } } }"""
MANAGE = """mutation ($input: TeamMemberUpdateInput!) { teamMemberUpdate(input: $input) { __typename } }"""
LEAVE = "mutation ($input: MemberRemoveInput!) { memberRemove(input: $input) { __typename } }"
ROLE = "mutation ($input: MemberRoleChangeInput!) { memberRoleChange(input: $input) { __typename } }"


def free(members: list[dict[str, Any]]) -> dict[str, list[tuple[str, str]]]:
    return {time["user"]["name"]: [(one["start"], one["end"]) for one in time["free"]] for time in members}


async def next_of(feed: Any) -> dict[str, Any]:
    """Give the next event of whichever stream it is."""
    (event,) = (await feed.next()).values()
    return event


def in_team(team: Team, team_id: str, host: Host, **more: Any) -> dict[str, Any]:
    return {"teamId": team_id, "memberId": team.ids[host.handle], **more}


@asynccontextmanager
async def events_of(
    house: Installation, document: str, host: Host, **variables: Any
) -> AsyncGenerator[AsyncGenerator[dict[str, Any]]]:
    """Follow over server-sent events."""

    async def read() -> AsyncGenerator[dict[str, Any]]:
        async for line in response.aiter_lines():
            if line.startswith("data: "):
                yield orjson.loads(line.removeprefix("data: "))

    headers = {"Accept": "text/event-stream", "Authorization": f"Bearer {host.token}"}
    asked: dict[str, Any] = {"query": document, "variables": variables}
    async with house.http.stream("POST", "/graphql", json=asked, headers=headers) as response:
        yield read()


async def test_a_team_is_told_who_is_free_and_then_whose_time_changed(
    house: Installation, ada: Host, radicale: Radicale
) -> None:
    """R009, X01: who comes back with a cursor misses nothing and is told nothing twice."""
    team, team_id = await gathered(house, ada, radicale)
    slug = await house.page(ada)
    asked: dict[str, Any] = {"team": team_id, "window": WINDOW}
    async with house.feed(FREE, team.hosts[1].token, **asked) as feed:
        state = await next_of(feed)
        await house.ask(HOLD, input={"slug": slug, "start": TEN, "idempotencyKey": str(uuid4())})
        held = await next_of(feed)
    await house.book(slug, NINE)

    async with house.feed(FREE, team.hosts[1].token, **asked, after=held["cursor"]) as feed:
        missed = await next_of(feed)
    async with house.feed(FREE, team.hosts[1].token, **asked, after=missed["cursor"]) as feed:
        silent = await feed.is_silent()
    async with house.feed(FREE, ada.token, **asked, after=missed["cursor"]) as feed:
        other = await next_of(feed)

    assert free(state["availability"]["members"]) == {"Ada": [(NINE, FIVE)], "Grace": [(NINE, FIVE)]}
    assert free(held["members"]) == {"Ada": [(NINE, TEN), (HALF_PAST, FIVE)]}
    assert [one["free"] for one in held["counts"]] == [2, 1, 2]
    assert held["gone"] == []
    assert free(missed["members"]) == {"Ada": [("2026-03-30T07:30:00Z", TEN), (HALF_PAST, FIVE)]}
    assert state["revision"] < held["revision"] < missed["revision"]
    assert silent
    assert other["__typename"] == "TeamAvailabilityState", "a cursor is of who was told the same"


async def test_who_comes_goes_or_keeps_their_time_back_shows_by_itself(
    house: Installation, ada: Host, radicale: Radicale
) -> None:
    """R081: within one read; and why is told to who oversees the team alone."""
    team, team_id = await gathered(house, ada, radicale)
    _, grace, lin = team.hosts
    asked: dict[str, Any] = {"team": team_id, "window": WINDOW}
    async with house.feed(FREE, ada.token, **asked) as boss, house.feed(FREE, grace.token, **asked) as feed:
        for one in (boss, feed):
            await next_of(one)
        await house.ask(ADD, ada.token, input=in_team(team, team_id, lin))
        came, seen = await next_of(boss), [await next_of(feed)]
        await house.ask(UPDATE, ada.token, input={"sharesAvailability": False})
        kept, seen = await next_of(boss), [*seen, await next_of(feed)]
        await house.ask(REMOVE, ada.token, input=in_team(team, team_id, lin))
        went, colleague = await next_of(boss), [*seen, await next_of(feed)]

    assert [(one["user"]["name"], one["degradation"]) for one in came["members"]] == [("Lin", "UNCONNECTED")]
    assert [(one["user"]["name"], one["degradation"]) for one in kept["members"]] == [("Ada", "NOT_SHARING")]
    assert kept["days"] == [{"most": 1}, {"most": 0}]
    assert (went["members"], went["gone"]) == ([], [team.ids[lin.handle]])
    assert [one["user"]["name"] for event in colleague for one in event["members"]] == ["Lin", "Ada"]
    assert [one["degradation"] for event in colleague for one in event["members"]] == [None, None]


@pytest.mark.parametrize("document", [FREE, BOOKINGS])
async def test_who_is_taken_out_is_told_nothing_more(
    house: Installation, ada: Host, radicale: Radicale, document: str
) -> None:
    """Case 99: over both transports at once; who leaves the organization loses the socket."""
    team, team_id = await gathered(house, ada, radicale)
    _, grace, lin = team.hosts
    await house.ask(ADD, ada.token, input=in_team(team, team_id, lin))
    slug = await house.page(ada)
    window: dict[str, Any] = {"window": WINDOW} if document is FREE else {}
    async with (
        house.feed(document, grace.token, team=team_id, **window) as feed,
        house.feed(document, lin.token, team=team_id, **window) as lost,
        events_of(house, document, grace, team=team_id, **window) as stream,
    ):
        begun = [await next_of(feed), await next_of(lost), await anext(stream)]

        await house.ask(REMOVE, ada.token, input=in_team(team, team_id, grace))
        ended = [(await feed.message()), await anext(stream)]
        await house.ask(LEAVE, ada.token, input={"id": team.ids[lin.handle]})
        await house.book(slug, NINE)
        silent = await feed.is_silent()
        code = await until_closed(lost)

    assert len(begun) == 3
    assert ended[0]["type"] == "error"
    assert ended[0]["payload"][0]["extensions"]["code"] == "FORBIDDEN"
    assert ended[1]["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    assert silent
    assert code == 4403


async def until_closed(feed: Any) -> int:
    """Pass what was told of others who went before, and give the code of the end."""
    try:
        return await feed.ending()
    except AssertionError:
        return await feed.ending()


async def test_managers_are_told_all_bookings_of_their_team_and_members_their_own(
    house: Installation, ada: Host, radicale: Radicale
) -> None:
    team, team_id = await gathered(house, ada, radicale)
    _, grace, lin = team.hosts
    mine, hers = await house.page(ada), await house.page(grace)
    others = await house.page(lin, calendarPolicy="IGNORE_UNCONNECTED")
    await house.book(mine, NINE)
    await house.book(others, NINE)
    async with (
        house.feed(BOOKINGS, ada.token, team=team_id) as boss,
        house.feed(BOOKINGS, grace.token, team=team_id) as member,
    ):
        states = [await next_of(boss), await next_of(member)]
        booked = await house.book(hers, TEN)
        told = [await next_of(boss), await next_of(member)]
        await house.book(mine, TEN)
        await house.ask(CANCEL, input={"token": booked["manageToken"]})
        after = [await next_of(boss), await next_of(boss), await next_of(member)]
    async with house.feed(BOOKINGS, ada.token, team=team_id, after=told[0]["cursor"]) as feed:
        missed = [await next_of(feed), await next_of(feed)]
        silent = await feed.is_silent()

    assert [[one["hostNames"] for one in state["bookings"]] for state in states] == [[["Ada"]], []]
    assert [(one["kind"], one["booking"]["hostNames"]) for one in told] == [("CONFIRMED", ["Grace"])] * 2
    assert [(one["kind"], one["booking"]["hostNames"][0]) for one in after] == [
        ("CONFIRMED", "Ada"),
        ("CANCELLED", "Grace"),
        ("CANCELLED", "Grace"),
    ]
    assert [one["cursor"] for one in missed] == [one["cursor"] for one in after[:2]]
    assert silent


async def test_whose_bookings_are_told_is_read_again(
    house: Installation, ada: Host, radicale: Radicale
) -> None:
    """Who becomes a manager, or is none any more, and a team that has others, are told all of it anew."""
    team, team_id = await gathered(house, ada, radicale)
    _, grace, lin = team.hosts
    await house.book(await house.page(ada), NINE)
    await house.book(await house.page(lin, calendarPolicy="IGNORE_UNCONNECTED"), TEN)
    async with house.feed(BOOKINGS, grace.token, team=team_id) as feed:
        seen = [await next_of(feed)]
        for is_manager in (True, False):
            await house.ask(MANAGE, ada.token, input=in_team(team, team_id, grace, isManager=is_manager))
            seen.append(await next_of(feed))
        await house.ask(ROLE, ada.token, input={"id": team.ids[grace.handle], "role": "ADMINISTRATOR"})
        seen.append(await next_of(feed))
    await house.ask(ADD, ada.token, input=in_team(team, team_id, lin))
    async with house.feed(BOOKINGS, grace.token, team=team_id, after=seen[-1]["cursor"]) as feed:
        seen.append(await next_of(feed))

    names = [[one["hostNames"][0] for one in state["bookings"]] for state in seen]
    assert names == [[], ["Ada"], [], ["Ada"], ["Ada", "Lin"]]


async def test_nobody_else_follows_a_team(house: Installation, ada: Host, radicale: Radicale) -> None:
    """Case 17: guests, colleagues outside the team, and other organizations, to whom it is not there."""
    team, team_id = await gathered(house, ada, radicale)
    eve = await house.sign_up("Eve")
    askers = [(None, team_id), (team.hosts[2], team_id), (eve, team_id), (ada, "id"), (ada, ada.handle)]

    came = [
        [await refused(house, document, host, id_) for host, id_ in askers] for document in (NAMED, BOOKINGS)
    ]
    async with house.feed(
        "subscription { bookingsChanged { ... on BookingsEvent { cursor } } }", ada.token
    ) as it:
        foreign = (await next_of(it))["cursor"]
    async with house.feed(BOOKINGS, ada.token, team=team_id, after=foreign) as feed:
        not_its = str(await feed.message())

    assert came == [["UNAUTHENTICATED", "FORBIDDEN", "NOT_FOUND", "NOT_FOUND", "NOT_FOUND"]] * 2
    assert "BAD_USER_INPUT" in not_its


async def refused(house: Installation, document: str, host: Host | None, team_id: str) -> str:
    """Say with what code a stream ends before it begins."""
    window: dict[str, Any] = {"window": WINDOW} if document is NAMED else {}
    async with house.feed(document, host.token if host else None, team=team_id, **window) as feed:
        message = await feed.message()
    assert message["type"] == "error", message
    return message["payload"][0]["extensions"]["code"]


async def test_a_team_is_computed_once_for_all_and_nobodys_time_is_kept(
    house: Installation, ada: Host, radicale: Radicale
) -> None:
    """Case 87, D02: what Redis keeps of it to resume from are digests."""
    team, team_id = await gathered(house, ada, radicale)
    await house.ask(ADD, ada.token, input=in_team(team, team_id, team.hosts[2]))
    slug = await house.page(ada)
    asked: dict[str, Any] = {"team": team_id, "window": WINDOW}
    feeds = house.parts.services.team_feeds
    async with (
        house.feed(FREE, team.hosts[1].token, **asked) as one,
        house.feed(FREE, team.hosts[1].token, **asked) as two,
        house.feed(FREE, team.hosts[2].token, **asked) as three,
    ):
        for feed in (one, two, three):
            await next_of(feed)
        before = -1
        while before != feeds.computed:  # until what was done above has been looked at
            before = feeds.computed
            await asyncio.sleep(0.3)
        await house.book(slug, NINE)
        told = [await next_of(feed) for feed in (one, two, three)]
        computed = feeds.computed - before

    assert len({event["cursor"] for event in told}) == 1
    assert computed <= 2
    kept = [await house.redis("GET", key) for key in await house.keys("slotgraph:feed:*:*")]
    assert kept
    assert all(
        isinstance(value, str) and (name == "zone" or len(value) == 24)
        for body in kept
        for name, value in orjson.loads(body)
    )


async def test_rights_are_read_between_two_events_that_were_found_together(
    house: Installation, ada: Host, radicale: Radicale
) -> None:
    """Case 99: a slow reader is told nothing after the right has ended."""
    team, team_id = await gathered(house, ada, radicale)
    grace, board = team.hosts[1], house.parts.services.board
    await house.ask(MANAGE, ada.token, input=in_team(team, team_id, grace, isManager=True))
    slug = await house.page(ada)
    viewer = await house.parts.services.users.viewer_of(f"Bearer {grace.token}", None, "203.0.113.7")
    asked = TeamId(id_of("Team", team_id))
    state = await anext(board.follow_team(viewer, asked, None))
    for start in (NINE, TEN):
        await house.book(slug, start)

    events = board.follow_team(viewer, asked, state.cursor)
    first = await anext(events)
    await house.ask(REMOVE, ada.token, input=in_team(team, team_id, grace))

    assert isinstance(first, BoardChange)
    with pytest.raises(NotAllowed):
        await anext(events)

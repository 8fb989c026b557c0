"""Who may do what, asked of the running API for every field that the schema has."""

from typing import Any, cast
from uuid import uuid4

import pytest

from domain.users import Scope
from resolvers.nodes import loadable
from schema.nodes import global_id, split_id
from tests.api.test_team_live import NAMED as TIMES
from tests.calling import SCHEMA, call, outcome
from tests.graph import replaced
from tests.installation import CANCEL, CHANGED, OPEN_SLOTS, Installation, booking
from tests.radicale import Radicale
from tests.rights import ACCESS, ACTORS, EVERYBODY, GUEST, LET_IN, NODES, SESSION, scoped
from tests.settling import settle
from tests.world import NINE, ONE, TWO, World

pytestmark = pytest.mark.anyio

MUTATIONS = {field.name for field in SCHEMA.types["Mutation"].fields}
HOLD = {"start": ONE, "idempotencyKey": "a-key-of-sixteen-or-more"}
STREAMS = {field.name for field in SCHEMA.types["Subscription"].fields}
POLL = "subscription ($id: ID!) { pollChanged(id: $id) { __typename } }"
LED_POLL = "subscription ($secret: String!) { pollByOrganizerLinkChanged(token: $secret) { __typename } }"
LINKED_POLL = "subscription ($secret: String!) { pollByLinkChanged(token: $secret) { __typename } }"
WAITER = "subscription ($secret: String!) { waiterChanged(token: $secret) { __typename } }"
TEAM_BOOKINGS = "subscription ($team: ID!) { teamBookingsChanged(team: $team) { __typename } }"
SEES = {"node": scoped(Scope.READ), "viewer": EVERYBODY - {GUEST}}  # others are answered with null
KEY = """mutation ($input: ApiKeyCreateInput!) { apiKeyCreate(input: $input) {
  ... on ApiKeyCreatePayload { secret } ... on Error { message } } }"""
TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
DIGEST = "SELECT count(*), md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {} t"
_ANOTHER = {"User": "Organization"}  # a kind of id that a field of this kind does not take
WITH_IDS = sorted(
    (name, path)
    for name in ACCESS
    for path, leaf in SCHEMA.leaves(SCHEMA.roots[name].arguments)
    if leaf.named == "ID" and name not in ("node", "nodes", *STREAMS)  # tests of their own ask for these
)


async def credentials(house: Installation, world: World, actor: str) -> str | None:
    """Give what an actor shows at the door: nothing, the host's session, or a key with one scope."""
    if actor in (GUEST, SESSION):
        return {GUEST: None, SESSION: world.host.token}[actor]
    scope = actor.removeprefix("key with ")
    made = await house.ask(KEY, world.host.token, input={"name": scope, "scopes": [scope]})
    return made["apiKeyCreate"]["secret"]


def refusal(name: str, actor: str) -> str:
    if actor == GUEST:
        return "UNAUTHENTICATED"
    return "NOT_ALLOWED" if name in MUTATIONS else "FORBIDDEN"


async def everything(house: Installation) -> dict[str, tuple[Any, ...]]:
    """Give each table's number of rows and a digest of all that is in them."""
    tables = [table for (table,) in await house.rows(TABLES)]
    return {table: (await house.rows(DIGEST.format(table)))[0] for table in tables}


def kind_of(id_: str) -> str:
    parts = split_id(id_)
    assert parts is not None
    return parts[0]


def value_at(variables: Any, path: tuple[str, ...]) -> Any:
    """Find a value by its path; of a list, the first one's."""
    if isinstance(variables, list):
        return value_at(cast("list[Any]", variables)[0], path)
    return value_at(variables[path[0]], path[1:]) if path else variables


@pytest.mark.parametrize("actor", ACTORS)
async def test_each_field_lets_in_exactly_those_of_its_row(
    house: Installation, radicale: Radicale, actor: str
) -> None:
    """R7 of the security file, R034: guests, sessions by bearer (as a desktop has), keys of each scope."""
    world = await settle(house, radicale)
    token = await credentials(house, world, actor)

    came = {
        name: outcome(await call(house, name, token, variables)) for name, variables in world.calls().items()
    }

    assert came == {
        name: (LET_IN.get(name, "works") if actor in SEES.get(name, who) else "nothing")
        if actor in (who := ACCESS[name])
        else refusal(name, actor)
        for name in came
    }
    assert set(came) == set(ACCESS) - STREAMS


@pytest.mark.parametrize("actor", ACTORS)
async def test_a_stream_begins_for_exactly_those_of_its_row(
    house: Installation, radicale: Radicale, actor: str
) -> None:
    world = await settle(house, radicale)
    token = await credentials(house, world, actor)
    window, team = {"from": NINE, "to": TWO}, world.ids["Team"][0]
    streams: dict[str, tuple[str, dict[str, Any]]] = {
        "openSlotsChanged": (CHANGED, {"slug": world.slug, "window": window}),
        "bookingsChanged": ("subscription { bookingsChanged { __typename } }", {}),
        "teamAvailabilityChanged": (TIMES, {"team": team, "window": window}),
        "teamBookingsChanged": (TEAM_BOOKINGS, {"team": team}),
        "waiterChanged": (WAITER, {"secret": world.waits[0]}),
        "pollChanged": (POLL, {"id": world.ids["Poll"][0]}),
        "pollByOrganizerLinkChanged": (LED_POLL, {"secret": world.polls[2]}),
        "pollByLinkChanged": (LINKED_POLL, {"secret": world.polls[0]}),
    }

    came: dict[str, str] = {}
    for name, (document, variables) in streams.items():
        async with house.feed(document, token, **variables) as feed:
            came[name] = (await feed.message())["type"]

    assert came == {name: "next" if actor in ACCESS[name] else "error" for name in STREAMS}


async def test_what_is_another_organizations_is_not_there_and_stays_as_it_is(
    house: Installation, radicale: Radicale
) -> None:
    """Cases 17 and 18: each id of each operation, one at a time; nothing is written and no event queued."""
    ada, eve = await settle(house, radicale), await settle(house, radicale, "Eve")
    calls = eve.calls()
    kinds = {(name, path): kind_of(value_at(calls[name], path)) for name, path in WITH_IDS}
    before = await everything(house)

    came = {
        (name, path): [
            await call(house, name, eve.host.token, replaced(calls[name], path, id_))
            for id_ in (
                ada.ids[kind][0],
                ada.ids[kind][-1],
                global_id(kind, uuid4()),
                ada.ids[_ANOTHER.get(kind, "User")][0],
                eve.ids[_ANOTHER.get(kind, "User")][0],
                "id",
            )
        ]
        for (name, path), kind in kinds.items()
    }

    assert {key: outcome(answers[0]) for key, answers in came.items()} == {
        (name, path): "NOT_FOUND" if name in MUTATIONS else "nothing" for name, path in WITH_IDS
    }
    assert [key for key, answers in came.items() if answers != answers[:1] * len(answers)] == []
    assert await everything(house) == before
    assert set(kinds.values()) == set(ada.ids) - {"Organization", "Invitee"}


async def test_no_node_of_another_organization_is_shown_whatever_its_type(
    house: Installation, radicale: Radicale
) -> None:
    """Case 17: to its host, to another organization's host, and to a guest."""
    ada, eve = await settle(house, radicale), await settle(house, radicale, "Eve")
    ids = [ids[0] for _, ids in sorted(ada.ids.items())]

    own, others, guests = [
        (await call(house, "nodes", token, {"ids": ids}))["data"]["nodes"]
        for token in (ada.host.token, eve.host.token, None)
    ]

    assert [node["__typename"] for node in own] == sorted(loadable())
    assert [node["id"] for node in own] == ids
    assert others == guests == [None] * len(ids)


async def test_colleagues_see_of_each_other_what_their_role_opens(
    house: Installation, radicale: Radicale
) -> None:
    """R6, R7 and T6 of the security file: nobody's calendars, sessions, keys, bookings; the rest by role."""
    world = await settle(house, radicale)
    ids = [ids[0] for _, ids in sorted(world.ids.items())]
    administrator, member = [await world.colleague(house, number) for number in (2, 1)]
    promoted = {"input": {"id": world.ids["User"][2], "role": "ADMINISTRATOR"}}
    assert outcome(await call(house, "memberRoleChange", world.host.token, promoted)) == "works"

    seen = [
        {
            node["__typename"]
            for node in (await call(house, "nodes", token, {"ids": ids}))["data"]["nodes"]
            if node
        }
        for token in (administrator, member)
    ]

    assert seen == [
        {name for name, who in NODES.items() if role in who} for role in ("administrator", "member")
    ]
    assert set(NODES) == loadable()


@pytest.mark.parametrize("gone", ["inactive", "deleted"])
async def test_a_page_that_is_not_open_is_not_there_for_anybody_else(
    house: Installation, radicale: Radicale, gone: str
) -> None:
    """Cases 26, 30, 168: by slug, slots, hold, a hold of before, booking, stream and node."""
    world = await settle(house, radicale)
    page = world.ids["BookingPage"][0]
    mutation = {"inactive": "bookingPageUpdate", "deleted": "bookingPageDelete"}[gone]
    given = {"inactive": {"id": page, "isActive": False}, "deleted": {"id": page}}[gone]
    assert outcome(await call(house, mutation, world.host.token, {"input": given})) == "works"
    before = await house.count("bookings")
    nowhere = f"{world.host.handle}/nowhere"

    came, absent = [
        [
            await house.answer(OPEN_SLOTS, slug=slug, window={"from": NINE, "to": TWO}),
            await call(house, "holdCreate", None, {"input": {**HOLD, "slug": slug}}),
            await call(house, "bookingCreate", None, {"input": booking(slug, ONE)}),
            await call(house, "bookingCreate", None, {"input": booking(slug, NINE, hold=world.hold)}),
            await call(house, "node", None, {"id": page}),
            await first_of_stream(house, slug),
        ]
        for slug in (world.slug, nowhere)
    ]

    assert came == absent
    assert [outcome(answer) for answer in came[:5]] == ["nothing", *["NOT_FOUND"] * 3, "nothing"]
    assert came[5]["type"] == "error"
    assert await house.count("bookings") == before


async def test_bookings_of_a_page_that_is_not_open_can_still_be_cancelled(
    house: Installation, radicale: Radicale
) -> None:
    """Case 26."""
    world = await settle(house, radicale)
    inactive = {"id": world.ids["BookingPage"][0], "isActive": False}
    await call(house, "bookingPageUpdate", world.host.token, {"input": inactive})

    shown = await call(house, "bookingByLink", None, {"token": world.tokens[0]})
    cancelled = await house.ask(CANCEL, input={"token": world.tokens[0]})

    assert (shown["data"]["bookingByLink"]["pageSlug"], outcome(shown)) == (None, "works")
    assert cancelled["bookingCancel"]["booking"]["state"] == "CANCELLED"


async def test_a_hidden_page_is_reached_by_its_link_alone(house: Installation, radicale: Radicale) -> None:
    """Case 27: bookable, but in no list and under no id of anybody else."""
    world = await settle(house, radicale)
    page, other = world.ids["BookingPage"]
    hidden = {"id": page, "isHidden": True}
    await call(house, "bookingPageUpdate", world.host.token, {"input": hidden})

    profile = await call(house, "profile", None, {"handle": world.host.handle})
    open_page = await call(house, "bookingPage", None, {"slug": world.slug})
    booked = await house.book(world.slug, ONE)
    nodes = await call(house, "nodes", None, {"ids": [page, other]})

    assert len(profile["data"]["profile"]["pages"]) == 1
    assert world.slug not in str(profile)
    assert open_page["data"]["bookingPage"]["name"] == "Intro"
    assert booked["__typename"] == "BookingCreatePayload"
    assert nodes["data"]["nodes"] == [None, None]


async def first_of_stream(house: Installation, slug: str) -> dict[str, Any]:
    """Give the first message of a page's stream."""
    async with house.feed(CHANGED, slug=slug, window={"from": NINE, "to": TWO}) as feed:
        return await feed.message()

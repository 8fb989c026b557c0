"""Mobile clients read everything that their user may read, and change nothing, whatever they ask."""

from dataclasses import dataclass, replace
from typing import Any

import pytest
import strawberry

from domain.errors import RuleBroken
from domain.users import Scope, SignedIn, Viewer
from resolvers.clients import ANSWERS, guard
from tests.api.test_rights import STREAMS, everything
from tests.calling import SCHEMA, call, code_for, outcome
from tests.installation import SIGN_IN_FINISH, Installation
from tests.radicale import Radicale
from tests.rights import ACCESS
from tests.settling import settle
from tests.world import World

pytestmark = pytest.mark.anyio

MUTATIONS = {field.name: field for field in SCHEMA.types["Mutation"].fields}
REFUSED = ("CLIENT_NOT_ALLOWED", "ClientNotAllowedError")
KEY = """mutation ($input: ApiKeyCreateInput!) { apiKeyCreate(input: $input) {
  ... on ApiKeyCreatePayload { secret apiKey { isMobile } } } }"""
MINE = "{ viewer { sessions { isMobile isCurrent } apiKeys { name isMobile } } }"
BOOKINGS = "subscription { bookingsChanged { __typename } }"


async def mobile_tokens(house: Installation, world: World) -> list[str]:
    """Give a mobile session of the host, and a mobile key with every scope."""
    scopes = [scope.name for scope in Scope]
    key = await house.ask(KEY, world.host.token, input={"name": "App", "scopes": scopes, "isMobile": True})
    given = {"email": world.host.email, "code": await code_for(house, world.host.email), "isMobile": True}
    session = await house.ask(SIGN_IN_FINISH, input=given)
    return [session["signInFinish"]["sessionToken"], key["apiKeyCreate"]["secret"]]


def told(answer: dict[str, Any]) -> tuple[str, str]:
    """Give the code and the type of a refusal."""
    (value,) = answer["data"].values()
    return value["code"], value["__typename"]


async def test_a_mobile_client_reads_and_every_mutation_is_refused(
    house: Installation, radicale: Radicale
) -> None:
    """R035, R036, D09: by one schema, for sessions and keys, and nothing is written."""
    world = await settle(house, radicale)
    tokens, calls = await mobile_tokens(house, world), world.calls()
    for token in tokens:
        await house.ask(MINE, token)  # that they are in use is noted once a minute
    before = await everything(house)

    refused = {
        (name, place): told(await call(house, name, token, calls[name]))
        for place, token in enumerate(tokens)
        for name in MUTATIONS
    }
    after = await everything(house)
    read = {
        (name, place): outcome(await call(house, name, token, calls[name]))
        for place, token in enumerate(tokens)
        for name in set(ACCESS) - STREAMS - set(MUTATIONS)
    }

    assert set(refused.values()) == {REFUSED}
    assert after == before
    assert set(read.values()) == {"works"}
    assert {one["isMobile"] for one in (await house.ask(MINE, tokens[0]))["viewer"]["apiKeys"]} == {
        True,
        False,
    }


@pytest.mark.parametrize("place", [0, 1])
async def test_a_mobile_client_follows_and_changes_nothing_on_its_socket(
    house: Installation, radicale: Radicale, place: int
) -> None:
    """R035."""
    world = await settle(house, radicale)
    token = (await mobile_tokens(house, world))[place]

    async with house.feed(BOOKINGS, token) as feed:
        followed = (await feed.message())["type"]
    async with house.feed("mutation { sessionRevokeOthers { __typename } }", token) as feed:
        refused = await feed.next()

    assert followed == "next"
    assert refused == {"sessionRevokeOthers": {"__typename": "ClientNotAllowedError"}}
    mine = (await house.ask(MINE, world.host.token))["viewer"]["sessions"]
    assert [one["isMobile"] for one in mine if one["isCurrent"]] == [False]
    assert [one["isMobile"] for one in mine].count(True) == 1


def test_every_mutation_says_that_a_client_may_be_refused() -> None:
    silent = {
        name
        for name, field in MUTATIONS.items()
        if "ClientNotAllowedError" not in SCHEMA.types[field.named].members
    }

    assert silent == set()


@strawberry.type
class Done:
    """What a new mutation gives."""

    is_done: bool


@strawberry.type
class Undone:
    """Another result, so that it is a union."""

    is_done: bool


@strawberry.type
class Query:
    """A schema has one."""

    answer: int = 42


DONE: list[str] = []


@strawberry.type
class Mutation:
    """Changes of a room that is still to come."""

    @strawberry.mutation
    async def thing_change(self) -> Done | Undone:
        """Change something."""
        DONE.append("changed")
        return Done(is_done=True)


@dataclass(frozen=True)
class Asked:
    """One operation's context."""

    viewer: Viewer

    def say(self, broken: RuleBroken) -> str:
        """Say an expected error in English."""
        return broken.message


async def test_a_mutation_that_comes_later_is_refused_by_itself(house: Installation) -> None:
    """The gate stands before all fields of the type, and needs nothing of the one that is added."""
    token = (await house.sign_up()).token
    ada = await house.parts.services.users.viewer_of(f"Bearer {token}", None, "203.0.113.7")
    assert isinstance(ada, SignedIn)
    guard(Mutation)
    schema = strawberry.Schema(Query, Mutation, exception_handlers=ANSWERS)
    document = "mutation { thingChange { __typename ... on ClientNotAllowedError { code } } }"

    refused, done = [
        (await schema.execute(document, context_value=Asked(viewer))).data
        for viewer in (replace(ada, is_mobile=True), ada)
    ]

    assert refused == {"thingChange": {"__typename": "ClientNotAllowedError", "code": "CLIENT_NOT_ALLOWED"}}
    assert done == {"thingChange": {"__typename": "Done"}}
    assert DONE == ["changed"]

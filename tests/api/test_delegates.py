"""What a delegate may do, asked of the running API for every field that the schema has."""

from typing import Any

import pytest

from domain.users import DelegationScope
from resolvers.nodes import loadable
from tests.calling import SCHEMA, call, outcome
from tests.installation import Installation
from tests.radicale import Radicale
from tests.rights import (
    ACCESS,
    DELEGATE_NODES,
    DELEGATES,
    GUEST,
    KEPT_FROM_DELEGATES,
    LET_IN,
    SESSION,
    SHOWN_TO_DELEGATES,
)
from tests.settling import settle
from tests.world import World

pytestmark = pytest.mark.anyio

MUTATIONS = {field.name for field in SCHEMA.types["Mutation"].fields}
STREAMS = {field.name for field in SCHEMA.types["Subscription"].fields}
FOLLOW = "subscription { bookingsChanged { __typename } }"
NARROW = """mutation ($input: DelegationUpdateInput!) { delegationUpdate(input: $input) { __typename } }"""
DEEDS = """SELECT act, actor_id <> principal_id, p.email = :principal AND a.email = :delegate
FROM audit_log JOIN users p ON p.id = principal_id JOIN users a ON a.id = actor_id
WHERE number > :since ORDER BY number"""
VIEWER = """{ viewer { user { id } delegate { email } scopes sessions { id } apiKeys { id } identities { id }
  accounts { accountId } organization { members { nodes { id } } invitations { nodes { id } }
  auditLog { nodes { number } } } } }"""
CHANGES_NOTHING = {"bookingReassign"}  # to whoever has it already


async def delegate_of(house: Installation, world: World, scope: DelegationScope) -> tuple[str, str]:
    """Let the host's colleague act for them in one scope: the colleague's session, and the host's id."""
    given = {"id": world.ids["Delegation"][0], "scopes": [scope.name]}
    await house.ask(NARROW, world.host.token, input=given)
    return await world.colleague(house, 1), world.ids["User"][0]


def test_every_root_field_says_which_delegates_may_call_it() -> None:
    """R7 of the security file, case 32: a new field lets no delegate in, whatever it does, without a line."""
    assert set(DELEGATES) == set(ACCESS)
    assert {name for name, who in DELEGATES.items() if who and SESSION not in ACCESS[name]} == set()
    assert set(DELEGATE_NODES) == loadable()
    fields = {name: {field.name for field in SCHEMA.types[name].fields} for name in KEPT_FROM_DELEGATES}
    assert fields == {name: SHOWN_TO_DELEGATES[name] | kept for name, kept in KEPT_FROM_DELEGATES.items()}


@pytest.mark.parametrize("scope", DelegationScope)
async def test_each_field_lets_in_exactly_the_delegates_of_its_row(
    house: Installation, radicale: Radicale, scope: DelegationScope
) -> None:
    """Cases 32, 33 and 35: for every operation; and what a delegate does is noted with both their names."""
    world = await settle(house, radicale)
    token, principal = await delegate_of(house, world, scope)
    calls = world.calls()
    [(since,)] = await house.rows("SELECT max(number) FROM audit_log")

    came = {
        name: outcome(await call(house, name, token, variables, principal))
        for name, variables in calls.items()
    }

    refused = {name: "NOT_ALLOWED" if name in MUTATIONS else "FORBIDDEN" for name in came}
    node = "works" if scope in DELEGATE_NODES["BookingPage"] else "nothing"
    assert came == {
        name: LET_IN.get(name, node if name == "node" else "works")
        if scope in DELEGATES[name]
        else refused[name]
        for name in came
    }
    assert set(came) == set(DELEGATES) - STREAMS
    names = {"principal": world.host.email, "delegate": f"1{world.host.email}"}
    deeds = await house.rows(DEEDS, since=since, **names)
    done = [
        name for name in came if scope in DELEGATES[name] and name in MUTATIONS - _public() - CHANGES_NOTHING
    ]
    assert [is_both for _, is_another, is_both in deeds if is_another] == [True] * len(done)
    assert await audited(house) == []


@pytest.mark.parametrize("scope", DelegationScope)
async def test_a_delegate_is_shown_what_their_scope_opens_and_no_secrets(
    house: Installation, radicale: Radicale, scope: DelegationScope
) -> None:
    """Case 32: nothing of sessions, keys, connections or the organization's log, by whatever way."""
    world = await settle(house, radicale)
    token, principal = await delegate_of(house, world, scope)
    ids = [ids[0] for _, ids in sorted(world.ids.items())]

    nodes = (await call(house, "nodes", token, {"ids": ids}, principal))["data"]["nodes"]
    seen: dict[str, Any] = (await house.ask(VIEWER, token, principal))["viewer"]
    own: dict[str, Any] = (await house.ask(VIEWER, world.host.token))["viewer"]
    page = {"id": world.ids["BookingPage"][0]}
    degraded = "query ($id: ID!) { node(id: $id) { ... on BookingPage { degradedHosts { __typename } } } }"
    await house.rows_changed("UPDATE calendar_connections SET state = 'needs_reconnection'")
    shown = (await house.ask(degraded, token, principal, **page))["node"]
    async with house.feed(FOLLOW, token, principal) as feed:
        told = (await feed.message())["type"]

    assert {node["__typename"] for node in nodes if node} == {
        name for name, who in DELEGATE_NODES.items() if scope in who
    }
    assert (seen["user"]["id"], seen["delegate"]["email"]) == (principal, f"1{world.host.email}")
    assert seen["scopes"] == [scope.name]
    assert kept_of(seen) == {False}
    assert kept_of(own) == {True}
    assert [account["accountId"] for account in seen["accounts"]] == [principal]
    assert len(seen["organization"]["members"]["nodes"]) == 3
    assert shown in (None, {"degradedHosts": []})
    assert told == ("next" if scope in DELEGATES["bookingsChanged"] else "error")


def kept_of(viewer: dict[str, Any]) -> set[bool]:
    """Say of all that is kept from delegates whether anything is there."""
    of = {"Viewer": viewer, "Organization": viewer["organization"]}
    return {bool(of[name][field]) for name, fields in KEPT_FROM_DELEGATES.items() for field in fields}


def _public() -> set[str]:
    return {name for name, who in ACCESS.items() if GUEST in who}


async def audited(house: Installation) -> list[int]:
    """List where audit logs do not fit their hashes."""
    verdicts = [verdict async for _, verdict in house.parts.services.audit.verify_all()]
    return [verdict.broken_at for verdict in verdicts if verdict.broken_at is not None]

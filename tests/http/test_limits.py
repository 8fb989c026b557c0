"""Documents that are made to hurt are refused by name, and nobody else waits for them."""

import asyncio
from typing import Any

import httpx
import pytest

from tests.http.conftest import Door

pytestmark = pytest.mark.anyio


def spread_twice(fragments: int) -> str:
    """Spread each fragment twice in the one before: 2^n spreads in a kilobyte."""
    links = (f"fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }}" for n in range(fragments))
    return f"{{ ...F0 }} {' '.join(links)} fragment F{fragments} on Query {{ hello }}"


def doubling_aliases(fragments: int) -> str:
    """Double the aliases with each fragment."""
    links = (
        f"fragment F{n} on Thing {{ a: friend {{ ...F{n + 1} }} b: friend {{ ...F{n + 1} }} }}"
        for n in range(fragments)
    )
    return f"{{ thing {{ ...F0 }} }} {' '.join(links)} fragment F{fragments} on Thing {{ name }}"


def ids(count: int) -> str:
    """Ask for this many things, a token each."""
    return "{ byIds(ids: [" + "1 " * count + "]) { name } }"


def friends(depth: int) -> str:
    """Chain this many fields."""
    return f"{{ thing {{ {'friend { ' * (depth - 2)} name {'} ' * (depth - 2)} }} }}"


TWO_FRAGMENTS = """
    mutation { ...M ...N }
    fragment M on Mutation { note(text: "b") { __typename } }
    fragment N on Mutation { b: note(text: "b") { __typename } }
"""

HOSTILE = {
    "25 kB of nested inline fragments": ("{ " + "... on Query { " * 1_250 + "hello" + " }" * 1_251, 413),
    "nested inline fragments within the size": ("{ " + "... { " * 300 + "hello" + " }" * 301, 400),
    "spreads doubled 25 times": (spread_twice(25), 200),
    "aliases doubled 10 times": (doubling_aliases(10), 400),
    "a ring of fragments": ("{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }", 400),
    "a fragment in itself": ("{ ...A } fragment A on Query { hello ...A }", 400),
    "1,000 aliases": ("{ " + " ".join(f"a{n}: hello" for n in range(1_000)) + " }", 400),
    "31 aliases": ("{ " + " ".join(f"a{n}: hello" for n in range(31)) + " }", 400),
    "51 directives": ("{ hello " + "@include(if: true) " * 51 + "}", 400),
    "5,000 directives": ("{ hello " + "@skip(if: 0)" * 1_200 + "}", 400),
    "13 fields deep": (friends(13), 400),
    "3,000 fields deep": ("{ thing " + "{ friend " * 1_700, 400),
    "1,600 braces": ("{" * 1_600, 400),
    "comments": ("#\n" * 5_000 + "{ hello }", 400),
    "the same field 490 times": ("{ " + "hello " * 490 + "}", 400),
    "overlapping fields": ("{ " + "thing { friend { name } } " * 120 + "}", 400),
    "overlapping fields in inline fragments": ("{ " + "... { thing { friend { name } } } " * 80 + "}", 400),
    "overlapping fields in fragments": (
        "{ " + " ".join(f"...F{n}" for n in range(60)) + " } "
        + " ".join(f"fragment F{n} on Query {{ thing {{ name }} }}" for n in range(60)), 200
    ),
    "240 operations": (" ".join(f"query q{n} {{ hello }}" for n in range(240)), 400),
    "a name of 15 kB": ("{ " + "n" * 15_000 + " }", 400),
    "an integer of 5,000 digits": ('{ repeat(text: "x", count: ' + "9" * 5_000 + ") }", 400),
    "introspection in itself": (
        "{ __schema { types { fields { type { fields { type { fields { type { name } } } } } } } } }", 400
    ),
    "an empty selection": ("{ }", 200),
    "an empty subscription": ("subscription { }", 400),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_hostile_document_is_refused_in_few_words(client: httpx.AsyncClient, name: str) -> None:
    """Cases 81, 84 and 88: a clean error each, and the process lives."""
    document, status = HOSTILE[name]
    headers = {"Accept": "application/graphql-response+json"}
    response = await client.post("/graphql", json={"query": document}, headers=headers)

    assert response.status_code == status
    assert len(response.content) < 3_000


async def test_a_trivial_query_is_answered_among_hostile_ones(client: httpx.AsyncClient) -> None:
    """Case 81: what is refused early keeps nobody waiting."""
    hostile = [
        asyncio.create_task(client.post("/graphql", json={"query": document}))
        for document, _ in HOSTILE.values()
    ]
    trivial = await client.post("/graphql", json={"query": "{ hello }"}, timeout=5)
    answers = await asyncio.gather(*hostile)

    assert trivial.json()["data"] == {"hello": "Hello world"}
    assert max(answer.status_code for answer in answers) < 500


@pytest.mark.parametrize(
    ("query", "limit"),
    [
        (friends(13), "depth"),
        ("{ " + " ".join(f"a{n}: hello" for n in range(31)) + " }", "aliases"),
        (doubling_aliases(5), "aliases"),
        ("{ hello " + "@include(if: true) " * 51 + "}", "directives"),
        (ids(1_000), "tokens"),
        ("{ " + "hello " * 52 + "}", "repeats"),
        ('mutation { a: note(text: "a") { __typename } b: note(text: "b") { __typename } }', "mutations"),
        (TWO_FRAGMENTS, "mutations"),
    ],
)  # fmt: skip
async def test_a_guest_is_told_which_limit_was_met(
    client: httpx.AsyncClient, door: Door, query: str, limit: str
) -> None:
    """Case 83: one change a request for guests, and nothing is done where it is refused."""
    noted = door.world.seen.count("noted")
    response = await client.post("/graphql", json={"query": query})

    assert response.json()["errors"][0]["extensions"]["limit"] == limit
    assert door.world.seen.count("noted") == noted


@pytest.mark.parametrize(
    "query",
    [friends(12), "{ " + " ".join(f"a{n}: hello" for n in range(30)) + " }", ids(980)],
)
async def test_what_is_within_the_limits_is_answered(client: httpx.AsyncClient, query: str) -> None:
    response = await client.post("/graphql", json={"query": query})

    assert "errors" not in response.json()


async def test_those_signed_in_may_ask_for_more_and_leave_nothing_open_to_guests(
    client: httpx.AsyncClient,
) -> None:
    """A document kept for one actor is held against the limits of the next."""
    many = " ".join(f"query q{n} {{ hello }}" for n in range(240))
    long = {"query": many, "operationName": "q1"}
    changes = {
        "query": "mutation { " + " ".join(f'n{n}: note(text: "x") {{ __typename }}' for n in range(5)) + " }"
    }
    ada = {"Authorization": "ada"}

    signed_in = [await client.post("/graphql", json=asked, headers=ada) for asked in (long, changes)]
    guest = [await client.post("/graphql", json=asked) for asked in (long, changes)]

    assert ["errors" in answer.json() for answer in signed_in] == [False, False]
    assert ["errors" in answer.json() for answer in guest] == [True, True]


@pytest.mark.parametrize(
    "variables",
    [
        {f"v{n}": 1 for n in range(101)},
        {"v": [0] * 2_001},
        {"v": [[[[[[[[[[[[1]]]]]]]]]]]]},
        {"v": {"\x00": 1}},
    ],
    ids=["101 of them", "2,001 values", "13 levels", "NUL in a key"],
)
async def test_variables_are_bounded(client: httpx.AsyncClient, variables: dict[str, Any]) -> None:
    """Case 91."""
    response = await client.post("/graphql", json={"query": "{ hello }", "variables": variables})

    assert response.json()["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


@pytest.mark.parametrize(
    ("query", "variables", "cost"),
    [
        ("{ hello }", {}, 0),
        ("{ thing { name } }", {}, 1),
        ("{ things { name } }", {}, 10),
        ("{ things { friend { name } } }", {}, 20),
        ("{ thing { friends(first: 5) { edges { node { name } } } } }", {}, 1 + 1 + 5 * 2),
        ("{ thing { friends { edges { node { name } } } } }", {}, 1 + 1 + 20 * 2),
        ("query ($n: Int!) { thing { friends(first: $n) { edges { node { name } } } } }", {"n": 7}, 16),
        ("query ($n: Int = 3) { thing { friends(first: $n) { edges { node { name } } } } }", {}, 8),
        ("{ thing { friends(first: 5) { ...E } } } fragment E on ThingConnection { edges { node { name } } }",
         {}, 12),
        ("{ byIds(ids: [1, 2, 3]) { name } }", {}, 3),
        ("query ($ids: [ID!]!) { byIds(ids: $ids) { friend { name } } }", {"ids": ["a", "b"]}, 4),
        ("{ dear { name } }", {}, 150),
        ('mutation { note(text: "x") { __typename } }', {}, 10),
        ("{ ...A ...A } fragment A on Query { thing { name } }", {}, 2),
    ],
)  # fmt: skip
async def test_cost_is_the_product_of_what_is_asked(
    client: httpx.AsyncClient, query: str, variables: dict[str, Any], cost: int
) -> None:
    """Case 85: counted before anything runs, reported with the answer."""
    response = await client.post("/graphql", json={"query": query, "variables": variables})

    assert response.json()["extensions"]["cost"] == {"requested": cost, "budget": 1_000}


@pytest.mark.parametrize("first", ["1000000000", "99999999999999999999", "2147483647"])
async def test_a_page_of_a_billion_is_not_begun(client: httpx.AsyncClient, door: Door, first: str) -> None:
    """Case 85."""
    admitted = len(door.world.admitted)
    query = f"{{ thing {{ friends(first: {first}) {{ edges {{ node {{ name }} }} }} }} }}"
    response = await client.post("/graphql", json={"query": query})

    assert response.json()["errors"][0]["extensions"]["code"] in {"COST_LIMIT", "GRAPHQL_VALIDATION_FAILED"}
    assert len(door.world.admitted) == admitted


async def test_cost_is_charged_to_the_actor(client: httpx.AsyncClient, door: Door) -> None:
    await client.post("/graphql", json={"query": "{ dear { name } }"}, headers={"Authorization": "payer"})

    assert ("payer", 150, "query") in door.world.admitted


async def test_an_operation_that_takes_too_long_is_ended(client: httpx.AsyncClient, door: Door) -> None:
    """Case 90: the resolver is cancelled, so that what it waits for can be let go."""
    response = await client.post("/graphql", json={"query": "{ hello slow }"})

    assert response.status_code == 504
    assert response.json()["errors"][0]["extensions"]["code"] == "TIMEOUT"
    assert "data" not in response.json()
    assert door.world.seen.wait_for("slow ended")


@pytest.mark.parametrize(
    "query", ["mutation { outside }", "mutation { ...F } fragment F on Mutation { ... { outside } }"]
)
async def test_an_operation_that_waits_for_somebody_else_has_more_time(
    client: httpx.AsyncClient, door: Door, query: str
) -> None:
    """What began before it takes longer than a whole operation may that is done here alone."""
    began = door.world.seen.count("outside began")
    waiting = asyncio.create_task(client.post("/graphql", json={"query": query}))
    await asyncio.to_thread(door.world.seen.wait_for_count, "outside began", began + 1)

    ended = await client.post("/graphql", json={"query": "{ slow }"})

    assert ended.status_code == 504
    assert (await waiting).json()["data"] == {"outside": "answered"}

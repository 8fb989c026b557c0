"""GraphQL over SSE, distinct connections: one request, one stream."""

import asyncio
import json
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import httpx
import pytest

from tests.http.conftest import Door
from tests.http.example import PRIVATE

pytestmark = pytest.mark.anyio

NEXT = "event: next"
COMPLETE = "event: complete\ndata:"


@asynccontextmanager
async def streaming(
    client: httpx.AsyncClient, query: str, **headers: str
) -> AsyncGenerator[tuple[httpx.Response, AsyncGenerator[str]]]:
    accept = {"Accept": "text/event-stream", **headers}
    async with client.stream("POST", "/graphql", json={"query": query}, headers=accept) as response:
        yield response, blocks(response)


async def blocks(response: httpx.Response) -> AsyncGenerator[str]:
    """Give the blocks of a stream as they come."""
    lines: list[str] = []
    async for line in response.aiter_lines():
        lines.append(line)
        if not line:
            yield "\n".join(lines).rstrip("\n")
            lines = []


async def collected(client: httpx.AsyncClient, query: str, **headers: str) -> list[str]:
    async with streaming(client, query, **headers) as (response, stream):
        assert response.status_code == 200
        return [block async for block in stream if block != ":"]


def payload(block: str) -> dict[str, object]:
    event, _, data = block.partition("\ndata: ")
    assert event == NEXT
    return json.loads(data)


async def test_a_subscription_comes_as_events_and_completes(client: httpx.AsyncClient) -> None:
    async with streaming(client, "subscription { count(to: 2) }") as (response, stream):
        received = [block async for block in stream]

    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert response.headers["cache-control"] == "no-store"
    assert received == [
        'event: next\ndata: {"data":{"count":1}}',
        'event: next\ndata: {"data":{"count":2}}',
        COMPLETE,
    ]


async def test_a_query_and_a_mutation_come_as_one_event(client: httpx.AsyncClient) -> None:
    query = await collected(client, "{ hello }")
    mutation = await collected(client, 'mutation { note(text: "x") { __typename } }')

    assert payload(query[0])["data"] == {"hello": "Hello world"}
    assert payload(mutation[0])["data"] == {"note": {"__typename": "Noted"}}
    assert [query[1:], mutation[1:]] == [[COMPLETE], [COMPLETE]]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("query A { hello } query B { hello }", "BAD_USER_INPUT"),
        ("subscription { closedToYou }", "FORBIDDEN"),
        ("{ slow }", "TIMEOUT"),
    ],
)
async def test_what_is_wrong_with_the_operation_is_its_only_event(
    client: httpx.AsyncClient, query: str, code: str
) -> None:
    first, last = await collected(client, query)

    assert f'"code":"{code}"' in first
    assert "data" not in payload(first)
    assert last == COMPLETE


async def test_what_is_wrong_with_the_request_is_an_http_error(client: httpx.AsyncClient) -> None:
    headers = {"Accept": "text/event-stream", "Content-Type": "application/json"}
    malformed = await client.post("/graphql", content=b"{", headers=headers)
    wrong = await client.post(
        "/graphql", json={"query": "{ hello }"}, headers={**headers, "Authorization": "wrong"}
    )

    assert (malformed.status_code, wrong.status_code) == (400, 401)
    assert malformed.headers["content-type"] == "application/json; charset=utf-8"


async def test_a_quiet_stream_shows_signs_of_life(client: httpx.AsyncClient) -> None:
    async with streaming(client, "subscription { waiting }") as (_, stream):
        received = [await anext(stream) for _ in range(3)]

    assert received == ['event: next\ndata: {"data":{"waiting":1}}', ":", ":"]


async def test_the_source_is_closed_when_the_reader_leaves(door: Door, client: httpx.AsyncClient) -> None:
    async with streaming(client, 'subscription { waiting(mark: "left") }') as (_, stream):
        await anext(stream)

    assert door.world.seen.wait_for("left closed")


async def test_a_reader_that_does_not_read_is_left_and_its_source_closed(door: Door) -> None:
    """Case 103."""
    body = b'{"query":"subscription { flood(mark: \\"unread\\") }"}'
    head = (
        "POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        f"Accept: text/event-stream\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", door.port), timeout=5) as raw:
        raw.sendall(head.encode() + body)

        assert await asyncio.to_thread(door.world.seen.wait_for, "unread closed")


@pytest.mark.parametrize(
    ("actor", "subscription"), [("sse-event", "revoked"), ("sse-idle", 'waiting(mark: "idle")')]
)
async def test_a_stream_ends_when_the_sign_in_does(
    door: Door, client: httpx.AsyncClient, actor: str, subscription: str
) -> None:
    """Case 99: by the next event, and by the clock where none comes."""
    async with streaming(client, f"subscription {{ {subscription} }}", Authorization=actor) as (_, stream):
        await anext(stream)
        door.world.signed_out.add(actor)
        rest = [block async for block in stream if block != ":"]

    assert '"code":"UNAUTHENTICATED"' in rest[0]
    assert rest[1:] == [COMPLETE]


async def test_a_source_that_breaks_is_masked(client: httpx.AsyncClient) -> None:
    received = await collected(client, "subscription { breaking }")

    assert '"code":"INTERNAL"' in received[1]
    assert PRIVATE not in "".join(received)


async def test_a_sixth_stream_of_one_actor_is_429(client: httpx.AsyncClient) -> None:
    query = "subscription { waiting }"
    mine = {"Authorization": "streams"}
    async with (
        streaming(client, query, **mine),
        streaming(client, query, **mine),
        streaming(client, query, **mine),
        streaming(client, query, **mine),
        streaming(client, query, **mine),
        streaming(client, query, **mine) as (sixth, _),
    ):
        assert sixth.status_code == 429
        assert sixth.headers["retry-after"] == "30"

"""graphql-transport-ws over real sockets: what the protocol promises, and what closes a socket."""

import asyncio
import json
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Subprotocol

from tests.http.conftest import Door
from tests.http.example import PRIVATE

pytestmark = pytest.mark.anyio

Message = dict[str, Any]


class Client:
    """A socket that speaks JSON."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection

    async def send(self, message: object) -> None:
        await self._connection.send(message if isinstance(message, str | bytes) else json.dumps(message))

    async def subscribe(self, id_: str, query: str, **rest: object) -> None:
        await self.send({"id": id_, "type": "subscribe", "payload": {"query": query, **rest}})

    async def receive(self) -> Message:
        return json.loads(await asyncio.wait_for(self._connection.recv(), 5))

    async def until_closed(self) -> tuple[int, str]:
        with suppress(ConnectionClosed):
            while True:
                await self.receive()
        await asyncio.wait_for(self._connection.wait_closed(), 5)
        return self._connection.close_code or 0, self._connection.close_reason or ""


@asynccontextmanager
async def opened(
    door: Door, protocol: str | None = "graphql-transport-ws", **headers: str
) -> AsyncGenerator[Client]:
    protocols = [Subprotocol(protocol)] if protocol else None
    async with connect(
        door.socket_url, subprotocols=protocols, compression=None, additional_headers=headers, proxy=None
    ) as connection:
        yield Client(connection)


@asynccontextmanager
async def introduced(door: Door, **payload: str) -> AsyncGenerator[Client]:
    async with opened(door) as client:
        await client.send({"type": "connection_init", "payload": payload})
        assert await client.receive() == {"type": "connection_ack"}
        yield client


async def test_a_subscription_gives_its_events_and_completes(door: Door) -> None:
    async with introduced(door) as client:
        await client.subscribe("a", "subscription { count(to: 2) }")
        received = [await client.receive() for _ in range(3)]

    assert received == [
        {"id": "a", "type": "next", "payload": {"data": {"count": 1}}},
        {"id": "a", "type": "next", "payload": {"data": {"count": 2}}},
        {"id": "a", "type": "complete"},
    ]


async def test_queries_and_mutations_go_over_the_socket_too(door: Door) -> None:
    async with introduced(door) as client:
        await client.subscribe("a", "query A { hello } query B { who }", operationName="A")
        query = [await client.receive(), await client.receive()]
        await client.subscribe("a", 'mutation { note(text: "x") { __typename } }')
        mutation = [await client.receive(), await client.receive()]

    assert query[0]["payload"]["data"] == {"hello": "Hello world"}
    assert query[0]["payload"]["extensions"]["cost"]["requested"] == 0
    assert mutation[0]["payload"]["data"] == {"note": {"__typename": "Noted"}}
    assert [query[1], mutation[1]] == [{"id": "a", "type": "complete"}] * 2


@pytest.mark.parametrize("payload", [{}, {"payload": None}, {"payload": {}}, {"payload": {"a": [1]}}])
async def test_an_introduction_may_have_a_payload_or_null(door: Door, payload: Message) -> None:
    async with opened(door) as client:
        await client.send({"type": "connection_init", **payload})

        assert await client.receive() == {"type": "connection_ack"}


async def test_pings_are_answered_with_their_payload_at_any_time(door: Door) -> None:
    async with opened(door) as client:
        await client.send({"type": "ping"})
        await client.send({"type": "ping", "payload": {"n": 1}})
        await client.send({"type": "pong"})
        received = [await client.receive(), await client.receive()]

    assert received == [{"type": "pong"}, {"type": "pong", "payload": {"n": 1}}]


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"query": "subscription {"}, "GRAPHQL_PARSE_FAILED"),
        ({"query": "{ nothing }"}, "GRAPHQL_VALIDATION_FAILED"),
        ({"query": "query A { hello } query B { who }"}, "BAD_USER_INPUT"),
        ({"query": "query A { hello }", "operationName": "B"}, "BAD_USER_INPUT"),
        ({"query": "query ($n: Int!) { hello }", "variables": {"n": "x"}}, "GRAPHQL_VALIDATION_FAILED"),
        ({"query": "subscription { closedToYou }"}, "FORBIDDEN"),
        ({"query": "{ slow }"}, "TIMEOUT"),
        ({"documentId": "x"}, "PERSISTED_QUERY_NOT_FOUND"),
    ],
)
async def test_what_is_wrong_with_one_operation_ends_only_this_one(
    door: Door, asked: Message, code: str
) -> None:
    """An `error` for its id; the socket, the id and the other operations live on."""
    async with introduced(door) as client:
        await client.subscribe("other", "subscription { waiting }")
        assert (await client.receive())["id"] == "other"
        await client.send({"id": "a", "type": "subscribe", "payload": asked})
        error = await client.receive()
        await client.subscribe("a", "{ hello }")
        again = await client.receive()

    assert (error["id"], error["type"]) == ("a", "error")
    assert error["payload"][0]["extensions"]["code"] == code
    assert (again["id"], again["type"]) == ("a", "next")


@pytest.mark.parametrize(
    "message",
    [
        "",
        "{",
        "1",
        '"x"',
        "null",
        "true",
        "[]",
        '[{"type":"ping"}]',
        "{}",
        '{"type":1}',
        '{"type":"nothing"}',
        '{"type":"connection_ack"}',
        '{"type":"next","id":"a","payload":{}}',
        '{"type":"start","id":"a","payload":{"query":"{ hello }"}}',
        '{"type":"ping","payload":1}',
        '{"type":"ping","payload":[]}',
        '{"type":"pong","payload":"x"}',
        '{"type":"connection_init","payload":"x"}',
        '{"type":"connection_init","payload":[]}',
        '{"type":"subscribe"}',
        '{"type":"subscribe","id":"a"}',
        '{"type":"subscribe","id":"a","payload":null}',
        '{"type":"subscribe","id":"a","payload":"{ hello }"}',
        '{"type":"subscribe","id":"a","payload":{}}',
        '{"type":"subscribe","id":"a","payload":{"query":1}}',
        '{"type":"subscribe","id":"a","payload":{"query":null}}',
        '{"type":"subscribe","id":"a","payload":{"query":"{ hello }","variables":[]}}',
        '{"type":"subscribe","id":"a","payload":{"query":"{ hello }","variables":"x"}}',
        '{"type":"subscribe","id":"a","payload":{"query":"{ hello }","operationName":1}}',
        '{"type":"subscribe","id":"a","payload":{"query":"{ hello }","extensions":1}}',
        '{"type":"subscribe","payload":{"query":"{ hello }"}}',
        '{"type":"subscribe","id":"","payload":{"query":"{ hello }"}}',
        '{"type":"subscribe","id":1,"payload":{"query":"{ hello }"}}',
        '{"type":"subscribe","id":{},"payload":{"query":"{ hello }"}}',
        '{"type":"complete"}',
        '{"type":"complete","id":7}',
        '{"type":"ping","type":"pong"}',
        '{"type":"ping","payload":{"a":' + "9" * 5_000 + "}}",
        '{"type":"ping","payload":{"a":' + "[" * 5_000 + "]" * 5_000 + "}}",
        '{"type":"ping","payload":{"a":"\\ud800"}}',
        b'{"type":"ping"}',
    ],
    ids=range(41),
)
async def test_a_malformed_message_closes_the_socket(door: Door, message: str | bytes) -> None:
    async with introduced(door) as client:
        await client.send(message)

        assert (await client.until_closed())[0] == 4400


async def test_nothing_is_run_before_the_introduction(door: Door) -> None:
    """Case 97."""
    async with opened(door) as client:
        await client.subscribe("a", "{ hello }")

        assert await client.until_closed() == (4401, "Unauthorized")


async def test_a_second_introduction_closes_the_socket(door: Door) -> None:
    """Case 97."""
    async with introduced(door) as client:
        await client.send({"type": "connection_init"})

        assert await client.until_closed() == (4429, "Too many initialisation requests")


async def test_a_client_that_does_not_introduce_itself_is_closed(door: Door) -> None:
    """Case 97."""
    async with opened(door) as client:
        assert await client.until_closed() == (4408, "Connection initialisation timeout")


async def test_an_id_in_use_closes_the_socket(door: Door) -> None:
    """Case 101."""
    async with introduced(door) as client:
        await client.subscribe("a", "subscription { waiting }")
        await client.subscribe("a", "subscription { waiting }")

        assert await client.until_closed() == (4409, "Subscriber for a already exists")


@pytest.mark.parametrize("protocol", [None, "graphql-ws", "graphql-transport"])
async def test_no_other_protocol_is_spoken(door: Door, protocol: str | None) -> None:
    """Case 95."""
    async with opened(door, None, **{"Sec-WebSocket-Protocol": protocol} if protocol else {}) as client:
        assert (await client.until_closed())[0] == 4406


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1"])
async def test_a_page_of_a_foreign_origin_gets_no_socket(door: Door, origin: str) -> None:
    """Case 96."""
    with pytest.raises(InvalidStatus) as refused:
        async with opened(door, Origin=origin, Cookie="session=ada"):
            pass

    assert refused.value.response.status_code == 403


async def test_a_page_of_ours_gets_a_socket_and_a_cookie_makes_it_a_guest(door: Door) -> None:
    """Case 96: only what is said in the introduction signs in."""
    origins = [f"http://127.0.0.1:{door.port}", "https://book.example.com"]
    actors: list[str] = []
    async with opened(door, Origin=origins[0], Cookie="session=ada") as ours:
        await ours.send({"type": "connection_init"})
        await ours.receive()
        await ours.subscribe("a", "{ who }")
        actors.append((await ours.receive())["payload"]["data"]["who"])
    async with opened(door, Origin=origins[1]) as allowed:
        await allowed.send({"type": "connection_init", "payload": {"ticket": "grace"}})
        await allowed.receive()
        await allowed.subscribe("a", "{ who }")
        actors.append((await allowed.receive())["payload"]["data"]["who"])

    assert actors == ["guest:127.0.0.1", "grace"]


async def test_wrong_credentials_close_the_socket_without_a_welcome(door: Door) -> None:
    async with opened(door) as client:
        await client.send({"type": "connection_init", "payload": {"authorization": "wrong"}})

        assert await client.until_closed() == (4403, "Forbidden")


async def test_a_completed_operation_says_no_more_and_its_source_is_closed(door: Door) -> None:
    async with introduced(door) as client:
        await client.subscribe("a", 'subscription { waiting(mark: "completed") }')
        await client.receive()
        await client.send({"id": "a", "type": "complete"})
        await client.send({"id": "unknown", "type": "complete"})
        await client.send({"type": "ping"})
        assert await client.receive() == {"type": "pong"}

        assert door.world.seen.wait_for("completed closed")


async def test_every_source_is_closed_with_the_socket(open_door: Door) -> None:
    async with introduced(open_door) as client:
        for id_ in "abc":
            await client.subscribe(id_, "subscription { waiting }")
            await client.receive()
    async with introduced(open_door) as client:
        await client.subscribe("d", "subscription { waiting }")
        await client.receive()
        await client.send("nonsense")
        assert (await client.until_closed())[0] == 4400

    assert open_door.world.seen.wait_for_count("waiting closed", 4)


async def test_no_event_is_delivered_after_the_listener_is_signed_out(door: Door) -> None:
    """Case 99: rights are read again for each event."""
    async with introduced(door, authorization="mallory") as client:
        await client.subscribe("a", "subscription { revoked }")
        first = await client.receive()

        assert first["payload"]["data"] == {"revoked": 1}
        assert await client.until_closed() == (4403, "Forbidden")


async def test_an_idle_socket_is_closed_when_its_sign_in_ends(door: Door) -> None:
    """Cases 99 and 100."""
    async with introduced(door, authorization="eve") as client:
        await client.subscribe("a", "subscription { waiting }")
        await client.receive()
        door.world.signed_out.add("eve")

        assert await client.until_closed() == (4403, "Forbidden")


async def test_a_source_that_breaks_is_masked(door: Door) -> None:
    async with introduced(door) as client:
        await client.subscribe("a", "subscription { breaking }")
        received = [await client.receive(), await client.receive()]

    assert received[0]["type"] == "next"
    assert received[1]["type"] == "error"
    assert received[1]["payload"][0]["extensions"]["code"] == "INTERNAL"
    assert PRIVATE not in json.dumps(received)


async def test_an_eleventh_operation_is_refused_and_the_ten_go_on(door: Door) -> None:
    """Case 101."""
    async with introduced(door) as client:
        for n in range(10):
            await client.subscribe(str(n), "subscription { waiting }")
            await client.receive()
        await client.subscribe("10", "{ hello }")
        refused = await client.receive()
        await client.send({"type": "ping"})

        assert (refused["id"], refused["type"]) == ("10", "error")
        assert refused["payload"][0]["extensions"]["code"] == "RATE_LIMITED"
        assert await client.receive() == {"type": "pong"}


async def test_a_sixth_socket_of_one_actor_is_closed(door: Door) -> None:
    """Case 101."""
    async with (
        introduced(door, authorization="six"),
        introduced(door, authorization="six"),
        introduced(door, authorization="six"),
        introduced(door, authorization="six"),
        introduced(door, authorization="six"),
        opened(door) as sixth,
    ):
        await sixth.send({"type": "connection_init", "payload": {"authorization": "six"}})

        assert (await sixth.until_closed())[0] == 4429


async def test_a_flood_of_small_messages_closes_the_socket(door: Door) -> None:
    """Case 102."""
    async with introduced(door) as client:
        for _ in range(150):
            await client.send('{"type":"pong"}')

        assert await client.until_closed() == (4429, "Too many messages")


async def test_a_message_over_64_kb_closes_the_socket(door: Door) -> None:
    """Case 102."""
    async with introduced(door) as client:
        await client.subscribe("a", "{ hello }" + " " * 70_000)

        assert (await client.until_closed())[0] == 1009


async def test_a_guests_document_is_bounded_as_over_http(door: Door) -> None:
    async with introduced(door) as client:
        await client.subscribe("a", "{ hello }" + " " * 20_000)
        refused = await client.receive()

    assert refused["payload"][0]["extensions"]["code"] == "PAYLOAD_TOO_LARGE"


async def test_a_reader_that_does_not_read_is_closed_and_its_source_too(door: Door) -> None:
    """Case 103: nothing is piled up for it."""
    handshake = (
        "GET /graphql HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"
    )
    frames = [
        b'{"type":"connection_init"}',
        b'{"id":"a","type":"subscribe","payload":{"query":"subscription { flood }"}}',
    ]
    with socket.create_connection(("127.0.0.1", door.port), timeout=5) as raw:
        raw.sendall(handshake.encode())
        raw.recv(1_000)
        for frame in frames:
            raw.sendall(bytes([0x81, 0x80 | len(frame)]) + b"\0\0\0\0" + frame)

        assert await asyncio.to_thread(door.world.seen.wait_for, "flood closed")


async def test_each_event_has_a_context_of_its_own(door: Door) -> None:
    """A subscription that keeps its loaders would serve its first event's data for ever."""
    async with introduced(door, authorization="fresh") as client:
        await client.subscribe("a", "subscription { loads { name serial } }")
        received = [await client.receive() for _ in range(3)]

    assert [message["payload"]["data"]["loads"]["serial"] for message in received] == [1, 1, 1]

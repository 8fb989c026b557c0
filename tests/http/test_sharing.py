"""One text for all who follow the same, and a text of their own for everybody else."""

import asyncio
import json
import socket
import struct
import threading
from collections.abc import AsyncGenerator, Generator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import replace

import pytest
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from app.http.wire import Wire
from tests.http.conftest import HURRIED, listening
from tests.http.example import PRIVATE
from tests.http.stepped import Number, make_application
from tests.http.test_websocket import Client

pytestmark = pytest.mark.anyio

PATIENT = replace(HURRIED, slow_reader_s=60.0, renewal_s=60.0)
FOLLOW = "subscription ($after: Int) { number(after: $after) { way } }"
LARGE = "subscription { number { way filler } }"
MUCH = "x" * 200_000
HANDSHAKE = (
    b"GET /graphql HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"
)


class Hasty(Wire):
    """A wire that drops early what nobody reads, and says so."""

    lost = threading.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take a connection."""
        super().connection_made(transport)
        self.close_timeout = 0.1

    def connection_lost(self, exc: Exception | None) -> None:
        """Note that it is gone."""
        super().connection_lost(exc)
        self.lost.set()


@pytest.fixture
def number() -> Number:
    return Number()


@pytest.fixture
def port(number: Number) -> Generator[int]:
    with listening(make_application(number, PATIENT)) as port:
        yield port


@asynccontextmanager
async def introduced(port: int, **payload: str) -> AsyncGenerator[Client]:
    protocols = [Subprotocol("graphql-transport-ws")]
    address = f"ws://127.0.0.1:{port}/graphql"
    async with connect(
        address, subprotocols=protocols, compression=None, proxy=None, max_size=None
    ) as connection:
        client = Client(connection)
        await client.send({"type": "connection_init", "payload": payload})
        assert await client.receive() == {"type": "connection_ack"}
        yield client


@asynccontextmanager
async def following(
    port: int, count: int, query: str = FOLLOW, **variables: object
) -> AsyncGenerator[list[Client]]:
    """Follow by several sockets, each under an id of its own, and take what comes first."""
    async with AsyncExitStack() as held:
        clients = [await held.enter_async_context(introduced(port)) for _ in range(count)]
        for place, client in enumerate(clients):
            await client.subscribe(f"id-{place}", query, variables=variables)
            await client.receive()
        yield clients


@contextmanager
def deaf(port: int, query: str) -> Generator[socket.socket]:
    """Follow by a socket that takes little, and read nothing after the handshake."""
    subscribe = json.dumps({"id": "deaf", "type": "subscribe", "payload": {"query": query}}).encode()
    with socket.socket() as raw:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8_192)
        raw.settimeout(10)
        raw.connect(("127.0.0.1", port))
        raw.sendall(HANDSHAKE)
        raw.recv(1_000)
        for frame in (b'{"type":"connection_init"}', subscribe):
            raw.sendall(bytes([0x81, 0x80 | len(frame)]) + b"\0\0\0\0" + frame)
        yield raw


def frames(raw: socket.socket) -> list[tuple[int, bytes]]:
    """Read frames until the connection ends, the newest state is there, or a close frame."""
    read = raw.makefile("rb").read
    taken: list[tuple[int, bytes]] = []
    while not taken or (taken[-1][0] == 0x81 and b" to 40" not in taken[-1][1]):
        kind, length = read(2)
        if length == 126:
            (length,) = struct.unpack("!H", read(2))
        elif length == 127:
            (length,) = struct.unpack("!Q", read(8))
        taken.append((kind, read(length)))
    return taken


async def test_one_step_is_written_once_and_goes_to_all_under_their_own_ids(
    number: Number, port: int
) -> None:
    async with following(port, 3) as clients:
        number.change(value=7)
        received = [await client.receive() for client in clients]

    payload = {"data": {"number": {"way": "0 to 7"}}}
    assert received == [{"id": f"id-{place}", "type": "next", "payload": payload} for place in range(3)]
    assert number.world.seen.count("written") == 2


async def test_where_somebody_resumes_does_not_part_them_from_the_others(number: Number, port: int) -> None:
    async with following(port, 1) as [new], introduced(port) as returned:
        await returned.subscribe("r", FOLLOW, variables={"after": -5})
        missed = await returned.receive()
        number.change(value=7)
        both = [await new.receive(), await returned.receive()]

    assert missed["payload"]["data"] == {"number": {"way": "-5 to 0"}}
    assert [event["payload"]["data"] for event in both] == [{"number": {"way": "0 to 7"}}] * 2
    assert number.world.seen.count("written") == 3


@pytest.mark.parametrize(
    "query",
    [
        "subscription ($after: Int) { number(after: $after) { way mine } }",
        "subscription ($after: Int) { number(after: $after) { way ...F } } fragment F on Reading { mine }",
        "subscription ($after: Int) { ...F } fragment F on Subscription { number(after: $after) { way } }",
    ],
    ids=["a field", "a fragment", "a hidden root"],
)
async def test_what_may_depend_on_the_viewer_is_written_for_each(
    number: Number, port: int, query: str
) -> None:
    async with following(port, 2, query) as clients:
        number.change(value=7)
        received = [await client.receive() for client in clients]

    assert [event["payload"]["data"]["number"]["way"] for event in received] == ["0 to 7"] * 2
    assert number.world.seen.count("written") == 4


async def test_other_variables_are_another_text(number: Number, port: int) -> None:
    query = "subscription ($as: Boolean!) { number { way filler @include(if: $as) } }"
    async with following(port, 1, query, **{"as": True}) as [one], introduced(port) as other:
        await other.subscribe("o", query, variables={"as": False})
        await other.receive()
        number.change(value=7)
        received = [await one.receive(), await other.receive()]

    assert [event["payload"]["data"]["number"] for event in received] == [
        {"way": "0 to 7", "filler": ""},
        {"way": "0 to 7"},
    ]


async def test_of_who_is_signed_in_the_rights_are_read_before_each_event(number: Number, port: int) -> None:
    """Case 99: nothing is shared with them, not even what a guest would be told."""
    async with following(port, 1) as [guest], introduced(port, authorization="ada") as ada:
        await ada.subscribe("a", FOLLOW)
        await ada.receive()
        number.world.signed_out.add("ada")
        number.change(value=7)

        assert (await guest.receive())["payload"]["data"] == {"number": {"way": "0 to 7"}}
        assert await ada.until_closed() == (4403, "Forbidden")


async def test_the_end_completes_everybody_and_their_ids_are_free(number: Number, port: int) -> None:
    async with following(port, 2) as clients:
        number.change(value=7, is_over=True)
        received = [[await client.receive(), await client.receive()] for client in clients]
        await clients[0].subscribe("id-0", FOLLOW)
        again = await clients[0].receive()

    assert [[event["type"] for event in each] for each in received] == [["next", "complete"]] * 2
    assert received[1][1] == {"id": "id-1", "type": "complete"}
    assert again["id"] == "id-0"


async def test_a_source_that_breaks_is_told_to_all_as_one_incident(number: Number, port: int) -> None:
    async with following(port, 2) as clients:
        number.change(is_broken=True)
        received = [await client.receive() for client in clients]
        await clients[0].send({"type": "ping"})
        assert await clients[0].receive() == {"type": "pong"}

    assert [event["type"] for event in received] == ["error", "error"]
    assert received[0]["payload"] == received[1]["payload"]
    assert received[0]["payload"][0]["extensions"]["code"] == "INTERNAL"
    assert PRIVATE not in json.dumps(received)


async def test_who_completes_is_told_no_more_and_the_last_one_closes_the_source(
    number: Number, port: int
) -> None:
    async with following(port, 2) as [leaving, staying]:
        await leaving.send({"id": "id-0", "type": "complete"})
        await leaving.send({"type": "ping"})
        await leaving.receive()
        number.change(value=7)
        told = await staying.receive()
        await leaving.send({"type": "ping"})
        silent = await leaving.receive()
        closed_before = number.world.seen.count("closed")

    assert (told["payload"]["data"], silent) == ({"number": {"way": "0 to 7"}}, {"type": "pong"})
    assert closed_before == 1  # the second's own hold, when it joined the first
    assert number.world.seen.wait_for_count("closed", 2)


async def test_a_reader_who_falls_behind_gets_the_newest_state_and_not_every_step(
    number: Number, port: int
) -> None:
    """Case 103: the others get every step meanwhile."""
    async with following(port, 1, LARGE) as [good]:
        with deaf(port, LARGE) as raw:
            assert number.world.seen.wait_for_count("begun", 2)
            ways: list[str] = []
            for value in range(1, 41):
                number.change(value=value, filler=MUCH)
                ways.append((await good.receive())["payload"]["data"]["number"]["way"])
            taken = await asyncio.to_thread(frames, raw)

    assert ways == [f"{value - 1} to {value}" for value in range(1, 41)]
    assert len(taken) < 30
    assert b" to 40" in taken[-1][1]


async def test_a_reader_who_stays_behind_is_closed_with_4408(number: Number) -> None:
    """Case 103: they read the close after what was on its way."""
    number.filler = MUCH
    with listening(make_application(number, HURRIED)) as port, deaf(port, LARGE) as raw:
        for value in range(1, 6):
            assert number.world.seen.wait_for_count("written", value)
            number.change(value=value)
        assert number.world.seen.wait_for("closed")
        taken = await asyncio.to_thread(frames, raw)

    assert taken[-1] == (0x88, struct.pack("!H", 4408) + b"The client reads too slowly")


async def test_what_is_never_read_is_dropped_with_its_connection(number: Number) -> None:
    """Case 103: a closed connection that cannot be emptied would stay for ever."""
    number.filler = MUCH
    with listening(make_application(number, HURRIED), Hasty) as port, deaf(port, LARGE):
        for value in range(1, 6):
            assert number.world.seen.wait_for_count("written", value)
            number.change(value=value)

        assert await asyncio.to_thread(Hasty.lost.wait, 10)


async def test_a_process_that_ends_tells_its_clients_to_come_back(number: Number) -> None:
    with listening(make_application(number, PATIENT)) as port:
        clients = following(port, 1)
        [client] = await clients.__aenter__()
    ended = await client.until_closed()
    await clients.__aexit__(None, None, None)

    assert ended[0] == 1012


async def test_a_server_that_knows_no_wire_tells_each_by_itself(number: Number) -> None:
    application = make_application(number, PATIENT)
    with listening(application, WebSocketsSansIOProtocol) as port:
        async with following(port, 2) as clients:
            number.change(value=7)
            received = [await client.receive() for client in clients]

    assert [event["payload"]["data"] for event in received] == [{"number": {"way": "0 to 7"}}] * 2
    assert number.world.seen.count("written") == 4

"""GraphQL over WebSocket: graphql-transport-ws, and no other protocol.

One task reads, one runs for each operation. An operation that has something to say waits until the
socket has taken it, so a slow reader holds nothing but its sources' newest events, and is closed when
it stays blocked. Every operation and every event has a context of its own.
"""

import asyncio
from contextlib import ExitStack, aclosing
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from app.http.execution import Kind, OpenContext, OperationContext, SignedOut
from app.http.faults import tell_broken, tell_incident
from app.http.limits import DoorRules
from app.http.messages import (
    SUBPROTOCOL,
    Close,
    Closing,
    Complete,
    Init,
    Ping,
    Pong,
    Subscribe,
    read_message,
)
from app.http.operations import Operations
from app.http.origins import may_open_socket, read_socket_caller
from app.http.request import read_asked
from app.http.responses import Code, Failure, Refused, dump, failure
from app.http.seats import Seats
from domain.errors import TooMany

_CLOSING_S = 1.0


async def serve_socket(
    websocket: WebSocket, operations: Operations, open_context: OpenContext, rules: DoorRules, seats: Seats
) -> None:
    """Serve one socket to its end; a foreign origin is refused before it is opened, with 403."""
    if not may_open_socket(websocket, rules):
        await websocket.close()
        return
    if SUBPROTOCOL not in websocket.scope["subprotocols"]:
        await websocket.accept()
        await websocket.close(Close.SUBPROTOCOL, "Subprotocol not acceptable")
        return
    await websocket.accept(SUBPROTOCOL)
    with ExitStack() as held:
        await _Socket(websocket, operations, open_context, rules, seats, held).serve()


class _Socket:
    """One open socket."""

    def __init__(
        self,
        websocket: WebSocket,
        operations: Operations,
        open_context: OpenContext,
        rules: DoorRules,
        seats: Seats,
        held: ExitStack,
    ) -> None:
        self._websocket = websocket
        self._operations = operations
        self._open_context = open_context
        self._rules = rules
        self._seats = seats
        self._held = held
        self._sending = asyncio.Lock()
        self._context: OperationContext | None = None
        self._is_introduced = False
        self._running: dict[str, asyncio.Task[None]] = {}
        self._ending: asyncio.Future[Closing] = asyncio.get_running_loop().create_future()
        self._tokens = float(rules.socket_message_burst)
        self._counted_at = asyncio.get_running_loop().time()

    async def serve(self) -> None:
        """Read until the client leaves or the socket has to be closed, then end every operation."""
        reading = asyncio.create_task(self._read())
        watching = asyncio.create_task(self._watch())
        try:
            await asyncio.wait({reading, watching, self._ending}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            tasks = [reading, watching, *self._running.values()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        if self._ending.done():
            await self._close(self._ending.result())

    def _end(self, closing: Closing) -> None:
        if not self._ending.done():
            self._ending.set_result(closing)

    async def _close(self, closing: Closing) -> None:
        try:
            async with asyncio.timeout(_CLOSING_S):
                await self._websocket.close(closing.code, closing.reason)
        except (TimeoutError, WebSocketDisconnect, RuntimeError):
            return  # the client left first, or does not read; the server then drops the connection

    async def _read(self) -> None:
        try:
            self._held.enter_context(self._seats.at_address(_address(self._websocket)))
            while True:
                message = await self._websocket.receive()
                if message["type"] == "websocket.disconnect":
                    return
                await self._take(message.get("text"))
        except Closing as closing:
            self._end(closing)
        except SignedOut:
            self._end(Closing(Close.FORBIDDEN, "Forbidden"))
        except (Refused, TooMany):
            self._end(Closing(Close.TOO_MANY, "Too many connections"))
        except WebSocketDisconnect:
            return
        except Exception as error:  # noqa: BLE001  # the door: the socket ends, the process lives
            tell_incident(error)
            self._end(Closing(Close.INTERNAL, "Internal server error"))

    async def _watch(self) -> None:
        """Close a socket that is not introduced in time, and one whose sign-in has ended."""
        await asyncio.sleep(self._rules.socket_init_s)
        if not self._is_introduced:
            self._end(Closing(Close.TOO_SLOW, "Connection initialisation timeout"))
            return
        while True:
            await asyncio.sleep(self._rules.renewal_s)
            if self._context is None:
                continue
            try:
                await self._context.renewed()
            except SignedOut:
                self._end(Closing(Close.FORBIDDEN, "Forbidden"))
                return
            except Exception as error:  # noqa: BLE001  # the door: rights that cannot be read are no rights
                tell_incident(error)
                self._end(Closing(Close.INTERNAL, "Internal server error"))
                return

    async def _take(self, text: str | None) -> None:
        self._count()
        if text is None:
            raise Closing(Close.BAD_REQUEST, "Messages are text.")
        if len(text) > self._rules.signed_in.body_bytes:
            raise Closing(Close.TOO_BIG, "The message is too big.")
        match read_message(text):
            case Init(payload):
                await self._introduce(payload)
            case Ping(payload):
                pong: dict[str, Any] = {"type": "pong"}
                await self._send(dump(pong if payload is None else {**pong, "payload": payload}))
            case Pong():
                pass
            case Subscribe() as wish:
                await self._subscribe(wish)
            case Complete(id_):
                if task := self._running.pop(id_, None):
                    task.cancel()

    def _count(self) -> None:
        """Take one from a bucket that fills by itself: floods of small messages end the socket."""
        now = asyncio.get_running_loop().time()
        filled = self._tokens + (now - self._counted_at) * self._rules.socket_messages_per_s
        self._tokens = min(filled, self._rules.socket_message_burst) - 1
        self._counted_at = now
        if self._tokens < 0:
            raise Closing(Close.TOO_MANY, "Too many messages")

    async def _introduce(self, payload: dict[str, Any]) -> None:
        if self._is_introduced:
            raise Closing(Close.TOO_MANY, "Too many initialisation requests")
        self._is_introduced = True
        context = await self._open_context(read_socket_caller(self._websocket, payload))
        seat = self._seats.of_actor(context.actor_key, is_guest=context.is_guest)
        self._held.enter_context(seat)
        self._context = context
        await self._send(b'{"type":"connection_ack"}')

    async def _subscribe(self, wish: Subscribe) -> None:
        if self._context is None:
            raise Closing(Close.UNAUTHORIZED, "Unauthorized")
        if wish.id in self._running:
            raise Closing(Close.DUPLICATE_ID, f"Subscriber for {wish.id[:80]} already exists")
        if len(self._running) >= self._rules.operations_per_socket:
            told = failure(Code.RATE_LIMITED, "Too many operations run on this socket.")
            await self._send(_frame(wish.id, b"error", dump([told])))
            return
        task = asyncio.create_task(self._run(wish, self._context))
        self._running[wish.id] = task
        task.add_done_callback(lambda done: self._forget(wish.id, done))

    def _forget(self, id_: str, task: asyncio.Task[None]) -> None:
        if self._running.get(id_) is task:
            del self._running[id_]

    async def _run(self, wish: Subscribe, connection: OperationContext) -> None:
        try:
            failures = await self._follow(wish, connection)
            # The id is free again before the client hears of the end and may use it anew.
            self._running.pop(wish.id, None)
            if failures is None:
                await self._send(dump({"id": wish.id, "type": "complete"}))
            else:
                await self._send(_frame(wish.id, b"error", dump(failures)))
        except SignedOut:
            self._end(Closing(Close.FORBIDDEN, "Forbidden"))
        except WebSocketDisconnect:
            return
        except Closing as closing:
            self._end(closing)

    async def _follow(self, wish: Subscribe, connection: OperationContext) -> tuple[Failure, ...] | None:
        """Run an operation and send its results; what ends it early is the answer."""
        context = connection
        try:
            context = await connection.renewed()
            limits = self._rules.limits_of(is_guest=context.is_guest)
            ready = await self._operations.make_ready(read_asked(wish.payload, limits), context)
            if ready.kind is not Kind.SUBSCRIPTION:
                await self._send(_frame(wish.id, b"next", await self._operations.answer(ready)))
                return None
            async with aclosing(self._operations.events(ready)) as events:
                async for event in events:
                    await self._send(_frame(wish.id, b"next", event))
        except Refused as refused:
            return refused.failures
        except TooMany as broken:
            return (tell_broken(broken, context),)
        except (SignedOut, Closing, WebSocketDisconnect):
            raise
        except Exception as error:  # noqa: BLE001  # the door: one operation ends, the others live
            return (tell_incident(error),)
        return None

    async def _send(self, frame: bytes) -> None:
        """Send one frame after the other; raises Closing where the client does not read."""
        try:
            async with asyncio.timeout(self._rules.slow_reader_s), self._sending:
                await self._websocket.send_text(frame.decode())
        except TimeoutError:
            raise Closing(Close.TOO_SLOW, "The client reads too slowly") from None


def _frame(id_: str, kind: bytes, payload: bytes) -> bytes:
    """Put a payload that is written already into a message."""
    return b'{"id":' + dump(id_) + b',"type":"' + kind + b'","payload":' + payload + b"}"


def _address(websocket: WebSocket) -> str:
    return websocket.client.host if websocket.client else ""

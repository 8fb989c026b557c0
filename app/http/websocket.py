"""GraphQL over WebSocket: graphql-transport-ws, and no other protocol.

A socket is one task, the server's own, which reads. Each operation is a task while it runs, but for a
subscription that is served with its group (`sharing.py`) and is no more than a member there. An operation
that has something to say waits until the socket has taken it, so a slow reader holds nothing but its
sources' newest events, and is closed when it stays blocked. Every operation and every event of somebody
signed in has a context of its own.

Thousands of sockets are idle most of the time: what waits for the clock is in three places for all of them.
"""

import asyncio
from collections import defaultdict
from contextlib import aclosing
from typing import Any

from starlette.requests import HTTPConnection
from starlette.types import Receive, Scope, Send

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
from app.http.patience import Patience
from app.http.request import read_asked
from app.http.responses import Code, Failure, Refused, dump, failure
from app.http.seats import Seat, Seats
from app.http.sharing import Member, Sharing
from app.http.wire import EXTENSION, Wire
from domain.errors import RuleBroken, TooMany
from services.steps import Stepped

_CLOSING_S = 1.0
_SLOW = "The client reads too slowly"


class SocketDoor:
    """The ASGI application that serves sockets."""

    def __init__(
        self, operations: Operations, open_context: OpenContext, rules: DoorRules, seats: Seats
    ) -> None:
        self.operations = operations
        self.open_context = open_context
        self.rules = rules
        self.seats = seats
        self.sharing = Sharing(operations)
        self.unintroduced = Patience[_Socket](
            rules.socket_init_s,
            lambda socket: socket.end(Closing(Close.TOO_SLOW, "Connection initialisation timeout")),
        )
        self.behind = Patience[_Socket](
            rules.slow_reader_s, lambda socket: socket.end(Closing(Close.TOO_SLOW, _SLOW))
        )
        self.signed_in = Patience[_Socket](rules.renewal_s, lambda socket: socket.renew())
        self.by_actor: defaultdict[str, set[_Socket]] = defaultdict(set)

    def look_again(self, actor_key: str) -> None:
        """Look at once whether the sign-ins of an actor still hold."""
        for socket in self.by_actor.get(actor_key, ()):
            socket.renew()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one socket to its end; a foreign origin is refused before it is opened, with 403."""
        # Who stands before us keeps what they read while we serve: what they hold is emptied.
        held, scope["headers"] = scope["headers"], list(scope["headers"])
        if isinstance(held, list):
            held.clear()
        connection = HTTPConnection(scope)
        await receive()
        if not may_open_socket(connection, self.rules):
            await send({"type": "websocket.close"})
            return
        if SUBPROTOCOL not in scope["subprotocols"]:
            await send({"type": "websocket.accept"})
            closing: dict[str, object] = {"code": Close.SUBPROTOCOL, "reason": "Subprotocol not acceptable"}
            await send({"type": "websocket.close", **closing})
            return
        await send({"type": "websocket.accept", "subprotocol": SUBPROTOCOL, "headers": []})
        socket = _Socket(self, connection, receive, send)
        del connection
        await socket.serve()


_Running = asyncio.Task[None] | Member
"""An operation: its task, or its place in a group."""


class _Left(Exception):
    """The client is gone."""


class _Socket:
    """One open socket."""

    __slots__ = (
        "_behind",
        "_connection",
        "_context",
        "_counted_at",
        "_door",
        "_ending",
        "_is_introduced",
        "_is_over",
        "_open",
        "_receive",
        "_renewing",
        "_running",
        "_seats",
        "_send_event",
        "_sending",
        "_tokens",
        "_wire",
    )

    def __init__(self, door: SocketDoor, connection: HTTPConnection, receive: Receive, send: Send) -> None:
        self._door = door
        self._connection: HTTPConnection | None = connection
        self._receive = receive
        self._send_event = send
        self._seats: tuple[Seat, ...] = ()
        wire = connection.scope.get("extensions", {}).get(EXTENSION)
        self._wire: Wire | None = wire if isinstance(wire, Wire) else None
        self._sending = asyncio.Lock()
        self._context: OperationContext | None = None
        self._is_introduced = False
        self._is_over = False
        self._renewing: asyncio.Task[None] | None = None
        self._running: dict[str, _Running] = {}
        self._behind: set[Member] = set()
        self._ending: Closing | None = None
        self._open = asyncio.timeout(None)  # set off by hand
        self._tokens = float(door.rules.socket_message_burst)
        self._counted_at = asyncio.get_running_loop().time()

    @property
    def wire(self) -> Wire:
        """Give the wire, which every socket with a member has."""
        if self._wire is None:
            raise RuntimeError("A socket without a wire shares nothing.")
        return self._wire

    async def serve(self) -> None:
        """Read until the client leaves or the socket has to be closed, then end every operation."""
        self._door.unintroduced.begin(self)
        try:
            async with self._open:
                await self._read()
        except Exception as error:  # noqa: BLE001  # the door: the socket ends, the process lives
            self._ending = self._ending or _ending_of(error)
        finally:
            self._is_over = True
            await self._end_operations()
            for seat in self._seats:
                seat.give_back()
        if self._ending:
            await self._close(self._ending)

    def end(self, closing: Closing) -> None:
        """Have the socket closed, whatever it waits for."""
        if self._ending is None and not self._is_over:
            self._ending = closing
            self._open.reschedule(asyncio.get_running_loop().time())

    def renew(self) -> None:
        """Look whether the sign-in still holds."""
        self._renewing = asyncio.create_task(self._renew())

    def note_behind(self, member: Member) -> None:
        """Remember who is to be told when the client reads again."""
        self._behind.add(member)
        if self not in self._door.behind:
            self._door.behind.begin(self)
            self.wire.when_free = self._catch_up

    def free_id(self, member: Member) -> None:
        """Forget a member that is told no more."""
        self._behind.discard(member)
        if self._running.get(member.id) is member:
            del self._running[member.id]

    def _catch_up(self) -> None:
        self._door.behind.end(self)
        behind, self._behind = self._behind, set()
        for member in behind:
            member.catch_up()

    async def _end_operations(self) -> None:
        if self._context and not self._context.is_guest:
            sockets = self._door.by_actor[self._context.actor_key]
            sockets.discard(self)
            if not sockets:
                del self._door.by_actor[self._context.actor_key]
        for patience in (self._door.unintroduced, self._door.behind, self._door.signed_in):
            patience.end(self)
        running = [*self._running.values(), *([self._renewing] if self._renewing else [])]
        for operation in running:
            operation.cancel()
        ending = [operation for operation in running if not isinstance(operation, Member)]
        await asyncio.gather(*ending, return_exceptions=True)

    async def _close(self, closing: Closing) -> None:
        if self._wire and not self._wire.is_free:
            self._wire.hang_up(closing.code, closing.reason)
            return
        try:
            async with asyncio.timeout(_CLOSING_S):
                await self._send_event(
                    {"type": "websocket.close", "code": closing.code, "reason": closing.reason}
                )
        except (OSError, RuntimeError):
            return  # the client left first, or does not read; the server then drops the connection

    async def _read(self) -> None:
        self._take_seat(self._door.seats.at_address(_address(self._connection)))
        while True:
            message = await self._receive()
            if message["type"] == "websocket.disconnect":
                return
            await self._take(message.get("text"))

    def _take_seat(self, seat: Seat) -> None:
        seat.take()
        self._seats = (*self._seats, seat)

    async def _renew(self) -> None:
        try:
            if self._context:
                await self._context.renewed()
            self._door.signed_in.begin(self)
        except Exception as error:  # noqa: BLE001  # the door: rights that cannot be read are no rights
            self.end(_ending_of(error) or Closing(Close.INTERNAL, "Internal server error"))

    async def _take(self, text: str | None) -> None:
        self._count()
        if text is None:
            raise Closing(Close.BAD_REQUEST, "Messages are text.")
        if len(text) > self._door.rules.signed_in.body_bytes:
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
                if operation := self._running.pop(id_, None):
                    operation.cancel()

    def _count(self) -> None:
        """Take one from a bucket that fills by itself: floods of small messages end the socket."""
        rules = self._door.rules
        now = asyncio.get_running_loop().time()
        filled = self._tokens + (now - self._counted_at) * rules.socket_messages_per_s
        self._tokens = min(filled, rules.socket_message_burst) - 1
        self._counted_at = now
        if self._tokens < 0:
            raise Closing(Close.TOO_MANY, "Too many messages")

    async def _introduce(self, payload: dict[str, Any]) -> None:
        if self._is_introduced or self._connection is None:
            raise Closing(Close.TOO_MANY, "Too many initialisation requests")
        self._is_introduced = True
        self._door.unintroduced.end(self)
        context = await self._door.open_context(read_socket_caller(self._connection, payload))
        self._connection = None
        if self._wire:
            self._wire.forget_handshake()
        if not context.is_guest:
            self._take_seat(self._door.seats.of_actor(context.actor_key, is_guest=False))
        self._context = context
        if not context.is_guest:
            self._door.by_actor[context.actor_key].add(self)
            self._door.signed_in.begin(self)
        await self._send(b'{"type":"connection_ack"}')

    async def _subscribe(self, wish: Subscribe) -> None:
        if self._context is None:
            raise Closing(Close.UNAUTHORIZED, "Unauthorized")
        if wish.id in self._running:
            raise Closing(Close.DUPLICATE_ID, f"Subscriber for {wish.id[:80]} already exists")
        if len(self._running) >= self._door.rules.operations_per_socket:
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
            if isinstance(failures, Member):
                self._running[wish.id] = failures
                return
            # The id is free again before the client hears of the end and may use it anew.
            self._running.pop(wish.id, None)
            if failures is None:
                await self._send(dump({"id": wish.id, "type": "complete"}))
            else:
                await self._send(_frame(wish.id, b"error", dump(failures)))
        except SignedOut:
            self.end(Closing(Close.FORBIDDEN, "Forbidden"))
        except _Left:
            return
        except Closing as closing:
            self.end(closing)

    async def _follow(
        self, wish: Subscribe, connection: OperationContext
    ) -> tuple[Failure, ...] | Member | None:
        """Run an operation and send its results; say what ended it early, or who goes on with it."""
        context = connection
        operations = self._door.operations
        try:
            context = await connection.renewed()
            limits = self._door.rules.limits_of(is_guest=context.is_guest)
            ready = await operations.make_ready(read_asked(wish.payload, limits), context)
            if ready.kind is not Kind.SUBSCRIPTION:
                await self._send(_frame(wish.id, b"next", await operations.answer(ready)))
                return None
            source = await operations.source(ready)
            if self._wire and isinstance(source, Stepped):
                member = await self._door.sharing.join(ready, source, self, wish.id)
                if member:
                    return member
            async with aclosing(operations.follow(ready, source)) as events:
                async for event in events:
                    await self._send(_frame(wish.id, b"next", event))
        except Refused as refused:
            return refused.failures
        except (SignedOut, Closing, _Left):
            raise
        except RuleBroken as broken:
            return (tell_broken(broken, context),)
        except Exception as error:  # noqa: BLE001  # the door: one operation ends, the others live
            return (tell_incident(error),)
        return None

    async def _send(self, frame: bytes) -> None:
        """Send one frame after the other; raises Closing where the client does not read, _Left if it left."""
        try:
            async with asyncio.timeout(self._door.rules.slow_reader_s), self._sending:
                await self._send_event({"type": "websocket.send", "text": frame.decode()})
        except TimeoutError:
            raise Closing(Close.TOO_SLOW, _SLOW) from None
        except (OSError, RuntimeError):
            raise _Left from None


def _ending_of(error: Exception) -> Closing | None:
    """Say how a socket is closed for an error; None where its client has left."""
    match error:
        case Closing():
            return error
        case SignedOut():
            return Closing(Close.FORBIDDEN, "Forbidden")
        case Refused() | TooMany():
            return Closing(Close.TOO_MANY, "Too many connections")
        case _Left():
            return None
        case _:
            tell_incident(error)
            return Closing(Close.INTERNAL, "Internal server error")


def _frame(id_: str, kind: bytes, payload: bytes) -> bytes:
    """Put a payload that is written already into a message."""
    return b'{"id":' + dump(id_) + b',"type":"' + kind + b'","payload":' + payload + b"}"


def _address(connection: HTTPConnection | None) -> str:
    return connection.client.host if connection and connection.client else ""

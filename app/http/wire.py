"""The server's side of a socket, with what ASGI has no word for.

ASGI's `send` is a coroutine that takes one text and puts a frame around it. For one event to five thousand
readers that is most of the cost, and nothing tells a door which reader is slow. So uvicorn is started with
this protocol (`--ws app.http.wire:Wire`), which offers itself to the door as an extension of the scope.
Everything else stays uvicorn's, and a door on any other server works by `send` alone.

The class builds on uvicorn's own, whose names are not promised: the lock holds its version, the type
checker knows its names, and `tests/http/test_wire.py` what is relied on.
"""

import asyncio
import socket
from collections.abc import Callable
from random import uniform
from typing import cast

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

EXTENSION = "slotgraph.wire"
PROTOCOL = "app.http.wire:Wire"

_UNSENT_BYTES = 65_536
_CLOSED_PER_S = 500
_MOST_OF_GRACE = 0.6
_SHORT, _MEDIUM = 126, 65_536


class Wire(WebSocketsSansIOProtocol):
    """One socket: frames are written as they are, and its reader's pace is known."""

    is_paused = False
    when_free: Callable[[], None] | None = None  # called once, when a paused reader reads again
    _dropping: asyncio.TimerHandle | None = None

    @property
    def is_free(self) -> bool:
        """Whether the socket is open and its reader has not fallen behind."""
        return not (self.is_paused or self.close_sent or self.disconnected or self.transport.is_closing())

    def write(self, frame: bytes) -> None:
        """Write a frame that is complete, whether or not its reader is behind."""
        self.transport.write(frame)

    def hang_up(self, code: int, reason: str) -> None:
        """Close without waiting for a reader who is behind; what they do not read soon is dropped."""
        if not (self.close_sent or self.disconnected or self.transport.is_closing()):
            self.conn.send_close(code, reason)
            self.transport.write(b"".join(self.conn.data_to_send()))
            self.close_sent = True

    def forget_handshake(self) -> None:
        """Let go of what only opening needed: a browser sends some twenty headers, kept three times over."""
        self.scope["headers"] = []
        self.request.headers.clear()
        self.response.headers.clear()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take a connection; the kernel is to hold little that is stale by the time it is read."""
        super().connection_made(transport)
        under = transport.get_extra_info("socket")
        if under is not None and hasattr(socket, "TCP_NOTSENT_LOWAT"):
            under.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, _UNSENT_BYTES)

    def handle_connect(self, event: Request) -> None:
        """Offer ourselves to the door, whose task begins after this."""
        super().handle_connect(event)
        if self.response.status_code == 101:  # noqa: PLR2004 -- switching protocols
            cast("dict[str, object]", self.scope.setdefault("extensions", {}))[EXTENSION] = self

    def pause_writing(self) -> None:
        """Note that the reader is behind."""
        self.is_paused = True
        super().pause_writing()

    def resume_writing(self) -> None:
        """Note that the reader has caught up, and tell who waits for that."""
        self.is_paused = False
        super().resume_writing()
        told, self.when_free = self.when_free, None
        if told:
            told()

    def connection_lost(self, exc: Exception | None) -> None:
        """Note that the connection is gone."""
        if self._dropping:
            self._dropping.cancel()
        self.when_free = None
        super().connection_lost(exc)

    def on_task_complete(self, task: asyncio.Task[None]) -> None:
        """Note that the door has done; who takes nothing more would keep the connection for ever."""
        super().on_task_complete(task)
        self._drop_soon()

    def keepalive_timeout(self) -> None:
        """Give up a client that answers no ping, even where something is left that it never reads."""
        super().keepalive_timeout()
        self._drop_soon()

    def shutdown(self) -> None:
        """Close when the process ends: not all sockets in one moment, since their clients come back."""
        grace_s = (self.config.timeout_graceful_shutdown or 0) * _MOST_OF_GRACE
        spread_s = min(len(self.connections) / _CLOSED_PER_S, grace_s)
        self.loop.call_later(uniform(0, spread_s), super().shutdown)  # noqa: S311 -- no secret

    def _drop_soon(self) -> None:
        if not self.disconnected and self._dropping is None:
            self._dropping = self.loop.call_later(self.close_timeout, self.transport.abort)


def text_frame(begins: bytes, rest: bytes = b"") -> bytes:
    """Put a server's frame around a text in two parts (RFC 6455, 5.2: whole, unmasked)."""
    length = len(begins) + len(rest)
    if length < _SHORT:
        return bytes((0x81, length)) + begins + rest
    if length < _MEDIUM:
        return b"\x81\x7e" + length.to_bytes(2, "big") + begins + rest
    return b"\x81\x7f" + length.to_bytes(8, "big") + begins + rest

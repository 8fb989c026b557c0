"""Many readers of sockets in a process of their own, which notice when a message has come and no more.

`python -m bench.readers` reads JSON lines: `{"port", "more", "opening", "deaf"}` opens so many more sockets
and sends on each the texts of `opening`, one after the other as each is answered (`{id}` is the socket's
own). Then a line is printed whenever one more message has come to every reader: when the first and the last
of them came, by the clock of the system, and the text that came first. Of deaf sockets nothing more is read.
"""

import asyncio
import base64
import os
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast
from uuid import UUID

import orjson

from app.environment import ROOT
from bench.house import pin

_OPENING_AT_ONCE = 50
_DEAF_BYTES = 8_192
_SHORT, _MEDIUM, _LONG = 126, 127, 65_536
_TEXT, _CLOSE, _PING = 0x81, 0x88, 0x89


@dataclass(frozen=True, slots=True)
class Round:
    """When one message came to all: the first and the last, in seconds of the system's clock."""

    first: float
    last: float
    text: bytes


@dataclass(slots=True)
class Readers:
    """A process of readers, as its owner sees it."""

    process: subprocess.Popen[bytes]
    count: int = 0
    opened_s: list[float] = field(default_factory=list[float])

    @classmethod
    def start(cls, core: int | None) -> "Readers":
        """Start a process that has no reader yet."""
        process = subprocess.Popen(
            [sys.executable, "-m", "bench.readers"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        pin(process.pid, core)
        return cls(process)

    async def open(self, port: int, more: int, opening: Sequence[str], *, are_deaf: bool = False) -> None:
        """Open more sockets, and wait until everything that was sent on them is answered."""
        asked = {"port": port, "more": more, "opening": opening, "deaf": are_deaf}
        assert self.process.stdin is not None  # noqa: S101 -- it was asked for
        self.process.stdin.write(orjson.dumps(asked) + b"\n")
        self.process.stdin.flush()
        self.opened_s.append((await self._line())["opened"])
        self.count += 0 if are_deaf else more

    async def next(self) -> Round:
        """Wait until one more message has come to every reader."""
        line = await self._line()
        return Round(line["first"], line["last"], base64.b64decode(line["text"]))

    def stop(self) -> None:
        """End the process with all its sockets."""
        self.process.kill()
        self.process.wait()

    async def _line(self) -> dict[str, Any]:
        assert self.process.stdout is not None  # noqa: S101 -- it was asked for
        line = await asyncio.wait_for(asyncio.to_thread(self.process.stdout.readline), 120)
        if not line:
            raise RuntimeError("The readers ended.")
        return orjson.loads(line)


class _Crowd:
    """What the readers of this process have in common."""

    def __init__(self) -> None:
        self.count = 0
        self.came = 0
        self.first = 0.0
        self.text = b""
        self.is_open = False

    def note(self, text: bytes) -> None:
        """Count a message; when it was the last of a round, tell."""
        self.came += 1
        if not self.is_open:
            return
        if self.came == 1:
            self.first, self.text = time.monotonic(), text
        if self.came == self.count:
            self.came = 0
            said = {
                "first": self.first,
                "last": time.monotonic(),
                "text": base64.b64encode(self.text).decode(),
            }
            _print(said)


class _Reader(asyncio.Protocol):
    def __init__(self, crowd: _Crowd, opening: Sequence[str]) -> None:
        self._crowd = crowd
        self._opening = list(opening)
        self._is_answered = False
        self._rest = b""
        self._is_upgraded = False
        self.is_ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(
            b"GET /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"
            b"User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\n"
            b"Accept: */*\r\nAccept-Language: en-US,en;q=0.5\r\nPragma: no-cache\r\n"
            b"Cache-Control: no-cache\r\n"
            b"Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"
        )

    def data_received(self, data: bytes) -> None:
        if self._rest:
            data = self._rest + data
        if not self._is_upgraded:
            head, found, data = data.partition(b"\r\n\r\n")
            if not found:
                self._rest = head
                return
            self._is_upgraded = True
            self._go_on()
        while len(data) > 1:
            length, start = data[1], 2
            if length >= _SHORT:
                size = 2 if length == _SHORT else 8
                start += size
                length = int.from_bytes(data[2:start], "big") if len(data) >= start else _LONG * _LONG
            if len(data) < start + length:
                break
            self._take(data[0], data[start : start + length])
            data = data[start + length :]
        self._rest = data

    def _take(self, kind: int, payload: bytes) -> None:
        if kind == _TEXT:
            if self._is_answered:
                self._crowd.note(payload)
            else:
                self._go_on()
        elif kind == _PING:
            self._transport.write(_masked(0x8A, payload))
        elif kind == _CLOSE:
            raise RuntimeError(f"A socket was closed: {payload!r}")

    def _go_on(self) -> None:
        if self._opening:
            self._transport.write(_masked(_TEXT, self._opening.pop(0).encode()))
        else:
            self._is_answered = True
            self.is_ready.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        if not self.is_ready.done():
            self.is_ready.set_exception(RuntimeError("A socket was refused."))


def _masked(kind: int, payload: bytes) -> bytes:
    """Make a client's frame; a mask of zeros leaves the text as it is."""
    length = len(payload)
    if length < _SHORT:
        return bytes((kind, 0x80 | length)) + b"\0\0\0\0" + payload
    return bytes((kind, 0xFE)) + length.to_bytes(2, "big") + b"\0\0\0\0" + payload


def _print(said: object) -> None:
    sys.stdout.buffer.write(orjson.dumps(said) + b"\n")
    sys.stdout.buffer.flush()


async def _open(crowd: _Crowd, asked: dict[str, Any]) -> None:
    loop = asyncio.get_running_loop()
    gate = asyncio.Semaphore(_OPENING_AT_ONCE)

    async def one(number: int) -> None:
        texts = [text.replace("{id}", str(UUID(int=number))) for text in asked["opening"]]
        under = socket.socket()
        under.setblocking(False)  # noqa: FBT003 -- the standard library's word
        if asked["deaf"]:
            under.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _DEAF_BYTES)
        async with gate:
            await loop.sock_connect(under, ("127.0.0.1", asked["port"]))
            transport, reader = await loop.create_connection(lambda: _Reader(crowd, texts), sock=under)
            await reader.is_ready
        if asked["deaf"]:
            transport.pause_reading()

    begun = time.monotonic()
    crowd.is_open = False
    await asyncio.gather(*(one(crowd.count + number) for number in range(asked["more"])))
    if not asked["deaf"]:
        crowd.count += asked["more"]
    crowd.came, crowd.is_open = 0, True
    _print({"opened": time.monotonic() - begun})


async def _main() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    crowd = _Crowd()
    while line := await asyncio.to_thread(sys.stdin.buffer.readline):
        await _open(crowd, orjson.loads(line))
    os._exit(0)


if __name__ == "__main__":
    asyncio.run(_main())

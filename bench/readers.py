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
import select
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import orjson

from app.environment import ROOT
from bench.house import pin

_OPENING_AT_ONCE = 50
_DEAF_BYTES = 8_192
_SHORT = 126
_TEXT, _CLOSE, _PING = 0x81, 0x88, 0x89
_AT_ONCE = 262_144
_HELLO = (
    b"GET /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"
    b"User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\n"
    b"Accept: */*\r\nAccept-Language: en-US,en;q=0.5\r\nPragma: no-cache\r\n"
    b"Cache-Control: no-cache\r\n"
    b"Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"
)


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
    """The readers of this process: one thread that waits for whichever has something, and asks no more of it.

    A loop of its own, since what is measured is the server: asyncio's takes about as long for a message as
    a server does, and would hide how fast that is.
    """

    def __init__(self) -> None:
        self._polling = select.epoll()
        self._readers: dict[int, _Reader] = {}
        self._hearing = 0
        self._came = 0
        self._first = 0.0
        self._text = b""

    def run(self) -> None:
        """Do what is asked for on standard input, and tell of each round, until there is no more input."""
        under = sys.stdin.fileno()
        self._polling.register(under, select.EPOLLIN)
        while True:
            for number, _ in self._polling.poll():
                if number != under:
                    self._hear(self._readers[number])
                    continue
                line = sys.stdin.buffer.readline()
                if not line:
                    os._exit(0)
                self._open(orjson.loads(line))

    def _hear(self, reader: "_Reader") -> None:
        for text in reader.texts():
            self._came += 1
            if self._came == 1:
                self._first, self._text = time.monotonic(), text
            if self._came == self._hearing:
                self._came = 0
                first = base64.b64encode(self._text).decode()
                _print({"first": self._first, "last": time.monotonic(), "text": first})

    def _open(self, asked: dict[str, Any]) -> None:
        begun = time.monotonic()
        begun_already = len(self._readers)
        opening: dict[int, _Reader] = {}
        left = asked["more"]
        while left or opening:
            while left and len(opening) < _OPENING_AT_ONCE:
                left -= 1
                texts = [
                    text.replace("{id}", str(UUID(int=begun_already + left))) for text in asked["opening"]
                ]
                reader = _Reader(asked["port"], texts, is_deaf=asked["deaf"])
                number = reader.under.fileno()
                self._readers[number] = opening[number] = reader
                self._polling.register(number, select.EPOLLIN)
            for number, _ in self._polling.poll():
                reader = self._readers.get(number)
                if reader is None:
                    continue  # standard input, which waits
                if list(reader.texts()) and number not in opening:
                    raise RuntimeError("Something was told while readers were opened.")
                if number in opening and reader.is_ready:
                    del opening[number]
                    if asked["deaf"]:
                        self._polling.unregister(number)
        if not asked["deaf"]:
            self._hearing += asked["more"]
        self._came = 0
        _print({"opened": time.monotonic() - begun})


class _Reader:
    """One socket, whose texts are taken as they come once it has been told what it asked for."""

    def __init__(self, port: int, opening: Sequence[str], *, is_deaf: bool) -> None:
        self.under = socket.socket()
        if is_deaf:
            self.under.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _DEAF_BYTES)
        self.is_ready = False
        self._opening = list(opening)
        self._rest = b""
        self._is_upgraded = False
        self.under.connect(("127.0.0.1", port))
        self.under.setblocking(False)  # noqa: FBT003 -- the standard library's word
        self.under.send(_HELLO)

    def texts(self) -> Iterator[bytes]:
        """Read what has come, and give the texts that are whole."""
        try:
            data = self._rest + self.under.recv(_AT_ONCE)
        except BlockingIOError:
            return
        if len(data) == len(self._rest):
            raise RuntimeError("A socket was closed.")
        if not self._is_upgraded:
            head, found, data = data.partition(b"\r\n\r\n")
            if not found:
                self._rest = head
                return
            self._is_upgraded = True
            self._go_on()
        while frame := _frame(data):
            kind, payload, data = frame
            if kind == _TEXT and self.is_ready:
                yield payload
            elif kind == _TEXT:
                self._go_on()
            elif kind == _PING:
                self.under.send(_masked(0x8A, payload))
            elif kind == _CLOSE:
                raise RuntimeError(f"A socket was closed: {payload!r}")
        self._rest = data

    def _go_on(self) -> None:
        if self._opening:
            self.under.send(_masked(_TEXT, self._opening.pop(0).encode()))
        else:
            self.is_ready = True


def _frame(data: bytes) -> tuple[int, bytes, bytes] | None:
    """Take the first frame of a server's off what has come: its kind, its payload, the rest."""
    if len(data) < 2:  # the shortest has no payload
        return None
    length, start = data[1], 2
    if length >= _SHORT:
        start += 2 if length == _SHORT else 8
        if len(data) < start:
            return None
        length = int.from_bytes(data[2:start], "big")
    end = start + length
    return (data[0], data[start:end], data[end:]) if len(data) >= end else None


def _masked(kind: int, payload: bytes) -> bytes:
    """Make a client's frame; a mask of zeros leaves the text as it is."""
    length = len(payload)
    if length < _SHORT:
        return bytes((kind, 0x80 | length)) + b"\0\0\0\0" + payload
    return bytes((kind, 0xFE)) + length.to_bytes(2, "big") + b"\0\0\0\0" + payload


def _print(said: object) -> None:
    sys.stdout.buffer.write(orjson.dumps(said) + b"\n")
    sys.stdout.buffer.flush()


def _main() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    _Crowd().run()


if __name__ == "__main__":
    _main()

"""Load over HTTP from a process of its own: the same request again and again on connections that stay open.

`python -m bench.load PORT PATH CONNECTIONS SECONDS` reads a body from standard input and prints JSON:
requests a second, and how long an answer took. Each connection asks again as soon as it was answered.
"""

import asyncio
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import count
from statistics import median
from typing import cast

import orjson

from app.environment import ROOT
from bench.house import pin

NUMBER = "0000000000"
"""Where it stands in a body, each request has a number of its own."""

_WARM_S = 0.3
_NUMBERS = count(10**9)


@dataclass(frozen=True, slots=True)
class Load:
    """What a load met: answers a second, and the middle and the slowest hundredth of them in milliseconds."""

    per_second: float
    p50_ms: float
    p99_ms: float
    bytes_each: int
    wrong: int


class Asker(asyncio.Protocol):
    """One connection; what is not an answer with data and without errors counts as wrong."""

    def __init__(self, request: bytes, until: Callable[[], bool]) -> None:
        self._request = bytearray(request)
        self._place = request.find(NUMBER.encode())
        self._until = until
        self._got = bytearray()
        self._asked_at = 0.0
        self.taken: list[float] = []
        self.wrong = 0
        self.size = 0
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the first time."""
        self._transport = cast("asyncio.Transport", transport)
        self._ask()

    def data_received(self, data: bytes) -> None:
        """Take a part of an answer; with the last one, ask again."""
        got = self._got
        got += data
        head = got.find(b"\r\n\r\n")
        if head < 0:
            return
        at = got.lower().find(b"content-length:", 0, head)
        size = int(got[at + 15 : got.find(b"\r", at)])
        if len(got) < head + 4 + size:
            return
        self.taken.append(time.perf_counter() - self._asked_at)
        self.size = size
        if not got.startswith(b"HTTP/1.1 200") or b'"errors"' in got:
            self.wrong += 1
        got.clear()
        if self._until():
            self._transport.close()
        else:
            self._ask()

    def connection_lost(self, exc: Exception | None) -> None:
        """Say that this one asks no more; a server that hung up did wrong."""
        del exc
        self.wrong += not self._until()
        self.closed.set_result(None)

    def _ask(self) -> None:
        self._asked_at = time.perf_counter()
        if self._place > 0:
            self._request[self._place : self._place + len(NUMBER)] = b"%d" % next(_NUMBERS)
        self._transport.write(self._request)


def load(
    port: int,
    body: bytes,
    *,
    path: str = "/graphql",
    connections: int = 32,
    seconds: float = 2.0,
    core: int | None = 1,
) -> Load:
    """Let a process of its own ask, on another core than the one that answers."""
    command = [sys.executable, "-m", "bench.load", str(port), path, str(connections), str(seconds)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, cwd=ROOT) as running:  # noqa: S603 -- ourselves
        pin(running.pid, core)
        said, _ = running.communicate(body)
    return Load(**orjson.loads(said))


async def _ask(port: int, path: str, connections: int, seconds: float, body: bytes) -> Load:
    lines = [
        f"POST {path} HTTP/1.1",
        "Host: 127.0.0.1",
        "Content-Type: application/json",
        "Accept: application/json",
        f"Content-Length: {len(body)}",
    ]
    request = "\r\n".join(lines).encode() + b"\r\n\r\n" + body
    loop = asyncio.get_running_loop()
    for warm, lasts in ((True, _WARM_S), (False, seconds)):
        begun = time.perf_counter()
        end = begun + lasts
        askers = [Asker(request, lambda end=end: time.perf_counter() >= end) for _ in range(connections)]
        for asker in askers:
            await loop.create_connection(partial(_same, asker), "127.0.0.1", port)
        await asyncio.gather(*(asker.closed for asker in askers))
        took = time.perf_counter() - begun
        if not warm:
            taken = sorted(one for asker in askers for one in asker.taken)
            return Load(
                len(taken) / took,
                median(taken) * 1000,
                taken[int(len(taken) * 0.99)] * 1000,
                askers[0].size,
                sum(asker.wrong for asker in askers),
            )
    raise AssertionError


def _same(asker: Asker) -> Asker:
    return asker


if __name__ == "__main__":
    port, path, connections, seconds = sys.argv[1:]
    found = asyncio.run(_ask(int(port), path, int(connections), float(seconds), sys.stdin.buffer.read()))
    sys.stdout.buffer.write(orjson.dumps(found))

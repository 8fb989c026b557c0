"""The world outside as our adapters meet it: servers on loopback that answer as told and write down all."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from ssl import SSLContext

CANARY = "canary-4b1d"


@dataclass(frozen=True)
class Asked:
    """One request as it came over the wire; header names in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


Told = bytes | Callable[[asyncio.StreamWriter], Awaitable[None]]
Script = Callable[[Asked], Told]


@dataclass
class Outside:
    """A server that does as its script says."""

    script: Script
    asked: list[Asked] = field(default_factory=list[Asked])
    connections: int = 0
    port: int = 0

    @property
    def url(self) -> str:
        """Address of its root, in the clear."""
        return f"http://127.0.0.1:{self.port}/"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection until it ends."""
        self.connections += 1
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                while True:
                    asked = await _read(reader)
                    self.asked.append(asked)
                    told = self.script(asked)
                    if isinstance(told, bytes):
                        writer.write(told)
                        await writer.drain()
                    else:
                        await told(writer)
        finally:
            writer.transport.abort()


@asynccontextmanager
async def outside(
    script: Script, *, tls: SSLContext | None = None, host: str = "127.0.0.1", port: int = 0
) -> AsyncGenerator[Outside, None]:
    """Run a server on the loopback while the block lasts."""
    running = Outside(script)
    async with _listening(running.serve, host, port, tls) as bound:
        running.port = bound
        yield running


def answer(status: int, body: str | bytes = b"", **headers: str) -> bytes:
    """Spell an answer; underscores in the names of headers are dashes."""
    content = body.encode() if isinstance(body, str) else body
    named = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status} X\r\nContent-Length: {len(content)}\r\n{named}\r\n".encode() + content


def multistatus(*objects: str, path: str = "/ada/work/") -> bytes:
    """Spell the answer to a query: calendar objects, each with the href of its own."""
    responses = "".join(
        f"<D:response><D:href>{path}{number}.ics</D:href><D:propstat><D:prop><C:calendar-data>"
        f"<![CDATA[{text}]]></C:calendar-data></D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat>"
        "</D:response>"
        for number, text in enumerate(objects)
    )
    return answer(207, wrapped(responses), Content_Type="application/xml")


def wrapped(responses: str) -> str:
    """Put responses into a multistatus document."""
    return (
        '<?xml version="1.0"?><D:multistatus xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav">'
        f"{responses}</D:multistatus>"
    )


def calendar(*lines: str, more: str = "") -> str:
    """Spell a calendar with one entry that has these lines, and canaries in everything that is not time."""
    return "\r\n".join(
        (
            "BEGIN:VCALENDAR",
            "VERSION:2.0",
            "PRODID:-//x//EN",
            *([more] if more else []),
            "BEGIN:VEVENT",
            "DTSTAMP:20260101T000000Z",
            f"SUMMARY:{CANARY}",
            f"DESCRIPTION:{CANARY}\\nBEGIN:VEVENT",
            f"ATTENDEE;CN={CANARY}:mailto:{CANARY}@example.com",
            f"ATTACH:https://example.com/{CANARY}",
            *lines,
            "BEGIN:VALARM",
            "TRIGGER:-PT15M",
            "DURATION:PT9H",
            "END:VALARM",
            "END:VEVENT",
            "END:VCALENDAR",
            "",
        )
    )


async def _read(reader: asyncio.StreamReader) -> Asked:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, target, _ = head[0].split(" ")
    pairs = (line.partition(":")[::2] for line in head[1:] if line)
    headers = {name.lower(): value.strip() for name, value in pairs}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Asked(method, target, headers, body)


@asynccontextmanager
async def overheard(port: int) -> AsyncGenerator[tuple[str, bytearray], None]:
    """Stand before another server on the loopback; give the address and all that is said to it."""
    said = bytearray()

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        to_reader, to_writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            await asyncio.gather(_copy(reader, to_writer, said), _copy(to_reader, writer, bytearray()))
        finally:
            to_writer.transport.abort()
            writer.transport.abort()

    async with _listening(pass_on, "127.0.0.1", 0, None) as bound:
        yield f"http://127.0.0.1:{bound}/", said


@asynccontextmanager
async def _listening(
    serve: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
    host: str,
    port: int,
    tls: SSLContext | None,
) -> AsyncGenerator[int, None]:
    """Listen while the block lasts; whoever is still being served after it is hung up on."""
    serving: set[asyncio.Task[None]] = set()

    async def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        serving.add(task)
        with suppress(asyncio.CancelledError):
            await serve(reader, writer)

    async with await asyncio.start_server(begin, host, port, ssl=tls) as server:
        yield server.sockets[0].getsockname()[1]
    for task in serving:
        task.cancel()
    await asyncio.gather(*serving, return_exceptions=True)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, kept: bytearray) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(65536):
            kept += data
            writer.write(data)
            await writer.drain()
    writer.close()

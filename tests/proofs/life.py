"""The life of one account beside an installation, with everything that was written down during it."""

import asyncio
import io
import json
import logging
import re
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx
from redis.asyncio import Redis
from websockets.exceptions import ConnectionClosed

from app.logs import JsonLines
from tests.calling import SCHEMA, Variables, call, outcome
from tests.dump import dump
from tests.fakes.kit import Asked, Fault
from tests.fakes.oauth import OAuthFake
from tests.fakes.sides import CANARY
from tests.graph import replaced
from tests.installation import CANCEL, CHANGED, HOLD, RESCHEDULE, Host
from tests.proofs.finding import everything_in
from tests.proofs.scene import Scene, own_tokens
from tests.radicale import WORD
from tests.settling import settled
from tests.world import NINE, World

WINDOW = {"from": "2026-03-30T00:00:00Z", "to": "2026-04-01T00:00:00Z"}
CHANGES = {
    "GOOGLE": ("events.insert", "events.patch", "events.delete"),
    "MICROSOFT": ("event.create", "event.update", "event.delete"),
    "ZOOM": ("insertEvent", "patchEvent", "deleteEvent"),
    "CALDAV": ("PUT", "DELETE"),
}
"""The operations of each provider that change something in a calendar."""

READS = {
    "GOOGLE": ("freebusy.query", "events.list", "events.get"),
    "MICROSOFT": ("view", "search", "event.get"),
    "ZOOM": ("freeBusy", "getEvent", "listEvents"),
    "CALDAV": ("REPORT", "GET"),
}
_BOOKINGS = """subscription { bookingsChanged { __typename ... on BookingsEvent { revision }
  ... on BookingsState { bookings { start } }
  ... on BookingsChange { kind booking { start state } } } }"""
_CONNECTIONS = "{ calendarConnections { id provider label url state failure calendars { name } } }"
_FIRST_TO_END = "bookingPageDelete"  # from here on things go that all others need
_MUTATIONS = {field.name for field in SCHEMA.types["Mutation"].fields}
_OFTEN = 12  # more often than anything is asked before it is given up
_OURS = re.compile(r"sg[a-z]_[0-9A-Za-z]{20,}")
_CODE = re.compile(r"(?<![\w-])\d{8}(?![\w-])")  # not the beginning of an id


@dataclass
class Life:
    """What was written down, texts of each kind; `foreign` are the host's entries before and after."""

    provider: str
    calls: list[Asked] = field(default_factory=list[Asked])
    answers: list[str] = field(default_factory=list[str])
    live: list[str] = field(default_factory=list[str])
    commands: list[str] = field(default_factory=list[str])
    redis: list[str] = field(default_factory=list[str])
    dumps: list[str] = field(default_factory=list[str])
    mails: list[str] = field(default_factory=list[str])
    logs: list[str] = field(default_factory=list[str])
    outcomes: dict[str, str] = field(default_factory=dict[str, str])
    tokens: set[str] = field(default_factory=set[str])
    markers: set[str] = field(default_factory=set[str])
    entries: list[tuple[Any, ...]] = field(default_factory=list[tuple[Any, ...]])
    foreign_ids: set[str] = field(default_factory=set[str])
    foreign: tuple[bytes, bytes] = (b"", b"")

    @property
    def words(self) -> set[str]:
        """What nothing of ours may ever show: words of foreign entries, tokens, our clients' secrets."""
        return {"canary", CANARY, WORD, OAuthFake.client_secret, *self.tokens}

    @property
    def secrets(self) -> set[str]:
        """What we gave to people in answers and mails, and must not have kept: links, keys, codes."""
        said = "\n".join([*self.answers, *self.mails])
        return set(_OURS.findall(said)) | set(_CODE.findall("\n".join(self.mails)))


async def lived(scene: Scene, database_url: str, redis_url: str) -> Life:
    """Do once what can be done, with everything going wrong in between; watch what comes of it."""
    life = Life(scene.provider)
    house = scene.house
    house.http.event_hooks["response"].append(_taping(life.answers))
    scene.fill()
    before = scene.side.foreign()
    with _Logged(life.logs):
        async with _heard(redis_url, life.commands):
            host = await house.sign_up()
            await scene.connect(host)
            world = await settled(house, host, scene.spare)
            await house.work()
            watches = [
                asyncio.create_task(_watch(scene, life.live, CHANGED, slug=world.slug, window=WINDOW)),
                asyncio.create_task(_watch(scene, life.live, _BOOKINGS, host.token)),
            ]
            await asyncio.sleep(0)
            calls = list(world.calls().items())
            at = [name for name, _ in calls].index(_FIRST_TO_END)
            await _do(scene, world, life, calls[:at])
            await _go_wrong(scene, world)
            life.dumps.append(dump(database_url))
            life.redis += await everything_in(redis_url)
            await _do(scene, world, life, calls[at:])
            life.dumps.append(dump(database_url))
            scene.clock.turn(hours=1)
            await house.work()
            await _end(watches)
    life.calls = list(scene.calls)
    life.dumps.append(dump(database_url))
    life.redis += await everything_in(redis_url)
    life.tokens = own_tokens(scene)
    life.foreign_ids = scene.foreign_ids()
    life.entries = await house.rows("SELECT uid, remote_id, marker FROM entries")
    life.markers = {marker for _, _, marker in life.entries}
    for mail in house.mails.newest_first():
        life.mails.append(mail.message.as_string())
        life.mails += [_decoded(part.get_payload(decode=True)) for part in mail.message.walk()]
    life.foreign = (before, scene.side.foreign())
    return life


async def _go_wrong(scene: Scene, world: World) -> None:
    """Let the provider answer in every way but the right one, to reads and to writes."""
    house, host = scene.house, world.host
    for fault in _faults(scene):
        for operation in READS[scene.provider]:
            scene.fake.fails(operation, *[fault] * _OFTEN)
        await scene.starts(world.slug)
        await scene.starts(world.slug)
        await house.book(world.slug, "2026-03-30T14:00:00Z")
        await call(house, "explainSlot", host.token, world.calls()["explainSlot"])
        scene.fake.heals()
        scene.clock.turn(minutes=2)
        for operation in CHANGES[scene.provider]:
            scene.fake.fails(operation, fault)
        await _come_and_go(scene, world)
        scene.fake.heals()
        await house.ask(_CONNECTIONS, host.token)
        await _heal(scene, host)
    if isinstance(scene.fake, OAuthFake):
        for fault in _faults(scene)[2:]:
            scene.fake.expire_access()
            scene.fake.fails("token", fault)
            await scene.starts(world.slug)
            scene.fake.heals()
            scene.clock.turn(minutes=2)
            await _heal(scene, host)


async def _come_and_go(scene: Scene, world: World) -> None:
    """Book, hold, move and cancel, with a worker after each step."""
    house = scene.house
    held = {"slug": world.slug, "start": NINE, "idempotencyKey": str(uuid4())}
    await house.answer(HOLD, input=held)
    booked = await house.book(world.slug, "2026-03-30T14:00:00Z")
    await house.work()
    token = booked.get("manageToken", world.tokens[1])
    await house.answer(RESCHEDULE, input={"token": token, "start": "2026-03-30T14:30:00Z"})
    await house.work()
    await house.answer(CANCEL, input={"token": token})
    await _work(scene)


async def _work(scene: Scene) -> None:
    """Work, and come back once what failed is due again."""
    await scene.house.work()
    scene.clock.turn(minutes=3)
    await scene.house.work()


async def _do(scene: Scene, world: World, life: Life, calls: Sequence[tuple[str, Variables]]) -> None:
    """Call root fields; a worker follows each that changes something, but for the last moment of a grant."""
    for name, given in calls:
        variables = given
        if name == "calendarReconnect":
            variables = replaced(given, ("input", "username"), scene.side.account.username)
        life.outcomes[name] = outcome(await call(scene.house, name, world.host.token, variables))
        if name == "bookingPage":
            await scene.starts(world.slug)
        if name in _MUTATIONS and name != "calendarDisconnect":
            await scene.house.work()


async def _heal(scene: Scene, host: Host) -> None:
    """Give access again where the faults have cost it, as the host is asked to."""
    found = (await scene.house.ask(_CONNECTIONS, host.token))["calendarConnections"]
    for connection in found:
        if connection["state"] == "NEEDS_RECONNECTION":
            await scene.reconnect(host, connection["id"])
    await _work(scene)


def _faults(scene: Scene) -> Sequence[Fault]:
    """Give what providers answer instead, each with what must go nowhere (case 66): our token, sent back."""
    echo = json.dumps(
        {"error": CANARY, "error_description": sorted(own_tokens(scene)), "word": WORD}
    ).encode()
    page = f"<html><title>{CANARY}</title>{echo.decode()}</html>".encode()
    html = {"content-type": "text/html", "x-canary": CANARY}
    return (
        Fault(500, page, html),
        Fault(429, echo, {"retry-after": "60"}),
        Fault(200, page, html),
        Fault(400, echo, {"location": f"https://{CANARY}.example.com/"}),
        Fault(hangs_up=True, after=True),
        Fault(401, echo, {"www-authenticate": f'Bearer realm="{CANARY}"'}),
    )


def _taping(answers: list[str]) -> Any:
    async def tape(response: httpx.Response) -> None:
        await response.aread()
        answers.append(f"{response.headers.multi_items()}\n{response.text}")

    return tape


async def _watch(
    scene: Scene, live: list[str], document: str, token: str | None = None, **variables: Any
) -> None:
    """Tape everything that comes over a socket."""
    async with scene.house.feed(document, token, **variables) as feed:
        with suppress(ConnectionClosed):
            while True:
                live.append(str(await feed.socket.recv()))


@asynccontextmanager
async def _heard(redis_url: str, commands: list[str]) -> AsyncGenerator[None]:
    """Tape everything that is ever said to Redis, published messages among it."""
    client: Any = Redis.from_url(redis_url)  # pyright: ignore[reportUnknownMemberType] -- its own types

    async def listen(monitor: Any) -> None:
        async for heard in monitor.listen():
            commands.append(heard["command"])  # noqa: PERF401 -- kept as it comes: the task is cancelled

    async with client.monitor() as monitor:
        task = asyncio.create_task(listen(monitor))
        try:
            yield
        finally:
            await _end([task])
    await client.aclose()


async def _end(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


class _Logged:
    """Tapes the logs, of every library and from DEBUG on, as a process of ours would write them.

    What our own code says is taped filled in too, with the texts of exceptions.
    """

    def __init__(self, logs: list[str]) -> None:
        self._logs = logs
        self._lines, self._raw = io.StringIO(), io.StringIO()
        self._handlers = [logging.StreamHandler(self._lines), logging.StreamHandler(self._raw)]
        self._handlers[0].setFormatter(JsonLines())
        self._handlers[1].addFilter(lambda record: record.name.startswith("slotgraph"))

    def __enter__(self) -> None:
        root = logging.getLogger()
        self._level = root.level
        root.setLevel(logging.DEBUG)
        for handler in self._handlers:
            root.addHandler(handler)

    def __exit__(self, *_: object) -> None:
        root = logging.getLogger()
        root.setLevel(self._level)
        for handler in self._handlers:
            root.removeHandler(handler)
        self._logs += [self._lines.getvalue(), self._raw.getvalue()]


def _decoded(payload: object) -> str:
    return payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""

"""What it costs to tell many readers of one page that its slots changed.

A change of the host's hours is committed; then the clock starts, it is announced on Redis, and the clock
stops when the last reader has the event. In between lie hearing of it, reading the page, computing its slots,
numbering the state, and telling everybody. Two peers are told by Redis in the same way: the `websockets`
library sending the same bytes to as many sockets, which computes nothing, and graphql-ws on node, which
computes nothing either but executes an event of this size for each subscriber. The servers run on one core,
the readers on the other; all have as many readers, and are asked in turns, each after a rest.
"""

import asyncio
import shutil
import subprocess
import sys
from collections.abc import Awaitable, Callable, Generator, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from time import monotonic

import orjson

from app.environment import ROOT
from app.processes import start, stop
from app.wiring import Parts, now, wire
from bench.figures import AtMost, Figure, Measured, Skipped
from bench.house import House, cpu_ms, house, pin, resident_kb
from bench.readers import Readers
from domain.availability import Hours, Schedule, WeeklyWindow
from domain.booking_pages import CalendarPolicy
from domain.events import EventKind, Happened
from domain.ids import OrganizationId, PageId, ScheduleId, SessionId, UserId
from domain.organizations import Organization, Plan
from domain.page_settings import PageSettings, new_page
from domain.slots import Unlimited
from domain.users import Role, Scope, SignedIn, User
from services.access import own_schedule
from storage.base import new_id

_SIZES = (10, 100, 1_000, 5_000)
_SERVERS, _READERS = 0, 1  # the cores
_RAW, _NODE = "bench:raw", "bench:node"
_NODE_FOLDER = ROOT / "bench" / "node" / "live"
_DEAF, _HEARING, _STEPS = 4, 5, 40
_AFTERWARDS_S = 0.2  # what a server does after its last delivery must not be counted against the next one
_INIT = '{"type":"connection_init"}'
_OFFICE = tuple(WeeklyWindow(day, 9 * 60, 17 * 60) for day in range(5))
_CHANGED = """subscription ($slug: String!, $window: WindowInput!, $after: String) {
  openSlotsChanged(slug: $slug, window: $window, after: $after) { __typename
    ... on OpenSlotsEvent { revision cursor } ... on OpenSlotsState { slots { start end seatsLeft } }
    ... on OpenSlotsChange { added { start end seatsLeft } removed { start end seatsLeft } } } }"""


@dataclass(slots=True)
class Page:
    """A page of one host, who closes and opens: each change takes every slot away, or gives it back."""

    parts: Parts
    host: SignedIn
    schedule: ScheduleId
    slug: str
    is_open: bool = True

    @classmethod
    async def make(cls, parts: Parts) -> "Page":
        """Publish a page of somebody with office hours and no calendar: sixteen slots a day."""
        organization_id = OrganizationId(new_id())
        async with parts.services.units.begin() as unit:
            await unit.organizations.add(
                Organization(organization_id, "Bench", "local", Plan.BUSINESS, unit.now)
            )
            user = User(
                UserId(new_id()), organization_id, "ada@example.com", "Ada", "ada", "Europe/Berlin", "en",
                Role.OWNER, shares_availability=True, is_disabled=False, created_at=unit.now,
            )  # fmt: skip
            await unit.users.add(user)
            schedule = ScheduleId(new_id())
            hours = Hours("Europe/Berlin", _OFFICE)
            await unit.schedules.add(
                organization_id,
                Schedule(schedule, user.id, "Hours", True, hours, 1),  # noqa: FBT003
            )
            wanted = PageSettings(
                "intro", "Intro", 30, window=Unlimited(), calendar_policy=CalendarPolicy.IGNORE_UNCONNECTED
            )
            await unit.pages.add(new_page(PageId(new_id()), organization_id, user.id, wanted, unit.now))
        host = SignedIn(user, frozenset(Scope), SessionId(new_id()), None, "127.0.0.1")
        return cls(parts, host, schedule, "ada/intro")

    async def change(self) -> None:
        """Close, or open again; nobody hears of it yet."""
        self.is_open = not self.is_open
        hours = Hours("Europe/Berlin", _OFFICE if self.is_open else (WeeklyWindow(6, 0, 15),))
        async with self.parts.services.units.begin() as unit:
            schedule = await own_schedule(unit, self.host, self.schedule)
            changed = replace(schedule, hours=hours, revision=schedule.revision + 1)
            await unit.schedules.update(self.host.organization_id, changed)

    async def announce(self) -> None:
        """Say that hours changed, as a unit does after its commit."""
        event = Happened(EventKind.HOURS_CHANGED, self.host.organization_id, hosts=(self.host.user_id,))
        await self.parts.live.announce([event], now(), wake=False)

    def opening(self, days: int) -> tuple[str, str]:
        """Say what a reader sends who follows so many days from a Monday on."""
        monday = now().replace(hour=0, minute=0, second=0, microsecond=0)
        monday += timedelta(days=14 - monday.weekday())
        window = {"from": _stamp(monday), "to": _stamp(monday + timedelta(days=days))}
        payload = {"query": _CHANGED, "variables": {"slug": self.slug, "window": window}}
        wish = orjson.dumps({"id": "{id}", "type": "subscribe", "payload": payload})
        return _INIT, wish.decode()


@dataclass(slots=True)
class Teller:
    """A server that tells its readers of each change."""

    name: str
    pid: int
    port: int
    opening: Sequence[str]
    change: Callable[[], Awaitable[object]]
    announce: Callable[[], Awaitable[object]]
    readers: Readers
    taken: dict[int, list[float]] = field(default_factory=dict[int, list[float]])
    worked: list[float] = field(default_factory=list[float])
    memory_kb: list[int] = field(default_factory=list[int])

    async def tell(self) -> tuple[float, bytes]:
        """Have a change told; give milliseconds until the last reader had it, and what the first one had."""
        told = asyncio.create_task(self.readers.next())
        await self.change()
        worked, begun = cpu_ms(self.pid), monotonic()
        await self.announce()
        whole = await told
        await asyncio.sleep(_AFTERWARDS_S)
        self.worked.append(cpu_ms(self.pid) - worked)
        return (whole.last - begun) * 1000, whole.text


async def measure(rounds: int) -> Sequence[Measured]:
    """Measure telling ten to five thousand readers, and what readers cost."""
    async with AsyncExitStack() as held:
        home = held.enter_context(house(STREAMS_PER_ADDRESS="20000"))
        parts = wire(home.settings)
        held.push_async_callback(parts.close)
        page = await Page.make(parts)
        ours = _ours(home, page, held)
        await ours.readers.open(ours.port, 1, ours.opening)
        _, payload = await ours.tell()
        raw = _raw(home, parts, payload, held)
        node = _node(home, parts, held)
        tellers = [ours, raw, node] if isinstance(node, Teller) else [ours, raw]
        for size in _SIZES:
            await _grow(tellers, size)
            for number in range(rounds + 1):  # the first of each size warms up
                for teller in tellers:
                    taken, _ = await teller.tell()
                    if number:
                        teller.taken.setdefault(size, []).append(taken)
        figures = _figures(ours, raw, node, len(payload))
        for teller in tellers:
            teller.readers.stop()
        return [*figures, await _deaf(home, page, held)]


def _figures(ours: Teller, raw: Teller, node: Teller | Skipped, size: int) -> list[Measured]:
    largest = _SIZES[-1]
    figures: list[Measured] = []
    for count in _SIZES:
        is_held = count == largest
        figures.append(Figure(f"raw broadcast, {count} readers", "ms", tuple(raw.taken[count])))
        figures.append(
            Figure(
                f"ours, {count} readers of {size} B", "ms", tuple(ours.taken[count]),
                against=f"raw broadcast, {count} readers", limit=AtMost(1.3) if is_held else None,
            )
        )  # fmt: skip
    if isinstance(node, Skipped):
        figures.append(node)
    else:
        figures += [
            Figure(f"graphql-ws on node, {count} readers", "ms", tuple(node.taken[count])) for count in _SIZES
        ]
        figures.append(
            Figure(
                f"ours, {largest} readers, beside node", "ms", tuple(ours.taken[largest]),
                against=f"graphql-ws on node, {largest} readers", limit=AtMost(0.2),
            )
        )  # fmt: skip
    for teller in (ours, raw, *([node] if isinstance(node, Teller) else [])):
        last = teller.worked[-len(teller.taken[largest]) :]
        each_us = tuple(worked * 1000 / largest for worked in last)
        figures.append(Figure(f"processor time of a delivery, {teller.name}", "µs", each_us))
        each = (teller.memory_kb[-1] - teller.memory_kb[0]) / (largest - _SIZES[0])
        limit = AtMost(30) if teller is ours else None
        figures.append(Figure(f"memory of an idle reader, {teller.name}", "kB", (each,), limit=limit))
        opened = teller.readers.opened_s[-1] * 1000 / (largest - _SIZES[-2])
        figures.append(Figure(f"opening a socket and being told the state, {teller.name}", "ms", (opened,)))
    return figures


async def _grow(tellers: Sequence[Teller], size: int) -> None:
    for teller in tellers:
        await teller.readers.open(teller.port, size - teller.readers.count, teller.opening)
        teller.memory_kb.append(resident_kb(teller.pid))


async def _deaf(home: House, page: Page, held: AsyncExitStack) -> Figure:
    """Tell few readers much, while some do not read: what each of those costs."""
    api = home.api(core=_SERVERS)
    readers = held.enter_context(_readers())
    teller = Teller("ours", api.process.pid, api.port, page.opening(60), page.change, page.announce, readers)
    await readers.open(api.port, _HEARING, teller.opening)
    for _ in range(_STEPS // 2):
        await teller.tell()
    before = api.resident_kb
    await readers.open(api.port, _DEAF, teller.opening, are_deaf=True)
    size = 0
    for _ in range(_STEPS):
        _, text = await teller.tell()
        size = max(size, len(text))
    each = (api.resident_kb - before) / _DEAF
    name = f"a reader who never reads, after {_STEPS} changes of {size // 1000} kB"
    return Figure(name, "kB", (each,), limit=AtMost(1_000))


@contextmanager
def _readers() -> Generator[Readers]:
    readers = Readers.start(_READERS)
    try:
        yield readers
    finally:
        readers.stop()


@contextmanager
def _program(*command: str) -> Generator[tuple[int, int]]:
    """Run a server that prints its port, on the servers' core."""
    process = start(command, output=subprocess.PIPE, errors=subprocess.DEVNULL, cwd=ROOT)
    pin(process.pid, _SERVERS)
    try:
        assert process.stdout is not None  # noqa: S101 -- it was asked for
        yield process.pid, int(process.stdout.readline())
    finally:
        stop(process, patience_s=2.0)


def _ours(home: House, page: Page, held: AsyncExitStack) -> Teller:
    api = home.api(core=_SERVERS)
    readers = held.enter_context(_readers())
    return Teller("ours", api.process.pid, api.port, page.opening(1), page.change, page.announce, readers)


def _raw(home: House, parts: Parts, payload: bytes, held: AsyncExitStack) -> Teller:
    url = home.servers.redis_url
    pid, port = held.enter_context(_program(sys.executable, "-m", "bench.broadcast", url, _RAW))
    readers = held.enter_context(_readers())
    return Teller("raw", pid, port, (), _nothing, lambda: parts.redis.publish(_RAW, payload), readers)


def _node(home: House, parts: Parts, held: AsyncExitStack) -> Teller | Skipped:
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return Skipped("graphql-ws on node", "node and npm are not installed")
    folder = home.folder / "node"
    shutil.copytree(_NODE_FOLDER, folder)
    install = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    if subprocess.run(install, cwd=folder, capture_output=True, check=False).returncode:  # noqa: S603 -- named above
        return Skipped("graphql-ws on node", "the npm packages cannot be had here")
    redis = home.servers.redis_url.removeprefix("unix://")
    pid, port = held.enter_context(_program(node, str(folder / "server.mjs"), redis, _NODE))
    readers = held.enter_context(_readers())
    wish = "subscription { openSlotsChanged { revision cursor " + "".join(
        f"{name} {{ start end seatsLeft }} " for name in ("added", "removed")
    )
    subscribe = orjson.dumps({"id": "{id}", "type": "subscribe", "payload": {"query": wish + "} }"}})
    opening = (_INIT, subscribe.decode())
    return Teller("node", pid, port, opening, _nothing, lambda: parts.redis.publish(_NODE, b"1"), readers)


async def _nothing() -> None:
    """Change nothing: what is told is there already."""


def _stamp(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")

"""Open slots over HTTP, against Starlette that writes the same answer by hand.

The peer is one Starlette process with orjson, given the same slots as dictionaries with `datetime`s that lie
ready in memory; it parses no document, checks no rights, counts no budget and looks at no calendar. Ours
answers the query in full: 30 days of one host and of ten, busy times read from ICS feeds some seconds ago.

- *asked again*: the very request that was answered before, and the page has not changed: the same bytes.
- *executed*: a request that came before and also asks who the viewer is, so that nothing of its answer may
  be kept: it is executed each time, on slots that stand.
- *never seen*: no request is like another: each is read, checked, its variables coerced, and executed.
- *after a change*: somebody touched the page before each answer: all is read and computed anew.

Each side has one core, and the load the other one.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

import httpx
import orjson
from redis import Redis

from app.wiring import wire
from bench.figures import AtLeast, Figure, Measured
from bench.house import House, Process, house
from bench.load import NUMBER, Load, load
from bench.seeds import Feeds, Host, feeds, hosts, next_monday, page, touched
from domain.slots import Assignment
from storage.live import EVENTS, announcement

_DAYS = 30
_SECONDS = 1.5
_ANSWERS = 15
_HEARD_S = 0.02
_JSON = {"Content-Type": "application/json"}
_SLOTS = """query Slots($slug: String!, $window: WindowInput!) {
  bookingPage(slug: $slug) { openSlots(window: $window) { slots { start end seatsLeft } } } }"""
_WITH_VIEWER = _SLOTS.replace("bookingPage(", "viewer { user { id } } bookingPage(", 1)
_ZONE = "query Zone($slug: String!) { bookingPage(slug: $slug) { zone } }"


@dataclass(frozen=True, slots=True)
class Asked:
    """A page that is asked about, by a request that may be numbered."""

    name: str
    document: str
    variables: Mapping[str, object]

    def body(self, *, numbered: bool = False) -> bytes:
        """Write the request; a numbered one is never the same twice."""
        number = {"number": NUMBER} if numbered else {}
        return orjson.dumps({"query": self.document, "variables": self.variables, **number})


async def measure(rounds: int) -> Sequence[Measured]:
    """Measure answers a second, and the time of the first answer after a change."""
    with feeds() as calendars, house(FREEBUSY_TTL_S="30") as home:
        one, ten, host = await _pages(home, calendars)
        return await asyncio.to_thread(_measure, home, one, ten, host, rounds)


async def _pages(home: House, calendars: Feeds) -> tuple[str, str, Host]:
    parts = wire(home.settings)
    try:
        people = await hosts(parts, 10, calendars)
        one = await page(parts, people[:1], Assignment.ONE)
        return one, await page(parts, people, Assignment.ANY), people[0]
    finally:
        await parts.close()


def _measure(home: House, one: str, ten: str, host: Host, rounds: int) -> list[Measured]:
    ours = home.api(core=0)
    monday = next_monday(datetime.now(UTC))
    figures: list[Measured] = []
    asked: list[Asked] = []
    for name, slug, days in (("1 host", one, _DAYS), ("10 hosts", ten, _DAYS - 9)):
        window = {"from": monday.isoformat(), "to": (monday + timedelta(days=days)).isoformat()}
        found = Asked(name, _SLOTS, {"slug": slug, "window": window})
        answer = _ask(ours, found)
        slots = len(orjson.loads(answer)["data"]["bookingPage"]["openSlots"]["slots"])
        asked.append(Asked(f"{name}, {slots} slots", found.document, found.variables))
        figures += _rates(asked[-1], home, answer, ours, rounds)
        figures.append(_after_changes(home, asked[-1], ours, host, rounds))
    small = Asked("one small field", _ZONE, {"slug": one})
    rates = [load(ours.port, small.body(numbered=True), seconds=_SECONDS).per_second for _ in range(rounds)]
    figures.append(Figure("one small field, never seen", "answers/s", tuple(rates)))
    figures.append(Figure("memory of the process that gave all these", "MB", (ours.resident_kb / 1000,)))
    return [*figures, *_two_processes(home, asked[0], ours, rounds)]


def _rates(asked: Asked, home: House, answer: bytes, ours: Process, rounds: int) -> list[Measured]:
    (home.folder / "slots.json").write_bytes(answer)
    slots = {"SLOTS": str(home.folder / "slots.json")}
    peer = home.other("bench.peer_http:make", core=0, environment=slots)
    mixed = Asked(asked.name, _WITH_VIEWER, asked.variables)
    bodies = (asked.body(), mixed.body(), asked.body(numbered=True))
    turns: list[tuple[Load, ...]] = []
    for _ in range(rounds):
        theirs = load(peer.port, asked.body(), seconds=_SECONDS)
        turns.append((theirs, *(load(ours.port, body, seconds=_SECONDS) for body in bodies)))
    peer.end()
    if wrong := sum(one.wrong for turn in turns for one in turn):
        raise RuntimeError(f"{wrong} answers were wrong.")
    name, plain = asked.name, f"{asked.name}: Starlette and orjson"
    rates = [tuple(turn[index].per_second for turn in turns) for index in range(4)]
    slowest = [tuple(turn[index].p99_ms for turn in turns) for index in range(4)]
    return [
        Figure(plain, "answers/s", rates[0]),
        Figure(f"{name}: asked again", "answers/s", rates[1], plain, AtLeast(1.0)),
        Figure(f"{name}: executed", "answers/s", rates[2], plain, AtLeast(0.6)),
        Figure(f"{name}: never seen", "answers/s", rates[3], plain),
        Figure(f"{name}: slowest hundredth of Starlette and orjson", "ms", slowest[0]),
        Figure(f"{name}: slowest hundredth, executed", "ms", slowest[2]),
    ]


def _after_changes(home: House, asked: Asked, ours: Process, host: Host, rounds: int) -> Figure:
    """Time the first answer after a signal that the page was touched: the middle one of some a round."""
    return Figure(
        f"{asked.name}: first answer after a change",
        "ms",
        tuple(_after_change(home, asked, ours, host) for _ in range(rounds)),
    )


def _after_change(home: House, asked: Asked, ours: Process, host: Host) -> float:
    taken: list[float] = []
    redis: Any = Redis.from_url(home.servers.redis_url)  # pyright: ignore[reportUnknownMemberType] -- its own types
    with redis, httpx.Client(trust_env=False) as caller:
        for _ in range(_ANSWERS):
            redis.publish(EVENTS, announcement(touched(host), datetime.now(UTC)))
            time.sleep(_HEARD_S)
            begun = time.perf_counter()
            caller.post(_url(ours), content=asked.body(), headers=_JSON)
            taken.append((time.perf_counter() - begun) * 1000)
    return median(taken)


def _two_processes(home: House, asked: Asked, ours: Process, rounds: int) -> list[Measured]:
    """Compare one process with two, on two cores that they share with the load.

    Where the load takes one of two cores, a second process has little room left, so answers a second say
    little. Answers for a second of the processes' own time say whether a second one makes an answer
    dearer, by waiting for the first or by doing again what the first has done.
    """
    both = home.api(workers=2)
    ours.release()
    taken: list[list[float]] = []
    for _ in range(rounds):
        rates: list[float] = []
        worths: list[float] = []
        for one in (ours, both):
            worked_ms = one.worked_ms
            rate = load(one.port, asked.body(numbered=True), seconds=_SECONDS, core=None).per_second
            rates.append(rate)
            worths.append(rate * _SECONDS / (one.worked_ms - worked_ms) * 1000)
        taken.append([*rates, *worths])
    name = f"{asked.name}: never seen, one process on any core"
    worth = f"{asked.name}: answers for a second of its own time, one process"
    one, two, one_worth, two_worth = (tuple(turn[index] for turn in taken) for index in range(4))
    return [
        Figure(name, "answers/s", one),
        Figure("the same, two processes", "answers/s", two, name),
        Figure(worth, "answers", one_worth),
        Figure("the same of both, two processes", "answers", two_worth, worth),
    ]


def _ask(ours: Process, asked: Asked) -> bytes:
    return httpx.post(_url(ours), content=asked.body(), headers=_JSON, trust_env=False).content


def _url(process: Process) -> str:
    return f"http://127.0.0.1:{process.port}/graphql"

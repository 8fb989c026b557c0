"""What the slot engine costs: beside Cal.com's, when hosts are prepared, and as hosts and days grow.

Beside Cal.com's, both are given the same JSON text with busy times in ISO 8601 and come to slots: reading,
hours, busy times, buffers, combining. The peer is what `@calcom/platform-libraries` publishes, its functions
called without the database and the cache around them, and it has to find exactly the slots that we find. It
is spared what its service does besides, and has the patch of dayjs that its makers run it with. Other
packages of npm that find slots (slot-calculator, time-slots-finder) know one calendar, and neither weekly
hours of several hosts nor all or any of them.

Both tell when slots are, as a page shows them. Who can take them is asked of our engine when one is booked;
`find_slots` tells it of each, and is measured among what grows. Of each round the quickest of two or three
answers counts, on both sides. Busy times are integers there, as they are
in a process of ours, and opening windows are warm.
"""

import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random
from time import perf_counter
from typing import Any

import orjson

from app.cases import hours_of, rules_of, spans_of, window_of
from bench.calcom import NoPeer, Peer, calcom
from bench.figures import AtMost, Figure, Measured, Skipped, rounds_of
from domain.intervals import Span, instant_of, minute_of
from domain.slots import (
    Assignment,
    HostTime,
    OpenSlot,
    Rules,
    combine,
    find_slots,
    frame_of,
    open_slots,
    prepare,
)
from domain.zones import DAY, minute_at

_FIRST = date(2026, 3, 2)  # four weeks before Europe's clocks go forward
_ZONES = ("Europe/Berlin", "Europe/Paris", "Europe/Prague", "Europe/Rome")
_EARLY = 0.03
_WARM = 2
_OFFICE = (("09:00", "12:00"), ("13:00", "18:00"))
_CASES = (
    (1, 30, Assignment.ONE),
    (1, 365, Assignment.ONE),
    (10, 30, Assignment.ALL),
    (10, 30, Assignment.ANY),
    (100, 60, Assignment.ALL),
    (100, 60, Assignment.ANY),
)
_MANY_HOSTS = (1, 3, 10, 30, 100)
_MANY_DAYS = (7, 30, 90, 365)


async def measure(rounds: int) -> Sequence[Measured]:
    """Measure finding slots."""
    with ExitStack() as held:
        folder = Path(held.enter_context(tempfile.TemporaryDirectory(prefix="slotgraph-bench-")))
        try:
            peer, why = held.enter_context(calcom()), ""
        except NoPeer as error:
            peer, why = None, str(error)
        beside = [
            figure for case in _CASES for figure in _beside(rounds, *case, folder=folder, peer=peer, why=why)
        ]
    return [*beside, *_prepared(rounds), *_growth(rounds)]


def _beside(
    rounds: int, count: int, days: int, assignment: Assignment, *, folder: Path, peer: Peer | None, why: str
) -> list[Measured]:
    """Measure from JSON to slots, ours and the peer's in turns."""
    text = orjson.dumps(question(count, days, assignment))
    file = folder / f"{count}-{days}-{assignment}.json"
    file.write_bytes(text)
    times = 2 if count == _CASES[-1][0] else 3
    ours = partial(best, partial(answer, text), times)
    slots = answer(text)
    name = f"{count} × {days} days, {assignment}: {len(slots)} slots"
    if peer is None:
        [taken] = rounds_of(rounds, ours)
        return [Figure(name, "ms", taken), Skipped(f"Cal.com's, {name}", why)]
    for _ in range(_WARM):
        answer(text)
        _, starts = peer.answer(file)
        if starts != [slot.start for slot in slots]:
            raise RuntimeError("The peer finds other slots, and is none.")
    taken, theirs = rounds_of(rounds, ours, lambda: min(peer.answer(file)[0] for _ in range(times)))
    against = f"Cal.com's, {name}"
    return [Figure(name, "ms", taken, against, AtMost(0.05)), Figure(against, "ms", theirs)]


def _prepared(rounds: int) -> list[Measured]:
    """Measure what a question costs when its hosts were prepared before."""
    figures: list[Measured] = []
    for assignment in (Assignment.ALL, Assignment.ANY):
        rules, hosts, window = case(100, 60, assignment)
        frame = frame_of(rules, [host.hours for host in hosts], window)
        prepared = [prepare(frame, host) for host in hosts]
        work = partial(combine, frame, prepared, [window], instant_of(window[0]))
        show = partial(open_slots, frame, prepared, window, instant_of(window[0]))
        one = partial(prepare, frame, hosts[0])
        combined, shown, made = rounds_of(rounds, *(partial(best, each) for each in (work, show, one)))
        figures += [
            Figure(f"combining 100 prepared × 60 days, {assignment}", "ms", combined, limit=AtMost(1.0)),
            Figure(f"the same to slots that are shown, {assignment}", "ms", shown, limit=AtMost(1.0)),
            Figure(f"preparing one host × 60 days, {assignment}", "ms", made),
        ]
    return figures


def _growth(rounds: int) -> list[Measured]:
    """Measure finding slots and who can take them, by hosts and by days."""
    sizes = [(count, 30, Assignment.ANY) for count in _MANY_HOSTS]
    sizes += [(1, days, Assignment.ONE) for days in _MANY_DAYS]
    figures: list[Measured] = []
    for count, days, assignment in sizes:
        rules, hosts, window = case(count, days, assignment)
        find = partial(find_slots, rules, hosts, window, instant_of(window[0]))
        [taken] = rounds_of(rounds, partial(best, find))
        name = f"finding and naming, {count} × {days} days, {assignment}: {len(find())} slots"
        figures.append(Figure(name, "ms", taken))
    return figures


def question(count: int, days: int, assignment: Assignment) -> dict[str, Any]:
    """Make a question in the form of the test vectors, the same one in each run."""
    chance = Random(count * days)
    first = _midnight()
    return {
        "mode": assignment,
        "page": {
            "tz": _ZONES[0],
            "duration_min": 30,
            "slot_interval_min": 15,
            "buffer_before_min": 5,
            "buffer_after_min": 5,
        },
        "hosts": [_host(_ZONES[number % len(_ZONES)], days, chance) for number in range(count)],
        "query": {"start": _text(first), "end": _text(first + days * DAY)},
    }


def _host(zone: str, days: int, chance: Random) -> dict[str, Any]:
    """Make a host with office hours and eight entries on each day.

    Most entries lie in the afternoon and evening, so that many hosts still meet in the morning.
    """
    busy: list[Span] = []
    for more in range(days):
        midnight = minute_at(_FIRST + timedelta(days=more), 0, zone)
        for number in range(8):
            early = number == 0 and chance.random() < _EARLY
            start = midnight + (chance.randrange(480, 780, 5) if early else chance.randrange(780, 1380, 5))
            busy.append((start, start + chance.choice((15, 25, 30, 50, 60))))
    return {
        "tz": zone,
        "weekly": [{"days": [0, 1, 2, 3, 4], "start": start, "end": end} for start, end in _OFFICE],
        "busy": [[_text(start), _text(end)] for start, end in sorted(busy)],
    }


def answer(text: bytes) -> tuple[OpenSlot, ...]:
    """Come from the text of a question to the slots that a page shows.

    Each host is prepared when their busy times are read, as in the service when their calendars answer.
    """
    asked = orjson.loads(text)
    rules, window = rules_of(asked), window_of(asked)
    hours = [hours_of(host) for host in asked["hosts"]]
    frame = frame_of(rules, hours, window)
    hosts = [
        prepare(frame, HostTime(number, open_at, spans_of(host["busy"])))
        for number, (host, open_at) in enumerate(zip(asked["hosts"], hours, strict=True))
    ]
    return open_slots(frame, hosts, window, instant_of(window[0]))


def case(count: int, days: int, assignment: Assignment) -> tuple[Rules, list[HostTime], Span]:
    """Make a question that is read already."""
    asked = question(count, days, assignment)
    hosts = [
        HostTime(number, hours_of(host), spans_of(host["busy"])) for number, host in enumerate(asked["hosts"])
    ]
    return rules_of(asked), hosts, window_of(asked)


def _midnight() -> int:
    return minute_of(datetime.combine(_FIRST, datetime.min.time(), UTC))


def _text(minute: int) -> str:
    return instant_of(minute).strftime("%Y-%m-%dT%H:%M:%SZ")


def milliseconds(work: Callable[[], object]) -> float:
    """Run a work once and say how long it took."""
    begun = perf_counter()
    work()
    return (perf_counter() - begun) * 1000


def best(work: Callable[[], object], times: int = 10) -> float:
    """Run a short work some times and say how long the quickest took."""
    return min(milliseconds(work) for _ in range(times))

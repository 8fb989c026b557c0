"""What the slot engine costs, in milliseconds.

Busy times are integers already and opening windows are warm, as in a process that has run for a minute.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial
from random import Random
from time import perf_counter

from bench.figures import Figure, Measured, rounds_of
from domain.availability import Hours, WeeklyWindow
from domain.intervals import Span, instant_of, minute_of
from domain.slots import Assignment, HostTime, Own, Rules, find_slots
from domain.zones import DAY, minute_at

_FIRST = date(2026, 3, 2)
_ZONES = ("Europe/Berlin", "Europe/Paris", "Europe/Prague", "Europe/Rome")
_EARLY = 0.03
_CASES = (
    (1, 30, Assignment.ONE),
    (1, 365, Assignment.ONE),
    (10, 30, Assignment.ALL),
    (10, 30, Assignment.ANY),
    (100, 60, Assignment.ALL),
    (100, 60, Assignment.ANY),
)


def make_host(number: int, days: int, chance: Random) -> HostTime:
    """Make a host with office hours, eight entries on each workday, and a booking each week."""
    zone = _ZONES[number % len(_ZONES)]
    hours = Hours(
        zone,
        tuple(
            WeeklyWindow(weekday, start, end)
            for weekday in range(5)
            for start, end in ((540, 720), (780, 1080))
        ),
    )
    busy: list[Span] = []
    own: list[Own] = []
    for more in range(days):
        midnight = minute_at(_FIRST + timedelta(days=more), 0, zone)
        for number_of_day in range(8):
            # Most entries lie in the afternoon and evening, so that many hosts still meet in the morning.
            early = number_of_day == 0 and chance.random() < _EARLY
            start = midnight + (chance.randrange(480, 780, 5) if early else chance.randrange(780, 1380, 5))
            busy.append((start, start + chance.choice((15, 25, 30, 50, 60))))
        if more % 7 == 0:
            own.append(Own((midnight + 1000, midnight + 1030), 10, 10))
    return HostTime(number, hours, tuple(sorted(busy)), tuple(own))


async def measure(rounds: int) -> Sequence[Measured]:
    """Measure finding slots, by hosts and days."""
    figures: list[Measured] = []
    for count, days, assignment in _CASES:
        chance = Random(count * days)  # the same calendars in each run
        hosts = [make_host(number, days, chance) for number in range(count)]
        rules = Rules(30, 15, buffer_before_minutes=5, buffer_after_minutes=5, assignment=assignment)
        first = minute_of(datetime.combine(_FIRST, datetime.min.time(), UTC))
        window = (first, first + days * DAY)
        find = partial(find_slots, rules, hosts, window, instant_of(first))
        slots = len(find())
        [taken] = rounds_of(rounds, partial(milliseconds, find))
        figures.append(Figure(f"{count} × {days} days, {assignment}: {slots} slots", "ms", taken))
    return figures


def milliseconds(work: Callable[[], object]) -> float:
    """Run a work once and say how long it took."""
    begun = perf_counter()
    work()
    return (perf_counter() - begun) * 1000

"""What the slot engine costs: `python -m bench.slots` prints a table, in milliseconds.

Busy times are integers already and opening windows are warm, as in a process that has run for a minute.
Each figure is the median of nine rounds with the fastest and the slowest beside it.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import partial
from random import Random
from statistics import median
from time import perf_counter

from domain.availability import Hours, WeeklyWindow
from domain.intervals import Span, instant_of, minute_of
from domain.slots import Assignment, HostTime, Own, Rules, find_slots
from domain.slots.combine import any_by_cells, any_by_spans
from domain.slots.hosts import HostJudge
from domain.zones import DAY, minute_at

_ROUNDS = 9
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


def timed(work: Callable[[], object]) -> str:
    """Run once to warm up, then in rounds, and give median, fastest and slowest in milliseconds."""
    work()
    rounds: list[float] = []
    for _ in range(_ROUNDS):
        begun = perf_counter()
        work()
        rounds.append((perf_counter() - begun) * 1000)
    return f"{median(rounds):8.2f} ({min(rounds):.2f}-{max(rounds):.2f})"


def main() -> None:
    """Print the table."""
    print("| hosts x days | mode | slots | ms: median (fastest-slowest) |")
    print("| --- | --- | --- | --- |")
    for count, days, assignment in _CASES:
        chance = Random(count * days)  # noqa: S311 -- the same calendars in each run, no secret
        hosts = [make_host(number, days, chance) for number in range(count)]
        rules = Rules(30, 15, buffer_before_minutes=5, buffer_after_minutes=5, assignment=assignment)
        first = minute_of(datetime.combine(_FIRST, datetime.min.time(), UTC))
        window = (first, first + days * DAY)
        find = partial(find_slots, rules, hosts, window, instant_of(first))
        print(f"| {count} x {days} | {assignment} | {len(find())} | {timed(find)} |")
        if assignment is Assignment.ANY:
            judges = [HostJudge(rules, host, window) for host in hosts]
            for name, combine in (("spans", any_by_spans), ("cells", any_by_cells)):
                print(f"| | by {name} alone | | {timed(partial(combine, rules, judges, [window], 'UTC'))} |")


if __name__ == "__main__":
    main()

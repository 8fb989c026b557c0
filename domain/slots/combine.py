"""Which hosts can take which starts: by spans, or for any of many hosts by cells."""

from collections.abc import Sequence
from math import gcd
from typing import Any

from domain.intervals import Span, intersect, subtract
from domain.slots.cells import Cells
from domain.slots.grid import grid
from domain.slots.hosts import HostJudge, open_starts
from domain.slots.opening import common_windows
from domain.slots.values import Assignment, Rules

_MANY = 10

Taken = dict[int, tuple[Any, ...]]
"""By start, in order: the hosts who can take it, in the page's order."""


def combine(rules: Rules, judges: Sequence[HostJudge], allowed: Sequence[Span], zone: str) -> Taken:
    """Find the starts in `allowed` that the page's assignment lets hosts take."""
    match rules.assignment:
        case Assignment.ONE:
            return all_of(rules, judges[:1], allowed, zone)
        case Assignment.ALL:
            return all_of(rules, judges, allowed, zone)
        case Assignment.ANY:
            ways = any_by_cells if len(judges) >= _MANY else any_by_spans
            return ways(rules, judges, allowed, zone)


def all_of(rules: Rules, judges: Sequence[HostJudge], allowed: Sequence[Span], zone: str) -> Taken:
    """Find what every host can take.

    Spans, however many hosts: what is left shrinks with each of them, so that a set of cells for each
    would cost more than it saves (bench/slots.py).
    """
    windows = common_windows(judge.windows for judge in judges)
    free = intersect(open_starts(rules, windows), allowed)
    for judge in judges:
        free = subtract(free, judge.forbidden_starts) if free and judge.is_known else []
    return dict.fromkeys(grid(rules, windows, free, zone), tuple(judge.host.host for judge in judges))


def any_by_spans(rules: Rules, judges: Sequence[HostJudge], allowed: Sequence[Span], zone: str) -> Taken:
    """Find what at least one host can take, a host after the other."""
    takers: dict[int, list[Any]] = {}
    for judge in judges:
        for start in grid(rules, judge.windows, intersect(judge.free_starts, allowed), zone):
            takers.setdefault(start, []).append(judge.host.host)
    return {start: tuple(takers[start]) for start in sorted(takers)}


def any_by_cells(rules: Rules, judges: Sequence[HostJudge], allowed: Sequence[Span], zone: str) -> Taken:
    """Find what at least one host can take, with a set of cells for each host."""
    judges = [judge for judge in judges if judge.is_known]
    keys = [tuple(judge.windows) for judge in judges]
    grids: dict[tuple[Span, ...], list[int]] = {}  # hosts with the same windows have the same grid
    for judge, key in zip(judges, keys, strict=True):
        if key not in grids:
            grids[key] = grid(rules, judge.windows, intersect(judge.open_starts, allowed), zone)
    every = {start for starts in grids.values() for start in starts}
    if not every:
        return {}
    cells = _cells(sorted(every))
    on_grid = {key: cells.of(starts) for key, starts in grids.items()}
    free = [
        on_grid[key] & cells.free((judge.busy, judge.booked)) for judge, key in zip(judges, keys, strict=True)
    ]
    return cells.members(free, [judge.host.host for judge in judges])


def _cells(starts: Sequence[int]) -> Cells:
    """Choose the longest step with which every start is a cell."""
    first = starts[0]
    return Cells(first, starts[-1] + 1, gcd(*(start - first for start in starts)) or 1)

"""Hosts made ready to be combined: the free starts of each as a set of cells, made once for their time."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Any

from domain.intervals import Span
from domain.slots.frame import Frame
from domain.slots.hosts import HostJudge
from domain.slots.values import Assignment, HostTime


@dataclass(frozen=True, slots=True)
class Prepared:
    """The starts that a host can take; none where the calendar is unknown.

    They lie on the grid of the host's own hours, but where all hosts meet: that grid is all hosts'.
    """

    host: Any
    is_known: bool
    free: int


def prepare(frame: Frame, time: HostTime) -> Prepared:
    """Make a host ready, whose hours are among those of the frame.

    No free time has to be eroded afterwards: busy times and bookings are widened by length and buffers to
    the starts that they forbid, so that off the grid they are as exact as on it.
    """
    judge = HostJudge(frame.measure.rules, time, frame.window)
    free = 0
    if judge.is_known:
        forbidden = (judge.busy, judge.booked, judge.away) if time.away else (judge.busy, judge.booked)
        free = frame.open[time.hours] & frame.measure.cells.free(forbidden)
    return Prepared(time.host, judge.is_known, free)


@dataclass(frozen=True, slots=True)
class Combined:
    """The starts that hosts can take as their page assigns them: one set of cells."""

    frame: Frame
    hosts: Sequence[Prepared]
    free: int

    def starts(self) -> list[int]:
        """List the starts, in order."""
        return self.frame.measure.cells.members(self.free)

    def takers(self) -> list[tuple[Any, ...]]:
        """Name for each start the hosts who can take it, in the page's order."""
        cells = self.frame.measure.cells
        names = [prepared.host for prepared in self.hosts]
        some = cells.row(self.free)
        if self.frame.measure.rules.assignment is not Assignment.ANY:
            return [tuple(names)] * some.count(1)
        each = [prepared for prepared in self.hosts if prepared.free & self.free]
        names = [prepared.host for prepared in each]
        rows, size = b"".join([cells.row(prepared.free) for prepared in each]), len(some)
        columns = [rows[cell::size] for cell in compress(range(size), some)]
        named = {column: tuple(compress(names, column)) for column in set(columns)}
        return [named[column] for column in columns]


def combine(frame: Frame, hosts: Sequence[Prepared], allowed: Sequence[Span]) -> Combined:
    """Combine the hosts of a page, in its order, all prepared by one measure: one, all or any of them."""
    match frame.measure.rules.assignment:
        case Assignment.ONE:
            hosts = hosts[:1]
            free = hosts[0].free
        case Assignment.ALL:
            free = frame.common or 0
            for prepared in hosts:
                free &= prepared.free
        case Assignment.ANY:
            free = 0
            for prepared in hosts:
                free |= prepared.free
    return Combined(frame, hosts, free & frame.measure.cells.within(allowed))

"""Hosts made ready to be combined: the free starts of each as a set of cells, made once for their time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, compress
from typing import Any

from domain.intervals import Span
from domain.slots.caps import CapCount
from domain.slots.frame import Frame
from domain.slots.hosts import HostJudge
from domain.slots.page import earliest
from domain.slots.values import NO_HOST_RULES, Assignment, HostTime


@dataclass(frozen=True, slots=True)
class Prepared:
    """The starts that a host can take, of what time of theirs; none where the calendar is unknown.

    They lie on the grid of the host's own hours, but where hosts meet: that grid is theirs together. Their
    own notice and caps are not in it, since these follow now.
    """

    time: HostTime
    is_known: bool
    free: int

    @property
    def host(self) -> Any:
        """The host's name."""
        return self.time.host


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
    return Prepared(time, judge.is_known, free)


@dataclass(frozen=True, slots=True)
class Combined:
    """The starts that hosts can take as their page assigns them: one set of cells.

    `each` are the starts that each of the hosts can take now, if others can.
    """

    frame: Frame
    hosts: Sequence[Prepared]
    each: Sequence[int]
    free: int

    def starts(self) -> list[int]:
        """List the starts, in order."""
        return self.frame.measure.cells.members(self.free)

    def takers(self) -> list[tuple[Any, ...]]:
        """Name for each start the hosts who can take it, in the page's order."""
        cells = self.frame.measure.cells
        some = cells.row(self.free)
        if self.frame.measure.rules.assignment is not Assignment.ANY:
            return [tuple([prepared.host for prepared in self.hosts])] * some.count(1)
        each = [(prepared.host, free) for prepared, free in zip(self.hosts, self.each, strict=True)]
        each = [(host, free) for host, free in each if free & self.free]
        names = [host for host, _ in each]
        rows, size = b"".join([cells.row(free) for _, free in each]), len(some)
        columns = [rows[cell::size] for cell in compress(range(size), some)]
        named = {column: tuple(compress(names, column)) for column in set(columns)}
        return [named[column] for column in columns]


def combine(frame: Frame, hosts: Sequence[Prepared], allowed: Sequence[Span], now: datetime) -> Combined:
    """Combine the hosts of a page, in its order, all prepared by one measure: one, all or any of them.

    Where any of them takes a start, all who are fixed take it too.
    """
    assignment = frame.measure.rules.assignment
    if assignment is Assignment.ONE:
        hosts = hosts[:1]
    each = [_free_now(frame, prepared, allowed, now) for prepared in hosts]
    free = frame.measure.cells.within(allowed)
    if assignment is not Assignment.ANY:
        if assignment is Assignment.ALL and hosts:
            free &= frame.common[hosts[0].time.hours]
        for one in each:
            free &= one
        return Combined(frame, hosts, each, free)
    anybody = 0
    for prepared, one in zip(hosts, each, strict=True):
        if prepared.time.is_fixed:
            free &= one
        else:
            anybody |= one
    return Combined(frame, hosts, each, free & anybody)


def _free_now(frame: Frame, prepared: Prepared, allowed: Sequence[Span], now: datetime) -> int:
    """Give the starts that a host can take by their own notice and caps too.

    Of one who takes turns beside fixed ones, those on the grid of these hosts together.
    """
    time, free = prepared.time, prepared.free
    if frame.measure.rules.assignment is Assignment.ANY and not time.is_fixed:
        if time.is_ahead:
            return 0
        if frame.measure.is_shared:
            free &= frame.common[time.hours]
    if time.rules is NO_HOST_RULES or time.rules == NO_HOST_RULES or not allowed:
        return free
    spans = admitted(frame, time, (allowed[0][0], allowed[-1][1]), now)
    return free & frame.measure.cells.within(spans)


def admitted(frame: Frame, time: HostTime, window: Span, now: datetime) -> list[Span]:
    """Give the part of a window that a host's own notice and caps admit."""
    first = max(window[0], earliest(now, time.rules.notice_minutes))
    return own_caps(time, frame.measure.rules.duration_minutes).uncapped((first, window[1]))


def own_caps(time: HostTime, length: int) -> CapCount:
    """Count a host's bookings over all pages, past ones too, against their own caps."""
    counted = chain((own.span for own in time.own), time.over)
    return CapCount(time.rules.caps, time.hours.zone, counted, length)

"""When those in a team are free: each by themselves, and how many of them at once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

from domain.calendars import Freshness
from domain.intervals import Span, intersect, merge, subtract
from domain.page_hosts import Degraded
from domain.slots import HostTime, Unknown
from domain.slots.opening import opening_windows
from domain.teams import Team, TeamMember
from domain.zones import day_at, day_bounds

_ONE_DAY = timedelta(days=1)


class FreeCount(NamedTuple):
    """An interval all through which the same number of people are free, one at least."""

    start: int
    end: int
    free: int


class FreeDay(NamedTuple):
    """A date, and the most people who are free at once on it, as far as it lies in the window."""

    date: date
    most: int


@dataclass(frozen=True, slots=True)
class MemberTime:
    """When somebody in a team is free, by calendars of what freshness; unknown is busy.

    `degraded` says why somebody cannot be said to be free as they should be. Freshness is None where it is
    not for the reader to know, and then `degraded` is too.
    """

    member: TeamMember
    free: tuple[Span, ...]
    freshness: Freshness | None
    degraded: Degraded | None = None


@dataclass(frozen=True, slots=True)
class TeamTime:
    """When those in a team are free in a window, in the order in which they came into it.

    `freshness` is that of the worst calendar of those who share their availability and have hours.
    """

    team: Team
    window: Span
    zone: str
    freshness: Freshness
    members: tuple[MemberTime, ...]

    @property
    def counts(self) -> tuple[FreeCount, ...]:
        """Say how many are free when."""
        return counts_of(member.free for member in self.members)

    @property
    def days(self) -> tuple[FreeDay, ...]:
        """Say for each date how many are free at most."""
        return days_of(self.counts, self.window, self.zone)


def free_spans(time: HostTime, window: Span) -> tuple[Span, ...]:
    """Give the part of a window in which somebody is open, there, and neither busy nor booked.

    What a booking keeps free before and after it is not free. Of whom the calendars are unknown, nothing is.
    """
    if isinstance(time.busy, Unknown):
        return ()
    opened = intersect(merge(opening_windows(time.hours, window)), [window])
    booked = ((own.span[0] - own.buffer_before, own.span[1] + own.buffer_after) for own in time.own)
    return tuple(subtract(opened, merge([*time.busy, *time.away, *booked])))


def counts_of(each: Iterable[Sequence[Span]]) -> tuple[FreeCount, ...]:
    """Count how many are free when, in order; where nobody is, there is no interval."""
    changes: dict[int, int] = {}
    for spans in each:
        for start, end in spans:
            changes[start] = changes.get(start, 0) + 1
            changes[end] = changes.get(end, 0) - 1
    found: list[FreeCount] = []
    since = free = 0
    for minute, change in sorted(changes.items()):
        if not change:  # one comes as another goes
            continue
        if free:
            found.append(FreeCount(since, minute, free))
        since, free = minute, free + change
    return tuple(found)


def days_of(counts: Sequence[FreeCount], window: Span, zone: str) -> tuple[FreeDay, ...]:
    """Say for each date of a zone that a window touches how many are free at most, in order."""
    days: list[FreeDay] = []
    day, last = day_at(window[0], zone), day_at(window[1] - 1, zone)
    index = 0
    while day <= last:
        start, end = day_bounds(day, zone)
        while index < len(counts) and counts[index].end <= start:
            index += 1
        look, most = index, 0
        while look < len(counts) and counts[look].start < end:
            most = max(most, counts[look].free)
            look += 1
        if start < end:
            days.append(FreeDay(day, most))
        day += _ONE_DAY
    return tuple(days)

"""Schedules: weekly hours and overrides in the wall time of a zone."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise

from domain.errors import InvalidInput
from domain.ids import ScheduleId, UserId
from domain.recurrence import Recurrence
from domain.zones import DAY, FIRST_YEAR, LAST_YEAR, zone

_WINDOWS_A_DAY = 24
_OVERRIDES = 1000
_TRAVELS = 100
_LAST_WEEKDAY = 6


@dataclass(frozen=True, slots=True)
class WeeklyWindow:
    """A window of every week: weekday from 0 = Monday, minutes since midnight, 1,440 = its end.

    An end before the start is on the next day; equal is empty. With a recurrence it is one of some weeks
    only.
    """

    weekday: int
    start_minute: int
    end_minute: int
    recurrence: Recurrence | None = None


@dataclass(frozen=True, slots=True)
class DateOverride:
    """What holds on one date instead of the week; no windows means closed."""

    date: date
    windows: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Travel:
    """Dates, both ends among them, on which the owner is in another zone: hours are its wall times then."""

    first: date
    last: date
    zone: str

    def __post_init__(self) -> None:
        """Check the years, the order and the zone."""
        for day, name in ((self.first, "first"), (self.last, "last")):
            if not FIRST_YEAR <= day.year <= LAST_YEAR:
                raise InvalidInput("A date lies in the years 1970 to 2199.", "travels", name)
        if self.last < self.first:
            raise InvalidInput("The travel ends before it begins.", "travels", "last")
        zone(self.zone, "travels", "zone")


Windows = tuple[tuple[int, int], ...]
"""Minutes of a day, from and to, in order."""
Recurring = tuple[tuple[tuple[int, int], Recurrence], ...]
"""Windows of a weekday that hold on some of its dates only."""


@dataclass(frozen=True, slots=True)
class Hours:
    """When somebody is open, in the wall time of `zone`. Raises InvalidInput that names the field.

    Hours that mean the same are equal, in whatever order they were written; the hash is kept, since
    prepared windows are looked up by it. On the dates of a travel all wall times are those of its zone.
    """

    zone: str
    weekly: tuple[WeeklyWindow, ...] = field(compare=False)
    overrides: tuple[DateOverride, ...] = field(default=(), compare=False)
    travels: tuple[Travel, ...] = ()
    by_weekday: tuple[Windows, ...] = field(init=False, repr=False)
    recurring: tuple[Recurring, ...] = field(init=False, repr=False)
    by_date: dict[date, Windows] = field(init=False, repr=False)
    _hash: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Check, and sort by day."""
        zone(self.zone, "zone")
        days: list[list[tuple[int, int]]] = [[] for _ in range(7)]
        some: list[list[tuple[tuple[int, int], Recurrence]]] = [[] for _ in range(7)]
        for window in self.weekly:
            if not 0 <= window.weekday <= _LAST_WEEKDAY:
                raise InvalidInput("A weekday is 0 for Monday to 6 for Sunday.", "weekly")
            times = window.start_minute, window.end_minute
            _check(times, "weekly")
            if window.recurrence is None:
                days[window.weekday].append(times)
            else:
                some[window.weekday].append((times, window.recurrence))
        if len(self.weekly) > _WINDOWS_A_DAY and any(
            len(day) + len(more) > _WINDOWS_A_DAY for day, more in zip(days, some, strict=True)
        ):
            raise InvalidInput(f"A day has at most {_WINDOWS_A_DAY} windows.", "weekly")
        if len(self.overrides) > _OVERRIDES:
            raise InvalidInput(f"A schedule has at most {_OVERRIDES} overrides.", "overrides")
        by_date = {override.date: tuple(sorted(override.windows)) for override in self.overrides}
        if len(by_date) < len(self.overrides):
            raise InvalidInput("A date has one override at most.", "overrides")
        for windows in by_date.values():
            if len(windows) > _WINDOWS_A_DAY:
                raise InvalidInput(f"A day has at most {_WINDOWS_A_DAY} windows.", "overrides")
            for window in windows:
                _check(window, "overrides")
        week = tuple([tuple(sorted(day)) for day in days])
        recurring = tuple([tuple(sorted(day, key=repr)) if day else () for day in some])
        travels = _in_order(self.travels) if self.travels else ()
        object.__setattr__(self, "by_weekday", week)
        object.__setattr__(self, "recurring", recurring)
        object.__setattr__(self, "by_date", by_date)
        object.__setattr__(self, "travels", travels)
        kept = hash((self.zone, week, recurring, frozenset(by_date.items()), travels))
        object.__setattr__(self, "_hash", kept)

    def __hash__(self) -> int:
        """Give the kept hash."""
        return self._hash

    def windows_on(self, day: date) -> Windows:
        """Give the windows of a date: its override's, else those of its weekday that hold on it."""
        windows = self.by_date.get(day)
        if windows is None:
            windows = self.by_weekday[day.weekday()]
            recurring = self.recurring[day.weekday()]
            if recurring:
                held = (window for window, recurrence in recurring if recurrence.holds_on(day))
                windows = (*windows, *held)
        return windows

    def zone_on(self, day: date) -> str:
        """Name the zone whose wall times a date's hours are."""
        for travel in self.travels:
            if travel.first <= day <= travel.last:
                return travel.zone
        return self.zone


def _in_order(travels: Iterable[Travel]) -> tuple[Travel, ...]:
    ordered = tuple(sorted(travels, key=lambda travel: travel.first))
    if len(ordered) > _TRAVELS:
        raise InvalidInput(f"A schedule has at most {_TRAVELS} travels.", "travels")
    if any(earlier.last >= later.first for earlier, later in pairwise(ordered)):
        raise InvalidInput("A date is in one travel at most.", "travels")
    return ordered


def _check(window: tuple[int, int], name: str) -> None:
    start, end = window
    if not (0 <= start < DAY and 0 <= end <= DAY):
        raise InvalidInput("A window begins at 00:00 to 23:59 and ends at 00:00 to 24:00.", name)


@dataclass(frozen=True, slots=True)
class Schedule:
    """A user's named hours. `revision` grows with each change."""

    id: ScheduleId
    user_id: UserId
    name: str
    is_default: bool
    hours: Hours
    revision: int

"""Schedules: weekly hours and overrides in the wall time of a zone."""

from dataclasses import dataclass, field
from datetime import date

from domain.errors import InvalidInput
from domain.ids import ScheduleId, UserId
from domain.zones import DAY, zone

_WINDOWS_A_DAY = 24
_OVERRIDES = 1000
_LAST_WEEKDAY = 6


@dataclass(frozen=True, slots=True)
class WeeklyWindow:
    """A window of every week: weekday from 0 = Monday, minutes since midnight, 1,440 = its end.

    An end before the start is on the next day; equal is empty.
    """

    weekday: int
    start_minute: int
    end_minute: int


@dataclass(frozen=True, slots=True)
class DateOverride:
    """What holds on one date instead of the week; no windows means closed."""

    date: date
    windows: tuple[tuple[int, int], ...]


Windows = tuple[tuple[int, int], ...]
"""Minutes of a day, from and to, in order."""


@dataclass(frozen=True, slots=True)
class Hours:
    """When somebody is open, in the wall time of `zone`. Raises InvalidInput that names the field.

    Hours that mean the same are equal, in whatever order they were written; the hash is kept, since
    prepared windows are looked up by it.
    """

    zone: str
    weekly: tuple[WeeklyWindow, ...] = field(compare=False)
    overrides: tuple[DateOverride, ...] = field(default=(), compare=False)
    by_weekday: tuple[Windows, ...] = field(init=False, repr=False)
    by_date: dict[date, Windows] = field(init=False, repr=False)
    _hash: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Check, and sort by day."""
        zone(self.zone, "zone")
        days: list[list[tuple[int, int]]] = [[] for _ in range(7)]
        for window in self.weekly:
            if not 0 <= window.weekday <= _LAST_WEEKDAY:
                raise InvalidInput("A weekday is 0 for Monday to 6 for Sunday.", "weekly")
            times = window.start_minute, window.end_minute
            _check(times, "weekly")
            days[window.weekday].append(times)
        if any(len(day) > _WINDOWS_A_DAY for day in days):
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
        week = tuple(tuple(sorted(day)) for day in days)
        object.__setattr__(self, "by_weekday", week)
        object.__setattr__(self, "by_date", by_date)
        object.__setattr__(self, "_hash", hash((self.zone, week, frozenset(by_date.items()))))

    def __hash__(self) -> int:
        """Give the kept hash."""
        return self._hash


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

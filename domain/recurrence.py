"""Recurrences of weekly hours: on which of its weekdays a window holds, a small part of RFC 5545."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta

from domain.errors import InvalidInput
from domain.zones import FIRST_YEAR, LAST_YEAR

MOST_WEEKS = 52
_WEEK = 7
_MOST_OF_A_MONTH = 5
_FIELD = "recurrence"


@dataclass(frozen=True, slots=True)
class EveryWeeks:
    """Every so many weeks, counted from the week of `anchor`, which begins on Monday; never before `anchor`.

    As `FREQ=WEEKLY;INTERVAL=…;WKST=MO` with `anchor` for DTSTART.
    """

    interval: int
    anchor: date

    def __post_init__(self) -> None:
        """Check the number and the year."""
        if not 1 <= self.interval <= MOST_WEEKS:
            raise InvalidInput(f"Hours recur every 1 to {MOST_WEEKS} weeks.", "weekly", _FIELD, "everyWeeks")
        if not FIRST_YEAR <= self.anchor.year <= LAST_YEAR:
            raise InvalidInput("A date lies in the years 1970 to 2199.", "weekly", _FIELD, "anchor")

    def holds_on(self, day: date) -> bool:
        """Tell whether the week of a date is one of them."""
        weeks = (_monday(day) - _monday(self.anchor)).days // _WEEK
        return day >= self.anchor and weeks % self.interval == 0


@dataclass(frozen=True, slots=True)
class NthOfMonth:
    """The first to fifth such weekday of each month; -1 is the last one, -2 the one before it.

    As `FREQ=MONTHLY;BYDAY=1MO,-1MO`. A month without a fifth one has none.
    """

    ordinals: tuple[int, ...]

    def __post_init__(self) -> None:
        """Check the numbers and put them in order."""
        allowed = {*range(1, _MOST_OF_A_MONTH + 1), *range(-_MOST_OF_A_MONTH, 0)}
        if not self.ordinals or not allowed.issuperset(self.ordinals):
            raise InvalidInput(
                "A month's weekdays are named 1 to 5, or -1 for the last to -5.",
                "weekly", _FIELD, "nthOfMonth",
            )  # fmt: skip
        object.__setattr__(self, "ordinals", tuple(sorted(set(self.ordinals))))

    def holds_on(self, day: date) -> bool:
        """Tell whether a date is one of these of its weekday in its month."""
        left = monthrange(day.year, day.month)[1] - day.day
        return (day.day - 1) // _WEEK + 1 in self.ordinals or -(left // _WEEK) - 1 in self.ordinals


Recurrence = EveryWeeks | NthOfMonth


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())

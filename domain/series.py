"""Series: several bookings made as one, at the same wall time of weeks or months (X14)."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from domain.errors import InvalidInput, RuleBroken
from domain.intervals import instant_of, minute_of
from domain.zones import minute_at, wall_at

MOST = 26
_LONGEST = timedelta(days=371)  # the second Tuesday of a month, a year later
_WEEK = timedelta(days=7)
_MONTHS = 12


class Frequency(StrEnum):
    """How far the bookings of a series are apart."""

    WEEKLY = "weekly"
    FORTNIGHTLY = "fortnightly"
    MONTHLY = "monthly"


@dataclass(frozen=True, slots=True)
class Repeats:
    """How often, and how many times in all."""

    frequency: Frequency
    count: int

    def __post_init__(self) -> None:
        """Check the number."""
        if not 2 <= self.count <= MOST:  # noqa: PLR2004 -- one alone is no series
            raise InvalidInput(f"A series has 2 to {MOST} bookings.", "count")


class SeriesNotFree(RuleBroken):
    """A series some of whose starts cannot be booked: nothing is."""

    code = "SERIES_NOT_FREE"
    sentence = "Some of these times are not free. Nothing was booked."

    def __init__(self, *path: str, refused: tuple[datetime, ...]) -> None:
        super().__init__(*path)
        self.refused = refused


def starts_of(first: datetime, repeats: Repeats, zone: str) -> tuple[datetime, ...]:
    """Give the starts of a series: the same time on the wall of a zone, whatever its clock does (D15).

    Months have the same weekday of the month, such as the second Tuesday; a fifth one stands for the last.
    Raises InvalidInput for a series of more than a year.
    """
    wall = wall_at(minute_of(first), zone)
    minute = wall.hour * 60 + wall.minute
    days = [_day(wall.date(), repeats.frequency, number) for number in range(repeats.count)]
    if days[-1] - days[0] > _LONGEST:
        raise InvalidInput("A series lasts a year at most.", "count")
    # The first is as it was given: of a wall time that occurs twice it may be the second pass.
    return (first, *(instant_of(minute_at(day, minute, zone)) for day in days[1:]))


def _day(first: date, frequency: Frequency, number: int) -> date:
    match frequency:
        case Frequency.WEEKLY:
            return first + number * _WEEK
        case Frequency.FORTNIGHTLY:
            return first + 2 * number * _WEEK
        case Frequency.MONTHLY:
            year, month = divmod(first.year * _MONTHS + first.month - 1 + number, _MONTHS)
            begins, days = monthrange(year, month + 1)
            day = 1 + (first.weekday() - begins) % 7 + (first.day - 1) // 7 * 7
            return date(year, month + 1, day if day <= days else day - 7)

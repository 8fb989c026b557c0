"""Absences: dates on which a user is out of office, and whose time is then not offered on any page."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from domain.errors import InvalidInput
from domain.ids import AbsenceId, UserId
from domain.intervals import Span
from domain.zones import FIRST_YEAR, LAST_YEAR, day_bounds, zone

MAX_ABSENCES = 100
_LONGEST = 731  # days


class AbsenceReason(StrEnum):
    """Why somebody is out of office; for themselves alone, no invitee is told."""

    VACATION = "vacation"
    SICK_LEAVE = "sick_leave"
    TRAVEL = "travel"
    PARENTAL_LEAVE = "parental_leave"
    HOLIDAY = "holiday"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class AbsenceDates:
    """From the start of one date to the end of another, in a zone; raises InvalidInput."""

    first: date
    last: date
    zone: str

    def __post_init__(self) -> None:
        """Check the years, the order, the length and the zone."""
        for day, name in ((self.first, "first"), (self.last, "last")):
            if not FIRST_YEAR <= day.year <= LAST_YEAR:
                raise InvalidInput("A date lies in the years 1970 to 2199.", name)
        if self.last < self.first:
            raise InvalidInput("The absence ends before it begins.", "last")
        if (self.last - self.first).days >= _LONGEST:
            raise InvalidInput("An absence has two years at most.", "last")
        zone(self.zone, "zone")

    @property
    def span(self) -> Span:
        """Give it as minutes since 1970."""
        return day_bounds(self.first, self.zone)[0], day_bounds(self.last, self.zone)[1]


@dataclass(frozen=True, slots=True)
class Absence:
    """A user's absence."""

    id: AbsenceId
    user_id: UserId
    dates: AbsenceDates
    reason: AbsenceReason

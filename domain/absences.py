"""Absences: dates on which a user is out of office, whose time is then not offered, and who stands in."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum

from domain.booking_pages import BookingPage
from domain.errors import Conflict, InvalidInput
from domain.ids import AbsenceId, PageId, UserId
from domain.intervals import Span, instant_of, minute_of
from domain.slots import Assignment
from domain.users import User
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

    def holds(self, minute: int) -> bool:
        """Say whether a minute since 1970 lies within."""
        start, end = self.span
        return start <= minute < end


class StandInState(StrEnum):
    """What a colleague has said who was asked to stand in; nothing is said of them before they agree."""

    ASKED = "asked"
    AGREED = "agreed"
    DECLINED = "declined"


class NotAskedAnyMore(Conflict):
    """An absence for which the asker does not stand in any more, or which is over."""

    sentence = "You are not asked to stand in for this absence any more."


@dataclass(frozen=True, slots=True)
class StandIn:
    """A colleague who was asked to stand in; `page_id` is the page that they named when they agreed."""

    user_id: UserId
    state: StandInState = StandInState.ASKED
    page_id: PageId | None = None


@dataclass(frozen=True, slots=True)
class Absence:
    """A user's absence. `version` grows with each change of who stands in."""

    id: AbsenceId
    user_id: UserId
    dates: AbsenceDates
    reason: AbsenceReason
    stand_in: StandIn | None = None
    version: int = 0

    def is_over(self, now: datetime) -> bool:
        """Say whether it has ended."""
        return self.dates.span[1] <= minute_of(now)

    def is_duty(self, now: datetime) -> bool:
        """Say whether somebody is asked to stand in, or does, for what is not over."""
        return self.stand_in is not None and not _has_declined(self.stand_in) and not self.is_over(now)

    def asking(self, member: UserId | None, now: datetime) -> "Absence":
        """Give it with another stand-in, who is still to agree, or None; InvalidInput for `standInId`.

        Who was asked already and has not declined stays as they are.
        """
        if member == self.user_id:
            raise InvalidInput("Nobody stands in for themselves.", "standInId")
        if member is not None and self.is_over(now):
            raise InvalidInput("This absence is over.", "standInId")
        present = self.stand_in
        if member == (present.user_id if present else None) and not _has_declined(present):
            return self
        return replace(self, stand_in=StandIn(member) if member else None, version=self.version + 1)

    def answered(self, member: UserId, page_id: PageId | None, now: datetime) -> "Absence":
        """Give it with the answer of who stands in: a page of theirs, or None to decline, at any time.

        NotAskedAnyMore where they do not stand in, have declined, or it is over.
        """
        present = self.stand_in
        if present is None or present.user_id != member or _has_declined(present) or self.is_over(now):
            raise NotAskedAnyMore
        state = StandInState.AGREED if page_id else StandInState.DECLINED
        return replace(self, stand_in=StandIn(member, state, page_id), version=self.version + 1)


@dataclass(frozen=True, slots=True)
class Duty:
    """An absence as who stands in for it sees it: whose it is, and when; the reason is not theirs to know."""

    absence: Absence
    host: User


@dataclass(frozen=True, slots=True)
class ToldAbsence:
    """What visitors may be told of a host's absence: its dates, and a page's link, as `handle/page`.

    That page is not offered either `without` its owner, on dates of theirs.
    """

    host: UserId
    dates: AbsenceDates
    link: str | None
    without: tuple[AbsenceDates, ...] = ()

    def link_at(self, minute: int) -> str | None:
        """Give the link as far as it leads further at an instant: who stands in may be away themselves."""
        return None if any(dates.holds(minute) for dates in self.without) else self.link


@dataclass(frozen=True, slots=True)
class Away:
    """That a page is not offered for an absence: until when, and the link of a page to book instead."""

    until: datetime
    link: str | None


def needed_hosts(page: BookingPage) -> tuple[UserId, ...]:
    """Name, in order, the hosts without whom a page is not offered: those who take turns are not needed."""
    is_any = page.rules.assignment is Assignment.ANY
    return tuple(host.user_id for host in page.hosts if host.is_fixed or not is_any)


def away_at(page: BookingPage, told: Sequence[ToldAbsence], at: datetime) -> Away | None:
    """Say what visitors are told of an instant; None where nobody is away whom the page needs.

    It is the latest end, and the link of the first host in order who has one that leads further.
    """
    needed, minute = needed_hosts(page), minute_of(at)
    its = [
        absence for host in needed for absence in told if absence.host == host and absence.dates.holds(minute)
    ]
    if not its:
        return None
    until = instant_of(max(absence.dates.span[1] for absence in its))
    return Away(until, next((link for absence in its if (link := absence.link_at(minute))), None))


def _has_declined(stand_in: StandIn | None) -> bool:
    return stand_in is not None and stand_in.state is StandInState.DECLINED

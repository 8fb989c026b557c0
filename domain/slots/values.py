"""What the engine is asked with, and what it answers. Times are UTC minutes since 1970, half-open."""

from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from typing import Any, NamedTuple

from domain.availability import Hours
from domain.errors import InvalidInput
from domain.intervals import Span
from domain.statuses import USUAL, StatusRule
from domain.zones import DAY, FIRST_YEAR, LAST_YEAR, zone

_LONGEST = DAY
_NOTICE = 366 * DAY
_AHEAD = 3660
_LAST_WEEKDAY = 6
_LENGTHS = 10
_MONTH_AND_WEEK = 40 * DAY
_YEAR = 368 * DAY


class Assignment(StrEnum):
    """How hosts take a slot: the one host, all of them, or any one, with all who are fixed."""

    ONE = "one"
    ALL = "all"
    ANY = "any"


class GridOrigin(StrEnum):
    """From where starts are counted: the start of each opening window, or the hour on the wall (D16)."""

    OPENING = "opening"
    HOUR = "hour"


@dataclass(frozen=True, slots=True)
class Unlimited:
    """Any date may be booked."""


@dataclass(frozen=True, slots=True)
class RollingDays:
    """Today and so many whole local days after it."""

    days: int

    def __post_init__(self) -> None:
        """Check the number."""
        if not 0 <= self.days <= _AHEAD:
            raise InvalidInput(f"A booking window has 0 to {_AHEAD} days.", "window", "days")


@dataclass(frozen=True, slots=True)
class RollingBusinessDays:
    """Today and up to so many Mondays to Fridays after it, with the weekends in between."""

    days: int

    def __post_init__(self) -> None:
        """Check the number."""
        if not 0 <= self.days <= _AHEAD:
            raise InvalidInput(f"A booking window has 0 to {_AHEAD} days.", "window", "days")


@dataclass(frozen=True, slots=True)
class DateRange:
    """Two dates and all between them."""

    first: date
    last: date

    def __post_init__(self) -> None:
        """Check the years and the order."""
        for day, name in ((self.first, "first"), (self.last, "last")):
            if not FIRST_YEAR <= day.year <= LAST_YEAR:
                raise InvalidInput("A date lies in the years 1970 to 2199.", "window", name)
        if self.last < self.first:
            raise InvalidInput("The booking window ends before it begins.", "window", "last")


Ahead = Unlimited | RollingDays | RollingBusinessDays | DateRange


@dataclass(frozen=True, slots=True)
class Caps:
    """At most so many bookings, or booked minutes, a local day, week, month or year of the page's zone.

    A week begins on `week_start`, 0 = Monday. A booking counts on the date on which it starts; minutes
    are used up when one more booking would not fit.
    """

    per_day: int | None = None
    per_week: int | None = None
    per_month: int | None = None
    per_day_minutes: int | None = None
    per_week_minutes: int | None = None
    per_month_minutes: int | None = None
    week_start: int = 0
    per_year: int | None = None
    per_year_minutes: int | None = None

    def __post_init__(self) -> None:
        """Check the numbers."""
        if any(cap is not None and cap < 0 for caps in self.by_period.values() for cap in caps):
            raise InvalidInput("A cap is 0 or more.", "caps")
        if not 0 <= self.week_start <= _LAST_WEEKDAY:
            raise InvalidInput("A week starts on 0 for Monday to 6 for Sunday.", "caps", "weekStart")

    @property
    def by_period(self) -> dict[str, tuple[int | None, int | None]]:
        """Give for each period the most bookings and the most minutes."""
        return {
            "day": (self.per_day, self.per_day_minutes),
            "week": (self.per_week, self.per_week_minutes),
            "month": (self.per_month, self.per_month_minutes),
            "year": (self.per_year, self.per_year_minutes),
        }

    @property
    def any_set(self) -> bool:
        """Whether anything is capped."""
        return self.reach > 0

    @property
    def reach(self) -> int:
        """Minutes around a window in which a booking can count together with a slot of it; 0 without caps."""
        if self.per_year is not None or self.per_year_minutes is not None:
            return _YEAR
        is_set = any(cap is not None for caps in self.by_period.values() for cap in caps)
        return _MONTH_AND_WEEK if is_set else 0


@dataclass(frozen=True, slots=True)
class Rules:
    """A page's rules. No `interval_minutes`: the length. No `zone`: the first host's.

    By `status_rule` the calendars are read: what the engine is given as busy has been judged by it.
    `other_lengths` are what may be chosen instead of `duration_minutes`. `starts` are those alone that are
    offered, in order, whatever the grid; None are all that lie on it.
    """

    duration_minutes: int
    interval_minutes: int | None = None
    grid_origin: GridOrigin = GridOrigin.OPENING
    buffer_before_minutes: int = 0
    buffer_after_minutes: int = 0
    notice_minutes: int = 0
    window: Ahead = Unlimited()
    caps: Caps = Caps()
    zone: str | None = None
    assignment: Assignment = Assignment.ONE
    status_rule: StatusRule = field(default=USUAL, hash=False)  # hashed per host; few differ in it
    other_lengths: tuple[int, ...] = ()
    starts: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        """Check the numbers and the zone."""
        if not 1 <= self.duration_minutes <= _LONGEST:
            raise InvalidInput("A booking lasts 1 to 1440 minutes.", "durationMinutes")
        if not all(1 <= length <= _LONGEST for length in self.other_lengths):
            raise InvalidInput("A booking lasts 1 to 1440 minutes.", "otherLengthsMinutes")
        if len(self.other_lengths) >= _LENGTHS:
            raise InvalidInput(f"A page has at most {_LENGTHS} lengths.", "otherLengthsMinutes")
        if self.interval_minutes is not None and not 1 <= self.interval_minutes <= _LONGEST:
            raise InvalidInput("Starts are 1 to 1440 minutes apart.", "intervalMinutes")
        if not 0 <= self.buffer_before_minutes <= _LONGEST:
            raise InvalidInput("A buffer has 0 to 1440 minutes.", "bufferBeforeMinutes")
        if not 0 <= self.buffer_after_minutes <= _LONGEST:
            raise InvalidInput("A buffer has 0 to 1440 minutes.", "bufferAfterMinutes")
        if not 0 <= self.notice_minutes <= _NOTICE:
            raise InvalidInput("The notice is at most a year.", "noticeMinutes")
        if self.zone is not None:
            zone(self.zone, "zone")

    @property
    def interval(self) -> int:
        """Minutes from one start to the next."""
        return self.interval_minutes or self.duration_minutes

    @property
    def lengths(self) -> tuple[int, ...]:
        """All lengths that may be chosen, shortest first."""
        return tuple(sorted({self.duration_minutes, *self.other_lengths}))

    def lasting(self, minutes: int) -> "Rules":
        """Give the same rules for bookings of another length: their starts stay on the same grid."""
        if minutes == self.duration_minutes:
            return self
        others = tuple(length for length in self.lengths if length != minutes)
        return replace(self, duration_minutes=minutes, other_lengths=others, interval_minutes=self.interval)


@dataclass(frozen=True, slots=True)
class HostRules:
    """What a host asks for in every page (X05): of this and what a page says, the stricter holds.

    The caps count the host's bookings over all pages; their days, weeks and months are those of the zone
    of the host's hours.
    """

    buffer_before_minutes: int = 0
    buffer_after_minutes: int = 0
    notice_minutes: int = 0
    caps: Caps = Caps()

    def __post_init__(self) -> None:
        """Check the numbers."""
        if not 0 <= self.buffer_before_minutes <= _LONGEST:
            raise InvalidInput("A buffer has 0 to 1440 minutes.", "bufferBeforeMinutes")
        if not 0 <= self.buffer_after_minutes <= _LONGEST:
            raise InvalidInput("A buffer has 0 to 1440 minutes.", "bufferAfterMinutes")
        if not 0 <= self.notice_minutes <= _NOTICE:
            raise InvalidInput("The notice is at most a year.", "noticeMinutes")


NO_HOST_RULES = HostRules()


NOT_SHARING = "not_sharing"
"""Why nothing is known of a host who does not share their availability, or was disabled."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """Busy times that could not be read: unknown is busy."""

    reason: str


class Own(NamedTuple):
    """A booking of ours that takes a host's time, with the buffers that go with it."""

    span: Span
    buffer_before: int = 0
    buffer_after: int = 0


@dataclass(frozen=True, slots=True)
class HostTime:
    """What the engine has to know of one host; `host` is any hashable name.

    `own` has every booking that keeps their time, `over` those that are past: caps of their `rules` count
    both, and past ones forbid nothing. `away` is when they are out of office: no slot may touch it, buffers
    may. Where any host takes a slot, those who are `is_fixed` take each of them
    together with one who is not, and nobody is taken who `is_ahead`.
    """

    host: Any
    hours: Hours
    busy: tuple[Span, ...] | Unknown
    own: tuple[Own, ...] = ()
    away: tuple[Span, ...] = ()
    rules: HostRules = NO_HOST_RULES
    is_fixed: bool = False
    is_ahead: bool = False
    over: tuple[Span, ...] = ()


class Session(NamedTuple):
    """A booking of this page that has seats: it can be joined while some are left."""

    start: int
    end: int
    seats_left: int


class Slot(NamedTuple):
    """A start that can be booked, with the hosts who can take it; seats only for a session.

    A named tuple, since an answer has hundreds of them and they are made four times as fast.
    """

    start: int
    end: int
    hosts: tuple[Any, ...]
    seats_left: int | None = None


class OpenSlot(NamedTuple):
    """A slot as it is shown to whoever may book it; seats only for a session."""

    start: int
    end: int
    seats_left: int | None = None


class RefusalRule(StrEnum):
    """A rule that can refuse a start."""

    NOTICE = "notice"
    WINDOW = "window"
    CAP = "cap"
    HOURS = "hours"
    AWAY = "away"
    GRID = "grid"
    BUSY = "busy"
    BOOKED = "booked"
    CALENDAR_UNKNOWN = "calendar_unknown"
    AHEAD = "ahead"
    FULL = "full"
    WAITED = "waited"
    RESOURCE = "resource"
    LINK = "link"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A rule that refuses a start; for rules about hosts, which. `detail` is a sentence for support."""

    rule: RefusalRule
    host: Any = None
    detail: str | None = None

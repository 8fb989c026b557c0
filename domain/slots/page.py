"""What a page alone says of a start, whoever its hosts are: notice, booking window, caps, resources."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from domain.intervals import Span, intersect, minute_of
from domain.slots.caps import CapCount
from domain.slots.pools import Pool, chosen, free_starts
from domain.slots.values import DateRange, RollingBusinessDays, RollingDays, Rules, Unlimited
from domain.zones import day_at, day_bounds

_WEEKEND = 5
_WORKDAYS = 5


class PageJudge:
    """Judges starts by the page's own rules, for one now; days to years are those of `zone`."""

    def __init__(
        self,
        rules: Rules,
        zone: str,
        now: datetime,
        counted: Sequence[Span],
        pools: Sequence[Pool] = (),
    ) -> None:
        self.earliest = earliest(now, rules.notice_minutes)
        self.dates = _dates(rules, day_at(minute_of(now), zone))
        self._bounds = self.dates and (
            day_bounds(self.dates[0], zone)[0],
            day_bounds(self.dates[1], zone)[1],
        )
        self._caps = CapCount(rules.caps, zone, counted, rules.duration_minutes)
        self._pools = pools
        self._length = rules.duration_minutes

    def ahead(self, window: Span) -> Span | None:
        """Give the part of a window that notice and booking window admit."""
        start, end = max(window[0], self.earliest), window[1]
        if self._bounds:
            start, end = max(start, self._bounds[0]), min(end, self._bounds[1])
        return (start, end) if start < end else None

    def is_ahead(self, start: int) -> bool:
        """Tell whether the booking window admits a start."""
        return not self._bounds or self._bounds[0] <= start < self._bounds[1]

    def uncapped(self, window: Span) -> list[Span]:
        """Give the starts of a window on whose days no cap is used up, and that have their resources."""
        uncapped = self._caps.uncapped(window)
        return (
            intersect(uncapped, free_starts(self._pools, window, self._length)) if self._pools else uncapped
        )

    def has_resources(self, start: int) -> bool:
        """Tell whether each pool of resources has one that is free."""
        return chosen(self._pools, (start, start + self._length)) is not None

    def caps_of(self, start: int) -> list[str]:
        """Name the caps of the day, week and month of a start that are used up, with their sizes."""
        return self._caps.caps_of(start)


def earliest(now: datetime, notice_minutes: int) -> int:
    """Give the first minute that a notice admits, to the second of now."""
    first = now + timedelta(minutes=notice_minutes)
    return minute_of(first) + (1 if first.second or first.microsecond else 0)


def _dates(rules: Rules, today: date) -> tuple[date, date] | None:
    match rules.window:
        case Unlimited():
            return None
        case DateRange(first, last):
            return first, last
        case RollingDays(days):
            return today, today + timedelta(days=days)
        case RollingBusinessDays(days):
            return today, _workdays_after(today, days)


def _workdays_after(day: date, count: int) -> date:
    """Give the date that is so many Mondays to Fridays later; weekends cost nothing."""
    if not count:
        return day
    if day.weekday() >= _WEEKEND:
        day -= timedelta(days=day.weekday() - _WEEKEND + 1)
    weeks, rest = divmod(count, _WORKDAYS)
    over_weekend = day.weekday() + rest >= _WEEKEND
    return day + timedelta(days=7 * weeks + rest + (2 if over_weekend else 0))

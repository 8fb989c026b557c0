"""What a page alone says of a start, whoever its hosts are: notice, booking window, caps."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, timedelta

from domain.intervals import Span, minute_of
from domain.slots.values import DateRange, RollingBusinessDays, RollingDays, Rules, Unlimited
from domain.zones import day_at, day_bounds

_ONE_DAY = timedelta(days=1)
_WEEKEND = 5
_WORKDAYS = 5


class PageJudge:
    """Judges starts by the page's own rules, for one now; days to years are those of `zone`."""

    def __init__(self, rules: Rules, zone: str, now: datetime, counted: Sequence[Span]) -> None:
        self._rules = rules
        self._zone = zone
        earliest = now + timedelta(minutes=rules.notice_minutes)
        self.earliest = minute_of(earliest) + (1 if earliest.second or earliest.microsecond else 0)
        self.dates = _dates(rules, day_at(minute_of(now), zone))
        self._bounds = self.dates and (
            day_bounds(self.dates[0], zone)[0],
            day_bounds(self.dates[1], zone)[1],
        )
        self._caps = rules.caps.by_period
        self._bookings: Counter[tuple[str, date]] = Counter()
        self._minutes: Counter[tuple[str, date]] = Counter()
        if rules.caps.any_set:
            for start, end in counted:
                for period in self._periods(day_at(start, zone)):
                    self._bookings[period] += 1
                    self._minutes[period] += end - start

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
        """Give the days of a window, as far as they lie in it, on which no cap is used up."""
        if not self._rules.caps.any_set:
            return [window]
        left: list[Span] = []
        day, last = day_at(window[0], self._zone), day_at(window[1] - 1, self._zone)
        while day <= last:
            start, end = day_bounds(day, self._zone)
            start, end = max(start, window[0]), min(end, window[1])
            if start < end and not self._used_up(day):
                left.append((start, end))
            day += _ONE_DAY
        return left

    def caps_of(self, start: int) -> list[str]:
        """Name the caps of the day, week, month and year of a start that are used up, with their sizes."""
        return self._used_up(day_at(start, self._zone)) if self._rules.caps.any_set else []

    def _used_up(self, day: date) -> list[str]:
        caps, length = self._caps, self._rules.duration_minutes
        used: list[str] = []
        for period in self._periods(day):
            bookings, minutes = caps[period[0]]
            if bookings is not None and self._bookings[period] >= bookings:
                used.append(f"{bookings} bookings a {period[0]}")
            if minutes is not None and self._minutes[period] + length > minutes:
                used.append(f"{minutes} minutes a {period[0]}")
        return used

    def _periods(self, day: date) -> tuple[tuple[str, date], ...]:
        into_week = (day.weekday() - self._rules.caps.week_start) % 7
        return (
            ("day", day),
            ("week", day - timedelta(days=into_week)),
            ("month", day.replace(day=1)),
            ("year", day.replace(month=1, day=1)),
        )


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

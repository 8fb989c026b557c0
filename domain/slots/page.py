"""What a page alone says of a start, whoever its hosts are: notice, booking window, caps."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, timedelta

from domain.intervals import Span, minute_of
from domain.slots.values import DateRange, RollingBusinessDays, RollingDays, Rules, Unlimited
from domain.zones import day_bounds, local_date

_ONE_DAY = timedelta(days=1)
_FRIDAY = 4


class PageJudge:
    """Judges starts by the page's own rules, for one now."""

    def __init__(self, rules: Rules, zone: str, now: datetime, counted: Sequence[Span]) -> None:
        self._rules = rules
        self._zone = zone
        earliest = now + timedelta(minutes=rules.notice_minutes)
        self.earliest = minute_of(earliest) + (1 if earliest.second or earliest.microsecond else 0)
        self.bounds = _bounds(rules, zone, local_date(minute_of(now), zone))
        self._capped: dict[date, bool] = {}
        self._counts: Counter[tuple[str, date]] = Counter()
        self._minutes: Counter[tuple[str, date]] = Counter()
        if rules.caps.any_set:
            for start, end in counted:
                for period in self._periods(local_date(start, zone)):
                    self._counts[period] += 1
                    self._minutes[period] += end - start

    def is_ahead(self, start: int) -> bool:
        """Tell whether the booking window admits a start."""
        first, last = self.bounds
        return (first is None or start >= first) and (last is None or start < last)

    def is_capped(self, start: int) -> bool:
        """Tell whether a cap of the day, week or month of a start is used up."""
        if not self._rules.caps.any_set:
            return False
        day = local_date(start, self._zone)
        capped = self._capped.get(day)
        if capped is None:
            capped = self._capped[day] = self._is_full(day)
        return capped

    def _is_full(self, day: date) -> bool:
        caps, length = self._rules.caps, self._rules.duration_minutes
        counts = (caps.per_day, caps.per_week, caps.per_month)
        minutes = (caps.per_day_minutes, caps.per_week_minutes, caps.per_month_minutes)
        return any(
            (most is not None and self._counts[period] >= most)
            or (longest is not None and self._minutes[period] + length > longest)
            for period, most, longest in zip(self._periods(day), counts, minutes, strict=True)
        )

    def _periods(self, day: date) -> tuple[tuple[str, date], ...]:
        into_week = (day.weekday() - self._rules.caps.week_start) % 7
        return ("day", day), ("week", day - timedelta(days=into_week)), ("month", day.replace(day=1))


def _bounds(rules: Rules, zone: str, today: date) -> tuple[int | None, int | None]:
    match rules.window:
        case Unlimited():
            return None, None
        case DateRange(first, last):
            return day_bounds(first, zone)[0], day_bounds(last, zone)[1]
        case RollingDays(days):
            last = today + timedelta(days=days)
        case RollingBusinessDays(days):
            last = today
            left = days
            while left:
                last += _ONE_DAY
                left -= last.weekday() <= _FRIDAY
    return day_bounds(today, zone)[0], day_bounds(last, zone)[1]

"""On which days a recurrence rule falls (RFC 5545, 3.3.10), asked for a stretch of days.

A rule is judged day by day, never unrolled from its start unless it counts, so that no rule can keep us
busy: the work is bounded by the days that are asked for.
"""

import re
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from integrations.ical_lines import Unreadable

_WEEK = 7
_MIDWEEK = 3  # a week belongs to the year in which its fourth day lies
_WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_BY_DAY = re.compile(r"([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)", re.ASCII)
_NUMBER = re.compile(r"[+-]?\d{1,6}", re.ASCII)


class Frequency(StrEnum):
    """The period in which a rule counts; those shorter than a day are not read."""

    DAILY = "DAILY"
    WEEKLY = "WEEKLY"
    MONTHLY = "MONTHLY"
    YEARLY = "YEARLY"


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule by its parts; an empty part says nothing. `by_day` pairs an ordinal (0: every) with a weekday.

    `until` is the last moment as it was sent. `is_exact` is False for a rule with parts that are not
    understood: whoever asks must then take the whole of each day.
    """

    frequency: Frequency
    interval: int = 1
    count: int | None = None
    until: str | None = None
    week_start: int = 0
    by_month: frozenset[int] = frozenset()
    by_month_day: frozenset[int] = frozenset()
    by_year_day: frozenset[int] = frozenset()
    by_week: frozenset[int] = frozenset()
    by_day: frozenset[tuple[int, int]] = frozenset()
    by_position: frozenset[int] = frozenset()
    is_exact: bool = True

    def days(self, first: date, since: date, last: date) -> Iterator[date]:
        """Name the rule's days from `since` to `last`, both included, in order; `first` is where it starts.

        A rule that counts is followed from its start, any other from `since`.
        """
        if first > last:
            return
        found = self._from(first, first if self.count else max(first, since), last)
        for number, day in enumerate(found):
            if self.count and number >= self.count:
                return
            if day >= since:
                yield day

    def _from(self, first: date, start: date, last: date) -> Iterator[date]:
        for period in self._periods(first, start, last):
            found = [day for day in self._days_of(period, first) if self._holds(day, first)]
            for number, day in enumerate(found):
                is_placed = not self.by_position or {number + 1, number - len(found)} & self.by_position
                if is_placed and start <= day <= last:
                    yield day

    def _periods(self, first: date, start: date, last: date) -> Iterator[date]:
        """Name the first days of the periods in which the rule can fall, from the one that holds `start`."""
        origin = self._period_start(first)
        passed = -(-self._periods_between(origin, self._period_start(start)) // self.interval)
        period = self._after(origin, passed * self.interval)
        while period <= last:
            yield period
            period = self._after(period, self.interval)

    def _after(self, period: date, number: int) -> date:
        match self.frequency:
            case Frequency.DAILY:
                return period + timedelta(days=number)
            case Frequency.WEEKLY:
                return period + timedelta(days=_WEEK * number)
            case Frequency.MONTHLY:
                month = period.month - 1 + number
                return date(period.year + month // 12, month % 12 + 1, 1)
            case Frequency.YEARLY:
                return date(period.year + number, 1, 1)

    def _days_of(self, period: date, first: date) -> Iterator[date]:
        match self.frequency:
            case Frequency.DAILY:
                yield period
            case Frequency.WEEKLY:
                yield from (period + timedelta(days=number) for number in range(_WEEK))
            case Frequency.MONTHLY:
                yield from _month(period.year, period.month)
            case Frequency.YEARLY:
                is_one_day = not (self.by_month or self.by_month_day or self._has_other_days())
                for month in sorted(self.by_month) or ([first.month] if is_one_day else range(1, 13)):
                    yield from _month(period.year, month)

    def _has_other_days(self) -> bool:
        return bool(self.by_year_day or self.by_week or self.by_day)

    def _period_start(self, day: date) -> date:
        match self.frequency:
            case Frequency.DAILY:
                return day
            case Frequency.WEEKLY:
                return _week_start(day, self.week_start)
            case Frequency.MONTHLY:
                return day.replace(day=1)
            case Frequency.YEARLY:
                return day.replace(month=1, day=1)

    def _periods_between(self, origin: date, period: date) -> int:
        match self.frequency:
            case Frequency.DAILY:
                return (period - origin).days
            case Frequency.WEEKLY:
                return (period - origin).days // _WEEK
            case Frequency.MONTHLY:
                return (period.year - origin.year) * 12 + period.month - origin.month
            case Frequency.YEARLY:
                return period.year - origin.year

    def _holds(self, day: date, first: date) -> bool:
        return (
            (not self.by_month or day.month in self.by_month)
            and (not self.by_month_day or _is_at(self.by_month_day, *_in_month(day)))
            and (not self.by_year_day or _is_at(self.by_year_day, *_in_year(day)))
            and (not self.by_week or self._is_in_week(day))
            and (not self.by_day or self._is_weekday(day))
            and self._is_as_first(day, first)
        )

    def _is_as_first(self, day: date, first: date) -> bool:
        # What a rule does not say is as it was on its first day.
        if self.frequency is Frequency.DAILY or self.by_month_day or self.by_year_day or self.by_day:
            return True
        if self.frequency is Frequency.WEEKLY or self.by_week:
            return day.weekday() == first.weekday()
        if self.frequency is Frequency.MONTHLY or self.by_month:
            return day.day == first.day
        return (day.month, day.day) == (first.month, first.day)

    def _is_weekday(self, day: date) -> bool:
        at, length = _in_month(day) if self._counts_in_month() else _in_year(day)
        ordinals = {0, (at - 1) // _WEEK + 1, -((length - at) // _WEEK + 1)}
        takes_ordinals = self.frequency in {Frequency.MONTHLY, Frequency.YEARLY}
        return any(
            weekday == day.weekday() and (ordinal in ordinals or not takes_ordinals)
            for ordinal, weekday in self.by_day
        )

    def _counts_in_month(self) -> bool:
        return self.frequency is Frequency.MONTHLY or bool(self.by_month)

    def _is_in_week(self, day: date) -> bool:
        at = _week_start(day, self.week_start) + timedelta(days=_MIDWEEK)
        last = _week_start(date(at.year, 12, 28), self.week_start) + timedelta(days=_MIDWEEK)
        return _is_at(self.by_week, _week_number(at), _week_number(last))


def rule_of(text: str) -> Rule:
    """Read a rule; raises Unreadable for one that is broken or more often than daily."""
    parts: dict[str, str] = {}
    for part in text.upper().strip(";").split(";"):
        name, _, value = part.partition("=")
        if not value or name.strip() in parts:
            raise Unreadable
        parts[name.strip()] = value.strip()
    try:
        frequency = Frequency(parts.pop("FREQ", ""))
    except ValueError:
        raise Unreadable from None
    if parts.pop("RSCALE", "GREGORIAN") != "GREGORIAN":
        raise Unreadable
    interval = _positive(parts.pop("INTERVAL", "1"))
    count = parts.pop("COUNT", None)
    week_start = parts.pop("WKST", "MO")
    if week_start not in _WEEKDAYS:
        raise Unreadable
    return Rule(
        frequency=frequency,
        interval=interval,
        count=_positive(count) if count is not None else None,
        until=parts.pop("UNTIL", None),
        week_start=_WEEKDAYS.index(week_start),
        by_month=_numbers(parts.pop("BYMONTH", ""), 12),
        by_month_day=_numbers(parts.pop("BYMONTHDAY", ""), 31),
        by_year_day=_numbers(parts.pop("BYYEARDAY", ""), 366),
        by_week=_numbers(parts.pop("BYWEEKNO", ""), 53),
        by_day=_weekdays(parts.pop("BYDAY", "")),
        by_position=_numbers(parts.pop("BYSETPOS", ""), 366),
        is_exact=not parts,
    )


def _positive(text: str) -> int:
    if not _NUMBER.fullmatch(text) or int(text) < 1:
        raise Unreadable
    return int(text)


def _numbers(text: str, most: int) -> frozenset[int]:
    numbers = text.split(",") if text else []
    if any(not _NUMBER.fullmatch(number) or not 0 < abs(int(number)) <= most for number in numbers):
        raise Unreadable
    return frozenset(int(number) for number in numbers)


def _weekdays(text: str) -> frozenset[tuple[int, int]]:
    found = [_BY_DAY.fullmatch(part.strip()) for part in text.split(",")] if text else []
    if None in found:
        raise Unreadable
    return frozenset((int(day[1] or 0), _WEEKDAYS.index(day[2])) for day in found if day)


def _month(year: int, month: int) -> Iterator[date]:
    return (date(year, month, day) for day in range(1, monthrange(year, month)[1] + 1))


def _week_start(day: date, week_start: int) -> date:
    return day - timedelta(days=(day.weekday() - week_start) % _WEEK)


def _week_number(midweek: date) -> int:
    return (midweek.timetuple().tm_yday - 1) // _WEEK + 1


def _is_at(wanted: frozenset[int], at: int, length: int) -> bool:
    return at in wanted or at - length - 1 in wanted


def _in_month(day: date) -> tuple[int, int]:
    return day.day, monthrange(day.year, day.month)[1]


def _in_year(day: date) -> tuple[int, int]:
    return day.timetuple().tm_yday, date(day.year, 12, 31).timetuple().tm_yday

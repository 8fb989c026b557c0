"""Caps: how many bookings, or booked minutes, a day to a year may have, and where they are used up."""

from collections import Counter
from collections.abc import Iterable
from datetime import date, timedelta

from domain.intervals import Span
from domain.slots.values import Caps
from domain.zones import day_at, day_bounds

_ONE_DAY = timedelta(days=1)


class CapCount:
    """Counts bookings against caps. Days to years are those of `zone`; `length` is in minutes."""

    def __init__(self, caps: Caps, zone: str, counted: Iterable[Span], length: int) -> None:
        self._caps = caps
        self._most = caps.by_period
        self._zone = zone
        self._length = length
        self._bookings: Counter[tuple[str, date]] = Counter()
        self._minutes: Counter[tuple[str, date]] = Counter()
        if caps.any_set:
            for start, end in counted:
                for period in self._periods(day_at(start, zone)):
                    self._bookings[period] += 1
                    self._minutes[period] += end - start

    def uncapped(self, window: Span) -> list[Span]:
        """Give the days of a window, as far as they lie in it, on which no cap is used up."""
        if not self._caps.any_set:
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
        return self._used_up(day_at(start, self._zone)) if self._caps.any_set else []

    def _used_up(self, day: date) -> list[str]:
        used: list[str] = []
        for period in self._periods(day):
            bookings, minutes = self._most[period[0]]
            if bookings is not None and self._bookings[period] >= bookings:
                used.append(f"{bookings} bookings a {period[0]}")
            if minutes is not None and self._minutes[period] + self._length > minutes:
                used.append(f"{minutes} minutes a {period[0]}")
        return used

    def _periods(self, day: date) -> tuple[tuple[str, date], ...]:
        into_week = (day.weekday() - self._caps.week_start) % 7
        return (
            ("day", day),
            ("week", day - timedelta(days=into_week)),
            ("month", day.replace(day=1)),
            ("year", day.replace(month=1, day=1)),
        )

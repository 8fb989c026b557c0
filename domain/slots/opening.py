"""Opening windows as instants: a schedule's wall times on the dates of a window, each day kept once made."""

from datetime import date, timedelta
from functools import lru_cache

from domain.availability import Hours
from domain.intervals import Span
from domain.zones import DAY, date_exists, local_date, minute_at

_ONE_DAY = timedelta(days=1)


def opening_windows(hours: Hours, window: Span) -> list[Span]:
    """List the opening windows that touch an interval, in order of start, overlapping ones as they are.

    An override holds instead of the whole week's day, and cuts what runs over from the evening before.
    """
    first = local_date(window[0], hours.zone) - _ONE_DAY
    last = local_date(window[1], hours.zone)
    found: list[Span] = []
    by_date, by_weekday = hours.by_date, hours.by_weekday
    day = first
    while day <= last:
        windows = by_date.get(day)
        if windows is None:
            windows = by_weekday[day.weekday()]
        if windows:
            is_cut = (day + _ONE_DAY) in by_date
            found.extend(
                span
                for span in _on_day(hours.zone, windows, day, is_cut)
                if span[0] < window[1] and span[1] > window[0]
            )
        day += _ONE_DAY
    found.sort()
    return found


@lru_cache(maxsize=65536)
def _on_day(zone: str, windows: tuple[tuple[int, int], ...], day: date, is_cut: bool) -> tuple[Span, ...]:
    if not date_exists(day, zone):
        return ()
    spans: list[Span] = []
    for start, end in windows:
        if start == end:
            continue
        opens = minute_at(day, start, zone)
        closes = minute_at(day, end if end > start else end + DAY, zone)
        if is_cut:
            closes = min(closes, minute_at(day, DAY, zone))
        if opens < closes:
            spans.append((opens, closes))
    return tuple(spans)

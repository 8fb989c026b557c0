"""Opening windows as instants: a schedule's wall times on the dates of a window; each month is kept."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from functools import lru_cache

from domain.availability import Hours, Windows
from domain.intervals import Span
from domain.zones import DAY, date_exists, local_date, minute_at

_ONE_DAY = timedelta(days=1)
_ZONES_APART = timedelta(days=2)  # the dates that two walls can show at one instant


def opening_windows(hours: Hours, window: Span) -> list[Span]:
    """List the opening windows that touch an interval, in order of start, overlapping ones as they are.

    An override holds instead of the whole week's day, and cuts what runs into it from the date before.
    """
    # Two days, because the evening before may be that of the date before a missing one.
    first = local_date(window[0], hours.zone) - 2 * _ONE_DAY
    last = local_date(window[1], hours.zone)
    if hours.travels:
        first, last = first - _ZONES_APART, last + _ZONES_APART
    found: list[Span] = []
    for month in range(first.year * 12 + first.month - 1, last.year * 12 + last.month):
        found.extend(span for span in _in_month(hours, month) if span[0] < window[1] and span[1] > window[0])
    found.sort()
    return found


def common_windows(many: Iterable[Sequence[Span]]) -> list[Span]:
    """Give the common parts of the windows of several hosts, each window with each, in order of start.

    Of those that begin together only the longest is listed: the others' grids are part of its grid.
    """
    lists = iter({tuple(windows): None for windows in many})
    common = list(next(lists, ()))
    for windows in lists:
        common = _common(common, windows)
        if not common:
            break
    return common


def _common(one: Sequence[Span], other: Sequence[Span]) -> list[Span]:
    # A common part begins where one of its windows does; it lasts as long as that window, and as the
    # longest of the other host's that were open by then.
    longest: dict[int, int] = {}
    for windows, others in ((one, other), (other, one)):
        latest = index = 0
        for start, end in windows:
            while index < len(others) and others[index][0] <= start:
                latest = max(latest, others[index][1])
                index += 1
            closes = min(end, latest)
            if closes > start and closes > longest.get(start, 0):
                longest[start] = closes
    return sorted(longest.items())


@lru_cache(maxsize=2048)
def _in_month(hours: Hours, month: int) -> tuple[Span, ...]:
    spans: list[Span] = []
    day = date(month // 12, month % 12 + 1, 1)
    while day.month == month % 12 + 1:
        windows, zone = hours.windows_on(day), hours.zone_on(day)
        if windows and date_exists(day, zone):
            spans.extend(_on_day(hours, windows, day, zone))
        day += _ONE_DAY
    return tuple(sorted(spans))


def _on_day(hours: Hours, windows: Windows, day: date, zone: str) -> Iterable[Span]:
    following = day + _ONE_DAY
    if not date_exists(following, hours.zone_on(following)):
        following += _ONE_DAY
    midnight = minute_at(following, 0, hours.zone_on(following)) if following in hours.by_date else None
    for start, end in windows:
        if start == end:
            continue
        opens = minute_at(day, start, zone)
        closes = minute_at(day, end if end > start else end + DAY, zone)
        if midnight is not None:
            closes = min(closes, midnight)
        if opens < closes:
            yield opens, closes

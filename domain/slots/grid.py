"""The grid of starts (D16): from the start of each opening window, or from the hour on the wall."""

from bisect import bisect_right
from collections.abc import Sequence

from domain.intervals import Span
from domain.slots.opening import are_apart
from domain.slots.values import GridOrigin, Rules
from domain.zones import DAY, offsets

_HOUR = 60


def grid(rules: Rules, windows: Sequence[Span], within: Sequence[Span], zone: str) -> list[int]:
    """List the starts on the grid that lie in `within`, in order, each once.

    `windows` are in order of start; `within` is disjoint and in order. The wall is that of the zone.
    """
    if rules.grid_origin is GridOrigin.HOUR:
        return [start for span in within for start in _from_the_hour(rules.interval, span, zone)]
    found: list[int] = []
    step = rules.interval
    ends = [end for _, end in within]
    for opens, closes in windows:
        for index in range(bisect_right(ends, opens), len(within)):
            start, end = within[index]
            if start >= closes:
                break
            first = opens if start <= opens else start + (opens - start) % step
            found.extend(range(first, min(end, closes), step))
    return found if are_apart(windows) else sorted(set(found))


def _from_the_hour(interval: int, span: Span, zone: str) -> list[int]:
    """Count from each hour on the wall, or with steps of more than an hour from each day's 00:00."""
    period = _HOUR if interval <= _HOUR else DAY
    found: list[int] = []
    for start, end, offset in offsets(span, zone):
        for origin in range(start - (start + offset) % period, end, period):
            first = origin + -(-max(start - origin, 0) // interval) * interval
            found.extend(range(first, min(origin + period, end), interval))
    return found

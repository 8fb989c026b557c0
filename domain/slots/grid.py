"""The grid of starts (D16): from the start of each opening window, from the hour on the wall, or picked."""

from collections.abc import Iterator, Sequence
from math import gcd

from domain.intervals import Span
from domain.slots.values import GridOrigin, Rules
from domain.zones import DAY, offsets

_HOUR = 60


def grid(rules: Rules, windows: Sequence[Span], within: Span, zone: str) -> Iterator[range]:
    """Name the starts on the grid that lie in a span; a start may be named by two ranges.

    The wall is that of the zone.
    """
    first, end = within
    step = rules.interval
    if rules.starts is not None:
        yield from (range(start, start + 1, step) for start in rules.starts if first <= start < end)
        return
    if rules.grid_origin is GridOrigin.HOUR:
        yield from _from_the_hour(step, within, zone)
        return
    for opens, closes in windows:
        begins = opens if first <= opens else first + (opens - first) % step
        yield range(begins, min(end, closes), step)


def step_of(rules: Rules, windows: Sequence[Span], within: Span, zone: str) -> int:
    """Give the largest number of which every start on the grid of these windows is a multiple.

    The minutes are those since 1970. What several windows have in common begins where one of them does:
    for the grid of these, take the greatest common divisor.
    """
    if rules.starts is not None:
        return gcd(rules.interval, *rules.starts)
    if rules.grid_origin is GridOrigin.HOUR:
        walls = (offset for _, _, offset in offsets(within, zone))
        return gcd(rules.interval, _period(rules.interval), *walls)
    return gcd(rules.interval, *(opens for opens, _ in windows))


def _period(interval: int) -> int:
    """Tell after how many minutes counting begins anew: each hour, with longer steps each day at 00:00."""
    return _HOUR if interval <= _HOUR else DAY


def _from_the_hour(interval: int, span: Span, zone: str) -> Iterator[range]:
    period = _period(interval)
    # Where the interval divides the period, counting anew changes nothing.
    length = span[1] - span[0] + period if period % interval == 0 else period
    for start, end, offset in offsets(span, zone):
        for origin in range(start - (start + offset) % period, end, length):
            first = origin + -(-max(start - origin, 0) // interval) * interval
            yield range(first, min(origin + length, end), interval)

"""Half-open intervals of whole UTC minutes since 1970: merge, subtract, intersect, pad."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

Span = tuple[int, int]
"""First minute and the first minute after."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MINUTE = timedelta(minutes=1)
_DAY = 24 * 60


def minute_of(instant: datetime) -> int:
    """Give the minute in which an aware instant lies."""
    since = instant - _EPOCH  # its parts are read three times as fast as it is divided
    return since.days * _DAY + since.seconds // 60


def instant_of(minute: int) -> datetime:
    """Give the instant at which a minute begins."""
    return _EPOCH + minute * _MINUTE


def outward(start: datetime, end: datetime) -> Span | None:
    """Give the minutes that two aware instants touch; nothing where no time lies between them."""
    if end <= start:
        return None
    since = end - _EPOCH
    last = since.days * _DAY + since.seconds // 60
    return minute_of(start), last + (1 if since.seconds % 60 or since.microseconds else 0)


def merge(spans: Iterable[Span]) -> list[Span]:
    """Give the same minutes as disjoint spans in order; spans that touch become one."""
    merged: list[Span] = []
    for start, end in sorted(spans):
        if start >= end:
            continue
        if merged and start <= merged[-1][1]:
            if end > merged[-1][1]:
                merged[-1] = (merged[-1][0], end)
        else:
            merged.append((start, end))
    return merged


def subtract(spans: Sequence[Span], without: Sequence[Span]) -> list[Span]:
    """Take minutes away; both are disjoint and in order, and so is the answer."""
    left: list[Span] = []
    index = 0
    for start, end in spans:
        at = start
        while index < len(without) and without[index][1] <= at:
            index += 1
        look = index
        while look < len(without) and without[look][0] < end:
            if without[look][0] > at:
                left.append((at, without[look][0]))
            at = max(at, without[look][1])
            look += 1
        if at < end:
            left.append((at, end))
    return left


def intersect(one: Sequence[Span], other: Sequence[Span]) -> list[Span]:
    """Give the minutes that are in both; both are disjoint and in order, and so is the answer."""
    common: list[Span] = []
    first = second = 0
    while first < len(one) and second < len(other):
        start = max(one[first][0], other[second][0])
        end = min(one[first][1], other[second][1])
        if start < end:
            common.append((start, end))
        if one[first][1] < other[second][1]:
            first += 1
        else:
            second += 1
    return common


def pad(spans: Iterable[Span], before: int, after: int) -> list[Span]:
    """Widen every span by minutes on both sides, and merge what meets."""
    return merge((start - before, end + after) for start, end in spans)

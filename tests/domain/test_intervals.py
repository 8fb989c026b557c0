"""Interval arithmetic, by example and against sets of minutes."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.intervals import Span, instant_of, intersect, merge, minute_of, outward, pad, subtract

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SPANS = st.lists(st.tuples(st.integers(-20, 60), st.integers(-20, 60)), max_size=12)


def minutes(spans: list[Span]) -> set[int]:
    """Give the minutes of spans; those that end before they begin have none."""
    return {minute for start, end in spans for minute in range(start, end)}


def spans_of(members: set[int]) -> list[Span]:
    """Give the shortest list of spans with these minutes."""
    starts = sorted(minute for minute in members if minute - 1 not in members)
    ends = sorted(minute + 1 for minute in members if minute + 1 not in members)
    return list(zip(starts, ends, strict=True))


@given(SPANS)
def test_merging_keeps_the_minutes_and_leaves_no_two_spans_touching(spans: list[Span]) -> None:
    assert merge(spans) == spans_of(minutes(spans))


@given(SPANS, SPANS)
def test_subtracting_leaves_the_minutes_that_are_not_taken_away(one: list[Span], other: list[Span]) -> None:
    assert subtract(merge(one), merge(other)) == spans_of(minutes(one) - minutes(other))


@given(SPANS, SPANS)
def test_an_intersection_has_the_minutes_of_both(one: list[Span], other: list[Span]) -> None:
    assert intersect(merge(one), merge(other)) == spans_of(minutes(one) & minutes(other))


def test_an_intersection_keeps_spans_apart_that_touch() -> None:
    assert intersect([(0, 5), (5, 9)], [(0, 9)]) == [(0, 5), (5, 9)]


def test_padding_widens_and_joins_what_meets() -> None:
    assert pad([(10, 20), (26, 30), (50, 60)], 2, 4) == [(8, 34), (48, 64)]


@pytest.mark.parametrize(
    ("start", "end", "span"),
    [
        (0, 60, (0, 1)),
        (1, 59, (0, 1)),
        (59.5, 60.5, (0, 2)),
        (60, 60, None),
        (61, 60, None),
        (-1, 0, (-1, 0)),
        (0, 3600.000001, (0, 61)),
    ],
)
def test_times_within_a_minute_take_all_of_it(start: float, end: float, span: Span | None) -> None:
    assert outward(EPOCH + timedelta(seconds=start), EPOCH + timedelta(seconds=end)) == span


@pytest.mark.parametrize(
    ("text", "minute"),
    [
        ("1970-01-01T00:00:59+00:00", 0),
        ("1969-12-31T23:59:59+00:00", -1),
        ("2026-03-29T03:00:00+02:00", 29_579_100),
    ],
)
def test_an_instant_lies_in_the_minute_that_began_before_it(text: str, minute: int) -> None:
    assert minute_of(datetime.fromisoformat(text)) == minute


@given(st.integers(-1_000_000, 121_000_000))
def test_a_minute_survives_the_way_to_an_instant_and_back(minute: int) -> None:
    assert minute_of(instant_of(minute)) == minute

"""Recurrences of weekly hours: against the calendar, and what is refused."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from dateutil.rrule import FR, MO, MONTHLY, SA, SU, TH, TU, WE, WEEKLY, rrule
from hypothesis import given
from hypothesis import strategies as st

from domain.availability import Hours, Travel, WeeklyWindow
from domain.errors import InvalidInput
from domain.recurrence import EveryWeeks, NthOfMonth

WEEKDAYS = (MO, TU, WE, TH, FR, SA, SU)
DATES = st.dates(date(1999, 1, 1), date(2040, 12, 31))
ORDINALS = st.lists(st.sampled_from([*range(-5, 0), *range(1, 6)]), min_size=1)


Making = Callable[[], object]


def travel(first: str, last: str, zone: str) -> Travel:
    return Travel(date.fromisoformat(first), date.fromisoformat(last), zone)


@given(DATES, st.integers(1, 52), st.integers(0, 6), st.integers(0, 200))
def test_weeks_are_those_of_a_rule_of_rfc_5545(anchor: date, interval: int, weekday: int, more: int) -> None:
    """X06: FREQ=WEEKLY;INTERVAL;WKST=MO from the anchor on."""
    rule = rrule(WEEKLY, interval=interval, byweekday=WEEKDAYS[weekday], wkst=MO, dtstart=anchor, count=60)
    named = {instant.date() for instant in rule}
    days = [anchor + timedelta(days=more + day - 40) for day in range(80)]

    held = {day for day in days if day.weekday() == weekday and EveryWeeks(interval, anchor).holds_on(day)}

    assert held == {day for day in days if day in named}


@given(DATES, ORDINALS, st.integers(0, 6))
def test_weekdays_of_a_month_are_those_of_a_rule_of_rfc_5545(
    first: date, ordinals: list[int], weekday: int
) -> None:
    """X06: FREQ=MONTHLY;BYDAY=1MO,-1MO."""
    by_day = [WEEKDAYS[weekday](ordinal) for ordinal in ordinals]
    first = first.replace(day=1)
    days = [first + timedelta(days=day) for day in range(300)]
    rule = rrule(MONTHLY, byweekday=by_day, dtstart=first, until=days[-1])

    held = [day for day in days if day.weekday() == weekday and NthOfMonth(tuple(ordinals)).holds_on(day)]

    assert held == [instant.date() for instant in rule]


def test_nothing_is_open_before_the_anchor_in_the_middle_of_its_week() -> None:
    thursday = date(2026, 6, 18)

    held = [
        day for day in range(14, 33) if EveryWeeks(2, thursday).holds_on(date(2026, 6, 1) + timedelta(day))
    ]

    assert held == [17, 18, 19, 20, 28, 29, 30, 31, 32]


@pytest.mark.parametrize(
    ("make", "field"),
    [
        pytest.param(lambda: EveryWeeks(0, date(2026, 1, 1)), "everyWeeks", id="no weeks"),
        pytest.param(lambda: EveryWeeks(53, date(2026, 1, 1)), "everyWeeks", id="more than a year of weeks"),
        pytest.param(lambda: EveryWeeks(2, date(1969, 1, 1)), "anchor", id="an anchor before 1970"),
        pytest.param(lambda: NthOfMonth(()), "nthOfMonth", id="no weekday of a month"),
        pytest.param(lambda: NthOfMonth((1, 0)), "nthOfMonth", id="a zeroth weekday"),
        pytest.param(lambda: NthOfMonth((6,)), "nthOfMonth", id="a sixth weekday"),
        pytest.param(lambda: NthOfMonth((-6,)), "nthOfMonth", id="a sixth weekday from the end"),
    ],
)
def test_a_recurrence_that_makes_no_sense_is_refused_with_the_field(
    make: Callable[[], object], field: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        make()

    assert refused.value.path == ("weekly", "recurrence", field)


def test_hours_that_recur_count_among_the_windows_of_a_day() -> None:
    often = [WeeklyWindow(2, at, at + 5) for at in range(20)]
    seldom = [WeeklyWindow(2, at, at + 5, NthOfMonth((1,))) for at in range(20, 25)]

    with pytest.raises(InvalidInput) as refused:
        Hours("UTC", (*often, *seldom))

    assert refused.value.path == ("weekly",)


@pytest.mark.parametrize(
    ("travels", "path"),
    [
        pytest.param([("2026-05-04", "2026-05-03", "UTC")], ("travels", "last"), id="backwards"),
        pytest.param([("2026-05-04", "2026-05-08", "Mars")], ("travels", "zone"), id="to nowhere"),
        pytest.param([("1969-05-04", "2026-05-08", "UTC")], ("travels", "first"), id="before 1970"),
        pytest.param(
            [("2026-05-08", "2026-05-09", "UTC"), ("2026-05-04", "2026-05-08", "Asia/Tokyo")],
            ("travels",),
            id="to two places on one date",
        ),
    ],
)
def test_travels_that_make_no_sense_are_refused(
    travels: list[tuple[str, str, str]], path: tuple[str, ...]
) -> None:
    """X17."""
    with pytest.raises(InvalidInput) as refused:
        Hours("UTC", (), (), tuple(travel(*one) for one in travels))

    assert refused.value.path == path


def test_hours_that_recur_otherwise_are_not_the_same() -> None:
    first, last = NthOfMonth((1, -1)), NthOfMonth((-1, 1, 1))
    one, other = (Hours("UTC", (WeeklyWindow(0, 0, 60, it),)) for it in (first, last))

    assert (one, hash(one)) == (other, hash(other))
    assert one != Hours("UTC", (WeeklyWindow(0, 0, 60),))
    assert one != Hours("UTC", one.weekly, (), (Travel(date(2026, 5, 4), date(2026, 5, 8), "Asia/Tokyo"),))

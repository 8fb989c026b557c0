"""Hours: what is refused, and what is the same."""

from datetime import date, timedelta

import pytest

from domain.availability import DateOverride, Hours, WeeklyWindow
from domain.errors import InvalidInput

MONDAY = date(2026, 6, 15)
MORNING, AFTERNOON = WeeklyWindow(0, 540, 720), WeeklyWindow(0, 780, 1020)


@pytest.mark.parametrize(
    ("weekly", "overrides", "path"),
    [
        pytest.param([WeeklyWindow(7, 540, 720)], [], "weekly", id="an eighth weekday"),
        pytest.param([WeeklyWindow(-1, 540, 720)], [], "weekly", id="a weekday before Monday"),
        pytest.param([WeeklyWindow(0, 1440, 60)], [], "weekly", id="a start at 24:00"),
        pytest.param([WeeklyWindow(0, -1, 60)], [], "weekly", id="a start before midnight"),
        pytest.param([WeeklyWindow(0, 540, 1441)], [], "weekly", id="an end after 24:00"),
        pytest.param([WeeklyWindow(2, at, at + 5) for at in range(25)], [], "weekly", id="25 windows a day"),
        pytest.param([], [DateOverride(MONDAY, ((0, 1500),))], "overrides", id="an override after 24:00"),
        pytest.param(
            [], [DateOverride(MONDAY, ()), DateOverride(MONDAY, ((1, 2),))], "overrides", id="twice"
        ),
        pytest.param(
            [],
            [DateOverride(MONDAY, tuple((at, at + 5) for at in range(25)))],
            "overrides",
            id="25 windows on a date",
        ),
        pytest.param(
            [],
            [DateOverride(MONDAY + timedelta(days=more), ()) for more in range(1001)],
            "overrides",
            id="1001 overrides",
        ),
    ],
)
def test_hours_that_make_no_sense_are_refused_with_the_field(
    weekly: list[WeeklyWindow], overrides: list[DateOverride], path: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        Hours("Europe/Berlin", tuple(weekly), tuple(overrides))

    assert refused.value.path == (path,)


def test_hours_in_an_unknown_zone_are_refused() -> None:
    with pytest.raises(InvalidInput) as refused:
        Hours("Europe/Atlantis", ())

    assert refused.value.path == ("zone",)


def test_the_edges_are_allowed() -> None:
    hours = Hours(
        "UTC",
        (WeeklyWindow(6, 0, 1440), WeeklyWindow(6, 1439, 0)),
        (DateOverride(MONDAY, ((600, 600),)),),
    )

    assert hours.by_weekday[6] == ((0, 1440), (1439, 0))
    assert hours.by_date == {MONDAY: ((600, 600),)}


def test_hours_written_in_another_order_are_the_same() -> None:
    one = Hours("Europe/Berlin", (MORNING, AFTERNOON))
    other = Hours("Europe/Berlin", (AFTERNOON, MORNING))

    assert one == other
    assert hash(one) == hash(other)


def test_hours_that_differ_in_one_thing_are_not_the_same() -> None:
    hours = Hours("Europe/Berlin", (MORNING,))

    assert hours != Hours("Europe/Paris", (MORNING,))
    assert hours != Hours("Europe/Berlin", (MORNING, AFTERNOON))
    assert hours != Hours("Europe/Berlin", (MORNING,), (DateOverride(MONDAY, ()),))

"""Wall times: gaps, folds, long and short days, and zones that changed their law (D15, case 140)."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from domain.errors import InvalidInput
from domain.intervals import instant_of, minute_of
from domain.zones import (
    UnknownZone,
    date_exists,
    day_at,
    day_bounds,
    local_date,
    minute_at,
    offsets,
    zone_names,
)
from domain.zones import zone as zone_named

FIRST = minute_of(datetime(2011, 1, 1, tzinfo=UTC))
LAST = minute_of(datetime(2031, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("day", "wall", "zone", "instant"),
    [
        pytest.param("2026-06-15", 540, "Europe/Berlin", "2026-06-15T07:00", id="an ordinary morning"),
        pytest.param("2026-03-29", 150, "Europe/Berlin", "2026-03-29T01:30", id="skipped, offset before"),
        pytest.param("2026-10-25", 150, "Europe/Berlin", "2026-10-25T00:30", id="repeated, first pass"),
        pytest.param("2026-10-25", 180, "Europe/Berlin", "2026-10-25T02:00", id="after the repeated hour"),
        pytest.param(
            "2026-10-24", 1590, "Europe/Berlin", "2026-10-25T00:30", id="counted from the day before"
        ),
        pytest.param("2026-04-05", 105, "Australia/Lord_Howe", "2026-04-04T14:45", id="repeated half hour"),
        pytest.param("2026-10-04", 135, "Australia/Lord_Howe", "2026-10-03T15:45", id="skipped half hour"),
        pytest.param("2025-02-23", 150, "Africa/Casablanca", "2025-02-23T01:30", id="Ramadan begins"),
        pytest.param("2011-12-30", 720, "Pacific/Apia", "2011-12-30T22:00", id="a date that was skipped"),
        pytest.param("1971-06-01", 0, "Africa/Monrovia", "1971-06-01T00:44", id="offset of 44 min 30 s"),
    ],
)
def test_a_wall_time_becomes_one_instant(day: str, wall: int, zone: str, instant: str) -> None:
    """D15."""
    assert instant_of(minute_at(date.fromisoformat(day), wall, zone)) == datetime.fromisoformat(
        instant + "+00:00"
    )


@pytest.mark.parametrize("name", sorted(zone_names()))
def test_offsets_change_exactly_when_the_zone_says(name: str) -> None:
    place = ZoneInfo(name)

    parts = offsets((FIRST, LAST), name)

    assert [parts[0][0], *[end for _, end, _ in parts]] == [*[start for start, _, _ in parts], LAST]
    assert [
        instant_of(at).astimezone(place).utcoffset() for start, end, _ in parts for at in (start, end - 1)
    ] == [timedelta(minutes=offset) for _, _, offset in parts for _ in range(2)]
    assert [one[2] for one in parts[1:]] != [one[2] for one in parts[:-1]] or len(parts) == 1


@pytest.mark.parametrize(
    ("day", "zone", "hours"),
    [
        ("2026-03-29", "Europe/Berlin", 23),
        ("2026-10-25", "Europe/Berlin", 25),
        ("2026-06-15", "Europe/Berlin", 24),
        ("2026-04-24", "Africa/Cairo", 23),
        ("2026-04-05", "Australia/Lord_Howe", 24.5),
        ("2011-12-30", "Pacific/Apia", 0),
        ("2011-12-29", "Pacific/Apia", 24),
    ],
)
def test_a_day_is_as_long_as_its_zone_has_it(day: str, zone: str, hours: float) -> None:
    start, end = day_bounds(date.fromisoformat(day), zone)

    assert end - start == hours * 60


def test_a_date_that_a_zone_skipped_does_not_exist_there() -> None:
    """D15."""
    missing = date(2011, 12, 30)

    assert not date_exists(missing, "Pacific/Apia")
    assert date_exists(missing, "Pacific/Auckland")
    assert date_exists(date(2011, 12, 31), "Pacific/Apia")


def test_the_same_instant_has_another_date_elsewhere() -> None:
    at = minute_of(datetime(2026, 6, 15, 23, 30, tzinfo=UTC))

    assert local_date(at, "Europe/Berlin") == date(2026, 6, 16)
    assert local_date(at, "America/New_York") == date(2026, 6, 15)


def test_a_clock_that_goes_back_over_midnight_does_not_begin_the_old_day_again() -> None:
    # Newfoundland went back from 00:01 to 23:01 in those years.
    again = minute_of(datetime(2000, 10, 29, 2, 45, tzinfo=UTC))

    assert local_date(again, "America/St_Johns") == date(2000, 10, 28)
    assert day_at(again, "America/St_Johns") == date(2000, 10, 29)


@pytest.mark.parametrize("name", ["Mars/Olympus", "", "CEST", "../etc/passwd", "europe/berlin", "Factory"])
def test_a_name_that_is_no_zone_is_refused_with_its_path(name: str) -> None:
    with pytest.raises(UnknownZone) as refused:
        zone_named(name, "schedule", "zone")

    assert isinstance(refused.value, InvalidInput)
    assert refused.value.path == ("schedule", "zone")

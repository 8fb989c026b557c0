"""Series: their starts on the wall."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import InvalidInput
from domain.series import Frequency, Repeats, starts_of
from tests.domain.slot_questions import ZONES

NINE = datetime(2026, 3, 23, 8, tzinfo=UTC)  # 09:00 in Berlin, a week before its clocks go forward


def told(first: datetime, frequency: Frequency, count: int, zone: str = "Europe/Berlin") -> list[str]:
    return [f"{start:%m-%d %H:%M}" for start in starts_of(first, Repeats(frequency, count), zone)]


def test_weeks_keep_the_hour_on_the_wall() -> None:
    """Case 159: the clocks go forward in between."""
    assert told(NINE, Frequency.WEEKLY, 3) == ["03-23 08:00", "03-30 07:00", "04-06 07:00"]
    assert told(NINE, Frequency.FORTNIGHTLY, 3) == ["03-23 08:00", "04-06 07:00", "04-20 07:00"]


def test_months_keep_the_weekday_of_the_month() -> None:
    """Case 159: the fourth Monday, and where there is no fifth one, the last."""
    fifth = datetime(2026, 3, 30, 7, tzinfo=UTC)

    assert told(NINE, Frequency.MONTHLY, 4) == ["03-23 08:00", "04-27 07:00", "05-25 07:00", "06-22 07:00"]
    assert told(fifth, Frequency.MONTHLY, 4) == ["03-30 07:00", "04-27 07:00", "05-25 07:00", "06-29 07:00"]


def test_a_time_that_is_skipped_is_read_as_before_and_a_second_pass_stays_the_first_of_its_series() -> None:
    """D15."""
    skipped = datetime(2026, 3, 22, 1, 30, tzinfo=UTC)  # 02:30; a week later the clock goes from 2 to 3
    second = datetime(2026, 10, 25, 1, 30, tzinfo=UTC)  # 02:30 for the second time

    assert told(skipped, Frequency.WEEKLY, 3) == ["03-22 01:30", "03-29 01:30", "04-05 00:30"]
    assert told(second, Frequency.WEEKLY, 2) == ["10-25 01:30", "11-01 01:30"]


@pytest.mark.parametrize(
    ("frequency", "count"),
    [(Frequency.WEEKLY, 1), (Frequency.WEEKLY, 27), (Frequency.MONTHLY, 14), (Frequency.FORTNIGHTLY, 0)],
)
def test_a_series_that_is_none_or_too_long_is_refused(frequency: Frequency, count: int) -> None:
    with pytest.raises(InvalidInput) as refused:
        starts_of(NINE, Repeats(frequency, count), "UTC")

    assert refused.value.path == ("count",)


@given(ZONES, st.sampled_from(Frequency), st.integers(0, 600_000), st.integers(2, 13))
def test_starts_are_in_order_and_read_the_same_but_where_a_clock_skips(
    zone: str, frequency: Frequency, minutes: int, count: int
) -> None:
    first = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)

    starts = starts_of(first, Repeats(frequency, count), zone)

    walls = [start.astimezone(ZoneInfo(zone)) for start in starts]
    assert starts[0] == first
    assert list(starts) == sorted(set(starts))
    assert len({wall.weekday() for wall in walls}) <= 2
    assert all(abs((wall - walls[0]).total_seconds()) % 60 == 0 for wall in walls)

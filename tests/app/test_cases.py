"""What is read of a case: times in whichever form, read again and again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.cases import instant_in, spans_of
from domain.intervals import outward

DATES = st.sampled_from(["2026-03-02", "20260303", "2026-W10-3", "1969-12-31"])
TIMES = st.sampled_from(["00:00", "08:15:00", "081600", "23:59:59", "23:59:59.5", "00:00:00.000001"])
OFFSETS = st.sampled_from(["", "Z", "+02:00", "-11:30", "+00:00:30"])
TEXTS = st.builds("{}{}{}{}".format, DATES, st.sampled_from("T "), TIMES, OFFSETS)


@given(st.lists(st.lists(TEXTS, min_size=2, max_size=2), max_size=8))
def test_times_that_are_taken_are_rounded_outward_whatever_was_read_before(pairs: list[list[str]]) -> None:
    spans = [outward(instant_in(first), instant_in(last)) for first, last in pairs]

    assert spans_of(pairs) == tuple(span for span in spans if span)


@pytest.mark.parametrize("text", ["2026-03-02T25:00Z", "2026-02-30T08:15Z", "T08:15Z", "2026-03-02T", ""])
def test_a_time_that_is_none_is_refused_though_its_parts_were_read_before(text: str) -> None:
    spans_of([["2026-03-02T08:15Z", "2026-03-02T08:30Z"]])

    with pytest.raises(ValueError):
        spans_of([[text, "2026-03-02T08:30Z"]])

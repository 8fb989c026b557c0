"""Which kinds of entries take a host's time: every rule with every kind."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.intervals import Span, merge
from domain.statuses import PLAIN, USUAL, BusyStatus, BusyTimes, Kind, StatusRule

ALL_RULES = [StatusRule(*flags) for flags in product((False, True), repeat=5)]
NEEDS: dict[Kind, set[str]] = {
    Kind(BusyStatus.BUSY): set(),
    Kind(BusyStatus.BUSY, is_all_day=True): {"all_day"},
    Kind(BusyStatus.TENTATIVE): {"tentative"},
    Kind(BusyStatus.TENTATIVE, is_all_day=True): {"tentative", "all_day"},
    Kind(BusyStatus.WORKING_ELSEWHERE): {"working_elsewhere"},
    Kind(BusyStatus.WORKING_ELSEWHERE, is_all_day=True): {"working_elsewhere", "all_day"},
    Kind(BusyStatus.OUT_OF_OFFICE): {"out_of_office"},
    Kind(BusyStatus.OUT_OF_OFFICE, is_all_day=True): {"out_of_office"},
    Kind(BusyStatus.FREE): {"free"},
    Kind(BusyStatus.FREE, is_all_day=True): {"free", "all_day"},
}
"""What of a rule has to be set so that an entry of a kind counts."""

TENTATIVE, FREE = Kind(BusyStatus.TENTATIVE), Kind(BusyStatus.FREE)
spans = st.tuples(st.integers(0, 40), st.integers(0, 10)).map(lambda pair: (pair[0], pair[0] + pair[1]))
entries = st.lists(st.tuples(st.sampled_from(sorted(NEEDS)), spans))


@pytest.mark.parametrize(("kind", "needs"), NEEDS.items())
def test_kind_counts_where_all_that_it_needs_is_set(kind: Kind, needs: set[str]) -> None:
    """X07: all 32 rules."""
    counted = [rule for rule in ALL_RULES if rule.counts(kind)]

    assert counted == [rule for rule in ALL_RULES if all(rule._asdict()[name] for name in needs)]


def test_usual_rule_is_what_providers_answer_go_by() -> None:
    """X07: a page whose owner says nothing is as it was before there was anything to say."""
    assert [kind for kind in NEEDS if not USUAL.counts(kind)] == [
        Kind(BusyStatus.WORKING_ELSEWHERE),
        Kind(BusyStatus.WORKING_ELSEWHERE, is_all_day=True),
        FREE,
        Kind(BusyStatus.FREE, is_all_day=True),
    ]


def test_what_counts_is_merged_over_kinds() -> None:
    times = BusyTimes.of([(PLAIN, (0, 10)), (TENTATIVE, (10, 20)), (FREE, (15, 30)), (PLAIN, (5, 8))])

    assert times.counted() == ((0, 20),)
    assert times.counted(StatusRule(tentative=False)) == ((0, 10),)
    assert times.counted(StatusRule(free=True)) == ((0, 30),)
    assert times.counted(StatusRule(free=True, tentative=False)) == ((0, 10), (15, 30))


def test_times_are_cut_to_a_window_and_kinds_that_have_none_are_left_out() -> None:
    times = BusyTimes.of([(PLAIN, (0, 10)), (TENTATIVE, (10, 20)), (FREE, (3, 3))], (5, 10))

    assert times == BusyTimes({PLAIN: ((5, 10),)})
    assert BusyTimes.of([(PLAIN, (0, 10)), (TENTATIVE, (10, 20))]).within((5, 10)) == times


@given(entries, st.sampled_from(ALL_RULES))
def test_minute_is_busy_if_an_entry_that_counts_has_it(
    given_entries: list[tuple[Kind, Span]], rule: StatusRule
) -> None:
    """X07: whether gathered at once, or from parts, as those of several calendars are."""
    at_once = BusyTimes.of(given_entries)
    parts = [BusyTimes.of([entry]).counted(rule) for entry in given_entries]

    wanted = {m for kind, (start, end) in given_entries if rule.counts(kind) for m in range(start, end)}
    assert {m for start, end in at_once.counted(rule) for m in range(start, end)} == wanted
    assert tuple(merge(span for spans in parts for span in spans)) == at_once.counted(rule)


@given(entries)
def test_without_statuses_the_usual_rule_has_been_applied(given_entries: list[tuple[Kind, Span]]) -> None:
    plain = BusyTimes.of(given_entries, by_status=False)

    assert plain == BusyTimes.plain(BusyTimes.of(given_entries).counted())

"""Absences: who may be asked to stand in, what they answer, and what visitors are told."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from domain.absences import (
    Absence,
    AbsenceDates,
    AbsenceReason,
    Away,
    NotAskedAnyMore,
    StandIn,
    StandInState,
    ToldAbsence,
    away_at,
)
from domain.booking_pages import BookingPage, PageHost
from domain.errors import InvalidInput
from domain.ids import AbsenceId, OrganizationId, PageId, UserId
from domain.page_settings import PageSettings, new_page
from domain.slots import Assignment
from tests.clock import NOW

ADA, BEN, CLEO = (UserId(UUID(int=number)) for number in (1, 2, 3))
PAGE = PageId(UUID(int=4))
LATER = NOW.date() + timedelta(days=10)
DATES = AbsenceDates(LATER, LATER + timedelta(days=4), "Europe/Berlin")
ABSENCE = Absence(AbsenceId(UUID(int=5)), ADA, DATES, AbsenceReason.SICK_LEAVE)
OVER = replace(ABSENCE, dates=AbsenceDates(date(2020, 1, 1), date(2020, 1, 2), "UTC"))


def page_of(assignment: Assignment, *hosts: PageHost) -> BookingPage:
    page = new_page(PAGE, OrganizationId(UUID(int=6)), ADA, PageSettings("intro", "Intro", 30), NOW)
    return replace(page, hosts=hosts, rules=replace(page.rules, assignment=assignment))


def test_a_colleague_is_asked_agrees_with_a_page_and_may_end_it() -> None:
    asked = ABSENCE.asking(BEN, NOW)
    agreed = asked.answered(BEN, PAGE, NOW)
    declined = agreed.answered(BEN, None, NOW)

    assert (asked.stand_in, asked.version) == (StandIn(BEN), 1)
    assert agreed.stand_in == StandIn(BEN, StandInState.AGREED, PAGE)
    assert (declined.stand_in, declined.version) == (StandIn(BEN, StandInState.DECLINED), 3)
    assert asked.asking(BEN, NOW) is asked
    assert agreed.asking(BEN, NOW) is agreed
    assert declined.asking(BEN, NOW).stand_in == StandIn(BEN)
    assert agreed.asking(CLEO, NOW).stand_in == StandIn(CLEO)
    assert agreed.asking(None, NOW).stand_in is None


def test_nobody_answers_who_is_not_asked_any_more() -> None:
    asked = ABSENCE.asking(BEN, NOW)
    gone = (
        (ABSENCE, BEN),
        (asked, CLEO),
        (asked.answered(BEN, None, NOW), BEN),
        (replace(OVER, stand_in=StandIn(BEN)), BEN),
    )

    for absence, member in gone:
        with pytest.raises(NotAskedAnyMore):
            absence.answered(member, PAGE, NOW)


@pytest.mark.parametrize(("absence", "member"), [(ABSENCE, ADA), (OVER, BEN)])
def test_nobody_stands_in_for_themselves_or_for_what_is_over(absence: Absence, member: UserId) -> None:
    with pytest.raises(InvalidInput) as refused:
        absence.asking(member, NOW)

    assert refused.value.path == ("standInId",)


def test_visitors_are_told_from_the_first_minute_to_the_last_of_the_dates_where_they_are() -> None:
    """Berlin's clocks go forward within: the end is midnight there all the same."""
    dates = AbsenceDates(date(2026, 3, 28), date(2026, 3, 30), "Europe/Berlin")
    told = [ToldAbsence(ADA, dates, "ben/intro")]
    page = page_of(Assignment.ONE, PageHost(ADA, None))
    begin, end = datetime(2026, 3, 27, 23, tzinfo=UTC), datetime(2026, 3, 30, 22, tzinfo=UTC)
    minute = timedelta(minutes=1)

    assert away_at(page, told, begin - minute) is None
    assert away_at(page, told, begin) == away_at(page, told, end - minute) == Away(end, "ben/intro")
    assert away_at(page, told, end) is None


def test_a_link_leads_to_nobody_who_is_away_as_well() -> None:
    """Else visitors were sent from one to another, and back where two stand in for each other."""
    day, there = date(2026, 4, 1), datetime(2026, 4, 2, 12, tzinfo=UTC)
    both = AbsenceDates(day, day, "UTC")
    told = [
        ToldAbsence(ADA, AbsenceDates(day, date(2026, 4, 2), "UTC"), "ben/intro", (both,)),
        ToldAbsence(BEN, both, "ada/intro", (AbsenceDates(day, date(2026, 4, 2), "UTC"),)),
    ]
    page = page_of(Assignment.ALL, PageHost(ADA, None), PageHost(BEN, None))

    away = away_at(page, told, there - timedelta(days=1)), away_at(page, told, there)

    assert [one and one.link for one in away] == [None, "ben/intro"]


@pytest.mark.parametrize(
    ("assignment", "hosts", "expected"),
    [
        pytest.param(Assignment.ALL, (PageHost(ADA, None), PageHost(BEN, None)), (5, "cleo/talk"), id="all"),
        pytest.param(
            Assignment.ANY, (PageHost(ADA, None, is_fixed=True), PageHost(BEN, None)), (3, None), id="fixed"
        ),
        pytest.param(Assignment.ANY, (PageHost(ADA, None), PageHost(BEN, None)), None, id="by turns"),
        pytest.param(Assignment.ONE, (PageHost(CLEO, None),), None, id="somebody else"),
    ],
)
def test_only_hosts_whom_a_page_needs_make_it_away(
    assignment: Assignment, hosts: tuple[PageHost, ...], expected: tuple[int, str | None] | None
) -> None:
    """Where several are away, it is until the last of them is there; nobody is told apart."""
    day = date(2026, 4, 1)
    told = [
        ToldAbsence(ADA, AbsenceDates(day, date(2026, 4, 2), "UTC"), None),
        ToldAbsence(BEN, AbsenceDates(day, date(2026, 4, 4), "UTC"), "cleo/talk"),
    ]

    away = away_at(page_of(assignment, *hosts), told, datetime(2026, 4, 1, 12, tzinfo=UTC))

    assert away == (expected and Away(datetime(2026, 4, expected[0], tzinfo=UTC), expected[1]))

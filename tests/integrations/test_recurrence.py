"""On which days rules fall, held against another implementation."""

from datetime import date, datetime, time, timedelta

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.ical_lines import Unreadable
from integrations.recurrence import rule_of

WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
FIRST = date(2024, 1, 31)


def several(*values: object) -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from(values), min_size=1, max_size=3, unique=True).map(
        lambda chosen: ",".join(map(str, chosen))
    )


@st.composite
def rules(draw: st.DrawFn) -> str:
    """Make rules that both implementations read alike and that fall on some day."""
    frequency = draw(st.sampled_from(("DAILY", "WEEKLY", "MONTHLY", "YEARLY")))
    ordinal = draw(st.sampled_from(("", "1", "2", "-1", "-2"))) if frequency in {"MONTHLY", "YEARLY"} else ""
    parts = {
        "FREQ": st.just(frequency),
        "INTERVAL": st.integers(1, 4),
        "COUNT": st.none() | st.integers(1, 20),
        "WKST": st.none() | st.sampled_from(WEEKDAYS),
        "BYMONTH": st.none() | several(1, 2, 3, 6, 12),
        "BYMONTHDAY": st.none() if frequency == "WEEKLY" else st.none() | several(1, 13, 28, -1, -2),
        "BYDAY": st.none() | several(*(f"{ordinal}{weekday}" for weekday in WEEKDAYS)),
    }
    drawn = {name: draw(strategy) for name, strategy in parts.items()}
    if frequency == "MONTHLY" and drawn["BYDAY"]:
        drawn["BYSETPOS"] = draw(st.none() | several(1, 2, -1))
    return ";".join(f"{name}={value}" for name, value in drawn.items() if value is not None)


@given(rules(), st.integers(0, 1500), st.integers(-50, 700))
@settings(max_examples=150, deadline=None)
def test_rule_falls_on_the_days_that_others_reckon(rule: str, first_number: int, since_number: int) -> None:
    first = date(2020, 1, 1) + timedelta(days=first_number)
    since = first + timedelta(days=since_number)
    last = since + timedelta(days=400)
    told = rrulestr(rule, dtstart=datetime.combine(first, time()))

    found = list(rule_of(rule).days(first, since, last))

    reckoned = told.between(datetime.combine(since, time()), datetime.combine(last, time()), inc=True)
    assert found == [day.date() for day in reckoned]


@pytest.mark.parametrize(
    ("rule", "days"),
    [
        ("FREQ=MONTHLY", ["2024-01-31", "2024-03-31"]),
        ("FREQ=MONTHLY;BYMONTHDAY=-1", ["2024-01-31", "2024-02-29", "2024-03-31"]),
        ("FREQ=YEARLY;BYYEARDAY=60,-307", ["2024-02-29"]),
        ("FREQ=YEARLY;BYWEEKNO=9", ["2024-02-28"]),
        (
            "FREQ=WEEKLY;INTERVAL=4;WKST=SU;BYDAY=SU,SA",
            ["2024-02-03", "2024-02-25", "2024-03-02", "2024-03-24", "2024-03-30"],
        ),
        ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;COUNT=2", ["2024-01-31", "2024-02-29"]),
        (
            "FREQ=MONTHLY;BYDAY=2TU,TH;BYMONTH=2",
            ["2024-02-01", "2024-02-08", "2024-02-13", "2024-02-15", "2024-02-22", "2024-02-29"],
        ),
    ],
)
def test_rule_falls_on_these_days(rule: str, days: list[str]) -> None:
    found = rule_of(rule).days(FIRST, FIRST, date(2024, 3, 31))

    assert [str(day) for day in found] == days


def test_rule_that_never_falls_costs_only_the_days_that_are_asked_for() -> None:
    """Case 126: another implementation looks through eight thousand years for this day."""
    rule = rule_of("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30")

    assert list(rule.days(date(1, 1, 1), date(2026, 1, 1), date(2026, 12, 31))) == []


@pytest.mark.parametrize(
    "rule",
    [
        "",
        "FREQ=",
        "FREQ=HOURLY",
        "FREQ=FORTNIGHTLY",
        "INTERVAL=2",
        "FREQ=DAILY;INTERVAL=0",
        "FREQ=DAILY;COUNT=-1",
        "FREQ=DAILY;COUNT=99999999999",
        "FREQ=DAILY;FREQ=DAILY",
        "FREQ=DAILY;BYMONTH=13",
        "FREQ=DAILY;BYMONTHDAY=0",
        "FREQ=WEEKLY;BYDAY=XX",
        "FREQ=WEEKLY;WKST=1",
        "FREQ=YEARLY;RSCALE=CHINESE",
        "FREQ=DAILY;COUNT=\u0661",
    ],
)
def test_broken_rule_is_unreadable(rule: str) -> None:
    with pytest.raises(Unreadable):
        rule_of(rule)

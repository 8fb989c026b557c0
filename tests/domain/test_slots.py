"""The slot engine, told as small calendars."""

from datetime import UTC, date, datetime, timedelta
from time import perf_counter
from typing import Any

import pytest

from domain.availability import DateOverride, Hours, WeeklyWindow
from domain.errors import InvalidInput
from domain.intervals import Span, instant_of, minute_of
from domain.slots import (
    Assignment,
    Caps,
    DateRange,
    GridOrigin,
    HostTime,
    Own,
    Refusal,
    RefusalRule,
    RollingBusinessDays,
    RollingDays,
    Rules,
    Session,
    Slot,
    Unknown,
    explain,
    find_slots,
    nearest,
    slot_at,
)

DAYS = range(7)
OFFICE = Hours("UTC", tuple(WeeklyWindow(day, 540, 720) for day in DAYS))  # 09:00 to 12:00
MONDAY = minute_of(datetime(2026, 6, 15, tzinfo=UTC))
NOW = datetime(2026, 6, 14, 12, tzinfo=UTC)
WINDOW = (MONDAY, MONDAY + 1440)
HOUR = Rules(60)


def make_host(
    name: str = "ada",
    hours: Hours = OFFICE,
    busy: tuple[Span, ...] | Unknown = (),
    own: tuple[Own, ...] = (),
) -> HostTime:
    return HostTime(name, hours, busy, own)


def at(hour: int, minute: int = 0) -> int:
    return MONDAY + hour * 60 + minute


def clock(slots: tuple[Slot, ...]) -> list[str]:
    return [instant_of(slot.start).strftime("%H:%M") for slot in slots]


def rules_of(refusals: tuple[Refusal, ...]) -> list[str]:
    return [refusal.rule for refusal in refusals]


def test_busy_times_never_move_the_grid() -> None:
    """D16."""
    host = make_host(busy=((at(9, 10), at(9, 20)),))

    assert clock(find_slots(HOUR, [host], WINDOW, NOW)) == ["10:00", "11:00"]


def test_the_clock_never_moves_the_grid() -> None:
    """D16."""
    late = datetime(2026, 6, 15, 9, 0, 1, tzinfo=UTC)

    assert clock(find_slots(HOUR, [make_host()], WINDOW, late)) == ["10:00", "11:00"]


def test_a_page_may_count_from_the_hour() -> None:
    """D16."""
    host = make_host(hours=Hours("UTC", (WeeklyWindow(0, 550, 720),)))
    rules = Rules(30, grid_origin=GridOrigin.HOUR)

    assert clock(find_slots(rules, [host], WINDOW, NOW)) == ["09:30", "10:00", "10:30", "11:00", "11:30"]


def test_the_hour_is_that_of_the_pages_zone() -> None:
    """D16."""
    rules = Rules(30, 60, grid_origin=GridOrigin.HOUR, zone="Asia/Kathmandu")

    assert clock(find_slots(rules, [make_host()], WINDOW, NOW)) == ["09:15", "10:15", "11:15"]


def test_buffers_share_a_gap() -> None:
    """D13."""
    host = make_host(own=(Own((at(9), at(9, 30)), 0, 20),))
    rules = Rules(30, 10, buffer_before_minutes=15)

    assert clock(find_slots(rules, [host], WINDOW, NOW))[0] == "09:50"


def test_a_booking_without_buffers_leaves_room_for_those_of_the_page() -> None:
    """D13."""
    host = make_host(own=(Own((at(10), at(11)), 0, 0),))
    rules = Rules(60, 30, buffer_before_minutes=30, buffer_after_minutes=30)

    assert clock(find_slots(rules, [host], WINDOW, NOW)) == []


def test_unknown_is_busy() -> None:
    """D03."""
    hosts = [make_host(), make_host("bob", busy=Unknown("away"))]

    assert clock(find_slots(Rules(60, assignment=Assignment.ALL), hosts, WINDOW, NOW)) == []
    assert {s.hosts for s in find_slots(Rules(60, assignment=Assignment.ANY), hosts, WINDOW, NOW)} == {
        ("ada",)
    }


def test_two_half_free_hosts_are_not_one_free_host() -> None:
    hosts = [make_host(busy=((at(9), at(10, 30)),)), make_host("bob", busy=((at(10, 30), at(12)),))]
    rules = Rules(120, 60, assignment=Assignment.ANY)

    assert find_slots(rules, hosts, WINDOW, NOW) == ()


def test_any_names_the_hosts_who_can_take_it_in_the_pages_order() -> None:
    hosts = [make_host(), make_host("bob", busy=((at(9), at(10)),)), make_host("cleo")]

    slots = find_slots(Rules(60, assignment=Assignment.ANY), hosts, WINDOW, NOW)

    assert [slot.hosts for slot in slots] == [("ada", "cleo"), ("ada", "bob", "cleo"), ("ada", "bob", "cleo")]


def test_a_session_with_seats_is_offered_whatever_else_holds_its_time() -> None:
    host = make_host(busy=((at(13), at(14)),), own=(Own((at(13), at(14))),))
    session = Session(at(13), at(14), 3)
    rules = Rules(60, caps=Caps(per_day=1))

    slots = find_slots(rules, [host], WINDOW, NOW, counted=[(at(13), at(14))], sessions=[session])

    assert slots == (Slot(at(13), at(14), ("ada",), 3),)
    assert explain(rules, [host], at(13), NOW, counted=[(at(13), at(14))], sessions=[session]) == ()


def test_a_full_session_is_not_offered() -> None:
    session = Session(at(9), at(10), 0)
    host = make_host(own=(Own((at(9), at(10))),))

    assert clock(find_slots(HOUR, [host], WINDOW, NOW, sessions=[session])) == ["10:00", "11:00"]
    assert rules_of(explain(HOUR, [host], at(9), NOW, sessions=[session])) == [RefusalRule.FULL]


def test_a_session_of_a_host_whose_calendar_is_unknown_is_not_offered() -> None:
    """D03."""
    host = make_host(busy=Unknown("away"))
    session = Session(at(9), at(10), 2)

    assert find_slots(HOUR, [host], WINDOW, NOW, sessions=[session]) == ()


@pytest.mark.parametrize(
    ("today", "days", "last"),
    [
        ("2026-06-19", 0, "2026-06-19"),  # a Friday
        ("2026-06-19", 1, "2026-06-22"),
        ("2026-06-20", 1, "2026-06-22"),
        ("2026-06-21", 5, "2026-06-26"),
        ("2026-06-18", 2, "2026-06-22"),
        ("2026-06-15", 4, "2026-06-19"),
        ("2026-06-15", 5, "2026-06-22"),
        ("2026-06-17", 23, "2026-07-20"),
    ],
)
def test_business_days_skip_weekends(today: str, days: int, last: str) -> None:
    """D16."""
    now = datetime.fromisoformat(today + "T08:00+00:00")
    window = (minute_of(now), minute_of(now) + 60 * 1440)

    slots = find_slots(Rules(60, window=RollingBusinessDays(days)), [make_host()], window, now)

    assert instant_of(slots[-1].start).date() == date.fromisoformat(last)


@pytest.mark.parametrize(
    ("caps", "closed"),
    [
        (Caps(per_day=1), [15]),
        (Caps(per_day=2), []),
        (Caps(per_week=1), [15, 16, 17, 18, 19, 20, 21]),
        (Caps(per_week=1, week_start=2), [15, 16]),
        (Caps(per_month=1), [15, 16, 17, 18, 19, 20, 21, 22]),
        (Caps(per_day_minutes=119), [15]),
        (Caps(per_day_minutes=120), []),
        (Caps(per_week_minutes=60), [15, 16, 17, 18, 19, 20, 21]),
    ],
)
def test_caps_close_their_day_week_or_month(caps: Caps, closed: list[int]) -> None:
    days = (MONDAY, MONDAY + 8 * 1440)

    slots = find_slots(Rules(60, caps=caps), [make_host()], days, NOW, counted=[(at(9), at(10))])

    assert sorted({*range(15, 23)} - {instant_of(slot.start).day for slot in slots}) == closed


def test_an_evening_before_a_missing_date_runs_into_the_day_after_it() -> None:
    """D15: Samoa had no 30 December 2011, so 02:00 after the 29th was on the 31st."""
    hours = Hours("Pacific/Apia", (WeeklyWindow(3, 1320, 120),))
    midnight = minute_of(datetime(2011, 12, 30, 10, tzinfo=UTC))
    past = datetime(2011, 12, 1, tzinfo=UTC)

    slots = find_slots(HOUR, [make_host(hours=hours)], (midnight, midnight + 600), past)

    assert [slot.start - midnight for slot in slots] == [0, 60]


@pytest.mark.parametrize(("closed", "starts"), [(date(2011, 12, 30), [0, 60]), (date(2011, 12, 31), [])])
def test_only_an_override_of_a_date_that_exists_cuts_the_evening_before(
    closed: date, starts: list[int]
) -> None:
    """D15."""
    hours = Hours("Pacific/Apia", (WeeklyWindow(3, 1320, 120),), (DateOverride(closed, ()),))
    midnight = minute_of(datetime(2011, 12, 30, 10, tzinfo=UTC))
    past = datetime(2011, 12, 1, tzinfo=UTC)

    slots = find_slots(HOUR, [make_host(hours=hours)], (midnight, midnight + 600), past)

    assert [slot.start - midnight for slot in slots] == starts


def test_all_hosts_start_where_their_windows_begin_to_be_common() -> None:
    """D16."""
    nested = Hours("UTC", (WeeklyWindow(0, 540, 1020), WeeklyWindow(0, 610, 670)))
    early = Hours("UTC", (WeeklyWindow(0, 480, 800),))
    rules = Rules(60, assignment=Assignment.ALL)

    slots = find_slots(rules, [make_host(hours=early), make_host("bob", hours=nested)], WINDOW, NOW)

    assert clock(slots) == ["09:00", "10:00", "10:10", "11:00", "12:00"]


def test_the_nearest_slots_come_in_order_of_start() -> None:
    host = make_host(busy=((at(10), at(11)),))

    slots = nearest(Rules(30), [host], at(10), NOW, count=3, window=WINDOW)

    assert clock(slots) == ["09:00", "09:30", "11:00"]


def test_a_slot_is_given_by_its_start_alone() -> None:
    assert slot_at(HOUR, [make_host()], at(10), NOW) == Slot(at(10), at(11), ("ada",))
    assert slot_at(HOUR, [make_host()], at(10, 1), NOW) is None


@pytest.mark.parametrize(
    ("rules", "host", "start", "refused"),
    [
        pytest.param(HOUR, make_host(), at(9), [], id="offered"),
        pytest.param(HOUR, make_host(), at(9, 30), ["grid"], id="between two starts"),
        pytest.param(HOUR, make_host(), at(11, 30), ["hours"], id="too long for the window"),
        pytest.param(Rules(60, notice_minutes=1440), make_host(), at(9), ["notice"], id="too soon"),
        pytest.param(Rules(60, window=RollingDays(0)), make_host(), at(9), ["window"], id="too far"),
        pytest.param(Rules(60, caps=Caps(per_day=0)), make_host(), at(9), ["cap"], id="capped"),
        pytest.param(HOUR, make_host(busy=((at(9), at(10)),)), at(9), ["busy"], id="busy"),
        pytest.param(HOUR, make_host(own=(Own((at(9), at(10))),)), at(9), ["booked"], id="booked"),
        pytest.param(HOUR, make_host(busy=Unknown("away")), at(9), ["calendar_unknown"], id="unknown"),
        pytest.param(
            Rules(60, notice_minutes=1600),
            make_host(busy=((at(13), at(14)),), own=(Own((at(13), at(14))),)),
            at(13),
            ["notice", "hours", "busy", "booked"],
            id="everything at once",
        ),
    ],
)
def test_names_every_rule_that_refuses(rules: Rules, host: HostTime, start: int, refused: list[str]) -> None:
    """X12."""
    assert rules_of(explain(rules, [host], start, NOW)) == refused


def test_says_when_the_earliest_start_is_and_how_large_the_cap_is() -> None:
    """X12."""
    rules = Rules(60, notice_minutes=1500, caps=Caps(per_week=2))

    refusals = explain(rules, [make_host()], at(9), NOW, counted=[(at(9), at(10)), (at(11), at(12))])

    assert [refusal.detail for refusal in refusals] == [
        "The earliest start is 2026-06-15 13:00 UTC.",
        "At most 2 bookings a week.",
    ]


@pytest.mark.parametrize(
    "window",
    [
        (MONDAY, MONDAY + 401 * 1440),
        (-1, 1440),
        (120_968_000, 121_000_000),
    ],
)
def test_a_window_without_measure_is_refused(window: Span) -> None:
    with pytest.raises(InvalidInput) as refused:
        find_slots(HOUR, [make_host()], window, NOW)

    assert refused.value.path == ("window",)


@pytest.mark.parametrize("start", [-(10**12), 0, 10**12])
def test_a_start_in_no_year_of_ours_is_refused(start: int) -> None:
    with pytest.raises(InvalidInput):
        explain(HOUR, [make_host()], start, NOW)


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ({"duration_minutes": 0}, "durationMinutes"),
        ({"duration_minutes": 1441}, "durationMinutes"),
        ({"interval_minutes": 0}, "intervalMinutes"),
        ({"buffer_before_minutes": -1}, "bufferBeforeMinutes"),
        ({"buffer_after_minutes": 1441}, "bufferAfterMinutes"),
        ({"notice_minutes": -1}, "noticeMinutes"),
    ],
)
def test_rules_that_make_no_sense_are_refused_with_the_field(wrong: dict[str, Any], path: str) -> None:
    words: dict[str, Any] = {"duration_minutes": 30, **wrong}

    with pytest.raises(InvalidInput) as refused:
        Rules(**words)

    assert refused.value.path == (path,)


def test_rules_in_an_unknown_zone_are_refused() -> None:
    with pytest.raises(InvalidInput) as refused:
        Rules(30, zone="Europe/Atlantis")

    assert refused.value.path == ("zone",)


@pytest.mark.parametrize(
    ("first", "last"),
    [
        (date(2026, 6, 2), date(2026, 6, 1)),
        (date(1, 1, 1), date(2026, 6, 1)),
        (date(2026, 6, 1), date(9999, 12, 31)),
    ],
)
def test_a_booking_window_of_dates_is_in_order_and_in_our_years(first: date, last: date) -> None:
    with pytest.raises(InvalidInput) as refused:
        DateRange(first, last)

    assert refused.value.path[0] == "window"


def test_the_worst_schedules_are_answered_in_seconds() -> None:
    hours = [
        Hours(
            "UTC", tuple(WeeklyWindow(day, start + at, 1440) for day in DAYS for start in range(0, 1440, 60))
        )
        for at in range(20)
    ]
    busy = tuple((MONDAY + minute, MONDAY + minute + 1) for minute in range(0, 14 * 1440, 30))
    hosts = [make_host(str(number), hours[number], busy) for number in range(20)]
    window = (MONDAY, MONDAY + 14 * 1440)

    begun = perf_counter()
    common = find_slots(Rules(1, assignment=Assignment.ALL), hosts, window, NOW - timedelta(days=1))
    some = find_slots(Rules(1, assignment=Assignment.ANY), hosts, window, NOW - timedelta(days=1))

    assert len(some) > len(common) > 0
    assert perf_counter() - begun < 10  # a sweep that is squared takes minutes

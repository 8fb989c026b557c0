"""What takes a host's time, entry by entry."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.intervals import instant_of, minute_of
from domain.statuses import BusyTimes
from integrations import ical_busy
from integrations.ical_busy import kinds, timed
from integrations.ical_lines import Unreadable, calendars
from tests.integrations.outside import CANARY, calendar

# The last week of March 2026, in which Europe's clocks go forward, and a week on either side.
START, END = datetime(2026, 3, 16, tzinfo=UTC), datetime(2026, 4, 6, tzinfo=UTC)
WINDOW = (minute_of(START), minute_of(END))
BERLIN = "Europe/Berlin"
VTIMEZONE = """\
BEGIN:VTIMEZONE
TZID:Made up
BEGIN:STANDARD
DTSTART:16011028T030000
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:16010325T020000
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
END:DAYLIGHT
END:VTIMEZONE"""


def spans(text: str, zone: str | None = BERLIN) -> list[str]:
    """Read a calendar; its busy times as `day hour:minute/day hour:minute` in UTC."""
    found = BusyTimes.of(kinds(timed(calendars(text.encode()), zone), WINDOW), WINDOW).counted()
    return ["/".join(f"{instant_of(minute):%m-%d %H:%M}" for minute in span) for span in found]


@pytest.mark.parametrize(
    ("lines", "busy"),
    [
        (["DTSTART:20260320T090000Z", "DTEND:20260320T100000Z"], ["03-20 09:00/03-20 10:00"]),
        (["DTSTART:20260320T090000Z", "DURATION:PT1H30M"], ["03-20 09:00/03-20 10:30"]),
        (["DTSTART:20260320T090030Z", "DTEND:20260320T093001Z"], ["03-20 09:00/03-20 09:31"]),
        (["DTSTART:20260320T090000Z"], []),
        (["DTSTART:20260320T100000Z", "DTEND:20260320T090000Z"], ["03-20 09:00/03-20 10:00"]),
        (["DTSTART:20260320T090000", "DTEND:20260320T100000"], ["03-20 08:00/03-20 09:00"]),
        (
            ["DTSTART;TZID=America/New_York:20260320T090000", "DTEND;TZID=America/New_York:20260320T100000"],
            ["03-20 13:00/03-20 14:00"],
        ),
        (
            ['DTSTART;TZID="W. Europe Standard Time":20260320T090000', "DURATION:PT1H"],
            ["03-20 08:00/03-20 09:00"],
        ),
        (
            ["DTSTART;TZID=/mozilla.org/20050126_1/Europe/London:20260320T090000", "DURATION:PT1H"],
            ["03-20 09:00/03-20 10:00"],
        ),
        (["DTSTART;VALUE=DATE:20260320"], ["03-19 23:00/03-20 23:00"]),
        (["DTSTART;VALUE=DATE:20260329", "DTEND;VALUE=DATE:20260330"], ["03-28 23:00/03-29 22:00"]),
        (["DTSTART;VALUE=DATE:20260401", "DURATION:P2D"], ["03-31 22:00/04-02 22:00"]),
        (["DTSTART:20260320T090000Z", "DURATION:PT1H", "STATUS:TENTATIVE"], ["03-20 09:00/03-20 10:00"]),
        (["DTSTART:20260320T090000Z", "DURATION:PT1H", "STATUS:CANCELLED"], []),
        (["DTSTART:20260320T090000Z", "DURATION:PT1H", "TRANSP:TRANSPARENT"], []),
        (["DTSTART:20260320T090000Z", "DURATION:PT1H", "TRANSP:transparent"], []),
        (["DTSTART:20260320T090000Z", "DURATION:PT1H", "TRANSP:NONSENSE"], ["03-20 09:00/03-20 10:00"]),
        (["DTSTART:20260101T000000Z", "DTEND:20270101T000000Z"], ["03-16 00:00/04-06 00:00"]),
        (["DTSTART:20250320T090000Z", "DURATION:PT1H"], []),
        (["DTSTART;VALUE=DATE:99991231"], []),
        (["DTSTART:00010101T000000Z", "DURATION:PT1H", "TRANSP:OPAQUE"], []),
        (["dtstart:20260320t090000z", "duration:pt1h"], ["03-20 09:00/03-20 10:00"]),
        (["DTSTART:20260320T0900", " 00Z", "DURATION:PT", "\t1H"], ["03-20 09:00/03-20 10:00"]),
    ],
)
def test_single_entry_takes_this_time(lines: list[str], busy: list[str]) -> None:
    """R060, case 126."""
    assert spans(calendar("UID:1", *lines)) == busy


@pytest.mark.parametrize(
    ("lines", "busy"),
    [
        (
            ["RRULE:FREQ=WEEKLY"],
            ["03-20 08:00/03-20 09:00", "03-27 08:00/03-27 09:00", "04-03 07:00/04-03 08:00"],
        ),
        (
            ["RRULE:FREQ=WEEKLY;UNTIL=20260327T080000Z"],
            ["03-20 08:00/03-20 09:00", "03-27 08:00/03-27 09:00"],
        ),
        (["RRULE:FREQ=WEEKLY;UNTIL=20260327T075900Z"], ["03-20 08:00/03-20 09:00"]),
        (["RRULE:FREQ=WEEKLY;UNTIL=20260327"], ["03-20 08:00/03-20 09:00", "03-27 08:00/03-27 09:00"]),
        (["RRULE:FREQ=WEEKLY;COUNT=2"], ["03-20 08:00/03-20 09:00", "03-27 08:00/03-27 09:00"]),
        (
            ["RRULE:FREQ=WEEKLY", "EXDATE;TZID=Europe/Berlin:20260327T090000,20260403T090000"],
            ["03-20 08:00/03-20 09:00"],
        ),
        (
            ["RRULE:FREQ=WEEKLY;COUNT=2", "EXDATE:20260320T080000Z", "EXDATE:20260327T080000Z"],
            [],
        ),
        (
            ["RDATE;TZID=Europe/Berlin:20260330T180000"],
            ["03-20 08:00/03-20 09:00", "03-30 16:00/03-30 17:00"],
        ),
        (
            ["RDATE;VALUE=PERIOD:20260330T180000Z/PT30M,20260331T180000Z/20260331T190000Z"],
            ["03-20 08:00/03-20 09:00", "03-30 18:00/03-30 18:30", "03-31 18:00/03-31 19:00"],
        ),
        (["RRULE:FREQ=HOURLY;UNTIL=20260321T000000Z"], ["03-20 08:00/03-22 00:00"]),
        (["RRULE:FREQ=MINUTELY"], ["03-20 08:00/04-06 00:00"]),
        (
            ["RRULE:FREQ=WEEKLY;COUNT=1;BYHOUR=9,15"],
            ["03-19 23:00/03-21 00:00"],
        ),
    ],
)
def test_recurring_entry_takes_these_times(lines: list[str], busy: list[str]) -> None:
    """R060: each occurrence stays at nine on the wall when the clocks go forward."""
    times = ["DTSTART;TZID=Europe/Berlin:20260320T090000", "DTEND;TZID=Europe/Berlin:20260320T100000"]

    assert spans(calendar("UID:1", *times, *lines)) == busy


def test_occurrence_over_the_change_of_clocks_lasts_as_long_as_either_reading_says() -> None:
    """Half past one to half past three by the wall is one hour that night, and two by the hour."""
    lines = [
        "UID:1",
        "DTSTART;TZID=Europe/Berlin:20260322T013000",
        "DTEND;TZID=Europe/Berlin:20260322T033000",
    ]

    assert spans(calendar(*lines, "RRULE:FREQ=WEEKLY;COUNT=2")) == [
        "03-22 00:30/03-22 02:30",
        "03-29 00:30/03-29 02:30",
    ]


def test_occurrence_that_was_changed_takes_its_own_time_and_not_the_old() -> None:
    series = calendar(
        "UID:1", "DTSTART;TZID=Europe/Berlin:20260320T090000", "DURATION:PT1H", "RRULE:FREQ=WEEKLY;COUNT=3"
    )
    moved = calendar("UID:1", "RECURRENCE-ID:20260327T080000Z", "DTSTART:20260328T120000Z", "DURATION:PT2H")
    gone = calendar("UID:1", "RECURRENCE-ID:20260403T070000Z", "DTSTART:20260403T070000Z", "STATUS:CANCELLED")

    assert spans(series + moved + gone) == ["03-20 08:00/03-20 09:00", "03-28 12:00/03-28 14:00"]


def test_change_to_all_later_occurrences_counts_both_ways() -> None:
    series = calendar("UID:1", "DTSTART:20260317T080000Z", "DURATION:PT1H", "RRULE:FREQ=WEEKLY")
    moved = calendar(
        "UID:1",
        "RECURRENCE-ID;RANGE=THISANDFUTURE:20260324T080000Z",
        "DTSTART:20260324T140000Z",
        "DURATION:PT2H",
    )

    assert spans(series + moved) == [
        "03-17 08:00/03-17 09:00",
        "03-24 14:00/03-24 16:00",
        "03-31 08:00/03-31 09:00",
        "03-31 14:00/03-31 16:00",
    ]


def test_change_to_all_later_occurrences_counts_though_the_series_does_not() -> None:
    """Unknown is busy: what was marked free at first is busy from the change on."""
    series = calendar(
        "UID:1", "DTSTART:20260317T080000Z", "DURATION:PT1H", "RRULE:FREQ=WEEKLY", "TRANSP:TRANSPARENT"
    )
    taken = calendar(
        "UID:1",
        "RECURRENCE-ID;RANGE=THISANDFUTURE:20260324T080000Z",
        "DTSTART:20260324T080000Z",
        "DURATION:PT1H",
        "TRANSP:OPAQUE",
    )

    assert spans(series + taken) == ["03-24 08:00/03-24 09:00", "03-31 08:00/03-31 09:00"]


def test_series_is_not_touched_by_a_change_of_another() -> None:
    series = calendar("UID:1", "DTSTART:20260317T080000Z", "DURATION:PT1H")
    other = calendar("UID:2", "RECURRENCE-ID:20260317T080000Z", "DTSTART:20260318T080000Z", "DURATION:PT1H")

    assert spans(series + other) == ["03-17 08:00/03-17 09:00", "03-18 08:00/03-18 09:00"]


def test_zone_that_the_data_describes_is_followed_through_the_change_of_clocks() -> None:
    lines = ["UID:1", "DTSTART;TZID=Made up:20260322T023000", "DURATION:PT1H", "RRULE:FREQ=WEEKLY;COUNT=3"]

    # On the 29th half past two is skipped: it is read with the offset before, as RFC 5545 wants it.
    assert spans(calendar(*lines, more=VTIMEZONE)) == [
        "03-22 01:30/03-22 02:30",
        "03-29 01:30/03-29 02:30",
        "04-05 00:30/04-05 01:30",
    ]


def test_zone_that_nobody_knows_makes_an_entry_wide() -> None:
    lines = ["UID:1", "DTSTART;TZID=Nowhere:20260320T120000", "DURATION:PT1H"]

    assert spans(calendar(*lines)) == ["03-19 22:00/03-21 03:00"]


def test_whole_day_without_any_zone_is_wide_and_with_the_feeds_own_it_is_not() -> None:
    day = calendar("UID:1", "DTSTART;VALUE=DATE:20260320")

    assert spans(day, None) == ["03-19 10:00/03-21 14:00"]
    assert spans(day.replace("VERSION:2.0", "X-WR-TIMEZONE:Asia/Tokyo"), None) == ["03-19 15:00/03-20 15:00"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<html></html>",
        "BEGIN:VCALENDAR",
        "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART:20260320T090000Z\r\nEND:VCALENDAR\r\n",
        calendar("UID:1")[:-20],
        calendar("UID:1"),
        calendar("UID:1", "DTSTART:tomorrow"),
        calendar("UID:1", "DTSTART:20260230T090000Z"),
        calendar("UID:1", "DTSTART"),
        calendar("UID:1", "DTSTART:20260320T090000Z", "DTSTART:20260321T090000Z"),
        calendar("UID:1", "DTSTART:20260320T090000Z", "DURATION:soon"),
        calendar("UID:1", "DTSTART:20260320T090000Z", "RRULE:FREQ=OFTEN"),
        calendar("UID:1", "DTSTART:20260320T090000Z", "RRULE:FREQ=DAILY;UNTIL=never"),
        calendar("UID:1", "DTSTART:20260320T090000Z", "EXDATE:20260320T090000Z,x"),
        calendar("UID:1", "DTSTART:20260320T090000Z", "RDATE;VALUE=PERIOD:20260320T090000Z"),
    ],
)
def test_what_cannot_be_understood_is_unreadable_and_says_nothing(text: str) -> None:
    """Case 136: never free; case 164: no word of it in the error."""
    with pytest.raises(Unreadable) as failed:
        spans(text)

    assert failed.value.args == ()


def test_entry_that_does_not_count_may_be_as_broken_as_it_likes() -> None:
    assert spans(calendar("UID:1", "DTSTART:tomorrow", "TRANSP:TRANSPARENT")) == []


def test_nothing_but_times_is_kept_of_an_entry() -> None:
    """R062 to R065, case 164: titles, bodies, guests and attachments end in the first reader."""
    text = calendar("UID:1", "DTSTART:20260320T090000Z", f'LOCATION;ALTREP="{CANARY}":{CANARY}')

    found = calendars(text.encode())

    kept = [property_.name for property_ in found[0].components[0].properties]
    assert kept == ["UID", "DTSTART"]
    assert CANARY not in str([(property_.parameters, property_.value) for property_ in found[0].properties])


def test_many_old_daily_entries_are_read_in_a_moment() -> None:
    """Case 126: what is long past is not unrolled."""
    lines = ["DTSTART:19700101T090000Z", "DURATION:PT1H", "RRULE:FREQ=DAILY"]
    text = "".join(calendar(f"UID:{number}", *lines) for number in range(300))

    assert len(spans(text)) == (END - START) // timedelta(days=1)


def test_entries_that_count_for_ages_are_refused_before_they_are_reckoned() -> None:
    """Case 126."""
    lines = ["DTSTART:19000101T090000Z", "DURATION:PT1H", "RRULE:FREQ=DAILY;COUNT=900000"]
    text = "".join(calendar(f"UID:{number}", *lines) for number in range(300))

    with pytest.raises(Unreadable):
        spans(text)


def free_busy(*lines: str) -> list[str]:
    """Read a free-busy answer as above."""
    text = "\r\n".join(("BEGIN:VCALENDAR", "BEGIN:VFREEBUSY", *lines, "END:VFREEBUSY", "END:VCALENDAR", ""))
    found = BusyTimes.of(ical_busy.free_busy(calendars(text.encode()), WINDOW), WINDOW).counted()
    return ["/".join(f"{instant_of(minute):%m-%d %H:%M}" for minute in span) for span in found]


def test_free_busy_answer_counts_all_but_what_is_free() -> None:
    assert free_busy(
        "FREEBUSY;FBTYPE=BUSY:20260320T090000Z/20260320T100000Z,20260321T090000Z/PT30M",
        "FREEBUSY:20260322T090000Z/PT1H",
        "FREEBUSY;FBTYPE=BUSY-TENTATIVE:20260323T090000Z/PT1H",
        "FREEBUSY;FBTYPE=X-OUT:20260324T090000Z/PT1H",
        "FREEBUSY;FBTYPE=FREE:20260325T090000Z/PT1H",
    ) == [
        "03-20 09:00/03-20 10:00",
        "03-21 09:00/03-21 09:30",
        "03-22 09:00/03-22 10:00",
        "03-23 09:00/03-23 10:00",
        "03-24 09:00/03-24 10:00",
    ]
    assert free_busy() == []


@pytest.mark.parametrize("line", ["FREEBUSY:20260320T090000Z", "FREEBUSY:x/y", "FREEBUSY"])
def test_free_busy_answer_that_is_broken_is_unreadable(line: str) -> None:
    with pytest.raises(Unreadable):
        free_busy(line)


def test_calendar_without_free_busy_answer_is_no_free_time() -> None:
    with pytest.raises(Unreadable):
        ical_busy.free_busy(calendars(b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"), WINDOW)


@pytest.mark.parametrize(
    "bound", ["DTSTART:20260316T000100Z", "DTEND:20260405T235900Z", "DTEND;VALUE=DATE:20260405"]
)
def test_free_busy_answer_about_less_than_was_asked_is_no_free_time(bound: str) -> None:
    """Unknown is busy: a server that looks at some weeks only says so by the bounds of its answer."""
    with pytest.raises(Unreadable):
        free_busy(bound, "FREEBUSY:20260320T090000Z/PT1H")


def test_free_busy_answer_about_what_was_asked_or_more_is_read() -> None:
    bounds = "DTSTART:20260316T000000Z", "DTEND:20260407T000000Z"

    assert free_busy(*bounds, "FREEBUSY:20260320T090000Z/PT1H") == ["03-20 09:00/03-20 10:00"]

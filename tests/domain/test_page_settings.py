"""What an owner sets on a page, and which of it is possible."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.booking_pages import BookingPage, PageHost, PageKind, Place, PlaceKind, Question, QuestionFormat
from domain.errors import InvalidInput
from domain.ids import OrganizationId, PageId, UserId
from domain.page_settings import PageSettings, new_page, settings_of, with_settings
from domain.places import checked_place
from domain.slots import Assignment, Caps, DateRange, RollingDays
from tests.clock import NOW

ADA = UserId(UUID(int=1))
BOB = UserId(UUID(int=2))
GOOD = PageSettings("intro", "Introduction", 30, Place(PlaceKind.LINK, "https://meet.example.com/ada"))
PHONE = Question(
    "phone",
    "Your number?",
    QuestionFormat.PHONE_NUMBER,
    (),
    is_required=True,
    is_enabled=True,
    takes_other=False,
)


def page_of(wanted: PageSettings) -> BookingPage:
    return new_page(PageId(UUID(int=3)), OrganizationId(UUID(int=4)), ADA, wanted, NOW)


def test_page_keeps_what_was_set() -> None:
    page = page_of(GOOD)

    assert settings_of(page) == GOOD
    assert page.hosts == (PageHost(ADA, None),)
    assert (page.revision, page.created_at) == (1, NOW)


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"slug": ""}, ("slug",)),
        ({"slug": "Intro"}, ("slug",)),
        ({"slug": "a/b"}, ("slug",)),
        ({"slug": "intro\n"}, ("slug",)),
        ({"slug": "x" * 65}, ("slug",)),
        ({"name": "\u200b"}, ("name",)),
        ({"name": "x" * 101}, ("name",)),
        ({"description": "x" * 5001}, ("description",)),
        ({"invitation": "x" * 5001}, ("invitation",)),
        ({"cancellation_policy": "x" * 5001}, ("cancellationPolicy",)),
        ({"duration_minutes": 4}, ("durationMinutes",)),
        ({"duration_minutes": 1441}, ("durationMinutes",)),
        ({"interval_minutes": 4}, ("intervalMinutes",)),
        ({"interval_minutes": 1441}, ("intervalMinutes",)),
        ({"buffer_before_minutes": -1}, ("bufferBeforeMinutes",)),
        ({"buffer_after_minutes": 1441}, ("bufferAfterMinutes",)),
        ({"notice_minutes": -1}, ("noticeMinutes",)),
        ({"zone": "Mars/Olympus"}, ("zone",)),
        ({"capacity": 2}, ("capacity",)),
        ({"kind": PageKind.GROUP, "capacity": 1}, ("capacity",)),
        ({"kind": PageKind.GROUP, "capacity": 1001}, ("capacity",)),
        ({"reminders": (timedelta(hours=1),) * 2}, ("reminderMinutes",)),
        ({"reminders": (timedelta(0),)}, ("reminderMinutes",)),
        ({"reminders": (timedelta(days=31),)}, ("reminderMinutes",)),
        ({"reminders": tuple(timedelta(hours=hour) for hour in range(1, 7))}, ("reminderMinutes",)),
        ({"cancel_until": timedelta(minutes=-1)}, ("cancelUntilMinutes",)),
        ({"reschedule_until": timedelta(days=367)}, ("rescheduleUntilMinutes",)),
        ({"place": Place(PlaceKind.LINK, "")}, ("place", "details")),
        ({"place": Place(PlaceKind.IN_PERSON, "x" * 501)}, ("place", "details")),
        ({"place": Place(PlaceKind.INVITEE_CALLS, "reception")}, ("place", "details")),
        ({"place": Place(PlaceKind.HOST_CALLS, "+442079460958")}, ("place", "details")),
        ({"place": Place(PlaceKind.HOST_CALLS, "")}, ("questions",)),
        (
            {"place": Place(PlaceKind.HOST_CALLS, ""), "questions": (replace(PHONE, is_required=False),)},
            ("questions",),
        ),
        ({"questions": (replace(PHONE, label=""),)}, ("questions", "0", "label")),
    ],
)
def test_what_is_not_possible_is_refused_by_its_field(change: dict[str, Any], path: tuple[str, ...]) -> None:
    with pytest.raises(InvalidInput) as refused:
        page_of(replace(GOOD, **change))

    assert refused.value.path == path


@pytest.mark.parametrize(
    "change",
    [
        {"slug": "x" * 64},
        {"duration_minutes": 5, "interval_minutes": 1440},
        {"kind": PageKind.GROUP, "capacity": 1000},
        {"window": DateRange(date(2026, 4, 1), date(2026, 4, 1)), "caps": Caps(per_day=3, week_start=6)},
        {"window": RollingDays(0), "notice_minutes": 60, "zone": "Asia/Tokyo"},
        {"place": Place(PlaceKind.HOST_CALLS, ""), "questions": (PHONE,)},
        {"place": Place(PlaceKind.IN_PERSON, "")},
        {"is_active": False, "is_hidden": True, "reminders": ()},
    ],
)
def test_what_is_possible_is_kept(change: dict[str, Any]) -> None:
    wanted = replace(GOOD, **change)

    assert settings_of(page_of(wanted)) == wanted


def test_reminders_stand_longest_first_and_words_are_clean() -> None:
    page = page_of(
        replace(
            GOOD,
            name=" Intro\u202e duction ",
            description="One\r\n\r\n\r\n\r\ntwo\x07",
            reminders=(timedelta(hours=1), timedelta(days=1)),
        )
    )

    assert page.reminders == (timedelta(days=1), timedelta(hours=1))
    assert (page.name, page.description) == ("Intro duction", "One\n\ntwo")


def test_other_hosts_and_how_they_share_stay_when_the_owner_changes_settings() -> None:
    page = page_of(GOOD)
    shared = replace(
        page,
        hosts=(*page.hosts, PageHost(BOB, None)),
        rules=replace(page.rules, assignment=Assignment.ALL),
    )

    changed = with_settings(shared, replace(settings_of(shared), duration_minutes=45))

    assert changed.hosts == shared.hosts
    assert changed.rules == replace(shared.rules, duration_minutes=45)


@pytest.mark.parametrize(
    "link",
    [
        "http://meet.example.com",
        "javascript:alert(1)",
        "https://",
        "https:///path",
        "https://ada:secret@meet.example.com",
        "https://meet.example.com/\u202egnp",
        "https://meet.example.com/a b",
        "https://meet.example.com\n.evil.example",
        "https://[::1",
        "https://meet.example.com:99999/",
        "https:\\\\meet.example.com",
        f"https://meet.example.com/{'x' * 1000}",
    ],
)
def test_place_that_is_no_plain_https_link_is_refused(link: str) -> None:
    """Case 111: no link that runs something."""
    with pytest.raises(InvalidInput) as refused:
        checked_place(Place(PlaceKind.LINK, link), "place", "details")

    assert refused.value.path == ("place", "details")


@given(text=st.text(max_size=40), start=st.sampled_from(["", "https://", "https://meet.example.com/"]))
def test_accepted_link_is_plain_ascii_over_https(text: str, start: str) -> None:
    try:
        place = checked_place(Place(PlaceKind.LINK, start + text), "place")
    except InvalidInput:
        return

    assert place.details.lower().startswith("https://")
    assert place.details.isascii()
    assert not any(mark.isspace() for mark in place.details)

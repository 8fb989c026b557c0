"""What mails say of meetings: a link that is there, one that follows, and a meeting that failed."""

from datetime import timedelta

import pytest

from domain.booking_pages import PlaceKind
from domain.meetings import FailedMeeting
from domain.notifications import Audience, MeetingPlace, Telling, UnwrittenEntry
from tests.mails.facts import NOW, START, make_composer, make_facts, make_reader, part

LINK = "https://zoom.example/j/1?pwd=guest"


def failed(kind: PlaceKind, failure: str) -> FailedMeeting:
    return FailedMeeting(kind, failure, "Intro call", START, START + timedelta(minutes=30))


def test_link_that_follows_is_promised_and_no_address_is_given() -> None:
    """R116."""
    facts = make_facts(place=MeetingPlace("Zoom", link_follows=True))

    mail = make_composer().tell(Telling.CONFIRMED, facts, make_reader(), NOW)

    assert "Zoom The link follows." in " ".join(part(mail, "text/plain").split())
    assert "Link:" not in part(mail, "text/plain")
    assert "LOCATION:Zoom" in part(mail, "text/calendar")


@pytest.mark.parametrize(
    ("audience", "locale", "said"),
    [
        (Audience.INVITEE, "en", "Here is the link for your booking with Aiko Tanaka."),
        (Audience.HOST, "en", "Here is the link for the booking of Sam Guest."),
        (Audience.INVITEE, "ja", "リンクをお知らせします。"),
    ],
)
def test_link_that_came_late_is_told_with_a_new_file_of_the_same_name(
    audience: Audience, locale: str, said: str
) -> None:
    """R116–R118."""
    facts = make_facts(place=MeetingPlace("Zoom", LINK))
    composer, reader = make_composer(), make_reader(audience, locale=locale)
    first = composer.tell(Telling.CONFIRMED, facts, reader, NOW)

    mail = composer.tell(Telling.LINK, facts, reader, NOW)

    assert said in part(mail, "text/plain")
    assert LINK in part(mail, "text/plain")
    assert mail["Message-ID"] != first["Message-ID"]
    uids = [
        [line for line in part(one, "text/calendar").splitlines() if line.startswith("UID")]
        for one in (first, mail)
    ]
    assert uids[0] == uids[1]


@pytest.mark.parametrize(
    ("kind", "failure", "advice"),
    [
        (PlaceKind.ZOOM_MEETING, "no_zoom_account", "Connect your Zoom account"),
        (PlaceKind.GOOGLE_MEET, "no_google_calendar", "a calendar of Google"),
        (PlaceKind.TEAMS, "no_teams_calendar", "a calendar of Microsoft"),
        (PlaceKind.TEAMS, "meeting_not_offered", "makes no Microsoft Teams meetings"),
        (PlaceKind.ZOOM_MEETING, "scope_missing", "let us make meetings"),
        (PlaceKind.ZOOM_MEETING, "whatever", "Try again from the booking"),
    ],
)
def test_host_is_told_what_failed_and_what_to_do(kind: PlaceKind, failure: str, advice: str) -> None:
    """R116–R118: the code itself is for programs."""
    reader = make_reader(Audience.HOST)

    mail = make_composer().meeting_failed(failed(kind, failure), "b.1", "https://slots.example/", reader, NOW)

    said = " ".join(part(mail, "text/plain").split())
    assert advice in said
    assert failure not in said
    assert "There is no meeting yet" in str(mail["Subject"])


@pytest.mark.parametrize(
    ("locale", "said"), [("en", "no other receives your bookings"), ("ja", "予約自体は有効です")]
)
def test_host_is_told_that_a_booking_is_in_no_calendar(locale: str, said: str) -> None:
    """Case 65; what the page is called makes no link."""
    unwritten = UnwrittenEntry("evil.example\r\nBcc: a@b.example", START, START + timedelta(minutes=30))
    reader = make_reader(Audience.HOST, locale=locale)

    mail = make_composer().unwritten(unwritten, "b.1", "https://slots.example/", reader, NOW)

    assert said in " ".join(part(mail, "text/plain").split())
    assert mail["Bcc"] is None
    assert "evil.example" not in part(mail, "text/html").partition("</head>")[2]


def test_page_with_a_link_in_its_name_makes_no_link_in_the_mail() -> None:
    """Case 113."""
    reader = make_reader(Audience.HOST, locale="ja")
    hostile = FailedMeeting(PlaceKind.TEAMS, "x", "evil.example\r\nBcc: a@b.example", START, START)

    mail = make_composer().meeting_failed(hostile, "b.1", "https://slots.example/", reader, NOW)

    assert mail["Bcc"] is None
    assert "evil.example" not in part(mail, "text/html").partition("</head>")[2]

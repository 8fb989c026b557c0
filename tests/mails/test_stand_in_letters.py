"""What mails say of standing in: the question to a colleague, and the words to either that it is over."""

from datetime import date
from uuid import UUID

import pytest

from domain.absences import Absence, AbsenceDates, AbsenceReason
from domain.ids import AbsenceId, UserId
from tests.mails.facts import NOW, make_composer, make_reader, text_of

DATES = AbsenceDates(date(2026, 8, 3), date(2026, 8, 14), "Asia/Tokyo")
ABSENCE = Absence(AbsenceId(UUID(int=7)), UserId(UUID(int=8)), DATES, AbsenceReason.SICK_LEAVE, version=2)
URL = "https://slots.example/"
EVIL = "Win at https://evil.example now"


@pytest.mark.parametrize(
    ("locale", "asked", "declined", "days"),
    [
        (
            "en",
            "Ada is away and asks you to stand in.",
            "Ada does not stand in for you while you are away.",
            ("August 3, 2026", "August 14, 2026"),
        ),
        (
            "ja",
            "Ada さんから、不在中の代わりの依頼が届いています。",
            "Ada さんは、不在中の代わりを引き受けません。",
            ("2026年8月3日", "2026年8月14日"),
        ),
    ],
)
def test_both_are_told_who_and_when_in_their_language_and_not_why(
    locale: str, asked: str, declined: str, days: tuple[str, ...]
) -> None:
    """The dates are those of the absence's zone, wherever the reader is."""
    reader, composer = make_reader(locale=locale, zone="America/New_York"), make_composer()

    question = composer.stand_in_asked(ABSENCE, "Ada", URL, reader, NOW)
    word = composer.stand_in_declined(ABSENCE, "Ada", URL, reader, NOW)

    assert (question["Subject"], word["Subject"]) == (asked, declined)
    assert [day for day in days for mail in (question, word) if day not in text_of(mail)] == []
    assert [mail for mail in (question, word) if "sick" in mail.as_string().lower()] == []
    assert question["Message-ID"] != word["Message-ID"]


@pytest.mark.parametrize(
    ("locale", "expected", "day"),
    [
        ("en", "Ada does not need you to stand in any more, as you had agreed.", "August 14, 2026"),
        (
            "ja",
            "Ada さんから、引き受けていただいた不在中の代わりは不要になったとの連絡がありました。",
            "2026年8月14日",
        ),
    ],
)
def test_who_had_agreed_is_told_that_it_is_over_and_what_is_left(
    locale: str, expected: str, day: str
) -> None:
    reader, composer = make_reader(locale=locale), make_composer()

    none, one = (composer.stand_in_over(left, "Ada", "8.1", URL, reader, NOW) for left in ([], [ABSENCE]))

    assert none["Subject"] == one["Subject"] == expected
    assert [day in text_of(mail) for mail in (none, one)] == [False, True]
    assert "sick" not in one.as_string().lower()


def test_a_name_that_carries_a_link_is_left_out() -> None:
    """Case 113: a colleague's name is no message of ours."""
    composer = make_composer()

    mails = [
        composer.stand_in_asked(ABSENCE, EVIL, URL, make_reader(), NOW),
        composer.stand_in_declined(ABSENCE, EVIL, URL, make_reader(), NOW),
        composer.stand_in_over([], EVIL, "8.1", URL, make_reader(), NOW),
    ]

    assert [mail["Subject"] for mail in mails if "evil" in mail.as_string()] == []
    assert mails[0]["Subject"] == "A colleague is away and asks you to stand in."

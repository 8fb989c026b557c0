"""What a member is mailed who was given a page."""

from uuid import UUID

import pytest

from domain.ids import PageId
from domain.notifications import GivenPage
from tests.mails.facts import NOW, make_composer, make_reader, text_of

GIVEN = GivenPage(PageId(UUID(int=7)), "Introduction", "ben/intro", "Crew", is_active=True)
URL = "https://slots.example/"
EVIL = "Win at https://evil.example now"


@pytest.mark.parametrize(
    ("locale", "subject", "words"),
    [
        (
            "en",
            "You have a new booking page: Introduction",
            ("Those who manage the team Crew have given you a booking page.", "Link: ben/intro"),
        ),
        ("ja", "新しい予約ページがあります: Introduction", ("チーム「Crew」の管理者が", "リンク: ben/intro")),
    ],
)
def test_a_member_is_told_in_their_language_which_page_and_by_whom(
    locale: str, subject: str, words: tuple[str, ...]
) -> None:
    mail = make_composer().page_given(GIVEN, URL, make_reader(locale=locale), NOW)

    text = " ".join(text_of(mail).split())
    assert mail["Subject"] == subject
    assert [one for one in words if one not in text] == []


def test_names_that_carry_a_link_are_left_out() -> None:
    """Case 113: neither a page's nor a team's is a message of ours."""
    given = GivenPage(GIVEN.page, EVIL, GIVEN.link, EVIL, is_active=False)

    mail = make_composer().page_given(given, URL, make_reader(), NOW)

    assert "evil" not in mail.as_string()
    assert "Your administrators have given you a booking page." in " ".join(text_of(mail).split())

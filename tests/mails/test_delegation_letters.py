"""What mails say of delegation: the question, the word to a principal, and a host's mail as a copy."""

from datetime import timedelta
from uuid import UUID

import pytest

from domain.delegation import Delegation, DelegationTerms
from domain.ids import DelegationId, OrganizationId, UserId
from domain.notifications import Audience, Person, Telling
from domain.users import DelegationScope
from services.mails.delegation_letters import MailedDelegation
from tests.mails.facts import HOST, NOW, make_composer, make_facts, make_reader, part, text_of

ID = UUID(int=7)
TERMS = DelegationTerms(frozenset({DelegationScope.BOOKINGS, DelegationScope.PAGES}), NOW + timedelta(days=9))
GIVEN = Delegation(
    DelegationId(ID), OrganizationId(ID), UserId(ID), "ben@example.org", UserId(ID), TERMS, NOW, NOW
)
EVIL = "Win at https://evil.example now"


@pytest.mark.parametrize(
    ("locale", "said", "terms"),
    [
        ("en", "Aiko Tanaka asks you to act for them.", ("Booking pages", "Bookings", "January 11, 2027")),
        ("ja", "Aiko Tanaka さんから代理の依頼が届いています。", ("予約ページ", "予約", "2027年1月11日")),
    ],
)
def test_a_delegate_is_asked_in_their_language_for_what_and_until_when(
    locale: str, said: str, terms: tuple[str, ...]
) -> None:
    mailed = MailedDelegation(GIVEN, HOST.name, HOST.name, "Ben")

    mail = make_composer().delegate_invitation(
        mailed, "https://slots.example/", make_reader(locale=locale), NOW
    )

    assert said in text_of(mail)
    assert [term for term in terms if term not in text_of(mail)] == []


@pytest.mark.parametrize(
    ("locale", "said"),
    [
        ("en", "Root has asked Ben to act for you. You can change or end that at any time."),
        ("ja", "Root さんが Ben さんにあなたの代理を依頼しました。"),
    ],
)
def test_a_principal_is_told_who_has_asked_whom(locale: str, said: str) -> None:
    mail = make_composer().delegated(
        MailedDelegation(GIVEN, HOST.name, "Root", "Ben"),
        "https://slots.example/",
        make_reader(locale=locale),
        NOW,
    )

    assert said in " ".join(text_of(mail).split())


def test_a_name_that_carries_a_link_is_left_out() -> None:
    """Case 113: a colleague's name is no message of ours."""
    composer, mailed = make_composer(), MailedDelegation(GIVEN, EVIL, EVIL, EVIL)

    mails = [
        composer.delegate_invitation(mailed, "https://slots.example/", make_reader(), NOW),
        composer.delegated(mailed, "https://slots.example/", make_reader(), NOW),
        composer.tell(
            Telling.REMINDER,
            make_facts(),
            make_reader(Audience.HOST),
            NOW,
            copy_of=Person(EVIL, HOST.address),
        ),
    ]

    assert [mail["Subject"] for mail in mails if "evil" in mail.as_string()] == []
    assert "A colleague asks you to act for them." in text_of(mails[0])
    assert "An administrator has asked ben@example.org to act for you." in " ".join(text_of(mails[1]).split())


def test_a_copy_says_whose_it_is_and_has_no_file_and_nothing_that_opens_anything() -> None:
    """The delegate's calendar is not the host's, and the invitee's link is nobody else's."""
    composer = make_composer()
    host, delegate = make_reader(Audience.HOST), make_reader(Audience.HOST, address="ben@example.org")
    own = composer.tell(Telling.CONFIRMED, make_facts(), host, NOW)
    also_host = composer.tell(Telling.CONFIRMED, make_facts(), delegate, NOW)

    copy = composer.tell(Telling.CONFIRMED, make_facts(), delegate, NOW, copy_of=HOST)

    text = " ".join(text_of(copy).split())
    assert "A copy of what Aiko Tanaka is told: Sam Guest has booked a time with you." in text
    assert "You get this mail because you act for Aiko Tanaka." in text
    assert "sgm_" not in copy.as_string() + part(copy, "text/html")
    kinds = [each.get_content_type() for each in copy.walk()]
    assert [kind for kind in kinds if kind in ("text/calendar", "application/ics")] == []
    assert len({own["Message-ID"], also_host["Message-ID"], copy["Message-ID"]}) == 3
    assert copy["Reply-To"] == own["Reply-To"]

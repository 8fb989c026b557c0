"""Mails about bookings: their form, their words and their invitations."""

from datetime import timedelta
from email.message import EmailMessage

import pytest

from domain.notifications import Audience, Person, Telling
from tests.mails.facts import (
    FACTS,
    NOW,
    START,
    calendar_of,
    make_composer,
    make_facts,
    make_reader,
    part,
    reparsed,
    text_of,
)


def compose(
    telling: Telling = Telling.CONFIRMED,
    audience: Audience = Audience.INVITEE,
    locale: str = "en",
    *,
    entry_is_written: bool = False,
) -> EmailMessage:
    reader = make_reader(audience, locale=locale)
    return reparsed(make_composer().tell(telling, FACTS, reader, NOW, entry_is_written=entry_is_written))


def tree(message: EmailMessage) -> list[str]:
    return [each.get_content_type() for each in message.walk()]


def test_a_confirmation_has_text_html_and_calendar_as_alternatives_and_a_file() -> None:
    message = compose()

    assert tree(message) == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "text/calendar",
        "application/ics",
    ]
    (calendar, file) = list(message.walk())[4:]
    assert calendar.get_content_disposition() is None
    assert file.get_filename() == "invite.ics"
    assert file.get_payload(decode=True) == calendar.get_payload(decode=True)


def test_headers_name_one_sender_one_recipient_and_the_other_side_to_reply_to() -> None:
    message = compose()

    assert message["From"] == "Slotgraph <bookings@slots.example>"
    assert message["To"] == "Sam Guest <sam@example.net>"
    assert message["Reply-To"] == "Aiko Tanaka <aiko@example.org>"
    assert message["Date"].datetime == NOW
    assert message["Auto-Submitted"] == "auto-generated"


def test_the_host_replies_to_the_invitee() -> None:
    message = compose(audience=Audience.HOST)

    assert message["Reply-To"] == "Sam Guest <sam@example.net>"


@pytest.mark.parametrize(
    ("telling", "method", "status"),
    [
        (Telling.CONFIRMED, "REQUEST", "CONFIRMED"),
        (Telling.RESCHEDULED, "REQUEST", "CONFIRMED"),
        (Telling.CANCELLED, "CANCEL", "CANCELLED"),
    ],
)
@pytest.mark.parametrize("audience", Audience)
def test_the_method_of_the_part_is_the_method_of_the_calendar(
    telling: Telling, method: str, status: str, audience: Audience
) -> None:
    message = compose(telling, audience)

    (calendar_part,) = [each for each in message.walk() if each.get_content_type() == "text/calendar"]
    calendar = calendar_of(message)
    assert calendar_part.get_param("method") == method
    assert calendar["METHOD"] == method
    assert calendar["STATUS"] == status
    assert calendar_part.get_content_charset() == "utf-8"


def test_times_of_the_invitation_are_utc() -> None:
    calendar = calendar_of(compose())

    assert calendar["DTSTART"] == "20270105T100000Z"
    assert calendar["DTEND"] == "20270105T103000Z"
    assert calendar["DTSTAMP"] == "20270102T100000Z"


def test_organizer_is_our_mailbox_and_the_reader_the_only_attendee() -> None:
    """Case 172: nothing of anybody else's address reaches the invitee's calendar."""
    message = compose()

    calendar = calendar_of(message)
    assert calendar["ORGANIZER"] == "mailto:bookings@slots.example"
    assert calendar["ATTENDEE"] == "mailto:sam@example.net"
    assert part(message, "text/calendar").count("ATTENDEE") == 1
    assert "aiko@example.org" not in part(message, "text/calendar")


def test_over_the_life_of_a_booking_the_uid_stays_and_the_sequence_grows() -> None:
    """Case 158, and the table of a booking's life in the mail contract."""
    composer, reader = make_composer(), make_reader()

    booked = composer.tell(Telling.CONFIRMED, make_facts(sequence=0), reader, NOW)
    moved = composer.tell(Telling.RESCHEDULED, make_facts(sequence=1), reader, NOW)
    cancelled = composer.tell(Telling.CANCELLED, make_facts(sequence=2), reader, NOW)

    calendars = [calendar_of(reparsed(message)) for message in (booked, moved, cancelled)]
    assert [calendar["UID"] for calendar in calendars] == ["0190-bk1@slots.example"] * 3
    assert [calendar["SEQUENCE"] for calendar in calendars] == ["0", "1", "2"]


def test_a_retry_has_the_same_message_id_uid_and_sequence() -> None:
    """D21: a mail delivered twice is one mail."""
    first, again = compose(), compose()

    assert first["Message-ID"] == again["Message-ID"]
    assert calendar_of(first) == calendar_of(again)


def test_message_ids_differ_by_kind_version_reader_and_reminder_and_hold_no_address() -> None:
    composer, reader = make_composer(), make_reader()
    messages = [
        composer.tell(Telling.CONFIRMED, FACTS, reader, NOW),
        composer.tell(Telling.CANCELLED, FACTS, reader, NOW),
        composer.tell(Telling.CONFIRMED, make_facts(sequence=1), reader, NOW),
        composer.tell(Telling.CONFIRMED, FACTS, make_reader(Audience.HOST), NOW),
        composer.tell(Telling.REMINDER, make_facts(reminder_minutes=60), reader, NOW),
        composer.tell(Telling.REMINDER, make_facts(reminder_minutes=1440), reader, NOW),
    ]

    ids = {message["Message-ID"] for message in messages}
    assert len(ids) == 6
    assert not [each for each in ids if "sam" in each or "aiko" in each]


def test_a_host_whose_calendar_we_write_is_told_of_that_entry_and_asked_nothing() -> None:
    message = compose(audience=Audience.HOST, entry_is_written=True)
    calendar = next(part for part in message.walk() if part.get_content_type() == "text/calendar")
    text = calendar.get_content()

    assert calendar.get_param("method") == "PUBLISH"
    assert f"UID:{FACTS.booking}@" in text
    assert "ATTENDEE" not in text


def test_a_reminder_carries_no_invitation() -> None:
    message = compose(Telling.REMINDER)

    assert tree(message) == ["multipart/alternative", "text/plain", "text/html"]


def test_a_seat_given_back_is_cancelled_and_the_host_is_told_that_the_others_stay() -> None:
    facts = make_facts(booking_stands=True)
    composer = make_composer()

    to_host = reparsed(composer.tell(Telling.CANCELLED, facts, make_reader(Audience.HOST), NOW))
    to_invitee = reparsed(composer.tell(Telling.CANCELLED, facts, make_reader(), NOW))

    assert "The session takes place with the others." in text_of(to_host)
    assert "others" not in text_of(to_invitee)
    assert calendar_of(to_host)["METHOD"] == "CANCEL"
    assert calendar_of(to_invitee)["METHOD"] == "CANCEL"


def test_each_reader_gets_their_own_zone() -> None:
    """R135: confirmation and reminder to both, in the right zone for each."""
    texts = {
        (telling, audience): text_of(compose(telling, audience))
        for telling in (Telling.CONFIRMED, Telling.REMINDER)
        for audience in Audience
    }

    berlin = (
        "Tuesday, January 5, 2027, 11:00 AM – 11:30 AM\n    Central European Standard Time (Europe/Berlin)"
    )
    tokyo = "Tuesday, January 5, 2027, 7:00 PM – 7:30 PM\n    Japan Standard Time (Asia/Tokyo)"
    assert berlin in texts[Telling.CONFIRMED, Audience.INVITEE]
    assert berlin in texts[Telling.REMINDER, Audience.INVITEE]
    assert tokyo in texts[Telling.CONFIRMED, Audience.HOST]
    assert tokyo in texts[Telling.REMINDER, Audience.HOST]


def test_a_japanese_reader_is_written_to_in_japanese() -> None:
    """D22: the whole mail, its dates too."""
    message = compose(audience=Audience.HOST, locale="ja")

    text, html = text_of(message), part(message, "text/html")
    assert message["Subject"] == "新しい予約：Intro call（2027年1月5日火曜日）"
    assert "Sam Guest 様から予約が入りました。" in text
    assert "2027年1月5日火曜日 19:00 – 19:30\n    日本標準時 (Asia/Tokyo)" in text
    assert '<html lang="ja">' in html
    assert "予約を見る" in html


def test_a_move_tells_the_time_before() -> None:
    facts = make_facts(old_start=START - timedelta(days=1))

    text = text_of(reparsed(make_composer().tell(Telling.RESCHEDULED, facts, make_reader(), NOW)))

    assert "Before:\n    Monday, January 4, 2027, 11:00 AM – 11:30 AM" in text


def test_the_invitee_gets_the_manage_link_and_the_host_does_not() -> None:
    to_invitee, to_host = compose(), compose(audience=Audience.HOST)

    assert "sgm_secret" in text_of(to_invitee)
    assert 'href="https://slots.example/manage#sgm_secret"' in part(to_invitee, "text/html")
    assert "sgm_secret" not in text_of(to_host) + part(to_host, "text/calendar")


def test_answers_and_the_invitees_address_reach_the_host_only() -> None:
    """R070: what was asked of the participants is told to the host."""
    to_invitee, to_host = compose(), compose(audience=Audience.HOST)

    assert "What is it about?:\n    The roof" in text_of(to_host)
    assert "sam@example.net" in text_of(to_host)
    assert "The roof" not in text_of(to_invitee) + part(to_invitee, "text/calendar")


def test_the_hosts_words_reach_the_invitee() -> None:
    """R070: invitation, location and cancellation policy of the page."""
    text = text_of(compose())

    assert "About:\n    Bring your questions." in text
    assert "If you cannot come:\n    Tell us a day before." in text
    assert "https://meet.example/xyz" in text


def test_a_cancellation_tells_the_reason_and_offers_nothing_to_change() -> None:
    facts = make_facts(cancel_reason="I am ill.")

    text = text_of(reparsed(make_composer().tell(Telling.CANCELLED, facts, make_reader(), NOW)))

    assert "Reason:\n    I am ill." in text
    assert "sgm_secret" not in text


def test_a_sign_in_code_stands_in_subject_text_and_html() -> None:
    message = reparsed(make_composer().sign_in_code("493021", "0190-code", 10, make_reader(name=""), NOW))

    assert message["Subject"] == "493021 is your sign-in code"
    assert "\n    493021\n" in text_of(message)
    assert "10 minutes" in text_of(message)
    assert ">493021</p>" in part(message, "text/html")
    assert "493021" not in message["Message-ID"]
    assert message["Reply-To"] is None


def test_every_host_is_named() -> None:
    facts = make_facts(hosts=(Person("Aiko", "aiko@example.org"), Person("Ben", "ben@example.org")))

    text = text_of(reparsed(make_composer().tell(Telling.CONFIRMED, facts, make_reader(), NOW)))

    assert "Your booking with Aiko and Ben is confirmed." in text


def test_a_calendar_that_refuses_us_is_told_of_in_the_hosts_language() -> None:
    """R058: what it means for the host's pages stands in it, and where to act."""
    reader = make_reader(locale="ja")
    message = reparsed(
        make_composer().reconnect("Google", "0190-1.2", "https://book.example.com/connect", reader, NOW)
    )

    assert message["Subject"] == "カレンダーの再接続が必要です：Google"
    assert "https://book.example.com/connect" in text_of(message)
    assert "予約ページ" in text_of(message)

"""Facts, readers and parsers that the tests of mails share."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from app.words import read_words
from domain.notifications import Answer, Audience, BookingFacts, MeetingPlace, Person, Reader
from services.mails.compose import Composer

START = datetime(2027, 1, 5, 10, tzinfo=UTC)
NOW = START - timedelta(days=3)
HOST = Person("Aiko Tanaka", "aiko@example.org")
INVITEE = Person("Sam Guest", "sam@example.net")
SENDER = Person("Slotgraph", "bookings@slots.example")

FACTS = BookingFacts(
    booking="0190-bk1",
    sequence=0,
    page_name="Intro call",
    start=START,
    end=START + timedelta(minutes=30),
    hosts=(HOST,),
    invitee=INVITEE,
    invitee_zone="Europe/Berlin",
    invitee_locale="en",
    manage_url="https://slots.example/manage#sgm_secret",
    dashboard_url="https://slots.example/dashboard",
    place=MeetingPlace("Video call", "https://meet.example/xyz"),
    invitation="Bring your questions.",
    cancellation_policy="Tell us a day before.",
    answers=(Answer("What is it about?", "The roof"),),
)


def make_facts(**changes: Any) -> BookingFacts:
    """Make the usual facts with changes."""
    return replace(FACTS, **changes)


def make_reader(audience: Audience = Audience.INVITEE, **changes: Any) -> Reader:
    """Make a reader: the invitee in Berlin or the host in Tokyo, both reading English."""
    person, zone = (INVITEE, "Europe/Berlin") if audience is Audience.INVITEE else (HOST, "Asia/Tokyo")
    return replace(Reader(person.name, person.address, zone, "en", audience), **changes)


def make_composer() -> Composer:
    """Make a composer with the real catalogues."""
    return Composer(read_words(), SENDER, "slots.example")


def reparsed(message: EmailMessage) -> EmailMessage:
    """Read a message again from the bytes that go over the wire."""
    return message_from_bytes(message.as_bytes(), policy=default)


def part(message: EmailMessage, content_type: str) -> str:
    """Give the decoded text of the one part of a type."""
    (found,) = [each for each in message.walk() if each.get_content_type() == content_type]
    payload = found.get_payload(decode=True)
    assert isinstance(payload, bytes)
    return payload.decode("utf-8")


def text_of(message: EmailMessage) -> str:
    """Give the plain text of a message."""
    return part(message, "text/plain").replace("\r\n", "\n")


def calendar_lines(calendar: str) -> list[tuple[str, str]]:
    """Read an iCalendar text without any library: unfolded lines as (name with parameters, value)."""
    unfolded = calendar.replace("\r\n ", "")
    lines = unfolded.removesuffix("\r\n").split("\r\n")
    return [_content_line(line) for line in lines]


def _content_line(line: str) -> tuple[str, str]:
    is_quoted = False
    for place, sign in enumerate(line):
        is_quoted ^= sign == '"'
        if sign == ":" and not is_quoted:
            return line[:place], line[place + 1 :]
    raise AssertionError(f"no content line: {line!r}")


def calendar_of(message: EmailMessage) -> dict[str, str]:
    """Give the lines of a message's invitation by name without parameters."""
    return {name.partition(";")[0]: value for name, value in calendar_lines(part(message, "text/calendar"))}

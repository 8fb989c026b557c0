"""What people type into forms, in mails and invitations: parsed again, nothing of it has become structure."""

import re
from html.parser import HTMLParser

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from icalendar import Calendar

from domain.addresses import cleaned
from domain.notifications import Answer, Audience, MeetingPlace, Person, Telling
from integrations.invitations import Invitation, Method, Participant, calendar_object
from tests.mails.facts import (
    NOW,
    START,
    calendar_lines,
    calendar_of,
    make_composer,
    make_facts,
    make_reader,
    part,
    reparsed,
    text_of,
)

HOSTILE = [
    "a\r\nBcc: evil@example.com",
    "a\rBcc: evil@example.com",
    "a\nBEGIN:VEVENT\nUID:evil\nEND:VEVENT",
    "a\x85Bcc: evil@example.com",
    "a\u2028ATTENDEE:mailto:evil@example.com",
    "a\x00b\x1b[31m",
    "\u202egnp.exe\u2066",
    "x" * 10_000,
    "予" * 10_000,
    r"semi;colon,comma\back\nslash",
    'a":mailto:evil@example.com',
    "=?utf-8?q?=0D=0ABcc:_evil@example.com?=",
    "==??utf-8?b?DQpCY2M6IGV2aWxAZXhhbXBsZS5jb20=?=",
    "\ud800 lone",
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "{{7*7}} {% for x in y %} ${x} %(x)s {0.__class__}",
    "RRULE:FREQ=SECONDLY",
]
HEADERS = {
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "Auto-Submitted",
    "MIME-Version",
    "Content-Type",
    "Reply-To",
}
CALENDAR = [
    *("BEGIN", "VERSION", "PRODID", "CALSCALE", "METHOD"),
    *("BEGIN", "SUMMARY", "DTSTART", "DTEND", "DTSTAMP", "UID", "SEQUENCE", "ATTENDEE"),
    *("DESCRIPTION", "LOCATION", "ORGANIZER", "STATUS", "TRANSP", "END", "END"),
]
OUR_TAGS = {
    *("html", "head", "meta", "title", "style", "body", "div", "table"),
    *("tr", "td", "p", "h1", "a", "span"),
}

anything = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=200))


class Nodes(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.links: list[str | None] = []
        self.handlers: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.links += [value for name, value in attrs if name in {"href", "src"}]
        self.handlers += [name for name, _ in attrs if name.startswith("on")]

    def handle_data(self, data: str) -> None:
        self.text += data


@settings(max_examples=60, deadline=None)
@given(text=anything, audience=st.sampled_from(Audience))
@example(text="=?utf-8?q?=0D=0ABcc:_evil@example.com?=", audience=Audience.INVITEE)
def test_no_text_adds_a_header_or_a_calendar_line(text: str, audience: Audience) -> None:
    """Cases 107 and 109: header fields and calendar lines are counted by parsers of their own."""
    facts = make_facts(
        page_name=text,
        invitee=Person(text, "sam@example.net"),
        hosts=(Person(text, "aiko@example.org"),),
        invitation=text,
        cancellation_policy=text,
        place=MeetingPlace(text, "https://meet.example/xyz"),
        answers=(Answer(text, text),),
    )

    wire = make_composer().tell(Telling.CONFIRMED, facts, make_reader(audience, name=text), NOW).as_bytes()

    message = reparsed(make_composer().tell(Telling.CONFIRMED, facts, make_reader(audience, name=text), NOW))
    calendar = part(message, "text/calendar")
    assert wire.isascii()
    assert set(message.keys()) == HEADERS
    assert len(message.keys()) == len(HEADERS)
    assert [name.partition(";")[0] for name, _ in calendar_lines(calendar)] == CALENDAR
    assert len(message["To"].addresses) == 1
    assert max(map(len, wire.split(b"\r\n"))) < 998
    assert b"\n" not in wire.replace(b"\r\n", b"")


@settings(max_examples=150, deadline=None)
@given(text=anything.filter(lambda text: "\\N" not in text))  # the library takes that for an end of line
def test_what_is_written_into_an_invitation_is_read_out_of_it(text: str) -> None:
    """Case 109: parse(gen(x)).field equals normalise(x); lines are folded at 75 octets and end in CRLF."""
    wire = calendar_object(invitation(text))

    (event,) = Calendar.from_ical(wire).subcomponents
    lines = wire.split(b"\r\n")
    assert str(event.get("SUMMARY", "")) == cleaned(text)[:500]
    assert str(event.get("LOCATION", "")) == cleaned(text)[:500]
    assert str(event.get("DESCRIPTION", "")) == cleaned(text, keeps_lines=True)[:8000]
    assert max(map(len, lines)) <= 75
    assert b"\r" not in b"".join(lines)
    assert b"\n" not in b"".join(lines)
    assert lines[-1] == b""
    assert wire.decode("utf-8").count("BEGIN:VEVENT\r\n") == 1


def invitation(text: str, *, uid: str = "bk1@slots.example", address: str = "sam@example.net") -> Invitation:
    return Invitation(
        method=Method.REQUEST,
        uid=uid,
        sequence=0,
        stamp=NOW,
        start=START,
        end=START,
        summary=text,
        description=text,
        location=text,
        organizer=Participant(text, "bookings@slots.example"),
        attendee=Participant(text, address),
    )


@pytest.mark.parametrize("address", ["a\nX:y@b.c", "a@b.c,d@e.f", "a b@c.d", "", "a;b@c.d", 'a"b@c.d'])
def test_an_address_that_could_leave_its_line_is_refused(address: str) -> None:
    """Case 110."""
    with pytest.raises(ValueError, match="mailbox"):
        calendar_object(invitation("x", address=address))


@pytest.mark.parametrize("uid", ["a\r\nX:y", "a b", "", "x" * 256])
def test_a_uid_that_could_leave_its_line_is_refused(uid: str) -> None:
    """Case 109."""
    with pytest.raises(ValueError, match="UID"):
        calendar_object(invitation("x", uid=uid))


def test_a_quote_in_a_name_stays_in_the_name() -> None:
    """Case 110: a name with a quote and a colon adds no parameter and no second value."""
    facts = make_facts(invitee=Person('a":mailto:evil@example.com', "sam@example.net"))
    reader = make_reader(name='a":mailto:evil@example.com')

    calendar = calendar_of(reparsed(make_composer().tell(Telling.CONFIRMED, facts, reader, NOW)))

    assert calendar["ATTENDEE"] == "mailto:sam@example.net"


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_becomes_a_node_or_a_link_of_the_html(text: str) -> None:
    """Case 111: autoescape; nothing is loaded from elsewhere."""
    facts = make_facts(
        page_name=text,
        invitee=Person(text, "sam@example.net"),
        answers=(Answer(text, text),),
        place=MeetingPlace(text, "javascript:alert(1)"),
        cancel_reason=text,
    )

    html = part(
        reparsed(make_composer().tell(Telling.CONFIRMED, facts, make_reader(Audience.HOST), NOW)), "text/html"
    )

    nodes = Nodes()
    nodes.feed(html)
    assert nodes.tags - OUR_TAGS == set()
    assert nodes.links == ["https://slots.example/dashboard"]
    assert nodes.handlers == []


def test_text_of_hosts_and_invitees_is_never_a_template() -> None:
    """Case 112: it reaches the reader sign by sign."""
    text = "{{7*7}} {{ config }} {% raw %} ${x} %(x)s {0.__class__} {name}"
    facts = make_facts(invitation=text, page_name=text, hosts=(Person(text, "aiko@example.org"),))

    message = reparsed(make_composer().tell(Telling.CONFIRMED, facts, make_reader(), NOW))

    nodes = Nodes()
    nodes.feed(part(message, "text/html"))
    assert f"About:\n    {text}" in text_of(message)
    assert text in nodes.text
    assert message["Subject"].startswith(f"Confirmed: {text}")


def test_an_address_in_an_answer_is_not_made_a_link() -> None:
    """Case 113: the signs by which mail programs know a link stand apart; copied, the text is whole."""
    text = "Your bank: https://evil.example/login or www.evil.example or a@evil.example"
    facts = make_facts(answers=(Answer("Why?", text),))

    html = part(
        reparsed(make_composer().tell(Telling.CONFIRMED, facts, make_reader(Audience.HOST), NOW)), "text/html"
    )

    nodes = Nodes()
    nodes.feed(html)
    assert text in nodes.text
    assert re.search(r"https://evil|www\.evil|evil\.example|a@evil", html) is None


def test_a_name_that_is_a_link_does_not_greet_a_stranger() -> None:
    """Case 113: who books with somebody else's address cannot write to them in their name's place."""
    reader = make_reader(name="Win now https://evil.example")
    facts = make_facts(invitee=Person(reader.name, reader.address))

    message = reparsed(make_composer().tell(Telling.CONFIRMED, facts, reader, NOW))

    assert "Hello,\n" in text_of(message)
    assert "evil" not in text_of(message) + part(message, "text/html")
    assert message["To"] == "sam@example.net"

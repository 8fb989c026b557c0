"""The one builder of iCalendar invitations (RFC 5545, 5546): values in, one VCALENDAR with VEVENTs out."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from icalendar import Calendar, Component, Event, vCalAddress

from domain.addresses import cleaned

_PRODID = "-//Slotgraph//Scheduling//EN"
_MAILBOX = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+@[A-Za-z0-9.-]+")
_UID = re.compile(r"[A-Za-z0-9._@-]{1,255}")
_MAX_LINE = 500
_MAX_TEXT = 8000


class Method(StrEnum):
    """What the invitation asks of the reader's calendar (RFC 5546)."""

    REQUEST = "REQUEST"
    CANCEL = "CANCEL"
    PUBLISH = "PUBLISH"  # tells of an entry that stands there; asks nobody for an answer


@dataclass(frozen=True, slots=True)
class Participant:
    """Who invites or is invited."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class Invitation:
    """What an invitation says. Instants are aware UTC; `stamp` is the moment of this message.

    `uid` stays the same over the life of a booking, `sequence` never goes back.
    """

    method: Method
    uid: str
    sequence: int
    stamp: datetime
    start: datetime
    end: datetime
    summary: str
    description: str
    location: str
    organizer: Participant
    attendee: Participant


def calendar_object(invitation: Invitation, *others: Invitation) -> bytes:
    """Spell an invitation, and others of the same method: CRLF, folded at 75 octets, times in UTC.

    Texts are cleaned of controls and hidden marks; an address or UID that could break out of its line
    is our own defect and a ValueError.
    """
    calendar = Calendar()
    _put(calendar, "prodid", _PRODID)
    _put(calendar, "version", "2.0")
    _put(calendar, "calscale", "GREGORIAN")
    _put(calendar, "method", invitation.method.value)
    for each in (invitation, *others):
        calendar.add_component(_event(each))
    return calendar.to_ical()


def _event(invitation: Invitation) -> Event:
    if not _UID.fullmatch(invitation.uid):
        raise ValueError("a UID of an invitation has letters, digits and ._@- only")
    is_cancelled = invitation.method is Method.CANCEL
    event = Event()
    _put(event, "uid", invitation.uid)
    _put(event, "sequence", invitation.sequence)
    _put(event, "dtstamp", _utc(invitation.stamp))
    _put(event, "dtstart", _utc(invitation.start))
    _put(event, "dtend", _utc(invitation.end))
    _put(event, "summary", cleaned(invitation.summary)[:_MAX_LINE])
    _put(event, "status", "CANCELLED" if is_cancelled else "CONFIRMED")
    _put(event, "transp", "TRANSPARENT" if is_cancelled else "OPAQUE")
    _put(event, "organizer", _address(invitation.organizer))
    if invitation.method is not Method.PUBLISH:
        _put(event, "attendee", _attendee(invitation.attendee, is_cancelled=is_cancelled))
    if location := cleaned(invitation.location)[:_MAX_LINE]:
        _put(event, "location", location)
    if description := cleaned(invitation.description, keeps_lines=True)[:_MAX_TEXT]:
        _put(event, "description", description)
    return event


def _attendee(participant: Participant, *, is_cancelled: bool) -> vCalAddress:
    attendee = _address(participant)
    attendee.params["ROLE"] = "REQ-PARTICIPANT"
    if not is_cancelled:
        attendee.params["PARTSTAT"] = "NEEDS-ACTION"
        attendee.params["RSVP"] = "TRUE"
    return attendee


def _address(participant: Participant) -> vCalAddress:
    if not _MAILBOX.fullmatch(participant.address):
        raise ValueError("an invitation needs exactly one mailbox")
    address = vCalAddress(f"mailto:{participant.address}")
    if name := cleaned(participant.name)[:_MAX_LINE]:
        address.params["CN"] = name
    return address


def _utc(instant: datetime) -> datetime:
    if instant.tzinfo is None:
        raise ValueError("an instant knows its zone")
    return instant.astimezone(UTC).replace(microsecond=0)


def _put(component: Component, name: str, value: object) -> None:
    component.add(name, value)  # pyright: ignore[reportUnknownMemberType] - the package leaves it untyped

"""Composing: from facts to the message that is sent, in its one exact form."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from domain.absences import Absence
from domain.addresses import cleaned, has_link
from domain.meetings import FailedMeeting
from domain.members import MailedInvitation
from domain.notifications import (
    Audience,
    BookingFacts,
    GivenPage,
    Person,
    Reader,
    Telling,
    UnwrittenEntry,
)
from integrations.invitations import Invitation, Method, Participant, calendar_object
from services.mails.delegation_letters import (
    MailedDelegation,
    copied,
    delegate_invitation_letter,
    delegated_letter,
)
from services.mails.dress import Dress
from services.mails.entry_letters import unwritten_letter
from services.mails.invitation_letters import invitation_letter
from services.mails.language import Language
from services.mails.letters import Letter, booking_letter, calendar_text, code_letter, reconnect_letter
from services.mails.meeting_letters import meeting_failed_letter
from services.mails.page_letters import page_given_letter
from services.mails.poll_letters import PollFacts, poll_letter
from services.mails.proof_letters import proof_letter
from services.mails.stand_in_letters import (
    stand_in_asked_letter,
    stand_in_declined_letter,
    stand_in_over_letter,
)
from services.mails.waiting_letters import WaitingFacts, waiting_letter

_MAX_DISPLAY_NAME = 60


class Composer:
    """Composes every mail we send. `sender` is our own mailbox, the organizer of every invitation.

    `domain` ends each UID and Message-ID; it stays the same for the life of the installation.
    """

    def __init__(self, words: Language, sender: Person, domain: str) -> None:
        self._words = words
        self._sender = sender
        self._domain = domain
        self._dress = Dress(sender.name)

    def tell(
        self,
        telling: Telling,
        facts: BookingFacts,
        reader: Reader,
        now: datetime,
        *,
        entry_is_written: bool = False,
        others: Sequence[BookingFacts] = (),
        copy_of: Person | None = None,
    ) -> EmailMessage:
        """Compose what one reader is told about a booking.

        `entry_is_written` says that the entry stands in the reader's calendar by our own hand: the
        calendar file then names that entry (`facts.booking` is its UID) and asks for nothing. A retry has
        the same Message-ID, UID and SEQUENCE, so that mail delivered twice shows once. `others` are the
        further bookings of a series, for the calendar file. `copy_of` is the host of whose mail this is a
        copy: it has no file, since the entry is not the reader's.
        """
        letter = booking_letter(telling, facts, reader, self._words)
        key = f"{facts.booking}.{facts.sequence}.{telling.value}"
        if facts.reminder_minutes is not None and telling is Telling.REMINDER:
            key = f"{key}-{facts.reminder_minutes}"
        if copy_of is not None:
            letter = copied(letter, copy_of.name, reader, self._words)
            key = f"{key}-copy-{_mark(copy_of.address)}"
        message = self._message(letter, reader, now, key)
        answers_to = _other_side(facts, reader)
        if answers_to.address:  # who votes in a poll comes by name, and may have none
            message["Reply-To"] = _mailbox(answers_to)
        method = _method(telling)
        if entry_is_written and method is not None:
            method = _method_for_entry(method, facts)
        if method is not None and copy_of is None:
            each = [self._invitation(method, one, reader, now) for one in (facts, *others)]
            _attach(message, method, calendar_object(*each))
        return message

    def sign_in_code(
        self, code: str, code_id: str, minutes: int, reader: Reader, now: datetime
    ) -> EmailMessage:
        """Compose the mail with a sign-in code; `code_id` names it without telling it."""
        letter = code_letter(code, minutes, reader, self._words)
        return self._message(letter, reader, now, f"{code_id}.{Telling.SIGN_IN_CODE.value}")

    def booking_code(
        self, code: str, code_id: str, minutes: int, page_name: str, reader: Reader, now: datetime
    ) -> EmailMessage:
        """Compose the mail with a code that proves an invitee's address; `code_id` as for a sign-in code."""
        letter = proof_letter(code, minutes, page_name, reader, self._words)
        return self._message(letter, reader, now, f"{code_id}.{Telling.BOOKING_CODE.value}")

    def invitation(self, mailed: MailedInvitation, url: str, reader: Reader, now: datetime) -> EmailMessage:
        """Compose the mail of an invitation; sent anew, it is another mail."""
        letter = invitation_letter(mailed, url, reader, self._words)
        key = f"{mailed.invitation.id}.{mailed.invitation.version}.{Telling.INVITATION.value}"
        return self._message(letter, reader, now, key)

    def delegate_invitation(
        self, mailed: MailedDelegation, url: str, reader: Reader, now: datetime
    ) -> EmailMessage:
        """Compose the question to somebody who is to act for a colleague."""
        letter = delegate_invitation_letter(mailed, url, reader, self._words)
        return self._message(
            letter, reader, now, f"{mailed.delegation.id}.{Telling.DELEGATE_INVITATION.value}"
        )

    def delegated(self, mailed: MailedDelegation, url: str, reader: Reader, now: datetime) -> EmailMessage:
        """Compose the word to a principal for whom an administrator has let somebody act."""
        letter = delegated_letter(mailed, url, reader, self._words)
        return self._message(letter, reader, now, f"{mailed.delegation.id}.{Telling.DELEGATED.value}")

    def stand_in_asked(
        self, absence: Absence, host: str, url: str, reader: Reader, now: datetime
    ) -> EmailMessage:
        """Compose the question to somebody who is to stand in for a host."""
        letter = stand_in_asked_letter(absence, host, url, reader, self._words)
        key = f"{absence.id}.{absence.version}.{Telling.STAND_IN_ASKED.value}"
        return self._message(letter, reader, now, key)

    def stand_in_declined(
        self, absence: Absence, colleague: str, url: str, reader: Reader, now: datetime
    ) -> EmailMessage:
        """Compose the word to a host that somebody does not stand in for them."""
        letter = stand_in_declined_letter(absence, colleague, url, reader, self._words)
        key = f"{absence.id}.{absence.version}.{Telling.STAND_IN_DECLINED.value}"
        return self._message(letter, reader, now, key)

    def stand_in_over(
        self, left: Sequence[Absence], host: str, key: str, url: str, reader: Reader, now: datetime
    ) -> EmailMessage:
        """Compose the word to who had agreed to stand in that they need not; `key` names that occasion."""
        letter = stand_in_over_letter(left, host, url, reader, self._words)
        return self._message(letter, reader, now, f"{key}.{Telling.STAND_IN_OVER.value}")

    def page_given(self, given: GivenPage, url: str, reader: Reader, now: datetime) -> EmailMessage:
        """Compose the word to a member who has a page from a template."""
        letter = page_given_letter(given, url, reader, self._words)
        return self._message(letter, reader, now, f"{given.page}.{Telling.PAGE_GIVEN.value}")

    def reconnect(self, label: str, key: str, url: str, reader: Reader, now: datetime) -> EmailMessage:
        """Compose the mail about a calendar that must be connected again; `key` names that occasion."""
        letter = reconnect_letter(label, url, reader, self._words)
        return self._message(letter, reader, now, f"{key}.{Telling.RECONNECT.value}")

    def meeting_failed(
        self, failed: FailedMeeting, key: str, url: str, reader: Reader, now: datetime
    ) -> EmailMessage:
        """Compose the mail about a meeting that is given up; `key` names that occasion."""
        letter = meeting_failed_letter(failed, url, reader, self._words)
        return self._message(letter, reader, now, f"{key}.{Telling.MEETING_FAILED.value}")

    def waiting(
        self, telling: Telling, facts: WaitingFacts, url: str, reader: Reader, now: datetime
    ) -> EmailMessage:
        """Compose a mail to somebody who waits for a slot."""
        letter = waiting_letter(telling, facts, url, reader, self._words)
        return self._message(letter, reader, now, f"{facts.waiter}.{telling.value}")

    def poll(
        self, telling: Telling, facts: PollFacts, url: str, reader: Reader, now: datetime
    ) -> EmailMessage:
        """Compose a mail to somebody who votes in a poll, or organizes it."""
        letter = poll_letter(telling, facts, url, reader, self._words)
        return self._message(letter, reader, now, f"{facts.key}.{telling.value}")

    def unwritten(
        self, unwritten: UnwrittenEntry, key: str, url: str, reader: Reader, now: datetime
    ) -> EmailMessage:
        """Compose the mail about a booking that is in no calendar; `key` names that occasion."""
        letter = unwritten_letter(unwritten, url, reader, self._words)
        return self._message(letter, reader, now, f"{key}.{Telling.UNWRITTEN.value}")

    def _message(self, letter: Letter, reader: Reader, now: datetime, key: str) -> EmailMessage:
        whom = _mark(f"{key} {reader.audience} {reader.address}")
        message = EmailMessage(policy=SMTP)
        message["From"] = _mailbox(self._sender)
        message["To"] = _mailbox(Person("" if has_link(reader.name) else reader.name, reader.address))
        message["Subject"] = _header_text(letter.subject)
        message["Date"] = format_datetime(now)
        message["Message-ID"] = f"<{key}.{whom}@{self._domain}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(self._dress.text(letter), cte="quoted-printable")
        message.add_alternative(self._dress.html(letter), subtype="html", cte="quoted-printable")
        return message

    def _invitation(self, method: Method, facts: BookingFacts, reader: Reader, now: datetime) -> Invitation:
        hosts = self._words.listed(reader.locale, [host.name for host in facts.hosts])
        is_host = reader.audience is Audience.HOST
        other = facts.invitee.name if is_host else hosts
        return Invitation(
            method=method,
            uid=f"{facts.booking}@{self._domain}",
            sequence=facts.sequence,
            stamp=now,
            start=facts.start,
            end=facts.end,
            summary=f"{facts.page_name} · {other}",
            description="" if method is Method.CANCEL else calendar_text(facts, reader, self._words),
            location=facts.place.url or facts.place.text,
            organizer=Participant(hosts, self._sender.address),
            attendee=Participant(reader.name, reader.address),
        )


def _mark(text: str) -> str:
    """Give a short mark of a text, which does not tell it."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _method(telling: Telling) -> Method | None:
    match telling:
        case Telling.CONFIRMED | Telling.RESCHEDULED | Telling.LINK | Telling.REASSIGNED:
            return Method.REQUEST
        case Telling.CANCELLED | Telling.RELIEVED | Telling.SERIES_CANCELLED:
            return Method.CANCEL
        case Telling.SERIES:
            return Method.PUBLISH  # a request has one UID (RFC 5546, 3.2.2)
        case _:
            return None


def _method_for_entry(method: Method, facts: BookingFacts) -> Method | None:
    """Say what a file about an entry of ours asks: nothing, or to go with it, unless others still come."""
    if method is Method.REQUEST:
        return Method.PUBLISH
    return None if facts.booking_stands else method


def _other_side(facts: BookingFacts, reader: Reader) -> Person:
    return facts.invitee if reader.audience is Audience.HOST else facts.hosts[0]


def _attach(message: EmailMessage, method: Method, calendar: bytes) -> None:
    message.add_alternative(
        calendar.decode(),
        subtype="calendar",
        charset="utf-8",
        cte="base64",
        params={"method": method.value},
    )
    message.add_attachment(calendar, maintype="application", subtype="ics", filename="invite.ics")


def _mailbox(person: Person) -> Address:
    """Pair a name with its one address; an address that is more than one is our defect, a ValueError."""
    return Address(_header_text(person.name)[:_MAX_DISPLAY_NAME], addr_spec=person.address)


def _header_text(text: str) -> str:
    """Clean a text for a header; `email` would decode an encoded word in it, line breaks and all."""
    return cleaned(text).replace("=?", "= ?")

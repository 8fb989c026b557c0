"""Tells invitees and hosts: looks at the booking as it is now, composes, and sends.

A mail about a state that is not current any more is not sent: the version is compared in the moment of
sending, so a cancellation is never overtaken by a reminder (R27 of the security file).
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

from domain.booking_pages import BookingPage
from domain.bookings import Booking, BookingState, Invitee
from domain.calendars import ConnectionState
from domain.delegation import DelegationState
from domain.effects import Effect, EffectKind
from domain.ids import (
    BookingId,
    ConnectionId,
    DelegationId,
    InvitationId,
    InviteeId,
    UserId,
    WaiterId,
)
from domain.meetings import MEETING_PENDING, BookingMeeting, FailedMeeting, MeetingState, told_place
from domain.notifications import (
    TELLS,
    Answer,
    Audience,
    BookingFacts,
    Person,
    Reader,
    Telling,
    UnwrittenEntry,
)
from domain.tokens import TokenKind, token_hash
from domain.users import User
from domain.waitlist import WaiterState
from integrations.ports import PostmanPort, Transient
from services.bookings import Desk
from services.copies import Recipient, plan_copies, recipient_of
from services.entries import entry_uid
from services.invitations import Invitations
from services.mails.compose import Composer
from services.mails.delegation_letters import MailedDelegation
from services.mails.waiting_letters import WaitingFacts
from services.users import Users
from storage.calendars import StoredState
from storage.unit import Units

_CODE_MINUTES = 10
_WANTED = {
    Telling.CONFIRMED: frozenset({BookingState.CONFIRMED}),
    Telling.RESCHEDULED: frozenset({BookingState.CONFIRMED}),
    Telling.REMINDER: frozenset({BookingState.CONFIRMED}),
    Telling.REASSIGNED: frozenset({BookingState.CONFIRMED}),
    Telling.RELIEVED: frozenset({BookingState.CONFIRMED}),
    Telling.LINK: frozenset({BookingState.CONFIRMED}),
    Telling.CANCELLED: frozenset({BookingState.CANCELLED}),
    Telling.REQUESTED: frozenset({BookingState.AWAITING_APPROVAL}),
    Telling.DECLINED: frozenset({BookingState.DECLINED}),
    Telling.LAPSED: frozenset({BookingState.EXPIRED}),
}
_WITH_LINK = frozenset(
    {
        Telling.CONFIRMED,
        Telling.RESCHEDULED,
        Telling.REASSIGNED,
        Telling.REMINDER,
        Telling.LINK,
        Telling.SERIES,
    }
)


class Tellings:
    """Sends what effects ask for."""

    def __init__(
        self,
        units: Units,
        desk: Desk,
        users: Users,
        invitations: Invitations,
        composer: Composer,
        postman: PostmanPort,
        clock: Callable[[], datetime],
        public_url: str,
    ) -> None:
        self._units = units
        self._desk = desk
        self._users = users
        self._invitations = invitations
        self._composer = composer
        self._postman = postman
        self._clock = clock
        self._public_url = public_url.rstrip("/")

    async def tell(self, effect: Effect, *, waits_for_link: bool = False) -> str | None:
        """Send one mail about a seat; say why not, where the world has moved on. Raises ProviderFailed.

        With `waits_for_link`, a mail that would have to say that the link follows is Transient.
        """
        telling, audience = TELLS[effect.kind]
        async with self._units.read() as unit:
            found = await unit.bookings.by_invitee(effect.organization_id, InviteeId(effect.subject_id))
            if found is None:
                return "gone"
            booking, seat = found
            if seat.version != effect.version or seat.state not in _WANTED[telling]:
                return "superseded"
            over = booking.start if telling is Telling.REMINDER else booking.end
            if over <= unit.now:
                return "too_late"
            page = await unit.pages.by_id(booking.organization_id, booking.page_id, deleted=True)
            recipient = await recipient_of(unit, effect, audience)
            host = recipient.host
            hosts = await unit.users.by_ids([*booking.hosts, host])
            if page is None:
                return "gone"
            written = await unit.calendars.has_receiving(
                booking.organization_id, host, page.calendar_of(host)
            )
        meeting = await self._meeting(booking, telling, waits=waits_for_link)
        facts = self._facts(
            page, booking, seat, [hosts[each] for each in booking.hosts if each in hosts], effect, meeting
        )
        reader = _reader(audience, seat, recipient, hosts.get(host))
        if reader is None:
            return "gone"
        await plan_copies(self._units, effect, recipient)
        if audience is Audience.INVITEE:
            await self._link(booking, seat)
        elif written:
            # The file in the mail names the entry that we wrote: the same UID, so no twin.
            uid = entry_uid(booking.id, host)
            facts = replace(facts, booking=uid, sequence=booking.version)
        message = self._composer.tell(
            telling,
            facts,
            reader,
            self._clock(),
            entry_is_written=audience is Audience.HOST and written,
            copy_of=_copied(recipient, hosts),
        )
        await self._postman.send(message, reader.address)
        return None

    async def tell_series(self, effect: Effect, *, waits_for_link: bool = False) -> str | None:
        """Send one mail about all bookings of a series that stand, or that were cancelled; as `tell`."""
        telling, audience = TELLS[effect.kind]
        is_cancelled = telling is Telling.SERIES_CANCELLED
        wanted = BookingState.CANCELLED if is_cancelled else BookingState.CONFIRMED
        async with self._units.read() as unit:
            found = await unit.bookings.by_invitee(effect.organization_id, InviteeId(effect.subject_id))
            if found is None or found[0].series_id is None:
                return "gone"
            first = found[0]
            series = await unit.bookings.of_series(first.organization_id, found[0].series_id)
            page = await unit.pages.by_id(first.organization_id, first.page_id, deleted=True)
            recipient = await recipient_of(unit, effect, audience)
            host = recipient.host
            hosts = await unit.users.by_ids([each for booking in series for each in booking.hosts])
            written = await unit.calendars.has_receiving(first.organization_id, host)
        seats = [
            (booking, seat)
            for booking in series
            for seat in booking.invitees
            if seat.state is wanted and booking.end > unit.now
            if not is_cancelled or booking.start >= first.start
            if audience is Audience.INVITEE or host in booking.hosts
        ]
        reader = _reader(audience, found[1], recipient, hosts.get(host))
        if page is None or reader is None:
            return "gone"
        if not seats:
            return "superseded"
        await plan_copies(self._units, effect, recipient)
        facts: list[BookingFacts] = []
        for booking, seat in seats:
            meeting = await self._meeting(booking, telling, waits=waits_for_link)
            of_booking = [hosts[each] for each in booking.hosts if each in hosts]
            fact = self._facts(page, booking, seat, of_booking, effect, meeting)
            if audience is Audience.INVITEE:
                await self._link(booking, seat)
            elif written:
                uid = entry_uid(booking.id, host)
                fact = replace(fact, booking=uid, sequence=booking.version)
            facts.append(fact)
        times = tuple((fact.start, fact.end) for fact in facts)
        people = dict.fromkeys(each for fact in facts for each in fact.hosts)
        message = self._composer.tell(
            telling,
            replace(facts[0], times=times, hosts=tuple(people)),
            reader,
            self._clock(),
            entry_is_written=audience is Audience.HOST and written,
            others=facts[1:],
            copy_of=_copied(recipient, hosts),
        )
        await self._postman.send(message, reader.address)
        return None

    async def _meeting(self, booking: Booking, telling: Telling, *, waits: bool) -> BookingMeeting | None:
        """Give a booking's meeting; that somebody is told that its link follows is noted before they are."""
        if not booking.place.kind.is_online or telling not in _WITH_LINK:
            return None
        async with self._units.read() as reading:
            stored = await reading.meetings.of_booking(booking.organization_id, booking.id)
        is_others = stored is not None and not stored.meeting.is_of(booking)
        if stored and stored.meeting.join_url is not None and not is_others:
            return stored.meeting
        may_come = stored is None or is_others or stored.meeting.state is MeetingState.PENDING
        if (
            waits
            and may_come
            and telling in (Telling.CONFIRMED, Telling.RESCHEDULED, Telling.SERIES, Telling.REASSIGNED)
        ):
            raise Transient(MEETING_PENDING)
        async with self._units.begin() as unit:
            awaited = (await unit.meetings.await_link(booking)).meeting
        return awaited if awaited.is_of(booking) else replace(awaited, join_url=None)

    async def tell_meeting_failed(self, effect: Effect) -> str | None:
        """Tell a host that a meeting could not be made; say why not, where it was made since. As `tell`."""
        async with self._units.read() as unit:
            booking = await unit.bookings.by_id(effect.organization_id, BookingId(effect.subject_id))
            stored = await unit.meetings.of_booking(effect.organization_id, BookingId(effect.subject_id))
            host = await unit.users.by_id(effect.organization_id, UserId(effect.recipient_id))
            page = (
                await unit.pages.by_id(effect.organization_id, booking.page_id, deleted=True)
                if booking
                else None
            )
        if booking is None or stored is None or host is None or page is None:
            return "gone"
        if stored.meeting.state is not MeetingState.FAILED or booking.state is not BookingState.CONFIRMED:
            return "superseded"
        reader = Reader(host.name, host.email, host.zone, host.locale, Audience.HOST)
        failed = FailedMeeting(
            stored.meeting.kind, stored.meeting.failure or "", page.name, booking.start, booking.end
        )
        message = self._composer.meeting_failed(
            failed, f"{booking.id}.{effect.version}", f"{self._public_url}/", reader, self._clock()
        )
        await self._postman.send(message, reader.address)
        return None

    async def tell_unwritten(self, effect: Effect) -> str | None:
        """Tell a host that a booking is in no calendar of theirs; say why not, if one has it. As `tell`."""
        host_id = UserId(effect.recipient_id)
        async with self._units.read() as unit:
            booking = await unit.bookings.by_id(effect.organization_id, BookingId(effect.subject_id))
            host = await unit.users.by_id(effect.organization_id, host_id)
            page = (
                await unit.pages.by_id(effect.organization_id, booking.page_id, deleted=True)
                if booking
                else None
            )
            entry = await unit.calendars.entries.of_booking(
                effect.organization_id, BookingId(effect.subject_id), host_id
            )
        if booking is None or host is None or page is None:
            return "gone"
        is_in_one = entry is not None and entry.state is StoredState.WRITTEN
        if is_in_one or host_id not in booking.hosts or booking.state is not BookingState.CONFIRMED:
            return "superseded"
        reader = Reader(host.name, host.email, host.zone, host.locale, Audience.HOST)
        unwritten = UnwrittenEntry(page.name, booking.start, booking.end)
        message = self._composer.unwritten(
            unwritten, f"{booking.id}.{effect.version}", f"{self._public_url}/", reader, self._clock()
        )
        await self._postman.send(message, reader.address)
        return None

    async def _link(self, booking: Booking, seat: Invitee) -> None:
        """Let the link of this mail work, also when the link key has changed since the booking."""
        token = self._desk.token_for(TokenKind.MANAGE, seat.id)
        async with self._units.begin() as unit:
            await unit.bookings.add_capability(token_hash(token), booking, seat.id, "manage")

    async def send_code(self, effect: Effect) -> str | None:
        """Mail a sign-in code; say why not, where it was used or is too old. Raises ProviderFailed."""
        code = await self._users.code_for(effect.subject_id)
        if code is None:
            return "superseded"
        reader = Reader("", code.email, "UTC", code.locale, Audience.HOST)
        message = self._composer.sign_in_code(
            code.code, str(effect.subject_id), _CODE_MINUTES, reader, self._clock()
        )
        await self._postman.send(message, code.email)
        return None

    async def invite(self, effect: Effect) -> str | None:
        """Mail an invitation; say why not, where it was ended or sent anew. Raises ProviderFailed."""
        mailed = await self._invitations.to_mail(
            effect.organization_id, InvitationId(effect.subject_id), effect.version
        )
        if mailed is None:
            return "superseded"
        invitation = mailed.invitation
        reader = Reader("", invitation.email, "UTC", invitation.locale, Audience.HOST)
        message = self._composer.invitation(
            mailed, f"{self._public_url}/invitation#{mailed.token}", reader, self._clock()
        )
        await self._postman.send(message, invitation.email)
        return None

    async def tell_waiter(self, effect: Effect) -> str | None:
        """Tell somebody that they wait, or that it is their turn; say why not, if they do not. As `tell`."""
        telling = Telling.OFFERED if effect.kind is EffectKind.TELL_OFFERED else Telling.WAITING
        wanted = WaiterState.OFFERED if telling is Telling.OFFERED else WaiterState.WAITING
        async with self._units.begin() as unit:
            waiter = await unit.waitlists.waiter(effect.organization_id, WaiterId(effect.subject_id))
            page = (
                await unit.pages.by_id(effect.organization_id, waiter.list.page_id, deleted=True)
                if waiter
                else None
            )
            if waiter is None or page is None:
                return "gone"
            if waiter.state(unit.now) is not wanted:
                return "superseded"
            link = self._desk.token_for(TokenKind.WAITER, waiter.id)
            await unit.waitlists.renew(waiter, token_hash(link))
        until = waiter.offer.until if waiter.offer else None
        facts = WaitingFacts(
            str(waiter.id), page.name, waiter.list.start, waiter.list.end, waiter.place(unit.now), until
        )
        reader = Reader(waiter.name, waiter.email, waiter.zone, waiter.locale, Audience.INVITEE)
        url = f"{self._public_url}/waiting#{link}"
        message = self._composer.waiting(telling, facts, url, reader, self._clock())
        await self._postman.send(message, waiter.email)
        return None

    async def tell_of_delegation(self, effect: Effect) -> str | None:
        """Ask a delegate, or tell a principal for whom somebody else gave leave; say why not. As `tell`.

        Who is invited by an address that nobody in the organization has is nobody, and gets no mail.
        """
        async with self._units.read() as unit:
            found = await unit.delegations.by_id(effect.organization_id, DelegationId(effect.subject_id))
            state = found.state(unit.now) if found else DelegationState.ENDED
            if found is None or state is DelegationState.ENDED:
                return "superseded"
            users = await unit.users.by_ids([found.principal_id, found.given_by])
            accounts = await unit.users.accounts(found.address)
        principal, giver = users[found.principal_id], users[found.given_by]
        own = [user for user in accounts if user.organization_id == effect.organization_id]
        delegate = own[0] if own and not own[0].is_disabled else None
        is_question = effect.kind is EffectKind.INVITE_DELEGATE
        to = delegate if is_question else principal
        if to is None:
            return "gone"
        if is_question and state is not DelegationState.INVITED:
            return "superseded"
        mailed = MailedDelegation(found, principal.name, giver.name, delegate.name if delegate else "")
        compose = self._composer.delegate_invitation if is_question else self._composer.delegated
        reader = Reader(to.name, to.email, to.zone, to.locale, Audience.HOST)
        message = compose(mailed, f"{self._public_url}/", reader, self._clock())
        await self._postman.send(message, reader.address)
        return None

    async def ask_to_reconnect(self, effect: Effect) -> str | None:
        """Tell a host that a calendar must be connected again; say why not, where it works. As `tell`."""
        async with self._units.read() as unit:
            linked = await unit.calendars.by_id(effect.organization_id, ConnectionId(effect.subject_id))
            host = await unit.users.by_id(effect.organization_id, UserId(effect.recipient_id))
        if linked is None or host is None:
            return "gone"
        connection = linked.connection
        if connection.state is not ConnectionState.NEEDS_RECONNECTION:
            return "superseded"
        reader = Reader(host.name, host.email, host.zone, host.locale, Audience.HOST)
        message = self._composer.reconnect(
            connection.label,
            f"{connection.id}.{effect.version}",
            f"{self._public_url}/connect",
            reader,
            self._clock(),
        )
        await self._postman.send(message, reader.address)
        return None

    def _facts(
        self,
        page: BookingPage,
        booking: Booking,
        seat: Invitee,
        hosts: list[User],
        effect: Effect,
        meeting: BookingMeeting | None,
    ) -> BookingFacts:
        token = self._desk.token_for(TokenKind.MANAGE, seat.id)
        return BookingFacts(
            booking=str(seat.id),
            sequence=seat.version,
            page_name=page.name,
            start=booking.start,
            end=booking.end,
            hosts=tuple(Person(host.name, host.email) for host in hosts),
            invitee=Person(seat.name or "", seat.email or ""),
            invitee_zone=seat.zone or "UTC",
            invitee_locale=seat.locale or "en",
            # The secret stands behind the #, which no browser sends and no log sees.
            manage_url=f"{self._public_url}/booking#{token}",
            dashboard_url=f"{self._public_url}/",
            place=told_place(booking.place, meeting),
            old_start=seat.moved_from,
            description=page.description,
            invitation=page.invitation,
            cancellation_policy=page.cancellation_policy,
            answers=tuple(Answer(answer.label, ", ".join(answer.values)) for answer in seat.answers),
            cancel_reason=seat.cancel_reason or "",
            booking_stands=booking.state is BookingState.CONFIRMED,
            reminder_minutes=effect.lead_minutes
            if effect.kind in (EffectKind.REMIND_HOST, EffectKind.REMIND_INVITEE)
            else None,
        )


def _copied(recipient: Recipient, hosts: Mapping[UserId, User]) -> Person | None:
    """Name the host of whose mail a delegate gets a copy; None where the mail is the host's own."""
    host = hosts.get(recipient.host)
    return Person(host.name, host.email) if host and recipient.delegate else None


def _reader(audience: Audience, seat: Invitee, recipient: Recipient, host: User | None) -> Reader | None:
    if audience is Audience.INVITEE:
        if seat.email is None:
            return None
        return Reader(seat.name or "", seat.email, seat.zone or "UTC", seat.locale or "en", audience)
    return recipient.reader(host)

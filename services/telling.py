"""Tells invitees and hosts: looks at the booking as it is now, composes, and sends.

A mail about a state that is not current any more is not sent: the version is compared in the moment of
sending, so a cancellation is never overtaken by a reminder (R27 of the security file).
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

from domain.booking_pages import BookingPage, PlaceKind
from domain.bookings import Booking, BookingState, Invitee
from domain.effects import Effect, EffectKind
from domain.ids import BookingId, InviteeId, UserId
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
from domain.resources import Named, named
from domain.tokens import TokenKind, token_hash
from domain.users import User
from integrations.ports import PostmanPort, Transient
from services.bookings import Desk
from services.copies import Recipient, plan_copies, recipient_of
from services.entries import entry_uid
from services.mails.compose import Composer
from storage.calendars import StoredState
from storage.unit import Units

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
        composer: Composer,
        postman: PostmanPort,
        clock: Callable[[], datetime],
        public_url: str,
    ) -> None:
        self._units = units
        self._desk = desk
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
            has = named(await unit.resources.of_booking(booking), is_host=audience is Audience.HOST)
        meeting = await self._meeting(booking, telling, waits=waits_for_link)
        facts = self._facts(
            page,
            booking,
            seat,
            [hosts[each] for each in booking.hosts if each in hosts],
            effect,
            meeting,
            has,
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
            all_have = {booking.resources for booking in series}
            own = await unit.resources.of_booking(first) if len(all_have) == 1 else ()
            has = named(own, is_host=audience is Audience.HOST)  # one mail tells what all of them have
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
            fact = self._facts(page, booking, seat, of_booking, effect, meeting, has)
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

    def _facts(
        self,
        page: BookingPage,
        booking: Booking,
        seat: Invitee,
        hosts: list[User],
        effect: Effect,
        meeting: BookingMeeting | None,
        has: Named,
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
            place=told_place(booking.place, meeting, has.rooms),
            resources=has.beside(is_in_person=booking.place.kind is PlaceKind.IN_PERSON),
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

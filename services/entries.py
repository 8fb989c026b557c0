"""Makes hosts' calendars agree with their bookings: one entry of ours each, where it was first written.

Everything here looks at the booking as it is now, not at what was once asked for, so it may run twice,
late, or beside itself. The calendar is written outside any unit; between two short units a claim on the
entry keeps other workers away.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID, uuid5

from domain.booking_pages import BookingPage, PlaceKind
from domain.bookings import Booking, BookingState, Invitee
from domain.calendars import Entry, EntryMeeting, EntryRef, Provider
from domain.events import EventKind, Happened
from domain.ids import BookingId, OrganizationId, UserId
from domain.meetings import (
    MEETING_PENDING,
    MEETING_REFUSED,
    WITH_ENTRY,
    BookingMeeting,
    MeetingState,
    maker_of,
    told_place,
)
from domain.reactions import on_unwritten
from domain.resources import Named, named
from domain.users import User
from integrations.ports import Account, CalendarPort, Permanent, ProviderFailed, Transient
from services.busy import NEEDS_RECONNECTION, TIMEOUT, BusyTimes
from services.connections import Connections
from services.mails.language import Language
from services.meeting_notes import note_made
from storage.base import new_id
from storage.calendars import Linked, StoredEntry, StoredState, Written
from storage.failpoints import Failpoint, reach
from storage.unit import Unit, Units

# Why nothing was to be done.
NO_CALENDAR = "no_calendar"
ORPHANED = "orphaned"
SETTLED = "settled"
NEVER_WRITTEN = "never_written"

_STANDS = frozenset({BookingState.CONFIRMED, BookingState.DONE, BookingState.NO_SHOW})
_DEADLINE_S = 25.0
_CLAIM = timedelta(seconds=40)  # longer than the deadline, shorter than the lease of an effect
_MAX_NAMES = 3


class SettleLater(Exception):
    """Another worker is at this entry now."""


class MeetingFirst(Exception):
    """A meeting whose link the entry shall have was never tried; `host_id` makes it."""

    def __init__(self, host_id: UserId) -> None:
        super().__init__()
        self.host_id = host_id


@dataclass(frozen=True, slots=True)
class _Work:
    """What one worker is to do with an entry that it has claimed.

    `meeting` is the booking's, where it is made, moved and removed together with this entry.
    """

    booking: Booking
    entry: StoredEntry
    linked: Linked
    claim_id: UUID
    shown: Entry | None
    meeting: BookingMeeting | None


@dataclass(frozen=True, slots=True)
class _Went:
    """How the entry stands once written, None if removed; and why its meeting was refused, if it was."""

    ref: EntryRef | None
    refused: str | None = None


class Entries:
    """Writes, moves and removes our entries. `domain` ends the UID of every new one."""

    def __init__(
        self,
        units: Units,
        connections: Connections,
        busy: BusyTimes,
        clock: Callable[[], datetime],
        words: Language,
        domain: str,
    ) -> None:
        self._units = units
        self._connections = connections
        self._busy = busy
        self._clock = clock
        self._words = words
        self._domain = domain

    async def settle(
        self,
        organization_id: OrganizationId,
        booking_id: BookingId,
        host_id: UserId,
        *,
        waits_for_meeting: bool = False,
    ) -> str | None:
        """Make a host's calendar show a booking as it is now; say why nothing was to be done, if so.

        Raises ProviderFailed when it is to be tried again or given up, and SettleLater while another
        worker is at it; nothing is lost by a repeat, and two entries are never made (R007, R067). With
        `waits_for_meeting` it raises MeetingFirst where a meeting of its own is still to be tried.
        """
        # With the host's lock: of two that begin at once, one for a booking and one for its end, the second
        # sees what the first has planned, or the first sees the end. Else an entry could outlive its booking.
        async with self._units.begin([host_id]) as unit:
            work = await self._begin(unit, organization_id, booking_id, host_id, waits=waits_for_meeting)
        if isinstance(work, str):
            return work
        try:
            went = await self._write(work)
        except ProviderFailed as failure:
            if not await self._failed(work, failure):
                raise SettleLater from failure
            raise
        reach(Failpoint.AFTER_ENTRY)
        if not await self._done(work, went):
            raise SettleLater
        if work.meeting and went.ref and went.ref.join_url not in (None, work.meeting.join_url):
            # The link is known only now that the entry is written: once more, to put it in.
            await self.settle(organization_id, booking_id, host_id)
        return None

    async def _begin(
        self,
        unit: Unit,
        organization_id: OrganizationId,
        booking_id: BookingId,
        host_id: UserId,
        *,
        waits: bool,
    ) -> _Work | str:
        booking = await unit.bookings.by_id(organization_id, booking_id)
        page = await unit.pages.by_id(organization_id, booking.page_id, deleted=True) if booking else None
        host = await unit.users.by_id(organization_id, host_id)
        if booking is None or page is None or host is None:
            return NEVER_WRITTEN
        stands = booking.state in _STANDS and host_id in booking.hosts
        if stands and waits:
            await _check_meeting(unit, booking)
        entry = await unit.calendars.entries.of_booking(organization_id, booking_id, host_id)
        if stands and (entry is None or entry.state is StoredState.REMOVED):
            # One that has a place and was never written there has lost its calendar before.
            is_lost = entry is not None and entry.remote_id is None and entry.written_texts is None
            entry = await self._plan(unit, booking, page, host_id)
            if entry is None:
                if is_lost and booking.end > unit.now:
                    unit.follow(on_unwritten(booking, host_id, unit.now))
                return NO_CALENDAR
        if entry is None:
            return NEVER_WRITTEN
        linked = await unit.calendars.by_id(organization_id, entry.connection_id)
        if entry.state is StoredState.ORPHANED or linked is None or linked.secret_sealed is None:
            return ORPHANED
        meeting = await _meeting_of(unit, booking, host_id, linked, stands=stands)
        has = named(await unit.resources.of_booking(booking), is_host=True) if stands else Named()
        shown = self._entry(entry, booking, page, host, meeting, linked, has) if stands else None
        if _agrees(entry, booking, shown, meeting):
            return SETTLED
        claim_id = new_id()
        if not await unit.calendars.entries.claim(entry, claim_id, _CLAIM):
            raise SettleLater
        is_with_entry = meeting is not None and _asks(meeting, host_id, linked) is not None
        return _Work(booking, entry, linked, claim_id, shown, meeting if is_with_entry else None)

    async def _plan(
        self, unit: Unit, booking: Booking, page: BookingPage, host_id: UserId
    ) -> StoredEntry | None:
        """Choose where an entry goes, once: whatever the host chooses later, it stays there (case 65)."""
        found = await unit.calendars.receiving(booking.organization_id, host_id, page.calendar_of(host_id))
        if found is None:
            return None
        linked, calendar = found
        await unit.calendars.entries.plan(
            booking.organization_id,
            booking.id,
            host_id,
            linked.connection.id,
            calendar.remote_url,
            uid=f"{entry_uid(booking.id, host_id)}@{self._domain}",
            marker=self._connections.marker(booking.id, host_id),
            start=booking.start,
            end=booking.end,
        )
        return await unit.calendars.entries.of_booking(booking.organization_id, booking.id, host_id)

    async def _write(self, work: _Work) -> _Went:
        linked, entry = work.linked, work.entry
        if not linked.is_usable:
            # Asked once more with a secret that was refused, the provider would lock the account.
            raise Transient(NEEDS_RECONNECTION)
        shown = work.shown

        async def write(port: CalendarPort, account: Account) -> _Went:
            if shown is None:
                await port.delete_entry(account, entry.spot)
                return _Went(None)
            try:
                return _Went(await port.put_entry(account, entry.spot, shown))
            except Permanent as failure:
                if shown.meeting is None:
                    raise
                refused = failure.reason
            # It may be the meeting alone that is refused; the host's time is taken all the same.
            return _Went(await port.put_entry(account, entry.spot, replace(shown, meeting=None)), refused)

        try:
            async with asyncio.timeout(_DEADLINE_S):
                return await self._connections.call(linked, write)
        except TimeoutError:
            raise Transient(TIMEOUT) from None

    async def _done(self, work: _Work, went: _Went) -> bool:
        """Note how the entry stands now; False if the claim had gone, also with its connection."""
        entry, shown, ref = work.entry, work.shown, went.ref
        state = StoredState.REMOVED if shown is None else StoredState.WRITTEN
        written = Written(ref.remote_id, shown.start, shown.end, shown.texts) if ref and shown else None
        # Before the event: whoever hears it asks the provider anew.
        await self._busy.drop((entry.connection_id,))
        async with self._units.begin() as unit:
            is_noted = await unit.calendars.entries.settle(
                entry, work.claim_id, state, work.booking.version, written
            )
            if is_noted:
                unit.record(
                    Happened(
                        EventKind.ENTRY_WRITTEN,
                        entry.organization_id,
                        hosts=(entry.host_id,),
                        booking_id=entry.booking_id,
                    )
                )
                await _note_meeting(unit, work, went)
        await self._connections.works(work.linked)
        return is_noted

    async def _failed(self, work: _Work, failure: ProviderFailed) -> bool:
        entry = work.entry
        async with self._units.begin() as unit:
            is_noted = await unit.calendars.entries.settle(
                entry, work.claim_id, entry.state, entry.written_version, failure=failure.reason
            )
            if work.meeting is not None:
                await unit.meetings.failed(work.meeting, failure.reason)
        if work.linked.is_usable and not isinstance(failure, Permanent):
            await self._connections.failed(work.linked, failure)
        return is_noted

    def _entry(
        self,
        entry: StoredEntry,
        booking: Booking,
        page: BookingPage,
        host: User,
        meeting: BookingMeeting | None,
        linked: Linked,
        has: Named,
    ) -> Entry:
        seats = [seat for seat in booking.live_seats(self._clock()) if seat.name] or [
            seat for seat in booking.invitees if seat.state in _STANDS
        ]
        names = [seat.name or "" for seat in seats]
        more = len(names) - _MAX_NAMES
        listed = self._words.listed(host.locale, [*names[:_MAX_NAMES], *([f"+{more}"] if more > 0 else [])])
        place = told_place(booking.place, meeting, has.rooms)
        about = [_about(seat) for seat in seats]
        if beside := has.beside(is_in_person=booking.place.kind is PlaceKind.IN_PERSON):
            label = self._words.translate(host.locale, "Rooms and equipment")
            about.append(f"{label}: {self._words.listed(host.locale, beside)}")
        if place.link_follows:
            about.append(f"{place.text}: {self._words.translate(host.locale, 'The link follows.')}")
        elif booking.place.kind.is_online:
            about.append(f"{place.text}: {place.url}")
        return Entry(
            uid=entry.uid,
            sequence=booking.version,
            start=booking.start,
            end=booking.end,
            summary=f"{page.name} · {listed}" if names else page.name,
            description="\n\n".join(about),
            place=place.url or place.text,
            marker=entry.marker,
            zone=host.zone,
            meeting=_asks(meeting, entry.host_id, linked) if meeting else None,
        )


def _agrees(
    entry: StoredEntry, booking: Booking, shown: Entry | None, meeting: BookingMeeting | None
) -> bool:
    """Say whether the calendar shows the booking already; a removed entry is removed for all versions.

    One with a meeting shows its link too, once there is one, and is asked for the meeting till it is made.
    """
    if shown is None:
        return entry.state is StoredState.REMOVED
    if entry.state is not StoredState.WRITTEN or (entry.written_version or 0) < booking.version:
        return False
    is_asked = shown.meeting is not None and meeting is not None and meeting.state is MeetingState.PENDING
    return meeting is None or (entry.written_texts == shown.texts and not is_asked)


def _asks(meeting: BookingMeeting, host_id: UserId, linked: Linked) -> EntryMeeting | None:
    """Say which meeting a host's entry is to be made with, if it is by this connection."""
    if host_id != meeting.host_id or meeting.kind not in WITH_ENTRY or meeting.state is MeetingState.FAILED:
        return None
    made_with, provider, _ = WITH_ENTRY[meeting.kind]
    return made_with if linked.connection.provider is provider else None


async def _check_meeting(unit: Unit, booking: Booking) -> None:
    """Raise MeetingFirst where a meeting beside the entry was never tried for a booking that stands."""
    if booking.place.kind is not PlaceKind.ZOOM_MEETING:
        return
    stored = await unit.meetings.of_booking(booking.organization_id, booking.id)
    meeting = stored.meeting if stored and stored.meeting.is_of(booking) else None
    if meeting is None or (meeting.state is MeetingState.PENDING and meeting.failure is None):
        raise MeetingFirst(meeting.host_id if meeting else maker_of(booking))


async def _meeting_of(
    unit: Unit, booking: Booking, host_id: UserId, linked: Linked, *, stands: bool
) -> BookingMeeting | None:
    """Give the meeting of a booking that has one; one that this host's entry makes is planned here."""
    if not booking.place.kind.is_online:
        return None
    stored = await unit.meetings.of_booking(booking.organization_id, booking.id)
    is_others = stored is not None and not stored.meeting.is_of(booking)
    begins = stored is None or is_others or stored.meeting.state is MeetingState.REMOVED
    maker = maker_of(booking) if stored is None or is_others else stored.meeting.host_id
    if stands and begins and host_id == maker and _makes(booking.place.kind, linked.connection.provider):
        # Who was the host before has theirs removed with the entry.
        stored = await (unit.meetings.pass_on(booking, maker) if is_others else unit.meetings.plan(booking))
    elif stands and is_others:
        return _none_yet(booking)
    return stored.meeting if stored else _none_yet(booking)


def _makes(kind: PlaceKind, provider: Provider) -> bool:
    return kind in WITH_ENTRY and WITH_ENTRY[kind][1] is provider


def _none_yet(booking: Booking) -> BookingMeeting:
    """Give the meeting that nobody has begun; whoever writes the entry meanwhile says that a link follows."""
    return BookingMeeting(
        booking.organization_id,
        booking.id,
        maker_of(booking),
        booking.place.kind,
        MeetingState.PENDING,
    )


async def _note_meeting(unit: Unit, work: _Work, went: _Went) -> None:
    """Write down what became of the meeting that goes with an entry."""
    meeting, ref = work.meeting, went.ref
    if meeting is None or ref is None:
        return
    if ref.join_url is not None:
        await note_made(unit, meeting, ref.join_url)
    else:
        unmade = MEETING_PENDING if ref.is_meeting_pending else MEETING_REFUSED
        await unit.meetings.failed(meeting, went.refused or unmade)


def _about(seat: Invitee) -> str:
    """Tell the host who comes and what they answered."""
    answers = (f"{answer.label}: {', '.join(answer.values)}" for answer in seat.answers)
    # Who votes in a poll comes by name, and may have no address.
    who = f"{seat.name} <{seat.email}>" if seat.email else seat.name or ""
    return "\n".join((who, *answers))


def entry_uid(booking_id: BookingId, host_id: UserId) -> str:
    """Name a booking's entry in a host's calendar, always alike; the installation's domain ends it."""
    return str(uuid5(booking_id, str(host_id)))

"""Makes hosts' calendars agree with their bookings: one entry of ours each, where it was first written.

Everything here looks at the booking as it is now, not at what was once asked for, so it may run twice,
late, or beside itself. The calendar is written outside any unit; between two short units a claim on the
entry keeps other workers away.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid5

from domain.booking_pages import BookingPage
from domain.bookings import Booking, BookingState, Invitee
from domain.calendars import Entry, EntryRef
from domain.events import EventKind, Happened
from domain.ids import BookingId, OrganizationId, UserId
from domain.users import User
from integrations.ports import Account, CalendarPort, Permanent, ProviderFailed, Transient
from services.busy import NEEDS_RECONNECTION, TIMEOUT, BusyTimes
from services.connections import Connections
from services.mails.language import Language
from storage.base import new_id
from storage.calendars import Linked, StoredEntry, StoredState, Written
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


@dataclass(frozen=True, slots=True)
class _Work:
    """What one worker is to do with an entry that it has claimed."""

    booking: Booking
    entry: StoredEntry
    linked: Linked
    claim_id: UUID
    shown: Entry | None


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
        self, organization_id: OrganizationId, booking_id: BookingId, host_id: UserId
    ) -> str | None:
        """Make a host's calendar show a booking as it is now; say why nothing was to be done, if so.

        Raises ProviderFailed when it is to be tried again or given up, and SettleLater while another
        worker is at it; nothing is lost by a repeat, and two entries are never made (R007, R067).
        """
        # With the host's lock: of two that begin at once, one for a booking and one for its end, the second
        # sees what the first has planned, or the first sees the end. Else an entry could outlive its booking.
        async with self._units.begin([host_id]) as unit:
            work = await self._begin(unit, organization_id, booking_id, host_id)
        if isinstance(work, str):
            return work
        try:
            ref = await self._write(work)
        except ProviderFailed as failure:
            await self._failed(work, failure)
            raise
        await self._done(work, ref)
        return None

    async def _begin(
        self, unit: Unit, organization_id: OrganizationId, booking_id: BookingId, host_id: UserId
    ) -> _Work | str:
        booking = await unit.bookings.by_id(organization_id, booking_id)
        page = await unit.pages.by_id(organization_id, booking.page_id, deleted=True) if booking else None
        host = await unit.users.by_id(organization_id, host_id)
        if booking is None or page is None or host is None:
            return NEVER_WRITTEN
        stands = booking.state in _STANDS and host_id in booking.hosts
        entry = await unit.calendars.entries.of_booking(organization_id, booking_id, host_id)
        if stands and (entry is None or entry.state is StoredState.REMOVED):
            entry = await self._plan(unit, booking, host_id)
            if entry is None:
                return NO_CALENDAR
        if entry is None:
            return NEVER_WRITTEN
        linked = await unit.calendars.by_id(organization_id, entry.connection_id)
        if entry.state is StoredState.ORPHANED or linked is None or linked.secret_sealed is None:
            return ORPHANED
        if _agrees(entry, booking, stands=stands):
            return SETTLED
        claim_id = new_id()
        if not await unit.calendars.entries.claim(entry, claim_id, _CLAIM):
            raise SettleLater
        shown = self._entry(entry, booking, page, host) if stands else None
        return _Work(booking, entry, linked, claim_id, shown)

    async def _plan(self, unit: Unit, booking: Booking, host_id: UserId) -> StoredEntry | None:
        """Choose where an entry goes, once: whatever the host chooses later, it stays there (case 65)."""
        found = await unit.calendars.receiving(booking.organization_id, host_id)
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

    async def _write(self, work: _Work) -> EntryRef | None:
        linked, entry = work.linked, work.entry
        if not linked.is_usable:
            # Asked once more with a secret that was refused, the provider would lock the account.
            raise Transient(NEEDS_RECONNECTION)
        shown = work.shown

        async def write(port: CalendarPort, account: Account) -> EntryRef | None:
            if shown is not None:
                return await port.put_entry(account, entry.spot, shown)
            await port.delete_entry(account, entry.spot)
            return None

        try:
            async with asyncio.timeout(_DEADLINE_S):
                return await self._connections.call(linked, write)
        except TimeoutError:
            raise Transient(TIMEOUT) from None

    async def _done(self, work: _Work, ref: EntryRef | None) -> None:
        entry, shown = work.entry, work.shown
        state = StoredState.REMOVED if shown is None else StoredState.WRITTEN
        written = Written(ref.remote_id, shown.start, shown.end, shown.texts) if ref and shown else None
        # Before the event: whoever hears it asks the provider anew.
        await self._busy.drop((entry.connection_id,))
        async with self._units.begin() as unit:
            if await unit.calendars.entries.settle(
                entry, work.claim_id, state, work.booking.version, written
            ):
                unit.record(
                    Happened(
                        EventKind.ENTRY_WRITTEN,
                        entry.organization_id,
                        hosts=(entry.host_id,),
                        booking_id=entry.booking_id,
                    )
                )
        await self._connections.works(work.linked)

    async def _failed(self, work: _Work, failure: ProviderFailed) -> None:
        entry = work.entry
        async with self._units.begin() as unit:
            await unit.calendars.entries.settle(
                entry, work.claim_id, entry.state, entry.written_version, failure=failure.reason
            )
        if work.linked.is_usable and not isinstance(failure, Permanent):
            await self._connections.failed(work.linked, failure)

    def _entry(self, entry: StoredEntry, booking: Booking, page: BookingPage, host: User) -> Entry:
        seats = [seat for seat in booking.live_seats(self._clock()) if seat.name] or [
            seat for seat in booking.invitees if seat.state in _STANDS
        ]
        names = [seat.name or "" for seat in seats]
        more = len(names) - _MAX_NAMES
        listed = self._words.listed(host.locale, [*names[:_MAX_NAMES], *([f"+{more}"] if more > 0 else [])])
        return Entry(
            uid=entry.uid,
            sequence=booking.version,
            start=booking.start,
            end=booking.end,
            summary=f"{page.name} · {listed}" if names else page.name,
            description="\n\n".join(_about(seat) for seat in seats),
            place=booking.place.details,
            marker=entry.marker,
            zone=host.zone,
        )


def _agrees(entry: StoredEntry, booking: Booking, *, stands: bool) -> bool:
    """Say whether the calendar shows the booking already; a removed entry is removed for all versions."""
    if not stands:
        return entry.state is StoredState.REMOVED
    return entry.state is StoredState.WRITTEN and (entry.written_version or 0) >= booking.version


def _about(seat: Invitee) -> str:
    """Tell the host who comes and what they answered."""
    answers = (f"{answer.label}: {', '.join(answer.values)}" for answer in seat.answers)
    return "\n".join((f"{seat.name} <{seat.email}>", *answers))


def entry_uid(booking_id: BookingId, host_id: UserId) -> str:
    """Name a booking's entry in a host's calendar, always alike; the installation's domain ends it."""
    return str(uuid5(booking_id, str(host_id)))

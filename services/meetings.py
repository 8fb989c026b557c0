"""Makes meetings agree with their bookings: one each, made, moved and removed with the booking.

Zoom's are made here, beside the host's entry; Google's and Microsoft's together with it (`entries.py`).
Everything looks at the booking as it is now, so it may run twice, late, or beside itself. No other provider
ever takes the place of one that fails: its host is told, and decides.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from domain.audit import Act
from domain.booking_pages import PlaceKind
from domain.bookings import Booking, BookingState, TooLate
from domain.calendars import ConnectionState, Provider
from domain.effects import Effect, EffectKind
from domain.ids import BookingId, OrganizationId, UserId
from domain.meetings import (
    MEETING_PENDING,
    MEETING_REFUSED,
    NO_ACCOUNT,
    TOO_LATE,
    WITH_ENTRY,
    MeetingState,
    maker_of,
)
from domain.users import DelegationScope, Scope, Viewer, signed_in
from integrations.ports import (
    Account,
    CalendarPort,
    MadeMeeting,
    Meeting,
    MeetingPort,
    Permanent,
    ProviderFailed,
    Revoked,
    Transient,
)
from services.access import acted, own_booking
from services.busy import NEEDS_RECONNECTION, TIMEOUT
from services.connections import Connections
from services.entries import NEVER_WRITTEN, ORPHANED, SETTLED, Entries, MeetingFirst, SettleLater
from services.meeting_notes import note_given_up, note_made
from storage.base import new_id
from storage.calendars import Linked, StoredState
from storage.limits import Budget, Limits
from storage.meetings import StoredMeeting
from storage.unit import Unit, Units

_RETRIES = Budget("meeting_retry", 30, 600)
_STANDS = frozenset({BookingState.CONFIRMED, BookingState.DONE, BookingState.NO_SHOW})
_DEADLINE_S = 25.0
_CLAIM = timedelta(seconds=40)  # longer than the deadline, shorter than the lease of an effect
_GONE = "meeting_gone"
_SCOPE_MISSING = "scope_missing"
_MAY_PASS = frozenset({MEETING_PENDING, MEETING_REFUSED})


@dataclass(frozen=True, slots=True)
class _Work:
    """What one worker is to do with a meeting that it has claimed; `wanted` is None where it is to go."""

    booking: Booking
    stored: StoredMeeting
    linked: Linked
    claim_id: UUID
    wanted: Meeting | None

    @property
    def is_former(self) -> bool:
        """Whether it is another host's by now, and this one only in its way."""
        return self.wanted is None and self.booking.state in _STANDS


class Meetings:
    """The use cases of meetings. `ports` are the providers that make them apart from entries."""

    def __init__(
        self,
        units: Units,
        connections: Connections,
        entries: Entries,
        ports: Mapping[Provider, MeetingPort],
        limits: Limits,
    ) -> None:
        self._units = units
        self._connections = connections
        self._entries = entries
        self._ports = ports
        self._limits = limits

    async def settle(
        self, organization_id: OrganizationId, booking_id: BookingId, host_id: UserId
    ) -> str | None:
        """Make a booking's meeting agree with it, and then every host's entry show the link.

        It is made by the host who speaks for the others, or who stands in for them, be it `host_id` or not.
        One that was made by who is no host any more is removed, and made anew. Says why nothing was to be
        done. Raises ProviderFailed and SettleLater as `Entries.settle`; the meeting is made once, however
        often this is repeated (R116, R117, R118).
        """
        async with self._units.read() as unit:
            booking = await unit.bookings.by_id(organization_id, booking_id)
            stored = await unit.meetings.of_booking(organization_id, booking_id)
        if booking is None or not booking.place.kind.is_online:
            return NEVER_WRITTEN
        if stored is not None and stored.meeting.is_of(booking):
            host_id = stored.meeting.host_id
        if booking.state in _STANDS and booking.end <= unit.now:
            raise Permanent(TOO_LATE)
        if booking.place.kind is PlaceKind.ZOOM_MEETING:
            reason = await self._settle_apart(organization_id, booking_id, host_id)
        else:
            reason = await self._settle_with_entry(booking, host_id)
        if booking.state in _STANDS:
            await self._show_link(booking)
        return reason

    async def settle_entry(
        self, organization_id: OrganizationId, booking_id: BookingId, host_id: UserId
    ) -> str | None:
        """Settle a host's entry after its meeting was tried, once. Raises as `settle`."""
        try:
            return await self._entries.settle(organization_id, booking_id, host_id, waits_for_meeting=True)
        except MeetingFirst as first:
            maker = first.host_id
        with suppress(ProviderFailed):  # which the meeting's own effect tells of
            await self._settle_apart(organization_id, booking_id, maker)
        return await self._entries.settle(organization_id, booking_id, host_id)

    async def give_up(self, effect: Effect, reason: str) -> None:
        """Note that an effect on a meeting failed for good; its host is told, once for each version."""
        async with self._units.begin() as unit:
            booking = await unit.bookings.by_id(effect.organization_id, BookingId(effect.subject_id))
            if booking is not None and booking.state in _STANDS:
                await note_given_up(unit, booking, reason)

    async def retry(self, viewer: Viewer, booking_id: BookingId) -> Booking:
        """Try a meeting again now that failed, or waits; one that is made is left as it is.

        Raises NotFound, NotAllowed, TooLate, TooMany.
        """
        asker = signed_in(viewer, Scope.BOOKINGS, DelegationScope.BOOKINGS)
        await self._limits.take(_RETRIES, str(asker.actor.id))
        async with self._units.begin() as unit:
            booking = await own_booking(unit, asker, booking_id)
            if booking.state is not BookingState.CONFIRMED or booking.end <= unit.now:
                raise TooLate
            await acted(unit, asker, Act.BOOKING_MEETING_RETRIED, booking.id)
            stored = await unit.meetings.of_booking(booking.organization_id, booking.id)
            if stored and not stored.meeting.is_at(booking):
                if stored.meeting.state is MeetingState.FAILED:
                    await unit.meetings.plan(booking)
                await unit.outbox.retry(booking.organization_id, EffectKind.MEETING, booking.id)
            return booking

    async def _show_link(self, booking: Booking) -> None:
        """Bring every host's entry up to date; what fails is told when all were tried."""
        failed: ProviderFailed | SettleLater | None = None
        for host in booking.hosts:
            try:
                await self._entries.settle(booking.organization_id, booking.id, host)
            except (ProviderFailed, SettleLater) as failure:
                failed = failed or failure
        if failed is not None:
            raise failed

    async def _settle_with_entry(self, booking: Booking, host_id: UserId) -> str | None:
        """Let the host's entry be written with its meeting, and judge what came of it."""
        _, provider, no_calendar = WITH_ENTRY[booking.place.kind]
        organization_id, booking_id = booking.organization_id, booking.id
        if booking.state in _STANDS:
            async with self._units.begin() as unit:
                stored = await unit.meetings.of_booking(organization_id, booking_id)
                if stored is not None and not stored.meeting.is_of(booking):
                    await unit.meetings.pass_on(booking, host_id)  # theirs goes with their entry
                elif stored is None or stored.meeting.state in (MeetingState.FAILED, MeetingState.REMOVED):
                    await unit.meetings.plan(booking)
        try:
            reason = await self._entries.settle(organization_id, booking_id, host_id)
        except Transient as failure:
            raise _judged(failure) from None
        async with self._units.begin() as unit:
            stored = await unit.meetings.of_booking(organization_id, booking_id)
            entry = await unit.calendars.entries.of_booking(organization_id, booking_id, host_id)
            linked = await unit.calendars.by_id(organization_id, entry.connection_id) if entry else None
            if stored is None:
                return NEVER_WRITTEN
            if booking.state not in _STANDS:
                if entry is None or entry.state is StoredState.REMOVED:
                    await unit.meetings.removed(stored.meeting)
                return reason
        if linked is None or linked.connection.provider is not provider or reason == ORPHANED:
            raise Permanent(no_calendar)
        if stored.meeting.state is not MeetingState.PENDING:
            return reason
        failure = stored.meeting.failure or MEETING_PENDING
        raise Transient(failure) if failure in _MAY_PASS else Permanent(failure)

    async def _settle_apart(
        self, organization_id: OrganizationId, booking_id: BookingId, host_id: UserId
    ) -> str | None:
        """Make, move or remove a meeting beside the entry."""
        # With the host's lock, for the reason that entries have it.
        async with self._units.begin([host_id]) as unit:
            work = await self._begin(unit, organization_id, booking_id)
        if isinstance(work, ProviderFailed):
            raise work
        if isinstance(work, str):
            return work
        try:
            made = await self._act(work)
        except ProviderFailed as failure:
            is_left = work.is_former and isinstance(failure, Permanent)
            async with self._units.begin() as unit:
                if is_left:
                    await unit.meetings.pass_on(work.booking, maker_of(work.booking))
                else:
                    meeting = work.stored.meeting
                    await unit.meetings.failed(meeting, failure.reason, claim_id=work.claim_id)
            if is_left:
                return await self._settle_apart(organization_id, booking_id, host_id)
            if isinstance(failure, Revoked):
                await self._connections.failed(work.linked, failure)
            raise
        async with self._units.begin() as unit:
            await _note(unit, work, made)
        if work.is_former:
            return await self._settle_apart(organization_id, booking_id, host_id)  # by its host of now
        return None

    async def _begin(
        self, unit: Unit, organization_id: OrganizationId, booking_id: BookingId
    ) -> _Work | str | ProviderFailed:
        booking = await unit.bookings.by_id(organization_id, booking_id)
        page = await unit.pages.by_id(organization_id, booking.page_id, deleted=True) if booking else None
        if booking is None or page is None:
            return NEVER_WRITTEN
        stands = booking.state in _STANDS
        stored = await unit.meetings.of_booking(organization_id, booking_id)
        if stands and (stored is None or stored.meeting.state in (MeetingState.FAILED, MeetingState.REMOVED)):
            stored = await unit.meetings.plan(booking)
        if stored is None:
            return NEVER_WRITTEN
        if stands and not stored.meeting.is_of(booking):
            stored, stands = await _of_another(unit, booking, stored)
        meeting = stored.meeting
        if meeting.is_at(booking) if stands else meeting.state is MeetingState.REMOVED:
            return SETTLED
        linked = await _account(unit, stored, stands=stands)
        if linked is None and not stands:
            # Nothing was made, or it is at an account that we may not reach any more.
            if stored.connection_id is None:
                await unit.meetings.removed(meeting)
            return ORPHANED
        if linked is None or not linked.is_usable:
            reason = NO_ACCOUNT if linked is None else NEEDS_RECONNECTION
            await unit.meetings.failed(meeting, reason)
            return Permanent(reason)
        claim_id = new_id()
        if not await unit.meetings.claim(stored, linked.connection.id, claim_id, _CLAIM):
            raise SettleLater
        host = await unit.users.by_id(organization_id, meeting.host_id)
        key = self._connections.meeting_key(booking_id)
        zone = host.zone if host else "UTC"
        wanted = Meeting(key, page.name, booking.start, booking.end, zone) if stands else None
        return _Work(booking, stored, linked, claim_id, wanted)

    async def _act(self, work: _Work) -> MadeMeeting | None:
        port = self._ports.get(work.linked.connection.provider)
        if port is None:
            raise Permanent("provider_unsupported")

        async def act(_: CalendarPort, account: Account) -> MadeMeeting | None:
            if work.wanted is None:
                await self._remove(port, account, work)
                return None
            return await _make(port, account, work, work.wanted)

        try:
            async with asyncio.timeout(_DEADLINE_S):
                return await self._connections.call(work.linked, act)
        except TimeoutError:
            raise Transient(TIMEOUT) from None
        except Revoked as failure:
            # The account's calendars may well be open to us: only meetings are not.
            raise Permanent(failure.reason) if failure.reason == _SCOPE_MISSING else failure from None

    async def _remove(self, port: MeetingPort, account: Account, work: _Work) -> None:
        """Remove what there is, also what was made and never heard of."""
        key = self._connections.meeting_key(work.booking.id)
        remote_id = work.stored.remote_id or await port.find(account, key)
        if remote_id is not None:
            await port.end(account, remote_id)


async def _make(port: MeetingPort, account: Account, work: _Work, wanted: Meeting) -> MadeMeeting:
    """Move the meeting, or make it where there is none; one that its host has deleted is made anew."""
    stored = work.stored
    is_there = stored.connection_id == work.linked.connection.id
    if is_there and stored.remote_id is not None and stored.meeting.join_url is not None:
        try:
            await port.move(account, stored.remote_id, wanted)
            return MadeMeeting(stored.remote_id, stored.meeting.join_url)
        except Permanent as failure:
            if failure.reason != _GONE:
                raise
    return await port.make(account, wanted)


async def _of_another(unit: Unit, booking: Booking, stored: StoredMeeting) -> tuple[StoredMeeting, bool]:
    """Judge a meeting made by who is no host any more: it goes, as far as it can, before another is made.

    Says too whether one is to be made now.
    """
    former = await _account(unit, stored, stands=False)
    if stored.meeting.state is not MeetingState.REMOVED and former is not None and former.is_usable:
        return stored, False
    return await unit.meetings.pass_on(booking, maker_of(booking)), True


async def _account(unit: Unit, stored: StoredMeeting, *, stands: bool) -> Linked | None:
    """Give the connection that made a meeting; else, where one is to be made, its host's first at Zoom."""
    meeting = stored.meeting
    if stored.connection_id is not None:
        linked = await unit.calendars.by_id(meeting.organization_id, stored.connection_id)
        if linked and linked.connection.state is not ConnectionState.DISCONNECTED:
            return linked
    if not stands:
        return None
    found = await unit.calendars.of_user(meeting.organization_id, meeting.host_id)
    at_zoom = [linked for linked in found if linked.connection.provider is Provider.ZOOM]
    return next((linked for linked in at_zoom if linked.is_usable), at_zoom[0] if at_zoom else None)


async def _note(unit: Unit, work: _Work, made: MadeMeeting | None) -> None:
    meeting = work.stored.meeting
    if made is None or work.wanted is None:
        await unit.meetings.removed(meeting, claim_id=work.claim_id)
        return
    await note_made(
        unit,
        meeting,
        made.join_url,
        claim_id=work.claim_id,
        remote_id=made.remote_id,
        start=work.wanted.start,
        end=work.wanted.end,
    )


def _judged(failure: Transient) -> ProviderFailed:
    """Judge a failure: nobody waits for a connection that its host has to open again, which revives it."""
    return Permanent(failure.reason) if failure.reason == NEEDS_RECONNECTION else failure

"""Looks at calendars: what a ping hinted at, or too long nobody looked for, is read back from the provider.

Only entries of ours are read, each by its own id. What their hosts did to them is followed: a deleted one
cancels its booking, a moved one moves it where the page says so and the rules allow, and else is shown to
the host (R111, X13). Nothing in a ping is believed, so its order, its age and its number are no matter.
"""

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from domain.bookings import BookingState
from domain.calendars import DriftKind, EntryDrift, EntryState
from domain.effects import Effect, EffectKind
from domain.errors import Conflict, RuleBroken, TryAgain
from domain.events import EventKind, Happened
from domain.ids import ConnectionId, OrganizationId
from integrations.ports import Account, CalendarPort, Permanent, ProviderFailed, Revoked, Transient
from services.bookings.changing import Changing
from services.busy import NEEDS_RECONNECTION, TIMEOUT, BusyTimes
from services.connections import Connections
from storage.calendars import Linked, StoredEntry, StoredLook
from storage.live import Live
from storage.unit import Unit, Units

# Why nothing was to be done.
NEWER = "newer"
GONE = "gone"

_AT_ONCE = 4
_MOST = 50  # entries in one look; the rest is read by the next, ten seconds later
_DEADLINE_S = 30.0  # shorter than the deadline of an effect
_READ_AFTER = timedelta(hours=3)
_LOOKED_AFTER = timedelta(hours=1)  # a provider that fails is not asked more often for this
_CALENDARS = 200
_log = logging.getLogger("slotgraph.looking")


async def plan_look(
    unit: Unit,
    organization_id: OrganizationId,
    connection_id: ConnectionId,
    calendar_url: str,
    *,
    whole_since: datetime | None = None,
    is_touched: bool = False,
) -> None:
    """Plan a look at a calendar; many wishes become one look, and looks are ten seconds apart (case 191).

    Entries that were not read since `whole_since` are read. `is_touched`: busy times may have changed.
    """
    look = await unit.calendars.looks.ask(
        organization_id, connection_id, calendar_url, whole_since=whole_since, is_touched=is_touched
    )
    due_at = look.look_at or unit.now
    unit.follow([Effect(EffectKind.LOOK, organization_id, look.id, look.number, look.id, due_at)])


class Looking:
    """Looks at calendars, as an effect or because it is time to."""

    def __init__(
        self, units: Units, connections: Connections, busy: BusyTimes, changing: Changing, live: Live
    ) -> None:
        self._units = units
        self._live = live
        self._connections = connections
        self._busy = busy
        self._changing = changing

    async def plan_overdue(self) -> int:
        """Plan looks at calendars with entries that nobody has read for three hours; say how many.

        So what hosts did is found although every ping was lost (case 192): within four hours, as
        long as no more calendars wait than a few thousand an hour.
        """
        async with self._units.read() as reading:
            read_before = reading.now - _READ_AFTER
            found = await reading.calendars.looks.overdue(
                read_before, reading.now - _LOOKED_AFTER, _CALENDARS
            )
        for organization_id, connection_id, calendar_url in found:
            async with self._units.begin() as unit:
                await plan_look(unit, organization_id, connection_id, calendar_url, whole_since=read_before)
        return len(found)

    async def look(self, organization_id: OrganizationId, look_id: UUID, number: int) -> str | None:
        """Do a planned look; say why nothing was to be done. Raises ProviderFailed to be repeated."""
        async with self._units.begin() as unit:
            look = await unit.calendars.looks.begin(organization_id, look_id, number)
            if look is None:
                return NEWER
            linked = await unit.calendars.by_id(organization_id, look.connection_id)
            entries = await unit.calendars.looks.unread(look, _MOST)
            await unit.outbox.forget_ended(organization_id, EffectKind.LOOK, look_id)
        if linked is None or linked.secret_sealed is None:
            return GONE
        if look.is_touched:
            await self._touch(look, linked)
        if not linked.is_usable:
            return NEEDS_RECONNECTION
        await self._read(look, linked, entries)
        async with self._units.begin() as unit:
            if len(entries) < _MOST:
                await unit.calendars.looks.complete(look)
            else:
                await plan_look(unit, organization_id, look.connection_id, look.calendar_url)
        return None

    async def _touch(self, look: StoredLook, linked: Linked) -> None:
        """Forget busy times, and let pages that somebody watches ask anew; nobody else does (D02).

        It is announced and not logged: providers ping at every stroke of somebody's hand, and a page that
        did not hear of it asks anew by itself some seconds later.
        """
        # Before the announcement: whoever hears it asks the provider anew.
        await self._busy.drop((look.connection_id,))
        async with self._units.begin() as unit:
            await unit.calendars.looks.touched(look)
            resources = await unit.resources.of_connection(look.organization_id, look.connection_id)
        hosts = (linked.connection.user_id, *resources)
        touched = Happened(EventKind.CALENDAR_TOUCHED, look.organization_id, hosts=hosts)
        await self._live.announce([touched], unit.now, wake=False)

    async def _read(self, look: StoredLook, linked: Linked, entries: Sequence[StoredEntry]) -> None:
        """Read entries back and follow what was found; raises the first failure when all was tried."""
        if not entries:
            return
        failures: list[ProviderFailed] = []
        try:
            async with asyncio.timeout(_DEADLINE_S):
                found = await self._found(look, linked, entries, failures)
        except TimeoutError:
            found = []
            failures.append(Transient(TIMEOUT))
        for entry, state in found:
            try:
                await self._follow(entry, state)
            except TryAgain:
                failures.append(Transient("busy_unknown"))
        if failures:
            await self._connections.failed(linked, failures[0])
            raise failures[0]
        await self._connections.works(linked)

    async def _found(
        self,
        look: StoredLook,
        linked: Linked,
        entries: Sequence[StoredEntry],
        failures: list[ProviderFailed],
    ) -> list[tuple[StoredEntry, EntryState | None]]:
        """Read entries back, some at once; what cannot be read now is left out, and `failures` get why."""
        gate = asyncio.Semaphore(_AT_ONCE)
        found: list[tuple[StoredEntry, EntryState | None]] = []

        async def read(entry: StoredEntry) -> None:
            async with gate:
                if any(isinstance(failure, Revoked) for failure in failures):
                    return
                try:
                    found.append((entry, await self._find(linked, entry)))
                except Permanent:
                    await self._checked(entry)  # not ours any more, or never understood: left alone
                except ProviderFailed as failure:
                    failures.append(failure)

        await asyncio.gather(*map(read, entries))
        gone = [entry for entry, state in found if state is None]
        if not gone or await self._may_believe(look, linked, gone, failures):
            return found
        return [(entry, state) for entry, state in found if state is not None]

    async def _may_believe(
        self, look: StoredLook, linked: Linked, gone: Sequence[StoredEntry], failures: list[ProviderFailed]
    ) -> bool:
        """Say whether entries were deleted; of a calendar that is gone as a whole, nobody can say that."""
        try:
            if await self._has_calendar(linked, look):
                return True
        except ProviderFailed as failure:
            failures.append(failure)
            return False
        _log.warning("calendar_gone", extra={"provider": linked.connection.provider})
        for entry in gone:
            await self._checked(entry)
        return False

    async def _find(self, linked: Linked, entry: StoredEntry) -> EntryState | None:
        async def find(port: CalendarPort, account: Account) -> EntryState | None:
            return await port.find_entry(account, entry.spot)

        return await self._connections.call(linked, find)

    async def _has_calendar(self, linked: Linked, look: StoredLook) -> bool:
        async def discover(port: CalendarPort, account: Account) -> bool:
            return any(remote.url == look.calendar_url for remote in await port.discover(account))

        return await self._connections.call(linked, discover)

    async def _follow(self, entry: StoredEntry, state: EntryState | None) -> None:
        """Follow what a host did to an entry; raises TryAgain where a calendar that decides is away."""
        async with self._units.read() as reading:
            booking = await reading.bookings.by_id(entry.organization_id, entry.booking_id)
        if booking is None or booking.state is not BookingState.CONFIRMED:
            return
        if (booking.start, booking.end) != (entry.written_start, entry.written_end):
            return  # it moved meanwhile: a worker is about to write the entry, and knows better
        is_only_host = booking.hosts == (entry.host_id,)
        if state is None:
            if is_only_host:
                with contextlib.suppress(Conflict):
                    await self._changing.cancel_for_calendar(entry)
            else:
                await self._drifted(entry, DriftKind.DELETED, None)
            return
        times = (state.start, state.end)
        if times == (booking.start, booking.end):
            await self._drifted(entry, None, None)
            return
        try:
            is_followed = is_only_host and await self._changing.move_for_calendar(entry, *times)
        except TryAgain:
            raise
        except Conflict:
            return
        except RuleBroken:
            is_followed = False  # the rules do not allow it: the host sees it, and decides
        if is_followed:
            await self._checked(entry)
        else:
            await self._drifted(entry, DriftKind.MOVED, state)

    async def _drifted(self, entry: StoredEntry, kind: DriftKind | None, state: EntryState | None) -> None:
        start, end = (state.start, state.end) if state else (None, None)
        drift = EntryDrift(entry.booking_id, entry.host_id, kind, start, end) if kind else None
        is_news = (entry.drift, entry.drift_start, entry.drift_end) != (kind, start, end)
        async with self._units.begin() as unit:
            entries = unit.calendars.entries
            if is_news and await entries.drifted(entry, drift):
                unit.record(
                    Happened(
                        EventKind.ENTRY_DRIFTED,
                        entry.organization_id,
                        hosts=(entry.host_id,),
                        booking_id=entry.booking_id,
                    )
                )
            await entries.checked(entry)

    async def _checked(self, entry: StoredEntry) -> None:
        async with self._units.begin() as unit:
            await unit.calendars.entries.checked(entry)

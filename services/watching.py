"""Watches: providers are asked to ping us when a calendar changes, and asked again before they stop (R111).

One use case makes a connection's watches agree with its calendars, whatever state both are in, so it may run
twice, late, or beside itself. Those calendars are watched that receive bookings, hold entries of ours or
count as busy. Everything is asked outside units.
"""

import asyncio
import base64
import logging
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta

from domain.calendars import Provider
from domain.effects import EffectKind
from domain.ids import ConnectionId, OrganizationId
from domain.tokens import token_hash
from integrations.ports import (
    Account,
    CalendarPort,
    Hook,
    Permanent,
    ProviderFailed,
    RemoteCalendar,
    Revoked,
    Secret,
    Transient,
    Watch,
    WatchPort,
)
from services.busy import NEEDS_RECONNECTION, TIMEOUT
from services.connections import Connections, watching
from services.looking import plan_look
from storage.base import new_id
from storage.calendars import Linked, StoredWatch, WatchState
from storage.unit import Units

UNWATCHED = "unwatched"

_LIFE = timedelta(days=7)  # what Google and Microsoft give at most, a little less or more
_CLAIM = timedelta(seconds=90)
_DEADLINE_S = 15.0
_ALARM = 2
_TRIES_TO_STOP = 5  # then it ends by itself
_PAUSE = timedelta(minutes=5)
_LONGEST_PAUSE = timedelta(hours=6)
_REFUSED = timedelta(days=1)
_SCOPE_MISSING = "scope_missing"  # to watch a calendar of others; the connection is good without
_ROUNDS = 3
_CONNECTIONS = 200
_TOKEN_BYTES = 32
_log = logging.getLogger("slotgraph.watching")


class Watching:
    """Opens, renews and stops watches. `hooks_url` is where providers reach this installation."""

    def __init__(
        self,
        units: Units,
        connections: Connections,
        ports: Mapping[Provider, WatchPort],
        random_bytes: Callable[[int], bytes],
        hooks_url: str,
    ) -> None:
        self._units = units
        self._connections = connections
        self._ports = ports
        self._random_bytes = random_bytes
        self._hooks_url = hooks_url.rstrip("/")

    async def keep(self) -> int:
        """Let the watches be tended about which something is due, or that are missing; say of how many.

        Those whose provider pings without being asked to are not among them.
        """
        async with self._units.read() as reading:
            found = await reading.calendars.watches.needing(self._ports, _CONNECTIONS)
        if found:
            async with self._units.begin() as unit:
                unit.follow([watching(*one, unit.now) for one in found])
        return len(found)

    async def tend(self, organization_id: OrganizationId, connection_id: ConnectionId) -> str | None:
        """Make the watches of a connection agree with its calendars; say why nothing was to be done.

        What fails is noted on the watch, and tried again by itself. Of a provider that is not asked for
        pings, it is only looked whether the access still holds.
        """
        needed: set[str] = set()
        async with self._units.begin() as unit:
            await unit.outbox.forget_ended(organization_id, EffectKind.WATCH, connection_id)
            linked = await unit.calendars.by_id(organization_id, connection_id)
            if linked is None or not linked.is_usable:
                return NEEDS_RECONNECTION
            if linked.connection.provider in self._ports:
                watches = unit.calendars.watches
                needed = {
                    *(calendar.remote_url for calendar in linked.calendars if calendar.receives_bookings),
                    *await watches.of_pages(organization_id, connection_id),
                    *await unit.calendars.looks.calendars_with_entries(organization_id, connection_id),
                }
                wanted = {
                    *needed,
                    *(calendar.remote_url for calendar in linked.counted),
                    *await watches.counted_elsewhere(organization_id, connection_id),
                }
                standing = [
                    watch
                    for watch in await watches.of_connection(organization_id, connection_id)
                    if watch.state is not WatchState.ENDING
                ]
                await watches.end(watch for watch in standing if watch.calendar_url not in wanted)
                await watches.plan(linked.connection, wanted - {watch.calendar_url for watch in standing})
        if linked.connection.provider not in self._ports:
            return await self._prove(linked)
        for _ in range(_ROUNDS):
            async with self._units.begin() as unit:
                due = await unit.calendars.watches.claim_due(
                    organization_id, connection_id, unit.now + _CLAIM
                )
            if not due or not await self._round(linked, due, needed):
                break
        async with self._units.begin() as unit:
            await unit.calendars.watches.tell(organization_id, connection_id)
        return None

    async def _prove(self, linked: Linked) -> str:
        async def discover(port: CalendarPort, account: Account) -> tuple[RemoteCalendar, ...]:
            return await port.discover(account)

        try:
            await self._connections.call(linked, discover)
        except Revoked as failure:
            await self._connections.failed(linked, failure)
        return UNWATCHED

    async def _round(self, linked: Linked, due: Sequence[StoredWatch], needed: AbstractSet[str]) -> bool:
        for watch in due:
            try:
                await self._do(linked, watch)
            except ProviderFailed as failure:
                if isinstance(failure, Revoked) and failure.reason != _SCOPE_MISSING:
                    await self._failed(watch, failure)
                    await self._connections.failed(linked, failure)
                    return False
                is_final = isinstance(failure, Permanent | Revoked) and watch.state is WatchState.OPENING
                if is_final and watch.calendar_url not in needed:
                    # One that may be read for busy times only: pages learn of its changes as they ask.
                    await self._refused(watch)
                else:
                    await self._failed(watch, failure)
        return True

    async def _do(self, linked: Linked, watch: StoredWatch) -> None:
        try:
            async with asyncio.timeout(_DEADLINE_S):
                match watch.state:
                    case WatchState.OPENING:
                        await self._open(linked, watch)
                    case WatchState.LIVE:
                        await self._renew(linked, watch)
                    case WatchState.ENDING:
                        await self._stop(linked, watch)
        except TimeoutError:
            raise Transient(TIMEOUT) from None

    async def _open(self, linked: Linked, watch: StoredWatch) -> None:
        """Open a watch by an id and a token of its own: an id serves once, also if its answer was lost."""
        provider = watch.provider
        remote_id, token = str(new_id()), _url64(self._random_bytes(_TOKEN_BYTES))
        async with self._units.begin() as unit:
            await unit.calendars.watches.asked(watch, remote_id, token_hash(token))
            ends_at = unit.now + _LIFE
        hook = Hook(
            id=remote_id,
            address=f"{self._hooks_url}/hooks/{provider}",
            lifecycle=f"{self._hooks_url}/hooks/{provider}/lifecycle",
            token=Secret(token),
            ends_at=ends_at,
        )

        async def open_watch(_: CalendarPort, account: Account) -> None:
            made = await self._ports[provider].watch(account, watch.calendar_url, hook)
            if not await self._opened(watch, made):
                # The connection was ended meanwhile: nobody else knows of this watch.
                await self._ports[provider].stop(account, made)

        await self._connections.call(linked, open_watch)

    async def _opened(self, watch: StoredWatch, made: Watch) -> bool:
        async with self._units.begin() as unit:
            watches = unit.calendars.watches
            others = await watches.of_connection(watch.organization_id, watch.connection_id)
            is_stored = await watches.opened(
                watch, made.remote_id, made.resource_id, made.ends_at, _due(unit.now, made.ends_at)
            )
            follows = any(
                other.calendar_url == watch.calendar_url and other.id != watch.id for other in others
            )
            if is_stored and (follows or watch.failures):
                # For a while perhaps nobody would have told us.
                await plan_look(
                    unit,
                    watch.organization_id,
                    watch.connection_id,
                    watch.calendar_url,
                    whole_since=unit.now,
                    is_touched=True,
                )
        return is_stored

    async def _renew(self, linked: Linked, watch: StoredWatch) -> None:
        """Prolong a watch, or let the next one open before this one ends (R112)."""

        async def prolong(_: CalendarPort, account: Account) -> Watch | None:
            async with self._units.read() as reading:
                ends_at = reading.now + _LIFE
            return await self._ports[watch.provider].prolong(account, _asked(watch), ends_at)

        made = await self._connections.call(linked, prolong)
        async with self._units.begin() as unit:
            watches = unit.calendars.watches
            if made is not None:
                await watches.opened(
                    watch, made.remote_id, made.resource_id, made.ends_at, _due(unit.now, made.ends_at)
                )
            else:
                await watches.plan(linked.connection, [watch.calendar_url])
                await watches.postpone(watch, unit.now + _LONGEST_PAUSE)

    async def _stop(self, linked: Linked, watch: StoredWatch) -> None:
        async def stop(_: CalendarPort, account: Account) -> None:
            await self._ports[watch.provider].stop(account, _asked(watch))

        if watch.ends_at is not None:  # else it never began, or nobody can say by which name
            await self._connections.call(linked, stop)
        async with self._units.begin() as unit:
            await unit.calendars.watches.remove(watch)

    async def _refused(self, watch: StoredWatch) -> None:
        async with self._units.begin() as unit:
            await unit.calendars.watches.postpone(watch, unit.now + _REFUSED)

    async def _failed(self, watch: StoredWatch, failure: ProviderFailed) -> None:
        failures = watch.failures + 1
        pause = min(_PAUSE * 2 ** min(failures, 10), _LONGEST_PAUSE)
        async with self._units.begin() as unit:
            if watch.state is WatchState.ENDING and failures >= _TRIES_TO_STOP:
                await unit.calendars.watches.remove(watch)
            else:
                await unit.calendars.watches.failed(watch, unit.now + pause)
        if watch.state is not WatchState.ENDING and failures >= _ALARM:
            extra = {"provider": watch.provider, "reason": failure.reason}
            _log.warning("calendar_unwatched", extra=extra)


def _due(now: datetime, ends_at: datetime) -> datetime:
    """Say when a watch is to be renewed: when two thirds of its life are over."""
    return now + (ends_at - now) * 2 / 3


def _asked(watch: StoredWatch) -> Watch:
    if watch.remote_id is None or watch.ends_at is None:
        raise Transient("watch_unknown")
    return Watch(watch.remote_id, watch.resource_id, watch.ends_at)


def _url64(random: bytes) -> str:
    return base64.urlsafe_b64encode(random).rstrip(b"=").decode()

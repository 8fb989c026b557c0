"""Pings: a provider says that a calendar changed. It is a hint, and all that is done at once is to note it.

A ping for a watch that we do not know, that has ended, or whose token is not its own, does nothing, and
whoever sent it learns nothing from the answer (case 191).
"""

import hmac
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from domain.calendars import Provider
from domain.errors import TryAgain
from domain.ids import ConnectionId, OrganizationId
from domain.tokens import token_hash
from integrations.ports import Heard, Ping, PingKind, PingReader, Posted
from services.connections import watching
from services.looking import plan_look
from storage.base import StorageFailed
from storage.calendars import StoredWatch, WatchState
from storage.limits import Budget, Limits
from storage.unit import Unit, Units

# A provider's own addresses are few, and each speaks for many calendars.
_UNPROVED = Budget("pings", 6000, 60)
_MOST = 100  # watches, calendars and entries that one request may name; a provider tells us of more later
_ACCOUNTS = 500
_LONGEST_NAME = 1024

Place = tuple[OrganizationId, ConnectionId, str]


class Hearing:
    """Notes what providers let us know. `readers` has the providers that this installation listens to."""

    def __init__(
        self,
        units: Units,
        limits: Limits,
        readers: Mapping[Provider, PingReader],
        clock: Callable[[], datetime],
    ) -> None:
        self._units = units
        self._limits = limits
        self._readers = readers
        self._clock = clock

    async def hear(
        self,
        provider: Provider,
        headers: Mapping[str, str],
        query: Mapping[str, str],
        body: bytes,
        address: str,
    ) -> Heard:
        """Read a request to a hook from an address, and note what is to be looked at.

        Names of headers come in small letters, the body as it came. Raises TooMany for an address that
        sends too much that nobody has signed, and TryAgain where it could not be noted.
        """
        reader = self._readers.get(provider)
        heard = reader.read(Posted(headers, query, body), self._clock()) if reader else Heard()
        if heard.pings and not heard.is_proved:
            await self._limits.take(_UNPROVED, address)
        try:
            if heard.pings and heard.is_proved:
                await self._of_calendars(provider, heard.pings)
            elif heard.pings:
                await self._of_watches(provider, heard.pings)
            if heard.deauthorized:
                await self._deauthorized(provider)
        except StorageFailed:
            raise TryAgain from None
        return heard

    async def _of_watches(self, provider: Provider, pings: Iterable[Ping]) -> None:
        by_watch: defaultdict[str, list[Ping]] = defaultdict(list)
        for ping in pings:
            if _is_name(ping.watch) and (ping.watch in by_watch or len(by_watch) < _MOST):
                by_watch[ping.watch].append(ping)
        async with self._units.at_once() as reading:
            known = await reading.calendars.watches.by_remote(provider, list(by_watch))
        proved = [
            (watch, [ping for ping in by_watch[watch.remote_id or ""] if _is_from(watch, ping)])
            for watch in known
        ]
        # In one order, so that two requests never wait for each other.
        noted = sorted((one for one in proved if one[1]), key=lambda one: one[0].id)
        if not noted:
            return
        async with self._units.begin() as unit:
            for watch, its in noted:
                await self._note(unit, _place(watch), its)
                await self._tend(unit, watch, {ping.kind for ping in its})

    async def _of_calendars(self, provider: Provider, pings: Iterable[Ping]) -> None:
        by_calendar: defaultdict[str, list[Ping]] = defaultdict(list)
        for ping in pings:
            if _is_name(ping.watch):
                by_calendar[ping.watch].append(ping)
        async with self._units.begin() as unit:
            for calendar_url, its in sorted(by_calendar.items())[:_MOST]:
                for place in sorted(await unit.calendars.watches.of_calendar(provider, calendar_url, _MOST)):
                    await self._note(unit, (*place, calendar_url), its)

    async def _note(self, unit: Unit, place: Place, pings: list[Ping]) -> None:
        organization_id, connection_id, calendar_url = place
        named = {ping.entry_id for ping in pings if ping.entry_id is not None and _is_name(ping.entry_id)}
        is_whole = len(named) > _MOST or any(
            ping.entry_id is None and ping.kind is not PingKind.REAUTHORIZE for ping in pings
        )
        if named and not is_whole:
            await unit.calendars.looks.name(organization_id, connection_id, sorted(named))
        if named or is_whole:
            await plan_look(
                unit,
                organization_id,
                connection_id,
                calendar_url,
                whole_since=unit.now if is_whole else None,
                is_touched=True,
            )

    async def _tend(self, unit: Unit, watch: StoredWatch, kinds: set[PingKind]) -> None:
        if watch.state is not WatchState.LIVE:
            return
        if PingKind.REMOVED in kinds:
            await unit.calendars.watches.begin_anew(watch)
        elif PingKind.REAUTHORIZE in kinds:
            await unit.calendars.watches.hurry(watch)
        else:
            return
        unit.follow([watching(watch.organization_id, watch.connection_id, unit.now)])

    async def _deauthorized(self, provider: Provider) -> None:
        """Let access be tried wherever it may have ended: the provider's name for a user is unknown to us."""
        async with self._units.begin() as unit:
            found = await unit.calendars.watches.of_provider(provider, _ACCOUNTS)
            unit.follow([watching(*one, unit.now) for one in found])


def _is_name(text: str) -> bool:
    """Say whether a text can be what a provider names something by: so nothing odd is looked for."""
    return text.isascii() and text.isprintable() and 0 < len(text) <= _LONGEST_NAME


def _is_from(watch: StoredWatch, ping: Ping) -> bool:
    if not ping.token.isascii():
        return False
    return hmac.compare_digest(token_hash(ping.token), watch.token_hash or b"")


def _place(watch: StoredWatch) -> Place:
    return watch.organization_id, watch.connection_id, watch.calendar_url

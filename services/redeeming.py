"""What a code is exchanged for: a grant and the calendars behind it; and what is not kept of that is ended.

A code works once, and the provider may take its time. Whoever has waited too long is told no, and the
exchange goes on: what comes of it then is ended at the provider by an effect, like every grant that we
refuse. Nobody has an access of ours at a provider that stands nowhere here.
"""

import asyncio
import logging
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from domain.calendars import Permission
from domain.connections import ConsentDenied, ProviderRefused
from integrations.ports import Account, Consent, Grant, ProviderFailed, RemoteCalendar
from services.connections import Connections
from services.grants import Grants, end_later
from storage.base import StorageFailed
from storage.calendars import StoredConsent
from storage.unit import Units

_EXCHANGE_S = 30.0  # so long is a grant waited for that is ended then
_DISCOVERY_S = 15.0
_CLOSING_S = 10.0
_MAX_CALENDARS = 250
_NEXT_TRY = timedelta(minutes=2)  # a grant that is being stored beside an end of its account would end too
_NEEDED = frozenset({Permission.LIST_CALENDARS, Permission.READ_BUSY})
_log = logging.getLogger("slotgraph.redeeming")


@dataclass(frozen=True, slots=True)
class Redeemed:
    """What came of a code: a grant, what it permits, and the account's calendars, one at least."""

    grant: Grant
    permissions: frozenset[Permission]
    found: tuple[RemoteCalendar, ...]

    @property
    def subject(self) -> str:
        """Say whose account it is; where the provider does not say who consented, their own calendar does."""
        own = next((remote.url for remote in self.found if remote.is_own), self.found[0].url)
        return self.grant.subject or own


class Redeeming:
    """Exchanges codes. One for each process: it knows the exchanges that are under way."""

    def __init__(self, units: Units, connections: Connections, grants: Grants, deadline_s: float) -> None:
        self._units = units
        self._connections = connections
        self._grants = grants
        self._deadline_s = deadline_s
        self._underway: set[asyncio.Task[Any]] = set()

    async def redeem(self, stored: StoredConsent, code: str, consent: Consent, now: datetime) -> Redeemed:
        """Exchange a code and look at the account; to be called outside units.

        Raises ConsentDenied, ProviderRefused, ProviderFailed, and TimeoutError after the deadline.
        """
        exchange = self._begin(self._redeem(stored, code, consent, now))
        try:
            async with asyncio.timeout(self._deadline_s):
                # Who stops waiting does not stop the exchange: the code may have been taken already.
                return await asyncio.shield(exchange)
        except (TimeoutError, asyncio.CancelledError):
            exchange.add_done_callback(lambda done: self._leave_what_came(stored, done))
            raise

    async def leave(self, stored: StoredConsent, redeemed: Redeemed) -> None:
        """Let what came of a code be ended, though whoever asked for it has gone."""
        await asyncio.shield(self._begin(self._end(stored, redeemed.grant, redeemed.subject)))

    async def close(self) -> None:
        """Wait for what is under way, and for the ends that come of it."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_CLOSING_S):
                while self._underway:
                    await asyncio.wait(list(self._underway))

    async def _redeem(self, stored: StoredConsent, code: str, consent: Consent, now: datetime) -> Redeemed:
        port = self._grants.port(stored.provider)
        try:
            grant = await port.redeem(code, consent, now, deadline_s=_EXCHANGE_S)
        except ProviderFailed as failure:
            if failure.unused is not None:
                await self._end(stored, failure.unused, failure.unused.subject)
            raise
        is_good = False
        try:
            permissions = port.permissions(grant.scopes)
            if not permissions >= _NEEDED:
                raise ConsentDenied
            found = await self._discover(stored, grant)
            is_good = True
        finally:
            if not is_good:
                await self._end(stored, grant, grant.subject)
        return Redeemed(grant, permissions, found)

    async def _discover(self, stored: StoredConsent, grant: Grant) -> tuple[RemoteCalendar, ...]:
        provider = stored.provider
        account = Account(provider, self._connections.api_url(provider), "", grant.access_token)
        async with asyncio.timeout(_DISCOVERY_S):
            found = await self._connections.port(provider).discover(account)
        if not found:
            raise ProviderRefused
        return found[:_MAX_CALENDARS]

    def _leave_what_came(self, stored: StoredConsent, exchange: asyncio.Task[Redeemed]) -> None:
        if not exchange.cancelled() and exchange.exception() is None:
            came = exchange.result()
            self._begin(self._end(stored, came.grant, came.subject))

    async def _end(self, stored: StoredConsent, grant: Grant, subject: str | None) -> None:
        """Plan the end of a grant at its provider; the effect leaves an account alone that is connected.

        Of whom nobody knows who they are, a connection of the user's own may be by the same account.
        """
        token = grant.refresh_token or grant.access_token
        try:
            async with self._units.read() as reading:
                links = await reading.calendars.of_user(stored.organization_id, stored.user_id)
            if subject is None and any(link.connection.provider is stored.provider for link in links):
                return
            ending = await self._grants.prepare_unused(
                stored.organization_id, stored.provider, token, subject
            )
            async with self._units.begin() as unit:
                unit.follow([await end_later(unit, ending, _NEXT_TRY)])
        except StorageFailed:
            # Nobody else knows of it: the person can end it at the provider.
            _log.warning("grant_left", extra={"provider": stored.provider})

    def _begin(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = asyncio.create_task(work)
        self._underway.add(task)
        task.add_done_callback(self._over)
        return task

    def _over(self, task: asyncio.Task[Any]) -> None:
        self._underway.discard(task)
        _ = task.cancelled() or task.exception()  # looked at, though perhaps nobody waits any more

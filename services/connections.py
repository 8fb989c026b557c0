"""What every use of a calendar connection needs: its port, its opened secret, and a note of how it fares."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from urllib.parse import urlsplit

import orjson

from domain.calendars import Calendar, CalendarConnection, ConnectionState, Provider
from domain.events import EventKind, Happened
from domain.ids import BookingId, ConnectionId, OrganizationId, UserId
from domain.intervals import Span
from integrations.ports import (
    Account,
    BusyAt,
    CalendarPort,
    Permanent,
    ProviderFailed,
    Revoked,
    Secret,
    Transient,
)
from storage.base import StorageFailed
from storage.calendars import Linked
from storage.sealed import SECRETS
from storage.unit import Units
from storage.vault import KeyUnavailable, Place, SealBroken, Vault

KEY_UNAVAILABLE = "key_unavailable"
SECRET_UNREADABLE = "secret_unreadable"  # noqa: S105 -- a reason
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Key:
    """What opens an account. A feed's address is part of it: whoever knows it reads the feed."""

    password: str = field(repr=False)
    feed_url: str | None = field(default=None, repr=False)


class Connections:
    """Opens connections and keeps their state."""

    def __init__(
        self,
        units: Units,
        vault: Vault,
        ports: Mapping[Provider, CalendarPort],
        clock: Callable[[], datetime],
    ) -> None:
        self._units = units
        self._vault = vault
        self._ports = ports
        self._clock = clock

    def supports(self, provider: Provider) -> bool:
        """Say whether this installation speaks with a provider."""
        return provider in self._ports

    def port(self, provider: Provider) -> CalendarPort:
        """Give the port to a provider; Permanent for one that this installation does not have any more."""
        port = self._ports.get(provider)
        if port is None:
            raise Permanent("provider_unsupported")
        return port

    async def seal(self, organization_id: OrganizationId, connection_id: ConnectionId, key: Key) -> bytes:
        """Seal the key of a connection for its row; to be called outside units, as what opens it is."""
        secret = orjson.dumps({"password": key.password, "feed": key.feed_url})
        return await self._vault.seal(secret, _place(organization_id, connection_id))

    async def key(self, linked: Linked) -> Key:
        """Open the key of a connection.

        Raises Revoked if there is none that can be opened, since only its user can give another one
        (cases 67 and 72), and Transient while the keys that would open it cannot be read.
        """
        connection = linked.connection
        if linked.secret_sealed is None:
            raise Revoked("disconnected")
        try:
            opened = await self._vault.open(
                linked.secret_sealed, _place(connection.organization_id, connection.id)
            )
        except SealBroken as broken:
            reason = KEY_UNAVAILABLE if isinstance(broken, KeyUnavailable) else SECRET_UNREADABLE
            _log.error(
                "a secret does not open", extra={"connection_id": str(connection.id), "reason": reason}
            )
            raise Revoked(reason) from None
        except StorageFailed:
            raise Transient("keys_away") from None
        document = orjson.loads(opened)
        return Key(document["password"], document["feed"])

    def marker(self, booking_id: BookingId, host_id: UserId) -> str:
        """Make the private mark of an entry, always the same: without it, nothing is ours (R068)."""
        return self._vault.token_bytes("entry", str(booking_id), str(host_id)).hex()

    async def account(self, linked: Linked) -> Account:
        """Make what a port is given: address, user name and secret."""
        connection, key = linked.connection, await self.key(linked)
        return Account(
            provider=connection.provider,
            url=key.feed_url or connection.url,
            username=linked.username or "",
            secret=Secret(key.password),
        )

    async def busy(self, linked: Linked, window: Span, *, deadline_s: float) -> tuple[Span, ...]:
        """Ask a provider when the calendars that count are busy; raises ProviderFailed."""
        account = await self.account(linked)
        asked = [BusyAt(remote_url(account, calendar), calendar.zone) for calendar in linked.counted]
        found = await self.port(linked.connection.provider).busy(
            account, asked, window, deadline_s=deadline_s
        )
        return found.spans

    async def works(self, linked: Linked) -> None:
        """Note that a connection answered, if it was failing."""
        connection = linked.connection
        if connection.failing_since is not None:
            await self._note(linked, replace(connection, failing_since=None, failure=None))

    async def failed(self, linked: Linked, failure: ProviderFailed) -> None:
        """Note that a connection failed, where that is news.

        A refused secret ends the connection until its user gives another one: asking again would lock
        the account.
        """
        connection = linked.connection
        state = ConnectionState.NEEDS_RECONNECTION if isinstance(failure, Revoked) else connection.state
        if (state, failure.reason) == (connection.state, connection.failure):
            return
        since = connection.failing_since or self._clock()
        await self._note(
            linked, replace(connection, state=state, failing_since=since, failure=failure.reason)
        )

    async def _note(self, linked: Linked, connection: CalendarConnection) -> None:
        try:
            async with self._units.begin() as unit:
                is_news = await unit.calendars.note(connection, seen_version=linked.connection.version)
                if is_news and connection.state is not linked.connection.state:
                    unit.record(changed(connection))
        except StorageFailed:
            return  # whoever asks next notes it


def changed(connection: CalendarConnection) -> Happened:
    """Say that a user's connection changed: what is free of their time may have changed with it."""
    return Happened(EventKind.CONNECTION_CHANGED, connection.organization_id, hosts=(connection.user_id,))


def remote_url(account: Account, calendar: Calendar) -> str:
    """Give the address by which a port knows a calendar; a feed is its own only calendar."""
    return account.url if account.provider is Provider.ICS else calendar.remote_url


def origin(url: str) -> str:
    """Give the part of an address that is no secret: scheme, host and port."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def _place(organization_id: OrganizationId, connection_id: ConnectionId) -> Place:
    return Place(SECRETS.table, SECRETS.name, organization_id, (str(connection_id),))

"""What every use of a calendar connection needs: its port, its opened secret, and a note of how it fares."""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import TypeVar
from urllib.parse import urlsplit

import orjson

from domain.audit import Deed
from domain.calendars import (
    Calendar,
    CalendarConnection,
    ConnectionState,
    Provider,
    next_to_receive,
)
from domain.effects import Effect, EffectKind
from domain.events import EventKind, Happened
from domain.ids import BookingId, ConnectionId, OrganizationId, UserId
from domain.intervals import Span
from domain.statuses import BusyByCalendar
from integrations.ports import (
    Account,
    BusyAt,
    CalendarPort,
    Expired,
    Permanent,
    ProviderFailed,
    Revoked,
    Secret,
    Transient,
)
from services.grants import Grants, end_later
from services.refusals import Refusals
from storage.base import StorageFailed, new_id
from storage.calendars import Linked
from storage.sealed import SECRETS
from storage.unit import Unit, Units
from storage.vault import KeyUnavailable, Place, SealBroken, Vault

KEY_UNAVAILABLE = "key_unavailable"
ACCESS_REFUSED = "access_refused"
SECRET_UNREADABLE = "secret_unreadable"  # noqa: S105 -- a reason
_log = logging.getLogger(__name__)

T = TypeVar("T")


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
        grants: Grants,
        api_urls: Mapping[Provider, str] = MappingProxyType({}),
    ) -> None:
        self._units = units
        self._vault = vault
        self._ports = ports
        self._clock = clock
        self._grants = grants
        self._api_urls = api_urls
        self._refusals = Refusals(clock)

    def api_url(self, provider: Provider) -> str:
        """Give the address of a provider's API."""
        return self._api_urls[provider]

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

    def meeting_key(self, booking_id: BookingId) -> str:
        """Make the key by which a booking's meeting is known again, always the same (R116)."""
        return self._vault.token_bytes("meeting", str(booking_id)).hex()

    async def call(self, linked: Linked, act: Callable[[CalendarPort, Account], Awaitable[T]]) -> T:
        """Do something at a connection's provider; raises ProviderFailed. To be called outside units.

        An access token that is refused is renewed once. Refused again, that is Transient at first; the
        access is taken away only if it goes on.
        """
        port = self.port(linked.connection.provider)
        if not linked.connection.provider.is_granted:
            return await act(port, await self._entered(linked))
        account = await self._granted(linked, None)
        try:
            done = await act(port, account)
        except Expired:
            account = await self._granted(linked, account.secret)
            done = await self._again(linked, lambda: act(port, account))
        self._refusals.taken(linked.connection.id)
        return done

    async def _again(self, linked: Linked, act: Callable[[], Awaitable[T]]) -> T:
        try:
            return await act()
        except Expired:
            lasts = self._refusals.lasts(linked.connection.id)
            raise (Revoked(ACCESS_REFUSED) if lasts else Transient(ACCESS_REFUSED)) from None

    async def _entered(self, linked: Linked) -> Account:
        connection, key = linked.connection, await self.key(linked)
        return Account(
            provider=connection.provider,
            url=key.feed_url or connection.url,
            username=linked.username or "",
            secret=Secret(key.password),
        )

    async def _granted(self, linked: Linked, refused: Secret | None) -> Account:
        provider = linked.connection.provider
        if linked.secret_sealed is None:
            raise Revoked("disconnected")
        token = await self._grants.access(linked, refused=refused, ended=self.failed)
        return Account(provider=provider, url=self.api_url(provider), username="", secret=token)

    async def feed_url(self, linked: Linked) -> str:
        """Give the address of a feed, which is part of its key; raises ProviderFailed."""
        return (await self._entered(linked)).url

    async def end(self, linked: Linked, *deeds: Deed) -> None:
        """End a connection, and say so in the audit log; its grant is ended at the provider by an effect.

        A refresh token that turns meanwhile is taken into account: the newest one is ended.
        """
        present: Linked | None = linked
        while present is not None and not await self._end_as_seen(present, deeds):
            connection = linked.connection
            async with self._units.read() as unit:
                present = await unit.calendars.by_id(connection.organization_id, connection.id)
        await self._grants.ended_here(linked.connection.id)

    async def _end_as_seen(self, linked: Linked, deeds: Sequence[Deed]) -> bool:
        """End a connection if it is as it was seen; True if it has ended by now."""
        connection = linked.connection
        is_granted = connection.provider.is_granted
        async with self._units.read() as reading:
            watches = await reading.calendars.watches.of_connection(connection.organization_id, connection.id)
        ending = await self._grants.prepare_ending(linked, watches) if is_granted else None
        of_user = connection.organization_id, connection.user_id
        async with self._units.begin() as unit:
            # As whoever chooses another calendar: two at once leave one that receives.
            await unit.users.lock(*of_user)
            receiving = await unit.calendars.receiving(*of_user)
            happened = await changed(unit, connection)  # before its calendars are gone
            if not await unit.calendars.end(connection, linked.secret_version):
                present = await unit.calendars.by_id(connection.organization_id, connection.id)
                return present is None or present.connection.state is ConnectionState.DISCONNECTED
            if receiving is not None and receiving[0].connection.id == connection.id:
                await _take_over(unit, connection)
            await unit.outbox.revive(connection.organization_id, EffectKind.ENTRY, connection.user_id)
            effects: list[Effect] = []
            if ending is not None:
                effects.append(await end_later(unit, ending))
            unit.record(happened, effects)
            unit.note(*deeds)
        return True

    async def busy(
        self,
        linked: Linked,
        calendars: Sequence[Calendar],
        window: Span,
        *,
        by_status: bool = False,
        deadline_s: float,
    ) -> BusyByCalendar:
        """Ask a provider when calendars of a connection are busy, each; raises ProviderFailed."""

        async def ask(port: CalendarPort, account: Account) -> BusyByCalendar:
            asked = [
                BusyAt(remote_url(account, calendar), calendar.zone, calendar.is_writable)
                for calendar in calendars
            ]
            told = await port.busy(account, asked, window, by_status=by_status, deadline_s=deadline_s)
            return {calendar.id: times for calendar, times in zip(calendars, told, strict=True)}

        return await self.call(linked, ask)

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
        noted = await self._note(
            linked, replace(connection, state=state, failing_since=since, failure=failure.reason)
        )
        if not noted and isinstance(failure, Revoked):
            await self._refused_again(linked, failure)

    async def _refused_again(self, linked: Linked, failure: Revoked) -> None:
        """Note a refusal though the connection has changed, if the secret that was refused still stands.

        Else a lesser failure, noted while the refusal was on its way, would hide it.
        """
        connection = linked.connection
        try:
            async with self._units.read() as reading:
                present = await reading.calendars.by_id(connection.organization_id, connection.id)
        except StorageFailed:
            return  # whoever asks next notes it
        if present is None or not present.is_usable or present.secret_sealed != linked.secret_sealed:
            return
        since = present.connection.failing_since or self._clock()
        await self._note(
            present,
            replace(
                present.connection,
                state=ConnectionState.NEEDS_RECONNECTION,
                failing_since=since,
                failure=failure.reason,
            ),
        )

    async def _note(self, linked: Linked, connection: CalendarConnection) -> bool:
        try:
            async with self._units.begin() as unit:
                is_news = await unit.calendars.note(connection, seen_version=linked.connection.version)
                if is_news and connection.state is not linked.connection.state:
                    unit.record(await changed(unit, connection), _tell_host(connection, unit.now))
        except StorageFailed:
            return False  # whoever asks next notes it
        is_refused = connection.state is ConnectionState.NEEDS_RECONNECTION
        if is_news and is_refused and linked.connection.state is not connection.state:
            self._refusals.ended(connection)
        return is_news


async def _take_over(unit: Unit, ended: CalendarConnection) -> None:
    """Let another calendar receive the bookings of a user whose receiving one has gone, if one can."""
    of_user = ended.organization_id, ended.user_id
    links = [linked for linked in await unit.calendars.of_user(*of_user) if linked.is_usable]
    heir = next_to_receive(linked.calendars for linked in links)
    if heir is None:
        return
    await unit.calendars.choose(*of_user, replace(heir, receives_bookings=True))
    for linked in links:
        if linked.connection.id == heir.connection_id:
            unit.follow(tended(linked.connection, unit.now))


async def changed(unit: Unit, connection: CalendarConnection) -> Happened:
    """Say that a user's connection changed: what is free of their time may have changed with it.

    And of that of resources whose calendars are of it.
    """
    resources = await unit.resources.of_connection(connection.organization_id, connection.id)
    hosts = (connection.user_id, *resources)
    return Happened(EventKind.CONNECTION_CHANGED, connection.organization_id, hosts=hosts)


def watching(organization_id: OrganizationId, connection_id: ConnectionId, now: datetime) -> Effect:
    """Let a connection's watches be made to agree with its calendars, once each time this is said."""
    return Effect(EffectKind.WATCH, organization_id, connection_id, 0, new_id(), now)


def tended(connection: CalendarConnection, now: datetime) -> list[Effect]:
    """Let the watches follow a change of a connection, where its provider knows such a thing at all."""
    return (
        [watching(connection.organization_id, connection.id, now)] if connection.provider.is_watched else []
    )


def _tell_host(connection: CalendarConnection, now: datetime) -> list[Effect]:
    """Let the host be told that a connection must be opened again, once for each time that it broke."""
    if connection.state is not ConnectionState.NEEDS_RECONNECTION:
        return []
    return [
        Effect(
            EffectKind.TELL_RECONNECT,
            connection.organization_id,
            connection.id,
            connection.version + 1,
            connection.user_id,
            now,
        )
    ]


def remote_url(account: Account, calendar: Calendar) -> str:
    """Give the address by which a port knows a calendar; a feed is its own only calendar."""
    return account.url if account.provider is Provider.ICS else calendar.remote_url


def origin(url: str) -> str:
    """Give the part of an address that is no secret: scheme, host and port."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def _place(organization_id: OrganizationId, connection_id: ConnectionId) -> Place:
    return Place(SECRETS.table, SECRETS.name, organization_id, (str(connection_id),))

"""The use cases of the room: connect a calendar, choose what it does, connect it again, end it."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from domain.addresses import cleaned, display_text
from domain.audit import Act, Deed
from domain.calendars import Calendar, CalendarConnection, ConnectionState, Provider
from domain.connections import (
    MAX_CONNECTIONS,
    MAX_LABEL,
    MAX_PASSWORD,
    MAX_URL,
    MAX_USERNAME,
    ProviderRefused,
    ProviderUnsupported,
)
from domain.effects import EffectKind
from domain.errors import Conflict, InvalidInput, NotFound
from domain.ids import CalendarId, ConnectionId, OrganizationId, UserId
from domain.users import Scope, SignedIn, Viewer, in_person, signed_in
from integrations.ports import Account, ProviderFailed, RemoteCalendar, Secret
from services.access import deed, is_own, locked
from services.busy import BusyTimes
from services.connections import Connections, Key, changed, origin, tended
from storage.base import new_id
from storage.calendars import Linked
from storage.limits import Budget, Limits
from storage.unit import Reading, Unit, Units

# Enough for a person who mistypes; too slow for a program that looks for open ports (case 120).
_TRIES = Budget("calendar_connect", 10, 600)
_MAX_CALENDARS = 100
_MAX_NAME = 200


@dataclass(frozen=True, slots=True)
class ConnectCalendar:
    """What a person enters to connect an account; everything as the client sent it."""

    provider: str
    url: str
    username: str
    password: str = field(repr=False)
    label: str | None = None


@dataclass(frozen=True, slots=True)
class Disconnected:
    """A connection that was ended, and which calendar of its user receives bookings from then on, if any."""

    connection: CalendarConnection
    receiving: Calendar | None


class Calendars:
    """A user's own connections and calendars. Nobody connects or changes them for somebody else (R080)."""

    def __init__(
        self,
        units: Units,
        connections: Connections,
        busy: BusyTimes,
        limits: Limits,
        *,
        refused_after_s: float = 2.0,
        deadline_s: float = 12.0,
    ) -> None:
        self._units = units
        self._connections = connections
        self._busy = busy
        self._limits = limits
        self._refused_after_s = refused_after_s
        self._deadline_s = deadline_s

    async def connections(self, viewer: Viewer) -> list[Linked]:
        """List the viewer's connections with their calendars, oldest first."""
        asker = signed_in(viewer, Scope.CALENDARS)
        async with self._units.read() as unit:
            return await unit.calendars.of_user(asker.organization_id, asker.user_id)

    async def connect(self, viewer: Viewer, asked: ConnectCalendar) -> Linked:
        """Connect an account of the viewer's, in person, and take over its calendars.

        All of them count as busy; the first that can be written to receives bookings if none does yet.
        """
        asker = in_person(viewer)
        provider = self._provider(asked.provider)
        account = _account(provider, asked.url, asked.username, asked.password)
        label = display_text(asked.label or urlsplit(account.url).hostname or provider, MAX_LABEL, "label")
        async with self._units.read() as unit:
            await check_room(unit, asker)
        found = await self._discover(asker, account)
        connection_id = ConnectionId(new_id())
        sealed = await self._sealed(asker, connection_id, account)
        async with self._units.begin() as unit:
            # Whoever connects twice at once is counted one after the other.
            await locked(unit, asker)
            await check_room(unit, asker)
            connection = CalendarConnection(
                id=connection_id,
                organization_id=asker.organization_id,
                user_id=asker.user_id,
                provider=provider,
                label=label,
                url=_shown_url(account),
                state=ConnectionState.CONNECTED,
                failing_since=None,
                failure=None,
                created_at=unit.now,
                version=1,
            )
            calendars = chosen(
                made_calendars(connection, found, asker.user.zone),
                has_receiving=bool(await unit.calendars.receiving(asker.organization_id, asker.user_id)),
            )
            await unit.calendars.add(connection, asked.username or None, sealed)
            await unit.calendars.add_calendars(connection, calendars)
            unit.record(await changed(unit, connection))
            unit.note(deed(asker, Act.CALENDAR_CONNECTED, connection_id))
            return await own(unit, asker, connection_id)

    async def reconnect(
        self, viewer: Viewer, connection_id: ConnectionId, password: str, username: str | None = None
    ) -> Linked:
        """Give a connection another password, in person; calendars keep what they were chosen for.

        Calendars that are new at the provider are added, those that are gone are forgotten.
        """
        asker = in_person(viewer)
        async with self._units.read() as unit:
            linked = await own(unit, asker, connection_id)
        if linked.connection.provider.is_granted:
            raise InvalidInput("This connection is opened again by its user's consent.", "id")
        name = linked.username if username is None else username
        account = _account(linked.connection.provider, await self._address(linked), name or "", password)
        found = await self._discover(asker, account)
        sealed = await self._sealed(asker, connection_id, account)
        async with self._units.begin() as unit:
            await locked(unit, asker)
            present = await own(unit, asker, connection_id)
            if not await unit.calendars.reopen(
                present.connection, name, sealed, seen_version=present.connection.version
            ):
                raise Conflict
            await take_over(unit, present, found, asker.user.zone)
            # Entries that could not be written meanwhile are written now.
            await unit.outbox.revive(asker.organization_id, EffectKind.ENTRY, asker.user_id)
            unit.record(await changed(unit, present.connection))
            unit.note(deed(asker, Act.CALENDAR_RECONNECTED, connection_id))
            reopened = await own(unit, asker, connection_id)
        await self._busy.drop((connection_id,))
        return reopened

    async def update_calendar(
        self,
        viewer: Viewer,
        calendar_id: CalendarId,
        *,
        counts_as_busy: bool | None = None,
        receives_bookings: bool | None = None,
    ) -> Linked:
        """Choose what one of the viewer's calendars does; None leaves it as it is."""
        asker = signed_in(viewer, Scope.CALENDARS)
        async with self._units.begin() as unit:
            await unit.users.lock(asker.organization_id, asker.user_id)
            linked = await unit.calendars.with_calendar(asker.organization_id, calendar_id)
            if linked is None or not is_own(asker, [linked.connection.user_id]):
                raise NotFound("id")
            calendar = next(calendar for calendar in linked.calendars if calendar.id == calendar_id)
            if receives_bookings and not calendar.is_writable:
                raise InvalidInput("This calendar can only be read.", "receivesBookings")
            wanted = replace(
                calendar,
                counts_as_busy=calendar.counts_as_busy if counts_as_busy is None else counts_as_busy,
                receives_bookings=calendar.receives_bookings
                if receives_bookings is None
                else receives_bookings,
            )
            await unit.calendars.choose(asker.organization_id, asker.user_id, wanted)
            if wanted.counts_as_busy != calendar.counts_as_busy:
                unit.record(await changed(unit, linked.connection))
            if wanted != calendar:
                unit.follow(tended(linked.connection, unit.now))
            return await own(unit, asker, linked.connection.id)

    async def disconnect(self, viewer: Viewer, connection_id: ConnectionId) -> Disconnected:
        """End a connection: its secret, its calendars and what is known of busy times go at once.

        Where access was granted, the provider is told (R057). Entries of ours stay where they are and
        are not touched any more; those that were still to be written go elsewhere. If its calendar received
        bookings, another of the user's does from then on. Works whatever state the connection is in; ended
        twice is ended.
        """
        asker = signed_in(viewer, Scope.CALENDARS)
        async with self._units.read() as unit:
            linked = await unit.calendars.by_id(asker.organization_id, connection_id)
        if linked is None or not is_own(asker, [linked.connection.user_id]):
            raise NotFound("id")
        await self._connections.end(linked, deed(asker, Act.CALENDAR_DISCONNECTED, connection_id))
        await self._busy.drop((connection_id,))
        async with self._units.read() as unit:
            receiving = await unit.calendars.receiving(asker.organization_id, asker.user_id)
        ended = replace(
            linked.connection, state=ConnectionState.DISCONNECTED, failing_since=None, failure=None
        )
        return Disconnected(ended, receiving[1] if receiving else None)

    async def end_all(self, organization_id: OrganizationId, user_id: UserId) -> str | None:
        """End whatever somebody who has left had connected, as they would; say if there was nothing."""
        async with self._units.read() as unit:
            linked = await unit.calendars.of_user(organization_id, user_id)
        for one in linked:
            ended = Deed(organization_id, Act.CALENDAR_DISCONNECTED, one.connection.id, None, user_id)
            await self._connections.end(one, ended)
        await self._busy.drop([one.connection.id for one in linked])
        return None if linked else "gone"

    def _provider(self, name: str) -> Provider:
        for provider in Provider:
            if provider.value == name and not provider.is_granted and self._connections.supports(provider):
                return provider
        raise ProviderUnsupported("provider")

    async def _discover(self, asker: SignedIn, account: Account) -> Sequence[RemoteCalendar]:
        """Ask an account for its calendars; whatever is wrong, the answer and its hour are the same."""
        await self._limits.take(_TRIES, str(asker.user_id))
        loop = asyncio.get_running_loop()
        refused_at = loop.time() + self._refused_after_s
        try:
            async with asyncio.timeout(self._deadline_s):
                found = await self._connections.port(account.provider).discover(account)
        except (ProviderFailed, TimeoutError):
            found = ()
        if not found:
            await asyncio.sleep(refused_at - loop.time())
            raise ProviderRefused
        return found[:_MAX_CALENDARS]

    async def _address(self, linked: Linked) -> str:
        """Give the address to connect again; that of a feed is lost with the key that sealed it."""
        if linked.connection.provider is not Provider.ICS:
            return linked.connection.url
        try:
            return await self._connections.feed_url(linked)
        except ProviderFailed:
            raise ProviderRefused from None

    async def _sealed(self, asker: SignedIn, connection_id: ConnectionId, account: Account) -> bytes:
        is_feed = account.provider is Provider.ICS
        key = Key(account.secret.reveal(), account.url if is_feed else None)
        return await self._connections.seal(asker.organization_id, connection_id, key)


async def take_over(unit: Unit, linked: Linked, found: Sequence[RemoteCalendar], zone: str) -> None:
    """Add the calendars that are new at a provider, and forget those that are gone there.

    Whether we may write to the others is taken over too: one that cannot be written to any more receives
    no bookings, and one that now can receives them if none does yet. If the one that received them is gone
    or cannot any more, another of the connection does. To be called with the user's lock.
    """
    connection = linked.connection
    there = {calendar.remote_url: calendar for calendar in made_calendars(connection, found, zone)}
    known = {calendar.remote_url: calendar for calendar in linked.calendars}
    gone = [calendar.id for url, calendar in known.items() if url not in there]
    await unit.calendars.remove_calendars(connection.organization_id, gone)
    new = [calendar for url, calendar in there.items() if url not in known]
    await unit.calendars.add_calendars(connection, new)
    for_them = connection.organization_id, connection.user_id
    for url, calendar in known.items():
        if url not in there or there[url].is_writable == calendar.is_writable:
            continue
        receives = (
            calendar.receives_bookings
            if calendar.is_writable
            else await unit.calendars.receiving(*for_them) is None
        )
        is_writable = there[url].is_writable
        wanted = replace(calendar, is_writable=is_writable, receives_bookings=is_writable and receives)
        await unit.calendars.choose(*for_them, wanted)
    received = any(calendar.receives_bookings for calendar in linked.calendars)
    if received and await unit.calendars.receiving(*for_them) is None:
        present = await unit.calendars.by_id(connection.organization_id, connection.id)
        for calendar in present.calendars if present else ():
            if calendar.is_writable:
                await unit.calendars.choose(*for_them, replace(calendar, receives_bookings=True))
                break


async def own(unit: Reading, asker: SignedIn, connection_id: ConnectionId, field_name: str = "id") -> Linked:
    """Load a connection of the asker's that was not ended; raises NotFound, naming the field that asked."""
    linked = await unit.calendars.by_id(asker.organization_id, connection_id)
    if (
        linked is None
        or not is_own(asker, [linked.connection.user_id])
        or linked.connection.state is ConnectionState.DISCONNECTED
    ):
        raise NotFound(field_name)
    return linked


async def check_room(unit: Reading, asker: SignedIn) -> None:
    """Refuse one connection more than a person may have."""
    if await unit.calendars.count(asker.organization_id, asker.user_id) >= MAX_CONNECTIONS:
        raise InvalidInput(f"A person has {MAX_CONNECTIONS} calendar connections at most.", "provider")


def _account(provider: Provider, url: str, username: str, password: str) -> Account:
    for text, limit, name in (
        (url, MAX_URL, "url"),
        (username, MAX_USERNAME, "username"),
        (password, MAX_PASSWORD, "password"),
    ):
        if len(text) > limit:
            raise InvalidInput("This is too long.", name)
        if not text.isprintable():
            raise InvalidInput("This has characters that cannot stand here.", name)
    try:
        parts = urlsplit(url)
        has_host = bool(parts.hostname)
    except ValueError:
        raise InvalidInput("This is not an address.", "url") from None
    if not has_host:
        raise InvalidInput("This is not an address.", "url")
    if "@" in parts.netloc:
        raise InvalidInput("User name and password have fields of their own.", "url")
    return Account(provider=provider, url=url, username=username, secret=Secret(password))


def _shown_url(account: Account) -> str:
    return origin(account.url) if account.provider is Provider.ICS else account.url


def made_calendars(
    connection: CalendarConnection, found: Sequence[RemoteCalendar], zone: str
) -> list[Calendar]:
    """Make calendars of what a provider named, each address once; a feed is one calendar.

    Where the provider names no zone, whole days lie in `zone`, their user's.
    """
    is_feed = connection.provider is Provider.ICS
    by_url = {connection.url if is_feed else remote.url: remote for remote in found}
    return [
        Calendar(
            id=CalendarId(new_id()),
            connection_id=connection.id,
            remote_url=url,
            name=cleaned(remote.name)[:_MAX_NAME] or connection.label,
            zone=remote.zone or zone,
            counts_as_busy=remote.is_own,
            receives_bookings=False,
            is_writable=remote.is_writable,
            position=position,
        )
        for position, (url, remote) in enumerate(by_url.items())
    ]


def chosen(calendars: Iterable[Calendar], *, has_receiving: bool) -> list[Calendar]:
    """Let the first calendar that can be written to receive bookings, if none does yet."""
    found: list[Calendar] = []
    for calendar in calendars:
        receives = calendar.is_writable and not has_receiving
        has_receiving = has_receiving or receives
        found.append(replace(calendar, receives_bookings=receives))
    return found

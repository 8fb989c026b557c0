"""The room's queries: connections, calendars, our entries; never anybody's busy times (R016, D02)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Select,
    delete,
    func,
    insert,
    select,
    update,
)

from domain.calendars import Calendar, CalendarConnection, ConnectionState, Provider
from domain.ids import CalendarId, ConnectionId, OrganizationId, ResourceId, UserId
from storage.calendars.entries import Entries, StoredEntry, StoredState, Written
from storage.calendars.grants import Grants, StoredConsent, StoredEnding, StoredSecret
from storage.calendars.linked import LINK, LINK_COLUMNS, HostCalendars, Linked, links_of
from storage.calendars.looks import Looks, StoredLook
from storage.calendars.rows import CalendarRow, ConnectionRow, EntryRow
from storage.calendars.watches import StoredWatch, Watches, WatchState
from storage.postgres import Connection

__all__ = [
    "CalendarRow",
    "Calendars",
    "ConnectionRow",
    "EntryRow",
    "HostCalendars",
    "Linked",
    "StoredConsent",
    "StoredEnding",
    "StoredEntry",
    "StoredLook",
    "StoredSecret",
    "StoredState",
    "StoredWatch",
    "WatchState",
    "Written",
]


class Calendars:
    """Connections and calendars, seen from one transaction.

    `entries` are what we wrote into them, `grants` what their users granted us at the providers,
    `watches` how we hear of changes, `looks` when we look for them.
    """

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now
        self.entries = Entries(connection, now)
        self.grants = Grants(connection, now)
        self.watches = Watches(connection, now)
        self.looks = Looks(connection, now)

    async def of_hosts(
        self, organization_id: OrganizationId, hosts: Iterable[UserId]
    ) -> dict[UserId, HostCalendars]:
        """Find what says when hosts are busy, in one statement; who never connected one is left out."""
        links: dict[UserId, list[Linked]] = {}
        rows = await self._connection.driver.fetch(_OF_HOSTS, organization_id, list(hosts))
        elsewhere = frozenset(CalendarId(row["calendar_id"]) for row in rows if row["is_elsewhere"])
        for linked in links_of(rows):
            of_host = links.setdefault(linked.connection.user_id, [])
            if linked.connection.state is not ConnectionState.DISCONNECTED:
                of_host.append(replace(linked, elsewhere=elsewhere) if elsewhere else linked)
        return {host: HostCalendars(host, tuple(of_host)) for host, of_host in links.items()}

    async def of_resources(
        self, organization_id: OrganizationId, calendars: Mapping[ResourceId, CalendarId]
    ) -> dict[ResourceId, HostCalendars]:
        """Find what says when resources are busy, in one statement; of one that is gone, nothing."""
        if not calendars:
            return {}
        rows = await self._connection.driver.fetch(_OF_CALENDARS, organization_id, list(calendars.values()))
        elsewhere = frozenset(CalendarId(row["calendar_id"]) for row in rows if row["is_elsewhere"])
        links = {
            calendar.id: replace(linked, elsewhere=elsewhere)
            for linked in links_of(rows)
            if linked.connection.state is not ConnectionState.DISCONNECTED
            for calendar in linked.calendars
        }
        return {
            resource: HostCalendars(
                resource, (links[calendar],) if calendar in links else (), frozenset({calendar})
            )
            for resource, calendar in calendars.items()
        }

    async def of_user(self, organization_id: OrganizationId, user_id: UserId) -> list[Linked]:
        """List a user's connections with their calendars, oldest first, without those that were ended."""
        return await self._links(
            _linked(organization_id).where(
                ConnectionRow.user_id == user_id, ConnectionRow.state != ConnectionState.DISCONNECTED
            )
        )

    async def by_id(self, organization_id: OrganizationId, connection_id: ConnectionId) -> Linked | None:
        """Find a connection with its calendars, in whatever state."""
        found = await self._links(_linked(organization_id).where(ConnectionRow.id == connection_id))
        return found[0] if found else None

    async def with_calendar(self, organization_id: OrganizationId, calendar_id: CalendarId) -> Linked | None:
        """Find the connection that a calendar belongs to, with all its calendars."""
        of_calendar = (
            select(CalendarRow.connection_id)
            .where(CalendarRow.organization_id == organization_id, CalendarRow.id == calendar_id)
            .scalar_subquery()
        )
        found = await self._links(_linked(organization_id).where(ConnectionRow.id == of_calendar))
        return found[0] if found else None

    async def count(self, organization_id: OrganizationId, user_id: UserId) -> int:
        """Count a user's connections, without those that were ended."""
        statement = select(func.count()).where(
            ConnectionRow.organization_id == organization_id,
            ConnectionRow.user_id == user_id,
            ConnectionRow.state != ConnectionState.DISCONNECTED,
        )
        return (await self._connection.core.execute(statement)).scalar_one()

    async def held(self, organization_id: OrganizationId, calendar_id: CalendarId) -> Linked | None:
        """Find the connection that a calendar belongs to; the calendar stays as long as this unit lasts."""
        await self._connection.core.execute(
            select(CalendarRow.id)
            .where(CalendarRow.organization_id == organization_id, CalendarRow.id == calendar_id)
            .with_for_update(read=True, key_share=True)
        )
        return await self.with_calendar(organization_id, calendar_id)

    async def receiving(
        self, organization_id: OrganizationId, user_id: UserId, wanted: CalendarId | None = None
    ) -> tuple[Linked, Calendar] | None:
        """Find the calendar that receives a user's bookings, and its connection.

        The `wanted` one, if it is the user's and we may write into it, else the one that receives them all.
        """
        usual: tuple[Linked, Calendar] | None = None
        for linked in await self.of_user(organization_id, user_id):
            for calendar in linked.calendars:
                if calendar.id == wanted and calendar.is_writable:
                    return linked, calendar
                if calendar.receives_bookings:
                    usual = linked, calendar
        return usual

    async def has_receiving(
        self, organization_id: OrganizationId, user_id: UserId, wanted: CalendarId | None = None
    ) -> bool:
        """Say whether a calendar receives a user's bookings, and can be written to now."""
        found = await self.receiving(organization_id, user_id, wanted)
        return found is not None and found[0].is_usable

    async def by_subject(
        self, organization_id: OrganizationId, user_id: UserId, provider: Provider, subject: str
    ) -> Linked | None:
        """Find a user's connection, not ended, to one account of a provider."""
        found = await self._links(
            _linked(organization_id).where(
                ConnectionRow.user_id == user_id,
                ConnectionRow.provider == provider,
                ConnectionRow.subject == subject,
                ConnectionRow.state != ConnectionState.DISCONNECTED,
            )
        )
        return found[0] if found else None

    async def add(
        self,
        connection: CalendarConnection,
        username: str | None,
        secret_sealed: bytes,
        *,
        secret_version: int = 0,
        subject: str | None = None,
    ) -> None:
        """Store a new connection, without calendars."""
        await self._connection.core.execute(
            insert(ConnectionRow).values(
                organization_id=connection.organization_id,
                id=connection.id,
                user_id=connection.user_id,
                provider=connection.provider,
                label=connection.label,
                url=connection.url,
                username=username,
                secret_sealed=secret_sealed,
                state=connection.state,
                failing_since=connection.failing_since,
                failure=connection.failure,
                created_at=connection.created_at,
                version=connection.version,
                missing=sorted(connection.missing),
                secret_version=secret_version,
                subject=subject,
            )
        )

    async def add_calendars(self, connection: CalendarConnection, calendars: Sequence[Calendar]) -> None:
        """Store new calendars of a connection."""
        if not calendars:
            return
        rows = [
            {
                "organization_id": connection.organization_id,
                "id": calendar.id,
                "connection_id": connection.id,
                "user_id": connection.user_id,
                "remote_url": calendar.remote_url,
                "name": calendar.name,
                "zone": calendar.zone,
                "counts_as_busy": calendar.counts_as_busy,
                "receives_bookings": calendar.receives_bookings,
                "is_writable": calendar.is_writable,
                "position": calendar.position,
            }
            for calendar in calendars
        ]
        await self._connection.core.execute(insert(CalendarRow), rows)

    async def remove_calendars(
        self, organization_id: OrganizationId, calendars: Iterable[CalendarId]
    ) -> None:
        """Forget calendars; the entries in them keep where they stand."""
        await self._connection.core.execute(
            delete(CalendarRow).where(
                CalendarRow.organization_id == organization_id, CalendarRow.id.in_(list(calendars))
            )
        )

    async def choose(
        self,
        organization_id: OrganizationId,
        user_id: UserId,
        calendar: Calendar,
    ) -> None:
        """Store what a user lets a calendar do; another that received bookings receives none from then on."""
        if calendar.receives_bookings:
            await self._connection.core.execute(
                update(CalendarRow)
                .where(
                    CalendarRow.organization_id == organization_id,
                    CalendarRow.user_id == user_id,
                    CalendarRow.receives_bookings,
                    CalendarRow.id != calendar.id,
                )
                .values(receives_bookings=False)
            )
        await self._connection.core.execute(
            update(CalendarRow)
            .where(CalendarRow.organization_id == organization_id, CalendarRow.id == calendar.id)
            .values(
                counts_as_busy=calendar.counts_as_busy,
                receives_bookings=calendar.receives_bookings,
                is_writable=calendar.is_writable,
            )
        )

    async def note(self, connection: CalendarConnection, *, seen_version: int) -> bool:
        """Store how a connection fares; False, and nothing stored, if it has changed since it was seen."""
        return await self._change(
            connection,
            seen_version,
            state=connection.state,
            failing_since=connection.failing_since,
            failure=connection.failure,
        )

    async def reopen(
        self,
        connection: CalendarConnection,
        username: str | None,
        secret_sealed: bytes,
        *,
        seen_version: int,
        secret_version: int = 0,
    ) -> bool:
        """Store another secret for a connection that works again; False if it has changed meanwhile."""
        return await self._change(
            connection,
            seen_version,
            state=ConnectionState.CONNECTED,
            failing_since=None,
            failure=None,
            username=username,
            secret_sealed=secret_sealed,
            secret_version=secret_version,
            missing=sorted(connection.missing),
            renewal_id=None,
            renewal_until=None,
        )

    async def end(self, connection: CalendarConnection, secret_version: int) -> bool:
        """End a connection: secret, user name, calendars and watches are erased, its entries are orphaned.

        Those that it was still to write may go elsewhere. False if it was ended before, or if its secret has
        turned since it was seen.
        """
        statement = (
            update(ConnectionRow)
            .where(
                ConnectionRow.organization_id == connection.organization_id,
                ConnectionRow.id == connection.id,
                ConnectionRow.state != ConnectionState.DISCONNECTED,
                ConnectionRow.secret_version == secret_version,
            )
            .values(
                state=ConnectionState.DISCONNECTED,
                secret_sealed=None,
                username=None,
                failing_since=None,
                failure=None,
                subject=None,
                renewal_id=None,
                renewal_until=None,
                unheard_since=None,
                version=ConnectionRow.version + 1,
            )
        )
        if (await self._connection.core.execute(statement)).rowcount != 1:
            return False
        await self._connection.core.execute(
            delete(CalendarRow).where(
                CalendarRow.organization_id == connection.organization_id,
                CalendarRow.connection_id == connection.id,
            )
        )
        await self.watches.forget(connection.organization_id, connection.id)
        await self.looks.forget(connection.organization_id, connection.id)
        await self.entries.orphan(connection.organization_id, connection.id)
        return True

    async def _change(self, connection: CalendarConnection, seen_version: int, **values: object) -> bool:
        statement = (
            update(ConnectionRow)
            .where(
                ConnectionRow.organization_id == connection.organization_id,
                ConnectionRow.id == connection.id,
                ConnectionRow.version == seen_version,
                ConnectionRow.state != ConnectionState.DISCONNECTED,
            )
            .values(**values, version=seen_version + 1)
        )
        return (await self._connection.core.execute(statement)).rowcount == 1

    async def _links(self, statement: Select[*tuple[Any, ...]]) -> list[Linked]:
        return links_of((await self._connection.core.execute(statement.order_by(*_ORDER))).mappings())


def _linked(organization_id: OrganizationId) -> Select[*tuple[Any, ...]]:
    return (
        select(*LINK_COLUMNS)
        .outerjoin(
            CalendarRow,
            (CalendarRow.organization_id == ConnectionRow.organization_id)
            & (CalendarRow.connection_id == ConnectionRow.id),
        )
        .where(ConnectionRow.organization_id == organization_id)
    )


_ORDER = (ConnectionRow.created_at, ConnectionRow.id, CalendarRow.name, CalendarRow.id)
_COUNTED = f"""SELECT {LINK}, EXISTS (SELECT FROM resources AS r WHERE r.organization_id = c.organization_id
            AND r.calendar_id = k.id AND r.calendar_id IS NOT NULL AND r.deleted_at IS NULL)
        OR EXISTS (SELECT FROM page_hosts AS h JOIN booking_pages AS p
            ON p.organization_id = h.organization_id AND p.id = h.page_id
        WHERE h.organization_id = c.organization_id AND h.host_id = c.user_id
            AND h.counted_calendars IS NOT NULL AND k.id = ANY(h.counted_calendars)
            AND p.deleted_at IS NULL) AS is_elsewhere
    FROM calendar_connections AS c
    LEFT JOIN calendars AS k ON k.organization_id = c.organization_id AND k.connection_id = c.id
    WHERE c.organization_id = $1 AND {{}}
    ORDER BY c.created_at, c.id, k.name, k.id"""  # noqa: S608 -- our own parts
_OF_HOSTS = _COUNTED.format("c.user_id = ANY($2::uuid[])")
_OF_CALENDARS = _COUNTED.format(
    "c.id IN (SELECT x.connection_id FROM calendars AS x"
    " WHERE x.organization_id = $1 AND x.id = ANY($2::uuid[]))"
)

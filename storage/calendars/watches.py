"""The watches by which providers let us know that a calendar changed: opening, live, ending."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, any_, case, delete, exists, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert

from domain.calendars import CalendarConnection, ConnectionState, Provider
from domain.ids import ConnectionId, OrganizationId
from storage.base import new_id
from storage.calendars.rows import CalendarRow, ConnectionRow, WatchRow
from storage.page_rows import PageHostRow, PageRow
from storage.postgres import Connection
from storage.resources import ResourceRow

_ALARM = 2  # so many failures in a row are told
_OF_A_PAGE = exists().where(
    PageRow.organization_id == CalendarRow.organization_id,
    PageRow.calendar_id == CalendarRow.id,
    PageRow.deleted_at.is_(None),
)
_COUNTS_FOR_A_RESOURCE = exists().where(
    ResourceRow.organization_id == CalendarRow.organization_id,
    ResourceRow.calendar_id == CalendarRow.id,
    ResourceRow.calendar_id.is_not(None),
    ResourceRow.deleted_at.is_(None),
)
_COUNTS_ELSEWHERE = _COUNTS_FOR_A_RESOURCE | exists().where(
    PageHostRow.organization_id == CalendarRow.organization_id,
    PageHostRow.host_id == CalendarRow.user_id,
    PageHostRow.counted_calendars.is_not(None),
    CalendarRow.id == any_(PageHostRow.counted_calendars),
    PageRow.organization_id == PageHostRow.organization_id,
    PageRow.id == PageHostRow.page_id,
    PageRow.deleted_at.is_(None),
)


class WatchState(StrEnum):
    """How far we have come with a watch; an *ending* one is still to be stopped at its provider."""

    OPENING = "opening"
    LIVE = "live"
    ENDING = "ending"


@dataclass(frozen=True, slots=True)
class StoredWatch:
    """A watch of a calendar; `remote_id` is what its pings name it, None before it was asked for."""

    organization_id: OrganizationId
    id: UUID
    connection_id: ConnectionId
    calendar_url: str = field(repr=False)
    provider: Provider
    state: WatchState
    remote_id: str | None
    resource_id: str | None
    token_hash: bytes | None = field(repr=False)
    ends_at: datetime | None
    failures: int


class Watches:
    """Watches, seen from one transaction."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    async def of_connection(
        self, organization_id: OrganizationId, connection_id: ConnectionId
    ) -> list[StoredWatch]:
        """List a connection's watches in whatever state, oldest first."""
        rows = await self._connection.core.execute(
            select(WatchRow.__table__)
            .where(WatchRow.organization_id == organization_id, WatchRow.connection_id == connection_id)
            .order_by(WatchRow.created_at, WatchRow.id)
        )
        return [_watch(row) for row in rows]

    async def by_remote(self, provider: Provider, remote_ids: Sequence[str]) -> list[StoredWatch]:
        """Find the watches that pings may name: those that end, or have ended, are not among them."""
        rows = await self._connection.core.execute(
            select(WatchRow.__table__).where(
                WatchRow.provider == provider,
                WatchRow.remote_id.in_(remote_ids),
                WatchRow.state != WatchState.ENDING,
                or_(WatchRow.ends_at.is_(None), WatchRow.ends_at > self._now),
            )
        )
        return [_watch(row) for row in rows]

    async def plan(self, connection: CalendarConnection, calendar_urls: Iterable[str]) -> None:
        """Note that calendars are to be watched; where a watch opens already, nothing changes."""
        for calendar_url in calendar_urls:
            await self._connection.core.execute(
                insert(WatchRow)
                .values(
                    organization_id=connection.organization_id,
                    id=new_id(),
                    connection_id=connection.id,
                    calendar_url=calendar_url,
                    provider=connection.provider,
                    state=WatchState.OPENING,
                    due_at=self._now,
                    failures=0,
                    created_at=self._now,
                )
                .on_conflict_do_nothing()
            )

    async def claim_due(
        self, organization_id: OrganizationId, connection_id: ConnectionId, until: datetime
    ) -> list[StoredWatch]:
        """Take a connection's watches about which something is due: nobody else gets them before `until`."""
        rows = await self._connection.core.execute(
            update(WatchRow)
            .where(
                WatchRow.organization_id == organization_id,
                WatchRow.connection_id == connection_id,
                WatchRow.due_at <= self._now,
            )
            .values(due_at=until)
            .returning(*WatchRow.__table__.columns)
        )
        return [_watch(row) for row in rows]

    async def postpone(self, watch: StoredWatch, due_at: datetime) -> None:
        """Let nothing be done about a watch until an instant: another is to follow it before."""
        await self._change(watch, due_at=due_at)

    async def hurry(self, watch: StoredWatch) -> None:
        """Let something be done about a watch now."""
        await self._change(watch, due_at=self._now)

    async def asked(self, watch: StoredWatch, remote_id: str, token_hash: bytes) -> None:
        """Note by which id and token a watch is asked for: its first ping may come before the answer."""
        await self._change(watch, remote_id=remote_id, token_hash=token_hash)

    async def opened(
        self, watch: StoredWatch, remote_id: str, resource_id: str | None, ends_at: datetime, due_at: datetime
    ) -> bool:
        """Note that a watch is live; a former one of the calendar has then to end. False if it is gone."""
        await self._connection.core.execute(
            update(WatchRow)
            .where(
                WatchRow.organization_id == watch.organization_id,
                WatchRow.connection_id == watch.connection_id,
                WatchRow.calendar_url == watch.calendar_url,
                WatchRow.state == WatchState.LIVE,
                WatchRow.id != watch.id,
            )
            .values(state=WatchState.ENDING, due_at=self._now)
        )
        return await self._change(
            watch,
            state=WatchState.LIVE,
            remote_id=remote_id,
            resource_id=resource_id,
            ends_at=ends_at,
            due_at=due_at,
            failures=0,
        )

    async def failed(self, watch: StoredWatch, due_at: datetime) -> None:
        """Note that something failed about a watch, and when it is tried again."""
        await self._change(watch, failures=watch.failures + 1, due_at=due_at)

    async def begin_anew(self, watch: StoredWatch) -> None:
        """Forget a live watch that its provider has ended; another is to be opened in its place, now."""
        await self.remove(watch)
        await self._connection.core.execute(
            insert(WatchRow)
            .values(
                organization_id=watch.organization_id,
                id=new_id(),
                connection_id=watch.connection_id,
                calendar_url=watch.calendar_url,
                provider=watch.provider,
                state=WatchState.OPENING,
                due_at=self._now,
                failures=watch.failures,
                created_at=self._now,
            )
            .on_conflict_do_nothing()
        )

    async def end(self, watches: Iterable[StoredWatch]) -> None:
        """Let watches end: they are to be stopped at their providers, now."""
        for watch in watches:
            await self._change(watch, state=WatchState.ENDING, due_at=self._now, failures=0)

    async def remove(self, watch: StoredWatch) -> None:
        """Forget a watch that has ended, or was never asked for."""
        await self._connection.core.execute(
            delete(WatchRow).where(WatchRow.organization_id == watch.organization_id, WatchRow.id == watch.id)
        )

    async def forget(self, organization_id: OrganizationId, connection_id: ConnectionId) -> None:
        """Forget all watches of a connection."""
        await self._connection.core.execute(
            delete(WatchRow).where(
                WatchRow.organization_id == organization_id, WatchRow.connection_id == connection_id
            )
        )

    async def tell(self, organization_id: OrganizationId, connection_id: ConnectionId) -> None:
        """Note on a connection since when some of its calendars cannot be watched, or that all can."""
        fails = exists().where(
            WatchRow.organization_id == organization_id,
            WatchRow.connection_id == connection_id,
            WatchRow.state != WatchState.ENDING,
            WatchRow.failures >= _ALARM,
        )
        since = case((fails, func.coalesce(ConnectionRow.unheard_since, self._now)), else_=None)
        await self._connection.core.execute(
            update(ConnectionRow)
            .where(
                ConnectionRow.organization_id == organization_id,
                ConnectionRow.id == connection_id,
                ConnectionRow.unheard_since.is_distinct_from(since),
            )
            .values(unheard_since=since)
        )

    async def of_pages(self, organization_id: OrganizationId, connection_id: ConnectionId) -> frozenset[str]:
        """Name the calendars of a connection into which pages have their bookings written."""
        return await self._urls(organization_id, connection_id, _OF_A_PAGE)

    async def counted_elsewhere(
        self, organization_id: OrganizationId, connection_id: ConnectionId
    ) -> frozenset[str]:
        """Name the calendars of a connection that count on pages by their host's choice, or for resources."""
        return await self._urls(organization_id, connection_id, _COUNTS_ELSEWHERE)

    async def _urls(
        self, organization_id: OrganizationId, connection_id: ConnectionId, of_pages: ColumnElement[bool]
    ) -> frozenset[str]:
        rows = await self._connection.core.scalars(
            select(CalendarRow.remote_url).where(
                CalendarRow.organization_id == organization_id,
                CalendarRow.connection_id == connection_id,
                of_pages,
            )
        )
        return frozenset(rows)

    async def needing(
        self, providers: Iterable[Provider], most: int
    ) -> list[tuple[OrganizationId, ConnectionId]]:
        """Find connections with a watch about which something is due, or a chosen calendar without one."""
        of_connection = (WatchRow.organization_id == ConnectionRow.organization_id) & (
            WatchRow.connection_id == ConnectionRow.id
        )
        has_watch = exists().where(
            WatchRow.organization_id == CalendarRow.organization_id,
            WatchRow.connection_id == CalendarRow.connection_id,
            WatchRow.calendar_url == CalendarRow.remote_url,
            WatchRow.state != WatchState.ENDING,
        )
        is_unwatched = exists().where(
            CalendarRow.organization_id == ConnectionRow.organization_id,
            CalendarRow.connection_id == ConnectionRow.id,
            or_(CalendarRow.counts_as_busy, CalendarRow.receives_bookings, _OF_A_PAGE, _COUNTS_ELSEWHERE),
            ~has_watch,
        )
        rows = await self._connection.core.execute(
            select(ConnectionRow.organization_id, ConnectionRow.id)
            .where(
                ConnectionRow.provider.in_(list(providers)),
                ConnectionRow.state == ConnectionState.CONNECTED,
                or_(exists().where(of_connection, WatchRow.due_at <= self._now), is_unwatched),
            )
            .limit(most)
        )
        return [(OrganizationId(row.organization_id), ConnectionId(row.id)) for row in rows]

    async def of_calendar(
        self, provider: Provider, calendar_url: str, most: int
    ) -> list[tuple[OrganizationId, ConnectionId]]:
        """Find the connections that have a calendar, of a provider whose pings name only that."""
        rows = await self._connection.core.execute(
            select(ConnectionRow.organization_id, ConnectionRow.id)
            .join(
                CalendarRow,
                (CalendarRow.organization_id == ConnectionRow.organization_id)
                & (CalendarRow.connection_id == ConnectionRow.id),
            )
            .where(
                CalendarRow.remote_url == calendar_url,
                ConnectionRow.provider == provider,
                ConnectionRow.state == ConnectionState.CONNECTED,
            )
            .limit(most)
        )
        return [(OrganizationId(row.organization_id), ConnectionId(row.id)) for row in rows]

    async def of_provider(self, provider: Provider, most: int) -> list[tuple[OrganizationId, ConnectionId]]:
        """Find the connections to a provider that can be used."""
        rows = await self._connection.core.execute(
            select(ConnectionRow.organization_id, ConnectionRow.id)
            .where(ConnectionRow.provider == provider, ConnectionRow.state == ConnectionState.CONNECTED)
            .order_by(text("random()"))
            .limit(most)
        )
        return [(OrganizationId(row.organization_id), ConnectionId(row.id)) for row in rows]

    async def _change(self, watch: StoredWatch, **values: object) -> bool:
        statement = (
            update(WatchRow)
            .where(WatchRow.organization_id == watch.organization_id, WatchRow.id == watch.id)
            .values(**values)
        )
        return (await self._connection.core.execute(statement)).rowcount == 1


def _watch(row: Row[Any]) -> StoredWatch:
    return StoredWatch(
        organization_id=OrganizationId(row.organization_id),
        id=row.id,
        connection_id=ConnectionId(row.connection_id),
        calendar_url=row.calendar_url,
        provider=Provider(row.provider),
        state=WatchState(row.state),
        remote_id=row.remote_id,
        resource_id=row.resource_id,
        token_hash=row.token_hash,
        ends_at=row.ends_at,
        failures=row.failures,
    )

"""When calendars are to be looked at again: at most once in ten seconds each, however often it is asked."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, case, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from domain.bookings import BookingState
from domain.calendars import ConnectionState
from domain.ids import ConnectionId, OrganizationId
from storage.base import new_id
from storage.bookings.rows import BookingRow
from storage.calendars.entries import StoredEntry, StoredState, entry_of
from storage.calendars.rows import ConnectionRow, EntryRow, LookRow
from storage.postgres import Connection

APART = timedelta(seconds=10)
_LOST = timedelta(hours=1)  # a look that was planned so long ago and never begun is planned anew


@dataclass(frozen=True, slots=True)
class StoredLook:
    """One planned look at a calendar; entries that were not read since `whole_since` are to be read."""

    organization_id: OrganizationId
    id: UUID
    connection_id: ConnectionId
    calendar_url: str = field(repr=False)
    number: int
    look_at: datetime | None
    whole_since: datetime | None
    is_touched: bool


class Looks:
    """Looks, seen from one transaction."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    async def ask(
        self,
        organization_id: OrganizationId,
        connection_id: ConnectionId,
        calendar_url: str,
        *,
        whole_since: datetime | None = None,
        is_touched: bool = False,
    ) -> StoredLook:
        """Plan a look, or join the one that is planned; never sooner than ten seconds after the last."""
        is_free = or_(LookRow.look_at.is_(None), LookRow.look_at < self._now - _LOST)
        statement = insert(LookRow).values(
            organization_id=organization_id,
            id=new_id(),
            connection_id=connection_id,
            calendar_url=calendar_url,
            number=1,
            look_at=self._now,
            whole_since=whole_since,
            is_touched=is_touched,
        )
        row = (
            await self._connection.core.execute(
                statement.on_conflict_do_update(
                    index_elements=[LookRow.organization_id, LookRow.connection_id, LookRow.calendar_url],
                    set_={
                        "number": case((is_free, LookRow.number + 1), else_=LookRow.number),
                        "look_at": case(
                            (is_free, func.greatest(self._now, LookRow.looked_at + APART)),
                            else_=LookRow.look_at,
                        ),
                        "whole_since": func.greatest(LookRow.whole_since, statement.excluded.whole_since),
                        "is_touched": or_(LookRow.is_touched, statement.excluded.is_touched),
                    },
                ).returning(*LookRow.__table__.columns)
            )
        ).one()
        return StoredLook(
            organization_id,
            row.id,
            connection_id,
            calendar_url,
            row.number,
            row.look_at,
            row.whole_since,
            row.is_touched,
        )

    async def begin(self, organization_id: OrganizationId, look_id: UUID, number: int) -> StoredLook | None:
        """Begin a planned look, or try it again; None where another was planned since, or it is gone."""
        row = (
            await self._connection.core.execute(
                update(LookRow)
                .where(
                    LookRow.organization_id == organization_id,
                    LookRow.id == look_id,
                    LookRow.number == number,
                )
                .values(look_at=None, looked_at=self._now)
                .returning(*LookRow.__table__.columns)
            )
        ).one_or_none()
        if row is None:
            return None
        return StoredLook(
            organization_id,
            look_id,
            ConnectionId(row.connection_id),
            row.calendar_url,
            number,
            None,
            row.whole_since,
            row.is_touched,
        )

    async def touched(self, look: StoredLook) -> None:
        """Note that what a ping made old was forgotten."""
        await self._change(look, is_touched=False)

    async def complete(self, look: StoredLook) -> None:
        """Note that all entries were read; if another look was planned meanwhile, it may read them again."""
        await self._change(look, whole_since=None)

    async def unread(self, look: StoredLook, most: int) -> list[StoredEntry]:
        """List the entries that a look is to read, of meetings to come, the next one first.

        Those that a worker writes at this moment are left out: it knows better how they stand.
        """
        is_old = [EntryRow.checked_at <= look.whole_since] if look.whole_since is not None else []
        rows = await self._connection.core.execute(
            select(EntryRow.__table__)
            .join(BookingRow, _OF_BOOKING)
            .where(
                EntryRow.organization_id == look.organization_id,
                EntryRow.connection_id == look.connection_id,
                EntryRow.calendar_url == look.calendar_url,
                *_is_live(self._now),
                or_(EntryRow.checked_at.is_(None), *is_old),
                or_(EntryRow.claim_id.is_(None), EntryRow.claimed_until <= self._now),
            )
            .order_by(func.lower(BookingRow.during), EntryRow.id)
            .limit(most)
        )
        return [entry_of(row) for row in rows]

    async def calendars_with_entries(
        self, organization_id: OrganizationId, connection_id: ConnectionId
    ) -> frozenset[str]:
        """Name the calendars of a connection in which entries of ours stand, of meetings to come."""
        rows = await self._connection.core.execute(
            select(EntryRow.calendar_url)
            .distinct()
            .join(BookingRow, _OF_BOOKING)
            .where(
                EntryRow.organization_id == organization_id,
                EntryRow.connection_id == connection_id,
                *_is_live(self._now),
            )
        )
        return frozenset(row.calendar_url for row in rows)

    async def overdue(
        self, read_before: datetime, looked_before: datetime, most: int
    ) -> list[tuple[OrganizationId, ConnectionId, str]]:
        """Find calendars with an entry that was not read for long, and not looked at for a while."""
        rows = await self._connection.core.execute(
            select(EntryRow.organization_id, EntryRow.connection_id, EntryRow.calendar_url)
            .distinct()
            .join(BookingRow, _OF_BOOKING)
            .join(
                ConnectionRow,
                (ConnectionRow.organization_id == EntryRow.organization_id)
                & (ConnectionRow.id == EntryRow.connection_id),
            )
            .outerjoin(
                LookRow,
                (LookRow.organization_id == EntryRow.organization_id)
                & (LookRow.connection_id == EntryRow.connection_id)
                & (LookRow.calendar_url == EntryRow.calendar_url),
            )
            .where(
                *_is_live(self._now),
                or_(EntryRow.checked_at.is_(None), EntryRow.checked_at <= read_before),
                ConnectionRow.state == ConnectionState.CONNECTED,
                or_(LookRow.look_at.is_(None), LookRow.look_at < self._now - _LOST),
                or_(LookRow.looked_at.is_(None), LookRow.looked_at <= looked_before),
            )
            .limit(most)
        )
        return [
            (OrganizationId(row.organization_id), ConnectionId(row.connection_id), row.calendar_url)
            for row in rows
        ]

    async def name(
        self, organization_id: OrganizationId, connection_id: ConnectionId, remote_ids: Sequence[str]
    ) -> None:
        """Let the next look read the entries that a ping named, as far as they are ours.

        Of the others nothing is kept, not even their ids.
        """
        await self._connection.core.execute(
            update(EntryRow)
            .where(
                EntryRow.organization_id == organization_id,
                EntryRow.connection_id == connection_id,
                EntryRow.remote_id.in_(remote_ids),
                EntryRow.state == StoredState.WRITTEN,
            )
            .values(checked_at=None)
        )

    async def forget(self, organization_id: OrganizationId, connection_id: ConnectionId) -> None:
        """Forget all looks at a connection's calendars."""
        await self._connection.core.execute(
            delete(LookRow).where(
                LookRow.organization_id == organization_id, LookRow.connection_id == connection_id
            )
        )

    async def _change(self, look: StoredLook, **values: object) -> None:
        await self._connection.core.execute(
            update(LookRow)
            .where(
                LookRow.organization_id == look.organization_id,
                LookRow.id == look.id,
                LookRow.number == look.number,
            )
            .values(**values)
        )


_OF_BOOKING = (BookingRow.organization_id == EntryRow.organization_id) & (
    BookingRow.id == EntryRow.booking_id
)


def _is_live(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        EntryRow.state == StoredState.WRITTEN,
        BookingRow.state == BookingState.CONFIRMED,
        func.upper(BookingRow.during) > now,
    )

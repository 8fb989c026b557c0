"""The entries that we wrote for bookings, and who is at work on each."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Row, and_, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from domain.calendars import DriftKind, EntryDrift, EntrySpot
from domain.ids import BookingId, ConnectionId, EntryId, OrganizationId, UserId
from storage.base import new_id
from storage.calendars.rows import EntryRow
from storage.postgres import Connection


class StoredState(StrEnum):
    """Where an entry stands; an *orphaned* one is in a calendar that we may not reach any more."""

    PENDING = "pending"
    WRITTEN = "written"
    REMOVED = "removed"
    ORPHANED = "orphaned"


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """An entry of ours and the version of the booking that it shows (None: perhaps never written)."""

    id: EntryId
    organization_id: OrganizationId
    booking_id: BookingId
    host_id: UserId
    connection_id: ConnectionId
    calendar_url: str
    uid: str
    marker: str
    state: StoredState
    written_version: int | None
    failure: str | None
    remote_id: str | None = field(default=None, repr=False)
    written_start: datetime | None = None
    written_end: datetime | None = None
    written_texts: str | None = None
    drift: DriftKind | None = None
    drift_start: datetime | None = None
    drift_end: datetime | None = None

    @property
    def spot(self) -> EntrySpot:
        """Where it stands, as a port wants to know it."""
        return EntrySpot(
            calendar_url=self.calendar_url,
            uid=self.uid,
            marker=self.marker,
            remote_id=self.remote_id,
            start=self.written_start,
            end=self.written_end,
            texts=self.written_texts,
        )


@dataclass(frozen=True, slots=True)
class Written:
    """What was written: where it stands, its times, and a digest of its texts."""

    remote_id: str = field(repr=False)
    start: datetime
    end: datetime
    texts: str


class Entries:
    """Entries, seen from one transaction."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    async def of_booking(
        self, organization_id: OrganizationId, booking_id: BookingId, host_id: UserId
    ) -> StoredEntry | None:
        """Find a host's entry for a booking."""
        row = (
            await self._connection.core.execute(
                select(EntryRow.__table__).where(
                    EntryRow.organization_id == organization_id,
                    EntryRow.booking_id == booking_id,
                    EntryRow.host_id == host_id,
                )
            )
        ).one_or_none()
        return entry_of(row) if row is not None else None

    async def plan(
        self,
        organization_id: OrganizationId,
        booking_id: BookingId,
        host_id: UserId,
        connection_id: ConnectionId,
        calendar_url: str,
        uid: str,
        marker: str,
        start: datetime,
        end: datetime,
    ) -> None:
        """Note where an entry is about to be written, and for when; one that stands somewhere is left there.

        If the answer to the first write is lost, a provider that takes no ids of ours is searched at
        these times. Only an entry that was removed may begin anew in another calendar.
        """
        place = {
            "connection_id": connection_id,
            "calendar_url": calendar_url,
            "uid": uid,
            "marker": marker,
            "remote_id": None,
            "written_start": start,
            "written_end": end,
            "written_texts": None,
        }
        statement = insert(EntryRow).values(
            organization_id=organization_id,
            id=new_id(),
            booking_id=booking_id,
            host_id=host_id,
            **place,
            state=StoredState.PENDING,
            updated_at=self._now,
        )
        await self._connection.core.execute(
            statement.on_conflict_do_update(
                index_elements=[EntryRow.organization_id, EntryRow.booking_id, EntryRow.host_id],
                set_={**place, "state": StoredState.PENDING, "updated_at": self._now},
                where=EntryRow.state == StoredState.REMOVED,
            )
        )

    async def claim(self, entry: StoredEntry, claim_id: UUID, lasts: timedelta) -> bool:
        """Take an entry to oneself; False while another worker has it. A claim ends by itself.

        False too where it stands otherwise than it was seen: its connection may have ended meanwhile.
        """
        statement = (
            update(EntryRow)
            .where(
                EntryRow.organization_id == entry.organization_id,
                EntryRow.id == entry.id,
                EntryRow.state == entry.state,
                or_(
                    EntryRow.claim_id.is_(None),
                    EntryRow.claimed_until <= self._now,
                    EntryRow.claim_id == claim_id,
                ),
            )
            .values(claim_id=claim_id, claimed_until=self._now + lasts)
        )
        return (await self._connection.core.execute(statement)).rowcount == 1

    async def settle(
        self,
        entry: StoredEntry,
        claim_id: UUID,
        state: StoredState,
        written_version: int | None,
        written: Written | None = None,
        failure: str | None = None,
    ) -> bool:
        """Note how it went and give the claim back; False if the claim had gone to another worker."""
        values: dict[str, object] = {}
        if written is not None:
            values = {
                "remote_id": written.remote_id,
                "written_start": written.start,
                "written_end": written.end,
                "written_texts": written.texts,
                "checked_at": self._now,
                **_NO_DRIFT,
            }
        statement = (
            update(EntryRow)
            .where(
                and_(EntryRow.organization_id == entry.organization_id, EntryRow.id == entry.id),
                EntryRow.claim_id == claim_id,
            )
            .values(
                state=state,
                written_version=written_version,
                failure=failure,
                claim_id=None,
                claimed_until=None,
                updated_at=self._now,
                **values,
            )
        )
        return (await self._connection.core.execute(statement)).rowcount == 1

    async def orphan(self, organization_id: OrganizationId, connection_id: ConnectionId) -> None:
        """Note that the entries which a connection wrote are out of our reach.

        One that it was still to write may begin anew in another calendar. A worker that is at it just now
        has lost its claim: what it writes is not noted.
        """
        of_connection = (
            EntryRow.organization_id == organization_id,
            EntryRow.connection_id == connection_id,
        )
        await self._connection.core.execute(
            update(EntryRow)
            .where(*of_connection, EntryRow.state == StoredState.WRITTEN)
            .values(state=StoredState.ORPHANED, updated_at=self._now)
        )
        await self._connection.core.execute(
            update(EntryRow)
            .where(*of_connection, EntryRow.state == StoredState.PENDING)
            .values(state=StoredState.REMOVED, claim_id=None, claimed_until=None, updated_at=self._now)
        )

    async def checked(self, entry: StoredEntry) -> None:
        """Note that an entry was read back just now."""
        await self._if_unchanged(entry, checked_at=self._now)

    async def gone(self, entry: StoredEntry) -> bool:
        """Note that a host deleted an entry: nothing of it is left to remove.

        False, and nothing noted, if a worker has written it since it was seen, or is about to.
        """
        return await self._if_unchanged(entry, state=StoredState.REMOVED, updated_at=self._now, **_NO_DRIFT)

    async def drifted(self, entry: StoredEntry, drift: EntryDrift | None) -> bool:
        """Note how an entry differs from its booking, None if it does not any more.

        False, and nothing noted, if a worker has written it since it was seen, or is about to.
        """
        values = (
            {"drift": drift.kind, "drift_start": drift.start, "drift_end": drift.end} if drift else _NO_DRIFT
        )
        return await self._if_unchanged(entry, **values)

    async def drifts(
        self, organization_id: OrganizationId, bookings: Iterable[BookingId]
    ) -> dict[BookingId, list[EntryDrift]]:
        """Find how the entries of bookings differ from them; those that agree are left out."""
        rows = await self._connection.core.execute(
            select(EntryRow.__table__)
            .where(
                EntryRow.organization_id == organization_id,
                EntryRow.booking_id.in_(list(bookings)),
                EntryRow.state == StoredState.WRITTEN,
                EntryRow.drift.is_not(None),
            )
            .order_by(EntryRow.id)
        )
        found: dict[BookingId, list[EntryDrift]] = {}
        for row in rows:
            drift = EntryDrift(
                BookingId(row.booking_id),
                UserId(row.host_id),
                DriftKind(row.drift),
                row.drift_start,
                row.drift_end,
            )
            found.setdefault(drift.booking_id, []).append(drift)
        return found

    async def _if_unchanged(self, entry: StoredEntry, **values: object) -> bool:
        statement = (
            update(EntryRow)
            .where(
                EntryRow.organization_id == entry.organization_id,
                EntryRow.id == entry.id,
                EntryRow.state == StoredState.WRITTEN,
                EntryRow.written_version == entry.written_version,
                EntryRow.remote_id.is_not_distinct_from(entry.remote_id),
                or_(EntryRow.claim_id.is_(None), EntryRow.claimed_until <= self._now),
            )
            .values(**values)
        )
        return (await self._connection.core.execute(statement)).rowcount == 1


def entry_of(row: Row[Any]) -> StoredEntry:
    """Make an entry of its whole row."""
    return StoredEntry(
        id=EntryId(row.id),
        organization_id=OrganizationId(row.organization_id),
        booking_id=BookingId(row.booking_id),
        host_id=UserId(row.host_id),
        connection_id=ConnectionId(row.connection_id),
        calendar_url=row.calendar_url,
        uid=row.uid,
        marker=row.marker,
        state=StoredState(row.state),
        written_version=row.written_version,
        failure=row.failure,
        remote_id=row.remote_id,
        written_start=row.written_start,
        written_end=row.written_end,
        written_texts=row.written_texts,
        drift=DriftKind(row.drift) if row.drift else None,
        drift_start=row.drift_start,
        drift_end=row.drift_end,
    )


_NO_DRIFT: dict[str, object] = {"drift": None, "drift_start": None, "drift_end": None}

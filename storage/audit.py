"""The audit log: entries in a chain, and the head of each chain, apart from it."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, PrimaryKeyConstraint, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Mapped, mapped_column

from domain.audit import Act, AuditEntry, Deed, Head, beginning, following
from domain.ids import ApiKeyId, OrganizationId, UserId
from domain.paging import Paging, Part, Place
from storage.base import Base
from storage.postgres import Connection, Record


class AuditRow(Base):
    """A deed in its place: ids and words of ours alone. Nothing here is ever changed or deleted."""

    __tablename__ = "audit_log"
    __table_args__ = (PrimaryKeyConstraint("organization_id", "number"),)

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    number: Mapped[int] = mapped_column(BigInteger())
    at: Mapped[datetime]
    act: Mapped[str]
    object_id: Mapped[UUID]
    actor_id: Mapped[UUID | None]
    principal_id: Mapped[UUID | None]
    key_id: Mapped[UUID | None]
    detail: Mapped[str | None]
    hash: Mapped[bytes]


class AuditHeadRow(Base):
    """Where an organization's log ends; who adds to it locks this row, so that it never forks."""

    __tablename__ = "audit_heads"

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"), primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger())
    hash: Mapped[bytes]


class AuditLog:
    """The audit log, seen from one transaction."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    async def append(self, deeds: Sequence[Deed]) -> None:
        """Add deeds of one organization or several; others who add to the same log wait until this ends."""
        for organization_id in sorted({deed.organization_id for deed in deeds}):
            head, entries = await self._lock(organization_id), list[AuditEntry]()
            for deed in deeds:
                if deed.organization_id == organization_id:
                    entries.append(following(head, deed, self._now))
                    head = Head(entries[-1].number, entries[-1].hash)
            await self._connection.core.execute(insert(AuditRow), [_values(entry) for entry in entries])
            await self._connection.core.execute(
                update(AuditHeadRow)
                .where(AuditHeadRow.organization_id == organization_id)
                .values(number=head.number, hash=head.hash)
            )

    async def head(self, organization_id: OrganizationId) -> Head:
        """Say where a log ends."""
        row = (
            await self._connection.core.execute(
                select(AuditHeadRow.number, AuditHeadRow.hash).where(
                    AuditHeadRow.organization_id == organization_id
                )
            )
        ).one_or_none()
        return Head(row.number, row.hash) if row else beginning(organization_id)

    async def after(self, organization_id: OrganizationId, number: int, most: int) -> list[AuditEntry]:
        """List what follows a number, oldest first."""
        statement = (
            select(AuditRow.__table__)
            .where(AuditRow.organization_id == organization_id, AuditRow.number > number)
            .order_by(AuditRow.number)
            .limit(most)
        )
        return [_entry(row) for row in (await self._connection.core.execute(statement)).mappings()]

    async def of_organization(self, organization_id: OrganizationId, paging: Paging) -> Part[AuditEntry]:
        """List an organization's log, newest first."""
        own = select(AuditRow.__table__).where(AuditRow.organization_id == organization_id)
        statement, place = own, paging.place
        if place is not None:
            here = place.id.int & _SIGNED
            is_beyond = AuditRow.number < here if paging.is_forward else AuditRow.number > here
            statement = own.where(is_beyond)
        order = AuditRow.number.desc() if paging.is_forward else AuditRow.number.asc()
        rows = await self._connection.core.execute(statement.order_by(order).limit(paging.limit + 1))
        found = [_entry(row) for row in rows.mappings()]
        kept = found[: paging.limit] if paging.is_forward else found[: paging.limit][::-1]
        has_more, is_behind = len(found) > paging.limit, place is not None
        return Part(
            items=kept,
            places=[Place(entry.at, UUID(int=entry.number)) for entry in kept],
            has_next=has_more if paging.is_forward else is_behind,
            has_previous=is_behind if paging.is_forward else has_more,
        )

    async def _lock(self, organization_id: OrganizationId) -> Head:
        first = beginning(organization_id)
        await self._connection.core.execute(
            upsert(AuditHeadRow)
            .values(organization_id=organization_id, number=first.number, hash=first.hash)
            .on_conflict_do_nothing()
        )
        row = (
            await self._connection.core.execute(
                select(AuditHeadRow.number, AuditHeadRow.hash)
                .where(AuditHeadRow.organization_id == organization_id)
                .with_for_update()
            )
        ).one()
        return Head(row.number, row.hash)


_SIGNED = 2**63 - 1  # what a number can be, whatever a cursor says


def _values(entry: AuditEntry) -> dict[str, object]:
    deed = entry.deed
    return {
        "organization_id": deed.organization_id,
        "number": entry.number,
        "at": entry.at,
        "act": deed.act,
        "object_id": deed.object_id,
        "actor_id": deed.actor_id,
        "principal_id": deed.principal_id,
        "key_id": deed.key_id,
        "detail": deed.detail,
        "hash": entry.hash,
    }


def _entry(row: Record) -> AuditEntry:
    deed = Deed(
        organization_id=OrganizationId(row["organization_id"]),
        act=Act(row["act"]),
        object_id=row["object_id"],
        actor_id=UserId(row["actor_id"]) if row["actor_id"] else None,
        principal_id=UserId(row["principal_id"]) if row["principal_id"] else None,
        key_id=ApiKeyId(row["key_id"]) if row["key_id"] else None,
        detail=row["detail"],
    )
    return AuditEntry(row["number"], row["at"], deed, row["hash"])

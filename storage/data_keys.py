"""Data keys, wrapped: the table and its queries. At most one of an organization seals, the others open."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    PrimaryKeyConstraint,
    func,
    select,
    text,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from domain.ids import OrganizationId
from storage.base import Base
from storage.postgres import Connection

_SEALS = text("retired_at IS NULL")


class DataKeyRow(Base):
    """A data key. Once destroyed its row stays without the key: it says why something is shut for ever."""

    __tablename__ = "data_keys"
    __table_args__ = (
        PrimaryKeyConstraint("organization_id", "id"),
        CheckConstraint("(wrapped IS NULL) = (destroyed_at IS NOT NULL)", name="destroyed_is_gone"),
        CheckConstraint("destroyed_at IS NULL OR retired_at IS NOT NULL", name="destroyed_is_retired"),
        Index("data_keys_one_seals_idx", "organization_id", unique=True, postgresql_where=_SEALS),
        Index("data_keys_kek_idx", "kek_id", postgresql_where=text("destroyed_at IS NULL")),
    )

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    id: Mapped[UUID]
    wrapped: Mapped[bytes | None]
    kek_id: Mapped[str]
    reserved_seals: Mapped[int] = mapped_column(BigInteger())
    created_at: Mapped[datetime]
    retired_at: Mapped[datetime | None]
    destroyed_at: Mapped[datetime | None]


@dataclass(frozen=True, slots=True)
class StoredDataKey:
    """A data key that was not destroyed, wrapped by the key-encryption key `kek_id`."""

    organization_id: OrganizationId
    id: UUID
    wrapped: bytes = field(repr=False)
    kek_id: str
    seals: bool


@dataclass(frozen=True, slots=True)
class Held:
    """How many data keys a key-encryption key wraps, and how many of them still seal."""

    kek_id: str
    keys: int
    sealing: int


class DataKeys:
    """Data keys, seen from one transaction."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    async def of(self, organization_id: OrganizationId) -> list[StoredDataKey]:
        """List an organization's keys that were not destroyed, oldest first."""
        statement = select(*_COLUMNS).where(
            DataKeyRow.organization_id == organization_id, DataKeyRow.destroyed_at.is_(None)
        )
        return _stored((await self._connection.core.execute(statement.order_by(DataKeyRow.id))).all())

    async def reserve(self, organization_id: OrganizationId, seals: int, most: int) -> StoredDataKey | None:
        """Set so many seals aside for the caller; None where no key seals, or `most` would be passed.

        What is set aside and not used is lost, which costs nothing.
        """
        statement = (
            update(DataKeyRow)
            .where(
                DataKeyRow.organization_id == organization_id,
                DataKeyRow.retired_at.is_(None),
                DataKeyRow.reserved_seals + seals <= most,
            )
            .values(reserved_seals=DataKeyRow.reserved_seals + seals)
            .returning(*_COLUMNS)
        )
        found = _stored((await self._connection.core.execute(statement)).all())
        return found[0] if found else None

    async def add(self, key: StoredDataKey) -> bool:
        """Store a key that seals from now on; False where the organization has one that seals."""
        statement = insert(DataKeyRow).values(
            organization_id=key.organization_id,
            id=key.id,
            wrapped=key.wrapped,
            kek_id=key.kek_id,
            reserved_seals=0,
            created_at=self._now,
        )
        nothing = statement.on_conflict_do_nothing(
            index_elements=[DataKeyRow.organization_id], index_where=_SEALS
        )
        return (await self._connection.core.execute(nothing)).rowcount == 1

    async def retire(self, organization_id: OrganizationId, key_id: UUID) -> None:
        """Let a key seal no more; it opens what it has sealed."""
        await self._connection.core.execute(
            update(DataKeyRow)
            .where(
                DataKeyRow.organization_id == organization_id,
                DataKeyRow.id == key_id,
                DataKeyRow.retired_at.is_(None),
            )
            .values(retired_at=self._now)
        )

    async def retire_full(self, organization_id: OrganizationId, seals: int, most: int) -> None:
        """Let the key that seals do so no more if it has not so many seals left."""
        await self._connection.core.execute(
            update(DataKeyRow)
            .where(
                DataKeyRow.organization_id == organization_id,
                DataKeyRow.retired_at.is_(None),
                DataKeyRow.reserved_seals + seals > most,
            )
            .values(retired_at=self._now)
        )

    async def not_wrapped_by(
        self, kek_id: str, after: tuple[UUID, UUID] | None, most: int
    ) -> list[StoredDataKey]:
        """List keys of all organizations that another key-encryption key wraps, behind `after`.

        They are in order of (organization, id).
        """
        place = tuple_(DataKeyRow.organization_id, DataKeyRow.id)
        statement = select(*_COLUMNS).where(DataKeyRow.kek_id != kek_id, DataKeyRow.destroyed_at.is_(None))
        if after is not None:
            statement = statement.where(place > after)
        ordered = statement.order_by(DataKeyRow.organization_id, DataKeyRow.id).limit(most)
        return _stored((await self._connection.core.execute(ordered)).all())

    async def rewrap(self, seen: StoredDataKey, wrapped: bytes, kek_id: str) -> bool:
        """Replace how a key is wrapped; False where it is not wrapped as it was seen any more."""
        statement = (
            update(DataKeyRow)
            .where(
                DataKeyRow.organization_id == seen.organization_id,
                DataKeyRow.id == seen.id,
                DataKeyRow.wrapped == seen.wrapped,
            )
            .values(wrapped=wrapped, kek_id=kek_id)
        )
        return (await self._connection.core.execute(statement)).rowcount == 1

    async def destroy(self, organization_id: OrganizationId) -> int:
        """Destroy all keys of an organization and say how many: what they sealed stays shut for ever."""
        statement = (
            update(DataKeyRow)
            .where(DataKeyRow.organization_id == organization_id, DataKeyRow.destroyed_at.is_(None))
            .values(
                wrapped=None,
                destroyed_at=self._now,
                retired_at=func.coalesce(DataKeyRow.retired_at, self._now),
            )
        )
        return (await self._connection.core.execute(statement)).rowcount

    async def organizations(self) -> list[OrganizationId]:
        """List the organizations that have a key which seals, in order of their ids."""
        statement = select(DataKeyRow.organization_id).where(DataKeyRow.retired_at.is_(None))
        found = await self._connection.core.execute(statement.order_by(DataKeyRow.organization_id))
        return [OrganizationId(row.organization_id) for row in found]

    async def held(self) -> list[Held]:
        """Count keys that were not destroyed, by what wraps them, in order of its id."""
        statement = (
            select(
                DataKeyRow.kek_id,
                func.count(),
                func.count().filter(DataKeyRow.retired_at.is_(None)),
            )
            .where(DataKeyRow.destroyed_at.is_(None))
            .group_by(DataKeyRow.kek_id)
            .order_by(DataKeyRow.kek_id)
        )
        return [Held(*row) for row in await self._connection.core.execute(statement)]


_COLUMNS = (
    DataKeyRow.organization_id,
    DataKeyRow.id,
    DataKeyRow.wrapped,
    DataKeyRow.kek_id,
    DataKeyRow.retired_at,
)


def _stored(rows: Iterable[Any]) -> list[StoredDataKey]:
    return [
        StoredDataKey(
            OrganizationId(row.organization_id), row.id, row.wrapped, row.kek_id, row.retired_at is None
        )
        for row in rows
    ]

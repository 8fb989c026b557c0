"""Every column that is sealed, and how its values are found and replaced when keys change.

A room that seals adds its column to `SEALED`, or its values keep their old keys for ever.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from domain.ids import OrganizationId
from storage.postgres import Connection


@dataclass(frozen=True, slots=True)
class SealedColumn:
    """A column of a table with the key (organization_id, id); `name` is what its values are bound to."""

    table: str
    column: str
    name: str


SECRETS = SealedColumn("calendar_connections", "secret_sealed", "secret")
ENDINGS = SealedColumn("grant_endings", "secret_sealed", "secret")
SUBMISSIONS = SealedColumn("submissions", "answers_sealed", "answers")
SEALED = (SECRETS, ENDINGS, SUBMISSIONS)


@dataclass(frozen=True, slots=True)
class SealedValue:
    """A sealed value and the row in which it stands."""

    organization_id: OrganizationId
    row_id: UUID
    sealed: bytes = field(repr=False)


class SealedValues:
    """Sealed values of all columns, seen from one transaction."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    async def by_ring(self, column: SealedColumn, after: SealedValue | None, most: int) -> list[SealedValue]:
        """List values that a key of the ring sealed (format 1), of rows behind `after`, in order."""
        return await self._listed(_BY_RING, column, after, most)

    async def by_retired(
        self,
        column: SealedColumn,
        organization_id: OrganizationId | None,
        after: SealedValue | None,
        most: int,
    ) -> list[SealedValue]:
        """List values that their organization's newest data key did not seal; None is any organization."""
        return await self._listed(_BY_RETIRED, column, after, most, organization=organization_id)

    async def replace(self, column: SealedColumn, seen: SealedValue, sealed: bytes) -> bool:
        """Put the same secret, sealed anew, in its row; False where another one stands there by now."""
        changed = await self._connection.core.execute(
            text(_REPLACE.format(table=column.table, column=column.column)),
            {
                "organization": seen.organization_id,
                "row": seen.row_id,
                "seen": seen.sealed,
                "sealed": sealed,
            },
        )
        return changed.rowcount == 1

    async def count_by_ring(self) -> dict[str, int]:
        """Count values that keys of the ring sealed themselves (format 1), by the key's id."""
        found: dict[str, int] = {}
        for column in SEALED:
            counted = await self._connection.core.execute(
                text(_COUNT_BY_RING.format(table=column.table, column=column.column))
            )
            for name, count in counted:
                found[name] = found.get(name, 0) + count
        return found

    async def destroy_idle(self, organization_id: OrganizationId | None, rests: timedelta) -> int:
        """Destroy data keys that have sealed nothing for so long and that no stored value needs."""
        needed = "".join(_NEEDED.format(table=column.table, column=column.column) for column in SEALED)
        destroyed = await self._connection.core.execute(
            text(_DESTROY_IDLE.format(needed=needed)),
            {"now": self._now, "before": self._now - rests, "organization": organization_id},
        )
        return destroyed.rowcount

    async def _listed(
        self, statement: str, column: SealedColumn, after: SealedValue | None, most: int, **more: Any
    ) -> list[SealedValue]:
        rows = await self._connection.core.execute(
            text(statement.format(table=column.table, column=column.column)),
            {
                "after_organization": after.organization_id if after else _FIRST,
                "after_row": after.row_id if after else _FIRST,
                "most": most,
                **more,
            },
        )
        return [SealedValue(OrganizationId(row[0]), row[1], row[2]) for row in rows]


_FIRST = UUID(int=0)
_BY_RING = """SELECT organization_id, id, {column} FROM {table}
WHERE (organization_id, id) > (:after_organization, :after_row)
AND substring({column} FROM 1 FOR 1) = '\\x01'::bytea
ORDER BY organization_id, id LIMIT :most"""
_BY_RETIRED = """SELECT it.organization_id, it.id, it.{column} FROM {table} AS it
WHERE (it.organization_id, it.id) > (:after_organization, :after_row) AND it.{column} IS NOT NULL
AND it.organization_id = coalesce(CAST(:organization AS uuid), it.organization_id)
AND NOT EXISTS (SELECT FROM data_keys AS key
    WHERE key.organization_id = it.organization_id AND key.retired_at IS NULL
    AND substring(it.{column} FROM 1 FOR 17) = '\\x02'::bytea || uuid_send(key.id))
ORDER BY it.organization_id, it.id LIMIT :most"""
_REPLACE = """UPDATE {table} SET {column} = :sealed
WHERE organization_id = :organization AND id = :row AND {column} = :seen"""
_COUNT_BY_RING = """SELECT encode(substring({column} FROM 3 FOR
    CASE WHEN length({column}) > 1 THEN get_byte({column}, 1) ELSE 0 END), 'escape'), count(*)
FROM {table} WHERE substring({column} FROM 1 FOR 1) = '\\x01'::bytea GROUP BY 1"""
_NEEDED = """ AND NOT EXISTS (SELECT FROM {table} AS it WHERE it.organization_id = data_keys.organization_id
AND substring(it.{column} FROM 1 FOR 17) = '\\x02'::bytea || uuid_send(data_keys.id))"""
_DESTROY_IDLE = """UPDATE data_keys SET wrapped = NULL, destroyed_at = :now
WHERE retired_at < :before AND destroyed_at IS NULL
AND organization_id = coalesce(CAST(:organization AS uuid), organization_id){needed}"""

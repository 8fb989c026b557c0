"""What hosts ask for in every page of theirs: buffers, notice, caps over all pages."""

from dataclasses import asdict
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, PrimaryKeyConstraint
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped

from domain.ids import OrganizationId, UserId
from domain.slots import NO_HOST_RULES, Caps, HostRules
from storage.base import Base, Document
from storage.postgres import Connection, Record


class HostRulesRow(Base):
    """A host's own rules, checked by the domain; whoever has none has no row."""

    __tablename__ = "host_rules"
    __table_args__ = (
        PrimaryKeyConstraint("organization_id", "user_id"),
        ForeignKeyConstraint(
            ["organization_id", "user_id"], ["users.organization_id", "users.id"], ondelete="CASCADE"
        ),
    )

    organization_id: Mapped[UUID]
    user_id: Mapped[UUID]
    buffer_before_minutes: Mapped[int]
    buffer_after_minutes: Mapped[int]
    notice_minutes: Mapped[int]
    caps: Mapped[Document]
    changed_at: Mapped[datetime]


_OF = """SELECT buffer_before_minutes, buffer_after_minutes, notice_minutes, caps
    FROM host_rules WHERE organization_id = $1 AND user_id = $2"""


class HostsRules:
    """Hosts' own rules, seen from one transaction; `Schedules.hours_of_hosts` reads those of many."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    async def of(self, organization_id: OrganizationId, user_id: UserId) -> HostRules:
        """Give a host's own rules; such that ask for nothing where there are none."""
        row = await self._connection.driver.fetchrow(_OF, organization_id, user_id)
        return rules_of(row) if row else NO_HOST_RULES

    async def save(self, organization_id: OrganizationId, user_id: UserId, rules: HostRules) -> None:
        """Store a host's own rules in place of those that were."""
        values = {**asdict(rules), "changed_at": self._now}
        statement = insert(HostRulesRow).values(organization_id=organization_id, user_id=user_id, **values)
        await self._connection.core.execute(
            statement.on_conflict_do_update(index_elements=["organization_id", "user_id"], set_=values)
        )


def rules_of(row: Record) -> HostRules:
    """Read a host's own rules from their columns."""
    caps = cast("dict[str, Any]", row["caps"])  # written by save
    return HostRules(
        row["buffer_before_minutes"], row["buffer_after_minutes"], row["notice_minutes"], Caps(**caps)
    )

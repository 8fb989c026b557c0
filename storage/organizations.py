"""Organizations: the table and its queries."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, insert, select, update
from sqlalchemy.orm import Mapped, mapped_column

from domain.ids import OrganizationId
from domain.organizations import Organization, Plan
from storage.base import Base
from storage.postgres import Connection


class OrganizationRow(Base):
    """One tenant."""

    __tablename__ = "organizations"
    __table_args__ = (
        CheckConstraint("plan IN ('basic', 'pro', 'business', 'enterprise')", name="plan_known"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    region: Mapped[str]
    plan: Mapped[str]
    created_at: Mapped[datetime]


class Organizations:
    """Organizations, seen from one transaction."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    async def add(self, organization: Organization) -> None:
        """Store a new organization."""
        await self._connection.core.execute(
            insert(OrganizationRow).values(
                id=organization.id,
                name=organization.name,
                region=organization.region,
                plan=organization.plan,
                created_at=organization.created_at,
            )
        )

    async def by_id(self, organization_id: OrganizationId) -> Organization | None:
        """Find an organization."""
        row = (
            await self._connection.core.execute(
                select(
                    OrganizationRow.id,
                    OrganizationRow.name,
                    OrganizationRow.region,
                    OrganizationRow.plan,
                    OrganizationRow.created_at,
                ).where(OrganizationRow.id == organization_id)
            )
        ).one_or_none()
        if row is None:
            return None
        return Organization(OrganizationId(row.id), row.name, row.region, Plan(row.plan), row.created_at)

    async def rename(self, organization_id: OrganizationId, name: str) -> None:
        """Give an organization another name."""
        await self._connection.core.execute(
            update(OrganizationRow).where(OrganizationRow.id == organization_id).values(name=name)
        )

"""Organizations: the table and its queries."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Text, false, insert, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from domain.ids import OrganizationId
from domain.organizations import AddOn, Organization, Plan
from storage.base import Base
from storage.postgres import Connection, Record


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
    add_ons: Mapped[list[str]] = mapped_column(ARRAY(Text()), server_default=text("'{}'"))
    administrators_may_delegate: Mapped[bool] = mapped_column(server_default=false())


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
                add_ons=sorted(organization.add_ons),
            )
        )

    async def by_id(self, organization_id: OrganizationId) -> Organization | None:
        """Find an organization."""
        return (await self.by_ids([organization_id])).get(organization_id)

    async def by_ids(self, ids: Sequence[OrganizationId]) -> dict[OrganizationId, Organization]:
        """Find organizations in one statement; unknown ids are left out."""
        rows = await self._connection.core.execute(
            select(OrganizationRow.__table__).where(OrganizationRow.id.in_(ids))
        )
        found = [_organization(row) for row in rows.mappings()]
        return {organization.id: organization for organization in found}

    async def ids(self) -> list[OrganizationId]:
        """Name every organization, oldest first."""
        return [OrganizationId(id_) for id_ in await self._connection.core.scalars(_IDS)]

    async def lock(self, organization_id: OrganizationId) -> None:
        """Let nobody else change who is in an organization, and as what, until this unit ends."""
        await self._connection.core.execute(
            select(OrganizationRow.id)
            .where(OrganizationRow.id == organization_id)
            .with_for_update(key_share=True)
        )

    async def rename(self, organization_id: OrganizationId, name: str) -> None:
        """Give an organization another name."""
        await self._connection.core.execute(
            update(OrganizationRow).where(OrganizationRow.id == organization_id).values(name=name)
        )

    async def let_administrators_delegate(self, organization_id: OrganizationId, *, may: bool) -> None:
        """Store whether administrators may let somebody act for a member."""
        await self._connection.core.execute(
            update(OrganizationRow)
            .where(OrganizationRow.id == organization_id)
            .values(administrators_may_delegate=may)
        )

    async def change_plan(
        self, organization_id: OrganizationId, plan: Plan, add_ons: frozenset[AddOn]
    ) -> bool:
        """Store what an organization has subscribed to; False where there is none."""
        statement = (
            update(OrganizationRow)
            .where(OrganizationRow.id == organization_id)
            .values(plan=plan, add_ons=sorted(add_ons))
        )
        return (await self._connection.core.execute(statement)).rowcount == 1


_IDS = select(OrganizationRow.id).order_by(OrganizationRow.created_at, OrganizationRow.id)


def _organization(row: Record) -> Organization:
    return Organization(
        OrganizationId(row["id"]),
        row["name"],
        row["region"],
        Plan(row["plan"]),
        row["created_at"],
        frozenset(add_on for add_on in AddOn if add_on in row["add_ons"]),
        row["administrators_may_delegate"],
    )

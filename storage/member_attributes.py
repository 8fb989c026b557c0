"""Attributes of members: names and values, by which routing forms find somebody."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, PrimaryKeyConstraint, and_, delete, insert, select
from sqlalchemy.orm import Mapped

from domain.ids import OrganizationId, UserId
from domain.member_attributes import MemberAttribute
from storage.base import Base, within_organization
from storage.postgres import Connection


class MemberAttributeRow(Base):
    """One value of an attribute of a member; `spelled` is the value as it is compared."""

    __tablename__ = "member_attributes"
    __table_args__ = (
        PrimaryKeyConstraint("organization_id", "user_id", "name", "spelled"),
        within_organization("user_id", "users"),
    )

    organization_id: Mapped[UUID]
    user_id: Mapped[UUID]
    name: Mapped[str]
    spelled: Mapped[str]
    value: Mapped[str]


class MemberAttributes:
    """Attributes, seen from one transaction."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    async def of_member(self, organization_id: OrganizationId, user_id: UserId) -> list[MemberAttribute]:
        """List a member's attributes by name."""
        statement = (
            select(MemberAttributeRow.name, MemberAttributeRow.value)
            .where(_of(organization_id, user_id))
            .order_by(MemberAttributeRow.name, MemberAttributeRow.spelled)
        )
        return [MemberAttribute(*row) for row in await self._connection.core.execute(statement)]

    async def replace(
        self, organization_id: OrganizationId, user_id: UserId, attributes: Sequence[MemberAttribute]
    ) -> None:
        """Give a member these attributes in place of all that they had."""
        await self._connection.core.execute(delete(MemberAttributeRow).where(_of(organization_id, user_id)))
        rows = [
            {
                "organization_id": organization_id,
                "user_id": user_id,
                "name": one.name,
                "spelled": one.spelled,
                "value": one.value,
            }
            for one in attributes
        ]
        if rows:
            await self._connection.core.execute(insert(MemberAttributeRow), rows)


def _of(organization_id: OrganizationId, user_id: UserId) -> ColumnElement[bool]:
    return and_(MemberAttributeRow.organization_id == organization_id, MemberAttributeRow.user_id == user_id)

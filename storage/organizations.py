"""Organizations: the table and its queries."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base


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

    def __init__(self, connection: AsyncConnection, now: datetime) -> None:
        self._connection = connection
        self._now = now

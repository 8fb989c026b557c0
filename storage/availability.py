"""Schedules: weekly hours and overrides in wall time with their zone."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, PrimaryKeyConstraint, text
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import Mapped

from storage.base import Base, Documents, within_organization


class ScheduleRow(Base):
    """A named week; `weekly` and `overrides` are checked by the domain before they come here."""

    __tablename__ = "schedules"
    __table_args__ = (
        PrimaryKeyConstraint("organization_id", "id"),
        within_organization("user_id", "users"),
        Index(
            "schedules_one_default_idx",
            "organization_id",
            "user_id",
            unique=True,
            postgresql_where=text("is_default"),
        ),
        Index(None, "organization_id", "user_id"),
    )

    organization_id: Mapped[UUID]
    id: Mapped[UUID]
    user_id: Mapped[UUID]
    name: Mapped[str]
    zone: Mapped[str]
    weekly: Mapped[Documents]
    overrides: Mapped[Documents]
    is_default: Mapped[bool]
    revision: Mapped[int]
    created_at: Mapped[datetime]


class Schedules:
    """Schedules, seen from one transaction."""

    def __init__(self, connection: AsyncConnection, now: datetime) -> None:
        self._connection = connection
        self._now = now

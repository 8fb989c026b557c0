"""Booking pages and their hosts."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, PrimaryKeyConstraint, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Integer

from storage.base import Base, Document, Documents, within_organization


class PageRow(Base):
    """What can be booked, at a link of its own. Rules and questions are checked by the domain."""

    __tablename__ = "booking_pages"
    __table_args__ = (
        PrimaryKeyConstraint("organization_id", "id"),
        within_organization("owner_id", "users"),
        UniqueConstraint("owner_id", "slug"),
        Index(None, "organization_id", "owner_id", "created_at"),
        CheckConstraint("kind IN ('one_to_one', 'group')", name="kind_known"),
        CheckConstraint("capacity >= 1 AND (kind = 'group' OR capacity = 1)", name="capacity_fits"),
    )

    organization_id: Mapped[UUID]
    id: Mapped[UUID]
    owner_id: Mapped[UUID]
    slug: Mapped[str]
    kind: Mapped[str]
    name: Mapped[str]
    description: Mapped[str]
    place: Mapped[Document]
    rules: Mapped[Document]
    questions: Mapped[Documents]
    capacity: Mapped[int]
    reminders_minutes: Mapped[list[int]] = mapped_column(ARRAY(Integer()))
    invitation: Mapped[str]
    cancellation_policy: Mapped[str]
    cancel_until_minutes: Mapped[int]
    reschedule_until_minutes: Mapped[int]
    calendar_policy: Mapped[str]
    is_active: Mapped[bool]
    is_hidden: Mapped[bool]
    revision: Mapped[int]
    created_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]


class PageHostRow(Base):
    """A host of a page, in order, with the schedule that applies there (none: the host's default)."""

    __tablename__ = "page_hosts"
    __table_args__ = (
        PrimaryKeyConstraint("organization_id", "page_id", "host_id"),
        within_organization("page_id", "booking_pages", ondelete="CASCADE"),
        within_organization("host_id", "users"),
        within_organization("schedule_id", "schedules"),
        Index(None, "organization_id", "host_id"),
    )

    organization_id: Mapped[UUID]
    page_id: Mapped[UUID]
    host_id: Mapped[UUID]
    position: Mapped[int]
    schedule_id: Mapped[UUID | None]


class Pages:
    """Booking pages and their hosts, seen from one transaction."""

    def __init__(self, connection: AsyncConnection, now: datetime) -> None:
        self._connection = connection
        self._now = now

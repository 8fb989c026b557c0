"""Tables of the room: connections, calendars, our entries; never anybody's busy times (R016, D02)."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, PrimaryKeyConstraint, UniqueConstraint, text
from sqlalchemy.orm import Mapped

from storage.base import Base, within_organization


class ConnectionRow(Base):
    """A user's link to a provider's account; the secret is sealed, and gone once disconnected."""

    __tablename__ = "calendar_connections"
    __table_args__ = (
        PrimaryKeyConstraint("organization_id", "id"),
        within_organization("user_id", "users"),
        Index(None, "organization_id", "user_id"),
        CheckConstraint("state IN ('connected', 'needs_reconnection', 'disconnected')", name="state_known"),
        CheckConstraint("state <> 'disconnected' OR secret_sealed IS NULL", name="secret_ends_with_it"),
    )

    organization_id: Mapped[UUID]
    id: Mapped[UUID]
    user_id: Mapped[UUID]
    provider: Mapped[str]
    label: Mapped[str]
    url: Mapped[str]
    username: Mapped[str | None]
    secret_sealed: Mapped[bytes | None]
    state: Mapped[str]
    failing_since: Mapped[datetime | None]
    failure: Mapped[str | None]
    created_at: Mapped[datetime]
    version: Mapped[int]


class CalendarRow(Base):
    """One calendar of a connection and what the user lets it do."""

    __tablename__ = "calendars"
    __table_args__ = (
        PrimaryKeyConstraint("organization_id", "id"),
        within_organization("connection_id", "calendar_connections", ondelete="CASCADE"),
        within_organization("user_id", "users"),
        UniqueConstraint("organization_id", "connection_id", "remote_url"),
        # One calendar a user receives bookings; the database holds to it.
        Index(
            "calendars_one_receives_idx",
            "organization_id",
            "user_id",
            unique=True,
            postgresql_where=text("receives_bookings"),
        ),
    )

    organization_id: Mapped[UUID]
    id: Mapped[UUID]
    connection_id: Mapped[UUID]
    user_id: Mapped[UUID]
    remote_url: Mapped[str]
    name: Mapped[str]
    zone: Mapped[str | None]
    counts_as_busy: Mapped[bool]
    receives_bookings: Mapped[bool]
    is_writable: Mapped[bool]


class EntryRow(Base):
    """An entry that we wrote for a booking into a host's calendar, and the connection that wrote it.

    `written_version` is the version of the booking that the entry shows. The connection and the
    calendar are kept by value too: a reschedule goes where the entry stands, never elsewhere. While a
    worker talks to the provider about the entry, it has the claim: two never do so at once.
    """

    __tablename__ = "entries"
    __table_args__ = (
        PrimaryKeyConstraint("organization_id", "id"),
        within_organization("booking_id", "bookings"),
        within_organization("host_id", "users"),
        UniqueConstraint("organization_id", "booking_id", "host_id"),
        CheckConstraint("state IN ('pending', 'written', 'removed', 'orphaned')", name="state_known"),
    )

    organization_id: Mapped[UUID]
    id: Mapped[UUID]
    booking_id: Mapped[UUID]
    host_id: Mapped[UUID]
    connection_id: Mapped[UUID]
    calendar_url: Mapped[str]
    uid: Mapped[str]
    marker: Mapped[str]
    state: Mapped[str]
    written_version: Mapped[int | None]
    failure: Mapped[str | None]
    claim_id: Mapped[UUID | None]
    claimed_until: Mapped[datetime | None]
    updated_at: Mapped[datetime]

"""Tables of the room: connections, calendars, our entries; never anybody's busy times (R016, D02)."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    Index,
    PrimaryKeyConstraint,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base, within_organization


class ConnectionRow(Base):
    """A user's link to a provider's account; the secret is sealed, and gone once disconnected.

    Where access was granted, the secret is the refresh token: `secret_version` grows each time it turns,
    `missing` is what the user denied us, and `subject` is the provider's own name for the account. Only
    one process renews an access token at a time: it has `renewal_id`, until `renewal_until` at most.
    """

    __tablename__ = "calendar_connections"
    __table_args__ = (
        PrimaryKeyConstraint("organization_id", "id"),
        within_organization("user_id", "users"),
        Index(None, "organization_id", "user_id"),
        CheckConstraint("state IN ('connected', 'needs_reconnection', 'disconnected')", name="state_known"),
        CheckConstraint("state <> 'disconnected' OR secret_sealed IS NULL", name="secret_ends_with_it"),
        # One grant for one account of a user's: providers let older ones of the same account die (case 64).
        Index(
            "calendar_connections_one_grant_idx",
            "organization_id",
            "user_id",
            "provider",
            "subject",
            unique=True,
            postgresql_where=text("subject IS NOT NULL AND state <> 'disconnected'"),
        ),
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
    subject: Mapped[str | None]
    missing: Mapped[list[str]] = mapped_column(ARRAY(Text()), server_default=text("'{}'"))
    secret_version: Mapped[int] = mapped_column(server_default=text("0"))
    renewal_id: Mapped[UUID | None]
    renewal_until: Mapped[datetime | None]


class ConsentRow(Base):
    """A question to a person at a provider that is not answered yet, for ten minutes; used once (R19).

    It belongs to a user's sign-in session, so that nobody can end it for them. The state that comes back
    with the answer is kept as a hash; the verifier is made from it and not kept.
    """

    __tablename__ = "consents"
    __table_args__ = (
        PrimaryKeyConstraint("organization_id", "state_hash"),
        within_organization("user_id", "users", ondelete="CASCADE"),
        Index(None, "ends_at"),
    )

    organization_id: Mapped[UUID]
    state_hash: Mapped[bytes]
    user_id: Mapped[UUID]
    session_id: Mapped[UUID]
    provider: Mapped[str]
    connection_id: Mapped[UUID | None]
    nonce: Mapped[str]
    ends_at: Mapped[datetime]


class EndingRow(Base):
    """A grant that its user has ended here and that is still to be ended at its provider.

    The token can be used for nothing else any more; the row goes with the provider's answer, or after a
    day.
    """

    __tablename__ = "grant_endings"
    __table_args__ = (PrimaryKeyConstraint("organization_id", "id"), Index(None, "created_at"))

    organization_id: Mapped[UUID]
    id: Mapped[UUID]
    provider: Mapped[str]
    secret_sealed: Mapped[bytes]
    created_at: Mapped[datetime]


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

    `written_version` is the version of the booking that the entry shows, the other `written_` columns
    are what was written then: its times, and a digest of its texts. `remote_id` is the provider's own
    name for it. The connection and the
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
    remote_id: Mapped[str | None]
    written_start: Mapped[datetime | None]
    written_end: Mapped[datetime | None]
    written_texts: Mapped[str | None]
    failure: Mapped[str | None]
    claim_id: Mapped[UUID | None]
    claimed_until: Mapped[datetime | None]
    updated_at: Mapped[datetime]

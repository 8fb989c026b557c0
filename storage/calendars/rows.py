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
    one process renews an access token at a time: it has `renewal_id`, until `renewal_until` at most. Since
    `unheard_since` some of its calendars cannot be watched.
    """

    __tablename__ = "calendar_connections"
    __table_args__ = (
        PrimaryKeyConstraint("organization_id", "id"),
        within_organization("user_id", "users"),
        Index(None, "organization_id", "user_id"),
        CheckConstraint("state IN ('connected', 'needs_reconnection', 'disconnected')", name="state_known"),
        CheckConstraint("state <> 'disconnected' OR secret_sealed IS NULL", name="secret_ends_with_it"),
        Index(
            "calendar_connections_account_idx",
            "provider",
            "subject",
            postgresql_where=text("subject IS NOT NULL"),
        ),
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
    unheard_since: Mapped[datetime | None]


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
    day. Sealed with it are the watches that are to be stopped before.
    """

    __tablename__ = "grant_endings"
    __table_args__ = (PrimaryKeyConstraint("organization_id", "id"), Index(None, "created_at"))

    organization_id: Mapped[UUID]
    id: Mapped[UUID]
    provider: Mapped[str]
    secret_sealed: Mapped[bytes]
    created_at: Mapped[datetime]


class CalendarRow(Base):
    """One calendar of a connection, where its provider names it, and what the user lets it do."""

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
        # Zoom's pings name nothing but the calendar.
        Index("calendars_remote_url_idx", "remote_url", postgresql_using="hash"),
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
    position: Mapped[int] = mapped_column(server_default=text("0"))


class EntryRow(Base):
    """An entry that we wrote for a booking into a host's calendar, and the connection that wrote it.

    `written_version` is the version of the booking that the entry shows, the other `written_` columns
    are what was written then: its times, and a digest of its texts. `remote_id` is the provider's own
    name for it. The connection and the
    calendar are kept by value too: a reschedule goes where the entry stands, never elsewhere. While a
    worker talks to the provider about the entry, it has the claim: two never do so at once. At
    `checked_at` it was read back last, or written (none: it is to be read); `drift` is what was found
    to differ then from what we wrote, and the other `drift_` columns are the times that were found.
    """

    __tablename__ = "entries"
    __table_args__ = (
        PrimaryKeyConstraint("organization_id", "id"),
        within_organization("booking_id", "bookings"),
        within_organization("host_id", "users"),
        UniqueConstraint("organization_id", "booking_id", "host_id"),
        Index(None, "organization_id", "connection_id"),
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
    checked_at: Mapped[datetime | None]
    drift: Mapped[str | None]
    drift_start: Mapped[datetime | None]
    drift_end: Mapped[datetime | None]


class WatchRow(Base):
    """A provider's promise to ping us when a calendar changes, as far as we have come with it.

    It is opening, then live until `ends_at`, then ending: still to be stopped at the provider. Of the
    token that its pings carry only a hash is kept. At `due_at` something is to be done about it: to open,
    renew or stop it, for the first time or once more after so many `failures`.
    """

    __tablename__ = "watches"
    __table_args__ = (
        PrimaryKeyConstraint("organization_id", "id"),
        within_organization("connection_id", "calendar_connections", ondelete="CASCADE"),
        CheckConstraint("state IN ('opening', 'live', 'ending')", name="state_known"),
        # A calendar has one live watch, and one that opens to follow it.
        *(
            Index(
                f"watches_one_{state}_idx",
                "organization_id",
                "connection_id",
                "calendar_url",
                unique=True,
                postgresql_where=text(f"state = '{state}'"),
            )
            for state in ("live", "opening")
        ),
        Index(None, "provider", "remote_id"),
        Index(None, "due_at"),
    )

    organization_id: Mapped[UUID]
    id: Mapped[UUID]
    connection_id: Mapped[UUID]
    calendar_url: Mapped[str]
    provider: Mapped[str]
    state: Mapped[str]
    remote_id: Mapped[str | None]
    resource_id: Mapped[str | None]
    token_hash: Mapped[bytes | None]
    ends_at: Mapped[datetime | None]
    due_at: Mapped[datetime]
    failures: Mapped[int]
    created_at: Mapped[datetime]


class LookRow(Base):
    """When a calendar is to be looked at again, and when it was last.

    `look_at` is empty while no look is planned; each that is planned has the next `number`. Entries that
    were not read since `whole_since` are to be read. `is_touched` says that a provider pinged: what is
    known of busy times is then old.
    """

    __tablename__ = "looks"
    __table_args__ = (
        PrimaryKeyConstraint("organization_id", "id"),
        within_organization("connection_id", "calendar_connections", ondelete="CASCADE"),
        UniqueConstraint("organization_id", "connection_id", "calendar_url"),
    )

    organization_id: Mapped[UUID]
    id: Mapped[UUID]
    connection_id: Mapped[UUID]
    calendar_url: Mapped[str]
    number: Mapped[int]
    look_at: Mapped[datetime | None]
    looked_at: Mapped[datetime | None]
    whole_since: Mapped[datetime | None]
    is_touched: Mapped[bool]

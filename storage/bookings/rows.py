"""Tables of the room, with the constraints that make a double booking impossible to store."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Computed,
    ForeignKeyConstraint,
    Index,
    PrimaryKeyConstraint,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import TSTZRANGE, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base, Document, Documents, within_organization

NO_OVERLAP = "bookings_no_overlap"
NO_SHARED_RESOURCE = "bookings_no_shared_resource"
OCCUPYING = "('held', 'awaiting_approval', 'awaiting_payment', 'confirmed')"
STATES = (
    "('held', 'awaiting_approval', 'awaiting_payment', 'confirmed',"
    " 'cancelled', 'declined', 'expired', 'done', 'no_show')"
)


class BookingRow(Base):
    """An interval taken on a page. `version` grows with each change of time or state.

    `waived` are the rules past which somebody of the host side booked the time that it has.

    The time is whole and half-open by the checks, and `occupies` follows from the state, so nobody
    can store a booking that looks taken and is not.
    """

    __tablename__ = "bookings"
    __table_args__ = (
        PrimaryKeyConstraint("organization_id", "id"),
        within_organization("page_id", "booking_pages"),
        within_organization("waived_by", "users"),
        UniqueConstraint("organization_id", "id", "during", "occupies"),
        UniqueConstraint("organization_id", "id", "capacity"),
        CheckConstraint(f"state IN {STATES}", name="state_known"),
        CheckConstraint(
            "NOT isempty(during) AND lower_inc(during) AND NOT upper_inc(during)"
            " AND NOT lower_inf(during) AND NOT upper_inf(during)",
            name="during_whole",
        ),
        CheckConstraint("capacity >= 1", name="capacity_positive"),
        CheckConstraint("(waived IS NULL) = (waived_by IS NULL)", name="waived_whole"),
        Index(None, "organization_id", "page_id", "during", postgresql_using="gist"),
        Index(
            "bookings_series_idx",
            "organization_id",
            "series_id",
            postgresql_where=text("series_id IS NOT NULL"),
        ),
        Index("bookings_over_idx", text("upper(during)"), postgresql_where=text("state = 'confirmed'")),
    )

    organization_id: Mapped[UUID]
    id: Mapped[UUID]
    page_id: Mapped[UUID]
    state: Mapped[str]
    during: Mapped[Range[datetime]] = mapped_column(TSTZRANGE())
    occupies: Mapped[bool] = mapped_column(Boolean(), Computed(f"state IN {OCCUPYING}", persisted=True))
    capacity: Mapped[int]
    place: Mapped[Document]
    version: Mapped[int]
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    series_id: Mapped[UUID | None]
    waived: Mapped[Document | None]
    waived_by: Mapped[UUID | None]


class BookingHostRow(Base):
    """A host's time taken by a booking; `position` is the host's among those of the booking.

    `assignment` says why it was the turn of the one who took a turn, and `assigned_at` when.

    `during` and `occupies` are the booking's own by the foreign key and follow it by cascade: a
    reschedule is one UPDATE of `bookings`, and the exclusion constraint here judges it.
    """

    __tablename__ = "booking_hosts"
    __table_args__ = (
        PrimaryKeyConstraint("organization_id", "booking_id", "host_id"),
        ForeignKeyConstraint(
            ["organization_id", "booking_id", "during", "occupies"],
            ["bookings.organization_id", "bookings.id", "bookings.during", "bookings.occupies"],
            onupdate="CASCADE",
            ondelete="CASCADE",
        ),
        within_organization("host_id", "users"),
        ExcludeConstraint(
            ("organization_id", "="),
            ("host_id", "="),
            ("during", "&&"),
            where=text("occupies"),
            using="gist",
            name=NO_OVERLAP,
        ),
        CheckConstraint("(assigned_at IS NULL) = (assignment IS NULL)", name="assignment_whole"),
        Index("booking_hosts_list_idx", "organization_id", "host_id", text("lower(during)"), "booking_id"),
        Index(
            "booking_hosts_turns_idx",
            "organization_id",
            "host_id",
            "assigned_at",
            postgresql_where=text("assigned_at IS NOT NULL"),
        ),
    )

    organization_id: Mapped[UUID]
    booking_id: Mapped[UUID]
    host_id: Mapped[UUID]
    during: Mapped[Range[datetime]] = mapped_column(TSTZRANGE())
    occupies: Mapped[bool]
    buffer_before_minutes: Mapped[int]
    buffer_after_minutes: Mapped[int]
    position: Mapped[int] = mapped_column(server_default=text("0"))
    assigned_at: Mapped[datetime | None]
    assignment: Mapped[Document | None]


class BookingResourceRow(Base):
    """A resource that a booking has; `position` is that of the page's pool it was taken of.

    As with hosts, `during` and `occupies` follow the booking, and the exclusion constraint judges: nothing
    can store two bookings of one room at a time.
    """

    __tablename__ = "booking_resources"
    __table_args__ = (
        PrimaryKeyConstraint("organization_id", "booking_id", "resource_id"),
        ForeignKeyConstraint(
            ["organization_id", "booking_id", "during", "occupies"],
            ["bookings.organization_id", "bookings.id", "bookings.during", "bookings.occupies"],
            onupdate="CASCADE",
            ondelete="CASCADE",
        ),
        within_organization("resource_id", "resources"),
        ExcludeConstraint(
            ("organization_id", "="),
            ("resource_id", "="),
            ("during", "&&"),
            where=text("occupies"),
            using="gist",
            name=NO_SHARED_RESOURCE,
        ),
    )

    organization_id: Mapped[UUID]
    booking_id: Mapped[UUID]
    resource_id: Mapped[UUID]
    during: Mapped[Range[datetime]] = mapped_column(TSTZRANGE())
    occupies: Mapped[bool]
    position: Mapped[int]


class InviteeRow(Base):
    """One invitee's seat in a booking.

    A seat number is used once among live seats and never exceeds the booking's capacity, so the
    database cannot store more seats than there are.
    """

    __tablename__ = "invitees"
    __table_args__ = (
        PrimaryKeyConstraint("organization_id", "id"),
        within_organization("booking_id", "bookings"),
        within_organization("link_id", "page_links", ondelete="SET NULL (link_id)"),
        ForeignKeyConstraint(
            ["organization_id", "booking_id", "capacity"],
            ["bookings.organization_id", "bookings.id", "bookings.capacity"],
            onupdate="CASCADE",
            name="invitees_capacity_fkey",
        ),
        CheckConstraint(f"state IN {STATES}", name="state_known"),
        CheckConstraint("seat BETWEEN 1 AND capacity", name="seat_exists"),
        CheckConstraint("(state = 'held') = (hold_expires_at IS NOT NULL)", name="hold_ends"),
        Index(
            "invitees_seat_taken_once",
            "organization_id",
            "booking_id",
            "seat",
            unique=True,
            postgresql_where=text(f"state IN {OCCUPYING}"),
        ),
        Index(None, "organization_id", "booking_id"),
        Index(
            "invitees_link_idx",
            "organization_id",
            "link_id",
            postgresql_where=text("link_id IS NOT NULL"),
        ),
        Index("invitees_holds_idx", "hold_expires_at", postgresql_where=text("state = 'held'")),
    )

    organization_id: Mapped[UUID]
    id: Mapped[UUID]
    booking_id: Mapped[UUID]
    capacity: Mapped[int]
    seat: Mapped[int]
    state: Mapped[str]
    hold_expires_at: Mapped[datetime | None]
    name: Mapped[str | None]
    email: Mapped[str | None]
    zone: Mapped[str | None]
    locale: Mapped[str | None]
    answers: Mapped[Documents]
    moved_from: Mapped[datetime | None]
    version: Mapped[int]
    cancel_reason: Mapped[str | None]
    cancelled_by: Mapped[str | None]
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    link_id: Mapped[UUID | None]


class CapabilityRow(Base):
    """A secret link to one seat, kept as a hash; what it may do, and until when."""

    __tablename__ = "capabilities"
    __table_args__ = (
        within_organization("booking_id", "bookings"),
        within_organization("invitee_id", "invitees"),
        CheckConstraint("scope IN ('hold', 'manage')", name="scope_known"),
        Index(None, "organization_id", "invitee_id"),
    )

    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    booking_id: Mapped[UUID]
    invitee_id: Mapped[UUID]
    scope: Mapped[str]
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class IdempotencyRow(Base):
    """What a key was used for: a repeat of the same request is answered by the same seat (R4)."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (
        PrimaryKeyConstraint("actor", "operation", "key_hash"),
        Index(None, "created_at"),
    )

    actor: Mapped[str]
    operation: Mapped[str]
    key_hash: Mapped[bytes]
    request_hash: Mapped[bytes]
    organization_id: Mapped[UUID | None]
    booking_id: Mapped[UUID | None]
    invitee_id: Mapped[UUID | None]
    created_at: Mapped[datetime]

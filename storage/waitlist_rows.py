"""Tables of waitlists, and how somebody who waits is read from them."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Index,
    PrimaryKeyConstraint,
    Select,
    Uuid,
    and_,
    false,
    func,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, aliased, mapped_column

from domain.bookings import BookingState
from domain.ids import BookingId, InviteeId, OrganizationId, PageId, WaiterId, WaitlistId
from domain.waitlist import Offer, Waiter, Waitlist
from storage.base import Base, within_organization
from storage.bookings.rows import InviteeRow
from storage.postgres import Record

_MINUTE = timedelta(minutes=1)


class WaitlistRow(Base):
    """A queue for one start and length of a page; of whose hosts and resources, so that it hears of them."""

    __tablename__ = "waitlists"
    __table_args__ = (
        PrimaryKeyConstraint("organization_id", "id"),
        within_organization("page_id", "booking_pages"),
        CheckConstraint("length_minutes > 0", name="lasts"),
        Index(None, "organization_id", "page_id", "start_at", "length_minutes", unique=True),
        Index("waitlists_open_idx", "start_at", postgresql_where=text("ended_at IS NULL")),
    )

    organization_id: Mapped[UUID]
    id: Mapped[UUID]
    page_id: Mapped[UUID]
    start_at: Mapped[datetime]
    length_minutes: Mapped[int]
    hosts: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid()))
    version: Mapped[int]
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class WaiterRow(Base):
    """Somebody in a queue. Who was offered a seat, or has left, waits no more; they may come again."""

    __tablename__ = "waiters"
    __table_args__ = (
        PrimaryKeyConstraint("organization_id", "id"),
        within_organization("waitlist_id", "waitlists", ondelete="CASCADE"),
        within_organization("offered_seat", "invitees"),
        Index(None, "organization_id", "waitlist_id", "number", unique=True),
        Index(None, "organization_id", "offered_seat"),
        Index(
            "waiters_waiting_key",
            "organization_id",
            "waitlist_id",
            "person",
            unique=True,
            postgresql_where=text("left_at IS NULL AND offered_seat IS NULL"),
        ),
    )

    organization_id: Mapped[UUID]
    id: Mapped[UUID]
    waitlist_id: Mapped[UUID]
    number: Mapped[int]
    name: Mapped[str]
    email: Mapped[str]
    person: Mapped[str]
    zone: Mapped[str]
    locale: Mapped[str]
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    offered_seat: Mapped[UUID | None]
    joined_at: Mapped[datetime]
    left_at: Mapped[datetime | None]
    is_removed: Mapped[bool] = mapped_column(server_default=false())


WAITS = and_(WaiterRow.left_at.is_(None), WaiterRow.offered_seat.is_(None))


def _ahead() -> Select[int]:
    before = aliased(WaiterRow)
    return select(func.count()).where(
        before.organization_id == WaiterRow.organization_id,
        before.waitlist_id == WaiterRow.waitlist_id,
        before.number < WaiterRow.number,
        before.left_at.is_(None),
        before.offered_seat.is_(None),
    )


WAITERS = (
    select(
        *(column.label(f"list_{column.name}") for column in WaitlistRow.__table__.columns),
        WaiterRow.id,
        WaiterRow.number,
        WaiterRow.name,
        WaiterRow.email,
        WaiterRow.zone,
        WaiterRow.locale,
        WaiterRow.joined_at,
        WaiterRow.left_at,
        WaiterRow.is_removed,
        WaiterRow.offered_seat,
        InviteeRow.booking_id,
        InviteeRow.state.label("seat_state"),
        InviteeRow.hold_expires_at,
        InviteeRow.name.is_not(None).label("is_taken"),
        _ahead().scalar_subquery().label("ahead"),
    )
    .join(
        WaitlistRow,
        and_(
            WaitlistRow.organization_id == WaiterRow.organization_id,
            WaitlistRow.id == WaiterRow.waitlist_id,
        ),
    )
    .outerjoin(
        InviteeRow,
        and_(
            InviteeRow.organization_id == WaiterRow.organization_id,
            InviteeRow.id == WaiterRow.offered_seat,
        ),
    )
)


def waitlist_of(row: Record, prefix: str = "") -> Waitlist:
    """Make a queue of its row, or of columns that begin with a prefix."""
    start: datetime = row[f"{prefix}start_at"]
    return Waitlist(
        id=WaitlistId(row[f"{prefix}id"]),
        organization_id=OrganizationId(row[f"{prefix}organization_id"]),
        page_id=PageId(row[f"{prefix}page_id"]),
        start=start,
        end=start + row[f"{prefix}length_minutes"] * _MINUTE,
        version=row[f"{prefix}version"],
        is_ended=row[f"{prefix}ended_at"] is not None,
        followed=frozenset(row[f"{prefix}hosts"]),
    )


def waiter_of(row: Record) -> Waiter:
    """Make somebody who waits of what WAITERS selects."""
    offer = None
    if row["seat_state"] is not None:
        offer = Offer(
            seat=InviteeId(row["offered_seat"]),
            booking_id=BookingId(row["booking_id"]),
            state=BookingState(row["seat_state"]),
            until=row["hold_expires_at"],
            is_taken=row["is_taken"],
        )
    return Waiter(
        id=WaiterId(row["id"]),
        list=waitlist_of(row, "list_"),
        number=row["number"],
        name=row["name"],
        email=row["email"],
        zone=row["zone"],
        locale=row["locale"],
        joined_at=row["joined_at"],
        has_left=row["left_at"] is not None,
        is_removed=row["is_removed"],
        ahead=row["ahead"],
        offer=offer,
    )

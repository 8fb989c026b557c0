"""Waitlists: a queue for each slot that somebody waits for, and who stands in it, in order."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    Index,
    PrimaryKeyConstraint,
    Select,
    Uuid,
    and_,
    delete,
    exists,
    func,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.orm import Mapped, aliased, mapped_column

from domain.addresses import one_person
from domain.bookings import BookingState
from domain.ids import BookingId, InviteeId, OrganizationId, PageId, ResourceId, UserId, WaiterId, WaitlistId
from domain.waitlist import Offer, Waiter, Waitlist
from storage.base import Base, new_id, within_organization
from storage.bookings.rows import InviteeRow
from storage.postgres import Connection, Record

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


_WAITS = and_(WaiterRow.left_at.is_(None), WaiterRow.offered_seat.is_(None))


class Waitlists:
    """Queues, seen from one transaction."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    async def waited(
        self,
        organization_id: OrganizationId,
        page_id: PageId,
        length: timedelta,
        start: datetime,
        end: datetime,
    ) -> frozenset[datetime]:
        """List the starts of a page between two instants for which somebody waits."""
        statement = select(WaitlistRow.start_at).where(
            WaitlistRow.organization_id == organization_id,
            WaitlistRow.page_id == page_id,
            WaitlistRow.length_minutes == length // _MINUTE,
            WaitlistRow.start_at >= start,
            WaitlistRow.start_at < end,
            WaitlistRow.ended_at.is_(None),
            exists().where(
                WaiterRow.organization_id == WaitlistRow.organization_id,
                WaiterRow.waitlist_id == WaitlistRow.id,
                _WAITS,
            ),
        )
        return frozenset((await self._connection.core.execute(statement)).scalars())

    async def open(
        self,
        organization_id: OrganizationId,
        page_id: PageId,
        start: datetime,
        length: timedelta,
        hosts: Sequence[UserId | ResourceId],
    ) -> Waitlist:
        """Give the queue of a slot, opened if it was not, and keep others from changing it meanwhile."""
        given = insert(WaitlistRow).values(
            organization_id=organization_id,
            id=new_id(),
            page_id=page_id,
            start_at=start,
            length_minutes=length // _MINUTE,
            hosts=list(hosts),
            version=1,
            created_at=self._now,
        )
        statement = given.on_conflict_do_update(
            index_elements=["organization_id", "page_id", "start_at", "length_minutes"],
            # Not the version: a look that is under way would be one of yesterday's, and nobody looks again.
            set_={"hosts": given.excluded.hosts, "ended_at": None},
        ).returning(WaitlistRow.__table__)
        return _waitlist((await self._connection.core.execute(statement)).mappings().one())

    async def by_id(
        self, organization_id: OrganizationId, waitlist_id: WaitlistId, *, locks: bool = False
    ) -> Waitlist | None:
        """Find a queue; `locks` keeps others from changing it meanwhile."""
        statement = select(WaitlistRow.__table__).where(_is(organization_id, waitlist_id))
        found = await self._connection.core.execute(statement.with_for_update() if locks else statement)
        row = found.mappings().one_or_none()
        return _waitlist(row) if row else None

    async def add(self, waitlist: Waitlist, waiter: Waiter, token_hash: bytes) -> Waiter | None:
        """Let somebody wait as the last of a queue that the caller has locked; None if they do already."""
        numbers = select(func.coalesce(func.max(WaiterRow.number), 0) + 1).where(
            WaiterRow.organization_id == waitlist.organization_id, WaiterRow.waitlist_id == waitlist.id
        )
        statement = (
            insert(WaiterRow)
            .values(
                organization_id=waitlist.organization_id,
                id=waiter.id,
                waitlist_id=waitlist.id,
                number=numbers.scalar_subquery(),
                name=waiter.name,
                email=waiter.email,
                person=one_person(waiter.email),
                zone=waiter.zone,
                locale=waiter.locale,
                token_hash=token_hash,
                joined_at=self._now,
            )
            .on_conflict_do_nothing()
            .returning(WaiterRow.id)
        )
        added = (await self._connection.core.execute(statement)).scalar_one_or_none()
        return await self.waiter(waitlist.organization_id, waiter.id) if added else None

    async def count(self, waitlist: Waitlist) -> int:
        """Count who waits."""
        statement = select(func.count()).where(
            WaiterRow.organization_id == waitlist.organization_id,
            WaiterRow.waitlist_id == waitlist.id,
            _WAITS,
        )
        return (await self._connection.core.execute(statement)).scalar_one()

    async def waiter(self, organization_id: OrganizationId, waiter_id: WaiterId) -> Waiter | None:
        """Find somebody who has waited."""
        return await self._one(WaiterRow.organization_id == organization_id, WaiterRow.id == waiter_id)

    async def by_link(self, token_hash: bytes) -> Waiter | None:
        """Find somebody by their secret link."""
        return await self._one(WaiterRow.token_hash == token_hash)

    async def waiting(self, waitlist: Waitlist) -> Waiter | None:
        """Give who is next."""
        return await self._one(
            WaiterRow.organization_id == waitlist.organization_id,
            WaiterRow.waitlist_id == waitlist.id,
            _WAITS,
            order=True,
        )

    async def leave(self, waiter: Waiter) -> bool:
        """Let somebody wait no more; say whether they did."""
        statement = (
            update(WaiterRow)
            .where(
                WaiterRow.organization_id == waiter.list.organization_id,
                WaiterRow.id == waiter.id,
                _WAITS,
            )
            .values(left_at=self._now)
        )
        return (await self._connection.core.execute(statement)).rowcount == 1

    async def offer(self, waiter: Waiter, seat: InviteeId) -> bool:
        """Note the seat that is held for somebody; say whether they still waited."""
        statement = (
            update(WaiterRow)
            .where(
                WaiterRow.organization_id == waiter.list.organization_id,
                WaiterRow.id == waiter.id,
                _WAITS,
            )
            .values(offered_seat=seat)
        )
        return (await self._connection.core.execute(statement)).rowcount == 1

    async def renew(self, waiter: Waiter, token_hash: bytes) -> None:
        """Let the link of this mail work, also when the link key has changed since they joined."""
        await self._connection.core.execute(
            update(WaiterRow)
            .where(WaiterRow.organization_id == waiter.list.organization_id, WaiterRow.id == waiter.id)
            .values(token_hash=token_hash)
        )

    async def end(self, waitlist: Waitlist) -> None:
        """End a queue: its slot is not offered any more."""
        await self._connection.core.execute(
            update(WaitlistRow)
            .where(_is(waitlist.organization_id, waitlist.id))
            .values(ended_at=self._now, version=WaitlistRow.version + 1)
        )

    async def aim(self, waitlist: Waitlist, hosts: Sequence[UserId | ResourceId]) -> None:
        """Have a queue hear of the hosts and resources that its page has now."""
        statement = update(WaitlistRow).where(_is(waitlist.organization_id, waitlist.id))
        await self._connection.core.execute(statement.values(hosts=list(hosts)))

    async def wake(
        self, organization_id: OrganizationId, hosts: Iterable[UserId | ResourceId], pages: Iterable[PageId]
    ) -> list[Waitlist]:
        """Give the queues of pages, or of hosts, that are to be looked at, each with a new version.

        They are locked in one order, so that two who free time never wait for each other.
        """
        touched = (
            select(WaitlistRow.id)
            .where(
                WaitlistRow.organization_id == organization_id,
                WaitlistRow.ended_at.is_(None),
                WaitlistRow.start_at > self._now,
                or_(WaitlistRow.page_id.in_(list(pages)), WaitlistRow.hosts.overlap(list(hosts))),
            )
            .order_by(WaitlistRow.id)
            .with_for_update()
            .cte("touched")
        )
        statement = (
            update(WaitlistRow)
            .where(WaitlistRow.organization_id == organization_id, WaitlistRow.id.in_(select(touched.c.id)))
            .values(version=WaitlistRow.version + 1)
            .returning(WaitlistRow.__table__)
        )
        rows = (await self._connection.core.execute(statement)).mappings().all()
        return [_waitlist(row) for row in rows]

    async def forget(self, before: datetime) -> None:
        """Delete queues for starts before an instant, and with them the addresses of who waited."""
        await self._connection.core.execute(delete(WaitlistRow).where(WaitlistRow.start_at < before))

    async def _one(self, *conditions: ColumnElement[bool], order: bool = False) -> Waiter | None:
        statement = _WAITERS.where(*conditions)
        if order:
            statement = statement.order_by(WaiterRow.number).limit(1)
        row = (await self._connection.core.execute(statement)).mappings().one_or_none()
        return _waiter(row) if row else None


def _ahead() -> Select[int]:
    before = aliased(WaiterRow)
    return select(func.count()).where(
        before.organization_id == WaiterRow.organization_id,
        before.waitlist_id == WaiterRow.waitlist_id,
        before.number < WaiterRow.number,
        before.left_at.is_(None),
        before.offered_seat.is_(None),
    )


_WAITERS = (
    select(
        *(column.label(f"list_{column.name}") for column in WaitlistRow.__table__.columns),
        WaiterRow.id,
        WaiterRow.number,
        WaiterRow.name,
        WaiterRow.email,
        WaiterRow.zone,
        WaiterRow.locale,
        WaiterRow.left_at,
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


def _is(organization_id: OrganizationId, waitlist_id: WaitlistId) -> ColumnElement[bool]:
    return and_(WaitlistRow.organization_id == organization_id, WaitlistRow.id == waitlist_id)


def _waitlist(row: Record, prefix: str = "") -> Waitlist:
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


def _waiter(row: Record) -> Waiter:
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
        list=_waitlist(row, "list_"),
        number=row["number"],
        name=row["name"],
        email=row["email"],
        zone=row["zone"],
        locale=row["locale"],
        has_left=row["left_at"] is not None,
        ahead=row["ahead"],
        offer=offer,
    )

"""Waitlists: a queue for each slot that somebody waits for, and who stands in it, in order."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, delete, exists, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from domain.addresses import one_person
from domain.bookings import BookingState
from domain.ids import InviteeId, OrganizationId, PageId, ResourceId, UserId, WaiterId, WaitlistId
from domain.paging import Paging, Part, Place
from domain.waitlist import Waiter, Waitlist
from storage.base import new_id
from storage.bookings.rows import InviteeRow
from storage.paging import part_of, place_at
from storage.postgres import Connection, Record
from storage.waitlist_rows import WAITERS, WAITS, WaiterRow, WaitlistRow, waiter_of, waitlist_of

_MINUTE = timedelta(minutes=1)
_WAKE_LATE = """UPDATE waitlists AS l SET version = l.version + 1 FROM (
        SELECT w.organization_id, w.id FROM waitlists AS w
        JOIN booking_pages AS p ON p.organization_id = w.organization_id AND p.id = w.page_id
        WHERE w.ended_at IS NULL AND w.start_at > $1 AND w.start_at < $1 + make_interval(mins => greatest(
            (p.rules->>'notice_minutes')::int, (SELECT max(r.notice_minutes) FROM page_hosts AS h
                JOIN host_rules AS r ON r.organization_id = h.organization_id AND r.user_id = h.host_id
                WHERE h.organization_id = p.organization_id AND h.page_id = p.id)))
        ORDER BY w.organization_id, w.id LIMIT $2 FOR UPDATE OF w SKIP LOCKED) AS late
    WHERE l.organization_id = late.organization_id AND l.id = late.id RETURNING l.*"""


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
                WAITS,
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
        return waitlist_of((await self._connection.core.execute(statement)).mappings().one())

    async def by_id(
        self, organization_id: OrganizationId, waitlist_id: WaitlistId, *, locks: bool = False
    ) -> Waitlist | None:
        """Find a queue; `locks` keeps others from changing it meanwhile."""
        statement = select(WaitlistRow.__table__).where(_is(organization_id, waitlist_id))
        found = await self._connection.core.execute(statement.with_for_update() if locks else statement)
        row = found.mappings().one_or_none()
        return waitlist_of(row) if row else None

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
            WAITS,
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
            WAITS,
            order=True,
        )

    async def leave(self, waiter: Waiter) -> bool:
        """Let somebody wait no more; say whether they did."""
        statement = (
            update(WaiterRow)
            .where(
                WaiterRow.organization_id == waiter.list.organization_id,
                WaiterRow.id == waiter.id,
                WAITS,
            )
            .values(left_at=self._now)
        )
        return (await self._connection.core.execute(statement)).rowcount == 1

    async def remove(self, waiter: Waiter) -> bool:
        """Take somebody off who waits, or has an offer; say whether they still stood as they were seen."""
        statement = (
            update(WaiterRow)
            .where(
                WaiterRow.organization_id == waiter.list.organization_id,
                WaiterRow.id == waiter.id,
                WaiterRow.left_at.is_(None),
                WaiterRow.offered_seat.is_not_distinct_from(waiter.offer.seat if waiter.offer else None),
            )
            .values(left_at=self._now, is_removed=True)
        )
        return (await self._connection.core.execute(statement)).rowcount == 1

    async def of_page(
        self, organization_id: OrganizationId, page_id: PageId, paging: Paging, *, waiting_only: bool
    ) -> Part[Waiter]:
        """List who waits for slots to come of a page, or has waited; who joined first is first."""
        statement = WAITERS.where(
            WaitlistRow.organization_id == organization_id,
            WaitlistRow.page_id == page_id,
            WaitlistRow.start_at > self._now,
        )
        if waiting_only:
            is_offered = and_(
                InviteeRow.state == BookingState.HELD.value, InviteeRow.hold_expires_at > self._now
            )
            is_waiting = and_(WaiterRow.offered_seat.is_(None), WaitlistRow.ended_at.is_(None))
            statement = statement.where(WaiterRow.left_at.is_(None), or_(is_waiting, is_offered))
        key = (WaiterRow.joined_at, WaiterRow.id)
        return await part_of(self._connection, statement, key, paging, _placed)

    async def offer(self, waiter: Waiter, seat: InviteeId) -> bool:
        """Note the seat that is held for somebody; say whether they still waited."""
        statement = (
            update(WaiterRow)
            .where(
                WaiterRow.organization_id == waiter.list.organization_id,
                WaiterRow.id == waiter.id,
                WAITS,
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
        return [waitlist_of(row) for row in rows]

    async def wake_late(self, most: int) -> list[Waitlist]:
        """Give open queues whose slots begin within the notice that their page asks for, as `wake` does.

        By the strictest of the page's own notice and that of its hosts; of any organization.
        """
        rows = await self._connection.driver.fetch(_WAKE_LATE, self._now, most)
        return [waitlist_of(row) for row in rows]

    async def forget(self, before: datetime) -> None:
        """Delete queues for starts before an instant, and with them the addresses of who waited."""
        await self._connection.core.execute(delete(WaitlistRow).where(WaitlistRow.start_at < before))

    async def _one(self, *conditions: ColumnElement[bool], order: bool = False) -> Waiter | None:
        statement = WAITERS.where(*conditions)
        if order:
            statement = statement.order_by(WaiterRow.number).limit(1)
        row = (await self._connection.core.execute(statement)).mappings().one_or_none()
        return waiter_of(row) if row else None


def _is(organization_id: OrganizationId, waitlist_id: WaitlistId) -> ColumnElement[bool]:
    return and_(WaitlistRow.organization_id == organization_id, WaitlistRow.id == waitlist_id)


def _placed(row: Record) -> tuple[Waiter, Place]:
    return waiter_of(row), place_at(row, "joined_at", "id")

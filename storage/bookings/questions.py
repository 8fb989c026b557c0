"""What is asked of many bookings: hosts' taken time, lists, what the clock has ended."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime

from sqlalchemy import (
    ColumnElement,
    and_,
    exists,
    false,
    func,
    literal,
    select,
    text,
    true,
    tuple_,
)
from sqlalchemy.dialects.postgresql import Range

from domain.assignment import CANCELLED_COUNTS, COUNTED, Load
from domain.bookings import Booking, BookingState
from domain.ids import BookingId, InviteeId, OrganizationId, PageId, UserId
from domain.paging import MAX_PAGE, Paging, Part, Place
from storage.bookings.rows import BookingHostRow, BookingRow, InviteeRow
from storage.bookings.single import Single
from storage.bookings.taken import Taken, read_loads, read_taken

# In the words of the partial indexes: as arguments, no plan but one made for them could use these.
_IS_HELD = text("invitees.state = 'held'")
_IS_CONFIRMED = text("bookings.state = 'confirmed'")


# The text of the address is that of domain.addresses.one_person.
_UPCOMING = r"""SELECT i.booking_id, i.id
    FROM bookings AS b JOIN invitees AS i ON i.organization_id = b.organization_id AND i.booking_id = b.id
    WHERE b.organization_id = $1 AND b.page_id = $2 AND b.during && tstzrange($3, NULL)
        AND lower(b.during) > $3 AND i.state IN ('confirmed', 'awaiting_approval', 'awaiting_payment')
        AND regexp_replace(lower(i.email), '^([^+@]+)\+[^@]*@', '\1@') = $4
    ORDER BY lower(b.during), i.id LIMIT 100"""


class Questions(Single):
    """Reads bookings, seen from one transaction."""

    async def taken(
        self,
        organization_id: OrganizationId,
        start: datetime,
        end: datetime,
        *,
        hosts: Sequence[UserId],
        page_id: PageId | None = None,
        without: BookingId | None = None,
        page_window: tuple[datetime, datetime] | None = None,
        capped: Sequence[UserId] = (),
    ) -> Taken:
        """Read the time that bookings, but for one of them, take of hosts between two instants.

        With `page_id`, bookings of that page are listed too whoever hosts them, in a window of their own
        if it is named: caps count them, and so what is over. Of `capped` hosts what is over is told too.
        One statement, whatever the number of hosts.
        """
        given = (organization_id, (start, end), hosts, page_id, without, page_window, capped)
        return await read_taken(self._connection, self._now, *given)

    async def loads(
        self,
        organization_id: OrganizationId,
        page_id: PageId,
        hosts: Sequence[UserId],
        counted_from: datetime | None,
    ) -> dict[UserId, Load]:
        """Count the bookings that each of a page's hosts has who take turns; who has none is left out."""
        since = max(self._now - COUNTED, counted_from or self._now - COUNTED)
        return await read_loads(
            self._connection, organization_id, page_id, hosts, since, self._now - CANCELLED_COUNTS
        )

    async def upcoming_of(
        self, organization_id: OrganizationId, page_id: PageId, email: str
    ) -> list[tuple[BookingId, InviteeId]]:
        """List a page's seats that have not begun of whoever has this address, the nearest first.

        The address is as `one_person` gave it. A seat that is only held is nobody's yet.
        """
        rows = await self._connection.driver.fetch(_UPCOMING, organization_id, page_id, self._now, email)
        return [(BookingId(row["booking_id"]), InviteeId(row["id"])) for row in rows]

    async def of_host(
        self,
        organization_id: OrganizationId,
        host_id: UserId,
        paging: Paging,
        *,
        states: frozenset[BookingState],
        start_from: datetime | None,
        start_before: datetime | None,
    ) -> Part[Booking]:
        """List a host's bookings in order of start, those in one of `states`."""
        start = func.lower(BookingHostRow.during)
        key = tuple_(start, BookingHostRow.booking_id)
        own = and_(
            BookingHostRow.organization_id == organization_id,
            BookingHostRow.host_id == host_id,
            exists().where(
                BookingRow.organization_id == BookingHostRow.organization_id,
                BookingRow.id == BookingHostRow.booking_id,
                BookingRow.state.in_(sorted(states)),
            ),
            start >= start_from if start_from else true(),
            start < start_before if start_before else true(),
        )
        here = tuple_(literal(paging.place.instant), literal(paging.place.id)) if paging.place else None
        beyond: ColumnElement[bool] = true()
        behind: ColumnElement[bool] = false()
        if here is not None:
            beyond = key > here if paging.is_forward else key < here
            behind = key <= here if paging.is_forward else key >= here
        order = (
            (start, BookingHostRow.booking_id)
            if paging.is_forward
            else (start.desc(), BookingHostRow.booking_id.desc())
        )
        found = (
            await self._connection.core.execute(
                select(start, BookingHostRow.booking_id)
                .where(own, beyond)
                .order_by(*order)
                .limit(paging.limit + 1)
            )
        ).all()
        is_behind = bool(await self._connection.core.scalar(select(exists().where(own, behind))))
        has_more = len(found) > paging.limit
        kept = found[: paging.limit] if paging.is_forward else found[: paging.limit][::-1]
        bookings = await self.by_ids(organization_id, [BookingId(id_) for _, id_ in kept])
        return Part(
            items=[bookings[BookingId(id_)] for _, id_ in kept],
            places=[Place(at, id_) for at, id_ in kept],
            has_next=has_more if paging.is_forward else is_behind,
            has_previous=is_behind if paging.is_forward else has_more,
        )

    async def to_come(
        self, organization_id: OrganizationId, hosts: Collection[UserId], states: frozenset[BookingState]
    ) -> list[Booking]:
        """List the next hundred bookings of any of the hosts in order of start, each once."""
        start = func.lower(BookingHostRow.during)
        statement = (
            select(start, BookingHostRow.booking_id)
            .where(
                BookingHostRow.organization_id == organization_id,
                BookingHostRow.host_id.in_(hosts),
                start >= self._now,
                exists().where(
                    BookingRow.organization_id == BookingHostRow.organization_id,
                    BookingRow.id == BookingHostRow.booking_id,
                    BookingRow.state.in_(sorted(states)),
                ),
            )
            .distinct()
            .order_by(start, BookingHostRow.booking_id)
            .limit(MAX_PAGE)
        )
        ids = [BookingId(id_) for _, id_ in await self._connection.core.execute(statement)]
        bookings = await self.by_ids(organization_id, ids)
        return [bookings[id_] for id_ in ids]

    async def ended_holds(self, limit: int) -> list[tuple[OrganizationId, BookingId]]:
        """List bookings with a hold that has ended and was not swept yet, oldest first."""
        rows = await self._connection.core.execute(
            select(InviteeRow.organization_id, InviteeRow.booking_id)
            .where(_IS_HELD, InviteeRow.hold_expires_at <= self._now)
            .order_by(InviteeRow.hold_expires_at)
            .limit(limit)
        )
        return [(OrganizationId(organization), BookingId(booking)) for organization, booking in rows]

    async def over(self, limit: int) -> list[tuple[OrganizationId, BookingId]]:
        """List confirmed bookings whose end has passed, oldest first."""
        rows = await self._connection.core.execute(
            select(BookingRow.organization_id, BookingRow.id)
            .where(_IS_CONFIRMED, func.upper(BookingRow.during) <= self._now)
            .order_by(func.upper(BookingRow.during))
            .limit(limit)
        )
        return [(OrganizationId(organization), BookingId(booking)) for organization, booking in rows]


def bounds(during: Range[datetime]) -> tuple[datetime, datetime]:
    """Give both ends of a stored interval; the table's checks hold that it has them."""
    if during.lower is None or during.upper is None:
        raise ValueError("A booking without an end is stored.")
    return during.lower.astimezone(UTC), during.upper.astimezone(UTC)

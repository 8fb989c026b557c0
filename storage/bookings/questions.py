"""What is asked of bookings: hosts' taken time, single bookings, lists, capabilities, used keys."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Row,
    and_,
    exists,
    false,
    func,
    literal,
    select,
    true,
    tuple_,
)
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.bookings import Booking, BookingState, Invitee
from domain.ids import BookingId, InviteeId, OrganizationId, PageId, UserId
from domain.paging import Paging, Part, Place
from storage.bookings.documents import answers_of, place_of
from storage.bookings.rows import BookingHostRow, BookingRow, CapabilityRow, IdempotencyRow, InviteeRow
from storage.bookings.taken import Taken, read_taken


@dataclass(frozen=True, slots=True)
class CapabilityFound:
    """What a secret link names and may do."""

    organization_id: OrganizationId
    booking_id: BookingId
    invitee_id: InviteeId
    scope: str
    is_revoked: bool


@dataclass(frozen=True, slots=True)
class Earlier:
    """An earlier use of an idempotency key."""

    request_hash: bytes
    organization_id: OrganizationId | None
    booking_id: BookingId | None
    invitee_id: InviteeId | None


class Questions:
    """Reads bookings, seen from one transaction."""

    def __init__(self, connection: AsyncConnection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    async def taken(
        self,
        organization_id: OrganizationId,
        start: datetime,
        end: datetime,
        *,
        hosts: Sequence[UserId],
        page_id: PageId | None = None,
        without: BookingId | None = None,
    ) -> Taken:
        """Read the time that bookings, but for one of them, take of hosts between two instants.

        With `page_id`, bookings of that page are listed too whoever hosts them: caps count them. One
        statement, whatever the number of hosts.
        """
        return await read_taken(
            self._connection, self._now, organization_id, (start, end), hosts, page_id, without
        )

    async def by_id(self, organization_id: OrganizationId, booking_id: BookingId) -> Booking | None:
        """Give one booking with its hosts and seats."""
        return (await self.by_ids(organization_id, [booking_id])).get(booking_id)

    async def by_ids(
        self, organization_id: OrganizationId, booking_ids: Sequence[BookingId]
    ) -> dict[BookingId, Booking]:
        """Give bookings with their hosts (by id) and seats (oldest first); unknown ids are left out."""
        if not booking_ids:
            return {}
        hosts: defaultdict[UUID, list[UserId]] = defaultdict(list)
        for booking_id, host_id in await self._connection.execute(
            select(BookingHostRow.booking_id, BookingHostRow.host_id)
            .where(
                BookingHostRow.organization_id == organization_id,
                BookingHostRow.booking_id.in_(booking_ids),
            )
            .order_by(BookingHostRow.host_id)
        ):
            hosts[booking_id].append(UserId(host_id))
        invitees: defaultdict[UUID, list[Invitee]] = defaultdict(list)
        for row in await self._connection.execute(
            select(InviteeRow.__table__)
            .where(InviteeRow.organization_id == organization_id, InviteeRow.booking_id.in_(booking_ids))
            .order_by(InviteeRow.created_at, InviteeRow.id)
        ):
            invitees[row.booking_id].append(_invitee(row))
        rows = await self._connection.execute(
            select(BookingRow.__table__).where(
                BookingRow.organization_id == organization_id, BookingRow.id.in_(booking_ids)
            )
        )
        return {
            BookingId(row.id): _booking(row, tuple(hosts[row.id]), tuple(invitees[row.id])) for row in rows
        }

    async def by_invitee(
        self, organization_id: OrganizationId, invitee_id: InviteeId
    ) -> tuple[Booking, Invitee] | None:
        """Give a seat and the booking in which it stands now."""
        booking_id = await self._connection.scalar(
            select(InviteeRow.booking_id).where(
                InviteeRow.organization_id == organization_id, InviteeRow.id == invitee_id
            )
        )
        booking = await self.by_id(organization_id, BookingId(booking_id)) if booking_id else None
        return (booking, booking.invitee(invitee_id)) if booking else None

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
            await self._connection.execute(
                select(start, BookingHostRow.booking_id)
                .where(own, beyond)
                .order_by(*order)
                .limit(paging.limit + 1)
            )
        ).all()
        is_behind = bool(await self._connection.scalar(select(exists().where(own, behind))))
        has_more = len(found) > paging.limit
        kept = found[: paging.limit] if paging.is_forward else found[: paging.limit][::-1]
        bookings = await self.by_ids(organization_id, [BookingId(id_) for _, id_ in kept])
        return Part(
            items=[bookings[BookingId(id_)] for _, id_ in kept],
            places=[Place(at, id_) for at, id_ in kept],
            has_next=has_more if paging.is_forward else is_behind,
            has_previous=is_behind if paging.is_forward else has_more,
        )

    async def ended_holds(self, limit: int) -> list[tuple[OrganizationId, BookingId]]:
        """List bookings with a hold that has ended and was not swept yet, oldest first."""
        rows = await self._connection.execute(
            select(InviteeRow.organization_id, InviteeRow.booking_id)
            .where(InviteeRow.state == BookingState.HELD, InviteeRow.hold_expires_at <= self._now)
            .order_by(InviteeRow.hold_expires_at)
            .limit(limit)
        )
        return [(OrganizationId(organization), BookingId(booking)) for organization, booking in rows]

    async def over(self, limit: int) -> list[tuple[OrganizationId, BookingId]]:
        """List confirmed bookings whose end has passed, oldest first."""
        rows = await self._connection.execute(
            select(BookingRow.organization_id, BookingRow.id)
            .where(BookingRow.state == BookingState.CONFIRMED, func.upper(BookingRow.during) <= self._now)
            .order_by(func.upper(BookingRow.during))
            .limit(limit)
        )
        return [(OrganizationId(organization), BookingId(booking)) for organization, booking in rows]

    async def holds_in_the_way(
        self, organization_id: OrganizationId, hosts: Sequence[UserId], start: datetime, end: datetime
    ) -> list[BookingId]:
        """List bookings of these hosts that touch an interval and have a hold that has ended."""
        rows = await self._connection.scalars(
            select(BookingHostRow.booking_id)
            .where(
                BookingHostRow.organization_id == organization_id,
                BookingHostRow.host_id.in_(hosts),
                BookingHostRow.occupies,
                BookingHostRow.during.op("&&")(Range(start, end)),
                exists().where(
                    InviteeRow.organization_id == BookingHostRow.organization_id,
                    InviteeRow.booking_id == BookingHostRow.booking_id,
                    InviteeRow.state == BookingState.HELD,
                    InviteeRow.hold_expires_at <= self._now,
                ),
            )
            .distinct()
        )
        return [BookingId(booking) for booking in rows]

    async def by_capability(self, token_hash: bytes) -> CapabilityFound | None:
        """Find what a secret link names."""
        row = (
            await self._connection.execute(
                select(CapabilityRow.__table__).where(CapabilityRow.token_hash == token_hash)
            )
        ).one_or_none()
        if row is None:
            return None
        return CapabilityFound(
            OrganizationId(row.organization_id),
            BookingId(row.booking_id),
            InviteeId(row.invitee_id),
            row.scope,
            row.revoked_at is not None,
        )

    async def earlier(self, actor: str, operation: str, key_hash: bytes) -> Earlier | None:
        """Find an earlier use of an idempotency key."""
        row = (
            await self._connection.execute(
                select(
                    IdempotencyRow.request_hash,
                    IdempotencyRow.organization_id,
                    IdempotencyRow.booking_id,
                    IdempotencyRow.invitee_id,
                ).where(
                    IdempotencyRow.actor == actor,
                    IdempotencyRow.operation == operation,
                    IdempotencyRow.key_hash == key_hash,
                )
            )
        ).one_or_none()
        if row is None:
            return None
        request_hash, organization, booking, invitee = row
        return Earlier(
            request_hash,
            OrganizationId(organization) if organization else None,
            BookingId(booking) if booking else None,
            InviteeId(invitee) if invitee else None,
        )


def bounds(during: Range[datetime]) -> tuple[datetime, datetime]:
    """Give both ends of a stored interval; the table's checks hold that it has them."""
    if during.lower is None or during.upper is None:
        raise ValueError("A booking without an end is stored.")
    return during.lower.astimezone(UTC), during.upper.astimezone(UTC)


def _booking(row: Row[Any], hosts: tuple[UserId, ...], invitees: tuple[Invitee, ...]) -> Booking:
    start, end = bounds(row.during)
    return Booking(
        id=BookingId(row.id),
        organization_id=OrganizationId(row.organization_id),
        page_id=PageId(row.page_id),
        state=BookingState(row.state),
        start=start,
        end=end,
        capacity=row.capacity,
        place=place_of(row.place),
        version=row.version,
        hosts=hosts,
        invitees=invitees,
        created_at=row.created_at,
        changed_at=row.changed_at,
    )


def _invitee(row: Row[Any]) -> Invitee:
    return Invitee(
        id=InviteeId(row.id),
        booking_id=BookingId(row.booking_id),
        seat=row.seat,
        state=BookingState(row.state),
        hold_expires_at=row.hold_expires_at,
        name=row.name,
        email=row.email,
        zone=row.zone,
        locale=row.locale,
        answers=answers_of(row.answers),
        moved_from=row.moved_from,
        version=row.version,
        cancel_reason=row.cancel_reason,
        cancelled_by=row.cancelled_by,
        created_at=row.created_at,
    )

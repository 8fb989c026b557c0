"""The meetings of bookings: one each, who makes it, how it stands, and who is at work on it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Index,
    PrimaryKeyConstraint,
    Row,
    Uuid,
    bindparam,
    case,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from domain.booking_pages import PlaceKind
from domain.bookings import Booking
from domain.ids import BookingId, ConnectionId, OrganizationId, UserId
from domain.meetings import BookingMeeting, MeetingState, maker_of
from storage.base import Base, within_organization
from storage.postgres import Connection

_NOWHERE: Mapping[str, None] = MappingProxyType(
    dict.fromkeys(("connection_id", "remote_id", "join_url", "failure", "written_start", "written_end"))
)


class MeetingRow(Base):
    """A booking's meeting at a provider.

    `connection_id` is the account that makes it, kept by value; None where it goes with the host's entry.
    `remote_id` is the provider's own name for it, `join_url` the link for those who come: a host's own link
    is never kept. `written_start` and `written_end` are the times that were last written. `link_awaited`
    says that somebody was told that the link follows.
    """

    __tablename__ = "meetings"
    __table_args__ = (
        PrimaryKeyConstraint("organization_id", "booking_id"),
        within_organization("booking_id", "bookings"),
        within_organization("host_id", "users"),
        CheckConstraint("kind IN ('zoom_meeting', 'google_meet', 'teams')", name="kind_known"),
        CheckConstraint("state IN ('pending', 'made', 'failed', 'removed')", name="state_known"),
        CheckConstraint("state <> 'made' OR join_url IS NOT NULL", name="made_has_link"),
        Index(
            "meetings_failed_idx",
            "organization_id",
            "host_id",
            postgresql_where=text("state = 'failed'"),
        ),
    )

    organization_id: Mapped[UUID]
    booking_id: Mapped[UUID]
    host_id: Mapped[UUID]
    kind: Mapped[str]
    connection_id: Mapped[UUID | None]
    remote_id: Mapped[str | None]
    join_url: Mapped[str | None]
    state: Mapped[str]
    failure: Mapped[str | None]
    written_start: Mapped[datetime | None]
    written_end: Mapped[datetime | None]
    link_awaited: Mapped[bool] = mapped_column(server_default=text("false"))
    claim_id: Mapped[UUID | None]
    claimed_until: Mapped[datetime | None]
    updated_at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class StoredMeeting:
    """A meeting as it is stored, with where it is made."""

    meeting: BookingMeeting
    connection_id: ConnectionId | None
    remote_id: str | None = field(repr=False)
    link_awaited: bool


class Meetings:
    """Meetings, seen from one transaction."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    async def of_booking(
        self, organization_id: OrganizationId, booking_id: BookingId
    ) -> StoredMeeting | None:
        """Find a booking's meeting."""
        return (await self.of_bookings(organization_id, [booking_id])).get(booking_id)

    async def of_bookings(
        self, organization_id: OrganizationId, booking_ids: Sequence[BookingId]
    ) -> dict[BookingId, StoredMeeting]:
        """Find the meetings of bookings; those for which nothing was begun are left out."""
        statement = select(MeetingRow.__table__).where(
            MeetingRow.organization_id == organization_id, MeetingRow.booking_id.in_(list(booking_ids))
        )
        rows = (await self._connection.core.execute(statement)).all()
        return {BookingId(row.booking_id): _stored(row) for row in rows}

    async def plan(self, booking: Booking) -> StoredMeeting:
        """Note that a booking is to have a meeting; one that failed or was removed begins anew.

        One that was not made yet begins anew with the host who speaks for the others.
        """
        statement = insert(MeetingRow).values(
            organization_id=booking.organization_id,
            booking_id=booking.id,
            host_id=maker_of(booking),
            kind=booking.place.kind,
            state=MeetingState.PENDING,
            updated_at=self._now,
        )
        keys = [MeetingRow.organization_id, MeetingRow.booking_id]
        await self._connection.core.execute(statement.on_conflict_do_nothing(index_elements=keys))
        at = _at(booking.organization_id, booking.id)
        again: dict[str, object] = {"state": MeetingState.PENDING, "updated_at": self._now}
        maker = case(
            (MeetingRow.join_url.is_(None), bindparam("maker", maker_of(booking), Uuid())),
            else_=MeetingRow.host_id,
        )
        for state, values in (
            (MeetingState.FAILED, {**again, "host_id": maker}),
            (MeetingState.REMOVED, {**again, **_NOWHERE, "host_id": maker_of(booking)}),
        ):
            await self._connection.core.execute(
                update(MeetingRow).where(*at, MeetingRow.state == state).values(**values)
            )
        return await self._locked(booking.organization_id, booking.id)

    async def pass_on(self, booking: Booking, host: UserId) -> StoredMeeting:
        """Let another host make a meeting anew, and forget where the one before made it, if they did."""
        await self._connection.core.execute(
            update(MeetingRow)
            .where(*_at(booking.organization_id, booking.id))
            .values(
                **_NOWHERE,
                host_id=host,
                state=MeetingState.PENDING,
                claim_id=None,
                claimed_until=None,
                updated_at=self._now,
            )
        )
        return await self._locked(booking.organization_id, booking.id)

    async def claim(
        self, stored: StoredMeeting, connection_id: ConnectionId, claim_id: UUID, lasts: timedelta
    ) -> bool:
        """Take a meeting to oneself, to be made by a connection; False while another worker has it."""
        meeting = stored.meeting
        statement = (
            update(MeetingRow)
            .where(
                *_at(meeting.organization_id, meeting.booking_id),
                or_(MeetingRow.claim_id.is_(None), MeetingRow.claimed_until <= self._now),
            )
            .values(claim_id=claim_id, claimed_until=self._now + lasts, connection_id=connection_id)
        )
        return (await self._connection.core.execute(statement)).rowcount == 1

    async def made(
        self,
        meeting: BookingMeeting,
        join_url: str,
        *,
        claim_id: UUID | None = None,
        remote_id: str | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
    ) -> StoredMeeting | None:
        """Note that a meeting is made, and give it as it stood before.

        With a `claim_id` the claim is given back; None if it had gone to another worker.
        """
        before = await self._locked(meeting.organization_id, meeting.booking_id)
        values: dict[str, object] = {
            "state": MeetingState.MADE,
            "join_url": join_url,
            "failure": None,
            "written_start": start,
            "written_end": end,
            "link_awaited": False,
        }
        settled = await self._settle(meeting, claim_id, remote_id=remote_id, **values)
        return before if settled else None

    async def removed(self, meeting: BookingMeeting, *, claim_id: UUID | None = None) -> bool:
        """Note that a meeting is no more; False if the claim had gone to another worker."""
        values = {"state": MeetingState.REMOVED, "failure": None, "link_awaited": False}
        return await self._settle(meeting, claim_id, **values)

    async def failed(
        self, meeting: BookingMeeting, failure: str, *, is_final: bool = False, claim_id: UUID | None = None
    ) -> bool:
        """Note what went wrong, and whether it is given up; False if another worker has the claim."""
        state = {"state": MeetingState.FAILED} if is_final else {}
        return await self._settle(meeting, claim_id, failure=failure, **state)

    async def await_link(self, booking: Booking) -> StoredMeeting:
        """Note that somebody is to be told that the link follows; the meeting, which may be made by now."""
        found = await self.of_booking(booking.organization_id, booking.id)
        if found is None:
            await self.plan(booking)
        await self._connection.core.execute(
            update(MeetingRow)
            .where(*_at(booking.organization_id, booking.id), MeetingRow.join_url.is_(None))
            .values(link_awaited=True)
        )
        return await self._locked(booking.organization_id, booking.id)

    async def revive(self, organization_id: OrganizationId, host_id: UserId) -> None:
        """Let what failed for a host be pending again: what was in its way may be gone."""
        await self._connection.core.execute(
            update(MeetingRow)
            .where(
                MeetingRow.organization_id == organization_id,
                MeetingRow.host_id == host_id,
                MeetingRow.state == MeetingState.FAILED,
            )
            .values(state=MeetingState.PENDING, updated_at=self._now)
        )

    async def _locked(self, organization_id: OrganizationId, booking_id: BookingId) -> StoredMeeting:
        """Read a meeting that is there, and keep others from changing it until the transaction ends."""
        statement = select(MeetingRow.__table__).where(*_at(organization_id, booking_id)).with_for_update()
        return _stored((await self._connection.core.execute(statement)).one())

    async def _settle(self, meeting: BookingMeeting, claim_id: UUID | None, **values: object) -> bool:
        statement = update(MeetingRow).where(*_at(meeting.organization_id, meeting.booking_id))
        if claim_id is not None:
            statement = statement.where(MeetingRow.claim_id == claim_id)
            values |= {"claim_id": None, "claimed_until": None}
        statement = statement.values(**values, updated_at=self._now)
        return (await self._connection.core.execute(statement)).rowcount == 1


def _at(organization_id: OrganizationId, booking_id: BookingId) -> tuple[Any, Any]:
    return MeetingRow.organization_id == organization_id, MeetingRow.booking_id == booking_id


def _stored(row: Row[Any]) -> StoredMeeting:
    meeting = BookingMeeting(
        organization_id=OrganizationId(row.organization_id),
        booking_id=BookingId(row.booking_id),
        host_id=UserId(row.host_id),
        kind=PlaceKind(row.kind),
        state=MeetingState(row.state),
        join_url=row.join_url,
        failure=row.failure,
        start=row.written_start,
        end=row.written_end,
    )
    connection_id = ConnectionId(row.connection_id) if row.connection_id else None
    return StoredMeeting(meeting, connection_id, row.remote_id, row.link_awaited)

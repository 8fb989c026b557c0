"""Rooms and equipment of organizations, and when bookings have them."""

import struct
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Index,
    PrimaryKeyConstraint,
    and_,
    false,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.orm import Mapped, mapped_column

from domain.bookings import Booking
from domain.ids import BookingId, CalendarId, ConnectionId, OrganizationId, ResourceId
from domain.intervals import Span
from domain.paging import Paging, Part, Place
from domain.resources import Resource, ResourceKind, ResourceSettings
from storage.base import Base
from storage.paging import part_of, place_at
from storage.postgres import Connection, Record

_TWO = struct.Struct("!2i")


class ResourceRow(Base):
    """A room or a piece of equipment. What is deleted stays for the bookings that had it.

    `calendar_id` refers to no row: a calendar that is gone stays named, and what it would say is unknown.
    """

    __tablename__ = "resources"
    __table_args__ = (
        PrimaryKeyConstraint("organization_id", "id"),
        CheckConstraint("kind IN ('room', 'equipment')", name="kind_known"),
        Index(
            "resources_list_idx",
            "organization_id",
            "created_at",
            postgresql_where=text("deleted_at IS NULL"),
        ),
        Index(
            "resources_calendar_idx",
            "organization_id",
            "calendar_id",
            postgresql_where=text("calendar_id IS NOT NULL AND deleted_at IS NULL"),
        ),
    )

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    id: Mapped[UUID]
    name: Mapped[str]
    kind: Mapped[str]
    seats: Mapped[int | None]
    is_public: Mapped[bool] = mapped_column(server_default=false())
    calendar_id: Mapped[UUID | None]
    revision: Mapped[int]
    created_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]


# A hold that has ended keeps its resource until it is swept: its hosts' locks are not the asker's to take.
_TAKEN = """SELECT r.id, r.calendar_id, coalesce(string_agg(
        int4send(floor(date_part('epoch', lower(b.during)) / 60)::int4)
        || int4send(ceil(date_part('epoch', upper(b.during)) / 60)::int4), ''::bytea
        ORDER BY b.during), ''::bytea) AS packed
    FROM resources AS r LEFT JOIN booking_resources AS b
        ON b.organization_id = r.organization_id AND b.resource_id = r.id AND b.occupies
        AND b.during && tstzrange($3, $4) AND b.booking_id IS DISTINCT FROM $5::uuid
    WHERE r.organization_id = $1 AND r.id = ANY ($2::uuid[]) AND r.deleted_at IS NULL
    GROUP BY r.id, r.calendar_id"""
_OF_CONNECTION = """SELECT r.id FROM resources AS r
    JOIN calendars AS k ON k.organization_id = r.organization_id AND k.id = r.calendar_id
    WHERE r.organization_id = $1 AND k.connection_id = $2 AND r.calendar_id IS NOT NULL
        AND r.deleted_at IS NULL"""


class ResourceTimes(NamedTuple):
    """When bookings have a resource, and the calendar whose entries take its time besides."""

    spans: tuple[Span, ...]
    calendar_id: CalendarId | None


class Resources:
    """Resources, seen from one transaction."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    async def add(self, resource: Resource) -> None:
        """Store a new resource."""
        await self._connection.core.execute(
            insert(ResourceRow).values(
                organization_id=resource.organization_id,
                id=resource.id,
                revision=resource.revision,
                created_at=resource.created_at,
                **_values(resource.settings),
            )
        )

    async def update(self, resource: Resource) -> None:
        """Store what is said of a resource. To be called with its lock."""
        await self._connection.core.execute(
            update(ResourceRow)
            .where(_is(resource.organization_id, resource.id))
            .values(
                revision=resource.revision,
                calendar_id=resource.calendar_id,
                **_values(resource.settings),
            )
        )

    async def remove(self, organization_id: OrganizationId, resource_id: ResourceId) -> None:
        """Delete a resource: no booking gets it any more, and those that have it keep it."""
        await self._connection.core.execute(
            update(ResourceRow).where(_is(organization_id, resource_id)).values(deleted_at=self._now)
        )

    async def by_id(
        self, organization_id: OrganizationId, resource_id: ResourceId, *, locks: bool = False
    ) -> Resource | None:
        """Find a resource of an organization that is not deleted; `locks` keeps others from changing it."""
        statement = select(ResourceRow.__table__).where(
            _is(organization_id, resource_id), ResourceRow.deleted_at.is_(None)
        )
        found = await self._connection.core.execute(statement.with_for_update() if locks else statement)
        row = found.mappings().one_or_none()
        return _resource(row) if row else None

    async def by_ids(
        self, organization_id: OrganizationId, ids: Sequence[ResourceId], *, deleted: bool = False
    ) -> dict[ResourceId, Resource]:
        """Find resources in one statement, with `deleted` those that are gone too; unknown ids are none."""
        statement = select(ResourceRow.__table__).where(
            ResourceRow.organization_id == organization_id, ResourceRow.id.in_(ids)
        )
        if not deleted:
            statement = statement.where(ResourceRow.deleted_at.is_(None))
        rows = (await self._connection.core.execute(statement)).mappings()
        return {resource.id: resource for resource in map(_resource, rows)}

    async def of_booking(self, booking: Booking) -> list[Resource]:
        """List what a booking has, in its order, also what is gone."""
        if not booking.resources:
            return []
        found = await self.by_ids(booking.organization_id, booking.resources, deleted=True)
        return [found[each] for each in booking.resources if each in found]

    async def of_organization(self, organization_id: OrganizationId, paging: Paging) -> Part[Resource]:
        """List an organization's resources, oldest first."""
        statement = select(ResourceRow.__table__).where(
            ResourceRow.organization_id == organization_id, ResourceRow.deleted_at.is_(None)
        )
        key = (ResourceRow.created_at, ResourceRow.id)
        return await part_of(self._connection, statement, key, paging, _placed)

    async def count(self, organization_id: OrganizationId) -> int:
        """Count an organization's resources."""
        statement = select(func.count()).where(
            ResourceRow.organization_id == organization_id, ResourceRow.deleted_at.is_(None)
        )
        return (await self._connection.core.execute(statement)).scalar_one()

    async def taken(
        self,
        organization_id: OrganizationId,
        ids: Sequence[ResourceId],
        window: tuple[datetime, datetime],
        without: BookingId | None,
    ) -> dict[ResourceId, ResourceTimes]:
        """Read when bookings, but for one of them, have resources in a window; deleted ones are left out."""
        rows = await self._connection.driver.fetch(_TAKEN, organization_id, ids, *window, without)
        return {
            ResourceId(row["id"]): ResourceTimes(
                tuple(_TWO.iter_unpack(row["packed"])),
                CalendarId(row["calendar_id"]) if row["calendar_id"] else None,
            )
            for row in rows
        }

    async def of_connection(
        self, organization_id: OrganizationId, connection_id: ConnectionId
    ) -> tuple[ResourceId, ...]:
        """Name the resources whose calendar is one of a connection."""
        rows = await self._connection.driver.fetch(_OF_CONNECTION, organization_id, connection_id)
        return tuple(ResourceId(row["id"]) for row in rows)


def _is(organization_id: OrganizationId, resource_id: ResourceId) -> ColumnElement[bool]:
    return and_(ResourceRow.organization_id == organization_id, ResourceRow.id == resource_id)


def _values(settings: ResourceSettings) -> dict[str, object]:
    return {
        "name": settings.name,
        "kind": settings.kind,
        "seats": settings.seats,
        "is_public": settings.is_public,
    }


def _resource(row: Record) -> Resource:
    return Resource(
        ResourceId(row["id"]),
        OrganizationId(row["organization_id"]),
        ResourceSettings(row["name"], ResourceKind(row["kind"]), row["seats"], row["is_public"]),
        row["revision"],
        row["created_at"],
        CalendarId(row["calendar_id"]) if row["calendar_id"] else None,
    )


def _placed(row: Record) -> tuple[Resource, Place]:
    return _resource(row), place_at(row, "created_at", "id")

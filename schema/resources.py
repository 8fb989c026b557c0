"""Rooms and equipment, their changes, and what of them a page requires."""

from datetime import datetime
from enum import Enum
from typing import Annotated, Self

import strawberry

from domain.booking_pages import BookingPage
from domain.ids import OrganizationId, ResourceId
from domain.resources import Resource, ResourceKind
from schema.context import Info
from schema.errors import ConflictError, InvalidInputError, NotAllowedError, NotFoundError
from schema.nodes import NodeType, global_id


@strawberry.enum(name="ResourceKind", description="What a resource is.")
class ResourceKindType(Enum):
    """Twin of domain.resources.ResourceKind."""

    ROOM = strawberry.enum_value(ResourceKind.ROOM.value, description="Room.")
    EQUIPMENT = strawberry.enum_value(ResourceKind.EQUIPMENT.value, description="Piece of equipment.")


@strawberry.type(name="Resource", description="Room or piece of equipment that one booking has at a time.")
class ResourceType(NodeType):
    """Twin of domain.resources.Resource, for members of its organization."""

    name: str = strawberry.field(description="Name of the resource.")
    kind: ResourceKindType = strawberry.field(description="What it is.")
    seats: int | None = strawberry.field(description="How many it seats, for people to know.")
    is_public: bool = strawberry.field(description="Whether invitees are told its name, and not hosts alone.")
    has_calendar: bool = strawberry.field(
        description="Whether what stands in a calendar takes its time too, beside bookings."
    )
    revision: int = strawberry.field(description="Number that grows with each change of its settings.")
    created_at: datetime = strawberry.field(description="Instant at which it was made.")

    @classmethod
    def of(cls, resource: Resource) -> Self:
        """Shape a resource."""
        settings = resource.settings
        return cls(
            id=global_id("Resource", resource.id),
            name=settings.name,
            kind=ResourceKindType(settings.kind.value),
            seats=settings.seats,
            is_public=settings.is_public,
            has_calendar=resource.calendar_id is not None,
            revision=resource.revision,
            created_at=resource.created_at,
        )


@strawberry.type(name="ResourcePool", description="Resources of which each booking of a page takes one.")
class ResourcePoolType:
    """One pool of domain.resources.Pools."""

    organization_id: strawberry.Private[OrganizationId]
    ids: strawberry.Private[tuple[ResourceId, ...]]

    @strawberry.field(description="Resources in the order in which they are taken, without deleted ones.")
    async def any_of(self, info: Info) -> list[ResourceType]:
        """Load the resources."""
        return await resources_of(info, self.organization_id, self.ids)

    @classmethod
    def all_of(cls, page: BookingPage) -> list[Self]:
        """Shape the pools of a page."""
        return [cls(organization_id=page.organization_id, ids=pool) for pool in page.requires]


async def resources_of(
    info: Info, organization_id: OrganizationId, ids: tuple[ResourceId, ...], *, deleted: bool = False
) -> list[ResourceType]:
    """Load resources in their order, with `deleted` those that are gone too."""
    loaders = info.context.loaders
    found = await loaders.resources.load_many([(organization_id, id_, deleted) for id_ in ids])
    return [ResourceType.of(resource) for resource in found if resource]


@strawberry.input(description="Resource to make.")
class ResourceCreateInput:
    """What a resource is made of."""

    name: str = strawberry.field(description="Name of the resource, 1 to 100 characters.")
    kind: ResourceKindType = strawberry.field(description="What it is.")
    seats: int | None = strawberry.field(
        default=strawberry.UNSET, description="How many it seats, for people to know."
    )
    is_public: bool = strawberry.field(
        default=False, description="Whether invitees are told its name, and not hosts alone."
    )


@strawberry.input(description="Change of a resource; what is unsaid stays.")
class ResourceUpdateInput:
    """What is changed of a resource."""

    id: strawberry.ID = strawberry.field(description="Id of the resource.")
    expected_revision: int | None = strawberry.field(
        default=strawberry.UNSET, description="Revision that was seen; another one is a conflict."
    )
    name: str | None = strawberry.field(
        default=strawberry.UNSET, description="Name of the resource, 1 to 100 characters."
    )
    kind: ResourceKindType | None = strawberry.field(default=strawberry.UNSET, description="What it is.")
    seats: int | None = strawberry.field(
        default=strawberry.UNSET, description="How many it seats; null for nothing said."
    )
    is_public: bool | None = strawberry.field(
        default=strawberry.UNSET, description="Whether invitees are told its name, and not hosts alone."
    )


@strawberry.input(description="Calendar whose entries take a resource's time.")
class ResourceCalendarSetInput:
    """What resourceCalendarSet takes."""

    id: strawberry.ID = strawberry.field(description="Id of the resource.")
    expected_revision: int | None = strawberry.field(
        default=strawberry.UNSET, description="Revision that was seen; another one is a conflict."
    )
    calendar_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="Calendar of the viewer's own; null for none any more."
    )


@strawberry.input(description="Resource to delete.")
class ResourceDeleteInput:
    """A resource."""

    id: strawberry.ID = strawberry.field(description="Id of the resource.")


@strawberry.input(description="Resources of which each booking takes one.")
class ResourcePoolInput:
    """One pool."""

    any_of: list[strawberry.ID] = strawberry.field(
        description="Ids of 1 to 30 resources, in the order in which they are taken."
    )


@strawberry.input(description="Resources that a page requires, in place of all that was.")
class BookingPageResourcesSetInput:
    """What bookingPageResourcesSet takes."""

    id: strawberry.ID = strawberry.field(description="Page to change.")
    expected_revision: int | None = strawberry.field(
        default=strawberry.UNSET, description="Revision that the owner saw; another one is a conflict."
    )
    requires: list[ResourcePoolInput] = strawberry.field(
        description="Pools, 10 at most; of each one a booking takes one resource, at the same time."
    )


@strawberry.type(description="New resource.")
class ResourceCreatePayload:
    """The resource that was made."""

    resource: ResourceType = strawberry.field(description="New resource.")


@strawberry.type(description="Resource as it is after the change.")
class ResourceUpdatePayload:
    """The changed resource."""

    resource: ResourceType = strawberry.field(description="Changed resource.")


@strawberry.type(description="Resource with its calendar, or without.")
class ResourceCalendarSetPayload:
    """The changed resource."""

    resource: ResourceType = strawberry.field(description="Changed resource.")


@strawberry.type(description="Deleted resource.")
class ResourceDeletePayload:
    """The resource that was deleted."""

    resource_id: strawberry.ID = strawberry.field(description="Id of the deleted resource.")


ResourceCreateResult = Annotated[
    ResourceCreatePayload | InvalidInputError | NotAllowedError,
    strawberry.union("ResourceCreateResult", description="New resource, or why there is none."),
]
ResourceUpdateResult = Annotated[
    ResourceUpdatePayload | InvalidInputError | NotFoundError | NotAllowedError | ConflictError,
    strawberry.union("ResourceUpdateResult", description="Changed resource, or why it is unchanged."),
]
ResourceCalendarSetResult = Annotated[
    ResourceCalendarSetPayload | InvalidInputError | NotFoundError | NotAllowedError | ConflictError,
    strawberry.union("ResourceCalendarSetResult", description="What comes of setting a calendar."),
]
ResourceDeleteResult = Annotated[
    ResourceDeletePayload | NotFoundError | NotAllowedError,
    strawberry.union("ResourceDeleteResult", description="Deleted resource, or why it is still there."),
]

"""Rooms and equipment over GraphQL."""

from dataclasses import replace
from typing import Any

import strawberry
from strawberry import UNSET

from domain.errors import InvalidInput
from domain.ids import CalendarId, PageId, ResourceId
from domain.resources import ResourceKind, ResourceSettings
from resolvers.context import Given, Info
from resolvers.users import said
from schema.booking_pages import BookingPageType
from schema.nodes import id_of
from schema.page_resources import BookingPageResourcesSetPayload, BookingPageResourcesSetResult
from schema.resources import (
    BookingPageResourcesSetInput,
    ResourceCalendarSetInput,
    ResourceCalendarSetPayload,
    ResourceCalendarSetResult,
    ResourceCreateInput,
    ResourceCreatePayload,
    ResourceCreateResult,
    ResourceDeleteInput,
    ResourceDeletePayload,
    ResourceDeleteResult,
    ResourceType,
    ResourceUpdateInput,
    ResourceUpdatePayload,
    ResourceUpdateResult,
)


@strawberry.type
class ResourcesMutation:
    """What can be done with rooms and equipment."""

    @strawberry.mutation(description="Make a room or a piece of equipment; for owner and administrators.")
    async def resource_create(self, info: Info, input: Given[ResourceCreateInput]) -> ResourceCreateResult:
        """Make a resource."""
        kind = ResourceKind(input.kind.value)
        wanted = ResourceSettings(input.name, kind, said(input.seats), input.is_public)
        resource = await info.context.services.resources.create(info.context.viewer, wanted)
        return ResourceCreatePayload(resource=ResourceType.of(resource))

    @strawberry.mutation(description="Change a room or a piece of equipment; for owner and administrators.")
    async def resource_update(self, info: Info, input: Given[ResourceUpdateInput]) -> ResourceUpdateResult:
        """Change a resource."""
        changes: dict[str, Any] = {} if input.seats is UNSET else {"seats": input.seats}
        if input.name:
            changes["name"] = input.name
        if input.kind:
            changes["kind"] = ResourceKind(input.kind.value)
        if (is_public := said(input.is_public)) is not None:
            changes["is_public"] = is_public
        resource = await info.context.services.resources.update(
            info.context.viewer,
            ResourceId(id_of("Resource", input.id, "id")),
            lambda settings: replace(settings, **changes),
            said(input.expected_revision),
        )
        return ResourceUpdatePayload(resource=ResourceType.of(resource))

    @strawberry.mutation(
        description="Let entries of a calendar of one's own take a resource's time; "
        "for owner and administrators."
    )
    async def resource_calendar_set(
        self, info: Info, input: Given[ResourceCalendarSetInput]
    ) -> ResourceCalendarSetResult:
        """Set a calendar."""
        if input.calendar_id is UNSET:
            raise InvalidInput("Say which calendar it is, or null for none.", "calendarId")
        resource = await info.context.services.resources.connect(
            info.context.viewer,
            ResourceId(id_of("Resource", input.id, "id")),
            CalendarId(id_of("Calendar", input.calendar_id, "calendarId")) if input.calendar_id else None,
            said(input.expected_revision),
        )
        return ResourceCalendarSetPayload(resource=ResourceType.of(resource))

    @strawberry.mutation(
        description="Delete a room or a piece of equipment; for owner and administrators. Bookings keep it."
    )
    async def resource_delete(self, info: Info, input: Given[ResourceDeleteInput]) -> ResourceDeleteResult:
        """Delete a resource."""
        resource_id = ResourceId(id_of("Resource", input.id, "id"))
        await info.context.services.resources.delete(info.context.viewer, resource_id)
        return ResourceDeletePayload(resource_id=input.id)

    @strawberry.mutation(description="Set what a page requires; bookings that were made keep what they have.")
    async def booking_page_resources_set(
        self, info: Info, input: Given[BookingPageResourcesSetInput]
    ) -> BookingPageResourcesSetResult:
        """Set what a page requires."""
        pools = [
            [
                ResourceId(id_of("Resource", id_, "requires", str(number), "anyOf", str(place)))
                for place, id_ in enumerate(pool.any_of)
            ]
            for number, pool in enumerate(input.requires)
        ]
        page = await info.context.services.resources.require(
            info.context.viewer,
            PageId(id_of("BookingPage", input.id, "id")),
            pools,
            said(input.expected_revision),
        )
        return BookingPageResourcesSetPayload(booking_page=BookingPageType.of(page))

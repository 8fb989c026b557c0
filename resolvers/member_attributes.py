"""Attributes of members over GraphQL."""

from typing import Annotated

import strawberry

from domain.errors import NotFound
from domain.ids import UserId
from domain.member_attributes import MemberAttribute
from resolvers.context import Given, Info
from schema.member_attributes import (
    MemberAttributesSetInput,
    MemberAttributesSetPayload,
    MemberAttributesSetResult,
    MemberAttributesType,
)
from schema.nodes import id_of

MemberOf = Annotated[strawberry.ID, strawberry.argument(description="Id of a user of the organization.")]


@strawberry.type
class MemberAttributesQuery:
    """What can be asked of attributes."""

    @strawberry.field(description="Attributes of a member of the viewer's organization; null for others.")
    async def member_attributes(self, info: Info, id: MemberOf) -> MemberAttributesType | None:
        """List attributes."""
        try:
            found = await info.context.services.member_attributes.of_member(
                info.context.viewer, UserId(id_of("User", id))
            )
        except NotFound:
            return None
        return MemberAttributesType.of(found)


@strawberry.type
class MemberAttributesMutation:
    """What can be done with attributes."""

    @strawberry.mutation(
        description="Set the attributes of a member, by which routing forms find them; for owner and "
        "administrators."
    )
    async def member_attributes_set(
        self, info: Info, input: Given[MemberAttributesSetInput]
    ) -> MemberAttributesSetResult:
        """Set attributes."""
        attributes = await info.context.services.member_attributes.set(
            info.context.viewer,
            UserId(id_of("User", input.id, "id")),
            [MemberAttribute(given.name, given.value) for given in input.attributes],
        )
        return MemberAttributesSetPayload(member_attributes=MemberAttributesType.of(attributes))

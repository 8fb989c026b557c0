"""Organizations over GraphQL: the change of the name."""

import strawberry

from domain.organizations import NotEntitled
from resolvers.answers import answer
from resolvers.context import Given, Info
from schema.organizations import (
    NotEntitledError,
    OrganizationType,
    OrganizationUpdateInput,
    OrganizationUpdatePayload,
    OrganizationUpdateResult,
)

ANSWERS = (answer(NotEntitled, NotEntitledError),)


@strawberry.type
class OrganizationsMutation:
    """Changes of organizations."""

    @strawberry.mutation(description="Change the viewer's organization; its owner's right alone.")
    async def organization_update(
        self,
        info: Info,
        input: Given[OrganizationUpdateInput],
    ) -> OrganizationUpdateResult:
        """Give the viewer's organization another name."""
        organization = await info.context.services.organizations.rename(info.context.viewer, input.name)
        return OrganizationUpdatePayload(organization=OrganizationType.of(organization))

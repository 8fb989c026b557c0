"""Organizations over GraphQL: the change of the name."""

import strawberry

from resolvers.context import Given, Info
from schema.organizations import (
    OrganizationType,
    OrganizationUpdateInput,
    OrganizationUpdatePayload,
    OrganizationUpdateResult,
)


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

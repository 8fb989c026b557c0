"""Organizations over GraphQL: their changes."""

import strawberry

from domain.organizations import NotEntitled
from resolvers.answers import answer
from resolvers.context import Given, Info
from resolvers.users import said
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
        """Change the viewer's organization."""
        organization = await info.context.services.organizations.update(
            info.context.viewer, said(input.name), said(input.administrators_may_delegate)
        )
        return OrganizationUpdatePayload(organization=OrganizationType.of(organization))

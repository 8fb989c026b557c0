"""Organization: its plan, its members, teams, invitations and audit log; and its changes."""

from datetime import datetime
from enum import Enum
from typing import Annotated, Self

import strawberry

from domain.errors import NotAllowed
from domain.organizations import Organization, Plan
from schema.audit import AuditEntryType
from schema.context import Info
from schema.cost import paged
from schema.errors import ErrorType, InvalidInputError, NotAllowedError
from schema.members import InvitationType
from schema.nodes import NodeType, global_id
from schema.pagination import After, Before, Connection, First, Last, connection, paging_of
from schema.resources import ResourceType
from schema.teams import TeamType
from schema.users import UserType


@strawberry.type(description="Step that the organization's plan does not include, nor an add-on.")
class NotEntitledError(ErrorType):
    """Twin of domain.organizations.NotEntitled."""


@strawberry.enum(name="Plan", description="What an organization has subscribed to.")
class PlanType(Enum):
    """Twin of domain.organizations.Plan."""

    BASIC = strawberry.enum_value(Plan.BASIC.value, description="Plan without scheduling.")
    PRO = strawberry.enum_value(Plan.PRO.value, description="Plan of small teams, without scheduling.")
    BUSINESS = strawberry.enum_value(Plan.BUSINESS.value, description="Plan with scheduling.")
    ENTERPRISE = strawberry.enum_value(Plan.ENTERPRISE.value, description="Plan with everything.")


@strawberry.type(name="Organization", description="Tenant: its users, pages and bookings are its own.")
class OrganizationType(NodeType):
    """Twin of domain.organizations.Organization, for its members."""

    organization: strawberry.Private[Organization]
    name: str = strawberry.field(description="Name as its users see it.")
    region: str = strawberry.field(description="Home region, where all its data stays.")
    plan: PlanType = strawberry.field(description="What it has subscribed to.")
    is_entitled: bool = strawberry.field(description="Whether plan or add-ons include scheduling.")
    administrators_may_delegate: bool = strawberry.field(
        description="Whether administrators may let somebody act for a member below them."
    )
    created_at: datetime = strawberry.field(description="Instant of its founding.")

    @strawberry.field(
        description="Members, those first who came first; not those who were removed.", directives=[paged()]
    )
    async def members(
        self,
        info: Info,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> Connection[UserType]:
        """List who is in it."""
        part = await info.context.loaders.members(
            info.context.viewer, self.organization.id, paging_of(first, after, last, before)
        )
        return connection(part, UserType.of)

    @strawberry.field(description="Teams, oldest first.", directives=[paged()])
    async def teams(
        self,
        info: Info,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> Connection[TeamType]:
        """List its teams."""
        part = await info.context.loaders.teams(
            info.context.viewer, self.organization.id, paging_of(first, after, last, before)
        )
        return connection(part, TeamType.of)

    @strawberry.field(description="Rooms and equipment, oldest first.", directives=[paged()])
    async def resources(
        self,
        info: Info,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> Connection[ResourceType]:
        """List its resources."""
        part = await info.context.loaders.listed_resources(
            info.context.viewer, self.organization.id, paging_of(first, after, last, before)
        )
        return connection(part, ResourceType.of)

    @strawberry.field(
        description="Invitations that nobody has accepted or revoked, oldest first; null for mere members.",
        directives=[paged()],
    )
    async def invitations(
        self,
        info: Info,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> Connection[InvitationType] | None:
        """List what was sent and is not ended."""
        try:
            part = await info.context.loaders.invitations(
                info.context.viewer, self.organization.id, paging_of(first, after, last, before)
            )
        except NotAllowed:
            return None
        return connection(part, InvitationType.of)

    @strawberry.field(description="Audit log, newest first; null for mere members.", directives=[paged()])
    async def audit_log(
        self,
        info: Info,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> Connection[AuditEntryType] | None:
        """List what was done."""
        try:
            part = await info.context.loaders.audit_log(
                info.context.viewer, self.organization.id, paging_of(first, after, last, before)
            )
        except NotAllowed:
            return None
        return connection(part, AuditEntryType.of)

    @classmethod
    def of(cls, organization: Organization) -> Self:
        """Shape an organization."""
        return cls(
            id=global_id("Organization", organization.id),
            organization=organization,
            name=organization.name,
            region=organization.region,
            plan=PlanType(organization.plan.value),
            is_entitled=organization.is_entitled,
            administrators_may_delegate=organization.administrators_may_delegate,
            created_at=organization.created_at,
        )


@strawberry.input(description="Change of the viewer's organization.")
class OrganizationUpdateInput:
    """What an owner changes."""

    name: str | None = strawberry.field(
        default=strawberry.UNSET, description="New name, 1 to 100 characters; as it is if unsaid."
    )
    administrators_may_delegate: bool | None = strawberry.field(
        default=strawberry.UNSET,
        description="Whether administrators may let somebody act for a member; as it is if unsaid.",
    )


@strawberry.type(description="Organization as it is after the change.")
class OrganizationUpdatePayload:
    """The changed organization."""

    organization: OrganizationType = strawberry.field(description="Changed organization.")


OrganizationUpdateResult = Annotated[
    OrganizationUpdatePayload | InvalidInputError | NotAllowedError,
    strawberry.union("OrganizationUpdateResult", description="Changed organization, or why it is unchanged."),
]

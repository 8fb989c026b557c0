"""Organization, its plan, and the change of its name."""

from datetime import datetime
from enum import Enum
from typing import Annotated, Self

import strawberry

from domain.organizations import Organization, Plan
from schema.errors import InvalidInputError, NotAllowedError
from schema.nodes import NodeType, global_id


@strawberry.enum(name="Plan", description="What an organization has subscribed to.")
class PlanType(Enum):
    """Twin of domain.organizations.Plan."""

    BASIC = strawberry.enum_value(Plan.BASIC.value, description="Plan without scheduling.")
    PRO = strawberry.enum_value(Plan.PRO.value, description="Plan of small teams, without scheduling.")
    BUSINESS = strawberry.enum_value(Plan.BUSINESS.value, description="Plan with scheduling.")
    ENTERPRISE = strawberry.enum_value(Plan.ENTERPRISE.value, description="Plan with everything.")


@strawberry.type(name="Organization", description="Tenant: its users, pages and bookings are its own.")
class OrganizationType(NodeType):
    """Twin of domain.organizations.Organization."""

    name: str = strawberry.field(description="Name as its users see it.")
    region: str = strawberry.field(description="Home region, where all its data stays.")
    plan: PlanType = strawberry.field(description="What it has subscribed to.")
    is_entitled: bool = strawberry.field(description="Whether the plan includes scheduling.")
    created_at: datetime = strawberry.field(description="Instant of its founding.")

    @classmethod
    def of(cls, organization: Organization) -> Self:
        """Shape an organization."""
        return cls(
            id=global_id("Organization", organization.id),
            name=organization.name,
            region=organization.region,
            plan=PlanType(organization.plan.value),
            is_entitled=organization.is_entitled,
            created_at=organization.created_at,
        )


@strawberry.input(description="Change of the viewer's organization.")
class OrganizationUpdateInput:
    """What an owner changes."""

    name: str = strawberry.field(description="New name, 1 to 100 characters.")


@strawberry.type(description="Organization as it is after the change.")
class OrganizationUpdatePayload:
    """The changed organization."""

    organization: OrganizationType = strawberry.field(description="Changed organization.")


OrganizationUpdateResult = Annotated[
    OrganizationUpdatePayload | InvalidInputError | NotAllowedError,
    strawberry.union("OrganizationUpdateResult", description="Changed organization, or why it is unchanged."),
]

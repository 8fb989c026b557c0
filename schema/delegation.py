"""Delegations: who acts for whom, within what and until when; and what one does with them."""

from datetime import datetime
from enum import Enum
from typing import Annotated, Self

import strawberry

from domain.delegation import Delegation, DelegationState
from domain.ids import UserId
from domain.users import DelegationScope
from schema.account import FreshSignInNeededError
from schema.context import Info
from schema.errors import (
    ConflictError,
    InvalidInputError,
    NotAllowedError,
    NotFoundError,
    RateLimitedError,
    TryAgainError,
)
from schema.members import AddressUnprovedError
from schema.nodes import NodeType, global_id
from schema.organizations import NotEntitledError
from schema.scalars import EmailAddress
from schema.users import UserType


@strawberry.enum(name="DelegationScope", description="What a delegate may do for their principal.")
class DelegationScopeType(Enum):
    """Twin of domain.users.DelegationScope."""

    PAGES = strawberry.enum_value(
        DelegationScope.PAGES.value, description="See and change booking pages, and see schedules."
    )
    BOOKINGS = strawberry.enum_value(
        DelegationScope.BOOKINGS.value, description="See and change bookings, and follow them."
    )
    AVAILABILITY = strawberry.enum_value(
        DelegationScope.AVAILABILITY.value, description="See and change schedules, absences and own rules."
    )
    POLLS = strawberry.enum_value(
        DelegationScope.POLLS.value, description="Open, see, change and close polls, which books."
    )


@strawberry.enum(name="DelegationState", description="Where a delegation stands.")
class DelegationStateType(Enum):
    """Twin of domain.delegation.DelegationState, but for what has ended: that is shown to nobody."""

    INVITED = strawberry.enum_value(
        DelegationState.INVITED.value, description="Delegate has not answered yet, and may do nothing."
    )
    ACTIVE = strawberry.enum_value(DelegationState.ACTIVE.value, description="Delegate may act.")


@strawberry.enum(name="DelegationSide", description="End of a delegation.")
class DelegationSideType(Enum):
    """Twin of services.delegation.Side."""

    GIVEN = strawberry.enum_value("given", description="Those by which others act for the viewer.")
    RECEIVED = strawberry.enum_value("received", description="Those by which the viewer acts for others.")


@strawberry.type(name="Delegation", description="Leave of a user for a colleague to act for them.")
class DelegationType(NodeType):
    """Twin of domain.delegation.Delegation, for its two sides."""

    principal_key: strawberry.Private[UserId]
    delegate_key: strawberry.Private[UserId | None]
    giver_key: strawberry.Private[UserId]
    email: EmailAddress = strawberry.field(description="Address to which it was offered.")
    scopes: list[DelegationScopeType] = strawberry.field(description="What the delegate may do.")
    state: DelegationStateType = strawberry.field(description="Where it stands.")
    is_copied: bool = strawberry.field(
        description="Whether mails to the principal about bookings are copied to the delegate."
    )
    created_at: datetime = strawberry.field(description="Instant of the invitation.")
    answer_until: datetime = strawberry.field(description="Instant until which it can be accepted.")
    accepted_at: datetime | None = strawberry.field(description="Instant at which it was accepted.")
    ends_at: datetime | None = strawberry.field(description="Instant at which it ends by itself, if it does.")
    used_at: datetime | None = strawberry.field(
        description="Instant at which the delegate last acted, to the minute."
    )

    @strawberry.field(description="Who lets somebody act for them; null for nobody who can be shown.")
    async def principal(self, info: Info) -> UserType | None:
        """Show for whom one acts."""
        return await _user(info, self.principal_key)

    @strawberry.field(description="Who acts; null until it is accepted.")
    async def delegate(self, info: Info) -> UserType | None:
        """Show who acts."""
        return await _user(info, self.delegate_key)

    @strawberry.field(description="Who gave it: the principal, or an administrator for them.")
    async def given_by(self, info: Info) -> UserType | None:
        """Show who gave it."""
        return await _user(info, self.giver_key)

    @classmethod
    def of(cls, delegation: Delegation) -> Self:
        """Shape a delegation that has not ended."""
        terms = delegation.terms
        is_active = delegation.accepted_at is not None
        return cls(
            id=global_id("Delegation", delegation.id),
            principal_key=delegation.principal_id,
            delegate_key=delegation.delegate_id,
            giver_key=delegation.given_by,
            email=EmailAddress(delegation.address),
            scopes=[DelegationScopeType(scope.value) for scope in DelegationScope if scope in terms.scopes],
            state=DelegationStateType.ACTIVE if is_active else DelegationStateType.INVITED,
            is_copied=terms.is_copied,
            created_at=delegation.created_at,
            answer_until=delegation.answer_until,
            accepted_at=delegation.accepted_at,
            ends_at=terms.ends_at,
            used_at=delegation.used_at,
        )


async def _user(info: Info, user_id: UserId | None) -> UserType | None:
    user = await info.context.loaders.users.load(user_id) if user_id else None
    return UserType.of(user) if user else None


@strawberry.input(description="Colleague to act for somebody: by `memberId` or by `email`.")
class DelegationInviteInput:
    """Whom to let act, within what."""

    scopes: list[DelegationScopeType] = strawberry.field(description="What they may do; at least one.")
    member_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="Id of the user who is to act."
    )
    email: EmailAddress | None = strawberry.field(
        default=strawberry.UNSET, description="Address of the colleague who is to act."
    )
    principal_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET,
        description="Id of the user for whom they are to act; of another than the viewer only where "
        "administrators may.",
    )
    ends_at: datetime | None = strawberry.field(
        default=strawberry.UNSET, description="Instant at which it ends by itself; never if unsaid."
    )
    is_copied: bool = strawberry.field(
        default=False, description="Whether mails to the principal about bookings are copied to the delegate."
    )


@strawberry.input(description="Delegation that the viewer accepts.")
class DelegationAcceptInput:
    """A delegation."""

    id: strawberry.ID = strawberry.field(description="Id of the delegation.")


@strawberry.input(description="Delegation that the viewer declines.")
class DelegationDeclineInput:
    """A delegation."""

    id: strawberry.ID = strawberry.field(description="Id of the delegation.")


@strawberry.input(description="Change of what a delegate may do; what is unsaid stays.")
class DelegationUpdateInput:
    """A delegation and its new terms."""

    id: strawberry.ID = strawberry.field(description="Id of the delegation.")
    scopes: list[DelegationScopeType] | None = strawberry.field(
        default=strawberry.UNSET, description="What they may do, in place of all that was; at least one."
    )
    ends_at: datetime | None = strawberry.field(
        default=strawberry.UNSET, description="Instant at which it ends by itself; null for never."
    )
    is_copied: bool | None = strawberry.field(
        default=strawberry.UNSET,
        description="Whether mails to the principal about bookings are copied to the delegate.",
    )


@strawberry.input(description="Delegation to end.")
class DelegationEndInput:
    """A delegation."""

    id: strawberry.ID = strawberry.field(description="Id of the delegation.")


@strawberry.type(description="New delegation; its question is on its way to the delegate.")
class DelegationInvitePayload:
    """The delegation."""

    delegation: DelegationType = strawberry.field(description="New delegation.")


@strawberry.type(description="Delegation by which the viewer acts now.")
class DelegationAcceptPayload:
    """The delegation."""

    delegation: DelegationType = strawberry.field(description="Accepted delegation.")


@strawberry.type(description="Declined delegation.")
class DelegationDeclinePayload:
    """The delegation that was declined."""

    delegation_id: strawberry.ID = strawberry.field(description="Id of the declined delegation.")


@strawberry.type(description="Delegation as it is after the change.")
class DelegationUpdatePayload:
    """The delegation."""

    delegation: DelegationType = strawberry.field(description="Changed delegation.")


@strawberry.type(description="Ended delegation.")
class DelegationEndPayload:
    """The delegation that was ended."""

    delegation_id: strawberry.ID = strawberry.field(description="Id of the ended delegation.")


DelegationInviteResult = Annotated[
    DelegationInvitePayload
    | InvalidInputError
    | NotFoundError
    | NotAllowedError
    | ConflictError
    | FreshSignInNeededError
    | NotEntitledError
    | RateLimitedError
    | TryAgainError,
    strawberry.union("DelegationInviteResult", description="New delegation, or why there is none."),
]
DelegationAcceptResult = Annotated[
    DelegationAcceptPayload
    | NotFoundError
    | NotAllowedError
    | ConflictError
    | AddressUnprovedError
    | NotEntitledError,
    strawberry.union("DelegationAcceptResult", description="Accepted delegation, or why it is not."),
]
DelegationDeclineResult = Annotated[
    DelegationDeclinePayload | NotFoundError | NotAllowedError | ConflictError,
    strawberry.union("DelegationDeclineResult", description="Declined delegation, or why it is not."),
]
DelegationUpdateResult = Annotated[
    DelegationUpdatePayload | InvalidInputError | NotFoundError | NotAllowedError | FreshSignInNeededError,
    strawberry.union("DelegationUpdateResult", description="Changed delegation, or why it is as it was."),
]
DelegationEndResult = Annotated[
    DelegationEndPayload | NotFoundError | NotAllowedError,
    strawberry.union("DelegationEndResult", description="Ended delegation, or why it goes on."),
]

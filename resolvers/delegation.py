"""Delegation over GraphQL: see who acts for whom, let somebody act, answer, change and end it."""

from dataclasses import replace
from typing import Annotated

import strawberry
from strawberry import UNSET

from domain.delegation import DelegationTerms
from domain.ids import DelegationId, UserId
from domain.users import DelegationScope
from resolvers.context import Given, Info
from resolvers.users import said
from schema.cost import paged
from schema.delegation import (
    DelegationAcceptInput,
    DelegationAcceptPayload,
    DelegationAcceptResult,
    DelegationDeclineInput,
    DelegationDeclinePayload,
    DelegationDeclineResult,
    DelegationEndInput,
    DelegationEndPayload,
    DelegationEndResult,
    DelegationInviteInput,
    DelegationInvitePayload,
    DelegationInviteResult,
    DelegationScopeType,
    DelegationSideType,
    DelegationType,
    DelegationUpdateInput,
    DelegationUpdatePayload,
    DelegationUpdateResult,
)
from schema.nodes import id_of
from schema.pagination import After, Before, Connection, First, Last, connection, paging_of
from services.delegation import InviteDelegate, Side


@strawberry.type
class DelegationQuery:
    """Questions about delegations."""

    @strawberry.field(
        description="Delegations that the viewer has given or received, oldest first; none that has ended.",
        directives=[paged()],
    )
    async def delegations(
        self,
        info: Info,
        side: Annotated[DelegationSideType, strawberry.argument(description="Which of the two.")],
        first: First = UNSET,
        after: After = UNSET,
        last: Last = UNSET,
        before: Before = UNSET,
    ) -> Connection[DelegationType]:
        """List one side's."""
        part = await info.context.services.delegation.listed(
            info.context.viewer, Side(side.value), paging_of(first, after, last, before)
        )
        return connection(part, DelegationType.of)


@strawberry.type
class DelegationMutation:
    """What can be done with delegations."""

    @strawberry.mutation(
        description="Ask a colleague to act for the viewer, who has signed in within the last ten minutes; "
        "they may from the moment they accept."
    )
    async def delegation_invite(
        self, info: Info, input: Given[DelegationInviteInput]
    ) -> DelegationInviteResult:
        """Offer it."""
        member, principal = said(input.member_id), said(input.principal_id)
        delegation = await info.context.services.delegation.invite(
            info.context.viewer,
            InviteDelegate(
                DelegationTerms(_scopes(input.scopes), said(input.ends_at), input.is_copied),
                None if member is None else UserId(id_of("User", member, "memberId")),
                said(input.email),
                None if principal is None else UserId(id_of("User", principal, "principalId")),
            ),
        )
        return DelegationInvitePayload(delegation=DelegationType.of(delegation))

    @strawberry.mutation(
        description="Accept to act for a colleague who has asked the viewer's own, proved address."
    )
    async def delegation_accept(
        self, info: Info, input: Given[DelegationAcceptInput]
    ) -> DelegationAcceptResult:
        """Accept it."""
        accepted = await info.context.services.delegation.accept(info.context.viewer, _id(input.id))
        return DelegationAcceptPayload(delegation=DelegationType.of(accepted))

    @strawberry.mutation(description="Decline to act for a colleague who has asked.")
    async def delegation_decline(
        self, info: Info, input: Given[DelegationDeclineInput]
    ) -> DelegationDeclineResult:
        """Decline it."""
        await info.context.services.delegation.decline(info.context.viewer, _id(input.id))
        return DelegationDeclinePayload(delegation_id=input.id)

    @strawberry.mutation(
        description="Change what a delegate of the viewer's may do; what is taken from them ends at once."
    )
    async def delegation_update(
        self, info: Info, input: Given[DelegationUpdateInput]
    ) -> DelegationUpdateResult:
        """Change it."""

        def change(terms: DelegationTerms) -> DelegationTerms:
            scopes, is_copied = said(input.scopes), said(input.is_copied)
            return replace(
                terms,
                scopes=terms.scopes if scopes is None else _scopes(scopes),
                ends_at=terms.ends_at if input.ends_at is UNSET else input.ends_at,
                is_copied=terms.is_copied if is_copied is None else is_copied,
            )

        changed = await info.context.services.delegation.update(info.context.viewer, _id(input.id), change)
        return DelegationUpdatePayload(delegation=DelegationType.of(changed))

    @strawberry.mutation(description="End a delegation at once, as the principal or as the delegate.")
    async def delegation_end(self, info: Info, input: Given[DelegationEndInput]) -> DelegationEndResult:
        """End it."""
        await info.context.services.delegation.end(info.context.viewer, _id(input.id))
        return DelegationEndPayload(delegation_id=input.id)


def _id(global_id: str) -> DelegationId:
    return DelegationId(id_of("Delegation", global_id, "id"))


def _scopes(given: list[DelegationScopeType]) -> frozenset[DelegationScope]:
    return frozenset(DelegationScope(scope.value) for scope in given)

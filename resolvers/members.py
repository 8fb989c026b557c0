"""Members and invitations over GraphQL, and going over to another account."""

import strawberry

from domain.ids import InvitationId, UserId
from domain.members import AddressUnproved, InvitationUnknown
from domain.users import Role
from resolvers.answers import answer
from resolvers.context import Given, Info
from resolvers.users import said
from schema.members import (
    AccountSwitchInput,
    AccountSwitchPayload,
    AccountSwitchResult,
    AddressUnprovedError,
    InvitationAcceptInput,
    InvitationAcceptPayload,
    InvitationAcceptResult,
    InvitationResendInput,
    InvitationResendPayload,
    InvitationResendResult,
    InvitationRevokeInput,
    InvitationRevokePayload,
    InvitationRevokeResult,
    InvitationType,
    InvitationUnknownError,
    MemberInviteInput,
    MemberInvitePayload,
    MemberInviteResult,
    MemberRemoveInput,
    MemberRemovePayload,
    MemberRemoveResult,
    MemberRoleChangeInput,
    MemberRoleChangePayload,
    MemberRoleChangeResult,
    OwnershipTransferInput,
    OwnershipTransferPayload,
    OwnershipTransferResult,
)
from schema.nodes import id_of
from schema.users import UserType

ANSWERS = (
    answer(InvitationUnknown, InvitationUnknownError),
    answer(AddressUnproved, AddressUnprovedError),
)


@strawberry.type
class MembersMutation:
    """Who is in an organization, and as what."""

    @strawberry.mutation(description="Invite an address by mail; for owner and administrators.")
    async def member_invite(self, info: Info, input: Given[MemberInviteInput]) -> MemberInviteResult:
        """Send an invitation."""
        invitation = await info.context.services.invitations.invite(
            info.context.viewer, input.email, Role(input.role.value), said(input.locale)
        )
        return MemberInvitePayload(invitation=InvitationType.of(invitation))

    @strawberry.mutation(description="Send an invitation anew; the link that was sent before ends.")
    async def invitation_resend(
        self, info: Info, input: Given[InvitationResendInput]
    ) -> InvitationResendResult:
        """Send it again."""
        invitation_id = InvitationId(id_of("Invitation", input.id, "id"))
        sent = await info.context.services.invitations.resend(info.context.viewer, invitation_id)
        return InvitationResendPayload(invitation=InvitationType.of(sent))

    @strawberry.mutation(description="End an invitation: its link opens nothing any more.")
    async def invitation_revoke(
        self, info: Info, input: Given[InvitationRevokeInput]
    ) -> InvitationRevokeResult:
        """End it."""
        invitation_id = InvitationId(id_of("Invitation", input.id, "id"))
        await info.context.services.invitations.revoke(info.context.viewer, invitation_id)
        return InvitationRevokePayload(invitation_id=input.id)

    @strawberry.mutation(
        description="Join another organization by its invitation to the viewer's own, proved address; "
        "who has no account yet signs up with the link's secret instead."
    )
    async def invitation_accept(
        self, info: Info, input: Given[InvitationAcceptInput]
    ) -> InvitationAcceptResult:
        """Accept it."""
        opened = await info.context.services.invitations.accept(info.context.viewer, input.token)
        return InvitationAcceptPayload.of(opened.user, opened.session, opened.token)

    @strawberry.mutation(description="Give a member below the viewer another role below the viewer's.")
    async def member_role_change(
        self, info: Info, input: Given[MemberRoleChangeInput]
    ) -> MemberRoleChangeResult:
        """Change a role."""
        user_id = UserId(id_of("User", input.id, "id"))
        member = await info.context.services.members.change_role(
            info.context.viewer, user_id, Role(input.role.value)
        )
        return MemberRoleChangePayload(member=UserType.of(member))

    @strawberry.mutation(
        description="Remove a member below the viewer, or leave; what they may do ends at once, their "
        "pages are inactive, their bookings live on."
    )
    async def member_remove(self, info: Info, input: Given[MemberRemoveInput]) -> MemberRemoveResult:
        """Remove a member."""
        user_id = UserId(id_of("User", input.id, "id"))
        await info.context.services.members.remove(info.context.viewer, user_id)
        return MemberRemovePayload(member_id=input.id)

    @strawberry.mutation(
        description="Make another member the owner; the viewer, who has signed in within the last ten "
        "minutes, is an administrator then."
    )
    async def ownership_transfer(
        self, info: Info, input: Given[OwnershipTransferInput]
    ) -> OwnershipTransferResult:
        """Hand the ownership over."""
        user_id = UserId(id_of("User", input.id, "id"))
        owner = await info.context.services.members.transfer_ownership(info.context.viewer, user_id)
        return OwnershipTransferPayload(owner=UserType.of(owner))

    @strawberry.mutation(
        description="Open a session for another account of the address that the viewer has proved by a "
        "mailed code; it is no fresher than this one."
    )
    async def account_switch(self, info: Info, input: Given[AccountSwitchInput]) -> AccountSwitchResult:
        """Go over to another account."""
        user_id = UserId(id_of("User", input.account_id, "accountId"))
        opened = await info.context.services.accounts.switch(info.context.viewer, user_id)
        return AccountSwitchPayload.of(opened.user, opened.session, opened.token)

"""Members and invitations: who is in an organization, who is to be, and going over to another account."""

from datetime import datetime
from typing import Annotated, Self

import strawberry

from domain.identity import Session
from domain.ids import UserId
from domain.members import Invitation
from domain.users import User
from schema.account import FreshSignInNeededError
from schema.context import Info
from schema.errors import (
    ConflictError,
    ErrorType,
    InvalidInputError,
    NotAllowedError,
    NotFoundError,
    RateLimitedError,
    TryAgainError,
    WrongRegionError,
)
from schema.nodes import NodeType, global_id
from schema.scalars import EmailAddress
from schema.users import RoleType, UserType


@strawberry.type(description="Invitation that opens nothing for this person, for whatever reason.")
class InvitationUnknownError(ErrorType):
    """Twin of domain.members.InvitationUnknown."""


@strawberry.type(description="Session that was opened without a proof of the user's address.")
class AddressUnprovedError(ErrorType):
    """Twin of domain.members.AddressUnproved."""


@strawberry.type(name="Invitation", description="Offer to an address to become a member.")
class InvitationType(NodeType):
    """Twin of domain.members.Invitation, for those who manage the organization."""

    inviter_id: strawberry.Private[UserId]
    email: EmailAddress = strawberry.field(description="Address that was invited.")
    role: RoleType = strawberry.field(description="What the person would be in the organization.")
    created_at: datetime = strawberry.field(description="Instant of the invitation.")
    expires_at: datetime = strawberry.field(description="Instant until which its link works.")

    @strawberry.field(description="Who has invited; null for nobody who can be shown.")
    async def invited_by(self, info: Info) -> UserType | None:
        """Show who has sent it."""
        user = await info.context.loaders.users.load(self.inviter_id)
        return UserType.of(user) if user else None

    @classmethod
    def of(cls, invitation: Invitation) -> Self:
        """Shape an invitation."""
        return cls(
            id=global_id("Invitation", invitation.id),
            inviter_id=invitation.invited_by,
            email=EmailAddress(invitation.email),
            role=RoleType(invitation.role.value),
            created_at=invitation.created_at,
            expires_at=invitation.expires_at,
        )


@strawberry.input(description="Address to invite.")
class MemberInviteInput:
    """Whom to invite, as what."""

    email: EmailAddress = strawberry.field(description="Address to which the invitation is mailed.")
    role: RoleType = strawberry.field(description="What the person is to be; below what the viewer is.")
    locale: str | None = strawberry.field(
        default=strawberry.UNSET, description="Language of the mail, like `ja`; the viewer's if unsaid."
    )


@strawberry.input(description="Invitation to send anew.")
class InvitationResendInput:
    """An invitation."""

    id: strawberry.ID = strawberry.field(description="Id of the invitation.")


@strawberry.input(description="Invitation to end.")
class InvitationRevokeInput:
    """An invitation."""

    id: strawberry.ID = strawberry.field(description="Id of the invitation.")


@strawberry.input(description="Invitation that the viewer accepts.")
class InvitationAcceptInput:
    """The secret of a link."""

    token: str = strawberry.field(description="Secret of the mailed link.")


@strawberry.input(description="Another role for a member.")
class MemberRoleChangeInput:
    """Who is to be what."""

    id: strawberry.ID = strawberry.field(description="Id of the user.")
    role: RoleType = strawberry.field(description="What they are to be; below what the viewer is.")


@strawberry.input(description="Member to remove, or the viewer themselves.")
class MemberRemoveInput:
    """A member."""

    id: strawberry.ID = strawberry.field(description="Id of the user.")


@strawberry.input(description="Member who is to own the organization.")
class OwnershipTransferInput:
    """A member."""

    id: strawberry.ID = strawberry.field(description="Id of the user.")


@strawberry.input(description="Account to go over to.")
class AccountSwitchInput:
    """Another account of the same address."""

    account_id: strawberry.ID = strawberry.field(description="`accountId` of one of `viewer.accounts`.")


@strawberry.type(description="New invitation; its mail is on its way.")
class MemberInvitePayload:
    """The invitation."""

    invitation: InvitationType = strawberry.field(description="New invitation.")


@strawberry.type(description="Invitation as it is now; another mail is on its way.")
class InvitationResendPayload:
    """The invitation."""

    invitation: InvitationType = strawberry.field(description="Invitation with a new link.")


@strawberry.type(description="Ended invitation.")
class InvitationRevokePayload:
    """The invitation that was ended."""

    invitation_id: strawberry.ID = strawberry.field(description="Id of the ended invitation.")


@strawberry.type(description="New account of the viewer's address, and a session for it.")
class InvitationAcceptPayload:
    """A session and its token."""

    user: UserType = strawberry.field(description="New account.")
    session_token: str = strawberry.field(
        description="Secret of the session, for the header `Authorization: Bearer`; shown this once."
    )
    expires_at: datetime = strawberry.field(description="Instant at which the session ends in any case.")

    @classmethod
    def of(cls, user: User, session: Session, token: str) -> Self:
        """Shape a new session."""
        return cls(user=UserType.of(user, is_own=True), session_token=token, expires_at=session.expires_at)


@strawberry.type(description="Session for another account; the one that asked goes on.")
class AccountSwitchPayload:
    """A session and its token."""

    user: UserType = strawberry.field(description="Account that the session is for.")
    session_token: str = strawberry.field(
        description="Secret of the session, for the header `Authorization: Bearer`; shown this once."
    )
    expires_at: datetime = strawberry.field(description="Instant at which the session ends in any case.")

    @classmethod
    def of(cls, user: User, session: Session, token: str) -> Self:
        """Shape a new session."""
        return cls(user=UserType.of(user, is_own=True), session_token=token, expires_at=session.expires_at)


@strawberry.type(description="Member as they are after the change.")
class MemberRoleChangePayload:
    """The changed member."""

    member: UserType = strawberry.field(description="Changed member.")


@strawberry.type(description="Removed member.")
class MemberRemovePayload:
    """Who was removed."""

    member_id: strawberry.ID = strawberry.field(description="Id of the user.")


@strawberry.type(description="Owner of the organization after the change.")
class OwnershipTransferPayload:
    """The new owner."""

    owner: UserType = strawberry.field(description="New owner.")


MemberInviteResult = Annotated[
    MemberInvitePayload
    | InvalidInputError
    | NotAllowedError
    | ConflictError
    | RateLimitedError
    | TryAgainError,
    strawberry.union("MemberInviteResult", description="New invitation, or why there is none."),
]
InvitationResendResult = Annotated[
    InvitationResendPayload | NotFoundError | NotAllowedError | RateLimitedError | TryAgainError,
    strawberry.union("InvitationResendResult", description="Invitation, or why it was not sent."),
]
InvitationRevokeResult = Annotated[
    InvitationRevokePayload | NotFoundError | NotAllowedError,
    strawberry.union("InvitationRevokeResult", description="Ended invitation, or why it goes on."),
]
InvitationAcceptResult = Annotated[
    InvitationAcceptPayload
    | InvitationUnknownError
    | AddressUnprovedError
    | NotAllowedError
    | WrongRegionError
    | ConflictError
    | RateLimitedError
    | TryAgainError,
    strawberry.union("InvitationAcceptResult", description="New account, or why there is none."),
]
MemberRoleChangeResult = Annotated[
    MemberRoleChangePayload | InvalidInputError | NotFoundError | NotAllowedError,
    strawberry.union("MemberRoleChangeResult", description="Changed member, or why nothing was changed."),
]
MemberRemoveResult = Annotated[
    MemberRemovePayload | NotFoundError | NotAllowedError,
    strawberry.union("MemberRemoveResult", description="Removed member, or why they are still there."),
]
OwnershipTransferResult = Annotated[
    OwnershipTransferPayload | FreshSignInNeededError | NotFoundError | NotAllowedError,
    strawberry.union("OwnershipTransferResult", description="New owner, or why there is none."),
]
AccountSwitchResult = Annotated[
    AccountSwitchPayload | AddressUnprovedError | NotFoundError | NotAllowedError | WrongRegionError,
    strawberry.union("AccountSwitchResult", description="New session, or why there is none."),
]

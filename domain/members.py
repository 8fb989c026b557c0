"""Members of an organization, invitations to become one, and the accounts of one address."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.errors import Conflict, InvalidInput, RuleBroken
from domain.ids import InvitationId, OrganizationId, UserId
from domain.users import Role, User

INVITATION_LIFE = timedelta(days=7)
MAX_OPEN_INVITATIONS = 500


class InvitationUnknown(RuleBroken):
    """An invitation that opens nothing for this person.

    Unknown, for another address, too old, used, revoked, or sent anew since: the answer is the same.
    """

    code = "INVITATION_UNKNOWN"
    sentence = "This invitation is not valid, or not for your address. Ask for a new one."


class AddressUnproved(RuleBroken):
    """A step for which a session does not do that was opened without a proof of its user's address."""

    code = "ADDRESS_UNPROVED"
    sentence = "Sign in by a code mailed to your address first."


class AlreadyMember(Conflict):
    """An address that a member of the organization has already."""

    sentence = "This person is a member of the organization already."


@dataclass(frozen=True, slots=True)
class Invitation:
    """An offer to an address to become a member. `version` grows each time it is sent anew."""

    id: InvitationId
    organization_id: OrganizationId
    email: str
    role: Role
    locale: str
    invited_by: UserId
    version: int
    created_at: datetime
    expires_at: datetime

    def is_open(self, now: datetime) -> bool:
        """Say whether it can still be accepted, if nobody has ended it."""
        return now < self.expires_at


@dataclass(frozen=True, slots=True)
class MailedInvitation:
    """An invitation on its way to a mailbox: who invites to what, and the secret of its link."""

    invitation: Invitation
    organization_name: str
    inviter_name: str
    token: str

    def __repr__(self) -> str:
        return f"MailedInvitation({self.invitation.id})"


@dataclass(frozen=True, slots=True)
class AccountOf:
    """One account of an address: a user, and the name of the organization it is of."""

    user: User
    organization_name: str


def offered_role(role: Role, *path: str) -> Role:
    """Check a role that is given to somebody; ownership is handed over, not given away."""
    if role is Role.OWNER:
        raise InvalidInput("An organization has one owner, who can hand the ownership over.", *path)
    return role

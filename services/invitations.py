"""Use cases of invitations: send one, send it anew, revoke it, list them, accept one.

What an invitation opens is known only to who has its mail, and only for the address it went to. Nothing here
says whether an address has an account elsewhere (case 169).
"""

from collections.abc import Callable
from dataclasses import replace

from domain.addresses import canonical, email_address
from domain.audit import Act
from domain.effects import Effect, EffectKind
from domain.errors import InvalidInput, NotFound
from domain.identity import SignUp, checked_locale
from domain.ids import InvitationId, OrganizationId
from domain.members import (
    INVITATION_LIFE,
    MAX_OPEN_INVITATIONS,
    AddressUnproved,
    AlreadyMember,
    Invitation,
    MailedInvitation,
    offered_role,
)
from domain.organizations import Regions
from domain.paging import Paging, Part
from domain.policy import Action, Seat, Tenant
from domain.tokens import TokenKind, token, token_hash
from domain.users import Role, Viewer, in_person
from services.access import asker_for, deed, present, require, session_of
from services.organizations import Founding
from services.sign_in import EVERYWHERE, OpenedSession, account_to_open, open_session
from storage.base import new_id
from storage.limits import Budget, Limits, Take, WhenAway
from storage.unit import Unit, Units
from storage.vault import Vault

_HOUR_S = 60 * 60
_DAY_S = 24 * _HOUR_S

# Mails to strangers in our name (case 153): to one address, of one organization, of the installation.
INVITES_PER_ADDRESS = Budget("invite-address", 5, _DAY_S, WhenAway.CLOSED)
INVITES_PER_ORGANIZATION = Budget("invite-organization", 200, _DAY_S, WhenAway.CLOSED)
INVITES_IN_ALL = Budget("invite-all", 2_000, _HOUR_S, WhenAway.CLOSED)
ACCEPTS_PER_USER = Budget("invite-accept", 60, _HOUR_S, WhenAway.CLOSED)


class Invitations:
    """What can be done with invitations."""

    def __init__(
        self,
        units: Units,
        limits: Limits,
        vault: Vault,
        random_bytes: Callable[[int], bytes],
        founding: Founding,
        regions: Regions = EVERYWHERE,
    ) -> None:
        self._units = units
        self._limits = limits
        self._vault = vault
        self._random_bytes = random_bytes
        self._founding = founding
        self._regions = regions

    async def listed(
        self, viewer: Viewer, organization_id: OrganizationId, paging: Paging
    ) -> Part[Invitation]:
        """List what is not accepted nor revoked, oldest first; NotAllowed for who is only a member."""
        asker = asker_for(viewer, Action.INVITATIONS_SEE)
        require(asker.user, Action.INVITATIONS_SEE, Tenant(organization_id))
        async with self._units.read() as unit:
            return await unit.invitations.of_organization(organization_id, paging)

    async def by_id(self, viewer: Viewer, invitation_id: InvitationId) -> Invitation:
        """Give an invitation of the viewer's organization; NotFound, NotAllowed."""
        asker = asker_for(viewer, Action.INVITATIONS_SEE)
        require(asker.user, Action.INVITATIONS_SEE, Tenant(asker.organization_id))
        async with self._units.read() as unit:
            found = await unit.invitations.by_id(asker.organization_id, invitation_id)
        if found is None:
            raise NotFound("id")
        return found

    async def invite(self, viewer: Viewer, email: str, role: Role, locale: str | None) -> Invitation:
        """Invite an address to a role below the asker's; what was sent to it before ends.

        Raises InvalidInput, NotAllowed, AlreadyMember, TooMany, TryAgain.
        """
        asker = asker_for(viewer, Action.MEMBER_INVITE)
        address = canonical(email_address(email, "email"))
        wanted = offered_role(role, "role")
        language = checked_locale(locale or asker.user.locale, "locale")
        seat = Seat(asker.organization_id, frozenset({wanted}))
        require(asker.user, Action.MEMBER_INVITE, seat)
        await self._take(asker.organization_id, address)
        async with self._units.begin() as unit:
            await unit.organizations.lock(asker.organization_id)
            require(await present(unit, asker), Action.MEMBER_INVITE, seat)
            accounts = await unit.users.accounts(address)
            if any(account.organization_id == asker.organization_id for account in accounts):
                raise AlreadyMember("email")
            await unit.invitations.revoke_to(asker.organization_id, address)
            if await unit.invitations.count(asker.organization_id) >= MAX_OPEN_INVITATIONS:
                raise InvalidInput("Too many invitations are open. Revoke some first.")
            invitation = Invitation(
                id=InvitationId(new_id()),
                organization_id=asker.organization_id,
                email=address,
                role=wanted,
                locale=language,
                invited_by=asker.user_id,
                version=1,
                created_at=unit.now,
                expires_at=unit.now + INVITATION_LIFE,
            )
            await unit.invitations.add(invitation, token_hash(self._token(invitation)))
            unit.follow([_mail(unit, invitation)])
            unit.note(deed(asker, Act.MEMBER_INVITED, invitation.id, wanted))
        return invitation

    async def resend(self, viewer: Viewer, invitation_id: InvitationId) -> Invitation:
        """Send an invitation anew, for seven days from now; the link that was sent before ends.

        Raises NotFound, NotAllowed, TooMany, TryAgain.
        """
        asker = asker_for(viewer, Action.MEMBER_INVITE)
        seen = await self.by_id(viewer, invitation_id)
        require(asker.user, Action.MEMBER_INVITE, _seat(seen))
        await self._take(asker.organization_id, seen.email)
        async with self._units.begin() as unit:
            actor = await present(unit, asker)
            found = await _locked(unit, asker.organization_id, invitation_id)
            require(actor, Action.MEMBER_INVITE, _seat(found))
            renewed = replace(found, version=found.version + 1, expires_at=unit.now + INVITATION_LIFE)
            await unit.invitations.renew(renewed, token_hash(self._token(renewed)))
            unit.follow([_mail(unit, renewed)])
            unit.note(deed(asker, Act.INVITATION_RESENT, renewed.id))
        return renewed

    async def revoke(self, viewer: Viewer, invitation_id: InvitationId) -> InvitationId:
        """End an invitation: its link opens nothing any more. NotFound, NotAllowed."""
        asker = asker_for(viewer, Action.MEMBER_INVITE)
        async with self._units.begin() as unit:
            actor = await present(unit, asker)
            require(actor, Action.INVITATIONS_SEE, Tenant(asker.organization_id))
            found = await _locked(unit, asker.organization_id, invitation_id)
            require(actor, Action.MEMBER_INVITE, _seat(found))
            await unit.invitations.revoke(asker.organization_id, found.id)
            unit.note(deed(asker, Act.INVITATION_REVOKED, found.id))
        return invitation_id

    async def accept(self, viewer: Viewer, link: str) -> OpenedSession:
        """Let somebody who has an account already join with another one, and open a session for that.

        They have to have proved the very address that was invited, by the session that asks: else
        AddressUnproved, whatever the link is. InvitationUnknown, TooMany, TryAgain. Who has no account
        yet accepts by signing up (`Founding.arrive`).
        """
        asker = in_person(viewer)
        await self._limits.take(ACCEPTS_PER_USER, str(asker.user_id))
        user = asker.user
        async with self._units.begin() as unit:
            session = await session_of(unit, asker)
            if session.proof is None:
                raise AddressUnproved
            await unit.users.lock_address(user.email)
            wanted = SignUp(user.name, None, user.zone, invitation=link)
            joined = await self._founding.join(unit, user.email, user.locale, wanted)
            opened = await account_to_open(unit, [joined], self._regions)
            return await open_session(unit, opened, self._random_bytes, session.proof, like=session)

    async def to_mail(
        self, organization_id: OrganizationId, invitation_id: InvitationId, version: int
    ) -> MailedInvitation | None:
        """Say what is to be mailed; None where it was ended, sent anew, or is too old.

        What is mailed works, also where the link key has changed since it was written.
        """
        async with self._units.begin() as unit:
            found = await unit.invitations.by_id(organization_id, invitation_id, locks=True)
            organization = await unit.organizations.by_id(organization_id)
            if found is None or organization is None:
                return None
            if found.version != version or not found.is_open(unit.now):
                return None
            inviter = await unit.users.by_id(organization_id, found.invited_by)
            link = self._token(found)
            await unit.invitations.renew(found, token_hash(link))
        return MailedInvitation(found, organization.name, inviter.name if inviter else "", link)

    async def _take(self, organization_id: OrganizationId, address: str) -> None:
        # By organization too: else one could learn here that somebody else has invited an address.
        await self._limits.take_all(
            Take(INVITES_PER_ADDRESS, (str(organization_id), address)),
            Take(INVITES_PER_ORGANIZATION, (str(organization_id),)),
            Take(INVITES_IN_ALL, ()),
        )

    def _token(self, invitation: Invitation) -> str:
        """Make the secret of a link: the same one for the same sending, stored nowhere (ADR-0009)."""
        secret = self._vault.token_bytes("invitation", str(invitation.id), str(invitation.version))
        return token(TokenKind.INVITATION, secret)


def _mail(unit: Unit, invitation: Invitation) -> Effect:
    return Effect(
        EffectKind.INVITE,
        invitation.organization_id,
        invitation.id,
        invitation.version,
        invitation.id,
        unit.now,
    )


def _seat(invitation: Invitation) -> Seat:
    return Seat(invitation.organization_id, frozenset({invitation.role}))


async def _locked(unit: Unit, organization_id: OrganizationId, invitation_id: InvitationId) -> Invitation:
    found = await unit.invitations.by_id(organization_id, invitation_id, locks=True)
    if found is None:
        raise NotFound("id")
    return found

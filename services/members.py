"""Use cases of who is in an organization: list them, change a role, remove somebody, hand it over."""

from domain.audit import Act
from domain.effects import Effect, EffectKind
from domain.errors import NotFound
from domain.events import EventKind, Happened
from domain.ids import OrganizationId, UserId
from domain.members import offered_role
from domain.paging import Paging, Part
from domain.policy import Action, Seat, Tenant
from domain.users import Role, SignedIn, User, Viewer
from services.absences import end_stand_ins
from services.access import asker_for, deed, fresh_session_of, present, require
from services.submissions import leave_routing
from storage.unit import Unit, Units


class Members:
    """What can be done with members. Who is there, and as what, changes under the organization's lock."""

    def __init__(self, units: Units) -> None:
        self._units = units

    async def listed(self, viewer: Viewer, organization_id: OrganizationId, paging: Paging) -> Part[User]:
        """List an organization's members to its members, those first who came first."""
        asker = asker_for(viewer, Action.ORGANIZATION_SEE)
        require(asker.user, Action.ORGANIZATION_SEE, Tenant(organization_id))
        async with self._units.read() as unit:
            return await unit.users.members(organization_id, paging)

    async def change_role(self, viewer: Viewer, user_id: UserId, role: Role) -> User:
        """Give somebody below the asker another role, which is below the asker's too.

        Raises NotFound, NotAllowed, InvalidInput.
        """
        asker = asker_for(viewer, Action.MEMBER_ROLE_CHANGE)
        wanted = offered_role(role, "role")
        async with self._units.begin() as unit:
            actor, member = await _both(unit, asker, user_id)
            seat = Seat(member.organization_id, frozenset({member.role, wanted}), member.id)
            require(actor, Action.MEMBER_ROLE_CHANGE, seat)
            if wanted is not member.role:
                await unit.users.set_role(member, wanted)
                unit.record(_role_changed(member))
                unit.note(deed(asker, Act.MEMBER_ROLE_CHANGED, member.id, wanted))
            return await _again(unit, member)

    async def remove(self, viewer: Viewer, user_id: UserId) -> UserId:
        """Remove somebody below the asker, or the asker themselves; the owner stays. NotFound, NotAllowed.

        Their sessions, keys, linked accounts, delegations and standing in on either side, and the invitations
        that they sent, end with this; their pages are inactive, and other pages and teams go on without them.
        Their connections are ended by an effect, as if by themselves. Bookings live on.
        """
        asker = asker_for(viewer, Action.MEMBER_REMOVE)
        async with self._units.begin() as unit:
            actor, member = await _both(unit, asker, user_id)
            place = Seat(member.organization_id, frozenset({member.role}), member.id)
            require(actor, Action.MEMBER_REMOVE, place)
            await _take_out(unit, member)
            unit.note(deed(asker, Act.MEMBER_REMOVED, member.id))
        return user_id

    async def transfer_ownership(self, viewer: Viewer, user_id: UserId) -> User:
        """Make another member the owner, and the asker an administrator; after a sign-in of ten minutes.

        Raises FreshSignInNeeded, NotFound, NotAllowed.
        """
        asker = asker_for(viewer, Action.OWNERSHIP_TRANSFER)
        async with self._units.begin() as unit:
            actor, member = await _both(unit, asker, user_id)
            place = Seat(member.organization_id, frozenset({member.role}), member.id)
            require(actor, Action.OWNERSHIP_TRANSFER, place)
            await fresh_session_of(unit, asker)
            if member.is_disabled:
                raise NotFound("id")
            await unit.users.set_role(actor, Role.ADMINISTRATOR)
            await unit.users.set_role(member, Role.OWNER)
            unit.record(_role_changed(actor, member))
            unit.note(deed(asker, Act.OWNERSHIP_TRANSFERRED, member.id))
            return await _again(unit, member)


async def _both(unit: Unit, asker: SignedIn, user_id: UserId) -> tuple[User, User]:
    """Give the asker and a member as they are now, and let nobody else change who is what meanwhile."""
    await unit.organizations.lock(asker.organization_id)
    actor = await present(unit, asker)
    member = await unit.users.lock(asker.organization_id, user_id)
    if member is None or member.left_at is not None:
        raise NotFound("id")
    return actor, member


def _role_changed(*whose: User) -> Happened:
    return Happened(EventKind.ROLE_CHANGED, whose[0].organization_id, tuple(user.id for user in whose))


async def _again(unit: Unit, member: User) -> User:
    return await unit.users.by_id(member.organization_id, member.id) or member


async def _take_out(unit: Unit, member: User) -> None:
    organization_id = member.organization_id
    await unit.users.sessions.end_all(member.id)
    await unit.users.api_keys.end_all(member.id)
    await unit.users.identities.end_all(organization_id, member.id)
    await unit.invitations.revoke_by(organization_id, member.id)
    delegates = await unit.delegations.end_of(member)
    await end_stand_ins(unit, organization_id, member.id)
    await unit.teams.remove_user(organization_id, member.id)
    await leave_routing(unit, organization_id, member.id)
    for page_id in await unit.users.leave(member):
        changed = Happened(EventKind.PAGE_CHANGED, organization_id, hosts=(member.id,), page_id=page_id)
        unit.record(changed)
    unit.record(
        Happened(EventKind.ACCESS_ENDED, organization_id, hosts=tuple({member.id, *delegates})),
        [Effect(EffectKind.END_CONNECTIONS, organization_id, member.id, 0, member.id, unit.now)],
    )

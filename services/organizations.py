"""Use cases of organizations: found one with its first user, join one by invitation, change it."""

from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

from domain.audit import Act, Deed
from domain.availability import Hours, Schedule, WeeklyWindow
from domain.identity import HandleTaken, SignUp, handle_from
from domain.ids import OrganizationId, ScheduleId, UserId
from domain.members import InvitationUnknown
from domain.organizations import AddOn, Organization, Plan, Regions, organization_name
from domain.policy import Action, Tenant
from domain.tokens import TokenKind, token_hash, token_kind
from domain.users import Role, User, Viewer
from services.access import asker_for, deed, present, require
from storage.base import new_id
from storage.unit import Unit, Units

DEFAULT_PLAN = Plan.BUSINESS
EVERYWHERE = Regions()
_OPENS = 9 * 60
_CLOSES = 17 * 60
_WORKDAYS = range(5)
_TRIES = 3
_CHANCE_BYTES = 5


class Organizations:
    """What can be done with an organization."""

    def __init__(self, units: Units) -> None:
        self._units = units

    async def update(
        self, viewer: Viewer, name: str | None, administrators_may_delegate: bool | None = None
    ) -> Organization:
        """Change the viewer's organization, its owner's right alone; None leaves a thing as it is."""
        asker = asker_for(viewer, Action.ORGANIZATION_RENAME)
        changed = None if name is None else organization_name(name, "name")
        async with self._units.begin() as unit:
            actor = await present(unit, asker)
            require(actor, Action.ORGANIZATION_RENAME, Tenant(asker.organization_id))
            if changed is not None:
                await unit.organizations.rename(asker.organization_id, changed)
                unit.note(deed(asker, Act.ORGANIZATION_RENAMED, asker.organization_id))
            if administrators_may_delegate is not None:
                may = administrators_may_delegate
                await unit.organizations.let_administrators_delegate(asker.organization_id, may=may)
                said = "allowed" if may else "refused"
                unit.note(deed(asker, Act.ORGANIZATION_DELEGATION_SET, asker.organization_id, said))
            organization = await unit.organizations.by_id(asker.organization_id)
        if organization is None:
            raise LookupError("a user without an organization")
        return organization

    async def change_plan(
        self, organization_id: OrganizationId, plan: Plan, add_ons: frozenset[AddOn]
    ) -> bool:
        """Store what an organization has subscribed to, as the operator says; False where there is none."""
        async with self._units.begin() as unit:
            if not await unit.organizations.change_plan(organization_id, plan, add_ons):
                return False
            detail = "+".join((plan, *sorted(add_ons)))
            unit.note(Deed(organization_id, Act.PLAN_CHANGED, organization_id, None, detail=detail))
        return True


class Founding:
    """How people become users, in a unit that somebody else opened: they found an organization, or join one.

    To be called under the lock of their address, which they have proved.
    """

    def __init__(
        self,
        region: str,
        random_bytes: Callable[[int], bytes],
        plan: Plan = DEFAULT_PLAN,
        regions: Regions = EVERYWHERE,
    ) -> None:
        self._region = region
        self._random_bytes = random_bytes
        self._plan = plan
        self._regions = regions

    async def arrive(self, unit: Unit, email: str, locale: str, wanted: SignUp) -> User:
        """Let somebody join who was invited, and else found an organization; raises as both of them."""
        act = self.found if wanted.invitation is None else self.join
        return await act(unit, email, locale, wanted)

    async def found(self, unit: Unit, email: str, locale: str, wanted: SignUp) -> User:
        """Found an organization of one owner with a default schedule, Monday to Friday, 9 to 17.

        HandleTaken where the wanted handle is somebody's. Without one, it is made of the name.
        RegionUnsupported where the wanted region is not served here.
        """
        region = self._regions.chosen(wanted.region, self._region, "signUp", "homeRegion")
        organization = Organization(
            OrganizationId(new_id()), wanted.organization_name or "", region, self._plan, unit.now
        )
        await unit.organizations.add(organization)
        owner = await self._add(unit, organization.id, email, locale, wanted, Role.OWNER)
        unit.note(_own_deed(owner, Act.ORGANIZATION_FOUNDED, organization.id))
        return owner

    async def join(self, unit: Unit, email: str, locale: str, wanted: SignUp) -> User:
        """Join the organization that invites an address, as a user of their own with a default schedule.

        InvitationUnknown whatever does not fit, HandleTaken as `found`. No user who is there is changed.
        WrongRegion where the organization is served elsewhere.
        """
        link = wanted.invitation or ""
        is_link = link.isascii() and token_kind(link) is TokenKind.INVITATION
        invitation = await unit.invitations.accept(token_hash(link), email) if is_link else None
        if invitation is None:
            raise InvitationUnknown
        organization_id = invitation.organization_id
        accounts = await unit.users.accounts(email)
        if any(account.organization_id == organization_id for account in accounts):
            raise InvitationUnknown
        home = await unit.organizations.by_id(organization_id)
        if home is None:
            raise InvitationUnknown
        self._regions.serve(home.region)
        member = await self._add(unit, organization_id, email, locale, wanted, invitation.role)
        unit.note(_own_deed(member, Act.MEMBER_JOINED, member.id, detail=invitation.id.hex))
        return member

    async def _add(
        self,
        unit: Unit,
        organization_id: OrganizationId,
        email: str,
        locale: str,
        wanted: SignUp,
        role: Role,
    ) -> User:
        draft = User(
            id=UserId(new_id()),
            organization_id=organization_id,
            email=email,
            name=wanted.name,
            handle="",
            zone=wanted.zone,
            locale=locale,
            role=role,
            shares_availability=True,
            is_disabled=False,
            created_at=unit.now,
        )
        for handle in self._handles(wanted):
            user = replace(draft, handle=handle)
            if await unit.users.add(user):
                await unit.schedules.add(organization_id, _first_schedule(user))
                return user
        raise HandleTaken("signUp", "handle")

    def _handles(self, wanted: SignUp) -> list[str]:
        if wanted.handle is not None:
            return [wanted.handle]
        stem = handle_from(wanted.name)
        chances = [self._random_bytes(_CHANCE_BYTES).hex() for _ in range(_TRIES)]
        return [*([stem] if stem else []), *(f"{stem or 'host'}-{chance}" for chance in chances)]


def _own_deed(user: User, act: Act, object_id: UUID, detail: str | None = None) -> Deed:
    return Deed(user.organization_id, act, object_id, user.id, user.id, detail=detail)


def _first_schedule(owner: User) -> Schedule:
    weekly = tuple(WeeklyWindow(weekday, _OPENS, _CLOSES) for weekday in _WORKDAYS)
    return Schedule(
        id=ScheduleId(new_id()),
        user_id=owner.id,
        name="Working hours",
        is_default=True,
        hours=Hours(owner.zone, weekly, ()),
        revision=1,
    )

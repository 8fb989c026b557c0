"""Use cases of organizations: found one with its first user, and change its name."""

from collections.abc import Callable
from dataclasses import replace

from domain.availability import Hours, Schedule, WeeklyWindow
from domain.identity import HandleTaken, SignUp, handle_from
from domain.ids import OrganizationId, ScheduleId, UserId
from domain.organizations import Organization, Plan, organization_name
from domain.policy import Action, Tenant
from domain.users import Role, User, Viewer
from services.access import asker_for, require
from storage.base import new_id
from storage.unit import Unit, Units

DEFAULT_PLAN = Plan.BUSINESS
_OPENS = 9 * 60
_CLOSES = 17 * 60
_WORKDAYS = range(5)
_TRIES = 3
_CHANCE_BYTES = 5


class Organizations:
    """What can be done with an organization."""

    def __init__(self, units: Units) -> None:
        self._units = units

    async def rename(self, viewer: Viewer, name: str) -> Organization:
        """Give the viewer's organization another name: its owner's right alone."""
        asker = asker_for(viewer, Action.ORGANIZATION_RENAME)
        require(asker.user, Action.ORGANIZATION_RENAME, Tenant(asker.organization_id))
        changed = organization_name(name, "name")
        async with self._units.begin() as unit:
            await unit.organizations.rename(asker.organization_id, changed)
            organization = await unit.organizations.by_id(asker.organization_id)
        if organization is None:
            raise LookupError("a user without an organization")
        return organization


class Founding:
    """Founds organizations in a unit that somebody else opened: they are founded by signing up."""

    def __init__(self, region: str, random_bytes: Callable[[int], bytes]) -> None:
        self._region = region
        self._random_bytes = random_bytes

    async def found(self, unit: Unit, email: str, locale: str, wanted: SignUp) -> User:
        """Found an organization of one owner with a default schedule, Monday to Friday, 9 to 17.

        HandleTaken where the wanted handle is somebody's. Without one, it is made of the name.
        """
        organization = Organization(
            OrganizationId(new_id()), wanted.organization_name, self._region, DEFAULT_PLAN, unit.now
        )
        await unit.organizations.add(organization)
        owner = await self._add_owner(unit, organization.id, email, locale, wanted)
        await unit.schedules.add(owner.organization_id, _first_schedule(owner))
        return owner

    async def _add_owner(
        self, unit: Unit, organization_id: OrganizationId, email: str, locale: str, wanted: SignUp
    ) -> User:
        draft = User(
            id=UserId(new_id()),
            organization_id=organization_id,
            email=email,
            name=wanted.name,
            handle="",
            zone=wanted.zone,
            locale=locale,
            role=Role.OWNER,
            shares_availability=True,
            is_disabled=False,
            created_at=unit.now,
        )
        for handle in self._handles(wanted):
            owner = replace(draft, handle=handle)
            if await unit.users.add(owner):
                return owner
        raise HandleTaken("signUp", "handle")

    def _handles(self, wanted: SignUp) -> list[str]:
        if wanted.handle is not None:
            return [wanted.handle]
        stem = handle_from(wanted.name)
        chances = [self._random_bytes(_CHANCE_BYTES).hex() for _ in range(_TRIES)]
        return [*([stem] if stem else []), *(f"{stem or 'host'}-{chance}" for chance in chances)]


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

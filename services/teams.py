"""Use cases of teams: owner and administrators manage all of them, managers their own."""

from collections.abc import Callable
from dataclasses import replace

from domain.audit import Act
from domain.errors import Conflict, InvalidInput, NotFound
from domain.events import EventKind, Happened
from domain.ids import OrganizationId, TeamId, UserId
from domain.paging import Paging, Part
from domain.policy import Action, TeamOf, Tenant
from domain.teams import MAX_MEMBERS, MAX_TEAMS, Team, TeamMember, TeamSettings, checked_settings
from domain.users import SignedIn, Viewer
from services.access import asker_for, deed, present, require
from services.page_templates import came_into, team_ends, went_out_of
from storage.base import new_id
from storage.unit import Unit, Units


class Teams:
    """What can be done with teams."""

    def __init__(self, units: Units) -> None:
        self._units = units

    async def listed(self, viewer: Viewer, organization_id: OrganizationId, paging: Paging) -> Part[Team]:
        """List an organization's teams to its members, oldest first."""
        asker = asker_for(viewer, Action.ORGANIZATION_SEE)
        require(asker.user, Action.ORGANIZATION_SEE, Tenant(organization_id))
        async with self._units.read() as unit:
            return await unit.teams.of_organization(organization_id, paging)

    async def by_id(self, viewer: Viewer, team_id: TeamId) -> Team:
        """Give a team of the viewer's organization; NotFound for all others."""
        asker = asker_for(viewer, Action.ORGANIZATION_SEE)
        async with self._units.read() as unit:
            team = await unit.teams.by_id(asker.organization_id, team_id)
        if team is None:
            raise NotFound("id")
        return team

    async def members(
        self, viewer: Viewer, organization_id: OrganizationId, team_id: TeamId, paging: Paging
    ) -> Part[TeamMember]:
        """List who is in a team, those first who came first."""
        asker = asker_for(viewer, Action.ORGANIZATION_SEE)
        require(asker.user, Action.ORGANIZATION_SEE, Tenant(organization_id))
        async with self._units.read() as unit:
            return await unit.teams.members(organization_id, team_id, paging)

    async def create(self, viewer: Viewer, wanted: TeamSettings) -> Team:
        """Make a team without members; InvalidInput that names the field, TeamSlugTaken, NotAllowed."""
        asker = asker_for(viewer, Action.TEAM_CREATE)
        settings = checked_settings(wanted)
        async with self._units.begin() as unit:
            await unit.organizations.lock(asker.organization_id)
            require(await present(unit, asker), Action.TEAM_CREATE, Tenant(asker.organization_id))
            if await unit.teams.count(asker.organization_id) >= MAX_TEAMS:
                raise InvalidInput("The organization has as many teams as one may have. Delete one first.")
            team = Team(TeamId(new_id()), asker.organization_id, settings, 1, unit.now)
            await unit.teams.add(team)
            unit.note(deed(asker, Act.TEAM_CREATED, team.id))
        return team

    async def update(
        self,
        viewer: Viewer,
        team_id: TeamId,
        change: Callable[[TeamSettings], TeamSettings],
        expected_revision: int | None = None,
    ) -> Team:
        """Change what is said of a team: `change` is given its present settings.

        Raises InvalidInput that names the field, TeamSlugTaken, NotFound, NotAllowed, and Conflict where
        the team is not of the expected revision any more.
        """
        asker = asker_for(viewer, Action.TEAM_UPDATE)
        async with self._units.begin() as unit:
            team = await self._managed(unit, asker, team_id, Action.TEAM_UPDATE, "id")
            if expected_revision is not None and expected_revision != team.revision:
                raise Conflict("expectedRevision")
            settings = checked_settings(change(team.settings))
            if settings == team.settings:
                return team
            changed = replace(team, settings=settings, revision=team.revision + 1)
            await unit.teams.update(changed)
            unit.record(_changed(team))
            unit.note(deed(asker, Act.TEAM_UPDATED, team.id))
        return changed

    async def delete(self, viewer: Viewer, team_id: TeamId) -> TeamId:
        """Delete a team and its templates; who was in it stays in the organization. NotFound, NotAllowed."""
        asker = asker_for(viewer, Action.TEAM_DELETE)
        async with self._units.begin() as unit:
            team = await self._managed(unit, asker, team_id, Action.TEAM_DELETE, "id")
            await team_ends(unit, asker, team)
            await unit.teams.remove(team.organization_id, team.id)
            unit.record(_changed(team))
            unit.note(deed(asker, Act.TEAM_DELETED, team.id))
        return team_id

    async def add_member(
        self, viewer: Viewer, team_id: TeamId, user_id: UserId, *, is_manager: bool
    ) -> TeamMember:
        """Put a member of the organization into a team; who is in it already stays as they are.

        Raises NotFound, NotAllowed, InvalidInput.
        """
        asker = asker_for(viewer, Action.TEAM_UPDATE)
        async with self._units.begin() as unit:
            team = await self._managed(unit, asker, team_id, Action.TEAM_UPDATE, "teamId")
            user = await unit.users.lock(asker.organization_id, user_id)
            if user is None or user.left_at is not None:
                raise NotFound("memberId")
            counts = await unit.teams.counts(team.organization_id, [team.id])
            if counts.get(team.id, 0) >= MAX_MEMBERS:
                raise InvalidInput("The team has as many members as one may have.", "teamId")
            if await unit.teams.add_member(team, user, is_manager=is_manager):
                unit.record(_changed(team, user.id))
                unit.note(deed(asker, Act.TEAM_MEMBER_ADDED, user.id, team.id.hex))
                await came_into(unit, asker, team, user.id)
            return await _member(unit, team, user_id)

    async def update_member(
        self, viewer: Viewer, team_id: TeamId, user_id: UserId, *, is_manager: bool
    ) -> TeamMember:
        """Say whether somebody in a team manages it. NotFound, NotAllowed."""
        asker = asker_for(viewer, Action.TEAM_UPDATE)
        async with self._units.begin() as unit:
            team = await self._managed(unit, asker, team_id, Action.TEAM_UPDATE, "teamId")
            if not await unit.teams.set_manager(team, user_id, is_manager=is_manager):
                raise NotFound("memberId")
            unit.record(_changed(team, user_id))
            unit.note(deed(asker, Act.TEAM_MEMBER_UPDATED, user_id, team.id.hex))
            return await _member(unit, team, user_id)

    async def remove_member(self, viewer: Viewer, team_id: TeamId, user_id: UserId) -> UserId:
        """Take somebody out of a team. NotFound, NotAllowed."""
        asker = asker_for(viewer, Action.TEAM_UPDATE)
        async with self._units.begin() as unit:
            team = await self._managed(unit, asker, team_id, Action.TEAM_UPDATE, "teamId")
            if not await unit.teams.remove_member(team, user_id):
                raise NotFound("memberId")
            unit.record(_changed(team, user_id))
            unit.note(deed(asker, Act.TEAM_MEMBER_REMOVED, user_id, team.id.hex))
            await went_out_of(unit, asker, team, user_id)
        return user_id

    async def _managed(
        self, unit: Unit, asker: SignedIn, team_id: TeamId, action: Action, field: str
    ) -> Team:
        """Give a team that the asker may act on, locked; `field` names it where it is not there."""
        team = await unit.teams.by_id(asker.organization_id, team_id, locks=True)
        if team is None:
            raise NotFound(field)
        managers = await unit.teams.managers(team.organization_id, team.id)
        require(await present(unit, asker), action, TeamOf(team.organization_id, managers))
        return team


def _changed(team: Team, *hosts: UserId) -> Happened:
    return Happened(EventKind.TEAM_CHANGED, team.organization_id, hosts)


async def _member(unit: Unit, team: Team, user_id: UserId) -> TeamMember:
    found = await unit.teams.member(team.organization_id, team.id, user_id)
    if found is None:
        raise NotFound("memberId")
    return found

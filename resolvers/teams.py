"""Teams over GraphQL."""

from dataclasses import replace

import strawberry

from domain.ids import TeamId, UserId
from domain.teams import TeamSettings
from resolvers.context import Given, Info
from resolvers.users import said
from schema.nodes import id_of
from schema.teams import (
    TeamCreateInput,
    TeamCreatePayload,
    TeamCreateResult,
    TeamDeleteInput,
    TeamDeletePayload,
    TeamDeleteResult,
    TeamMemberAddInput,
    TeamMemberAddPayload,
    TeamMemberAddResult,
    TeamMemberRemoveInput,
    TeamMemberRemovePayload,
    TeamMemberRemoveResult,
    TeamMemberType,
    TeamMemberUpdateInput,
    TeamMemberUpdatePayload,
    TeamMemberUpdateResult,
    TeamType,
    TeamUpdateInput,
    TeamUpdatePayload,
    TeamUpdateResult,
)


@strawberry.type
class TeamsMutation:
    """What those who manage teams can do with them."""

    @strawberry.mutation(description="Make a team; for owner and administrators.")
    async def team_create(self, info: Info, input: Given[TeamCreateInput]) -> TeamCreateResult:
        """Make a team."""
        wanted = TeamSettings(input.name, input.slug, input.zone)
        return TeamCreatePayload(
            team=TeamType.of(await info.context.services.teams.create(info.context.viewer, wanted))
        )

    @strawberry.mutation(description="Change a team; for owner, administrators and its managers.")
    async def team_update(self, info: Info, input: Given[TeamUpdateInput]) -> TeamUpdateResult:
        """Change a team."""
        given = {"name": said(input.name), "slug": said(input.slug), "zone": said(input.zone)}
        changes = {name: value for name, value in given.items() if value is not None}
        team = await info.context.services.teams.update(
            info.context.viewer,
            TeamId(id_of("Team", input.id, "id")),
            lambda settings: replace(settings, **changes),
            said(input.expected_revision),
        )
        return TeamUpdatePayload(team=TeamType.of(team))

    @strawberry.mutation(description="Delete a team; for owner and administrators. Its members stay.")
    async def team_delete(self, info: Info, input: Given[TeamDeleteInput]) -> TeamDeleteResult:
        """Delete a team."""
        team_id = TeamId(id_of("Team", input.id, "id"))
        await info.context.services.teams.delete(info.context.viewer, team_id)
        return TeamDeletePayload(team_id=input.id)

    @strawberry.mutation(
        description="Put a member of the organization into a team; who is in it already stays as they are."
    )
    async def team_member_add(self, info: Info, input: Given[TeamMemberAddInput]) -> TeamMemberAddResult:
        """Put somebody in."""
        team_id, user_id = _ids(input)
        member = await info.context.services.teams.add_member(
            info.context.viewer, team_id, user_id, is_manager=input.is_manager
        )
        return TeamMemberAddPayload(member=TeamMemberType.of(member))

    @strawberry.mutation(description="Say whether somebody in a team manages it.")
    async def team_member_update(
        self, info: Info, input: Given[TeamMemberUpdateInput]
    ) -> TeamMemberUpdateResult:
        """Change what somebody is in a team."""
        team_id, user_id = _ids(input)
        member = await info.context.services.teams.update_member(
            info.context.viewer, team_id, user_id, is_manager=input.is_manager
        )
        return TeamMemberUpdatePayload(member=TeamMemberType.of(member))

    @strawberry.mutation(description="Take somebody out of a team.")
    async def team_member_remove(
        self, info: Info, input: Given[TeamMemberRemoveInput]
    ) -> TeamMemberRemoveResult:
        """Take somebody out."""
        team_id, user_id = _ids(input)
        await info.context.services.teams.remove_member(info.context.viewer, team_id, user_id)
        return TeamMemberRemovePayload(member_id=input.member_id)


def _ids(given: TeamMemberAddInput | TeamMemberUpdateInput | TeamMemberRemoveInput) -> tuple[TeamId, UserId]:
    team_id = TeamId(id_of("Team", given.team_id, "teamId"))
    return team_id, UserId(id_of("User", given.member_id, "memberId"))

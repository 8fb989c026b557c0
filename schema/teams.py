"""Team, who is in it, and the changes of both."""

from datetime import datetime
from typing import Annotated, Self

import strawberry

from domain.teams import Team, TeamMember
from schema.context import Info
from schema.cost import paged
from schema.errors import ConflictError, InvalidInputError, NotAllowedError, NotFoundError
from schema.nodes import NodeType, global_id
from schema.pagination import After, Before, Connection, First, Last, connection, paging_of
from schema.scalars import TimeZone
from schema.users import UserType


@strawberry.type(name="TeamMember", description="Member of the organization who is in a team.")
class TeamMemberType:
    """Twin of domain.teams.TeamMember."""

    user: UserType = strawberry.field(description="Who it is.")
    is_manager: bool = strawberry.field(description="Whether they change the team and who is in it.")
    joined_at: datetime = strawberry.field(description="Instant at which they came into the team.")

    @classmethod
    def of(cls, member: TeamMember) -> Self:
        """Shape somebody in a team."""
        return cls(user=UserType.of(member.user), is_manager=member.is_manager, joined_at=member.joined_at)


@strawberry.type(name="Team", description="Some members of an organization under one name.")
class TeamType(NodeType):
    """Twin of domain.teams.Team, for members of its organization."""

    team: strawberry.Private[Team]
    name: str = strawberry.field(description="Name of the team.")
    slug: str = strawberry.field(description="Part of links, unique in the organization.")
    zone: TimeZone = strawberry.field(description="Zone of the team.")
    revision: int = strawberry.field(description="Number that grows with each change of its settings.")
    created_at: datetime = strawberry.field(description="Instant at which it was made.")

    @strawberry.field(description="How many are in it.")
    async def member_count(self, info: Info) -> int:
        """Count who is in it."""
        return await info.context.loaders.team_sizes.load((self.team.organization_id, self.team.id))

    @strawberry.field(description="Who is in it, those first who came first.", directives=[paged()])
    async def members(
        self,
        info: Info,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> Connection[TeamMemberType]:
        """List who is in it."""
        part = await info.context.loaders.team_members(
            info.context.viewer,
            self.team.organization_id,
            self.team.id,
            paging_of(first, after, last, before),
        )
        return connection(part, TeamMemberType.of)

    @classmethod
    def of(cls, team: Team) -> Self:
        """Shape a team."""
        return cls(
            id=global_id("Team", team.id),
            team=team,
            name=team.settings.name,
            slug=team.settings.slug,
            zone=TimeZone(team.settings.zone),
            revision=team.revision,
            created_at=team.created_at,
        )


@strawberry.input(description="Team to make.")
class TeamCreateInput:
    """What a team is made of."""

    name: str = strawberry.field(description="Name of the team, 1 to 100 characters.")
    slug: str = strawberry.field(description="Part of links, 1 to 64 characters of a–z, 0–9 and -.")
    zone: TimeZone = strawberry.field(description="Zone of the team.")


@strawberry.input(description="Change of a team; what is unsaid stays.")
class TeamUpdateInput:
    """What is changed of a team."""

    id: strawberry.ID = strawberry.field(description="Id of the team.")
    expected_revision: int | None = strawberry.field(
        default=strawberry.UNSET, description="Revision that was seen; another one is a conflict."
    )
    name: str | None = strawberry.field(
        default=strawberry.UNSET, description="Name of the team, 1 to 100 characters."
    )
    slug: str | None = strawberry.field(
        default=strawberry.UNSET, description="Part of links, 1 to 64 characters of a–z, 0–9 and -."
    )
    zone: TimeZone | None = strawberry.field(default=strawberry.UNSET, description="Zone of the team.")


@strawberry.input(description="Team to delete.")
class TeamDeleteInput:
    """A team."""

    id: strawberry.ID = strawberry.field(description="Id of the team.")


@strawberry.input(description="Member of the organization who comes into a team.")
class TeamMemberAddInput:
    """Who comes into which team."""

    team_id: strawberry.ID = strawberry.field(description="Id of the team.")
    member_id: strawberry.ID = strawberry.field(description="Id of the user.")
    is_manager: bool = strawberry.field(
        default=False, description="Whether they change the team and who is in it."
    )


@strawberry.input(description="Change of what somebody is in a team.")
class TeamMemberUpdateInput:
    """What somebody is in a team."""

    team_id: strawberry.ID = strawberry.field(description="Id of the team.")
    member_id: strawberry.ID = strawberry.field(description="Id of the user.")
    is_manager: bool = strawberry.field(description="Whether they change the team and who is in it.")


@strawberry.input(description="Somebody who goes out of a team.")
class TeamMemberRemoveInput:
    """Who goes out of which team."""

    team_id: strawberry.ID = strawberry.field(description="Id of the team.")
    member_id: strawberry.ID = strawberry.field(description="Id of the user.")


@strawberry.type(description="New team.")
class TeamCreatePayload:
    """The team that was made."""

    team: TeamType = strawberry.field(description="New team.")


@strawberry.type(description="Team as it is after the change.")
class TeamUpdatePayload:
    """The changed team."""

    team: TeamType = strawberry.field(description="Changed team.")


@strawberry.type(description="Deleted team.")
class TeamDeletePayload:
    """The team that was deleted."""

    team_id: strawberry.ID = strawberry.field(description="Id of the deleted team.")


@strawberry.type(description="Who came into a team.")
class TeamMemberAddPayload:
    """Somebody in a team."""

    member: TeamMemberType = strawberry.field(description="Somebody in the team.")


@strawberry.type(description="Somebody in a team as they are after the change.")
class TeamMemberUpdatePayload:
    """Somebody in a team."""

    member: TeamMemberType = strawberry.field(description="Somebody in the team.")


@strawberry.type(description="Who went out of a team.")
class TeamMemberRemovePayload:
    """Somebody who is not in a team any more."""

    member_id: strawberry.ID = strawberry.field(description="Id of the user.")


TeamCreateResult = Annotated[
    TeamCreatePayload | InvalidInputError | NotAllowedError | ConflictError,
    strawberry.union("TeamCreateResult", description="New team, or why there is none."),
]
TeamUpdateResult = Annotated[
    TeamUpdatePayload | InvalidInputError | NotFoundError | NotAllowedError | ConflictError,
    strawberry.union("TeamUpdateResult", description="Changed team, or why it is unchanged."),
]
TeamDeleteResult = Annotated[
    TeamDeletePayload | NotFoundError | NotAllowedError,
    strawberry.union("TeamDeleteResult", description="Deleted team, or why it is still there."),
]
TeamMemberAddResult = Annotated[
    TeamMemberAddPayload | InvalidInputError | NotFoundError | NotAllowedError,
    strawberry.union("TeamMemberAddResult", description="Who came in, or why nobody did."),
]
TeamMemberUpdateResult = Annotated[
    TeamMemberUpdatePayload | NotFoundError | NotAllowedError,
    strawberry.union("TeamMemberUpdateResult", description="Who was changed, or why nobody was."),
]
TeamMemberRemoveResult = Annotated[
    TeamMemberRemovePayload | NotFoundError | NotAllowedError,
    strawberry.union("TeamMemberRemoveResult", description="Who went out, or why nobody did."),
]

"""When those in a team are free, over GraphQL."""

import strawberry
from strawberry import UNSET

from domain.errors import NotFound
from domain.ids import TeamId
from resolvers.context import Info
from schema.cost import Cost
from schema.nodes import id_of
from schema.slots import Window
from schema.team_availability import TeamAvailabilityType, TeamOfTimes, ZoneOfDays
from services.team_availability import FindTeamTime


@strawberry.type
class TeamAvailabilityQuery:
    """Questions about the time of teams."""

    @strawberry.field(
        description="Who of a team is free when: for administrators, its managers, and those of its members "
        "who share their own availability; null where there is no such team.",
        directives=[Cost(weight=50)],  # the calendars of everybody in it may have to be asked
    )
    async def team_availability(
        self, info: Info, team: TeamOfTimes, window: Window, zone: ZoneOfDays = UNSET
    ) -> TeamAvailabilityType | None:
        """Ask when a team is free."""
        try:
            question = FindTeamTime(
                TeamId(id_of("Team", team, "team")), window.from_, window.to, zone or None
            )
            found = await info.context.services.team_availability.find(info.context.viewer, question)
        except NotFound:
            return None
        return TeamAvailabilityType.of(found)

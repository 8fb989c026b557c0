"""When those in a team are free and what is booked with them, over GraphQL."""

from collections.abc import AsyncGenerator

import strawberry
from strawberry import UNSET

from domain.errors import NotFound
from domain.ids import TeamId
from resolvers.context import Info
from resolvers.slots import Resume, told
from schema.cost import Cost
from schema.nodes import id_of
from schema.slots import Window
from schema.subscriptions import BookingsChanged
from schema.team_availability import (
    TeamAvailabilityChanged,
    TeamAvailabilityChangeType,
    TeamAvailabilityStateType,
    TeamAvailabilityType,
    TeamOfTimes,
    ZoneOfDays,
)
from services.team_availability import FindTeamTime
from services.team_feeds import TeamState


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
            question = FindTeamTime(_id(team), window.from_, window.to, zone or None)
            found = await info.context.services.team_availability.find(info.context.viewer, question)
        except NotFound:
            return None
        return TeamAvailabilityType.of(found)


@strawberry.type
class TeamsSubscription:
    """What can be followed of teams."""

    @strawberry.subscription(
        description="Free time of those in a team, as it changes, for whoever may ask for it.",
        directives=[Cost(weight=50)],
    )
    async def team_availability_changed(
        self,
        info: Info,
        team: TeamOfTimes,
        window: Window,
        zone: ZoneOfDays = UNSET,
        after: Resume = UNSET,
    ) -> AsyncGenerator[TeamAvailabilityChanged, None]:
        """Follow one team and window."""
        question = FindTeamTime(_id(team), window.from_, window.to, zone or None)
        feeds = info.context.services.team_feeds
        async for event in feeds.follow(info.context.viewer, question, after or None):
            if isinstance(event, TeamState):
                yield TeamAvailabilityStateType(
                    revision=event.revision,
                    cursor=event.cursor,
                    availability=TeamAvailabilityType.of(event.found),
                )
            else:
                yield TeamAvailabilityChangeType.of(
                    event.revision, event.cursor, event.found, event.changed, event.gone
                )

    @strawberry.subscription(
        description="Bookings of those in a team, for its managers and administrators; "
        "its other members are told of their own."
    )
    async def team_bookings_changed(
        self, info: Info, team: TeamOfTimes, after: Resume = UNSET
    ) -> AsyncGenerator[BookingsChanged, None]:
        """Follow the bookings of one team."""
        board = info.context.services.board
        async for event in board.follow_team(info.context.viewer, _id(team), after or None):
            yield told(event)


def _id(team: strawberry.ID) -> TeamId:
    return TeamId(id_of("Team", team, "team"))

"""When those in a team are free: each of them, how many at once, and what a subscriber is told of it."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Annotated, Self, cast

import strawberry

from domain.ids import UserId
from domain.intervals import Span, instant_of
from domain.team_availability import FreeCount, MemberTime, TeamTime
from schema.columns import Column, ColumnKind, ColumnList
from schema.cost import ListSize
from schema.nodes import global_id
from schema.page_hosts import DegradedType
from schema.scalars import TimeZone
from schema.slots import FreshnessType
from schema.teams import TeamType
from schema.users import UserType


@strawberry.type(name="FreeInterval", description="Interval in which somebody is free.")
class FreeIntervalType:
    """An interval as it is shown: plain attributes only, since there are hundreds."""

    start: datetime = strawberry.field(description="When it begins.")
    end: datetime = strawberry.field(description="When it ends.")


@strawberry.type(name="FreeCount", description="Interval all through which as many people are free.")
class FreeCountType:
    """Twin of domain.team_availability.FreeCount."""

    start: datetime = strawberry.field(description="When it begins.")
    end: datetime = strawberry.field(description="When it ends.")
    free: int = strawberry.field(description="How many are free, one at least.")


@strawberry.type(name="FreeDay", description="Date, and how many people are free at once on it.")
class FreeDayType:
    """Twin of domain.team_availability.FreeDay."""

    day: date = strawberry.field(name="date", description="Date in the zone of the answer.")
    most: int = strawberry.field(description="Most who are free at once; 0 where nobody is.")


@strawberry.type(name="TeamMemberTime", description="When somebody in a team is free; never with what not.")
class TeamMemberTimeType:
    """Twin of domain.team_availability.MemberTime."""

    user: UserType = strawberry.field(description="Who it is.")
    free: list[FreeIntervalType] = strawberry.field(
        description="Their free time in the window, in order; none where it is not known.",
        directives=[ListSize(assumed_size=20)],
    )
    freshness: FreshnessType | None = strawberry.field(
        description="How fresh the worst calendar behind it is; "
        "null but for oneself, managers of the team and administrators."
    )
    degradation: DegradedType | None = strawberry.field(
        description="Why they cannot be said to be free; null if they can, or freshness is null."
    )

    @classmethod
    def of(cls, time: MemberTime) -> Self:
        """Shape somebody's time."""
        return cls(
            user=UserType.of(time.member.user),
            free=_intervals(time.free),
            freshness=FreshnessType(time.freshness.value) if time.freshness else None,
            degradation=DegradedType(time.degraded.value) if time.degraded else None,
        )


@strawberry.type(name="TeamAvailability", description="Who of a team is free when, in a window.")
class TeamAvailabilityType:
    """Twin of domain.team_availability.TeamTime."""

    team: TeamType = strawberry.field(description="Whose members it is about.")
    zone: TimeZone = strawberry.field(description="Zone of the dates.")
    freshness: FreshnessType = strawberry.field(
        description="How fresh the worst calendar is of those who share their availability."
    )
    members: list[TeamMemberTimeType] = strawberry.field(
        description="Everybody in the team, those first who came first.",
        directives=[ListSize(assumed_size=20)],
    )
    counts: list[FreeCountType] = strawberry.field(
        description="How many are free when, in order; where nobody is, there is no interval.",
        directives=[ListSize(assumed_size=100)],
    )
    days: list[FreeDayType] = strawberry.field(
        description="How many are free at most on each date of the window.",
        directives=[ListSize(assumed_size=31)],
    )

    @classmethod
    def of(cls, found: TeamTime) -> Self:
        """Shape an answer."""
        return cls(
            team=TeamType.of(found.team),
            zone=TimeZone(found.zone),
            freshness=FreshnessType(found.freshness.value),
            members=[TeamMemberTimeType.of(time) for time in found.members],
            counts=counts_of(found.counts),
            days=days_of(found),
        )


@strawberry.interface(
    name="TeamAvailabilityEvent", description="What a subscriber of a team's availability is told."
)
class TeamAvailabilityEventType:
    """What every event says."""

    revision: int = strawberry.field(description="Number that grows with each change that is told.")
    cursor: str = strawberry.field(description="Point from which to resume, as `after`.")


@strawberry.type(name="TeamAvailabilityState", description="All of a team's free time: the first event.")
class TeamAvailabilityStateType(TeamAvailabilityEventType):
    """The full state."""

    availability: TeamAvailabilityType = strawberry.field(description="Who is free when.")


@strawberry.type(
    name="TeamAvailabilityChange",
    description="What changed since the event before; members and those who went are none where only the "
    "calendars behind it can, or cannot, be read any more.",
)
class TeamAvailabilityChangeType(TeamAvailabilityEventType):
    """Whose time is another, and the counts that come of it."""

    freshness: FreshnessType = strawberry.field(
        description="How fresh the worst calendar is of those who share their availability."
    )
    members: list[TeamMemberTimeType] = strawberry.field(
        description="Those who came, or whose time is another: all of it, as it is now.",
        directives=[ListSize(assumed_size=20)],
    )
    gone: list[strawberry.ID] = strawberry.field(description="Ids of users who are not in the team any more.")
    counts: list[FreeCountType] = strawberry.field(
        description="How many are free when, all through the window.",
        directives=[ListSize(assumed_size=100)],
    )
    days: list[FreeDayType] = strawberry.field(
        description="How many are free at most on each date of the window.",
        directives=[ListSize(assumed_size=31)],
    )

    @classmethod
    def of(
        cls,
        revision: int,
        cursor: str,
        found: TeamTime,
        changed: Iterable[MemberTime],
        gone: Iterable[UserId],
    ) -> Self:
        """Shape a change."""
        return cls(
            revision=revision,
            cursor=cursor,
            freshness=FreshnessType(found.freshness.value),
            members=[TeamMemberTimeType.of(time) for time in changed],
            gone=[global_id("User", user_id) for user_id in gone],
            counts=counts_of(found.counts),
            days=days_of(found),
        )


def counts_of(counts: Iterable[FreeCount]) -> list[FreeCountType]:
    """Shape how many are free when."""
    starts, ends, free = _columns(counts, 3)
    shaped: Sequence[FreeCountType] = ColumnList(
        FreeCountType,
        _count,
        {
            "start": Column(ColumnKind.INSTANT, starts),
            "end": Column(ColumnKind.INSTANT, ends),
            "free": Column(ColumnKind.INT, free),
        },
    )
    return cast("list[FreeCountType]", shaped)  # GraphQL's list; who reads it gets a sequence


def days_of(found: TeamTime) -> list[FreeDayType]:
    """Shape how many are free at most on each date."""
    return [FreeDayType(day=day.date, most=day.most) for day in found.days]


def _intervals(spans: Iterable[Span]) -> list[FreeIntervalType]:
    starts, ends = _columns(spans, 2)
    shaped: Sequence[FreeIntervalType] = ColumnList(
        FreeIntervalType,
        _interval,
        {"start": Column(ColumnKind.INSTANT, starts), "end": Column(ColumnKind.INSTANT, ends)},
    )
    return cast("list[FreeIntervalType]", shaped)  # as above


def _count(start: int, end: int, free: int) -> FreeCountType:
    return FreeCountType(start=instant_of(start), end=instant_of(end), free=free)


def _interval(start: int, end: int) -> FreeIntervalType:
    return FreeIntervalType(start=instant_of(start), end=instant_of(end))


def _columns(rows: Iterable[tuple[int, ...]], width: int) -> tuple[Sequence[int], ...]:
    return tuple(zip(*rows, strict=True)) or ((),) * width


TeamAvailabilityChanged = Annotated[
    TeamAvailabilityStateType | TeamAvailabilityChangeType,
    strawberry.union("TeamAvailabilityChanged", description="State first, then each change."),
]
TeamOfTimes = Annotated[strawberry.ID, strawberry.argument(description="Id of the team.")]
ZoneOfDays = Annotated[
    TimeZone | None,
    strawberry.argument(description="Zone of the dates in the answer; the team's if unsaid."),
]

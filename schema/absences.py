"""Absences: when a user is out of office, and what is changed of it."""

from datetime import date, datetime
from enum import Enum
from typing import Annotated, Self

import strawberry

from domain.absences import Absence, AbsenceReason, Away, StandIn, StandInState
from domain.booking_pages import BookingPage
from domain.ids import UserId
from schema.context import Info
from schema.cost import Cost
from schema.errors import InvalidInputError, NotAllowedError, NotFoundError, RateLimitedError, TryAgainError
from schema.nodes import NodeType, global_id
from schema.scalars import TimeZone
from schema.users import UserType


@strawberry.enum(name="AbsenceReason", description="Why a user is out of office; no invitee is told.")
class AbsenceReasonType(Enum):
    """Twin of domain.absences.AbsenceReason."""

    VACATION = strawberry.enum_value(AbsenceReason.VACATION.value, description="Vacation.")
    SICK_LEAVE = strawberry.enum_value(AbsenceReason.SICK_LEAVE.value, description="Sick leave.")
    TRAVEL = strawberry.enum_value(AbsenceReason.TRAVEL.value, description="Travel.")
    PARENTAL_LEAVE = strawberry.enum_value(AbsenceReason.PARENTAL_LEAVE.value, description="Parental leave.")
    HOLIDAY = strawberry.enum_value(AbsenceReason.HOLIDAY.value, description="Public holiday.")
    OTHER = strawberry.enum_value(AbsenceReason.OTHER.value, description="Anything else.")


@strawberry.enum(name="StandInState", description="What somebody has said who was asked to stand in.")
class StandInStateType(Enum):
    """Twin of domain.absences.StandInState."""

    ASKED = strawberry.enum_value(StandInState.ASKED.value, description="Nothing yet; visitors see nobody.")
    AGREED = strawberry.enum_value(
        StandInState.AGREED.value, description="Yes; visitors are shown the page that they named."
    )
    DECLINED = strawberry.enum_value(
        StandInState.DECLINED.value, description="No, or not any more; somebody else may be asked."
    )


@strawberry.type(name="StandIn", description="Colleague who was asked to stand in for an absence.")
class StandInType:
    """Twin of domain.absences.StandIn, for whose absence it is."""

    user_key: strawberry.Private[UserId]
    state: StandInStateType = strawberry.field(description="What they have said.")

    @strawberry.field(description="Who it is.")
    async def member(self, info: Info) -> UserType | None:
        """Load the colleague."""
        user = await info.context.loaders.users.load(self.user_key)
        return UserType.of(user) if user else None

    @classmethod
    def of(cls, stand_in: StandIn) -> Self:
        """Shape a stand-in."""
        return cls(user_key=stand_in.user_id, state=StandInStateType(stand_in.state.value))


@strawberry.type(name="HostAway", description="That a page is not offered since who is needed is away.")
class HostAwayType:
    """Twin of domain.absences.Away: neither who nor why."""

    until: datetime = strawberry.field(description="Instant at which the absence ends.")
    stand_in_link: str | None = strawberry.field(
        description="Page to book instead, as `handle/page`; null where there is none that is open."
    )

    @classmethod
    def of(cls, away: Away) -> Self:
        """Shape it for visitors."""
        return cls(until=away.until, stand_in_link=away.link)


@strawberry.type
class AwayFields:
    """What visitors of a page are told of absences."""

    page: strawberry.Private[BookingPage]

    @strawberry.field(
        description="Whether it is not offered at an instant, now if unsaid, since somebody it needs is away "
        "and has asked a colleague to stand in; null where not.",
        directives=[Cost(weight=2)],
    )
    async def away(
        self,
        info: Info,
        at: Annotated[
            datetime | None, strawberry.argument(description="Instant that is asked about; now if unsaid.")
        ] = strawberry.UNSET,
    ) -> HostAwayType | None:
        """Load what may be told."""
        found = await info.context.loaders.away.load((self.page, at or None))
        return HostAwayType.of(found) if found else None


@strawberry.type(
    name="Absence", description="Dates on which a user is out of office: none of their pages offers them."
)
class AbsenceType(NodeType):
    """Twin of domain.absences.Absence."""

    first: date = strawberry.field(description="First date.")
    last: date = strawberry.field(description="Last date.")
    zone: TimeZone = strawberry.field(description="Zone in which these dates begin and end.")
    reason: AbsenceReasonType = strawberry.field(description="Why.")
    stand_in: StandInType | None = strawberry.field(
        description="Who was asked to stand in; null for nobody. Only where somebody was, visitors are told "
        "until when its user is away."
    )

    @classmethod
    def of(cls, absence: Absence) -> Self:
        """Shape an absence."""
        return cls(
            id=global_id("Absence", absence.id),
            first=absence.dates.first,
            last=absence.dates.last,
            zone=TimeZone(absence.dates.zone),
            reason=AbsenceReasonType(absence.reason.value),
            stand_in=StandInType.of(absence.stand_in) if absence.stand_in else None,
        )


@strawberry.input(description="Absence to add; bookings that were made stay.")
class AbsenceCreateInput:
    """What absenceCreate takes."""

    first: date = strawberry.field(description="First date.")
    last: date = strawberry.field(description="Last date, less than two years after the first.")
    zone: TimeZone = strawberry.field(description="Zone in which these dates begin and end.")
    reason: AbsenceReasonType | None = strawberry.field(
        default=strawberry.UNSET, description="Why; `OTHER` if unsaid."
    )
    stand_in_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="Member who is asked to stand in; nobody if unsaid."
    )


@strawberry.input(description="Absence to remove.")
class AbsenceDeleteInput:
    """What absenceDelete takes."""

    id: strawberry.ID = strawberry.field(description="Absence that ends, or is not to be.")


@strawberry.type(description="Absence that was added.")
class AbsenceCreatePayload:
    """What comes of absenceCreate."""

    absence: AbsenceType = strawberry.field(description="New absence.")


@strawberry.type(description="Absence that was removed.")
class AbsenceDeletePayload:
    """What comes of absenceDelete."""

    absence_id: strawberry.ID = strawberry.field(description="Id of the removed absence.")


AbsenceCreateResult = Annotated[
    AbsenceCreatePayload
    | InvalidInputError
    | NotFoundError
    | NotAllowedError
    | RateLimitedError
    | TryAgainError,
    strawberry.union("AbsenceCreateResult", description="What comes of adding an absence."),
]
AbsenceDeleteResult = Annotated[
    AbsenceDeletePayload | NotFoundError | NotAllowedError,
    strawberry.union("AbsenceDeleteResult", description="What comes of removing an absence."),
]

"""Standing in: the absences for which somebody does, who is asked, and what they answer."""

from datetime import date
from typing import Annotated, Self

import strawberry
from strawberry import UNSET

from domain.absences import Duty, StandInState
from schema.absences import AbsenceType
from schema.errors import (
    ConflictError,
    InvalidInputError,
    NotAllowedError,
    NotFoundError,
    RateLimitedError,
    TryAgainError,
)
from schema.nodes import global_id
from schema.scalars import TimeZone
from schema.users import UserType


@strawberry.type(name="StandInDuty", description="Absence of a colleague for which the viewer stands in.")
class StandInDutyType:
    """Twin of domain.absences.Duty, for who was asked: the reason is not theirs to know."""

    absence_id: strawberry.ID = strawberry.field(description="Absence, by its id.")
    host: UserType = strawberry.field(description="Who is away.")
    first: date = strawberry.field(description="First date.")
    last: date = strawberry.field(description="Last date.")
    zone: TimeZone = strawberry.field(description="Zone in which these dates begin and end.")
    is_agreed: bool = strawberry.field(description="Whether the viewer has agreed; else they are asked.")
    page_id: strawberry.ID | None = strawberry.field(
        description="Page of the viewer's that visitors are shown, once they have agreed."
    )

    @classmethod
    def of(cls, duty: Duty) -> Self:
        """Shape a duty."""
        dates, stand_in = duty.absence.dates, duty.absence.stand_in
        page_id = stand_in.page_id if stand_in else None
        return cls(
            absence_id=global_id("Absence", duty.absence.id),
            host=UserType.of(duty.host),
            first=dates.first,
            last=dates.last,
            zone=TimeZone(dates.zone),
            is_agreed=stand_in is not None and stand_in.state is StandInState.AGREED,
            page_id=global_id("BookingPage", page_id) if page_id else None,
        )


@strawberry.input(description="Who is asked to stand in for an absence of the viewer's.")
class AbsenceStandInSetInput:
    """What absenceStandInSet takes."""

    id: strawberry.ID = strawberry.field(description="Absence of the viewer's.")
    stand_in_id: strawberry.ID | None = strawberry.field(
        default=UNSET, description="Member who is asked, in place of who was; nobody if null or unsaid."
    )


@strawberry.input(description="Standing in, with a page of the viewer's.")
class StandInAcceptInput:
    """What standInAccept takes."""

    absence_id: strawberry.ID = strawberry.field(description="Absence for which the viewer is asked.")
    page_id: strawberry.ID = strawberry.field(
        description="Page of the viewer's whose link visitors are shown, while everybody may see it."
    )


@strawberry.input(description="Not standing in, or not any more.")
class StandInDeclineInput:
    """What standInDecline takes."""

    absence_id: strawberry.ID = strawberry.field(description="Absence for which the viewer is asked.")


@strawberry.type(description="Absence with who is asked to stand in now.")
class AbsenceStandInSetPayload:
    """What comes of absenceStandInSet."""

    absence: AbsenceType = strawberry.field(description="Changed absence.")


@strawberry.type(description="Absence for which the viewer stands in now.")
class StandInAcceptPayload:
    """What comes of standInAccept."""

    duty: StandInDutyType = strawberry.field(description="Duty that was agreed to.")


@strawberry.type(description="Absence for which the viewer does not stand in.")
class StandInDeclinePayload:
    """What comes of standInDecline."""

    absence_id: strawberry.ID = strawberry.field(description="Absence, by its id.")


AbsenceStandInSetResult = Annotated[
    AbsenceStandInSetPayload
    | InvalidInputError
    | NotFoundError
    | NotAllowedError
    | RateLimitedError
    | TryAgainError,
    strawberry.union("AbsenceStandInSetResult", description="What comes of asking a stand-in."),
]
StandInAcceptResult = Annotated[
    StandInAcceptPayload | NotFoundError | NotAllowedError | ConflictError,
    strawberry.union("StandInAcceptResult", description="What comes of agreeing to stand in."),
]
StandInDeclineResult = Annotated[
    StandInDeclinePayload | NotFoundError | NotAllowedError | ConflictError,
    strawberry.union("StandInDeclineResult", description="What comes of declining to stand in."),
]

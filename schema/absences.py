"""Absences: when a user is out of office, and what is changed of it."""

from datetime import date
from enum import Enum
from typing import Annotated, Self

import strawberry

from domain.absences import Absence, AbsenceReason
from schema.errors import InvalidInputError, NotAllowedError, NotFoundError
from schema.nodes import NodeType, global_id
from schema.scalars import TimeZone


@strawberry.enum(name="AbsenceReason", description="Why a user is out of office; no invitee is told.")
class AbsenceReasonType(Enum):
    """Twin of domain.absences.AbsenceReason."""

    VACATION = strawberry.enum_value(AbsenceReason.VACATION.value, description="Vacation.")
    SICK_LEAVE = strawberry.enum_value(AbsenceReason.SICK_LEAVE.value, description="Sick leave.")
    TRAVEL = strawberry.enum_value(AbsenceReason.TRAVEL.value, description="Travel.")
    PARENTAL_LEAVE = strawberry.enum_value(AbsenceReason.PARENTAL_LEAVE.value, description="Parental leave.")
    HOLIDAY = strawberry.enum_value(AbsenceReason.HOLIDAY.value, description="Public holiday.")
    OTHER = strawberry.enum_value(AbsenceReason.OTHER.value, description="Anything else.")


@strawberry.type(
    name="Absence", description="Dates on which a user is out of office: none of their pages offers them."
)
class AbsenceType(NodeType):
    """Twin of domain.absences.Absence."""

    first: date = strawberry.field(description="First date.")
    last: date = strawberry.field(description="Last date.")
    zone: TimeZone = strawberry.field(description="Zone in which these dates begin and end.")
    reason: AbsenceReasonType = strawberry.field(description="Why.")

    @classmethod
    def of(cls, absence: Absence) -> Self:
        """Shape an absence."""
        return cls(
            id=global_id("Absence", absence.id),
            first=absence.dates.first,
            last=absence.dates.last,
            zone=TimeZone(absence.dates.zone),
            reason=AbsenceReasonType(absence.reason.value),
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
    AbsenceCreatePayload | InvalidInputError | NotAllowedError,
    strawberry.union("AbsenceCreateResult", description="What comes of adding an absence."),
]
AbsenceDeleteResult = Annotated[
    AbsenceDeletePayload | NotFoundError | NotAllowedError,
    strawberry.union("AbsenceDeleteResult", description="What comes of removing an absence."),
]

"""Absences over GraphQL: list, add, remove."""

import strawberry

from domain.absences import AbsenceDates, AbsenceReason
from domain.ids import AbsenceId, UserId
from resolvers.context import Given, Info
from schema.absences import (
    AbsenceCreateInput,
    AbsenceCreatePayload,
    AbsenceCreateResult,
    AbsenceDeleteInput,
    AbsenceDeletePayload,
    AbsenceDeleteResult,
    AbsenceType,
)
from schema.nodes import id_of


@strawberry.type
class AbsencesQuery:
    """Questions about absences."""

    @strawberry.field(description="Absences of the viewer, by first date; 100 at most.")
    async def absences(self, info: Info) -> list[AbsenceType]:
        """List the viewer's absences."""
        absences = await info.context.services.absences.own(info.context.viewer)
        return [AbsenceType.of(absence) for absence in absences]


@strawberry.type
class AbsencesMutation:
    """What can be done with absences."""

    @strawberry.mutation(description="Add an absence, which shows on all pages of the viewer.")
    async def absence_create(self, info: Info, input: Given[AbsenceCreateInput]) -> AbsenceCreateResult:
        """Add an absence."""
        reason = AbsenceReason(input.reason.value) if input.reason else AbsenceReason.OTHER
        dates = AbsenceDates(input.first, input.last, input.zone)
        stand_in = UserId(id_of("User", input.stand_in_id, "standInId")) if input.stand_in_id else None
        absence = await info.context.services.absences.create(info.context.viewer, dates, reason, stand_in)
        return AbsenceCreatePayload(absence=AbsenceType.of(absence))

    @strawberry.mutation(description="Remove an absence; its dates are offered again.")
    async def absence_delete(self, info: Info, input: Given[AbsenceDeleteInput]) -> AbsenceDeleteResult:
        """Remove an absence."""
        absence_id = AbsenceId(id_of("Absence", input.id, "id"))
        await info.context.services.absences.delete(info.context.viewer, absence_id)
        return AbsenceDeletePayload(absence_id=input.id)

"""Standing in over GraphQL: who is asked, and what they answer."""

import strawberry

from domain.ids import AbsenceId, PageId, UserId
from resolvers.context import Given, Info
from schema.absences import AbsenceType
from schema.nodes import id_of
from schema.stand_ins import (
    AbsenceStandInSetInput,
    AbsenceStandInSetPayload,
    AbsenceStandInSetResult,
    StandInAcceptInput,
    StandInAcceptPayload,
    StandInAcceptResult,
    StandInDeclineInput,
    StandInDeclinePayload,
    StandInDeclineResult,
    StandInDutyType,
)


@strawberry.type
class StandInsQuery:
    """Questions of those who stand in."""

    @strawberry.field(
        description="Absences of colleagues for which the viewer stands in, or is asked to, that are not "
        "over, by first date; 100 at most."
    )
    async def stand_in_duties(self, info: Info) -> list[StandInDutyType]:
        """List the viewer's duties."""
        duties = await info.context.services.absences.duties(info.context.viewer)
        return [StandInDutyType.of(duty) for duty in duties]


@strawberry.type
class StandInsMutation:
    """What can be done about standing in."""

    @strawberry.mutation(
        description="Ask a member to stand in for an absence, in place of who was asked before; they are "
        "told by mail."
    )
    async def absence_stand_in_set(
        self, info: Info, input: Given[AbsenceStandInSetInput]
    ) -> AbsenceStandInSetResult:
        """Ask somebody."""
        absence = await info.context.services.absences.set_stand_in(
            info.context.viewer,
            AbsenceId(id_of("Absence", input.id, "id")),
            UserId(id_of("User", input.stand_in_id, "standInId")) if input.stand_in_id else None,
        )
        return AbsenceStandInSetPayload(absence=AbsenceType.of(absence))

    @strawberry.mutation(
        description="Agree to stand in: visitors of who is away are shown a page of the viewer's."
    )
    async def stand_in_accept(self, info: Info, input: Given[StandInAcceptInput]) -> StandInAcceptResult:
        """Agree."""
        duty = await info.context.services.absences.agree(
            info.context.viewer,
            AbsenceId(id_of("Absence", input.absence_id, "absenceId")),
            PageId(id_of("BookingPage", input.page_id, "pageId")),
        )
        return StandInAcceptPayload(duty=StandInDutyType.of(duty))

    @strawberry.mutation(description="Decline to stand in, or end it; who is away is told by mail.")
    async def stand_in_decline(self, info: Info, input: Given[StandInDeclineInput]) -> StandInDeclineResult:
        """Decline."""
        absence_id = AbsenceId(id_of("Absence", input.absence_id, "absenceId"))
        await info.context.services.absences.decline(info.context.viewer, absence_id)
        return StandInDeclinePayload(absence_id=input.absence_id)

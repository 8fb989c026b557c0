"""Submissions of routing forms over GraphQL, for the forms' owners: list, count, erase."""

from typing import Annotated

import strawberry
from strawberry import UNSET

from domain.errors import NotFound
from domain.ids import RoutingFormId, SubmissionId
from resolvers.context import Given, Info
from resolvers.routing import FormOf
from schema.cost import paged
from schema.nodes import id_of
from schema.pagination import After, Before, Connection, First, Last, connection, paging_of
from schema.submissions import (
    RoutingArrivalsType,
    RoutingFunnelType,
    SubmissionEraseInput,
    SubmissionErasePayload,
    SubmissionEraseResult,
    SubmissionFilterInput,
    SubmissionType,
    said_filter,
)
from services.submissions import SeenSubmission

Filter = Annotated[
    SubmissionFilterInput | None, strawberry.argument(description="Which submissions to look at.")
]


@strawberry.type
class SubmissionsQuery:
    """What can be asked of submissions."""

    @strawberry.field(
        description="What was submitted by a form of the viewer's, oldest first; null for others' forms.",
        directives=[paged()],
    )
    async def submissions(
        self,
        info: Info,
        form_id: FormOf,
        filter: Filter = UNSET,
        first: First = UNSET,
        after: After = UNSET,
        last: Last = UNSET,
        before: Before = UNSET,
    ) -> Connection[SubmissionType] | None:
        """List submissions."""
        try:
            part = await info.context.services.submissions.listed(
                info.context.viewer,
                RoutingFormId(id_of("RoutingForm", form_id)),
                said_filter(filter),
                paging_of(first, after, last, before),
            )
        except NotFound:
            return None
        return connection(part, _shown)

    @strawberry.field(description="What came of a form of the viewer's, in numbers; null for others' forms.")
    async def routing_funnel(
        self, info: Info, form_id: FormOf, filter: Filter = UNSET
    ) -> RoutingFunnelType | None:
        """Count submissions."""
        try:
            funnel = await info.context.services.submissions.funnel(
                info.context.viewer, RoutingFormId(id_of("RoutingForm", form_id)), said_filter(filter)
            )
        except NotFound:
            return None
        return RoutingFunnelType(
            submitted=funnel.submitted,
            booked=funnel.booked,
            arrivals=[RoutingArrivalsType.of(funnel.organization_id, one) for one in funnel.arrivals],
        )


@strawberry.type
class SubmissionsMutation:
    """What can be done with submissions."""

    @strawberry.mutation(description="Erase what somebody answered, for good; it is still counted.")
    async def submission_erase(self, info: Info, input: Given[SubmissionEraseInput]) -> SubmissionEraseResult:
        """Erase answers."""
        submission_id = SubmissionId(id_of("Submission", input.id, "id"))
        seen = await info.context.services.submissions.erase(info.context.viewer, submission_id)
        return SubmissionErasePayload(submission=_shown(seen))


def _shown(seen: SeenSubmission) -> SubmissionType:
    return SubmissionType.of(seen.submission, seen.form)

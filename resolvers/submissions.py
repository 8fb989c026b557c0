"""Submissions of routing forms over GraphQL, for the forms' owners: list, count, export, find, erase."""

from typing import Annotated

import strawberry
from strawberry import UNSET

from domain.errors import NotFound
from domain.ids import RoutingFormId, SubmissionId
from domain.paging import Place, place_of
from resolvers.context import Given, Info
from resolvers.routing import FormOf
from schema.cost import Cost, paged
from schema.nodes import id_of
from schema.pagination import After, Before, Connection, First, Last, connection, paging_of
from schema.scalars import EmailAddress
from schema.submissions import (
    RoutingArrivalsType,
    RoutingFunnelType,
    SubmissionEraseInput,
    SubmissionErasePayload,
    SubmissionEraseResult,
    SubmissionFilterInput,
    SubmissionsEraseInput,
    SubmissionsErasePayload,
    SubmissionsEraseResult,
    SubmissionsFound,
    SubmissionsSheet,
    SubmissionType,
    said_filter,
)
from services.submissions import SeenSubmission

Filter = Annotated[
    SubmissionFilterInput | None, strawberry.argument(description="Which submissions to look at.")
]
Email = Annotated[
    EmailAddress, strawberry.argument(description="Address that stands in what the person answered.")
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

    @strawberry.field(
        description="What was submitted by a form of the viewer's as a table, oldest first, with the "
        "questions of its versions as columns; null for others' forms.",
        directives=[Cost(weight=100)],
    )
    async def submissions_sheet(
        self, info: Info, form_id: FormOf, filter: Filter = UNSET, first: First = UNSET, after: After = UNSET
    ) -> SubmissionsSheet | None:
        """Export submissions."""
        try:
            part = await info.context.services.submissions.listed(
                info.context.viewer,
                RoutingFormId(id_of("RoutingForm", form_id)),
                said_filter(filter),
                paging_of(first, after, None, None),
            )
        except NotFound:
            return None
        return SubmissionsSheet(
            rows=[(seen.submission, seen.form) for seen in part.items],
            next_cursor=_cursor(part.places[-1]) if part.has_next and part.places else None,
        )

    @strawberry.field(
        description="What was submitted by a form of the viewer's with a mail address in the answers, of the "
        "100 submissions behind a cursor; null for others' forms.",
        directives=[Cost(weight=100)],
    )
    async def submissions_by(
        self, info: Info, form_id: FormOf, email: Email, after: After = UNSET
    ) -> SubmissionsFound | None:
        """Look for what one person submitted."""
        try:
            looked = await info.context.services.submissions.of_person(
                info.context.viewer,
                RoutingFormId(id_of("RoutingForm", form_id)),
                email,
                place_of(after, "after") if after else None,
            )
        except NotFound:
            return None
        return SubmissionsFound(
            submissions=[_shown(seen) for seen in looked.found], next_cursor=_cursor(looked.place)
        )


@strawberry.type
class SubmissionsMutation:
    """What can be done with submissions."""

    @strawberry.mutation(
        description="Erase what one person answered, for good, among the 500 submissions behind a cursor.",
        directives=[Cost(weight=100)],
    )
    async def submissions_erase(
        self, info: Info, input: Given[SubmissionsEraseInput]
    ) -> SubmissionsEraseResult:
        """Erase what one person answered."""
        erased = await info.context.services.submissions.erase_of_person(
            info.context.viewer,
            RoutingFormId(id_of("RoutingForm", input.form_id, "formId")),
            input.email,
            place_of(input.after, "after") if input.after else None,
        )
        return SubmissionsErasePayload(erased=erased.count, next_cursor=_cursor(erased.place))

    @strawberry.mutation(description="Erase what somebody answered, for good; it is still counted.")
    async def submission_erase(self, info: Info, input: Given[SubmissionEraseInput]) -> SubmissionEraseResult:
        """Erase answers."""
        submission_id = SubmissionId(id_of("Submission", input.id, "id"))
        seen = await info.context.services.submissions.erase(info.context.viewer, submission_id)
        return SubmissionErasePayload(submission=_shown(seen))


def _cursor(place: Place | None) -> str | None:
    return place.cursor() if place else None


def _shown(seen: SeenSubmission) -> SubmissionType:
    return SubmissionType.of(seen.submission, seen.form)

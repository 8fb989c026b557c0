"""Submissions as the owner of their form sees them, what came of a form, and erasing."""

import asyncio
from datetime import datetime
from typing import Annotated, Self

import strawberry
from strawberry import UNSET

from domain.ids import OrganizationId, PageId
from domain.routing_forms import Arrivals, Result, RoutingForm, Submission, SubmissionFilter
from domain.submission_sheets import SheetRow, submissions_sheet
from schema.booking_pages import QuestionType
from schema.bookings import AnswerType
from schema.context import Info
from schema.cost import ListSize
from schema.errors import InvalidInputError, NotAllowedError, NotFoundError
from schema.nodes import NodeType, global_id
from schema.routing import RoutedKindType, link_of
from schema.scalars import EmailAddress


@strawberry.type(name="Submission", description="One filled-in routing form, for the owner of the form.")
class SubmissionType(NodeType):
    """Twin of domain.routing_forms.Submission, read by the form as it was when it was made."""

    organization_id: strawberry.Private[OrganizationId]
    page_id: strawberry.Private[PageId | None]
    form_id: strawberry.ID = strawberry.field(description="Form that was filled in.")
    version: int = strawberry.field(description="Version of the form that was filled in.")
    questions: list[QuestionType] = strawberry.field(description="What was asked then, in order.")
    answers: list[AnswerType] = strawberry.field(description="What was answered; empty once it is erased.")
    is_erased: bool = strawberry.field(description="Whether what was answered is gone.")
    rule_name: str | None = strawberry.field(description="Rule that was met; null for none.")
    fell_back: bool = strawberry.field(
        description="Whether the rule's destination was not to be had, so that `otherwise` was given."
    )
    kind: RoutedKindType = strawberry.field(description="What the visitor was given.")
    text: str | None = strawberry.field(description="Text that they were given; null unless it was one.")
    url: str | None = strawberry.field(description="Address that they were given; null unless it was one.")
    is_booked: bool = strawberry.field(description="Whether they booked on the page.")
    booked_at: datetime | None = strawberry.field(description="Instant at which they booked, if they did.")
    created_at: datetime = strawberry.field(description="Instant at which it was submitted.")

    @strawberry.field(description="Link of the page to which they were sent; null unless it is there now.")
    async def slug(self, info: Info) -> str | None:
        """Load the page and its owner."""
        return await link_of(info, self.organization_id, self.page_id)

    @classmethod
    def of(cls, submission: Submission, form: RoutingForm) -> Self:
        """Shape a submission with its version of the form."""
        settings = form.settings
        destination = submission.destination(settings)
        return cls(
            id=global_id("Submission", submission.id),
            organization_id=submission.organization_id,
            page_id=submission.page_id,
            form_id=global_id("RoutingForm", submission.form_id),
            version=submission.version,
            questions=[QuestionType.of(question) for question in settings.questions],
            answers=[AnswerType.of(answer) for answer in submission.answers or ()],
            is_erased=submission.answers is None,
            rule_name=None if submission.rule is None else settings.rules[submission.rule].name,
            fell_back=submission.fell_back,
            kind=RoutedKindType(submission.result.value),
            text=destination.text or None,
            url=destination.url or None,
            is_booked=submission.booked_at is not None,
            booked_at=submission.booked_at,
            created_at=submission.created_at,
        )


@strawberry.type(name="RoutingArrivals", description="How many were given a page, a text or an address.")
class RoutingArrivalsType:
    """Twin of domain.routing_forms.Arrivals."""

    organization_id: strawberry.Private[OrganizationId]
    page_id: strawberry.Private[PageId | None]
    kind: RoutedKindType = strawberry.field(description="What they were given.")
    routed: int = strawberry.field(description="How many it was given.")
    booked: int = strawberry.field(description="How many of them booked there.")

    @strawberry.field(description="Link of the page; null unless it is one that is there now.")
    async def slug(self, info: Info) -> str | None:
        """Load the page and its owner."""
        return await link_of(info, self.organization_id, self.page_id)

    @classmethod
    def of(cls, organization_id: OrganizationId, arrivals: Arrivals) -> Self:
        """Shape a count."""
        return cls(
            organization_id=organization_id,
            page_id=arrivals.page_id,
            kind=RoutedKindType(arrivals.result.value),
            routed=arrivals.routed,
            booked=arrivals.booked,
        )


@strawberry.type(
    name="RoutingFunnel", description="What came of a routing form; who only looks at it is not counted."
)
class RoutingFunnelType:
    """Counts of submissions."""

    submitted: int = strawberry.field(description="How many submitted the form.")
    booked: int = strawberry.field(description="How many of them booked where they were sent.")
    arrivals: list[RoutingArrivalsType] = strawberry.field(
        description="How many came where, the largest count first."
    )


_NEXT = "Cursor with which to ask for what follows; null where nothing does."


@strawberry.type(description="Submissions of a routing form as a table.")
class SubmissionsSheet:
    """A part of what was submitted, for a spreadsheet."""

    rows: strawberry.Private[list[tuple[Submission, RoutingForm]]]
    next_cursor: str | None = strawberry.field(description=_NEXT)

    @strawberry.field(
        description="Header and a row for each submission, as CSV that is safe to open in a spreadsheet."
    )
    async def csv(self, info: Info) -> str:
        """Load the pages to which they led, and write the table."""
        return submissions_sheet(await asyncio.gather(*(_row(info, *row) for row in self.rows)))


async def _row(info: Info, submission: Submission, form: RoutingForm) -> SheetRow:
    destination = submission.destination(form.settings)
    link = await link_of(info, submission.organization_id, submission.page_id)
    return SheetRow(submission, form.settings, link or destination.url or destination.text)


@strawberry.type(description="What one person submitted, as far as it was looked for.")
class SubmissionsFound:
    """What comes of looking for somebody."""

    submissions: list[SubmissionType] = strawberry.field(
        description="Submissions in whose answers the address stands, oldest first.",
        directives=[ListSize(assumed_size=100)],
    )
    next_cursor: str | None = strawberry.field(description=_NEXT)


@strawberry.input(description="Which submissions to list or count; what is not said does not matter.")
class SubmissionFilterInput:
    """Twin of domain.routing_forms.SubmissionFilter."""

    is_booked: bool | None = strawberry.field(
        default=UNSET, description="Only those of people who booked, or only of those who did not."
    )
    kind: RoutedKindType | None = strawberry.field(
        default=UNSET, description="Only those that were given this."
    )
    created_from: datetime | None = strawberry.field(
        default=UNSET, description="Only those submitted at this instant or later."
    )
    created_before: datetime | None = strawberry.field(
        default=UNSET, description="Only those submitted before this instant."
    )


@strawberry.input(description="Submission whose answers are to be erased.")
class SubmissionEraseInput:
    """What submissionErase takes."""

    id: strawberry.ID = strawberry.field(description="Submission; that somebody came by is still counted.")


@strawberry.type(description="Submission without its answers.")
class SubmissionErasePayload:
    """What comes of submissionErase."""

    submission: SubmissionType = strawberry.field(description="What is left of it.")


@strawberry.input(description="Person whose answers to a routing form are to be erased.")
class SubmissionsEraseInput:
    """What submissionsErase takes."""

    form_id: strawberry.ID = strawberry.field(description="Form of the viewer's.")
    email: EmailAddress = strawberry.field(description="Address that stands in what they answered.")
    after: str | None = strawberry.field(
        default=UNSET, description="`nextCursor` of the call before; 500 submissions are looked at by one."
    )


@strawberry.type(description="What was erased, as far as it was looked for.")
class SubmissionsErasePayload:
    """What comes of submissionsErase."""

    erased: int = strawberry.field(description="How many submissions have lost their answers by this call.")
    next_cursor: str | None = strawberry.field(description=_NEXT)


SubmissionsEraseResult = Annotated[
    SubmissionsErasePayload | InvalidInputError | NotFoundError | NotAllowedError,
    strawberry.union("SubmissionsEraseResult", description="What comes of erasing what somebody answered."),
]
SubmissionEraseResult = Annotated[
    SubmissionErasePayload | NotFoundError | NotAllowedError,
    strawberry.union("SubmissionEraseResult", description="What comes of erasing answers."),
]


def said_filter(given: SubmissionFilterInput | None) -> SubmissionFilter:
    """Read a filter."""
    if not given:
        return SubmissionFilter()
    return SubmissionFilter(
        is_booked=None if given.is_booked is UNSET else given.is_booked,
        result=Result(given.kind.value) if given.kind else None,
        since=given.created_from or None,
        before=given.created_before or None,
    )

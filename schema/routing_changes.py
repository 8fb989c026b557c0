"""What is asked of routing forms by their owners and by visitors, and what comes of it."""

from typing import Annotated, Any

import strawberry
from strawberry import UNSET

from domain.ids import TeamId
from domain.routing import Comparison, Condition, Destination, DestinationKind, Joining, MemberSought, Rule
from schema.booking_changes import AnswerInput
from schema.booking_page_changes import QuestionInput, said_question
from schema.errors import (
    ConflictError,
    InvalidInputError,
    NotAllowedError,
    NotFoundError,
    RateLimitedError,
)
from schema.nodes import id_of
from schema.organizations import NotEntitledError
from schema.routing import (
    ComparisonType,
    DestinationKindType,
    JoiningType,
    NoDestinationError,
    RoutedType,
    RoutingFormType,
)


@strawberry.input(description="Comparison with the answer to a question.")
class RuleConditionInput:
    """Twin of domain.routing.Condition."""

    question: str = strawberry.field(description="Key of a question of the form.")
    comparison: ComparisonType = strawberry.field(description="How the answer is looked at.")
    values: list[str] | None = strawberry.field(
        default=UNSET, description="What it is compared with: one value, or up to 50 for ONE_OF and domains."
    )
    is_negated: bool | None = strawberry.field(
        default=UNSET, description="Whether it holds where the comparison does not; false if unsaid."
    )


@strawberry.input(description="Member to be found when somebody submits the form.")
class MemberSoughtInput:
    """Twin of domain.routing.MemberSought."""

    page_slug: str = strawberry.field(description="Their own part of the link of the page to book on.")
    team_id: strawberry.ID | None = strawberry.field(default=UNSET, description="Team in which they are.")
    attribute: str | None = strawberry.field(default=UNSET, description="Name of an attribute they have.")
    value: str | None = strawberry.field(default=UNSET, description="Value of the attribute.")
    question: str | None = strawberry.field(
        default=UNSET, description="Question whose answer is the value of the attribute, instead of `value`."
    )


@strawberry.input(description="Where visitors are sent: what belongs to the kind is said, and nothing else.")
class DestinationInput:
    """Twin of domain.routing.Destination."""

    kind: DestinationKindType = strawberry.field(description="What it is.")
    page: str | None = strawberry.field(
        default=UNSET, description="Link of a page of the organization, as `handle/page`."
    )
    member: MemberSoughtInput | None = strawberry.field(default=UNSET, description="Member to be found.")
    text: str | None = strawberry.field(
        default=UNSET, description="Plain text to read, 2,000 characters at most."
    )
    url: str | None = strawberry.field(
        default=UNSET, description="Address to go to: https, or a plain mailto or tel."
    )


@strawberry.input(description="Conditions, and where who meets them is sent.")
class RoutingRuleInput:
    """Twin of domain.routing.Rule."""

    name: str = strawberry.field(description="Name for whoever keeps the form, 1 to 100 characters.")
    joining: JoiningType = strawberry.field(description="How many of the conditions have to hold.")
    conditions: list[RuleConditionInput] = strawberry.field(description="1 to 20 conditions.")
    destination: DestinationInput = strawberry.field(description="Where it leads.")


@strawberry.input(description="Settings of a routing form that may be left out.")
class RoutingFormOptionsInput:
    """What creating and changing have in common."""

    description: str | None = strawberry.field(
        default=UNSET, description="Words about it for visitors, 5,000 characters at most."
    )
    questions: list[QuestionInput] | None = strawberry.field(
        default=UNSET, description="What visitors are asked, in order; 20 questions at most."
    )
    rules: list[RoutingRuleInput] | None = strawberry.field(
        default=UNSET, description="Rules in order, 50 at most: the first that is met counts."
    )
    is_active: bool | None = strawberry.field(
        default=UNSET, description="Whether anybody else can see and submit it; it is at first."
    )
    keeps_days: int | None = strawberry.field(
        default=UNSET, description="Days after which answers are erased, 1 to 730; 180 at first."
    )


@strawberry.input(description="Routing form to make.")
class RoutingFormCreateInput(RoutingFormOptionsInput):
    """What routingFormCreate takes."""

    slug: str = strawberry.field(description="Its own part of the link: a–z, 0–9 and -.")
    name: str = strawberry.field(description="Name that visitors see, 1 to 100 characters.")
    otherwise: DestinationInput = strawberry.field(description="Where they go who meet no rule.")


@strawberry.input(description="Change of a routing form; what is unsaid stays.")
class RoutingFormUpdateInput(RoutingFormOptionsInput):
    """What routingFormUpdate takes."""

    id: strawberry.ID = strawberry.field(description="Form to change.")
    expected_revision: int | None = strawberry.field(
        default=UNSET, description="Revision that the owner saw; another one is a conflict."
    )
    slug: str | None = strawberry.field(default=UNSET, description="Its own part of the link.")
    name: str | None = strawberry.field(default=UNSET, description="Name that visitors see.")
    otherwise: DestinationInput | None = strawberry.field(
        default=UNSET, description="Where they go who meet no rule."
    )


@strawberry.input(description="Routing form to remove.")
class RoutingFormDeleteInput:
    """What routingFormDelete takes."""

    id: strawberry.ID = strawberry.field(description="Form to remove, with all that was answered to it.")


@strawberry.input(description="Filled-in routing form.")
class SubmissionCreateInput:
    """What submissionCreate takes."""

    slug: str = strawberry.field(description="Link of the form, as `handle/form`.")
    version: int = strawberry.field(description="Version of the form that was filled in.")
    answers: list[AnswerInput] = strawberry.field(description="Answers to the form's questions.")
    idempotency_key: str = strawberry.field(
        description="New UUID for each attempt: a repeat with the same key is answered alike."
    )


@strawberry.type(description="Routing form that was made.")
class RoutingFormCreatePayload:
    """What comes of routingFormCreate."""

    routing_form: RoutingFormType = strawberry.field(description="New form.")


@strawberry.type(description="Routing form as it is after the change.")
class RoutingFormUpdatePayload:
    """What comes of routingFormUpdate."""

    routing_form: RoutingFormType = strawberry.field(description="Changed form.")


@strawberry.type(description="Routing form that was removed.")
class RoutingFormDeletePayload:
    """What comes of routingFormDelete."""

    routing_form_id: strawberry.ID = strawberry.field(description="Id of the removed form.")


@strawberry.type(description="Where the visitor is sent.")
class SubmissionCreatePayload:
    """What comes of submissionCreate."""

    routed: RoutedType = strawberry.field(description="Where the visitor is sent.")
    secret: str | None = strawberry.field(
        description="Secret for `submission` of `bookingCreate`, by which the form's owner knows that "
        "something was booked; null unless a page is the destination."
    )


RoutingFormCreateResult = Annotated[
    RoutingFormCreatePayload
    | NotEntitledError
    | InvalidInputError
    | NotFoundError
    | NotAllowedError
    | ConflictError,
    strawberry.union("RoutingFormCreateResult", description="What comes of making a routing form."),
]
RoutingFormUpdateResult = Annotated[
    RoutingFormUpdatePayload | InvalidInputError | NotFoundError | NotAllowedError | ConflictError,
    strawberry.union("RoutingFormUpdateResult", description="What comes of changing a routing form."),
]
RoutingFormDeleteResult = Annotated[
    RoutingFormDeletePayload | NotFoundError | NotAllowedError,
    strawberry.union("RoutingFormDeleteResult", description="What comes of removing a routing form."),
]
SubmissionCreateResult = Annotated[
    SubmissionCreatePayload
    | NoDestinationError
    | InvalidInputError
    | NotFoundError
    | ConflictError
    | RateLimitedError,
    strawberry.union("SubmissionCreateResult", description="What comes of submitting a routing form."),
]


def said_form(given: RoutingFormCreateInput | RoutingFormUpdateInput) -> dict[str, Any]:
    """Read what was said, under the names of domain.routing_forms.FormSettings; null is as good as unsaid.

    Raises NotFound that names the field.
    """
    said: dict[str, Any] = {
        "slug": given.slug,
        "name": given.name,
        "description": given.description,
        "questions": tuple(map(said_question, given.questions)) if given.questions else given.questions,
        "rules": _rules(given.rules) if given.rules else given.rules,
        "otherwise": said_destination(given.otherwise, "otherwise") if given.otherwise else None,
        "is_active": given.is_active,
        "keeps_days": given.keeps_days,
    }
    return {name: value for name, value in said.items() if value is not UNSET and value is not None}


def _rules(given: list[RoutingRuleInput]) -> tuple[Rule, ...]:
    return tuple(
        Rule(
            rule.name,
            Joining(rule.joining.value),
            tuple(map(_condition, rule.conditions)),
            said_destination(rule.destination, "rules", str(number), "destination"),
        )
        for number, rule in enumerate(given)
    )


def _condition(given: RuleConditionInput) -> Condition:
    return Condition(
        given.question,
        Comparison(given.comparison.value),
        tuple(given.values or ()),
        given.is_negated or False,
    )


def said_destination(given: DestinationInput, *path: str) -> Destination:
    """Read a destination; NotFound names the field."""
    return Destination(
        DestinationKind(given.kind.value),
        member=_member(given.member, *path, "member") if given.member else None,
        text=given.text or "",
        url=given.url or "",
        slug=given.page or "",
    )


def _member(given: MemberSoughtInput, *path: str) -> MemberSought:
    return MemberSought(
        page_slug=given.page_slug,
        team_id=TeamId(id_of("Team", given.team_id, *path, "teamId")) if given.team_id else None,
        attribute=given.attribute or None,
        value=given.value or None,
        question=given.question or None,
    )

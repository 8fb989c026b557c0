"""Routing forms: as everybody sees them, as their owners do, and where one is sent by them."""

from datetime import datetime
from enum import Enum
from typing import Self

import strawberry

from domain.booking_pages import Answer
from domain.ids import OrganizationId, PageId
from domain.routing import (
    Comparison,
    Condition,
    Destination,
    DestinationKind,
    Joining,
    Judged,
    MemberSought,
    NoDestination,
    Reason,
    Rule,
    Tried,
)
from domain.routing_forms import Result, RoutingForm
from domain.users import User
from schema.booking_pages import QuestionType
from schema.bookings import AnswerType
from schema.context import Info
from schema.cost import ListSize
from schema.errors import ErrorCode, ErrorType
from schema.nodes import NodeType, global_id
from schema.users import HostType


@strawberry.enum(name="RuleJoining", description="How many of a rule's conditions have to hold.")
class JoiningType(Enum):
    """Twin of domain.routing.Joining."""

    ALL = strawberry.enum_value(Joining.ALL.value, description="Each of them.")
    ANY = strawberry.enum_value(Joining.ANY.value, description="One of them, or more.")


@strawberry.enum(name="Comparison", description="How a condition looks at an answer, whatever the case.")
class ComparisonType(Enum):
    """Twin of domain.routing.Comparison."""

    ANSWERED = strawberry.enum_value(Comparison.ANSWERED.value, description="Anything at all.")
    EQUALS = strawberry.enum_value(Comparison.EQUALS.value, description="Answer that is the value.")
    CONTAINS = strawberry.enum_value(
        Comparison.CONTAINS.value, description="Answer that has the value in it."
    )
    ONE_OF = strawberry.enum_value(Comparison.ONE_OF.value, description="Answer that is one of the values.")
    LESS_THAN = strawberry.enum_value(
        Comparison.LESS_THAN.value, description="A number that is less than the value."
    )
    AT_MOST = strawberry.enum_value(Comparison.AT_MOST.value, description="A number up to the value.")
    MORE_THAN = strawberry.enum_value(
        Comparison.MORE_THAN.value, description="A number that is more than the value."
    )
    AT_LEAST = strawberry.enum_value(
        Comparison.AT_LEAST.value, description="A number that is the value or more."
    )
    MAIL_DOMAIN = strawberry.enum_value(
        Comparison.MAIL_DOMAIN.value, description="A mail address at one of these domains."
    )


@strawberry.enum(name="ConditionReason", description="Why a comparison holds or not, before it is negated.")
class ReasonType(Enum):
    """Twin of domain.routing.Reason."""

    FITS = strawberry.enum_value(Reason.FITS.value, description="Answer that fits.")
    DIFFERS = strawberry.enum_value(Reason.DIFFERS.value, description="Answer that does not fit.")
    UNANSWERED = strawberry.enum_value(Reason.UNANSWERED.value, description="Nothing was answered.")
    NO_NUMBER = strawberry.enum_value(Reason.NO_NUMBER.value, description="Answer that is no number.")
    NO_ADDRESS = strawberry.enum_value(Reason.NO_ADDRESS.value, description="Answer that is no mail address.")


@strawberry.enum(name="DestinationKind", description="Where a rule leads.")
class DestinationKindType(Enum):
    """Twin of domain.routing.DestinationKind."""

    PAGE = strawberry.enum_value(DestinationKind.PAGE.value, description="A booking page.")
    MEMBER = strawberry.enum_value(
        DestinationKind.MEMBER.value, description="A page of a member who is found by team or attribute."
    )
    TEXT = strawberry.enum_value(DestinationKind.TEXT.value, description="A text to read.")
    URL = strawberry.enum_value(DestinationKind.URL.value, description="An address to go to.")


@strawberry.enum(name="RoutedKind", description="What a visitor was given.")
class RoutedKindType(Enum):
    """Twin of domain.routing_forms.Result."""

    PAGE = strawberry.enum_value(Result.PAGE.value, description="A booking page.")
    TEXT = strawberry.enum_value(Result.TEXT.value, description="A text to read.")
    URL = strawberry.enum_value(Result.URL.value, description="An address to go to.")


@strawberry.type(description="Routing form that leads nowhere at the moment.")
class NoDestinationError(ErrorType):
    """Twin of domain.routing.NoDestination."""

    @classmethod
    def of(cls, broken: NoDestination, message: str) -> Self:
        """Shape the error."""
        return cls(message=message, code=ErrorCode.NO_DESTINATION, path=list(broken.path))


@strawberry.type(name="RuleCondition", description="Comparison with the answer to a question.")
class ConditionType:
    """Twin of domain.routing.Condition."""

    question: str = strawberry.field(description="Key of the question.")
    comparison: ComparisonType = strawberry.field(description="How the answer is looked at.")
    values: list[str] = strawberry.field(description="What it is compared with.")
    is_negated: bool = strawberry.field(description="Whether it holds where the comparison does not.")

    @classmethod
    def of(cls, condition: Condition) -> Self:
        """Shape a condition."""
        return cls(
            question=condition.question,
            comparison=ComparisonType(condition.comparison.value),
            values=list(condition.values),
            is_negated=condition.is_negated,
        )


@strawberry.type(name="MemberSought", description="Member to be found when somebody submits the form.")
class MemberSoughtType:
    """Twin of domain.routing.MemberSought."""

    page_slug: str = strawberry.field(description="Their own part of the link of the page to book on.")
    team_id: strawberry.ID | None = strawberry.field(description="Team in which they are; null for any.")
    attribute: str | None = strawberry.field(description="Attribute that they have; null for any.")
    value: str | None = strawberry.field(description="Value of the attribute, where it is fixed.")
    question: str | None = strawberry.field(description="Question whose answer is the value, if one is.")

    @classmethod
    def of(cls, sought: MemberSought) -> Self:
        """Shape what is sought."""
        return cls(
            page_slug=sought.page_slug,
            team_id=global_id("Team", sought.team_id) if sought.team_id else None,
            attribute=sought.attribute,
            value=sought.value,
            question=sought.question,
        )


@strawberry.type(name="Destination", description="Where visitors are sent, as the form's owner set it.")
class DestinationType:
    """Twin of domain.routing.Destination, for the owner of the form."""

    organization_id: strawberry.Private[OrganizationId]
    destination: strawberry.Private[Destination]
    kind: DestinationKindType = strawberry.field(description="What it is.")
    text: str | None = strawberry.field(description="Text to read; null unless it is one.")
    url: str | None = strawberry.field(description="Address to go to; null unless it is one.")
    member: MemberSoughtType | None = strawberry.field(description="Member to be found, if one is.")

    @strawberry.field(description="Link of the page, as `handle/page`; null unless it is one that is there.")
    async def page(self, info: Info) -> str | None:
        """Load the page and its owner."""
        return await link_of(info, self.organization_id, self.destination.page_id)

    @classmethod
    def of(cls, form: RoutingForm, destination: Destination) -> Self:
        """Shape a destination of a form."""
        return cls(
            organization_id=form.organization_id,
            destination=destination,
            kind=DestinationKindType(destination.kind.value),
            text=destination.text or None,
            url=destination.url or None,
            member=MemberSoughtType.of(destination.member) if destination.member else None,
        )


async def link_of(info: Info, organization_id: OrganizationId, page_id: PageId | None) -> str | None:
    """Give the public link of a page; None where it is gone, was taken offline or is secret by now."""
    page = await info.context.loaders.pages.load((organization_id, page_id)) if page_id else None
    if page is None or not page.is_active or page.is_secret:
        return None
    owner = await info.context.loaders.users.load(page.owner_id)
    return f"{owner.handle}/{page.slug}" if owner else None


@strawberry.type(name="RoutingRule", description="Conditions, and where who meets them is sent.")
class RuleType:
    """Twin of domain.routing.Rule."""

    name: str = strawberry.field(description="Name for whoever keeps the form.")
    joining: JoiningType = strawberry.field(description="How many of its conditions have to hold.")
    conditions: list[ConditionType] = strawberry.field(description="Conditions in order.")
    destination: DestinationType = strawberry.field(description="Where it leads.")

    @classmethod
    def of(cls, form: RoutingForm, rule: Rule) -> Self:
        """Shape a rule of a form."""
        return cls(
            name=rule.name,
            joining=JoiningType(rule.joining.value),
            conditions=[ConditionType.of(condition) for condition in rule.conditions],
            destination=DestinationType.of(form, rule.destination),
        )


@strawberry.type(name="RoutingForm", description="Questions that decide where a visitor goes.")
class RoutingFormType(NodeType):
    """Twin of domain.routing_forms.RoutingForm, for its owner."""

    slug: str = strawberry.field(description="Its own part of the link, unique among its owner's forms.")
    name: str = strawberry.field(description="Name that visitors see.")
    description: str = strawberry.field(description="Words about it for visitors.")
    questions: list[QuestionType] = strawberry.field(description="What visitors are asked, in order.")
    rules: list[RuleType] = strawberry.field(description="Rules in order: the first that is met counts.")
    otherwise: DestinationType = strawberry.field(description="Where they go who meet no rule.")
    is_active: bool = strawberry.field(description="Whether anybody but the owner can see and submit it.")
    keeps_days: int = strawberry.field(description="Days after which what was answered is erased.")
    revision: int = strawberry.field(description="Number of its version; it grows with each change.")
    created_at: datetime = strawberry.field(description="Instant at which it was made.")

    @classmethod
    def of(cls, form: RoutingForm) -> Self:
        """Shape a form."""
        settings = form.settings
        return cls(
            id=global_id("RoutingForm", form.id),
            slug=settings.slug,
            name=settings.name,
            description=settings.description,
            questions=[QuestionType.of(question) for question in settings.questions],
            rules=[RuleType.of(form, rule) for rule in settings.rules],
            otherwise=DestinationType.of(form, settings.otherwise),
            is_active=settings.is_active,
            keeps_days=settings.keeps_days,
            revision=form.revision,
            created_at=form.created_at,
        )


@strawberry.type(name="PublicRoutingForm", description="Routing form as everybody sees it.")
class PublicRoutingFormType:
    """What a visitor needs to fill a form in; of its rules it says nothing."""

    slug: str = strawberry.field(description="Its link, as `handle/form`.")
    name: str = strawberry.field(description="Name of the form.")
    description: str = strawberry.field(description="Words about it.")
    questions: list[QuestionType] = strawberry.field(description="What is asked, in order.")
    version: int = strawberry.field(description="Version of the form, which goes with what is submitted.")
    owner: HostType = strawberry.field(description="Whose form it is.")

    @classmethod
    def of(cls, form: RoutingForm, owner: User) -> Self:
        """Shape a form for visitors."""
        settings = form.settings
        return cls(
            slug=f"{owner.handle}/{settings.slug}",
            name=settings.name,
            description=settings.description,
            questions=[QuestionType.of(question) for question in settings.questions if question.is_enabled],
            version=form.revision,
            owner=HostType.of(owner),
        )


@strawberry.type(name="Routed", description="Where a visitor is sent.")
class RoutedType:
    """What comes of a destination."""

    kind: RoutedKindType = strawberry.field(description="What it is.")
    slug: str | None = strawberry.field(
        description="Link of the page, as `handle/page`; null unless it is one."
    )
    text: str | None = strawberry.field(description="Plain text to read; null unless it is one.")
    url: str | None = strawberry.field(
        description="Address to go to, of the scheme https, mailto or tel; null unless it is one."
    )
    answers: list[AnswerType] = strawberry.field(
        description="Answers to the page's questions that were given already, to fill its form in with."
    )

    @classmethod
    def of(cls, result: Result, slug: str | None, text: str, url: str, carried: tuple[Answer, ...]) -> Self:
        """Shape where somebody is sent."""
        return cls(
            kind=RoutedKindType(result.value),
            slug=slug,
            text=text or None,
            url=url or None,
            answers=[AnswerType.of(answer) for answer in carried],
        )


@strawberry.type(name="TriedCondition", description="Condition with what was answered.")
class TriedConditionType:
    """Twin of domain.routing.Judged."""

    condition: ConditionType = strawberry.field(description="Condition itself.")
    said: list[str] = strawberry.field(description="What was answered; empty for nothing.")
    reason: ReasonType = strawberry.field(description="Why the comparison holds or not.")
    is_met: bool = strawberry.field(description="Whether the condition holds.")

    @classmethod
    def of(cls, judged: Judged) -> Self:
        """Shape a condition that was judged."""
        return cls(
            condition=ConditionType.of(judged.condition),
            said=list(judged.said),
            reason=ReasonType(judged.reason.value),
            is_met=judged.is_met,
        )


@strawberry.type(name="TriedRule", description="Rule with each of its conditions judged.")
class TriedRuleType:
    """Twin of domain.routing.Tried."""

    name: str = strawberry.field(description="Name of the rule.")
    joining: JoiningType = strawberry.field(description="How many of its conditions have to hold.")
    conditions: list[TriedConditionType] = strawberry.field(
        description="Conditions in order.", directives=[ListSize(assumed_size=20)]
    )
    is_met: bool = strawberry.field(description="Whether the rule is met.")
    is_taken: bool = strawberry.field(description="Whether it is the first that is met, which counts.")

    @classmethod
    def of(cls, tried: Tried, *, is_taken: bool) -> Self:
        """Shape a rule that was tried."""
        return cls(
            name=tried.rule.name,
            joining=JoiningType(tried.rule.joining.value),
            conditions=[TriedConditionType.of(judged) for judged in tried.conditions],
            is_met=tried.is_met,
            is_taken=is_taken,
        )


@strawberry.type(name="RoutingExplanation", description="Where answers would lead now, and why.")
class RoutingExplanationType:
    """What comes of trying a form."""

    rules: list[TriedRuleType] = strawberry.field(
        description="Every rule, in order.", directives=[ListSize(assumed_size=50)]
    )
    routed: RoutedType | None = strawberry.field(
        description="Where a visitor would be sent; null where nothing of it is to be had."
    )
    fell_back: bool = strawberry.field(
        description="Whether the rule's destination is not to be had, so that `otherwise` is given."
    )

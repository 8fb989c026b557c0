"""Routing forms: what an owner sets on one and what of it is possible, and what visitors leave behind."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from domain.addresses import display_text, email_address
from domain.booking_pages import Answer, Question, QuestionFormat
from domain.booking_questions import CHOICE_FORMATS, MAX_STRING, MAX_TEXT, checked_questions, phone_number
from domain.errors import Conflict, InvalidInput
from domain.ids import OrganizationId, PageId, RoutingFormId, SubmissionId, UserId
from domain.page_settings import MAX_NAME, MAX_WORDS, checked_slug
from domain.places import https_link
from domain.routing import (
    Comparison,
    Condition,
    Destination,
    DestinationKind,
    MemberSought,
    Rule,
    folded,
    mail_domain,
    number_of,
)

MAX_FORMS = 100
MAX_QUESTIONS = 20
MAX_RULES = 50
MAX_CONDITIONS = 20
MAX_VALUES = 50
LONGEST_KEPT = 730  # days
_ATTRIBUTE = re.compile(r"[a-z0-9-]{1,40}", re.ASCII)
_HEADERS = frozenset("?&#%")  # some of them may stand in an address, and would begin headers in a link
_ONE = frozenset({Comparison.EQUALS, Comparison.CONTAINS})


class FormSlugTaken(Conflict):
    """The owner has another form with this link."""

    sentence = "Another routing form of yours has this link already."


class FormChanged(Conflict):
    """The form has changed since the visitor saw it: what they answered may not be asked any more."""

    sentence = "This form has changed meanwhile. Please load it again."


@dataclass(frozen=True, slots=True)
class FormSettings:
    """Everything of a form that its owner sets. Answers are erased after `keeps_days`."""

    slug: str
    name: str
    otherwise: Destination
    description: str = ""
    questions: Sequence[Question] = ()
    rules: Sequence[Rule] = ()
    is_active: bool = True
    keeps_days: int = 180


@dataclass(frozen=True, slots=True)
class RoutingForm:
    """A form as it is now, or as it was at one of its versions; `revision` is the version's number.

    A version by which nobody has submitted is not kept once the next is made.
    """

    id: RoutingFormId
    organization_id: OrganizationId
    owner_id: UserId
    settings: FormSettings
    revision: int
    created_at: datetime


class Result(StrEnum):
    """What a visitor was given: a page to book on, a text to read, or an address to go to."""

    PAGE = "page"
    TEXT = "text"
    URL = "url"


@dataclass(frozen=True, slots=True)
class Submission:
    """One filled-in form and where it led. `version` is that of the form by which it was made.

    No `rule`: none was met. Where it `fell_back`, the rule's destination was not to be had. `answers` are
    None once they are erased. `booked_at` is when something was booked on the page to which it led.
    """

    id: SubmissionId
    organization_id: OrganizationId
    form_id: RoutingFormId
    version: int
    rule: int | None
    fell_back: bool
    result: Result
    page_id: PageId | None
    answers: tuple[Answer, ...] | None
    created_at: datetime
    booked_at: datetime | None = None

    def destination(self, settings: FormSettings) -> Destination:
        """Give the destination to which it led, by the settings of its version."""
        if self.rule is None or self.fell_back:
            return settings.otherwise
        return settings.rules[self.rule].destination


@dataclass(frozen=True, slots=True)
class SubmissionFilter:
    """Which submissions of a form are asked for; what is None does not matter."""

    is_booked: bool | None = None
    result: Result | None = None
    since: datetime | None = None
    before: datetime | None = None
    is_erased: bool | None = None


@dataclass(frozen=True, slots=True)
class Arrivals:
    """How many were sent to one page, or were given a text or an address, and how many have booked there."""

    result: Result
    page_id: PageId | None
    routed: int
    booked: int


def checked_form(wanted: FormSettings) -> FormSettings:
    """Check and clean a form; InvalidInput names the field. Whether pages and teams are there is not said."""
    if len(wanted.questions) > MAX_QUESTIONS:
        raise InvalidInput("A routing form has at most 20 questions.", "questions")
    if len(wanted.rules) > MAX_RULES:
        raise InvalidInput("A routing form has at most 50 rules.", "rules")
    if not 1 <= wanted.keeps_days <= LONGEST_KEPT:
        raise InvalidInput("Answers are kept for 1 to 730 days.", "keepsDays")
    questions = checked_questions(wanted.questions, MAX_QUESTIONS)
    asked = {question.key: question for question in questions}
    return FormSettings(
        slug=checked_slug(wanted.slug, "slug"),
        name=display_text(wanted.name, MAX_NAME, "name"),
        otherwise=_checked_destination(wanted.otherwise, asked, "otherwise"),
        description=display_text(
            wanted.description, MAX_WORDS, "description", is_required=False, keeps_lines=True
        ),
        questions=questions,
        rules=tuple(
            _checked_rule(rule, asked, "rules", str(number)) for number, rule in enumerate(wanted.rules)
        ),
        is_active=wanted.is_active,
        keeps_days=wanted.keeps_days,
    )


def _checked_rule(rule: Rule, asked: dict[str, Question], *path: str) -> Rule:
    if not 1 <= len(rule.conditions) <= MAX_CONDITIONS:
        raise InvalidInput("A rule has 1 to 20 conditions.", *path, "conditions")
    return Rule(
        name=display_text(rule.name, MAX_NAME, *path, "name"),
        joining=rule.joining,
        conditions=tuple(
            _checked_condition(condition, asked, *path, "conditions", str(number))
            for number, condition in enumerate(rule.conditions)
        ),
        destination=_checked_destination(rule.destination, asked, *path, "destination"),
    )


def _checked_condition(condition: Condition, asked: dict[str, Question], *path: str) -> Condition:
    question = asked.get(condition.question)
    if question is None:
        raise InvalidInput("The form has no question with this key.", *path, "question")
    path = (*path, "values")
    if condition.comparison is Comparison.ANSWERED and condition.values:
        raise InvalidInput("Whether something is answered is compared with nothing.", *path)
    if (condition.comparison in _ONE or condition.comparison.is_of_numbers) and len(condition.values) != 1:
        raise InvalidInput("This is compared with one value.", *path)
    if condition.comparison is not Comparison.ANSWERED and not 1 <= len(condition.values) <= MAX_VALUES:
        raise InvalidInput("This is compared with 1 to 50 values.", *path)
    values = tuple(_checked_value(condition.comparison, question, value, path) for value in condition.values)
    return replace(condition, values=values)


def _checked_value(comparison: Comparison, question: Question, value: str, path: tuple[str, ...]) -> str:
    """Clean what an answer is compared with; what no answer could ever fit is refused."""
    shown = display_text(value, MAX_STRING, *path)
    if comparison.is_of_numbers and number_of(shown) is None:
        raise InvalidInput("This is not a number. Write it like 12 or 1.5.", *path)
    if comparison is Comparison.MAIL_DOMAIN:
        domain = mail_domain(f"name@{shown}")
        if domain is None:
            raise InvalidInput("This is not the domain of a mail address.", *path)
        return domain
    if comparison in (Comparison.EQUALS, Comparison.ONE_OF):
        if question.format is QuestionFormat.PHONE_NUMBER:
            return phone_number(shown, *path)
        known = {folded(choice) for choice in question.choices}
        if question.format in CHOICE_FORMATS and not question.takes_other and folded(shown) not in known:
            raise InvalidInput("This is not one of the choices.", *path)
    return shown


def _checked_destination(destination: Destination, asked: dict[str, Question], *path: str) -> Destination:
    """Clean a destination: of what its kind does not have, nothing is kept."""
    match destination.kind:
        case DestinationKind.PAGE:
            if not destination.slug and destination.page_id is None:
                raise InvalidInput("A page is named by its link, like handle/page.", *path, "page")
            return Destination(destination.kind, page_id=destination.page_id, slug=destination.slug)
        case DestinationKind.MEMBER:
            return Destination(
                destination.kind, member=_checked_member(destination.member, asked, *path, "member")
            )
        case DestinationKind.TEXT:
            text = display_text(destination.text, MAX_TEXT, *path, "text", keeps_lines=True)
            return Destination(destination.kind, text=text)
        case DestinationKind.URL:
            return Destination(destination.kind, url=web_address(destination.url, *path, "url"))


def _checked_member(sought: MemberSought | None, asked: dict[str, Question], *path: str) -> MemberSought:
    if sought is None:
        raise InvalidInput("A member is found by their team or an attribute.", *path)
    if sought.attribute is None and sought.team_id is None:
        raise InvalidInput("A member is found by their team or an attribute.", *path)
    if (sought.attribute is None) is not (sought.value is None and sought.question is None):
        raise InvalidInput("An attribute has a value, or a question whose answer is its value.", *path)
    if sought.value is not None and sought.question is not None:
        raise InvalidInput("An attribute has a value, or a question whose answer is its value.", *path)
    if sought.question is not None and sought.question not in asked:
        raise InvalidInput("The form has no question with this key.", *path, "question")
    return replace(
        sought,
        page_slug=checked_slug(sought.page_slug, *path, "pageSlug"),
        attribute=None if sought.attribute is None else attribute_name(sought.attribute, *path, "attribute"),
        value=None if sought.value is None else display_text(sought.value, MAX_NAME, *path, "value"),
    )


def attribute_name(text: str, *path: str) -> str:
    """Check the name of an attribute; InvalidInput."""
    if not _ATTRIBUTE.fullmatch(text):
        raise InvalidInput("An attribute's name has 1 to 40 small letters, digits and -.", *path)
    return text


def web_address(text: str, *path: str) -> str:
    """Check where a form may send people: a https link, a mail address or a number to call; InvalidInput.

    Anything else, like `javascript:`, `data:` or a plain `http:`, is refused, however it is spelled. An
    address comes with nothing behind it, so that it cannot fill in a mail.
    """
    scheme, colon, rest = text.strip().partition(":")
    match scheme.lower() if colon else "":
        case "mailto" if _HEADERS.isdisjoint(rest):
            return f"mailto:{email_address(rest, *path)}"
        case "tel":
            return f"tel:{phone_number(rest, *path)}"
        case _:
            return https_link(text, path)

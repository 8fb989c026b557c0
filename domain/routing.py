"""Routing: rules over a visitor's answers, in order, and the destination to which the first met leads.

Nothing here looks at the world: the same rules and answers always lead to the same destination, and
`route` says of each rule why it was met or not. The same function answers visitors and explains.
"""

import operator
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from functools import cache
from types import MappingProxyType

from domain.addresses import canonical, email_address
from domain.errors import InvalidInput, RuleBroken
from domain.ids import PageId, TeamId

_NUMBER = re.compile(r"[+-]?[0-9]{1,15}(?:\.[0-9]{1,6})?", re.ASCII)
_LONGEST_NUMBER = 40

Answers = Mapping[str, Sequence[str]]
"""What was answered, by the key of the question; what was not answered is left out."""


class NoDestination(RuleBroken):
    """A form whose last destination is gone too: its page is closed, or nobody is left."""

    code = "NO_DESTINATION"
    sentence = "This form leads nowhere at the moment. Nothing was stored. Please ask whoever sent you here."


class Joining(StrEnum):
    """How many of a rule's conditions have to hold."""

    ALL = "all"
    ANY = "any"


class Comparison(StrEnum):
    """How a condition looks at an answer; letters are compared without regard to case and width."""

    ANSWERED = "answered"
    EQUALS = "equals"
    CONTAINS = "contains"
    ONE_OF = "one_of"
    LESS_THAN = "less_than"
    AT_MOST = "at_most"
    MORE_THAN = "more_than"
    AT_LEAST = "at_least"
    MAIL_DOMAIN = "mail_domain"

    @property
    def is_of_numbers(self) -> bool:
        """Whether it compares numbers: an answer that is none is neither more nor less."""
        return self in _ORDERS


_ORDERS: Mapping[Comparison, Callable[[Decimal, Decimal], bool]] = MappingProxyType(
    {
        Comparison.LESS_THAN: operator.lt,
        Comparison.AT_MOST: operator.le,
        Comparison.MORE_THAN: operator.gt,
        Comparison.AT_LEAST: operator.ge,
    }
)


class Reason(StrEnum):
    """Why the comparison of a condition holds or not, before `is_negated` turns it round."""

    FITS = "fits"
    DIFFERS = "differs"
    UNANSWERED = "unanswered"
    NO_NUMBER = "no_number"
    NO_ADDRESS = "no_address"


class DestinationKind(StrEnum):
    """Where a rule leads."""

    PAGE = "page"
    MEMBER = "member"
    TEXT = "text"
    URL = "url"


@dataclass(frozen=True, slots=True)
class Condition:
    """A comparison with the answer to a question; where several were chosen, one that fits is enough.

    `is_negated` turns the comparison round: it holds too where nothing was answered.
    """

    question: str
    comparison: Comparison
    values: tuple[str, ...] = ()
    is_negated: bool = False


@dataclass(frozen=True, slots=True)
class MemberSought:
    """A member to be found: who has a page with this slug, and is in the team, and has the attribute.

    The attribute's value is fixed, or what was answered to a question; no `attribute` is anybody's.
    """

    page_slug: str
    team_id: TeamId | None = None
    attribute: str | None = None
    value: str | None = None
    question: str | None = None

    def values(self, answers: Answers) -> tuple[str, ...]:
        """Give the values of the attribute of which one is sought; none where nothing was answered."""
        if self.question is not None:
            return tuple(answers.get(self.question, ()))
        return () if self.value is None else (self.value,)


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a visitor is sent, as the form's owner wrote it down.

    `slug` is a page's public link as the owner writes it; what is stored has the page's id.
    """

    kind: DestinationKind
    page_id: PageId | None = None
    member: MemberSought | None = None
    text: str = ""
    url: str = ""
    slug: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """Conditions, and where who meets them is sent. The name is for whoever keeps the form."""

    name: str
    joining: Joining
    conditions: tuple[Condition, ...]
    destination: Destination


@dataclass(frozen=True, slots=True)
class Judged:
    """A condition with what was answered, and whether it holds and why."""

    condition: Condition
    said: tuple[str, ...]
    reason: Reason

    @property
    def is_met(self) -> bool:
        """Whether the condition holds."""
        return (self.reason is Reason.FITS) is not self.condition.is_negated


@dataclass(frozen=True, slots=True)
class Tried:
    """A rule with each of its conditions judged."""

    rule: Rule
    conditions: tuple[Judged, ...]

    @property
    def is_met(self) -> bool:
        """Whether the rule is met."""
        enough = all if self.rule.joining is Joining.ALL else any
        return enough(one.is_met for one in self.conditions)


@dataclass(frozen=True, slots=True)
class Routed:
    """Where answers lead: by the rule of this number, from 0, or by none; each rule as it was tried."""

    destination: Destination
    rule: int | None
    tried: tuple[Tried, ...]


class _Reading:
    """What is read in answers: once in each, however many conditions look at it.

    A form may have a thousand of them, and a visitor waits.
    """

    def __init__(self) -> None:
        self.folded = cache(folded)
        self.number_of = cache(number_of)
        self.mail_domain = cache(mail_domain)


def route(rules: Sequence[Rule], otherwise: Destination, answers: Answers) -> Routed:
    """Find the first rule that is met; where none is, `otherwise` is the destination."""
    reading = _Reading()
    tried = tuple(
        Tried(rule, tuple(_judged(condition, answers, reading) for condition in rule.conditions))
        for rule in rules
    )
    for number, one in enumerate(tried):
        if one.is_met:
            return Routed(one.rule.destination, number, tried)
    return Routed(otherwise, None, tried)


def judged(condition: Condition, answers: Answers) -> Judged:
    """Judge one condition."""
    return _judged(condition, answers, _Reading())


def _judged(condition: Condition, answers: Answers, reading: _Reading) -> Judged:
    said = tuple(answers.get(condition.question, ()))
    return Judged(condition, said, _reason(condition, said, reading) if said else Reason.UNANSWERED)


def _reason(condition: Condition, said: Sequence[str], reading: _Reading) -> Reason:
    if condition.comparison is Comparison.ANSWERED:
        return Reason.FITS
    if condition.comparison.is_of_numbers:
        return _by_number(condition, said, reading)
    if condition.comparison is Comparison.MAIL_DOMAIN:
        return _by_domain(condition, said, reading)
    wanted = [reading.folded(value) for value in condition.values]
    given = [reading.folded(value) for value in said]
    if condition.comparison is Comparison.CONTAINS:
        fits = any(part in value for part in wanted for value in given)
    else:
        fits = not set(wanted).isdisjoint(given)
    return Reason.FITS if fits else Reason.DIFFERS


def _by_number(condition: Condition, said: Sequence[str], reading: _Reading) -> Reason:
    limits = [reading.number_of(value) for value in condition.values]
    numbers = [number for number in map(reading.number_of, said) if number is not None]
    if not numbers:
        return Reason.NO_NUMBER
    fits = _ORDERS[condition.comparison]
    found = any(limit is not None and fits(number, limit) for limit in limits for number in numbers)
    return Reason.FITS if found else Reason.DIFFERS


def _by_domain(condition: Condition, said: Sequence[str], reading: _Reading) -> Reason:
    domains = [domain for domain in map(reading.mail_domain, said) if domain is not None]
    if not domains:
        return Reason.NO_ADDRESS
    return Reason.DIFFERS if set(condition.values).isdisjoint(domains) else Reason.FITS


def folded(text: str) -> str:
    """Spell a text in the one way by which texts are compared: neither case nor width matters."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def number_of(text: str) -> Decimal | None:
    """Read a number as people type one: digits, full-width ones too, and a point; None for anything else.

    The minus of a Japanese keyboard is one.
    """
    if len(text) > _LONGEST_NUMBER:
        return None
    plain = unicodedata.normalize("NFKC", text).replace("\u2212", "-").strip()
    return Decimal(plain) if _NUMBER.fullmatch(plain) else None


def mail_domain(text: str) -> str | None:
    """Give the domain of a mail address, in the one spelling by which domains are compared; None for none."""
    try:
        return canonical(email_address(text)).rpartition("@")[2]
    except InvalidInput:
        return None

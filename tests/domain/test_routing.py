"""Rules of routing forms: their order, what each comparison means, and a brute force that agrees."""

import time
from collections.abc import Sequence
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.routing import (
    Answers,
    Comparison,
    Condition,
    Destination,
    DestinationKind,
    Joining,
    Reason,
    Rule,
    judged,
    mail_domain,
    number_of,
    route,
)

OTHERWISE = Destination(DestinationKind.TEXT, text="otherwise")
WORDS = [
    "",
    "a",
    "A",
    "ab",
    "ß",
    "SS",
    "1",
    "2",
    "2.5",
    "-3",
    "１2",
    "a@b.example",
    "c@B.EXAMPLE",
    "b.example",
]


def rule(text: str, *conditions: Condition, joining: Joining = Joining.ALL) -> Rule:
    return Rule(text, joining, conditions, Destination(DestinationKind.TEXT, text=text))


def holds(condition: Condition, answers: Answers) -> bool:
    """Say whether a condition holds, word by word as docs/routing.md says it."""
    said, values = answers.get(condition.question, ()), condition.values
    tests = {
        Comparison.ANSWERED: lambda: True,
        Comparison.EQUALS: lambda: any(alike(one) == alike(v) for one in said for v in values),
        Comparison.ONE_OF: lambda: any(alike(one) == alike(v) for one in said for v in values),
        Comparison.CONTAINS: lambda: any(alike(v) in alike(one) for one in said for v in values),
        Comparison.LESS_THAN: lambda: any(one < v for one, v in numbers(said, values)),
        Comparison.AT_MOST: lambda: any(one <= v for one, v in numbers(said, values)),
        Comparison.MORE_THAN: lambda: any(one > v for one, v in numbers(said, values)),
        Comparison.AT_LEAST: lambda: any(one >= v for one, v in numbers(said, values)),
        Comparison.MAIL_DOMAIN: lambda: any(
            one.count("@") == 1 and one.lower().endswith(f"@{v}") for one in said for v in values
        ),
    }
    return (bool(said) and tests[condition.comparison]()) is not condition.is_negated


def alike(text: str) -> str:
    return text.casefold().replace("１", "1")


def numbers(said: Sequence[str], values: Sequence[str]) -> list[tuple[float, float]]:
    def plain(texts: Sequence[str]) -> list[float]:
        return [
            float(text.replace("１", "1")) for text in texts if text.strip("-.0123456789１") == "" and text
        ]

    return [(one, value) for one in plain(said) for value in plain(values)]


CONDITIONS = st.builds(
    Condition,
    st.sampled_from(["x", "y", "z"]),
    st.sampled_from(Comparison),
    st.lists(st.sampled_from(WORDS[1:]), min_size=1, max_size=3).map(tuple),
    st.booleans(),
)
RULES = st.lists(
    st.tuples(st.lists(CONDITIONS, min_size=1, max_size=3), st.sampled_from(Joining)), max_size=4
).map(lambda made: [rule(str(n), *made[0], joining=made[1]) for n, made in enumerate(made)])
ANSWERS = st.dictionaries(
    st.sampled_from(["x", "y"]),
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(tuple),
    max_size=2,
)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(RULES, ANSWERS)
def test_routes_as_a_look_at_each_rule_does(rules: list[Rule], answers: dict[str, tuple[str, ...]]) -> None:
    """The first rule that is met counts; what is explained of each is what decides."""
    enough = {Joining.ALL: all, Joining.ANY: any}
    met = [enough[one.joining]([holds(each, answers) for each in one.conditions]) for one in rules]

    routed = route(rules, OTHERWISE, answers)

    assert [tried.is_met for tried in routed.tried] == met
    assert routed.rule == (met.index(True) if True in met else None)
    assert routed.destination == (OTHERWISE if routed.rule is None else rules[routed.rule].destination)
    assert [[each.is_met for each in tried.conditions] for tried in routed.tried] == [
        [holds(each, answers) for each in one.conditions] for one in rules
    ]


@pytest.mark.parametrize(
    ("comparison", "values", "said", "reason"),
    [
        (Comparison.EQUALS, ("Köln",), ("KÖLN",), Reason.FITS),
        (Comparison.EQUALS, ("Köln",), ("Kölner",), Reason.DIFFERS),
        (Comparison.CONTAINS, ("muse",), ("Two Museums",), Reason.FITS),
        (Comparison.ONE_OF, ("a", "b"), ("c", "B"), Reason.FITS),
        (Comparison.EQUALS, ("abc ガ",), ("ＡＢＣ ｶﾞ",), Reason.FITS),
        (Comparison.EQUALS, ("\u0390",), ("\u03aa\u0301",), Reason.FITS),
        (Comparison.AT_LEAST, ("50",), ("50.0",), Reason.FITS),
        (Comparison.MORE_THAN, ("50",), ("50",), Reason.DIFFERS),
        (Comparison.LESS_THAN, ("50",), ("fifty",), Reason.NO_NUMBER),
        (Comparison.AT_MOST, ("50",), ("5e1",), Reason.NO_NUMBER),
        (Comparison.MAIL_DOMAIN, ("xn--kln-sna.example",), ("Ada@Köln.example",), Reason.FITS),
        (Comparison.MAIL_DOMAIN, ("example.com",), ("ada@mail.example.com",), Reason.DIFFERS),
        (Comparison.MAIL_DOMAIN, ("example.com",), ("example.com",), Reason.NO_ADDRESS),
        (Comparison.ANSWERED, (), (), Reason.UNANSWERED),
    ],
)
def test_a_comparison_says_why(
    comparison: Comparison, values: tuple[str, ...], said: tuple[str, ...], reason: Reason
) -> None:
    condition = Condition("x", comparison, values)
    opposite = Condition("x", comparison, values, is_negated=True)
    answers = {"x": said} if said else {}

    assert judged(condition, answers).reason is reason
    assert judged(condition, answers).is_met is (reason is Reason.FITS)
    assert judged(opposite, answers).is_met is (reason is not Reason.FITS)


def test_numbers_and_domains_are_read_as_people_type_them() -> None:
    assert [number_of(text) for text in ("１２", " 1.50 ", "-3", "+7", "−２")] == [
        *(12, Decimal("1.5"), -3, 7, -2)
    ]
    assert [number_of(text) for text in ("", "1,5", "1e9", "NaN", "Infinity", "٣", "9" * 16, "1" * 400)] == [
        None
    ] * 8
    assert [mail_domain(text) for text in ("ADA@Example.COM", "ada", "@example.com", "a@b@c.de")] == [
        "example.com",
        None,
        None,
        None,
    ]


def test_the_largest_form_is_judged_in_a_moment_whatever_is_answered() -> None:
    """A thousand conditions that look for domains in fifty answers; read one by one that takes seconds."""
    said = tuple(f"somebody{n}@{'ä' * 20}{n}.example.com" for n in range(51))
    condition = Condition("x", Comparison.MAIL_DOMAIN, tuple(f"d{n}.example.com" for n in range(50)))
    rules = [rule(str(n), *[condition] * 20) for n in range(50)]
    started = time.thread_time()

    routed = route(rules, OTHERWISE, {"x": said})

    assert routed.rule is None
    assert time.thread_time() - started < 1

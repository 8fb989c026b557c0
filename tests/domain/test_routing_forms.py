"""What a routing form may be: questions, rules and destinations that can work, and safe addresses."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from domain.booking_pages import Answer, Question, QuestionFormat
from domain.booking_questions import carried_answers
from domain.errors import InvalidInput
from domain.ids import TeamId
from domain.member_attributes import MemberAttribute, checked_attributes
from domain.routing import Comparison, Condition, Destination, DestinationKind, Joining, MemberSought, Rule
from domain.routing_forms import FormSettings, checked_form, web_address
from storage.base import new_id

SELECT, STRING, PHONE = QuestionFormat.SELECT, QuestionFormat.STRING, QuestionFormat.PHONE_NUMBER
TEXT = Destination(DestinationKind.TEXT, text="Write to us.")
TEAM = TeamId(new_id())


def question(key: str, kind: QuestionFormat, *choices: str, **more: bool) -> Question:
    said = {"is_required": False, "is_enabled": True, "takes_other": False, **more}
    return Question(key, f"{key}?", kind, choices, **said)


ASKED = (question("size", STRING), question("topic", SELECT, "Museums", "Shops"), question("phone", PHONE))
FORM = FormSettings("where", "Where to?", TEXT, questions=ASKED)


def form(*conditions: Condition, to: Destination = TEXT) -> FormSettings:
    return replace(FORM, rules=(Rule("Rule", Joining.ALL, conditions, to),))


def last(kind: DestinationKind, **more: object) -> FormSettings:
    return replace(FORM, otherwise=Destination(kind, **more))  # pyright: ignore[reportArgumentType] -- a test's own


def condition(key: str, comparison: Comparison, *values: str) -> FormSettings:
    return form(Condition(key, comparison, values))


def member(**more: object) -> FormSettings:
    sought = MemberSought("intro", **more)  # pyright: ignore[reportArgumentType] -- a test's own names
    return last(DestinationKind.MEMBER, member=sought)


@pytest.mark.parametrize(
    ("wanted", "path"),
    [
        (replace(FORM, slug="Where"), "slug"),
        (replace(FORM, name=" "), "name"),
        (replace(FORM, keeps_days=731), "keepsDays"),
        (replace(FORM, questions=[question(f"k{n}", STRING) for n in range(21)]), "questions"),
        (replace(FORM, rules=[*form(Condition("size", Comparison.ANSWERED)).rules] * 51), "rules"),
        (form(), "rules.0.conditions"),
        (form(*[Condition("size", Comparison.ANSWERED)] * 21), "rules.0.conditions"),
        (condition("nothing", Comparison.ANSWERED), "rules.0.conditions.0.question"),
        (condition("size", Comparison.ANSWERED, "x"), "rules.0.conditions.0.values"),
        (condition("size", Comparison.EQUALS), "rules.0.conditions.0.values"),
        (condition("size", Comparison.EQUALS, "a", "b"), "rules.0.conditions.0.values"),
        (condition("size", Comparison.ONE_OF), "rules.0.conditions.0.values"),
        (condition("size", Comparison.ONE_OF, *map(str, range(51))), "rules.0.conditions.0.values"),
        (condition("size", Comparison.LESS_THAN, "many"), "rules.0.conditions.0.values"),
        (condition("size", Comparison.MAIL_DOMAIN, "a@b.example"), "rules.0.conditions.0.values"),
        (condition("topic", Comparison.EQUALS, "Gardens"), "rules.0.conditions.0.values"),
        (condition("phone", Comparison.EQUALS, "call me"), "rules.0.conditions.0.values"),
        (form(Condition("size", Comparison.ANSWERED), to=Destination(DestinationKind.TEXT)),
         "rules.0.destination.text"),
        (last(DestinationKind.PAGE), "otherwise.page"),
        (last(DestinationKind.URL, url="ftp://example.com"), "otherwise.url"),
        (last(DestinationKind.MEMBER), "otherwise.member"),
        (member(), "otherwise.member"),
        (member(attribute="language"), "otherwise.member"),
        (member(team_id=TEAM, value="Deutsch"), "otherwise.member"),
        (member(attribute="language", value="Deutsch", question="topic"), "otherwise.member"),
        (member(attribute="language", question="nothing"), "otherwise.member.question"),
        (member(attribute="Language", value="Deutsch"), "otherwise.member.attribute"),
    ],
)  # fmt: skip
def test_a_form_that_cannot_work_is_refused_and_the_field_is_named(wanted: FormSettings, path: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        checked_form(wanted)

    assert ".".join(refused.value.path) == path


def test_what_is_kept_is_clean_and_of_its_kind() -> None:
    wanted = form(
        Condition("topic", Comparison.ONE_OF, ("museums", "SHOPS")),
        Condition("phone", Comparison.EQUALS, ("0044 20 7946 0958",)),
        Condition("size", Comparison.MAIL_DOMAIN, ("KÖLN.example",)),
        to=Destination(DestinationKind.TEXT, text=" Hello\r\n\x00there ", url="javascript:alert(1)"),
    )

    (rule,) = checked_form(wanted).rules

    assert [each.values for each in rule.conditions] == [
        ("museums", "SHOPS"),
        ("+442079460958",),
        ("xn--kln-sna.example",),
    ]
    assert rule.destination == Destination(DestinationKind.TEXT, text="Hello\nthere")
    sought = checked_form(member(team_id=TEAM)).otherwise.member
    assert sought == MemberSought("intro", team_id=TEAM)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (" https://example.com/a?b=c#d ", "https://example.com/a?b=c#d"),
        ("MAILTO:Ada@Example.com", "mailto:Ada@example.com"),
        ("tel:+44 20 7946 0958", "tel:+442079460958"),
    ],
)
def test_an_address_of_an_allowed_scheme_is_kept(text: str, kept: str) -> None:
    assert web_address(text) == kept


@pytest.mark.parametrize(
    "text",
    [
        "javascript:alert(1)", "JaVaScRiPt:alert(1)", "java\tscript:alert(1)", "data:text/html,x",
        "//example.com", "http://example.com/", "https://ada:pass@example.com/", "vbscript:x", "",
        "https:\\\\example.com", ":", "file:///etc/passwd", "https://exämple.com/", "tel:javascript",
        "mailto:a@b.example?bcc=c@d.example", "mailto:a?bcc=c@d.example",
        "https://example.com/\nx", "example.com",
    ],
)  # fmt: skip
def test_any_other_address_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        web_address(text, "url")


def test_answers_are_carried_to_questions_that_take_them() -> None:
    there = (
        question("size", QuestionFormat.TEXT),
        question("topic", SELECT, "Museums"),
        replace(question("phone", PHONE), is_enabled=False),
        question("other", STRING),
    )
    given = tuple(
        Answer(key, "Q", (value,)) for key, value in (("size", "3"), ("topic", "Shops"), ("phone", "12345"))
    )

    assert carried_answers(there, given) == (Answer("size", "size?", ("3",)),)


@pytest.mark.parametrize(
    ("make", "path"),
    [
        (lambda: [MemberAttribute("x", str(n)) for n in range(51)], "attributes"),
        (lambda: [MemberAttribute("x", "Ja"), MemberAttribute("x", "JA")], "attributes"),
        (lambda: [MemberAttribute("a b", "x")], "attributes.0.name"),
        (lambda: [MemberAttribute("x", "\u200b")], "attributes.0.value"),
    ],
)
def test_attributes_that_cannot_be_are_refused(make: Callable[[], list[MemberAttribute]], path: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        checked_attributes(make())

    assert ".".join(refused.value.path) == path

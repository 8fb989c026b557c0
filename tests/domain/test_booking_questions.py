"""Questions of a page and their answers: what may be asked, and what is an answer to it."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.booking_pages import Answer, Question, QuestionFormat
from domain.booking_questions import (
    CHOICE_FORMATS,
    MAX_CHOICES,
    MAX_QUESTIONS,
    checked_answers,
    checked_questions,
    phone_number,
)
from domain.errors import InvalidInput

TOPICS = ("Sales", "Support", "営業")


def question(format_: QuestionFormat, key: str = "topic", **settings: object) -> Question:
    defaults: dict[str, object] = {
        "label": "What is it about?",
        "choices": TOPICS if format_ in CHOICE_FORMATS else (),
        "is_required": False,
        "is_enabled": True,
        "takes_other": False,
    }
    return Question(key=key, format=format_, **(defaults | settings))  # pyright: ignore[reportArgumentType] -- a test's own names


def answered(asked: Question, *values: str) -> tuple[str, ...]:
    """Give what is kept of an answer."""
    answers = checked_answers([asked], {asked.key: values})
    return answers[0].values if answers else ()


@pytest.mark.parametrize("format_", QuestionFormat)
def test_question_of_each_format_is_taken_as_it_is(format_: QuestionFormat) -> None:
    """Zoom's six formats, and the questions of R070."""
    asked = question(format_)

    assert checked_questions([asked]) == (asked,)


@pytest.mark.parametrize(
    ("asked", "path"),
    [
        (question(QuestionFormat.STRING, label=" "), ("questions", "0", "label")),
        (question(QuestionFormat.STRING, label="x" * 201), ("questions", "0", "label")),
        (question(QuestionFormat.STRING, key=""), ("questions", "0", "key")),
        (question(QuestionFormat.STRING, key="a b"), ("questions", "0", "key")),
        (question(QuestionFormat.STRING, key="x" * 41), ("questions", "0", "key")),
        (question(QuestionFormat.STRING, choices=("A",)), ("questions", "0", "choices")),
        (question(QuestionFormat.TEXT, takes_other=True), ("questions", "0", "takesOther")),
        (question(QuestionFormat.SELECT, choices=()), ("questions", "0", "choices")),
        (question(QuestionFormat.SELECT, choices=("A", "A ")), ("questions", "0", "choices")),
        (question(QuestionFormat.SELECT, choices=("A", "\u200b")), ("questions", "0", "choices")),
        (
            question(QuestionFormat.CHOICES_ONE, choices=tuple(map(str, range(MAX_CHOICES + 1)))),
            ("questions", "0", "choices"),
        ),
    ],
)
def test_question_that_nobody_could_answer_is_refused(asked: Question, path: tuple[str, ...]) -> None:
    with pytest.raises(InvalidInput) as refused:
        checked_questions([asked])

    assert refused.value.path == path


def test_eleventh_question_and_second_one_of_a_key_are_refused() -> None:
    eleven = [question(QuestionFormat.STRING, key=f"q{number}") for number in range(MAX_QUESTIONS + 1)]

    with pytest.raises(InvalidInput) as too_many:
        checked_questions(eleven)
    with pytest.raises(InvalidInput) as twice:
        checked_questions([eleven[0], eleven[0]])

    assert too_many.value.path == ("questions",)
    assert twice.value.path == ("questions", "1", "key")


def test_answers_come_in_the_order_of_the_questions_with_their_labels() -> None:
    asked = [
        question(QuestionFormat.STRING, key="company", label="Which company?"),
        question(QuestionFormat.CHOICES_MANY, key="topics"),
        question(QuestionFormat.TEXT, key="more"),
    ]

    answers = checked_answers(
        asked, {"more": ("one\r\ntwo\x00",), "topics": ("営業", "Sales"), "company": ("  Engines\tLtd ",)}
    )

    assert answers == (
        Answer("company", "Which company?", ("Engines Ltd",)),
        Answer("topics", "What is it about?", ("営業", "Sales")),
        Answer("more", "What is it about?", ("one\ntwo",)),
    )


def test_required_question_has_to_be_answered_by_more_than_nothing() -> None:
    asked = question(QuestionFormat.STRING, is_required=True)

    with pytest.raises(InvalidInput) as unsaid:
        checked_answers([asked], {})
    with pytest.raises(InvalidInput) as blank:
        checked_answers([asked], {"topic": (" \u200b ",)})

    assert unsaid.value.path == blank.value.path == ("answers", "topic")


def test_question_that_is_switched_off_is_not_asked() -> None:
    asked = question(QuestionFormat.STRING, is_required=True, is_enabled=False)

    assert checked_answers([asked], {}) == ()
    with pytest.raises(InvalidInput) as refused:
        checked_answers([asked], {"topic": ("Hello",)})

    assert refused.value.path == ("answers", "topic")


def test_answer_to_what_nobody_asked_is_refused() -> None:
    with pytest.raises(InvalidInput) as refused:
        checked_answers([], {"x\u202e" * 40: ("1",)})

    assert refused.value.path == ("answers", "x" * 20)


@pytest.mark.parametrize(
    ("asked", "values"),
    [
        (question(QuestionFormat.STRING), ("one", "two")),
        (question(QuestionFormat.STRING), ("x" * 501,)),
        (question(QuestionFormat.TEXT), ("x" * 2001,)),
        (question(QuestionFormat.CHOICES_ONE), ("Sales", "Support")),
        (question(QuestionFormat.SELECT), ("sales",)),
        (question(QuestionFormat.CHOICES_MANY), ("Sales", "Sales")),
        (question(QuestionFormat.CHOICES_MANY), ("Sales", "Else")),
        (question(QuestionFormat.CHOICES_MANY, takes_other=True), ("One thing", "Another")),
        (question(QuestionFormat.SELECT, takes_other=True), ("x" * 201,)),
        (question(QuestionFormat.CHOICES_MANY), ("Sales",) * (MAX_CHOICES + 2)),
        (question(QuestionFormat.PHONE_NUMBER), ("call me",)),
    ],
)
def test_answer_that_does_not_fit_is_refused_by_its_key(asked: Question, values: tuple[str, ...]) -> None:
    with pytest.raises(InvalidInput) as refused:
        checked_answers([asked], {"topic": values})

    assert refused.value.path == ("answers", "topic")


def test_choice_may_be_in_own_words_where_the_question_says_so() -> None:
    one = question(QuestionFormat.SELECT, takes_other=True)
    many = question(QuestionFormat.CHOICES_MANY, takes_other=True)

    assert answered(one, " Something  else ") == ("Something else",)
    assert answered(many, "Sales", "Something else") == ("Sales", "Something else")


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("+44 (0)20 7946 0958", "+442079460958"),
        ("0044 20 7946 0958", "+442079460958"),
        ("+81-3-1234-5678", "+81312345678"),
        ("０３-１２３４-５６７８", "0312345678"),
        ("+1 (212) 555.0123", "+12125550123"),
    ],
)
def test_phone_number_is_read_as_people_type_it(typed: str, read: str) -> None:
    assert phone_number(typed, "answers", "phone") == read


@pytest.mark.parametrize(
    "typed", ["", "+", "1234", "+0123456789", "1" * 16, "+44 20 x", "++4420794609", "1" + " " * 40 + "2345"]
)
def test_what_cannot_be_dialled_is_no_phone_number(typed: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        phone_number(typed, "answers", "phone")

    assert refused.value.path == ("answers", "phone")


LINES = st.text(max_size=80)
CHOICES = st.lists(st.sampled_from([*TOPICS, "Else", "", "Sales "]), max_size=5)


@given(format_=st.sampled_from(sorted(CHOICE_FORMATS)), takes_other=st.booleans(), given_=CHOICES)
def test_kept_choices_are_choices_or_one_other(
    format_: QuestionFormat, takes_other: bool, given_: list[str]
) -> None:
    asked = question(format_, takes_other=takes_other)
    try:
        kept = answered(asked, *given_)
    except InvalidInput:
        return

    assert len(set(kept)) == len(kept)
    assert len([value for value in kept if value not in TOPICS]) <= takes_other
    assert len(kept) <= 1 or format_ is QuestionFormat.CHOICES_MANY
    assert answered(asked, *kept) == kept


@given(format_=st.sampled_from([QuestionFormat.STRING, QuestionFormat.TEXT]), text=LINES)
def test_kept_words_have_no_controls_and_stay_as_they_are(format_: QuestionFormat, text: str) -> None:
    asked = question(format_)

    kept = answered(asked, text)

    controls = [mark for mark in "".join(kept) if unicodedata.category(mark) == "Cc" and mark != "\n"]
    assert controls == []
    assert format_ is QuestionFormat.TEXT or "\n" not in "".join(kept)
    assert answered(asked, *kept) == kept


@given(text=st.one_of(LINES, st.from_regex(r"\+?[0-9 ()-]{3,20}", fullmatch=True)))
def test_phone_number_is_digits_that_read_the_same_again(text: str) -> None:
    try:
        number = phone_number(text, "phone")
    except InvalidInput:
        return

    assert number.removeprefix("+").isdecimal()
    assert number.isascii()
    assert 5 <= len(number.removeprefix("+")) <= 15
    assert phone_number(number, "phone") == number


@given(given_=st.dictionaries(LINES, st.lists(LINES, max_size=3), max_size=3))
def test_whatever_is_given_is_answered_or_refused_by_key(given_: dict[str, list[str]]) -> None:
    asked = [question(QuestionFormat.STRING, key="a"), question(QuestionFormat.SELECT, key="b")]
    try:
        found = [("answers", answer.key) for answer in checked_answers(asked, given_)]
    except InvalidInput as refused:
        found = [refused.path]

    assert [path for path in found if path[0] != "answers"] == []
    assert [path for path in found if len(path) != len(("answers", "key"))] == []

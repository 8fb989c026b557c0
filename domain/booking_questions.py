"""Questions of a page and what may be answered to them."""

import re
from collections.abc import Iterable, Mapping

from domain.addresses import display_text
from domain.booking_pages import Answer, Question, QuestionFormat
from domain.errors import InvalidInput

MAX_QUESTIONS = 10
MAX_CHOICES = 50
MAX_LABEL = 500
MAX_LINE = 500
MAX_TEXT = 5000
_KEY = re.compile(r"[a-z0-9-]{1,40}")
_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")
_CHOICE_FORMATS = frozenset({QuestionFormat.CHOICES_ONE, QuestionFormat.CHOICES_MANY, QuestionFormat.SELECT})


def checked_questions(questions: Iterable[Question]) -> tuple[Question, ...]:
    """Check and clean the questions of a page; raises InvalidInput that names the question."""
    checked = tuple(_checked(question, f"{number}") for number, question in enumerate(questions))
    if len(checked) > MAX_QUESTIONS:
        raise InvalidInput("A page has at most 10 questions.", "questions")
    if len({question.key for question in checked}) < len(checked):
        raise InvalidInput("Each question has a key of its own.", "questions")
    return checked


def _checked(question: Question, number: str) -> Question:
    where = ("questions", number)
    if not _KEY.fullmatch(question.key):
        raise InvalidInput("A key has 1 to 40 of a-z, 0-9 and hyphens.", *where, "key")
    choices = tuple(display_text(choice, MAX_LINE, *where, "choices") for choice in question.choices)
    if question.format in _CHOICE_FORMATS:
        if not 1 <= len(choices) <= MAX_CHOICES:
            raise InvalidInput("A question with choices has 1 to 50 of them.", *where, "choices")
        if len(set(choices)) < len(choices):
            raise InvalidInput("Each choice stands once.", *where, "choices")
    elif choices or question.takes_other:
        raise InvalidInput("Only questions with choices have choices.", *where, "choices")
    return Question(
        key=question.key,
        label=display_text(question.label, MAX_LABEL, *where, "label"),
        format=question.format,
        choices=choices,
        is_required=question.is_required,
        is_enabled=question.is_enabled,
        takes_other=question.takes_other,
    )


def checked_answers(
    questions: Iterable[Question], given: Mapping[str, tuple[str, ...]]
) -> tuple[Answer, ...]:
    """Check what an invitee answered, in the order of the questions; raises InvalidInput that names one.

    Questions that are switched off are not asked, and cannot be answered.
    """
    asked = {question.key: question for question in questions if question.is_enabled}
    for key in given:
        if key not in asked:
            raise InvalidInput("This page does not ask this.", "answers", key[:40])
    answers: list[Answer] = []
    for question in asked.values():
        values = _values(question, given.get(question.key, ()))
        if values:
            answers.append(Answer(question.key, question.label, values))
        elif question.is_required:
            raise InvalidInput("Please answer this question.", "answers", question.key)
    return tuple(answers)


def _values(question: Question, given: tuple[str, ...]) -> tuple[str, ...]:
    where = ("answers", question.key)
    is_many = question.format is QuestionFormat.CHOICES_MANY
    if len(given) > (MAX_CHOICES + 1 if is_many else 1):
        raise InvalidInput("There are too many answers to this question.", *where)
    keeps_lines = question.format is QuestionFormat.TEXT
    limit = MAX_TEXT if keeps_lines else MAX_LINE
    values = tuple(
        cleaned
        for value in given
        if (cleaned := display_text(value, limit, *where, is_required=False, keeps_lines=keeps_lines))
    )
    if question.format is QuestionFormat.PHONE_NUMBER:
        return tuple(phone_number(value, *where) for value in values)
    if question.format in _CHOICE_FORMATS:
        others = [value for value in values if value not in question.choices]
        if others and not question.takes_other:
            raise InvalidInput("Please choose one of the answers.", *where)
        if len(others) > 1 or len(set(values)) < len(values):
            raise InvalidInput("There are too many answers to this question.", *where)
    return values


def phone_number(text: str, *path: str) -> str:
    """Read a phone number in international form (E.164); spaces, hyphens, dots and brackets may be in it."""
    number = re.sub(r"[\s().\-]", "", text)
    if number.startswith("00"):
        number = f"+{number[2:]}"
    if not _PHONE.fullmatch(number):
        raise InvalidInput("A phone number begins with + and the country's code.", *path)
    return number

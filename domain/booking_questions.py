"""Questions of a page and their answers: what may be asked, and what is an answer to it."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import replace

from domain.addresses import cleaned, display_text
from domain.booking_pages import Answer, Question, QuestionFormat
from domain.errors import InvalidInput

MAX_QUESTIONS = 10
MAX_CHOICES = 50
MAX_LABEL = 200
MAX_CHOICE = 200
MAX_STRING = 500
MAX_TEXT = 2000

CHOICE_FORMATS = frozenset({QuestionFormat.CHOICES_ONE, QuestionFormat.CHOICES_MANY, QuestionFormat.SELECT})

_KEY = re.compile(r"[a-zA-Z0-9_-]{1,40}", re.ASCII)
_PHONE = re.compile(r"\+?[0-9 ().\-/]+", re.ASCII)
_NOT_DIGITS = re.compile(r"[^0-9]")
_PHONE_TYPED = 40
_FEWEST_DIGITS = 5
_MOST_DIGITS = 15  # E.164, 6.1


def checked_questions(questions: Sequence[Question], most: int = MAX_QUESTIONS) -> tuple[Question, ...]:
    """Check and clean the questions of a page, or of a form, in order; InvalidInput at questions.<index>."""
    if len(questions) > most:
        raise InvalidInput(f"A page has at most {most} questions.", "questions")
    keys: set[str] = set()
    for index, question in enumerate(questions):
        if not _KEY.fullmatch(question.key):
            raise InvalidInput("A key has 1 to 40 letters, digits, - and _.", "questions", str(index), "key")
        if question.key in keys:
            raise InvalidInput("Two questions have the same key.", "questions", str(index), "key")
        keys.add(question.key)
    return tuple(_checked(question, ("questions", str(index))) for index, question in enumerate(questions))


def _checked(question: Question, path: tuple[str, ...]) -> Question:
    label = display_text(question.label, MAX_LABEL, *path, "label")
    if question.format not in CHOICE_FORMATS:
        if question.choices:
            raise InvalidInput("A question of this format has no choices.", *path, "choices")
        if question.takes_other:
            raise InvalidInput("Only a question with choices takes another answer.", *path, "takesOther")
        return replace(question, label=label)
    if not 1 <= len(question.choices) <= MAX_CHOICES:
        raise InvalidInput(f"A question of this format has 1 to {MAX_CHOICES} choices.", *path, "choices")
    choices = tuple(display_text(choice, MAX_CHOICE, *path, "choices") for choice in question.choices)
    if len(set(choices)) < len(choices):
        raise InvalidInput("A choice stands there twice.", *path, "choices")
    return replace(question, label=label, choices=choices)


def checked_answers(questions: Sequence[Question], given: Mapping[str, Sequence[str]]) -> tuple[Answer, ...]:
    """Check and clean what an invitee answered, by key, and put it into the order of the questions.

    Only enabled questions are asked: an answer to anything else is refused. What is empty was not
    answered. Raises InvalidInput at answers.<key>.
    """
    asked = {question.key: question for question in questions if question.is_enabled}
    for key in given:
        if key not in asked:
            raise InvalidInput("This page does not ask that.", "answers", cleaned(key[:40]))
    answers: list[Answer] = []
    for question in asked.values():
        values = _values(question, given.get(question.key, ()), ("answers", question.key))
        if values:
            answers.append(Answer(question.key, question.label, values))
        elif question.is_required:
            raise InvalidInput("This has to be answered.", "answers", question.key)
    return tuple(answers)


def carried_answers(questions: Sequence[Question], answers: Sequence[Answer]) -> tuple[Answer, ...]:
    """Give answers that were given elsewhere, to questions of the same keys, as answers to these questions.

    What is no answer here, like a choice that a question does not have, is left out: it is asked anew.
    """
    given = {answer.key: answer.values for answer in answers}
    carried: list[Answer] = []
    for question in questions:
        if question.is_enabled and question.key in given:
            try:
                values = _values(question, given[question.key], ())
            except InvalidInput:
                continue
            carried.append(Answer(question.key, question.label, values))
    return tuple(carried)


def _values(question: Question, given: Sequence[str], path: tuple[str, ...]) -> tuple[str, ...]:
    if len(given) > MAX_CHOICES + 1:
        raise InvalidInput("These are too many answers.", *path)
    values = tuple(value for value in (_value(question, text, path) for text in given) if value)
    if len(values) > 1 and question.format is not QuestionFormat.CHOICES_MANY:
        raise InvalidInput("This takes one answer.", *path)
    if question.format in CHOICE_FORMATS:
        _check_choices(question, values, path)
    return values


def _value(question: Question, text: str, path: tuple[str, ...]) -> str:
    if question.format is QuestionFormat.PHONE_NUMBER:
        return phone_number(text, *path) if cleaned(text[: 2 * _PHONE_TYPED]) else ""
    if question.format is QuestionFormat.TEXT:
        return display_text(text, MAX_TEXT, *path, is_required=False, keeps_lines=True)
    limit = MAX_STRING if question.format is QuestionFormat.STRING else MAX_CHOICE
    return display_text(text, limit, *path, is_required=False)


def _check_choices(question: Question, values: tuple[str, ...], path: tuple[str, ...]) -> None:
    if len(set(values)) < len(values):
        raise InvalidInput("A choice stands there twice.", *path)
    others = [value for value in values if value not in question.choices]
    if others and not question.takes_other:
        raise InvalidInput("This is not one of the choices.", *path)
    if len(others) > 1:
        raise InvalidInput("Only one answer may be in your own words.", *path)


def phone_number(text: str, *path: str) -> str:
    """Read a telephone number as people type it: digits, behind a + where the country is told.

    Full-width digits are read; 00 before a country is +, and the (0) that is not dialled after one is
    left out. InvalidInput for what has fewer than 5 or more than 15 digits or anything else in it.
    """
    plain = unicodedata.normalize("NFKC", cleaned(text[: 2 * _PHONE_TYPED]))
    if len(text) > _PHONE_TYPED or not _PHONE.fullmatch(plain):
        raise _no_phone_number(path)
    digits = _NOT_DIGITS.sub("", plain)
    is_international = plain.startswith("+") or digits.startswith("00")
    if is_international:
        digits = _NOT_DIGITS.sub("", plain.replace("(0)", "", 1))
        digits = digits if plain.startswith("+") else digits.removeprefix("00")
    if not _FEWEST_DIGITS <= len(digits) <= _MOST_DIGITS or (is_international and digits[0] == "0"):
        raise _no_phone_number(path)
    return f"+{digits}" if is_international else digits


def _no_phone_number(path: tuple[str, ...]) -> InvalidInput:
    return InvalidInput("This is not a telephone number. Write it like +44 20 7946 0958.", *path)

"""Where bookings happen: what an owner may set, and which place an invitee gets who may choose."""

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from domain.addresses import display_text
from domain.booking_pages import Answer, PageKind, Place, PlaceKind, Question, QuestionFormat
from domain.booking_questions import phone_number
from domain.errors import InvalidInput

MAX_PLACE = 500
MAX_LINK = 1000
CHOICES = range(2, 7)

_LINK = re.compile(r"[!-~]+", re.ASCII)


def checked_page_place(place: Place, kind: PageKind) -> Place:
    """Check and clean where a page's bookings happen; InvalidInput at place.<field>.

    Each kind stands in a choice once: an invitee names the place by its kind. A group meets in one place.
    """
    if place.kind is not PlaceKind.INVITEE_CHOICE:
        if place.choices:
            raise InvalidInput("Only an invitee's choice has places to choose from.", "place", "choices")
        return checked_place(place, "place", "details")
    if kind is PageKind.GROUP:
        raise InvalidInput("A group meets in one place.", "place", "kind")
    if place.details.strip():
        raise InvalidInput("Details belong to the places to choose from.", "place", "details")
    if len(place.choices) not in CHOICES:
        raise InvalidInput("A choice has two to six places.", "place", "choices")
    if len({choice.kind for choice in place.choices}) < len(place.choices):
        raise InvalidInput("Two places of a choice are of the same kind.", "place", "choices")
    checked = [
        checked_place(choice, "place", "choices", str(index), "details")
        for index, choice in enumerate(place.choices)
    ]
    return Place(PlaceKind.INVITEE_CHOICE, "", tuple(checked))


def checked_place(place: Place, *path: str) -> Place:
    """Check and clean one place: a https link, a number, or an address; `path` names its details.

    No address is one that is told later; nothing is said where the host calls, or a meeting is made.
    """
    match place.kind:
        case PlaceKind.LINK:
            details = https_link(place.details, path)
        case PlaceKind.IN_PERSON:
            details = display_text(place.details, MAX_PLACE, *path, is_required=False, keeps_lines=True)
        case PlaceKind.INVITEE_CALLS:
            details = phone_number(place.details, *path)
        case PlaceKind.HOST_CALLS:
            if place.details.strip():
                raise InvalidInput("Where the host calls, the invitee gives the number.", *path)
            details = ""
        case PlaceKind.ZOOM_MEETING | PlaceKind.GOOGLE_MEET | PlaceKind.TEAMS:
            if place.details.strip():
                raise InvalidInput("The link of this meeting is made with each booking.", *path)
            details = ""
        case PlaceKind.INVITEE_CHOICE:
            raise InvalidInput("There is no choice inside a choice.", *path[:-1], "kind")
    return Place(place.kind, details)


def check_asks(place: Place, questions: Sequence[Question]) -> None:
    """Check that who is to be called is asked for a number: always, or at least where it may be chosen."""
    asked = [question for question in questions if _asks_for_number(question)]
    if place.kind is PlaceKind.HOST_CALLS and not any(question.is_required for question in asked):
        raise InvalidInput(
            "Where the host calls, a required question has to ask for a telephone number.", "questions"
        )
    if any(choice.kind is PlaceKind.HOST_CALLS for choice in place.choices) and not asked:
        raise InvalidInput(
            "Where the host may call, a question has to ask for a telephone number.", "questions"
        )


def chosen_place(
    place: Place, kind: PlaceKind | None, questions: Sequence[Question], answers: Sequence[Answer]
) -> Place:
    """Give the place of a booking on a page; who is to be called has answered with a number.

    `kind` is what the invitee chose, None for nothing. InvalidInput at placeKind or answers.<key>.
    """
    if place.kind is not PlaceKind.INVITEE_CHOICE:
        if kind not in (None, place.kind):
            raise InvalidInput("This page does not offer that place.", "placeKind")
        return place
    if kind is None:
        raise InvalidInput("Please choose where it shall take place.", "placeKind")
    for choice in place.choices:
        if choice.kind is kind:
            _check_number(choice, questions, answers)
            return choice
    raise InvalidInput("This page does not offer that place.", "placeKind")


def _check_number(place: Place, questions: Sequence[Question], answers: Sequence[Answer]) -> None:
    if place.kind is not PlaceKind.HOST_CALLS:
        return
    asking = [question.key for question in questions if _asks_for_number(question)]
    if not any(answer.key in asking and answer.values for answer in answers):
        raise InvalidInput("This has to be answered.", "answers", *asking[:1])


def _asks_for_number(question: Question) -> bool:
    return question.format is QuestionFormat.PHONE_NUMBER and question.is_enabled


def https_link(text: str, path: tuple[str, ...]) -> str:
    """Check a link: https, in plain characters, without a name or password in it; InvalidInput."""
    link = text.strip()
    refusal = InvalidInput(
        "This is not a link of the form https://…, without a name or password in it.", *path
    )
    if len(link) > MAX_LINK or not _LINK.fullmatch(link):
        raise refusal
    try:
        parts = urlsplit(link)
        _ = parts.port
    except ValueError:
        raise refusal from None
    if parts.scheme != "https" or not parts.hostname or "@" in parts.netloc or "\\" in link:
        raise refusal
    return link

"""Places, answers and reasons as the JSON documents in which they are stored, and back."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from domain.assignment import Assigned, AssignedBy
from domain.booking_pages import Answer, Place, PlaceKind
from domain.bookings import Waived
from domain.ids import UserId
from domain.slots import Waivable
from storage.base import Json, JsonList


def place_document(place: Place) -> Json:
    """Turn a place into its document; places to choose from stand in it only where there are any."""
    document: Json = {"kind": place.kind.value, "details": place.details}
    if place.choices:
        document["choices"] = [place_document(choice) for choice in place.choices]
    return document


def place_of(document: Mapping[str, Any]) -> Place:
    """Turn a document back into a place."""
    choices = tuple(place_of(choice) for choice in document.get("choices", ()))
    return Place(PlaceKind(document["kind"]), document["details"], choices)


def answers_document(answers: Iterable[Answer]) -> JsonList:
    """Turn answers into their document, in order."""
    return [{"key": answer.key, "label": answer.label, "values": list(answer.values)} for answer in answers]


def answers_of(document: Iterable[Mapping[str, Any]]) -> tuple[Answer, ...]:
    """Turn a document back into answers, in order."""
    return tuple(Answer(item["key"], item["label"], tuple(item["values"])) for item in document)


def assignment_document(assigned: Assigned) -> Json:
    """Turn the reason for which a host was chosen into its document; the host stands beside it."""
    return {"by": assigned.by.value, "free": assigned.free, "booked": assigned.booked}


def assigned_of(host: str, document: Mapping[str, Any]) -> Assigned:
    """Turn a host and the reason for which they were chosen back."""
    return Assigned(UserId(UUID(host)), AssignedBy(document["by"]), document["free"], document["booked"])


def waived_document(waived: Waived) -> Json:
    """Turn the rules past which somebody booked into their document; who did stands beside it."""
    return {"rules": [rule.value for rule in waived.rules]}


def waived_of(document: Mapping[str, Any], by: UUID) -> Waived:
    """Turn the rules past which somebody booked, and who did, back."""
    return Waived(tuple(Waivable(rule) for rule in document["rules"]), UserId(by))

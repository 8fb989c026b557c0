"""Places: where bookings happen, as they are shown and as they are given."""

from enum import Enum
from typing import Self

import strawberry
from strawberry import UNSET

from domain.booking_pages import Place, PlaceKind


@strawberry.enum(name="PlaceKind", description="What kind of place a booking has.")
class PlaceKindType(Enum):
    """Twin of domain.booking_pages.PlaceKind."""

    LINK = strawberry.enum_value(PlaceKind.LINK.value, description="Link to a meeting on the web.")
    IN_PERSON = strawberry.enum_value(PlaceKind.IN_PERSON.value, description="Address at which to meet.")
    HOST_CALLS = strawberry.enum_value(
        PlaceKind.HOST_CALLS.value, description="Telephone: the host calls the number that the invitee gives."
    )
    INVITEE_CALLS = strawberry.enum_value(
        PlaceKind.INVITEE_CALLS.value, description="Telephone: the invitee calls the host's number."
    )
    ZOOM_MEETING = strawberry.enum_value(
        PlaceKind.ZOOM_MEETING.value, description="Zoom meeting, made for each booking."
    )
    GOOGLE_MEET = strawberry.enum_value(
        PlaceKind.GOOGLE_MEET.value, description="Google Meet, made with the host's entry at Google."
    )
    TEAMS = strawberry.enum_value(
        PlaceKind.TEAMS.value, description="Microsoft Teams meeting, made with the host's entry at Microsoft."
    )
    INVITEE_CHOICE = strawberry.enum_value(
        PlaceKind.INVITEE_CHOICE.value, description="One of several places, which the invitee chooses."
    )


@strawberry.type(name="PlaceChoice", description="Place that an invitee may choose.")
class PlaceChoiceType:
    """One choice of domain.booking_pages.Place."""

    kind: PlaceKindType = strawberry.field(description="Kind of place, by which it is chosen.")
    details: str = strawberry.field(description="Link, address or number to call, by kind; or empty.")


@strawberry.type(name="Place", description="Where a booking happens.")
class PlaceType:
    """Twin of domain.booking_pages.Place."""

    kind: PlaceKindType = strawberry.field(description="Kind of place.")
    details: str = strawberry.field(description="Link, address or number to call, by kind; else empty.")
    choices: list[PlaceChoiceType] = strawberry.field(
        description="Places to choose from, on a page where the invitee chooses; else empty."
    )

    @classmethod
    def of(cls, place: Place) -> Self:
        """Shape a place."""
        return cls(
            kind=PlaceKindType(place.kind.value),
            details=place.details,
            choices=[
                PlaceChoiceType(kind=PlaceKindType(choice.kind.value), details=choice.details)
                for choice in place.choices
            ],
        )


@strawberry.input(description="Place that an invitee may choose.")
class PlaceChoiceInput:
    """One choice; no kind stands among them twice."""

    kind: PlaceKindType = strawberry.field(description="Kind of place; not a choice again.")
    details: str | None = strawberry.field(
        default=UNSET, description="By kind: https link, address, or number to call; else left out."
    )


@strawberry.input(description="Where a booking happens.")
class PlaceInput:
    """Twin of domain.booking_pages.Place."""

    kind: PlaceKindType = strawberry.field(description="Kind of place.")
    details: str | None = strawberry.field(
        default=UNSET,
        description="By kind: https link, address, or number to call; left out for all other kinds.",
    )
    choices: list[PlaceChoiceInput] = strawberry.field(
        default_factory=list,
        description="Two to six places, where the invitee chooses; each of another kind.",
    )


def said_place(given: PlaceInput) -> Place:
    """Read a place, unchecked."""
    choices = [Place(PlaceKind(choice.kind.value), choice.details or "") for choice in given.choices]
    return Place(PlaceKind(given.kind.value), given.details or "", tuple(choices))

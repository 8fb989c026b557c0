"""What is asked of series of bookings, and what comes of it."""

from datetime import datetime
from enum import Enum
from typing import Annotated, Self

import strawberry
from strawberry import UNSET

from domain.series import Frequency, SeriesNotFree
from schema.booking_changes import AnswerInput, InviteeInput
from schema.bookings import (
    AlreadyBookedError,
    BookingType,
    InviteeBookingType,
    SlotNotOfferedError,
    SlotTakenError,
    TooLateError,
)
from schema.errors import (
    ConflictError,
    ErrorCode,
    ErrorType,
    InvalidInputError,
    NotAllowedError,
    NotFoundError,
    RateLimitedError,
    TryAgainError,
)
from schema.places import PlaceKindType


@strawberry.enum(name="Frequency", description="How far the bookings of a series are apart.")
class FrequencyType(Enum):
    """Twin of domain.series.Frequency."""

    WEEKLY = strawberry.enum_value(Frequency.WEEKLY.value, description="A week.")
    FORTNIGHTLY = strawberry.enum_value(Frequency.FORTNIGHTLY.value, description="Two weeks.")
    MONTHLY = strawberry.enum_value(
        Frequency.MONTHLY.value,
        description="A month: the same weekday of it, such as the second Tuesday; a fifth is the last.",
    )


@strawberry.input(description="Series to book: a start, and those at the same time on the page's wall.")
class BookingSeriesCreateInput:
    """What bookingSeriesCreate takes."""

    slug: str = strawberry.field(description="Link of the page, as `handle/page`.")
    start: datetime = strawberry.field(description="Start of the first booking.")
    frequency: FrequencyType = strawberry.field(description="How far they are apart.")
    count: int = strawberry.field(description="How many there are, 2 to the page's `seriesUpTo`.")
    invitee: InviteeInput = strawberry.field(description="Who books.")
    answers: list[AnswerInput] = strawberry.field(
        default_factory=list, description="Answers to the page's questions."
    )
    place_kind: PlaceKindType | None = strawberry.field(
        default=UNSET, description="Place that the invitee chooses, where the page has a choice."
    )
    duration_minutes: int | None = strawberry.field(
        default=UNSET, description="One of the page's lengths; its usual one if unsaid."
    )
    idempotency_key: str = strawberry.field(
        description="New UUID for each attempt: a repeat with the same key is answered by the same series."
    )


@strawberry.input(description="Booking of a series to cancel with all later ones, by its link.")
class BookingSeriesCancelInput:
    """What bookingSeriesCancel takes; cancelling twice cancels once."""

    token: str = strawberry.field(description="Secret of the first booking that is to be cancelled.")
    reason: str | None = strawberry.field(
        default=UNSET, description="Words for the host, 2,000 characters at most."
    )
    idempotency_key: str | None = strawberry.field(
        default=UNSET,
        description="New UUID for each attempt: a repeat with the same key changes nothing more.",
    )


@strawberry.input(description="Booking of a series to cancel with all later ones, as its host.")
class BookingSeriesCancelByHostInput:
    """What bookingSeriesCancelByHost takes."""

    id: strawberry.ID = strawberry.field(description="First booking that is to be cancelled.")
    reason: str | None = strawberry.field(
        default=UNSET, description="Words for the invitee, 2,000 characters at most."
    )
    version: int | None = strawberry.field(
        default=UNSET, description="Version of it that the host saw; another one is a conflict."
    )


@strawberry.type(description="One booking of a series, and the secret of its own link.")
class SeriesBooking:
    """A booking that was made with others."""

    booking: InviteeBookingType | None = strawberry.field(description="Booking.")
    manage_token: str = strawberry.field(description="Secret that reschedules and cancels it.")


@strawberry.type(description="Series that was booked.")
class BookingSeriesCreatePayload:
    """What comes of bookingSeriesCreate."""

    bookings: list[SeriesBooking] = strawberry.field(description="Its bookings, in order of start.")


@strawberry.type(description="Bookings from one of a series on.")
class BookingSeriesCancelPayload:
    """What comes of bookingSeriesCancel."""

    bookings: list[InviteeBookingType] = strawberry.field(description="As they are now, in order of start.")


@strawberry.type(description="Bookings from one of a series on, as their host sees them.")
class BookingSeriesCancelByHostPayload:
    """What comes of bookingSeriesCancelByHost."""

    bookings: list[BookingType] = strawberry.field(description="As they are now, in order of start.")


@strawberry.type(
    name="SeriesNotFreeError", description="Series some of whose starts cannot be booked: nothing was."
)
class SeriesNotFreeError(ErrorType):
    """Twin of domain.series.SeriesNotFree."""

    refused: list[datetime] = strawberry.field(description="Starts that cannot be booked, in order.")

    @classmethod
    def of(cls, broken: SeriesNotFree, message: str) -> Self:
        """Shape the error."""
        return cls(
            message=message,
            code=ErrorCode.SERIES_NOT_FREE,
            path=list(broken.path),
            refused=list(broken.refused),
        )


BookingSeriesCreateResult = Annotated[
    BookingSeriesCreatePayload
    | SeriesNotFreeError
    | SlotTakenError
    | SlotNotOfferedError
    | AlreadyBookedError
    | InvalidInputError
    | NotFoundError
    | ConflictError
    | TryAgainError
    | RateLimitedError,
    strawberry.union("BookingSeriesCreateResult", description="What comes of booking a series."),
]
BookingSeriesCancelResult = Annotated[
    BookingSeriesCancelPayload
    | TooLateError
    | InvalidInputError
    | NotFoundError
    | ConflictError
    | RateLimitedError,
    strawberry.union("BookingSeriesCancelResult", description="What comes of cancelling a series."),
]
BookingSeriesCancelByHostResult = Annotated[
    BookingSeriesCancelByHostPayload
    | TooLateError
    | InvalidInputError
    | NotFoundError
    | NotAllowedError
    | ConflictError,
    strawberry.union("BookingSeriesCancelByHostResult", description="What comes of a host's cancelling."),
]

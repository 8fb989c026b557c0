"""Answers of a host to those who ask for a time, and what comes of them."""

from typing import Annotated

import strawberry
from strawberry import UNSET

from schema.booking_changes import BookingPayload
from schema.bookings import SlotTakenError, TooLateError
from schema.errors import ConflictError, InvalidInputError, NotAllowedError, NotFoundError, TryAgainError


@strawberry.input(description="Request to approve, as its host.")
class BookingApproveInput:
    """What bookingApprove takes; approving twice approves once."""

    id: strawberry.ID = strawberry.field(description="Booking that waits for approval.")
    version: int | None = strawberry.field(
        default=UNSET, description="Version that the host saw; another one is a conflict."
    )


@strawberry.input(description="Request to decline, as its host.")
class BookingDeclineInput:
    """What bookingDecline takes; declining twice declines once."""

    id: strawberry.ID = strawberry.field(description="Booking that waits for approval.")
    reason: str | None = strawberry.field(
        default=UNSET, description="Words for the invitee, 2,000 characters at most."
    )
    version: int | None = strawberry.field(
        default=UNSET, description="Version that the host saw; another one is a conflict."
    )


BookingApproveResult = Annotated[
    BookingPayload
    | SlotTakenError
    | TooLateError
    | InvalidInputError
    | NotFoundError
    | NotAllowedError
    | ConflictError
    | TryAgainError,
    strawberry.union("BookingApproveResult", description="What comes of approving a request."),
]
BookingDeclineResult = Annotated[
    BookingPayload | TooLateError | InvalidInputError | NotFoundError | NotAllowedError | ConflictError,
    strawberry.union("BookingDeclineResult", description="What comes of declining a request."),
]

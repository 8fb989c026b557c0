"""Waitlists: what is said by who waits for a slot that is taken, and what they see."""

from datetime import datetime
from enum import Enum
from typing import Annotated, Self

import strawberry
from strawberry import UNSET

from domain.booking_pages import BookingPage
from domain.waitlist import Waiter, WaiterState
from schema.booking_changes import AnswerInput, InviteeInput
from schema.booking_pages import QuestionType
from schema.bookings import (
    AlreadyBookedError,
    HoldExpiredError,
    HoldType,
    InviteeBookingType,
    SlotNotOfferedError,
    SlotTakenError,
)
from schema.errors import (
    ConflictError,
    ErrorType,
    InvalidInputError,
    NotFoundError,
    RateLimitedError,
    TryAgainError,
)
from schema.places import PlaceKindType


@strawberry.enum(name="WaiterState", description="Where somebody who waits for a slot stands.")
class WaiterStateType(Enum):
    """Twin of domain.waitlist.WaiterState."""

    WAITING = strawberry.enum_value(WaiterState.WAITING.value, description="Waiting, at `place`.")
    OFFERED = strawberry.enum_value(WaiterState.OFFERED.value, description="A seat is held for them.")
    BOOKED = strawberry.enum_value(WaiterState.BOOKED.value, description="They have taken it.")
    LAPSED = strawberry.enum_value(WaiterState.LAPSED.value, description="They have not taken it in time.")
    LEFT = strawberry.enum_value(WaiterState.LEFT.value, description="They wait no more.")
    ENDED = strawberry.enum_value(
        WaiterState.ENDED.value, description="Nothing to wait for: the slot is not offered any more."
    )
    REMOVED = strawberry.enum_value(
        WaiterState.REMOVED.value, description="Taken off the list by the page's owner or a host."
    )


@strawberry.type(name="Waiter", description="Somebody who waits for a slot, or has waited, as they see it.")
class WaiterType:
    """One place in one queue, for who has its link."""

    state: WaiterStateType = strawberry.field(description="Where they stand.")
    start: datetime = strawberry.field(description="When the slot begins.")
    end: datetime = strawberry.field(description="When the slot ends.")
    place: int | None = strawberry.field(description="Place in the queue, from 1, while they wait.")
    hold: HoldType | None = strawberry.field(
        description="Seat that is held for them, while it is: take it, or book it as any hold."
    )
    page_name: str = strawberry.field(description="Name of the booking page.")
    questions: list[QuestionType] = strawberry.field(description="What is asked of who takes the slot.")
    place_choices: list[PlaceKindType] = strawberry.field(
        description="Places to choose from, one of which `waitlistTake` takes as `placeKind`; else empty."
    )
    name: str = strawberry.field(description="Name that they gave.")
    zone: str = strawberry.field(description="Zone in which they read times.")

    @classmethod
    def of(cls, waiter: Waiter, page: BookingPage, now: datetime, hold: str | None) -> Self:
        """Shape it."""
        until = waiter.offer.until if waiter.offer else None
        start, end = waiter.list.start, waiter.list.end
        return cls(
            state=WaiterStateType(waiter.state(now).value),
            start=start,
            end=end,
            place=waiter.place(now),
            hold=HoldType(token=hold, start=start, end=end, expires_at=until) if hold and until else None,
            page_name=page.name,
            questions=[QuestionType.of(question) for question in page.questions if question.is_enabled],
            place_choices=[PlaceKindType(choice.kind.value) for choice in page.place.choices],
            name=waiter.name,
            zone=waiter.zone,
        )


@strawberry.input(description="Slot to wait for, and who waits.")
class WaitlistJoinInput:
    """What waitlistJoin takes."""

    slug: str = strawberry.field(description="Link of the page, as `handle/page`.")
    start: datetime = strawberry.field(description="Start of the slot.")
    invitee: InviteeInput = strawberry.field(description="Who waits.")
    duration_minutes: int | None = strawberry.field(
        default=UNSET, description="One of the page's lengths; its usual one if unsaid."
    )
    idempotency_key: str = strawberry.field(
        description="New UUID for each attempt: a repeat with the same key is answered by the same place."
    )


@strawberry.input(description="Place to give up.")
class WaitlistLeaveInput:
    """What waitlistLeave takes; leaving twice leaves once."""

    token: str = strawberry.field(description="Secret of the place.")


@strawberry.input(description="Offer to take.")
class WaitlistTakeInput:
    """What waitlistTake takes; name, address and zone are those that were given when they began to wait."""

    token: str = strawberry.field(description="Secret of the place.")
    answers: list[AnswerInput] = strawberry.field(
        default_factory=list, description="Answers to the page's questions."
    )
    place_kind: PlaceKindType | None = strawberry.field(
        default=UNSET, description="Place that the invitee chooses, where the page has a choice."
    )
    idempotency_key: str = strawberry.field(
        description="New UUID for each attempt: a repeat with the same key is answered by the same booking."
    )


@strawberry.type(description="Place in a queue, and the secret of its link.")
class WaitlistJoinPayload:
    """What comes of waitlistJoin."""

    waiter: WaiterType = strawberry.field(description="Place.")
    token: str = strawberry.field(description="Secret that follows it, takes what is offered, and leaves.")


@strawberry.type(description="Place that was given up.")
class WaitlistLeavePayload:
    """What comes of waitlistLeave."""

    waiter: WaiterType = strawberry.field(description="Place as it is now.")


@strawberry.type(description="Booking of what was offered.")
class WaitlistTakePayload:
    """What comes of waitlistTake."""

    booking: InviteeBookingType | None = strawberry.field(description="Booking.")
    manage_token: str = strawberry.field(description="Secret that reschedules and cancels it.")


@strawberry.type(name="SlotFreeError", description="Slot that nobody has to wait for.")
class SlotFreeError(ErrorType):
    """Twin of domain.waitlist.SlotFree."""


@strawberry.type(name="NoWaitlistError", description="Page without waitlists.")
class NoWaitlistError(ErrorType):
    """Twin of domain.waitlist.NoWaitlist."""


@strawberry.type(name="WaitlistFullError", description="Slot for which as many wait as may.")
class WaitlistFullError(ErrorType):
    """Twin of domain.waitlist.WaitlistFull."""


@strawberry.type(name="AlreadyWaitingError", description="Address that waits for the slot already.")
class AlreadyWaitingError(ErrorType):
    """Twin of domain.waitlist.AlreadyWaiting."""


WaitlistJoinResult = Annotated[
    WaitlistJoinPayload
    | SlotFreeError
    | NoWaitlistError
    | WaitlistFullError
    | AlreadyWaitingError
    | SlotNotOfferedError
    | InvalidInputError
    | NotFoundError
    | ConflictError
    | TryAgainError
    | RateLimitedError,
    strawberry.union("WaitlistJoinResult", description="What comes of waiting for a slot."),
]
WaitlistLeaveResult = Annotated[
    WaitlistLeavePayload | NotFoundError | RateLimitedError,
    strawberry.union("WaitlistLeaveResult", description="What comes of leaving a queue."),
]
WaitlistTakeResult = Annotated[
    WaitlistTakePayload
    | HoldExpiredError
    | SlotTakenError
    | SlotNotOfferedError
    | AlreadyBookedError
    | InvalidInputError
    | NotFoundError
    | ConflictError
    | TryAgainError
    | RateLimitedError,
    strawberry.union("WaitlistTakeResult", description="What comes of taking what was offered."),
]

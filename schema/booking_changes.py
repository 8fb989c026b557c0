"""What is asked of holds and bookings, and what comes of it."""

from datetime import datetime
from typing import Annotated

import strawberry

from schema.booking_codes import CodeNeededError
from schema.booking_waivers import NotWaivedError, WaivableRuleType
from schema.bookings import (
    AlreadyBookedError,
    BookingType,
    HoldExpiredError,
    HoldType,
    InviteeBookingType,
    SlotNotOfferedError,
    SlotTakenError,
    TooLateError,
)
from schema.errors import (
    ConflictError,
    InvalidInputError,
    NotAllowedError,
    NotFoundError,
    RateLimitedError,
    TryAgainError,
)
from schema.page_links import LinkEndedError
from schema.places import PlaceKindType
from schema.scalars import EmailAddress, TimeZone
from schema.sign_in import WrongCodeError


@strawberry.input(description="Start to hold on a page.")
class HoldCreateInput:
    """What holdCreate takes."""

    slug: str = strawberry.field(description="Link of the page, as `handle/page`.")
    start: datetime = strawberry.field(description="Start of the slot.")
    idempotency_key: str = strawberry.field(
        description="New UUID for each attempt: a repeat with the same key is answered by the same hold."
    )
    duration_minutes: int | None = strawberry.field(
        default=strawberry.UNSET, description="One of the page's lengths; its usual one if unsaid."
    )
    link: str | None = strawberry.field(
        default=strawberry.UNSET, description="Secret of a link to the page, by which it is held."
    )


@strawberry.input(description="Hold to give up.")
class HoldReleaseInput:
    """What holdRelease takes."""

    token: str = strawberry.field(description="Secret of the hold.")


@strawberry.input(description="Who books.")
class InviteeInput:
    """A visitor, in their own words."""

    name: str = strawberry.field(description="Name, 200 characters at most.")
    email: EmailAddress = strawberry.field(description="Address for the confirmation.")
    zone: TimeZone = strawberry.field(description="Zone in which the invitee reads times.")
    locale: str | None = strawberry.field(
        default=strawberry.UNSET, description="Language of the mails: `en` or `ja`."
    )


@strawberry.input(description="Answer to a question of the page.")
class AnswerInput:
    """What an invitee answers."""

    key: str = strawberry.field(description="Key of the question.")
    values: list[str] = strawberry.field(description="Answers; several only where several may be chosen.")


@strawberry.input(description="Slot to book, and who books it.")
class BookingCreateInput:
    """What bookingCreate takes."""

    slug: str = strawberry.field(description="Link of the page, as `handle/page`.")
    start: datetime = strawberry.field(description="Start of the slot.")
    invitee: InviteeInput = strawberry.field(description="Who books.")
    answers: list[AnswerInput] = strawberry.field(
        default_factory=list, description="Answers to the page's questions."
    )
    hold: str | None = strawberry.field(
        default=strawberry.UNSET, description="Secret of the visitor's own hold on this slot."
    )
    place_kind: PlaceKindType | None = strawberry.field(
        default=strawberry.UNSET, description="Place that the invitee chooses, where the page has a choice."
    )
    idempotency_key: str = strawberry.field(
        description="New UUID for each attempt: a repeat with the same key is answered by the same booking."
    )
    duration_minutes: int | None = strawberry.field(
        default=strawberry.UNSET,
        description="One of the page's lengths; that of the hold, else its usual one, if unsaid.",
    )
    link: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="Secret of a link to the page, by which it is booked; that of the hold, if held.",
    )
    submission: str | None = strawberry.field(
        default=strawberry.UNSET, description="Secret of the submission by which a routing form led here."
    )
    code: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="Code that was mailed by `bookingCodeSend`, where the link is bound to an address.",
    )


@strawberry.input(description="Booking to move, by its link.")
class BookingRescheduleInput:
    """What bookingReschedule takes; moving to the same start twice moves once."""

    token: str = strawberry.field(description="Secret of the link from the mail.")
    start: datetime = strawberry.field(description="New start.")
    version: int | None = strawberry.field(
        default=strawberry.UNSET, description="Version that the invitee saw; another one is a conflict."
    )
    idempotency_key: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="New UUID for each attempt: a repeat with the same key changes nothing more.",
    )


@strawberry.input(description="Booking to cancel, by its link.")
class BookingCancelInput:
    """What bookingCancel takes; cancelling twice cancels once."""

    token: str = strawberry.field(description="Secret of the link from the mail.")
    reason: str | None = strawberry.field(
        default=strawberry.UNSET, description="Words for the host, 2,000 characters at most."
    )
    idempotency_key: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="New UUID for each attempt: a repeat with the same key changes nothing more.",
    )


@strawberry.input(description="Slot to book for somebody, as a host or the owner of its page.")
class BookingCreateByHostInput:
    """What bookingCreateByHost takes."""

    slug: str = strawberry.field(description="Link of the page, as `handle/page`.")
    start: datetime = strawberry.field(description="Start of the slot.")
    invitee: InviteeInput = strawberry.field(description="Who comes, and gets the mails.")
    answers: list[AnswerInput] = strawberry.field(
        default_factory=list, description="Answers to the page's questions."
    )
    place_kind: PlaceKindType | None = strawberry.field(
        default=strawberry.UNSET, description="Place that is chosen, where the page has a choice."
    )
    idempotency_key: str = strawberry.field(
        description="New UUID for each attempt: a repeat with the same key is answered by the same booking."
    )
    duration_minutes: int | None = strawberry.field(
        default=strawberry.UNSET, description="One of the page's lengths; its usual one if unsaid."
    )
    waives: list[WaivableRuleType] = strawberry.field(
        default_factory=list, description="Rules of the page that shall not refuse the start."
    )


@strawberry.input(description="Booking to move, as its host.")
class BookingRescheduleByHostInput:
    """What bookingRescheduleByHost takes."""

    id: strawberry.ID = strawberry.field(description="Booking to move.")
    start: datetime = strawberry.field(description="New start.")
    version: int | None = strawberry.field(
        default=strawberry.UNSET, description="Version that the host saw; another one is a conflict."
    )
    waives: list[WaivableRuleType] = strawberry.field(
        default_factory=list, description="Rules of the page that shall not refuse the start."
    )


@strawberry.input(description="Booking to cancel, as its host.")
class BookingCancelByHostInput:
    """What bookingCancelByHost takes."""

    id: strawberry.ID = strawberry.field(description="Booking to cancel, with all its seats.")
    reason: str | None = strawberry.field(
        default=strawberry.UNSET, description="Words for the invitees, 2,000 characters at most."
    )
    version: int | None = strawberry.field(
        default=strawberry.UNSET, description="Version that the host saw; another one is a conflict."
    )


@strawberry.input(description="Booking whose meeting is to be tried again, as its host.")
class BookingMeetingRetryInput:
    """What bookingMeetingRetry takes."""

    id: strawberry.ID = strawberry.field(description="Booking whose meeting failed, or waits.")


@strawberry.type(description="Hold that was made.")
class HoldCreatePayload:
    """What comes of holdCreate."""

    hold: HoldType | None = strawberry.field(description="Hold.")


@strawberry.type(description="Hold that was given up.")
class HoldReleasePayload:
    """What comes of holdRelease."""

    released: bool = strawberry.field(description="Always true: the hold is not there any more.")


@strawberry.type(description="Booking as its invitee may see it after a change.")
class InviteeBookingPayload:
    """What comes of bookingReschedule and bookingCancel."""

    booking: InviteeBookingType | None = strawberry.field(description="Booking as it is now.")


@strawberry.type(description="Booking that was made, and the secret of its link.")
class BookingCreatePayload:
    """What comes of bookingCreate."""

    booking: InviteeBookingType | None = strawberry.field(description="Booking.")
    manage_token: str | None = strawberry.field(
        description="Secret that reschedules and cancels; the mail has the same link."
    )


@strawberry.type(description="Booking as its host sees it after a change.")
class BookingPayload:
    """What comes of a host's change."""

    booking: BookingType | None = strawberry.field(description="Booking as it is now.")


HoldCreateResult = Annotated[
    HoldCreatePayload
    | LinkEndedError
    | SlotTakenError
    | SlotNotOfferedError
    | InvalidInputError
    | NotFoundError
    | ConflictError
    | TryAgainError
    | RateLimitedError,
    strawberry.union("HoldCreateResult", description="What comes of holding a slot."),
]
HoldReleaseResult = Annotated[
    HoldReleasePayload | NotFoundError,
    strawberry.union("HoldReleaseResult", description="What comes of releasing a hold."),
]
BookingCreateResult = Annotated[
    BookingCreatePayload
    | LinkEndedError
    | SlotTakenError
    | SlotNotOfferedError
    | HoldExpiredError
    | AlreadyBookedError
    | CodeNeededError
    | WrongCodeError
    | InvalidInputError
    | NotFoundError
    | ConflictError
    | TryAgainError
    | RateLimitedError,
    strawberry.union("BookingCreateResult", description="What comes of booking a slot."),
]
BookingCreateByHostResult = Annotated[
    BookingPayload
    | NotWaivedError
    | SlotTakenError
    | SlotNotOfferedError
    | InvalidInputError
    | NotFoundError
    | NotAllowedError
    | ConflictError
    | TryAgainError
    | RateLimitedError,
    strawberry.union("BookingCreateByHostResult", description="What comes of a host's booking."),
]
BookingRescheduleResult = Annotated[
    InviteeBookingPayload
    | SlotTakenError
    | SlotNotOfferedError
    | TooLateError
    | InvalidInputError
    | NotFoundError
    | ConflictError
    | TryAgainError
    | RateLimitedError,
    strawberry.union("BookingRescheduleResult", description="What comes of moving a booking."),
]
BookingCancelResult = Annotated[
    InviteeBookingPayload
    | TooLateError
    | InvalidInputError
    | NotFoundError
    | ConflictError
    | RateLimitedError,
    strawberry.union("BookingCancelResult", description="What comes of cancelling a booking."),
]
BookingRescheduleByHostResult = Annotated[
    BookingPayload
    | NotWaivedError
    | SlotTakenError
    | SlotNotOfferedError
    | TooLateError
    | InvalidInputError
    | NotFoundError
    | NotAllowedError
    | ConflictError
    | TryAgainError,
    strawberry.union("BookingRescheduleByHostResult", description="What comes of a host's moving."),
]
BookingCancelByHostResult = Annotated[
    BookingPayload | TooLateError | InvalidInputError | NotFoundError | NotAllowedError | ConflictError,
    strawberry.union("BookingCancelByHostResult", description="What comes of a host's cancelling."),
]
BookingMeetingRetryResult = Annotated[
    BookingPayload | TooLateError | InvalidInputError | NotFoundError | NotAllowedError | RateLimitedError,
    strawberry.union("BookingMeetingRetryResult", description="What comes of trying a meeting again."),
]

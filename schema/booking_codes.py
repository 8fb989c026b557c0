"""Codes by which invitees prove their address, where a link is bound to one."""

from datetime import datetime
from typing import Annotated

import strawberry

from schema.errors import ErrorType, InvalidInputError, NotFoundError, RateLimitedError, TryAgainError
from schema.page_links import LinkEndedError


@strawberry.input(description="Link whose address is to be proved.")
class BookingCodeSendInput:
    """What bookingCodeSend takes; the address is the link's, and nobody names another."""

    slug: str = strawberry.field(description="Link of the page, as `handle/page`.")
    link: str = strawberry.field(description="Secret of the link to the page, one that is bound.")
    locale: str | None = strawberry.field(
        default=strawberry.UNSET, description="Language of the mail, en or ja; the reader's if unsaid."
    )
    idempotency_key: str | None = strawberry.field(
        default=strawberry.UNSET, description="New UUID for each wish: a repeat with the same key mails none."
    )


@strawberry.type(description="Code that was mailed.")
class BookingCodeSendPayload:
    """What comes of bookingCodeSend."""

    expires_at: datetime = strawberry.field(description="Until when the code works.")


@strawberry.type(name="CodeNeededError", description="Booking by a bound link without the mailed code.")
class CodeNeededError(ErrorType):
    """Twin of domain.identity.CodeNeeded."""


BookingCodeSendResult = Annotated[
    BookingCodeSendPayload
    | LinkEndedError
    | InvalidInputError
    | NotFoundError
    | TryAgainError
    | RateLimitedError,
    strawberry.union("BookingCodeSendResult", description="What comes of asking for a code."),
]

"""Links to bookings that are mailed again."""

from typing import Annotated

import strawberry

from schema.errors import InvalidInputError, NotFoundError, RateLimitedError
from schema.scalars import EmailAddress


@strawberry.input(description="Page and address whose bookings' links are wanted.")
class BookingLinksSendInput:
    """What bookingLinksSend takes."""

    slug: str = strawberry.field(description="Link of the page, as `handle/page`.")
    email: EmailAddress = strawberry.field(description="Address that was given when booking.")


@strawberry.type(description="Links that were mailed, if there are any.")
class BookingLinksSendPayload:
    """What comes of bookingLinksSend."""

    asked: bool = strawberry.field(description="Always true: whether there is a booking is said by mail.")


BookingLinksSendResult = Annotated[
    BookingLinksSendPayload | InvalidInputError | NotFoundError | RateLimitedError,
    strawberry.union("BookingLinksSendResult", description="What comes of asking for links."),
]

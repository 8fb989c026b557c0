"""What comes of setting the resources that a page requires."""

from typing import Annotated

import strawberry

from schema.booking_pages import BookingPageType
from schema.errors import ConflictError, InvalidInputError, NotAllowedError, NotFoundError


@strawberry.type(description="Page with what it requires after the change.")
class BookingPageResourcesSetPayload:
    """What comes of bookingPageResourcesSet."""

    booking_page: BookingPageType = strawberry.field(description="Changed page.")


BookingPageResourcesSetResult = Annotated[
    BookingPageResourcesSetPayload | InvalidInputError | NotFoundError | NotAllowedError | ConflictError,
    strawberry.union("BookingPageResourcesSetResult", description="What comes of setting resources."),
]

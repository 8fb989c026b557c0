"""Links to bookings over GraphQL: mailed again."""

import strawberry

from resolvers.context import Given, Info
from schema.booking_links import BookingLinksSendInput, BookingLinksSendPayload, BookingLinksSendResult


@strawberry.type
class BookingLinksMutation:
    """What those can do who have lost a mail."""

    @strawberry.mutation(
        description="Mail the links of an address's next bookings on a page again, five at most."
    )
    async def booking_links_send(
        self, info: Info, input: Given[BookingLinksSendInput]
    ) -> BookingLinksSendResult:
        """Send links."""
        links = info.context.services.bookings.links
        await links.send_again(info.context.viewer, input.slug, input.email)
        return BookingLinksSendPayload(asked=True)

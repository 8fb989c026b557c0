"""Codes that prove an invitee's address over GraphQL."""

import strawberry

from domain.identity import CodeNeeded
from resolvers.answers import answer
from resolvers.context import Given, Info
from schema.booking_codes import (
    BookingCodeSendInput,
    BookingCodeSendPayload,
    BookingCodeSendResult,
    CodeNeededError,
)

ANSWERS = (answer(CodeNeeded, CodeNeededError),)


@strawberry.type
class BookingCodesMutation:
    """What those do who have a link that is bound to their address."""

    @strawberry.mutation(description="Mail a code to the address that a link is bound to.")
    async def booking_code_send(
        self, info: Info, input: Given[BookingCodeSendInput]
    ) -> BookingCodeSendResult:
        """Send a code."""
        expires_at = await info.context.services.bookings.proving.send(
            info.context.viewer,
            input.slug,
            input.link,
            input.locale or info.context.locale,
            input.idempotency_key or None,
        )
        return BookingCodeSendPayload(expires_at=expires_at)

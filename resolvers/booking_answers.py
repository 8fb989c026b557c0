"""Answers of a host over GraphQL: approve, decline."""

import strawberry
from strawberry import UNSET

from domain.ids import BookingId
from resolvers.context import Given, Info
from schema.booking_answers import (
    BookingApproveInput,
    BookingApproveResult,
    BookingDeclineInput,
    BookingDeclineResult,
)
from schema.booking_changes import BookingPayload
from schema.bookings import BookingType
from schema.nodes import id_of


@strawberry.type
class BookingAnswersMutation:
    """What hosts answer to those who ask for a time."""

    @strawberry.mutation(description="Approve a request; the calendars are asked once more.")
    async def booking_approve(self, info: Info, input: Given[BookingApproveInput]) -> BookingApproveResult:
        """Approve."""
        booking = await info.context.services.bookings.answering.approve(
            info.context.viewer,
            BookingId(id_of("Booking", input.id, "id")),
            None if input.version is UNSET else input.version,
        )
        return BookingPayload(booking=BookingType.of(booking))

    @strawberry.mutation(description="Decline a request; its time is free again at once.")
    async def booking_decline(self, info: Info, input: Given[BookingDeclineInput]) -> BookingDeclineResult:
        """Decline."""
        booking = await info.context.services.bookings.answering.decline(
            info.context.viewer,
            BookingId(id_of("Booking", input.id, "id")),
            input.reason or None,
            None if input.version is UNSET else input.version,
        )
        return BookingPayload(booking=BookingType.of(booking))

"""Series of bookings over GraphQL: booked all or none, cancelled from one on."""

import strawberry
from strawberry import UNSET

from domain.booking_pages import PlaceKind
from domain.ids import BookingId
from domain.series import Frequency, Repeats, SeriesNotFree
from resolvers.answers import answer
from resolvers.bookings import for_invitee
from resolvers.context import Given, Info
from schema.booking_series import (
    BookingSeriesCancelByHostInput,
    BookingSeriesCancelByHostPayload,
    BookingSeriesCancelByHostResult,
    BookingSeriesCancelInput,
    BookingSeriesCancelPayload,
    BookingSeriesCancelResult,
    BookingSeriesCreateInput,
    BookingSeriesCreatePayload,
    BookingSeriesCreateResult,
    SeriesBooking,
    SeriesNotFreeError,
)
from schema.bookings import BookingType
from schema.nodes import id_of
from services.bookings import BookSeries, BookSlot

ANSWERS = (answer(SeriesNotFree, SeriesNotFreeError, SeriesNotFreeError.of),)


@strawberry.type
class BookingSeriesMutation:
    """What can be done to several bookings as one."""

    @strawberry.mutation(description="Book a start and those that follow it, all or none.")
    async def booking_series_create(
        self, info: Info, input: Given[BookingSeriesCreateInput]
    ) -> BookingSeriesCreateResult:
        """Book a series."""
        first = BookSlot(
            slug=input.slug,
            start=input.start,
            name=input.invitee.name,
            email=input.invitee.email,
            zone=input.invitee.zone,
            locale=input.invitee.locale or info.context.locale,
            answers={given.key: tuple(given.values) for given in input.answers},
            hold=None,
            idempotency_key=input.idempotency_key,
            place=PlaceKind(input.place_kind.value) if input.place_kind else None,
            length=None if input.duration_minutes is UNSET else input.duration_minutes,
        )
        repeats = Repeats(Frequency(input.frequency.value), input.count)
        booked = await info.context.services.bookings.series.book(
            info.context.viewer, BookSeries(first, repeats)
        )
        return BookingSeriesCreatePayload(
            bookings=[
                SeriesBooking(
                    booking=await for_invitee(info, one.booking, one.invitee), manage_token=one.token
                )
                for one in booked
            ]
        )

    @strawberry.mutation(description="Cancel a booking of a series and all later ones, by its link.")
    async def booking_series_cancel(
        self, info: Info, input: Given[BookingSeriesCancelInput]
    ) -> BookingSeriesCancelResult:
        """Cancel as the invitee."""
        seats = await info.context.services.bookings.series.cancel(
            info.context.viewer,
            input.token,
            input.reason or None,
            idempotency_key=input.idempotency_key or None,
        )
        shown = [await for_invitee(info, booking, seat) for booking, seat in seats]
        return BookingSeriesCancelPayload(bookings=[one for one in shown if one])

    @strawberry.mutation(description="Cancel a booking of a series and all later ones, as its host.")
    async def booking_series_cancel_by_host(
        self, info: Info, input: Given[BookingSeriesCancelByHostInput]
    ) -> BookingSeriesCancelByHostResult:
        """Cancel as the host."""
        bookings = await info.context.services.bookings.series.cancel_as_host(
            info.context.viewer,
            BookingId(id_of("Booking", input.id, "id")),
            input.reason or None,
            None if input.version is UNSET else input.version,
        )
        return BookingSeriesCancelByHostPayload(bookings=[BookingType.of(one) for one in bookings])

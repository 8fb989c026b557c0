"""Hold, book, reschedule, cancel; a booking by its link; a host's list."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated

import strawberry
from strawberry import UNSET

from domain.booking_pages import PlaceKind
from domain.bookings import (
    AlreadyBooked,
    Booking,
    BookingState,
    HoldExpired,
    Invitee,
    NotWaived,
    SlotNotOffered,
    SlotTaken,
    TooLate,
)
from domain.errors import NotFound
from domain.ids import BookingId
from domain.paging import paging
from resolvers.answers import answer
from resolvers.context import Given, Info
from schema.booking_changes import (
    BookingCancelByHostInput,
    BookingCancelByHostResult,
    BookingCancelInput,
    BookingCancelResult,
    BookingCreateByHostInput,
    BookingCreateByHostResult,
    BookingCreateInput,
    BookingCreatePayload,
    BookingCreateResult,
    BookingMeetingRetryInput,
    BookingMeetingRetryResult,
    BookingPayload,
    BookingRescheduleByHostInput,
    BookingRescheduleByHostResult,
    BookingRescheduleInput,
    BookingRescheduleResult,
    HoldCreateInput,
    HoldCreatePayload,
    HoldCreateResult,
    HoldReleaseInput,
    HoldReleasePayload,
    HoldReleaseResult,
    InviteeBookingPayload,
)
from schema.booking_waivers import NotWaivedError, named_in
from schema.bookings import (
    AlreadyBookedError,
    BookingStateType,
    BookingType,
    HoldExpiredError,
    HoldType,
    InviteeBookingType,
    SlotNotOfferedError,
    SlotTakenError,
    TooLateError,
)
from schema.cost import paged
from schema.nodes import id_of
from schema.pagination import After, Before, Connection, First, Last, connection
from services.bookings import BookSlot, HoldSlot

ANSWERS = (
    answer(SlotTaken, SlotTakenError, SlotTakenError.of),
    answer(SlotNotOffered, SlotNotOfferedError, SlotNotOfferedError.of),
    answer(NotWaived, NotWaivedError, NotWaivedError.of),
    answer(HoldExpired, HoldExpiredError),
    answer(TooLate, TooLateError),
    answer(AlreadyBooked, AlreadyBookedError, AlreadyBookedError.of),
)


@strawberry.input(description="Which bookings to list; what is not said does not matter.")
class BookingFilterInput:
    """A host's question."""

    states: list[BookingStateType] | None = strawberry.field(
        default=UNSET, description="Only those in one of these states."
    )
    start_from: datetime | None = strawberry.field(
        default=UNSET, description="Only those that begin at this instant or later."
    )
    start_before: datetime | None = strawberry.field(
        default=UNSET, description="Only those that begin before this instant."
    )


Filter = Annotated[BookingFilterInput | None, strawberry.argument(description="Which bookings to list.")]
Token = Annotated[str, strawberry.argument(description="Secret of the link from the mail.")]


@strawberry.type
class BookingsQuery:
    """What can be asked of bookings."""

    @strawberry.field(description="Booking by its link's secret; null if the secret does not work.")
    async def booking_by_link(self, info: Info, token: Token) -> InviteeBookingType | None:
        """Show an invitee their booking."""
        try:
            booking, seat, _ = await info.context.services.bookings.reading.by_link(token)
        except NotFound:
            return None
        return await for_invitee(info, booking, seat)

    @strawberry.field(description="Bookings that the viewer hosts, in order of start.", directives=[paged()])
    async def bookings(
        self,
        info: Info,
        filter: Filter = UNSET,
        first: First = UNSET,
        after: After = UNSET,
        last: Last = UNSET,
        before: Before = UNSET,
    ) -> Connection[BookingType]:
        """List a host's bookings."""
        wanted = filter or BookingFilterInput()
        said = [None if value is UNSET else value for value in (first, last)]
        part = await info.context.services.bookings.reading.of_viewer(
            info.context.viewer,
            paging(said[0], after or None, said[1], before or None),
            states=frozenset(BookingState(state.value) for state in wanted.states) if wanted.states else None,
            start_from=wanted.start_from or None,
            start_before=wanted.start_before or None,
        )
        return connection(part, BookingType.of)


@strawberry.type
class BookingsMutation:
    """What can be done to bookings."""

    @strawberry.mutation(description="Hold a slot for some minutes while a form is filled in.")
    async def hold_create(self, info: Info, input: Given[HoldCreateInput]) -> HoldCreateResult:
        """Hold."""
        length = None if input.duration_minutes is UNSET else input.duration_minutes
        command = HoldSlot(input.slug, input.start, input.idempotency_key, length, input.link or None)
        held = await info.context.services.bookings.taking.hold(info.context.viewer, command)
        expires_at = held.invitee.hold_expires_at or held.booking.start
        return HoldCreatePayload(
            hold=HoldType(
                token=held.token, start=held.booking.start, end=held.booking.end, expires_at=expires_at
            )
        )

    @strawberry.mutation(description="Give a hold up; its slot is free again at once.")
    async def hold_release(self, info: Info, input: Given[HoldReleaseInput]) -> HoldReleaseResult:
        """Release."""
        await info.context.services.bookings.taking.release(input.token)
        return HoldReleasePayload(released=True)

    @strawberry.mutation(description="Book a slot, held before or not.")
    async def booking_create(self, info: Info, input: Given[BookingCreateInput]) -> BookingCreateResult:
        """Book."""
        booked = await info.context.services.bookings.taking.book(
            info.context.viewer,
            replace(
                _command(info, input, input.hold or None, input.link or None, input.code or None),
                submission=input.submission or None,
            ),
        )
        shown = await for_invitee(info, booked.booking, booked.invitee)
        return BookingCreatePayload(booking=shown, manage_token=booked.token)

    @strawberry.mutation(
        description="Book for somebody on a page of one's own, past its rules as far as they are named."
    )
    async def booking_create_by_host(
        self, info: Info, input: Given[BookingCreateByHostInput]
    ) -> BookingCreateByHostResult:
        """Book as the host."""
        booked = await info.context.services.bookings.waiving.book(
            info.context.viewer, _command(info, input), named_in(input.waives)
        )
        return BookingPayload(booking=BookingType.of(booked.booking))

    @strawberry.mutation(description="Move a booking to another start, by its link.")
    async def booking_reschedule(
        self, info: Info, input: Given[BookingRescheduleInput]
    ) -> BookingRescheduleResult:
        """Reschedule as the invitee."""
        booking, seat = await info.context.services.bookings.changing.reschedule(
            info.context.viewer,
            input.token,
            input.start,
            version=input.version if input.version is not UNSET else None,
            idempotency_key=input.idempotency_key or None,
        )
        return InviteeBookingPayload(booking=await for_invitee(info, booking, seat))

    @strawberry.mutation(description="Cancel a booking, by its link.")
    async def booking_cancel(self, info: Info, input: Given[BookingCancelInput]) -> BookingCancelResult:
        """Cancel as the invitee."""
        booking, seat = await info.context.services.bookings.changing.cancel(
            info.context.viewer,
            input.token,
            input.reason or None,
            idempotency_key=input.idempotency_key or None,
        )
        return InviteeBookingPayload(booking=await for_invitee(info, booking, seat))

    @strawberry.mutation(description="Move a booking with all its seats, as its host.")
    async def booking_reschedule_by_host(
        self,
        info: Info,
        input: Given[BookingRescheduleByHostInput],
    ) -> BookingRescheduleByHostResult:
        """Reschedule as the host."""
        booking = await info.context.services.bookings.changing.reschedule_as_host(
            info.context.viewer,
            BookingId(id_of("Booking", input.id, "id")),
            input.start,
            input.version if input.version is not UNSET else None,
            named_in(input.waives),
        )
        return BookingPayload(booking=BookingType.of(booking))

    @strawberry.mutation(description="Cancel a booking with all its seats, as its host.")
    async def booking_cancel_by_host(
        self,
        info: Info,
        input: Given[BookingCancelByHostInput],
    ) -> BookingCancelByHostResult:
        """Cancel as the host."""
        booking = await info.context.services.bookings.changing.cancel_as_host(
            info.context.viewer,
            BookingId(id_of("Booking", input.id, "id")),
            input.reason or None,
            input.version if input.version is not UNSET else None,
        )
        return BookingPayload(booking=BookingType.of(booking))

    @strawberry.mutation(description="Try a meeting again that failed, as its booking's host.")
    async def booking_meeting_retry(
        self, info: Info, input: Given[BookingMeetingRetryInput]
    ) -> BookingMeetingRetryResult:
        """Let a meeting be made now."""
        booking = await info.context.services.meetings.retry(
            info.context.viewer, BookingId(id_of("Booking", input.id, "id"))
        )
        return BookingPayload(booking=BookingType.of(booking))


def _command(
    info: Info,
    input: BookingCreateInput | BookingCreateByHostInput,
    hold: str | None = None,
    link: str | None = None,
    code: str | None = None,
) -> BookSlot:
    return BookSlot(
        slug=input.slug,
        start=input.start,
        name=input.invitee.name,
        email=input.invitee.email,
        zone=input.invitee.zone,
        locale=input.invitee.locale or info.context.locale,
        answers={given.key: tuple(given.values) for given in input.answers},
        hold=hold,
        idempotency_key=input.idempotency_key,
        place=PlaceKind(input.place_kind.value) if input.place_kind else None,
        length=None if input.duration_minutes is UNSET else input.duration_minutes,
        link=link,
        code=code,
    )


async def for_invitee(info: Info, booking: Booking, seat: Invitee) -> InviteeBookingType | None:
    """Shape a seat for its invitee; None where its page is gone."""
    page = await info.context.loaders.pages.load((booking.organization_id, booking.page_id))
    hosts = await info.context.loaders.users.load_many(list(booking.hosts))
    if page is None:
        return None
    owner = await info.context.loaders.users.load(page.owner_id)
    return InviteeBookingType.of(booking, seat, page, owner, [host for host in hosts if host])

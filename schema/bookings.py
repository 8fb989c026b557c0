"""Holds and bookings: as a host sees them, as an invitee sees theirs, and what can go wrong with them."""

from datetime import datetime
from enum import Enum
from typing import Self

import strawberry

from domain.booking_pages import Answer, BookingPage
from domain.bookings import AlreadyBooked, Booking, BookingState, Invitee, SlotNotOffered, SlotTaken
from domain.calendars import DriftKind
from domain.users import DelegationScope, SignedIn, User, Viewer
from schema.booked_pages import BookedPageType
from schema.booking_pages import BookingPageType
from schema.booking_waivers import WaivedRulesType
from schema.context import Info
from schema.errors import (
    ErrorCode,
    ErrorType,
)
from schema.meetings import InviteeMeetingType, MeetingType
from schema.nodes import NodeType, global_id
from schema.page_hosts import AssignmentReasonType
from schema.places import PlaceType
from schema.resources import ResourceType, resources_of
from schema.scalars import EmailAddress, TimeZone
from schema.slots import SlotType


@strawberry.enum(name="BookingState", description="Where a booking or a seat stands.")
class BookingStateType(Enum):
    """Twin of domain.bookings.BookingState."""

    HELD = strawberry.enum_value(BookingState.HELD.value, description="Held while a form is filled in.")
    AWAITING_APPROVAL = strawberry.enum_value(
        BookingState.AWAITING_APPROVAL.value, description="Waiting for the host's approval."
    )
    AWAITING_PAYMENT = strawberry.enum_value(
        BookingState.AWAITING_PAYMENT.value, description="Waiting for the invitee's payment."
    )
    CONFIRMED = strawberry.enum_value(BookingState.CONFIRMED.value, description="Confirmed, and to come.")
    CANCELLED = strawberry.enum_value(BookingState.CANCELLED.value, description="Cancelled by either side.")
    DECLINED = strawberry.enum_value(BookingState.DECLINED.value, description="Declined by the host.")
    EXPIRED = strawberry.enum_value(
        BookingState.EXPIRED.value, description="Held or waiting, and not in time."
    )
    DONE = strawberry.enum_value(BookingState.DONE.value, description="Over.")
    NO_SHOW = strawberry.enum_value(BookingState.NO_SHOW.value, description="Over, without the invitee.")


@strawberry.type(name="Answer", description="What an invitee answered.")
class AnswerType:
    """Twin of domain.booking_pages.Answer."""

    key: str = strawberry.field(description="Stable key of the question.")
    label: str = strawberry.field(description="Question as it was asked.")
    values: list[str] = strawberry.field(description="Answers; several only where several may be chosen.")

    @classmethod
    def of(cls, answer: Answer) -> Self:
        """Shape an answer."""
        return cls(key=answer.key, label=answer.label, values=list(answer.values))


@strawberry.type(name="Invitee", description="Who booked: one seat of a booking, as its host sees it.")
class InviteeType(NodeType):
    """Twin of domain.bookings.Invitee, for hosts."""

    state: BookingStateType = strawberry.field(description="Where the seat stands.")
    name: str | None = strawberry.field(description="Name that the invitee gave.")
    email: EmailAddress | None = strawberry.field(description="Address to which mails go.")
    zone: TimeZone | None = strawberry.field(description="Zone in which the invitee reads times.")
    locale: str | None = strawberry.field(description="Language of the invitee's mails.")
    seat: int = strawberry.field(description="Number of the seat, from 1.")
    answers: list[AnswerType] = strawberry.field(description="Answers to the page's questions.")
    cancel_reason: str | None = strawberry.field(description="Reason given for cancelling.")
    booked_at: datetime = strawberry.field(description="When the seat was taken.")

    @classmethod
    def of(cls, invitee: Invitee) -> Self:
        """Shape a seat."""
        return cls(
            id=global_id("Invitee", invitee.id),
            state=BookingStateType(invitee.state.value),
            name=invitee.name,
            email=EmailAddress(invitee.email) if invitee.email else None,
            zone=TimeZone(invitee.zone) if invitee.zone else None,
            locale=invitee.locale,
            seat=invitee.seat,
            answers=[AnswerType.of(answer) for answer in invitee.answers],
            cancel_reason=invitee.cancel_reason,
            booked_at=invitee.created_at,
        )


@strawberry.enum(name="EntryDriftKind", description="What a host did to an entry in their calendar.")
class EntryDriftKindType(Enum):
    """Twin of domain.calendars.DriftKind."""

    MOVED = strawberry.enum_value(DriftKind.MOVED.value, description="Moved to another time.")
    DELETED = strawberry.enum_value(DriftKind.DELETED.value, description="Deleted.")


@strawberry.type(
    name="EntryDrift", description="Difference between a booking and its entry in a host's calendar."
)
class EntryDriftType:
    """Twin of domain.calendars.EntryDrift."""

    host_name: str | None = strawberry.field(description="Name of the host in whose calendar it is.")
    kind: EntryDriftKindType = strawberry.field(description="What the host did.")
    start: datetime | None = strawberry.field(
        description="When the entry begins now; null if it was deleted."
    )
    end: datetime | None = strawberry.field(description="When the entry ends now; null if it was deleted.")


@strawberry.type(name="Booking", description="Slot that invitees have taken, as its host sees it.")
class BookingType(NodeType):
    """Twin of domain.bookings.Booking, for hosts."""

    booking: strawberry.Private[Booking]
    state: BookingStateType = strawberry.field(description="Where the booking stands.")
    start: datetime = strawberry.field(description="When it begins.")
    end: datetime = strawberry.field(description="When it ends.")
    place: PlaceType = strawberry.field(description="Where it happens.")
    capacity: int = strawberry.field(description="How many seats it has.")
    invitees: list[InviteeType] = strawberry.field(description="Seats with their invitees, holds left out.")
    version: int = strawberry.field(
        description="Number that grows with each change; give it back as `version` to be safe from races."
    )
    created_at: datetime = strawberry.field(description="When it was made.")
    changed_at: datetime = strawberry.field(description="When it was last changed.")
    assignment_reason: AssignmentReasonType | None = strawberry.field(
        description="Why it was the turn of the host who took it; null where hosts take no turns."
    )
    series_id: strawberry.ID | None = strawberry.field(
        description="What it has in common with the bookings that were made with it as a series."
    )

    waived: WaivedRulesType | None = strawberry.field(
        description="Rules past which its host booked or moved it; null where none refused its time."
    )

    @strawberry.field(description="Names of its hosts, the primary first.")
    async def host_names(self, info: Info) -> list[str]:
        """Load the hosts' names."""
        users = await info.context.loaders.users.load_many(list(self.booking.hosts))
        return [user.name for user in users if user is not None]

    @strawberry.field(
        description="Where hosts' calendars differ from it: entries moved or deleted there by hand."
    )
    async def entry_drifts(self, info: Info) -> list[EntryDriftType]:
        """Load how the entries stand."""
        loaders = info.context.loaders
        drifts = await loaders.drifts.load((self.booking.organization_id, self.booking.id))
        hosts = await loaders.users.load_many([drift.host_id for drift in drifts])
        return [
            EntryDriftType(
                host_name=host.name if host else None,
                kind=EntryDriftKindType(drift.kind.value),
                start=drift.start,
                end=drift.end,
            )
            for drift, host in zip(drifts, hosts, strict=True)
        ]

    @strawberry.field(description="Meeting that is made for it; null where it takes place otherwise.")
    async def meeting(self, info: Info) -> MeetingType | None:
        """Load the meeting."""
        key = (self.booking.organization_id, self.booking.id)
        return MeetingType.of(self.booking, await info.context.loaders.meetings.load(key))

    @strawberry.field(description="Rooms and equipment that it has, one of each pool of its page.")
    async def resources(self, info: Info) -> list[ResourceType]:
        """Load the resources, also those that are gone."""
        booking = self.booking
        return await resources_of(info, booking.organization_id, booking.resources, deleted=True)

    @strawberry.field(
        description="Page on which it was booked, with its settings; null for all but its owner, and their "
        "delegates for pages."
    )
    async def page(self, info: Info) -> BookingPageType | None:
        """Load the page."""
        key = (self.booking.organization_id, self.booking.page_id)
        page = await info.context.loaders.pages.load(key)
        return BookingPageType.of(page) if page and _keeps(info.context.viewer, page) else None

    @strawberry.field(description="Page on which it was booked, as all its hosts see it, whoever owns it.")
    async def booked_page(self, info: Info) -> BookedPageType | None:
        """Load the page."""
        key = (self.booking.organization_id, self.booking.page_id)
        page = await info.context.loaders.pages.load(key)
        return BookedPageType.of(page) if page else None

    @classmethod
    def of(cls, booking: Booking) -> Self:
        """Shape a booking."""
        return cls(
            id=global_id("Booking", booking.id),
            booking=booking,
            state=BookingStateType(booking.state.value),
            start=booking.start,
            end=booking.end,
            place=PlaceType.of(booking.place),
            capacity=booking.capacity,
            invitees=[
                InviteeType.of(invitee)
                for invitee in booking.invitees
                if invitee.state not in (BookingState.HELD, BookingState.EXPIRED)
            ],
            version=booking.version,
            series_id=global_id("Series", booking.series_id) if booking.series_id else None,
            created_at=booking.created_at,
            changed_at=booking.changed_at,
            assignment_reason=AssignmentReasonType.of(booking.assigned),
            waived=WaivedRulesType.of(booking.waived),
        )


def _keeps(viewer: Viewer, page: BookingPage) -> bool:
    """Say whether somebody sees a page's settings: its owner, and who acts for them with pages in scope."""
    if not isinstance(viewer, SignedIn) or viewer.user_id != page.owner_id:
        return False
    return viewer.acting is None or DelegationScope.PAGES in viewer.acting.scopes


@strawberry.type(name="Hold", description="Short claim on a slot while a form is filled in.")
class HoldType:
    """A held seat, as its visitor sees it."""

    token: str = strawberry.field(description="Secret that books or releases it; shown only here.")
    start: datetime = strawberry.field(description="When the slot begins.")
    end: datetime = strawberry.field(description="When the slot ends.")
    expires_at: datetime = strawberry.field(description="When the hold ends.")


@strawberry.type(
    name="InviteeBooking", description="Booking as its invitee sees it: nothing of other invitees."
)
class InviteeBookingType:
    """One seat, for who has its link."""

    booking: strawberry.Private[Booking]
    seat: strawberry.Private[Invitee]
    state: BookingStateType = strawberry.field(description="Where the seat stands.")
    start: datetime = strawberry.field(description="When it begins.")
    end: datetime = strawberry.field(description="When it ends.")
    page_name: str = strawberry.field(description="Name of the booking page.")
    page_slug: str | None = strawberry.field(
        description="Link of the booking page, as `handle/page`; null if it is not open any more."
    )
    host_names: list[str] = strawberry.field(description="Names of the hosts.")
    place: PlaceType = strawberry.field(description="Where it happens.")
    name: str = strawberry.field(description="Name that the invitee gave.")
    email: EmailAddress = strawberry.field(description="Address that the invitee gave.")
    zone: TimeZone = strawberry.field(description="Zone in which the invitee reads times.")
    answers: list[AnswerType] = strawberry.field(description="Answers to the page's questions.")
    cancellation_policy: str = strawberry.field(description="Host's words on cancelling.")
    is_of_series: bool = strawberry.field(description="Whether it was booked with others as a series.")
    may_cancel_until: datetime = strawberry.field(description="Last instant at which it can be cancelled.")
    may_reschedule_until: datetime = strawberry.field(description="Last instant at which it can be moved.")
    version: int = strawberry.field(
        description="Number that grows with each change; give it back as `version` to be safe from races."
    )

    @strawberry.field(description="Meeting that is made for it; null where it takes place otherwise.")
    async def meeting(self, info: Info) -> InviteeMeetingType | None:
        """Load the meeting."""
        key = (self.booking.organization_id, self.booking.id)
        meeting = await info.context.loaders.meetings.load(key)
        return InviteeMeetingType.of(self.booking, meeting, self.seat.state)

    @strawberry.field(description="Names of the rooms and equipment that it has, of those that are public.")
    async def resource_names(self, info: Info) -> list[str]:
        """Load the resources, also those that are gone."""
        booking = self.booking
        found = await resources_of(info, booking.organization_id, booking.resources, deleted=True)
        return [resource.name for resource in found if resource.is_public]

    @classmethod
    def of(
        cls, booking: Booking, invitee: Invitee, page: BookingPage, owner: User | None, hosts: list[User]
    ) -> Self:
        """Shape a seat for its invitee."""
        return cls(
            booking=booking,
            seat=invitee,
            state=BookingStateType(invitee.state.value),
            start=booking.start,
            end=booking.end,
            page_name=page.name,
            page_slug=f"{owner.handle}/{page.slug}"
            if owner and page.is_active and not page.is_secret
            else None,
            host_names=[host.name for host in hosts],
            place=PlaceType.of(booking.place),
            name=invitee.name or "",
            email=EmailAddress(invitee.email or ""),
            zone=TimeZone(invitee.zone or "UTC"),
            answers=[AnswerType.of(answer) for answer in invitee.answers],
            cancellation_policy=page.cancellation_policy,
            is_of_series=booking.series_id is not None,
            may_cancel_until=booking.start - page.cancel_until,
            may_reschedule_until=booking.start - page.reschedule_until,
            version=invitee.version,
        )


@strawberry.type(name="SlotTakenError", description="Slot whose time somebody or something has by now.")
class SlotTakenError(ErrorType):
    """Twin of domain.bookings.SlotTaken."""

    next_slots: list[SlotType] = strawberry.field(description="Free slots near it, in order of start.")

    @classmethod
    def of(cls, broken: SlotTaken, message: str) -> Self:
        """Shape the error."""
        return cls(
            message=message,
            code=ErrorCode.SLOT_TAKEN,
            path=list(broken.path),
            next_slots=[SlotType(start=start, end=end, seats_left=None) for start, end in broken.nearest],
        )


@strawberry.type(name="SlotNotOfferedError", description="Start that the page does not offer.")
class SlotNotOfferedError(ErrorType):
    """Twin of domain.bookings.SlotNotOffered."""

    next_slots: list[SlotType] = strawberry.field(description="Free slots near it, in order of start.")

    @classmethod
    def of(cls, broken: SlotNotOffered, message: str) -> Self:
        """Shape the error."""
        return cls(
            message=message,
            code=ErrorCode.SLOT_NOT_OFFERED,
            path=list(broken.path),
            next_slots=[SlotType(start=start, end=end, seats_left=None) for start, end in broken.nearest],
        )


@strawberry.type(name="HoldExpiredError", description="Hold that has ended.")
class HoldExpiredError(ErrorType):
    """Twin of domain.bookings.HoldExpired."""


@strawberry.type(
    name="AlreadyBookedError",
    description="Invitee who has as many bookings to come here as one may have; "
    "`bookingLinksSend` mails the links by which these are moved.",
)
class AlreadyBookedError(ErrorType):
    """Twin of domain.bookings.AlreadyBooked."""

    most: int = strawberry.field(description="How many one may have.")

    @classmethod
    def of(cls, broken: AlreadyBooked, message: str) -> Self:
        """Shape the error."""
        return cls(message=message, code=ErrorCode.ALREADY_BOOKED, path=list(broken.path), most=broken.most)


@strawberry.type(name="TooLateError", description="Change after the page's deadline for it.")
class TooLateError(ErrorType):
    """Twin of domain.bookings.TooLate."""

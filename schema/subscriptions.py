"""What a dashboard is told of bookings as they change."""

from enum import Enum
from typing import Annotated

import strawberry

from schema.bookings import BookingType


@strawberry.enum(name="BookingChangeKind", description="What happened to a booking.")
class BookingChangeKindEnum(Enum):
    """The kinds that a dashboard is told."""

    REQUESTED = strawberry.enum_value("booking_requested", description="Seat that waits for approval.")
    DECLINED = strawberry.enum_value(
        "booking_declined", description="Request that was declined, or not answered in time."
    )
    CONFIRMED = strawberry.enum_value("booking_confirmed", description="Seat that was booked.")
    RESCHEDULED = strawberry.enum_value("booking_rescheduled", description="Seat that was moved.")
    CANCELLED = strawberry.enum_value("booking_cancelled", description="Seat that was cancelled.")
    REASSIGNED = strawberry.enum_value(
        "booking_reassigned", description="Booking that was handed over to another host."
    )
    ENTRY_WRITTEN = strawberry.enum_value(
        "entry_written", description="Calendar entry that was written, moved or removed."
    )
    ENTRY_DRIFTED = strawberry.enum_value(
        "entry_drifted", description="Calendar entry that its host moved or deleted by hand, or put back."
    )
    MEETING_CHANGED = strawberry.enum_value(
        "meeting_changed", description="Meeting that was made, moved or given up."
    )


@strawberry.interface(name="BookingsEvent", description="What a subscriber of bookings is told.")
class BookingsEventType:
    """What every event says."""

    revision: int = strawberry.field(description="Number that grows from event to event.")
    cursor: str = strawberry.field(description="Point from which to resume, as `after`.")


@strawberry.type(
    name="BookingsState",
    description="Bookings to come: the first event, and again where a team has other members.",
)
class BookingsStateType(BookingsEventType):
    """The first hundred bookings from now on."""

    bookings: list[BookingType] = strawberry.field(description="Next hundred, in order of start.")


@strawberry.type(name="BookingsChange", description="Booking that changed.")
class BookingsChangeType(BookingsEventType):
    """One change, with the booking as it is now."""

    kind: BookingChangeKindEnum = strawberry.field(description="What happened.")
    booking: BookingType = strawberry.field(description="Booking as it is now.")


BookingsChanged = Annotated[
    BookingsStateType | BookingsChangeType,
    strawberry.union("BookingsChanged", description="State first, then each change."),
]

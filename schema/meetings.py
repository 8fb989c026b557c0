"""Meetings, as the host and as the invitee of a booking see them."""

from enum import Enum
from typing import Self

import strawberry

from domain.bookings import Booking, BookingState
from domain.meetings import BookingMeeting, MeetingState, shown_meeting
from schema.places import PlaceKindType


@strawberry.enum(name="MeetingState", description="Where a meeting stands.")
class MeetingStateType(Enum):
    """Twin of domain.meetings.MeetingState."""

    PENDING = strawberry.enum_value(
        MeetingState.PENDING.value, description="To be made or moved; tried until it is."
    )
    MADE = strawberry.enum_value(MeetingState.MADE.value, description="Made, at the booking's time.")
    FAILED = strawberry.enum_value(
        MeetingState.FAILED.value, description="Given up; nothing is tried until the host acts."
    )
    REMOVED = strawberry.enum_value(MeetingState.REMOVED.value, description="Removed with its booking.")


@strawberry.type(name="Meeting", description="Meeting that is made for a booking, as its host sees it.")
class MeetingType:
    """Twin of domain.meetings.BookingMeeting, for hosts."""

    kind: PlaceKindType = strawberry.field(description="What kind of meeting.")
    state: MeetingStateType = strawberry.field(description="Where it stands.")
    join_url: str | None = strawberry.field(description="Link for those who come, once there is one.")
    failure: str | None = strawberry.field(
        description="Stable code of what went wrong last; null if nothing did."
    )

    @classmethod
    def of(cls, booking: Booking, stored: BookingMeeting | None) -> Self | None:
        """Shape a booking's meeting; None where none is made for it."""
        meeting = shown_meeting(booking, stored)
        if meeting is None:
            return None
        return cls(
            kind=PlaceKindType(meeting.kind.value),
            state=MeetingStateType(meeting.state.value),
            join_url=None if meeting.state is MeetingState.REMOVED else meeting.join_url,
            failure=meeting.failure,
        )


@strawberry.type(name="InviteeMeeting", description="Meeting of a booking, as its invitee sees it.")
class InviteeMeetingType:
    """Twin of domain.meetings.BookingMeeting, for invitees: nothing of why it failed."""

    kind: PlaceKindType = strawberry.field(description="What kind of meeting.")
    state: MeetingStateType = strawberry.field(description="Where it stands.")
    join_url: str | None = strawberry.field(description="Link, once there is one, while the seat is taken.")

    @classmethod
    def of(cls, booking: Booking, stored: BookingMeeting | None, seat: BookingState) -> Self | None:
        """Shape a booking's meeting for who has a seat in it; None where none is made."""
        meeting = shown_meeting(booking, stored)
        if meeting is None:
            return None
        may_join = seat is BookingState.CONFIRMED and meeting.state is not MeetingState.REMOVED
        return cls(
            kind=PlaceKindType(meeting.kind.value),
            state=MeetingStateType(meeting.state.value),
            join_url=meeting.join_url if may_join else None,
        )

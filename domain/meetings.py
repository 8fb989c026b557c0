"""Meetings: what is made at a provider for a booking that takes place online."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from domain.booking_pages import Place, PlaceKind
from domain.bookings import OCCUPYING, Booking, BookingState
from domain.calendars import EntryMeeting, Provider
from domain.ids import BookingId, OrganizationId, UserId
from domain.notifications import MeetingPlace

NO_ACCOUNT = "no_zoom_account"
TOO_LATE = "too_late"
MEETING_PENDING = "meeting_pending"
MEETING_REFUSED = "meeting_refused"

NAMES: Mapping[PlaceKind, str] = MappingProxyType(
    {PlaceKind.ZOOM_MEETING: "Zoom", PlaceKind.GOOGLE_MEET: "Google Meet", PlaceKind.TEAMS: "Microsoft Teams"}
)
"""What people call the places for which a meeting is made."""

WITH_ENTRY: Mapping[PlaceKind, tuple[EntryMeeting, Provider, str]] = MappingProxyType(
    {
        PlaceKind.GOOGLE_MEET: (EntryMeeting.GOOGLE_MEET, Provider.GOOGLE, "no_google_calendar"),
        PlaceKind.TEAMS: (EntryMeeting.TEAMS, Provider.MICROSOFT, "no_teams_calendar"),
    }
)
"""Meetings that are made together with an entry: in whose calendar, and the failure without one."""


class MeetingState(StrEnum):
    """Where a meeting stands; a *failed* one is not tried again until its host acts, or the booking moves."""

    PENDING = "pending"
    MADE = "made"
    FAILED = "failed"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class BookingMeeting:
    """The one meeting of a booking, made by one of its hosts.

    `failure` is the stable code of what went wrong last. `start` and `end` are the times at which it stands
    at a provider that keeps it apart from the entry, None where it goes with the entry or was never made.
    """

    organization_id: OrganizationId
    booking_id: BookingId
    host_id: UserId
    kind: PlaceKind
    state: MeetingState
    join_url: str | None = field(default=None, repr=False)
    failure: str | None = None
    start: datetime | None = None
    end: datetime | None = None

    def is_of(self, booking: Booking) -> bool:
        """Say whether one of the booking's hosts makes it; one who is its host no more has it removed."""
        return self.host_id in booking.hosts

    def is_at(self, booking: Booking) -> bool:
        """Say whether it is made, and stands at the booking's times as far as we keep them."""
        is_there = self.start is None or (self.start, self.end) == (booking.start, booking.end)
        return self.state is MeetingState.MADE and is_there and self.is_of(booking)


def shown_meeting(booking: Booking, stored: BookingMeeting | None) -> BookingMeeting | None:
    """Say how a booking's meeting stands for who looks at it; None where none is made for it."""
    if not booking.place.kind.is_online or booking.state is BookingState.HELD:
        return None
    if stored is None:
        state = MeetingState.PENDING if booking.state in OCCUPYING else MeetingState.REMOVED
        return BookingMeeting(
            booking.organization_id, booking.id, maker_of(booking), booking.place.kind, state
        )
    if booking.state is BookingState.CONFIRMED and stored.state is MeetingState.MADE:
        # A link is good while the meeting is on its way to another time.
        if stored.is_at(booking):
            return stored
        url = stored.join_url if stored.is_of(booking) else None
        return replace(stored, state=MeetingState.PENDING, join_url=url)
    return stored


def maker_of(booking: Booking) -> UserId:
    """Name the host who makes the meeting, unless another stands in."""
    return booking.primary


def next_maker(booking: Booking, failed: UserId) -> UserId | None:
    """Name the fixed host who stands in for one who could not make the meeting; None if nobody is left."""
    fixed = booking.fixed
    return next(iter(fixed[fixed.index(failed) + 1 :]), None) if failed in fixed else None


def told_place(place: Place, meeting: BookingMeeting | None, rooms: Sequence[str] = ()) -> MeetingPlace:
    """Say where a booking happens, as mails and entries write it, with the link as it is now.

    Where people meet in person it is in the rooms that the booking has.
    """
    if place.kind is PlaceKind.IN_PERSON:
        return MeetingPlace(text=", ".join(part for part in (*rooms, place.details) if part))
    if place.kind is PlaceKind.LINK:
        return MeetingPlace(url=place.details)
    if not place.kind.is_online:
        return MeetingPlace(text=place.details)
    is_there = meeting is not None and meeting.state is not MeetingState.REMOVED
    url = meeting.join_url if meeting and is_there else None
    return MeetingPlace(text=NAMES[place.kind], url=url, link_follows=url is None)


@dataclass(frozen=True, slots=True)
class FailedMeeting:
    """What a host is told of a meeting that could not be made, or moved; `failure` is its stable code."""

    kind: PlaceKind
    failure: str
    page_name: str
    start: datetime
    end: datetime

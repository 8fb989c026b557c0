"""Happened, the one shape of everything that has happened, and its kinds."""

from dataclasses import dataclass
from enum import StrEnum

from domain.ids import BookingId, InviteeId, OrganizationId, PageId, ResourceId, UserId


class EventKind(StrEnum):
    """What has happened, in the past tense."""

    SEAT_HELD = "seat_held"
    HOLD_RELEASED = "hold_released"
    BOOKING_REQUESTED = "booking_requested"
    BOOKING_DECLINED = "booking_declined"
    BOOKING_CONFIRMED = "booking_confirmed"
    BOOKING_RESCHEDULED = "booking_rescheduled"
    BOOKING_CANCELLED = "booking_cancelled"
    BOOKING_REASSIGNED = "booking_reassigned"
    ENTRY_WRITTEN = "entry_written"
    ENTRY_DRIFTED = "entry_drifted"
    MEETING_CHANGED = "meeting_changed"
    WAITLIST_CHANGED = "waitlist_changed"
    POLL_CHANGED = "poll_changed"
    PAGE_CHANGED = "page_changed"
    PAGE_LINK_CHANGED = "page_link_changed"
    HOURS_CHANGED = "hours_changed"
    PROFILE_CHANGED = "profile_changed"
    CALENDAR_TOUCHED = "calendar_touched"
    CONNECTION_CHANGED = "connection_changed"
    ACCESS_ENDED = "access_ended"  # `hosts` are those whose sessions, keys or rights for others have ended
    TEAM_CHANGED = "team_changed"  # `hosts` are those who came into a team, went, or are something else in it
    ROLE_CHANGED = "role_changed"


@dataclass(frozen=True, slots=True)
class Happened:
    """Something that has happened: ids only, so that it may be logged, published and replayed.

    `hosts` are those whose free time it may touch, and the resources; an id is of one or the other.
    """

    kind: EventKind
    organization_id: OrganizationId
    hosts: tuple[UserId | ResourceId, ...] = ()
    page_id: PageId | None = None
    booking_id: BookingId | None = None
    invitee_id: InviteeId | None = None

"""Bookings and seats as they begin, before anybody has them."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from domain.booking_pages import BookingPage, Place
from domain.bookings import Booking, BookingState, Invitee
from domain.ids import BookingId, InviteeId, UserId
from storage.base import new_id
from storage.bookings import NO_BUFFERS, Change


def add_booking(
    change: Change,
    page: BookingPage,
    booking: Booking,
    own: Mapping[UserId, tuple[int, int]] = NO_BUFFERS,
) -> None:
    """Add a booking with the buffers that its page has now, and `own` ones of hosts who keep more free."""
    change.add(
        booking,
        buffer_before_minutes=page.rules.buffer_before_minutes,
        buffer_after_minutes=page.rules.buffer_after_minutes,
        own_buffers=own,
    )


def new_booking(
    page: BookingPage,
    start: datetime,
    hosts: tuple[UserId, ...],
    seat: Invitee,
    now: datetime,
    place: Place,
) -> Booking:
    """Make the booking of a new interval, with its first seat."""
    booking_id = BookingId(new_id())
    return Booking(
        id=booking_id,
        organization_id=page.organization_id,
        page_id=page.id,
        state=seat.state,
        start=start,
        end=start + page.length,
        capacity=page.capacity,
        place=place,
        version=1,
        hosts=hosts,
        invitees=(replace(seat, booking_id=booking_id, seat=1),),
        created_at=now,
        changed_at=now,
    )


def empty_seat(now: datetime, state: BookingState, hold_expires_at: datetime | None) -> Invitee:
    """Make a seat with nobody in it; where it stands is said when it is taken."""
    return Invitee(
        id=InviteeId(new_id()),
        booking_id=BookingId(new_id()),
        seat=1,
        state=state,
        hold_expires_at=hold_expires_at,
        name=None,
        email=None,
        zone=None,
        locale=None,
        answers=(),
        moved_from=None,
        version=0,
        cancel_reason=None,
        cancelled_by=None,
        created_at=now,
    )


def moved_to(booking: Booking, page: BookingPage, start: datetime, now: datetime) -> Booking:
    """Give a booking at another start, which is for as long as its page's."""
    return replace(booking, start=start, end=start + page.length, version=booking.version + 1, changed_at=now)

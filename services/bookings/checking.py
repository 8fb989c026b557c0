"""What is checked of a booking before it is changed."""

from collections.abc import Sequence
from datetime import datetime

from domain.bookings import Booking, BookingState, TooLate
from domain.errors import Conflict, TryAgain
from domain.ids import UserId
from storage.calendars import StoredEntry


def same_hosts(hosts: Sequence[UserId], booking: Booking) -> None:
    """Check that a booking still has the hosts whose locks we have; raises TryAgain."""
    if tuple(hosts) != booking.hosts:
        raise TryAgain("start")


def still_stands(booking: Booking, now: datetime) -> None:
    """Check that a booking is confirmed and not over; raises TooLate."""
    if booking.state is not BookingState.CONFIRMED or booking.end <= now:
        raise TooLate


def shown_by(entry: StoredEntry, booking: Booking) -> None:
    """Check that an entry was written for the booking as it is now; raises Conflict where it has moved since.

    The host did not mean the new time, and the entry is about to be written for it.
    """
    if (booking.start, booking.end) != (entry.written_start, entry.written_end):
        raise Conflict

"""What is checked of a booking before it is made or changed."""

from collections.abc import Sequence
from datetime import datetime

from domain.addresses import one_person
from domain.booking_pages import BookingPage
from domain.bookings import AlreadyBooked, Booking, BookingState, Invitee, SlotTaken, TooLate
from domain.errors import Conflict, TryAgain
from domain.ids import UserId
from domain.slots import RefusalRule
from services.gathered import Gathered
from storage.calendars import StoredEntry
from storage.unit import Reading

_BY_CALENDARS = frozenset({RefusalRule.CALENDAR_UNKNOWN, RefusalRule.BUSY})


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


async def check_upcoming(
    unit: Reading, page: BookingPage, person: Invitee, more: int = 1, *, locks: bool = False
) -> None:
    """Check that somebody may have so many bookings more on a page (X16); raises AlreadyBooked.

    `locks` keeps others from booking there for the same person meanwhile.
    """
    most = page.conditions.upcoming_per_invitee
    if most is None:
        return
    email = one_person(person.email or "")
    if locks:
        await unit.bookings.lock_invitee(page.id, email)
    there = await unit.bookings.upcoming_of(page.organization_id, page.id, email)
    if len(there) + more > most:
        raise AlreadyBooked(most)


def check_held(gathered: Gathered, start: datetime, since: datetime) -> None:
    """Ask only the calendars about a held time: rules were judged when it was held."""
    refusals = [one for one in gathered.explain(start, since) if one.rule in _BY_CALENDARS]
    if gathered.may_pass(one for one in refusals if one.rule is RefusalRule.CALENDAR_UNKNOWN):
        raise TryAgain("start")
    if refusals:
        raise SlotTaken("start", nearest=gathered.nearest(start, since))

"""The gates: the only way to fetch somebody's thing for a viewer. What one may not see is not found."""

from domain.availability import Schedule
from domain.booking_pages import BookingPage
from domain.bookings import Booking
from domain.errors import NotFound
from domain.ids import BookingId, PageId, ScheduleId
from domain.users import SignedIn
from storage.unit import Reading


async def own_page(unit: Reading, asker: SignedIn, page_id: PageId) -> BookingPage:
    """Give a page that the asker owns."""
    page = await unit.pages.by_id(asker.organization_id, page_id)
    if page is None or page.owner_id != asker.user_id:
        raise NotFound("id")
    return page


async def own_schedule(unit: Reading, asker: SignedIn, schedule_id: ScheduleId) -> Schedule:
    """Give a schedule of the asker's."""
    schedule = await unit.schedules.by_id(asker.organization_id, schedule_id)
    if schedule is None or schedule.user_id != asker.user_id:
        raise NotFound("id")
    return schedule


async def own_booking(unit: Reading, asker: SignedIn, booking_id: BookingId) -> Booking:
    """Give a booking that the asker hosts."""
    booking = await unit.bookings.by_id(asker.organization_id, booking_id)
    if booking is None or asker.user_id not in booking.hosts:
        raise NotFound("id")
    return booking


async def led_booking(unit: Reading, asker: SignedIn, booking_id: BookingId) -> Booking:
    """Give a booking that the asker hosts, or whose page they own."""
    booking = await unit.bookings.by_id(asker.organization_id, booking_id)
    if booking is not None and asker.user_id not in booking.hosts:
        page = await unit.pages.by_id(asker.organization_id, booking.page_id, deleted=True)
        booking = booking if page is not None and page.owner_id == asker.user_id else None
    if booking is None:
        raise NotFound("id")
    return booking

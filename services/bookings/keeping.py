"""What time does to bookings: holds end, meetings become past, idempotency keys are forgotten."""

from dataclasses import replace
from datetime import timedelta

from domain.bookings import BookingState
from domain.waitlist import to_offer
from services.bookings.desk import Desk
from storage.bookings import Change

_BATCH = 100
_KEYS_KEPT = timedelta(hours=24)
_WAITS_KEPT = timedelta(days=1)


class Keeping:
    """The use cases of the clock. Each may run twice, and beside itself."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def end_holds(self) -> int:
        """End holds whose time is over, which shows their slots again; say how many bookings had one."""
        desk = self._desk
        async with desk.units.read() as reading:
            found = await reading.bookings.ended_holds(_BATCH)
        for organization_id, booking_id in found:
            async with desk.units.begin() as unit:
                booking = await unit.bookings.by_id(organization_id, booking_id)
                if booking is None:
                    continue
                await unit.bookings.lock_hosts(booking.hosts)
                booking = await unit.bookings.by_id(organization_id, booking_id)
                if booking is not None:
                    change = Change(unit.now)
                    desk.expire(unit, change, booking)
                    await desk.store(unit, change)
        return len(found)

    async def finish_past(self) -> int:
        """Mark confirmed bookings whose end has passed as done; say how many."""
        desk = self._desk
        async with desk.units.read() as reading:
            found = await reading.bookings.over(_BATCH)
        for organization_id, booking_id in found:
            async with desk.units.begin() as unit:
                booking = await unit.bookings.by_id(organization_id, booking_id)
                if booking is None:
                    continue
                await unit.bookings.lock_hosts(booking.hosts)
                booking = await unit.bookings.by_id(organization_id, booking_id)
                if booking is None or booking.state is not BookingState.CONFIRMED or booking.end > unit.now:
                    continue
                change = Change(unit.now)
                for seat in booking.live_seats(unit.now):
                    if seat.state is BookingState.CONFIRMED:
                        change.save_seat(booking, replace(seat, state=BookingState.DONE))
                change.save(replace(booking, state=BookingState.DONE, version=booking.version + 1))
                await desk.store(unit, change)
        return len(found)

    async def end_waits(self) -> int:
        """Have queues looked at whose slots are inside their page's notice, and so ended; say how many."""
        async with self._desk.units.begin() as unit:
            late = await unit.waitlists.wake_late(_BATCH)
            unit.follow(to_offer(waitlist, unit.now) for waitlist in late)
        return len(late)

    async def forget_keys(self) -> None:
        """Forget idempotency keys after a day."""
        async with self._desk.units.begin() as unit:
            await unit.bookings.forget_keys(unit.now - _KEYS_KEPT)

    async def forget_waits(self) -> None:
        """Forget queues for slots of yesterday, and who waited."""
        async with self._desk.units.begin() as unit:
            await unit.waitlists.forget(unit.now - _WAITS_KEPT)

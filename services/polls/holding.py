"""Keeps the times of a poll free with its organizer: bookings in state *held*, as the database knows them."""

from dataclasses import replace
from datetime import timedelta

from domain.booking_pages import BookingPage
from domain.bookings import BookingState
from domain.events import EventKind
from domain.ids import BookingId
from domain.intervals import instant_of, merge, minute_of, subtract
from domain.polls import Poll
from services.bookings.desk import Desk, happened
from services.bookings.making import empty_seat, new_booking
from storage.bookings import Change
from storage.unit import Unit


class Holding:
    """What opening, closing and reopening have in common. The caller has the lock of the organizer's time."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def hold(self, unit: Unit, poll: Poll, page: BookingPage) -> None:
        """Keep the options that are to come; what somebody has booked there already is left to them.

        Options that overlap are kept together, until the last of them begins.
        """
        options = [option for option in poll.options if option.start > unit.now]
        if not options:
            return
        organizer = poll.organizer_id
        near = options[0].start - timedelta(days=1), max(option.end for option in options)
        taken = await unit.bookings.taken(poll.organization_id, *near, hosts=[organizer])
        own = merge(one.span for one in taken.own.get(organizer, ()))
        change, kept = Change(unit.now), list[BookingId]()
        offered = merge((minute_of(option.start), minute_of(option.end)) for option in options)
        for start, end in subtract(offered, own):
            until = max(
                option.start
                for option in options
                if minute_of(option.start) < end and start < minute_of(option.end)
            )
            seat = empty_seat(unit.now, BookingState.HELD, until)
            lasting = page.lasting(timedelta(minutes=end - start))
            booking = new_booking(lasting, instant_of(start), (organizer,), seat, unit.now, page.place)
            booking = replace(booking, capacity=1)
            change.add(booking, buffer_before_minutes=0, buffer_after_minutes=0)
            change.add_seat(booking, booking.invitees[0])
            unit.record(happened(EventKind.SEAT_HELD, booking, booking.invitees[0]))
            kept.append(booking.id)
        if kept:
            await self._desk.store(unit, change)
            await unit.polls.note_holds(poll, kept)

    async def release(self, unit: Unit, poll: Poll) -> None:
        """Let go of the times of a poll, if it keeps any."""
        held = await unit.bookings.by_ids(poll.organization_id, await unit.polls.take_holds(poll))
        change = Change(unit.now)
        for booking in held.values():
            seat = booking.invitees[0]
            if seat.state is BookingState.HELD:
                ended, _ = self._desk.end_seat(unit, change, booking, seat, BookingState.EXPIRED)
                change.save(ended)
        if held:
            await self._desk.store(unit, change)

"""What is written down about meetings, by whoever makes them: beside an entry, or together with it."""

from datetime import datetime
from uuid import UUID

from domain.bookings import Booking
from domain.effects import EffectKind
from domain.events import EventKind, Happened
from domain.meetings import BookingMeeting, MeetingState, next_maker
from domain.reactions import on_link, on_meeting_failed, on_stand_in
from storage.unit import Unit


async def note_made(
    unit: Unit,
    meeting: BookingMeeting,
    join_url: str,
    *,
    claim_id: UUID | None = None,
    remote_id: str | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
) -> None:
    """Note that a meeting is made; who was told that the link follows, or of another one, is told of it.

    Nothing is noted if the claim had gone to another worker, who finds the same meeting.
    """
    before = await unit.meetings.made(
        meeting, join_url, claim_id=claim_id, remote_id=remote_id, start=start, end=end
    )
    if before is None:
        return
    former = before.meeting
    booking = await unit.bookings.by_id(meeting.organization_id, meeting.booking_id)
    is_as_before = (former.state, former.join_url, former.start) == (MeetingState.MADE, join_url, start)
    if booking is None or is_as_before:
        return
    # Whichever act made it: the meeting's own one puts the link into every host's entry, and need not wait.
    await unit.outbox.retry(booking.organization_id, EffectKind.MEETING, booking.id)
    is_news = before.link_awaited or former.join_url not in (None, join_url)
    unit.record(_changed(booking), on_link(booking, unit.now) if is_news else ())


async def note_given_up(unit: Unit, booking: Booking, reason: str) -> None:
    """Note that a meeting is not made as it should be; a stand-in makes it, or the primary host is told.

    That is told while it matters. A meeting that was made, and cannot be moved, stays where it is: another
    one would leave people with two links.
    """
    stored = await unit.meetings.of_booking(booking.organization_id, booking.id)
    if stored is None:
        stored = await unit.meetings.plan(booking)
    meeting = stored.meeting
    if meeting.is_at(booking) or meeting.state is MeetingState.REMOVED:
        return
    stand_in = next_maker(booking, meeting.host_id)
    if stand_in is not None and meeting.join_url is None and booking.end > unit.now:
        await unit.meetings.pass_on(booking, stand_in)
        unit.record(_changed(booking), on_stand_in(booking, stand_in, unit.now))
        return
    await unit.meetings.failed(meeting, reason, is_final=True)
    told = on_meeting_failed(booking, booking.primary, unit.now) if booking.end > unit.now else ()
    unit.record(_changed(booking), told)


def _changed(booking: Booking) -> Happened:
    return Happened(
        EventKind.MEETING_CHANGED, booking.organization_id, hosts=booking.hosts, booking_id=booking.id
    )

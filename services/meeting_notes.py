"""What is written down about meetings, by whoever makes them: beside an entry, or together with it."""

from datetime import datetime
from uuid import UUID

from domain.bookings import Booking
from domain.effects import EffectKind
from domain.events import EventKind, Happened
from domain.meetings import BookingMeeting, MeetingState
from domain.reactions import on_link, on_meeting_failed
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
    """Note that a meeting is not made as it should be, and let its host be told while it matters."""
    stored = await unit.meetings.of_booking(booking.organization_id, booking.id)
    if stored is None:
        stored = await unit.meetings.plan(booking)
    if stored.meeting.is_at(booking) or stored.meeting.state is MeetingState.REMOVED:
        return
    await unit.meetings.failed(stored.meeting, reason, is_final=True)
    told = on_meeting_failed(booking, stored.meeting.host_id, unit.now) if booking.end > unit.now else ()
    unit.record(_changed(booking), told)


def _changed(booking: Booking) -> Happened:
    return Happened(
        EventKind.MEETING_CHANGED, booking.organization_id, hosts=booking.hosts, booking_id=booking.id
    )

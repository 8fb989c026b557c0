"""The one table of what must follow when a seat has changed: entries, mails, reminders."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from domain.booking_pages import BookingPage
from domain.bookings import Booking, Invitee
from domain.effects import Effect, EffectKind

_MINUTE = timedelta(minutes=1)


def on_confirmed(page: BookingPage, booking: Booking, invitee: Invitee, now: datetime) -> tuple[Effect, ...]:
    """List what follows a confirmed seat: the entry, both sides told, both sides reminded."""
    return (
        *_entries(booking, now),
        _tell(EffectKind.TELL_INVITEE_CONFIRMED, booking, invitee, invitee.id, now),
        *_tell_hosts(EffectKind.TELL_HOST_CONFIRMED, booking, invitee, now),
        *_reminders(page, booking, invitee, now),
    )


def on_rescheduled(
    page: BookingPage, booking: Booking, invitee: Invitee, now: datetime, *, left: Booking | None = None
) -> tuple[Effect, ...]:
    """List what follows a moved seat; `left` is the booking of a shared session that it has left."""
    return (
        *_entries(booking, now),
        *(_entries(left, now) if left else ()),
        _tell(EffectKind.TELL_INVITEE_RESCHEDULED, booking, invitee, invitee.id, now),
        *_tell_hosts(EffectKind.TELL_HOST_RESCHEDULED, booking, invitee, now),
        *_reminders(page, booking, invitee, now),
    )


def on_cancelled(booking: Booking, invitee: Invitee, now: datetime) -> tuple[Effect, ...]:
    """List what follows a cancelled seat; its reminders are of an older version and end by that."""
    return (
        *_entries(booking, now),
        _tell(EffectKind.TELL_INVITEE_CANCELLED, booking, invitee, invitee.id, now),
        *_tell_hosts(EffectKind.TELL_HOST_CANCELLED, booking, invitee, now),
    )


def _entries(booking: Booking, now: datetime) -> Iterable[Effect]:
    for host in booking.hosts:
        yield Effect(EffectKind.ENTRY, booking.organization_id, booking.id, booking.version, host, now)


def _tell(
    kind: EffectKind, booking: Booking, invitee: Invitee, recipient: UUID, due: datetime, lead: int = 0
) -> Effect:
    return Effect(kind, booking.organization_id, invitee.id, invitee.version, recipient, due, lead)


def _tell_hosts(kind: EffectKind, booking: Booking, invitee: Invitee, now: datetime) -> Iterable[Effect]:
    for host in booking.hosts:
        yield _tell(kind, booking, invitee, host, now)


def _reminders(page: BookingPage, booking: Booking, invitee: Invitee, now: datetime) -> Iterable[Effect]:
    for lead in page.reminders:
        due = booking.start - lead
        if due <= now:
            continue
        minutes = lead // _MINUTE
        yield _tell(EffectKind.REMIND_INVITEE, booking, invitee, invitee.id, due, minutes)
        for host in booking.hosts:
            yield _tell(EffectKind.REMIND_HOST, booking, invitee, host, due, minutes)

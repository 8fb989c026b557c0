"""The one table of what must follow when a seat has changed: meetings, entries, mails, reminders."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from domain.booking_pages import BookingPage
from domain.bookings import Booking, BookingState, Invitee
from domain.effects import Effect, EffectKind
from domain.ids import UserId
from domain.meetings import maker_of

_MINUTE = timedelta(minutes=1)


def on_confirmed(page: BookingPage, booking: Booking, invitee: Invitee, now: datetime) -> tuple[Effect, ...]:
    """List what follows a confirmed seat: meeting and entry, both sides told, both sides reminded."""
    return (
        *_meeting(booking, now),
        *_entries(booking, now),
        _tell(EffectKind.TELL_INVITEE_CONFIRMED, booking, invitee, invitee.id, now),
        *_tell_hosts(EffectKind.TELL_HOST_CONFIRMED, booking, invitee, now),
        *_reminders(page, booking, invitee, now),
    )


def on_requested(page: BookingPage, booking: Booking, invitee: Invitee, now: datetime) -> tuple[Effect, ...]:
    """List what follows a seat that waits for approval: both sides told, and its end if nobody answers."""
    lapses = min(now + (page.conditions.approval_within or timedelta(0)), booking.start)
    return (
        _tell(EffectKind.TELL_INVITEE_REQUESTED, booking, invitee, invitee.id, now),
        *_tell_hosts(EffectKind.TELL_HOST_REQUESTED, booking, invitee, now),
        _tell(EffectKind.LAPSE, booking, invitee, invitee.id, lapses),
    )


def on_declined(booking: Booking, invitee: Invitee, now: datetime) -> tuple[Effect, ...]:
    """List what follows a request that a host has declined."""
    return (_tell(EffectKind.TELL_INVITEE_DECLINED, booking, invitee, invitee.id, now),)


def on_lapsed(booking: Booking, invitee: Invitee, now: datetime) -> tuple[Effect, ...]:
    """List what follows a request that nobody has answered in time."""
    return (
        _tell(EffectKind.TELL_INVITEE_LAPSED, booking, invitee, invitee.id, now),
        *_tell_hosts(EffectKind.TELL_HOST_LAPSED, booking, invitee, now),
    )


def on_series(
    page: BookingPage, seats: Sequence[tuple[Booking, Invitee]], now: datetime
) -> tuple[Effect, ...]:
    """List what follows a series: of each booking what follows any, but both sides are told once of all."""
    return (
        *(
            effect
            for booking, seat in seats
            for effect in (
                *_meeting(booking, now),
                *_entries(booking, now),
                *_reminders(page, booking, seat, now),
            )
        ),
        *_tell_of_series(EffectKind.TELL_INVITEE_SERIES, EffectKind.TELL_HOST_SERIES, seats, now),
    )


def on_series_cancelled(seats: Sequence[tuple[Booking, Invitee]], now: datetime) -> tuple[Effect, ...]:
    """List what follows cancelled bookings of a series, the first of them first."""
    to_invitee, to_host = EffectKind.TELL_INVITEE_SERIES_CANCELLED, EffectKind.TELL_HOST_SERIES_CANCELLED
    return (
        *(effect for booking, _ in seats for effect in (*_meeting(booking, now), *_entries(booking, now))),
        *_tell_of_series(to_invitee, to_host, seats, now),
    )


def _tell_of_series(
    to_invitee: EffectKind, to_host: EffectKind, seats: Sequence[tuple[Booking, Invitee]], now: datetime
) -> Iterable[Effect]:
    booking, seat = seats[0]
    yield _tell(to_invitee, booking, seat, seat.id, now)
    for host in sorted({host for each, _ in seats for host in each.hosts}):
        yield _tell(to_host, booking, seat, host, now)


def on_rescheduled(
    page: BookingPage,
    booking: Booking,
    invitee: Invitee,
    now: datetime,
    *,
    left: Booking | None = None,
    relieved: Sequence[UserId] = (),
) -> tuple[Effect, ...]:
    """List what follows a moved seat; `left` is the booking of a shared session that it has left.

    Hosts who are `relieved` were hosts at the time before, and others are now.
    """
    return (
        *_meeting(booking, now),
        *(_meeting(left, now) if left else ()),
        *_entries(booking, now),
        *(_entries(left, now) if left else ()),
        _tell(EffectKind.TELL_INVITEE_RESCHEDULED, booking, invitee, invitee.id, now),
        *_tell_hosts(EffectKind.TELL_HOST_RESCHEDULED, booking, invitee, now),
        *_relieve(booking, invitee, relieved, now),
        *_reminders(page, booking, invitee, now),
    )


def on_reassigned(
    page: BookingPage,
    booking: Booking,
    invitee: Invitee,
    now: datetime,
    *,
    host: UserId,
    relieved: UserId,
) -> tuple[Effect, ...]:
    """List what follows a seat's new host: meeting, entries, both hosts and the invitee told, reminders."""
    return (
        *_meeting(booking, now),
        *_entries(booking, now),
        _tell(EffectKind.TELL_INVITEE_REASSIGNED, booking, invitee, invitee.id, now),
        _tell(EffectKind.TELL_HOST_REASSIGNED, booking, invitee, host, now),
        *_relieve(booking, invitee, [relieved], now),
        *_reminders(page, booking, invitee, now),
    )


def on_stand_in(booking: Booking, host: UserId, now: datetime) -> tuple[Effect, ...]:
    """List what follows a meeting that another host of the booking is to make."""
    kind = EffectKind.MEETING
    return (Effect(kind, booking.organization_id, booking.id, booking.version, host, now),)


def on_cancelled(booking: Booking, invitee: Invitee, now: datetime) -> tuple[Effect, ...]:
    """List what follows a cancelled seat; its reminders are of an older version and end by that."""
    return (
        *_meeting(booking, now),
        *_entries(booking, now),
        _tell(EffectKind.TELL_INVITEE_CANCELLED, booking, invitee, invitee.id, now),
        *_tell_hosts(EffectKind.TELL_HOST_CANCELLED, booking, invitee, now),
    )


def on_link_wanted(booking: Booking, invitee: Invitee, now: datetime) -> Effect:
    """Name what follows when an invitee asks for their link again: a reminder now, once a minute."""
    lead = (booking.start - now) // _MINUTE
    return _tell(EffectKind.REMIND_INVITEE, booking, invitee, invitee.id, now, lead)


def on_link(booking: Booking, now: datetime) -> tuple[Effect, ...]:
    """List what follows a link that came after mails had gone without it: each seat's both sides told."""
    seats = [seat for seat in booking.invitees if seat.state is BookingState.CONFIRMED]
    return tuple(
        effect
        for seat in seats
        for effect in (
            _tell(EffectKind.TELL_INVITEE_LINK, booking, seat, seat.id, now),
            *_tell_hosts(EffectKind.TELL_HOST_LINK, booking, seat, now),
        )
    )


def on_meeting_failed(booking: Booking, host: UserId, now: datetime) -> tuple[Effect, ...]:
    """List what follows a meeting that is given up: its host told, once for each version of the booking."""
    kind = EffectKind.TELL_MEETING_FAILED
    return (Effect(kind, booking.organization_id, booking.id, booking.version, host, now),)


def on_unwritten(booking: Booking, host: UserId, now: datetime) -> tuple[Effect, ...]:
    """List what follows an entry that has lost its calendar and finds no other: its host told, once."""
    kind = EffectKind.TELL_UNWRITTEN
    return (Effect(kind, booking.organization_id, booking.id, booking.version, host, now),)


def _meeting(booking: Booking, now: datetime) -> Iterable[Effect]:
    if booking.place.kind.is_online:
        yield Effect(
            EffectKind.MEETING,
            booking.organization_id,
            booking.id,
            booking.version,
            maker_of(booking),
            now,
        )


def _entries(booking: Booking, now: datetime) -> Iterable[Effect]:
    for host in booking.hosts:
        yield Effect(EffectKind.ENTRY, booking.organization_id, booking.id, booking.version, host, now)


def _relieve(booking: Booking, invitee: Invitee, hosts: Iterable[UserId], now: datetime) -> Iterable[Effect]:
    """Let the entries of those go who are hosts no more, and tell them."""
    for host in hosts:
        yield Effect(EffectKind.ENTRY, booking.organization_id, booking.id, booking.version, host, now)
        yield _tell(EffectKind.TELL_HOST_RELIEVED, booking, invitee, host, now)


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

"""Bookings and seats: their states, the steps between them, and what a person may still do."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from domain.assignment import Assigned
from domain.booking_pages import Answer, Place
from domain.errors import Conflict, RuleBroken
from domain.ids import (
    BookingId,
    InviteeId,
    OrganizationId,
    PageId,
    PageLinkId,
    ResourceId,
    SeriesId,
    UserId,
)
from domain.slots import Waivable, in_order


class BookingState(StrEnum):
    """Where a booking or a seat stands. Every state is classified in OCCUPYING or FREE."""

    HELD = "held"
    AWAITING_APPROVAL = "awaiting_approval"
    AWAITING_PAYMENT = "awaiting_payment"
    CONFIRMED = "confirmed"
    CANCELLED = "cancelled"
    DECLINED = "declined"
    EXPIRED = "expired"
    DONE = "done"
    NO_SHOW = "no_show"


# D14: what keeps a host's time from others. The database's constraint uses the same list.
OCCUPYING = frozenset(
    {
        BookingState.HELD,
        BookingState.AWAITING_APPROVAL,
        BookingState.AWAITING_PAYMENT,
        BookingState.CONFIRMED,
    }
)
FREE = frozenset(
    {
        BookingState.CANCELLED,
        BookingState.DECLINED,
        BookingState.EXPIRED,
        BookingState.DONE,
        BookingState.NO_SHOW,
    }
)


CAN_BE_CANCELLED = frozenset({BookingState.AWAITING_APPROVAL, BookingState.CONFIRMED})
Nearest = tuple[tuple[datetime, datetime], ...]
"""Free slots close to one that was refused: start and end, in order of start."""


class SlotTaken(RuleBroken):
    """The slot is offered by the page's rules, but somebody or something has its time."""

    code = "SLOT_TAKEN"
    sentence = "This time has just been taken. Please choose another."

    def __init__(self, *path: str, nearest: Nearest = ()) -> None:
        super().__init__(*path)
        self.nearest = nearest


class SlotNotOffered(RuleBroken):
    """The page never offers this start now: past, too soon, too far, off the grid or outside the hours."""

    code = "SLOT_NOT_OFFERED"
    sentence = "This page does not offer that time."

    def __init__(self, *path: str, nearest: Nearest = ()) -> None:
        super().__init__(*path)
        self.nearest = nearest


class NotWaived(RuleBroken):
    """The host side of a page books a start that `rules` refuse which were not named (X15)."""

    code = "NOT_WAIVED"
    sentence = "A rule of the page refuses this time. Name it to book the time all the same."

    def __init__(self, rules: frozenset[Waivable], *, nearest: Nearest = ()) -> None:
        super().__init__("waives")
        self.rules = in_order(rules)
        self.nearest = nearest


class HoldExpired(RuleBroken):
    """The hold has ended and its time is gone to somebody else, or it was released."""

    code = "HOLD_EXPIRED"
    sentence = "Your hold on this time has ended. Please choose a time again."


class AlreadyBooked(RuleBroken):
    """An invitee who has as many bookings to come on a page as one may have; whose and when is not said."""

    code = "ALREADY_BOOKED"
    sentence = "You have as many bookings here as one may have. Move one of them by the link from its mail."

    def __init__(self, most: int) -> None:
        super().__init__("invitee", "email")
        self.most = most


class TooLate(RuleBroken):
    """The deadline of the page for this change has passed, or the meeting is over or was cancelled."""

    code = "TOO_LATE"
    sentence = "It is too late to change this booking here. Please contact your host."


class HostNotFree(RuleBroken):
    """The host to whom a booking is to be handed over cannot take its time, or nobody can."""

    code = "HOST_NOT_FREE"
    sentence = "This host is not free at the time of the booking."


class KeyUsed(Conflict):
    """An idempotency key that was used for something else, or for what is over."""

    sentence = "This key was used for another request. Use a new one."

    def __init__(self) -> None:
        super().__init__("idempotencyKey")


@dataclass(frozen=True, slots=True)
class Waived:
    """The rules past which a host booked the time that a booking has, and who did (X15)."""

    rules: tuple[Waivable, ...]
    by: UserId


@dataclass(frozen=True, slots=True)
class Invitee:
    """One seat and who sits in it. Person's fields are None while the seat is only held.

    `version` grows with each change; it is the SEQUENCE of the invitee's calendar file. `moved_from`
    is the start before the last reschedule, `link_id` the link to the page by which it was taken.
    """

    id: InviteeId
    booking_id: BookingId
    seat: int
    state: BookingState
    hold_expires_at: datetime | None
    name: str | None
    email: str | None
    zone: str | None
    locale: str | None
    answers: tuple[Answer, ...]
    moved_from: datetime | None
    version: int
    cancel_reason: str | None
    cancelled_by: str | None
    created_at: datetime
    link_id: PageLinkId | None = None

    def is_live(self, now: datetime) -> bool:
        """Say whether the seat is taken at `now`: a hold counts until it ends."""
        if self.state is BookingState.HELD:
            return self.hold_expires_at is not None and self.hold_expires_at > now
        return self.state in OCCUPYING


@dataclass(frozen=True, slots=True)
class Booking:
    """An interval taken on a page, with its hosts and its seats (live and past ones, by seat).

    The hosts stand in the page's order, who took a turn last; `assigned` says how that one was chosen.
    `waived` are the rules that refused its time. `resources` are what it has, one of each pool of the page.
    """

    id: BookingId
    organization_id: OrganizationId
    page_id: PageId
    state: BookingState
    start: datetime
    end: datetime
    capacity: int
    place: Place
    version: int
    hosts: tuple[UserId, ...]
    invitees: tuple[Invitee, ...]
    created_at: datetime
    changed_at: datetime
    assigned: Assigned | None = None
    series_id: SeriesId | None = None
    waived: Waived | None = None
    resources: tuple[ResourceId, ...] = ()

    @property
    def primary(self) -> UserId:
        """The host who speaks for all: the first fixed one, else the one whose turn it was."""
        return self.hosts[0]

    @property
    def fixed(self) -> tuple[UserId, ...]:
        """The hosts whose turn it was not to take: in order, the next stands in for the one before."""
        return tuple(host for host in self.hosts if not self.assigned or host != self.assigned.host)

    @property
    def length(self) -> timedelta:
        """How long it lasts."""
        return self.end - self.start

    def invitee(self, invitee_id: InviteeId) -> Invitee:
        """Give one seat; KeyError if it is not in this booking."""
        for invitee in self.invitees:
            if invitee.id == invitee_id:
                return invitee
        raise KeyError(invitee_id)

    def live_seats(self, now: datetime) -> tuple[Invitee, ...]:
        """List the seats that are taken at `now`."""
        return tuple(invitee for invitee in self.invitees if invitee.is_live(now))


def state_of(seats: tuple[Invitee, ...], now: datetime) -> BookingState:
    """Say the state of a booking from its seats: confirmed before waiting before held, else ended."""
    live = {seat.state for seat in seats if seat.is_live(now)}
    for state in (
        BookingState.CONFIRMED,
        BookingState.AWAITING_PAYMENT,
        BookingState.AWAITING_APPROVAL,
        BookingState.HELD,
    ):
        if state in live:
            return state
    for state in (BookingState.DONE, BookingState.CANCELLED, BookingState.DECLINED):
        if any(seat.state is state for seat in seats):
            return state
    return BookingState.EXPIRED


def may_change(
    booking: Booking,
    invitee: Invitee,
    now: datetime,
    until: timedelta,
    states: frozenset[BookingState] = frozenset({BookingState.CONFIRMED}),
) -> None:
    """Check that an invitee may still change a seat, until `until` before the start (D10); raises TooLate."""
    if invitee.state not in states or booking.end <= now or now > booking.start - until:
        raise TooLate


def free_seat(booking: Booking, now: datetime) -> int:
    """Choose the lowest seat that is free; raises SlotTaken when there is none."""
    taken = {seat.seat for seat in booking.live_seats(now)}
    for number in range(1, booking.capacity + 1):
        if number not in taken:
            return number
    raise SlotTaken


def same_version(current: int, expected: int | None) -> None:
    """Check that the caller saw the current state; raises Conflict. None is a caller who does not say."""
    if expected is not None and expected != current:
        raise Conflict("version")

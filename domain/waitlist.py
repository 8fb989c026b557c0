"""Waitlists: who waits for a slot that is taken, in which order, and what is offered to them (X03)."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from domain.bookings import BookingState
from domain.effects import Effect, EffectKind
from domain.errors import RuleBroken
from domain.events import EventKind, Happened
from domain.ids import BookingId, InviteeId, OrganizationId, PageId, WaiterId, WaitlistId

MAX_WAITERS = 50
SHORTEST_OFFER = timedelta(minutes=5)
LONGEST_OFFER = timedelta(days=2)


class SlotFree(RuleBroken):
    """A slot that nobody needs to wait for."""

    code = "SLOT_FREE"
    sentence = "This time is free. You can book it."


class NoWaitlist(RuleBroken):
    """A page that has no waitlists."""

    code = "NO_WAITLIST"
    sentence = "One cannot wait for times of this page."


class WaitlistFull(RuleBroken):
    """A slot for which as many wait as may."""

    code = "WAITLIST_FULL"
    sentence = "Too many people wait for this time. Please choose another."


class AlreadyWaiting(RuleBroken):
    """An address that waits for the slot already; the mail of that time has its link."""

    code = "ALREADY_WAITING"
    sentence = "This address waits for this time already. The link is in its mail."


class WaiterState(StrEnum):
    """Where somebody who waits stands."""

    WAITING = "waiting"
    OFFERED = "offered"
    BOOKED = "booked"
    LAPSED = "lapsed"  # they did not take what they were offered
    LEFT = "left"
    ENDED = "ended"  # the slot will not be offered any more
    REMOVED = "removed"  # the page's side has taken them off


WAITS = frozenset({WaiterState.WAITING, WaiterState.OFFERED})
"""Where somebody stands who can still get the slot."""


@dataclass(frozen=True, slots=True)
class Waitlist:
    """The queue for one slot: a start and a length of a page. `version` grows when it is to be looked at.

    It ends when the slot is not offered any more, whoever has its time; nobody can join it then. `followed`
    are the hosts and resources of whose changes it hears: those of its page when that was last looked at.
    """

    id: WaitlistId
    organization_id: OrganizationId
    page_id: PageId
    start: datetime
    end: datetime
    version: int
    is_ended: bool
    followed: frozenset[UUID] = frozenset()

    @property
    def length(self) -> timedelta:
        """How long the slot is."""
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Offer:
    """A seat that is held for somebody who waited: as it is now, and whether it has become theirs."""

    seat: InviteeId
    booking_id: BookingId
    state: BookingState
    until: datetime | None
    is_taken: bool

    def is_open(self, now: datetime) -> bool:
        """Say whether it can still be taken."""
        return self.state is BookingState.HELD and self.until is not None and self.until > now


@dataclass(frozen=True, slots=True)
class Waiter:
    """Somebody in a queue. `number` orders them; `ahead` is how many wait before them."""

    id: WaiterId
    list: Waitlist
    number: int
    name: str
    email: str = field(repr=False)
    zone: str
    locale: str
    joined_at: datetime
    has_left: bool
    ahead: int
    is_removed: bool = False
    offer: Offer | None = None

    def state(self, now: datetime) -> WaiterState:
        """Say where they stand."""
        if self.is_removed:
            return WaiterState.REMOVED
        if self.offer is not None:
            if self.offer.is_taken:
                return WaiterState.BOOKED
            return WaiterState.OFFERED if self.offer.is_open(now) else WaiterState.LAPSED
        if self.has_left:
            return WaiterState.LEFT
        return WaiterState.ENDED if self.list.is_ended or self.list.start <= now else WaiterState.WAITING

    def place(self, now: datetime) -> int | None:
        """Give their place in the queue, from 1; None for who does not wait."""
        return self.ahead + 1 if self.state(now) is WaiterState.WAITING else None


def offered_until(now: datetime, start: datetime, lasts: timedelta) -> datetime:
    """Say until when somebody is asked to answer: never beyond the start."""
    return min(now + lasts, start)


FREEING = frozenset(
    {
        EventKind.HOLD_RELEASED,
        EventKind.BOOKING_DECLINED,
        EventKind.BOOKING_RESCHEDULED,
        EventKind.BOOKING_CANCELLED,
        EventKind.BOOKING_REASSIGNED,
        EventKind.ENTRY_WRITTEN,  # or removed: until then a calendar is busy with what was cancelled
        EventKind.PAGE_CHANGED,
        EventKind.HOURS_CHANGED,
        EventKind.CALENDAR_TOUCHED,
        EventKind.CONNECTION_CHANGED,
    }
)
"""What may free a slot, or end the queue for it."""


def changed(waitlist: Waitlist) -> Happened:
    """Say that a queue has changed."""
    return Happened(EventKind.WAITLIST_CHANGED, waitlist.organization_id, page_id=waitlist.page_id)


def to_offer(waitlist: Waitlist, due: datetime) -> Effect:
    """Have a queue looked at, under its present version."""
    return Effect(EffectKind.OFFER, waitlist.organization_id, waitlist.id, waitlist.version, waitlist.id, due)


def on_waiting(waiter: Waiter, now: datetime) -> tuple[Effect, ...]:
    """List what follows when somebody begins to wait: they are told."""
    return (_tell(EffectKind.TELL_WAITING, waiter, now),)


def on_offered(waiter: Waiter, now: datetime) -> tuple[Effect, ...]:
    """List what follows an offer: who waited is told."""
    return (_tell(EffectKind.TELL_OFFERED, waiter, now),)


def on_removed(waiter: Waiter, now: datetime) -> tuple[Effect, ...]:
    """List what follows when somebody is taken off: they are told."""
    return (_tell(EffectKind.TELL_REMOVED, waiter, now),)


def _tell(kind: EffectKind, waiter: Waiter, now: datetime) -> Effect:
    return Effect(kind, waiter.list.organization_id, waiter.id, 1, waiter.id, now)

"""A question for open slots, and its answer."""

from dataclasses import dataclass
from datetime import datetime

from domain.booking_pages import BookingPage
from domain.calendars import Freshness
from domain.slots import OpenSlot


@dataclass(frozen=True, slots=True)
class FindSlots:
    """Question which starts of a page can be booked between two instants."""

    page: BookingPage
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class OpenSlots:
    """Free slots in order of start, and how fresh the worst calendar behind them is.

    `as_of` is the instant at which the oldest of the busy times behind them was asked for; None where
    no host's busy times are known.
    """

    slots: tuple[OpenSlot, ...]
    freshness: Freshness
    as_of: datetime | None

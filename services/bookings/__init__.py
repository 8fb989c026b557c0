"""Bookings: taken by visitors, changed by those who have them, read, and kept in order by the clock."""

from dataclasses import dataclass

from services.bookings.answering import Answering
from services.bookings.changing import Changing
from services.bookings.commands import BookSeries, BookSlot, HoldSlot, Seated
from services.bookings.desk import Desk
from services.bookings.keeping import Keeping
from services.bookings.links import Links
from services.bookings.offering import Offering
from services.bookings.proving import Proving
from services.bookings.queues import Queues
from services.bookings.reading import Reading
from services.bookings.reassigning import Reassigning
from services.bookings.series import Series
from services.bookings.taking import Taking
from services.bookings.waiting import WaitFor, Waiting, Waits
from services.bookings.waiving import Waiving

__all__ = [
    "Answering",
    "BookSeries",
    "BookSlot",
    "Bookings",
    "Changing",
    "Desk",
    "HoldSlot",
    "Keeping",
    "Links",
    "Offering",
    "Proving",
    "Queues",
    "Reading",
    "Reassigning",
    "Seated",
    "Series",
    "Taking",
    "WaitFor",
    "Waiting",
    "Waits",
    "Waiving",
]


@dataclass(frozen=True, slots=True)
class Bookings:
    """The room's use cases, by who needs them."""

    desk: Desk
    taking: Taking
    changing: Changing
    reassigning: Reassigning
    answering: Answering
    links: Links
    series: Series
    reading: Reading
    keeping: Keeping
    waiting: Waiting
    offering: Offering
    queues: Queues
    proving: Proving
    waiving: Waiving

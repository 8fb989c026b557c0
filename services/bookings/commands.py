"""What can be asked of bookings, and what is answered, as values."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from domain.booking_pages import PlaceKind
from domain.bookings import Booking, Invitee
from domain.series import Repeats


@dataclass(frozen=True, slots=True)
class HoldSlot:
    """Hold a start on a page while a form is filled in; `length` in minutes, None for the page's own.

    `link` is the secret one by which the page was opened.
    """

    slug: str
    start: datetime
    idempotency_key: str
    length: int | None = None
    link: str | None = None


@dataclass(frozen=True, slots=True)
class BookSlot:
    """Book a start on a page, with or without a hold on it. Everything is as the client sent it.

    No `length`: that of the hold, else the page's own. `link` is as for a hold; `code` proves the address to
    which it is bound. `submission` is the secret of the routing form's submission that led to the page.
    """

    slug: str
    start: datetime
    name: str
    email: str
    zone: str
    locale: str | None
    answers: Mapping[str, tuple[str, ...]]
    hold: str | None
    idempotency_key: str
    place: PlaceKind | None = None
    length: int | None = None
    link: str | None = None
    submission: str | None = None
    code: str | None = None


@dataclass(frozen=True, slots=True)
class BookSeries:
    """Book a start and those that follow it, all or none; the first one takes no hold."""

    first: BookSlot
    repeats: Repeats


@dataclass(frozen=True, slots=True)
class Seated:
    """A seat, its booking, and the secret token of its link."""

    booking: Booking
    invitee: Invitee
    token: str

"""Bookings in Postgres: rows, questions about them, changes to them."""

from storage.bookings.changes import Bookings
from storage.bookings.locks import locking
from storage.bookings.single import Earlier, Linked, SecondLook
from storage.bookings.taken import PageBooking, Taken
from storage.bookings.writing import NO_BUFFERS, Change, Outcome

__all__ = [
    "NO_BUFFERS",
    "Bookings",
    "Change",
    "Earlier",
    "Linked",
    "Outcome",
    "PageBooking",
    "SecondLook",
    "Taken",
    "locking",
]

"""Bookings in Postgres: rows, questions about them, changes to them."""

from storage.bookings.changes import Bookings
from storage.bookings.locks import locking
from storage.bookings.single import Earlier, Linked, SecondLook
from storage.bookings.taken import PageBooking, Taken
from storage.bookings.writing import Change, Outcome

__all__ = [
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

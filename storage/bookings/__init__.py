"""Bookings in Postgres: rows, questions about them, changes to them."""

from storage.bookings.changes import Bookings
from storage.bookings.questions import CapabilityFound, Earlier
from storage.bookings.taken import PageBooking, Taken

__all__ = ["Bookings", "CapabilityFound", "Earlier", "PageBooking", "Taken"]

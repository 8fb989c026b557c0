"""Bookings in Postgres: rows, questions about them, changes to them."""

from storage.bookings.changes import Bookings
from storage.bookings.questions import CapabilityFound, Earlier, Taken

__all__ = ["Bookings", "CapabilityFound", "Earlier", "Taken"]

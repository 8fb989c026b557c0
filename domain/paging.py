"""Keyset paging: what part of an ordered list is asked for, and the opaque cursors that name places in it."""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Generic, TypeVar
from uuid import UUID

from domain.errors import InvalidInput

T = TypeVar("T")

MAX_PAGE = 100
DEFAULT_PAGE = 20
_VERSION = b"\x01"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SIZE = 1 + 8 + 16


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a list ordered by (instant, id)."""

    instant: datetime
    id: UUID

    def cursor(self) -> str:
        """Spell the place as an opaque cursor; microseconds are kept."""
        micros = (self.instant - _EPOCH) // _MICROSECOND
        raw = _VERSION + micros.to_bytes(8, "big", signed=True) + self.id.bytes
        return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


_MICROSECOND = datetime.resolution


def place_of(cursor: str, *path: str) -> Place:
    """Read a cursor that we made; anything else is refused without saying how cursors are made."""
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        if len(cursor) > 2 * _SIZE or len(raw) != _SIZE or raw[:1] != _VERSION:
            raise InvalidInput("This cursor was not made by this list.", *path)
        instant = _EPOCH + _MICROSECOND * int.from_bytes(raw[1:9], "big", signed=True)
    except (binascii.Error, ValueError, OverflowError):
        raise InvalidInput("This cursor was not made by this list.", *path) from None
    return Place(instant, UUID(bytes=raw[9:]))


@dataclass(frozen=True, slots=True)
class Paging:
    """A part of a list: `limit` items after (or, backwards, before) a place; None means from the end."""

    limit: int
    place: Place | None
    is_forward: bool


def paging(first: int | None, after: str | None, last: int | None, before: str | None) -> Paging:
    """Check the four arguments of a connection: one direction, 0 to 100 items, 20 where nothing is said."""
    if last is not None or before is not None:
        if first is not None or after is not None:
            raise InvalidInput("Give first and after, or last and before, not both.", "last")
        return Paging(_size(last, "last"), place_of(before, "before") if before else None, is_forward=False)
    return Paging(_size(first, "first"), place_of(after, "after") if after else None, is_forward=True)


def _size(size: int | None, name: str) -> int:
    if size is None:
        return DEFAULT_PAGE
    if not 0 <= size <= MAX_PAGE:
        raise InvalidInput(f"A page has 0 to {MAX_PAGE} items.", name)
    return size


@dataclass(frozen=True, slots=True)
class Part(Generic[T]):
    """A part of a list in its order, and whether there is more on either side."""

    items: Sequence[T]
    places: Sequence[Place]
    has_next: bool
    has_previous: bool

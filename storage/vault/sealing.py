"""The form of sealed values, and the key that makes them: AES-256-GCM, bound to the place of the value.

Format 2 is: the format (1 byte), the data key's id (16), a random nonce (12), ciphertext with its tag.
Format 1 was made by a key of the ring itself; `ring.py` has it, and wraps data keys in it to this day.
"""

import os
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from domain.ids import OrganizationId

KEY_BYTES = 32
NONCE_BYTES = 12
RING_FORMAT = b"\x01"
_FORMAT = b"\x02"
_TAG_BYTES = 16
_HEADER_BYTES = 1 + 16
_BODY = _HEADER_BYTES + NONCE_BYTES


class SealBroken(Exception):
    """A sealed value that does not open: changed, moved to another place, or its key is gone."""


class KeyUnavailable(SealBroken):
    """The key that sealed a value is not there: not in the ring, unknown, or destroyed."""


class Place(NamedTuple):
    """Where a sealed value belongs; in any other place it does not open."""

    table: str
    column: str
    organization_id: OrganizationId
    row: tuple[str, ...]


class DataKey:
    """A key of one organization, ready for use; `name` is its id as values carry it. Never shows itself."""

    __slots__ = ("_cipher", "_end", "_header", "id", "name")

    def __init__(self, key_id: UUID, key: bytes) -> None:
        if len(only_bytes(key)) != KEY_BYTES:
            raise ValueError("Every key has 32 bytes.")
        self.id = key_id
        self.name = key_id.bytes
        self._header = _FORMAT + self.name
        self._end = bound(self.name)
        self._cipher = AESGCM(key)

    def __repr__(self) -> str:
        return f"DataKey({self.id})"

    def seal(self, secret: bytes, place: Place) -> bytes:
        """Seal a secret for its place."""
        nonce = os.urandom(NONCE_BYTES)  # the kernel's: no state of ours that a fork could copy
        return self._header + nonce + self._cipher.encrypt(nonce, only_bytes(secret), self._bound(place))

    def open(self, sealed: bytes, place: Place) -> bytes:
        """Open what this key has sealed for the same place; raises SealBroken."""
        if not sealed.startswith(self._header) or len(sealed) < _BODY + _TAG_BYTES:
            raise SealBroken
        nonce, body = sealed[_HEADER_BYTES:_BODY], sealed[_BODY:]
        try:
            return self._cipher.decrypt(nonce, body, self._bound(place))
        except InvalidTag:
            raise SealBroken from None

    def _bound(self, place: Place) -> bytes:
        table, column, organization_id, row = place
        beginning = _beginning(table, column, organization_id)
        return beginning + bound(*[part.encode() for part in row]) + self._end


def key_of(sealed: bytes) -> bytes | None:
    """Give the name of the data key that sealed a value; None where a key of the ring did (format 1).

    Raises SealBroken for what is neither.
    """
    form = only_bytes(sealed)[:1]
    if form == RING_FORMAT:
        return None
    if form != _FORMAT or len(sealed) < _HEADER_BYTES:
        raise SealBroken
    return sealed[1:_HEADER_BYTES]


@lru_cache(maxsize=1000)
def _beginning(table: str, column: str, organization_id: OrganizationId) -> bytes:
    return bound(_FORMAT, table.encode(), column.encode(), organization_id.bytes)


def bound(*parts: bytes) -> bytes:
    """Join parts so that no other parts give the same: each has its length before it."""
    return b"".join([len(part).to_bytes(4, "big") + part for part in parts])


def only_bytes(value: bytes) -> bytes:
    """Refuse what only behaves like bytes: a view with gaps was read beyond its end (CVE-2026-39892)."""
    if type(value) is not bytes:
        raise TypeError("Only bytes are sealed and opened.")
    return value

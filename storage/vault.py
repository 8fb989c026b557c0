"""Seals secrets and busy times with AES-256-GCM; several keys at once, so that keys can be changed.

A sealed value is: format (1 byte), length of the key's id (1), the key's id, nonce (12), ciphertext with
its tag. The place where a value belongs is bound to it (associated data, each part with its length), so
that a value copied to another row, column or organization does not open.
"""

import hashlib
import hmac
import os
from collections.abc import Mapping

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_FORMAT = 1
_NONCE = 12
_KEY_BYTES = 32


class SealBroken(Exception):
    """A sealed value that does not open: changed, moved to another place, or its key is gone."""


class Vault:
    """Seals with the first key of the ring and opens with any of them.

    `link_key` makes the tokens of capability links (see `token_bytes`); it never seals.
    """

    def __init__(self, keys: Mapping[str, bytes], link_key: bytes) -> None:
        if not keys or any(len(key) != _KEY_BYTES for key in keys.values()) or len(link_key) != _KEY_BYTES:
            raise ValueError("Every key has 32 bytes, and there is at least one.")
        self._ring = {name.encode(): AESGCM(key) for name, key in keys.items()}
        self._first = next(iter(self._ring))
        self._link_key = link_key

    def __repr__(self) -> str:
        return f"Vault({len(self._ring)} keys)"

    def seal(self, secret: bytes, *place: str) -> bytes:
        """Seal `secret` for one `place`: table, column, organization, row and whatever else names it."""
        nonce = os.urandom(_NONCE)
        header = bytes((_FORMAT, len(self._first))) + self._first
        return header + nonce + self._ring[self._first].encrypt(nonce, secret, _bound(header, place))

    def open(self, sealed: bytes, *place: str) -> bytes:
        """Open what was sealed for the same `place`; raises SealBroken whatever is wrong with it."""
        if len(sealed) < 2 or sealed[0] != _FORMAT:  # noqa: PLR2004 -- format and length stand first
            raise SealBroken
        end = 2 + sealed[1]
        header, nonce, body = sealed[:end], sealed[end : end + _NONCE], sealed[end + _NONCE :]
        key = self._ring.get(header[2:])
        if key is None or len(nonce) != _NONCE:
            raise SealBroken
        try:
            return key.decrypt(nonce, body, _bound(header, place))
        except InvalidTag:
            raise SealBroken from None

    def token_bytes(self, *what: str) -> bytes:
        """Make 20 unguessable bytes that only this installation can make again for the same `what`."""
        return hmac.new(self._link_key, _bound(b"link", what), hashlib.sha256).digest()[:20]


def _bound(header: bytes, place: tuple[str, ...]) -> bytes:
    parts = (header, *(part.encode() for part in place))
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)

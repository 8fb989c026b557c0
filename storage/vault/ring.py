"""Key-encryption keys: they wrap data keys and stand outside the database.

What a key of the ring makes is format 1: the format (1 byte), length of the key's id (1), its id, nonce
(12), ciphertext with its tag. Before organizations had data keys, every value was sealed so.
"""

import os
from collections.abc import Mapping
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from storage.vault.sealing import (
    KEY_BYTES,
    NONCE_BYTES,
    RING_FORMAT,
    KeyUnavailable,
    SealBroken,
    bound,
    only_bytes,
)


class KeyService(Protocol):
    """Whoever holds the key-encryption keys: this process, or a service that never gives them away.

    What was wrapped for one context is unwrapped for the same alone.
    """

    @property
    def current(self) -> str:
        """The id of the key that wraps."""
        ...

    @property
    def known(self) -> frozenset[str]:
        """The ids of all keys that unwrap."""
        ...

    async def wrap(self, secret: bytes, context: tuple[str, ...]) -> bytes:
        """Wrap by the current key. To be called outside units: it may ask somebody else."""
        ...

    async def unwrap(self, wrapped: bytes, context: tuple[str, ...]) -> bytes:
        """Unwrap; raises KeyUnavailable where the key is not known, SealBroken where it does not open."""
        ...


class KeyRing:
    """Keys that this process was given, by KEYS or KEYS_FILE: the first wraps, all unwrap."""

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        if not keys or any(len(only_bytes(key)) != KEY_BYTES for key in keys.values()):
            raise ValueError("Every key has 32 bytes, and there is at least one.")
        self._ciphers = {name.encode(): AESGCM(key) for name, key in keys.items()}
        self.current = next(iter(keys))
        self.known = frozenset(keys)

    def __repr__(self) -> str:
        return f"KeyRing({len(self.known)} keys)"

    async def wrap(self, secret: bytes, context: tuple[str, ...]) -> bytes:
        """Wrap by the first key."""
        name, nonce = self.current.encode(), os.urandom(NONCE_BYTES)
        header = RING_FORMAT + bytes((len(name),)) + name
        return (
            header + nonce + self._ciphers[name].encrypt(nonce, only_bytes(secret), _bound(header, context))
        )

    async def unwrap(self, wrapped: bytes, context: tuple[str, ...]) -> bytes:
        """Unwrap by the key that is named."""
        if only_bytes(wrapped)[:1] != RING_FORMAT or len(wrapped) == 1:
            raise SealBroken
        end = 2 + wrapped[1]
        header, nonce, body = wrapped[:end], wrapped[end : end + NONCE_BYTES], wrapped[end + NONCE_BYTES :]
        cipher = self._ciphers.get(header[2:])
        if cipher is None:
            raise KeyUnavailable
        if len(nonce) != NONCE_BYTES:
            raise SealBroken
        try:
            return cipher.decrypt(nonce, body, _bound(header, context))
        except InvalidTag:
            raise SealBroken from None


def _bound(header: bytes, context: tuple[str, ...]) -> bytes:
    return bound(header, *(part.encode() for part in context))

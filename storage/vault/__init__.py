"""The vault: seals secrets and busy times, each organization's by data keys of its own (ADR-0013)."""

from storage.vault.opened import CACHE_LIFE, Vault
from storage.vault.ring import KeyRing, KeyService
from storage.vault.sealing import DataKey, KeyUnavailable, Place, SealBroken, key_of

__all__ = [
    "CACHE_LIFE",
    "DataKey",
    "KeyRing",
    "KeyService",
    "KeyUnavailable",
    "Place",
    "SealBroken",
    "Vault",
    "key_of",
]

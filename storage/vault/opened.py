"""The vault of a process: the data keys that it has opened, for minutes, and how many seals it may make."""

import asyncio
import hashlib
import hmac
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID
from weakref import WeakValueDictionary

from domain.ids import OrganizationId
from storage.base import new_id
from storage.data_keys import StoredDataKey
from storage.unit import Units, outside_units
from storage.vault.ring import KeyService
from storage.vault.sealing import KEY_BYTES, DataKey, KeyUnavailable, Place, SealBroken, bound, key_of

CACHE_LIFE = timedelta(minutes=5)
MOST_SEALS = 2**30  # random nonces of 96 bits: far below the 2^32 of SP 800-38D
SEALS_AT_ONCE = 2**12
_TRIES = 5


@dataclass(slots=True)
class _Opened:
    """An organization's data keys in memory, the one that seals, and how many seals are set aside of it."""

    until: datetime
    keys: dict[bytes, DataKey]  # by name
    unknown: set[bytes] = field(default_factory=set[bytes])
    sealing: DataKey | None = None
    seals: int = 0


class Vault:
    """Seals for a place and opens there, by the data keys of the place's organization.

    An organization's keys are read from the database at first use and kept for CACHE_LIFE; its first key is
    made when something is first sealed. So sealing and opening are for outside units; they raise
    StorageFailed where keys must be read and cannot. `link_key` makes the tokens of capability links (see
    `token_bytes`); it never seals.
    """

    def __init__(
        self,
        service: KeyService,
        link_key: bytes,
        units: Units,
        clock: Callable[[], datetime],
        *,
        most_seals: int = MOST_SEALS,
        seals_at_once: int = SEALS_AT_ONCE,
    ) -> None:
        if len(link_key) != KEY_BYTES:
            raise ValueError("The link key has 32 bytes.")
        self._service = service
        self._link_key = link_key
        self._units = units
        self._clock = clock
        self._most_seals = most_seals
        self._seals_at_once = seals_at_once
        self._opened: dict[OrganizationId, _Opened] = {}  # those opened last stand last
        self._locks: WeakValueDictionary[OrganizationId, asyncio.Lock] = WeakValueDictionary()

    def __repr__(self) -> str:
        return f"Vault({len(self._opened)} organizations)"

    def token_bytes(self, *what: str) -> bytes:
        """Make 20 unguessable bytes that only this installation can make again for the same `what`."""
        parts = (part.encode() for part in what)
        return hmac.new(self._link_key, bound(b"link", *parts), hashlib.sha256).digest()[:20]

    async def seal(self, secret: bytes, place: Place) -> bytes:
        """Seal a secret for its place; KeyUnavailable where keys change faster than they are read."""
        opened = self._fresh(place.organization_id)
        if opened is None or opened.sealing is None or opened.seals < 1:
            opened = await self._open_to_seal(place.organization_id)
        if opened.sealing is None:
            raise KeyUnavailable
        opened.seals -= 1
        return opened.sealing.seal(secret, place)

    async def open(self, sealed: bytes, place: Place) -> bytes:
        """Open what was sealed for the same place; raises SealBroken whatever is wrong with it.

        KeyUnavailable, which is one, says that the key is not there.
        """
        name = key_of(sealed)
        if name is None:
            context = (place.table, place.column, str(place.organization_id), *place.row)
            return await self._service.unwrap(sealed, context)
        opened = self._fresh(place.organization_id)
        if opened is None or not (name in opened.keys or name in opened.unknown):
            # Not known is asked for once: a newer key may have been made by another process.
            opened = await self._open_to_open(place.organization_id, name)
        key = opened.keys.get(name)
        if key is None:
            raise KeyUnavailable
        return key.open(sealed, place)

    async def renew(self, organization_id: OrganizationId) -> None:
        """Give an organization a new data key. Others may seal by the old one for CACHE_LIFE."""
        async with self._lock(organization_id):
            async with self._units.read() as unit:
                stored = await unit.data_keys.of(organization_id)
            await self._replace(organization_id, next((key.id for key in stored if key.seals), None))
            self._opened.pop(organization_id, None)

    async def rewrapped(self, key: StoredDataKey) -> bytes:
        """Wrap a data key by the current key-encryption key; raises SealBroken if it cannot be unwrapped."""
        context = _context(key.organization_id, key.id)
        return await self._service.wrap(await self._service.unwrap(key.wrapped, context), context)

    def _fresh(self, organization_id: OrganizationId) -> _Opened | None:
        if not outside_units():
            raise RuntimeError("The vault may have to read keys: seal and open outside units.")
        opened = self._opened.get(organization_id)
        return opened if opened is not None and self._clock() < opened.until else None

    def _lock(self, organization_id: OrganizationId) -> asyncio.Lock:
        """Give the lock under which an organization's keys are read, by one task for all who wait."""
        return self._locks.setdefault(organization_id, asyncio.Lock())

    async def _open_to_open(self, organization_id: OrganizationId, name: bytes) -> _Opened:
        async with self._lock(organization_id):
            opened = self._fresh(organization_id)
            if opened is None or not (name in opened.keys or name in opened.unknown):
                opened = await self._read(organization_id, name)
            return opened

    async def _open_to_seal(self, organization_id: OrganizationId) -> _Opened:
        async with self._lock(organization_id):
            opened = self._fresh(organization_id) or await self._read(organization_id)
            tries = _TRIES
            while tries and (opened.sealing is None or opened.seals < 1):
                tries -= 1
                async with self._units.at_once() as unit:
                    stored = await unit.data_keys.reserve(
                        organization_id, self._seals_at_once, self._most_seals
                    )
                name = stored.id.bytes if stored else None
                if name in opened.keys:
                    opened.sealing, opened.seals = opened.keys[name], self._seals_at_once
                elif name is not None and name not in opened.unknown:
                    opened = await self._read(organization_id, name)
                else:
                    # There is none, or none with seals left, or one that we cannot unwrap.
                    await self._replace(organization_id, stored.id if stored else None)
                    opened = await self._read(organization_id)
            return opened

    async def _replace(self, organization_id: OrganizationId, old: UUID | None) -> None:
        """Make a key in place of one that must not seal any more: of `old`, or of one without seals left."""
        key_id = new_id()
        wrapped = await self._service.wrap(os.urandom(KEY_BYTES), _context(organization_id, key_id))
        new = StoredDataKey(organization_id, key_id, wrapped, self._service.current, seals=True)
        async with self._units.begin() as unit:
            if old is None:
                await unit.data_keys.retire_full(organization_id, self._seals_at_once, self._most_seals)
            else:
                await unit.data_keys.retire(organization_id, old)
            await unit.data_keys.add(new)  # of two who make one at once, the second takes the first's

    async def _read(self, organization_id: OrganizationId, looked_for: bytes | None = None) -> _Opened:
        async with self._units.read() as unit:
            stored = await unit.data_keys.of(organization_id)
        before = self._opened.pop(organization_id, None)
        now = self._clock()
        opened = _Opened(now + CACHE_LIFE, {})
        if before is not None and now < before.until:
            opened.unknown |= before.unknown
        for key in stored:
            try:
                plain = await self._service.unwrap(key.wrapped, _context(organization_id, key.id))
            except SealBroken:
                opened.unknown.add(key.id.bytes)
                continue
            opened.keys[key.id.bytes] = DataKey(key.id, plain)
            if key.seals and before is not None and before.sealing and before.sealing.id == key.id:
                opened.sealing, opened.seals = opened.keys[key.id.bytes], before.seals
        if looked_for is not None and looked_for not in opened.keys:
            opened.unknown.add(looked_for)
        self._forget()
        self._opened[organization_id] = opened
        return opened

    def _forget(self) -> None:
        """Drop the keys of those who have not been opened for a while."""
        now = self._clock()
        while self._opened:
            oldest = next(iter(self._opened))
            if now < self._opened[oldest].until:
                return
            del self._opened[oldest]


def _context(organization_id: OrganizationId, key_id: UUID) -> tuple[str, ...]:
    return ("data_keys", "wrapped", str(organization_id), str(key_id))

"""The keeping of keys: wrap data keys anew, seal values anew, destroy keys. For the operator alone.

All of it goes in small batches, each committed for itself, and looks only at what is still to be done: it
may be killed at any point and started again, and others seal and open meanwhile.
"""

from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from domain.ids import OrganizationId
from storage.data_keys import Held, StoredDataKey
from storage.failpoints import Failpoint, reach
from storage.sealed import SEALED, SealedColumn, SealedValue
from storage.unit import Units
from storage.vault import KeyService, Place, SealBroken, Vault

BATCH = 100
# Far longer than any process keeps a key: by then nobody seals by a retired one.
RESTS = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """What one key-encryption key holds: data keys, those of them that seal, and values of its own."""

    kek_id: str
    is_known: bool
    is_current: bool
    data_keys: int = 0
    sealing: int = 0
    values: int = 0

    @property
    def is_idle(self) -> bool:
        """Whether it may be taken out of the ring."""
        return not (self.is_current or self.data_keys or self.values)


@dataclass(frozen=True, slots=True)
class Done:
    """How many things were done, and how many could not be, since a key is unknown or a value broken."""

    done: int = 0
    failed: int = 0

    def __add__(self, other: "Done") -> "Done":
        return Done(self.done + other.done, self.failed + other.failed)


class KeyKeeping:
    """What an operator does with keys."""

    def __init__(self, units: Units, vault: Vault, service: KeyService, batch: int = BATCH) -> None:
        self._units = units
        self._vault = vault
        self._service = service
        self._batch = batch

    async def holdings(self) -> list[Holding]:
        """Say what every key-encryption key holds that is known or needed, the current one first."""
        async with self._units.read() as unit:
            held = {one.kek_id: one for one in await unit.data_keys.held()}
            values = await unit.sealed.count_by_ring()
        names = self._service.known | held.keys() | values.keys()
        ordered = sorted(names, key=lambda name: (name != self._service.current, name))
        return [
            Holding(
                kek_id=name,
                is_known=name in self._service.known,
                is_current=name == self._service.current,
                data_keys=held.get(name, Held(name, 0, 0)).keys,
                sealing=held.get(name, Held(name, 0, 0)).sealing,
                values=values.get(name, 0),
            )
            for name in ordered
        ]

    async def rewrap(self) -> Done:
        """Wrap every data key by the current key-encryption key; no value is touched (case 74)."""
        total = Done()
        after: tuple[UUID, UUID] | None = None
        while found := await self._not_current(after):
            after = (found[-1].organization_id, found[-1].id)
            # Outside a unit: whoever wraps may be another server.
            anew = [(key, await _if_it_opens(self._vault.rewrapped(key))) for key in found]
            async with self._units.begin() as unit:
                for key, wrapped in anew:
                    if wrapped is not None:
                        await unit.data_keys.rewrap(key, wrapped, self._service.current)
            failed = sum(wrapped is None for _, wrapped in anew)
            total += Done(len(found) - failed, failed)
            reach(Failpoint.IN_ROTATION)
        return total

    async def reseal_ring(self) -> Done:
        """Seal by data keys whatever a key of the ring sealed itself."""
        return await self._reseal(None, by_ring=True)

    async def renew(self, organization_id: OrganizationId) -> None:
        """Give an organization a new data key; `reseal` then frees the one before."""
        await self._vault.renew(organization_id)

    async def organizations(self) -> list[OrganizationId]:
        """List the organizations that have a data key which seals."""
        async with self._units.read() as unit:
            return await unit.data_keys.organizations()

    async def reseal(self, organization_id: OrganizationId | None) -> Done:
        """Seal by the newest data keys whatever others sealed; None is every organization."""
        return await self._reseal(organization_id, by_ring=False)

    async def destroy_idle(self, organization_id: OrganizationId | None) -> int:
        """Destroy data keys that were retired long ago and that nothing needs; say how many."""
        async with self._units.begin() as unit:
            return await unit.sealed.destroy_idle(organization_id, RESTS)

    async def destroy(self, organization_id: OrganizationId) -> int:
        """Destroy all data keys of an organization: what they sealed stays shut for ever (case 75)."""
        async with self._units.begin() as unit:
            return await unit.data_keys.destroy(organization_id)

    async def _not_current(self, after: tuple[UUID, UUID] | None) -> list[StoredDataKey]:
        async with self._units.read() as unit:
            return await unit.data_keys.not_wrapped_by(self._service.current, after, self._batch)

    async def _reseal(self, organization_id: OrganizationId | None, *, by_ring: bool) -> Done:
        total = Done()
        for column in SEALED:
            after: SealedValue | None = None
            while found := await self._found(column, organization_id, after, by_ring=by_ring):
                after = found[-1]
                anew = [(value, await _if_it_opens(self._resealed(column, value))) for value in found]
                async with self._units.begin() as unit:
                    for value, sealed in anew:
                        if sealed is not None:
                            await unit.sealed.replace(column, value, sealed)
                failed = sum(sealed is None for _, sealed in anew)
                total += Done(len(found) - failed, failed)
                reach(Failpoint.IN_ROTATION)
        return total

    async def _found(
        self,
        column: SealedColumn,
        organization_id: OrganizationId | None,
        after: SealedValue | None,
        *,
        by_ring: bool,
    ) -> list[SealedValue]:
        async with self._units.read() as unit:
            if by_ring:
                return await unit.sealed.by_ring(column, after, self._batch)
            return await unit.sealed.by_retired(column, organization_id, after, self._batch)

    async def _resealed(self, column: SealedColumn, value: SealedValue) -> bytes:
        place = Place(column.table, column.name, value.organization_id, (str(value.row_id),))
        return await self._vault.seal(await self._vault.open(value.sealed, place), place)


async def _if_it_opens(anew: Awaitable[bytes]) -> bytes | None:
    try:
        return await anew
    except SealBroken:
        return None

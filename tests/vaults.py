"""Vaults on the database of a world, each with a ring of keys of its own."""

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.ids import ConnectionId, OrganizationId
from services.vault import KeyKeeping
from storage.unit import Units
from storage.vault import KeyRing, Place, Vault
from tests.calendars import World

KEYS = {"first": b"k" * 32, "second": b"s" * 32}  # a world's own vault has the first
SECRET = b"canary-secret-77aa"
ROWS = "SELECT kek_id, retired_at IS NULL, destroyed_at IS NULL FROM data_keys ORDER BY id"


def ring(*names: str) -> KeyRing:
    """Make a ring of these keys; the first wraps."""
    return KeyRing({name: KEYS[name] for name in names})


def vault(world: World, *names: str, units: Units | None = None, **more: int) -> Vault:
    """Make a vault as another process has it: nothing is cached yet."""
    return Vault(ring(*names), b"l" * 32, units or world.units, world.clock, **more)


def keeping(world: World, *names: str, batch: int = 2) -> KeyKeeping:
    """Make what keeps the keys, in batches of two."""
    return KeyKeeping(world.units, vault(world, *names), ring(*names), batch)


def place_of(organization_id: OrganizationId, row: str | ConnectionId, column: str = "secret") -> Place:
    """Name the place of a connection's secret."""
    return Place("calendar_connections", column, organization_id, (str(row),))


class Uses:
    """Counts how often a connection to the database is taken out of its pool."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.count = 0
        event.listen(engine.sync_engine, "checkout", self._note)

    def _note(self, *_: object) -> None:
        self.count += 1

"""What each worker does each second: announce what nobody announced, and end holds whose time is over."""

import asyncio

from services.all import Services
from storage.base import StorageFailed

_SWEEP_S = 1.0


async def relay(services: Services) -> None:
    """Relay for ever. Several relays never meet: rows are locked. A database that is away is asked again."""
    async with asyncio.TaskGroup() as group:
        group.create_task(services.announcements.listen())
        group.create_task(_sweep(services))


async def _sweep(services: Services) -> None:
    while True:
        try:
            await services.bookings.keeping.end_holds()
            await services.announcements.make_up()
        except StorageFailed:
            pass
        await asyncio.sleep(_SWEEP_S)

"""Announcements of units that commit at about the same time: sent together, in one round trip."""

import asyncio
from collections.abc import Iterable

from domain.events import Happened
from storage.live import Live


class Announcing:
    """Sends what has happened; who comes while something is being sent shares the next sending."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._waiting: list[Happened] = []
        self._next: asyncio.Task[None] | None = None
        self._sending = asyncio.Lock()

    async def send(self, events: Iterable[Happened]) -> None:
        """Announce events and wake the workers; done when Redis has taken them, or cannot be reached.

        Lost without harm: the relay announces what stays unannounced, and sweeps for work.
        """
        self._waiting.extend(events)
        if self._next is None:
            self._next = asyncio.create_task(self._send())
        await asyncio.shield(self._next)

    async def _send(self) -> None:
        async with self._sending:
            self._next = None
            events, self._waiting = self._waiting, []
            await self._live.announce(events, wake=True)

"""Announcements of units that commit at about the same time: sent together, in one round trip."""

import asyncio
from collections.abc import Iterable
from datetime import datetime

from domain.events import Happened
from storage.live import Live


class Announcing:
    """Sends what has happened; who comes while something is being sent shares the next sending."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._waiting: list[bytes] = []
        self._wakes = False
        self._next: asyncio.Task[None] | None = None
        self._sending = asyncio.Lock()

    async def send(self, events: Iterable[Happened], at: datetime, *, wake: bool) -> None:
        """Announce events, written at an instant, and wake the workers if asked to.

        Done when Redis has taken them, or cannot be reached. Lost without harm: the relay announces what
        stays unannounced, and sweeps for work.
        """
        self._waiting += self._live.tell(events, at)
        self._wakes = self._wakes or wake
        if self._next is None:
            self._next = asyncio.create_task(self._send())
        await asyncio.shield(self._next)

    async def _send(self) -> None:
        async with self._sending:
            self._next = None
            waiting, self._waiting = self._waiting, []
            wake, self._wakes = self._wakes, False
            await self._live.publish(waiting, wake=wake)

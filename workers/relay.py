"""Outbox to jobs and live channels: woken after each commit, and sweeping each second for what was missed."""

import asyncio
from uuid import UUID

from arq.connections import ArqRedis
from arq.constants import default_queue_name

from domain.effects import ClaimedEffect
from services.all import Services
from storage.base import StorageFailed
from storage.live import WAKE, Live
from storage.redis import RedisFailed

JOB = "run_effect"
_IN_QUEUE = 40
_SWEEP_S = 1.0


class Relay:
    """Claims what is due and hands it to arq. Several relays never meet: rows are locked and leased."""

    def __init__(self, services: Services, live: Live, queue: ArqRedis) -> None:
        self._services = services
        self._live = live
        self._queue = queue
        self._woken = asyncio.Event()

    async def run(self) -> None:
        """Relay for ever. A database or Redis that is away is asked again a second later."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._listen())
            group.create_task(self._services.announcements.listen())
            group.create_task(self._sweep())

    async def _listen(self) -> None:
        async for _ in self._live.listen(WAKE):
            self._woken.set()

    async def _sweep(self) -> None:
        while True:
            self._woken.clear()
            try:
                await self._services.bookings.keeping.end_holds()
                await self._services.announcements.make_up()
                while room := await self._room():
                    claimed = await self._services.effects.claim(room)
                    for effect in claimed:
                        await self._enqueue(effect)
                    if len(claimed) < room:
                        break
            except (*StorageFailed, *RedisFailed):
                # What was claimed and not handed on comes back when its lease ends.
                await asyncio.sleep(_SWEEP_S)
                continue
            try:
                async with asyncio.timeout(_SWEEP_S):
                    await self._woken.wait()
            except TimeoutError:
                continue

    async def _room(self) -> int:
        """Say how many effects may be claimed: what is soon begun, so that no lease ends in the queue."""
        queued: int = await self._queue.zcard(default_queue_name)  # pyright: ignore[reportUnknownMemberType] -- redis-py's own types
        return max(0, _IN_QUEUE - queued)

    async def _enqueue(self, claimed: ClaimedEffect) -> None:
        organization: UUID = claimed.effect.organization_id
        await self._queue.enqueue_job(
            JOB,
            str(organization),
            str(claimed.id),
            claimed.attempts,
            _job_id=f"effect:{claimed.id}:{claimed.attempts}",
        )

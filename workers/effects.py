"""Runs what is due: claims as many effects as can be begun at once, and writes down how they went.

A claim is a beginning: nothing waits here or in Redis with its lease running. So several workers on several
machines share a burst by themselves, each as fast as it is, and one that dies holds up no more than it had
begun.
"""

import asyncio
import contextlib
import logging

from domain.effects import ClaimedEffect, EffectState, Outcome
from services.effects import Effects
from storage.base import StorageFailed

_AT_ONCE = 20
_LOOK_S = 1.0  # for what becomes due by itself, and for wake-up calls that were lost
_GRACE_S = 20.0

_log = logging.getLogger("slotgraph.effects")


class Runner:
    """Runs effects, so many at once. What ended and what is begun next go to the database together."""

    def __init__(self, effects: Effects, *, at_once: int = _AT_ONCE, grace_s: float = _GRACE_S) -> None:
        self._effects = effects
        self._at_once = at_once
        self._grace_s = grace_s
        self._acting: set[asyncio.Task[Outcome]] = set()
        self._ended: list[Outcome] = []
        self._woken = asyncio.Event()
        self._is_leaving = False

    def wake(self) -> None:
        """Look now: something may be due."""
        self._woken.set()

    def leave(self) -> None:
        """Begin nothing more; `run` returns when what runs has ended, or was given back."""
        self._is_leaving = True
        self._woken.set()

    async def run(self) -> None:
        """Run what is due until told to leave. Needs the database only; one that is away is asked again."""
        while not self._is_leaving:
            await self._turn(self._at_once - len(self._acting))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._grace_s):
                while self._acting or self._ended:
                    await self._turn(0)
        for task in self._acting:
            task.cancel()
        await asyncio.gather(*self._acting)
        with contextlib.suppress(*StorageFailed):
            await self._exchange(0)

    async def _turn(self, room: int) -> None:
        self._woken.clear()
        try:
            await self._exchange(room)
        except StorageFailed:
            # What ended is kept, and written down later; if others take it over first, it is theirs.
            await asyncio.sleep(_LOOK_S)
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LOOK_S):
                await self._woken.wait()

    async def _exchange(self, room: int) -> None:
        ended = tuple(self._ended)
        if not ended and not room:
            return
        claimed = await self._effects.exchange(ended, room)
        del self._ended[: len(ended)]
        for effect in claimed:
            task = asyncio.create_task(self._act(effect))
            self._acting.add(task)
            task.add_done_callback(self._end)

    def _end(self, task: asyncio.Task[Outcome]) -> None:
        self._acting.discard(task)
        self._ended.append(task.result())
        self._woken.set()

    async def _act(self, claimed: ClaimedEffect) -> Outcome:
        try:
            return await self._effects.act(claimed)
        except asyncio.CancelledError:
            # Given back as it was, so that another worker need not wait for the end of the lease.
            return Outcome(claimed, EffectState.DUE, due_at=claimed.effect.due_at)
        except Exception:  # noqa: BLE001  # the door: a defect in one effect must not end the others
            _log.exception("effect_broke", extra={"effect": claimed.effect.kind})
            return self._effects.later(claimed, "defect")

"""Work that is done once for all who ask for it before it begins."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar
from weakref import WeakValueDictionary

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


class Once(Generic[K, T]):
    """Reads by key; of each key `at_once` readings at a time.

    Who asks while so many are under way shares the next one, so that nobody is given what was read before
    they asked. Who stops waiting does not stop a reading: others may wait for it.
    """

    def __init__(self, read: Callable[[K], Awaitable[T]], *, at_once: int = 1) -> None:
        self._read = read
        self._at_once = at_once
        self._planned: dict[K, asyncio.Task[T]] = {}
        self._gates: WeakValueDictionary[K, asyncio.Semaphore] = WeakValueDictionary()

    async def of(self, key: K) -> T:
        """Give what is read of a key; raises what the reading raises."""
        task = self._planned.get(key)
        if task is None:
            task = self._planned[key] = asyncio.create_task(self._run(key))
            task.add_done_callback(lambda done: self._forget(key, done))
        return await asyncio.shield(task)

    async def _run(self, key: K) -> T:
        async with self._gates.setdefault(key, asyncio.Semaphore(self._at_once)):
            del self._planned[key]
            return await self._read(key)

    def _forget(self, key: K, task: asyncio.Task[T]) -> None:
        if self._planned.get(key) is task:  # it was cancelled before it began
            del self._planned[key]
        if not task.cancelled():
            task.exception()  # seen, though everybody may have left

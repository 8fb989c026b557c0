"""One asker for all who wait: many who want one time ask the same question, and it is asked a few times."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar
from weakref import WeakValueDictionary

_AT_ONCE = 2  # who comes while so many ask shares the next asking

Key = TypeVar("Key", bound=Hashable)
Answer = TypeVar("Answer")


class Shared(Generic[Key, Answer]):
    """Asks for each key at most twice at once.

    An asking is joined only before it begins: whoever waits is answered by what is true after they came.
    """

    def __init__(self) -> None:
        self._waiting: dict[Key, asyncio.Task[Answer]] = {}
        self._gates: WeakValueDictionary[Key, asyncio.Semaphore] = WeakValueDictionary()

    async def ask(self, key: Key, ask: Callable[[], Awaitable[Answer]]) -> Answer:
        """Ask, or share the next asking; what it raises is raised to all who share it."""
        asking = self._waiting.get(key)
        if asking is None:
            asking = asyncio.create_task(self._ask(key, ask))
            asking.add_done_callback(_note)
            self._waiting[key] = asking
        # Who stops waiting does not stop the others.
        return await asyncio.shield(asking)

    async def _ask(self, key: Key, ask: Callable[[], Awaitable[Answer]]) -> Answer:
        gate = self._gates.setdefault(key, asyncio.Semaphore(_AT_ONCE))
        async with gate:
            del self._waiting[key]
            return await ask()


def _note(asking: asyncio.Task[Answer]) -> None:
    """Take note of how it ended, also where nobody waits for it any more."""
    if not asking.cancelled():
        asking.exception()

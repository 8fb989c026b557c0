"""How long somebody is waited for, with one timer for all of them."""

import asyncio
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T", bound=Hashable)


class Patience(Generic[T]):
    """Waits equally long for each of many, and then acts; who began first is the first to be given up."""

    def __init__(self, seconds: float, act: Callable[[T], None]) -> None:
        self._seconds = seconds
        self._act = act
        self._until: dict[T, float] = {}  # in the order in which they end
        self._timer: asyncio.TimerHandle | None = None

    def begin(self, who: T) -> None:
        """Begin to wait for somebody, anew if they were waited for already."""
        loop = asyncio.get_running_loop()
        self._until.pop(who, None)
        self._until[who] = loop.time() + self._seconds
        if self._timer is None:
            self._timer = loop.call_later(self._seconds, self._ring, loop)

    def end(self, who: T) -> None:
        """Wait for somebody no longer."""
        self._until.pop(who, None)

    def __contains__(self, who: T) -> bool:
        """Tell whether somebody is waited for."""
        return who in self._until

    def _ring(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        now = loop.time()
        while self._until:
            who, until = next(iter(self._until.items()))
            if until > now:
                self._timer = loop.call_at(until, self._ring, loop)
                return
            del self._until[who]
            self._act(who)

"""A process's turns at the time of hosts: many who want one time wait in memory, not at the database's locks.

The locks and the constraint decide. This only keeps a crowd from asking the database all at once.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Hashable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import count
from typing import Generic, TypeVar
from weakref import WeakValueDictionary

from domain.ids import UserId

Seen = TypeVar("Seen")


class _Board(Generic[Seen]):
    """What was last seen by somebody of a crowd, who began to look at the moment `began`."""

    def __init__(self) -> None:
        self.began = -1
        self.seen: Seen | None = None


class Turn(Generic[Seen]):
    """Somebody's turn."""

    def __init__(self, board: _Board[Seen], moments: "count[int]") -> None:
        self._board = board
        self._moments = moments
        self._came = next(moments)
        self.has_waited = False

    async def look(self, look: Callable[[], Awaitable[Seen]]) -> Seen:
        """Look, or take what another of the crowd has seen who began to look after we had come."""
        board = self._board
        if board.seen is None or board.began < self._came:
            board.began = next(self._moments)
            board.seen = await look()
        return board.seen

    def change(self) -> None:
        """Say that what was seen is changed now: the next one looks anew."""
        self._board.seen = None


class Turns(Generic[Seen]):
    """Gives one turn at a time for each host."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[UserId, asyncio.Lock] = WeakValueDictionary()
        self._boards: WeakValueDictionary[Hashable, _Board[Seen]] = WeakValueDictionary()
        self._moments = count()

    @asynccontextmanager
    async def at(self, hosts: Iterable[UserId], question: Hashable) -> AsyncGenerator[Turn[Seen], None]:
        """Wait for the turn at some hosts; those with the same question see what each other saw."""
        board = self._boards.setdefault(question, _Board())
        turn = Turn(board, self._moments)
        async with AsyncExitStack() as held:
            for host in sorted(hosts):
                lock = self._locks.setdefault(host, asyncio.Lock())
                turn.has_waited = turn.has_waited or lock.locked()
                await held.enter_async_context(lock)
            yield turn

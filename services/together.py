"""Work on one thing that is done together for all who wait for it."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
W = TypeVar("W")
T = TypeVar("T")

_Queue = deque[tuple[W, asyncio.Future[T]]]


class Together(Generic[K, W, T]):
    """Does what is wished of a thing, `at_most` so many wishes at once, in the order in which they came.

    Who comes while others are served waits, and is served with all who came meanwhile. `do` answers each
    wish by its result or by the exception that its wisher is to get; what it raises they all get. Who stops
    waiting before their turn is left out; later their wish is done all the same.
    """

    def __init__(
        self, do: Callable[[K, Sequence[W]], Awaitable[Sequence[T | Exception]]], *, at_most: int
    ) -> None:
        self._do = do
        self._at_most = at_most
        self._queues: dict[K, _Queue[W, T]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def of(self, key: K, wish: W) -> T:
        """Give what comes of a wish; raises what its answer is, or what was raised for all."""
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        queue = self._queues.get(key)
        if queue is None:
            queue = self._queues[key] = deque()
            task = asyncio.create_task(self._serve(key, queue))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        queue.append((wish, done))
        return await done

    async def _serve(self, key: K, queue: _Queue[W, T]) -> None:
        try:
            while turn := self._turn(queue):
                await self._answer(key, turn)
        finally:
            del self._queues[key]
            for _, done in queue:  # this task was ended, with its process
                done.cancel()

    def _turn(self, queue: _Queue[W, T]) -> Sequence[tuple[W, asyncio.Future[T]]]:
        turn: list[tuple[W, asyncio.Future[T]]] = []
        while queue and len(turn) < self._at_most:
            wish, done = queue.popleft()
            if not done.done():
                turn.append((wish, done))
        return turn

    async def _answer(self, key: K, turn: Sequence[tuple[W, asyncio.Future[T]]]) -> None:
        wishes = [wish for wish, _ in turn]
        try:
            [came] = await asyncio.gather(self._do(key, wishes), return_exceptions=True)
        except asyncio.CancelledError:  # this task is ended, with its process
            for _, done in turn:
                done.cancel()
            raise
        answers = [came] * len(turn) if isinstance(came, BaseException) else came
        for (_, done), answer in zip(turn, answers, strict=True):
            if done.done():
                continue
            if isinstance(answer, BaseException):
                done.set_exception(answer)
            else:
                done.set_result(answer)

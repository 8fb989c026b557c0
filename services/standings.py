"""What is kept ready in a process to be shown again: pages by their links, and open slots by question.

Something kept is dropped the moment a signal says that a page or a host it follows from was touched, and
it ends by itself besides. Without signals nothing is kept: who cannot hear of a change must look. A signal
comes some milliseconds after its commit where another process made the change, and before the answer
where this one did. All of this is for showing only: a booking is decided by what is read for it (D03).
"""

import asyncio
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Coroutine, Hashable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from domain.events import Happened
from domain.standing import Standing
from services.signals import Signals

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")

Ids = frozenset[UUID]


@dataclass(frozen=True, slots=True)
class Found(Generic[T]):
    """What was found, until when it may be shown again, and the pages and people that it follows from.

    `again` is what is shown again, where that differs: what was asked for just now is soon not so new.
    """

    value: T
    again: T
    until: datetime
    follows: Ids


class _Flight(Generic[T]):
    """A look that is under way; who else asks meanwhile waits for it, unless something was touched since.

    `about` are the ids that it will follow from; None while they are not known: then anything counts.
    """

    def __init__(self, about: Ids | None) -> None:
        self.about = about
        self.landed: asyncio.Future[Standing[T]] = asyncio.get_running_loop().create_future()
        self.is_stale = False

    def note(self, touched: Ids) -> None:
        """Note that something was touched: what this look finds may be from before."""
        if self.about is None or not self.about.isdisjoint(touched):
            self.is_stale = True


class Standings(Generic[K, T]):
    """Things of one kind, by key; the least recently shown ones are given up first.

    `weigh` says how much of the bound `most` a thing takes.
    """

    def __init__(
        self,
        signals: Signals,
        clock: Callable[[], datetime],
        *,
        most: int,
        weigh: Callable[[T], int] = lambda _: 1,
    ) -> None:
        self._signals = signals
        self._clock = clock
        self._most = most
        self._weigh = weigh
        self._weight = 0
        self._kept: OrderedDict[K, tuple[Standing[T], Ids]] = OrderedDict()
        self._keys: defaultdict[UUID, set[K]] = defaultdict(set)
        self._flights: dict[K, _Flight[T]] = {}
        signals.listen(self._hear)

    def find(
        self, key: K, look: Callable[[], Coroutine[Any, Any, Found[T]]], about: Ids | None = None
    ) -> Standing[T] | Coroutine[Any, Any, Standing[T]]:
        """Give what is kept, at once, or what `look` finds, to be awaited.

        `about` are the ids of all that it will follow from, where they are known before. Waiting raises
        what `look` raises; a refusal is not kept.
        """
        kept = self._kept.get(key)
        if kept is not None:
            if kept[0].stands():
                self._kept.move_to_end(key)
                return kept[0]
            self._forget(key)
        return self._join(key, look, about)

    async def close(self) -> None:
        """End every look that is under way."""
        flights = [flight.landed for flight in self._flights.values()]
        for landed in flights:
            landed.cancel()
        await asyncio.gather(*flights, return_exceptions=True)

    async def _join(
        self, key: K, look: Callable[[], Coroutine[Any, Any, Found[T]]], about: Ids | None
    ) -> Standing[T]:
        flight = self._flights.get(key)
        if flight is None or flight.is_stale:
            flight = self._flights[key] = _Flight(about)
            flight.landed = asyncio.create_task(self._look(key, flight, look))
            flight.landed.add_done_callback(_heed)
        return await asyncio.shield(flight.landed)  # who stops waiting does not stop it for the others

    async def _look(
        self, key: K, flight: _Flight[T], look: Callable[[], Coroutine[Any, Any, Found[T]]]
    ) -> Standing[T]:
        try:
            found = await look()
        finally:
            if self._flights.get(key) is flight:
                del self._flights[key]
        standing = Standing(found.value, found.until, self._clock)
        if flight.is_stale or not self._signals.are_heard:
            standing.drop()  # something was touched meanwhile, or could have been without our hearing of it
        elif found.again == found.value:
            self._keep(key, standing, found.follows)
        else:
            standing.drop()
            self._keep(key, Standing(found.again, found.until, self._clock), found.follows)
        return standing

    def _keep(self, key: K, standing: Standing[T], follows: Ids) -> None:
        self._forget(key)
        self._kept[key] = standing, follows
        for id_ in follows:
            self._keys[id_].add(key)
        self._weight += self._weigh(standing.value)
        while self._weight > self._most and self._kept:
            self._forget(next(iter(self._kept)))

    def _forget(self, key: K) -> None:
        kept = self._kept.pop(key, None)
        if kept is None:
            return
        standing, follows = kept
        standing.drop()
        self._weight -= self._weigh(standing.value)
        for id_ in follows:
            keys = self._keys[id_]
            keys.discard(key)
            if not keys:
                del self._keys[id_]

    def _hear(self, event: Happened | None) -> None:
        if event is None:
            for flight in self._flights.values():
                flight.is_stale = True
            for key in list(self._kept):
                self._forget(key)
            return
        touched: Ids = frozenset((*event.hosts, *((event.page_id,) if event.page_id else ())))
        for flight in self._flights.values():
            flight.note(touched)
        for id_ in touched:
            for key in list(self._keys.get(id_, ())):
                self._forget(key)


def _heed(landed: asyncio.Future[Any]) -> None:
    """Look at how a look ended, since everybody who waited for it may have left."""
    if not landed.cancelled():
        landed.exception()

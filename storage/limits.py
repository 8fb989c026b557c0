"""Limits: how often something may be done, counted in Redis, or in this process while Redis is away.

A budget slides: what was taken in the window before counts by the part of it that is still within reach.
Names of keys are keyed hashes, so that who reads Redis learns neither addresses nor IP addresses.
"""

import hashlib
import ipaddress
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from domain.errors import TooMany, TryAgain
from storage.redis import RedisClient, RedisFailed, in_time

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PAUSE = timedelta(seconds=1)
_MOST_LOCAL = 20_000
_IPV6_NETWORK = 64


class WhenAway(StrEnum):
    """What a budget does while Redis is away."""

    OPEN_LOCAL = "open_local"  # each process counts for itself
    CLOSED = "closed"  # nobody gets anything: for what costs money or guards an account


@dataclass(frozen=True, slots=True)
class Budget:
    """At most `size` in any `per_seconds`; `name` tells one budget's counts from another's."""

    name: str
    size: int
    per_seconds: int
    when_away: WhenAway = WhenAway.OPEN_LOCAL


@dataclass(frozen=True, slots=True)
class Take:
    """What is asked of one budget: `amount` of the counter that all `keys` together name."""

    budget: Budget
    keys: tuple[str, ...]
    amount: int = 1


@dataclass(frozen=True, slots=True)
class _Counter:
    """The two windows of one counter, and how far the present one has passed, from 0 to 1."""

    take: Take
    present: str
    before: str
    passed: float


class Limits:
    """Counts what is taken from budgets; `pepper` hides the keys and is the same in every process.

    `generosity` makes every budget so many times larger: on a developer's machine everybody is one visitor.
    """

    def __init__(
        self, redis: RedisClient, clock: Callable[[], datetime], pepper: bytes, *, generosity: int = 1
    ) -> None:
        self._generosity = generosity
        self._redis = redis
        self._clock = clock
        self._pepper = pepper
        self._local: dict[str, tuple[int, datetime]] = {}
        self._away_until = _EPOCH

    async def take(self, budget: Budget, *keys: str, amount: int = 1) -> None:
        """Take from one budget; TooMany where it is used up, TryAgain where a closed one cannot be asked."""
        await self.take_all(Take(budget, keys, amount))

    async def take_all(self, *takes: Take) -> None:
        """Take from several budgets in one round trip: from all of them or, if one is used up, from none.

        An IPv6 address among the keys counts by its /64, since whoever has one address has them all.
        """
        now = self._clock()
        counters = [self._counter(take, now) for take in takes]
        counts = await self._count(counters, now)
        waits = [
            _wait_s(counter, before, present, self._generosity)
            for counter, (before, present) in zip(counters, counts, strict=True)
        ]
        if any(waits):
            await self._give_back(counters, now)
            raise TooMany(max(waits))

    async def note(self, takes: Sequence[Take]) -> list[int]:
        """Count what has been taken already, in one round trip.

        Says for each how many seconds it should be before more is taken; 0 where the budget is not used up.
        """
        now = self._clock()
        counters = [self._counter(take, now) for take in takes]
        counts = await self._count(counters, now)
        return [
            _wait_s(counter, before, present, self._generosity)
            for counter, (before, present) in zip(counters, counts, strict=True)
        ]

    def size_of(self, budget: Budget) -> int:
        """Say how much a budget holds here, where some are more generous than elsewhere."""
        return budget.size * self._generosity

    async def _count(self, counters: Sequence[_Counter], now: datetime) -> list[tuple[int, int]]:
        """Add each amount and say, for each counter, what the window before had and this one has now."""
        if now >= self._away_until:
            try:
                return await self._count_shared(counters)
            except RedisFailed:
                self._away_until = now + _PAUSE
        if any(counter.take.budget.when_away is WhenAway.CLOSED for counter in counters):
            raise TryAgain
        return [self._count_here(counter, counter.take.amount, now) for counter in counters]

    async def _count_shared(self, counters: Sequence[_Counter]) -> list[tuple[int, int]]:
        async with in_time(self._redis), self._redis.pipeline(transaction=False) as pipe:
            for counter in counters:
                pipe.get(counter.before)
                pipe.incrby(counter.present, counter.take.amount)
                pipe.pexpire(counter.present, 2000 * counter.take.budget.per_seconds, nx=True)
            answers = await pipe.execute()
        return [(_number(answers[index]), _number(answers[index + 1])) for index in range(0, len(answers), 3)]

    async def _give_back(self, counters: Sequence[_Counter], now: datetime) -> None:
        """Undo a refused take: who hammers does not lengthen a refusal, be it their own or another's."""
        if now < self._away_until:
            for counter in counters:
                self._count_here(counter, -counter.take.amount, now)
            return
        try:
            async with in_time(self._redis), self._redis.pipeline(transaction=False) as pipe:
                for counter in counters:
                    pipe.incrby(counter.present, -counter.take.amount)
                    pipe.pexpire(counter.present, 2000 * counter.take.budget.per_seconds, nx=True)
                await pipe.execute()
        except RedisFailed:
            self._away_until = now + _PAUSE  # the count stays too high until its window ends: no harm

    def _count_here(self, counter: _Counter, amount: int, now: datetime) -> tuple[int, int]:
        if len(self._local) >= _MOST_LOCAL:
            self._local = {key: held for key, held in self._local.items() if held[1] > now}
        while len(self._local) >= _MOST_LOCAL:
            del self._local[next(iter(self._local))]
        before, _ = self._local.get(counter.before, (0, now))
        present, _ = self._local.get(counter.present, (0, now))
        end = now + timedelta(seconds=2 * counter.take.budget.per_seconds)
        self._local[counter.present] = (present + amount, end)
        return before, present + amount

    def _counter(self, take: Take, now: datetime) -> _Counter:
        budget = take.budget
        window, rest = divmod((now - _EPOCH).total_seconds(), budget.per_seconds)
        digest = hashlib.blake2b(digest_size=16, key=self._pepper[:64])
        for key in take.keys:
            part = counted_as(key).encode()
            digest.update(len(part).to_bytes(4, "big") + part)
        name = f"slotgraph:limit:{budget.name}:{budget.per_seconds}:{digest.hexdigest()}"
        return _Counter(take, f"{name}:{int(window)}", f"{name}:{int(window) - 1}", rest / budget.per_seconds)


def counted_as(key: str) -> str:
    """Say as what a key is counted: an IPv6 address as its /64, everything else as itself."""
    try:
        address = ipaddress.ip_address(key)
    except ValueError:
        return key
    if isinstance(address, ipaddress.IPv4Address):
        return key
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    number = int(address) >> (128 - _IPV6_NETWORK) << (128 - _IPV6_NETWORK)
    return f"{ipaddress.IPv6Address(number)}/{_IPV6_NETWORK}"


def _wait_s(counter: _Counter, before: int, present: int, generosity: int) -> int:
    """Say how many seconds are to be waited, 0 if what was asked for could be taken.

    `present` includes what was asked for.
    """
    budget, amount = counter.take.budget, counter.take.amount
    size = budget.size * generosity
    if before * (1 - counter.passed) + present <= size:
        return 0
    if present <= size:  # as soon as enough of the window before is out of reach
        passed = 1 - (size - present) / before
    else:  # not in this window; in the next one this is the window before
        earlier = present - amount
        passed = 1 + (1 - max(0, size - amount) / earlier if earlier else 1)
    wait = (min(max(passed, 0), 2) - counter.passed) * budget.per_seconds
    return max(1, math.ceil(wait))


def _number(answer: object) -> int:
    match answer:
        case int():
            return answer
        case bytes():
            return int(answer)
        case _:
            return 0

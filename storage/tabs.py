"""What actors spend of a budget, counted here first and settled with Redis shortly after.

Asking Redis before each operation would cost more than most operations do. So a process lets everybody
spend a little (a fiftieth of the budget) on trust, tells Redis every quarter of a second what was spent,
and at once when somebody has spent their little. A budget can thus be overdrawn by a fiftieth for each
process, and by no more. What guards accounts or costs money is not spent on trust: it asks `Limits`.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from domain.errors import TooMany
from storage.limits import Budget, Limits, Take, counted_as

_TRUSTED_PART = 50
_SETTLE_S = 0.25
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class _Tab:
    """What one actor has spent since it was last settled, and how much is refused until when.

    `being_told` is what Redis is told or asked for just now: trust does not begin anew before it answers.
    """

    unsettled: int = 0
    being_told: int = 0
    refused_from: int = 0
    refused_until: datetime = _LONG_AGO

    @property
    def is_open(self) -> bool:
        """Whether something is on it that Redis has not taken note of."""
        return self.unsettled > 0 or self.being_told > 0


class Tabs:
    """The tabs of everybody who was here within the last quarter of a second, or is refused.

    Whoever shares a budget shares a tab: all addresses of an IPv6 network have one.
    """

    def __init__(self, limits: Limits, clock: Callable[[], datetime]) -> None:
        self._limits = limits
        self._clock = clock
        self._tabs: dict[tuple[Budget, str], _Tab] = {}
        self._settling: asyncio.Task[None] | None = None

    async def take(self, budget: Budget, key: str, amount: int) -> None:
        """Spend from a budget; TooMany where it is used up.

        Where something was too much, less may still be given, but is asked for.
        """
        place = budget, counted_as(key)
        tab = self._tabs.get(place)
        if tab is None:
            tab = self._tabs[place] = _Tab()
        wait = tab.refused_until - self._clock() if tab.refused_until > _LONG_AGO else timedelta(0)
        is_refused = wait > timedelta(0)
        if is_refused and amount >= tab.refused_from:
            raise TooMany(max(1, -(-wait // timedelta(seconds=1))))
        if self._settling is None or self._settling.done():
            self._settling = asyncio.create_task(self._settle_soon())
        trusted = self._limits.size_of(budget) // _TRUSTED_PART
        if is_refused or tab.unsettled + tab.being_told + amount > trusted:
            await self._ask(budget, key, tab, amount)
            return
        tab.unsettled += amount

    async def close(self) -> None:
        """Settle no more."""
        if self._settling is not None:
            self._settling.cancel()
            await asyncio.gather(self._settling, return_exceptions=True)

    async def _ask(self, budget: Budget, key: str, tab: _Tab, amount: int) -> None:
        """Spend more than is trusted: Redis is told what was spent, and asked for the rest."""
        spent, tab.unsettled = tab.unsettled, 0
        tab.being_told += spent + amount
        try:
            if spent:
                await self._limits.note([Take(budget, (key,), spent)])
            await self._limits.take(budget, key, amount=amount)
        except TooMany as refused:
            tab.refused_from = amount
            tab.refused_until = self._clock() + timedelta(seconds=refused.retry_after_s)
            raise
        finally:
            tab.being_told -= spent + amount

    async def _settle_soon(self) -> None:
        while self._tabs:
            await asyncio.sleep(_SETTLE_S)
            now = self._clock()
            self._tabs = {
                place: tab for place, tab in self._tabs.items() if tab.is_open or tab.refused_until > now
            }
            spent = [(place, tab, tab.unsettled) for place, tab in self._tabs.items() if tab.unsettled]
            if not spent:
                continue
            for _, tab, amount in spent:
                tab.unsettled, tab.being_told = 0, tab.being_told + amount
            try:
                waits = await self._limits.note(
                    [Take(budget, (key,), amount) for (budget, key), _, amount in spent]
                )
            finally:
                for _, tab, amount in spent:
                    tab.being_told -= amount
            for (_, tab, _), wait_s in zip(spent, waits, strict=True):
                if wait_s:
                    tab.refused_from, tab.refused_until = 0, now + timedelta(seconds=wait_s)

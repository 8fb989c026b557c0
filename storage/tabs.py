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
from storage.limits import Budget, Limits, Take

_TRUSTED_PART = 50
_SETTLE_S = 0.25
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class _Tab:
    """What one actor has spent since it was last settled, and until when nothing more is given."""

    unsettled: int = 0
    refused_until: datetime = _LONG_AGO


class Tabs:
    """The tabs of everybody who was here within the last quarter of a second, or is refused."""

    def __init__(self, limits: Limits, clock: Callable[[], datetime]) -> None:
        self._limits = limits
        self._clock = clock
        self._tabs: dict[tuple[Budget, str], _Tab] = {}
        self._settling: asyncio.Task[None] | None = None

    async def take(self, budget: Budget, key: str, amount: int) -> None:
        """Spend from a budget; TooMany where it is used up."""
        tab = self._tabs.get((budget, key))
        if tab is None:
            tab = self._tabs[budget, key] = _Tab()
        if tab.refused_until > _LONG_AGO and (wait := tab.refused_until - self._clock()) > timedelta(0):
            raise TooMany(max(1, -(-wait // timedelta(seconds=1))))
        if tab.unsettled + amount > self._limits.size_of(budget) // _TRUSTED_PART:
            await self._ask(budget, key, tab, amount)
            return
        tab.unsettled += amount
        if self._settling is None or self._settling.done():
            self._settling = asyncio.create_task(self._settle_soon())

    async def close(self) -> None:
        """Settle no more."""
        if self._settling is not None:
            self._settling.cancel()
            await asyncio.gather(self._settling, return_exceptions=True)

    async def _ask(self, budget: Budget, key: str, tab: _Tab, amount: int) -> None:
        """Spend more than is trusted: Redis is told what was spent and asked for the rest, in one go."""
        spent, tab.unsettled = tab.unsettled, 0
        if spent:
            await self._limits.note([Take(budget, (key,), spent)])
        try:
            await self._limits.take(budget, key, amount=amount)
        except TooMany as refused:
            tab.refused_until = self._clock() + timedelta(seconds=refused.retry_after_s)
            raise

    async def _settle_soon(self) -> None:
        while self._tabs:
            await asyncio.sleep(_SETTLE_S)
            now = self._clock()
            spent = {place: tab for place, tab in self._tabs.items() if tab.unsettled}
            self._tabs = {
                place: tab for place, tab in self._tabs.items() if tab.unsettled or tab.refused_until > now
            }
            takes = [Take(budget, (key,), tab.unsettled) for (budget, key), tab in spent.items()]
            for tab in spent.values():
                tab.unsettled = 0
            waits = await self._limits.note(takes) if takes else []
            for tab, wait_s in zip(spent.values(), waits, strict=True):
                if wait_s:
                    tab.refused_until = now + timedelta(seconds=wait_s)

"""Hosts prepared for the slot engine, kept between questions, so that only who changed is prepared anew."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.ids import UserId
from domain.slots import Frame, HostTime, Measure, Prepared, Unknown, prepare

_MOST = 512


@dataclass(frozen=True, slots=True)
class _Kept:
    """A host as prepared, of what, and until when it may be held."""

    time: HostTime
    prepared: Prepared
    until: datetime


class PreparedHosts:
    """Keeps the hosts that were prepared last in this process.

    What is kept is derived from busy times and holds them, to be compared by value: whatever of a host's
    hours, busy times or bookings is another, the host is prepared anew. So the life of busy times is its
    life (D02): an entry is gone from memory `ttl` after its busy times were asked for, whether somebody
    asks for it again or not. A host whose busy times are not known is not kept at all.
    """

    def __init__(self, clock: Callable[[], datetime], ttl: timedelta, most: int = _MOST) -> None:
        self._clock = clock
        self._ttl = ttl
        self._most = most
        self._kept: OrderedDict[tuple[Measure, UserId], _Kept] = OrderedDict()
        self._waking: asyncio.TimerHandle | None = None
        self._next: datetime | None = None
        self.made = 0  # how often a host was prepared

    def __len__(self) -> int:
        """Count the entries that are held."""
        return len(self._kept)

    def get(self, frame: Frame, time: HostTime, as_of: datetime | None) -> Prepared:
        """Give a host prepared for a frame; `as_of` is when the busy times were asked for, if they were."""
        name, now = (frame.measure, time.host), self._clock()
        kept = self._kept.get(name)
        if kept is not None and kept.time == time and now < kept.until:
            self._kept.move_to_end(name)
            return kept.prepared
        self.made += 1
        prepared = prepare(frame, time)
        if isinstance(time.busy, Unknown):
            self._kept.pop(name, None)
        else:
            self._keep(name, _Kept(time, prepared, (as_of or now) + self._ttl))
        return prepared

    def _keep(self, name: tuple[Measure, UserId], kept: _Kept) -> None:
        self._kept[name] = kept
        self._kept.move_to_end(name)
        if len(self._kept) > self._most:
            self._kept.popitem(last=False)
        if self._next is None or kept.until < self._next:
            self._wake(kept.until)

    def _wake(self, at: datetime) -> None:
        if self._waking:
            self._waking.cancel()
        self._next = at
        wait = (at - self._clock()).total_seconds()
        self._waking = asyncio.get_running_loop().call_later(max(wait, 0), self._forget)

    def _forget(self) -> None:
        """Forget what is over, and come again when the next is."""
        now, self._next = self._clock(), None
        for name in [name for name, kept in self._kept.items() if kept.until <= now]:
            del self._kept[name]
        if self._kept:
            self._wake(min(kept.until for kept in self._kept.values()))

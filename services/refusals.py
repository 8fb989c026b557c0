"""Which access tokens are refused, since when, and whether many connections end at once; by each process.

A token that was renewed just now and is refused all the same is no word about the grant: who takes a grant
away ends the refresh token with it. So it may be the provider's mistake, of which a few minutes could
otherwise end every connection. Only a refusal that lasts ends one.
"""

import logging
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.calendars import CalendarConnection, Provider
from domain.ids import ConnectionId

_DOUBT = timedelta(minutes=15)
_FORGOTTEN = timedelta(hours=2)  # longer than the pause between two tries of an effect
_MANY = 5
_WITHIN = timedelta(minutes=10)
_log = logging.getLogger("slotgraph.refusals")


@dataclass(frozen=True, slots=True)
class _Refused:
    """Since when renewed tokens of a connection are refused, and when one was last."""

    since: datetime
    last: datetime


class Refusals:
    """Remembers refusals; kept by each process for itself."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._refused: dict[ConnectionId, _Refused] = {}
        self._swept_at = clock()
        self._ended: defaultdict[Provider, deque[datetime]] = defaultdict(lambda: deque(maxlen=_MANY))
        self._told: dict[Provider, datetime] = {}

    def lasts(self, connection_id: ConnectionId) -> bool:
        """Note that a renewed token was refused; say whether that goes on for so long that it is meant."""
        now = self._clock()
        self._sweep(now)
        known = self._refused.get(connection_id)
        if known is None or now - known.last > _FORGOTTEN:
            known = _Refused(now, now)
        self._refused[connection_id] = _Refused(known.since, now)
        return now - known.since >= _DOUBT

    def __len__(self) -> int:
        """Count the connections of which a refusal is remembered."""
        return len(self._refused)

    def _sweep(self, now: datetime) -> None:
        """Forget connections that nobody asks any more, as those that have ended."""
        if now - self._swept_at < _FORGOTTEN:
            return
        self._swept_at = now
        self._refused = {id_: one for id_, one in self._refused.items() if now - one.last <= _FORGOTTEN}

    def taken(self, connection_id: ConnectionId) -> None:
        """Note that a token was taken."""
        self._refused.pop(connection_id, None)

    def ended(self, connection: CalendarConnection) -> None:
        """Note that a connection has to be opened again by its user; many at once are told the operator."""
        self._refused.pop(connection.id, None)
        provider, now = connection.provider, self._clock()
        extra = {"provider": provider, "reason": connection.failure, "connection_id": str(connection.id)}
        _log.warning("connection_refused", extra=extra)
        times = self._ended[provider]
        times.append(now)
        recent = sum(1 for at in times if now - at <= _WITHIN)
        told = self._told.get(provider)
        if recent >= _MANY and (told is None or now - told > _WITHIN):
            self._told[provider] = now
            _log.error("many_connections_refused", extra={"provider": provider, "count": recent})

"""Which servers are left in peace for a while, because they fail whoever asks: a breaker for each provider.

One connection that fails says nothing of the others; several at once say that their server is down. Times
are then shown without asking it, and its hosts are busy (ADR-0006). A booking asks all the same (D03).
"""

import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from domain.calendars import CalendarConnection, Provider
from domain.ids import ConnectionId
from integrations.ports import ProviderFailed, Transient
from services.connections import origin

_REMEMBERED = 20  # calls to one server, the latest
_WITHIN = timedelta(seconds=30)
_FAILED = 5  # so many of them at least, and half of them
_CONNECTIONS = 3  # of so many accounts
_PAUSE = timedelta(seconds=5)
_LONGEST = timedelta(minutes=1)
_FORGOTTEN = timedelta(minutes=10)  # longer than any pause: who is asked at all was asked since
_LOOK = timedelta(seconds=5)  # longer than a call for times that are shown may take

_log = logging.getLogger("slotgraph.outages")

Server = tuple[Provider, str]
"""A provider and the origin of its server: those of CalDAV and feeds have nothing to do with each other."""


@dataclass(frozen=True, slots=True)
class _Call:
    """How a call went: whose, when it ended, and whether the server failed."""

    connection_id: ConnectionId
    at: datetime
    is_failure: bool


@dataclass(frozen=True, slots=True)
class _Outage:
    """A server that is left in peace until an instant, and for how long when it fails once more.

    With `is_looked_at` somebody asks it just now, and may be waited for until then.
    """

    until: datetime
    pause: timedelta
    is_looked_at: bool = False


@dataclass(slots=True)
class _Server:
    """What one process has seen of a server since it began to fail."""

    calls: deque[_Call] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))
    outage: _Outage | None = None


class Outages:
    """Counts failures of servers; kept by each process for itself, and only while something fails."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._servers: dict[Server, _Server] = {}
        self._swept_at = clock()

    def lets_ask(self, connection: CalendarConnection) -> bool:
        """Say whether a connection's server may be asked now for times to be shown.

        When its pause is over, one caller is told yes, who thereby looks whether it answers again; the
        others wait for what comes of it. A booking does not ask this: it always tries.
        """
        server = self._servers.get(_server(connection)) if self._servers else None
        if server is None or server.outage is None:
            return True
        now = self._clock()
        if now < server.outage.until:
            return False
        server.outage = replace(server.outage, until=now + _LOOK, is_looked_at=True)
        return True

    def answered(self, connection: CalendarConnection) -> None:
        """Note that a server did what it was asked; that ends its outage, whoever asked."""
        key = _server(connection)
        server = self._servers.get(key)
        if server is None:
            return
        if server.outage is not None:
            _log.warning("provider_answers", extra={"provider": connection.provider})
            del self._servers[key]
            return
        now = self._clock()
        server.calls.append(_Call(connection.id, now, is_failure=False))
        if not any(call.is_failure and now - call.at <= _WITHIN for call in server.calls):
            del self._servers[key]

    def __len__(self) -> int:
        """Count the servers of which something is remembered."""
        return len(self._servers)

    def _sweep(self, now: datetime) -> None:
        """Forget servers that nobody asks any more, as those whose connections have all ended."""
        if now - self._swept_at < _FORGOTTEN:
            return
        self._swept_at = now
        for key, server in list(self._servers.items()):
            if now - server.calls[-1].at >= _FORGOTTEN:
                del self._servers[key]

    def failed(self, connection: CalendarConnection, failure: ProviderFailed) -> None:
        """Note a failure, if it is the server's own: what it refuses to one account counts for nothing."""
        if not (isinstance(failure, Transient) and failure.is_outage):
            return
        now = self._clock()
        self._sweep(now)
        server = self._servers.setdefault(_server(connection), _Server())
        server.calls.append(_Call(connection.id, now, is_failure=True))
        if server.outage is not None:
            if server.outage.is_looked_at:
                server.outage = _Outage(now + server.outage.pause, min(2 * server.outage.pause, _LONGEST))
        elif _is_down(server.calls, now):
            server.outage = _Outage(now + _PAUSE, 2 * _PAUSE)
            extra = {"provider": connection.provider, "reason": failure.reason}
            _log.warning("provider_failing", extra=extra)


def _is_down(calls: deque[_Call], now: datetime) -> bool:
    recent = [call for call in calls if now - call.at <= _WITHIN]
    failures = [call for call in recent if call.is_failure]
    return (
        len(failures) >= _FAILED
        and 2 * len(failures) >= len(recent)
        and len({call.connection_id for call in failures}) >= _CONNECTIONS
    )


def _server(connection: CalendarConnection) -> Server:
    return connection.provider, origin(connection.url)

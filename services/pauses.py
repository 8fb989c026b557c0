"""Which connections are left in peace for some seconds, because they failed several times in a row."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.ids import ConnectionId
from integrations.ports import ProviderFailed, Transient

_IN_A_ROW = 3
_WITHIN = timedelta(minutes=1)
_PAUSE = timedelta(seconds=5)
_LONGEST = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class _Failing:
    """Failures in a row: when the first of them was, how many, and until when nobody asks."""

    since: datetime
    count: int
    until: datetime


class Pauses:
    """Counts failures of connections; kept by each process for itself, and only while something fails."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._failing: dict[ConnectionId, _Failing] = {}
        self._swept_at = clock()

    def __len__(self) -> int:
        """Count the connections of which failures are remembered."""
        return len(self._failing)

    def holds(self, connection_id: ConnectionId) -> bool:
        """Say whether a connection is left in peace now. A booking does not ask this: it always tries."""
        failing = self._failing.get(connection_id)
        return failing is not None and self._clock() < failing.until

    def works(self, connection_id: ConnectionId) -> None:
        """Note that a connection answered."""
        self._failing.pop(connection_id, None)

    def failed(self, connection_id: ConnectionId, failure: ProviderFailed) -> None:
        """Note a failure: the third within a minute makes a pause, and so does the provider's own wish."""
        now = self._clock()
        self._sweep(now)
        failing = self._failing.get(connection_id)
        if failing is None or now - failing.since > _WITHIN:
            failing = _Failing(now, 0, now)
        count = failing.count + 1
        until = now + _PAUSE if count >= _IN_A_ROW else now
        if isinstance(failure, Transient) and failure.retry_after_s:
            until = max(until, now + min(timedelta(seconds=failure.retry_after_s), _LONGEST))
        self._failing[connection_id] = _Failing(failing.since, count, until)

    def _sweep(self, now: datetime) -> None:
        """Forget connections that nobody asks any more, as those that have ended."""
        if now - self._swept_at < _WITHIN:
            return
        self._swept_at = now
        self._failing = {
            id_: one for id_, one in self._failing.items() if now - one.since <= _WITHIN or now < one.until
        }

"""A connection that fails is paused; what is remembered of it ends with the last who asks."""

from domain.ids import ConnectionId
from integrations.ports import Transient
from services.pauses import Pauses
from storage.base import new_id
from tests.clock import TurnedClock


def test_connection_that_nobody_asks_any_more_is_forgotten() -> None:
    """It has ended, say; one that has to be left in peace for longer is remembered."""
    clock = TurnedClock()
    pauses = Pauses(clock)
    gone, wishes, fails = (ConnectionId(new_id()) for _ in range(3))
    pauses.failed(gone, Transient("provider_error"))
    clock.turn(seconds=30)
    pauses.failed(wishes, Transient("rate_limited", retry_after_s=60))
    before = len(pauses)

    clock.turn(seconds=31)
    pauses.failed(fails, Transient("provider_error"))

    assert (before, len(pauses)) == (2, 2)
    assert pauses.holds(wishes)

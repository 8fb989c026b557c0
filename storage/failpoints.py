"""Failpoints: places where a test lets a process die as by `kill -9`, to see that nothing is lost or doubled.

Nothing is armed but by the setting FAILPOINT, which only a test's installation accepts.
"""

import os
import signal
from enum import StrEnum


class Failpoint(StrEnum):
    """A place in which to die."""

    BEFORE_COMMIT = "before_commit"  # everything is written, nothing is committed
    AFTER_COMMIT = "after_commit"  # committed, but nobody was woken and nobody answered
    BEFORE_ACT = "before_act"  # an effect is claimed, nothing was done
    AFTER_ACT = "after_act"  # the world has changed, and we have not written it down
    IN_ROTATION = "in_rotation"  # a batch has its new keys, and the rest has not
    AFTER_ENTRY = "after_entry"  # a provider has written or removed an entry, and it is not written down
    AFTER_RENEWAL = "after_renewal"  # a provider has given new tokens, and they are not stored
    AFTER_FINISH = "after_finish"  # written down, and nothing else begun


_armed: set[Failpoint] = set()


def arm(name: str) -> None:
    """Let this process die where it next reaches a failpoint; an empty name arms nothing."""
    _armed.clear()
    if name:
        _armed.add(Failpoint(name))


def reach(point: Failpoint) -> None:
    """Die here if this point is armed."""
    if point in _armed:
        os.kill(os.getpid(), signal.SIGKILL)

"""How many sockets and event streams an actor, and an address, holds open in this process."""

from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager

from app.http.limits import DoorRules
from app.http.responses import Code, Refused, failure

_WAIT_S = "30"


class Seats:
    """Counts open connections; those over the limit are refused with 429.

    Guests are many behind one address, so they are counted by address alone.
    """

    def __init__(self, rules: DoorRules) -> None:
        self._rules = rules
        self._taken: Counter[str] = Counter()

    @contextmanager
    def at_address(self, ip: str) -> Generator[None]:
        """Hold a seat of an address while its connection is open."""
        with self._seat(f"address:{ip}", self._rules.streams_per_address):
            yield

    @contextmanager
    def of_actor(self, actor_key: str, *, is_guest: bool) -> Generator[None]:
        """Hold a seat of an actor while the connection is open."""
        if is_guest:
            yield
            return
        with self._seat(f"actor:{actor_key}", self._rules.streams_per_actor):
            yield

    @contextmanager
    def _seat(self, key: str, most: int) -> Generator[None]:
        if self._taken[key] >= most:
            told = failure(Code.RATE_LIMITED, "Too many connections are open; close one of them.")
            raise Refused(429, told, headers={"Retry-After": _WAIT_S})
        self._taken[key] += 1
        try:
            yield
        finally:
            self._taken[key] -= 1
            if not self._taken[key]:
                del self._taken[key]

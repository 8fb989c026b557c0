"""How many sockets and event streams this process, an actor, and an address hold open."""

from collections import Counter
from dataclasses import dataclass

from app.http.limits import DoorRules
from app.http.responses import Code, Refused, failure

_WAIT_S = "30"
_PROCESS = "process"


class Seats:
    """Counts open connections; those over a limit are refused with 429.

    Guests are many behind one address, so they are counted by address alone.
    """

    def __init__(self, rules: DoorRules) -> None:
        self._rules = rules
        self._taken: Counter[str] = Counter()

    def at_address(self, ip: str) -> "Seat":
        """Give a seat of an address, and of the process, to be held while a connection is open."""
        most = {f"address:{ip}": self._rules.streams_per_address, _PROCESS: self._rules.streams_per_process}
        return Seat(self, tuple(most.items()))

    def of_actor(self, actor_key: str, *, is_guest: bool) -> "Seat":
        """Give a seat of an actor, to be held while a connection is open."""
        return Seat(self, () if is_guest else ((f"actor:{actor_key}", self._rules.streams_per_actor),))

    def take(self, places: tuple[tuple[str, int], ...]) -> None:
        """Take one of each of several places, of which there are so many; raises Refused, and takes none."""
        if any(self._taken[key] >= most for key, most in places):
            told = failure(Code.RATE_LIMITED, "Too many connections are open; close one of them.")
            raise Refused(429, told, headers={"Retry-After": _WAIT_S})
        self._taken.update(key for key, _ in places)

    def give_back(self, places: tuple[tuple[str, int], ...]) -> None:
        """Give back what was taken."""
        for key, _ in places:
            self._taken[key] -= 1
            if not self._taken[key]:
                del self._taken[key]


@dataclass(frozen=True, slots=True)
class Seat:
    """What one connection holds while it is open."""

    seats: Seats
    places: tuple[tuple[str, int], ...]

    def take(self) -> None:
        """Take the seat; raises Refused where none is left."""
        self.seats.take(self.places)

    def give_back(self) -> None:
        """Let somebody else have it."""
        self.seats.give_back(self.places)

    def __enter__(self) -> None:
        """Hold the seat for a block."""
        self.take()

    def __exit__(self, *_: object) -> None:
        """Let the seat go."""
        self.give_back()

"""Whose turn it is: one of the hosts who could take a slot of a page on which any of them may (D12).

Bookings are counted by when their host was chosen, in the last 30 days and since the page's hosts last
changed: a host who is new would else be given every booking until they had as many as the others. A
booking that was cancelled counts for a day more, so that who books and cancels only moves the turn on, as
they would by keeping it, and what they gain by it is over a day later (case 151). A hold counts for nothing
but that its host was chosen last.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from domain.booking_pages import HostPriority, PageHost
from domain.ids import UserId

COUNTED = timedelta(days=30)
CANCELLED_COUNTS = timedelta(hours=24)
_NEVER = datetime.min.replace(tzinfo=UTC)
_CLASSES = {priority: number for number, priority in enumerate(HostPriority)}


class AssignedBy(StrEnum):
    """What decided between the hosts who were left by then."""

    ONLY_ONE = "only_one"
    PRIORITY = "priority"
    WEIGHT = "weight"
    FEWEST = "fewest"
    LONGEST_WAIT = "longest_wait"
    DRAW = "draw"
    BY_HAND = "by_hand"


@dataclass(frozen=True, slots=True)
class Load:
    """How many bookings of a page a host has that count, and when they were last chosen for one."""

    booked: int = 0
    chosen_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Assigned:
    """Who was chosen, by what, of how many who could have taken it, and how many bookings they had before."""

    host: UserId
    by: AssignedBy
    free: int
    booked: int


NO_LOAD = Load()


def assign(
    free: Sequence[PageHost], loads: Mapping[UserId, Load], draw: Callable[[UserId], bytes]
) -> Assigned:
    """Choose one of the hosts who can take a slot, of which there is at least one.

    By class, then by what is missing to one's share by weight, then who has the fewest bookings, then who
    has waited longest, then by `draw`: an order that is always the same and known to nobody outside.
    """
    left = list(free)
    by = AssignedBy.ONLY_ONE
    for rule, measure in _steps(loads, draw):
        if len(left) == 1:
            break
        ranked = measure(left)
        best = min(ranked)
        left, before = [host for host, rank in zip(left, ranked, strict=True) if rank == best], len(left)
        if len(left) < before:
            by = rule
    chosen = left[0].user_id
    return Assigned(chosen, by, len(free), loads.get(chosen, NO_LOAD).booked)


def too_far_ahead(hosts: Iterable[UserId], loads: Mapping[UserId, Load], max_lead: int) -> frozenset[UserId]:
    """Name the hosts who have so many more bookings than the lowest of them that they wait for the others."""
    booked = {host: loads.get(host, NO_LOAD).booked for host in hosts}
    lowest = min(booked.values(), default=0)
    return frozenset(host for host, count in booked.items() if count - lowest >= max_lead)


_Measure = Callable[[Sequence[PageHost]], list[Any]]


def _steps(
    loads: Mapping[UserId, Load], draw: Callable[[UserId], bytes]
) -> Iterable[tuple[AssignedBy, _Measure]]:
    """Give the steps of the choice in order; in each, the lowest are left."""

    def load(host: PageHost) -> Load:
        return loads.get(host.user_id, NO_LOAD)

    def surplus(hosts: Sequence[PageHost]) -> list[int]:
        # What one would have beyond the share, were this booking shared by weight; times all the weight, so
        # that it is a whole number.
        weight = sum(host.weight for host in hosts)
        total = sum(load(host).booked for host in hosts) + 1
        return [load(host).booked * weight - total * host.weight for host in hosts]

    def is_weighted(hosts: Sequence[PageHost]) -> list[int]:
        return surplus(hosts) if len({host.weight for host in hosts}) > 1 else [0] * len(hosts)

    return (
        (AssignedBy.PRIORITY, lambda hosts: [_CLASSES[host.priority] for host in hosts]),
        (AssignedBy.WEIGHT, is_weighted),
        (AssignedBy.FEWEST, lambda hosts: [load(host).booked for host in hosts]),
        (AssignedBy.LONGEST_WAIT, lambda hosts: [load(host).chosen_at or _NEVER for host in hosts]),
        (AssignedBy.DRAW, lambda hosts: [draw(host.user_id) for host in hosts]),
    )

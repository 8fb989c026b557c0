"""Pools of resources: of each of them a slot takes one that no other booking has."""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from domain.intervals import Span, intersect, merge, subtract


class Pooled(NamedTuple):
    """A resource, by any hashable name, and the times at which bookings have it."""

    resource: Any
    taken: tuple[Span, ...]


Pool = tuple[Pooled, ...]


def free_starts(pools: Sequence[Pool], window: Span, length: int) -> list[Span]:
    """Give the starts of a window at which each pool has a resource that is free for so many minutes."""
    free = [window]
    for pool in pools:
        of_pool: list[Span] = []
        for pooled in pool:
            forbidden = merge((start - length + 1, end) for start, end in pooled.taken)
            of_pool += subtract([window], forbidden)
        free = intersect(free, merge(of_pool))
    return free


def chosen(pools: Sequence[Pool], span: Span, kept: Collection[Any] = ()) -> tuple[Any, ...] | None:
    """Choose the resources that a slot takes: of each pool one it has already, else the first that is free.

    None where a pool has none.
    """
    found: list[Any] = []
    for pool in pools:
        free = [pooled.resource for pooled in pool if _is_free(pooled, span)]
        if not free:
            return None
        found.append(next((resource for resource in free if resource in kept), free[0]))
    return tuple(found)


def _is_free(pooled: Pooled, span: Span) -> bool:
    return not any(start < span[1] and span[0] < end for start, end in pooled.taken)

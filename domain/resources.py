"""Resources: rooms and equipment of an organization, which a page may require for each of its bookings."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.addresses import display_text
from domain.errors import InvalidInput
from domain.ids import OrganizationId, ResourceId

MAX_RESOURCES = 1000
_MAX_NAME = 100
_MAX_SEATS = 100_000
_MAX_POOLS = 10
_MAX_IN_POOL = 30

Pools = tuple[tuple[ResourceId, ...], ...]
"""Of each pool a booking takes one resource, the first in order that is free; no resource is in two pools."""


class ResourceKind(StrEnum):
    """What a resource is."""

    ROOM = "room"
    EQUIPMENT = "equipment"


@dataclass(frozen=True, slots=True)
class ResourceSettings:
    """What can be said of a resource; `seats` is for people to know, and bounds nothing."""

    name: str
    kind: ResourceKind
    seats: int | None = None


@dataclass(frozen=True, slots=True)
class Resource:
    """A room or a piece of equipment. `revision` grows with each change of its settings."""

    id: ResourceId
    organization_id: OrganizationId
    settings: ResourceSettings
    revision: int
    created_at: datetime


def checked_resource(wanted: ResourceSettings) -> ResourceSettings:
    """Check and clean what is said of a resource; InvalidInput names the field."""
    if wanted.seats is not None and not 1 <= wanted.seats <= _MAX_SEATS:
        raise InvalidInput("A resource has 1 to 100,000 seats.", "seats")
    return ResourceSettings(display_text(wanted.name, _MAX_NAME, "name"), wanted.kind, wanted.seats)


def checked_pools(pools: Sequence[Sequence[ResourceId]]) -> Pools:
    """Check what a page requires; InvalidInput names the pool, and the resource where one is at fault."""
    if len(pools) > _MAX_POOLS:
        raise InvalidInput("A page requires at most 10 resources at once.", "requires")
    seen: set[ResourceId] = set()
    for number, pool in enumerate(pools):
        if not 1 <= len(pool) <= _MAX_IN_POOL:
            raise InvalidInput("One of 1 to 30 resources is required.", "requires", str(number), "anyOf")
        for place, resource in enumerate(pool):
            if resource in seen:
                where = ("requires", str(number), "anyOf", str(place))
                raise InvalidInput("A page names a resource once.", *where)
            seen.add(resource)
    return tuple(tuple(pool) for pool in pools)

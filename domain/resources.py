"""Resources: rooms and equipment of an organization, which a page may require for each of its bookings."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from domain.addresses import display_text
from domain.errors import InvalidInput
from domain.ids import CalendarId, OrganizationId, ResourceId

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
    """What can be said of a resource; `seats` is for people to know, and bounds nothing.

    Of one that `is_public` the name is told to invitees, of others to hosts alone.
    """

    name: str
    kind: ResourceKind
    seats: int | None = None
    is_public: bool = False


@dataclass(frozen=True, slots=True)
class Resource:
    """A room or a piece of equipment. `revision` grows with each change of its settings.

    What stands in its calendar takes its time, beside bookings; None where it has none.
    """

    id: ResourceId
    organization_id: OrganizationId
    settings: ResourceSettings
    revision: int
    created_at: datetime
    calendar_id: CalendarId | None = None


def checked_resource(wanted: ResourceSettings) -> ResourceSettings:
    """Check and clean what is said of a resource; InvalidInput names the field."""
    if wanted.seats is not None and not 1 <= wanted.seats <= _MAX_SEATS:
        raise InvalidInput("A resource has 1 to 100,000 seats.", "seats")
    return replace(wanted, name=display_text(wanted.name, _MAX_NAME, "name"))


@dataclass(frozen=True, slots=True)
class Named:
    """The names of what a booking has, as one side of it is told: of rooms, and of all else."""

    rooms: tuple[str, ...] = ()
    equipment: tuple[str, ...] = ()

    def beside(self, *, is_in_person: bool) -> tuple[str, ...]:
        """Name what is told beside the place: where people meet in person, rooms are part of that."""
        return self.equipment if is_in_person else (*self.rooms, *self.equipment)


def named(resources: Iterable[Resource], *, is_host: bool) -> Named:
    """Name what a booking has: all of it to its hosts, and to invitees what is public."""
    told = [one.settings for one in resources if is_host or one.settings.is_public]
    return Named(
        tuple(one.name for one in told if one.kind is ResourceKind.ROOM),
        tuple(one.name for one in told if one.kind is not ResourceKind.ROOM),
    )


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

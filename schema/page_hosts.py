"""Who hosts a page together: hosts and how they share bookings, what keeps one from it, own rules."""

from datetime import datetime
from enum import Enum
from typing import Self

import strawberry
from strawberry import UNSET

from domain.assignment import Assigned, AssignedBy
from domain.booking_pages import HostPriority, PageHost, Turns
from domain.bookings import HostNotFree
from domain.ids import ScheduleId, UserId
from domain.page_hosts import Degraded, DegradedHost
from domain.slots import Assignment
from schema.context import Info
from schema.errors import ErrorCode, ErrorType
from schema.nodes import global_id, id_of
from schema.users import HostType


@strawberry.enum(name="Assignment", description="Which of its hosts take a page's bookings.")
class AssignmentType(Enum):
    """Twin of domain.slots.Assignment."""

    ONE = strawberry.enum_value(Assignment.ONE.value, description="Its only host.")
    ALL = strawberry.enum_value(Assignment.ALL.value, description="All of them together.")
    ANY = strawberry.enum_value(
        Assignment.ANY.value, description="All who are fixed, and one of the others by turns."
    )


@strawberry.enum(name="HostPriority", description="Class of a host; a higher one is asked first.")
class HostPriorityType(Enum):
    """Twin of domain.booking_pages.HostPriority."""

    HIGHEST = strawberry.enum_value(HostPriority.HIGHEST.value, description="Asked before all others.")
    HIGH = strawberry.enum_value(HostPriority.HIGH.value, description="Asked if no higher one is free.")
    MEDIUM = strawberry.enum_value(HostPriority.MEDIUM.value, description="Asked if no higher one is free.")
    LOW = strawberry.enum_value(HostPriority.LOW.value, description="Asked if nobody else is free.")


@strawberry.enum(name="Turns", description="What matters more where hosts take turns.")
class TurnsType(Enum):
    """Twin of domain.booking_pages.Turns."""

    AVAILABILITY = strawberry.enum_value(
        Turns.AVAILABILITY.value, description="That every time is offered which anybody can take."
    )
    FAIRNESS = strawberry.enum_value(
        Turns.FAIRNESS.value,
        description="That hosts have as many bookings: who is `maxLead` ahead of the lowest is not offered.",
    )


@strawberry.enum(name="AssignedBy", description="What decided between the hosts who were left by then.")
class AssignedByType(Enum):
    """Twin of domain.assignment.AssignedBy."""

    ONLY_ONE = strawberry.enum_value(AssignedBy.ONLY_ONE.value, description="Nobody else could take it.")
    PRIORITY = strawberry.enum_value(AssignedBy.PRIORITY.value, description="Class of the host.")
    WEIGHT = strawberry.enum_value(
        AssignedBy.WEIGHT.value, description="What was missing most to the share by weight."
    )
    FEWEST = strawberry.enum_value(AssignedBy.FEWEST.value, description="Fewest bookings.")
    LONGEST_WAIT = strawberry.enum_value(
        AssignedBy.LONGEST_WAIT.value, description="Longest time since they were chosen last."
    )
    DRAW = strawberry.enum_value(AssignedBy.DRAW.value, description="Order that is always the same.")
    BY_HAND = strawberry.enum_value(AssignedBy.BY_HAND.value, description="Person who handed it over.")


@strawberry.enum(name="HostDegradation", description="Why a host cannot be offered as they should be.")
class DegradedType(Enum):
    """Twin of domain.page_hosts.Degraded."""

    DISABLED = strawberry.enum_value(Degraded.DISABLED.value, description="Person who is disabled, or gone.")
    NOT_SHARING = strawberry.enum_value(
        Degraded.NOT_SHARING.value, description="Person who does not share their availability."
    )
    NO_HOURS = strawberry.enum_value(Degraded.NO_HOURS.value, description="No schedule applies.")
    UNCONNECTED = strawberry.enum_value(Degraded.UNCONNECTED.value, description="No calendar is connected.")
    CALENDAR_GONE = strawberry.enum_value(
        Degraded.CALENDAR_GONE.value, description="Calendar chosen for the page that is gone."
    )
    NEEDS_RECONNECTION = strawberry.enum_value(
        Degraded.NEEDS_RECONNECTION.value, description="Calendar that its user has to connect again."
    )
    FAILING = strawberry.enum_value(
        Degraded.FAILING.value, description="Calendar that did not answer when it was last asked."
    )


@strawberry.type(name="PageHost", description="Host of a page, the hours that apply there, and their turns.")
class PageHostType:
    """Twin of domain.booking_pages.PageHost."""

    page_host: strawberry.Private[PageHost]
    schedule_id: strawberry.ID | None = strawberry.field(
        description="Schedule that applies; null for the host's default."
    )
    is_fixed: bool = strawberry.field(
        description="Whether they take every booking, where the others take turns."
    )
    priority: HostPriorityType = strawberry.field(description="Class of those who are asked first.")
    weight: int = strawberry.field(description="Share of the bookings, against the weights of the others.")

    @strawberry.field(description="Person; null if they are gone.")
    async def host(self, info: Info) -> HostType | None:
        """Load the host."""
        user = await info.context.loaders.users.load(self.page_host.user_id)
        return HostType.of(user) if user else None

    @classmethod
    def of(cls, host: PageHost) -> Self:
        """Shape a host."""
        return cls(
            page_host=host,
            schedule_id=global_id("Schedule", host.schedule_id) if host.schedule_id else None,
            is_fixed=host.is_fixed,
            priority=HostPriorityType(host.priority.value),
            weight=host.weight,
        )


@strawberry.type(name="DegradedHost", description="Host who cannot be offered as they should be.")
class DegradedHostType:
    """Twin of domain.page_hosts.DegradedHost, for a page's owner (X10)."""

    degraded: strawberry.Private[DegradedHost]
    reason: DegradedType = strawberry.field(description="What is wrong.")
    since: datetime | None = strawberry.field(description="Since when, if that is known.")

    @strawberry.field(description="Person; null if they are gone.")
    async def host(self, info: Info) -> HostType | None:
        """Load the host."""
        user = await info.context.loaders.users.load(self.degraded.host)
        return HostType.of(user) if user else None

    @classmethod
    def of(cls, degraded: DegradedHost) -> Self:
        """Shape a degraded host."""
        return cls(degraded=degraded, reason=DegradedType(degraded.reason.value), since=degraded.since)


@strawberry.type(name="AssignmentReason", description="Why it was a host's turn to take a booking.")
class AssignmentReasonType:
    """Twin of domain.assignment.Assigned."""

    assigned: strawberry.Private[Assigned]
    by: AssignedByType = strawberry.field(description="What decided.")
    free: int = strawberry.field(description="How many hosts could have taken it.")
    booked: int = strawberry.field(description="How many bookings that count the host had before.")

    @strawberry.field(description="Person whose turn it was; null if they are gone.")
    async def host(self, info: Info) -> HostType | None:
        """Load the host."""
        user = await info.context.loaders.users.load(self.assigned.host)
        return HostType.of(user) if user else None

    @classmethod
    def of(cls, assigned: Assigned | None) -> Self | None:
        """Shape a reason, if there is one."""
        if assigned is None:
            return None
        by = AssignedByType(assigned.by.value)
        return cls(assigned=assigned, by=by, free=assigned.free, booked=assigned.booked)


@strawberry.type(name="HostNotFreeError", description="Host who cannot take the time of a booking.")
class HostNotFreeError(ErrorType):
    """Twin of domain.bookings.HostNotFree."""

    @classmethod
    def of(cls, broken: HostNotFree, message: str) -> Self:
        """Shape the error."""
        return cls(message=message, code=ErrorCode.HOST_NOT_FREE, path=list(broken.path))


@strawberry.input(description="Person of the organization who hosts a page.")
class PageHostInput:
    """Twin of domain.booking_pages.PageHost."""

    user: strawberry.ID = strawberry.field(description="Person, by the id of their `User`.")
    schedule_id: strawberry.ID | None = strawberry.field(
        default=UNSET, description="Schedule of theirs that applies; null for their default one."
    )
    is_fixed: bool | None = strawberry.field(
        default=UNSET, description="Whether they take every booking where others take turns; no if unsaid."
    )
    priority: HostPriorityType | None = strawberry.field(
        default=UNSET, description="Class of those who are asked first; medium if unsaid."
    )
    weight: int | None = strawberry.field(
        default=UNSET, description="Share of the bookings, 1 to 1,000; 100 if unsaid."
    )


def said_hosts(given: list[PageHostInput]) -> tuple[PageHost, ...]:
    """Read hosts; NotFound names the one whose id is none."""
    return tuple(_host(host, number) for number, host in enumerate(given))


def _host(given: PageHostInput, number: int) -> PageHost:
    where = ("hosts", str(number))
    schedule = id_of("Schedule", given.schedule_id, *where, "scheduleId") if given.schedule_id else None
    return PageHost(
        UserId(id_of("User", given.user, *where, "user")),
        ScheduleId(schedule) if schedule else None,
        is_fixed=given.is_fixed or False,
        priority=HostPriority(given.priority.value) if given.priority else HostPriority.MEDIUM,
        weight=100 if given.weight is None or given.weight is UNSET else given.weight,
    )

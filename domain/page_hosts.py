"""Who offers their time on a page together, how they share its bookings, and which of it is possible."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from domain.booking_pages import BookingPage, PageHost, PageKind, Sharing, Turns
from domain.errors import InvalidInput
from domain.ids import CalendarId, UserId
from domain.slots import Assignment

MAX_HOSTS = 30
MAX_COUNTED = 100
MAX_WEIGHT = 1000
MAX_LEAD = 100


@dataclass(frozen=True, slots=True)
class TeamSettings:
    """What a page's owner sets about its hosts, all of it at once; the hosts in order, the primary first.

    Which calendars of a host count is not the owner's to say.
    """

    assignment: Assignment
    hosts: Sequence[PageHost]
    turns: Turns = Turns.AVAILABILITY
    max_lead: int = 3
    keeps_host: bool = True


class Degraded(StrEnum):
    """Why a host cannot be offered as they should be; what comes first keeps more from being offered."""

    DISABLED = "disabled"
    NOT_SHARING = "not_sharing"
    NO_HOURS = "no_hours"
    UNCONNECTED = "unconnected"
    CALENDAR_GONE = "calendar_gone"
    NEEDS_RECONNECTION = "needs_reconnection"
    FAILING = "failing"


@dataclass(frozen=True, slots=True)
class DegradedHost:
    """A host of a page who cannot be offered, why, and since when, as far as that is known."""

    host: UserId
    reason: Degraded
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class HostedPage:
    """A page as one of its hosts sees it, with their calendars that count there.

    They are `is_chosen`, or those that count everywhere. With `lacks_calendar` one that was chosen is gone,
    and what it would say is not known.
    """

    page: BookingPage
    counted: frozenset[CalendarId]
    is_chosen: bool
    lacks_calendar: bool


def with_team(page: BookingPage, wanted: TeamSettings, now: datetime) -> BookingPage:
    """Check who hosts a page, and give the page with them; InvalidInput names the field.

    Who stays keeps what they chose of their calendars. Whether they are people of the organization is for
    the caller to know.
    """
    is_any = wanted.assignment is Assignment.ANY
    counted = {host.user_id: host.counted for host in page.hosts}
    hosts = tuple(
        replace(host, is_fixed=host.is_fixed and is_any, counted=counted.get(host.user_id))
        for host in _checked(wanted.hosts)
    )
    if wanted.assignment is Assignment.ONE and len(hosts) != 1:
        raise InvalidInput("A page of one host has one host.", "hosts")
    check_assignment(page.kind, wanted.assignment, "assignment")
    if is_any and all(host.is_fixed for host in hosts):
        raise InvalidInput("Where any host takes a booking, one at least is not fixed.", "hosts")
    if not 1 <= wanted.max_lead <= MAX_LEAD:
        raise InvalidInput("A lead is 1 to 100 bookings.", "maxLead")
    counted_from = page.sharing.counted_from if _rotating(hosts) == _rotating(page.hosts) else now
    return replace(
        page,
        hosts=hosts,
        rules=replace(page.rules, assignment=wanted.assignment),
        sharing=Sharing(wanted.turns, wanted.max_lead, wanted.keeps_host, counted_from),
    )


def with_counted(page: BookingPage, host: UserId, calendars: Collection[CalendarId] | None) -> BookingPage:
    """Give a page on which only these calendars of a host count, or with None all that do elsewhere.

    InvalidInput for none at all: nobody is free for want of a calendar. Whether they are the host's is for
    the caller to know.
    """
    if calendars is not None and not 1 <= len(calendars) <= MAX_COUNTED:
        raise InvalidInput(
            "On a page count 1 to 100 calendars, or with null all that count elsewhere.", "calendarIds"
        )
    counted = frozenset(calendars) if calendars is not None else None
    return replace(
        page,
        hosts=tuple(replace(one, counted=counted) if one.user_id == host else one for one in page.hosts),
    )


def check_assignment(kind: PageKind, assignment: Assignment, *path: str) -> None:
    """Check that hosts can take the bookings of a page of this kind like that."""
    if kind is PageKind.GROUP and assignment is Assignment.ANY:
        raise InvalidInput("A group page has one host, or all its hosts come.", *path)


def _checked(hosts: Sequence[PageHost]) -> Sequence[PageHost]:
    if not 1 <= len(hosts) <= MAX_HOSTS:
        raise InvalidInput("A page has 1 to 30 hosts.", "hosts")
    seen: set[object] = set()
    for number, host in enumerate(hosts):
        if host.user_id in seen:
            raise InvalidInput("A person is a host of a page once.", "hosts", str(number))
        if not 1 <= host.weight <= MAX_WEIGHT:
            raise InvalidInput("A weight is 1 to 1000.", "hosts", str(number), "weight")
        seen.add(host.user_id)
    return hosts


def _rotating(hosts: Sequence[PageHost]) -> set[object]:
    return {host.user_id for host in hosts if not host.is_fixed}

"""The resources of a page's pools as the slot engine is asked with them: bookings, and what calendars say."""

from collections.abc import Mapping
from dataclasses import dataclass

from domain.booking_pages import BookingPage
from domain.ids import CalendarId, ResourceId
from domain.intervals import Span
from domain.slots import NOT_SHARING, Pool, Pooled, Unknown
from services.busy import CALENDAR_GONE, NOT_ASKED, UNCONNECTED
from storage.bookings import Taken

# Why nothing is known of a host that trying again does not change.
LASTING = frozenset({UNCONNECTED, CALENDAR_GONE, NOT_SHARING})


@dataclass(frozen=True, slots=True)
class ResourceBusy:
    """What a resource's calendar says of the window, or why nothing."""

    calendar_id: CalendarId
    busy: tuple[Span, ...] | Unknown


def pools_of(
    page: BookingPage,
    taken: Taken,
    calendars: Mapping[ResourceId, ResourceBusy],
    *,
    hopes: bool = False,
) -> tuple[Pool, ...]:
    """Give the resources that a page requires, with when they are taken; those that are gone are left out.

    So are those whose calendar is unknown: unknown is busy (ADR-0006). With `hopes` one that may be read
    later is taken for empty, be it that another calendar was connected since it was asked.
    """

    def pooled(resource: ResourceId) -> Pooled | None:
        times = taken.resources.get(resource)
        if times is None or times.calendar_id is None:
            return Pooled(resource, times.spans) if times else None
        told = calendars.get(resource)
        busy = told.busy if told and told.calendar_id == times.calendar_id else Unknown(NOT_ASKED)
        if not isinstance(busy, Unknown):
            return Pooled(resource, (*times.spans, *busy))
        return Pooled(resource, times.spans) if hopes and busy.reason not in LASTING else None

    return tuple(tuple(filter(None, map(pooled, pool))) for pool in page.requires)

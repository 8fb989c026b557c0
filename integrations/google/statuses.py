"""Of what kind Google's entries are: a list of them, masked to times, states and the host's own answer.

It is asked for only where a page's rule needs it (R108, X07): the free-busy question says less. No mask here
may ever name what an entry says. Of the guests `maxAttendees` leaves one, the host, where they are invited.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import date, datetime
from zoneinfo import ZoneInfo

from domain.errors import InvalidInput
from domain.intervals import Span, outward
from domain.statuses import BusyStatus, Kind
from domain.zones import zone
from integrations.google.answers import fields, instant, items, text, unreadable
from integrations.google.busy import spelled
from integrations.google.entries import at_midnight

MASK = "nextPageToken,timeZone,items(start,end,status,transparency,eventType,attendees(self,responseStatus))"
_PER_PAGE = "2500"
_MOST_PAGES = 40

Page = Mapping[str, object]
Read = Callable[[Mapping[str, str]], Awaitable[Page]]


async def kinds(read: Read, window: Span) -> list[tuple[Kind, Span]]:
    """Read what touches a window; `read` asks for a page of one calendar's entries by a query."""
    query = {
        "timeMin": spelled(window[0]),
        "timeMax": spelled(window[1]),
        "singleEvents": "true",
        "maxAttendees": "1",
        "maxResults": _PER_PAGE,
        "fields": MASK,
    }
    return [taken async for page in _pages(read, query) for taken in on_page(page)]


async def _pages(read: Read, query: dict[str, str]) -> AsyncIterator[Page]:
    for _ in range(_MOST_PAGES):
        page = await read(query)
        yield page
        query["pageToken"] = text(page.get("nextPageToken"))
        if not query["pageToken"]:
            return
    raise unreadable()  # a list without an end is none


def on_page(page: Page) -> list[tuple[Kind, Span]]:
    """Read a page; whole days lie in the calendar's zone, which it names."""
    try:
        lies_in = zone(text(page.get("timeZone")))
    except InvalidInput:
        raise unreadable() from None
    taken: list[tuple[Kind, Span]] = []
    for entry in map(fields, items(page.get("items", []))):
        status = _status(entry)
        if status is not None:
            start, end = fields(entry.get("start")), fields(entry.get("end"))
            span = _span(start, end, lies_in)
            taken.extend([(Kind(status, "date" in start), span)] if span else [])
    return taken


def _status(entry: Mapping[str, object]) -> BusyStatus | None:
    """Read as what an entry is marked; None for one that is cancelled, or that the host has declined.

    Where it is usual that one counts, it is so in Google's free-busy answer too.
    """
    answer = _own_answer(entry)
    if entry.get("status") == "cancelled" or answer == "declined":
        return None
    kind = text(entry.get("eventType"))
    if kind == "workingLocation":
        return BusyStatus.WORKING_ELSEWHERE
    if entry.get("transparency") == "transparent" or kind == "birthday":
        return BusyStatus.FREE
    if kind == "outOfOffice":
        return BusyStatus.OUT_OF_OFFICE
    is_tentative = "tentative" in (entry.get("status"), answer)
    return BusyStatus.TENTATIVE if is_tentative else BusyStatus.BUSY


def _own_answer(entry: Mapping[str, object]) -> str:
    guests = map(fields, items(entry.get("attendees", [])))
    return next((text(guest.get("responseStatus")) for guest in guests if guest.get("self") is True), "")


def _span(start: Mapping[str, object], end: Mapping[str, object], lies_in: ZoneInfo) -> Span | None:
    begins, ends = _at(start, lies_in), _at(end, lies_in)
    if ends < begins:
        raise unreadable()
    return outward(begins, ends)


def _at(when: Mapping[str, object], lies_in: ZoneInfo) -> datetime:
    if "date" not in when:
        return instant(when.get("dateTime"))
    try:
        return at_midnight(date.fromisoformat(text(when["date"])), lies_in)
    except (ValueError, OverflowError):
        raise unreadable() from None

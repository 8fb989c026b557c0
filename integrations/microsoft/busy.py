"""When a calendar is busy, from entries of which nothing but times and statuses was asked for.

Times come without an offset, in the zone that stands beside them. A wall time that occurs twice is read
so that the entry takes more time, not less: what is in doubt is busy. Whole days have no zone at all;
they are dates, and we place them in the calendar's zone ourselves.
"""

import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from domain.intervals import Span, instant_of, outward
from domain.statuses import USUAL, BusyStatus, Kind
from domain.zones import DAY, minute_at
from integrations.microsoft.answers import Fields, ZoneRefused, inner, perhaps, text, unreadable
from integrations.microsoft.api import Api, part
from integrations.microsoft.zones import graph_name, iana_name
from integrations.ports import BusyAt

_SELECT = "start,end,showAs,isCancelled,isAllDay,responseStatus"
_PAGE = "500"
_STATUSES = {
    "free": BusyStatus.FREE,
    "tentative": BusyStatus.TENTATIVE,
    "oof": BusyStatus.OUT_OF_OFFICE,
    "workingelsewhere": BusyStatus.WORKING_ELSEWHERE,
}
_WALL = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z?)", re.ASCII)
_WIDEST = 14 * 60  # minutes: no place on earth is further from UTC
_ONE_DAY = timedelta(days=1)


async def kinds_at(api: Api, calendar: BusyAt, window: Span, *, by_status: bool) -> list[tuple[Kind, Span]]:
    """Ask what a calendar has within a window, or close to it; without `by_status` what usually counts."""
    # A day more on either side: whole days have no place of their own in a window of instants.
    query = {
        "startDateTime": _spelled(window[0] - DAY),
        "endDateTime": _spelled(window[1] + DAY),
        "$select": _SELECT,
        "$top": _PAGE,
    }
    path = f"/me/calendars/{part(calendar.url)}/calendarView"
    try:
        entries = await api.pages(path, query, zone=graph_name(calendar.zone or "UTC"))
    except ZoneRefused:
        entries = await api.pages(path, query)
    taken: list[tuple[Kind, Span]] = []
    for entry in entries:
        kind = _kind(entry)
        if not _is_off(entry) and (by_status or USUAL.counts(kind)):
            span = _span(entry, calendar.zone)
            taken.extend([(kind, span)] if span else [])
    return taken


def _span(entry: Fields, zone: str | None) -> Span | None:
    """Give the minutes that an entry lasts, None if it lasts none; `zone` is where whole days lie.

    Where nobody knows their zone, a whole day is as wide as it is anywhere on earth. Raises Transient for
    times that cannot be read.
    """
    start, end = inner(entry, "start"), inner(entry, "end")
    if entry.get("isAllDay") is True:
        first, last = _wall(start)[0].date(), _wall(end)[0].date()
        return _days(first, max(last, first + _ONE_DAY), zone)
    begins, ends = earliest(start), latest(end)
    if ends < begins:
        raise unreadable()
    return outward(begins, ends)


def earliest(when: Fields) -> datetime:
    """Read a `dateTimeTimeZone` as an instant, the first if it is one of two."""
    return min(_instants(when))


def latest(when: Fields) -> datetime:
    """Read a `dateTimeTimeZone` as an instant, the last if it is one of two."""
    return max(_instants(when))


def _is_off(entry: Fields) -> bool:
    """Say whether an entry is cancelled, or was declined by the host."""
    response = (perhaps(entry, "responseStatus", "response") or "").lower()
    return entry.get("isCancelled") is True or response == "declined"


def _kind(entry: Fields) -> Kind:
    """Read as what an entry is shown. A status that we do not know is busy."""
    status = _STATUSES.get((perhaps(entry, "showAs") or "").lower(), BusyStatus.BUSY)
    return Kind(status, entry.get("isAllDay") is True)


def _days(first: date, last: date, zone: str | None) -> Span:
    if zone is None:
        return minute_at(first, 0, "UTC") - _WIDEST, minute_at(last, 0, "UTC") + _WIDEST
    return minute_at(first, 0, zone), minute_at(last, 0, zone)


def _instants(when: Fields) -> tuple[datetime, datetime]:
    wall, zone = _wall(when)
    name = ZoneInfo(zone)
    try:
        return (
            wall.replace(tzinfo=name, fold=0).astimezone(UTC),
            wall.replace(tzinfo=name, fold=1).astimezone(UTC),
        )
    except OverflowError:
        raise unreadable() from None


def _wall(when: Fields) -> tuple[datetime, str]:
    """Read a wall time and the IANA name of its zone; a fraction of a second is only told from none."""
    read = _WALL.fullmatch(text(when, "dateTime"))
    zone = "UTC" if read and read[3] else iana_name(text(when, "timeZone"))
    if read is None or zone is None:
        raise unreadable()
    try:
        wall = datetime.fromisoformat(read[1])
    except ValueError:
        raise unreadable() from None
    return wall.replace(microsecond=1 if (read[2] or "").strip("0") else 0), zone


def _spelled(minute: int) -> str:
    return f"{instant_of(minute):%Y-%m-%dT%H:%M:%SZ}"

"""Calendars at Zoom: which a user has, when they are busy, and our entries in them.

Zoom gives no part of an entry: whoever lists entries reads their titles. So busy times come from its
free-busy answer alone. Entries are listed in one case only: one of ours has to be found whose id we do
not know, because the answer to its making was lost, or may have been. Then the window asked for is
exactly our entry's own times, which were free when they were booked, and whatever does not bear our
marker is dropped while it is parsed.
"""

from collections.abc import AsyncGenerator, Sequence
from datetime import datetime
from types import MappingProxyType

from domain.calendars import Entry, EntryRef, EntrySpot, EntryState
from domain.errors import InvalidInput
from domain.intervals import Span, instant_of, intersect, merge, outward
from domain.statuses import BusyTimes
from domain.zones import zone
from integrations.failures import NOT_OURS
from integrations.http import SafeHttp
from integrations.ports import Account, BusyAt, Permanent, ProviderFailed, RemoteCalendar, Transient
from integrations.zoom.entries import OwnEntry, is_gone, is_marked, read_own, spelled_texts, spelled_times
from integrations.zoom.wire import (
    GONE,
    NO_CONTENT,
    OK,
    Calls,
    Clock,
    Json,
    Zoom,
    a_list,
    a_text,
    an_instant,
    an_object,
    object_in,
    part,
    unreadable,
    zulu,
)

_DISCOVER_S = 10.0
_WRITE_S = 20.0
_PAGE = "250"
_MAX_PAGES = 20
_MAX_ITEMS = 50  # calendars in one free-busy question; Zoom names no number, the API it follows does
_WRITERS = ("owner", "writer")  # compared one by one: what came may be anything
_SILENT = MappingProxyType({"sendUpdates": "none"})

Window = tuple[datetime, datetime]


class ZoomCalendars:
    """The CalendarPort of Zoom; `url` is the address of its API, `clock` see `Zoom`."""

    def __init__(self, http: SafeHttp, url: str, clock: Clock) -> None:
        self._zoom = Zoom(http, url, clock)

    async def discover(self, account: Account) -> tuple[RemoteCalendar, ...]:
        """Name the calendars of an account; those that others have shared with it are not its own."""
        async with self._zoom.session(account, _DISCOVER_S) as calls:
            path = "/calendars/users/me/calendarList"
            return tuple([_calendar(item) async for item in _items(calls, path, {}) if not _is_deleted(item)])

    async def busy(
        self,
        account: Account,
        calendars: Sequence[BusyAt],
        window: Span,
        *,
        by_status: bool = False,
        deadline_s: float = 10,
    ) -> tuple[BusyTimes, ...]:
        """Ask for all calendars at once; an error of one, inside an answer that is fine, fails all.

        Zoom tells nobody's status without a title: by status too, all that it tells is plainly busy.
        """
        del by_status
        ids = list(dict.fromkeys(calendar.url for calendar in calendars))
        spans: dict[str, list[Span]] = {}
        async with self._zoom.session(account, deadline_s) as calls:
            for first in range(0, len(ids), _MAX_ITEMS):
                spans |= await _busy_of(calls, ids[first : first + _MAX_ITEMS], window)
        told = {id_: BusyTimes.plain(intersect(merge(of_one), [window])) for id_, of_one in spans.items()}
        return tuple(told[calendar.url] for calendar in calendars)

    async def put_entry(self, account: Account, spot: EntrySpot, entry: Entry) -> EntryRef:
        """Write an entry, or change of it what is new since its spot was written.

        Zoom wants both times with each change: where they are not new, they are sent as they stand.
        """
        events = _events(spot)
        async with self._zoom.session(account, _WRITE_S) as calls:
            own = await _known(calls, spot)
            if own is None:
                windows = dict.fromkeys(((entry.start, entry.end), *_last_written(spot)))
                found = await _marked(calls, spot, windows)
                own = found[0] if found else None
            if own is None:
                body = {**spelled_times(entry), **spelled_texts(entry)}
                made = await calls.read("POST", events, _SILENT, body)
                return EntryRef(a_text(made.get("id")))
            if changes := _changes(own, spot, entry):
                await calls.read("PATCH", f"{events}/{part(own.id)}", _SILENT, changes)
            return EntryRef(own.id)

    async def delete_entry(self, account: Account, spot: EntrySpot) -> None:
        """Remove an entry of ours."""
        async with self._zoom.session(account, _WRITE_S) as calls:
            for own in await _standing(calls, spot):
                answer = await calls.ask("DELETE", f"{_events(spot)}/{part(own.id)}", _SILENT)
                if answer.status != NO_CONTENT and answer.status not in GONE:
                    raise calls.failure_of(answer)

    async def find_entry(self, account: Account, spot: EntrySpot) -> EntryState | None:
        """Say how an entry of ours stands, in whole minutes; Zoom keeps no sequence for us."""
        async with self._zoom.session(account, _WRITE_S) as calls:
            found = await _standing(calls, spot)
        return found[0].state if found else None


async def _busy_of(calls: Calls, ids: list[str], window: Span) -> dict[str, list[Span]]:
    start, end = (instant_of(minute) for minute in window)
    asked: Json = {
        "timeMin": zulu(start),
        "timeMax": zulu(end),
        "timeZone": "UTC",
        "items": [{"id": id_} for id_ in ids],
    }
    said = await calls.read("POST", "/calendars/freeBusy", body=asked)
    if an_instant(said.get("timeMin")) > start or an_instant(said.get("timeMax")) < end:
        raise unreadable()  # it looked at less than it was asked for
    spans: dict[str, list[Span]] = {}
    for listed in a_list(said.get("calendars")):
        calendar = an_object(listed)
        if calendar.get("errors"):
            raise _failure_in(a_list(calendar["errors"]))
        of_one = spans.setdefault(a_text(calendar.get("id")), [])
        of_one += [_span(taken) for taken in a_list(calendar.get("busy"))]
    if not spans.keys() >= set(ids):
        raise unreadable()
    return {id_: spans[id_] for id_ in ids}


def _span(taken: object) -> Span:
    times = an_object(taken)
    start, end = an_instant(times.get("start")), an_instant(times.get("end"))
    if end < start:
        raise unreadable()
    return outward(start, end) or (0, 0)


def _failure_in(errors: list[object]) -> ProviderFailed:
    is_gone_for_good = all(an_object(error).get("reason") == "notFound" for error in errors)
    return Permanent("calendar_gone") if is_gone_for_good else Transient("provider_error")


def _calendar(item: Json) -> RemoteCalendar:
    role = item.get("accessRole")
    id_ = a_text(item.get("id"))
    name = item.get("summaryOverride") or item.get("summary") or id_
    is_own = item.get("primary") is True or role == "owner"
    return RemoteCalendar(id_, a_text(name), _zone(item.get("timeZone")), role in _WRITERS, is_own)


def _zone(name: object) -> str | None:
    try:
        return zone(name).key if isinstance(name, str) else None
    except (InvalidInput, ValueError):
        return None


def _is_deleted(item: Json) -> bool:
    return item.get("deleted") is True


async def _items(calls: Calls, path: str, query: dict[str, str]) -> AsyncGenerator[Json]:
    """Read all pages of a list; one that does not come makes all of it fail."""
    token = ""
    for _ in range(_MAX_PAGES):
        more = {"pageToken": token} if token else {}
        page = await calls.read("GET", path, {**query, "maxResults": _PAGE, **more})
        for item in a_list(page.get("items")):
            yield an_object(item)
        if not page.get("nextPageToken"):
            return
        token = a_text(page["nextPageToken"])
    raise unreadable()


async def _standing(calls: Calls, spot: EntrySpot) -> list[OwnEntry]:
    """Find our entry where it stands: by its id, or else, never having seen that, where it was written."""
    if spot.remote_id is None:
        return await _marked(calls, spot, dict.fromkeys(_last_written(spot)))
    own = await _known(calls, spot)
    return [own] if own is not None else []


async def _known(calls: Calls, spot: EntrySpot) -> OwnEntry | None:
    """Read the entry whose id we know, None if it is gone; raises Permanent("not_ours") for any other."""
    if spot.remote_id is None:
        return None
    answer = await calls.ask("GET", f"{_events(spot)}/{part(spot.remote_id)}")
    if answer.status in GONE:
        return None
    if answer.status != OK:
        raise calls.failure_of(answer)
    event = object_in(answer)
    if is_gone(event):
        return None
    if event.get("id") != spot.remote_id or not is_marked(event.get("description"), spot.marker):
        raise Permanent(NOT_OURS)
    return read_own(event)


async def _marked(calls: Calls, spot: EntrySpot, windows: dict[Window, None]) -> list[OwnEntry]:
    """Find what bears our marker in windows that are exactly our entry's own times."""
    found: dict[str, OwnEntry] = {}
    for start, end in windows:
        query = {"timeMin": zulu(start), "timeMax": zulu(end), "singleEvents": "true"}
        async for event in _items(calls, _events(spot), query):
            if is_marked(event.get("description"), spot.marker) and not is_gone(event):
                own = read_own(event)
                found[own.id] = own
    return list(found.values())


def _changes(own: OwnEntry, spot: EntrySpot, entry: Entry) -> Json | None:
    """Say what is new; of an entry whose answer was lost, everything may be."""
    was_lost = spot.remote_id is None
    has_new_times = was_lost or (spot.start, spot.end) != (entry.start, entry.end)
    has_new_texts = was_lost or spot.texts != entry.texts
    if not has_new_times and not has_new_texts:
        return None
    times = spelled_times(entry) if has_new_times else own.spelled_times
    return {**times, **(spelled_texts(entry) if has_new_texts else {})}


def _last_written(spot: EntrySpot) -> list[Window]:
    return [(spot.start, spot.end)] if spot.start is not None and spot.end is not None else []


def _events(spot: EntrySpot) -> str:
    return f"/calendars/{part(spot.calendar_url)}/events"

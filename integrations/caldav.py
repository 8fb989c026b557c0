"""Calendars by CalDAV: what a user's calendars are, when they are busy, and our entries in them.

The times of entries are asked for first and the server's own free-busy answer second. That answer would
say less, but servers place whole days and floating times in it as they like, and some answer that
nothing is busy when they only do not know: both would offer times that are taken.
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from urllib.parse import quote, urlsplit, urlunsplit

from domain.calendars import Entry, EntryRef, EntrySpot, EntryState
from domain.intervals import Span
from domain.statuses import BusyTimes
from domain.zones import DAY
from integrations.addresses import Origin
from integrations.caldav_discovery import find_calendars
from integrations.caldav_xml import calendar_data, calendar_query, free_busy_query
from integrations.failures import ELSEWHERE, failure_of
from integrations.http import UNREADABLE, Answer, Credentials, Request, SafeHttp, Session
from integrations.ical_busy import free_busy, kinds, timed
from integrations.ical_lines import Unreadable, calendars
from integrations.own_entries import own_state, spelled
from integrations.ports import Account, BusyAt, Permanent, ProviderFailed, RemoteCalendar, Revoked, Transient

_XML = "application/xml; charset=utf-8"
_OBJECT = "text/calendar; charset=utf-8"
_DISCOVER_S = 10.0
_WRITE_S = 20.0
_TRIES = 3
_MAX_ORIGINS = 256
_MULTISTATUS = 207
_OK = 200
_WRITTEN = frozenset({200, 201, 204})
_GONE = frozenset({404, 410})
_CHANGED = 412
_UNSUPPORTED = frozenset({400, 403, 405, 415, 422, 500, 501})


class CalDav:
    """The CalendarPort of CalDAV servers. It remembers which of them only answer free-busy questions."""

    def __init__(self, http: SafeHttp) -> None:
        self._http = http
        self._free_busy_only: OrderedDict[Origin, None] = OrderedDict()

    async def discover(self, account: Account) -> tuple[RemoteCalendar, ...]:
        """Name the calendars of an account, or the one calendar that its address leads to."""
        async with self._session(account, _DISCOVER_S) as session:
            return await find_calendars(session, account.url)

    async def busy(
        self,
        account: Account,
        calendars: Sequence[BusyAt],
        window: Span,
        *,
        by_status: bool = False,
        deadline_s: float = 10,
    ) -> tuple[BusyTimes, ...]:
        """Ask all calendars at once; what one of them cannot say is not known of any."""
        async with self._session(account, deadline_s) as session:
            for calendar in calendars:
                _check_trust(session, calendar.url)
            try:
                async with asyncio.TaskGroup() as group:
                    asked = [
                        group.create_task(self._busy_at(session, calendar, window, by_status=by_status))
                        for calendar in calendars
                    ]
            except* ProviderFailed as failures:
                failure = _first(failures)
            else:
                return tuple(task.result() for task in asked)
        raise failure

    async def put_entry(self, account: Account, spot: EntrySpot, entry: Entry) -> EntryRef:
        """Write an entry under its own name; what stands there is replaced only if it is ours."""
        url, body = _entry_url(spot.calendar_url, entry.uid), spelled(entry)
        async with self._session(account, _WRITE_S) as session:
            _check_trust(session, url)
            for _ in range(_TRIES):
                answer = await _put(session, url, body, "If-None-Match", "*")
                if answer.status == _CHANGED:
                    there = await _own(session, url, entry.uid, entry.marker)
                    if there is None:
                        continue
                    # Also at its times and of its version it may say less: a meeting's link comes later.
                    answer = await _put(session, url, body, "If-Match", there[1])
                if _is_written(answer):
                    return EntryRef(url, answer.headers.get("etag"))
                if answer.status != _CHANGED:
                    raise failure_of(answer)
        raise Transient("changed_meanwhile")

    async def delete_entry(self, account: Account, spot: EntrySpot) -> None:
        """Remove an entry of ours."""
        url = _entry_url(spot.calendar_url, spot.uid)
        async with self._session(account, _WRITE_S) as session:
            _check_trust(session, url)
            for _ in range(_TRIES):
                there = await _own(session, url, spot.uid, spot.marker)
                if there is None:
                    return
                answer = await session.send(Request("DELETE", url, {"If-Match": there[1]}))
                if answer.status in _GONE or _is_written(answer):
                    return
                if answer.status != _CHANGED:
                    raise failure_of(answer)
        raise Transient("changed_meanwhile")

    async def find_entry(self, account: Account, spot: EntrySpot) -> EntryState | None:
        """Say how an entry of ours stands; its times are in whole minutes."""
        url = _entry_url(spot.calendar_url, spot.uid)
        async with self._session(account, _WRITE_S) as session:
            _check_trust(session, url)
            there = await _own(session, url, spot.uid, spot.marker)
        return there[0] if there is not None else None

    @asynccontextmanager
    async def _session(self, account: Account, deadline_s: float) -> AsyncGenerator[Session]:
        origin = self._http.origin(account.url)
        credentials = Credentials(origin, account.username, account.secret)
        async with self._http.session(deadline_s, credentials) as session:
            yield session

    async def _busy_at(
        self, session: Session, calendar: BusyAt, window: Span, *, by_status: bool
    ) -> BusyTimes:
        origin = self._http.origin(calendar.url)
        if origin not in self._free_busy_only:
            # A day more on either side: the server does not know in which zone we place whole days.
            answer = await _report(session, calendar.url, calendar_query((window[0] - DAY, window[1] + DAY)))
            if answer.status == _MULTISTATUS:
                return await asyncio.to_thread(
                    _by_entries, answer.body, calendar.zone, window, by_status=by_status
                )
            if answer.status not in _UNSUPPORTED:
                raise failure_of(answer)
        answer = await _report(session, calendar.url, free_busy_query(window))
        if answer.status != _OK:
            self._free_busy_only.pop(origin, None)
            raise failure_of(answer)
        found = await asyncio.to_thread(_by_server, answer.body, window, by_status=by_status)
        self._free_busy_only[origin] = None
        while len(self._free_busy_only) > _MAX_ORIGINS:
            self._free_busy_only.popitem(last=False)
        return found


async def _report(session: Session, url: str, body: bytes) -> Answer:
    return await session.send(Request("REPORT", url, {"Content-Type": _XML, "Depth": "1"}, body))


async def _put(session: Session, url: str, body: bytes, condition: str, value: str) -> Answer:
    return await session.send(Request("PUT", url, {"Content-Type": _OBJECT, condition: value}, body))


async def _own(session: Session, url: str, uid: str, marker: str) -> tuple[EntryState, str] | None:
    """Read our entry and its version, None if it is gone; raises Permanent("not_ours") for any other."""
    answer = await session.send(Request("GET", url))
    if answer.status in _GONE:
        return None
    if answer.status != _OK:
        raise failure_of(answer)
    state, etag = own_state(answer.body, uid, marker), answer.headers.get("etag")
    if not etag:
        # Without a version nothing says that what we replace is still what we have looked at.
        raise Permanent("no_etag")
    return state, etag


def _is_written(answer: Answer) -> bool:
    """Say whether a server did as it was told; a page to read is somebody else's yes to something else."""
    if answer.status in _WRITTEN and "html" in answer.headers.get("content-type", "").lower():
        raise Transient(UNREADABLE)
    return answer.status in _WRITTEN


def _by_entries(body: bytes, zone: str | None, window: Span, *, by_status: bool) -> BusyTimes:
    try:
        entries = (
            one
            for data in calendar_data(body)
            for one in kinds(timed(calendars(data), zone, by_status=by_status), window)
        )
        return BusyTimes.of(entries, window, by_status=by_status)
    except Unreadable:
        raise Permanent("calendar_unreadable") from None


def _by_server(body: bytes, window: Span, *, by_status: bool) -> BusyTimes:
    try:
        found = free_busy(calendars(body), window, by_status=by_status)
        return BusyTimes.of(found, window, by_status=by_status)
    except Unreadable:
        raise Transient(UNREADABLE) from None


def _check_trust(session: Session, url: str) -> None:
    if not session.trusts(url):
        raise Permanent(ELSEWHERE)


def _entry_url(calendar_url: str, uid: str) -> str:
    parts = urlsplit(calendar_url)
    path = f"{parts.path.rstrip('/')}/{quote(uid, safe='')}.ics"
    return urlunsplit((parts.scheme, parts.netloc, path, "", ""))


def _first(failures: BaseExceptionGroup[ProviderFailed]) -> ProviderFailed:
    """Pick the failure to tell of: a refused secret before all others."""
    failure = (failures.subgroup(Revoked) or failures).exceptions[0]
    return failure if isinstance(failure, ProviderFailed) else _first(failure)

"""Calendars as feeds: one address, read again and again, never written."""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit

from domain.calendars import Entry, EntryRef, EntrySpot, EntryState
from domain.intervals import Span
from domain.statuses import BusyTimes
from integrations.failures import ELSEWHERE, failure_of
from integrations.http import UNREADABLE, Answer, Credentials, Request, SafeHttp, Session
from integrations.ical_busy import TimedCalendar, kinds, own_zone, timed
from integrations.ical_lines import NAME, OUTLOOK, Unreadable, calendars
from integrations.ports import Account, BusyAt, Permanent, RemoteCalendar, Transient

READ_ONLY = "read_only"

_DISCOVER_S = 10.0
_OK = 200
_UNCHANGED = 304
_REDIRECTS = frozenset({301, 302, 307, 308})
_MAX_HOPS = 4
_MAX_KEPT = 64
_MAX_KEPT_ENTRIES = 5000
_WEBCAL = ("webcal://", "webcals://")
_VALIDATORS = (("etag", "If-None-Match"), ("last-modified", "If-Modified-Since"))


@dataclass(frozen=True, slots=True)
class _Kept:
    """The times of a feed as it was read last, and what to ask with whether it still is so."""

    conditions: dict[str, str] = field(repr=False)
    calendar: TimedCalendar = field(repr=False)


class IcsFeeds:
    """The CalendarPort of feeds.

    Times of the last feeds are kept in memory, never used before the feed has said that they still hold.
    """

    def __init__(self, http: SafeHttp) -> None:
        self._http = http
        self._kept: OrderedDict[tuple[bytes, str | None, bool], _Kept] = OrderedDict()

    async def discover(self, account: Account) -> tuple[RemoteCalendar, ...]:
        """Read a feed once: it is its own only calendar."""
        async with self._session(account, _DISCOVER_S) as session:
            answer = await _get(session, _https(account.url), {})
        if answer.status != _OK:
            raise failure_of(answer)
        name, zone = await asyncio.to_thread(_described, answer.body)
        host = urlsplit(account.url).hostname or ""
        return (RemoteCalendar(account.url, name or host, zone, is_writable=False),)

    async def busy(
        self,
        account: Account,
        calendars: Sequence[BusyAt],
        window: Span,
        *,
        by_status: bool = False,
        deadline_s: float = 10,
    ) -> tuple[BusyTimes, ...]:
        """Read the feed, or hear that it is as it was."""
        async with self._session(account, deadline_s) as session:
            found = [
                await self._busy_at(session, calendar, window, by_status=by_status) for calendar in calendars
            ]
        return tuple(found)

    async def put_entry(self, account: Account, spot: EntrySpot, entry: Entry) -> EntryRef:
        """Refuse: a feed is not written to."""
        del account, spot, entry
        raise Permanent(READ_ONLY)

    async def delete_entry(self, account: Account, spot: EntrySpot) -> None:
        """Refuse: a feed is not written to."""
        del account, spot
        raise Permanent(READ_ONLY)

    async def find_entry(self, account: Account, spot: EntrySpot) -> EntryState | None:
        """Find nothing: no entry of ours stands in a feed."""
        del account, spot

    @asynccontextmanager
    async def _session(self, account: Account, deadline_s: float) -> AsyncGenerator[Session]:
        is_open = not account.username and not account.secret.reveal()
        origin = self._http.origin(_https(account.url))
        credentials = None if is_open else Credentials(origin, account.username, account.secret)
        async with self._http.session(deadline_s, credentials) as session:
            yield session

    async def _busy_at(
        self, session: Session, calendar: BusyAt, window: Span, *, by_status: bool
    ) -> BusyTimes:
        url = _https(calendar.url)
        key = hashlib.sha256(url.encode()).digest(), calendar.zone, by_status
        kept = self._kept.pop(key, None)
        answer = await _get(session, url, kept.conditions if kept else {})
        if kept is None or answer.status != _UNCHANGED:
            kept = await _read(answer, calendar.zone, by_status=by_status)
        found = await asyncio.to_thread(_busy, kept.calendar, window, by_status=by_status)
        if kept.conditions and len(kept.calendar.entries) <= _MAX_KEPT_ENTRIES:
            self._kept[key] = kept
            while len(self._kept) > _MAX_KEPT:
                self._kept.popitem(last=False)
        return found


async def _get(session: Session, url: str, conditions: dict[str, str]) -> Answer:
    for _ in range(_MAX_HOPS):
        if not session.trusts(url):
            raise Permanent(ELSEWHERE)
        answer = await session.send(Request("GET", url, {"Accept": "text/calendar", **conditions}))
        if answer.status not in _REDIRECTS or "location" not in answer.headers:
            return answer
        try:
            url = _https(urljoin(url, answer.headers["location"]))
        except ValueError:
            raise Permanent(ELSEWHERE) from None
    raise Permanent("redirected")


async def _read(answer: Answer, zone: str | None, *, by_status: bool) -> _Kept:
    if answer.status != _OK:
        raise failure_of(answer)
    conditions = {name: answer.headers[header] for header, name in _VALIDATORS if header in answer.headers}
    return _Kept(conditions, await asyncio.to_thread(_timed, answer.body, zone, by_status=by_status))


def _timed(body: bytes, zone: str | None, *, by_status: bool = False) -> TimedCalendar:
    try:
        found = calendars(body, also=OUTLOOK if by_status else frozenset())
    except Unreadable:
        # A page that asks to sign in, or half of a feed: it may be well again soon.
        raise Transient(UNREADABLE) from None
    try:
        return timed(found, zone, by_status=by_status)
    except Unreadable:
        raise Permanent("calendar_unreadable") from None


def _busy(calendar: TimedCalendar, window: Span, *, by_status: bool) -> BusyTimes:
    try:
        return BusyTimes.of(kinds(calendar, window), window, by_status=by_status)
    except Unreadable:
        raise Permanent("calendar_unreadable") from None


def _described(body: bytes) -> tuple[str, str | None]:
    """Give the name and the zone by which a feed calls itself, after all of its times were read."""
    _timed(body, None)
    found = calendars(body, also=NAME)
    names = [named.value for calendar in found for named in calendar.all("X-WR-CALNAME")]
    return (names[0].replace("\\", "") if names else ""), own_zone(found)


def _https(url: str) -> str:
    for scheme in _WEBCAL:
        if url.lower().startswith(scheme):
            return f"https://{url[len(scheme) :]}"
    return url

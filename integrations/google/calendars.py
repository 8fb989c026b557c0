"""The adapter: each method of the ports is a few calls of Google's calendar API, each with a mask."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from urllib.parse import quote, urlencode

import orjson

from domain.calendars import Entry, EntryRef, EntrySpot, EntryState
from domain.errors import InvalidInput
from domain.intervals import Span, instant_of, minute_of
from domain.statuses import PLAIN, BusyTimes, Kind
from domain.zones import zone
from integrations.google.answers import (
    FORBIDDEN,
    SCOPE_MISSING,
    failure,
    fields,
    is_duplicate,
    items,
    read_json,
    text,
    unreadable,
)
from integrations.google.busy import FREE_BUSY, Piece, busy_spans, pieces, question
from integrations.google.entries import (
    MARKED,
    OWN,
    WRITTEN,
    Own,
    at_midnight,
    entry_id,
    is_deleted,
    news,
    own,
    recognised,
    told,
    whole,
)
from integrations.google.statuses import Page, kinds
from integrations.google.watches import started, stopping, wanted
from integrations.http import Answer, Bearer, Request, SafeHttp, Session
from integrations.ports import (
    Account,
    BusyAt,
    Expired,
    Hook,
    Permanent,
    ProviderFailed,
    RemoteCalendar,
    Revoked,
    Transient,
    Watch,
)

_LISTED = "nextPageToken,items(id,summary,summaryOverride,timeZone,accessRole,deleted)"
_MOST_PAGES = 40
_PER_PAGE = 250
_DISCOVER_S = 10.0
_WRITE_S = 20.0
_TRIES = 3
_OK = 200
_NO_CONTENT = 204
_NOT_FOUND = 404
_GONE = frozenset({404, 410})
_CHANGED = 412
_Entries = Mapping[str, Sequence[tuple[Kind, Span]]]  # by the ids of their calendars


class GoogleCalendars:
    """The CalendarPort and WatchPort of Google.

    `api` is the address of the calendar API (v3); an access token goes there and nowhere else, whatever
    address stands in an account.
    """

    def __init__(self, http: SafeHttp, api: str) -> None:
        self._http = http
        self._api = api.rstrip("/")

    async def discover(self, account: Account) -> tuple[RemoteCalendar, ...]:
        """Name the calendars in an account's list, all pages of it; those that its user owns are writable."""
        found: dict[str, RemoteCalendar] = {}
        query = {"maxResults": str(_PER_PAGE), "fields": _LISTED}
        async with self._session(account, _DISCOVER_S) as session:
            for _ in range(_MOST_PAGES):
                page = read_json(await self._get(session, "/users/me/calendarList", query))
                for item in items(page.get("items", [])):
                    if calendar := _calendar(fields(item)):
                        found[calendar.url] = calendar
                query["pageToken"] = text(page.get("nextPageToken"))
                if not query["pageToken"]:
                    break
            else:
                raise unreadable()  # a list without an end is none
        if not found:
            raise Permanent("no_calendars")
        return tuple(found.values())

    async def busy(
        self,
        account: Account,
        calendars: Sequence[BusyAt],
        window: Span,
        *,
        by_status: bool = False,
        deadline_s: float = 10,
    ) -> tuple[BusyTimes, ...]:
        """Ask for all calendars at once; Google places their whole days, so their zones are not needed.

        By status the entries of those calendars are listed that the user owns: our access to others is to
        free and busy times alone.
        """
        listed = {one.url for one in calendars if one.is_writable} if by_status else set[str]()
        plain = [one.url for one in calendars if one.url not in listed]
        is_empty = window[0] >= window[1]
        async with self._session(account, deadline_s) as session:
            try:
                async with asyncio.TaskGroup() as group:
                    asked = [
                        group.create_task(self._kinds_in(session, calendar_id, window))
                        for calendar_id in listed
                        if not is_empty
                    ]
                    asked += [
                        group.create_task(self._busy_in(session, piece)) for piece in pieces(plain, window)
                    ]
            except* ProviderFailed as failures:
                failed = _first(failures)
            else:
                found: dict[str, list[tuple[Kind, Span]]] = {one.url: [] for one in calendars if is_empty}
                for calendar_id, entries in (one for task in asked for one in task.result().items()):
                    found.setdefault(calendar_id, []).extend(entries)
                return tuple(BusyTimes.of(found[one.url], window) for one in calendars)
        raise failed

    async def put_entry(self, account: Account, spot: EntrySpot, entry: Entry) -> EntryRef:
        """Write an entry under an id of our own; of one that stands, only what is new is changed."""
        made_id = entry_id(spot)
        is_known = spot.remote_id is not None
        async with self._session(account, _WRITE_S) as session:
            for _ in range(_TRIES):
                if not is_known:
                    answer = await self._insert(session, spot, whole(entry, made_id))
                    if not is_duplicate(answer):
                        return told(read_json(answer), made_id).ref(made_id)
                there = await self._read(session, spot, made_id, OWN)
                is_known = there is not None
                if there is None:
                    continue
                stands = own(there, made_id, spot.marker)
                change = news(stands, spot, entry)
                if not change:
                    return stands.told.ref(made_id)
                answer = await self._patch(session, spot, made_id, stands, change)
                if answer.status not in {*_GONE, _CHANGED}:
                    return told(read_json(answer), made_id).ref(made_id)
        raise Transient("changed_meanwhile")

    async def delete_entry(self, account: Account, spot: EntrySpot) -> None:
        """Remove an entry of ours, as the version that we have recognised."""
        made_id = entry_id(spot)
        async with self._session(account, _WRITE_S) as session:
            for _ in range(_TRIES):
                there = await self._read(session, spot, made_id, MARKED)
                if there is None or is_deleted(there):
                    return
                etag = recognised(there, made_id, spot.marker)
                url = self._url(_entry_path(spot, made_id), {"sendUpdates": "none"})
                answer = await session.send(Request("DELETE", url, {"If-Match": etag}))
                if answer.status in {_NO_CONTENT, *_GONE}:
                    return
                if answer.status != _CHANGED:
                    raise failure(answer)
        raise Transient("changed_meanwhile")

    async def find_entry(self, account: Account, spot: EntrySpot) -> EntryState | None:
        """Say how an entry of ours stands; its times are in whole minutes, and it has no number."""
        made_id = entry_id(spot)
        async with self._session(account, _WRITE_S) as session:
            there = await self._read(session, spot, made_id, OWN)
            if there is None:
                # Of a calendar that is gone, or shared no longer, nobody can say that an entry was deleted.
                await self._zone(session, spot.calendar_url)
                return None
            if is_deleted(there):
                return None
            stands = own(there, made_id, spot.marker)
            start, end = [await self._minute(session, spot, at) for at in (stands.start, stands.end)]
        return EntryState(start, end)

    async def watch(self, account: Account, calendar_url: str, hook: Hook) -> Watch:
        """Open a channel on a calendar's entries; an id serves once, also if its answer was lost."""
        path = f"{_calendar_path(calendar_url)}/events/watch"
        url = self._url(path, {"fields": "id,resourceId,expiration"})
        async with self._session(account, _WRITE_S) as session:
            answer = await session.send(_posted(url, wanted(hook)))
        return started(read_json(answer), hook)

    async def prolong(self, account: Account, watch: Watch, ends_at: datetime) -> Watch | None:
        """Give None: Google prolongs nothing, a new channel is opened and the old one stopped."""
        del account, watch, ends_at

    async def stop(self, account: Account, watch: Watch) -> None:
        """Stop a channel, by the account that opened it."""
        async with self._session(account, _WRITE_S) as session:
            answer = await session.send(_posted(self._url("/channels/stop", {}), stopping(watch)))
        if answer.status not in {_OK, _NO_CONTENT, *_GONE}:
            raise failure(answer)

    @asynccontextmanager
    async def _session(self, account: Account, deadline_s: float) -> AsyncGenerator[Session]:
        bearer = Bearer(self._http.origin(self._api), account.secret)
        async with self._http.session(deadline_s, bearer) as session:
            yield session

    async def _busy_in(self, session: Session, piece: Piece) -> _Entries:
        answer = await session.send(_posted(f"{self._api}{FREE_BUSY}", question(piece)))
        found = busy_spans(read_json(answer), piece)
        return {calendar_id: [(PLAIN, span) for span in spans] for calendar_id, spans in found.items()}

    async def _kinds_in(self, session: Session, calendar_id: str, window: Span) -> _Entries:
        """List what is in a calendar; where its user denied us that, ask when it is busy."""

        async def read(query: Mapping[str, str]) -> Page:
            return read_json(await self._get(session, f"{_calendar_path(calendar_id)}/events", query))

        try:
            return {calendar_id: await kinds(read, window)}
        except (Revoked, Permanent) as refused:
            if refused.reason not in (SCOPE_MISSING, FORBIDDEN):
                raise
        parts = [await self._busy_in(session, piece) for piece in pieces([calendar_id], window)]
        return {calendar_id: [one for part in parts for one in part[calendar_id]]}

    async def _insert(self, session: Session, spot: EntrySpot, body: dict[str, object]) -> Answer:
        url = self._url(f"{_calendar_path(spot.calendar_url)}/events", _writing(body))
        return await session.send(_posted(url, orjson.dumps(body)))

    async def _patch(
        self, session: Session, spot: EntrySpot, made_id: str, stands: Own, body: dict[str, object]
    ) -> Answer:
        url = self._url(_entry_path(spot, made_id), _writing(body))
        headers = {"Content-Type": "application/json", "If-Match": stands.told.etag}
        return await session.send(Request("PATCH", url, headers, orjson.dumps(body)))

    async def _read(
        self, session: Session, spot: EntrySpot, made_id: str, mask: str
    ) -> Mapping[str, object] | None:
        answer = await self._get(session, _entry_path(spot, made_id), {"fields": mask})
        return None if answer.status in _GONE else read_json(answer)

    async def _minute(self, session: Session, spot: EntrySpot, at: datetime | date | None) -> datetime:
        """Give an instant as whole minutes; a date begins in its calendar's zone, which is asked for then."""
        if at is None:
            raise unreadable()
        if isinstance(at, datetime):
            return instant_of(minute_of(at.astimezone(UTC)))
        try:
            return at_midnight(at, zone(await self._zone(session, spot.calendar_url)))
        except InvalidInput:
            raise unreadable() from None

    async def _zone(self, session: Session, calendar_id: str) -> str:
        path = f"/users/me/calendarList/{quote(calendar_id, safe='')}"
        return text(read_json(await self._get(session, path, {"fields": "id,timeZone"})).get("timeZone"))

    async def _get(self, session: Session, path: str, query: Mapping[str, str]) -> Answer:
        return await session.send(Request("GET", self._url(path, query)))

    def _url(self, path: str, query: Mapping[str, str]) -> str:
        return f"{self._api}{path}?{urlencode(query)}" if query else f"{self._api}{path}"


def _calendar(item: Mapping[str, object]) -> RemoteCalendar | None:
    """Read one calendar of the list; None for one that is no longer in it."""
    calendar_id, role = text(item.get("id")), text(item.get("accessRole"))
    if item.get("deleted") is True:
        return None
    if not calendar_id or not role:
        raise unreadable()
    try:
        named = zone(text(item.get("timeZone"))).key
    except InvalidInput:
        named = None
    name = text(item.get("summaryOverride")) or text(item.get("summary")) or calendar_id
    is_owned = role == "owner"
    return RemoteCalendar(calendar_id, name, named, is_writable=is_owned, is_own=is_owned)


def _posted(url: str, body: bytes) -> Request:
    return Request("POST", url, {"Content-Type": "application/json"}, body)


def _writing(body: Mapping[str, object]) -> dict[str, str]:
    """Give the query of a write: nobody is written to by Google, and meetings are made only if asked for."""
    query = {"sendUpdates": "none", "fields": WRITTEN}
    return query | ({"conferenceDataVersion": "1"} if "conferenceData" in body else {})


def _calendar_path(calendar_id: str) -> str:
    return f"/calendars/{quote(calendar_id, safe='')}"


def _entry_path(spot: EntrySpot, made_id: str) -> str:
    return f"{_calendar_path(spot.calendar_url)}/events/{made_id}"


def _first(failures: BaseExceptionGroup[ProviderFailed]) -> ProviderFailed:
    """Pick the failure to tell of: one that a person or a new token mends before all others."""
    mendable = failures.subgroup((Expired, Revoked)) or failures.subgroup(Permanent)
    found = (mendable or failures).exceptions[0]
    return found if isinstance(found, ProviderFailed) else _first(found)

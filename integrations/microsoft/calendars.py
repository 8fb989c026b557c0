"""Microsoft's calendars as our port: what an account has, when it is busy, our entries, and watches.

Busy times come from `calendarView`, which gives only what `$select` names. `getSchedule` looks made for
it, but it cannot be narrowed: it tells the subjects and places of one's own entries. It also knows the
default calendar alone, and less than 62 days, and nothing of personal accounts.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from weakref import WeakValueDictionary

from domain.calendars import Entry, EntryMeeting, EntryRef, EntrySpot, EntryState
from domain.intervals import Span
from domain.statuses import BusyTimes
from integrations.http import Bearer, SafeHttp
from integrations.microsoft import watches, writing
from integrations.microsoft.answers import Fields, ZoneRefused, perhaps, text, unreadable
from integrations.microsoft.api import CALLS_AT_ONCE, Api
from integrations.microsoft.busy import kinds_at
from integrations.ports import (
    Account,
    BusyAt,
    Expired,
    Hook,
    Permanent,
    ProviderFailed,
    RemoteCalendar,
    Revoked,
    Secret,
    Watch,
)

_DISCOVER_S = 10.0
_WRITE_S = 20.0
_WATCH_S = 30.0  # Graph asks our two addresses meanwhile, and gives each ten seconds


class MicrosoftCalendars:
    """The CalendarPort and the WatchPort of Microsoft Graph; `base_url` is its address with the version."""

    def __init__(self, http: SafeHttp, base_url: str, clock: Callable[[], datetime]) -> None:
        self._http = http
        self._base = base_url.rstrip("/")
        self._clock = clock
        self._turns: WeakValueDictionary[Secret, asyncio.Semaphore] = WeakValueDictionary()

    async def discover(self, account: Account) -> tuple[RemoteCalendar, ...]:
        """Name the calendars that the user sees, shared and delegated ones among them (R103).

        None has a zone of its own: to ask for the mailbox's would take a further permission.
        """
        query = {"$select": "id,name,canEdit,isDefaultCalendar,owner", "$top": "100"}
        async with self._api(account, _DISCOVER_S) as api:
            found = await api.pages("/me/calendars", query)
        return _calendars(found)

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
        async with self._api(account, deadline_s) as api:
            try:
                async with asyncio.TaskGroup() as group:
                    asked = [
                        group.create_task(kinds_at(api, calendar, window, by_status=by_status))
                        for calendar in calendars
                    ]
            except* ProviderFailed as failures:
                failure = _first(failures)
            else:
                return tuple(BusyTimes.of(task.result(), window, by_status=by_status) for task in asked)
        raise failure

    async def put_entry(self, account: Account, spot: EntrySpot, entry: Entry) -> EntryRef:
        """Write an entry, or bring ours up to date; Permanent("meeting_not_offered") where none is made."""
        if entry.meeting not in (None, EntryMeeting.TEAMS):
            raise Permanent("meeting_not_offered")
        async with self._api(account, _WRITE_S) as api:
            try:
                return await writing.put(api, spot, entry)
            except ZoneRefused:
                return await writing.put(api, spot, replace(entry, zone="UTC"))

    async def delete_entry(self, account: Account, spot: EntrySpot) -> None:
        """Remove an entry of ours, wherever in the mailbox the host has moved it."""
        async with self._api(account, _WRITE_S) as api:
            await writing.delete(api, spot)

    async def find_entry(self, account: Account, spot: EntrySpot) -> EntryState | None:
        """Say how an entry of ours stands."""
        async with self._api(account, _WRITE_S) as api:
            own = await writing.find(api, spot)
        return own.state if own is not None else None

    async def watch(self, account: Account, calendar_url: str, hook: Hook) -> Watch:
        """Begin to watch a calendar, for a week at most."""
        async with self._api(account, _WATCH_S) as api:
            return await watches.begin(api, calendar_url, hook, self._clock())

    async def prolong(self, account: Account, watch: Watch, ends_at: datetime) -> Watch | None:
        """Let a watch last longer, a week from now at most; None if it is gone."""
        async with self._api(account, _WATCH_S) as api:
            return await watches.prolong(api, watch, ends_at, self._clock())

    async def stop(self, account: Account, watch: Watch) -> None:
        """End a watch."""
        async with self._api(account, _WATCH_S) as api:
            await watches.stop(api, watch)

    @asynccontextmanager
    async def _api(self, account: Account, deadline_s: float) -> AsyncGenerator[Api]:
        """Open a session; all that are open for one account at a time share its few calls."""
        turns = self._turns.setdefault(account.secret, asyncio.Semaphore(CALLS_AT_ONCE))
        credentials = Bearer(self._http.origin(self._base), account.secret)
        async with self._http.session(deadline_s, credentials) as session:
            yield Api(session, self._base, turns)


def _calendars(found: Sequence[Fields]) -> tuple[RemoteCalendar, ...]:
    """Read calendars; without the default one nobody could say which are the user's own.

    A calendar of their own that they cannot write to is a feed, of holidays or birthdays.
    """
    default = next((each for each in found if each.get("isDefaultCalendar") is True), None)
    if default is None:
        raise unreadable()
    owner = _owner(default)
    return tuple(
        RemoteCalendar(
            text(each, "id"),
            perhaps(each, "name") or "",
            None,
            is_writable=(is_writable := each.get("canEdit") is True),
            is_own=each is default or (is_writable and owner is not None and _owner(each) == owner),
        )
        for each in found
    )


def _owner(calendar: Fields) -> str | None:
    address = perhaps(calendar, "owner", "address")
    return address.lower() if address is not None else None


def _first(failures: BaseExceptionGroup[ProviderFailed]) -> ProviderFailed:
    """Pick the failure to tell of: a token or a permission that is refused before all others."""
    worst = failures.subgroup(Expired) or failures.subgroup(Revoked) or failures
    failure = worst.exceptions[0]
    return failure if isinstance(failure, ProviderFailed) else _first(failure)

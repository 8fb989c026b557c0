"""Google's side of the contract suite: one account whose primary calendar lies in UTC."""

import contextlib
import json
from collections.abc import AsyncGenerator, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from domain.calendars import Provider
from domain.statuses import BusyStatus, Kind
from integrations.google import GoogleCalendars
from integrations.http import SafeHttp
from integrations.ports import Account, CalendarPort, RemoteCalendar, Secret
from tests.fakes.google import API, GoogleFake
from tests.fakes.google_state import READER, Event, GoogleCalendar, instants, spelled
from tests.fakes.kit import Fault, served
from tests.fakes.oauth import Person
from tests.fakes.sides import CANARY

EMAIL = "ada@example.com"
_WRITES = frozenset({"events.insert", "events.patch"})
_METHODS = {
    "discover": "calendarList.list",
    "busy": "freebusy.query",
    "put": "put",
    "delete": "events.delete",
    "find": "events.get",
}


_MARKS: dict[BusyStatus, dict[str, Any]] = {
    BusyStatus.BUSY: {},
    BusyStatus.TENTATIVE: {"status": "tentative"},
    BusyStatus.WORKING_ELSEWHERE: {
        "eventType": "workingLocation",
        "transparency": "transparent",
        "workingLocationProperties": {"type": "customLocation", "customLocation": {"label": CANARY}},
    },
    BusyStatus.OUT_OF_OFFICE: {
        "eventType": "outOfOffice",
        "outOfOfficeProperties": {"declineMessage": CANARY},
    },
    BusyStatus.FREE: {"transparency": "transparent"},
}


class _Grouped(GoogleFake):
    """Google, where a fault of "put" befalls the next write of an entry, whichever operation that is."""

    def _next_fault(self, operation: str) -> Fault | None:
        if operation in _WRITES and self._faults["put"]:
            return self._faults["put"].popleft()
        return super()._next_fault(operation)


class GoogleSide:
    """The host's own side of a Google account; foreign entries carry what Google's own forms can hold."""

    def __init__(self, fake: GoogleFake) -> None:
        self.fake = fake
        self._foreign: list[str] = []
        self._holidays = fake.add_calendar(EMAIL, "Holidays", zone="Europe/Berlin", role=READER)
        self._token = fake.allows(EMAIL)

    @property
    def adapter(self) -> CalendarPort:
        """The adapter, as wiring makes it."""
        return GoogleCalendars(SafeHttp(allow_loopback=True), self.fake.url + API)

    @property
    def account(self) -> Account:
        """The account, with an access token that holds."""
        return Account(Provider.GOOGLE, self.fake.url + API, "", Secret(self._token))

    @property
    def calendar_url(self) -> str:
        """The id of the primary calendar."""
        return EMAIL

    @property
    def calendar(self) -> GoogleCalendar:
        """The primary calendar as it stands."""
        return self.fake.calendars[EMAIL]

    def add(
        self,
        start: datetime,
        end: datetime,
        *,
        is_free: bool = False,
        is_cancelled: bool = False,
        is_declined: bool = False,
        is_all_day: bool = False,
    ) -> None:
        """Put a foreign entry; whole days are those of UTC that the times touch."""
        answer = "declined" if is_declined else "accepted"
        more: dict[str, Any] = {
            "summary": CANARY,
            "description": CANARY,
            "location": CANARY,
            "attendees": [
                {"email": EMAIL, "self": True, "responseStatus": answer},
                {"email": f"{CANARY}@example.com", "displayName": CANARY, "responseStatus": "accepted"},
            ],
            "attachments": [{"title": CANARY, "fileUrl": f"https://drive.example.com/{CANARY}"}],
            "extendedProperties": {"private": {"other": CANARY}},
            "transparency": "transparent" if is_free else "opaque",
            "status": "cancelled" if is_cancelled else "confirmed",
        }
        if is_all_day:
            last = (end.astimezone(UTC) - timedelta(microseconds=1)).date()
            made = self.calendar.add_days(start.astimezone(UTC).date(), last + timedelta(days=1), **more)
        else:
            made = self.calendar.add(start, end, **more)
        self._foreign.append(made)

    def mark(self, start: datetime, end: datetime, kind: Kind) -> bool:
        """Put a foreign entry of a kind; out of office has times of day at Google, whatever its length."""
        more: dict[str, Any] = {"summary": CANARY, "description": CANARY, **_MARKS[kind.status]}
        if kind == Kind(BusyStatus.OUT_OF_OFFICE, is_all_day=True):
            return False
        if kind.is_all_day:
            made = self.calendar.add_days(start.astimezone(UTC).date(), end.astimezone(UTC).date(), **more)
        else:
            made = self.calendar.add(start, end, **more)
        self._foreign.append(made)
        return True

    def foreign(self) -> bytes:
        """All foreign entries as they stand."""
        stands = [self.calendar.events.get(event_id) for event_id in self._foreign]
        return json.dumps(stands, sort_keys=True).encode()

    def ours(self) -> Sequence[tuple[datetime, datetime, str]]:
        """Our entries that stand."""
        return sorted((*instants(event, "UTC"), event.get("summary", "")) for event in self._ours())

    def host_retitles(self, title: str) -> None:
        """Let the host give our only entry another title."""
        self.calendar.edit(self._only()["id"], summary=title)

    def host_deletes(self) -> None:
        """Let the host delete our only entry."""
        self.calendar.delete(self._only()["id"])

    def host_moves(self, start: datetime, end: datetime) -> None:
        """Let the host move our only entry."""
        times = {"start": {"dateTime": spelled(start)}, "end": {"dateTime": spelled(end)}}
        self.calendar.edit(self._only()["id"], **times)

    def fails(self, method: str, *faults: Fault) -> None:
        """Let the next requests behind a port's method go wrong."""
        self.fake.fails(_METHODS[method], *faults)

    def revokes(self) -> None:
        """Take our access away."""
        self.fake.revokes_all(EMAIL)

    def violations(self) -> Sequence[str]:
        """List what our client did that no client of Google may do."""
        return self.fake.violations

    def calendars(self) -> Sequence[RemoteCalendar]:
        """List what `discover` is to answer."""
        return (
            RemoteCalendar(EMAIL, EMAIL, "UTC", is_writable=True, is_own=True),
            RemoteCalendar(self._holidays.id, "Holidays", "Europe/Berlin", is_writable=False, is_own=False),
        )

    def _ours(self) -> list[Event]:
        return [event for event in self.calendar.standing() if event["id"] not in self._foreign]

    def _only(self) -> Event:
        [only] = self._ours()
        return only


@contextlib.asynccontextmanager
async def google_side(
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> AsyncGenerator[GoogleSide]:
    """Serve Google, and give the host's side of an account there."""
    fake = _Grouped([Person("1001", EMAIL, "Ada")], clock)
    side = GoogleSide(fake)
    async with served(fake):
        yield side

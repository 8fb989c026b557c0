"""A host's side of a Microsoft 365 account, for the contract suite."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from domain.calendars import Provider
from domain.statuses import BusyStatus, Kind
from integrations.http import SafeHttp
from integrations.microsoft import MicrosoftCalendars
from integrations.ports import Account, RemoteCalendar, Secret
from tests.clock import NOW
from tests.fakes.graph import GraphFake
from tests.fakes.graph_sign_in import SCOPES
from tests.fakes.graph_state import CalendarState, EventState
from tests.fakes.kit import Fault, served
from tests.fakes.oauth import Person

HOST = "ada@example.com"
_MARKS = {BusyStatus.OUT_OF_OFFICE: "oof", BusyStatus.WORKING_ELSEWHERE: "workingElsewhere"}
_OPERATIONS = {
    "discover": "calendars",
    "busy": "view",
    "put": "put",
    "delete": "event.delete",
    "find": "find",
}


class MicrosoftSide:
    """One work account with its default calendar, at a fake that is served; a `Side`."""

    def __init__(self, fake: GraphFake, scopes: frozenset[str] = SCOPES) -> None:
        self.fake = fake
        self._grant = fake.grant(HOST, scopes)
        self._adapter = MicrosoftCalendars(SafeHttp(allow_loopback=True), self._api_url, fake.clock)

    @property
    def _api_url(self) -> str:
        return f"{self.fake.url}/graph/v1.0"

    @property
    def adapter(self) -> MicrosoftCalendars:
        """The adapter under test; it is also the WatchPort."""
        return self._adapter

    @property
    def account(self) -> Account:
        """The account, with an access token that holds."""
        return Account(Provider.MICROSOFT, self._api_url, "", Secret(next(iter(self._grant.access))))

    @property
    def calendar(self) -> CalendarState:
        """The default calendar as it stands at the fake."""
        return self.fake.mailboxes[HOST].calendars[0]

    @property
    def calendar_url(self) -> str:
        """Its id."""
        return self.calendar.id

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
        """Put a foreign entry."""
        response = "declined" if is_declined else "accepted"
        self.calendar.add(
            start.astimezone(UTC).date() if is_all_day else start,
            end.astimezone(UTC).date() if is_all_day else end,
            showAs="free" if is_free else "busy",
            isCancelled=is_cancelled,
            responseStatus={"response": response, "time": "2026-03-01T08:00:00Z"},
        )

    def mark(self, start: datetime, end: datetime, kind: Kind) -> bool:
        """Put a foreign entry of a kind."""
        self.calendar.add(
            start.astimezone(UTC).date() if kind.is_all_day else start,
            end.astimezone(UTC).date() if kind.is_all_day else end,
            showAs=_MARKS.get(kind.status, kind.status.value),
        )
        return True

    def foreign(self) -> bytes:
        """All foreign entries as they stand."""
        events = sorted(self._events(is_ours=False), key=lambda event: event.number)
        return "\n".join(repr(event) for event in events).encode()

    def ours(self) -> Sequence[tuple[datetime, datetime, str]]:
        """Our entries that stand."""
        events = self._events(is_ours=True)
        return sorted((*event.bounds(), event.properties["subject"]) for event in events)

    def host_retitles(self, title: str) -> None:
        """Give our only entry another title."""
        self._our_event().properties["subject"] = title
        self._our_event().version += 1

    def host_deletes(self) -> None:
        """Delete our only entry."""
        event = self._our_event()
        for calendar in self.fake.mailboxes[HOST].calendars:
            calendar.events.pop(event.id, None)

    def host_moves(self, start: datetime, end: datetime) -> None:
        """Move our only entry to another time."""
        event = self._our_event()
        event.start, event.end = start, end
        event.version += 1

    def fails(self, method: str, *faults: Fault) -> None:
        """Let requests behind a port's method go wrong; for `put` those that create or change."""
        self.fake.fails(_OPERATIONS[method], *faults)

    def revokes(self) -> None:
        """Take our access away."""
        self.fake.revokes_all(HOST)

    def violations(self) -> Sequence[str]:
        """List what our client did wrong."""
        return self.fake.violations

    def calendars(self) -> Sequence[RemoteCalendar]:
        """List what `discover` is to answer: Graph tells no zones."""
        return [
            RemoteCalendar(each.id, each.name, None, is_writable=each.can_edit, is_own=each.owner == HOST)
            for each in self.fake.mailboxes[HOST].calendars
        ]

    def _our_event(self) -> EventState:
        [event] = self._events(is_ours=True)
        return event

    def _events(self, *, is_ours: bool) -> list[EventState]:
        calendars = self.fake.mailboxes[HOST].calendars
        return [
            event for calendar in calendars for event in calendar.events.values() if event.is_ours == is_ours
        ]


@asynccontextmanager
async def microsoft_side() -> AsyncGenerator[MicrosoftSide]:
    """Serve a fake, and give the side of its one host; the fake's clock stands still."""
    fake = GraphFake([Person("aad-subject-1", HOST, "Ada")], lambda: NOW)
    async with served(fake):
        yield MicrosoftSide(fake)

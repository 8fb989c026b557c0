"""The host's side of a Zoom account, for the contract suite."""

import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from domain.calendars import Provider
from domain.statuses import BusyStatus, Kind
from integrations.http import SafeHttp
from integrations.ports import Account, RemoteCalendar, Secret
from integrations.zoom import ZoomCalendars
from tests.fakes.kit import Fault, served
from tests.fakes.oauth import Person
from tests.fakes.sides import CANARY
from tests.fakes.zoom import ZoomFake
from tests.fakes.zoom_state import Event, ZoomCalendar, zulu

HOST = Person("zoom-user-1", "host@example.com")
_MARK = "slotgraph:"


class ZoomSide:
    """One account at a Zoom that is served."""

    def __init__(self, fake: ZoomFake) -> None:
        self.fake = fake
        url = f"{fake.url}/zoom/v2"
        self.adapter = ZoomCalendars(SafeHttp(allow_loopback=True), url, fake.clock)
        self.account = Account(Provider.ZOOM, url, "", Secret(fake.token_for(HOST.email)))
        self.calendar_url = HOST.email

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
        answer = "declined" if is_declined else "accepted"
        event: Event = {
            "start": _spelled(start, is_all_day=is_all_day),
            "end": _spelled(end, is_all_day=is_all_day),
            "summary": CANARY,
            "description": f"{CANARY}\nslotgraph:{CANARY}",
            "location": CANARY,
            "attendees": [
                {"email": HOST.email, "displayName": CANARY, "responseStatus": answer},
                {"email": f"{CANARY}@example.com", "displayName": CANARY, "responseStatus": "accepted"},
            ],
            "status": "cancelled" if is_cancelled else "confirmed",
            "transparency": "transparent" if is_free else "opaque",
        }
        self._calendar.add(event, self.fake.clock(), HOST.email)

    def mark(self, start: datetime, end: datetime, kind: Kind) -> bool:
        """Put a foreign entry of a kind; Zoom has busy, tentative and free ones."""
        if kind.status in (BusyStatus.WORKING_ELSEWHERE, BusyStatus.OUT_OF_OFFICE):
            return False
        event: Event = {
            "start": _spelled(start, is_all_day=kind.is_all_day),
            "end": _spelled(end, is_all_day=kind.is_all_day),
            "summary": CANARY,
            "status": "tentative" if kind.status is BusyStatus.TENTATIVE else "confirmed",
            "transparency": "transparent" if kind.status is BusyStatus.FREE else "opaque",
        }
        self._calendar.add(event, self.fake.clock(), HOST.email)
        return True

    def foreign(self) -> bytes:
        """Spell all foreign entries as they stand."""
        return json.dumps([one for one in self._calendar.events.values() if not _is_ours(one)]).encode()

    def ours(self) -> Sequence[tuple[datetime, datetime, str]]:
        """List our entries that stand."""
        standing = [one for one in self._calendar.events.values() if _is_ours(one) and _stands(one)]
        return sorted((*self._calendar.span(one), str(one["summary"])) for one in standing)

    def host_retitles(self, title: str) -> None:
        """Give our only entry another title."""
        self._only()["summary"] = title

    def host_deletes(self) -> None:
        """Delete our only entry."""
        self._only()["status"] = "cancelled"

    def host_moves(self, start: datetime, end: datetime) -> None:
        """Move our only entry."""
        self._only().update(start={"dateTime": zulu(start)}, end={"dateTime": zulu(end)})

    def fails(self, method: str, *faults: Fault) -> None:
        """Let the request fail that the method is about: a put's writing, not its looking."""
        operations = {
            "discover": "calendarList",
            "busy": "freeBusy",
            "put": "patchEvent" if self.ours() else "insertEvent",
            "delete": "deleteEvent",
            "find": "getEvent",
        }
        self.fake.fails(operations[method], *faults)

    def revokes(self) -> None:
        """Take our access away."""
        self.fake.revokes_all(HOST.email)

    def violations(self) -> Sequence[str]:
        """Say what our client may not have done."""
        return self.fake.violations

    def calendars(self) -> Sequence[RemoteCalendar]:
        """Give the one calendar."""
        return [RemoteCalendar(HOST.email, HOST.name, "Europe/Berlin", is_writable=True, is_own=True)]

    @property
    def _calendar(self) -> ZoomCalendar:
        return self.fake.calendar(HOST.email)

    def _only(self) -> dict[str, Any]:
        [event] = [one for one in self._calendar.events.values() if _is_ours(one) and _stands(one)]
        return event


@asynccontextmanager
async def zoom_side() -> AsyncGenerator[ZoomSide]:
    """Serve a Zoom with one host."""
    fake = ZoomFake([HOST])
    async with served(fake):
        yield ZoomSide(fake)


def _spelled(when: datetime, *, is_all_day: bool) -> dict[str, str]:
    if is_all_day:
        return {"date": when.astimezone(UTC).date().isoformat(), "timeZone": "UTC"}
    return {"dateTime": zulu(when)}


def _is_ours(event: Event) -> bool:
    return _MARK in event.get("description", "") and CANARY not in event["description"]


def _stands(event: Event) -> bool:
    return event["status"] != "cancelled"

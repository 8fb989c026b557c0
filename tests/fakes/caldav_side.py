"""The host's side of a CalDAV account: a real Radicale, behind a server that can go wrong on demand."""

import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from itertools import count
from pathlib import Path
from typing import Any, cast

import httpx
from icalendar import Calendar
from starlette.responses import Response

from domain.calendars import Provider
from domain.statuses import BusyStatus, Kind
from integrations.caldav import CalDav
from integrations.http import SafeHttp
from integrations.own_entries import MARKER
from integrations.ports import Account, RemoteCalendar, Secret
from tests import serving
from tests.fakes.kit import Asked, Fake, Fault, served
from tests.fakes.sides import CANARY
from tests.radicale import WORD, Radicale

_HOSTS = count(1)
_FOREIGN = count(1)
_METHODS = {"discover": "PROPFIND", "busy": "REPORT", "put": "PUT", "delete": "DELETE", "find": "GET"}
# What the adapter takes for "not by this way" and answers by asking in a second one, which then fails too.
_SECOND_WAY = {"discover": {403, 404}, "busy": {400, 403, 500}}
_NAMED = (
    b'<D:propertyupdate xmlns:D="DAV:"><D:set><D:prop><D:displayname>Work</D:displayname></D:prop></D:set>'
    b"</D:propertyupdate>"
)
_KEPT = {"etag", "content-type", "dav", "location", "allow"}
_PASSED_ON = {"authorization", "content-type", "depth", "if-match", "if-none-match", "accept"}


class Between(Fake):
    """What stands before Radicale: it passes everything on, unless it is told to go wrong."""

    def __init__(self, target: str) -> None:
        super().__init__()
        self._target = target.rstrip("/")
        for method in _METHODS.values():
            self.route(method, "/{path:path}", method, self._pass_on)

    async def _pass_on(self, asked: Asked) -> Response:
        headers = {name: value for name, value in asked.headers.items() if name in _PASSED_ON}
        url = f"{self._target}{httpx.URL(asked.url).raw_path.decode()}"
        async with serving.client() as client:
            answer = await client.request(asked.method, url, headers=headers, content=asked.body)
        kept = {name: value for name, value in answer.headers.items() if name in _KEPT}
        return Response(answer.content, answer.status_code, kept)


class CalDavSide:
    """One user with one calendar; the user is new, so that a server serves many tests."""

    def __init__(self, between: Between, radicale: Radicale) -> None:
        self._between = between
        self._users = radicale.data.parent / "users"
        self._user = f"host{next(_HOSTS)}"
        with self._users.open("a") as users:
            users.write(f"{self._user}:{WORD}\n")
        self._folder = radicale.data / "collection-root" / self._user / "work"
        self._direct = f"{radicale.url}{self._user}/work/"
        self._request("MKCALENDAR", self._direct)
        self._request("PROPPATCH", self._direct, _NAMED)
        self.adapter = CalDav(SafeHttp(allow_loopback=True))
        self.account = Account(Provider.CALDAV, f"{between.url}/{self._user}/", self._user, Secret(WORD))
        self.calendar_url = f"{between.url}/{self._user}/work/"

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
        """Put a foreign entry; one that is declined is shown as free, as programs write it."""
        is_transparent = is_free or is_declined
        self._put(
            _line("DTSTART", start, is_all_day=is_all_day),
            _line("DTEND", end, is_all_day=is_all_day),
            f"STATUS:{'CANCELLED' if is_cancelled else 'CONFIRMED'}",
            f"TRANSP:{'TRANSPARENT' if is_transparent else 'OPAQUE'}",
        )

    def mark(self, start: datetime, end: datetime, kind: Kind) -> bool:
        """Put a foreign entry of a kind, as Outlook writes it into a file."""
        self._put(
            _line("DTSTART", start, is_all_day=kind.is_all_day),
            _line("DTEND", end, is_all_day=kind.is_all_day),
            *marks(kind.status),
        )
        return True

    def _put(self, *told: str) -> None:
        name = f"foreign{next(_FOREIGN)}"
        lines = [
            "BEGIN:VCALENDAR",
            "VERSION:2.0",
            "PRODID:-//x//EN",
            "BEGIN:VEVENT",
            f"UID:{name}",
            "DTSTAMP:20260101T000000Z",
            *told,
            f"SUMMARY:{CANARY}",
            f"DESCRIPTION:{CANARY}",
            f"LOCATION:{CANARY}",
            f"ATTENDEE;CN={CANARY}:mailto:{CANARY}@example.com",
            "END:VEVENT",
            "END:VCALENDAR",
            "",
        ]
        self._request("PUT", f"{self._direct}{name}.ics", "\r\n".join(lines).encode())

    def foreign(self) -> bytes:
        """Spell all foreign entries as they lie on the disk."""
        files = {path.name: path.read_text() for path in self._files() if not _is_ours(path)}
        return json.dumps(files, sort_keys=True).encode()

    def ours(self) -> Sequence[tuple[datetime, datetime, str]]:
        """List our entries that stand."""
        events = [_event(path) for path in self._files() if _is_ours(path)]
        return sorted(
            (event.decoded("dtstart"), event.decoded("dtend"), str(event["summary"])) for event in events
        )

    def host_retitles(self, title: str) -> None:
        """Give our only entry another title, as the host's own program would."""
        self._change(f"SUMMARY:{title}", "SUMMARY")

    def host_deletes(self) -> None:
        """Delete our only entry."""
        self._request("DELETE", f"{self._direct}{self._only().name}")

    def host_moves(self, start: datetime, end: datetime) -> None:
        """Move our only entry."""
        self._change(_line("DTSTART", start), "DTSTART")
        self._change(_line("DTEND", end), "DTEND")

    def fails(self, method: str, *faults: Fault) -> None:
        """Let the requests fail that a method is about, also those of a second way."""
        if method == "put" and self.ours():  # the adapter first tries whether there is none yet
            self._between.fails("PUT", Fault(200, delay_s=0.001))
        for fault in faults:
            goes_on = not fault.hangs_up and fault.status in _SECOND_WAY.get(method, set[int]())
            self._between.fails(_METHODS[method], *[fault] * (2 if goes_on else 1))

    def revokes(self) -> None:
        """Take the user away from the server."""
        lines = self._users.read_text().splitlines(keepends=True)
        self._users.write_text("".join(line for line in lines if not line.startswith(f"{self._user}:")))

    def violations(self) -> Sequence[str]:
        """Say what our client may not have done; a real server only answers."""
        return self._between.violations

    def calendars(self) -> Sequence[RemoteCalendar]:
        """Give the one calendar, which has no zone."""
        return [RemoteCalendar(self.calendar_url, "Work", None, is_writable=True)]

    def _files(self) -> list[Path]:
        return sorted(self._folder.glob("*.ics"))

    def _only(self) -> Path:
        [path] = [path for path in self._files() if _is_ours(path)]
        return path

    def _change(self, line: str, name: str) -> None:
        path = self._only()
        lines = [line if old.startswith(name) else old for old in path.read_text().splitlines()]
        self._request("PUT", f"{self._direct}{path.name}", "\r\n".join([*lines, ""]).encode())

    def _request(self, method: str, url: str, body: bytes = b"") -> None:
        headers = {"Content-Type": "text/calendar"} if method == "PUT" else {}
        answer = httpx.request(
            method,
            url,
            content=body,
            headers=headers,
            auth=(self._user, WORD),
            trust_env=False,
            verify=serving.TLS,
        )
        assert answer.is_success, answer.status_code


@asynccontextmanager
async def caldav_side(radicale: Radicale) -> AsyncGenerator[CalDavSide]:
    """Give a new user's side of a server that runs."""
    between = Between(radicale.url)
    async with served(between):
        yield CalDavSide(between, radicale)


def marks(status: BusyStatus) -> tuple[str, ...]:
    """Spell a status as Outlook does (MS-OXCICAL): entries elsewhere take no time."""
    named = {BusyStatus.OUT_OF_OFFICE: "OOF", BusyStatus.WORKING_ELSEWHERE: "WORKINGELSEWHERE"}
    is_free = status in (BusyStatus.FREE, BusyStatus.WORKING_ELSEWHERE)
    return (
        f"STATUS:{'TENTATIVE' if status is BusyStatus.TENTATIVE else 'CONFIRMED'}",
        f"TRANSP:{'TRANSPARENT' if is_free else 'OPAQUE'}",
        f"X-MICROSOFT-CDO-BUSYSTATUS:{named.get(status, status.value.upper())}",
    )


def _is_ours(path: Path) -> bool:
    return MARKER in path.read_text()


def _event(path: Path) -> Any:
    calendar = cast("Any", Calendar.from_ical(path.read_bytes()))
    return calendar.walk("VEVENT")[0]


def _line(name: str, when: datetime, *, is_all_day: bool = False) -> str:
    if is_all_day:
        day: date = when.astimezone(UTC).date()
        return f"{name};VALUE=DATE:{day:%Y%m%d}"
    return f"{name}:{when.astimezone(UTC):%Y%m%dT%H%M%SZ}"

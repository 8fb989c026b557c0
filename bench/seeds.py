"""What a measured installation holds: hosts with office hours and connected calendars, and their pages.

Calendars are ICS feeds that a small server of ours gives out, so that busy times are read as in life.
"""

import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random

from app.wiring import Parts
from domain.availability import Hours, Schedule, WeeklyWindow
from domain.booking_pages import PageHost
from domain.events import EventKind, Happened
from domain.ids import OrganizationId, PageId, ScheduleId, SessionId, UserId
from domain.organizations import Organization, Plan
from domain.page_settings import PageSettings, new_page
from domain.slots import Assignment, GridOrigin, Unlimited
from domain.users import Role, Scope, SignedIn, User
from services.calendars import ConnectCalendar
from storage.base import new_id

_ENTRIES_A_DAY = 4
_FEED_DAYS = 75


@dataclass(frozen=True, slots=True)
class Host:
    """Somebody whose time is offered."""

    viewer: SignedIn

    @property
    def id(self) -> UserId:
        """Their id."""
        return self.viewer.user_id


class Feeds:
    """Gives out one calendar for each number, always the same: a few entries on each workday."""

    def __init__(self, server: ThreadingHTTPServer) -> None:
        self._port = server.server_port

    def url(self, number: int) -> str:
        """Say where a calendar is."""
        return f"http://127.0.0.1:{self._port}/{number}.ics"


@contextmanager
def feeds() -> Generator[Feeds]:
    """Serve calendars until the block ends."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Feed)
    serving = threading.Thread(target=server.serve_forever, daemon=True)
    serving.start()
    try:
        yield Feeds(server)
    finally:
        server.shutdown()
        server.server_close()


async def hosts(parts: Parts, count: int, calendars: Feeds | None) -> list[Host]:
    """Make hosts of one organization: open on workdays from 9 to 18, in Berlin."""
    organization_id = OrganizationId(new_id())
    made: list[Host] = []
    async with parts.services.units.begin() as unit:
        await unit.organizations.add(Organization(organization_id, "Bench", "local", Plan.BUSINESS, unit.now))
        for number in range(count):
            user = User(
                UserId(new_id()), organization_id, f"host{number}-{organization_id.hex}@example.com",
                f"Host {number}", f"h{number}-{organization_id.hex[-12:]}", "Europe/Berlin", "en",
                Role.MEMBER if number else Role.OWNER,
                shares_availability=True, is_disabled=False, created_at=unit.now,
            )  # fmt: skip
            await unit.users.add(user)
            weekly = tuple(WeeklyWindow(day, 9 * 60, 18 * 60) for day in range(5))
            hours = Hours("Europe/Berlin", weekly)
            schedule = Schedule(ScheduleId(new_id()), user.id, "Hours", True, hours, 1)  # noqa: FBT003
            await unit.schedules.add(organization_id, schedule)
            session = SessionId(new_id())
            made.append(Host(SignedIn(user, frozenset(Scope), session, None, "127.0.0.1")))
    if calendars is not None:
        for number, host in enumerate(made):
            wanted = ConnectCalendar("ics", calendars.url(number), "", "", None)
            await parts.services.calendars.connect(host.viewer, wanted)
    return made


async def page(parts: Parts, people: Sequence[Host], assignment: Assignment, **settings: object) -> str:
    """Publish a page of people's time, half an hour each quarter; its link."""
    owner = people[0]
    wanted = PageSettings(
        slug=f"page-{new_id().hex[-12:]}", name="Intro", duration_minutes=30, window=Unlimited(),
        reminders=(), grid_origin=GridOrigin.HOUR, **{"interval_minutes": 15, **settings},  # type: ignore[arg-type]
    )  # fmt: skip
    async with parts.services.units.begin() as unit:
        one = new_page(PageId(new_id()), owner.viewer.organization_id, owner.id, wanted, unit.now)
        shared = replace(
            one,
            hosts=tuple(PageHost(host.id, None) for host in people),
            rules=replace(one.rules, assignment=assignment),
        )
        await unit.pages.add(shared)
    return f"{owner.viewer.user.handle}/{wanted.slug}"


def touched(host: Host) -> Happened:
    """Make the event of hours that changed."""
    return Happened(EventKind.HOURS_CHANGED, host.viewer.organization_id, hosts=(host.id,))


def next_monday(now: datetime) -> datetime:
    """Give the first instant of a Monday that is some days ahead."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + timedelta(days=14 - midnight.weekday())


class _Feed(BaseHTTPRequestHandler):
    """Answers with a calendar whose number is in the path."""

    def do_GET(self) -> None:
        """Give the calendar."""
        number = int(self.path.strip("/").removesuffix(".ics"))
        body = _calendar(number)
        self.send_response(200)
        self.send_header("Content-Type", "text/calendar; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the standard library's word
        """Say nothing."""


def _calendar(number: int) -> bytes:
    chance = Random(number)
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//bench//EN"]
    for day in range(_FEED_DAYS):
        for _ in range(_ENTRIES_A_DAY):
            start = today + timedelta(days=day, minutes=chance.randrange(8 * 60, 17 * 60, 15))
            end = start + timedelta(minutes=chance.choice((15, 30)))
            lines += ["BEGIN:VEVENT", f"UID:{number}-{start:%Y%m%d%H%M}@bench"]
            lines += [f"DTSTAMP:{today:%Y%m%dT%H%M%SZ}", f"DTSTART:{start:%Y%m%dT%H%M%SZ}"]
            lines += [f"DTEND:{end:%Y%m%dT%H%M%SZ}", "SUMMARY:Taken", "END:VEVENT"]
    return "\r\n".join([*lines, "END:VCALENDAR", ""]).encode()

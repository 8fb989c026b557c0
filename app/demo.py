"""Demo data that tell a story: a studio of three in three zones, their calendars, pages and bookings.

Run as `python -m app.demo` once, on an empty installation; prints the hosts, their pages and API keys as
JSON. Everything that a user could do is done by the use case that the user would call.
"""

import asyncio
import json
import os
import secrets
import sys
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

import httpx

from app.demo_asking import opened_polls, sent_links
from app.settings import Settings
from app.wiring import Parts, now, wire
from domain.availability import Hours, Schedule, WeeklyWindow
from domain.booking_pages import PageKind, Place, PlaceKind, Question, QuestionFormat
from domain.delegation import DelegationTerms
from domain.identity import AddressProof, Session
from domain.ids import OrganizationId, ScheduleId, SessionId, UserId
from domain.intervals import instant_of
from domain.open_slots import FindSlots
from domain.organizations import Organization, Plan
from domain.page_settings import PageSettings
from domain.tokens import TokenKind, token, token_hash
from domain.users import DelegationScope, Guest, Role, Scope, SignedIn, User
from services.bookings import BookSlot
from services.calendars import ConnectCalendar
from services.delegation import InviteDelegate
from storage.base import new_id

_MONDAY_TO_FRIDAY = range(5)


@dataclass(frozen=True, slots=True)
class _Host:
    handle: str
    name: str
    zone: str
    locale: str
    opens: int
    closes: int


_HOSTS = (
    _Host("ada", "Ada Lindqvist", "Europe/Berlin", "en", 9 * 60, 17 * 60),
    _Host("kenji", "森 健司", "Asia/Tokyo", "ja", 10 * 60, 18 * 60),
    _Host("maya", "Maya Okafor", "America/New_York", "en", 9 * 60, 16 * 60),
)

# What stands in a host's own calendar: title, weekday, start and end in wall time, repeated weekly or not.
_LIFE = {
    "ada": (
        ("Studio stand-up", 0, "09:00", "09:20", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"),
        ("Lunch with Priya", 2, "12:00", "13:15", None),
        ("Physio", 3, "16:00", "17:00", "FREQ=WEEKLY;INTERVAL=2"),
        ("Draft for the museum (maybe)", 1, "14:00", "15:30", None),
    ),
    "kenji": (
        ("朝会", 0, "10:00", "10:30", "FREQ=WEEKLY;BYDAY=MO,WE,FR"),
        ("歯医者", 4, "13:00", "14:00", None),
        ("レビュー会", 1, "15:00", "17:00", "FREQ=WEEKLY"),
    ),
    "maya": (
        ("School run", 0, "15:15", "16:00", "FREQ=WEEKLY;BYDAY=MO,TU,TH"),
        ("Pitch rehearsal", 2, "10:00", "11:30", None),
        ("Budget with finance", 3, "13:00", "14:00", "FREQ=WEEKLY"),
    ),
}


def _question(key: str, label: str, kind: QuestionFormat, *choices: str, required: bool = True) -> Question:
    return Question(
        key=key,
        label=label,
        format=kind,
        choices=choices,
        is_required=required,
        is_enabled=True,
        takes_other=False,
    )


_TOPIC = _question("topic", "What would you like to talk about?", QuestionFormat.TEXT, required=False)
_TEAM = _question(
    "team", "How large is your team?", QuestionFormat.SELECT, "Just me", "2 to 10", "More", required=False
)
_PHONE = _question("phone", "On which number do I reach you?", QuestionFormat.PHONE_NUMBER)

_PAGES = (
    (
        "ada",
        PageSettings(
            slug="intro",
            name="Intro call",
            duration_minutes=30,
            place=Place(PlaceKind.LINK, "https://meet.larkspur.example/ada"),
            description="Half an hour to get to know each other and your project.",
            buffer_after_minutes=10,
            notice_minutes=120,
            questions=(_TOPIC, _TEAM),
            invitation="I look forward to talking with you. A sketch or a link is welcome beforehand.",
            cancellation_policy="Please cancel at least an hour before: somebody else may want the time.",
            cancel_until=timedelta(hours=1),
            reschedule_until=timedelta(hours=1),
        ),
    ),
    (
        "ada",
        PageSettings(
            slug="office-hours",
            name="Open office hours",
            duration_minutes=60,
            place=Place(PlaceKind.IN_PERSON, "Larkspur Studio, Oranienstraße 6, 10997 Berlin"),
            description="Bring your exhibition plan; up to six people share the table.",
            kind=PageKind.GROUP,
            capacity=6,
            notice_minutes=60,
        ),
    ),
    (
        "kenji",
        PageSettings(
            slug="portfolio-review",
            name="ポートフォリオレビュー",
            duration_minutes=45,
            interval_minutes=30,
            place=Place(PlaceKind.LINK, "https://meet.larkspur.example/kenji"),
            description="作品を一緒に見ながらお話しします。",
            notice_minutes=240,
        ),
    ),
    (
        "maya",
        PageSettings(
            slug="discovery-call",
            name="Discovery call",
            duration_minutes=30,
            place=Place(PlaceKind.HOST_CALLS, ""),
            description="Tell me what you are building and who it is for.",
            questions=(_PHONE,),
            buffer_before_minutes=5,
            buffer_after_minutes=5,
        ),
    ),
    (
        "maya",
        PageSettings(
            slug="press",
            name="Press",
            duration_minutes=20,
            place=Place(PlaceKind.LINK, "https://meet.larkspur.example/maya"),
            description="For journalists who have this link.",
            is_hidden=True,
        ),
    ),
)

# Who books what: the page, how many days from now (past ones before), which of the day's slots, and whom.
_STORY = (
    ("ada/office-hours", -6, 1, "Ibrahim Sesay", "ibrahim@example.org", "Europe/London"),
    ("maya/discovery-call", -3, 2, "Lucía Prieto", "lucia@example.org", "America/Bogota"),
    ("ada/office-hours", 4, 0, "Tomasz Król", "tomasz@example.org", "Europe/Warsaw"),
    ("ada/office-hours", 4, 0, "Noor Haddad", "noor@example.org", "Asia/Amman"),
    ("kenji/portfolio-review", 5, 1, "佐々木 花", "hana@example.org", "Asia/Tokyo"),
    ("maya/discovery-call", 6, 3, "Grace Adeyemi", "grace@example.org", "America/Chicago"),
)


def people() -> list[dict[str, str]]:
    """Say who the demo's hosts are, as the demo's providers want to know them."""
    return [{"email": _email(host), "name": host.name} for host in _HOSTS]


def _email(host: _Host) -> str:
    return f"{host.handle}@larkspur.example"


async def load(settings: Settings, calendar_url: str, users_file: str, password: str) -> dict[str, object]:
    """Load the story; give what a newcomer needs to play it. On an installation that has it, nothing."""
    parts = wire(settings)
    try:
        async with parts.services.units.read() as unit:
            if await unit.users.by_handle(_HOSTS[0].handle):
                return {"note": "The demo's people are here already; their keys were told then."}
        organization = Organization(
            OrganizationId(new_id()), "Larkspur Studio", settings.home_region, Plan.BUSINESS, now()
        )
        viewers = await _people(parts, organization)
        _let_in(users_file, password)
        for viewer in viewers.values():
            await _calendar(parts, viewer, calendar_url, password)
        for host, page in _PAGES:
            await parts.services.pages.create(viewers[host], page)
        await _stand_in(parts, viewers["maya"], viewers["kenji"])
        await _bookings(settings, parts)
        return {
            "organization": organization.name,
            "links": await sent_links(parts, viewers),
            "polls": await opened_polls(parts, viewers),
            "hosts": [await _told(parts, host, viewers[host.handle]) for host in _HOSTS],
        }
    finally:
        await parts.close()


async def _told(parts: Parts, host: _Host, viewer: SignedIn) -> dict[str, object]:
    """Say what is to be known of a host, with a new API key."""
    made = await parts.services.users.create_api_key(viewer, "Demo", frozenset(Scope), None)
    return {
        "handle": host.handle,
        "name": host.name,
        "zone": host.zone,
        "email": viewer.user.email,
        "apiKey": made.secret,
        "pages": [f"{handle}/{page.slug}" for handle, page in _PAGES if handle == host.handle],
    }


async def _people(parts: Parts, organization: Organization) -> dict[str, SignedIn]:
    """Found the studio with its three people and their working hours."""
    viewers: dict[str, SignedIn] = {}
    async with parts.services.units.begin() as unit:
        await unit.organizations.add(organization)
        for number, host in enumerate(_HOSTS):
            user = User(
                id=UserId(new_id()),
                organization_id=organization.id,
                email=_email(host),
                name=host.name,
                handle=host.handle,
                zone=host.zone,
                locale=host.locale,
                role=Role.MEMBER if number else Role.OWNER,
                shares_availability=True,
                is_disabled=False,
                created_at=unit.now,
            )
            await unit.users.add(user)
            weekly = tuple(WeeklyWindow(day, host.opens, host.closes) for day in _MONDAY_TO_FRIDAY)
            await unit.schedules.add(
                organization.id,
                Schedule(
                    id=ScheduleId(new_id()),
                    user_id=user.id,
                    name="Working hours",
                    is_default=True,
                    hours=Hours(host.zone, weekly, ()),
                    revision=1,
                ),
            )
            ends = unit.now + timedelta(minutes=10)
            session = Session(SessionId(new_id()), user.id, unit.now, unit.now, ends, AddressProof.MAIL)
            word = token(TokenKind.SESSION, secrets.token_bytes(32))
            await unit.users.sessions.add(session, token_hash(word))
            viewers[host.handle] = SignedIn(user, frozenset(Scope), session.id, None, "127.0.0.1")
    return viewers


async def _stand_in(parts: Parts, principal: SignedIn, delegate: SignedIn) -> None:
    """Let a host's bookings be looked after while she is on the road, with a copy of each mail."""
    terms = DelegationTerms(frozenset({DelegationScope.BOOKINGS}), now() + timedelta(days=90), is_copied=True)
    delegating = parts.services.delegation
    asked = await delegating.invite(principal, InviteDelegate(terms, member_id=delegate.user_id))
    await delegating.accept(delegate, asked.id)


def _let_in(users_file: str, password: str) -> None:
    """Let the hosts into the demo's calendar server, which reads this file at each request."""
    with open(users_file, "w", encoding="utf-8") as file:  # noqa: PTH123 -- a path from the environment
        file.writelines(f"{host.handle}:{password}\n" for host in _HOSTS)


async def _calendar(parts: Parts, viewer: SignedIn, url: str, password: str) -> None:
    """Give a host a calendar that looks lived in, and connect it as the host would."""
    handle = viewer.user.handle
    home = f"{url.rstrip('/')}/{handle}/"
    async with httpx.AsyncClient(auth=(handle, password), trust_env=False) as client:
        await client.request("MKCOL", home)
        made = await client.request("MKCALENDAR", f"{home}work/", content=_MAKE_CALENDAR)
        made.raise_for_status()
        for number, (title, weekday, start, end, rule) in enumerate(_LIFE[handle]):
            body = _entry(f"{handle}-{number}", title, viewer.user.zone, weekday, start, end, rule)
            put = await client.put(
                f"{home}work/{handle}-{number}.ics",
                content=body.encode(),
                headers={"Content-Type": "text/calendar; charset=utf-8"},
            )
            put.raise_for_status()
    await parts.services.calendars.connect(
        viewer, ConnectCalendar("caldav", url, handle, password, "Studio calendar")
    )


_MAKE_CALENDAR = """<?xml version="1.0" encoding="utf-8"?>
<C:mkcalendar xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><D:set><D:prop>
<D:displayname>Work</D:displayname>
<C:supported-calendar-component-set><C:comp name="VEVENT"/></C:supported-calendar-component-set>
</D:prop></D:set></C:mkcalendar>"""


def _entry(uid: str, title: str, zone: str, weekday: int, start: str, end: str, rule: str | None) -> str:
    """Write an entry of the coming weeks, as a calendar program would store it."""
    today = now().date()
    day = today + timedelta(days=(weekday - today.weekday()) % 7)

    def stamp(wall: str) -> str:
        from_wall = datetime.fromisoformat(f"{day.isoformat()}T{wall}:00")
        return from_wall.strftime("%Y%m%dT%H%M%S")

    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Larkspur Studio//Calendar//EN",
        "BEGIN:VEVENT",
        f"UID:{uid}@larkspur.example",
        f"DTSTAMP:{now().strftime('%Y%m%dT%H%M%SZ')}",
        f"DTSTART;TZID={zone}:{stamp(start)}",
        f"DTEND;TZID={zone}:{stamp(end)}",
        f"SUMMARY:{title}",
        *([f"RRULE:{rule}"] if rule else []),
        "END:VEVENT",
        "END:VCALENDAR",
        "",
    ]
    return "\r\n".join(lines)


async def _bookings(settings: Settings, parts: Parts) -> None:
    """Let visitors book: some as of ten days ago, for meetings that are over by now."""
    earlier = wire(settings, clock=lambda: now() - timedelta(days=10))
    try:
        for story in _STORY:
            await _book(earlier if story[1] < 0 else parts, *story)
    finally:
        await earlier.close()
    await parts.services.bookings.keeping.finish_past()


async def _book(parts: Parts, slug: str, days: int, which: int, name: str, email: str, zone: str) -> None:
    page = await parts.services.pages.open_page(slug)
    day = now().replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=days)
    found = await parts.services.availability.open_slots(FindSlots(page, day, day + timedelta(days=5)))
    if len(found.slots) <= which:
        return
    said = {_TOPIC.key: ("The winter exhibition",), _PHONE.key: ("+1 312 555 0142",)}
    answers = {question.key: said[question.key] for question in page.questions if question.is_required}
    await parts.services.bookings.taking.book(
        Guest("127.0.0.1"),
        BookSlot(
            slug=slug,
            start=instant_of(found.slots[which].start),
            name=name,
            email=email,
            zone=zone,
            locale="ja" if zone == "Asia/Tokyo" else "en",
            answers=answers,
            hold=None,
            idempotency_key=str(uuid4()),
        ),
    )


def main() -> None:
    """Load the demo data of this environment and print them as one JSON object."""
    settings = Settings.read(os.environ)
    if not settings.demo:
        sys.exit("Demo data are loaded only where DEMO=yes.")
    story = asyncio.run(
        load(
            settings,
            os.environ["DEMO_CALENDAR_URL"],
            os.environ["DEMO_CALENDAR_USERS"],
            os.environ["DEMO_CALENDAR_PASSWORD"],
        )
    )
    print(json.dumps(story, ensure_ascii=False))  # noqa: T201 -- what this program is for


if __name__ == "__main__":
    main()

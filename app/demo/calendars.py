"""The hosts' own calendars, which look lived in."""

from datetime import datetime, timedelta

import httpx

from app.demo.cast import HOSTS
from app.wiring import Parts, now
from domain.users import SignedIn
from services.calendars import ConnectCalendar

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


def let_in(users_file: str, password: str) -> None:
    """Let the hosts into the demo's calendar server, which reads this file at each request."""
    with open(users_file, "w", encoding="utf-8") as file:  # noqa: PTH123 -- a path from the environment
        file.writelines(f"{host.handle}:{password}\n" for host in HOSTS)


async def lived_in(parts: Parts, viewer: SignedIn, url: str, password: str) -> None:
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

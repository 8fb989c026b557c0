"""What Zoom remembers of an account: its calendars with their entries, and its meetings."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

from tests.fakes.oauth import Person

Event = dict[str, Any]
_NUMBERS = count(1)


@dataclass
class ZoomCalendar:
    """One calendar; `events` by id, cancelled ones among them."""

    id: str
    summary: str
    zone: str
    role: str = "owner"
    is_primary: bool = False
    events: dict[str, Event] = field(default_factory=dict[str, Event])

    def listed(self) -> dict[str, Any]:
        """Spell it as the list of calendars does."""
        return {
            "kind": "calendar#calendarListEntry",
            "etag": '"1"',
            "id": self.id,
            "summary": self.summary,
            "timeZone": self.zone,
            "accessRole": self.role,
            "hidden": False,
            "selected": True,
            **({"primary": True} if self.is_primary else {}),
        }

    def add(self, event: Event, now: datetime, owner: str) -> Event:
        """Put an entry; Zoom gives it its id."""
        stamp = now.astimezone(UTC).isoformat()
        made: Event = {
            "kind": "calendar#event",
            "id": f"zoomevent{next(_NUMBERS):012d}",
            "status": "confirmed",
            "created": stamp,
            "updated": stamp,
            "creator": {"email": owner},
            "organizer": {"email": owner},
            **event,
        }
        self.events[made["id"]] = made
        return made

    def span(self, event: Event) -> tuple[datetime, datetime]:
        """Say from when to when an entry lasts."""
        return instant(event["start"], self.zone), instant(event["end"], self.zone)

    def within(self, start: datetime, end: datetime) -> list[Event]:
        """List the entries that stand and touch a window, in order."""
        standing = [event for event in self.events.values() if event["status"] != "cancelled"]
        touching = [one for one in standing if self.span(one)[0] < end and self.span(one)[1] > start]
        return sorted(touching, key=lambda event: (self.span(event)[0], event["id"]))

    def is_busy(self, event: Event) -> bool:
        """Say whether an entry takes its time: neither shown as free nor declined."""
        declined = any(
            guest.get("responseStatus") == "declined" and guest["email"] == self.id
            for guest in event.get("attendees", [])
        )
        return event.get("transparency") != "transparent" and not declined


@dataclass
class ZoomAccount:
    """A person at Zoom with their calendars and meetings; meetings by their number."""

    person: Person
    account_id: str
    zone: str
    calendars: dict[str, ZoomCalendar]
    meetings: dict[int, dict[str, Any]] = field(default_factory=dict[int, dict[str, Any]])

    @classmethod
    def of(cls, person: Person, zone: str = "Europe/Berlin") -> "ZoomAccount":
        """Open an account with its main calendar, whose id is the person's address."""
        main = ZoomCalendar(person.email, person.name, zone, is_primary=True)
        return cls(person, f"account-{person.subject}", zone, {main.id: main})


def instant(times: Mapping[str, str], calendar_zone: str) -> datetime:
    """Give the instant of a date or a time; raises ValueError or KeyError for what is neither."""
    zone = ZoneInfo(times.get("timeZone", calendar_zone))
    if "dateTime" in times:
        when = datetime.fromisoformat(times["dateTime"])
        return (when if when.tzinfo else when.replace(tzinfo=zone)).astimezone(UTC)
    day = datetime.combine(date.fromisoformat(times["date"]), datetime.min.time())
    return day.replace(tzinfo=zone).astimezone(UTC)


def moment(text: str) -> datetime:
    """Read a time with its offset; raises ValueError."""
    when = datetime.fromisoformat(text)
    if when.tzinfo is None or when.utcoffset() is None:
        raise ValueError("no offset")
    return when.astimezone(UTC)


def zulu(when: datetime) -> str:
    """Spell an instant as Zoom does."""
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def minutes(start: datetime, end: datetime) -> int:
    """Count whole minutes."""
    return (end - start) // timedelta(minutes=1)

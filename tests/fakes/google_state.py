"""What stands in the calendars of Google's fake: who may what, entries with their versions, busy times."""

import copy
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo, available_timezones

from tests.fakes.google_shapes import refusal

OWNER, WRITER, READER = "owner", "writer", "reader"
Event = dict[str, Any]
"""An entry as the API shows it."""

_ZONES = available_timezones()


@dataclass
class GoogleCalendar:
    """One calendar: its entries by id, and what its people may do by their address.

    `changes` counts what has happened to it: a sync token is such a count, good from `synced_from` on.
    `breaks` is the reason for which Google cannot say when it is busy, None while it can.
    """

    id: str
    summary: str
    zone: str
    clock: Callable[[], datetime]
    roles: dict[str, str] = field(default_factory=dict[str, str])
    events: dict[str, Event] = field(default_factory=dict[str, Event])
    changed_at: dict[str, int] = field(default_factory=dict[str, int])
    changes: int = 0
    synced_from: int = 0
    breaks: str | None = None
    hears: list[Callable[["GoogleCalendar"], None]] = field(default_factory=list[Any])

    @property
    def owner(self) -> str:
        """The address of whoever owns it."""
        return next(email for email, role in self.roles.items() if role == OWNER)

    def add(self, start: datetime, end: datetime, **more: Any) -> str:
        """Put an entry as somebody else than the client would; `more` are fields of the API. Gives its id."""
        times = {"start": {"dateTime": spelled(start)}, "end": {"dateTime": spelled(end)}}
        return self._adopt(times | more)

    def add_days(self, first: date, after: date, **more: Any) -> str:
        """Put an entry of whole days, the last of which is the one before `after`. Gives its id."""
        return self._adopt({"start": {"date": first.isoformat()}, "end": {"date": after.isoformat()}} | more)

    def edit(self, event_id: str, **fields: Any) -> None:
        """Change an entry by hand, as its host would."""
        self.store({**self.events[event_id], **fields})

    def delete(self, event_id: str) -> None:
        """Delete an entry by hand: it stays, cancelled."""
        self.edit(event_id, status="cancelled")

    def forget(self, event_id: str) -> None:
        """Let an entry be no more, as one that was deleted long ago."""
        del self.events[event_id]

    def forget_sync_tokens(self) -> None:
        """Let every sync token that is out be too old."""
        self.changes += 1
        self.synced_from = self.changes

    def standing(self) -> list[Event]:
        """List the entries that are not deleted."""
        return [event for event in self.events.values() if event["status"] != "cancelled"]

    def _adopt(self, fields: Mapping[str, Any]) -> str:
        return self.store(self.new_event(fields, self.owner))["id"]

    def new_event(self, fields: Mapping[str, Any], email: str) -> Event:
        """Give an entry everything that Google adds; it is not stored yet."""
        event_id = fields.get("id") or secrets.token_hex(13)
        person = {"email": email, "self": True}
        return {
            "kind": "calendar#event",
            "id": event_id,
            "status": "confirmed",
            "htmlLink": f"https://www.google.com/calendar/event?eid={event_id}",
            "created": spelled(self.clock()),
            "creator": person,
            "organizer": person,
            "iCalUID": f"{event_id}@google.com",
            "sequence": 0,
            "reminders": {"useDefault": True},
            "eventType": "default",
            **copy.deepcopy(dict(fields)),
        }

    def store(self, event: Event) -> Event:
        """Keep an entry as it is now, with a new version, and tell who listens."""
        self.changes += 1
        event = {name: value for name, value in event.items() if value not in (None, "", {})}
        event["updated"] = spelled(self.clock())
        event["etag"] = f'"{3_000_000_000_000_000 + 2 * self.changes}"'
        self.events[event["id"]] = event
        self.changed_at[event["id"]] = self.changes
        for hear in self.hears:
            hear(self)
        return event

    def busy(self, start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
        """Say when it is busy, merged and cut to the window."""
        found = sorted(
            (max(start, begins), min(end, ends))
            for event in self.events.values()
            if _takes_time(event)
            for begins, ends in [instants(event, self.zone)]
            if begins < end and ends > start
        )
        merged: list[tuple[datetime, datetime]] = []
        for begins, ends in found:
            if merged and begins <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(ends, merged[-1][1]))
            else:
                merged.append((begins, ends))
        return merged


def instants(event: Event, zone: str) -> tuple[datetime, datetime]:
    """Give an entry's start and end; whole days lie in the calendar's zone."""
    return _instant(event["start"], zone), _instant(event["end"], zone)


def spelled(instant: datetime) -> str:
    """Spell an instant as Google does in UTC."""
    return instant.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def read_instant(text: Any, name: str) -> datetime:
    """Read an instant of a query or body, which has to have an offset."""
    try:
        instant = datetime.fromisoformat(text)
    except (ValueError, TypeError):
        raise refusal(400, "badRequest", "Bad Request") from None
    if instant.tzinfo is None:
        raise refusal(400, "badRequest", f"{name} has no offset")
    return instant


def check_times(event: Mapping[str, Any]) -> None:
    """Refuse the times of an entry that Google would refuse."""
    for name in ("start", "end"):
        if name not in event:
            raise refusal(400, "required", f"Missing {name} time.")
        _check_time(event[name])
    if ("date" in event["start"]) != ("date" in event["end"]):
        raise refusal(400, "invalid", "Start and end times must either both be date or both be dateTime.")
    start, end = instants(dict(event), "UTC")
    if end < start or (end == start and "date" in event["start"]):
        raise refusal(400, "timeRangeEmpty", "The specified time range is empty.", "calendar")


def _check_time(at: Mapping[str, Any]) -> None:
    if ("date" in at) == ("dateTime" in at):
        raise refusal(400, "invalid", "Invalid start or end time.")
    zone = at.get("timeZone")
    if zone is not None and zone not in _ZONES:
        raise refusal(400, "invalid", "Invalid time zone definition.")
    try:
        if "date" in at:
            date.fromisoformat(at["date"])
        elif datetime.fromisoformat(at["dateTime"]).tzinfo is None and zone is None:
            raise refusal(400, "required", "Missing time zone definition.")
    except (ValueError, TypeError):
        raise refusal(400, "badRequest", "Bad Request") from None


def merged_into(stands: Any, change: Mapping[str, Any]) -> Event:
    """Merge as PATCH does: objects are merged, arrays replaced, null takes a field away."""
    merged: Event = dict(cast("Event", stands)) if isinstance(stands, dict) else {}
    for name, value in change.items():
        if value is None:
            merged.pop(name, None)
        elif isinstance(value, dict):
            merged[name] = merged_into(merged.get(name), cast("Event", value))
        else:
            merged[name] = value
    return merged


def _instant(at: Mapping[str, str], zone: str) -> datetime:
    if "date" in at:
        return datetime.combine(date.fromisoformat(at["date"]), time(), ZoneInfo(zone)).astimezone(UTC)
    instant = datetime.fromisoformat(at["dateTime"])
    if instant.tzinfo is None:
        instant = instant.replace(tzinfo=ZoneInfo(at["timeZone"]))
    return instant.astimezone(UTC)


def _takes_time(event: Event) -> bool:
    guests: Iterable[Mapping[str, Any]] = event.get("attendees", [])
    has_declined = any(guest.get("self") and guest.get("responseStatus") == "declined" for guest in guests)
    is_opaque = event.get("transparency", "opaque") == "opaque"
    is_time_off = event["eventType"] not in {"workingLocation", "birthday"}
    return event["status"] != "cancelled" and is_opaque and is_time_off and not has_declined


LONGEST = timedelta(days=92)
"""The longest range of a free/busy query: Google names none, some three months were seen to be it."""

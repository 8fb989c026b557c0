"""What stands in the mailboxes of the Graph fake: calendars of every kind, and their events."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

from tests.fakes.sides import CANARY

TEAMS = "teamsForBusiness"
_NUMBERS = count(1)


@dataclass
class EventState:
    """One event; `start` and `end` are instants, or dates of a whole-day event.

    `id` stays; `folder_id` is the one that changes when the event moves. `is_ours` says that it was made
    through the API. `meeting` is where a meeting is joined.
    """

    start: datetime | date
    end: datetime | date
    properties: dict[str, Any]
    extended: dict[str, str] = field(default_factory=dict[str, str])
    is_ours: bool = False
    meeting: str | None = None
    zone: str = "UTC"
    version: int = 1
    number: int = field(default_factory=lambda: next(_NUMBERS))
    moves: int = 0

    @property
    def id(self) -> str:
        """The id that stays; it has letters that an address must escape."""
        return f"AAkALg+{self.number:08}/A="

    @property
    def folder_id(self) -> str:
        """The id of those who did not ask for one that stays."""
        return f"AAMkAD+{self.number:08}/{self.moves}="

    @property
    def etag(self) -> str:
        """The version, as a weak entity tag."""
        return f'W/"v{self.number}.{self.version}"'

    def bounds(self) -> tuple[datetime, datetime]:
        """Give the instants between which the event lies; of whole days those in UTC."""
        return _instant(self.start), _instant(self.end)

    def rendered(self, zone: ZoneInfo, named: str, *, is_immutable: bool) -> dict[str, Any]:
        """Spell all properties; times on the wall of a zone, with seven digits and without an offset."""
        has_meeting = self.meeting is not None
        stamp = "2026-03-01T08:00:00Z"
        return {
            "id": self.id if is_immutable else self.folder_id,
            "categories": [],
            "changeKey": f"v{self.version}",
            "createdDateTime": stamp,
            "lastModifiedDateTime": stamp,
            "bodyPreview": "",
            "isAllDay": not isinstance(self.start, datetime),
            "isOnlineMeeting": has_meeting,
            "onlineMeetingProvider": TEAMS if has_meeting else "unknown",
            "onlineMeeting": {"joinUrl": self.meeting} if self.meeting else None,
            "onlineMeetingUrl": None,
            "originalStartTimeZone": self.zone,
            "seriesMasterId": None,
            "transactionId": None,
            "webLink": f"https://outlook.office365.com/?itemid={self.number}",
            **self.properties,
            "start": _wall(self.start, zone, named),
            "end": _wall(self.end, zone, named),
        }


@dataclass
class CalendarState:
    """One calendar as its mailbox's user sees it; `providers` are the meetings that it can make."""

    id: str
    name: str
    owner: str
    can_edit: bool = True
    is_default: bool = False
    providers: tuple[str, ...] = (TEAMS,)
    events: dict[str, EventState] = field(default_factory=dict[str, EventState])

    def rendered(self) -> dict[str, Any]:
        """Spell all properties."""
        return {
            "id": self.id,
            "name": self.name,
            "canEdit": self.can_edit,
            "canShare": self.is_default,
            "canViewPrivateItems": self.can_edit,
            "changeKey": "c1",
            "isDefaultCalendar": self.is_default,
            "allowedOnlineMeetingProviders": list(self.providers),
            "defaultOnlineMeetingProvider": self.providers[0] if self.providers else "unknown",
            "owner": {"name": self.owner.partition("@")[0], "address": self.owner},
        }

    def add(self, start: datetime | date, end: datetime | date, **properties: Any) -> EventState:
        """Put a foreign event, with canaries in all that is not time; `properties` replace others."""
        event = EventState(start, end, _foreign_properties() | properties)
        self.events[event.id] = event
        return event

    def found(self, identifier: str) -> EventState | None:
        """Find an event by either of its ids."""
        return next((each for each in self.events.values() if identifier in (each.id, each.folder_id)), None)


@dataclass
class Mailbox:
    """One account: `is_on_premises` is one on an organization's own servers, which Graph cannot reach."""

    address: str
    is_personal: bool = False
    is_on_premises: bool = False
    calendars: list[CalendarState] = field(default_factory=list[CalendarState])
    transactions: dict[str, str] = field(default_factory=dict[str, str])  # of creations: the event's id

    def calendar(
        self, name: str, *, owner: str | None = None, can_edit: bool = True, is_default: bool = False
    ) -> CalendarState:
        """Add a calendar; one with another owner is shared with this account, or delegated if it can edit."""
        made = CalendarState(
            f"AAMkCal+{len(self.calendars) + 1}/{self.address.partition('@')[0]}=",
            name,
            owner or self.address,
            can_edit,
            is_default,
            () if self.is_personal or not can_edit else (TEAMS,),
        )
        self.calendars.append(made)
        return made

    def move(self, event: EventState, to: CalendarState) -> None:
        """Move an event to another calendar by hand: one of its ids changes."""
        for calendar in self.calendars:
            calendar.events.pop(event.id, None)
        event.moves += 1
        event.version += 1
        to.events[event.id] = event


def own_properties(subject: str, show_as: str = "busy") -> dict[str, Any]:
    """Give what Graph fills in for an event that its user made."""
    return {
        "subject": subject,
        "body": {"contentType": "text", "content": ""},
        "location": {"displayName": ""},
        "attendees": [],
        "hasAttachments": False,
        "importance": "normal",
        "isCancelled": False,
        "isOrganizer": True,
        "isReminderOn": True,
        "organizer": None,
        "responseStatus": {"response": "organizer", "time": "0001-01-01T00:00:00Z"},
        "sensitivity": "normal",
        "showAs": show_as,
        "type": "singleInstance",
    }


def _foreign_properties() -> dict[str, Any]:
    guest = {"address": f"{CANARY}@example.com", "name": CANARY}
    return own_properties(CANARY) | {
        "body": {"contentType": "html", "content": f"<p>{CANARY}</p>"},
        "bodyPreview": CANARY,
        "location": {"displayName": CANARY},
        "attendees": [{"emailAddress": guest, "type": "required"}],
        "hasAttachments": True,
        "isOrganizer": False,
        "organizer": {"emailAddress": guest},
        "responseStatus": {"response": "accepted", "time": "2026-03-01T08:00:00Z"},
        "webLink": f"https://outlook.office365.com/{CANARY}",
    }


def _instant(when: datetime | date) -> datetime:
    if isinstance(when, datetime):
        return when
    return datetime(when.year, when.month, when.day, tzinfo=UTC)


def _wall(when: datetime | date, zone: ZoneInfo, named: str) -> dict[str, str]:
    wall = when.astimezone(zone) if isinstance(when, datetime) else _instant(when)
    return {"dateTime": f"{wall:%Y-%m-%dT%H:%M:%S}.{wall.microsecond:06}0", "timeZone": named}


def a_day(day: date) -> tuple[date, date]:
    """Give the bounds of one whole day; the end is not part of it."""
    return day, day + timedelta(days=1)

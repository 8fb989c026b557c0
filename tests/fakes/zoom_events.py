"""Calendars at Zoom: free-busy, and entries with neither ids of ours nor partial answers."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, cast
from zoneinfo import ZoneInfoNotFoundError

from starlette.responses import Response

from tests.fakes.kit import Asked
from tests.fakes.zoom_answers import Pages, body_of, invalid, refused
from tests.fakes.zoom_state import Event, ZoomAccount, ZoomCalendar, instant, moment, zulu

if TYPE_CHECKING:
    from tests.fakes.zoom import ZoomFake

FIELDS = frozenset(
    {
        "start",
        "end",
        "attendees",
        "colorId",
        "description",
        "guestsCanInviteOthers",
        "guestsCanModify",
        "guestsCanSeeOtherGuests",
        "location",
        "recurrence",
        "reminders",
        "status",
        "summary",
        "transparency",
        "visibility",
    }
)
_CHOICES = {
    "status": {"confirmed", "tentative", "cancelled"},
    "transparency": {"opaque", "transparent"},
    "visibility": {"default", "public", "private"},
}
_LIST = frozenset(
    {
        "maxResults",
        "orderBy",
        "showDeleted",
        "singleEvents",
        "pageToken",
        "timeMin",
        "timeMax",
        "timeZone",
        "syncToken",
    }
)
_TEXTS = ("description", "location", "summary", "colorId")
_LONGEST_LIST = timedelta(days=1)
_PAGES = Pages("maxResults", "pageToken", "nextPageToken", 2500)
_PATH = "/zoom/v2/calendars/{calendar}/events"


class ZoomEvents:
    """Operations on entries."""

    def __init__(self, fake: "ZoomFake") -> None:
        self._fake = fake
        fake.route("POST", "/zoom/v2/calendars/freeBusy", "freeBusy", self._free_busy)
        fake.route("GET", _PATH, "listEvents", self._list)
        fake.route("POST", _PATH, "insertEvent", self._insert)
        fake.route("GET", f"{_PATH}/{{event}}", "getEvent", self._get)
        fake.route("PATCH", f"{_PATH}/{{event}}", "patchEvent", self._patch)
        fake.route("DELETE", f"{_PATH}/{{event}}", "deleteEvent", self._delete)

    def _free_busy(self, asked: Asked) -> object:
        account = self._fake.caller(asked, "calendar:read:list_events", "MEDIUM")
        self._fake.known(asked, asked.query, ())
        body = body_of(asked)
        known = {"timeMin", "timeMax", "timeZone", "items", "calendarExpansionMax", "groupExpansionMax"}
        self._fake.known(asked, body, known)
        start, end = _moment(body, "timeMin"), _moment(body, "timeMax")
        items: Any = body.get("items")
        if start >= end or not isinstance(items, list):
            raise invalid("items")
        ids = [str(item["id"]) for item in cast("list[dict[str, Any]]", items)]
        return {
            "kind": "calendar#freeBusy",
            "timeMin": zulu(start),
            "timeMax": zulu(end),
            "calendars": [_taken(account, id_, start, end) for id_ in ids],
        }

    def _list(self, asked: Asked) -> object:
        account = self._fake.caller(asked, "calendar:read:list_events", "MEDIUM")
        self._fake.known(asked, asked.query, _LIST)
        calendar = _calendar(account, asked)
        if "syncToken" in asked.query:
            self._fake.violation("listEvents: a sync token reads the titles of all entries (R062)")
            raise invalid("syncToken")
        first = datetime.min.replace(tzinfo=self._fake.clock().tzinfo)
        start = _moment(asked.query, "timeMin") if "timeMin" in asked.query else first
        end = _moment(asked.query, "timeMax") if "timeMax" in asked.query else first.replace(year=9999)
        if end - start > _LONGEST_LIST:
            self._fake.violation("listEvents: more than one entry's own times, titles and all (R062)")
        listed = calendar.within(start, end)
        page, token = _PAGES.of(listed, asked.query)
        return {
            "kind": "calendar#events",
            "etag": '"1"',
            "summary": calendar.summary,
            "updated": zulu(self._fake.clock()),
            "timeZone": calendar.zone,
            "accessRole": calendar.role,
            "defaultReminders": [],
            "items": page,
            **(token or {"nextSyncToken": "sync-1"}),
        }

    def _get(self, asked: Asked) -> object:
        account = self._fake.caller(asked, "calendar:read:event", "LIGHT")
        self._fake.known(asked, asked.query, ())
        event = _event(_calendar(account, asked), asked)
        return {
            **event,
            "etag": '"1"',
            "eventType": "default",
            "iCalUID": f"{event['id']}@zoom",
            "sequence": 0,
        }

    def _insert(self, asked: Asked) -> object:
        account = self._fake.caller(asked, "calendar:write:event", "HEAVY")
        calendar = self._writable(account, asked)
        body = self._fields(asked, calendar)
        event = calendar.add(body, self._fake.clock(), account.person.email)
        self._tell("create", account, calendar, event)
        return event

    def _patch(self, asked: Asked) -> object:
        account = self._fake.caller(asked, "calendar:update:event", "HEAVY")
        calendar = self._writable(account, asked)
        event = _event(calendar, asked)
        event |= {**self._fields(asked, calendar), "updated": zulu(self._fake.clock())}
        self._tell("update", account, calendar, event)
        return event

    def _delete(self, asked: Asked) -> Response:
        account = self._fake.caller(asked, "calendar:delete:event", "HEAVY")
        calendar = self._writable(account, asked)
        event = _event(calendar, asked)
        event["status"] = "cancelled"
        self._tell("delete", account, calendar, event)
        return Response(status_code=204)

    def _writable(self, account: ZoomAccount, asked: Asked) -> ZoomCalendar:
        self._fake.known(asked, asked.query, {"sendUpdates"})
        if asked.query.get("sendUpdates") != "none":
            self._fake.violation(f"{asked.operation}: Zoom would mail the guests")
        calendar = _calendar(account, asked)
        if calendar.role not in {"owner", "writer"}:
            raise refused(403, 403, "The user has no right to write to this calendar.")
        return calendar

    def _fields(self, asked: Asked, calendar: ZoomCalendar) -> Event:
        """Check a body; both times are required, when an entry is made and whenever it is changed."""
        body = body_of(asked)
        self._fake.known(asked, body, FIELDS)
        if body.get("attendees"):
            self._fake.violation(f"{asked.operation}: somebody is invited through Zoom")
        wrong = [name for name in _TEXTS if not isinstance(body.get(name, ""), str)]
        wrong += [name for name, known in _CHOICES.items() if name in body and body[name] not in known]
        for name in ("start", "end"):
            self._fake.known(asked, body.get(name, {}), {"date", "dateTime", "timeZone"})
        if "start" not in body or "end" not in body:
            self._fake.violation(f"{asked.operation}: start and end are required")
            wrong += [name for name in ("start", "end") if name not in body]
        if wrong:
            raise invalid(*wrong)
        try:
            is_in_order = instant(body["start"], calendar.zone) < instant(body["end"], calendar.zone)
        except (KeyError, ValueError, ZoneInfoNotFoundError):
            raise invalid("start", "end") from None
        if not is_in_order:
            raise invalid("end")
        return body

    def _tell(self, what: str, account: ZoomAccount, calendar: ZoomCalendar, event: Event) -> None:
        self._fake.webhooks.calendar(what, account, calendar.id, event["id"])


def _taken(account: ZoomAccount, id_: str, start: datetime, end: datetime) -> dict[str, Any]:
    calendar = account.calendars.get(id_)
    if calendar is None:
        return {"id": id_, "busy": [], "errors": [{"domain": "global", "reason": "notFound"}]}
    spans = [calendar.span(event) for event in calendar.within(start, end) if calendar.is_busy(event)]
    busy = [{"start": zulu(max(first, start)), "end": zulu(min(last, end))} for first, last in spans]
    return {"id": id_, "busy": busy}


def _calendar(account: ZoomAccount, asked: Asked) -> ZoomCalendar:
    calendar = account.calendars.get(asked.path["calendar"])
    if calendar is None:
        raise refused(404, 404, "Calendar does not exist.")
    return calendar


def _event(calendar: ZoomCalendar, asked: Asked) -> Event:
    event = calendar.events.get(asked.path["event"])
    if event is None or event["status"] == "cancelled":
        raise refused(404, 404, "Event does not exist.")
    return event


def _moment(given: Any, name: str) -> datetime:
    try:
        return moment(given[name])
    except (KeyError, TypeError, ValueError):
        raise invalid(name) from None

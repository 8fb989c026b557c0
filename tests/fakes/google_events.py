"""Google's operations on entries: insert, get, list, patch and delete, with Meet and sync tokens."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from tests.fakes.google_shapes import AUTH, Mask, refusal
from tests.fakes.google_state import (
    Event,
    GoogleCalendar,
    check_times,
    instants,
    merged_into,
    read_instant,
    spelled,
)
from tests.fakes.kit import Asked

_ID = re.compile(r"[a-v0-9]{5,1024}")
_TIMES_ONLY = frozenset(["kind", "etag", "id", "status", "start", "end", "transparency"])
_READ_ONLY = frozenset(["kind", "etag", "htmlLink", "created", "updated", "creator", "organizer"])
_NEVER_SYNCED = frozenset(
    ["q", "iCalUID", "orderBy", "privateExtendedProperty", "sharedExtendedProperty", "updatedMin"]
)
_NOT_WITH_SYNC = _NEVER_SYNCED | {"timeMin", "timeMax"}


@dataclass(frozen=True)
class Call:
    """One call of the API, read: who calls, with which scopes, what they want, and the body."""

    asked: Asked
    email: str
    scopes: frozenset[str]
    mask: Mask | None
    body: Mapping[str, Any]

    def flag(self, name: str) -> bool:
        """Read a boolean of the query; false where it is not given."""
        value = self.asked.query.get(name, "false")
        if value not in {"true", "false"}:
            raise refusal(400, "invalidParameter", f"Invalid value for {name}")
        return value == "true"

    def number(self, name: str, default: int, most: int) -> int:
        """Read a number of the query."""
        text = self.asked.query.get(name, str(default))
        if not text.isdigit() or not 0 < int(text) <= most:
            raise refusal(400, "invalidParameter", f"Invalid value for {name}")
        return int(text)


class Events:
    """The operations; `meet` is what becomes of a meeting that was asked for, at the next read.

    `most_per_page` makes pages shorter than was asked for, as Google may.
    """

    def __init__(self) -> None:
        self.meet = "success"
        self.most_per_page: int | None = None

    def insert(self, call: Call, calendar: GoogleCalendar) -> Event:
        """Make an entry."""
        fields = {name: value for name, value in call.body.items() if name not in _READ_ONLY}
        if "id" in fields and "iCalUID" in fields:
            raise refusal(400, "invalid", "Give id or iCalUID, not both")
        if "id" in fields and not _ID.fullmatch(fields["id"]):
            raise refusal(400, "invalid", "Invalid resource id value.")
        if "recurrence" in fields:
            raise refusal(400, "invalid", "this fake holds single entries only")
        if fields.get("id") in calendar.events:
            raise refusal(409, "duplicate", "The requested identifier already exists.")
        _check_sending(call)
        check_times(fields)
        _check_properties(fields)
        conference = fields.pop("conferenceData", None)
        event = calendar.new_event(fields, call.email)
        self._conference(call, event, conference)
        return calendar.store(event)

    def get(self, call: Call, calendar: GoogleCalendar) -> Event:
        """Give an entry; a deleted one is given as cancelled."""
        event = _found(call, calendar)
        return _seen(call, self._settled(calendar, event))

    def patch(self, call: Call, calendar: GoogleCalendar) -> Event:
        """Merge a change into an entry."""
        event = _found(call, calendar)
        _check_version(call, event)
        _check_sending(call)
        fields = {name: value for name, value in call.body.items() if name not in _READ_ONLY | {"id"}}
        conference = fields.pop("conferenceData", None)
        merged = merged_into(event, fields)
        check_times(merged)
        _check_properties(merged)
        if instants(merged, calendar.zone) != instants(event, calendar.zone):
            merged["sequence"] = event["sequence"] + 1
        self._conference(call, merged, conference)
        return calendar.store(merged)

    def delete(self, call: Call, calendar: GoogleCalendar) -> Response:
        """Delete an entry."""
        event = _found(call, calendar)
        if event["status"] == "cancelled":
            raise refusal(410, "deleted", "Resource has been deleted")
        _check_version(call, event)
        _check_sending(call)
        calendar.delete(event["id"])
        return Response(status_code=204)

    def listed(self, call: Call, calendar: GoogleCalendar) -> dict[str, Any]:
        """List entries page by page; with a sync token, those that have changed since."""
        query = call.asked.query
        start, changes = _page(query.get("pageToken"), calendar)
        if "syncToken" in query:
            found = _changed(call, calendar)
        else:
            found = [self._settled(calendar, event) for event in _selected(call, calendar)]
        most = call.number("maxResults", 250, 2500)
        end = start + min(most, self.most_per_page or most)
        answer: dict[str, Any] = {
            "kind": "calendar#events",
            "etag": f'"p{changes}"',
            "summary": calendar.summary,
            "updated": spelled(calendar.clock()),
            "timeZone": calendar.zone,
            "accessRole": calendar.roles[call.email],
            "defaultReminders": [],
            "items": [_among_few(call, _seen(call, event)) for event in found[start:end]],
        }
        if end < len(found):
            answer["nextPageToken"] = f"p{end}.{changes}"
        elif not _NEVER_SYNCED & set(query):
            answer["nextSyncToken"] = f"s{changes}"
        return answer

    def _conference(self, call: Call, event: Event, conference: Any) -> None:
        """Begin to make a meeting; without the version in the query what was sent is dropped."""
        version = call.asked.query.get("conferenceDataVersion", "0")
        if version not in {"0", "1"}:
            raise refusal(400, "invalidParameter", "Invalid value for conferenceDataVersion")
        if conference is None or version == "0":
            return
        request: dict[str, Any] = conference.get("createRequest", {})
        if request.get("conferenceSolutionKey", {}).get("type") != "hangoutsMeet":
            raise refusal(400, "invalid", "Invalid conference type value.")
        if not request.get("requestId"):
            raise refusal(400, "required", "Missing conference request id.")
        stands = event.get("conferenceData", {}).get("createRequest", {})
        if stands.get("requestId") == request["requestId"]:
            return
        event["conferenceData"] = {"createRequest": {**request, "status": {"statusCode": "pending"}}}

    def _settled(self, calendar: GoogleCalendar, event: Event) -> Event:
        """Finish a meeting that is being made."""
        request = event.get("conferenceData", {}).get("createRequest", {})
        if request.get("status") != {"statusCode": "pending"} or self.meet == "pending":
            return event
        made: Event = {"createRequest": {**request, "status": {"statusCode": self.meet}}}
        if self.meet != "success":
            return calendar.store({**event, "conferenceData": made})
        code = f"meet-{event['id'][:8]}"
        link = f"https://meet.google.com/{code}"
        made["conferenceId"] = code
        made["conferenceSolution"] = {"key": {"type": "hangoutsMeet"}, "name": "Google Meet"}
        made["entryPoints"] = [
            {"entryPointType": "phone", "uri": "tel:+49-30-1234567", "pin": "123456"},
            {"entryPointType": "video", "uri": link, "label": link.removeprefix("https://")},
        ]
        return calendar.store({**event, "conferenceData": made, "hangoutLink": link})


def _found(call: Call, calendar: GoogleCalendar) -> Event:
    event = calendar.events.get(call.asked.path["event"])
    if event is None:
        raise refusal(404, "notFound", "Not Found")
    return event


def _check_version(call: Call, event: Event) -> None:
    wanted = call.asked.headers.get("if-match", "*")
    if wanted not in {"*", event["etag"]}:
        raise refusal(412, "conditionNotMet", "Precondition Failed")


def _check_sending(call: Call) -> None:
    if call.asked.query.get("sendUpdates", "none") not in {"all", "externalOnly", "none"}:
        raise refusal(400, "invalidParameter", "Invalid value for sendUpdates")


def _check_properties(event: Mapping[str, Any]) -> None:
    if event.get("status", "confirmed") not in {"confirmed", "tentative", "cancelled"}:
        raise refusal(400, "invalid", "Invalid value for status")
    for kind in ("private", "shared"):
        for name, value in event.get("extendedProperties", {}).get(kind, {}).items():
            if not isinstance(value, str) or len(name) > 44 or len(value) > 1024:
                raise refusal(400, "invalid", "Invalid extended property")


def _seen(call: Call, event: Event) -> Event:
    """Leave what the caller's scopes let them see: some tell only when somebody is busy."""
    used = {scope.removeprefix(AUTH) for scope in call.scopes}
    readers = {
        "calendar",
        "calendar.readonly",
        "calendar.events",
        "calendar.events.readonly",
        "calendar.events.owned",
        "calendar.events.owned.readonly",
        "calendar.app.created",
    }
    if used & readers:
        return event
    return {name: value for name, value in event.items() if name in _TIMES_ONLY}


def _among_few(call: Call, event: Event) -> Event:
    """Leave of guests who are more than was asked for only the caller."""
    guests = event.get("attendees", [])
    if "maxAttendees" not in call.asked.query or len(guests) <= call.number("maxAttendees", 1, 10_000):
        return event
    return {**event, "attendees": [guest for guest in guests if guest.get("self")], "attendeesOmitted": True}


def _page(token: str | None, calendar: GoogleCalendar) -> tuple[int, int]:
    """Read where a page starts, and how much had happened when the first one was asked for."""
    if token is None:
        return 0, calendar.changes
    found = re.fullmatch(r"p(\d+)\.(\d+)", token)
    if found is None:
        raise refusal(400, "invalid", "Invalid page token value.")
    return int(found[1]), int(found[2])


def _changed(call: Call, calendar: GoogleCalendar) -> list[Event]:
    query = call.asked.query
    if not_with := sorted(_NOT_WITH_SYNC & set(query)):
        raise refusal(400, "badRequest", f"Sync token cannot be used with {', '.join(not_with)}")
    if query.get("showDeleted") == "false":
        raise refusal(400, "badRequest", "Sync token cannot be used with showDeleted=false")
    found = re.fullmatch(r"s(\d+)", query["syncToken"])
    if found is None or int(found[1]) < calendar.synced_from:
        raise refusal(410, "fullSyncRequired", "Sync token is no longer valid, a full sync is required.")
    return [
        {name: event[name] for name in ("kind", "etag", "id", "status")}
        if event["status"] == "cancelled"
        else event
        for event_id, event in calendar.events.items()
        if calendar.changed_at[event_id] > int(found[1])
    ]


def _selected(call: Call, calendar: GoogleCalendar) -> list[Event]:
    query = call.asked.query
    is_by_start = query.get("orderBy") == "startTime"
    if query.get("orderBy", "updated") not in {"startTime", "updated"}:
        raise refusal(400, "invalidParameter", "Invalid value for orderBy")
    if is_by_start and not call.flag("singleEvents"):
        raise refusal(400, "badRequest", "The requested ordering is not available for the particular query.")
    found = list(calendar.events.values() if call.flag("showDeleted") else calendar.standing())
    if "timeMin" in query:  # bounds the end
        least = read_instant(query["timeMin"], "timeMin")
        found = [event for event in found if instants(event, calendar.zone)[1] > least]
    if "timeMax" in query:  # bounds the start
        most = read_instant(query["timeMax"], "timeMax")
        found = [event for event in found if instants(event, calendar.zone)[0] < most]
    if "privateExtendedProperty" in query:
        name, _, value = query["privateExtendedProperty"].partition("=")
        found = [
            event
            for event in found
            if event.get("extendedProperties", {}).get("private", {}).get(name) == value
        ]
    if "iCalUID" in query:
        found = [event for event in found if event["iCalUID"] == query["iCalUID"]]
    return sorted(found, key=lambda event: instants(event, calendar.zone)) if is_by_start else found

"""Meetings at Zoom: numbers beyond 32 bits, a host's own link, a hundred changes a day."""

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, available_timezones

from starlette.responses import JSONResponse, Response

from tests.fakes.kit import Asked
from tests.fakes.sides import CANARY
from tests.fakes.zoom_answers import Pages, body_of, invalid, refused
from tests.fakes.zoom_state import ZoomAccount, moment, zulu

if TYPE_CHECKING:
    from tests.fakes.zoom import ZoomFake

_FIELDS = frozenset({"topic", "type", "start_time", "duration", "timezone", "agenda", "password", "settings"})
_SETTINGS = frozenset(
    {
        "waiting_room",
        "join_before_host",
        "host_video",
        "participant_video",
        "mute_upon_entry",
        "auto_recording",
        "email_notification",
        "meeting_invitees",
    }
)
_MOST = {"topic": 200, "agenda": 2000, "password": 10}
_START = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ?")
_TYPES = {1, 2, 3, 8, 10}
_LISTED = ("id", "uuid", "host_id", "topic", "type", "start_time", "duration", "timezone", "created_at")
_LISTED_AGENDA = 250
_NOT_WHEN_MADE = {"uuid", "host_id", "status"}
_PAGES = Pages("page_size", "next_page_token", "next_page_token", 300)
_FIRST = 85_746_065_123
_STEP = 7_919


class ZoomMeetingsFake:
    """Operations on meetings."""

    def __init__(self, fake: "ZoomFake") -> None:
        self._fake = fake
        self._next = _FIRST
        fake.route("POST", "/zoom/v2/users/{user}/meetings", "createMeeting", self._create)
        fake.route("GET", "/zoom/v2/users/{user}/meetings", "listMeetings", self._list)
        fake.route("GET", "/zoom/v2/meetings/{meeting}", "getMeeting", self._get)
        fake.route("PATCH", "/zoom/v2/meetings/{meeting}", "updateMeeting", self._update)
        fake.route("DELETE", "/zoom/v2/meetings/{meeting}", "deleteMeeting", self._delete)

    def _create(self, asked: Asked) -> Response:
        account = self._fake.caller(asked, "meeting:write:meeting", "MEDIUM")
        self._only_me(asked)
        self._fake.known(asked, asked.query, ())
        body = self._fields(asked)
        self._fake.counted_meeting(account)
        number, self._next = self._next, self._next + _STEP
        made: dict[str, Any] = {
            "id": number,
            "uuid": f"uuid/{number}==",
            "host_id": account.person.subject,
            "host_email": account.person.email,
            "topic": "Zoom Meeting",
            "type": 2,
            "status": "waiting",
            "duration": 60,
            "timezone": account.zone,
            "start_time": zulu(self._fake.clock()),
            "agenda": "",
            "created_at": zulu(self._fake.clock()),
            "password": "canary-pw",
            "settings": {},
            "join_url": f"https://zoom.example/j/{number}?pwd=guest",
            "start_url": f"https://zoom.example/s/{number}?zak={CANARY}",
        }
        account.meetings[number] = {**made, **_at_gmt(body, made["timezone"])}
        self._tell("created", account, number)
        answer = {key: value for key, value in account.meetings[number].items() if key not in _NOT_WHEN_MADE}
        return JSONResponse(answer, 201)

    def _list(self, asked: Asked) -> object:
        account = self._fake.caller(asked, "meeting:read:list_meetings", "MEDIUM")
        self._only_me(asked)
        self._fake.known(asked, asked.query, {"type", "page_size", "next_page_token", "page_number"})
        if asked.query.get("type") != "upcoming":
            self._fake.violation("listMeetings: only upcoming meetings are any concern of ours")
            raise invalid("type")
        upcoming = [one for one in account.meetings.values() if _ends_at(one) > self._fake.clock()]
        upcoming.sort(key=lambda one: (one["start_time"], one["id"]))
        page, token = _PAGES.of(upcoming, asked.query)
        return {
            "page_size": int(asked.query.get("page_size", "30")),
            "total_records": len(upcoming),
            "next_page_token": "",
            "meetings": [_listed(one) for one in page],
            **token,
        }

    def _get(self, asked: Asked) -> object:
        account = self._fake.caller(asked, "meeting:read:meeting", "LIGHT")
        self._fake.known(asked, asked.query, {"occurrence_id", "show_previous_occurrences"})
        return self._meeting(account, asked)

    def _update(self, asked: Asked) -> Response:
        account = self._fake.caller(asked, "meeting:update:meeting", "LIGHT")
        self._fake.known(asked, asked.query, {"occurrence_id"})
        body = self._fields(asked)
        meeting = self._meeting(account, asked)
        self._fake.counted_meeting(account)
        meeting |= _at_gmt(body, meeting["timezone"])
        self._tell("updated", account, meeting["id"])
        return Response(status_code=204)

    def _delete(self, asked: Asked) -> Response:
        account = self._fake.caller(asked, "meeting:delete:meeting", "LIGHT")
        known = {"occurrence_id", "schedule_for_reminder", "cancel_meeting_reminder"}
        self._fake.known(asked, asked.query, known)
        if "true" in (asked.query.get("schedule_for_reminder"), asked.query.get("cancel_meeting_reminder")):
            self._fake.violation("deleteMeeting: Zoom would mail that it is off")
        meeting = self._meeting(account, asked)
        self._tell("deleted", account, meeting["id"])
        del account.meetings[meeting["id"]]
        return Response(status_code=204)

    def _only_me(self, asked: Asked) -> None:
        if asked.path["user"] != "me":
            self._fake.violation(f"{asked.operation}: of somebody else")
            raise refused(404, 1001, "User does not exist.")

    def _meeting(self, account: ZoomAccount, asked: Asked) -> dict[str, Any]:
        number = asked.path["meeting"]
        if not number.isdigit():
            raise invalid("meetingId")
        if int(number) not in account.meetings:
            raise refused(404, 3001, f"Meeting does not exist: {number}.")
        return account.meetings[int(number)]

    def _fields(self, asked: Asked) -> dict[str, Any]:
        body = body_of(asked)
        self._fake.known(asked, body, _FIELDS)
        self._fake.known(asked, body.get("settings", {}), _SETTINGS)
        if body.get("settings", {}).get("meeting_invitees"):
            self._fake.violation(f"{asked.operation}: somebody is invited through Zoom")
        wrong = [name for name, most in _MOST.items() if not _is_text(body.get(name, ""), most)]
        if body.get("type", 2) not in _TYPES:
            wrong.append("type")
        if not isinstance(body.get("duration", 1), int) or body.get("duration", 1) < 1:
            wrong.append("duration")
        if body.get("timezone", "UTC") not in available_timezones():
            wrong.append("timezone")
        if not _START.fullmatch(body.get("start_time", "2026-01-01T00:00:00Z")):
            self._fake.violation(f"{asked.operation}: an offset is not a documented format")
            wrong.append("start_time")
        if wrong:
            raise invalid(*wrong)
        return body

    def _tell(self, what: str, account: ZoomAccount, number: int) -> None:
        self._fake.webhooks.meeting(what, account, account.meetings[number])


def _is_text(value: object, most: int) -> bool:
    return isinstance(value, str) and len(value) <= most


def _at_gmt(body: dict[str, Any], zone: str) -> dict[str, Any]:
    """Keep the start in GMT, as Zoom answers it: without a Z it was meant in the meeting's zone."""
    if "start_time" not in body:
        return body
    wall = datetime.fromisoformat(body["start_time"])
    if wall.tzinfo is None:
        wall = wall.replace(tzinfo=ZoneInfo(body.get("timezone", zone)))
    return {**body, "start_time": zulu(wall)}


def _ends_at(meeting: dict[str, Any]) -> datetime:
    return moment(meeting["start_time"]) + timedelta(minutes=meeting["duration"])


def _listed(meeting: dict[str, Any]) -> dict[str, Any]:
    listed = {name: meeting[name] for name in (*_LISTED, "join_url")}
    return {**listed, "agenda": meeting["agenda"][:_LISTED_AGENDA]}

"""Meetings at Zoom: made beside an entry, moved, and ended.

A host's own link (start_url) opens the meeting as the host: it is dropped while parsing, and so is
everything else but the id and the link for those who come.
"""

import re
from collections.abc import AsyncGenerator
from datetime import datetime
from types import MappingProxyType

from domain.addresses import cleaned
from domain.intervals import outward
from integrations.http import Answer, SafeHttp
from integrations.ports import Account, MadeMeeting, Meeting, Permanent
from integrations.zoom.entries import is_marked, marker_line
from integrations.zoom.wire import (
    CREATED,
    GONE,
    MEETING_GONE_CODE,
    NO_CONTENT,
    Calls,
    Clock,
    Json,
    Zoom,
    a_list,
    a_text,
    an_instant,
    an_object,
    code_of,
    part,
    unreadable,
    zulu,
)

_DEADLINE_S = 20.0
_SCHEDULED = 2
_MAX_TOPIC = 200
_PAGE = "300"
_MAX_PAGES = 20
_MEETINGS = "/users/me/meetings"
# Nobody is told by Zoom that a meeting is off: cancellations are our own mails.
_SILENT = MappingProxyType({"schedule_for_reminder": "false", "cancel_meeting_reminder": "false"})
_LINK = re.compile(r"https://[!-~]+")


class ZoomMeetings:
    """The MeetingPort of Zoom; `url` is the address of its API, `clock` see `Zoom`."""

    def __init__(self, http: SafeHttp, url: str, clock: Clock) -> None:
        self._zoom = Zoom(http, url, clock)

    async def make(self, account: Account, meeting: Meeting) -> MadeMeeting:
        """Make a meeting, unless one with our key is among the host's upcoming ones.

        Any call may be a repeat whose first answer was lost, and Zoom knows no key of ours: so the
        meetings are looked through each time. One that is found at other times is moved.
        """
        async with self._zoom.session(account, _DEADLINE_S) as calls:
            async for listed in _upcoming(calls):
                if not is_marked(listed.get("agenda"), meeting.key):
                    continue
                made = _made(listed)
                if not _is_at(listed, meeting):
                    await _move(calls, made.remote_id, meeting)
                return made
            body: Json = {
                "topic": cleaned(meeting.topic)[:_MAX_TOPIC],
                "type": _SCHEDULED,
                "agenda": marker_line(meeting.key),
                "settings": {"waiting_room": True, "join_before_host": False},
                **_times(meeting),
            }
            return _made(await calls.read("POST", _MEETINGS, body=body, status=CREATED))

    async def move(self, account: Account, remote_id: str, meeting: Meeting) -> None:
        """Give a meeting other times, and leave the rest of it to its host."""
        async with self._zoom.session(account, _DEADLINE_S) as calls:
            await _move(calls, remote_id, meeting)

    async def find(self, account: Account, key: str) -> str | None:
        """Look through the host's upcoming meetings for our key."""
        async with self._zoom.session(account, _DEADLINE_S) as calls:
            async for listed in _upcoming(calls):
                if is_marked(listed.get("agenda"), key):
                    return _made(listed).remote_id
        return None

    async def end(self, account: Account, remote_id: str) -> None:
        """Remove a meeting."""
        async with self._zoom.session(account, _DEADLINE_S) as calls:
            answer = await calls.ask("DELETE", f"/meetings/{part(remote_id)}", _SILENT)
            if answer.status != NO_CONTENT and not _is_gone(answer):
                raise calls.failure_of(answer)


async def _move(calls: Calls, remote_id: str, meeting: Meeting) -> None:
    answer = await calls.ask("PATCH", f"/meetings/{part(remote_id)}", body=_times(meeting))
    if _is_gone(answer):
        raise Permanent("meeting_gone")
    if answer.status != NO_CONTENT:
        raise calls.failure_of(answer)


async def _upcoming(calls: Calls) -> AsyncGenerator[Json]:
    token = ""
    for _ in range(_MAX_PAGES):
        more = {"next_page_token": token} if token else {}
        page = await calls.read("GET", _MEETINGS, {"type": "upcoming", "page_size": _PAGE, **more})
        for listed in a_list(page.get("meetings")):
            yield an_object(listed)
        if not page.get("next_page_token"):
            return
        token = a_text(page["next_page_token"])
    raise unreadable()


def _made(said: Json) -> MadeMeeting:
    id_, link = said.get("id"), a_text(said.get("join_url"))
    # The id is a number beyond 32 bits; only as a text does it pass everything unharmed.
    if not isinstance(id_, int) or isinstance(id_, bool) or not _LINK.fullmatch(link):
        raise unreadable()
    return MadeMeeting(str(id_), link)


def _times(meeting: Meeting) -> Json:
    return {
        "start_time": zulu(meeting.start),
        "duration": _minutes(meeting.start, meeting.end),
        "timezone": meeting.zone,
    }


def _is_at(listed: Json, meeting: Meeting) -> bool:
    is_same_length = listed.get("duration") == _minutes(meeting.start, meeting.end)
    return is_same_length and an_instant(listed.get("start_time")) == meeting.start


def _minutes(start: datetime, end: datetime) -> int:
    first, last = outward(start, end) or (0, 1)
    return last - first


def _is_gone(answer: Answer) -> bool:
    return answer.status in GONE or code_of(answer) == MEETING_GONE_CODE

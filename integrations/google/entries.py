"""Our own entries at Google: how they are spelled, what is new about them, and how they are known again."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from hmac import compare_digest
from zoneinfo import ZoneInfo

from domain.addresses import cleaned
from domain.calendars import Entry, EntryMeeting, EntryRef, EntrySpot
from integrations.failures import NOT_OURS
from integrations.google.answers import fields, instant, items, text, unreadable
from integrations.ports import Permanent

MARKER = "slotgraphMarker"
CONFIRMED, CANCELLED = "confirmed", "cancelled"
_MEETING = "hangoutLink,conferenceData(entryPoints(entryPointType,uri),createRequest(requestId,status))"
OWN = f"id,status,etag,start,end,extendedProperties/private,{_MEETING}"
"""The mask under which an entry is read: nothing in it tells what somebody else's is about."""
MARKED = "id,status,etag,extendedProperties/private"
"""The mask under which an entry is only recognised."""
WRITTEN = f"id,etag,{_MEETING}"
"""The mask of what a write answers."""

_ID = re.compile(r"[a-v0-9]{5,1024}")
_MAX_LINE = 500
_MAX_TEXT = 8000
_MAX_URL = 2000


@dataclass(frozen=True, slots=True)
class Told:
    """What Google tells of an entry of ours once written: its version, and the meeting beside it."""

    etag: str
    join_url: str | None = field(repr=False)
    request_id: str | None
    is_meeting_pending: bool
    has_meeting_failed: bool

    def ref(self, made_id: str) -> EntryRef:
        """Say how the entry stands, for our own table."""
        return EntryRef(made_id, self.etag, self.join_url, self.is_meeting_pending)


@dataclass(frozen=True, slots=True)
class Own:
    """An entry of ours as it stands, or as it was deleted.

    `start` and `end` are instants, dates where the host has made whole days of it, or None where a deleted
    one tells no times.
    """

    told: Told
    is_deleted: bool
    start: datetime | date | None
    end: datetime | date | None


def entry_id(spot: EntrySpot) -> str:
    """Give the id that an entry of ours has at Google: the digits of the UUID that begins its UID.

    Permanent("not_ours") where the spot was given another id: then it is not one that we made.
    """
    made = spot.uid.partition("@")[0].replace("-", "").lower()
    if _ID.fullmatch(made) is None or spot.remote_id not in {None, made}:
        raise Permanent(NOT_OURS)
    return made


def recognised(answer: Mapping[str, object], made_id: str, marker: str) -> str:
    """Give the version of an entry; Permanent("not_ours") for whatever lacks our id or our marker."""
    private = fields(fields(answer.get("extendedProperties")).get("private"))
    is_ours = compare_digest(text(private.get(MARKER)).encode(), marker.encode())
    if answer.get("id") != made_id or not marker or not is_ours:
        raise Permanent(NOT_OURS)
    etag = text(answer.get("etag"))
    if not etag:
        # Without a version nothing says that what we change is still what we have looked at.
        raise unreadable()
    return etag


def is_deleted(answer: Mapping[str, object]) -> bool:
    """Say whether an entry was deleted; it is still answered then, for some time."""
    return answer.get("status") == CANCELLED


def own(answer: Mapping[str, object], made_id: str, marker: str) -> Own:
    """Read an entry of ours; raises as `recognised` does, and Transient where it makes no sense."""
    recognised(answer, made_id, marker)
    is_gone = is_deleted(answer)
    start, end = (_moment(answer.get(name), may_lack=is_gone) for name in ("start", "end"))
    return Own(told(answer, made_id), is_gone, start, end)


def told(answer: Mapping[str, object], made_id: str) -> Told:
    """Read what a write answered, or the same of what is read."""
    if answer.get("id") != made_id or not text(answer.get("etag")):
        raise unreadable()
    conference = fields(answer.get("conferenceData"))
    request = fields(conference.get("createRequest"))
    state = text(fields(request.get("status")).get("statusCode"))
    points = [fields(point) for point in items(conference.get("entryPoints", []))]
    videos = [text(point.get("uri")) for point in points if point.get("entryPointType") == "video"]
    links = [link for link in (*videos, text(answer.get("hangoutLink"))) if _is_link(link)]
    return Told(
        etag=text(answer.get("etag")),
        join_url=links[0] if links else None,
        request_id=text(request.get("requestId")) or None,
        is_meeting_pending=not links and state == "pending",
        has_meeting_failed=not links and state == "failure",
    )


def whole(entry: Entry, made_id: str) -> dict[str, object]:
    """Spell a new entry. It names nobody, so that Google invites nobody."""
    spelled: dict[str, object] = {
        "id": made_id,
        "status": CONFIRMED,
        "transparency": "opaque",
        "extendedProperties": {"private": {MARKER: entry.marker}},
        "start": _time(entry.start, entry.zone),
        "end": _time(entry.end, entry.zone),
        **_texts(entry),
    }
    if entry.meeting is EntryMeeting.GOOGLE_MEET:
        spelled["conferenceData"] = _request(entry.uid)
    return spelled


def news(stands: Own, spot: EntrySpot, entry: Entry) -> dict[str, object]:
    """Spell what is new since the spot was written; what the host changed by hand is not in it.

    An entry that was deleted is written anew: what it says must be what we say.
    """
    spelled: dict[str, object] = {}
    times = (entry.start, entry.end)
    is_new = spot.start is None or spot.end is None or times != (spot.start, spot.end)
    if stands.is_deleted:
        spelled["status"] = CONFIRMED
    if stands.is_deleted or (is_new and times != (stands.start, stands.end)):
        # Google merges: a date that the host has put there would stay beside our time.
        spelled["start"] = {"date": None, **_time(entry.start, entry.zone)}
        spelled["end"] = {"date": None, **_time(entry.end, entry.zone)}
    if stands.is_deleted or entry.texts != spot.texts:
        spelled |= _texts(entry)
    meeting = stands.told
    has_one = meeting.join_url is not None or meeting.is_meeting_pending
    if entry.meeting is EntryMeeting.GOOGLE_MEET and not has_one:
        # The same request again would be passed over, so one that failed is followed by another.
        seed = meeting.request_id if meeting.has_meeting_failed else None
        spelled["conferenceData"] = _request(seed or entry.uid)
    return spelled


def at_midnight(day: date, zone: ZoneInfo) -> datetime:
    """Give the instant at which a date begins in a calendar's zone."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def _moment(value: object, *, may_lack: bool) -> datetime | date | None:
    at = fields(value)
    if "dateTime" in at:
        return instant(at["dateTime"])
    if "date" not in at and may_lack:
        return None
    try:
        return date.fromisoformat(text(at.get("date")))
    except ValueError:
        raise unreadable() from None


def _is_link(link: str) -> bool:
    return link.startswith("https://") and len(link) <= _MAX_URL and link.isprintable() and " " not in link


def _request(seed: str) -> dict[str, object]:
    """Ask for a meeting under an id that follows from a seed, so that asking twice makes one."""
    request_id = hashlib.sha256(seed.encode()).hexdigest()[:32]
    kind = {"type": "hangoutsMeet"}
    return {"createRequest": {"requestId": request_id, "conferenceSolutionKey": kind}}


def _time(at: datetime, zone: str) -> dict[str, object]:
    spelled = at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return {"dateTime": spelled, "timeZone": zone}


def _texts(entry: Entry) -> dict[str, object]:
    return {
        "summary": cleaned(entry.summary)[:_MAX_LINE],
        "description": cleaned(entry.description, keeps_lines=True)[:_MAX_TEXT],
        "location": cleaned(entry.place)[:_MAX_LINE],
    }

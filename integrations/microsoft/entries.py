"""Our own entries as Graph's events: how they are spelled, and how they are known again.

One extended property holds UID and marker. Other programs keep it and do not show it; a search goes by
the UID, so that the marker never stands in an address.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hmac import compare_digest
from zoneinfo import ZoneInfo

from domain.addresses import cleaned
from domain.calendars import Entry, EntryMeeting, EntryRef, EntrySpot, EntryState
from integrations.failures import NOT_OURS
from integrations.microsoft.answers import Fields, inner, listed, perhaps, text
from integrations.microsoft.busy import earliest, latest
from integrations.microsoft.zones import graph_name
from integrations.ports import Permanent

PROPERTY = "String {8d2f4c1e-6a57-4b39-9e0d-3c7b1f52a684} Name slotgraph"
SELECT_OWN = "id,start,end"
EXPAND = f"singleValueExtendedProperties($filter=id eq '{PROPERTY}')"

_MAX_LINE = 255
_MAX_TEXT = 8000


@dataclass(frozen=True, slots=True)
class Own:
    """An entry that is proved to be ours: where it is found, its version and its times."""

    path: str = field(repr=False)
    id: str = field(repr=False)
    etag: str
    start: datetime
    end: datetime

    @property
    def state(self) -> EntryState:
        """How it stands; Graph keeps no number of ours."""
        return EntryState(self.start, self.end)


def is_ours(event: Fields, spot: EntrySpot) -> bool:
    """Say whether an event bears our UID and our marker."""
    given = _proof(spot.uid, spot.marker).encode()
    return "singleValueExtendedProperties" in event and any(
        (perhaps(each, "id") or "").lower() == PROPERTY.lower()
        and compare_digest((perhaps(each, "value") or "").encode(), given)
        for each in listed(event, "singleValueExtendedProperties")
    )


def own_of(event: Fields, spot: EntrySpot, path: str) -> Own:
    """Read an entry of ours; Permanent("not_ours") for whatever lacks our UID or marker."""
    if not is_ours(event, spot):
        raise Permanent(NOT_OURS)
    etag = perhaps(event, "@odata.etag")
    if etag is None:
        # Without a version nothing says that what we change is still what we have looked at.
        raise Permanent("no_etag")
    return Own(path, text(event, "id"), etag, earliest(inner(event, "start")), latest(inner(event, "end")))


def search_for(uid: str) -> str:
    """Spell the filter that finds entries by UID. Graph compares without case: each is looked at again."""
    value = uid.replace("'", "''")
    return (
        f"singleValueExtendedProperties/Any(ep: ep/id eq '{PROPERTY}' and startswith(ep/value, '{value} '))"
    )


def transaction_id(spot: EntrySpot, gone: str | None) -> str:
    """Derive what Graph knows a creation again by: always the same for one entry.

    One that the host has deleted is never made again under the same: `gone` is its id.
    """
    return hashlib.sha256("\n".join((spot.uid, spot.marker, gone or "")).encode()).hexdigest()


def new_event(entry: Entry, transaction: str) -> Mapping[str, object]:
    """Spell an event as it is created: nobody is in it whom Microsoft could mail."""
    return {
        "transactionId": transaction,
        **_texts(entry),
        "body": _body(entry),
        **_times(entry),
        "showAs": "busy",
        "singleValueExtendedProperties": [
            {"id": PROPERTY, "value": _proof(entry.uid, entry.marker)},
        ],
        **(TEAMS if entry.meeting is EntryMeeting.TEAMS else {}),
    }


TEAMS: Mapping[str, object] = {"isOnlineMeeting": True, "onlineMeetingProvider": "teamsForBusiness"}


def news(entry: Entry, spot: EntrySpot, own: Own, *, has_meeting: bool) -> dict[str, object]:
    """Say what is new since the entry was last written; what the host has changed by hand is left.

    The body of an entry with a meeting is left too: there Microsoft keeps what leads into it, and ends
    the meeting if that is gone.
    """
    changes: dict[str, object] = {}
    if (entry.start, entry.end) not in ((spot.start, spot.end), (own.start, own.end)):
        changes |= _times(entry)
    if entry.texts != spot.texts:
        changes |= _texts(entry)
        if not has_meeting:
            changes["body"] = _body(entry)
    if entry.meeting is EntryMeeting.TEAMS and not has_meeting:
        changes |= TEAMS
    return changes


def ref_of(event: Fields, *, wants_meeting: bool) -> EntryRef:
    """Read from Graph's answer how an entry of ours stands once written."""
    join_url = perhaps(event, "onlineMeeting", "joinUrl") if wants_meeting else None
    is_pending = wants_meeting and join_url is None
    return EntryRef(text(event, "id"), perhaps(event, "@odata.etag"), join_url, is_pending)


def _proof(uid: str, marker: str) -> str:
    return f"{uid} {marker}"


def _texts(entry: Entry) -> dict[str, object]:
    return {
        "subject": cleaned(entry.summary)[:_MAX_LINE],
        "location": {"displayName": cleaned(entry.place)[:_MAX_LINE]},
    }


def _body(entry: Entry) -> dict[str, object]:
    return {"contentType": "text", "content": cleaned(entry.description, keeps_lines=True)[:_MAX_TEXT]}


def _times(entry: Entry) -> dict[str, object]:
    return {
        "start": _when(entry.start, entry.zone),
        "end": _when(entry.end, entry.zone),
        "isAllDay": False,
    }


def _when(instant: datetime, zone: str) -> dict[str, object]:
    """Spell an instant on the host's wall; one that occurs twice there is spelled in UTC."""
    wall = instant.astimezone(ZoneInfo(zone))
    if wall.replace(fold=0).utcoffset() != wall.replace(fold=1).utcoffset():
        wall, zone = instant.astimezone(UTC), "UTC"
    return {"dateTime": f"{wall:%Y-%m-%dT%H:%M:%S}", "timeZone": graph_name(zone)}

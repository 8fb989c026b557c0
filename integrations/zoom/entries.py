"""Our own entries at Zoom: how they are written, and how they are known again.

Zoom keeps no hidden properties and takes no ids of ours. So our marker is the last line of the
description, and an entry is ours if one of its lines is just that: the host may have written below it.
"""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from hmac import compare_digest
from zoneinfo import ZoneInfo

from domain.addresses import cleaned
from domain.calendars import Entry, EntryState
from domain.errors import InvalidInput
from domain.intervals import instant_of, minute_of, outward
from domain.zones import minute_at, zone
from integrations.zoom.wire import Json, a_text, an_object, unreadable, zulu

_PREFIX = "slotgraph:"
_MAX_LINE = 500
_MAX_TEXT = 8000
_TIMES = ("date", "dateTime", "timeZone")
_CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class OwnEntry:
    """An entry of ours as it stands: Zoom's id for it, its times, and how Zoom itself spells these."""

    id: str = field(repr=False)
    state: EntryState
    spelled_times: Json = field(repr=False)


def spelled_times(entry: Entry) -> Json:
    """Spell when an entry is, with the zone in which Zoom is to show it."""
    return {
        "start": {"dateTime": zulu(entry.start), "timeZone": entry.zone},
        "end": {"dateTime": zulu(entry.end), "timeZone": entry.zone},
    }


def spelled_texts(entry: Entry) -> Json:
    """Spell what people read in an entry, and our marker; nobody in it whom Zoom could mail."""
    description = cleaned(entry.description, keeps_lines=True)[:_MAX_TEXT]
    marked = marker_line(entry.marker)
    return {
        "summary": cleaned(entry.summary)[:_MAX_LINE],
        "description": f"{description}\n\n{marked}" if description else marked,
        "location": cleaned(entry.place)[:_MAX_LINE],
    }


def marker_line(key: str) -> str:
    """Spell the line by which we know again what is ours."""
    return f"{_PREFIX}{key}"


def is_marked(text: object, key: str) -> bool:
    """Say whether one line of a text is our marker; the text itself is forgotten."""
    if not isinstance(text, str) or not key:
        return False
    wanted = marker_line(key).encode()
    return any(
        compare_digest(line.strip().encode(errors="replace"), wanted)
        for line in text.splitlines()
        if line.strip().startswith(_PREFIX)
    )


def is_gone(event: Json) -> bool:
    """Say whether an entry was removed, though Zoom still knows of it."""
    return event.get("status") == _CANCELLED


def read_own(event: Json) -> OwnEntry:
    """Read an entry that bears our marker; of its texts nothing is kept."""
    start, end = _times(event.get("start")), _times(event.get("end"))
    span = outward(_instant(start), _instant(end))
    if span is None:
        at = minute_of(_instant(start))
        span = (at, at)
    state = EntryState(instant_of(span[0]), instant_of(span[1]))
    return OwnEntry(a_text(event.get("id")), state, {"start": start, "end": end})


def _times(value: object) -> Json:
    times = an_object(value)
    return {name: a_text(times[name]) for name in _TIMES if times.get(name)}


def _instant(times: Json) -> datetime:
    """Give the instant of a date (its midnight) or a time, by its own zone where it has no offset."""
    try:
        name = zone(str(times.get("timeZone", "UTC"))).key
        if "dateTime" not in times:
            return instant_of(minute_at(date.fromisoformat(a_text(times.get("date"))), 0, name))
        when = datetime.fromisoformat(a_text(times["dateTime"]))
        return (when if when.tzinfo is not None else when.replace(tzinfo=ZoneInfo(name))).astimezone(UTC)
    except (ValueError, OverflowError, InvalidInput):
        raise unreadable() from None

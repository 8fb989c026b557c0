"""Our own entries as calendar objects: how they are written, and how they are known again."""

from datetime import UTC, datetime, timedelta
from hmac import compare_digest

from icalendar import Calendar, Component, Event

from domain.addresses import cleaned
from domain.calendars import Entry, EntryState
from domain.intervals import instant_of
from integrations.failures import NOT_OURS
from integrations.ical_lines import OWN, Property, Unreadable, calendars
from integrations.ical_times import Zones, described_zones, duration, moment
from integrations.ports import Permanent

MARKER = "X-SLOTGRAPH-MARKER"
_PRODID = "-//Slotgraph//Scheduling//EN"
_MAX_LINE = 500
_MAX_TEXT = 8000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def spelled(entry: Entry) -> bytes:
    """Spell an entry: always the same bytes for the same entry, and nobody in it whom a server could mail.

    Its stamp only orders versions: the same entry, written again by another worker, is the same object.
    """
    event = Event()
    _put(event, "uid", entry.uid)
    _put(event, "dtstamp", _EPOCH + timedelta(seconds=entry.sequence))
    _put(event, "sequence", entry.sequence)
    _put(event, "dtstart", entry.start.astimezone(UTC).replace(microsecond=0))
    _put(event, "dtend", entry.end.astimezone(UTC).replace(microsecond=0))
    _put(event, "summary", cleaned(entry.summary)[:_MAX_LINE])
    if description := cleaned(entry.description, keeps_lines=True)[:_MAX_TEXT]:
        _put(event, "description", description)
    if place := cleaned(entry.place)[:_MAX_LINE]:
        _put(event, "location", place)
    _put(event, "status", "CONFIRMED")
    _put(event, "transp", "OPAQUE")
    _put(event, MARKER, entry.marker)
    calendar = Calendar()
    _put(calendar, "prodid", _PRODID)
    _put(calendar, "version", "2.0")
    _put(calendar, "calscale", "GREGORIAN")
    calendar.add_component(event)
    return calendar.to_ical()


def own_state(data: bytes, uid: str, marker: str) -> EntryState:
    """Read how an object of ours stands; Permanent("not_ours") for whatever lacks our UID or marker."""
    try:
        found = calendars(data, also=OWN)
        events = [event for calendar in found for event in calendar.within("VEVENT")]
        is_ours = bool(events) and all(
            _is(event.one("UID"), uid) and _is(event.one(MARKER), marker) for event in events
        )
        if not is_ours:
            raise Permanent(NOT_OURS)
        event = events[0]
        start, end, length, sequence = (
            event.one(name) for name in ("DTSTART", "DTEND", "DURATION", "SEQUENCE")
        )
        if start is None:
            raise Permanent(NOT_OURS)
        begins = moment(start)
        ends = moment(end) if end else begins.later(duration(length.value) if length else timedelta())
        zones = Zones(described_zones(found))
        number = sequence.value if sequence else "0"
        return EntryState(
            instant_of(zones.minutes(begins)[0]),
            instant_of(zones.minutes(ends)[1]),
            int(number) if number.isascii() and number.isdigit() else 0,
        )
    except Unreadable:
        raise Permanent(NOT_OURS) from None


def _is(found: Property | None, text: str) -> bool:
    value = found.value if found else ""
    return compare_digest(value.encode(), text.encode())


def _put(component: Component, name: str, value: object) -> None:
    component.add(name, value)  # pyright: ignore[reportUnknownMemberType] - the package leaves it untyped

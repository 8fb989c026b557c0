"""What Graph takes and refuses: query options, preferences, filters, times, and errors as it spells them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON
from starlette.responses import JSONResponse

from tests.fakes.graph_shapes import SHAPES
from tests.fakes.kit import Asked, Fake, Refusal

_PREFERENCES = re.compile(r'\s*(IdType|outlook\.timezone|outlook\.body-content-type)="([^"]*)"\s*')
_FILTER = re.compile(
    r"singleValueExtendedProperties/Any\(ep: ep/id eq '(?P<id>[^']+)' and "
    r"(?:ep/value eq '(?P<value>(?:[^']|'')*)'|startswith\(ep/value, '(?P<start>(?:[^']|'')*)'\))\)"
)
_EXPAND = re.compile(r"singleValueExtendedProperties\(\$filter=id eq '([^']+)'\)")
_IANA = frozenset(available_timezones())
_WALL = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,7})?Z?")
_EVENT_SELECTABLE = frozenset(SHAPES["event"]) - {"singleValueExtendedProperties"}
PRIVATE = frozenset(
    {"subject", "body", "bodyPreview", "attendees", "location", "organizer", "hasAttachments", "webLink"}
)
"""Properties of entries that nobody of ours may ask for (R062 to R065)."""


@dataclass(frozen=True)
class Preferences:
    """What a request prefers: ids that stay, and the zone of times, as it was named."""

    is_immutable: bool = False
    zone: str = "UTC"


def graph_error(status: int, code: str, message: str = "", **more: Any) -> Refusal:
    """Spell a refusal as Graph does; `more` stands in the error beside its code."""
    inner = {
        "date": "2026-03-27T12:00:00",
        "request-id": "5d1c3c0e-0000-4000-8000-000000000003",
        "client-request-id": "5d1c3c0e-0000-4000-8000-000000000003",
    }
    error = {"code": code, "message": message or code, "innerError": inner, **more}
    return Refusal(JSONResponse({"error": error}, status))


def not_found() -> Refusal:
    """Make the refusal of what is not there."""
    return graph_error(404, "ErrorItemNotFound", "The specified object was not found in the store.")


def zone_of(named: str, refused: frozenset[str] = frozenset()) -> ZoneInfo:
    """Give the zone that a client named, as Windows or as IANA does."""
    name = WINDOWS_TO_OLSON.get(named, named)
    if name not in _IANA or named in refused:
        raise graph_error(400, "TimeZoneNotSupportedException", "The time zone is not supported.")
    return ZoneInfo(name)


def preferences(fake: Fake, asked: Asked) -> Preferences:
    """Read the Prefer header."""
    given: dict[str, str] = {}
    for each in asked.headers.get("prefer", "").split(",") if "prefer" in asked.headers else []:
        read = _PREFERENCES.fullmatch(each)
        if read is None or read[1] in given:
            fake.violation(f"{asked.operation}: preference {each.strip()}")
            raise graph_error(400, "ErrorInvalidRequest", "Unknown preference.")
        given[read[1]] = read[2]
    if given.get("IdType", "ImmutableId") != "ImmutableId":
        fake.violation(f"{asked.operation}: IdType")
    return Preferences("IdType" in given, given.get("outlook.timezone", "UTC"))


def check_query(fake: Fake, asked: Asked, *known: str) -> None:
    """Refuse query options that the operation does not have."""
    if fake.only(asked.operation, asked.query, known):
        raise graph_error(400, "BadRequest", "Unknown query option.")


def selected(fake: Fake, asked: Asked, shape: str) -> list[str]:
    """Read $select; without it, or with what is private in it, the request breaks our word (case 165)."""
    names = [name for name in asked.query.get("$select", "").split(",") if name]
    known = _EVENT_SELECTABLE if shape == "event" else frozenset(SHAPES[shape])
    if not names:
        fake.violation(f"{asked.operation}: no $select")
        raise graph_error(400, "ErrorInvalidRequest", "This stand-in gives nothing without $select.")
    if fake.only(f"{asked.operation} $select", names, known):
        raise graph_error(400, "BadRequest", "Could not find a property named so.")
    if shape == "event" and PRIVATE & set(names):
        fake.violation(f"{asked.operation}: asks for what is private")
    return names


def expanded(fake: Fake, asked: Asked) -> str | None:
    """Read $expand: the id of an extended property, or None."""
    text = asked.query.get("$expand")
    if text is None:
        return None
    read = _EXPAND.fullmatch(text)
    if read is None:
        fake.violation(f"{asked.operation}: $expand")
        raise graph_error(400, "BadRequest", "$expand cannot be parsed.")
    return read[1]


def filtered(fake: Fake, asked: Asked, extended: Mapping[str, str]) -> bool:
    """Say whether an event with these extended properties passes $filter; values have no case."""
    text = asked.query.get("$filter")
    if text is None:
        return True
    read = _FILTER.fullmatch(text)
    if read is None:
        fake.violation(f"{asked.operation}: $filter")
        raise graph_error(400, "ErrorInvalidUrlQueryFilter", "The filter cannot be parsed.")
    value = extended.get(read["id"])
    if value is None:
        return False
    if read["value"] is not None:
        return value.lower() == read["value"].replace("''", "'").lower()
    return value.lower().startswith(read["start"].replace("''", "'").lower())


def page_size(fake: Fake, asked: Asked) -> tuple[int, int]:
    """Read $top and $skip: how many, from where."""
    size, skip = asked.query.get("$top", "10"), asked.query.get("$skip", "0")
    if not (size.isdigit() and skip.isdigit() and 0 < int(size) <= 1000):
        fake.violation(f"{asked.operation}: $top")
        raise graph_error(400, "ErrorInvalidRequest", "The page size must be 1 to 1000.")
    return int(size), int(skip)


def bound(asked: Asked, name: str) -> datetime:
    """Read a bound of a window; without an offset it is UTC."""
    try:
        read = datetime.fromisoformat(asked.query[name])
    except (KeyError, ValueError):
        raise graph_error(400, "ErrorInvalidParameter", f"{name} is required.") from None
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def instant_in(value: Any, refused: frozenset[str]) -> datetime:
    """Read a `dateTimeTimeZone` that a client sent."""
    if not _WALL.fullmatch(value.get("dateTime", "")) or not value.get("timeZone"):
        raise graph_error(400, "ErrorInvalidRequest", "The time cannot be read.")
    wall = datetime.fromisoformat(value["dateTime"].rstrip("Z"))
    return wall.replace(tzinfo=zone_of(value["timeZone"], refused)).astimezone(UTC)

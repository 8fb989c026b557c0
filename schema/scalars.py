"""The scalars that have a meaning of their own, and how they are read and printed.

A scalar refuses what is not of its form. Whether the zone exists or the address can be used is said
by the operation, as a typed error with the field's path, so TimeZone and EmailAddress are only bounded here.
"""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import NewType

import strawberry
from strawberry.types.scalar import ScalarDefinition

TimeZone = NewType("TimeZone", str)
EmailAddress = NewType("EmailAddress", str)
LocalTime = NewType("LocalTime", str)

_INSTANT = re.compile(
    r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?([Zz]|[+-]\d{2}:\d{2})", re.ASCII
)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d|24:00", re.ASCII)
_ZONE_CHARACTERS = 64
_ADDRESS_CHARACTERS = 320


def _parse_instant(value: object) -> datetime:
    if not isinstance(value, str) or not _INSTANT.fullmatch(value):
        raise ValueError("An instant is an RFC 3339 time with Z or an offset, like 2026-06-15T09:00:00Z.")
    try:
        return datetime.fromisoformat(value.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("There is no such date or time.") from None


def print_instant(value: datetime) -> str:
    """Print an aware instant in UTC with Z; a fraction only where there is one."""
    return value.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def _parse_date(value: object) -> date:
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        raise ValueError("A local date is written like 2026-06-15.")
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise ValueError("There is no such date.") from None


def _parse_time(value: object) -> str:
    if not isinstance(value, str) or not _TIME.fullmatch(value):
        raise ValueError("A wall time is written like 09:30; 24:00 is the end of the day.")
    return value


def _bounded(size: int, words: str) -> Callable[[object], str]:
    def parse(value: object) -> str:
        if not isinstance(value, str) or not 0 < len(value) <= size:
            raise ValueError(words)
        return value

    return parse


def minutes_of(wall: str) -> int:
    """Turn a LocalTime into minutes since its day's midnight, 0 to 1440."""
    return int(wall[:2]) * 60 + int(wall[3:])


def wall_time(minutes: int) -> LocalTime:
    """Turn minutes since midnight, 0 to 1440, into a LocalTime."""
    return LocalTime(f"{minutes // 60:02d}:{minutes % 60:02d}")


SCALARS: dict[object, ScalarDefinition] = {
    datetime: strawberry.scalar(
        name="Instant",
        description="Moment in time, RFC 3339 in UTC, like `2026-06-15T09:00:00Z`.",
        specified_by_url="https://www.rfc-editor.org/rfc/rfc3339",
        serialize=print_instant,
        parse_value=_parse_instant,
    ),
    date: strawberry.scalar(
        name="LocalDate",
        description="Calendar date without a zone, like `2026-06-15`.",
        specified_by_url="https://www.rfc-editor.org/rfc/rfc3339#section-5.6",
        serialize=date.isoformat,
        parse_value=_parse_date,
    ),
    LocalTime: strawberry.scalar(
        name="LocalTime",
        description="Wall time to the minute without a zone, `00:00` to `24:00`; `24:00` ends a day.",
        specified_by_url="https://www.rfc-editor.org/rfc/rfc3339#section-5.6",
        parse_value=_parse_time,
    ),
    TimeZone: strawberry.scalar(
        name="TimeZone",
        description="Name of a zone in the IANA database, like `Europe/Berlin`.",
        specified_by_url="https://www.iana.org/time-zones",
        parse_value=_bounded(_ZONE_CHARACTERS, "A zone is an IANA name, like Europe/Berlin."),
    ),
    EmailAddress: strawberry.scalar(
        name="EmailAddress",
        description="One mail address, like `grace@example.com`, without a display name.",
        specified_by_url="https://www.rfc-editor.org/rfc/rfc5321#section-4.1.2",
        parse_value=_bounded(_ADDRESS_CHARACTERS, "A mail address is written like grace@example.com."),
    ),
}

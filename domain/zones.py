"""Wall times and instants, and the only bridge between them.

A wall time that is skipped is read with the offset before the gap; one that occurs twice is the first
pass (RFC 5545, 3.3.5; D15). Some zones had offsets with seconds until 1972: an instant is then the
minute in which it lies.
"""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from domain.errors import InvalidInput
from domain.intervals import Span, instant_of, minute_of

DAY = 24 * 60
FIRST_YEAR, LAST_YEAR = 1970, 2199
_NOON = DAY // 2
_ONE_DAY = timedelta(days=1)
_ONE_MINUTE = timedelta(minutes=1)
_BLOCK = 64 * DAY


class UnknownZone(InvalidInput):
    """A name that is not a zone of the IANA database."""

    def __init__(self, *path: str) -> None:
        super().__init__("There is no such time zone. Use an IANA name, like Europe/Berlin.", *path)


@lru_cache(maxsize=1)
def zone_names() -> frozenset[str]:
    """List the names of all zones, aliases among them."""
    return frozenset(available_timezones()) - {"localtime", "Factory"}


def zone(name: str, *path: str) -> ZoneInfo:
    """Give a zone by its IANA name; raises UnknownZone."""
    if name not in zone_names():
        raise UnknownZone(*path)
    return ZoneInfo(name)


@lru_cache(maxsize=16384)
def minute_at(day: date, minute_of_day: int, zone_name: str) -> int:
    """Turn a wall time into its instant; 1,440 and more are times of the days that follow."""
    wall = datetime.combine(day, time()) + timedelta(minutes=minute_of_day)
    return minute_of(wall.replace(tzinfo=ZoneInfo(zone_name)).astimezone(UTC))


def wall_at(minute: int, zone_name: str) -> datetime:
    """Give the wall time at an instant, with its zone."""
    return instant_of(minute).astimezone(ZoneInfo(zone_name))


def local_date(minute: int, zone_name: str) -> date:
    """Give the date on the wall at an instant."""
    return wall_at(minute, zone_name).date()


def date_exists(day: date, zone_name: str) -> bool:
    """Tell whether a zone had this date at all; Samoa had no 30 December 2011."""
    return local_date(minute_at(day, _NOON, zone_name), zone_name) == day


def day_bounds(day: date, zone_name: str) -> Span:
    """Give the first minute of a day and of the next: 23, 24 or 25 hours apart, as the zone has it.

    A date that does not exist is empty.
    """
    return minute_at(day, 0, zone_name), minute_at(day, DAY, zone_name)


def day_at(minute: int, zone_name: str) -> date:
    """Give the day within whose bounds an instant lies.

    It is the date on the wall, but for a clock that goes back over midnight: the rest of the old date
    then belongs to the day that has begun already.
    """
    day = local_date(minute, zone_name)
    return day if minute < day_bounds(day, zone_name)[1] else day + _ONE_DAY


def offsets(span: Span, zone_name: str) -> list[tuple[int, int, int]]:
    """List the parts of a span with their offsets from UTC: start, end, whole minutes (downward)."""
    parts: list[tuple[int, int, int]] = []
    for block in range(span[0] // _BLOCK, (span[1] - 1) // _BLOCK + 1):
        for start, end, offset in _offsets_in(block, zone_name):
            first, last = max(start, span[0]), min(end, span[1])
            if first >= last:
                continue
            if parts and parts[-1][2] == offset:
                parts[-1] = (parts[-1][0], last, offset)
            else:
                parts.append((first, last, offset))
    return parts


@lru_cache(maxsize=4096)
def _offsets_in(block: int, zone_name: str) -> tuple[tuple[int, int, int], ...]:
    """Look at each day of a block, and halve the days on which the offset changes."""
    start, stop = block * _BLOCK, (block + 1) * _BLOCK
    parts: list[tuple[int, int, int]] = []
    offset = _offset(start, zone_name)
    for day in range(start, stop, DAY):
        after = _offset(day + DAY, zone_name)
        if after != offset:
            low, high = day, day + DAY
            while high - low > 1:
                middle = (low + high) // 2
                if _offset(middle, zone_name) == offset:
                    low = middle
                else:
                    high = middle
            parts.append((start, high, offset))
            start, offset = high, after
    parts.append((start, stop, offset))
    return tuple(part for part in parts if part[0] < part[1])


def _offset(minute: int, zone_name: str) -> int:
    return (wall_at(minute, zone_name).utcoffset() or timedelta()) // _ONE_MINUTE

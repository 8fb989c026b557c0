"""Wall times and instants, and the only bridge between them.

A wall time that is skipped is read with the offset before the gap; one that occurs twice is the first
pass (RFC 5545, 3.3.5; D15). Some zones had offsets with seconds until 1972: an instant is then the
minute in which it lies.
"""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from domain.errors import InvalidInput
from domain.intervals import instant_of, minute_of

DAY = 24 * 60
_NOON = DAY // 2


class UnknownZone(InvalidInput):
    """A name that is not a zone of the IANA database."""

    def __init__(self, *path: str) -> None:
        super().__init__("There is no such time zone. Use an IANA name, like Europe/Berlin.", *path)


@lru_cache(maxsize=1)
def _names() -> frozenset[str]:
    return frozenset(available_timezones()) - {"localtime", "Factory"}


def zone(name: str, *path: str) -> ZoneInfo:
    """Give a zone by its IANA name; raises UnknownZone."""
    if name not in _names():
        raise UnknownZone(*path)
    return ZoneInfo(name)


@lru_cache(maxsize=65536)
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


def day_bounds(day: date, zone_name: str) -> tuple[int, int]:
    """Give the first minute of a day and of the next: 23, 24 or 25 hours apart, as the zone has it."""
    return minute_at(day, 0, zone_name), minute_at(day, DAY, zone_name)

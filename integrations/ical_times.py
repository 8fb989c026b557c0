"""Times as calendars write them: dates, wall times, durations, and the zones that give them a place."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from domain.errors import InvalidInput
from domain.zones import DAY, minute_at, zone
from integrations.ical_lines import Component, Property, Unreadable
from integrations.recurrence import Frequency, Rule, rule_of

_DATE = re.compile(r"(\d{4})(\d\d)(\d\d)", re.ASCII)
_DATE_TIME = re.compile(r"(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(Z?)", re.ASCII)
_DURATION = re.compile(
    r"([+-]?)P(?:(\d{1,6})W)?(?:(\d{1,6})D)?(?:T(?:(\d{1,8})H)?(?:(\d{1,8})M)?(?:(\d{1,9})S)?)?"
)
_OFFSET = re.compile(r"([+-])(\d\d)(\d\d)(?:\d\d)?", re.ASCII)
_WIDEST = 14 * 60  # minutes: no place on earth is further from UTC
_MINUTE = timedelta(minutes=1)
_LAST_SECOND = 59
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 -- of wall times, whose zone stands beside them
_FIRST, _LAST = datetime(1, 1, 1), datetime(9999, 12, 31)  # noqa: DTZ001 -- likewise
_LAST_SAFE_YEAR = 9990
_LONGEST_NAME = 3


class Observances:
    """A zone that the data itself describes (VTIMEZONE): onsets of offsets, those of rules made by year."""

    def __init__(self, parts: "tuple[Observance, ...]") -> None:
        self._parts = parts
        self._fixed = [onset for part in parts for onset in part.fixed()]
        self._first = min(self._fixed, key=lambda onset: onset.wall).since
        self._by_year: dict[int, list[_Onset]] = {}

    def offset(self, wall: datetime) -> int:
        """Give the minutes east of UTC; in a gap those before it, where a time occurs twice the first."""
        recent = [*self._onsets(wall.year - 1), *self._onsets(wall.year)]
        passed = [onset for onset in recent if onset.is_past(wall)]
        passed = passed or [onset for onset in self._fixed if onset.is_past(wall)]
        return max(passed, key=lambda onset: onset.wall).to if passed else self._first

    def _onsets(self, year: int) -> list["_Onset"]:
        if year not in self._by_year:
            made = [onset for part in self._parts for onset in part.in_year(year)]
            self._by_year[year] = made + [onset for onset in self._fixed if onset.wall.year == year]
        return self._by_year[year]


@dataclass(frozen=True, slots=True)
class _Onset:
    """The wall time, by the offset before, from which an offset holds; offsets in minutes."""

    wall: datetime
    since: int
    to: int

    def is_past(self, wall: datetime) -> bool:
        """Say whether the offset holds at a wall time; one that is skipped is still of the offset before."""
        return wall >= self.wall + max(0, self.to - self.since) * _MINUTE


@dataclass(frozen=True, slots=True)
class Observance:
    """One part of a described zone: standard or summer time."""

    onset: _Onset
    rule: Rule | None
    until: datetime | None
    more: tuple[datetime, ...]

    def fixed(self) -> list[_Onset]:
        """List the onsets that no rule makes."""
        return [replace(self.onset, wall=wall) for wall in (self.onset.wall, *self.more)]

    def in_year(self, year: int) -> list[_Onset]:
        """List the onsets that the rule makes in a year."""
        if self.rule is None:
            return []
        first = self.onset.wall
        days = self.rule.days(first.date(), date(year, 1, 1), date(year, 12, 31))
        walls = (datetime.combine(day, first.time()) for day in days)
        return [replace(self.onset, wall=wall) for wall in walls if self.until is None or wall <= self.until]


@dataclass(frozen=True, slots=True)
class Zones:
    """The zones by which a piece of data is read; `floating` is the one of times that name none."""

    described: Mapping[str, Observances] = field(default_factory=dict[str, Observances])
    floating: str | None = None

    def minutes(self, moment: "Moment") -> tuple[int, int]:
        """Give the UTC minute in which a moment lies, as the earliest and the latest that it can be.

        They are the same where the zone is known. Where it is not, 14 hours lie on either side.
        """
        wall = moment.wall
        naive = (wall - _EPOCH) // _MINUTE
        if not 1 < wall.year < _LAST_SAFE_YEAR:
            return naive - _WIDEST, naive + _WIDEST
        if moment.zone == "UTC":
            return naive, naive
        name = zone_name(moment.zone) if moment.zone else self.floating
        if name is not None:
            at = minute_at(wall.date(), wall.hour * 60 + wall.minute, name)
            return at, at
        described = self.described.get(moment.zone or "")
        if described is not None:
            at = naive - described.offset(wall)
            return at, at
        return naive - _WIDEST, naive + _WIDEST


@dataclass(frozen=True, slots=True)
class Moment:
    """A wall time and the name of its zone as it was sent; None is whatever zone the reader is in."""

    wall: datetime
    zone: str | None
    is_date: bool = False

    def on(self, day: date) -> "Moment":
        """Give the same time on another day."""
        return replace(self, wall=datetime.combine(day, self.wall.time()))

    def later(self, by: timedelta) -> "Moment":
        """Give the moment whose wall time is so much later, or the end of all time."""
        try:
            return replace(self, wall=self.wall + by)
        except OverflowError:
            return replace(self, wall=_LAST if by > timedelta() else _FIRST)


def zone_name(text: str) -> str | None:
    """Find the IANA name that a TZID stands for: itself, Windows' name for it, or the end of a path."""
    name = text.strip('"').strip()
    parts = name.split("/")
    ends = ["/".join(parts[-count:]) for count in range(min(len(parts), _LONGEST_NAME), 0, -1)]
    for candidate in (name, WINDOWS_TO_OLSON.get(name, ""), *ends):
        try:
            return zone(candidate).key
        except (InvalidInput, ValueError):
            continue
    return None


def moments(property_: Property) -> list[Moment]:
    """Read dates and date-times, one or several; raises Unreadable."""
    return [_moment(text, property_) for text in property_.value.split(",")]


def moment(property_: Property) -> Moment:
    """Read the one date or date-time of a property; raises Unreadable."""
    return _moment(property_.value, property_)


def periods(property_: Property) -> list[tuple[Moment, Moment]]:
    """Read periods, whose end may be a duration; raises Unreadable."""
    found: list[tuple[Moment, Moment]] = []
    for text in property_.value.split(","):
        start, slash, end = text.partition("/")
        if not slash:
            raise Unreadable
        first = _moment(start, property_)
        is_duration = end.strip().upper().startswith(("P", "+P", "-P"))
        found.append((first, first.later(duration(end)) if is_duration else _moment(end, property_)))
    return found


def duration(text: str) -> timedelta:
    """Read a duration; raises Unreadable."""
    found = _DURATION.fullmatch(text.strip().upper())
    if found is None or not any(found.groups()[1:]):
        raise Unreadable
    weeks, days, hours, minutes, seconds = (int(part or 0) for part in found.groups()[1:])
    length = timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
    return -length if found[1] == "-" else length


def described_zones(calendars: Iterable[Component]) -> dict[str, Observances]:
    """Read the zones that calendars describe; one that cannot be understood is left out."""
    described: dict[str, Observances] = {}
    for calendar in calendars:
        for component in calendar.within("VTIMEZONE"):
            try:
                name = component.one("TZID")
                parts = tuple(map(_observance, component.within("STANDARD", "DAYLIGHT")))
            except Unreadable:
                continue
            if name is not None and parts:
                described[name.value] = Observances(parts)
    return described


def _moment(text: str, property_: Property) -> Moment:
    text = text.strip().upper()
    found = _DATE_TIME.fullmatch(text)
    day = _DATE.fullmatch(text)
    try:
        if found is not None:
            year, month, number, hour, minute, second = map(int, found.groups()[:6])
            wall = datetime(year, month, number, hour, minute, min(second, _LAST_SECOND))  # noqa: DTZ001
            return Moment(wall, "UTC" if found[7] else property_.parameters.get("TZID"))
        if day is not None:
            return Moment(datetime(int(day[1]), int(day[2]), int(day[3])), None, is_date=True)  # noqa: DTZ001
    except ValueError:
        raise Unreadable from None
    raise Unreadable


def _observance(component: Component) -> Observance:
    start, since, to = (component.one(name) for name in ("DTSTART", "TZOFFSETFROM", "TZOFFSETTO"))
    if start is None or since is None or to is None:
        raise Unreadable
    rule_text = component.one("RRULE")
    rule = rule_of(rule_text.value) if rule_text else None
    if rule is not None and (rule.frequency is not Frequency.YEARLY or not rule.is_exact):
        raise Unreadable
    onset = _Onset(moment(start).wall, _offset(since.value), _offset(to.value))
    until = _moment(rule.until, start) if rule and rule.until else None
    until_wall = None
    if until is not None:
        # The last onset is told in UTC, and the offset before it leads to its wall time.
        until_wall = until.wall + (onset.since * _MINUTE if until.zone == "UTC" else timedelta(minutes=DAY))
    more = tuple(found.wall for property_ in component.all("RDATE") for found in moments(property_))
    return Observance(onset, rule, until_wall, more)


def _offset(text: str) -> int:
    found = _OFFSET.fullmatch(text.strip())
    if found is None:
        raise Unreadable
    minutes = int(found[2]) * 60 + int(found[3])
    return -minutes if found[1] == "-" else minutes

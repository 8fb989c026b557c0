"""When the entries of a calendar take somebody's time: times and statuses in, spans out (RFC 5545).

In doubt it is busy: what cannot be read is Unreadable, and what can be read in two ways counts both ways.
Cancelled entries do not count, and transparent ones are free, or elsewhere where Outlook says so.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from domain.intervals import Span, instant_of
from domain.statuses import PLAIN, USUAL, BusyStatus, Kind
from domain.zones import DAY
from integrations.ical_lines import Component, Property, Unreadable
from integrations.ical_times import (
    Moment,
    Zones,
    described_zones,
    duration,
    moment,
    moments,
    periods,
    zone_name,
)
from integrations.recurrence import Rule, rule_of

_ONE_DAY = timedelta(days=1)
_MARGIN = timedelta(days=2)  # of days in some zone around minutes in UTC
_MAX_DAYS = 1_000_000
_WAYS_TO_REPEAT = ("SECONDLY", "MINUTELY", "HOURLY")
_FREE_BUSY = {
    "FREE": BusyStatus.FREE,
    "BUSY-TENTATIVE": BusyStatus.TENTATIVE,
    "BUSY-UNAVAILABLE": BusyStatus.OUT_OF_OFFICE,
}


@dataclass(frozen=True, slots=True)
class Repeat:
    """How an entry recurs; no rule is one that we do not follow, and then all of its time is taken."""

    rule: Rule | None
    until: Moment | None


@dataclass(frozen=True, slots=True)
class TimedEntry:
    """The times of one entry and its kind, and nothing else of it."""

    uid: str = field(repr=False)
    start: Moment
    end: Moment
    length: timedelta | None
    repeats: tuple[Repeat, ...]
    more: tuple[Moment, ...]
    more_periods: tuple[tuple[Moment, Moment], ...]
    left_out: tuple[Moment, ...]
    replaces: Moment | None
    replaces_later: bool
    kind: Kind = PLAIN


@dataclass(frozen=True, slots=True)
class TimedCalendar:
    """The times of a calendar's entries, and those occurrences that others take the place of."""

    entries: tuple[TimedEntry, ...]
    replaced: frozenset[tuple[str, Moment]] = field(repr=False)
    zones: Zones


def timed(calendars: Sequence[Component], zone: str | None, *, by_status: bool = False) -> TimedCalendar:
    """Take the times out of calendars; `zone` is where whole days and floating times lie.

    Where it is None, the zone that the data names for itself is taken. Without `by_status` only entries
    that usually count are looked into, unless a change to all later occurrences needs the others. Raises
    Unreadable.
    """
    zones = Zones(described_zones(calendars), zone or own_zone(calendars))
    # A series that does not count still says when a change to the rest of it takes place.
    by_status = by_status or any(
        _replaces_later(component) for calendar in calendars for component in calendar.within("VEVENT")
    )
    entries: list[TimedEntry] = []
    replaced: set[tuple[str, Moment]] = set()
    for calendar in calendars:
        for component in calendar.within("VEVENT"):
            at = component.one("RECURRENCE-ID")
            uid = component.one("UID")
            if at is not None and uid is not None and uid.value:
                replaced.add((uid.value, moment(at)))
            status = _status(component)
            if status is not None and (by_status or USUAL.counts(Kind(status))):
                entries.append(_entry(component, status))
    return TimedCalendar(tuple(entries), frozenset(replaced), zones)


def own_zone(calendars: Iterable[Component]) -> str | None:
    """Find the zone that data names for itself."""
    for calendar in calendars:
        for named in calendar.all("X-WR-TIMEZONE"):
            return zone_name(named.value)
    return None


def kinds(calendar: TimedCalendar, window: Span) -> Iterator[tuple[Kind, Span]]:
    """Say what the entries of a calendar take of a window, or close to it; raises Unreadable."""
    work = _Work()
    replaced: dict[str, set[tuple[int, int]]] = {}
    for uid, at in calendar.replaced:
        replaced.setdefault(uid, set()).add(calendar.zones.minutes(at))
    masters = {entry.uid: entry for entry in calendar.entries if entry.replaces is None and entry.uid}
    for entry in calendar.entries:
        gone = {calendar.zones.minutes(at) for at in entry.left_out}
        if entry.replaces is None:
            gone |= replaced.get(entry.uid, set())
        for span in _spans(entry, calendar.zones, window, gone, work):
            yield entry.kind, span
        if entry.replaces is not None and entry.replaces_later and entry.uid in masters:
            for span in _later(masters[entry.uid], entry, calendar.zones, window, work):
                yield entry.kind, span


def free_busy(
    calendars: Iterable[Component], window: Span, *, by_status: bool = False
) -> list[tuple[Kind, Span]]:
    """Read a provider's own free-busy answer about a window.

    Raises Unreadable, also for an answer that has none, or is about less than the window by its own words.
    It does not tell whole days from others.
    """
    answers = [answer for calendar in calendars for answer in calendar.within("VFREEBUSY")]
    if not answers:
        raise Unreadable
    found: list[tuple[Kind, Span]] = []
    for answer in answers:
        _check_covers(answer, window)
        for property_ in answer.all("FREEBUSY"):
            named = property_.parameters.get("FBTYPE", "BUSY").upper()
            kind = Kind(_FREE_BUSY.get(named, BusyStatus.BUSY))
            if by_status or USUAL.counts(kind):
                found.extend((kind, _between(Zones(), *period)) for period in periods(property_))
    return found


def _check_covers(answer: Component, window: Span) -> None:
    start, end = answer.one("DTSTART"), answer.one("DTEND")
    if start is not None and Zones().minutes(moment(start))[1] > window[0]:
        raise Unreadable
    if end is not None and Zones().minutes(moment(end))[0] < window[1]:
        raise Unreadable


class _Work:
    """How much more may be reckoned for one question."""

    def __init__(self) -> None:
        self._left = _MAX_DAYS

    def take(self, days: int) -> None:
        """Use up some days; raises Unreadable when there are none left."""
        self._left -= max(0, days)
        if self._left < 0:
            raise Unreadable


def _status(component: Component) -> BusyStatus | None:
    """Read as what an entry is marked; None for one that is cancelled.

    Outlook says more than the standard knows. It calls entries elsewhere transparent (MS-OXCICAL); where it
    contradicts what the standard's properties say of whether time is taken, those decide.
    """
    state, outlook = _said(component, "STATUS"), _said(component, "X-MICROSOFT-CDO-BUSYSTATUS")
    if "CANCELLED" in state:
        return None
    if "TRANSPARENT" in _said(component, "TRANSP"):
        return BusyStatus.WORKING_ELSEWHERE if "WORKINGELSEWHERE" in outlook else BusyStatus.FREE
    if outlook & {"OOF", "OUTOFOFFICE"}:
        return BusyStatus.OUT_OF_OFFICE
    return BusyStatus.TENTATIVE if "TENTATIVE" in state | outlook else BusyStatus.BUSY


def _replaces_later(component: Component) -> bool:
    replaces = component.one("RECURRENCE-ID")
    return replaces is not None and "RANGE" in replaces.parameters


def _said(component: Component, name: str) -> set[str]:
    return {property_.value.upper() for property_ in component.all(name)}


def _entry(component: Component, status: BusyStatus) -> TimedEntry:
    begin, uid, replaces = (component.one(name) for name in ("DTSTART", "UID", "RECURRENCE-ID"))
    if begin is None:
        raise Unreadable
    start = moment(begin)
    end, length = _end(component, start)
    dates = component.all("RDATE")
    spoken = [property_ for property_ in dates if property_.parameters.get("VALUE", "").upper() != "PERIOD"]
    return TimedEntry(
        uid=uid.value if uid else "",
        start=start,
        end=end,
        length=length,
        repeats=tuple(_repeat(rule, begin) for rule in component.all("RRULE")),
        more=tuple(at for property_ in spoken for at in moments(property_)),
        more_periods=tuple(
            period for property_ in dates if property_ not in spoken for period in periods(property_)
        ),
        left_out=tuple(at for property_ in component.all("EXDATE") for at in moments(property_)),
        replaces=moment(replaces) if replaces else None,
        replaces_later=_replaces_later(component),
        kind=Kind(status, start.is_date),
    )


def _end(component: Component, start: Moment) -> tuple[Moment, timedelta | None]:
    """Find where an entry ends: a whole day, or no time at all, where it does not say."""
    end, length = component.one("DTEND"), component.one("DURATION")
    if end is not None:
        return moment(end), None
    lasts = duration(length.value) if length else _ONE_DAY if start.is_date else timedelta()
    return start.later(lasts), lasts


def _repeat(property_: Property, begin: Property) -> Repeat:
    named = (part.partition("=") for part in property_.value.upper().split(";"))
    parts = {name: value for name, _, value in named}
    if parts.get("FREQ") in _WAYS_TO_REPEAT:
        rule, until = None, parts.get("UNTIL")
    else:
        rule = rule_of(property_.value)
        until = rule.until
    return Repeat(rule, moment(Property("UNTIL", begin.parameters, until)) if until else None)


def _spans(
    entry: TimedEntry, zones: Zones, window: Span, gone: set[tuple[int, int]], work: _Work
) -> Iterator[Span]:
    """Give the spans of an entry that can touch a window; `gone` are the starts that do not count."""
    yield from (_between(zones, *period) for period in entry.more_periods)
    for start in (entry.start, *entry.more):
        if zones.minutes(start) not in gone:
            yield _lasting(entry, start, zones)
    for repeat in entry.repeats:
        if repeat.rule is None:
            last = zones.minutes(repeat.until)[1] + DAY if repeat.until else window[1]
            yield zones.minutes(entry.start)[0], max(last, zones.minutes(entry.start)[0])
            continue
        for day in _days(entry, repeat.rule, window, work):
            start = entry.start.on(day)
            if zones.minutes(start) in gone or _is_over(start, repeat.until, zones):
                continue
            yield _lasting(entry, start, zones)
            if not repeat.rule.is_exact:
                midnight = start.later(-timedelta(hours=start.wall.hour, minutes=start.wall.minute))
                yield _between(zones, midnight, midnight.later(_ONE_DAY + abs(_nominal(entry))))


def _days(entry: TimedEntry, rule: Rule, window: Span, work: _Work) -> Iterator[date]:
    """Name the days on which a rule may make an occurrence that touches a window."""
    first = entry.start.wall.date()
    try:
        since = _day_of(window[0]) - abs(_nominal(entry)) - _MARGIN
        last = _day_of(window[1]) + _MARGIN
        work.take((last - (first if rule.count else max(first, since))).days)
        yield from rule.days(first, since, last)
    except (OverflowError, ValueError):
        raise Unreadable from None


def _later(master: TimedEntry, change: TimedEntry, zones: Zones, window: Span, work: _Work) -> Iterator[Span]:
    """Give what follows a change to this and all later occurrences, as moved and as long as the change.

    What it takes the place of counts too: when in doubt it is busy.
    """
    if change.replaces is None:
        return
    since = zones.minutes(change.replaces)[0]
    moved = zones.minutes(change.start)[0] - since
    start, end = _lasting(change, change.start, zones)
    reach = window[0] - moved - (end - start), window[1] - moved
    for at, _ in _spans(master, zones, reach, set(), work):
        if at >= since:
            yield at + moved, at + moved + end - start


def _lasting(entry: TimedEntry, start: Moment, zones: Zones) -> Span:
    """Give an occurrence's span: as long by the clock on the wall or by the hour, whichever ends later."""
    if start.is_date != entry.start.is_date:
        # Another kind of time than the entry's own: how long it lasts is anybody's guess.
        return _between(zones, start, start.later(max(abs(_nominal(entry)), _ONE_DAY)))
    by_wall = _between(zones, start, start.later(_nominal(entry)))
    if entry.start.is_date or start == entry.start:
        exact = _between(zones, entry.start, entry.end)
        return exact if start == entry.start else by_wall
    first = _between(zones, entry.start, entry.end)
    return by_wall[0], max(by_wall[1], by_wall[0] + first[1] - first[0])


def _between(zones: Zones, start: Moment, end: Moment) -> Span:
    """Give the minutes that two moments touch; one that ends before it starts lasts from end to start."""
    if (end.zone, end.is_date) == (start.zone, start.is_date) and end.wall == start.wall:
        minute = zones.minutes(start)[0]
        return minute, minute
    first, last = zones.minutes(start), zones.minutes(end)
    if last[1] < first[0]:
        start, end, first, last = end, start, last, first
    return first[0], last[1] + (end.wall.second > 0)


def _nominal(entry: TimedEntry) -> timedelta:
    return entry.length if entry.length is not None else entry.end.wall - entry.start.wall


def _is_over(start: Moment, until: Moment | None, zones: Zones) -> bool:
    if until is None:
        return False
    if until.is_date or start.is_date:
        return start.wall.date() > until.wall.date() + (_ONE_DAY if until.zone == "UTC" else timedelta())
    return zones.minutes(start)[0] > zones.minutes(until)[1]


def _day_of(minute: int) -> date:
    return instant_of(minute).date()

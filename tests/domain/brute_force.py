"""The rules of slots told a second time, minute by minute, to compare the engine with."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from domain.availability import Hours, WeeklyWindow
from domain.recurrence import EveryWeeks
from domain.slots import (
    Assignment,
    DateRange,
    GridOrigin,
    HostTime,
    Pool,
    RollingBusinessDays,
    RollingDays,
    Rules,
    Session,
    Unknown,
)

Span = tuple[int, int]
Offer = dict[int, tuple[str, ...]]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = timedelta(days=1)
_HOUR = 60


def offered(
    rules: Rules,
    hosts: Sequence[HostTime],
    window: Span,
    now: datetime,
    counted: Sequence[Span],
    sessions: Sequence[Session],
    pools: Sequence[Pool] = (),
) -> Offer:
    """Give each offered start of a window with the hosts who can take it."""
    zone = ZoneInfo(rules.zone or hosts[0].hours.zone)
    windows = [opened(host.hours, window) for host in hosts]
    minutes = [{minute for span in mine for minute in range(*span)} for mine in windows]
    found: Offer = {}
    for start in range(*window):
        at = _EPOCH + timedelta(minutes=start)
        if at < now + timedelta(minutes=rules.notice_minutes) or not _is_ahead(rules, at, now, zone):
            continue
        joined = [session for session in sessions if session.start == start]
        if joined:
            is_known = not any(isinstance(host.busy, Unknown) for host in hosts)
            if is_known and any(session.seats_left > 0 for session in joined):
                found[start] = tuple(host.host for host in hosts)
        elif not _is_capped(rules, at, counted, zone) and _have_one_each(pools, start, rules):
            takers = _takers(rules, hosts, windows, minutes, start, now, zone)
            if takers:
                found[start] = takers
    return found


def _have_one_each(pools: Sequence[Pool], start: int, rules: Rules) -> bool:
    """Look at each minute of a slot for resources that nothing has in any of them."""
    minutes = range(start, start + rules.duration_minutes)
    return all(
        any(not any(minute in range(*span) for minute in minutes for span in one.taken) for one in pool)
        for pool in pools
    )


def _takers(
    rules: Rules,
    hosts: Sequence[HostTime],
    windows: list[list[Span]],
    minutes: list[set[int]],
    start: int,
    now: datetime,
    zone: ZoneInfo,
) -> tuple[str, ...]:
    if rules.assignment is Assignment.ANY:
        return _any_with_all_fixed(rules, hosts, windows, minutes, start, now, zone)
    if rules.assignment is Assignment.ONE:
        hosts, windows = hosts[:1], windows[:1]
    if not all(_can_take(rules, host, its, start, now) for host, its in zip(hosts, minutes, strict=False)):
        return ()
    return tuple(host.host for host in hosts) if _is_on_grid(rules, windows, start, zone) else ()


def _is_on_grid(rules: Rules, windows: list[list[Span]], start: int, zone: ZoneInfo) -> bool:
    step = rules.interval_minutes or rules.duration_minutes
    if rules.starts is not None:
        return start in rules.starts
    if rules.grid_origin is GridOrigin.HOUR:
        wall = (_EPOCH + timedelta(minutes=start)).astimezone(zone)
        past = wall.minute if step <= _HOUR else wall.hour * _HOUR + wall.minute
        return past % step == 0
    # Each common part of windows, one of each host, begins with the last of them.
    covering = [[opens for opens, closes in mine if opens <= start < closes] for mine in windows]
    if not all(covering):
        return False
    origins = {opens for mine in covering for opens in mine if all(min(other) <= opens for other in covering)}
    return any((start - opens) % step == 0 for opens in origins)


def _any_with_all_fixed(
    rules: Rules,
    hosts: Sequence[HostTime],
    windows: list[list[Span]],
    minutes: list[set[int]],
    start: int,
    now: datetime,
    zone: ZoneInfo,
) -> tuple[str, ...]:
    """Try each who takes turns together with all who are fixed."""
    free = [_can_take(rules, host, its, start, now) for host, its in zip(hosts, minutes, strict=True)]
    fixed = [number for number, host in enumerate(hosts) if host.is_fixed]
    turns = [
        number
        for number, host in enumerate(hosts)
        if not (host.is_fixed or host.is_ahead)
        and all(free[each] for each in (*fixed, number))
        and _is_on_grid(rules, [windows[each] for each in (*fixed, number)], start, zone)
    ]
    return tuple(host.host for number, host in enumerate(hosts) if turns and number in (*fixed, *turns))


def _can_take(rules: Rules, host: HostTime, open_minutes: set[int], start: int, now: datetime) -> bool:
    if isinstance(host.busy, Unknown) or not _own_rules_admit(rules, host, start, now):
        return False
    end = start + rules.duration_minutes
    if not all(minute in open_minutes for minute in range(start, end)):
        return False
    if any(minute in range(*away) for away in host.away for minute in range(start, end)):
        return False
    kept_before = max(rules.buffer_before_minutes, host.rules.buffer_before_minutes)
    kept_after = max(rules.buffer_after_minutes, host.rules.buffer_after_minutes)
    first, last = start - kept_before, end + kept_after
    if any(first < busy_end and busy < last and busy < busy_end for busy, busy_end in host.busy):
        return False
    for own in host.own:
        before, after = max(kept_before, own.buffer_after), max(kept_after, own.buffer_before)
        if own.span[0] < end + after and start - before < own.span[1]:
            return False
    return True


def _own_rules_admit(rules: Rules, host: HostTime, start: int, now: datetime) -> bool:
    at = _EPOCH + timedelta(minutes=start)
    counted = [*(own.span for own in host.own), *host.over]
    if at < now + timedelta(minutes=host.rules.notice_minutes):
        return False
    own = replace(rules, caps=host.rules.caps)
    return not _is_capped(own, at, counted, ZoneInfo(host.hours.zone))


def _is_ahead(rules: Rules, at: datetime, now: datetime, zone: ZoneInfo) -> bool:
    day, today = at.astimezone(zone).date(), now.astimezone(zone).date()
    match rules.window:
        case RollingDays(days):
            return today <= day <= today + timedelta(days=days)
        case RollingBusinessDays(days):
            workdays = sum(
                (today + timedelta(days=more)).weekday() not in {5, 6}
                for more in range(1, (day - today).days + 1)
            )
            is_weekend_after = workdays == days and day.weekday() in {5, 6} and day != today
            return day >= today and workdays <= days and not is_weekend_after
        case DateRange(first, last):
            return first <= day <= last
        case _:
            return True


def _is_capped(rules: Rules, at: datetime, counted: Sequence[Span], zone: ZoneInfo) -> bool:
    caps = rules.caps
    now = _periods(at, zone, caps.week_start)
    most = (caps.per_day, caps.per_week, caps.per_month, caps.per_year)
    longest = (
        caps.per_day_minutes,
        caps.per_week_minutes,
        caps.per_month_minutes,
        caps.per_year_minutes,
    )
    for period in range(4):
        lengths = [
            end - start
            for start, end in counted
            if _periods(_EPOCH + timedelta(minutes=start), zone, caps.week_start)[period] == now[period]
        ]
        limit, minutes = most[period], longest[period]
        if limit is not None and len(lengths) >= limit:
            return True
        if minutes is not None and sum(lengths) + rules.duration_minutes > minutes:
            return True
    return False


def _periods(at: datetime, zone: ZoneInfo, week_start: int) -> tuple[date, date, tuple[int, int], int]:
    day = at.astimezone(zone).date()
    return day, day - (day.weekday() - week_start) % 7 * _DAY, (day.year, day.month), day.year


def opened(hours: Hours, window: Span) -> list[Span]:
    """Read every date near a window, end by end."""
    overrides = {override.date: override.windows for override in hours.overrides}
    first = (_EPOCH + timedelta(minutes=window[0])).date() - 5 * _DAY
    days = [first + more * _DAY for more in range((window[1] - window[0]) // 1440 + 11)]
    existing = [day for day in days if _exists(day, _place(hours, day))]
    spans: list[Span] = []
    for day, following in pairwise(existing):
        zone = _place(hours, day)
        ranges = overrides.get(
            day, tuple((w.start_minute, w.end_minute) for w in hours.weekly if _recurs_on(w, day))
        )
        for start, end in ranges:
            opens = _utc(day, start, zone)
            closes = opens if start == end else _utc(day, end if start < end else end + 1440, zone)
            if following in overrides:
                closes = min(closes, _utc(following, 0, _place(hours, following)))
            spans.append(
                ((opens - _EPOCH) // timedelta(minutes=1), (closes - _EPOCH) // timedelta(minutes=1))
            )
    return [(opens, closes) for opens, closes in spans if opens < closes]


def _place(hours: Hours, day: date) -> ZoneInfo:
    there = [travel.zone for travel in hours.travels if travel.first <= day <= travel.last]
    return ZoneInfo(there[0] if there else hours.zone)


def _exists(day: date, zone: ZoneInfo) -> bool:
    return _utc(day, 720, zone).astimezone(zone).date() == day


def _recurs_on(window: WeeklyWindow, day: date) -> bool:
    """Count weeks one by one from the anchor, and such weekdays through the month."""
    recurrence = window.recurrence
    if recurrence is None or window.weekday != day.weekday():
        return window.weekday == day.weekday()
    if isinstance(recurrence, EveryWeeks):
        monday = recurrence.anchor
        while monday.weekday():
            monday -= _DAY
        while monday + 6 * _DAY < day:
            monday += 7 * recurrence.interval * _DAY
        return monday <= day and recurrence.anchor <= day
    month = [day.replace(day=1) + more * _DAY for more in range(31)]
    alike = [one for one in month if one.month == day.month and one.weekday() == day.weekday()]
    named = {alike[n - 1 if n > 0 else n] for n in recurrence.ordinals if abs(n) <= len(alike)}
    return day in named


def _utc(day: date, minute: int, zone: ZoneInfo) -> datetime:
    wall = datetime.combine(day, datetime.min.time()) + timedelta(minutes=minute)
    return wall.replace(tzinfo=zone).astimezone(UTC)

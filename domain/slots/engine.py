"""Finding slots, judging one start, and explaining a refusal: the same rules, asked three ways."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from domain.errors import InvalidInput
from domain.intervals import Span, intersect
from domain.slots.hosts import HostJudge, grid
from domain.slots.page import PageJudge
from domain.slots.values import (
    Assignment,
    HostTime,
    Refusal,
    RefusalRule,
    Rules,
    Session,
    Slot,
    Unknown,
)

_LONGEST = 400 * 24 * 60
_FIRST, _LAST = 0, 121_000_000  # 1970 to 2200


def find_slots(
    rules: Rules,
    hosts: Sequence[HostTime],
    window: Span,
    now: datetime,
    *,
    counted: Sequence[Span] = (),
    sessions: Sequence[Session] = (),
) -> tuple[Slot, ...]:
    """Find the slots that begin in a window, in order of start.

    `counted` are the page's bookings that caps count, `sessions` those that can be joined. Raises
    InvalidInput for a window of more than 400 days or outside the years 1970 to 2200.
    """
    if window[1] - window[0] > _LONGEST or window[0] < _FIRST or window[1] > _LAST:
        raise InvalidInput("A window has at most 400 days, in the years 1970 to 2199.", "window")
    if not hosts:
        return ()
    page = PageJudge(rules, _zone(rules, hosts), now, counted)
    start, end = max(window[0], page.earliest, page.bounds[0] or 0), window[1]
    if page.bounds[1] is not None:
        end = min(end, page.bounds[1])
    if start >= end:
        return ()
    taken = _starts(rules, [HostJudge(rules, host, (start, end)) for host in hosts], (start, end), hosts)
    length = rules.duration_minutes
    slots = {at: Slot(at, at + length, tuple(who)) for at, who in taken.items() if not page.is_capped(at)}
    if not any(isinstance(host.busy, Unknown) for host in hosts):
        everybody = tuple(host.host for host in hosts)
        for session in sessions:
            if session.seats_left > 0 and start <= session.start < end:
                slots[session.start] = Slot(session.start, session.end, everybody, session.seats_left)
    return tuple(slots[at] for at in sorted(slots))


def _zone(rules: Rules, hosts: Sequence[HostTime]) -> str:
    return rules.zone or hosts[0].hours.zone


def _starts(
    rules: Rules, judges: list[HostJudge], window: Span, hosts: Sequence[HostTime]
) -> dict[int, list[Any]]:
    """Find which hosts can take which starts, by the page's assignment."""
    zone = _zone(rules, hosts)
    if rules.assignment is Assignment.ANY:
        by_start: defaultdict[int, list[Any]] = defaultdict(list)
        for judge in judges:
            for start in grid(rules, judge.windows, intersect(judge.free_starts, [window]), zone):
                by_start[start].append(judge.host.host)
        return by_start
    if rules.assignment is Assignment.ONE:
        judges = judges[:1]
    free = [window]
    for judge in judges:
        free = intersect(free, judge.free_starts)
        if not free:
            return {}
    everybody = [judge.host.host for judge in judges]
    return dict.fromkeys(grid(rules, _common(judges), free, zone), everybody)


def _common(judges: list[HostJudge]) -> list[Span]:
    """Give the common part of the hosts' opening windows, each with each."""
    common = judges[0].windows
    for judge in judges[1:]:
        common = sorted(
            {
                (max(one[0], other[0]), min(one[1], other[1]))
                for one in common
                for other in judge.windows
                if max(one[0], other[0]) < min(one[1], other[1])
            }
        )
    return common


def slot_at(
    rules: Rules,
    hosts: Sequence[HostTime],
    start: int,
    now: datetime,
    *,
    counted: Sequence[Span] = (),
    sessions: Sequence[Session] = (),
) -> Slot | None:
    """Give the slot that begins at a minute, if it is offered."""
    slots = find_slots(rules, hosts, (start, start + 1), now, counted=counted, sessions=sessions)
    return slots[0] if slots else None


def nearest(
    rules: Rules,
    hosts: Sequence[HostTime],
    around: int,
    now: datetime,
    *,
    counted: Sequence[Span] = (),
    sessions: Sequence[Session] = (),
    count: int = 5,
    window: Span,
) -> tuple[Slot, ...]:
    """Give the slots of a window that begin closest to a minute, in order of start."""
    slots = find_slots(rules, hosts, window, now, counted=counted, sessions=sessions)
    closest = sorted(slots, key=lambda slot: (abs(slot.start - around), slot.start))[:count]
    return tuple(sorted(closest, key=lambda slot: slot.start))


def explain(
    rules: Rules,
    hosts: Sequence[HostTime],
    start: int,
    now: datetime,
    *,
    counted: Sequence[Span] = (),
    sessions: Sequence[Session] = (),
) -> tuple[Refusal, ...]:
    """Name every rule that refuses a start; nothing means that it is offered (X12)."""
    if not hosts:
        return (Refusal(RefusalRule.HOURS, None, "The page has no hosts."),)
    page = PageJudge(rules, _zone(rules, hosts), now, counted)
    refusals: list[Refusal] = []
    if start < page.earliest:
        refusals.append(Refusal(RefusalRule.NOTICE, None, "It begins too soon, or is past."))
    if not page.is_ahead(start):
        refusals.append(Refusal(RefusalRule.WINDOW, None, "Its date is outside the booking window."))
    session = next((session for session in sessions if session.start == start), None)
    if session is not None:
        if session.seats_left <= 0:
            refusals.append(Refusal(RefusalRule.FULL, None, "Every seat is taken."))
        refusals.extend(_unknown(host) for host in hosts if isinstance(host.busy, Unknown))
        return tuple(refusals)
    if page.is_capped(start):
        refusals.append(Refusal(RefusalRule.CAP, None, "A cap of its day, week or month is used up."))
    return (*refusals, *_hosts_refusals(rules, hosts, start))


def _hosts_refusals(rules: Rules, hosts: Sequence[HostTime], start: int) -> list[Refusal]:
    judges = [HostJudge(rules, host, (start, start + 1)) for host in hosts]
    zone = _zone(rules, hosts)
    if rules.assignment is Assignment.ANY:
        each = [_refusals(rules, judge, start, judge.windows, zone) for judge in judges]
        return [] if any(not refusals for refusals in each) else [item for items in each for item in items]
    if rules.assignment is Assignment.ONE:
        judges = judges[:1]
    common = _common(judges)
    return [item for judge in judges for item in _refusals(rules, judge, start, common, zone)]


def _refusals(rules: Rules, judge: HostJudge, start: int, windows: list[Span], zone: str) -> list[Refusal]:
    who = judge.host.host
    refusals: list[Refusal] = []
    if not _covers(judge.open_starts, start):
        refusals.append(Refusal(RefusalRule.HOURS, who, "The host is not open for all of it."))
    elif not grid(rules, windows, [(start, start + 1)], zone):
        refusals.append(Refusal(RefusalRule.GRID, who, "Starts are on a grid, and this is not on it."))
    if isinstance(judge.host.busy, Unknown):
        refusals.append(_unknown(judge.host))
    elif _covers(judge.busy_starts, start):
        refusals.append(Refusal(RefusalRule.BUSY, who, "The host's calendar is busy in it or its buffers."))
    if _covers(judge.booked_starts, start):
        refusals.append(Refusal(RefusalRule.BOOKED, who, "A booking has its time, or too little is between."))
    return refusals


def _unknown(host: HostTime) -> Refusal:
    reason = host.busy.reason if isinstance(host.busy, Unknown) else None
    return Refusal(RefusalRule.CALENDAR_UNKNOWN, host.host, f"The host's calendar cannot be read: {reason}.")


def _covers(spans: list[Span], minute: int) -> bool:
    return any(start <= minute < end for start, end in spans)

"""Why a start is not offered: the rules of the engine, asked one by one (X12)."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from domain.intervals import Span, instant_of
from domain.slots.engine import check_window
from domain.slots.frame import zone_of
from domain.slots.grid import grid
from domain.slots.hosts import HostJudge, widened
from domain.slots.opening import common_windows
from domain.slots.page import PageJudge
from domain.slots.values import Assignment, HostTime, Refusal, RefusalRule, Rules, Session, Unknown


def explain(
    rules: Rules,
    hosts: Sequence[HostTime],
    start: int,
    now: datetime,
    *,
    counted: Sequence[Span] = (),
    sessions: Sequence[Session] = (),
) -> tuple[Refusal, ...]:
    """Name every rule that refuses a start; nothing means that it is offered.

    Of a host's calendar it says no more than that it is busy. Raises InvalidInput for a start outside the
    years 1970 to 2199.
    """
    check_window((start, start + 1))
    if not hosts:
        return (Refusal(RefusalRule.HOURS, None, "The page has no hosts."),)
    page = PageJudge(rules, zone_of(rules, hosts[0].hours), now, counted)
    refusals: list[Refusal] = []
    if start < page.earliest:
        earliest = instant_of(page.earliest).strftime("%Y-%m-%d %H:%M UTC")
        refusals.append(Refusal(RefusalRule.NOTICE, None, f"The earliest start is {earliest}."))
    if not page.is_ahead(start) and page.dates:
        first, last = page.dates
        refusals.append(Refusal(RefusalRule.WINDOW, None, f"The page offers {first} to {last} only."))
    at_start = [session for session in sessions if session.start == start]
    if at_start:
        if not any(session.seats_left > 0 for session in at_start):
            refusals.append(Refusal(RefusalRule.FULL, None, "Every seat is taken."))
        return (*refusals, *(_unknown(host) for host in hosts if isinstance(host.busy, Unknown)))
    refusals.extend(Refusal(RefusalRule.CAP, None, f"At most {cap}.") for cap in page.caps_of(start))
    return (*refusals, *_by_hosts(rules, hosts, start))


def _by_hosts(rules: Rules, hosts: Sequence[HostTime], start: int) -> list[Refusal]:
    judges = [HostJudge(rules, host, (start, start + 1)) for host in hosts]
    zone = zone_of(rules, hosts[0].hours)
    if rules.assignment is Assignment.ANY:
        each = [_by_host(rules, judge, start, judge.windows, zone) for judge in judges]
        return [] if not all(each) else [refusal for refusals in each for refusal in refusals]
    if rules.assignment is Assignment.ONE:
        judges = judges[:1]
    common = common_windows(judge.windows for judge in judges)
    return [refusal for judge in judges for refusal in _by_host(rules, judge, start, common, zone)]


def _by_host(rules: Rules, judge: HostJudge, start: int, windows: list[Span], zone: str) -> list[Refusal]:
    who = judge.host.host
    refusals: list[Refusal] = []
    if not _covers(judge.open_starts, start):
        refusals.append(Refusal(RefusalRule.HOURS, who, "The host is not open for all of it."))
    elif not any(grid(rules, windows, (start, start + 1), zone)):
        step = f"Starts are {rules.interval} minutes apart, and this is between two of them."
        refusals.append(Refusal(RefusalRule.GRID, who, step))
    if _covers(widened(judge.away), start):
        refusals.append(Refusal(RefusalRule.AWAY, who, "The host is out of office."))
    if not judge.is_known:
        refusals.append(_unknown(judge.host))
    elif _covers(widened(judge.busy), start):
        refusals.append(Refusal(RefusalRule.BUSY, who, "The host's calendar is busy in it or its buffers."))
    if _covers(widened(judge.booked), start):
        refusals.append(Refusal(RefusalRule.BOOKED, who, "A booking has its time, or too little is between."))
    return refusals


def _unknown(host: HostTime) -> Refusal:
    reason = host.busy.reason if isinstance(host.busy, Unknown) else None
    return Refusal(RefusalRule.CALENDAR_UNKNOWN, host.host, f"The host's calendar cannot be read: {reason}.")


def _covers(spans: Iterable[Span], minute: int) -> bool:
    return any(start <= minute < end for start, end in spans)

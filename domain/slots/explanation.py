"""Why a start is not offered: the rules of the engine, asked one by one (X12)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.intervals import Span, instant_of
from domain.slots.engine import check_window
from domain.slots.frame import zone_of
from domain.slots.grid import grid
from domain.slots.hosts import HostJudge, widened
from domain.slots.opening import common_windows
from domain.slots.page import PageJudge, earliest
from domain.slots.pools import Pool
from domain.slots.prepared import own_caps
from domain.slots.values import Assignment, HostTime, Refusal, RefusalRule, Rules, Session, Unknown


@dataclass(frozen=True, slots=True)
class Judged:
    """Hosts who could take a start together, and what refuses it to them."""

    hosts: tuple[HostTime, ...]
    refusals: tuple[Refusal, ...]


def explain(
    rules: Rules,
    hosts: Sequence[HostTime],
    start: int,
    now: datetime,
    *,
    counted: Sequence[Span] = (),
    sessions: Sequence[Session] = (),
    pools: Sequence[Pool] = (),
) -> tuple[Refusal, ...]:
    """Name every rule that refuses a start; nothing means that it is offered.

    Of a host's calendar it says no more than that it is busy. Raises InvalidInput for a start outside the
    years 1970 to 2199.
    """
    teams = explain_teams(rules, hosts, start, now, counted=counted, sessions=sessions, pools=pools)
    if not all(teams):
        return ()
    return tuple(dict.fromkeys(refusal for refusals in teams for refusal in refusals))


def explain_teams(
    rules: Rules,
    hosts: Sequence[HostTime],
    start: int,
    now: datetime,
    *,
    counted: Sequence[Span] = (),
    sessions: Sequence[Session] = (),
    pools: Sequence[Pool] = (),
) -> tuple[tuple[Refusal, ...], ...]:
    """Name the rules that refuse a start for each team of hosts that could take it, alike to `explain`."""
    teams = judge_teams(rules, hosts, start, now, counted=counted, sessions=sessions, pools=pools)
    return tuple(team.refusals for team in teams)


def judge_teams(
    rules: Rules,
    hosts: Sequence[HostTime],
    start: int,
    now: datetime,
    *,
    counted: Sequence[Span] = (),
    sessions: Sequence[Session] = (),
    pools: Sequence[Pool] = (),
) -> tuple[Judged, ...]:
    """Judge a start for each team of hosts that could take it.

    Where any host takes a slot, each of them is a team, with all who are fixed; else there is one team.
    """
    check_window((start, start + 1))
    if not hosts:
        return (Judged((), (Refusal(RefusalRule.HOURS, None, "The page has no hosts."),)),)
    page = PageJudge(rules, zone_of(rules, hosts[0].hours), now, counted, pools)
    refusals: list[Refusal] = []
    if start < page.earliest:
        refusals.append(Refusal(RefusalRule.NOTICE, None, _earliest(page.earliest)))
    if not page.is_ahead(start) and page.dates:
        first, last = page.dates
        refusals.append(Refusal(RefusalRule.WINDOW, None, f"The page offers {first} to {last} only."))
    at_start = [session for session in sessions if session.start == start]
    if at_start:
        if not any(session.seats_left > 0 for session in at_start):
            refusals.append(Refusal(RefusalRule.FULL, None, "Every seat is taken."))
        refusals.extend(_unknown(host) for host in hosts if isinstance(host.busy, Unknown))
        return (Judged(tuple(hosts), tuple(refusals)),)
    if rules.starts is not None and start not in rules.starts:
        refusals.append(Refusal(RefusalRule.LINK, None, "The link offers other times."))
    refusals.extend(Refusal(RefusalRule.CAP, None, f"At most {cap}.") for cap in page.caps_of(start))
    if not page.has_resources(start):
        refusals.append(Refusal(RefusalRule.RESOURCE, None, "A resource that the page requires is not free."))
    zone = zone_of(rules, hosts[0].hours)
    teams = _teams(rules.assignment, hosts)
    if not teams:
        refusals.append(Refusal(RefusalRule.HOURS, None, "No host of the page takes turns."))
        return (Judged((), tuple(refusals)),)
    return tuple(Judged(tuple(team), (*refusals, *_by_team(rules, team, start, now, zone))) for team in teams)


def _teams(assignment: Assignment, hosts: Sequence[HostTime]) -> Sequence[Sequence[HostTime]]:
    """List the hosts who could take a slot together."""
    if assignment is not Assignment.ANY:
        return [hosts[:1] if assignment is Assignment.ONE else hosts]
    rotating = [host for host in hosts if not host.is_fixed]
    return [[host for host in hosts if host.is_fixed or host is one] for one in rotating]


def _by_team(
    rules: Rules, team: Sequence[HostTime], start: int, now: datetime, zone: str
) -> Iterable[Refusal]:
    judges = [HostJudge(rules, host, (start, start + 1)) for host in team]
    common = common_windows(judge.windows for judge in judges)
    for judge in judges:
        yield from _by_host(rules, judge, start, common, zone)
        yield from _by_own_rules(rules, judge.host, start, now)


def _by_own_rules(rules: Rules, host: HostTime, start: int, now: datetime) -> Iterable[Refusal]:
    """Name what a host's own rules refuse, and whether it is the others' turn."""
    who = host.host
    first = earliest(now, host.rules.notice_minutes)
    if host.rules.notice_minutes > rules.notice_minutes and start < first:
        yield Refusal(RefusalRule.NOTICE, who, f"By the host's own notice. {_earliest(first)}")
    for cap in own_caps(host, rules.duration_minutes).caps_of(start):
        yield Refusal(RefusalRule.CAP, who, f"The host's own cap: at most {cap}.")
    if host.is_ahead and not host.is_fixed:
        yield Refusal(RefusalRule.AHEAD, who, "The host has too many more bookings than others here.")


def _earliest(minute: int) -> str:
    return f"The earliest start is {instant_of(minute).strftime('%Y-%m-%d %H:%M UTC')}."


def _by_host(rules: Rules, judge: HostJudge, start: int, windows: list[Span], zone: str) -> list[Refusal]:
    who = judge.host.host
    refusals: list[Refusal] = []
    if not _covers(judge.open_starts, start):
        refusals.append(Refusal(RefusalRule.HOURS, who, "The host is not open for all of it."))
    elif rules.starts is None and not any(grid(rules, windows, (start, start + 1), zone)):
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

"""Rules that a page's host side may book past by naming them, and what naming does to a refusal (X15)."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from domain.slots.explanation import Judged
from domain.slots.page import earliest
from domain.slots.values import NOT_SHARING, HostTime, RefusalRule, Unknown


class Waivable(StrEnum):
    """A rule that can be waived.

    `BUFFER` is what a booking of ours wants kept free around it, `BUSY` a host's calendar, read or not,
    with the buffers. What is not here refuses whoever asks: a booking that has the time, the last seat, the
    past.
    """

    NOTICE = "notice"
    WINDOW = "window"
    CAP = "cap"
    HOURS = "hours"
    GRID = "grid"
    AWAY = "away"
    AHEAD = "ahead"
    BUFFER = "buffer"
    BUSY = "busy"


NOTHING: frozenset[Waivable] = frozenset()
_BY_RULE = MappingProxyType(
    {
        RefusalRule.NOTICE: Waivable.NOTICE,
        RefusalRule.WINDOW: Waivable.WINDOW,
        RefusalRule.CAP: Waivable.CAP,
        RefusalRule.HOURS: Waivable.HOURS,
        RefusalRule.GRID: Waivable.GRID,
        RefusalRule.AWAY: Waivable.AWAY,
        RefusalRule.AHEAD: Waivable.AHEAD,
        RefusalRule.BUSY: Waivable.BUSY,
        RefusalRule.CALENDAR_UNKNOWN: Waivable.BUSY,
    }
)


@dataclass(frozen=True, slots=True)
class Waiver:
    """What comes of naming rules: the hosts who can take a start, in the page's order, and past which rules.

    Where nobody can, `lacking` are the rules to name as well; none where naming does not help.
    """

    hosts: tuple[Any, ...] = ()
    waived: frozenset[Waivable] = NOTHING
    lacking: frozenset[Waivable] = NOTHING


def waive(
    teams: Sequence[Judged],
    times: Sequence[HostTime],
    span: tuple[int, int],
    now: datetime,
    named: Collection[Waivable],
    also: frozenset[Waivable] = NOTHING,
) -> Waiver:
    """Judge a start, given with its end, past the rules that are named; `also` is needed whoever takes it.

    Of several teams those take it who need the fewest: nobody is booked over their calendar while somebody
    else is free.
    """
    each = [(team, _needed(team, span, now)) for team in teams]
    needs = [(team, needed | also) for team, needed in each if needed is not None]
    able = [needed for _, needed in needs if needed <= frozenset(named)]
    if not able:
        lacks = (needed.difference(named) for _, needed in needs)
        return Waiver(lacking=min(lacks, key=_weight, default=NOTHING))
    least = min(able, key=_weight)
    taking = {time.host for team, needed in needs if needed == least for time in team.hosts}
    return Waiver(tuple(time.host for time in times if time.host in taking), least)


def in_order(rules: Iterable[Waivable]) -> tuple[Waivable, ...]:
    """Give rules in the order in which they are named everywhere."""
    return tuple(rule for rule in Waivable if rule in frozenset(rules))


def _weight(rules: frozenset[Waivable]) -> tuple[bool, int, list[Waivable]]:
    return Waivable.BUSY in rules, len(rules), sorted(rules)


def _needed(team: Judged, span: tuple[int, int], now: datetime) -> frozenset[Waivable] | None:
    """Say what a team has to be let off to take a start; None where nothing lets them.

    Who does not share their availability is not booked past that: it is not a rule of the page.
    """
    if not team.hosts or span[0] < earliest(now, 0):
        return None
    times, needed = {time.host: time for time in team.hosts}, set[Waivable]()
    for refusal in team.refusals:
        time = times.get(refusal.host)
        if refusal.rule is RefusalRule.BOOKED and time and not _is_taken(time, span):
            needed.add(Waivable.BUFFER)
        elif refusal.rule in _BY_RULE and not (time and time.busy == Unknown(NOT_SHARING)):
            needed.add(_BY_RULE[refusal.rule])
        else:
            return None
    return frozenset(needed)


def _is_taken(time: HostTime, span: tuple[int, int]) -> bool:
    return any(own.span[0] < span[1] and span[0] < own.span[1] for own in time.own)

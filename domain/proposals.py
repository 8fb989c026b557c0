"""Times that a host proposes for a one-off meeting, as their calendars are when they are asked (R087)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from domain.errors import RuleBroken
from domain.ids import UserId
from domain.slots import Assignment, HostTime, Refusal, RefusalRule, Rules, Session, explain

_BUSY = frozenset({RefusalRule.BUSY, RefusalRule.BOOKED, RefusalRule.AWAY, RefusalRule.FULL})


class TimeState(StrEnum):
    """How a host's time is; of what takes it nothing is said."""

    FREE = "free"
    BUSY = "busy"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class ProposedTime:
    """A time with the state of each host in the page's order, and the rules by which it would be refused."""

    start: datetime
    end: datetime
    hosts: tuple[tuple[UserId, TimeState], ...]
    refusals: tuple[Refusal, ...]


class TimesNotFree(RuleBroken):
    """Picked times of which some could not be booked now, and nobody said that they may be offered."""

    code = "TIMES_NOT_FREE"
    sentence = "Some of these times are not free. Leave them out, or offer them all the same."

    def __init__(self, times: tuple[ProposedTime, ...]) -> None:
        super().__init__("starts")
        self.times = times


def states_at(
    rules: Rules,
    hosts: Sequence[HostTime],
    start: int,
    now: datetime,
    sessions: Sequence[Session] = (),
) -> tuple[tuple[UserId, TimeState], ...]:
    """Say how each host's time is at a start, by the rules that decide; who cannot be read is unknown."""
    alone = replace(rules, assignment=Assignment.ONE)
    said = ((host.host, explain(alone, [host], start, now, sessions=sessions)) for host in hosts)
    return tuple((host, _state(frozenset(refusal.rule for refusal in refusals))) for host, refusals in said)


def _state(rules: frozenset[RefusalRule]) -> TimeState:
    if RefusalRule.CALENDAR_UNKNOWN in rules:
        return TimeState.UNKNOWN
    return TimeState.BUSY if rules & _BUSY else TimeState.FREE

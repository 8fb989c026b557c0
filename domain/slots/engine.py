"""Finding slots, judging one start, and naming those near it: one set of rules, asked three ways."""

from collections.abc import Sequence
from datetime import datetime

from domain.errors import InvalidInput
from domain.intervals import Span
from domain.slots.combine import combine
from domain.slots.hosts import HostJudge
from domain.slots.page import PageJudge
from domain.slots.values import HostTime, Rules, Session, Slot, Unknown
from domain.zones import DAY

_LONGEST = 400 * DAY
_FIRST, _LAST = DAY, 120_968_640  # 2 January 1970 and 1 January 2200, so that every date around exists


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

    `counted` are the page's bookings that caps count, `sessions` those that can be joined; the hosts have
    them among their own. Raises InvalidInput for a window of more than 400 days or outside the years 1970
    to 2199.
    """
    check_window(window)
    if not hosts:
        return ()
    zone = zone_of(rules, hosts)
    page = PageJudge(rules, zone, now, counted)
    ahead = page.ahead(window)
    if ahead is None:
        return ()
    takers = combine(rules, [HostJudge(rules, host, ahead) for host in hosts], page.uncapped(ahead), zone)
    length = rules.duration_minutes
    slots = [Slot(start, start + length, who) for start, who in takers.items()]
    return _with_sessions(slots, sessions, hosts, ahead) if sessions else tuple(slots)


def _with_sessions(
    slots: list[Slot], sessions: Sequence[Session], hosts: Sequence[HostTime], ahead: Span
) -> tuple[Slot, ...]:
    """Put sessions that can be joined in the place of whatever else begins with them."""
    by_start = {slot.start: slot for slot in slots}
    can_join = not any(isinstance(host.busy, Unknown) for host in hosts)
    everybody = tuple(host.host for host in hosts)
    for session in sessions:
        by_start.pop(session.start, None)
    for session in sessions:
        if can_join and session.seats_left > 0 and ahead[0] <= session.start < ahead[1]:
            by_start[session.start] = Slot(session.start, session.end, everybody, session.seats_left)
    return tuple(by_start[start] for start in sorted(by_start))


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


def check_window(window: Span) -> None:
    """Raise InvalidInput for a window that is too long or too far away."""
    if window[1] - window[0] > _LONGEST or window[0] < _FIRST or window[1] > _LAST:
        raise InvalidInput("A window has at most 400 days, in the years 1970 to 2199.", "window")


def zone_of(rules: Rules, hosts: Sequence[HostTime]) -> str:
    """Name the page's zone: its own, else that of the first host."""
    return rules.zone or hosts[0].hours.zone

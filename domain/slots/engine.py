"""Finding slots, judging one start, and naming those near it: one set of rules, asked three ways."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from itertools import repeat
from typing import TypeVar

from domain.errors import InvalidInput
from domain.intervals import Span
from domain.slots.frame import Frame, frame_of, zone_of
from domain.slots.page import PageJudge
from domain.slots.pools import Pool
from domain.slots.prepared import Prepared, combine, prepare
from domain.slots.values import HostTime, OpenSlot, Rules, Session, Slot
from domain.tuples import maker_of
from domain.zones import DAY

_LONGEST = 400 * DAY
_FIRST, _LAST = DAY, 120_968_640  # 2 January 1970 and 1 January 2200, so that every date around exists

_slot, _open_slot = maker_of(Slot), maker_of(OpenSlot)

AnySlot = TypeVar("AnySlot", Slot, OpenSlot)


def find_slots(
    rules: Rules,
    hosts: Sequence[HostTime],
    window: Span,
    now: datetime,
    *,
    counted: Sequence[Span] = (),
    sessions: Sequence[Session] = (),
    pools: Sequence[Pool] = (),
) -> tuple[Slot, ...]:
    """Find the slots that begin in a window and who can take them, in order of start.

    `counted` are the page's bookings that caps count, `sessions` those that can be joined; the hosts have
    them among their own. Of each of the `pools` a slot takes a resource; sessions have theirs. Raises
    InvalidInput for a window of more than 400 days or outside the years 1970 to 2199.
    """
    check_window(window)
    if not hosts:
        return ()
    page = PageJudge(rules, zone_of(rules, hosts[0].hours), now, counted, pools)
    ahead = page.ahead(window)
    if ahead is None:
        return ()
    fixed = [host.hours for host in hosts if host.is_fixed]
    frame = frame_of(rules, [host.hours for host in hosts], ahead, fixed)
    prepared = [prepare(frame, host) for host in hosts]
    found = combine(frame, prepared, page.uncapped(ahead), now)
    starts = found.starts()
    slots = map(_slot, zip(starts, _ends(starts, rules), found.takers(), repeat(None), strict=False))
    everybody = tuple(host.host for host in hosts)
    return _with_sessions(
        slots,
        (Slot(session.start, session.end, everybody, session.seats_left) for session in sessions),
        prepared,
        ahead,
    )


def open_slots(
    frame: Frame,
    hosts: Sequence[Prepared],
    window: Span,
    now: datetime,
    *,
    counted: Sequence[Span] = (),
    sessions: Sequence[Session] = (),
    pools: Sequence[Pool] = (),
) -> tuple[OpenSlot, ...]:
    """Find the slots of prepared hosts that begin in a window: those of `find_slots`, but not who takes them.

    The hosts are all those of the page, in its order, and the window lies in that of the frame.
    """
    rules = frame.measure.rules
    page = PageJudge(rules, frame.measure.zone, now, counted, pools)
    ahead = page.ahead(window)
    if ahead is None:
        return ()
    starts = combine(frame, hosts, page.uncapped(ahead), now).starts()
    slots = map(_open_slot, zip(starts, _ends(starts, rules), repeat(None), strict=False))
    return _with_sessions(slots, (OpenSlot(*session) for session in sessions), hosts, ahead)


def _ends(starts: Iterable[int], rules: Rules) -> Iterable[int]:
    length = rules.duration_minutes
    return [start + length for start in starts]


def _with_sessions(
    slots: Iterable[AnySlot], sessions: Iterable[AnySlot], hosts: Sequence[Prepared], ahead: Span
) -> tuple[AnySlot, ...]:
    """Put sessions that can be joined in the place of whatever else begins with them."""
    sessions = tuple(sessions)
    if not sessions:
        return tuple(slots)
    by_start = {slot.start: slot for slot in slots}
    for session in sessions:
        by_start.pop(session.start, None)
    if all(prepared.is_known for prepared in hosts):
        for session in sessions:
            if (session.seats_left or 0) > 0 and ahead[0] <= session.start < ahead[1]:
                by_start[session.start] = session
    return tuple(by_start[start] for start in sorted(by_start))


def slot_at(
    rules: Rules,
    hosts: Sequence[HostTime],
    start: int,
    now: datetime,
    *,
    counted: Sequence[Span] = (),
    sessions: Sequence[Session] = (),
    pools: Sequence[Pool] = (),
) -> Slot | None:
    """Give the slot that begins at a minute, if it is offered."""
    slots = find_slots(rules, hosts, (start, start + 1), now, counted=counted, sessions=sessions, pools=pools)
    return slots[0] if slots else None


def nearest(
    rules: Rules,
    hosts: Sequence[HostTime],
    around: int,
    now: datetime,
    *,
    counted: Sequence[Span] = (),
    sessions: Sequence[Session] = (),
    pools: Sequence[Pool] = (),
    count: int = 5,
    window: Span,
    without: Collection[int] = (),
) -> tuple[Slot, ...]:
    """Give the slots of a window that begin closest to a minute, in order of start, `without` some."""
    found = find_slots(rules, hosts, window, now, counted=counted, sessions=sessions, pools=pools)
    slots = [slot for slot in found if slot.start not in without] if without else found
    closest = sorted(slots, key=lambda slot: (abs(slot.start - around), slot.start))[:count]
    return tuple(sorted(closest, key=lambda slot: slot.start))


def check_window(window: Span) -> None:
    """Raise InvalidInput for a window that is too long or too far away."""
    if window[1] - window[0] > _LONGEST or window[0] < _FIRST or window[1] > _LAST:
        raise InvalidInput("A window has at most 400 days, in the years 1970 to 2199.", "window")

"""Gathers what the slot engine needs, and asks it: open slots, why not, and may this start be booked."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from domain.availability import Hours
from domain.booking_pages import BookingPage, CalendarPolicy
from domain.bookings import Booking, BookingState, SlotNotOffered
from domain.calendars import Freshness
from domain.errors import InvalidInput, NotFound
from domain.ids import PageId, PageLinkId, ResourceId, UserId
from domain.intervals import Span, minute_of, subtract
from domain.open_slots import FindSlots, OpenSlots
from domain.page_links import named
from domain.slots import (
    NO_HOST_RULES,
    NOT_SHARING,
    Assignment,
    HostTime,
    Prepared,
    Refusal,
    Unknown,
    frame_of,
    open_slots,
    whole_days,
)
from domain.users import DelegationScope, Scope, Viewer, signed_in
from domain.waitlist import to_offer
from services.access import own_page
from services.busy import CALENDAR_GONE, UNCONNECTED, Answer, BusyTimes, Known
from services.gathered import (
    Gathered,
    at_start_of,
    counted_of,
    in_turn,
    reach_of,
    read_taken,
    sessions_of,
)
from services.pools import ResourceBusy, pools_of
from services.prepared import PreparedHosts
from storage.availability import HostHours
from storage.bookings import Taken
from storage.calendars import HostCalendars
from storage.freebusy import MAX_TTL_S
from storage.unit import Units

NO_HOURS = Hours("UTC", ())
MAX_WINDOW = timedelta(days=62)
_FIRST_YEAR, _LAST_YEAR = 1971, 2198
_NEAREST_REACH = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class _Held:
    """What we hold ourselves of a page's hosts, as read for one window."""

    hours: Mapping[UserId, HostHours]
    willing: frozenset[UserId]
    calendars: Mapping[UserId, HostCalendars]
    taken: Taken
    fixed: frozenset[UserId]
    resources: Mapping[ResourceId, HostCalendars]


class Availability:
    """Open slots of pages, for whoever may see them.

    Hosts that were prepared for the engine are kept in the memory of the process for as long as busy times
    may be, `busy_ttl` after they were asked for (D02).
    """

    def __init__(
        self,
        units: Units,
        busy: BusyTimes,
        clock: Callable[[], datetime],
        busy_ttl: timedelta = timedelta(seconds=MAX_TTL_S),
    ) -> None:
        self._units = units
        self._busy = busy
        self._clock = clock
        self.prepared = PreparedHosts(clock, busy_ttl)

    async def open_slots(self, question: FindSlots) -> OpenSlots:
        """Find free slots of a page that the caller was let to see; InvalidInput for a wrong window.

        Each host is prepared as soon as their calendars have answered, while others are still asked.
        Whole days are asked about, so that a question of a minute later finds the same hosts prepared.
        """
        page, window = question.page, window_of(question.start, question.end)
        days = whole_days(window)
        held = await self._hold(page, days, moving=None)
        hours = [_hours(page, host.user_id, held.hours.get(host.user_id)) for host in page.hosts]
        fixed = [hours for hours, host in zip(hours, page.hosts, strict=True) if host.is_fixed]
        frame = frame_of(page.rules, hours, days, fixed)
        prepared: dict[UserId, Prepared] = {}

        def prepare(time: HostTime, as_of: datetime | None) -> None:
            prepared[time.host] = self.prepared.get(frame, time, as_of)

        gathered = await self._ask(page, days, held, told=prepare)
        slots = open_slots(
            frame,
            [_in_turn(prepared[host.host], host) for host in gathered.hosts],
            window,
            self._clock(),
            counted=gathered.counted,
            sessions=gathered.sessions,
            pools=gathered.pools,
        )
        if any(slot.start in gathered.waited for slot in slots):
            slots = tuple(slot for slot in slots if slot.start not in gathered.waited)
            await self._offer(page)
        return OpenSlots(slots, gathered.freshness, gathered.as_of)

    async def _offer(self, page: BookingPage) -> None:
        """Have what is free offered to who waits for it: a calendar may have freed it, and told nobody.

        No calendar is asked for the sake of a queue alone (R090), so who opens the page is who notices.
        """
        async with self._units.begin() as unit:
            woken = await unit.waitlists.wake(page.organization_id, (), [page.id])
            unit.follow(to_offer(waitlist, unit.now) for waitlist in woken)

    async def explain(
        self,
        viewer: Viewer,
        page_id: PageId,
        start: datetime,
        length: int | None = None,
        link_id: PageLinkId | None = None,
    ) -> tuple[tuple[Refusal, ...], Freshness]:
        """Say to a page's owner or their delegate which rules refuse a start (X12); nothing: it is offered.

        `length` is one of the page's, in minutes; None for its own. InvalidInput for another. With a link to
        the page, it is said of what that offers, and which of it is the link's own doing.
        """
        asker = signed_in(viewer, Scope.READ, DelegationScope.PAGES, DelegationScope.AVAILABILITY)
        async with self._units.read() as unit:
            page = await own_page(unit, asker, page_id)
            if link_id is not None:
                link = await unit.page_links.by_id(asker.organization_id, link_id)
                if link is None or link.page_id != page.id:
                    raise NotFound("linkId")
                page = page.by_link(link)
        page = page.of_length(length, "durationMinutes")
        gathered = await self.gather(page, around(start))
        now = self._clock()
        refusals = gathered.explain(start, now)
        return named(refusals, page.link, now) if page.link else refusals, gathered.freshness

    async def gather(
        self,
        page: BookingPage,
        window: Span,
        *,
        live: bool = False,
        moving: Booking | None = None,
    ) -> Gathered:
        """Read rules, hours, bookings and busy times of a page's hosts.

        Four statements whatever the number of hosts, and one more where they share evenly; then all
        calendars at once, outside any unit. `live` asks the providers whatever copies there are: a booking
        is never decided by a copy (D03). `moving` is a booking that is about to leave its time: it is
        looked through.
        """
        held = await self._hold(page, window, moving)
        return await self._ask(page, window, held, live=live, moving=moving)

    async def check_blindly(self, page: BookingPage, start: datetime) -> None:
        """Let go on where a start is free but for calendars, and but for who waits; no calendar is asked.

        Raises SlotTaken, and SlotNotOffered where nobody has it and the page does not offer it.
        """
        window = around(start)
        held = await self._hold(page, window, None)
        gathered = await self._ask(page, window, held, blindly=True)
        gathered.for_waiter(start).check(start, self._clock(), "start", names_nearest=False)

    async def _hold(self, page: BookingPage, window: Span, moving: Booking | None) -> _Held:
        hosts = [host.user_id for host in page.hosts]
        async with self._units.read() as unit:
            users = await unit.users.by_ids(hosts)
            hours = await unit.schedules.for_hosts(
                page.organization_id, [(host.user_id, host.schedule_id) for host in page.hosts]
            )
            calendars = await unit.calendars.of_hosts(page.organization_id, hosts)
            rules = {host: one.rules for host, one in hours.items()}
            taken = await read_taken(unit, page, window, moving, rules)
            named = {id_: one.calendar_id for id_, one in taken.resources.items() if one.calendar_id}
            resources = await unit.calendars.of_resources(page.organization_id, named)
        willing = frozenset(
            user.id for user in users.values() if user.shares_availability and not user.is_disabled
        )
        fixed = frozenset(host.user_id for host in page.hosts if host.is_fixed)
        return _Held(hours, willing & hours.keys(), calendars, taken, fixed, resources)

    async def _ask(
        self,
        page: BookingPage,
        window: Span,
        held: _Held,
        *,
        live: bool = False,
        moving: Booking | None = None,
        told: Callable[[HostTime, datetime | None], None] | None = None,
        blindly: bool = False,
    ) -> Gathered:
        """Ask the calendars; `told` is called with each host as it is known, before the others may be.

        `blindly` takes those that could be asked for empty, and asks none.
        """
        times: dict[UserId, HostTime] = {}

        def know(host: UserId, answer: Answer) -> None:
            times[host] = time = _host_time(page, host, held, answer, moving)
            if told:
                told(time, answer.as_of if isinstance(answer, Known) else None)

        reach = reach_of(page, [one.rules for one in held.hours.values()])
        hosts = [host.user_id for host in page.hosts]
        asked = {
            host.user_id: replace(held.calendars[host.user_id], chosen=host.counted)
            for host in page.hosts
            if host.user_id in held.willing and host.user_id in held.calendars
        }
        for host in page.hosts:
            if host.user_id not in asked:
                know(host.user_id, Unknown(CALENDAR_GONE if host.counted else UNCONNECTED))
        around_it = (window[0] - reach, window[1] + reach)
        everything: dict[UserId | ResourceId, HostCalendars] = {**asked, **held.resources}
        answers: Mapping[UserId | ResourceId, Answer]
        if blindly:
            answers = dict.fromkeys(everything, Known((), Freshness.RECENT, self._clock()))
            for user_id in asked:
                know(user_id, answers[user_id])
        else:
            answers = await self._busy.of(
                everything,
                around_it,
                live=live,
                rule=page.rules.status_rule,
                told=lambda id_, answer: know(UserId(id_), answer) if id_ in asked else None,
            )
        busy = {host: answers[host] for host in asked}
        of_resources = {
            id_: ResourceBusy(
                calendar, _but_own(answer, moving, id_) if isinstance(answer, Known) else answer
            )
            for id_, its in held.resources.items()
            for calendar in its.chosen or ()
            for answer in [answers[id_]]
        }
        return Gathered(
            page=page,
            window=window,
            hosts=in_turn(page, tuple(times[host] for host in hosts), held.taken.loads),
            counted=counted_of(held.taken),
            sessions=sessions_of(page, held.taken),
            at_start=at_start_of(page, held.taken),
            freshness=_with_resources(page, held, answers, _freshness(page, busy)),
            as_of=min(
                (answer.as_of for answer in answers.values() if isinstance(answer, Known)), default=None
            ),
            moving=moving,
            loads=held.taken.loads,
            waited=held.taken.waited,
            calendars=of_resources,
            pools=pools_of(page, held.taken, of_resources),
            hoped=pools_of(page, held.taken, of_resources, hopes=True),
        )


def window_of(start: datetime, end: datetime) -> Span:
    """Check a window of a question: not empty, 62 days at most."""
    if end <= start:
        raise InvalidInput("The window ends before it begins.", "window", "to")
    if not (start.year >= _FIRST_YEAR and end.year <= _LAST_YEAR):
        raise InvalidInput("A window lies in the years 1971 to 2198.", "window")
    if end - start > MAX_WINDOW:
        raise InvalidInput("A window has 62 days at most.", "window", "to")
    return minute_of(start), minute_of(end - timedelta(microseconds=1)) + 1


def around(start: datetime) -> Span:
    """Give the window in which a start is judged and other starts near it are looked for.

    Raises SlotNotOffered for a start in a year that no page offers.
    """
    if not _FIRST_YEAR <= start.year <= _LAST_YEAR:
        raise SlotNotOffered("start")
    minute = minute_of(start)
    reach = int(_NEAREST_REACH.total_seconds()) // 60
    return minute - reach, minute + reach


def _hours(page: BookingPage, host: UserId, found: HostHours | None) -> Hours:
    return page.hours_of(host, found.schedule.hours) if found else NO_HOURS


def _host_time(
    page: BookingPage, host: UserId, held: _Held, busy: Answer, moving: Booking | None
) -> HostTime:
    state: tuple[Span, ...] | Unknown
    if host not in held.willing:
        state = Unknown(NOT_SHARING)
    elif busy == Unknown(UNCONNECTED):
        # Who ended every connection took their time back, which is not the same as never having had one.
        has_never = host not in held.calendars
        ignores = has_never and page.calendar_policy is CalendarPolicy.IGNORE_UNCONNECTED
        state = () if ignores else Unknown(UNCONNECTED)
    elif isinstance(busy, Known):
        state = _but_own(busy, moving, host)
    else:
        state = busy
    hours = held.hours.get(host)
    return HostTime(
        host=host,
        hours=_hours(page, host, hours),
        busy=state,
        own=held.taken.own.get(host, ()),
        over=held.taken.over.get(host, ()),
        away=tuple(dates.span for dates in hours.away) if hours else (),
        rules=hours.rules if hours else NO_HOST_RULES,
        is_fixed=host in held.fixed,
    )


def _but_own(busy: Known, moving: Booking | None, whose: UserId | ResourceId) -> tuple[Span, ...]:
    """Give what stands in somebody's calendar but for a booking of theirs that is about to move.

    In a host's it stands as an entry of ours, in a room's as its hosts have entered it; what waits does not.
    """
    if moving is None or moving.state is not BookingState.CONFIRMED:
        return busy.spans
    if whose not in moving.hosts and whose not in moving.resources:
        return busy.spans
    return tuple(subtract(busy.spans, [(minute_of(moving.start), minute_of(moving.end))]))


def _in_turn(prepared: Prepared, time: HostTime) -> Prepared:
    """Give a host as prepared, who may have been before it was known whether it is the others' turn."""
    return replace(prepared, time=time) if prepared.time.is_ahead != time.is_ahead else prepared


def _with_resources(
    page: BookingPage, held: _Held, answers: Mapping[UserId | ResourceId, Answer], of_hosts: Freshness
) -> Freshness:
    """Say how fresh the worst calendar is, with those of resources; of a pool one that is known is enough."""
    if of_hosts is Freshness.UNKNOWN or not held.resources:
        return of_hosts
    known = {id_: answers[id_] for id_ in held.resources if isinstance(answers[id_], Known)}
    free = {id_ for id_, times in held.taken.resources.items() if times.calendar_id is None}
    if not all(free.union(known).intersection(pool) for pool in page.requires):
        return Freshness.UNKNOWN
    are_recent = any(isinstance(one, Known) and one.freshness is Freshness.RECENT for one in known.values())
    return Freshness.RECENT if are_recent else of_hosts


def _freshness(page: BookingPage, busy: Mapping[UserId, Answer]) -> Freshness:
    """Say how fresh the worst calendar is of those that say what is offered.

    Where any host takes a slot, one whose calendar is not known is left out of both, unless they are fixed.
    """
    known = {host: answer.freshness for host, answer in busy.items() if isinstance(answer, Known)}
    needed = {host.user_id for host in page.hosts}
    if page.rules.assignment is Assignment.ANY:
        turns = {host.user_id for host in page.hosts if not host.is_fixed}
        needed -= turns - known.keys() if turns & known.keys() else frozenset()
    if not needed <= known.keys():
        return Freshness.UNKNOWN
    return Freshness.RECENT if Freshness.RECENT in known.values() else Freshness.LIVE

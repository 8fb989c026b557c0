"""Gathers what the slot engine needs, and asks it: open slots, why not, and may this start be booked."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from domain.availability import Hours
from domain.booking_pages import BookingPage, CalendarPolicy, PageKind
from domain.bookings import Booking, BookingState, Nearest, SlotNotOffered, SlotTaken
from domain.calendars import Freshness
from domain.errors import InvalidInput, RuleBroken, TryAgain
from domain.ids import BookingId, PageId, UserId
from domain.intervals import Span, instant_of, minute_of, subtract
from domain.open_slots import FindSlots, OpenSlots
from domain.slots import (
    HostTime,
    Own,
    Prepared,
    Refusal,
    RefusalRule,
    Session,
    Slot,
    Unknown,
    explain,
    frame_of,
    nearest,
    open_slots,
    slot_at,
    whole_days,
)
from domain.users import Scope, Viewer, signed_in
from services.access import own_page
from services.busy import UNCONNECTED, Answer, BusyTimes, Known
from services.prepared import PreparedHosts
from storage.availability import HostHours
from storage.bookings import Taken
from storage.calendars import HostCalendars
from storage.freebusy import MAX_TTL_S
from storage.unit import Reading, Units

NO_HOURS = Hours("UTC", ())
MAX_WINDOW = timedelta(days=62)
_DAY = 24 * 60
_NEAREST = 5
_FIRST_YEAR, _LAST_YEAR = 1971, 2198
_NEAREST_REACH = timedelta(days=14)

# Refusals that mean "somebody or something has the time", as against "the page never offers it".
_TAKEN = frozenset(
    {
        RefusalRule.BUSY,
        RefusalRule.BOOKED,
        RefusalRule.CAP,
        RefusalRule.FULL,
    }
)


@dataclass(frozen=True, slots=True)
class Gathered:
    """Everything that the engine is asked with, for one page and one window."""

    page: BookingPage
    window: Span
    hosts: tuple[HostTime, ...]
    counted: tuple[Span, ...]
    sessions: tuple[Session, ...]
    freshness: Freshness
    as_of: datetime | None
    moving: Booking | None
    at_start: Mapping[datetime, BookingId]

    @property
    def span(self) -> tuple[datetime, datetime]:
        """The window with everything around it that can matter, as instants."""
        reach = _reach(self.page)
        return instant_of(self.window[0] - reach), instant_of(self.window[1] + reach)

    def session_at(self, start: datetime) -> BookingId | None:
        """Name the session of this page that stands at a start, if its page has seats."""
        return self.at_start.get(start)

    def explain(self, start: datetime, now: datetime) -> tuple[Refusal, ...]:
        """Say which rules refuse a start; nothing means that it is offered."""
        return explain(
            self.page.rules,
            self.hosts,
            minute_of(start),
            now,
            counted=self.counted,
            sessions=self.sessions,
        )

    def check(self, start: datetime, now: datetime, *path: str) -> Slot:
        """Give the slot at a start, or raise what a person can act on.

        SlotTaken and SlotNotOffered name the nearest free slots; TryAgain means that a calendar that
        decides could not be read.
        """
        if start.second or start.microsecond:
            raise SlotNotOffered(*path, nearest=self.nearest(start, now))
        slot = slot_at(
            self.page.rules,
            self.hosts,
            minute_of(start),
            now,
            counted=self.counted,
            sessions=self.sessions,
        )
        if slot is None:
            raise self._refusal(start, now, path)
        return slot

    def _refusal(self, start: datetime, now: datetime, path: tuple[str, ...]) -> RuleBroken:
        rules = {refusal.rule for refusal in self.explain(start, now)}
        if rules == {RefusalRule.CALENDAR_UNKNOWN}:
            reasons = {host.busy.reason for host in self.hosts if isinstance(host.busy, Unknown)}
            return SlotNotOffered(*path) if reasons <= {UNCONNECTED} else TryAgain(*path)
        near = self.nearest(start, now)
        if rules <= _TAKEN:
            return SlotTaken(*path, nearest=near)
        return SlotNotOffered(*path, nearest=near)

    def nearest(self, start: datetime, now: datetime) -> Nearest:
        """Name the free slots closest to an instant, in order of start."""
        found = nearest(
            self.page.rules,
            self.hosts,
            minute_of(start),
            now,
            counted=self.counted,
            sessions=self.sessions,
            count=_NEAREST,
            window=self.window,
        )
        return tuple((instant_of(slot.start), instant_of(slot.end)) for slot in found)

    def with_booking(self, booking: Booking) -> "Gathered":
        """Look again after a booking of this page that is about to be stored."""
        rules, span = self.page.rules, (minute_of(booking.start), minute_of(booking.end))
        own = Own(span, rules.buffer_before_minutes, rules.buffer_after_minutes)
        hosts = (
            replace(host, own=(*host.own, own)) if host.host in booking.hosts else host for host in self.hosts
        )
        return replace(self, hosts=tuple(hosts), counted=(*self.counted, span))

    def with_taken(self, taken: Taken) -> "Gathered":
        """Look again at our own bookings, read under the hosts' locks; calendars stay as they were read."""
        return replace(
            self,
            hosts=tuple(replace(host, own=taken.own.get(host.host, ())) for host in self.hosts),
            counted=_counted(taken),
            sessions=_sessions(self.page, taken),
            at_start=_at_start(self.page, taken),
        )


@dataclass(frozen=True, slots=True)
class _Held:
    """What we hold ourselves of a page's hosts, as read for one window."""

    hours: Mapping[UserId, HostHours]
    willing: frozenset[UserId]
    calendars: Mapping[UserId, HostCalendars]
    taken: Taken


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
        hours = [_hours(held.hours.get(host.user_id)) for host in page.hosts]
        frame = frame_of(page.rules, hours, days)
        prepared: dict[UserId, Prepared] = {}

        def prepare(time: HostTime, as_of: datetime | None) -> None:
            prepared[time.host] = self.prepared.get(frame, time, as_of)

        gathered = await self._ask(page, days, held, told=prepare)
        slots = open_slots(
            frame,
            [prepared[host.host] for host in gathered.hosts],
            window,
            self._clock(),
            counted=gathered.counted,
            sessions=gathered.sessions,
        )
        return OpenSlots(slots, gathered.freshness, gathered.as_of)

    async def explain(
        self, viewer: Viewer, page_id: PageId, start: datetime, length: int | None = None
    ) -> tuple[tuple[Refusal, ...], Freshness]:
        """Say to a page's owner which rules refuse a start (X12); nothing means that it is offered.

        `length` is one of the page's, in minutes; None for its own. InvalidInput for another.
        """
        asker = signed_in(viewer, Scope.READ)
        async with self._units.read() as unit:
            page = (await own_page(unit, asker, page_id)).of_length(length, "durationMinutes")
        gathered = await self.gather(page, around(start))
        return gathered.explain(start, self._clock()), gathered.freshness

    async def gather(
        self,
        page: BookingPage,
        window: Span,
        *,
        live: bool = False,
        moving: Booking | None = None,
    ) -> Gathered:
        """Read rules, hours, bookings and busy times of a page's hosts.

        Four statements whatever the number of hosts; then all calendars at once, outside any unit.
        `live` asks the providers whatever copies there are: a booking is never decided by a copy
        (D03). `moving` is a booking that is about to leave its time: it is looked through.
        """
        held = await self._hold(page, window, moving)
        return await self._ask(page, window, held, live=live, moving=moving)

    async def _hold(self, page: BookingPage, window: Span, moving: Booking | None) -> _Held:
        hosts = [host.user_id for host in page.hosts]
        async with self._units.read() as unit:
            users = await unit.users.by_ids(hosts)
            hours = await unit.schedules.for_hosts(
                page.organization_id, [(host.user_id, host.schedule_id) for host in page.hosts]
            )
            calendars = await unit.calendars.of_hosts(page.organization_id, hosts)
            taken = await read_taken(unit, page, window, moving)
        willing = frozenset(
            user.id for user in users.values() if user.shares_availability and not user.is_disabled
        )
        return _Held(hours, willing & hours.keys(), calendars, taken)

    async def _ask(
        self,
        page: BookingPage,
        window: Span,
        held: _Held,
        *,
        live: bool = False,
        moving: Booking | None = None,
        told: Callable[[HostTime, datetime | None], None] | None = None,
    ) -> Gathered:
        """Ask the calendars; `told` is called with each host as it is known, before the others may be."""
        times: dict[UserId, HostTime] = {}

        def know(host: UserId, answer: Answer) -> None:
            times[host] = time = _host_time(page, host, held, answer, moving)
            if told:
                told(time, answer.as_of if isinstance(answer, Known) else None)

        reach = _reach(page)
        hosts = [host.user_id for host in page.hosts]
        asked = {
            host: held.calendars[host] for host in hosts if host in held.willing and host in held.calendars
        }
        for host in hosts:
            if host not in asked:
                know(host, Unknown(UNCONNECTED))
        busy = await self._busy.of(
            asked, (window[0] - reach, window[1] + reach), live=live, rule=page.rules.status_rule, told=know
        )
        known = [answer for answer in busy.values() if isinstance(answer, Known)]
        return Gathered(
            page=page,
            window=window,
            hosts=tuple(times[host] for host in hosts),
            counted=_counted(held.taken),
            sessions=_sessions(page, held.taken),
            at_start=_at_start(page, held.taken),
            freshness=_worst([answer.freshness for answer in known], len(hosts)),
            as_of=min((answer.as_of for answer in known), default=None),
            moving=moving,
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


async def read_taken(unit: Reading, page: BookingPage, window: Span, moving: Booking | None) -> Taken:
    """Read the bookings that matter to a window: of the hosts near it, of the page as far as caps count.

    The one that is about to move is left out.
    """
    caps, reach = page.rules.caps, _reach(page)
    farther = max(reach, caps.reach)
    return await unit.bookings.taken(
        page.organization_id,
        instant_of(window[0] - reach),
        instant_of(window[1] + reach),
        hosts=[host.user_id for host in page.hosts],
        page_id=page.id if caps.any_set or page.kind is PageKind.GROUP else None,
        without=moving.id if moving else None,
        page_window=(instant_of(window[0] - farther), instant_of(window[1] + farther)),
    )


def _reach(page: BookingPage) -> int:
    """Minutes around a window in which somebody's time can still touch a slot of it."""
    rules = page.rules
    return rules.duration_minutes + max(rules.buffer_before_minutes, rules.buffer_after_minutes) + _DAY


def _hours(found: HostHours | None) -> Hours:
    return found.schedule.hours if found else NO_HOURS


def _host_time(
    page: BookingPage, host: UserId, held: _Held, busy: Answer, moving: Booking | None
) -> HostTime:
    state: tuple[Span, ...] | Unknown
    if host not in held.willing:
        state = Unknown("not_sharing")
    elif busy == Unknown(UNCONNECTED):
        ignores = page.calendar_policy is CalendarPolicy.IGNORE_UNCONNECTED
        state = () if ignores else Unknown(UNCONNECTED)
    elif isinstance(busy, Known):
        # A booking that is about to move stands in the calendar as an entry of ours; what waits does not.
        has_entry = moving is not None and host in moving.hosts and moving.state is BookingState.CONFIRMED
        left = [(minute_of(moving.start), minute_of(moving.end))] if moving and has_entry else []
        state = tuple(subtract(busy.spans, left)) if left else busy.spans
    else:
        state = busy
    hours = held.hours.get(host)
    return HostTime(
        host=host,
        hours=_hours(hours),
        busy=state,
        own=held.taken.own.get(host, ()),
        away=tuple(dates.span for dates in hours.away) if hours else (),
    )


def _counted(taken: Taken) -> tuple[Span, ...]:
    return tuple(booking.span for booking in taken.of_page)


def _sessions(page: BookingPage, taken: Taken) -> tuple[Session, ...]:
    if page.kind is not PageKind.GROUP:
        return ()
    return tuple(Session(*booking.span, booking.seats_left) for booking in taken.of_page)


def _at_start(page: BookingPage, taken: Taken) -> dict[datetime, BookingId]:
    if page.kind is not PageKind.GROUP:
        return {}
    return {instant_of(booking.span[0]): booking.booking_id for booking in taken.of_page}


def _worst(known: Sequence[Freshness], hosts: int) -> Freshness:
    if len(known) < hosts:
        return Freshness.UNKNOWN
    return Freshness.RECENT if Freshness.RECENT in known else Freshness.LIVE

"""Everything that the slot engine is asked with for one page and one window, and what it then says."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from domain.assignment import NO_LOAD, Load, too_far_ahead
from domain.booking_pages import BookingPage, PageKind, Turns
from domain.bookings import Booking, Nearest, NotWaived, SlotNotOffered, SlotTaken
from domain.calendars import Freshness
from domain.errors import RuleBroken, TryAgain
from domain.ids import BookingId, ResourceId, UserId
from domain.intervals import Span, instant_of, minute_of
from domain.slots import (
    NOTHING,
    Assignment,
    HostRules,
    HostTime,
    Own,
    Pool,
    Pooled,
    Refusal,
    RefusalRule,
    Session,
    Slot,
    Unknown,
    Waivable,
    explain,
    explain_teams,
    judge_teams,
    nearest,
    slot_at,
    waive,
)
from services.pools import LASTING, ResourceBusy, pools_of
from storage.bookings import PageBooking, Taken
from storage.unit import Reading

_DAY = 24 * 60
_NEAREST = 5

# Refusals that mean "somebody or something has the time", as against "the page never offers it".
_TAKEN = frozenset(
    {
        RefusalRule.BUSY,
        RefusalRule.BOOKED,
        RefusalRule.CAP,
        RefusalRule.AHEAD,
        RefusalRule.FULL,
        RefusalRule.RESOURCE,
    }
)


@dataclass(frozen=True, slots=True)
class Gathered:
    """Everything that the engine is asked with, for one page and one window.

    `loads` are the bookings of those who take turns, as far as they were asked for.
    """

    page: BookingPage
    window: Span
    hosts: tuple[HostTime, ...]
    counted: tuple[Span, ...]
    sessions: tuple[Session, ...]
    freshness: Freshness
    as_of: datetime | None
    moving: Booking | None
    at_start: Mapping[datetime, BookingId]
    loads: Mapping[UserId, Load]
    waited: frozenset[int] = frozenset()  # starts that are theirs first who wait for them
    calendars: Mapping[ResourceId, ResourceBusy] = field(default_factory=dict[ResourceId, ResourceBusy])
    pools: tuple[Pool, ...] = ()
    hoped: tuple[Pool, ...] = ()  # the same, if calendars of resources that cannot be read now were empty

    @property
    def span(self) -> tuple[datetime, datetime]:
        """The window with everything around it that can matter, as instants."""
        reach = reach_of(self.page, self.rules.values())
        return instant_of(self.window[0] - reach), instant_of(self.window[1] + reach)

    @property
    def rules(self) -> dict[UserId, HostRules]:
        """The hosts' own rules."""
        return {host.host: host.rules for host in self.hosts}

    def session_at(self, start: datetime) -> BookingId | None:
        """Name the session of this page that stands at a start, if its page has seats."""
        return self.at_start.get(start)

    def explain(self, start: datetime, now: datetime) -> tuple[Refusal, ...]:
        """Say which rules refuse a start; nothing means that it is offered."""
        refusals = explain(
            self.page.rules,
            self.hosts,
            minute_of(start),
            now,
            counted=self.counted,
            sessions=self.sessions,
            pools=self.pools,
        )
        return (*refusals, Refusal(RefusalRule.WAITED)) if minute_of(start) in self.waited else refusals

    def check(self, start: datetime, now: datetime, *path: str, names_nearest: bool = True) -> Slot:
        """Give the slot at a start, or raise what a person can act on.

        SlotTaken and SlotNotOffered name the nearest free slots, unless somebody asks of so many starts that
        to look for them would take long; TryAgain means that a calendar that decides could not be read.
        """
        if start.second or start.microsecond:
            near = self.nearest(start, now) if names_nearest else ()
            raise SlotNotOffered(*path, nearest=near)
        slot = slot_at(
            self.page.rules,
            self.hosts,
            minute_of(start),
            now,
            counted=self.counted,
            sessions=self.sessions,
            pools=self.pools,
        )
        if slot is None:
            raise self._refusal(start, now, path, names_nearest=names_nearest)
        if slot.start in self.waited:
            raise SlotTaken(*path, nearest=self.nearest(start, now) if names_nearest else ())
        return slot

    def waive(
        self,
        start: datetime,
        now: datetime,
        named: frozenset[Waivable],
        also: frozenset[Waivable] = NOTHING,
    ) -> tuple[Slot, frozenset[Waivable]]:
        """Give a start as a slot past the rules that the host side names, and past which it is; X15.

        `also` is needed besides. Raises NotWaived that says what is to be named as well, and where nothing
        helps SlotTaken or SlotNotOffered, both for the field `start`.
        """
        near = self.nearest(start, now)
        if start.second or start.microsecond:
            raise SlotNotOffered("start", nearest=near)
        minute = minute_of(start)
        session = next((session for session in self.sessions if session.start == minute), None)
        end = session.end if session else minute + self.page.rules.duration_minutes
        teams = judge_teams(
            self.page.rules,
            self.hosts,
            minute,
            now,
            counted=self.counted,
            sessions=self.sessions,
            pools=self.pools,
        )
        waiver = waive(teams, self.hosts, (minute, end), now, named, also)
        if waiver.hosts and not waiver.waived and minute in self.waited:
            raise SlotTaken("start", nearest=near)  # it is about to be offered to who waits for it
        if waiver.hosts:
            left = session.seats_left if session else None
            return Slot(minute, end, waiver.hosts, left), waiver.waived
        if waiver.lacking:
            raise NotWaived(waiver.lacking, nearest=near)
        rules = {refusal.rule for team in teams for refusal in team.refusals}
        is_taken = rules & {RefusalRule.BOOKED, RefusalRule.FULL, RefusalRule.RESOURCE}
        raise SlotTaken("start", nearest=near) if is_taken else SlotNotOffered("start", nearest=near)

    def _refusal(
        self, start: datetime, now: datetime, path: tuple[str, ...], *, names_nearest: bool
    ) -> RuleBroken:
        """Say why a start is refused: as the team says that came closest to taking it."""
        teams = explain_teams(
            self.page.rules,
            self.hosts,
            minute_of(start),
            now,
            counted=self.counted,
            sessions=self.sessions,
            pools=self.pools,
        )
        rules = [{refusal.rule for refusal in refusals} for refusals in teams]
        if self.hoped != self.pools and self._is_hoped(start, now):
            return TryAgain(*path)
        near = self.nearest(start, now) if names_nearest else ()
        unread = {RefusalRule.CALENDAR_UNKNOWN}
        if any(of_team != unread and of_team - unread <= _TAKEN for of_team in rules):
            return SlotTaken(*path, nearest=near)
        unknown = [refusals for refusals, of_team in zip(teams, rules, strict=True) if of_team == unread]
        if any(self.may_pass(refusals) for refusals in unknown):
            return TryAgain(*path)
        return SlotNotOffered(*path, nearest=near)

    def _is_hoped(self, start: datetime, now: datetime) -> bool:
        """Say whether a start is refused only because a resource's calendar cannot be read now."""
        return not replace(self, pools=self.hoped).explain(start, now)

    def may_pass(self, refusals: Iterable[Refusal]) -> bool:
        """Say whether a calendar that cannot be read is one that is asked at all, so that it may be later."""
        who = {refusal.host for refusal in refusals}
        asked = [host.busy for host in self.hosts if host.host in who]
        return any(isinstance(busy, Unknown) and busy.reason not in LASTING for busy in asked)

    def nearest(self, start: datetime, now: datetime) -> Nearest:
        """Name the free slots closest to an instant, in order of start."""
        found = nearest(
            self.page.rules,
            self.hosts,
            minute_of(start),
            now,
            counted=self.counted,
            sessions=self.sessions,
            pools=self.pools,
            count=_NEAREST,
            window=self.window,
            without=self.waited,
        )
        return tuple((instant_of(slot.start), instant_of(slot.end)) for slot in found)

    def for_waiter(self, start: datetime) -> "Gathered":
        """Look as the one does whose turn it is to have a start that others wait for too."""
        return replace(self, waited=self.waited - {minute_of(start)})

    def with_booking(self, booking: Booking) -> "Gathered":
        """Look again after a booking of this page that is about to be stored."""
        span, loads = (minute_of(booking.start), minute_of(booking.end)), dict(self.loads)
        if booking.assigned:
            booked = loads.get(booking.assigned.host, NO_LOAD).booked
            loads[booking.assigned.host] = Load(booked + 1, booking.created_at)
        times = tuple(
            replace(host, own=(*host.own, Own(span, *buffers_of(self.page, host))))
            if host.host in booking.hosts
            else host
            for host in self.hosts
        )
        pools = tuple(
            tuple(
                Pooled(one.resource, (*one.taken, span)) if one.resource in booking.resources else one
                for one in pool
            )
            for pool in self.pools
        )
        return replace(
            self,
            hosts=in_turn(self.page, times, loads),
            counted=(*self.counted, span),
            loads=loads,
            pools=pools,
        )

    def with_taken(self, taken: Taken) -> "Gathered":
        """Look again at our own bookings, read under the hosts' locks; calendars stay as they were read."""
        times = (
            replace(host, own=taken.own.get(host.host, ()), over=taken.over.get(host.host, ()))
            for host in self.hosts
        )
        return replace(
            self,
            hosts=in_turn(self.page, tuple(times), taken.loads),
            counted=counted_of(taken),
            sessions=sessions_of(self.page, taken),
            at_start=at_start_of(self.page, taken),
            loads=taken.loads,
            waited=taken.waited,
            pools=pools_of(self.page, taken, self.calendars),
            hoped=pools_of(self.page, taken, self.calendars, hopes=True),
        )


async def read_taken(
    unit: Reading,
    page: BookingPage,
    window: Span,
    moving: Booking | None,
    rules: Mapping[UserId, HostRules],
    *,
    chooses: bool = False,
) -> Taken:
    """Read the bookings that matter to a window: of the hosts near it, and as far as caps count.

    `rules` are the hosts' own. The booking that is about to move is left out. Who waits is read where a page
    has waitlists. How bookings are shared is read where that decides what is offered, or with `chooses` whom
    it is the turn of.
    """
    caps = page.rules.caps
    reach = max(reach_of(page, rules.values()), *(one.caps.reach for one in rules.values()), 0)
    farther = max(reach, caps.reach)
    taken = await unit.bookings.taken(
        page.organization_id,
        instant_of(window[0] - reach),
        instant_of(window[1] + reach),
        hosts=[host.user_id for host in page.hosts],
        page_id=page.id if caps.any_set or page.kind is PageKind.GROUP else None,
        without=moving.id if moving else None,
        page_window=(instant_of(window[0] - farther), instant_of(window[1] + farther)),
        capped=[host for host, one in rules.items() if one.caps.any_set],
    )
    if page.conditions.offer_lasts is not None:
        waited = await unit.waitlists.waited(
            page.organization_id, page.id, page.length, instant_of(window[0]), instant_of(window[1])
        )
        taken = replace(taken, waited=frozenset(map(minute_of, waited)))
    if page.requires:
        near = (instant_of(window[0] - reach), instant_of(window[1] + reach))
        without = moving.id if moving else None
        found = await unit.resources.taken(page.organization_id, page.resources, near, without)
        taken = replace(taken, resources=found)
    if page.rules.assignment is not Assignment.ANY or not (chooses or page.sharing.turns is Turns.FAIRNESS):
        return taken
    rotating = [host.user_id for host in page.hosts if not host.is_fixed]
    loads = await unit.bookings.loads(page.organization_id, page.id, rotating, page.sharing.counted_from)
    return replace(taken, loads=loads)


def in_turn(
    page: BookingPage, times: tuple[HostTime, ...], loads: Mapping[UserId, Load]
) -> tuple[HostTime, ...]:
    """Leave out, where hosts share evenly, who is too far ahead of the others who can be offered at all.

    Who cannot be, since their calendar is not there or does not answer, holds nobody back.
    """
    if page.rules.assignment is not Assignment.ANY or page.sharing.turns is not Turns.FAIRNESS:
        return times
    offered = (time.host for time in times if not time.is_fixed and not isinstance(time.busy, Unknown))
    ahead = too_far_ahead(offered, loads, page.sharing.max_lead)
    return tuple(
        time if time.is_ahead == (time.host in ahead) else replace(time, is_ahead=time.host in ahead)
        for time in times
    )


def reach_of(page: BookingPage, rules: Iterable[HostRules]) -> int:
    """Minutes around a window in which somebody's time can still touch a slot of it."""
    of_page = page.rules
    buffers = [of_page.buffer_before_minutes, of_page.buffer_after_minutes]
    for one in rules:
        buffers += one.buffer_before_minutes, one.buffer_after_minutes
    return of_page.duration_minutes + max(buffers) + _DAY


def buffers_of(page: BookingPage, time: HostTime) -> tuple[int, int]:
    """Say how many minutes a host keeps free before and after a booking: by the page, or own rules."""
    rules, own = page.rules, time.rules
    return (
        max(rules.buffer_before_minutes, own.buffer_before_minutes),
        max(rules.buffer_after_minutes, own.buffer_after_minutes),
    )


def counted_of(taken: Taken) -> tuple[Span, ...]:
    """List the times of the page's bookings, which its caps count."""
    return tuple(booking.span for booking in taken.of_page)


def sessions_of(page: BookingPage, taken: Taken) -> tuple[Session, ...]:
    """List the sessions of a page with seats."""
    if page.kind is not PageKind.GROUP:
        return ()
    return tuple(
        Session(*booking.span, booking.seats_left) for booking in taken.of_page if _is_picked(page, booking)
    )


def at_start_of(page: BookingPage, taken: Taken) -> dict[datetime, BookingId]:
    """Name the sessions of a page with seats by their start."""
    if page.kind is not PageKind.GROUP:
        return {}
    return {
        instant_of(booking.span[0]): booking.booking_id
        for booking in taken.of_page
        if _is_picked(page, booking)
    }


def _is_picked(page: BookingPage, booking: PageBooking) -> bool:
    """Say whether a session is among the times that are offered at all."""
    return page.rules.starts is None or booking.span[0] in page.rules.starts

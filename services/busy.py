"""When hosts are busy: all their providers asked at once, one call a connection, or copies some seconds old.

What cannot be read is unknown, and unknown is busy (ADR-0006): nothing in here turns a failure into free
time. A connection is asked for all its calendars that count on any page of its host, each is told for itself,
and a page takes those that count on it: so one answer serves all pages, and none sees another's choice.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from domain.calendars import Calendar, Freshness
from domain.ids import ConnectionId
from domain.intervals import Span, intersect, merge
from domain.slots import Unknown
from domain.statuses import USUAL, BusyByCalendar, StatusRule
from integrations.ports import ProviderFailed, Transient
from services.connections import Connections
from services.outages import Outages
from services.pauses import Pauses
from storage.calendars import HostCalendars, Linked
from storage.freebusy import NO_COPIES, WEEK, Copies, Copy, FreeBusy, Source, weeks_of

UNCONNECTED = "unconnected"
NEEDS_RECONNECTION = "needs_reconnection"
TIMEOUT = "timeout"
PAUSED = "paused"
PROVIDER_FAILING = "provider_failing"
CALENDAR_GONE = "calendar_gone"
NOT_ASKED = "not_asked"

_CALLS_AT_ONCE = 2  # to one connection; who comes later shares the next call
_GRACE_S = 0.25

T = TypeVar("T")
K = TypeVar("K", bound=UUID)


@dataclass(frozen=True, slots=True)
class Known:
    """A host's busy times in a window, merged and in order, and how fresh the oldest part of them is.

    `as_of` is the instant just before the oldest part was asked for; with nothing to ask, it is now.
    """

    spans: tuple[Span, ...]
    freshness: Freshness
    as_of: datetime


Answer = Known | Unknown


@dataclass(frozen=True, slots=True)
class _Told:
    """What a connection told of a window, in parts, each with all calendars; the rest as in Known."""

    parts: tuple[BusyByCalendar, ...]
    freshness: Freshness
    as_of: datetime


@dataclass(frozen=True, slots=True)
class Deadlines:
    """How long a provider may take, in seconds: when a time is booked, and when times are shown."""

    live_s: float = 2.0
    shown_s: float = 4.0


@dataclass(frozen=True, slots=True)
class _Ask:
    """One connection that is asked for a row of whole weeks."""

    linked: Linked
    calendars: tuple[Calendar, ...]
    source: Source
    weeks: range
    generation: str | None

    @property
    def window(self) -> Span:
        return self.weeks.start * WEEK, self.weeks.stop * WEEK

    @property
    def key(self) -> tuple[Source, int, int]:
        return self.source, self.weeks.start, self.weeks.stop


class _Flight:
    """A call that several may wait for. Whoever books joins only before it is sent."""

    def __init__(self, generation: str | None) -> None:
        self.generation = generation
        self.is_sent = False
        self.answer: asyncio.Task[_Told | Unknown] | None = None


class BusyTimes:
    """Asks for busy times. One for each process: it knows the calls that are under way."""

    def __init__(
        self,
        connections: Connections,
        copies: FreeBusy,
        clock: Callable[[], datetime],
        deadlines: Deadlines = Deadlines(),
    ) -> None:
        self._connections = connections
        self._copies = copies
        self._clock = clock
        self._deadlines = deadlines
        self._pauses = Pauses(clock)
        self._outages = Outages(clock)
        self._flights: dict[tuple[Source, int, int], _Flight] = {}
        self._calls: set[asyncio.Task[_Told | Unknown]] = set()
        self._gates: dict[ConnectionId, _Gate] = {}

    async def of(
        self,
        hosts: Mapping[K, HostCalendars],
        window: Span,
        *,
        live: bool,
        rule: StatusRule = USUAL,
        told: Callable[[K, Answer], None] | None = None,
    ) -> dict[K, Answer]:
        """Say when each host, or resource, is busy in a window by a page's rule, or why that cannot be said.

        `live` asks the providers whatever copies there are, and shares only calls that were not yet
        sent: a booking is decided by what is true after it was asked for (D03). Unknown("unconnected")
        is a host without any connection, Unknown("calendar_gone") one who chose a calendar for the page that
        is not there any more. `told` is called with each host's answer as it comes, while others are still
        asked. To be called outside units.

        By the usual rule providers are asked for the least, which says nothing of what kind entries are. By
        any other they are asked for each kind, by one question that serves all such rules.
        """
        weeks = weeks_of(window)
        sources = {
            linked.connection.id: _source(linked, calendars.asked(linked), by_status=rule != USUAL)
            for calendars in hosts.values()
            for linked in calendars.links
            if linked.is_usable and calendars.counted(linked) and not calendars.lacks_chosen
        }
        copies = await self._copies.find(dict.fromkeys(sources.values(), () if live else weeks))

        async def ask(host: K, calendars: HostCalendars) -> Answer:
            asked = [linked for linked in calendars.links if linked.connection.id in sources]
            answers = await _all(
                self._of_link(
                    _Ask(linked, calendars.asked(linked), source, weeks, copied.generation), copied, live=live
                )
                for linked in asked
                for source in [sources[linked.connection.id]]
                for copied in [copies.get(source, NO_COPIES)]
            )
            by_connection = {
                linked.connection.id: answer for linked, answer in zip(asked, answers, strict=True)
            }
            answer = _joined(calendars, by_connection, window, self._clock(), rule)
            if told:
                told(host, answer)
            return answer

        answers = await _all(ask(host, calendars) for host, calendars in hosts.items())
        return dict(zip(hosts, answers, strict=True))

    async def drop(self, connections: Iterable[ConnectionId]) -> None:
        """Forget what is known of connections: their calendars were touched."""
        await self._copies.drop(connections)

    async def _of_link(self, ask: _Ask, copies: Copies, *, live: bool) -> _Told | Unknown:
        linked, weeks = ask.linked, ask.weeks
        missing = [week for week in weeks if week not in copies.weeks]
        if not missing:
            return _copied([copies.weeks[week] for week in weeks])
        if not live and self._pauses.holds(linked.connection.id):
            return Unknown(PAUSED)
        if not live and not self._outages.lets_ask(linked.connection):
            return Unknown(PROVIDER_FAILING)
        row = range(missing[0], missing[-1] + 1)
        asked = await self._join(replace(ask, weeks=row), live=live)
        if isinstance(asked, Unknown):
            return asked
        if row == weeks:
            return asked
        kept = _copied([copies.weeks[week] for week in weeks if week not in row])
        return _Told((*asked.parts, *kept.parts), Freshness.RECENT, min(asked.as_of, kept.as_of))

    async def _join(self, ask: _Ask, *, live: bool) -> _Told | Unknown:
        flight = self._flights.get(ask.key)
        if (
            flight is None
            or flight.answer is None
            or flight.generation != ask.generation
            or (live and flight.is_sent)
        ):
            flight = _Flight(ask.generation)
            flight.answer = asyncio.create_task(self._fly(flight, ask, live=live))
            self._flights[ask.key] = flight
            self._calls.add(flight.answer)
            flight.answer.add_done_callback(self._calls.discard)
        wait_s = self._deadlines.live_s if live else self._deadlines.shown_s
        try:
            async with asyncio.timeout(wait_s + _GRACE_S):
                # Who stops waiting does not stop the call: others may wait for it.
                return await asyncio.shield(flight.answer)
        except TimeoutError:
            return Unknown(TIMEOUT)

    async def _fly(self, flight: _Flight, ask: _Ask, *, live: bool) -> _Told | Unknown:
        connection_id = ask.linked.connection.id
        gate = self._gates.setdefault(connection_id, _Gate())
        gate.waiting += 1
        try:
            return await self._ask(
                gate, flight, ask, self._deadlines.live_s if live else self._deadlines.shown_s
            )
        finally:
            gate.waiting -= 1
            if not gate.waiting:
                del self._gates[connection_id]
            if self._flights.get(ask.key) is flight:
                del self._flights[ask.key]

    async def _ask(self, gate: "_Gate", flight: _Flight, ask: _Ask, deadline_s: float) -> _Told | Unknown:
        linked = ask.linked
        try:
            async with asyncio.timeout(deadline_s), gate.slots:
                flight.is_sent = True
                asked_at = self._clock()
                times = await self._connections.busy(
                    linked, ask.calendars, ask.window, by_status=ask.source.by_status, deadline_s=deadline_s
                )
        except TimeoutError:
            await self._failed(linked, Transient(TIMEOUT, is_outage=True))
            return Unknown(TIMEOUT)
        except ProviderFailed as failure:
            await self._failed(linked, failure)
            return Unknown(failure.reason)
        self._pauses.works(linked.connection.id)
        self._outages.answered(linked.connection)
        await self._connections.works(linked)
        by_week = {week: Copy(_within(times, week), asked_at) for week in ask.weeks}
        await self._copies.keep(ask.source, ask.generation, by_week)
        return _Told((times,), Freshness.LIVE, asked_at)

    async def _failed(self, linked: Linked, failure: ProviderFailed) -> None:
        self._pauses.failed(linked.connection.id, failure)
        self._outages.failed(linked.connection, failure)
        await self._connections.failed(linked, failure)


class _Gate:
    """How many calls to one connection are under way or wait for their turn."""

    def __init__(self) -> None:
        self.slots = asyncio.Semaphore(_CALLS_AT_ONCE)
        self.waiting = 0


async def _all(answers: Iterable[Awaitable[T]]) -> list[T]:
    return list(await asyncio.gather(*answers))


def _joined(
    calendars: HostCalendars,
    answers: Mapping[ConnectionId, _Told | Unknown],
    window: Span,
    now: datetime,
    rule: StatusRule,
) -> Answer:
    """Join the answers of a host's connections by a rule: one that is unknown makes all of it unknown."""
    if calendars.lacks_chosen:
        return Unknown(CALENDAR_GONE)
    if not calendars.links:
        return Unknown(UNCONNECTED)
    spans: list[Span] = []
    freshness, as_of = Freshness.LIVE, now
    for linked in calendars.links:
        counted = calendars.counted(linked)
        if not counted:
            continue
        if not linked.is_usable:
            return Unknown(NEEDS_RECONNECTION)
        answer = answers[linked.connection.id]
        if isinstance(answer, Unknown):
            return answer
        for told in answer.parts:
            for calendar in counted:
                spans.extend(told[calendar.id].counted(rule))
        if answer.freshness is Freshness.RECENT:
            freshness = Freshness.RECENT
        as_of = min(as_of, answer.as_of)
    return Known(tuple(intersect(merge(spans), [window])), freshness, as_of)


def _within(times: BusyByCalendar, week: int) -> BusyByCalendar:
    return {id_: one.within((week * WEEK, (week + 1) * WEEK)) for id_, one in times.items()}


def _source(linked: Linked, calendars: Iterable[Calendar], *, by_status: bool) -> Source:
    named = (f"{calendar.id} {calendar.remote_url} {calendar.zone}" for calendar in calendars)
    fingerprint = hashlib.sha256("\n".join(sorted(named)).encode()).hexdigest()[:16]
    return Source(linked.connection.id, fingerprint, linked.connection.organization_id, by_status)


def _copied(copies: Sequence[Copy]) -> _Told:
    times = tuple(copy.times for copy in copies)
    return _Told(times, Freshness.RECENT, min(copy.asked_at for copy in copies))

"""Waiting for a slot that is taken: join the queue for it, follow one's place, leave (X03).

A start for which somebody waits is offered to those who wait, in their order, and to nobody else. One can
wait only for what is taken, so no queue takes a free slot away; and a queue is short, and ends.
"""

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.addresses import canonical, display_text, email_address, one_person
from domain.booking_pages import BookingPage, PlaceKind
from domain.bookings import HoldExpired, KeyUsed, SlotTaken
from domain.errors import InvalidInput, NotFound
from domain.ids import WaiterId
from domain.tokens import TokenKind, token_hash, token_kind
from domain.users import Viewer
from domain.waitlist import (
    MAX_WAITERS,
    AlreadyWaiting,
    NoWaitlist,
    SlotFree,
    Waiter,
    WaiterState,
    WaitlistFull,
    changed,
    on_waiting,
)
from domain.zones import zone
from services.bookings.budgets import CHANGES_PER_IP, WAITS_PER_ADDRESS, WAITS_PER_IP, visitor
from services.bookings.choosing import locks_of
from services.bookings.commands import BookSlot, Seated
from services.bookings.desk import Desk, use_of
from services.bookings.taking import Taking
from services.signals import Signals
from storage.limits import Limits, Take
from storage.unit import Reading, Unit

_NAME = 200
_LOCALES = ("en", "ja")
_LOOK_S = 5.0  # for the day when a signal is lost


@dataclass(frozen=True, slots=True)
class WaitFor:
    """Wait for a start on a page. Everything is as the client sent it; no `length`: the page's own."""

    slug: str
    start: datetime
    name: str
    email: str
    zone: str
    locale: str | None
    idempotency_key: str
    length: int | None = None


@dataclass(frozen=True, slots=True)
class Waits:
    """Somebody who waits or has waited, as they see it at `now`: the page, and the secrets of their links.

    `hold` is the token of the seat that is held for them, while it is.
    """

    waiter: Waiter
    page: BookingPage
    now: datetime
    token: str
    hold: str | None


class Waiting:
    """The use cases of those who wait."""

    def __init__(self, desk: Desk, taking: Taking, limits: Limits, signals: Signals) -> None:
        self._desk = desk
        self._taking = taking
        self._limits = limits
        self._signals = signals

    async def join(self, viewer: Viewer, command: WaitFor) -> Waits:
        """Let somebody wait for a slot that is taken; a repeated request is answered alike.

        Raises NotFound, NoWaitlist, SlotFree, SlotNotOffered, WaitlistFull, AlreadyWaiting, TryAgain,
        TooMany, Conflict, InvalidInput.
        """
        desk = self._desk
        page = (await desk.open_page(command.slug)).of_length(command.length, "durationMinutes")
        if page.conditions.offer_lasts is None:
            raise NoWaitlist("slug")
        wanted = _wanted(command)
        use = use_of(
            "wait", str(page.id), command.idempotency_key, command.start, wanted.name, wanted.email,
            wanted.zone, wanted.locale, command.length,
        )  # fmt: skip
        # One key makes one waiter, and what was asked with it is in the other half of its hash.
        waiter_id = WaiterId(UUID(bytes=hashlib.sha256(use.actor.encode() + use.key_hash).digest()[:16]))
        async with desk.units.at_once() as reading:
            earlier = await reading.waitlists.waiter(page.organization_id, waiter_id)
        if earlier is not None:
            return self._again(earlier, wanted, command, page)
        await self._limits.take_all(
            Take(WAITS_PER_IP, (visitor(viewer),)), Take(WAITS_PER_ADDRESS, (one_person(wanted.email),))
        )
        gathered = await desk.gather(page, command.start, live=False)
        async with desk.units.begin(locks_of(page)) as unit:
            look = await desk.look_again(unit, page, gathered, None, TokenKind.WAITER)
            earlier = await unit.waitlists.waiter(page.organization_id, waiter_id)
            if earlier is not None:  # the same request came twice at once
                return self._again(earlier, wanted, command, page)
            try:
                look.gathered.check(command.start, unit.now, "start")
            except SlotTaken:
                pass
            else:
                raise SlotFree("start")
            waiter = await self._add(unit, look.page, command.start, wanted, waiter_id)
            unit.record(changed(waiter.list), on_waiting(waiter, unit.now))
        return self._shown(waiter, look.page, unit.now)

    async def _add(
        self, unit: Unit, page: BookingPage, start: datetime, wanted: "_Wanted", waiter_id: WaiterId
    ) -> Waiter:
        waitlist = await unit.waitlists.open(
            page.organization_id, page.id, start, page.length, locks_of(page)
        )
        if await unit.waitlists.count(waitlist) >= MAX_WAITERS:
            raise WaitlistFull("start")
        waiter = Waiter(
            waiter_id, waitlist, 0, wanted.name, wanted.email, wanted.zone, wanted.locale,
            joined_at=unit.now, has_left=False, ahead=0,
        )  # fmt: skip
        added = await unit.waitlists.add(
            waitlist, waiter, token_hash(self._desk.token_for(TokenKind.WAITER, waiter_id))
        )
        if added is None:
            raise AlreadyWaiting("email")
        return added

    def _again(self, earlier: Waiter, wanted: "_Wanted", command: WaitFor, page: BookingPage) -> Waits:
        said = _Wanted(earlier.name, earlier.email, earlier.zone, earlier.locale)
        its = earlier.list
        if said != wanted or (its.start, its.length) != (command.start, page.length):
            raise KeyUsed
        return self._shown(earlier, page, self._desk.clock())

    async def by_link(self, text: str) -> Waits:
        """Give where somebody stands, by their link; raises NotFound for every link that does not work."""
        async with self._desk.units.read() as unit:
            return await self._by_link(unit, text)

    async def leave(self, viewer: Viewer, text: str) -> Waits:
        """Let somebody wait no more, and give up what is held for them. Raises NotFound, TooMany."""
        await self._limits.take(CHANGES_PER_IP, visitor(viewer))
        shown = await self.by_link(text)
        if shown.hold:
            await self._taking.release(shown.hold)
        async with self._desk.units.begin() as unit:
            seen = await self._by_link(unit, text)
            if await unit.waitlists.leave(seen.waiter):
                unit.record(changed(seen.waiter.list))
            return await self._by_link(unit, text)

    async def take(
        self,
        viewer: Viewer,
        text: str,
        answers: Mapping[str, tuple[str, ...]],
        place: PlaceKind | None,
        idempotency_key: str,
    ) -> Seated:
        """Book what is held for somebody who waited, under the name and address that they gave.

        Raises NotFound, HoldExpired where nothing is held, and what `Taking.book` raises.
        """
        shown = await self.by_link(text)
        waiter = shown.waiter
        if waiter.offer is None or shown.waiter.state(shown.now) is WaiterState.LAPSED:
            raise HoldExpired("token")
        async with self._desk.units.at_once() as reading:
            owner = await reading.users.by_id(shown.page.organization_id, shown.page.owner_id)
        command = BookSlot(
            slug=f"{owner.handle}/{shown.page.slug}" if owner else "",
            start=waiter.list.start,
            name=waiter.name,
            email=waiter.email,
            zone=waiter.zone,
            locale=waiter.locale,
            answers=answers,
            hold=self._desk.token_for(TokenKind.HOLD, waiter.offer.seat),
            idempotency_key=idempotency_key,
            place=place,
        )
        return await self._taking.book(viewer, command)

    async def follow(self, text: str) -> AsyncGenerator[Waits, None]:
        """Yield where somebody stands, and again whenever that changes, until they wait no more.

        Raises NotFound.
        """
        shown = await self.by_link(text)
        with self._signals.of(shown.waiter.list.organization_id) as touched:
            last: object = None
            while True:
                touched.clear()
                shown = await self.by_link(text)
                state = shown.waiter.state(shown.now)
                seen = (state, shown.waiter.place(shown.now), shown.waiter.offer)
                if seen != last:
                    yield shown
                    last = seen
                if state not in (WaiterState.WAITING, WaiterState.OFFERED):
                    return
                await _touched(touched)

    async def _by_link(self, unit: Reading, text: str) -> Waits:
        found = (
            await unit.waitlists.by_link(token_hash(text)) if token_kind(text) is TokenKind.WAITER else None
        )
        page = (
            await unit.pages.by_id(found.list.organization_id, found.list.page_id, deleted=True)
            if found
            else None
        )
        if found is None or page is None:
            raise NotFound("token")
        return self._shown(found, page, unit.now)

    def _shown(self, waiter: Waiter, page: BookingPage, now: datetime) -> Waits:
        is_open = waiter.offer is not None and waiter.offer.is_open(now)
        hold = self._desk.token_for(TokenKind.HOLD, waiter.offer.seat) if waiter.offer and is_open else None
        return Waits(waiter, page, now, self._desk.token_for(TokenKind.WAITER, waiter.id), hold)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What somebody said of themself, checked."""

    name: str
    email: str
    zone: str
    locale: str


def _wanted(command: WaitFor) -> _Wanted:
    locale = command.locale or "en"
    if locale not in _LOCALES:
        raise InvalidInput("The languages are en and ja.", "invitee", "locale")
    zone(command.zone, "invitee", "zone")
    return _Wanted(
        name=display_text(command.name, _NAME, "invitee", "name"),
        email=canonical(email_address(command.email, "invitee", "email")),
        zone=command.zone,
        locale=locale,
    )


async def _touched(touched: asyncio.Event) -> None:
    try:
        async with asyncio.timeout(_LOOK_S):
            await touched.wait()
    except TimeoutError:
        return

"""What every change of a booking needs: its keys, its links, a second look under the hosts' locks."""

import hashlib
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from datetime import datetime

import orjson

from domain.booking_pages import BookingPage
from domain.bookings import Booking, BookingState, Invitee, KeyUsed, SlotNotOffered, SlotTaken, state_of
from domain.errors import Conflict, InvalidInput, NotFound, TryAgain
from domain.events import EventKind, Happened
from domain.ids import InviteeId, PollId, ResourceId, UserId, VoterId, WaiterId
from domain.intervals import Span
from domain.tokens import TokenKind, token, token_hash, token_kind
from services.availability import Availability, around
from services.booking_pages import linked_page, public_page
from services.bookings.choosing import Draw, hosts_of
from services.bookings.commands import Seated
from services.bookings.turns import Turn, Turns
from services.gathered import Gathered, read_taken
from services.once import Once
from storage.bookings import Change, Earlier, Outcome, Taken
from storage.unit import Reading, Unit, Units
from storage.vault import Vault

_KEY_SIZES = range(16, 256)
_AT_ONCE = 2  # nobody waits for a slow calendar twice because somebody else has asked it


@dataclass(frozen=True, slots=True)
class Use:
    """One use of an idempotency key: who, for what, and a hash of everything that was asked."""

    actor: str
    operation: str
    key_hash: bytes
    request_hash: bytes


def use_of(operation: str, actor: str, key: str, *request: object) -> Use:
    """Check a client's idempotency key and bind it to what is asked with it."""
    if len(key) not in _KEY_SIZES:
        raise InvalidInput(
            "An idempotency key has 16 to 255 characters; a new UUID is a good one.", "idempotencyKey"
        )
    return Use(actor, operation, _hash(key), _hash(request))


def _hash(value: object) -> bytes:
    return hashlib.sha256(orjson.dumps(value, default=str)).digest()


class Desk:
    """The shared steps; the use cases are beside it."""

    def __init__(
        self, units: Units, availability: Availability, vault: Vault, clock: Callable[[], datetime]
    ) -> None:
        self.units = units
        self.availability = availability
        self.clock = clock
        self._vault = vault
        self._turns: Turns[Taken] = Turns()
        self._opening = Once(self._open, at_once=_AT_ONCE)
        self._gathering = Once(self._gather, at_once=_AT_ONCE)

    async def open_page(self, slug: str, link: str | None = None) -> BookingPage:
        """Find the page behind a public link, once for all who come meanwhile; NotFound unless active.

        With a secret link to it, as it is by that: also by one that has ended.
        """
        return await self._opening.of((slug, link))

    async def _open(self, opened_by: tuple[str, str | None]) -> BookingPage:
        slug, link = opened_by
        async with self.units.at_once() as reading:
            found = public_page(reading, slug) if link is None else linked_page(reading, link, slug)
            return (await found).page

    async def gather(self, page: BookingPage, start: datetime, *, live: bool) -> Gathered:
        """Gather what decides about a start, once for all who come while others already ask."""
        return await self._gathering.of((page, around(start), live))

    async def _gather(self, question: tuple[BookingPage, Span, bool]) -> Gathered:
        page, window, live = question
        return await self.availability.gather(page, window, live=live)

    def turn(self, page: BookingPage, gathered: Gathered) -> AbstractAsyncContextManager[Turn[Taken]]:
        """Wait for this process's turn at the page's hosts."""
        moving = gathered.moving.id if gathered.moving else None
        question = (page.id, gathered.window, page.rules.duration_minutes, moving)
        return self._turns.at(hosts_of(page), question)

    async def again_or_look(
        self,
        turn: Turn[Taken],
        page: BookingPage,
        gathered: Gathered,
        use: Use,
        kind: TokenKind,
    ) -> Seated | Gathered:
        """Answer a repeated request, or give what was gathered with our bookings as they are now.

        Who did not have to wait has looked a moment ago, and is told so by what they gathered.
        """
        if not turn.has_waited:
            return gathered

        async def look() -> Taken:
            async with self.units.read() as reading:
                return await read_taken(
                    reading, page, gathered.window, gathered.moving, gathered.rules, chooses=True
                )

        taken = await turn.look(look)
        return await self.again(use, kind) or gathered.with_taken(taken)

    def token_for(self, kind: TokenKind, of: InviteeId | WaiterId | PollId | VoterId, *more: int) -> str:
        """Make the secret token of the link of a seat, of who waits for one, of a poll or of a voter.

        It is always the same one, and made only here: so it can be mailed later, and answered again to a
        repeated request, without being stored.
        """
        return token(kind, self._vault.token_bytes(kind, str(of), *map(str, more)))

    def draw(self, page: BookingPage) -> Draw:
        """Give the order of a page's hosts that decides where nothing else does, known to nobody outside."""
        return lambda host: self._vault.token_bytes("turn", str(page.id), str(host))

    async def seat_of(self, unit: Reading, text: str, kind: TokenKind) -> tuple[Booking, Invitee]:
        """Load the seat that a secret link names; raises NotFound for every token that does not work."""
        found = await unit.bookings.by_link(token_hash(text)) if token_kind(text) is kind else None
        if found is None or found.is_revoked:
            raise NotFound("token")
        return found.booking, found.invitee

    async def again(self, use: Use, kind: TokenKind) -> Seated | None:
        """Answer a repeated request by the seat that it made; raises KeyUsed for another request."""
        async with self.units.at_once() as reading:
            return await self.again_in(reading, use, kind)

    async def again_in(self, unit: Reading, use: Use, kind: TokenKind) -> Seated | None:
        """Answer as `again`, within a unit."""
        earlier = await unit.bookings.earlier(use.actor, use.operation, use.key_hash)
        return await self._again(unit, earlier, use, kind)

    async def _again(
        self, unit: Reading, earlier: Earlier | None, use: Use, kind: TokenKind
    ) -> Seated | None:
        if earlier is None:
            return None
        if earlier.request_hash != use.request_hash:
            raise KeyUsed
        if earlier.organization_id is None or earlier.invitee_id is None:
            return None
        # The seat may stand in another booking by now.
        found = await unit.bookings.by_invitee(earlier.organization_id, earlier.invitee_id)
        if found is None:
            return None
        booking, seat = found
        return Seated(booking, seat, self.token_for(kind, seat.id))

    async def look_again(
        self,
        unit: Unit,
        page: BookingPage,
        gathered: Gathered,
        use: Use | None,
        kind: TokenKind,
        *,
        kept: Sequence[UserId] = (),
        by_host: bool = False,
    ) -> "SecondLook":
        """End holds whose time is over, and read everything of ours anew; the unit has the hosts' locks.

        The page is that of `kept` hosts alone, where a booking keeps its hosts. `by_host` it is open where it
        is secret, too. Raises NotFound if the page is not open any more, TryAgain if its hosts are others
        now, SlotNotOffered if it has no bookings of this length any more, KeyUsed as `again`.
        """
        hosts = hosts_of(page)
        key = (use.actor, use.operation, use.key_hash) if use else ("", "", b"")
        seen = await unit.bookings.second_look(page.organization_id, page.id, hosts, gathered.span, key)
        if seen.revision is None:
            raise NotFound("slug")
        if seen.revision != page.revision:
            present = await unit.pages.by_id(page.organization_id, page.id)
            is_known = by_host or page.link is not None or gathered.moving is not None
            if present is None or (present.is_secret and not is_known):
                raise NotFound("slug")
            present = present.by_link(page.link)
            if gathered.moving is None and page.rules.duration_minutes not in present.rules.lengths:
                raise SlotNotOffered("start")  # what was seen is not for booking any more
            present = present.lasting(page.length)
            present = present.with_hosts(kept) if kept else present
            if set(present.hosts) != set(page.hosts):
                raise TryAgain("start")  # who is asked to come now was not asked whether they can
            gathered = replace(gathered, page=present)
            return await self.look_again(unit, present, gathered, use, kind, kept=kept, by_host=by_host)
        if use and (again := await self._again(unit, seen.earlier, use, kind)):
            return SecondLook(page, gathered, again)
        if seen.ended_holds:
            change = Change(unit.now)
            found = await unit.bookings.by_ids(page.organization_id, seen.ended_holds)
            for booking in found.values():
                self.expire(unit, change, booking)
            await self.store(unit, change)
        taken = await read_taken(unit, page, gathered.window, gathered.moving, gathered.rules, chooses=True)
        return SecondLook(page, gathered.with_taken(taken), None)

    async def store(
        self, unit: Unit, change: Change, start: datetime | None = None, gathered: Gathered | None = None
    ) -> None:
        """Write a change with all that was recorded; SlotTaken, Conflict or KeyUsed if a racer was first.

        SlotTaken names the free slots nearest to `start`, as far as `gathered` knows.
        """
        match await unit.store(change):
            case Outcome.TAKEN:
                nearest = gathered.nearest(start, unit.now) if gathered and start else ()
                raise SlotTaken("start", nearest=nearest)
            case Outcome.CHANGED:
                raise Conflict("version")
            case Outcome.KEY_USED:
                raise KeyUsed
            case Outcome.STORED:
                pass

    def expire(self, unit: Unit, change: Change, booking: Booking) -> None:
        """End a booking's holds whose time is over; the caller holds its hosts' locks."""
        ended = [
            seat
            for seat in booking.invitees
            if seat.state is BookingState.HELD and not seat.is_live(unit.now)
        ]
        for seat in ended:
            booking, _ = self.end_seat(unit, change, booking, seat, BookingState.EXPIRED)
        if ended:
            change.save(booking)

    def end_seat(
        self,
        unit: Unit,
        change: Change,
        booking: Booking,
        seat: Invitee,
        state: BookingState,
        *,
        reason: str | None = None,
        by: str | None = None,
    ) -> tuple[Booking, Invitee]:
        """End one seat, and with the last one its booking, which the caller saves.

        Records what has happened, not what follows.
        """
        ended = replace(
            seat,
            state=state,
            hold_expires_at=None,
            version=seat.version + 1,
            cancel_reason=reason,
            cancelled_by=by,
        )
        booking = with_seat(booking, ended)
        booking = replace(booking, state=state_of(booking.invitees, unit.now), version=booking.version + 1)
        change.save_seat(booking, ended)
        if seat.state is BookingState.HELD:
            unit.record(happened(EventKind.HOLD_RELEASED, booking, ended))
        return booking, ended


@dataclass(frozen=True, slots=True)
class SecondLook:
    """What was seen under the hosts' locks: everything anew, or that the request is a repeated one."""

    page: BookingPage
    gathered: Gathered
    again: Seated | None


async def page_of(unit: Reading, booking: Booking, seat: Invitee | None = None) -> BookingPage:
    """Give the page of a booking, also one that is gone, as it is for bookings of the same length.

    With the seat of an invitee, as it is by the link by which they took it, be that ended or not.
    """
    page = await unit.pages.by_id(booking.organization_id, booking.page_id, deleted=True)
    if page is None:
        raise NotFound
    if seat and seat.link_id:
        page = page.by_link(await unit.page_links.by_id(booking.organization_id, seat.link_id))
    return page.lasting(booking.length)


async def give_link_back(unit: Unit, booking: Booking, seat: Invitee) -> None:
    """Let the link by which a seat was taken be used once more, if it was by one."""
    if seat.link_id:
        await unit.page_links.give_back(booking.organization_id, seat.link_id)


def remember(change: Change, use: Use, seated: Seated) -> None:
    """Bind the key to the seat."""
    change.use_key(
        use.actor, use.operation, use.key_hash, use.request_hash, seated.booking, seated.invitee.id
    )


def with_seat(booking: Booking, seat: Invitee) -> Booking:
    """Give the booking with one of its seats changed, or added."""
    others = tuple(other for other in booking.invitees if other.id != seat.id)
    return replace(booking, invitees=(*others, seat))


def happened(
    kind: EventKind, booking: Booking, invitee: Invitee, also: Sequence[UserId | ResourceId] = ()
) -> Happened:
    """Make the event of a seat; it touches the time of `also` others than the booking has."""
    return Happened(
        kind,
        booking.organization_id,
        hosts=(*booking.hosts, *also, *booking.resources),
        page_id=booking.page_id,
        booking_id=booking.id,
        invitee_id=invitee.id,
    )

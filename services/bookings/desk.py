"""What every change of a booking needs: its keys, its links, a second look under the hosts' locks."""

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from weakref import WeakValueDictionary

import orjson

from domain.booking_pages import BookingPage
from domain.bookings import Booking, BookingState, Invitee, KeyUsed, state_of
from domain.errors import InvalidInput, NotFound
from domain.events import EventKind, Happened
from domain.ids import InviteeId, UserId
from domain.tokens import TokenKind, token, token_hash, token_kind
from services.availability import Availability, Gathered, read_taken
from services.bookings.commands import Seated
from storage.bookings import CapabilityFound
from storage.unit import Reading, Unit, Units
from storage.vault import Vault

_KEY_SIZES = range(16, 256)


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
        self._turns: WeakValueDictionary[UserId, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def turn(self, page: BookingPage) -> AsyncGenerator[None, None]:
        """Wait for this process's turn at the page's hosts.

        Many who want one time wait here, in memory, and not each with a connection at the database's
        lock; most of them then learn by one read that it is gone. The lock and the constraint decide.
        """
        async with AsyncExitStack() as turns:
            for host in sorted(host.user_id for host in page.hosts):
                await turns.enter_async_context(self._turns.setdefault(host, asyncio.Lock()))
            yield

    async def again_or_look(
        self, page: BookingPage, gathered: Gathered, use: Use, kind: TokenKind
    ) -> Seated | Gathered:
        """Answer a repeated request, or give what was gathered with our bookings as they are now."""
        async with self.units.read() as reading:
            if again := await self.again(reading, use, kind):
                return again
            return gathered.with_taken(await read_taken(reading, page, gathered.window, gathered.moving))

    def token_for(self, kind: TokenKind, invitee_id: InviteeId) -> str:
        """Make the secret token of a seat's link: always the same one, and only here.

        It can therefore be mailed later and answered again to a repeated request without being stored.
        """
        return token(kind, self._vault.token_bytes(kind, str(invitee_id)))

    async def resolve(self, unit: Reading, text: str, kind: TokenKind) -> CapabilityFound:
        """Find what a secret link names; raises NotFound for every token that does not work."""
        found = await unit.bookings.by_capability(token_hash(text)) if token_kind(text) is kind else None
        if found is None or found.is_revoked:
            raise NotFound("token")
        return found

    async def seat_of(self, unit: Reading, text: str, kind: TokenKind) -> tuple[Booking, Invitee]:
        """Load the seat that a secret link names."""
        found = await self.resolve(unit, text, kind)
        booking = await unit.bookings.by_id(found.organization_id, found.booking_id)
        if booking is None:
            raise NotFound("token")
        return booking, booking.invitee(found.invitee_id)

    async def again(self, unit: Reading, use: Use, kind: TokenKind) -> Seated | None:
        """Answer a repeated request by the seat that it made; raises KeyUsed for another request."""
        earlier = await unit.bookings.earlier(use.actor, use.operation, use.key_hash)
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

    async def remember(self, unit: Unit, use: Use, seated: Seated) -> None:
        """Bind the key to the seat, in the same transaction; raises KeyUsed if a racer was first."""
        if not await unit.bookings.remember(
            use.actor, use.operation, use.key_hash, use.request_hash, seated.booking, seated.invitee.id
        ):
            raise KeyUsed

    async def look_again(
        self, unit: Unit, page: BookingPage, gathered: Gathered, *, also: Iterable[UserId] = ()
    ) -> tuple[BookingPage, Gathered]:
        """Take the hosts' locks, end holds whose time is over, and read everything of ours anew.

        Raises NotFound if the page is not open any more.
        """
        hosts = {host.user_id for host in page.hosts}
        await unit.bookings.lock_hosts(hosts | set(also))
        present = await unit.pages.by_id(page.organization_id, page.id)
        if present is None or not present.is_active:
            raise NotFound("slug")
        await self.sweep(unit, present, gathered)
        taken = await read_taken(unit, present, gathered.window, gathered.moving)
        return present, replace(gathered, page=present).with_taken(taken)

    async def sweep(self, unit: Unit, page: BookingPage, gathered: Gathered) -> None:
        """End the holds of these hosts whose time is over, so that the constraint does not see them."""
        start, end = gathered.span
        hosts = [host.user_id for host in page.hosts]
        for booking_id in await unit.bookings.holds_in_the_way(page.organization_id, hosts, start, end):
            booking = await unit.bookings.by_id(page.organization_id, booking_id)
            if booking is not None:
                await self.expire(unit, booking)

    async def expire(self, unit: Unit, booking: Booking) -> None:
        """End a booking's holds whose time is over; the caller holds its hosts' locks."""
        for seat in booking.invitees:
            if seat.state is BookingState.HELD and not seat.is_live(unit.now):
                await self.end_seat(unit, booking, seat, BookingState.EXPIRED)

    async def end_seat(
        self,
        unit: Unit,
        booking: Booking,
        seat: Invitee,
        state: BookingState,
        *,
        reason: str | None = None,
        by: str | None = None,
    ) -> tuple[Booking, Invitee]:
        """End one seat, and with the last one its booking; records what has happened, not what follows."""
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
        await unit.bookings.save_seat(booking, ended)
        await unit.bookings.save(booking)
        if state is not BookingState.CANCELLED:
            unit.record(happened(EventKind.HOLD_RELEASED, booking, ended))
        return booking, ended


def with_seat(booking: Booking, seat: Invitee) -> Booking:
    """Give the booking with one of its seats changed, or added."""
    others = tuple(other for other in booking.invitees if other.id != seat.id)
    return replace(booking, invitees=(*others, seat))


def happened(kind: EventKind, booking: Booking, invitee: Invitee) -> Happened:
    """Make the event of a seat."""
    return Happened(
        kind,
        booking.organization_id,
        hosts=booking.hosts,
        page_id=booking.page_id,
        booking_id=booking.id,
        invitee_id=invitee.id,
    )

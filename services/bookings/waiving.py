"""Bookings that the host side of a page makes for an invitee, past rules of the page that it names (X15)."""

from domain.audit import Act
from domain.booking_pages import BookingPage
from domain.bookings import AlreadyBooked, Invitee, Waived
from domain.errors import NotFound
from domain.events import EventKind
from domain.places import chosen_place
from domain.reactions import on_confirmed
from domain.slots import NOTHING, Waivable, in_order
from domain.tokens import TokenKind, token_hash
from domain.users import DelegationScope, Scope, SignedIn, Viewer, signed_in
from services.access import acted, is_own
from services.availability import around
from services.booking_pages import public_page
from services.bookings.budgets import BOOKINGS_PER_ADDRESS, BOOKINGS_PER_IP, visitor
from services.bookings.checking import check_upcoming
from services.bookings.choosing import hosts_of, locks_of
from services.bookings.commands import BookSlot, Seated
from services.bookings.desk import Desk, happened, remember, use_of
from services.bookings.taking import Taking, person_of
from storage.bookings import Change
from storage.limits import Limits, Take
from storage.unit import Unit


class Waiving:
    """The use case of who books on a page of theirs."""

    def __init__(self, desk: Desk, taking: Taking, limits: Limits) -> None:
        self._desk = desk
        self._taking = taking
        self._limits = limits

    async def book(self, viewer: Viewer, command: BookSlot, named: frozenset[Waivable]) -> Seated:
        """Book a start for an invitee, past the rules of the page that are `named`, as its host or owner.

        It is confirmed at once, also where the page asks its hosts to approve. The calendars are asked
        live, whatever is named (D03); a booking that has the time is never waived. A page that is secret is
        theirs all the same, and no link to it plays a part. Raises NotWaived,
        SlotTaken, SlotNotOffered, TryAgain, TooMany, NotFound, Conflict, InvalidInput.
        """
        desk = self._desk
        asker = signed_in(viewer, Scope.BOOKINGS, DelegationScope.BOOKINGS)
        async with desk.units.read() as reading:
            found = await public_page(reading, command.slug, secret_too=True)
        page = _led(found.page, asker)
        page = page.of_length(command.length, "durationMinutes")
        person = person_of(command, page, desk.clock())
        use = use_of(
            "bookByHost", str(asker.user_id), command.idempotency_key, str(page.id), command.start,
            person.name, person.email, person.zone, person.locale, command.answers, command.place,
            command.length, sorted(named),
        )  # fmt: skip
        if again := await desk.again(use, TokenKind.MANAGE):
            return again
        await self._limits.take_all(
            Take(BOOKINGS_PER_IP, (visitor(viewer),)), Take(BOOKINGS_PER_ADDRESS, (person.email or "",))
        )
        gathered = await desk.availability.gather(page, around(command.start), live=True)
        async with desk.units.begin(locks_of(page)) as unit:
            look = await desk.look_again(unit, page, gathered, use, TokenKind.MANAGE, by_host=True)
            if look.again:
                return look.again
            page = _led(look.page, asker)
            also = await _beside_the_start(unit, page, person)
            slot, rules = look.gathered.waive(command.start, unit.now, named, also)
            change = Change(unit.now)
            place = chosen_place(page.place, command.place, page.questions, person.answers)
            waived = Waived(in_order(rules), asker.user_id) if rules else None
            booking, seat = await self._taking.sit(
                unit, change, look, command.start, person, place, slot=slot, waived=waived
            )
            seated = Seated(booking, seat, desk.token_for(TokenKind.MANAGE, seat.id))
            unit.record(
                happened(EventKind.BOOKING_CONFIRMED, booking, seat),
                on_confirmed(page, booking, seat, unit.now),
            )
            await acted(unit, asker, Act.BOOKING_CREATED, booking.id)
            change.link(token_hash(seated.token), booking, seat.id, "manage")
            remember(change, use, seated)
            await desk.store(unit, change, command.start, look.gathered)
        return seated


def _led(page: BookingPage, asker: SignedIn) -> BookingPage:
    """Give a page that the asker owns or hosts; of others nothing is said."""
    if not is_own(asker, [page.owner_id, *hosts_of(page)]):
        raise NotFound("slug")
    return page


async def _beside_the_start(unit: Unit, page: BookingPage, person: Invitee) -> frozenset[Waivable]:
    """Say what is to be waived whatever the start: how many bookings to come one invitee may have."""
    try:
        await check_upcoming(unit, page, person, locks=True)
    except AlreadyBooked:
        return frozenset({Waivable.CAP})
    return NOTHING

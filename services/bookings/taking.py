"""Hold and book: how a seat is taken by whoever has the page's link."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from domain.addresses import display_text, email_address
from domain.booking_pages import BookingPage, Place, PlaceKind
from domain.booking_questions import checked_answers
from domain.bookings import (
    Booking,
    BookingState,
    HoldExpired,
    Invitee,
    KeyUsed,
    SlotNotOffered,
    SlotTaken,
    Waived,
    free_seat,
    state_of,
)
from domain.errors import InvalidInput, NotFound, TryAgain
from domain.events import EventKind
from domain.identity import WrongCode
from domain.ids import BookingId, SeriesId
from domain.places import chosen_place
from domain.reactions import on_confirmed, on_requested
from domain.slots import Slot
from domain.tokens import TokenKind, token_hash
from domain.users import Viewer
from domain.zones import zone
from services.availability import around
from services.booking_pages import checked
from services.bookings.budgets import (
    BOOKINGS_PER_ADDRESS,
    BOOKINGS_PER_IP,
    HOLDS_PER_IP,
    HOLDS_PER_PAGE,
    visitor,
)
from services.bookings.checking import check_held, check_upcoming
from services.bookings.choosing import choose_hosts, choose_resources, hosts_of, locks_of, own_buffers
from services.bookings.commands import BookSlot, HoldSlot, Seated
from services.bookings.desk import Desk, SecondLook, Use, happened, remember, use_of, with_seat
from services.bookings.making import add_booking, empty_seat, new_booking
from services.bookings.proving import Proving, use_code
from services.bookings.routed import by_submission, check_routed, note_routed
from services.gathered import Gathered
from storage.bookings import Change
from storage.limits import Limits, Take
from storage.unit import Unit

_NAME = 200
_LOCALES = ("en", "ja")
# After these a repeated request looks for its key once more: who has taken the time since may be itself.
_REFUSED = (SlotTaken, SlotNotOffered, HoldExpired, WrongCode)


class Taking:
    """The use cases of a visitor who wants a time."""

    def __init__(self, desk: Desk, limits: Limits, proving: Proving, hold_for: timedelta) -> None:
        self._desk = desk
        self._limits = limits
        self._proving = proving
        self._hold_for = hold_for

    async def hold(self, viewer: Viewer, command: HoldSlot) -> Seated:
        """Hold a start for some minutes: a booking in state *held* takes the time (D14).

        Raises NotFound, LinkEnded, SlotTaken, SlotNotOffered, TryAgain, TooMany, Conflict, InvalidInput.
        """
        desk = self._desk
        opened = await desk.open_page(command.slug, command.link)
        page = _of_length(opened, command.length, desk.clock())
        use = use_of(
            "hold", str(page.id), command.idempotency_key, command.start, command.length, *_by_link(page)
        )
        if again := await desk.again(use, TokenKind.HOLD):
            if again.invitee.state is not BookingState.HELD:
                raise KeyUsed
            return again
        checked(page, desk.clock())
        await self._limits.take_all(
            Take(HOLDS_PER_IP, (visitor(viewer),)), Take(HOLDS_PER_PAGE, (str(page.id), visitor(viewer)))
        )
        gathered = await desk.gather(page, command.start, live=False)
        try:
            gathered.check(command.start, desk.clock(), "start")
        except _REFUSED:
            if again := await desk.again(use, TokenKind.HOLD):
                return again
            raise
        async with desk.turn(page, gathered) as turn:
            seen = await desk.again_or_look(turn, page, gathered, use, TokenKind.HOLD)
            if isinstance(seen, Seated):
                return seen
            seen.check(command.start, desk.clock(), "start")
            turn.change()
            async with desk.units.begin(locks_of(page)) as unit:
                look = await desk.look_again(unit, page, gathered, use, TokenKind.HOLD)
                if look.again:
                    return look.again
                change = Change(unit.now)
                seat = empty_seat(unit.now, BookingState.HELD, unit.now + self._hold_for)
                seat = replace(seat, link_id=page.link_id)
                place = look.page.place
                booking, seat = await self.sit(unit, change, look, command.start, seat, place)
                seated = Seated(booking, seat, desk.token_for(TokenKind.HOLD, seat.id))
                unit.record(happened(EventKind.SEAT_HELD, booking, seat))
                await self._store(unit, change, look, use, seated, "hold")
        return seated

    async def release(self, hold: str) -> None:
        """Give a hold up; one that has ended already is left as it is. Raises NotFound."""
        desk = self._desk
        async with desk.units.begin() as unit:
            booking, _ = await desk.seat_of(unit, hold, TokenKind.HOLD)
            await unit.bookings.lock_hosts(booking.hosts)
            booking, seat = await desk.seat_of(unit, hold, TokenKind.HOLD)
            if seat.state is BookingState.HELD:
                change = Change(unit.now)
                booking, _ = desk.end_seat(unit, change, booking, seat, BookingState.EXPIRED)
                change.save(booking)
                await desk.store(unit, change)

    async def book(self, viewer: Viewer, command: BookSlot) -> Seated:
        """Book a start: at once, or by a hold on it, which nobody's booking can undo (D14).

        The providers are asked before anything is decided, held or not (D03). A link is used once more by
        the booking, not by a hold. Raises what `hold` raises, HoldExpired, AlreadyBooked, CodeNeeded and
        WrongCode.
        """
        desk = self._desk
        opened = await desk.open_page(command.slug, command.link)
        page = _of_length(opened, command.length, desk.clock())
        person = _person_by_link(command, page, desk.clock())
        use = use_of(
            "book", str(page.id), command.idempotency_key, command.start, person.name, person.email,
            person.zone, person.locale, command.answers, command.hold, command.place, command.length,
            *_by_link(page), *by_submission(command.submission),
        )  # fmt: skip
        if again := await desk.again(use, TokenKind.MANAGE):
            return again
        checked(page, desk.clock())
        await check_routed(desk.units, page, command.submission)
        try:
            code_id = await self._proving.check(viewer, page, command.code)
            gathered, is_held = await self._gather(viewer, page, command, person)
            page = gathered.page
        except _REFUSED:
            if again := await desk.again(use, TokenKind.MANAGE):
                return again
            raise
        page = gathered.page
        async with desk.turn(page, gathered) as turn:
            seen = await desk.again_or_look(turn, page, gathered, use, TokenKind.MANAGE)
            if isinstance(seen, Seated):
                return seen
            if not is_held:
                seen.check(command.start, desk.clock(), "start")
            turn.change()
            return await self._book(page, gathered, command, person, use, code_id, is_held=is_held)

    async def _gather(
        self, viewer: Viewer, page: BookingPage, command: BookSlot, person: Invitee
    ) -> tuple[Gathered, bool]:
        """Ask the calendars and judge the start; say too whether a hold keeps it, for its own hosts."""
        desk = self._desk
        held = await self._held(page, command)
        await self._limits.take_all(
            Take(BOOKINGS_PER_IP, (visitor(viewer),)), Take(BOOKINGS_PER_ADDRESS, (person.email or "",))
        )
        if page.conditions.upcoming_per_invitee is not None:
            async with desk.units.at_once() as unit:
                await check_upcoming(unit, page, person)
        if held:
            booking, seat = held
            # Whoever else takes turns on the page: the hold has its hosts, and they are asked (D14).
            its = page.lasting(booking.length).with_hosts(booking.hosts)
            gathered = await desk.availability.gather(its, around(command.start), live=True, moving=booking)
            check_held(gathered, command.start, seat.created_at)
        else:
            gathered = await desk.gather(page, command.start, live=True)
            gathered.check(command.start, desk.clock(), "start")
        return gathered, held is not None

    async def _book(
        self,
        page: BookingPage,
        gathered: Gathered,
        command: BookSlot,
        person: Invitee,
        use: Use,
        code_id: UUID | None,
        *,
        is_held: bool,
    ) -> Seated:
        """Book under the hosts' locks, after a second look at everything of ours."""
        desk = self._desk
        async with desk.units.begin(locks_of(page)) as unit:
            kept = hosts_of(page) if is_held else ()
            look = await desk.look_again(unit, page, gathered, use, TokenKind.MANAGE, kept=kept)
            if look.again:
                return look.again
            await use_link(unit, page)
            await use_code(unit, code_id)
            await check_upcoming(unit, look.page, person, locks=True)
            waits = look.page.conditions.approval_within is not None
            if waits:
                person = replace(person, state=BookingState.AWAITING_APPROVAL)
            change = Change(unit.now)
            place = chosen_place(look.page.place, command.place, look.page.questions, person.answers)
            if is_held:
                booking, seat = await self._confirm_held(unit, change, command, person, place)
            else:
                booking, seat = await self.sit(unit, change, look, command.start, person, place)
            seated = Seated(booking, seat, desk.token_for(TokenKind.MANAGE, seat.id))
            event = EventKind.BOOKING_REQUESTED if waits else EventKind.BOOKING_CONFIRMED
            follow = on_requested if waits else on_confirmed
            unit.record(happened(event, booking, seat), follow(look.page, booking, seat, unit.now))
            await self._store(unit, change, look, use, seated, "manage")
            await note_routed(unit, page, command.submission, seat.id)
        return seated

    async def _held(self, page: BookingPage, command: BookSlot) -> tuple[Booking, Invitee] | None:
        """Load the seat that a hold keeps; raises HoldExpired for one that has ended or is another's."""
        if command.hold is None:
            return None
        async with self._desk.units.at_once() as unit:
            try:
                booking, seat = await self._desk.seat_of(unit, command.hold, TokenKind.HOLD)
            except NotFound:
                raise HoldExpired("hold") from None
        is_of_page = booking.page_id == page.id and seat.link_id == page.link_id
        if not is_of_page or seat.state is not BookingState.HELD or not seat.is_live(unit.now):
            raise HoldExpired("hold")
        if booking.start != command.start:
            raise InvalidInput("The hold is on another time.", "start")
        if command.length is not None and booking.length != page.length:
            raise InvalidInput("The hold is of another length.", "durationMinutes")
        return booking, seat

    async def _confirm_held(
        self, unit: Unit, change: Change, command: BookSlot, person: Invitee, place: Place
    ) -> tuple[Booking, Invitee]:
        """Turn the held seat into the person's, at the place that they chose; the caller has the locks."""
        booking, seat = await self._desk.seat_of(unit, command.hold or "", TokenKind.HOLD)
        if seat.state is not BookingState.HELD or not seat.is_live(unit.now):
            raise HoldExpired("hold")
        sitting = replace(
            person,
            id=seat.id,
            booking_id=booking.id,
            seat=seat.seat,
            state=person.state,
            created_at=seat.created_at,
            link_id=seat.link_id,
            version=seat.version + 1,
        )
        booking = with_seat(booking, sitting)
        booking = replace(booking, state=state_of(booking.invitees, unit.now), version=booking.version + 1)
        if booking.place.kind is PlaceKind.INVITEE_CHOICE:
            booking = replace(booking, place=place)
        change.save_seat(booking, sitting)
        change.save(booking)
        return booking, sitting

    async def sit(
        self,
        unit: Unit,
        change: Change,
        look: SecondLook,
        start: datetime,
        seat: Invitee,
        place: Place,
        series_id: SeriesId | None = None,
        *,
        slot: Slot | None = None,
        waived: Waived | None = None,
    ) -> tuple[Booking, Invitee]:
        """Take a seat at a start that the engine offers: in the session there, or in a new booking.

        A `slot` was judged already, past rules that were `waived`.
        """
        page, gathered = look.page, look.gathered
        slot = slot or gathered.check(start, unit.now, "start", names_nearest=series_id is None)
        session = gathered.session_at(start)
        if session is not None:
            return await self._join(unit, change, page, session, seat, waived)
        hosts, assigned = choose_hosts(gathered, slot, self._desk.draw(page))
        booking = replace(
            new_booking(page, start, hosts, seat, unit.now, place),
            assigned=assigned,
            series_id=series_id,
            waived=waived,
            resources=choose_resources(gathered, start, start + page.length),
        )
        add_booking(change, page, booking, own_buffers(gathered))
        change.add_seat(booking, booking.invitees[0])
        return booking, booking.invitees[0]

    async def _join(
        self,
        unit: Unit,
        change: Change,
        page: BookingPage,
        session: BookingId,
        seat: Invitee,
        waived: Waived | None,
    ) -> tuple[Booking, Invitee]:
        """Take a free seat of a session; raises SlotTaken when there is none."""
        booking = await unit.bookings.by_id(page.organization_id, session)
        if booking is None:
            raise SlotTaken("start")
        seat = replace(seat, booking_id=booking.id, seat=free_seat(booking, unit.now))
        change.add_seat(booking, seat)
        booking = with_seat(replace(booking, waived=waived or booking.waived), seat)
        booking = replace(booking, state=state_of(booking.invitees, unit.now), version=booking.version + 1)
        change.save(booking)
        return booking, seat

    async def _store(
        self, unit: Unit, change: Change, look: SecondLook, use: Use, seated: Seated, scope: str
    ) -> None:
        """Write the seat with its link, the key and what follows: all of it in one statement."""
        change.link(token_hash(seated.token), seated.booking, seated.invitee.id, scope)
        remember(change, use, seated)
        await self._desk.store(unit, change, seated.booking.start, look.gathered)


async def use_link(unit: Unit, page: BookingPage) -> None:
    """Use the link once more by which a page was opened, if by one: how often it may be, its row decides.

    Raises LinkEnded, and TryAgain where its terms are others by now.
    """
    link = page.link
    if link is None or await unit.page_links.use(link):
        return
    present = await unit.page_links.by_id(link.organization_id, link.id)
    if present is None:
        raise NotFound("link")
    present.check(unit.now)
    raise TryAgain("link")


def _by_link(page: BookingPage) -> tuple[str, ...]:
    """Say of a request by what link it is; of one by none, nothing."""
    return (str(page.link_id),) if page.link else ()


def _of_length(page: BookingPage, length: int | None, now: datetime) -> BookingPage:
    """Give the page for a length; what ended a link comes before what is wrong with the length."""
    try:
        return page.of_length(length, "durationMinutes")
    except InvalidInput:
        checked(page, now)
        raise


def _person_by_link(command: BookSlot, page: BookingPage, now: datetime) -> Invitee:
    """Make the seat of who books; a link that has ended says nothing of what its page asks."""
    try:
        person = person_of(command, page, now)
        if page.link:
            page.link.admit(person.email or "")
    except InvalidInput:
        checked(page, now)
        raise
    return replace(person, link_id=page.link_id)


def person_of(command: BookSlot, page: BookingPage, now: datetime) -> Invitee:
    """Check what a visitor said of themself, and make their confirmed seat of it."""
    locale = command.locale or "en"
    if locale not in _LOCALES:
        raise InvalidInput("The languages are en and ja.", "invitee", "locale")
    zone(command.zone, "invitee", "zone")
    answers = checked_answers(page.questions, command.answers)
    chosen_place(page.place, command.place, page.questions, answers)
    return replace(
        empty_seat(now, BookingState.CONFIRMED, None),
        name=display_text(command.name, _NAME, "invitee", "name"),
        email=email_address(command.email, "invitee", "email"),
        zone=command.zone,
        locale=locale,
        answers=answers,
    )

"""Offers a slot that has become free to who waits for it: a seat held for them, and a mail that says so."""

from dataclasses import replace

from domain.booking_pages import BookingPage
from domain.bookings import BookingState, SlotNotOffered, SlotTaken
from domain.effects import Effect
from domain.errors import Conflict, NotFound, TryAgain
from domain.events import EventKind
from domain.ids import WaitlistId
from domain.tokens import TokenKind, token_hash
from domain.waitlist import Waitlist, changed, offered_until, on_offered
from integrations.ports import Transient
from services.availability import around
from services.bookings.choosing import locks_of
from services.bookings.desk import Desk, happened
from services.bookings.taking import Taking, empty_seat
from services.gathered import Gathered
from storage.bookings import Change


class Offering:
    """The workers' use case. It may run twice, and beside itself: the hosts' locks part its runs."""

    def __init__(self, desk: Desk, taking: Taking) -> None:
        self._desk = desk
        self._taking = taking

    async def offer(self, effect: Effect) -> str | None:
        """Offer a queue's slot to who is next, and to the next while seats are free; say why not, if not.

        Raises Transient where a calendar that decides cannot be read.
        """
        desk = self._desk
        async with desk.units.read() as unit:
            waitlist = await unit.waitlists.by_id(effect.organization_id, WaitlistId(effect.subject_id))
            if waitlist is None or waitlist.version != effect.version:
                return "superseded" if waitlist else "gone"
            page = await unit.pages.by_id(waitlist.organization_id, waitlist.page_id)
            waiter = await unit.waitlists.waiting(waitlist)
        if waiter is None:
            return "nobody"
        page = page.lasting(waitlist.length) if page and _has(page, waitlist) else None
        if page is None or waitlist.start <= unit.now:
            return await self._end(waitlist)
        try:
            if not await desk.availability.may_be_free(page, waitlist.start):
                return "taken"
            gathered = await desk.availability.gather(page, around(waitlist.start), live=True)
            while await self._offer_next(page, gathered, waitlist):
                pass
        except SlotTaken:
            pass
        except (SlotNotOffered, NotFound):
            return await self._end(waitlist)
        except (TryAgain, Conflict):
            raise Transient("calendar") from None
        return None

    async def _offer_next(self, page: BookingPage, gathered: Gathered, waitlist: Waitlist) -> bool:
        """Hold a seat for who is next; say whether there was anybody. Raises SlotTaken if there is none."""
        desk, start = self._desk, waitlist.start
        async with desk.units.begin(locks_of(page)) as unit:
            look = await desk.look_again(unit, page, gathered, None, TokenKind.HOLD)
            waiter = await unit.waitlists.waiting(waitlist)
            if waiter is None:
                return False
            lasts = look.page.conditions.offer_lasts
            if lasts is None:
                raise SlotNotOffered("start")
            seen = replace(look, gathered=look.gathered.for_waiter(start))
            change = Change(unit.now)
            seat = empty_seat(unit.now, BookingState.HELD, offered_until(unit.now, start, lasts))
            booking, seat = await self._taking.sit(unit, change, seen, start, seat, look.page.place)
            change.link(token_hash(desk.token_for(TokenKind.HOLD, seat.id)), booking, seat.id, "hold")
            unit.record(happened(EventKind.SEAT_HELD, booking, seat), on_offered(waiter, unit.now))
            unit.record(changed(waitlist))
            await desk.store(unit, change, start, seen.gathered)
            if not await unit.waitlists.offer(waiter, seat.id):
                raise Conflict
        return True

    async def _end(self, waitlist: Waitlist) -> str:
        """End a queue for a slot that is not offered any more."""
        async with self._desk.units.begin() as unit:
            await unit.waitlists.end(waitlist)
            unit.record(changed(waitlist))
        return "not_offered"


def _has(page: BookingPage, waitlist: Waitlist) -> bool:
    lengths = page.rules.lengths
    minutes = int(waitlist.length.total_seconds()) // 60
    return page.is_active and page.conditions.offer_lasts is not None and minutes in lengths

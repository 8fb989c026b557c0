"""Who waits for slots of a page, as its owner and its hosts see it; and taking somebody off."""

from dataclasses import dataclass
from datetime import datetime

from domain.audit import Act
from domain.bookings import BookingState
from domain.errors import Conflict
from domain.ids import PageId, WaiterId
from domain.paging import Paging, Part
from domain.users import DelegationScope, Scope, Viewer, signed_in
from domain.waitlist import WAITS, Waiter, changed, on_removed
from services.access import acted, led_page, led_waiter
from services.bookings.desk import Desk
from storage.bookings import Change
from storage.unit import Unit


@dataclass(frozen=True, slots=True)
class SeenWaiter:
    """Somebody who waits, or has waited, as they were at `now`."""

    waiter: Waiter
    now: datetime


class Queues:
    """The use cases of those for whom somebody waits."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def listed(
        self, viewer: Viewer, page_id: PageId, paging: Paging, *, waiting_only: bool = False
    ) -> Part[SeenWaiter]:
        """List who waits for slots to come of a page that the viewer owns or hosts, or has waited.

        Who joined first is first, with `waiting_only` without those who wait no more. Raises NotFound.
        """
        asker = signed_in(viewer, Scope.READ, DelegationScope.BOOKINGS)
        async with self._desk.units.read() as unit:
            page = await led_page(unit, asker, page_id)
            part = await unit.waitlists.of_page(
                page.organization_id, page.id, paging, waiting_only=waiting_only
            )
        seen = [SeenWaiter(waiter, unit.now) for waiter in part.items]
        return Part(seen, part.places, part.has_next, part.has_previous)

    async def by_id(self, viewer: Viewer, waiter_id: WaiterId) -> SeenWaiter:
        """Give somebody who waits, or has waited, for a slot of a page of the viewer's; raises NotFound."""
        asker = signed_in(viewer, Scope.READ, DelegationScope.BOOKINGS)
        async with self._desk.units.read() as unit:
            return SeenWaiter(await led_waiter(unit, asker, waiter_id), unit.now)

    async def remove(self, viewer: Viewer, waiter_id: WaiterId) -> SeenWaiter:
        """Take somebody off who waits, or to whom something is offered, and tell them.

        What was held for them goes to the next. Who waits no more stays as they are. Raises NotFound, and
        Conflict where their turn came in this moment.
        """
        asker = signed_in(viewer, Scope.BOOKINGS, DelegationScope.BOOKINGS)
        async with self._desk.units.begin() as unit:
            waiter = await led_waiter(unit, asker, waiter_id)
            if waiter.offer is not None:
                found = await unit.bookings.by_id(waiter.list.organization_id, waiter.offer.booking_id)
                await unit.bookings.lock_hosts(found.hosts if found else ())
                waiter = await led_waiter(unit, asker, waiter_id)
            if waiter.state(unit.now) not in WAITS:
                return SeenWaiter(waiter, unit.now)
            if not await unit.waitlists.remove(waiter):
                raise Conflict("id")
            await acted(unit, asker, Act.WAITER_REMOVED, waiter_id)
            unit.record(changed(waiter.list), on_removed(waiter, unit.now))
            await self._give_up(unit, waiter)
            return SeenWaiter(await led_waiter(unit, asker, waiter_id), unit.now)

    async def _give_up(self, unit: Unit, waiter: Waiter) -> None:
        """End what is held for somebody; the caller has the hosts' locks."""
        if waiter.offer is None:
            return
        found = await unit.bookings.by_invitee(waiter.list.organization_id, waiter.offer.seat)
        if found is None:
            return
        change = Change(unit.now)
        booking, _ = self._desk.end_seat(unit, change, *found, BookingState.EXPIRED)
        change.save(booking)
        await self._desk.store(unit, change)

"""Links to bookings, mailed again to those who have them."""

from domain.addresses import email_address, one_person
from domain.bookings import BookingState
from domain.reactions import on_link_wanted
from domain.users import Viewer
from services.bookings.budgets import LINKS_PER_ADDRESS, LINKS_PER_IP, visitor
from services.bookings.desk import Desk
from storage.limits import Limits, Take

_MOST = 5


class Links:
    """The use case of those who have lost a mail."""

    def __init__(self, desk: Desk, limits: Limits) -> None:
        self._desk = desk
        self._limits = limits

    async def send_again(self, viewer: Viewer, slug: str, email: str) -> None:
        """Mail the links of an address's next bookings on a page, each to the address that booked it.

        Whether there are any is not said. Raises NotFound, InvalidInput, TooMany.
        """
        person = one_person(email_address(email, "email"))
        await self._limits.take_all(
            Take(LINKS_PER_IP, (visitor(viewer),)), Take(LINKS_PER_ADDRESS, (person,))
        )
        page = await self._desk.open_page(slug)
        async with self._desk.units.begin() as unit:
            found = await unit.bookings.upcoming_of(page.organization_id, page.id, person)
            bookings = await unit.bookings.by_ids(page.organization_id, [id_ for id_, _ in found[:_MOST]])
            seats = [(bookings[id_], bookings[id_].invitee(seat)) for id_, seat in found[:_MOST]]
            unit.follow(
                on_link_wanted(booking, seat, unit.now)
                for booking, seat in seats
                if seat.state is BookingState.CONFIRMED
            )

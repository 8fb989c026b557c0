"""See bookings: by an invitee's link, as a host, as a list."""

from datetime import datetime

from domain.booking_pages import BookingPage
from domain.bookings import Booking, BookingState, Invitee
from domain.errors import NotFound
from domain.ids import BookingId, InviteeId
from domain.paging import Paging, Part
from domain.tokens import TokenKind
from domain.users import DelegationScope, Scope, Viewer, signed_in
from services.access import is_own, led_booking
from services.bookings.desk import Desk

VISIBLE = frozenset(BookingState) - {BookingState.HELD, BookingState.EXPIRED}


class Reading:
    """The use cases of those who only look."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def by_link(self, token: str) -> tuple[Booking, Invitee, BookingPage]:
        """Give an invitee's seat by the link from the mail; raises NotFound."""
        async with self._desk.units.read() as unit:
            booking, seat = await self._desk.seat_of(unit, token, TokenKind.MANAGE)
            page = await unit.pages.by_id(booking.organization_id, booking.page_id, deleted=True)
        if page is None:
            raise NotFound("token")
        return booking, seat, page

    async def by_id(self, viewer: Viewer, booking_id: BookingId) -> Booking:
        """Give one booking that the viewer hosts, or of a page of theirs; raises NotFound."""
        asker = signed_in(viewer, Scope.READ, DelegationScope.BOOKINGS)
        async with self._desk.units.read() as unit:
            return await led_booking(unit, asker, booking_id)

    async def seat_by_id(self, viewer: Viewer, invitee_id: InviteeId) -> Invitee:
        """Give one seat of a booking of the viewer's, holds left out; raises NotFound."""
        asker = signed_in(viewer, Scope.READ, DelegationScope.BOOKINGS)
        async with self._desk.units.read() as unit:
            found = await unit.bookings.by_invitee(asker.organization_id, invitee_id)
        if found is None or not is_own(asker, found[0].hosts) or found[1].state not in VISIBLE:
            raise NotFound("id")
        return found[1]

    async def of_viewer(
        self,
        viewer: Viewer,
        paging: Paging,
        *,
        states: frozenset[BookingState] | None = None,
        start_from: datetime | None = None,
        start_before: datetime | None = None,
    ) -> Part[Booking]:
        """List the bookings that the viewer hosts, in order of start; holds are not shown."""
        asker = signed_in(viewer, Scope.READ, DelegationScope.BOOKINGS)
        async with self._desk.units.read() as unit:
            return await unit.bookings.of_host(
                asker.organization_id,
                asker.user_id,
                paging,
                states=(states or VISIBLE) & VISIBLE,
                start_from=start_from,
                start_before=start_before,
            )

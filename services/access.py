"""The gates: the only way to fetch somebody's thing for a viewer. What one may not see is not found.

Each gate loads, and asks `domain.policy`; nobody else judges.
"""

from collections.abc import Iterable

from domain.availability import Schedule
from domain.booking_pages import BookingPage
from domain.bookings import Booking
from domain.errors import NotAllowed, NotFound
from domain.ids import BookingId, PageId, ScheduleId, UserId
from domain.policy import Action, Decision, Own, Thing, may, scope_of
from domain.users import SignedIn, SignInNeeded, User, Viewer, in_person, signed_in
from storage.unit import Reading


def asker_for(viewer: Viewer, action: Action) -> SignedIn:
    """Say who wants to take an action, by a session or by a key that has its scope; or what they lack."""
    scope = scope_of(action)
    return in_person(viewer) if scope is None else signed_in(viewer, scope)


def require(actor: User, action: Action, thing: Thing, *path: str) -> None:
    """Let the actor go on only where the policy allows it: else NotFound or NotAllowed."""
    match may(actor, action, thing):
        case Decision.ALLOWED:
            return
        case Decision.DENIED:
            raise NotAllowed(*path)
        case Decision.HIDDEN:
            raise NotFound(*(path or ("id",)))


def is_own(asker: SignedIn, users: Iterable[UserId]) -> bool:
    """Say whether a thing of the asker's organization, which is these users' own, is the asker's."""
    return may(asker.user, Action.KEEP, Own(asker.organization_id, frozenset(users))) is Decision.ALLOWED


async def present(unit: Reading, asker: SignedIn) -> User:
    """Give the asker as they are now: their role may have changed since they came (R8)."""
    user = await unit.users.by_id(asker.organization_id, asker.user_id)
    if user is None or user.is_disabled:
        raise SignInNeeded
    return user


async def own_page(unit: Reading, asker: SignedIn, page_id: PageId) -> BookingPage:
    """Give a page that the asker owns."""
    page = await unit.pages.by_id(asker.organization_id, page_id)
    if page is None or not is_own(asker, [page.owner_id]):
        raise NotFound("id")
    return page


async def own_schedule(unit: Reading, asker: SignedIn, schedule_id: ScheduleId) -> Schedule:
    """Give a schedule of the asker's."""
    schedule = await unit.schedules.by_id(asker.organization_id, schedule_id)
    if schedule is None or not is_own(asker, [schedule.user_id]):
        raise NotFound("id")
    return schedule


async def own_booking(unit: Reading, asker: SignedIn, booking_id: BookingId) -> Booking:
    """Give a booking that the asker hosts."""
    booking = await unit.bookings.by_id(asker.organization_id, booking_id)
    if booking is None or not is_own(asker, booking.hosts):
        raise NotFound("id")
    return booking

"""The gates: the only way to fetch somebody's thing for a viewer. What one may not see is not found.

Each gate loads, and asks `domain.policy`; nobody else judges.
"""

from collections.abc import Iterable
from uuid import UUID

from domain.audit import Act, Deed
from domain.availability import Schedule
from domain.booking_pages import BookingPage
from domain.bookings import Booking
from domain.errors import NotAllowed, NotFound
from domain.identity import FreshSignInNeeded, Session
from domain.ids import BookingId, PageId, PageLinkId, ScheduleId, UserId
from domain.organizations import entitled
from domain.page_links import PageLink
from domain.policy import Action, Decision, Own, Thing, may, scope_of
from domain.users import SignedIn, SignInNeeded, User, Viewer, in_person, signed_in
from storage.unit import Reading, Unit


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


async def locked(unit: Unit, asker: SignedIn) -> User:
    """Give the asker as they are now, and let nobody else change or remove them until the unit ends."""
    user = await unit.users.lock(asker.organization_id, asker.user_id)
    if user is None or user.is_disabled:
        raise SignInNeeded
    return user


async def check_entitled(unit: Reading, asker: SignedIn) -> None:
    """Let go on whose organization may use scheduling; else NotEntitled (R019)."""
    organization = await unit.organizations.by_id(asker.organization_id)
    if organization is None:
        raise SignInNeeded
    entitled(organization)


async def session_of(unit: Reading, asker: SignedIn) -> Session:
    """Give the session by which somebody asks in person."""
    found = await unit.users.sessions.by_id(asker.session_id) if asker.session_id else None
    if found is None:
        raise SignInNeeded
    return found[0]


async def fresh_session_of(unit: Reading, asker: SignedIn) -> Session:
    """Give the session by which somebody asks; FreshSignInNeeded unless it began within ten minutes."""
    session = await session_of(unit, asker)
    if not session.is_fresh(unit.now):
        raise FreshSignInNeeded
    return session


def deed(asker: SignedIn, act: Act, object_id: UUID, detail: str | None = None) -> Deed:
    """Say for the audit log what the asker does."""
    return Deed(asker.organization_id, act, object_id, asker.user_id, asker.user_id, asker.api_key_id, detail)


async def own_page(unit: Reading, asker: SignedIn, page_id: PageId) -> BookingPage:
    """Give a page that the asker owns."""
    page = await unit.pages.by_id(asker.organization_id, page_id)
    if page is None or not is_own(asker, [page.owner_id]):
        raise NotFound("id")
    return page


async def hosted_page(unit: Reading, asker: SignedIn, page_id: PageId) -> BookingPage:
    """Give a page that the asker owns, or hosts."""
    page = await unit.pages.by_id(asker.organization_id, page_id)
    if page is None or not is_own(asker, [page.owner_id, *(host.user_id for host in page.hosts)]):
        raise NotFound("pageId")
    return page


async def own_link(unit: Reading, asker: SignedIn, link_id: PageLinkId, *, locks: bool = False) -> PageLink:
    """Give a link to a page that the asker made, or that opens a page of theirs."""
    link = await unit.page_links.by_id(asker.organization_id, link_id, locks=locks)
    if link is not None and not is_own(asker, [link.made_by]):
        page = await unit.pages.by_id(asker.organization_id, link.page_id, deleted=True)
        link = link if page is not None and is_own(asker, [page.owner_id]) else None
    if link is None:
        raise NotFound("id")
    return link


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


async def led_booking(unit: Reading, asker: SignedIn, booking_id: BookingId) -> Booking:
    """Give a booking that the asker hosts, or whose page they own."""
    booking = await unit.bookings.by_id(asker.organization_id, booking_id)
    if booking is not None and not is_own(asker, booking.hosts):
        page = await unit.pages.by_id(asker.organization_id, booking.page_id, deleted=True)
        booking = booking if page is not None and is_own(asker, [page.owner_id]) else None
    if booking is None:
        raise NotFound("id")
    return booking

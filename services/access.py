"""The gates: the only way to fetch somebody's thing for a viewer. What one may not see is not found.

Each gate loads, and asks `domain.policy`; nobody else judges.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from domain.audit import Act, Deed
from domain.availability import Schedule
from domain.booking_pages import BookingPage
from domain.bookings import Booking
from domain.errors import NotAllowed, NotFound
from domain.identity import FreshSignInNeeded, Session
from domain.ids import (
    BookingId,
    PageId,
    PageLinkId,
    PollId,
    RoutingFormId,
    ScheduleId,
    TeamId,
    UserId,
    WaiterId,
)
from domain.organizations import entitled
from domain.page_links import PageLink
from domain.page_templates import PageTemplate
from domain.policy import Action, Decision, Own, TeamOf, Thing, delegated_by, may, scope_of
from domain.polls import Poll
from domain.routing_forms import RoutingForm
from domain.teams import Team, TeamMember
from domain.users import SignedIn, SignInNeeded, User, Viewer, in_person, signed_in
from domain.waitlist import Waiter
from storage.unit import Reading, Unit

_BY_LINK = "link"  # how the audit log says that somebody had the secret link of what they did


def asker_for(viewer: Viewer, action: Action) -> SignedIn:
    """Say who wants to take an action: by a session, or by a key or delegation with its scope; or raise."""
    scope = scope_of(action)
    return in_person(viewer) if scope is None else signed_in(viewer, scope, *delegated_by(action))


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
    """Say for the audit log what the asker does, and for whom."""
    by = detail or (None if asker.poll_link is None else _BY_LINK)
    return Deed(asker.organization_id, act, object_id, asker.actor.id, asker.user_id, asker.api_key_id, by)


async def noted(unit: Unit, asker: SignedIn, act: Act, object_id: UUID) -> None:
    """Note for the audit log what somebody does with what is their own, or their principal's.

    A delegate's right is read again here, and cannot end before the unit does; NotAllowed where it has, or
    has lost a scope.
    """
    acting = asker.acting
    if acting is not None and not await unit.delegations.keep(
        asker.organization_id, acting.delegation_id, acting.scopes
    ):
        raise NotAllowed
    unit.note(deed(asker, act, object_id))


async def acted(unit: Unit, asker: SignedIn, act: Act, object_id: UUID) -> None:
    """Do as `noted` of what a delegate does, or who has a link; of what people do for themselves nothing."""
    if asker.acting is not None or asker.poll_link is not None:
        await noted(unit, asker, act, object_id)


async def own_page(unit: Reading, asker: SignedIn, page_id: PageId) -> BookingPage:
    """Give a page that the asker owns."""
    page = await unit.pages.by_id(asker.organization_id, page_id)
    if page is None or not is_own(asker, [page.owner_id]):
        raise NotFound("id")
    return page


async def managing(unit: Reading, page: BookingPage) -> PageTemplate | None:
    """Give the template that manages a page; it says no more than it does now while the owner is locked."""
    if page.template_id is None:
        return None
    return await unit.page_templates.by_id(page.organization_id, page.template_id)


async def hosted_page(unit: Reading, asker: SignedIn, page_id: PageId) -> BookingPage:
    """Give a page that offers the asker's time, whoever owns it."""
    page = await unit.pages.by_id(asker.organization_id, page_id)
    if page is None or not is_own(asker, [host.user_id for host in page.hosts]):
        raise NotFound("id")
    return page


async def led_page(unit: Reading, asker: SignedIn, page_id: PageId) -> BookingPage:
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


async def led_waiter(unit: Reading, asker: SignedIn, waiter_id: WaiterId) -> Waiter:
    """Give somebody who waits, or has waited, for a slot of a page that the asker owns, or hosts."""
    waiter = await unit.waitlists.waiter(asker.organization_id, waiter_id)
    if waiter is None:
        raise NotFound("id")
    try:
        await led_page(unit, asker, waiter.list.page_id)
    except NotFound:
        raise NotFound("id") from None
    return waiter


async def own_poll(unit: Reading, asker: SignedIn, poll_id: PollId, *, locks: bool = False) -> Poll:
    """Give a poll that the asker organizes; who does so by a link has one that works now."""
    poll = await unit.polls.by_id(asker.organization_id, poll_id, locks=locks)
    if poll is None or not is_own(asker, [poll.organizer_id]):
        raise NotFound("id" if asker.poll_link is None else "token")
    if asker.poll_link is not None:
        link = await unit.poll_links.of(poll)
        organizer = await unit.users.by_id(poll.organization_id, poll.organizer_id)
        has_ended = link is None or link.token_hash != asker.poll_link
        if has_ended or organizer is None or organizer.is_disabled:
            raise NotFound("token")
    return poll


async def own_schedule(unit: Reading, asker: SignedIn, schedule_id: ScheduleId) -> Schedule:
    """Give a schedule of the asker's."""
    schedule = await unit.schedules.by_id(asker.organization_id, schedule_id)
    if schedule is None or not is_own(asker, [schedule.user_id]):
        raise NotFound("id")
    return schedule


async def own_form(
    unit: Reading, asker: SignedIn, form_id: RoutingFormId, *path: str, locks: bool = False
) -> RoutingForm:
    """Give a routing form that the asker owns; what was answered to it is theirs alone, too."""
    form = await unit.routing_forms.by_id(asker.organization_id, form_id, locks=locks)
    if form is None or not is_own(asker, [form.owner_id]):
        raise NotFound(*(path or ("id",)))
    return form


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


@dataclass(frozen=True, slots=True)
class SeenTeam:
    """A team as it is shown: who is in it, those first who came first, and whether the asker oversees it."""

    team: Team
    members: tuple[TeamMember, ...]
    oversees: bool


async def seen_team(unit: Reading, asker: SignedIn, team_id: TeamId) -> SeenTeam:
    """Give a team whose members' free times the asker may see now; three statements."""
    team = await unit.teams.by_id(asker.organization_id, team_id)
    if team is None:
        raise NotFound("team")
    members = await unit.teams.everybody(asker.organization_id, team_id)
    thing = team_of(team, members)
    actor = await present(unit, asker)
    require(actor, Action.TEAM_TIMES_SEE, thing, "team")
    oversees = may(actor, Action.TEAM_MEMBERS_OVERSEE, thing) is Decision.ALLOWED
    return SeenTeam(team, tuple(members), oversees)


async def overseen(unit: Reading, asker: SignedIn, team_id: TeamId) -> frozenset[UserId]:
    """Name those in a team whose bookings the asker may see now: all of them, or only themselves.

    Raises NotFound and NotAllowed; three statements.
    """
    team = await unit.teams.by_id(asker.organization_id, team_id)
    if team is None:
        raise NotFound("team")
    thing = team_of(team, await unit.teams.everybody(asker.organization_id, team_id))
    actor = await present(unit, asker)
    if actor.id in thing.members and may(actor, Action.TEAM_MEMBERS_OVERSEE, thing) is Decision.DENIED:
        return frozenset({actor.id})
    require(actor, Action.TEAM_MEMBERS_OVERSEE, thing, "team")
    return thing.members


def team_of(team: Team, members: Iterable[TeamMember]) -> TeamOf:
    """Say of a team to the policy who is in it, and as what."""
    members = tuple(members)
    return TeamOf(
        team.organization_id,
        frozenset(member.user.id for member in members if member.is_manager),
        frozenset(member.user.id for member in members),
    )

"""Things by their global ids: one line a type, each through the gate of its room."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

import strawberry

from domain.errors import InvalidInput, NotAllowed, NotFound
from domain.ids import (
    AbsenceId,
    BookingId,
    DelegationId,
    InvitationId,
    InviteeId,
    PageId,
    PageLinkId,
    PollId,
    ResourceId,
    RoutingFormId,
    ScheduleId,
    SubmissionId,
    TeamId,
    TemplateId,
    UserId,
    WaiterId,
)
from domain.users import SignInNeeded
from resolvers.context import Info
from schema.absences import AbsenceType
from schema.availability import ScheduleType
from schema.booking_pages import BookingPageType
from schema.bookings import BookingType, InviteeType
from schema.calendars import CalendarConnectionType, CalendarType
from schema.cost import as_many_as
from schema.delegation import DelegationType
from schema.members import InvitationType
from schema.nodes import NodeType, split_id
from schema.organizations import OrganizationType
from schema.page_links import PageLinkType
from schema.page_templates import PageTemplateType
from schema.page_waiters import PageWaiterType
from schema.polls import PollType
from schema.resources import ResourceType
from schema.routing import RoutingFormType
from schema.submissions import SubmissionType
from schema.teams import TeamType
from schema.users import ApiKeyType, IdentityType, SessionType, UserType

_MOST = 100


async def _api_key(info: Info, id_: UUID) -> NodeType | None:
    account = await info.context.services.users.account(info.context.viewer)
    keys = account.api_keys if account else ()
    return next((ApiKeyType.of(key) for key in keys if key.id == id_), None)


async def _booking(info: Info, id_: UUID) -> NodeType:
    reading = info.context.services.bookings.reading
    return BookingType.of(await reading.by_id(info.context.viewer, BookingId(id_)))


async def _page(info: Info, id_: UUID) -> NodeType:
    return BookingPageType.of(await info.context.services.pages.by_id(info.context.viewer, PageId(id_)))


async def _page_link(info: Info, id_: UUID) -> NodeType:
    links = info.context.services.page_links
    return PageLinkType.of(await links.by_id(info.context.viewer, PageLinkId(id_)))


async def _page_waiter(info: Info, id_: UUID) -> NodeType:
    seen = await info.context.services.bookings.queues.by_id(info.context.viewer, WaiterId(id_))
    return PageWaiterType.of(seen.waiter, seen.now)


async def _page_template(info: Info, id_: UUID) -> NodeType:
    templates = info.context.services.page_templates
    return PageTemplateType.of(await templates.by_id(info.context.viewer, TemplateId(id_)))


async def _calendar(info: Info, id_: UUID) -> NodeType | None:
    links = await info.context.services.calendars.connections(info.context.viewer)
    calendars = (calendar for linked in links for calendar in linked.calendars)
    return next((CalendarType.of(calendar) for calendar in calendars if calendar.id == id_), None)


async def _poll(info: Info, id_: UUID) -> NodeType:
    seen = await info.context.services.polls.organizing.by_id(info.context.viewer, PollId(id_))
    return PollType.of(seen.poll, seen.now, seen.voters)


async def _connection(info: Info, id_: UUID) -> NodeType | None:
    links = await info.context.services.calendars.connections(info.context.viewer)
    found = (linked for linked in links if linked.connection.id == id_)
    return next((CalendarConnectionType.of(link.connection, link.calendars) for link in found), None)


async def _delegation(info: Info, id_: UUID) -> NodeType:
    delegation = info.context.services.delegation
    return DelegationType.of(await delegation.by_id(info.context.viewer, DelegationId(id_)))


async def _identity(info: Info, id_: UUID) -> NodeType | None:
    account = await info.context.services.users.account(info.context.viewer)
    found = account.identities if account else ()
    return next((IdentityType.of(identity) for identity in found if identity.id == id_), None)


async def _invitation(info: Info, id_: UUID) -> NodeType:
    invitations = info.context.services.invitations
    return InvitationType.of(await invitations.by_id(info.context.viewer, InvitationId(id_)))


async def _invitee(info: Info, id_: UUID) -> NodeType:
    reading = info.context.services.bookings.reading
    return InviteeType.of(await reading.seat_by_id(info.context.viewer, InviteeId(id_)))


async def _organization(info: Info, id_: UUID) -> NodeType | None:
    account = await info.context.services.users.account(info.context.viewer)
    is_own = account is not None and account.organization.id == id_
    return OrganizationType.of(account.organization) if account and is_own else None


async def _absence(info: Info, id_: UUID) -> NodeType:
    absences = info.context.services.absences
    return AbsenceType.of(await absences.by_id(info.context.viewer, AbsenceId(id_)))


async def _resource(info: Info, id_: UUID) -> NodeType:
    return ResourceType.of(await info.context.services.resources.by_id(info.context.viewer, ResourceId(id_)))


async def _routing_form(info: Info, id_: UUID) -> NodeType:
    forms = info.context.services.routing_forms
    return RoutingFormType.of(await forms.by_id(info.context.viewer, RoutingFormId(id_)))


async def _schedule(info: Info, id_: UUID) -> NodeType:
    schedules = info.context.services.schedules
    return ScheduleType.of(await schedules.by_id(info.context.viewer, ScheduleId(id_)))


async def _session(info: Info, id_: UUID) -> NodeType | None:
    account = await info.context.services.users.account(info.context.viewer)
    if account is None:
        return None
    current = account.viewer.session_id
    found = (session for session in account.sessions if session.id == id_)
    return next((SessionType.of(session, is_current=session.id == current) for session in found), None)


async def _submission(info: Info, id_: UUID) -> NodeType:
    seen = await info.context.services.submissions.by_id(info.context.viewer, SubmissionId(id_))
    return SubmissionType.of(seen.submission, seen.form)


async def _team(info: Info, id_: UUID) -> NodeType:
    return TeamType.of(await info.context.services.teams.by_id(info.context.viewer, TeamId(id_)))


async def _user(info: Info, id_: UUID) -> NodeType:
    return UserType.of(await info.context.services.users.by_id(info.context.viewer, UserId(id_)))


_LOAD: dict[str, Callable[[Info, UUID], Awaitable[NodeType | None]]] = {
    "Absence": _absence,
    "ApiKey": _api_key,
    "Booking": _booking,
    "BookingPage": _page,
    "Calendar": _calendar,
    "CalendarConnection": _connection,
    "Delegation": _delegation,
    "Identity": _identity,
    "Invitation": _invitation,
    "Invitee": _invitee,
    "Organization": _organization,
    "Resource": _resource,
    "PageLink": _page_link,
    "PageWaiter": _page_waiter,
    "PageTemplate": _page_template,
    "Poll": _poll,
    "RoutingForm": _routing_form,
    "Schedule": _schedule,
    "Session": _session,
    "Submission": _submission,
    "Team": _team,
    "User": _user,
}


def loadable() -> frozenset[str]:
    """Name the types whose things can be asked for by their ids."""
    return frozenset(_LOAD)


@strawberry.type
class NodesQuery:
    """Relay's two questions."""

    @strawberry.field(description="Thing by its id; null for what is not there or not for the viewer.")
    async def node(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="Global id.")]
    ) -> NodeType | None:
        """Load one."""
        return await _load(info, id)

    @strawberry.field(
        description="Things by their ids, in their order; null for each that is not to be had.",
        directives=[as_many_as("ids")],
    )
    async def nodes(
        self,
        info: Info,
        ids: Annotated[list[strawberry.ID], strawberry.argument(description="Global ids, 100 at most.")],
    ) -> list[NodeType | None]:
        """Load several."""
        if len(ids) > _MOST:
            raise InvalidInput("At most 100 things can be asked for at once.", "ids")
        return list(await asyncio.gather(*(_load(info, id_) for id_ in ids)))


async def _load(info: Info, id_: str) -> NodeType | None:
    """Load one thing through its room's gate; what the viewer may not see is not there."""
    parts = split_id(id_)
    load = _LOAD.get(parts[0]) if parts else None
    if parts is None or load is None:
        return None
    try:
        return await load(info, parts[1])
    except (NotFound, NotAllowed, SignInNeeded):
        return None

"""What a type may ask of its request: the viewer, the loaders, and the reader's language."""

from collections.abc import Callable, Coroutine
from datetime import datetime
from types import MappingProxyType
from typing import Any, Protocol, TypeVar, cast

import strawberry
from strawberry.dataloader import DataLoader

from domain.absences import Away
from domain.audit import AuditEntry
from domain.booking_pages import BookingPage
from domain.calendars import EntryDrift
from domain.errors import NotFound, RuleBroken
from domain.ids import BookingId, OrganizationId, PageId, ResourceId, TeamId, TemplateId, UserId
from domain.meetings import BookingMeeting
from domain.members import Invitation
from domain.open_slots import FindSlots, OpenSlots
from domain.page_hosts import DegradedHost
from domain.page_templates import ManagedPage, PageTemplate
from domain.paging import Paging, Part
from domain.polls import Poll, Voter
from domain.resources import Resource
from domain.standing import Standing
from domain.teams import Team, TeamMember
from domain.users import User, Viewer

T = TypeVar("T")
S = TypeVar("S")


class OpenSlotsLoader(Protocol):
    """Finds open slots; who asks the same at once shares one answer."""

    def load(self, question: FindSlots, /) -> Standing[OpenSlots] | Coroutine[Any, Any, Standing[OpenSlots]]:
        """Give open slots that are ready, or find them."""
        ...


class Loaders(Protocol):
    """What types may load in batches; `resolvers/loaders.py` knows where it comes from."""

    @property
    def users(self) -> DataLoader[UserId, User | None]:
        """Users by id; a type shows of them what its reader may see."""
        ...

    @property
    def pages(self) -> DataLoader[tuple[OrganizationId, PageId], BookingPage | None]:
        """Booking pages by id, deleted ones too: a booking outlives its page."""
        ...

    @property
    def drifts(self) -> DataLoader[tuple[OrganizationId, BookingId], list[EntryDrift]]:
        """How entries in hosts' calendars differ from their bookings, by booking."""
        ...

    @property
    def meetings(self) -> DataLoader[tuple[OrganizationId, BookingId], BookingMeeting | None]:
        """Meetings by booking; None where nothing was begun yet."""
        ...

    @property
    def voters(self) -> DataLoader[Poll, list[Voter]]:
        """Who votes in a poll or is asked to."""
        ...

    @property
    def degraded(self) -> DataLoader[BookingPage, list[DegradedHost]]:
        """Hosts who cannot be offered as they should be, by page; for its owner."""
        ...

    @property
    def away(self) -> DataLoader[tuple[BookingPage, datetime | None], Away | None]:
        """What visitors of pages are told of absences, at instants; None is now."""
        ...

    @property
    def team_sizes(self) -> DataLoader[tuple[OrganizationId, TeamId], int]:
        """How many are in each team."""
        ...

    async def members(self, viewer: Viewer, of: OrganizationId, paging: Paging, /) -> Part[User]:
        """List who is in an organization, to its members."""
        ...

    async def teams(self, viewer: Viewer, of: OrganizationId, paging: Paging, /) -> Part[Team]:
        """List an organization's teams, to its members."""
        ...

    @property
    def page_templates(self) -> DataLoader[tuple[OrganizationId, TemplateId], PageTemplate | None]:
        """Templates by id, for those whose pages they manage."""
        ...

    async def managed_pages(self, viewer: Viewer, of: TemplateId, paging: Paging, /) -> Part[ManagedPage]:
        """List whose pages follow a template, to those who keep it."""
        ...

    @property
    def resources(self) -> DataLoader[tuple[OrganizationId, ResourceId, bool], Resource | None]:
        """Resources by id; those that are gone too, where that is asked for."""
        ...

    async def listed_resources(self, viewer: Viewer, of: OrganizationId, paging: Paging, /) -> Part[Resource]:
        """List an organization's resources, to its members."""
        ...

    async def team_members(
        self, viewer: Viewer, of: OrganizationId, team_id: TeamId, paging: Paging, /
    ) -> Part[TeamMember]:
        """List who is in a team, to members of its organization."""
        ...

    async def invitations(self, viewer: Viewer, of: OrganizationId, paging: Paging, /) -> Part[Invitation]:
        """List an organization's invitations; raises NotAllowed."""
        ...

    async def audit_log(self, viewer: Viewer, of: OrganizationId, paging: Paging, /) -> Part[AuditEntry]:
        """List an organization's audit log; raises NotAllowed."""
        ...

    @property
    def open_slots(self) -> OpenSlotsLoader:
        """Open slots by question."""
        ...


class Context(Protocol):
    """One operation's context."""

    @property
    def viewer(self) -> Viewer:
        """Who is asking."""
        ...

    @property
    def loaders(self) -> Loaders:
        """What types may load; fresh for each operation and each event."""
        ...

    def say(self, broken: RuleBroken) -> str:
        """Say an expected error in the reader's language."""
        ...

    def rest_on(self, standing: Standing[Any] | None) -> None:
        """Note what the answer follows from: it may be given again for as long as that stands.

        None is what nobody watches, like a page that is not there: such an answer is not given again.
        """
        ...


Info = strawberry.Info[Context, None]

SHARED = MappingProxyType({"shared": True})
"""Metadata of a field whose resolver gives the same to everybody, and notes what that follows from.

An operation of such fields and plain attributes alone is answered again by the same bytes while all that it
rests on stands (`app/http/answers.py`). A field that looks at the viewer, their language, or anything that
it does not rest on, must not have it. `shown` is how such a resolver answers.
"""


OUTSIDE = MappingProxyType({"outside": True})
"""Metadata of a mutation that waits for somebody else's server: an operation with it may take longer."""


def shown(
    info: strawberry.Info[Any, None],
    found: Standing[T] | Coroutine[Any, Any, Standing[T]],
    shape: Callable[[T], S],
) -> S:
    """Answer a field marked SHARED by something that stands: at once if it is ready, else when it is found.

    GraphQL awaits what has to be awaited; to a type checker both are what the field promises. A page that
    is not found is null, and nobody watches what is not there: such an answer is not given again.
    """
    if isinstance(found, Standing):
        return _rested(info, found, shape)
    return cast("S", _when_found(info, found, shape))


async def _when_found(
    info: strawberry.Info[Any, None], finding: Coroutine[Any, Any, Standing[T]], shape: Callable[[T], S]
) -> S | None:
    try:
        found = await finding
    except NotFound:
        info.context.rest_on(None)
        return None
    return _rested(info, found, shape)


def _rested(info: strawberry.Info[Any, None], found: Standing[T], shape: Callable[[T], S]) -> S:
    info.context.rest_on(found)
    return found.shaped(shape)

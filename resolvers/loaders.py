"""What a type may ask for, in batches: things by id, open slots by question.

Made anew for each operation and each subscription event, since a loader remembers what it gave.
"""

from collections import defaultdict
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from strawberry.dataloader import DataLoader

from domain.absences import Away
from domain.audit import AuditEntry
from domain.booking_pages import BookingPage
from domain.calendars import EntryDrift
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
from services.all import Services
from services.showing import Showing

PageKey = tuple[OrganizationId, PageId]
BookingKey = tuple[OrganizationId, BookingId]
TeamKey = tuple[OrganizationId, TeamId]
TemplateKey = tuple[OrganizationId, TemplateId]
ResourceKey = tuple[OrganizationId, ResourceId, bool]


class LoaderSet:
    """Every loader of one operation, made when it is first asked for; each batch has a unit of its own."""

    def __init__(self, services: Services) -> None:
        self._services = services

    @cached_property
    def users(self) -> DataLoader[UserId, User | None]:
        """Users by id."""
        return DataLoader(self._load_users)

    @cached_property
    def pages(self) -> DataLoader[PageKey, BookingPage | None]:
        """Booking pages by id, deleted ones too."""
        return DataLoader(self._load_pages)

    @cached_property
    def drifts(self) -> DataLoader[BookingKey, list[EntryDrift]]:
        """How entries in hosts' calendars differ from their bookings, by booking."""
        return DataLoader(self._load_drifts)

    @cached_property
    def meetings(self) -> DataLoader[BookingKey, BookingMeeting | None]:
        """Meetings by booking; None where nothing was begun yet."""
        return DataLoader(self._load_meetings)

    @cached_property
    def away(self) -> DataLoader[tuple[BookingPage, datetime | None], Away | None]:
        """What visitors of pages are told of absences, at instants; None is now."""
        return DataLoader(self._services.absences.away, cache_key_fn=_at_page)

    @cached_property
    def team_sizes(self) -> DataLoader[TeamKey, int]:
        """How many are in each team."""
        return DataLoader(self._load_team_sizes)

    async def members(self, viewer: Viewer, of: OrganizationId, paging: Paging, /) -> Part[User]:
        """List who is in an organization, to its members."""
        return await self._services.members.listed(viewer, of, paging)

    async def teams(self, viewer: Viewer, of: OrganizationId, paging: Paging, /) -> Part[Team]:
        """List an organization's teams, to its members."""
        return await self._services.teams.listed(viewer, of, paging)

    @cached_property
    def page_templates(self) -> DataLoader[TemplateKey, PageTemplate | None]:
        """Templates by id."""
        return DataLoader(self._load_page_templates)

    async def managed_pages(self, viewer: Viewer, of: TemplateId, paging: Paging, /) -> Part[ManagedPage]:
        """List whose pages follow a template, to those who keep it."""
        return await self._services.page_templates.pages(viewer, of, paging)

    @cached_property
    def resources(self) -> DataLoader[ResourceKey, Resource | None]:
        """Resources by id; those that are gone too, where that is asked for."""
        return DataLoader(self._load_resources)

    async def listed_resources(self, viewer: Viewer, of: OrganizationId, paging: Paging, /) -> Part[Resource]:
        """List an organization's resources, to its members."""
        return await self._services.resources.listed(viewer, of, paging)

    async def team_members(
        self, viewer: Viewer, of: OrganizationId, team_id: TeamId, paging: Paging, /
    ) -> Part[TeamMember]:
        """List who is in a team, to members of its organization."""
        return await self._services.teams.members(viewer, of, team_id, paging)

    async def invitations(self, viewer: Viewer, of: OrganizationId, paging: Paging, /) -> Part[Invitation]:
        """List an organization's invitations; raises NotAllowed."""
        return await self._services.invitations.listed(viewer, of, paging)

    async def audit_log(self, viewer: Viewer, of: OrganizationId, paging: Paging, /) -> Part[AuditEntry]:
        """List an organization's audit log; raises NotAllowed."""
        return await self._services.audit.listed(viewer, of, paging)

    @cached_property
    def voters(self) -> DataLoader[Poll, list[Voter]]:
        """Who votes in a poll or is asked to; a poll was let see by who organizes it."""
        return DataLoader(self._load_voters)

    @cached_property
    def degraded(self) -> DataLoader[BookingPage, list[DegradedHost]]:
        """Hosts who cannot be offered as they should be, by page; for its owner."""
        return DataLoader(self._services.page_hosts.degraded)

    @property
    def open_slots(self) -> "OpenSlotsLoader":
        """Open slots by question."""
        return OpenSlotsLoader(self._services.showing)

    async def _load_users(self, ids: Sequence[UserId]) -> list[User | None]:
        async with self._services.units.read() as unit:
            found = await unit.users.by_ids(list(ids))
        return [found.get(id_) for id_ in ids]

    async def _load_voters(self, polls: Sequence[Poll]) -> list[list[Voter]]:
        async with self._services.units.read() as unit:
            return [await unit.polls.voters(poll) for poll in polls]

    async def _load_pages(self, keys: Sequence[PageKey]) -> list[BookingPage | None]:
        by_organization: defaultdict[OrganizationId, list[PageId]] = defaultdict(list)
        for organization_id, page_id in keys:
            by_organization[organization_id].append(page_id)
        found: dict[PageKey, BookingPage] = {}
        async with self._services.units.read() as unit:
            for organization_id, ids in by_organization.items():
                pages = await unit.pages.by_ids(organization_id, ids, deleted=True)
                found.update({(organization_id, page_id): page for page_id, page in pages.items()})
        return [found.get(key) for key in keys]

    async def _load_resources(self, keys: Sequence[ResourceKey]) -> list[Resource | None]:
        by_kind: defaultdict[tuple[OrganizationId, bool], list[ResourceId]] = defaultdict(list)
        for organization_id, resource_id, deleted in keys:
            by_kind[organization_id, deleted].append(resource_id)
        found: dict[ResourceKey, Resource] = {}
        async with self._services.units.read() as unit:
            for (organization_id, deleted), ids in by_kind.items():
                resources = await unit.resources.by_ids(organization_id, ids, deleted=deleted)
                found.update({(organization_id, id_, deleted): one for id_, one in resources.items()})
        return [found.get(key) for key in keys]

    async def _load_page_templates(self, keys: Sequence[TemplateKey]) -> list[PageTemplate | None]:
        by_organization: defaultdict[OrganizationId, list[TemplateId]] = defaultdict(list)
        for organization_id, template_id in keys:
            by_organization[organization_id].append(template_id)
        found: dict[TemplateKey, PageTemplate] = {}
        async with self._services.units.read() as unit:
            for organization_id, ids in by_organization.items():
                templates = await unit.page_templates.by_ids(organization_id, ids)
                found.update({(organization_id, id_): template for id_, template in templates.items()})
        return [found.get(key) for key in keys]

    async def _load_team_sizes(self, keys: Sequence[TeamKey]) -> list[int]:
        by_organization: defaultdict[OrganizationId, list[TeamId]] = defaultdict(list)
        for organization_id, team_id in keys:
            by_organization[organization_id].append(team_id)
        found: dict[TeamKey, int] = {}
        async with self._services.units.read() as unit:
            for organization_id, ids in by_organization.items():
                counts = await unit.teams.counts(organization_id, ids)
                found.update({(organization_id, team_id): count for team_id, count in counts.items()})
        return [found.get(key, 0) for key in keys]

    async def _load_drifts(self, keys: Sequence[BookingKey]) -> list[list[EntryDrift]]:
        by_organization: defaultdict[OrganizationId, list[BookingId]] = defaultdict(list)
        for organization_id, booking_id in keys:
            by_organization[organization_id].append(booking_id)
        found: dict[BookingKey, list[EntryDrift]] = {}
        async with self._services.units.read() as unit:
            for organization_id, ids in by_organization.items():
                drifts = await unit.calendars.entries.drifts(organization_id, ids)
                found.update({(organization_id, booking_id): of for booking_id, of in drifts.items()})
        return [found.get(key, []) for key in keys]

    async def _load_meetings(self, keys: Sequence[BookingKey]) -> list[BookingMeeting | None]:
        by_organization: defaultdict[OrganizationId, list[BookingId]] = defaultdict(list)
        for organization_id, booking_id in keys:
            by_organization[organization_id].append(booking_id)
        found: dict[BookingKey, BookingMeeting] = {}
        async with self._services.units.read() as unit:
            for organization_id, ids in by_organization.items():
                stored = await unit.meetings.of_bookings(organization_id, ids)
                found.update({(organization_id, id_): one.meeting for id_, one in stored.items()})
        return [found.get(key) for key in keys]


def _at_page(question: tuple[BookingPage, datetime | None]) -> tuple[PageId, datetime | None]:
    return question[0].id, question[1]


@dataclass(frozen=True, slots=True)
class OpenSlotsLoader:
    """Asks at once: those who ask the same are gathered where slots are found, over all operations."""

    _showing: Showing

    def load(self, question: FindSlots, /) -> Standing[OpenSlots] | Coroutine[Any, Any, Standing[OpenSlots]]:
        """Give open slots that are ready, or find them."""
        return self._showing.open_slots(question)

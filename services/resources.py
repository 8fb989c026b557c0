"""Use cases of rooms and equipment: administrators keep them, pages of anybody may require them."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from domain.audit import Act
from domain.booking_pages import BookingPage
from domain.errors import Conflict, InvalidInput, NotFound
from domain.events import EventKind, Happened
from domain.ids import CalendarId, OrganizationId, PageId, ResourceId
from domain.paging import Paging, Part
from domain.policy import Action, Tenant
from domain.resources import MAX_RESOURCES, Resource, ResourceSettings, checked_pools, checked_resource
from domain.users import DelegationScope, Scope, SignedIn, Viewer, signed_in
from services.access import acted, asker_for, deed, is_own, own_page, present, require
from services.connections import tended
from storage.base import new_id
from storage.unit import Unit, Units


class Resources:
    """What can be done with resources."""

    def __init__(self, units: Units) -> None:
        self._units = units

    async def listed(self, viewer: Viewer, organization_id: OrganizationId, paging: Paging) -> Part[Resource]:
        """List an organization's resources to its members, oldest first."""
        asker = asker_for(viewer, Action.ORGANIZATION_SEE)
        require(asker.user, Action.ORGANIZATION_SEE, Tenant(organization_id))
        async with self._units.read() as unit:
            return await unit.resources.of_organization(organization_id, paging)

    async def by_id(self, viewer: Viewer, resource_id: ResourceId) -> Resource:
        """Give a resource of the viewer's organization; NotFound for all others."""
        asker = asker_for(viewer, Action.ORGANIZATION_SEE)
        async with self._units.read() as unit:
            resource = await unit.resources.by_id(asker.organization_id, resource_id)
        if resource is None:
            raise NotFound("id")
        return resource

    async def create(self, viewer: Viewer, wanted: ResourceSettings) -> Resource:
        """Make a resource; raises InvalidInput that names the field, NotAllowed."""
        asker = asker_for(viewer, Action.RESOURCE_KEEP)
        settings = checked_resource(wanted)
        async with self._units.begin() as unit:
            await unit.organizations.lock(asker.organization_id)
            require(await present(unit, asker), Action.RESOURCE_KEEP, Tenant(asker.organization_id))
            if await unit.resources.count(asker.organization_id) >= MAX_RESOURCES:
                raise InvalidInput("The organization has as many resources as one may have.")
            resource = Resource(ResourceId(new_id()), asker.organization_id, settings, 1, unit.now)
            await unit.resources.add(resource)
            unit.note(deed(asker, Act.RESOURCE_CREATED, resource.id))
        return resource

    async def update(
        self,
        viewer: Viewer,
        resource_id: ResourceId,
        change: Callable[[ResourceSettings], ResourceSettings],
        expected_revision: int | None = None,
    ) -> Resource:
        """Change what is said of a resource: `change` is given its present settings.

        Raises InvalidInput that names the field, NotFound, NotAllowed, and Conflict where it is not of the
        expected revision any more.
        """
        asker = asker_for(viewer, Action.RESOURCE_KEEP)
        async with self._units.begin() as unit:
            resource = await _kept(unit, asker, resource_id)
            if expected_revision is not None and expected_revision != resource.revision:
                raise Conflict("expectedRevision")
            settings = checked_resource(change(resource.settings))
            if settings == resource.settings:
                return resource
            changed = replace(resource, settings=settings, revision=resource.revision + 1)
            await unit.resources.update(changed)
            unit.note(deed(asker, Act.RESOURCE_UPDATED, resource.id))
        return changed

    async def connect(
        self,
        viewer: Viewer,
        resource_id: ResourceId,
        calendar_id: CalendarId | None,
        expected_revision: int | None = None,
    ) -> Resource:
        """Let what stands in a calendar of the viewer's own take a resource's time, or with None in none.

        What is being booked meanwhile by what was read before is refused. Raises NotFound that names a
        calendar which is not the viewer's, and as `update`.
        """
        asker = asker_for(viewer, Action.RESOURCE_KEEP)
        async with self._units.begin([resource_id]) as unit:
            resource = await _kept(unit, asker, resource_id)
            linked = await unit.calendars.held(asker.organization_id, calendar_id) if calendar_id else None
            if calendar_id and (linked is None or not is_own(asker, [linked.connection.user_id])):
                raise NotFound("calendarId")
            if expected_revision is not None and expected_revision != resource.revision:
                raise Conflict("expectedRevision")
            if calendar_id == resource.calendar_id:
                return resource
            before = (
                await unit.calendars.with_calendar(asker.organization_id, resource.calendar_id)
                if resource.calendar_id
                else None
            )
            changed = replace(resource, calendar_id=calendar_id, revision=resource.revision + 1)
            await unit.resources.update(changed)
            for each in (before, linked):
                if each is not None and each.is_usable:
                    unit.follow(tended(each.connection, unit.now))
            unit.note(deed(asker, Act.RESOURCE_CALENDAR_SET, resource.id))
            unit.record(_time_changed(resource))
        return changed

    async def delete(self, viewer: Viewer, resource_id: ResourceId) -> ResourceId:
        """Delete a resource: bookings keep it, and pages that require it have one less. NotFound, NotAllowed.

        What needs it alone offers nothing any more, until its owner requires something else.
        """
        asker = asker_for(viewer, Action.RESOURCE_KEEP)
        async with self._units.begin([resource_id]) as unit:
            resource = await _kept(unit, asker, resource_id)
            await unit.resources.remove(resource.organization_id, resource.id)
            unit.note(deed(asker, Act.RESOURCE_DELETED, resource.id))
            unit.record(_time_changed(resource))
        return resource_id

    async def require(
        self,
        viewer: Viewer,
        page_id: PageId,
        pools: Sequence[Sequence[ResourceId]],
        expected_revision: int | None,
    ) -> BookingPage:
        """Set what a page requires, in place of all that was; bookings that were made keep what they have.

        Raises InvalidInput and NotFound that name the resource at fault, and Conflict where the page is not
        of the expected revision any more.
        """
        asker = signed_in(viewer, Scope.PAGES, DelegationScope.PAGES)
        requires = checked_pools(pools)
        async with self._units.begin() as unit:
            await unit.pages.lock_people(asker.organization_id, {asker.user_id}, hosts_of=page_id)
            page = await own_page(unit, asker, page_id)
            if expected_revision is not None and expected_revision != page.revision:
                raise Conflict("expectedRevision")
            found = await unit.resources.by_ids(
                asker.organization_id, [resource for pool in requires for resource in pool]
            )
            for number, pool in enumerate(requires):
                for place, resource in enumerate(pool):
                    if resource not in found:
                        raise NotFound("requires", str(number), "anyOf", str(place))
            changed = replace(page, requires=requires, revision=page.revision + 1)
            if not await unit.pages.update(changed):
                raise Conflict("expectedRevision")
            await acted(unit, asker, Act.PAGE_RESOURCES_SET, page.id)
            hosts = tuple(host.user_id for host in page.hosts)
            unit.record(Happened(EventKind.PAGE_CHANGED, page.organization_id, hosts=hosts, page_id=page.id))
        return changed


def _time_changed(resource: Resource) -> Happened:
    return Happened(EventKind.HOURS_CHANGED, resource.organization_id, hosts=(resource.id,))


async def _kept(unit: Unit, asker: SignedIn, resource_id: ResourceId) -> Resource:
    """Give a resource that the asker may change, locked."""
    resource = await unit.resources.by_id(asker.organization_id, resource_id, locks=True)
    if resource is None:
        raise NotFound("id")
    require(await present(unit, asker), Action.RESOURCE_KEEP, Tenant(resource.organization_id))
    return resource

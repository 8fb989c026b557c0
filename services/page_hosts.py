"""Use cases of those who host pages: who hosts one, who cannot at the moment, what each asks for."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from domain.audit import Act
from domain.booking_pages import BookingPage, CalendarPolicy, PageHost
from domain.calendars import Calendar, ConnectionState
from domain.errors import Conflict, NotFound
from domain.events import EventKind, Happened
from domain.ids import CalendarId, PageId, UserId
from domain.page_hosts import Degraded, DegradedHost, HostedPage, TeamSettings, with_counted, with_team
from domain.page_templates import PageManaged
from domain.paging import Paging, Part
from domain.slots import HostRules
from domain.users import DelegationScope, Scope, SignedIn, User, Viewer, signed_in
from services.access import acted, hosted_page, managing, own_page
from services.connections import tended
from storage.calendars import HostCalendars, Linked
from storage.unit import Reading, Unit, Units


class PageHosts:
    """What can be done with the hosts of pages.

    A page may offer the time of everybody in its organization. Nobody is offered who does not share their
    availability, or has connected no calendar: both are a person's own choice (R080, R081).
    """

    def __init__(self, units: Units) -> None:
        self._units = units

    async def set_hosts(
        self, viewer: Viewer, page_id: PageId, wanted: TeamSettings, expected_revision: int | None
    ) -> BookingPage:
        """Set a page's hosts and how they share its bookings, in place of all that was.

        Bookings that were made keep their hosts. Raises NotFound and InvalidInput that name the host,
        PageManaged where it is a template's page, which its owner hosts alone, and Conflict where the page is
        not of the expected revision any more.
        """
        asker = signed_in(viewer, Scope.PAGES, DelegationScope.PAGES)
        async with self._units.begin() as unit:
            people = {host.user_id for host in wanted.hosts}
            await unit.pages.lock_people(asker.organization_id, {*people, asker.user_id}, hosts_of=page_id)
            page = await own_page(unit, asker, page_id)
            if expected_revision is not None and expected_revision != page.revision:
                raise Conflict("expectedRevision")
            template = await managing(unit, page)
            if template:
                raise PageManaged(template, "hosts")
            changed = replace(with_team(page, wanted, unit.now), revision=page.revision + 1)
            await _check_people(unit, asker, changed.hosts)
            if not await unit.pages.update(changed):
                raise Conflict("expectedRevision")
            unit.record(_page_changed(page, changed))
            await acted(unit, asker, Act.PAGE_HOSTS_SET, page.id)
            await tend_counted(unit, page, changed)
        return changed

    async def hosted(self, viewer: Viewer, paging: Paging) -> Part[HostedPage]:
        """List the pages that offer the viewer's time, oldest first, and which calendars count there."""
        asker = signed_in(viewer, Scope.READ)
        async with self._units.read() as unit:
            part = await unit.pages.of_host(asker.organization_id, asker.user_id, paging)
            there = await _calendars_of(unit, asker)
        return Part(
            items=[_hosted(page, asker.user_id, there) for page in part.items],
            places=part.places,
            has_next=part.has_next,
            has_previous=part.has_previous,
        )

    async def count_calendars(
        self, viewer: Viewer, page_id: PageId, calendars: Sequence[CalendarId] | None
    ) -> HostedPage:
        """Let only these calendars of the viewer count on a page, or with None all that do elsewhere.

        Each host does so for themselves, the owner too if they host it (R080). NotFound names a calendar
        that is not the viewer's, InvalidInput an empty choice. What is being booked meanwhile by the former
        choice is refused.
        """
        asker = signed_in(viewer, Scope.CALENDARS)
        async with self._units.begin() as unit:
            seen = await hosted_page(unit, asker, page_id)
            await unit.pages.lock_people(
                asker.organization_id, {seen.owner_id, asker.user_id}, hosts_of=page_id
            )
            page = await hosted_page(unit, asker, page_id)
            changed = with_counted(page, asker.user_id, calendars)
            there = await _calendars_of(unit, asker)
            known = {calendar.id for calendar in there}
            for number, calendar in enumerate(calendars or ()):
                if calendar not in known:
                    raise NotFound("calendarIds", str(number))
            if changed != page:
                changed = replace(changed, revision=page.revision + 1)
                if not await unit.pages.update(changed):
                    raise Conflict
                unit.record(_page_changed(page, changed))
                await tend_counted(unit, page, changed)
        return _hosted(changed, asker.user_id, there)

    async def own_rules(self, viewer: Viewer) -> HostRules:
        """Give what the viewer asks for in every page that they host."""
        asker = signed_in(viewer, Scope.READ, DelegationScope.AVAILABILITY)
        async with self._units.read() as unit:
            return await unit.host_rules.of(asker.organization_id, asker.user_id)

    async def change_own_rules(self, viewer: Viewer, change: Callable[[HostRules], HostRules]) -> HostRules:
        """Change what the viewer asks for in every page; `change` is given what it is."""
        asker = signed_in(viewer, Scope.AVAILABILITY, DelegationScope.AVAILABILITY)
        async with self._units.begin() as unit:
            await unit.pages.lock_owner(asker.organization_id, asker.user_id)
            rules = change(await unit.host_rules.of(asker.organization_id, asker.user_id))
            await unit.host_rules.save(asker.organization_id, asker.user_id, rules)
            await acted(unit, asker, Act.HOST_RULES_UPDATED, asker.user_id)
            unit.record(Happened(EventKind.HOURS_CHANGED, asker.organization_id, hosts=(asker.user_id,)))
        return rules

    async def degraded(self, pages: Sequence[BookingPage]) -> list[list[DegradedHost]]:
        """List for each page of one organization the hosts who cannot be offered as they should be (X10).

        They stand in the page's order, and are for the page's owner alone. Calendars are not asked: this
        is what was found out last. Two statements, and one more for each page.
        """
        hosts = list({host.user_id for page in pages for host in page.hosts})
        async with self._units.read() as unit:
            users = await unit.users.by_ids(hosts)
            calendars = await unit.calendars.of_hosts(pages[0].organization_id, hosts)
            schedules = [
                await unit.schedules.for_hosts(
                    page.organization_id, [(host.user_id, host.schedule_id) for host in page.hosts]
                )
                for page in pages
            ]
        return [
            [
                degraded
                for host in page.hosts
                if (
                    degraded := _degraded(
                        page,
                        host,
                        users.get(host.user_id),
                        calendars.get(host.user_id),
                        has_hours=host.user_id in hours,
                    )
                )
            ]
            for page, hours in zip(pages, schedules, strict=True)
        ]


async def tend_counted(unit: Unit, before: BookingPage, after: BookingPage | None) -> None:
    """Let the watches follow a change of what counts on a page; None: it is a page no more."""
    now = {host.user_id: host.counted for host in after.hosts} if after else {}
    was = {host.user_id: host.counted for host in before.hosts}
    hosts = [host for host in was.keys() | now.keys() if was.get(host) != now.get(host)]
    if not hosts:
        return
    touched = frozenset[CalendarId]().union(*(one.get(host) or () for host in hosts for one in (was, now)))
    for of_host in (await unit.calendars.of_hosts(before.organization_id, hosts)).values():
        for linked in of_host.links:
            if linked.is_usable and any(calendar.id in touched for calendar in linked.calendars):
                unit.follow(tended(linked.connection, unit.now))


async def _calendars_of(unit: Reading, asker: SignedIn) -> list[Calendar]:
    links = await unit.calendars.of_user(asker.organization_id, asker.user_id)
    return [calendar for linked in links for calendar in linked.calendars]


def _hosted(page: BookingPage, host: UserId, there: Sequence[Calendar]) -> HostedPage:
    chosen = page.counted_of(host)
    if chosen is None:
        counted = frozenset(calendar.id for calendar in there if calendar.counts_as_busy)
        return HostedPage(page, counted, is_chosen=False, lacks_calendar=False)
    lacks = not chosen <= {calendar.id for calendar in there}
    return HostedPage(page, chosen, is_chosen=True, lacks_calendar=lacks)


def _degraded(
    page: BookingPage,
    seat: PageHost,
    user: User | None,
    calendars: HostCalendars | None,
    *,
    has_hours: bool,
) -> DegradedHost | None:
    host = seat.user_id
    if user is None or user.is_disabled:
        return DegradedHost(host, Degraded.DISABLED)
    if not user.shares_availability:
        return DegradedHost(host, Degraded.NOT_SHARING)
    if not has_hours:
        return DegradedHost(host, Degraded.NO_HOURS)
    of_page = replace(calendars or HostCalendars(host, ()), chosen=seat.counted)
    if of_page.lacks_chosen:
        return DegradedHost(host, Degraded.CALENDAR_GONE)
    if not of_page.links:
        ignored = calendars is None and page.calendar_policy is CalendarPolicy.IGNORE_UNCONNECTED
        return None if ignored else DegradedHost(host, Degraded.UNCONNECTED)
    return _failing(host, [linked for linked in of_page.links if of_page.counted(linked)])


def _failing(host: UserId, links: Sequence[Linked]) -> DegradedHost | None:
    """Tell what keeps a host's calendars from being read: what only they can mend, before what may pass."""
    for linked in links:
        if linked.connection.state is ConnectionState.NEEDS_RECONNECTION:
            return DegradedHost(host, Degraded.NEEDS_RECONNECTION, linked.connection.failing_since)
    since = [linked.connection.failing_since for linked in links if linked.connection.failing_since]
    return DegradedHost(host, Degraded.FAILING, min(since)) if since else None


async def _check_people(unit: Unit, asker: SignedIn, hosts: Sequence[PageHost]) -> None:
    """Check that hosts are people of the asker's organization, each with a schedule of their own.

    Of others nobody is told whether they are there.
    """
    users = await unit.users.by_ids([host.user_id for host in hosts])
    schedules = await _schedules(unit, asker, hosts)
    for number, host in enumerate(hosts):
        user = users.get(host.user_id)
        if user is None or user.organization_id != asker.organization_id or user.is_disabled:
            raise NotFound("hosts", str(number), "user")
        if host.schedule_id and schedules.get(host.schedule_id) != host.user_id:
            raise NotFound("hosts", str(number), "scheduleId")


async def _schedules(unit: Reading, asker: SignedIn, hosts: Sequence[PageHost]) -> dict[object, UserId]:
    wanted = [host.schedule_id for host in hosts if host.schedule_id]
    found = await unit.schedules.by_ids(asker.organization_id, wanted) if wanted else {}
    return {schedule.id: schedule.user_id for schedule in found.values()}


def _page_changed(before: BookingPage, after: BookingPage) -> Happened:
    hosts = dict.fromkeys(host.user_id for host in (*before.hosts, *after.hosts))
    return Happened(EventKind.PAGE_CHANGED, after.organization_id, hosts=tuple(hosts), page_id=after.id)

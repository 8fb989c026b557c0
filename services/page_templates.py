"""Use cases of templates of pages: administrators and managers keep them, members' pages follow them.

Locks are taken in one order: the organization, the team, the template, then the members. So nobody comes
into a team, leaves it, or changes a page of theirs while a template is at it.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from domain.audit import Act
from domain.booking_pages import BookingPage
from domain.effects import Effect, EffectKind
from domain.errors import Conflict, InvalidInput, NotFound
from domain.events import EventKind, Happened
from domain.ids import OrganizationId, PageId, TeamId, TemplateId, UserId
from domain.page_settings import MAX_PAGES
from domain.page_templates import (
    MAX_AT_ONCE,
    MAX_MANAGED,
    MAX_TEMPLATES,
    Afterwards,
    ManagedPage,
    PageTemplate,
    TemplateSettings,
    checked_template,
    following,
    page_from,
)
from domain.paging import Paging, Part
from domain.policy import Action, TeamOf, Tenant
from domain.teams import Team
from domain.users import SignedIn, Viewer
from services.access import asker_for, check_entitled, deed, present, require
from services.booking_pages import with_keys
from storage.base import new_id
from storage.unit import Reading, Unit, Units


class PageTemplates:
    """What can be done with templates. A team's are kept by its managers too, for those who are in it."""

    def __init__(self, units: Units) -> None:
        self._units = units

    async def listed(self, viewer: Viewer, team_id: TeamId | None, paging: Paging) -> Part[PageTemplate]:
        """List the organization's templates, or a team's, oldest first; NotFound, NotAllowed."""
        asker = asker_for(viewer, Action.TEMPLATES_SEE)
        async with self._units.read() as unit:
            team = await _team(unit, asker.organization_id, team_id, "team")
            await _check(unit, asker, Action.TEMPLATES_SEE, team)
            return await unit.page_templates.listed(asker.organization_id, team_id, paging)

    async def by_id(self, viewer: Viewer, template_id: TemplateId) -> PageTemplate:
        """Give a template; NotFound, NotAllowed."""
        asker = asker_for(viewer, Action.TEMPLATES_SEE)
        async with self._units.read() as unit:
            return await _seen(unit, asker, template_id)

    async def pages(self, viewer: Viewer, template_id: TemplateId, paging: Paging) -> Part[ManagedPage]:
        """List whose pages follow a template, oldest first; NotFound, NotAllowed."""
        asker = asker_for(viewer, Action.TEMPLATES_SEE)
        async with self._units.read() as unit:
            await _seen(unit, asker, template_id)
            return await unit.page_templates.pages(asker.organization_id, template_id, paging)

    async def create(self, viewer: Viewer, wanted: TemplateSettings, team_id: TeamId | None) -> PageTemplate:
        """Make a template; one for a whole team gives everybody in it a page.

        Raises NotEntitled, NotFound, NotAllowed, and InvalidInput that names the field.
        """
        asker = asker_for(viewer, Action.TEMPLATE_KEEP)
        async with self._units.begin() as unit:
            await unit.organizations.lock(asker.organization_id)
            team = await _team(unit, asker.organization_id, team_id, "team", locks=True)
            await _check(unit, asker, Action.TEMPLATE_KEEP, team)
            await check_entitled(unit, asker)
            if await unit.page_templates.count(asker.organization_id) >= MAX_TEMPLATES:
                raise InvalidInput("The organization has as many templates as one may have.")
            settings = replace(wanted, page=with_keys(wanted.page))
            template = checked_template(
                PageTemplate(TemplateId(new_id()), asker.organization_id, team, settings, 1, unit.now)
            )
            await unit.page_templates.add(template)
            unit.note(deed(asker, Act.PAGE_TEMPLATE_CREATED, template.id))
            if team and settings.is_for_whole_team:
                await _take_on_all(unit, asker, template, team)
        return template

    async def update(
        self,
        viewer: Viewer,
        template_id: TemplateId,
        change: Callable[[TemplateSettings], TemplateSettings],
        expected_revision: int | None = None,
    ) -> PageTemplate:
        """Change a template, and with it what is locked on every page that follows it; all or none.

        `change` is given its present settings. Raises InvalidInput that names the field, NotFound,
        NotAllowed, and Conflict where it is not of the expected revision any more.
        """
        asker = asker_for(viewer, Action.TEMPLATE_KEEP)
        async with self._units.begin() as unit:
            template = await _kept(unit, asker, template_id)
            if expected_revision is not None and expected_revision != template.revision:
                raise Conflict("expectedRevision")
            wanted = change(template.settings)
            wanted = replace(wanted, page=with_keys(wanted.page))
            changed = checked_template(replace(template, settings=wanted, revision=template.revision + 1))
            if changed.settings == template.settings:
                return template
            await unit.page_templates.update(changed)
            unit.note(deed(asker, Act.PAGE_TEMPLATE_UPDATED, template.id))
            pages = [
                replace(after, revision=page.revision + 1)
                for page in await _pages(unit, template)
                if (after := following(page, changed)) != page
            ]
            await unit.pages.update_managed(pages)
            for page in pages:
                unit.record(_changed(page))
            if (
                changed.team
                and changed.settings.is_for_whole_team
                and not template.settings.is_for_whole_team
            ):
                await _take_on_all(unit, asker, changed, changed.team)
        return changed

    async def delete(self, viewer: Viewer, template_id: TemplateId, afterwards: Afterwards) -> TemplateId:
        """Delete a template; its pages are their owners' alone then. NotFound, NotAllowed."""
        asker = asker_for(viewer, Action.TEMPLATE_KEEP)
        async with self._units.begin() as unit:
            await _end(unit, asker, await _kept(unit, asker, template_id), afterwards)
        return template_id

    async def add_members(
        self, viewer: Viewer, template_id: TemplateId, members: Sequence[UserId]
    ) -> PageTemplate:
        """Give members a page from a template; who has one already keeps it.

        Raises NotFound and InvalidInput that name the member, NotAllowed.
        """
        asker = asker_for(viewer, Action.TEMPLATE_KEEP)
        _check_number(members)
        async with self._units.begin() as unit:
            template = await _kept(unit, asker, template_id)
            among = await _everybody(unit, template.team) if template.team else None
            await unit.pages.lock_people(asker.organization_id, members)
            users = await unit.users.by_ids(members)
            for number, member in enumerate(members):
                user = users.get(member)
                if user is None or user.organization_id != asker.organization_id or user.left_at:
                    raise NotFound("memberIds", str(number))
                if among is not None and member not in among:
                    raise NotFound("memberIds", str(number))
            await _take_on(unit, asker, template, members, skips=False)
        return template

    async def remove_members(
        self,
        viewer: Viewer,
        template_id: TemplateId,
        members: Sequence[UserId],
        afterwards: Afterwards,
    ) -> PageTemplate:
        """Let a template manage these members' pages no more; bookings stay.

        Raises NotFound that names who has none, InvalidInput, NotAllowed.
        """
        asker = asker_for(viewer, Action.TEMPLATE_KEEP)
        _check_number(members)
        async with self._units.begin() as unit:
            template = await _kept(unit, asker, template_id)
            pages = {page.owner_id: page for page in await _pages(unit, template, members)}
            for number, member in enumerate(members):
                if member not in pages:
                    raise NotFound("memberIds", str(number))
            await _release(unit, asker, template, [pages[one] for one in set(members)], afterwards)
        return template


async def came_into(unit: Unit, asker: SignedIn, team: Team, member: UserId) -> None:
    """Give who came into a team, which is locked, their pages from templates for all of it.

    Who has as many pages as one may have is left without: nobody is kept out of a team for that.
    """
    for template in await unit.page_templates.of_team(team.organization_id, team.id):
        if template.settings.is_for_whole_team:
            await _take_on(unit, asker, template, [member], skips=True)


async def went_out_of(unit: Unit, asker: SignedIn, team: Team, member: UserId) -> None:
    """Let the templates of a team, which is locked, manage no page of who is in it no more."""
    for template in await unit.page_templates.of_team(team.organization_id, team.id):
        pages = await _pages(unit, template, [member])
        await _release(unit, asker, template, pages, template.settings.on_leaving)


async def team_ends(unit: Unit, asker: SignedIn, team: Team) -> None:
    """Delete the templates of a team that is about to be deleted."""
    for template in await unit.page_templates.of_team(team.organization_id, team.id):
        await _end(unit, asker, template, template.settings.on_leaving)


def _check_number(members: Sequence[UserId]) -> None:
    if not 1 <= len(members) <= MAX_AT_ONCE:
        raise InvalidInput("At once it is 1 to 100 members.", "memberIds")


async def _team(
    unit: Reading, organization_id: OrganizationId, team_id: TeamId | None, field: str, *, locks: bool = False
) -> Team | None:
    if team_id is None:
        return None
    team = await unit.teams.by_id(organization_id, team_id, locks=locks)
    if team is None:
        raise NotFound(field)
    return team


async def _check(unit: Reading, asker: SignedIn, action: Action, team: Team | None) -> None:
    """Let on who keeps the templates of a team, or of the organization, as they are now."""
    actor = await present(unit, asker)
    if team is None:
        require(actor, action, Tenant(asker.organization_id))
        return
    managers = await unit.teams.managers(team.organization_id, team.id)
    require(actor, action, TeamOf(team.organization_id, managers))


async def _seen(unit: Reading, asker: SignedIn, template_id: TemplateId) -> PageTemplate:
    template = await unit.page_templates.by_id(asker.organization_id, template_id)
    if template is None:
        raise NotFound("id")
    await _check(unit, asker, Action.TEMPLATES_SEE, template.team)
    return template


async def _kept(unit: Unit, asker: SignedIn, template_id: TemplateId) -> PageTemplate:
    """Give a template that the asker may change, locked, and its team before it."""
    seen = await unit.page_templates.by_id(asker.organization_id, template_id)
    if seen and seen.team:
        await _team(unit, asker.organization_id, seen.team.id, "id", locks=True)
    template = await unit.page_templates.by_id(asker.organization_id, template_id, locks=True)
    if template is None:
        raise NotFound("id")
    await _check(unit, asker, Action.TEMPLATE_KEEP, template.team)
    return template


async def _pages(
    unit: Unit, template: PageTemplate, owners: Collection[UserId] | None = None
) -> list[BookingPage]:
    """Give the pages that follow a template, or only some owners', and let nobody change them meanwhile."""
    its = template.organization_id, template.id
    whose = owners or await unit.page_templates.owners(*its)
    await unit.pages.lock_people(template.organization_id, whose)
    return [page for page in await unit.pages.of_template(*its) if page.owner_id in whose]


async def _everybody(unit: Unit, team: Team) -> list[UserId]:
    return [member.user.id for member in await unit.teams.everybody(team.organization_id, team.id)]


async def _take_on_all(unit: Unit, asker: SignedIn, template: PageTemplate, team: Team) -> None:
    await unit.pages.lock_people(template.organization_id, await _everybody(unit, team))
    # Who was leaving the organization has left by now, and nobody else comes or goes: the team is locked.
    await _take_on(unit, asker, template, await _everybody(unit, team), skips=True)


async def _take_on(
    unit: Unit, asker: SignedIn, template: PageTemplate, members: Sequence[UserId], *, skips: bool
) -> None:
    """Give members, who are locked, a page where they have none; without `skips` all or nobody."""
    having = await unit.page_templates.owners(template.organization_id, template.id)
    lacking = [member for member in dict.fromkeys(members) if member not in having]
    if len(having) + len(lacking) > MAX_MANAGED:
        raise InvalidInput("A template manages 500 pages at most.", "memberIds")
    slugs = await unit.pages.slugs(template.organization_id, lacking)
    pages: list[BookingPage] = []
    for member in lacking:
        if len(slugs[member]) < MAX_PAGES:
            pages.append(page_from(template, PageId(new_id()), member, slugs[member], unit.now))
        elif not skips:
            raise InvalidInput(
                "This member has as many booking pages as one may have.",
                "memberIds",
                str(members.index(member)),
            )
    await unit.pages.add_managed(pages)
    for page in pages:
        unit.record(_changed(page))
        unit.note(deed(asker, Act.PAGE_MANAGED, page.id, template.id.hex))
    unit.follow(
        Effect(EffectKind.TELL_PAGE_GIVEN, page.organization_id, page.id, 0, page.owner_id, unit.now)
        for page in pages
        if page.owner_id != asker.actor.id
    )


async def _release(
    unit: Unit,
    asker: SignedIn,
    template: PageTemplate,
    pages: Collection[BookingPage],
    afterwards: Afterwards,
) -> None:
    deactivate = afterwards is Afterwards.DEACTIVATED
    if pages:
        ids = [page.id for page in pages]
        await unit.pages.release(template.organization_id, ids, deactivate=deactivate)
    for page in pages:
        unit.record(_changed(page))
        unit.note(deed(asker, Act.PAGE_RELEASED, page.id, template.id.hex))


async def _end(unit: Unit, asker: SignedIn, template: PageTemplate, afterwards: Afterwards) -> None:
    await _release(unit, asker, template, await _pages(unit, template), afterwards)
    await unit.page_templates.remove(template)
    unit.note(deed(asker, Act.PAGE_TEMPLATE_DELETED, template.id))


def _changed(page: BookingPage) -> Happened:
    hosts = tuple(host.user_id for host in page.hosts)
    return Happened(EventKind.PAGE_CHANGED, page.organization_id, hosts=hosts, page_id=page.id)

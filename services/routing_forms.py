"""Use cases of routing forms as their owners keep them: make, change, remove, list."""

from collections.abc import Callable
from dataclasses import replace

from domain.audit import Act
from domain.errors import Conflict, InvalidInput, NotAllowed, NotFound
from domain.ids import PageId, RoutingFormId
from domain.paging import Paging, Part
from domain.routing import Destination, DestinationKind, Rule
from domain.routing_forms import MAX_FORMS, FormSettings, RoutingForm, checked_form
from domain.users import DelegationScope, Scope, SignedIn, Viewer, signed_in
from services.access import check_entitled, deed, noted, own_form, present
from services.booking_pages import public_page
from storage.base import new_id
from storage.unit import Reading, Units


class RoutingForms:
    """What owners do with their forms.

    Pages to which a form leads are named by their public links, so anybody's page of the organization can be
    one, and none that is secret. Each change makes a version of the form. A delegate for pages keeps forms,
    but does nothing to what was answered: neither how long it is kept nor that it goes is theirs to say.
    """

    def __init__(self, units: Units) -> None:
        self._units = units

    async def own(self, viewer: Viewer, paging: Paging) -> Part[RoutingForm]:
        """List the viewer's forms, oldest first: inactive ones too."""
        asker = signed_in(viewer, Scope.READ, DelegationScope.PAGES)
        async with self._units.read() as unit:
            return await unit.routing_forms.of_owner(asker.organization_id, asker.user_id, paging)

    async def by_id(self, viewer: Viewer, form_id: RoutingFormId) -> RoutingForm:
        """Give a form of the viewer's; NotFound for everybody else's."""
        asker = signed_in(viewer, Scope.READ, DelegationScope.PAGES)
        async with self._units.read() as unit:
            return await own_form(unit, asker, form_id)

    async def create(self, viewer: Viewer, wanted: FormSettings) -> RoutingForm:
        """Make a form; raises NotEntitled, InvalidInput and NotFound that name the field, FormSlugTaken."""
        asker = signed_in(viewer, Scope.PAGES, DelegationScope.PAGES)
        checked = checked_form(with_keys(wanted))
        async with self._units.begin() as unit:
            await unit.pages.lock_owner(asker.organization_id, asker.user_id)
            await check_entitled(unit, asker)
            await present(unit, asker)
            count = await unit.routing_forms.count_of_owner(asker.organization_id, asker.user_id)
            if count >= MAX_FORMS:
                raise InvalidInput("You have as many routing forms as one may have. Remove one first.")
            settings = await _resolved(unit, asker, checked)
            form_id = RoutingFormId(new_id())
            form = RoutingForm(form_id, asker.organization_id, asker.user_id, settings, 1, unit.now)
            await unit.routing_forms.add(form)
            await noted(unit, asker, Act.ROUTING_FORM_CREATED, form.id)
        return form

    async def update(
        self,
        viewer: Viewer,
        form_id: RoutingFormId,
        change: Callable[[FormSettings], FormSettings],
        expected_revision: int | None = None,
    ) -> RoutingForm:
        """Change a form: `change` is given its present settings. What was submitted keeps its version.

        Raises InvalidInput, NotFound and NotAllowed that name the field, FormSlugTaken, and Conflict where it
        is not of the expected revision any more.
        """
        asker = signed_in(viewer, Scope.PAGES, DelegationScope.PAGES)
        async with self._units.begin() as unit:
            form = await own_form(unit, asker, form_id, locks=True)
            await present(unit, asker)  # now that the form is locked: who leaves meanwhile has closed it
            if expected_revision is not None and expected_revision != form.revision:
                raise Conflict("expectedRevision")
            wanted = checked_form(with_keys(change(form.settings)))
            if asker.acting is not None and wanted.keeps_days != form.settings.keeps_days:
                raise NotAllowed("keepsDays")
            settings = await _resolved(unit, asker, wanted, form.settings)
            if settings == form.settings:
                return form
            changed = replace(form, settings=settings, revision=form.revision + 1)
            await unit.routing_forms.update(changed)
            await noted(unit, asker, Act.ROUTING_FORM_UPDATED, form.id)
        return changed

    async def delete(self, viewer: Viewer, form_id: RoutingFormId) -> None:
        """Remove a form for good, and erase what was answered to it. NotFound."""
        asker = signed_in(viewer, Scope.PAGES)
        async with self._units.begin() as unit:
            await present(unit, asker)
            form = await own_form(unit, asker, form_id, locks=True)
            await unit.routing_forms.remove(form.organization_id, form.id)
            await unit.submissions.erase_all(form.organization_id, [form.id])
            unit.note(deed(asker, Act.ROUTING_FORM_DELETED, form.id))


def with_keys(wanted: FormSettings) -> FormSettings:
    """Give new questions keys of their own: a removed question's key never comes back."""
    return replace(
        wanted,
        questions=tuple(
            question if question.key else replace(question, key=new_id().hex) for question in wanted.questions
        ),
    )


async def _resolved(
    unit: Reading, asker: SignedIn, wanted: FormSettings, before: FormSettings | None = None
) -> FormSettings:
    """Give settings whose pages are named by ids, and whose teams are there; NotFound names the field.

    What the form has already stays: a team that was deleted meanwhile keeps nobody from closing the form.
    """
    if before is not None and (wanted.rules, wanted.otherwise) == (before.rules, before.otherwise):
        return wanted
    known: dict[str, PageId] = {}
    rules: list[Rule] = []
    for number, rule in enumerate(wanted.rules):
        path = ("rules", str(number), "destination")
        rules.append(replace(rule, destination=await _found(unit, asker, rule.destination, known, *path)))
    otherwise = await _found(unit, asker, wanted.otherwise, known, "otherwise")
    return replace(wanted, rules=tuple(rules), otherwise=otherwise)


async def _found(
    unit: Reading, asker: SignedIn, destination: Destination, known: dict[str, PageId], *path: str
) -> Destination:
    if destination.kind is DestinationKind.PAGE and destination.slug:
        if destination.slug not in known:
            known[destination.slug] = await _page(unit, asker, destination.slug, *path)
        return Destination(DestinationKind.PAGE, page_id=known[destination.slug])
    team_id = destination.member.team_id if destination.member else None
    if team_id and await unit.teams.by_id(asker.organization_id, team_id) is None:
        raise NotFound(*path, "member", "teamId")
    return destination


async def _page(unit: Reading, asker: SignedIn, slug: str, *path: str) -> PageId:
    try:
        page = (await public_page(unit, slug)).page
    except NotFound:
        raise NotFound(*path, "page") from None
    if page.organization_id != asker.organization_id:
        raise NotFound(*path, "page")
    return page.id

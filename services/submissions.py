"""Use cases of what was submitted by routing forms: its owner lists, counts and erases it; it also ends."""

import asyncio
from dataclasses import dataclass

from domain.audit import Act
from domain.errors import NotFound
from domain.ids import OrganizationId, RoutingFormId, SubmissionId, UserId
from domain.paging import Paging, Part, Place
from domain.routing_forms import Arrivals, RoutingForm, Submission, SubmissionFilter
from domain.submitters import submitted_by
from domain.users import Scope, SignedIn, Viewer, signed_in
from services.access import deed, own_form, present
from services.routing import Routing
from storage.submissions import StoredSubmission
from storage.unit import Reading, Unit, Units

_FINDS_IN = 100
_ERASES_IN = 500
_NOT_ERASED = SubmissionFilter(is_erased=False)


@dataclass(frozen=True, slots=True)
class SeenSubmission:
    """A submission with the form as it was when it was made."""

    submission: Submission
    form: RoutingForm


@dataclass(frozen=True, slots=True)
class Funnel:
    """How many submitted a form, were sent where, and booked there. How many only saw it, nobody counts."""

    organization_id: OrganizationId
    arrivals: tuple[Arrivals, ...]

    @property
    def submitted(self) -> int:
        """How many submitted it."""
        return sum(one.routed for one in self.arrivals)

    @property
    def booked(self) -> int:
        """How many of them booked where they were sent."""
        return sum(one.booked for one in self.arrivals)


@dataclass(frozen=True, slots=True)
class Looked:
    """What one person submitted, of those that were looked at; `place` is behind these, None at the end."""

    found: tuple[SeenSubmission, ...]
    place: Place | None


@dataclass(frozen=True, slots=True)
class Erased:
    """How many were erased, of those that were looked at; `place` is behind these, None at the end."""

    count: int
    place: Place | None


class Submissions:
    """What is done with submissions: by the owner of the form, and by nobody else, in whatever role.

    Answers are sealed: to look for somebody in them, they are opened one after the other, so many at a time.
    """

    def __init__(self, units: Units, routing: Routing) -> None:
        self._units = units
        self._routing = routing

    async def listed(
        self, viewer: Viewer, form_id: RoutingFormId, wanted: SubmissionFilter, paging: Paging
    ) -> Part[SeenSubmission]:
        """List what was submitted by a form of the viewer's, oldest first. NotFound."""
        asker = signed_in(viewer, Scope.READ)
        async with self._units.read() as unit:
            form = await own_form(unit, asker, form_id, "formId")
            part = await unit.submissions.of_form(form.organization_id, form.id, wanted, paging)
            its = {(one.submission.form_id, one.submission.version) for one in part.items}
            forms = await unit.routing_forms.versions(form.organization_id, its)
        opened = await asyncio.gather(*map(self._routing.answers, part.items))
        seen = [SeenSubmission(one, forms[one.form_id, one.version]) for one in opened]
        return Part(seen, part.places, has_next=part.has_next, has_previous=part.has_previous)

    async def by_id(self, viewer: Viewer, submission_id: SubmissionId) -> SeenSubmission:
        """Give what was submitted by a form of the viewer's; NotFound for everybody else."""
        asker = signed_in(viewer, Scope.READ)
        async with self._units.read() as unit:
            stored, form = await _own(unit, asker, submission_id)
        return SeenSubmission(await self._routing.answers(stored), form)

    async def erase(self, viewer: Viewer, submission_id: SubmissionId) -> SeenSubmission:
        """Erase what somebody answered, for good; that they came by is still counted. NotFound."""
        asker = signed_in(viewer, Scope.PAGES)
        async with self._units.begin() as unit:
            await present(unit, asker)
            stored, form = await _own(unit, asker, submission_id)
            if stored.sealed is not None:
                await unit.submissions.erase(form.organization_id, submission_id)
                unit.note(deed(asker, Act.SUBMISSION_ERASED, submission_id))
        return SeenSubmission(stored.submission, form)

    async def of_person(
        self, viewer: Viewer, form_id: RoutingFormId, email: str, after: Place | None
    ) -> Looked:
        """Find what was submitted by a form of the viewer's with a mail address in it, oldest first.

        The answers of 100 are opened and looked through. NotFound, InvalidInput.
        """
        asker = signed_in(viewer, Scope.READ)
        found, place = await self._looked(asker, form_id, email, Paging(_FINDS_IN, after, is_forward=True))
        async with self._units.read() as unit:
            its = {(one.form_id, one.version) for one in found}
            forms = await unit.routing_forms.versions(asker.organization_id, its)
        return Looked(tuple(SeenSubmission(one, forms[one.form_id, one.version]) for one in found), place)

    async def erase_of_person(
        self, viewer: Viewer, form_id: RoutingFormId, email: str, after: Place | None
    ) -> Erased:
        """Erase what a person submitted, as `of_person` finds it, among 500; each of it is noted."""
        asker = signed_in(viewer, Scope.PAGES)
        found, place = await self._looked(asker, form_id, email, Paging(_ERASES_IN, after, is_forward=True))
        async with self._units.begin() as unit:
            await present(unit, asker)
            form = await own_form(unit, asker, form_id, "formId")
            erased = await unit.submissions.erase_these(form.organization_id, [one.id for one in found])
            unit.note(*(deed(asker, Act.SUBMISSION_ERASED, id_) for id_ in erased))
        return Erased(len(erased), place)

    async def _looked(
        self, asker: SignedIn, form_id: RoutingFormId, email: str, paging: Paging
    ) -> tuple[list[Submission], Place | None]:
        is_theirs = submitted_by(email)
        async with self._units.read() as unit:
            form = await own_form(unit, asker, form_id, "formId")
            part = await unit.submissions.of_form(form.organization_id, form.id, _NOT_ERASED, paging)
        opened = await asyncio.gather(*map(self._routing.answers, part.items))
        return [*filter(is_theirs, opened)], part.places[-1] if part.has_next else None

    async def funnel(self, viewer: Viewer, form_id: RoutingFormId, wanted: SubmissionFilter) -> Funnel:
        """Count what came of a form of the viewer's. NotFound."""
        asker = signed_in(viewer, Scope.READ)
        async with self._units.read() as unit:
            form = await own_form(unit, asker, form_id, "formId")
            arrivals = await unit.submissions.arrivals(form.organization_id, form.id, wanted)
        return Funnel(form.organization_id, tuple(arrivals))

    async def forget(self) -> None:
        """Erase answers after the days that their form says, and counts after two years.

        Versions of forms go with what was submitted by them, and deleted forms after a day.
        """
        async with self._units.begin() as unit:
            await unit.submissions.forget()
            await unit.routing_forms.forget()


async def leave_routing(unit: Unit, organization_id: OrganizationId, user_id: UserId) -> None:
    """Close the forms of who leaves, erase what was answered to them, and have no form find them."""
    forms = await unit.routing_forms.leave(organization_id, user_id)
    await unit.submissions.erase_all(organization_id, forms)
    await unit.attributes.replace(organization_id, user_id, ())


async def _own(
    unit: Reading, asker: SignedIn, submission_id: SubmissionId
) -> tuple[StoredSubmission, RoutingForm]:
    """Give a submission of a form that the asker owns, and that is not removed, with the form as it was."""
    stored = await unit.submissions.by_id(asker.organization_id, submission_id)
    if stored is None:
        raise NotFound("id")
    submission = stored.submission
    await own_form(unit, asker, submission.form_id)
    its = submission.form_id, submission.version
    return stored, (await unit.routing_forms.versions(asker.organization_id, {its}))[its]

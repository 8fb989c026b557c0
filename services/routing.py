"""Use cases of those who fill in a routing form: open it, submit it, be sent on; its owner tries that."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from uuid import UUID

import orjson

from domain.booking_pages import Answer
from domain.booking_questions import carried_answers, checked_answers
from domain.bookings import KeyUsed
from domain.errors import InvalidInput, NotFound
from domain.ids import OrganizationId, PageId, RoutingFormId, SubmissionId
from domain.routing import Destination, DestinationKind, MemberSought, NoDestination, Routed, folded, route
from domain.routing_forms import FormChanged, Result, RoutingForm, Submission, web_address
from domain.tokens import TokenKind, token, token_hash
from domain.users import DelegationScope, Scope, User, Viewer, signed_in
from services.access import own_form
from services.booking_pages import PublicPage, is_plain
from services.bookings.budgets import visitor
from services.bookings.desk import use_of
from storage.bookings.documents import answers_document, answers_of
from storage.limits import Budget, Limits, Take
from storage.sealed import SUBMISSIONS
from storage.submissions import StoredSubmission
from storage.unit import Reading, Units
from storage.vault import Place, SealBroken, Vault

SUBMISSIONS_PER_IP = Budget("submissions", 60, per_seconds=600)
# One form is not filled with rubbish by one visitor, nor by many: what is stored of it is bounded.
SUBMISSIONS_TO_FORM = Budget("submissions-form", 20, per_seconds=600)
SUBMISSIONS_OF_FORM = Budget("submissions-form-all", 2_000, per_seconds=3600)

Given = Mapping[str, tuple[str, ...]]
"""Answers by the keys of their questions, as a client sends them."""


@dataclass(frozen=True, slots=True)
class PublicForm:
    """A form that everybody may see, with its owner."""

    form: RoutingForm
    owner: User


@dataclass(frozen=True, slots=True)
class Submit:
    """A filled-in form, as the client sent it; `version` is that of the form that was seen."""

    slug: str
    version: int
    answers: Given
    idempotency_key: str


@dataclass(frozen=True, slots=True)
class Led:
    """Where somebody is sent: a page with what they answered already, a text, or an address.

    Where it `fell_back`, what the rule names was not to be had, and the form's last destination is given.
    """

    result: Result
    fell_back: bool
    page: PublicPage | None = None
    carried: tuple[Answer, ...] = ()
    text: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Submitted:
    """What a visitor is told: where they are sent, and the secret by which their booking is known there."""

    led: Led
    secret: str | None


@dataclass(frozen=True, slots=True)
class Explained:
    """How a form would treat answers now; `led` is None where nothing of it is to be had."""

    form: RoutingForm
    routed: Routed
    led: Led | None


class Routing:
    """What visitors do with forms, and their owners to see what visitors would."""

    def __init__(self, units: Units, vault: Vault, limits: Limits) -> None:
        self._units = units
        self._vault = vault
        self._limits = limits

    async def open(self, slug: str) -> PublicForm:
        """Find the form behind a public link, `handle/form`; NotFound unless it is active."""
        handle, _, name = slug.partition("/")
        can_be = is_plain(handle) and is_plain(name)
        async with self._units.at_once() as unit:
            found = await unit.routing_forms.by_slug(handle, name) if can_be else None
        if found is None:
            raise NotFound("slug")
        return PublicForm(*found)

    async def submit(self, viewer: Viewer, command: Submit) -> Submitted:
        """Take a filled-in form, and send the visitor on; a repeated request is answered alike.

        Raises NotFound, FormChanged, NoDestination, KeyUsed, TooMany, and InvalidInput at answers.<key>.
        """
        form = (await self.open(command.slug)).form
        use = use_of("submit", str(form.id), command.idempotency_key)
        # One key makes one submission, which has its id from it.
        submission_id = SubmissionId(
            UUID(bytes=hashlib.sha256(use.actor.encode() + use.key_hash).digest()[:16])
        )
        if again := await self._again(form, submission_id, command.answers):
            return again
        if command.version != form.revision:
            raise FormChanged("version")
        answers = checked_answers(form.settings.questions, command.answers)
        await self._limits.take_all(
            Take(SUBMISSIONS_PER_IP, (visitor(viewer),)),
            Take(SUBMISSIONS_TO_FORM, (str(form.id), visitor(viewer))),
            Take(SUBMISSIONS_OF_FORM, (str(form.id),)),
        )
        place = _place_of(form.organization_id, submission_id)
        sealed = await self._vault.seal(orjson.dumps(answers_document(answers)), place)
        async with self._units.begin() as unit:
            revision = await unit.routing_forms.keep(form)
            if revision is None:
                raise NotFound("slug")
            if revision != form.revision:
                raise FormChanged("version")
            routed = route(form.settings.rules, form.settings.otherwise, by_key(answers))
            led = await lead(unit, form, routed, answers)
            submission = Submission(
                submission_id,
                form.organization_id,
                form.id,
                form.revision,
                routed.rule,
                led.fell_back,
                led.result,
                led.page.page.id if led.page else None,
                answers,
                unit.now,
            )
            secret = self._secret(submission)
            is_new = await unit.submissions.add(submission, sealed, token_hash(secret) if secret else None)
        if is_new:
            return Submitted(led, secret)
        again = await self._again(form, submission_id, command.answers)  # a racer with the same key was first
        if again is None:
            raise KeyUsed
        return again

    async def explain(self, viewer: Viewer, form_id: RoutingFormId, given: Given) -> Explained:
        """Say to the owner of a form where answers would lead now, and why; nothing is stored.

        Raises NotFound, and InvalidInput as `submit`.
        """
        asker = signed_in(viewer, Scope.READ, DelegationScope.PAGES)
        async with self._units.read() as unit:
            form = await own_form(unit, asker, form_id)
            answers = checked_answers(form.settings.questions, given)
            routed = route(form.settings.rules, form.settings.otherwise, by_key(answers))
            try:
                led = await lead(unit, form, routed, answers)
            except NoDestination:
                led = None
        return Explained(form, routed, led)

    async def answers(self, stored: StoredSubmission) -> Submission:
        """Open what was answered; outside units. Erased answers, and those whose key is gone, are None."""
        submission = stored.submission
        if stored.sealed is None:
            return submission
        place = _place_of(submission.organization_id, submission.id)
        try:
            document = orjson.loads(await self._vault.open(stored.sealed, place))
        except SealBroken:
            return submission
        return replace(submission, answers=answers_of(document))

    async def _again(self, form: RoutingForm, submission_id: SubmissionId, given: Given) -> Submitted | None:
        """Answer a repeated request by what it made; raises KeyUsed for another request with its key."""
        async with self._units.read() as unit:
            stored = await unit.submissions.by_id(form.organization_id, submission_id)
            if stored is None:
                return None
            its = form.id, stored.submission.version
            then = (await unit.routing_forms.versions(form.organization_id, {its}))[its]
        submission = await self.answers(stored)
        try:
            is_same = submission.answers == checked_answers(then.settings.questions, given)
        except InvalidInput:
            is_same = False
        if not is_same or submission.answers is None:
            raise KeyUsed
        destination = submission.destination(then.settings)
        if submission.page_id:
            destination = Destination(DestinationKind.PAGE, page_id=submission.page_id)
        async with self._units.read() as unit:
            led = await _led(unit, then, destination, submission.answers)
        if led is None:
            raise NoDestination
        return Submitted(replace(led, fell_back=submission.fell_back), self._secret(submission))

    def _secret(self, submission: Submission) -> str | None:
        """Make the secret of who was sent to a page, which is stored nowhere (ADR-0009)."""
        if submission.page_id is None:
            return None
        return token(TokenKind.SUBMISSION, self._vault.token_bytes("submission", str(submission.id)))


def by_key(answers: tuple[Answer, ...]) -> dict[str, tuple[str, ...]]:
    """Give answers as rules look at them."""
    return {answer.key: answer.values for answer in answers}


def _place_of(organization_id: OrganizationId, submission_id: SubmissionId) -> Place:
    """Name the place for which the answers of a submission are sealed."""
    return Place(SUBMISSIONS.table, SUBMISSIONS.name, organization_id, (str(submission_id),))


async def lead(unit: Reading, form: RoutingForm, routed: Routed, answers: tuple[Answer, ...]) -> Led:
    """Find what a destination names as things are now, or the form's last destination; or NoDestination."""
    led = await _led(unit, form, routed.destination, answers)
    if led is None and routed.rule is not None:
        led = await _led(unit, form, form.settings.otherwise, answers)
        led = led and replace(led, fell_back=True)
    if led is None:
        raise NoDestination
    return led


async def _led(
    unit: Reading, form: RoutingForm, destination: Destination, answers: tuple[Answer, ...]
) -> Led | None:
    """Find what a destination names; None where it is not to be had."""
    match destination.kind:
        case DestinationKind.TEXT:
            return Led(Result.TEXT, fell_back=False, text=destination.text)
        case DestinationKind.URL:
            return _to_address(destination.url)
        case DestinationKind.PAGE:
            return await _to_page(unit, form, destination.page_id, answers)
        case DestinationKind.MEMBER:
            sought = destination.member
            page_id = await _candidate(unit, form, sought, answers) if sought else None
            return await _to_page(unit, form, page_id, answers)


def _to_address(url: str) -> Led | None:
    """Give an address that may still be given: which may, is said by the program, not by what is stored."""
    try:
        return Led(Result.URL, fell_back=False, url=web_address(url))
    except InvalidInput:
        return None


async def _to_page(
    unit: Reading, form: RoutingForm, page_id: PageId | None, answers: tuple[Answer, ...]
) -> Led | None:
    found = await unit.pages.with_owner(form.organization_id, page_id) if page_id else None
    if found is None or found[0].is_secret or found[1].is_disabled:
        return None
    carried = carried_answers(found[0].questions, answers)
    return Led(Result.PAGE, fell_back=False, page=PublicPage(*found), carried=carried)


async def _candidate(
    unit: Reading, form: RoutingForm, sought: MemberSought, answers: tuple[Answer, ...]
) -> PageId | None:
    values = [folded(value) for value in sought.values(by_key(answers))]
    return await unit.submissions.candidate(
        form.organization_id,
        form.id,
        sought.page_slug,
        team_id=sought.team_id,
        attribute=sought.attribute,
        values=values,
    )

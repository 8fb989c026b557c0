"""Use cases of booking pages: their owners' changes, and what everybody may see of them."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from domain.audit import Act
from domain.booking_pages import BookingPage
from domain.errors import Conflict, InvalidInput, NotFound
from domain.events import EventKind, Happened
from domain.ids import PageId, ScheduleId
from domain.page_settings import MAX_PAGES, PageSettings, new_page, settings_of, with_settings
from domain.page_templates import PageManaged, check_unlocked
from domain.paging import Paging, Part
from domain.tokens import TokenKind, token_hash, token_kind
from domain.users import DelegationScope, Scope, SignedIn, User, Viewer, signed_in
from services.access import acted, check_entitled, managing, noted, own_page, own_schedule, present
from services.connections import tended
from services.page_hosts import tend_counted
from storage.base import new_id
from storage.unit import Reading, Unit, Units


@dataclass(frozen=True, slots=True)
class PublicPage:
    """A page that everybody may see, with its owner."""

    page: BookingPage
    owner: User


@dataclass(frozen=True, slots=True)
class Profile:
    """A user with the pages that are listed under their name, oldest first."""

    owner: User
    pages: tuple[BookingPage, ...]


class BookingPages:
    """What can be done with booking pages.

    A page that is inactive, was removed or never was is the same to everybody but its owner: not
    found (R085). A new page offers its owner's time; whose else is said in `services/page_hosts.py`.
    """

    def __init__(self, units: Units) -> None:
        self._units = units

    async def open_page(self, slug: str, link: str | None = None) -> BookingPage:
        """Find the page behind a public link, `handle/page`, or by a secret one to it too.

        NotFound unless it is active and opened by that; LinkEnded where a secret link has ended.
        """
        if link is None:
            return (await self.by_slug(slug)).page
        async with self._units.at_once() as unit:
            page = (await linked_page(unit, link, slug)).page
            checked(page, unit.now)
            return page

    async def by_slug(self, slug: str) -> PublicPage:
        """Find the page behind a public link with its owner; hidden ones too (R086)."""
        async with self._units.at_once() as unit:
            return await public_page(unit, slug)

    async def profile(self, handle: str) -> Profile:
        """List a user's pages that are active and not hidden; NotFound for unknown and disabled users."""
        async with self._units.read() as unit:
            owner = await unit.users.by_handle(handle) if is_plain(handle) else None
            if owner is None or owner.is_disabled:
                raise NotFound("handle")
            pages = await unit.pages.public_of(handle)
        return Profile(owner, tuple(pages))

    async def by_id(self, viewer: Viewer, page_id: PageId) -> BookingPage:
        """Give a page of the viewer's; NotFound for everybody else's."""
        asker = signed_in(viewer, Scope.READ, DelegationScope.PAGES)
        async with self._units.read() as unit:
            return await own_page(unit, asker, page_id)

    async def own(self, viewer: Viewer, paging: Paging) -> Part[BookingPage]:
        """List the viewer's pages, oldest first: inactive and hidden ones too."""
        asker = signed_in(viewer, Scope.READ, DelegationScope.PAGES)
        async with self._units.read() as unit:
            return await unit.pages.of_owner(asker.organization_id, asker.user_id, paging)

    async def create(self, viewer: Viewer, wanted: PageSettings) -> BookingPage:
        """Make a page of the viewer's, whose organization is entitled to it.

        Raises NotEntitled, InvalidInput that names the field, and SlugTaken.
        """
        asker = signed_in(viewer, Scope.PAGES, DelegationScope.PAGES)
        async with self._units.begin() as unit:
            await unit.pages.lock_owner(asker.organization_id, asker.user_id)
            await check_entitled(unit, asker)
            await present(unit, asker)
            if await unit.pages.count_of_owner(asker.organization_id, asker.user_id) >= MAX_PAGES:
                raise InvalidInput("You have as many booking pages as one may have. Remove one first.")
            page = new_page(
                PageId(new_id()), asker.organization_id, asker.user_id, with_keys(wanted), unit.now
            )
            await _check_schedule(unit, asker, wanted.schedule_id)
            await _check_calendar(unit, page)
            await unit.pages.add(page)
            unit.record(_changed(page))
            await noted(unit, asker, Act.PAGE_CREATED, page.id)
        return page

    async def update(
        self,
        viewer: Viewer,
        page_id: PageId,
        change: Callable[[PageSettings], PageSettings],
        expected_revision: int | None = None,
    ) -> BookingPage:
        """Change a page: `change` is given its present settings.

        Raises InvalidInput and PageManaged that name the field, SlugTaken, and Conflict where the page is not
        of the expected revision any more. Bookings that were made stay as they are.
        """
        asker = signed_in(viewer, Scope.PAGES, DelegationScope.PAGES)
        async with self._units.begin() as unit:
            await unit.pages.lock_people(asker.organization_id, {asker.user_id}, hosts_of=page_id)
            await present(unit, asker)
            page = await own_page(unit, asker, page_id)
            if expected_revision is not None and expected_revision != page.revision:
                raise Conflict("expectedRevision")
            wanted = with_keys(change(settings_of(page)))
            changed = replace(with_settings(page, wanted), revision=page.revision + 1)
            await _check_schedule(unit, asker, wanted.schedule_id)
            changed = await _with_calendar(unit, page, changed)
            template = await managing(unit, page)
            if template:
                check_unlocked(page, changed, template)
            if not await unit.pages.update(changed):
                raise Conflict("expectedRevision")
            unit.record(_changed(changed))
            await acted(unit, asker, Act.PAGE_UPDATED, page.id)
        return changed

    async def delete(self, viewer: Viewer, page_id: PageId) -> None:
        """Remove a page for good; its bookings live on. PageManaged where it is a template's."""
        asker = signed_in(viewer, Scope.PAGES, DelegationScope.PAGES)
        async with self._units.begin() as unit:
            await unit.pages.lock_people(asker.organization_id, {asker.user_id}, hosts_of=page_id)
            page = await own_page(unit, asker, page_id)
            template = await managing(unit, page)
            if template:
                raise PageManaged(template, "id")
            await unit.pages.remove(page.organization_id, page.id)
            await _tend_calendar(unit, page)
            await tend_counted(unit, page, None)
            unit.record(_changed(page))
            await noted(unit, asker, Act.PAGE_DELETED, page.id)


def with_keys(wanted: PageSettings) -> PageSettings:
    """Give new questions keys of their own: a removed question's key never comes back."""
    return replace(
        wanted,
        questions=tuple(
            question if question.key else replace(question, key=new_id().hex) for question in wanted.questions
        ),
    )


async def public_page(unit: Reading, slug: str, *, secret_too: bool = False) -> PublicPage:
    """Find the page behind a public link with its owner, in one statement; NotFound unless it is active.

    A secret one is there with `secret_too` alone, for callers who say nothing of it but to its hosts.
    """
    handle, _, name = slug.partition("/")
    can_be = is_plain(handle) and is_plain(name)
    found = await unit.pages.by_slug(handle, name, secret_too=secret_too) if can_be else None
    if found is None:
        raise NotFound("slug")
    return PublicPage(*found)


async def linked_page(unit: Reading, secret: str, slug: str | None = None) -> PublicPage:
    """Find the page that a secret link opens, as it is by the link, be that ended or not; with its owner.

    NotFound, always the same, for what we have not made, for a link to another page than that of `slug`, and
    where whoever made it hosts the page no more.
    """
    link = await unit.page_links.by_hash(secret_hash(secret))
    found = await unit.pages.with_owner(link.organization_id, link.page_id) if link else None
    if link is None or found is None:
        raise NotFound("link")
    page, owner = found
    if slug is not None and slug != f"{owner.handle}/{page.slug}":
        raise NotFound("link")
    if link.made_by not in {owner.id, *(host.user_id for host in page.hosts)}:
        raise NotFound("link")
    return PublicPage(page.by_link(link), owner)


def secret_hash(secret: str) -> bytes:
    """Hash the secret of a link to a page; NotFound for what is no such secret."""
    if token_kind(secret) is not TokenKind.PAGE_LINK:
        raise NotFound("link")
    return token_hash(secret)


def checked(page: BookingPage, now: datetime) -> None:
    """Let go on who opened a page by a link that has not ended, or by none; raises LinkEnded."""
    if page.link:
        page.link.check(now)


def is_plain(part: str) -> bool:
    """Say whether a part of a link can be one; PostgreSQL takes no text with a NUL in it."""
    return 0 < len(part) <= 64 and part.isascii() and part.isprintable()  # noqa: PLR2004 -- as both grammars have it


async def _check_schedule(unit: Unit, asker: SignedIn, schedule_id: ScheduleId | None) -> None:
    if schedule_id is None:
        return
    try:
        await own_schedule(unit, asker, schedule_id)
    except NotFound:
        raise NotFound("scheduleId") from None


async def _with_calendar(unit: Unit, page: BookingPage, wanted: BookingPage) -> BookingPage:
    """Give a page with its calendar: one that is chosen now has to do, one that has gone is none."""
    if wanted.calendar_id != page.calendar_id:
        await _check_calendar(unit, wanted)
        await _tend_calendar(unit, page)
        return wanted
    if page.calendar_id and not await unit.calendars.held(page.organization_id, page.calendar_id):
        return replace(wanted, calendar_id=None)
    return wanted


async def _check_calendar(unit: Unit, page: BookingPage) -> None:
    """Refuse a calendar that is not the owner's, or that nothing can be written into now."""
    if page.calendar_id is None:
        return
    linked = await unit.calendars.held(page.organization_id, page.calendar_id)
    if linked is None or linked.connection.user_id != page.owner_id:
        raise NotFound("calendarId")
    if not linked.is_usable:
        raise InvalidInput("The connection of this calendar has to be opened again first.", "calendarId")
    if not any(calendar.is_writable for calendar in linked.calendars if calendar.id == page.calendar_id):
        raise InvalidInput("This calendar can only be read.", "calendarId")
    unit.follow(tended(linked.connection, unit.now))


async def _tend_calendar(unit: Unit, page: BookingPage) -> None:
    """Let the watches of the calendar that a page had follow the change."""
    if page.calendar_id is None:
        return
    linked = await unit.calendars.with_calendar(page.organization_id, page.calendar_id)
    if linked is not None and linked.is_usable:
        unit.follow(tended(linked.connection, unit.now))


def _changed(page: BookingPage) -> Happened:
    return Happened(
        EventKind.PAGE_CHANGED,
        page.organization_id,
        hosts=tuple(host.user_id for host in page.hosts),
        page_id=page.id,
    )

"""Use cases of links to pages: propose times, make a link, change it, revoke it, list them, open one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from domain.audit import Act
from domain.booking_pages import BookingPage, PageKind
from domain.errors import Conflict, InvalidInput, NotAllowed, NotFound
from domain.events import EventKind, Happened
from domain.ids import PageId, PageLinkId, UserId
from domain.intervals import instant_of
from domain.page_links import (
    MAX_OPEN_LINKS,
    LinkSettings,
    PageLink,
    Terms,
    checked_link,
    reach_of_starts,
)
from domain.page_templates import PageField, PageManaged
from domain.paging import Paging, Part
from domain.proposals import ProposedTime, TimesNotFree, states_at
from domain.tokens import TokenKind, token, token_hash
from domain.users import DelegationScope, Scope, SignedIn, Viewer, signed_in
from services.access import acted, check_entitled, led_page, managing, noted, own_link, present
from services.availability import NO_HOURS, Availability
from services.booking_pages import PublicPage, checked, linked_page
from services.bookings.budgets import visitor
from services.gathered import Gathered
from storage.base import new_id
from storage.limits import Budget, Limits, WhenAway
from storage.unit import Reading, Units
from storage.vault import Vault

_HOUR_S = 60 * 60

# Each looks into every host's calendars.
PROPOSALS_PER_USER = Budget("page-link-times", 120, _HOUR_S, when_away=WhenAway.OPEN_LOCAL)
# Against guessing, beside the 160 bits of a secret: charged before it is known whether there is such a link.
OPENINGS_PER_IP = Budget("page-link-openings", 240, 600, when_away=WhenAway.OPEN_LOCAL)


@dataclass(frozen=True, slots=True)
class MadeLink:
    """A new link with its secret, which is shown this once, and the times that were looked at for it."""

    link: PageLink
    secret: str
    times: tuple[ProposedTime, ...]


@dataclass(frozen=True, slots=True)
class ChangedLink:
    """A changed link, and the times that were looked at for it."""

    link: PageLink
    times: tuple[ProposedTime, ...]


class PageLinks:
    """What hosts do with links to pages that they own or host, and what opening one gives.

    Picked times are looked at in the hosts' calendars when they are picked, live, before any unit (R087);
    what is booked is decided again all the same.
    """

    def __init__(
        self,
        units: Units,
        availability: Availability,
        vault: Vault,
        limits: Limits,
        clock: Callable[[], datetime],
    ) -> None:
        self._units = units
        self._availability = availability
        self._vault = vault
        self._limits = limits
        self._clock = clock

    async def propose(
        self, viewer: Viewer, page_id: PageId, starts: tuple[int, ...], length: int | None
    ) -> tuple[ProposedTime, ...]:
        """Say to a host of a page how times are that they may offer, in order; calendars are asked live.

        NotFound, InvalidInput, TooMany.
        """
        asker = signed_in(viewer, Scope.READ, DelegationScope.PAGES)
        if not starts:
            return ()
        wanted = LinkSettings(terms=Terms(length=length, starts=starts))
        async with self._units.read() as unit:
            page = await led_page(unit, asker, page_id)
            link = await self._link(unit, asker, page, wanted)
        return await self._look(asker, page, link)

    async def listed(self, viewer: Viewer, paging: Paging) -> Part[PageLink]:
        """List the links that the viewer made, and those to their pages, oldest first; ended ones too."""
        asker = signed_in(viewer, Scope.READ, DelegationScope.PAGES)
        async with self._units.read() as unit:
            return await unit.page_links.of_user(asker.organization_id, asker.user_id, paging)

    async def by_id(self, viewer: Viewer, link_id: PageLinkId) -> PageLink:
        """Give a link that the viewer made, or to a page of theirs; NotFound."""
        asker = signed_in(viewer, Scope.READ, DelegationScope.PAGES)
        async with self._units.read() as unit:
            return await own_link(unit, asker, link_id)

    async def create(
        self, viewer: Viewer, page_id: PageId, wanted: LinkSettings, *, offers_busy: bool = False
    ) -> MadeLink:
        """Make a link to a page that the viewer owns or hosts; its length is its owner's to change.

        With picked times it is a one-off meeting: TimesNotFree where one could not be booked now, unless it
        `offers_busy`. Raises NotEntitled, NotFound, NotAllowed, PageManaged, InvalidInput, TooMany.
        """
        asker = signed_in(viewer, Scope.PAGES, DelegationScope.PAGES)
        async with self._units.read() as unit:
            page = await led_page(unit, asker, page_id)
            link = await self._link(unit, asker, page, wanted)
        times = await self._picked(asker, page, link, offers_busy=offers_busy)
        secret = self._secret(link.id)
        async with self._units.begin() as unit:
            await unit.pages.lock_owner(asker.organization_id, asker.user_id)
            await check_entitled(unit, asker)
            await present(unit, asker)
            await led_page(unit, asker, page_id)
            if await unit.page_links.count_open(asker.organization_id, asker.user_id) >= MAX_OPEN_LINKS:
                raise InvalidInput("You have as many links as one may have. Revoke some first.")
            await unit.page_links.add(link, token_hash(secret))
            await noted(unit, asker, Act.PAGE_LINK_CREATED, link.id)
        return MadeLink(link, secret, times)

    async def update(
        self,
        viewer: Viewer,
        link_id: PageLinkId,
        change: Callable[[LinkSettings], LinkSettings],
        expected_revision: int | None = None,
        *,
        offers_busy: bool = False,
    ) -> ChangedLink:
        """Change a link: `change` is given its present settings. Bookings that were made by it stay.

        Raises what `create` raises, and Conflict where it is not of the expected revision any more. Who hosts
        the page no more may still revoke their link, and not ask by it how its hosts' time is.
        """
        asker = signed_in(viewer, Scope.PAGES, DelegationScope.PAGES)
        async with self._units.read() as unit:
            before = await own_link(unit, asker, link_id)
            page = await _opened_page(unit, asker, before)
            if before.revoked_at:
                raise NotFound("id")
            wanted = change(before.settings)
            link = await self._link(unit, asker, page, wanted, before)
        if expected_revision is not None and expected_revision != before.revision:
            raise Conflict("expectedRevision")
        is_picked = link.settings.terms.starts != before.settings.terms.starts
        times = await self._picked(asker, page, link, offers_busy=offers_busy) if is_picked else ()
        async with self._units.begin() as unit:
            await present(unit, asker)
            now = await own_link(unit, asker, link_id, locks=True)
            if now.revision != before.revision:
                raise Conflict("expectedRevision")
            await _opened_page(unit, asker, now)
            if link.settings.max_uses is not None and link.settings.max_uses < now.used:
                raise InvalidInput("It was used more often already.", "maxUses")
            link = replace(link, used=now.used)
            if not await unit.page_links.update(link):
                raise Conflict("expectedRevision")
            await acted(unit, asker, Act.PAGE_LINK_UPDATED, link.id)
            unit.record(_changed(link))
        return ChangedLink(link, times)

    async def revoke(self, viewer: Viewer, link_id: PageLinkId) -> PageLink:
        """End a link for good; bookings that were made by it stay. One that was revoked is answered alike."""
        asker = signed_in(viewer, Scope.PAGES, DelegationScope.PAGES)
        async with self._units.begin() as unit:
            await present(unit, asker)
            link = await own_link(unit, asker, link_id, locks=True)
            if link.revoked_at:
                return link
            link = replace(link, revoked_at=unit.now, revision=link.revision + 1)
            await unit.page_links.update(link)
            unit.record(_changed(link))
            await noted(unit, asker, Act.PAGE_LINK_REVOKED, link.id)
        return link

    async def open(self, viewer: Viewer, secret: str) -> PublicPage:
        """Give the page that a secret link opens, as it is by the link, with its owner.

        NotFound, always the same; LinkEnded, with nothing of the page; TooMany.
        """
        await self.knock(viewer)
        async with self._units.at_once() as unit:
            found = await linked_page(unit, secret)
            checked(found.page, unit.now)
        return found

    async def knock(self, viewer: Viewer) -> None:
        """Charge somebody for trying a secret, be it one or not; TooMany."""
        await self._limits.take(OPENINGS_PER_IP, visitor(viewer))

    async def forget_ended(self) -> None:
        """Delete links that ended a month ago, but for those by which a booking to come was made."""
        async with self._units.begin() as unit:
            await unit.page_links.forget_ended()

    async def _link(
        self,
        unit: Reading,
        asker: SignedIn,
        page: BookingPage,
        wanted: LinkSettings,
        before: PageLink | None = None,
    ) -> PageLink:
        """Make a link, or its next revision, by checked settings."""
        length, maker = (before.settings.terms.length, before.made_by) if before else (None, asker.user_id)
        if wanted.terms.length not in (None, length) and asker.user_id != page.owner_id:
            raise NotAllowed("durationMinutes")
        if wanted.terms.length not in (None, length, *page.rules.lengths):
            template = await managing(unit, page)
            if template and PageField.DURATION_MINUTES in template.settings.locked:
                raise PageManaged(template, "durationMinutes")
        settings, over_at = checked_link(
            wanted,
            before.settings if before else None,
            unit.now,
            length=page.rules.duration_minutes,
            zone=await _zone(unit, page, wanted.terms, maker) if wanted.terms.dates else NO_HOURS.zone,
            has_seats=page.kind is PageKind.GROUP,
        )
        if before:
            return replace(before, settings=settings, over_at=over_at, revision=before.revision + 1)
        return PageLink(
            id=PageLinkId(new_id()),
            organization_id=page.organization_id,
            page_id=page.id,
            made_by=maker,
            settings=settings,
            over_at=over_at,
            used=0,
            revision=1,
            created_at=unit.now,
        )

    async def _picked(
        self, asker: SignedIn, page: BookingPage, link: PageLink, *, offers_busy: bool
    ) -> tuple[ProposedTime, ...]:
        """Look at picked times; raises TimesNotFree where some cannot be booked and nobody said so."""
        if not link.settings.terms.starts:
            return ()
        times = await self._look(asker, page, link)
        if not offers_busy and any(time.refusals for time in times):
            raise TimesNotFree(times)
        return times

    async def _look(self, asker: SignedIn, page: BookingPage, link: PageLink) -> tuple[ProposedTime, ...]:
        await self._limits.take(PROPOSALS_PER_USER, str(asker.actor.id))
        its, starts = page.by_link(link), link.settings.terms.starts
        gathered = await self._availability.gather(its, reach_of_starts(starts), live=True)
        return proposed(gathered, starts, self._clock())

    def _secret(self, link_id: PageLinkId) -> str:
        """Make the secret of a link, which is stored nowhere (ADR-0009)."""
        return token(TokenKind.PAGE_LINK, self._vault.token_bytes("page-link", str(link_id)))


def proposed(gathered: Gathered, starts: Sequence[int], now: datetime) -> tuple[ProposedTime, ...]:
    """Say how times are of what was gathered for a page that offers them."""
    rules = gathered.page.rules
    return tuple(
        ProposedTime(
            start=instant_of(start),
            end=instant_of(start + rules.duration_minutes),
            hosts=states_at(rules, gathered.hosts, start, now, gathered.sessions),
            refusals=gathered.explain(instant_of(start), now),
        )
        for start in starts
    )


async def _opened_page(unit: Reading, asker: SignedIn, link: PageLink) -> BookingPage:
    """Give the page that a link of the asker's opens, if they own or host it still."""
    try:
        return await led_page(unit, asker, link.page_id)
    except NotFound:
        raise NotFound("id") from None


async def _zone(unit: Reading, page: BookingPage, terms: Terms, maker: UserId) -> str:
    """Name the zone in which a page's days are counted: its own, else that of its first host's hours.

    These are by a link its own where that host makes it.
    """
    if page.rules.zone:
        return page.rules.zone
    first = page.hosts[0]
    found = await unit.schedules.for_hosts(page.organization_id, [(first.user_id, first.schedule_id)])
    usual = found[first.user_id].schedule.hours if found else NO_HOURS
    return (terms.hours_of(usual) if first.user_id == maker else usual).zone


def _changed(link: PageLink) -> Happened:
    return Happened(EventKind.PAGE_LINK_CHANGED, link.organization_id, page_id=link.page_id)

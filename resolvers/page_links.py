"""Links to pages over GraphQL: pick times, make, change and revoke links, list them, open one."""

from datetime import datetime
from typing import Annotated

import strawberry
from strawberry import UNSET

from domain.errors import NotFound
from domain.ids import PageId, PageLinkId
from domain.page_links import LinkEnded, LinkSettings, starts_of
from domain.paging import paging
from domain.proposals import TimesNotFree
from resolvers.answers import answer
from resolvers.context import Given, Info
from schema.cost import paged
from schema.nodes import id_of
from schema.page_link_changes import (
    PageLinkCreateInput,
    PageLinkCreatePayload,
    PageLinkCreateResult,
    PageLinkRevokeInput,
    PageLinkRevokePayload,
    PageLinkRevokeResult,
    PageLinkUpdateInput,
    PageLinkUpdatePayload,
    PageLinkUpdateResult,
    said_link,
)
from schema.page_links import (
    BookingPageByLink,
    LinkedPageType,
    LinkEndedError,
    PageLinkType,
    ProposedTimesType,
    ProposedTimeType,
    TimesNotFreeError,
)
from schema.pagination import After, Before, Connection, First, Last, connection
from schema.slots import Length

ANSWERS = (
    answer(LinkEnded, LinkEndedError, LinkEndedError.of),
    answer(TimesNotFree, TimesNotFreeError, TimesNotFreeError.of),
)
Secret = Annotated[str, strawberry.argument(description="Secret of the link.")]
PageOf = Annotated[strawberry.ID, strawberry.argument(description="Page that one owns or hosts.")]
Starts = Annotated[
    list[datetime], strawberry.argument(description="Starts that one may offer, 50 at most within 62 days.")
]


@strawberry.type
class PageLinksQuery:
    """Questions about links to pages."""

    @strawberry.field(
        description="Page by a secret link to it, for whoever has that; null if the secret does not work."
    )
    async def booking_page_by_link(self, info: Info, secret: Secret) -> BookingPageByLink | None:
        """Show a page by the terms of a link."""
        try:
            found = await info.context.services.page_links.open(info.context.viewer, secret)
        except NotFound:
            return None
        return LinkedPageType.of(found.page, found.owner)

    @strawberry.field(
        description="Links that the viewer made, and those to their pages, oldest first.",
        directives=[paged()],
    )
    async def page_links(
        self,
        info: Info,
        first: First = UNSET,
        after: After = UNSET,
        last: Last = UNSET,
        before: Before = UNSET,
    ) -> Connection[PageLinkType]:
        """List links."""
        said = [None if value is UNSET else value for value in (first, last)]
        part = await info.context.services.page_links.listed(
            info.context.viewer, paging(said[0], after or None, said[1], before or None)
        )
        return connection(part, PageLinkType.of)

    @strawberry.field(
        description="How times are in the calendars of a page's hosts, asked now; null for others' pages."
    )
    async def proposed_times(
        self, info: Info, page_id: PageOf, starts: Starts, duration_minutes: Length = UNSET
    ) -> ProposedTimesType | None:
        """Look at times before they are offered (R087)."""
        try:
            times = await info.context.services.page_links.propose(
                info.context.viewer,
                PageId(id_of("BookingPage", page_id)),
                starts_of(starts, "starts"),
                None if duration_minutes is UNSET else duration_minutes,
            )
        except NotFound:
            return None
        return ProposedTimesType(times=[ProposedTimeType.of(time) for time in times])


@strawberry.type
class PageLinksMutation:
    """What hosts can do with links to their pages."""

    @strawberry.mutation(description="Make a secret link to a page; with picked times, a one-off meeting.")
    async def page_link_create(self, info: Info, input: Given[PageLinkCreateInput]) -> PageLinkCreateResult:
        """Make a link."""
        made = await info.context.services.page_links.create(
            info.context.viewer,
            PageId(id_of("BookingPage", input.page_id, "pageId")),
            said_link(input, LinkSettings()),
            offers_busy=input.offers_busy_times or False,
        )
        return PageLinkCreatePayload(
            page_link=PageLinkType.of(made.link),
            secret=made.secret,
            times=[ProposedTimeType.of(time) for time in made.times],
        )

    @strawberry.mutation(description="Change a link; bookings that were made by it stay as they are.")
    async def page_link_update(self, info: Info, input: Given[PageLinkUpdateInput]) -> PageLinkUpdateResult:
        """Change a link."""
        changed = await info.context.services.page_links.update(
            info.context.viewer,
            PageLinkId(id_of("PageLink", input.id, "id")),
            lambda present: said_link(input, present),
            None if input.expected_revision is UNSET else input.expected_revision,
            offers_busy=input.offers_busy_times or False,
        )
        return PageLinkUpdatePayload(
            page_link=PageLinkType.of(changed.link),
            times=[ProposedTimeType.of(time) for time in changed.times],
        )

    @strawberry.mutation(description="End a link for good; bookings that were made by it stay.")
    async def page_link_revoke(self, info: Info, input: Given[PageLinkRevokeInput]) -> PageLinkRevokeResult:
        """Revoke a link."""
        link_id = PageLinkId(id_of("PageLink", input.id, "id"))
        link = await info.context.services.page_links.revoke(info.context.viewer, link_id)
        return PageLinkRevokePayload(page_link=PageLinkType.of(link))

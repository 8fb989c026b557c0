"""Booking pages over GraphQL: by link, as a profile, as their owner's list, and their owner's changes."""

from dataclasses import replace
from typing import Annotated

import strawberry
from strawberry import UNSET

from domain.booking_pages import Conditions
from domain.errors import NotFound
from domain.ids import PageId
from domain.page_settings import PageSettings
from domain.paging import paging
from resolvers.context import Given, Info
from schema.booking_page_changes import (
    BookingPageCreateInput,
    BookingPageCreatePayload,
    BookingPageCreateResult,
    BookingPageDeleteInput,
    BookingPageDeletePayload,
    BookingPageDeleteResult,
    BookingPageUpdateInput,
    BookingPageUpdatePayload,
    BookingPageUpdateResult,
    said_settings,
)
from schema.booking_pages import BookingPageType, ProfileType, PublicBookingPageType
from schema.context import SHARED, shown
from schema.cost import paged
from schema.nodes import id_of
from schema.page_rules import with_conditions
from schema.pagination import After, Before, Connection, First, Last, connection
from services.booking_pages import PublicPage

Slug = Annotated[str, strawberry.argument(description="Link of the page, as `handle/page`.")]
Handle = Annotated[str, strawberry.argument(description="Public name of the user.")]


@strawberry.type
class BookingPagesQuery:
    """Questions about booking pages."""

    @strawberry.field(
        description="Page by its link, for everybody; null unless it is there and active.", metadata=SHARED
    )
    def booking_page(self, info: Info, slug: Slug) -> PublicBookingPageType | None:
        """Show a page to whoever has its link."""
        return shown(info, info.context.services.showing.page(slug), _public)

    @strawberry.field(description="Public list of a user's pages; null if there is no such user.")
    async def profile(self, info: Info, handle: Handle) -> ProfileType | None:
        """Show a profile."""
        try:
            found = await info.context.services.pages.profile(handle)
        except NotFound:
            return None
        return ProfileType.of(found.owner, found.pages)

    @strawberry.field(
        description="Pages of the viewer, oldest first: inactive and hidden ones too.", directives=[paged()]
    )
    async def booking_pages(
        self,
        info: Info,
        first: First = UNSET,
        after: After = UNSET,
        last: Last = UNSET,
        before: Before = UNSET,
    ) -> Connection[BookingPageType]:
        """List the viewer's pages."""
        said = [None if value is UNSET else value for value in (first, last)]
        part = await info.context.services.pages.own(
            info.context.viewer, paging(said[0], after or None, said[1], before or None)
        )
        return connection(part, BookingPageType.of)


@strawberry.type
class BookingPagesMutation:
    """What owners can do with their booking pages."""

    @strawberry.mutation(description="Make a booking page.")
    async def booking_page_create(
        self, info: Info, input: Given[BookingPageCreateInput]
    ) -> BookingPageCreateResult:
        """Make a page."""
        wanted = PageSettings(**with_conditions(Conditions(), said_settings(input)))
        page = await info.context.services.pages.create(info.context.viewer, wanted)
        return BookingPageCreatePayload(booking_page=BookingPageType.of(page))

    @strawberry.mutation(description="Change a booking page; bookings that were made stay as they are.")
    async def booking_page_update(
        self, info: Info, input: Given[BookingPageUpdateInput]
    ) -> BookingPageUpdateResult:
        """Change a page."""
        page_id = PageId(id_of("BookingPage", input.id, "id"))
        said = said_settings(input)
        page = await info.context.services.pages.update(
            info.context.viewer,
            page_id,
            lambda settings: replace(settings, **with_conditions(settings.conditions, said)),
            None if input.expected_revision is UNSET else input.expected_revision,
        )
        return BookingPageUpdatePayload(booking_page=BookingPageType.of(page))

    @strawberry.mutation(description="Remove a booking page for good; its bookings live on.")
    async def booking_page_delete(
        self, info: Info, input: Given[BookingPageDeleteInput]
    ) -> BookingPageDeleteResult:
        """Remove a page."""
        page_id = PageId(id_of("BookingPage", input.id, "id"))
        await info.context.services.pages.delete(info.context.viewer, page_id)
        return BookingPageDeletePayload(booking_page_id=input.id)


def _public(found: PublicPage) -> PublicBookingPageType:
    return PublicBookingPageType.of(found.page, found.owner)

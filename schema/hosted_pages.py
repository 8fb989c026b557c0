"""Pages that offer the viewer's time, and which of their calendars count there."""

from typing import Annotated, Self

import strawberry
from strawberry import UNSET

from domain.page_hosts import HostedPage
from schema.context import Info
from schema.errors import ConflictError, InvalidInputError, NotAllowedError, NotFoundError
from schema.nodes import global_id
from schema.users import HostType


@strawberry.type(name="HostedPage", description="Page that offers the viewer's time, whoever owns it.")
class HostedPageType:
    """Twin of domain.page_hosts.HostedPage, for that host alone: nobody else sees what they chose (R080)."""

    hosted: strawberry.Private[HostedPage]
    page_id: strawberry.ID = strawberry.field(description="Page, by the id of its `BookingPage`.")
    name: str = strawberry.field(description="Name of the page.")
    is_active: bool = strawberry.field(description="Whether anybody but its owner can see and book it.")
    counted_calendar_ids: list[strawberry.ID] = strawberry.field(
        description="Calendars of the viewer that count on it."
    )
    is_chosen: bool = strawberry.field(
        description="Whether the viewer has chosen them for this page; else they are all that count."
    )
    lacks_calendar: bool = strawberry.field(
        description="Whether one that was chosen is gone: the viewer is busy on it until they choose anew."
    )

    @strawberry.field(description="Person who owns it; null if they are gone.")
    async def owner(self, info: Info) -> HostType | None:
        """Load the owner."""
        user = await info.context.loaders.users.load(self.hosted.page.owner_id)
        return HostType.of(user) if user else None

    @strawberry.field(description="Public link, as `handle/page`; null if the owner is gone.")
    async def link(self, info: Info) -> str | None:
        """Spell the link with the owner's present handle."""
        owner = await info.context.loaders.users.load(self.hosted.page.owner_id)
        return f"{owner.handle}/{self.hosted.page.slug}" if owner else None

    @classmethod
    def of(cls, hosted: HostedPage) -> Self:
        """Shape a page for one of its hosts."""
        return cls(
            hosted=hosted,
            page_id=global_id("BookingPage", hosted.page.id),
            name=hosted.page.name,
            is_active=hosted.page.is_active,
            counted_calendar_ids=[global_id("Calendar", id_) for id_ in sorted(hosted.counted)],
            is_chosen=hosted.is_chosen,
            lacks_calendar=hosted.lacks_calendar,
        )


@strawberry.input(description="Calendars of the viewer that count on a page, in place of those before.")
class BookingPageCalendarsSetInput:
    """What bookingPageCalendarsSet takes."""

    id: strawberry.ID = strawberry.field(description="Page that offers the viewer's time.")
    calendar_ids: list[strawberry.ID] | None = strawberry.field(
        default=UNSET,
        description="Calendars of the viewer, 1 to 100, be they counted elsewhere or not; null for all that "
        "are. It has to be said.",
    )


@strawberry.type(description="Page with the calendars that count on it now.")
class BookingPageCalendarsSetPayload:
    """What comes of bookingPageCalendarsSet."""

    hosted_page: HostedPageType = strawberry.field(description="Changed page.")


BookingPageCalendarsSetResult = Annotated[
    BookingPageCalendarsSetPayload | InvalidInputError | NotFoundError | NotAllowedError | ConflictError,
    strawberry.union(
        "BookingPageCalendarsSetResult", description="What comes of choosing calendars for a page."
    ),
]

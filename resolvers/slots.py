"""Why a time is or is not offered; free slots and bookings, live."""

from collections.abc import AsyncGenerator, AsyncIterable
from datetime import datetime
from typing import Annotated

import strawberry
from strawberry import UNSET

from domain.errors import NotFound
from domain.events import EventKind
from domain.ids import PageId, PageLinkId
from resolvers.context import Info
from schema.bookings import BookingType
from schema.nodes import id_of
from schema.slots import (
    FreshnessType,
    Length,
    OpenSlotsChangeType,
    OpenSlotsEndReasonType,
    OpenSlotsEndType,
    OpenSlotsStateType,
    RefusalType,
    SlotExplanationType,
    Window,
    slots_of,
)
from schema.subscriptions import (
    BookingChangeKindEnum,
    BookingsChanged,
    BookingsChangeType,
    BookingsStateType,
)
from services.board import BoardChange, BoardState
from services.feeds import FeedChange, FeedEvent, FeedState

OpenSlotsChanged = Annotated[
    OpenSlotsStateType | OpenSlotsChangeType | OpenSlotsEndType,
    strawberry.union("OpenSlotsChanged", description="State first, then each change, and the end."),
]
Slug = Annotated[str, strawberry.argument(description="Link of the page, as `handle/page`.")]
Resume = Annotated[
    str | None,
    strawberry.argument(
        description="Cursor of the last event seen: what happened since comes first, nothing twice."
    ),
]


@strawberry.type
class SlotsQuery:
    """What can be asked of slots beyond a page's own field."""

    @strawberry.field(
        description="Why a page of the viewer's offers a start or not; null if it is not theirs."
    )
    async def explain_slot(
        self,
        info: Info,
        page_id: Annotated[strawberry.ID, strawberry.argument(description="Booking page.")],
        start: Annotated[datetime, strawberry.argument(description="Start that is asked about.")],
        duration_minutes: Length = UNSET,
        link_id: Annotated[
            strawberry.ID | None,
            strawberry.argument(description="Link to the page, of whose offer it is asked."),
        ] = UNSET,
    ) -> SlotExplanationType | None:
        """Explain by the code that decides (X12)."""
        services = info.context.services
        try:
            refusals, freshness = await services.availability.explain(
                info.context.viewer,
                PageId(id_of("BookingPage", page_id)),
                start,
                None if duration_minutes is UNSET else duration_minutes,
                PageLinkId(id_of("PageLink", link_id)) if link_id else None,
            )
        except NotFound:
            return None
        about = list({refusal.host: None for refusal in refusals if refusal.host is not None})
        found = await info.context.loaders.users.load_many(about)
        hosts = {user.id: user for user in found if user is not None}
        return SlotExplanationType(
            start=start,
            is_offered=not refusals,
            refusals=[RefusalType.of(item, hosts.get(item.host)) for item in refusals],
            freshness=FreshnessType(freshness.value),
        )


@strawberry.type
class SlotsSubscription:
    """What can be followed."""

    @strawberry.subscription(description="Free slots of a page in a window, as they change.")
    async def open_slots_changed(
        self,
        info: Info,
        slug: Slug,
        window: Window,
        after: Resume = UNSET,
        duration_minutes: Length = UNSET,
        link: Annotated[
            str | None, strawberry.argument(description="Secret of a link to the page, whose slots are told.")
        ] = UNSET,
    ) -> AsyncIterable[OpenSlotsChanged]:
        """Follow one page and window; what a subscriber is told does not depend on who they are."""
        length = None if duration_minutes is UNSET else duration_minutes
        if link:
            await info.context.services.page_links.knock(info.context.viewer)
        feeds = info.context.services.feeds
        return feeds.follow(
            slug, window.from_, window.to, after or None, _shown, length=length, link=link or None
        )

    @strawberry.subscription(description="Bookings that the viewer hosts, as they change.")
    async def bookings_changed(
        self, info: Info, after: Resume = UNSET
    ) -> AsyncGenerator[BookingsChanged, None]:
        """Follow one host's bookings."""
        async for event in info.context.services.board.follow(info.context.viewer, after or None):
            yield told(event)


def _shown(event: FeedEvent) -> OpenSlotsStateType | OpenSlotsChangeType | OpenSlotsEndType:
    if isinstance(event, FeedState):
        return OpenSlotsStateType(
            revision=event.revision,
            cursor=event.cursor,
            freshness=FreshnessType(event.freshness.value),
            slots=slots_of(event.slots),
        )
    if isinstance(event, FeedChange):
        return OpenSlotsChangeType(
            revision=event.revision,
            cursor=event.cursor,
            freshness=FreshnessType(event.freshness.value),
            added=slots_of(event.added),
            removed=slots_of(event.removed),
        )
    by_link, by_slug = OpenSlotsEndReasonType.LINK_UNAVAILABLE, OpenSlotsEndReasonType.PAGE_UNAVAILABLE
    return OpenSlotsEndType(
        revision=event.revision, cursor=event.cursor, reason=by_link if event.is_by_link else by_slug
    )


_KINDS = {
    EventKind.BOOKING_REQUESTED: BookingChangeKindEnum.REQUESTED,
    EventKind.BOOKING_DECLINED: BookingChangeKindEnum.DECLINED,
    EventKind.BOOKING_CONFIRMED: BookingChangeKindEnum.CONFIRMED,
    EventKind.BOOKING_RESCHEDULED: BookingChangeKindEnum.RESCHEDULED,
    EventKind.BOOKING_CANCELLED: BookingChangeKindEnum.CANCELLED,
    EventKind.BOOKING_REASSIGNED: BookingChangeKindEnum.REASSIGNED,
    EventKind.ENTRY_WRITTEN: BookingChangeKindEnum.ENTRY_WRITTEN,
    EventKind.ENTRY_DRIFTED: BookingChangeKindEnum.ENTRY_DRIFTED,
    EventKind.MEETING_CHANGED: BookingChangeKindEnum.MEETING_CHANGED,
}


def told(event: BoardState | BoardChange) -> BookingsStateType | BookingsChangeType:
    """Shape what a dashboard is told."""
    if isinstance(event, BoardState):
        return BookingsStateType(
            revision=event.revision,
            cursor=event.cursor,
            bookings=[BookingType.of(booking) for booking in event.bookings],
        )
    return BookingsChangeType(
        revision=event.revision,
        cursor=event.cursor,
        kind=_KINDS[event.kind],
        booking=BookingType.of(event.booking),
    )

"""Who waits for slots of a page over GraphQL, for its owner and hosts."""

from typing import Annotated

import strawberry
from strawberry import UNSET

from domain.errors import NotFound
from domain.ids import PageId, WaiterId
from resolvers.context import Given, Info
from schema.cost import paged
from schema.nodes import id_of
from schema.page_waiters import (
    PageWaiterType,
    WaiterRemoveInput,
    WaiterRemovePayload,
    WaiterRemoveResult,
)
from schema.pagination import After, Before, Connection, First, Last, connection, paging_of

PageOf = Annotated[strawberry.ID, strawberry.argument(description="Page that the viewer owns or hosts.")]
Only = Annotated[bool, strawberry.argument(description="Whether to leave out who waits no more.")]


@strawberry.type
class PageWaitersQuery:
    """What hosts can ask about who waits."""

    @strawberry.field(
        description="Who waits for slots to come of a page, or has waited, in the order in which they "
        "joined; null for others' pages.",
        directives=[paged()],
    )
    async def page_waiters(
        self,
        info: Info,
        page_id: PageOf,
        waiting_only: Only = False,
        first: First = UNSET,
        after: After = UNSET,
        last: Last = UNSET,
        before: Before = UNSET,
    ) -> Connection[PageWaiterType] | None:
        """List who waits."""
        services = info.context.services
        try:
            part = await services.bookings.queues.listed(
                info.context.viewer,
                PageId(id_of("BookingPage", page_id)),
                paging_of(first, after, last, before),
                waiting_only=waiting_only,
            )
        except NotFound:
            return None
        return connection(part, lambda seen: PageWaiterType.of(seen.waiter, seen.now))


@strawberry.type
class PageWaitersMutation:
    """What hosts can do with who waits."""

    @strawberry.mutation(description="Take somebody off a waitlist; they are told.")
    async def waiter_remove(self, info: Info, input: Given[WaiterRemoveInput]) -> WaiterRemoveResult:
        """Take somebody off."""
        seen = await info.context.services.bookings.queues.remove(
            info.context.viewer, WaiterId(id_of("PageWaiter", input.id, "id"))
        )
        return WaiterRemovePayload(waiter=PageWaiterType.of(seen.waiter, seen.now))

"""Who waits for slots of a page, as its owner and hosts see it, and taking somebody off."""

from datetime import datetime
from typing import Annotated, Self

import strawberry

from domain.waitlist import Waiter, WaiterState
from schema.errors import ConflictError, NotAllowedError, NotFoundError
from schema.nodes import NodeType, global_id
from schema.scalars import EmailAddress, TimeZone
from schema.waitlists import WaiterStateType


@strawberry.type(name="PageWaiter", description="Somebody who waits for a slot of a page, or has waited.")
class PageWaiterType(NodeType):
    """Twin of domain.waitlist.Waiter, for the page's owner and hosts."""

    state: WaiterStateType = strawberry.field(description="Where they stand.")
    place: int | None = strawberry.field(description="Place in the queue for the slot, while they wait.")
    start: datetime = strawberry.field(description="When the slot begins.")
    end: datetime = strawberry.field(description="When the slot ends.")
    joined_at: datetime = strawberry.field(description="Since when they wait, or have waited.")
    offered_until: datetime | None = strawberry.field(
        description="Until when the slot is held for them, while it is."
    )
    name: str = strawberry.field(description="Name that they gave.")
    email: EmailAddress = strawberry.field(description="Address to which an offer is mailed.")
    zone: TimeZone = strawberry.field(description="Zone in which they read times.")

    @classmethod
    def of(cls, waiter: Waiter, now: datetime) -> Self:
        """Shape it as it is at an instant."""
        state = waiter.state(now)
        return cls(
            id=global_id("PageWaiter", waiter.id),
            state=WaiterStateType(state.value),
            place=waiter.place(now),
            start=waiter.list.start,
            end=waiter.list.end,
            joined_at=waiter.joined_at,
            offered_until=waiter.offer.until if waiter.offer and state is WaiterState.OFFERED else None,
            name=waiter.name,
            email=EmailAddress(waiter.email),
            zone=TimeZone(waiter.zone),
        )


@strawberry.input(description="Who is taken off a waitlist.")
class WaiterRemoveInput:
    """What waiterRemove takes; who waits no more stays as they are."""

    id: strawberry.ID = strawberry.field(description="Somebody who waits.")


@strawberry.type(description="Who was taken off a waitlist.")
class WaiterRemovePayload:
    """What comes of waiterRemove."""

    waiter: PageWaiterType = strawberry.field(description="Where they stand now.")


WaiterRemoveResult = Annotated[
    WaiterRemovePayload | NotFoundError | NotAllowedError | ConflictError,
    strawberry.union("WaiterRemoveResult", description="What comes of taking somebody off a waitlist."),
]

"""Waitlists over GraphQL: join, follow one's place, take what is offered, leave."""

from collections.abc import AsyncGenerator
from typing import Annotated

import strawberry
from strawberry import UNSET

from domain.booking_pages import PlaceKind
from domain.errors import NotFound
from domain.waitlist import AlreadyWaiting, NoWaitlist, SlotFree, WaitlistFull
from resolvers.answers import answer
from resolvers.bookings import for_invitee
from resolvers.context import Given, Info
from schema.waitlists import (
    AlreadyWaitingError,
    NoWaitlistError,
    SlotFreeError,
    WaiterType,
    WaitlistFullError,
    WaitlistJoinInput,
    WaitlistJoinPayload,
    WaitlistJoinResult,
    WaitlistLeaveInput,
    WaitlistLeavePayload,
    WaitlistLeaveResult,
    WaitlistTakeInput,
    WaitlistTakePayload,
    WaitlistTakeResult,
)
from services.bookings import WaitFor, Waits

ANSWERS = (
    answer(SlotFree, SlotFreeError),
    answer(NoWaitlist, NoWaitlistError),
    answer(WaitlistFull, WaitlistFullError),
    answer(AlreadyWaiting, AlreadyWaitingError),
)
Secret = Annotated[str, strawberry.argument(description="Secret of the place, from its mail.")]


@strawberry.type
class WaitlistsQuery:
    """What can be asked."""

    @strawberry.field(description="Place in a queue by its link; null for a link that does not work.")
    async def waiter(self, info: Info, token: Secret) -> WaiterType | None:
        """Look."""
        try:
            return _shown(await info.context.services.bookings.waiting.by_link(token))
        except NotFound:
            return None


@strawberry.type
class WaitlistsMutation:
    """What can be done."""

    @strawberry.mutation(description="Wait for a slot that is taken.")
    async def waitlist_join(self, info: Info, input: Given[WaitlistJoinInput]) -> WaitlistJoinResult:
        """Join."""
        wanted = WaitFor(
            slug=input.slug,
            start=input.start,
            name=input.invitee.name,
            email=input.invitee.email,
            zone=input.invitee.zone,
            locale=input.invitee.locale or info.context.locale,
            idempotency_key=input.idempotency_key,
            length=None if input.duration_minutes is UNSET else input.duration_minutes,
        )
        waits = await info.context.services.bookings.waiting.join(info.context.viewer, wanted)
        return WaitlistJoinPayload(waiter=_shown(waits), token=waits.token)

    @strawberry.mutation(description="Wait no more, and give up what is held.")
    async def waitlist_leave(self, info: Info, input: Given[WaitlistLeaveInput]) -> WaitlistLeaveResult:
        """Leave."""
        waits = await info.context.services.bookings.waiting.leave(info.context.viewer, input.token)
        return WaitlistLeavePayload(waiter=_shown(waits))

    @strawberry.mutation(description="Book what is held for who has waited.")
    async def waitlist_take(self, info: Info, input: Given[WaitlistTakeInput]) -> WaitlistTakeResult:
        """Take."""
        booked = await info.context.services.bookings.waiting.take(
            info.context.viewer,
            input.token,
            {given.key: tuple(given.values) for given in input.answers},
            PlaceKind(input.place_kind.value) if input.place_kind else None,
            input.idempotency_key,
        )
        shown = await for_invitee(info, booked.booking, booked.invitee)
        return WaitlistTakePayload(booking=shown, manage_token=booked.token)


@strawberry.type
class WaitlistsSubscription:
    """What can be followed."""

    @strawberry.subscription(description="Place in a queue, and each change of it, until the waiting ends.")
    async def waiter_changed(self, info: Info, token: Secret) -> AsyncGenerator[WaiterType, None]:
        """Follow one place."""
        async for waits in info.context.services.bookings.waiting.follow(token):
            yield _shown(waits)


def _shown(waits: Waits) -> WaiterType:
    return WaiterType.of(waits.waiter, waits.page, waits.now, waits.hold)

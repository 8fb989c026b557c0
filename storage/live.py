"""Redis channels: signals that something was touched (ids, never contents), and the workers' wake-up call.

Everything here may be lost: listeners look again by themselves, and workers sweep.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable
from datetime import UTC, datetime
from uuid import UUID

import orjson

from domain.events import EventKind, Happened
from domain.ids import BookingId, InviteeId, OrganizationId, PageId, UserId
from storage.redis import RedisClient, RedisFailed, in_time

WAKE = "slotgraph:wake"
EVENTS = "slotgraph:live"
_PAUSE_S = 0.5
_IDLE_S = 30.0


class Live:
    """Publishes what has happened, and listens."""

    def __init__(self, redis: RedisClient) -> None:
        self._redis = redis
        self._near: list[Callable[[Happened, bytes], None]] = []

    def tell_here(self, listener: Callable[[Happened, bytes], None]) -> None:
        """Tell `listener`, which must not wait, of each event that this process announces, before the others.

        It is given the announcement too, by which it knows the event when that comes back.
        """
        self._near.append(listener)

    async def wake(self) -> bool:
        """Wake the workers: something is due; say whether Redis took it."""
        return await self.publish((), wake=True)

    async def announce(self, events: Iterable[Happened], at: datetime, *, wake: bool) -> bool:
        """Publish events and, if asked to, wake the workers; say whether Redis took them.

        `at` is when the events were written, as their rows say it.
        """
        return await self.publish(self.tell(events, at), wake=wake)

    def tell(self, events: Iterable[Happened], at: datetime) -> list[bytes]:
        """Tell those who listen here of events, and give what is to be published of them."""
        announced = {announcement(event, at): event for event in events}
        for data, event in announced.items():
            for listener in self._near:
                listener(event, data)
        return list(announced)

    async def repeat(self, announcements: Iterable[bytes]) -> bool:
        """Publish announcements that were lost; say whether Redis took them."""
        return await self.publish(announcements, wake=False)

    async def publish(self, announcements: Iterable[bytes], *, wake: bool) -> bool:
        """Publish announcements and, if asked to, wake the workers; say whether Redis took them."""
        try:
            async with in_time(self._redis), self._redis.pipeline(transaction=False) as pipe:
                for data in announcements:
                    pipe.publish(EVENTS, data)
                if wake:
                    pipe.publish(WAKE, b"1")
                await pipe.execute()
        except RedisFailed:
            return False
        return True

    async def listen(
        self, channel: str, *, lost: Callable[[], None] | None = None
    ) -> AsyncGenerator[bytes | None, None]:
        """Yield what is published on a channel, for ever.

        None is yielded when listening begins and after each interruption: something may have been
        missed, so look for yourself. `lost` is called as soon as an interruption is noticed.
        """
        while True:
            try:
                async with self._redis.pubsub() as pubsub:
                    await pubsub.subscribe(channel)
                    yield None
                    while True:
                        message = await pubsub.get_message(ignore_subscribe_messages=True, timeout=_IDLE_S)
                        if message is not None:
                            yield message["data"]
            except RedisFailed:
                if lost is not None:
                    lost()
                await asyncio.sleep(_PAUSE_S)


def announcement(event: Happened, at: datetime) -> bytes:
    """Spell an event as it is published: always alike, and by its microsecond unlike every other."""
    return orjson.dumps(
        {
            "at": at.astimezone(UTC),
            "kind": event.kind,
            "organization": event.organization_id,
            "hosts": event.hosts,
            "page": event.page_id,
            "booking": event.booking_id,
            "invitee": event.invitee_id,
        },
        default=str,  # the database's driver has a UUID class of its own
    )


def event_of(data: bytes) -> Happened | None:
    """Read a published event; None for what a process of another version may have published."""
    try:
        raw = orjson.loads(data)
        return Happened(
            EventKind(raw["kind"]),
            OrganizationId(UUID(raw["organization"])),
            tuple(UserId(UUID(host)) for host in raw["hosts"]),
            PageId(UUID(raw["page"])) if raw["page"] else None,
            BookingId(UUID(raw["booking"])) if raw["booking"] else None,
            InviteeId(UUID(raw["invitee"])) if raw["invitee"] else None,
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return None

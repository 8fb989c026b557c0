"""Live slots: one computation a page and window for all its subscribers, and the changes each has yet to see.

A feed computes when something touched its page or hosts, when Redis was interrupted, and when busy times
grow old, and only while somebody is subscribed (D02). Each subscriber keeps the last state it was given
and no queue: a slow reader is given the newest state, never every step.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from datetime import datetime

from domain.booking_pages import BookingPage
from domain.calendars import Freshness
from domain.errors import NotFound
from domain.events import Happened
from domain.ids import UserId
from domain.open_slots import FindSlots
from services.availability import Availability, window_of
from services.booking_pages import BookingPages
from services.signals import Signals
from storage.base import StorageFailed
from storage.snapshots import Column, Revision, Snapshots, revision_of

_GATHER_S = 0.05  # signals of one change come together; a page shows it well within a second
_NO_EPOCH = ""  # revisions made while Redis was away: nothing can be resumed from them


@dataclass(frozen=True, slots=True)
class FeedState:
    """All free slots of the window, at a revision."""

    revision: int
    cursor: str
    freshness: Freshness
    slots: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class FeedChange:
    """What changed since the subscriber's last event; a slot whose seats changed is added again."""

    revision: int
    cursor: str
    freshness: Freshness
    added: tuple[Column, ...]
    removed: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class FeedEnded:
    """The page is not available any more."""

    revision: int
    cursor: str


FeedEvent = FeedState | FeedChange | FeedEnded


@dataclass(frozen=True, slots=True)
class _Shown:
    revision: Revision
    slots: tuple[Column, ...]
    freshness: Freshness
    is_ended: bool = False


class _Feed:
    """One page and window: its present state, and those who wait for the next."""

    def __init__(self, name: str, page: BookingPage) -> None:
        self.name = name
        self.shown: _Shown | None = None
        self.failure: BaseException | None = None
        self.touched = asyncio.Event()
        self.changed = asyncio.Event()
        self.subscribers = 0
        self.page_id = page.id
        self.hosts: frozenset[UserId] = frozenset()
        self.aim(page)

    def aim(self, page: BookingPage) -> None:
        """Note whose time the feed shows."""
        self.hosts = frozenset(host.user_id for host in page.hosts)

    def show(self, shown: _Shown) -> None:
        """Show a new state to all who wait."""
        self.shown = shown
        self.changed.set()
        self.changed = asyncio.Event()

    def note_end(self, keeping: asyncio.Task[None]) -> None:
        """Tell all who wait if a defect has ended what keeps this feed: they would wait for ever."""
        if not keeping.cancelled():
            self.failure = keeping.exception()
            self.changed.set()

    async def next_change(self, changed: asyncio.Event) -> None:
        """Wait for a state after the one that is known; raises what has ended the feed, if a defect did."""
        await changed.wait()
        if self.failure is not None:
            raise self.failure

    def next_revision(self) -> Revision:
        """Give a number to a state that Redis could not number."""
        return Revision(_NO_EPOCH, self.shown.revision.number + 1 if self.shown else 0)


class Feeds:
    """All feeds of this process."""

    def __init__(
        self,
        pages: BookingPages,
        availability: Availability,
        signals: Signals,
        snapshots: Snapshots,
        clock: Callable[[], datetime],
        *,
        refresh_s: float,
    ) -> None:
        self._pages = pages
        self._availability = availability
        self._snapshots = snapshots
        self._clock = clock
        self._refresh_s = refresh_s
        self._feeds: dict[str, _Feed] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self.computed = 0  # how often slots were computed: it does not grow with the subscribers
        signals.listen(self._hear)

    def _hear(self, event: Happened | None) -> None:
        for feed in self._feeds.values():
            if event is None or _touches(event, feed):
                feed.touched.set()

    async def follow(
        self, slug: str, start: datetime, end: datetime, after: str | None
    ) -> AsyncGenerator[FeedEvent, None]:
        """Yield a page's free slots between two instants: the full state, then each change.

        With a cursor that is still known, nothing is repeated: what changed since comes first. Raises
        NotFound for a page that is not available, InvalidInput for a window that cannot be asked for.
        """
        window_of(start, end)
        page = await self._pages.open_page(slug)
        name = f"{page.id}:{start.isoformat()}:{end.isoformat()}"
        feed = self._feeds.get(name)
        if feed is None:
            feed = self._feeds[name] = _Feed(name, page)
            keeping = self._tasks[name] = asyncio.create_task(self._keep(feed, slug, start, end))
            keeping.add_done_callback(feed.note_end)
        feed.subscribers += 1
        try:
            async for event in self._deliver(feed, after):
                yield event
        finally:
            feed.subscribers -= 1
            if not feed.subscribers and self._feeds.get(name) is feed:
                del self._feeds[name]
                self._tasks.pop(name).cancel()

    async def _deliver(self, feed: _Feed, after: str | None) -> AsyncGenerator[FeedEvent, None]:
        while feed.shown is None:
            await feed.next_change(feed.changed)
        seen = await self._resumed(feed, after) if after else None
        if seen is None and not feed.shown.is_ended:
            seen = feed.shown
            yield FeedState(seen.revision.number, seen.revision.cursor(feed.name), seen.freshness, seen.slots)
        while not feed.shown.is_ended:
            changed, shown = feed.changed, feed.shown
            if seen is not None and shown.slots != seen.slots:
                yield _change(feed.name, seen, shown)
            seen = shown
            await feed.next_change(changed)
        yield FeedEnded(feed.shown.revision.number, feed.shown.revision.cursor(feed.name))

    async def _resumed(self, feed: _Feed, after: str) -> _Shown | None:
        revision = revision_of(after, feed.name)
        slots = await self._snapshots.at(feed.name, revision) if revision else None
        if revision is None or slots is None or feed.shown is None:
            return None
        return _Shown(revision, slots, feed.shown.freshness)

    async def _keep(self, feed: _Feed, slug: str, start: datetime, end: datetime) -> None:
        """Compute a feed's state whenever it may have changed, for as long as somebody is subscribed."""
        while True:
            feed.touched.clear()
            try:
                page = await self._pages.open_page(slug)
                feed.aim(page)
                self.computed += 1
                found = await self._availability.open_slots(FindSlots(page, start, end))
            except NotFound:
                feed.show(_Shown(feed.next_revision(), (), Freshness.UNKNOWN, is_ended=True))
                return
            except StorageFailed:
                # What was shown stays; the next look is not far.
                await self._wait(feed)
                continue
            slots = tuple((slot.start, slot.end, slot.seats_left) for slot in found.slots)
            if feed.shown is None or slots != feed.shown.slots:
                revision = await self._snapshots.keep(feed.name, slots, self._clock())
                feed.show(_Shown(revision or feed.next_revision(), slots, found.freshness))
            await self._wait(feed)

    async def _wait(self, feed: _Feed) -> None:
        try:
            async with asyncio.timeout(self._refresh_s):
                await feed.touched.wait()
            await asyncio.sleep(_GATHER_S)
        except TimeoutError:
            return


def _touches(event: Happened, feed: _Feed) -> bool:
    return event.page_id == feed.page_id or not feed.hosts.isdisjoint(event.hosts)


def _change(feed: str, seen: _Shown, shown: _Shown) -> FeedChange:
    before, now = set(seen.slots), set(shown.slots)
    starts = {slot[0] for slot in shown.slots}
    return FeedChange(
        shown.revision.number,
        shown.revision.cursor(feed),
        shown.freshness,
        added=tuple(slot for slot in shown.slots if slot not in before),
        removed=tuple(slot for slot in seen.slots if slot not in now and slot[0] not in starts),
    )

"""Live slots: one computation a page and window for all its subscribers, and the changes each has yet to see.

A feed computes when something touched its page or hosts, when Redis was interrupted, and when busy times
grow old, and only while somebody is subscribed (D02). Each subscriber keeps the last state it was given
and no queue: a slow reader is given the newest state, never every step.

Thousands who come back at once cost little: the page is read once for all who ask at a time, the state
that a cursor names once for all who have it, and feeds that all have to look do so one after the other.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from random import uniform
from typing import Generic, TypeVar
from uuid import UUID

from domain.booking_pages import BookingPage
from domain.calendars import Freshness
from domain.errors import InvalidInput, NotFound
from domain.events import Happened
from domain.open_slots import FindSlots
from domain.page_links import LinkEnded
from services.availability import Availability, window_of
from services.booking_pages import BookingPages
from services.once import Once
from services.signals import Signals
from services.steps import Step, steps_of
from storage.base import StorageFailed
from storage.snapshots import Column, Revision, Snapshots, revision_of

_PAUSE_S = 0.05  # between two computations of a feed: what comes meanwhile is shown together
_LATER = 1.1  # feeds that began together are refreshed apart
_LOOKS_PER_S = 200  # of all feeds together, when Redis was interrupted
_NO_EPOCH = ""  # revisions made while Redis was away: nothing can be resumed from them
_KEPT = 4

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class FeedState:
    """All free slots of the window, at a revision."""

    revision: int
    cursor: str
    freshness: Freshness
    slots: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class FeedChange:
    """What changed since the subscriber's last event; a slot whose seats changed is added again.

    Both are empty when no slot changed, but whether the calendars behind them can be read.
    """

    revision: int
    cursor: str
    freshness: Freshness
    added: tuple[Column, ...]
    removed: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class FeedEnded:
    """The page is not available any more, or the link by which it was followed."""

    revision: int
    cursor: str
    is_by_link: bool = False


FeedEvent = FeedState | FeedChange | FeedEnded


@dataclass(frozen=True, slots=True, eq=False)
class _Shown:
    revision: Revision
    slots: tuple[Column, ...]
    freshness: Freshness
    is_ended: bool = False


@dataclass(frozen=True, slots=True)
class _Wish:
    slug: str
    start: datetime
    end: datetime
    length: int | None
    link: str | None


class _Feed:
    """One page and window: its present state, and those who wait for the next."""

    def __init__(self, name: str, page: BookingPage) -> None:
        self.name = name
        self.page_id = page.id
        self.is_by_link = page.link is not None
        self.touchers: frozenset[UUID] = frozenset()
        self.shown: _Shown | None = None
        self.past: dict[Revision, _Shown] = {}
        self.failure: BaseException | None = None
        self.touched = asyncio.Event()
        self.begun = asyncio.Event()
        self.watchers: set[Callable[[], None]] = set()
        self.subscribers = 0

    def show(self, shown: _Shown) -> None:
        """Show a new state to all who wait."""
        self.shown = shown
        self._tell()

    def note_end(self, keeping: asyncio.Task[None]) -> None:
        """Tell all who wait if a defect has ended what keeps this feed: they would wait for ever."""
        if not keeping.cancelled():
            self.failure = keeping.exception()
            self._tell()

    def _tell(self) -> None:
        self.begun.set()
        for told in tuple(self.watchers):
            told()

    @property
    def is_over(self) -> bool:
        """Whether nothing comes any more."""
        return self.failure is not None or (self.shown is not None and self.shown.is_ended)

    def next_revision(self) -> Revision:
        """Give a number to a state that Redis could not number."""
        return Revision(_NO_EPOCH, self.shown.revision.number + 1 if self.shown else 0)

    def remember(self, seen: _Shown) -> None:
        """Keep a past state for the next who comes back with its cursor."""
        while len(self.past) >= _KEPT:
            del self.past[next(iter(self.past))]
        self.past[seen.revision] = seen

    def event(self, seen: _Shown | None) -> FeedEvent | None:
        """Say what leads from a state to the present one; None from itself. Raises what broke the feed."""
        if self.failure is not None:
            raise self.failure
        shown = self.shown
        if shown is None or (seen is not None and seen.revision == shown.revision):
            return None
        number, cursor = shown.revision.number, shown.revision.cursor(self.name)
        if shown.is_ended:
            return FeedEnded(number, cursor, self.is_by_link)
        if seen is None:
            return FeedState(number, cursor, shown.freshness, shown.slots)
        before, now = set(seen.slots), set(shown.slots)
        starts = {slot[0] for slot in shown.slots}
        added = tuple(slot for slot in shown.slots if slot not in before)
        removed = tuple(slot for slot in seen.slots if slot not in now and slot[0] not in starts)
        return FeedChange(number, cursor, shown.freshness, added, removed)


class Following(Generic[T]):
    """One subscriber's hold on a feed, telling its events in the caller's words; see `Stepped`."""

    resumes_by = "after"

    def __init__(self, feeds: "Feeds", wish: _Wish, after: str | None, say: Callable[[FeedEvent], T]) -> None:
        self._feeds = feeds
        self._wish = wish
        self._after = after
        self._say = say
        self._feed: _Feed | None = None
        self._told: Callable[[], None] | None = None

    @property
    def key(self) -> _Feed | None:
        """Name the feed: by itself, since a broken one is followed by another of the same name."""
        return self._feed

    @property
    def now(self) -> object:
        """Give the present state."""
        return self._feed.shown if self._feed else None

    async def begin(self) -> object | None:
        """Wait for the feed's first state, and find the one that the cursor names.

        Raises NotFound for a page that is not available, InvalidInput for a window that cannot be asked for.
        """
        self._feed = feed = await self._feeds.join(self._wish)
        await feed.begun.wait()
        return await self._feeds.resumed(feed, self._after) if self._after else None

    def step(self, seen: object | None) -> Step[T] | None:
        """Give the one event that leads to the newest state."""
        feed = self._feed
        event = feed.event(seen if isinstance(seen, _Shown) else None) if feed else None
        if feed is None or event is None:
            return None
        return Step(self._say(event), feed.shown, is_last=isinstance(event, FeedEnded))

    def watch(self, told: Callable[[], None]) -> None:
        """Have `told` called at each change."""
        if self._feed:
            self._feed.watchers.add(told)
            self._told = told

    def close(self) -> None:
        """Follow no longer; a feed that nobody follows is given up."""
        feed, self._feed = self._feed, None
        if feed:
            if self._told:
                feed.watchers.discard(self._told)
            self._feeds.leave(feed)

    def __aiter__(self) -> AsyncIterator[T]:
        """Tell one subscriber everything."""
        return steps_of(self)


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
        self._opened = Once(self._open)
        self._availability = availability
        self._snapshots = snapshots
        self._states = Once(self._recall)
        self._clock = clock
        self._refresh_s = refresh_s
        self._feeds: dict[str, _Feed] = {}
        self._touched_by: defaultdict[UUID, set[_Feed]] = defaultdict(set)
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self.computed = 0  # how often slots were computed: it does not grow with the subscribers
        self.recalled = 0  # how often a past state was read for those who came back
        signals.listen(self._hear)

    def follow(
        self,
        slug: str,
        start: datetime,
        end: datetime,
        after: str | None,
        say: Callable[[FeedEvent], T],
        *,
        length: int | None = None,
        link: str | None = None,
    ) -> Following[T]:
        """Follow a page's free slots between two instants: the full state, then each change.

        With a cursor that is still known, nothing is repeated: what changed since comes first. `length` is
        one of the page's, in minutes; None for its own, whichever that is. By a secret `link` to it, the
        slots are those of the link, until that ends.
        """
        return Following(self, _Wish(slug, start, end, length, link), after, say)

    async def join(self, wish: _Wish) -> _Feed:
        """Find or begin a feed, and be one of its subscribers until `leave`."""
        window_of(wish.start, wish.end)
        page = (await self._opened.of((wish.slug, wish.link))).of_length(wish.length, "durationMinutes")
        by = f":{page.link_id}" if page.link else ""
        name = f"{page.id}{by}:{wish.length or 'own'}:{wish.start.isoformat()}:{wish.end.isoformat()}"
        feed = self._feeds.get(name)
        if feed is None or feed.is_over:
            feed = self._feeds[name] = _Feed(name, page)
            self._aim(feed, page)
            keeping = self._tasks[name] = asyncio.create_task(self._keep(feed, wish))
            keeping.add_done_callback(feed.note_end)
        feed.subscribers += 1
        return feed

    async def _open(self, opened_by: tuple[str, str | None]) -> BookingPage:
        return await self._pages.open_page(*opened_by)

    def leave(self, feed: _Feed) -> None:
        """Be one of a feed's subscribers no longer."""
        feed.subscribers -= 1
        if not feed.subscribers:
            self._aim(feed, None)
            if self._feeds.get(feed.name) is feed:
                del self._feeds[feed.name]
                self._tasks.pop(feed.name).cancel()

    async def resumed(self, feed: _Feed, after: str) -> _Shown | None:
        """Find the state that a cursor names; None if it is not known any more."""
        revision = revision_of(after, feed.name)
        if revision is None:
            return None
        if feed.shown and revision == feed.shown.revision:
            return feed.shown
        return feed.past.get(revision) or await self._states.of((feed, revision))

    async def _recall(self, key: tuple[_Feed, Revision]) -> _Shown | None:
        feed, revision = key
        if (seen := feed.past.get(revision)) is not None:
            return seen
        self.recalled += 1
        slots = await self._snapshots.at(feed.name, revision)
        if slots is None:
            return None
        seen = _Shown(revision, slots, Freshness.RECENT)
        feed.remember(seen)
        return seen

    def _hear(self, event: Happened | None) -> None:
        if event is None:
            loop, spread_s = asyncio.get_running_loop(), len(self._feeds) / _LOOKS_PER_S
            for feed in self._feeds.values():
                loop.call_later(uniform(0, spread_s), feed.touched.set)  # noqa: S311 -- no secret
            return
        for toucher in (event.page_id, *event.hosts):
            for feed in self._touched_by.get(toucher, ()) if toucher else ():
                feed.touched.set()

    def _aim(self, feed: _Feed, page: BookingPage | None) -> None:
        """Note whose changes touch a feed; None: nobody's any more."""
        touchers = page.followed if page else frozenset[UUID]()
        for toucher in feed.touchers - touchers:
            self._touched_by[toucher].discard(feed)
            if not self._touched_by[toucher]:
                del self._touched_by[toucher]
        for toucher in touchers - feed.touchers:
            self._touched_by[toucher].add(feed)
        feed.touchers = touchers

    async def _keep(self, feed: _Feed, wish: _Wish) -> None:
        """Compute a feed's state whenever it may have changed, for as long as somebody is subscribed."""
        while True:
            feed.touched.clear()
            try:
                await self._compute(feed, wish)
            except (NotFound, LinkEnded, InvalidInput):  # the page, or its bookings of this length
                feed.show(_Shown(feed.next_revision(), (), Freshness.UNKNOWN, is_ended=True))
                return
            except StorageFailed:
                pass  # what was shown stays; the next look is not far
            await self._wait(feed)

    async def _compute(self, feed: _Feed, wish: _Wish) -> None:
        page = (await self._pages.open_page(wish.slug, wish.link)).of_length(wish.length)
        self._aim(feed, page)
        self.computed += 1
        found = await self._availability.open_slots(FindSlots(page, wish.start, wish.end))
        slots = tuple((slot.start, slot.end, slot.seats_left) for slot in found.slots)
        is_known = found.freshness is not Freshness.UNKNOWN
        shown = feed.shown
        if shown and shown.slots == slots and (shown.freshness is not Freshness.UNKNOWN) == is_known:
            feed.shown = replace(shown, freshness=found.freshness)  # nothing that has to be told
            return
        revision = await self._snapshots.keep(feed.name, slots, self._clock(), is_known=is_known)
        if shown and not shown.is_ended:
            feed.remember(shown)
        feed.show(_Shown(revision or feed.next_revision(), slots, found.freshness))

    async def _wait(self, feed: _Feed) -> None:
        await asyncio.sleep(_PAUSE_S)
        try:
            async with asyncio.timeout(self._refresh_s * uniform(1, _LATER)):  # noqa: S311 -- no secret
                await feed.touched.wait()
        except TimeoutError:
            return

"""What everybody is shown of pages: the page behind a link, and its open slots, kept to be shown again."""

from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from domain.calendars import Freshness
from domain.ids import PageId
from domain.open_slots import FindSlots, OpenSlots
from domain.page_links import PageLink
from domain.standing import Standing
from services.availability import Availability
from services.booking_pages import BookingPages, PublicPage
from services.signals import Signals
from services.standings import Found, Standings

_MINUTE = timedelta(minutes=1)
_MOST_PAGES = 5_000
_MOST_SLOTS = 200_000  # over all questions; some thirty megabytes
_A_QUESTION = 16  # slots: what an answer without any takes, with its key, its columns and their texts

Question = tuple[PageId, int, int, datetime, datetime, PageLink | None]


class Showing:
    """Pages and slots as guests see them; nothing here depends on who asks.

    What is ready is given at once, everything else is to be awaited.

    Slots are shown again to the end of the minute at most, since with each minute that passes one may be
    too soon to book, and no longer than busy times may be kept: `busy_s` seconds from when they were asked
    for (D02).
    """

    def __init__(
        self,
        pages: BookingPages,
        availability: Availability,
        signals: Signals,
        clock: Callable[[], datetime],
        *,
        busy_s: float,
    ) -> None:
        self._pages = pages
        self._availability = availability
        self._clock = clock
        self._busy = timedelta(seconds=busy_s)
        self._by_link: Standings[str, PublicPage] = Standings(signals, clock, most=_MOST_PAGES)
        self._by_question: Standings[Question, OpenSlots] = Standings(
            signals, clock, most=_MOST_SLOTS, weigh=lambda found: _A_QUESTION + len(found.slots)
        )

    async def close(self) -> None:
        """End every look that is under way."""
        await self._by_link.close()
        await self._by_question.close()

    def page(self, slug: str) -> Standing[PublicPage] | Coroutine[Any, Any, Standing[PublicPage]]:
        """Find the page behind a public link, `handle/page`; NotFound unless it is active."""

        async def look() -> Found[PublicPage]:
            until = self._clock() + _MINUTE
            found = await self._pages.by_slug(slug)
            return Found(found, found, until, frozenset((found.page.id, found.owner.id)))

        return self._by_link.find(slug, look)

    def open_slots(
        self, question: FindSlots
    ) -> Standing[OpenSlots] | Coroutine[Any, Any, Standing[OpenSlots]]:
        """Find free slots of a page that the caller was let to see; InvalidInput for a wrong window."""
        page = question.page
        follows = page.followed

        async def look() -> Found[OpenSlots]:
            now = self._clock()
            found = await self._availability.open_slots(question)
            end_of_minute = now.replace(second=0, microsecond=0) + _MINUTE
            until = min(end_of_minute, (found.as_of or now) + self._busy)
            is_live = found.freshness is Freshness.LIVE
            again = replace(found, freshness=Freshness.RECENT) if is_live else found
            return Found(found, again, until, follows)

        key = (page.id, page.revision, page.rules.duration_minutes, question.start, question.end, page.link)
        return self._by_question.find(key, look, follows)

"""Makes up for announcements that were lost, and only for those: what was heard is not said again."""

from datetime import timedelta

from storage.live import EVENTS, Live, announcement
from storage.unit import Units

_BATCH = 500
_AFTER = timedelta(seconds=2)  # by then the process that committed has announced its events itself
_REMEMBERED = 10_000


class Announcements:
    """Listens to what is announced, and looks in the log for what was not."""

    def __init__(self, units: Units, live: Live) -> None:
        self._units = units
        self._live = live
        self._heard: dict[bytes, None] = {}  # in the order of hearing; the oldest are forgotten

    async def listen(self) -> None:
        """Remember what is announced, for ever: Redis has told all who listen."""
        async for data in self._live.listen(EVENTS):
            if data is not None:
                self._heard[data] = None
                if len(self._heard) > _REMEMBERED:
                    del self._heard[next(iter(self._heard))]

    async def make_up(self) -> int:
        """Announce events of some seconds ago that nobody heard of: their process died, or Redis was away.

        Says how many. Each event is looked at once, whichever worker does it; a worker that began to
        listen later than an event was announced says it once more, which harms nobody.
        """
        made_up = 0
        while True:
            async with self._units.at_once() as unit:
                events = await unit.outbox.unannounced(_BATCH, before=unit.now - _AFTER)
            said = [announcement(event.happened, event.at) for event in events]
            lost = [data for data in said if data not in self._heard]
            if lost:
                await self._live.repeat(lost)
            made_up += len(lost)
            if len(events) < _BATCH:
                return made_up

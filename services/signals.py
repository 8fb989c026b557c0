"""What happens anywhere, heard once a process and handed to whoever waits for it here.

What this process does itself is handed on before it is announced to the others, so that whoever did it
and looks again sees it; it then comes once more, as to everybody.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Generator
from contextlib import contextmanager

from domain.events import Happened
from domain.ids import OrganizationId
from storage.live import EVENTS, Live, event_of

Listener = Callable[[Happened | None], None]


class Signals:
    """Listens while `run` runs. None is handed on after an interruption: look for yourselves.

    While `are_heard` is False something may happen and nobody here is told.
    """

    def __init__(self, live: Live) -> None:
        self._live = live
        self._listeners: set[Listener] = set()
        self._waiting: defaultdict[OrganizationId, set[asyncio.Event]] = defaultdict(set)
        self.are_heard = False
        live.tell_here(self._hand_on)

    async def run(self) -> None:
        """Listen for ever."""
        try:
            async for data in self._live.listen(EVENTS, lost=self._lose):
                event = event_of(data) if data is not None else None
                if data is None:
                    self.are_heard = True
                elif event is None:
                    continue
                self._hand_on(event)
        finally:
            self._lose()

    def _lose(self) -> None:
        if self.are_heard:
            self.are_heard = False
            self._hand_on(None)

    def _hand_on(self, event: Happened | None) -> None:
        for listener in self._listeners:
            listener(event)
        for organization_id, waiting in self._waiting.items():
            if event is None or event.organization_id == organization_id:
                for touched in waiting:
                    touched.set()

    def listen(self, listener: Listener) -> None:
        """Hand every event to `listener`, which must not wait."""
        self._listeners.add(listener)

    @contextmanager
    def of(self, organization_id: OrganizationId) -> Generator[asyncio.Event, None, None]:
        """Give an event that is set whenever something happens in an organization."""
        touched = asyncio.Event()
        self._waiting[organization_id].add(touched)
        try:
            yield touched
        finally:
            self._waiting[organization_id].discard(touched)
            if not self._waiting[organization_id]:
                del self._waiting[organization_id]

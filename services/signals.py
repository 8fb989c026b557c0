"""What happens anywhere, heard once a process and handed to whoever waits for it here.

What this process does itself is handed on before it is announced to the others, so that whoever did it
and looks again sees it; when it comes back over Redis it is known already.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Generator
from contextlib import contextmanager

from domain.events import Happened
from domain.ids import OrganizationId
from storage.live import EVENTS, Live, event_of

_AWAITED = 1_000

Listener = Callable[[Happened | None], None]


class Signals:
    """Listens while `run` runs. None is handed on after an interruption: look for yourselves.

    While `are_heard` is False something may happen and nobody here is told.
    """

    def __init__(self, live: Live) -> None:
        self._live = live
        self._listeners: set[Listener] = set()
        self._waiting: defaultdict[OrganizationId, set[asyncio.Event]] = defaultdict(set)
        self._own: dict[bytes, None] = {}  # what this process announced and has not come back yet
        self.are_heard = False
        live.tell_here(self._hand_on_here)

    async def run(self) -> None:
        """Listen for ever."""
        try:
            async for data in self._live.listen(EVENTS, lost=self._lose):
                event = event_of(data) if data is not None else None
                if data is None:
                    self.are_heard = True
                elif event is None or self._is_own(data):
                    continue
                self._hand_on(event)
        finally:
            self._lose()

    def _lose(self) -> None:
        if self.are_heard:
            self.are_heard = False
            self._hand_on(None)

    def _hand_on_here(self, event: Happened, data: bytes) -> None:
        if self.are_heard:
            self._own[data] = None
            while len(self._own) > _AWAITED:
                del self._own[next(iter(self._own))]
        self._hand_on(event)

    def _is_own(self, data: bytes) -> bool:
        if data not in self._own:
            return False
        del self._own[data]
        return True

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

"""What is kept of open slots takes no more memory than its bound, also where no slot is open."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from inspect import isawaitable
from typing import Any, cast

import pytest

from domain.calendars import Freshness
from domain.open_slots import FindSlots, OpenSlots
from domain.slots import Rules
from services import showing
from services.showing import Showing
from services.signals import Signals
from storage.live import Live
from storage.redis import connect

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Page:
    """As much of a page as is asked for its slots."""

    id: str = "page"
    revision: int = 1
    followed: frozenset[Any] = frozenset()
    rules: Rules = field(default_factory=lambda: Rules(30))
    link: None = None


class Closed:
    """Pages that never have an open slot."""

    async def open_slots(self, _: FindSlots) -> OpenSlots:
        """Find none."""
        return OpenSlots((), Freshness.RECENT, NOW)


async def test_answers_without_slots_are_weighed_by_what_they_take(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A question takes some two kilobytes, as a dozen slots do."""
    monkeypatch.setattr(showing, "_MOST_SLOTS", 120)
    signals = Signals(Live(connect(redis_url, deadline_s=5)))
    signals.are_heard = True
    shown = Showing(cast("Any", None), cast("Any", Closed()), signals, lambda: NOW, busy_s=30)
    first = FindSlots(cast("Any", Page()), NOW, NOW + timedelta(days=1))
    questions = [replace(first, end=first.end + timedelta(minutes=number)) for number in range(10)]

    for question in questions:
        found = shown.open_slots(question)
        assert isawaitable(found)
        await found

    kept = [question for question in questions if not is_looked_for(shown, question)]
    assert kept == questions[-7:]


def is_looked_for(shown: Showing, question: FindSlots) -> bool:
    """Say whether a question has to be looked into, without doing so."""
    found = shown.open_slots(question)
    if not isawaitable(found):
        return False
    cast("Any", found).close()
    return True

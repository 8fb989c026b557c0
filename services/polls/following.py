"""Polls, live: as they are, and again whenever that changes.

All who follow one poll share one look for each change. A look is of one snapshot, and nobody is shown an
older one than before: so what is counted is what some state in the database had, and never goes back.
"""

import asyncio
import base64
import binascii
from collections.abc import AsyncGenerator

from domain.errors import InvalidInput
from domain.ids import OrganizationId, PollId
from domain.polls import PollState
from domain.users import DelegationScope, Scope, Viewer, signed_in
from services.access import own_poll
from services.bookings.desk import Desk
from services.polls.seeing import Seeing, Seen, shown_to
from services.polls.values import LinkedPoll, OrganizedPoll
from services.polls.voting import opened
from services.signals import Signals

_LOOK_S = 5.0  # for the day when a signal is lost, and for what the clock changes
_SIZE = 9
_VERSION = b"\x01"


class Following:
    """Follows one poll, for voters or its organizer."""

    def __init__(self, desk: Desk, signals: Signals, seeing: Seeing) -> None:
        self._desk = desk
        self._signals = signals
        self._seeing = seeing

    async def by_link(self, text: str, after: str | None) -> AsyncGenerator[LinkedPoll, None]:
        """Yield a poll as its voters see it, by its link or a voter's own, from a cursor on; NotFound."""
        async with self._desk.units.read() as unit:
            poll, voter_id = await opened(unit, text)
        if after:
            revision_of(after)
        seen: object = None
        # Of a poll that hides its ballots nobody hears that somebody has voted, so no cursor counts them.
        async for found in self._follow(poll.organization_id, poll.id, None if poll.is_hidden else after):
            shown = shown_to(found, voter_id)
            if not poll.is_hidden or shown.visible() != seen:
                seen = shown.visible()
                yield shown

    async def organized(
        self, viewer: Viewer, poll_id: PollId, after: str | None
    ) -> AsyncGenerator[OrganizedPoll, None]:
        """Yield a poll as its organizer sees it, from a cursor on; NotFound."""
        asker = signed_in(viewer, Scope.READ, DelegationScope.POLLS)
        async with self._desk.units.read() as unit:
            await own_poll(unit, asker, poll_id)
        async for found in self._follow(asker.organization_id, poll_id, after):
            if asker.poll_link is not None:
                async with self._desk.units.read() as unit:
                    await own_poll(unit, asker, poll_id)  # the link may have ended
            yield found.poll

    async def _follow(
        self, organization_id: OrganizationId, poll_id: PollId, after: str | None
    ) -> AsyncGenerator[Seen, None]:
        known = revision_of(after) if after else 0
        state: object = None
        with self._signals.of(organization_id) as touched:
            while True:
                touched.clear()
                found = await self._seeing.of(organization_id, poll_id)
                if found is None:
                    return  # it was deleted
                seen = found.poll
                revision = seen.poll.revision
                its = seen.poll.state(seen.now), seen.poll.is_announced(seen.now)
                # A poll ends by the clock too, which is no change of its row, also while nobody follows.
                was = state or (PollState.OPEN, False)
                has_ended = its != was and revision == known
                if revision > known or has_ended:
                    yield found
                known, state = max(known, revision), its
                await _either(touched)


async def _either(touched: asyncio.Event) -> None:
    try:
        async with asyncio.timeout(_LOOK_S):
            await touched.wait()
    except TimeoutError:
        return


def cursor_of(revision: int) -> str:
    """Spell the revision of a poll as an opaque cursor."""
    return base64.urlsafe_b64encode(_VERSION + revision.to_bytes(8, "big")).decode().rstrip("=")


def revision_of(cursor: str) -> int:
    """Read a cursor that we made; InvalidInput."""
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    except (binascii.Error, ValueError):
        raw = b""
    if len(cursor) > 2 * _SIZE or len(raw) != _SIZE or raw[:1] != _VERSION:
        raise InvalidInput("This cursor was not made by this poll.", "after")
    return int.from_bytes(raw[1:], "big")

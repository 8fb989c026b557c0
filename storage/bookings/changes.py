"""What is done to bookings. Whoever changes one holds its hosts' locks until the commit."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from domain.bookings import Booking
from domain.effects import Effect
from domain.events import Happened
from domain.ids import InviteeId, PageId
from storage.bookings.locks import locking
from storage.bookings.questions import Questions
from storage.bookings.rows import NO_OVERLAP, NO_SHARED_RESOURCE
from storage.bookings.writing import (
    CHANGED_BOOKINGS,
    NEW_HOSTS,
    NEW_RESOURCES,
    NEW_SEATS,
    USED_KEYS,
    Change,
    Outcome,
)
from storage.postgres import ExclusionViolated
from storage.recording import recording
from storage.writing import write

_LOCK_INVITEE = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))"


class Bookings(Questions):
    """Reads and changes bookings, seen from one transaction."""

    async def lock_hosts(self, hosts: Iterable[UUID]) -> None:
        """Wait for the sole right to change these hosts' time, until the transaction ends.

        Once in a unit, or by `Units.begin`: who takes some locks and then others may wait for ever.
        """
        await self._connection.driver.execute(locking(hosts))

    async def lock_invitee(self, page_id: PageId, email: str) -> None:
        """Let nobody else book on a page by an address, until the transaction ends; after the hosts' locks.

        Where any host takes a booking, these alone do not keep two bookings of one person apart. The address
        is as `one_person` gave it.
        """
        await self._connection.driver.fetch(_LOCK_INVITEE, f"invitee {page_id} {email}")

    async def write(self, change: Change, events: Sequence[Happened], effects: Sequence[Effect]) -> Outcome:
        """Store a change with what has happened and what must follow, in one statement.

        After any other outcome than STORED the caller gives the whole unit up: a part of it may be written.
        """
        rows = {**change.rows, **recording(events, effects, self._now)}
        try:
            written = await write(self._connection.driver, rows)
        except ExclusionViolated as refused:
            # A booking's new time; an added one's is refused without an error, see NEW_HOSTS.
            if NO_OVERLAP in str(refused) or NO_SHARED_RESOURCE in str(refused):
                return Outcome.TAKEN
            raise
        if any(written.get(kind, 0) < len(rows[kind]) for kind in (NEW_HOSTS, NEW_RESOURCES, NEW_SEATS)):
            return Outcome.TAKEN
        if written.get(CHANGED_BOOKINGS, 0) < len(rows[CHANGED_BOOKINGS]):
            return Outcome.CHANGED
        return Outcome.KEY_USED if written.get(USED_KEYS, 0) < len(rows[USED_KEYS]) else Outcome.STORED

    async def add_capability(
        self, token_hash: bytes, booking: Booking, invitee_id: InviteeId, scope: str
    ) -> None:
        """Store that a secret link may do something; stored before, it stays as it is."""
        change = Change(self._now)
        change.link(token_hash, booking, invitee_id, scope)
        await self.write(change, (), ())

    async def forget_keys(self, before: datetime) -> None:
        """Delete idempotency keys that are older than their day."""
        await self._connection.core.execute(
            text("DELETE FROM idempotency_keys WHERE created_at < :before"), {"before": before}
        )

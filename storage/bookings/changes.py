"""What is done to bookings. Whoever changes one holds its hosts' locks (`lock_hosts`) until the commit."""

import zlib
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, Integer, bindparam, text, update
from sqlalchemy.dialects.postgresql import Range, insert
from sqlalchemy.exc import IntegrityError

from domain.bookings import Booking, Invitee
from domain.ids import BookingId, InviteeId, OrganizationId, UserId
from storage.bookings.documents import answers_document, place_document
from storage.bookings.questions import Questions
from storage.bookings.rows import (
    NO_OVERLAP,
    BookingHostRow,
    BookingRow,
    CapabilityRow,
    IdempotencyRow,
    InviteeRow,
)

_LOCK_SPACE = 77
_LOCK = text(
    "SELECT pg_advisory_xact_lock(:space, key) FROM unnest(:keys) WITH ORDINALITY AS k (key, n)"
).bindparams(bindparam("keys", type_=ARRAY(Integer())))


def _lock_key(host: UserId) -> int:
    return zlib.crc32(host.bytes) - 2**31


class Bookings(Questions):
    """Reads and changes bookings, seen from one transaction."""

    async def lock_hosts(self, hosts: Iterable[UserId]) -> None:
        """Wait for the sole right to change these hosts' time, until the transaction ends.

        The locks are taken in ascending order of the key itself, since two hosts may share one:
        two transactions can then never wait for each other (R2 of the security file).
        """
        keys = sorted({_lock_key(host) for host in hosts})
        await self._connection.execute(_LOCK, {"space": _LOCK_SPACE, "keys": keys})

    async def add(self, booking: Booking, *, buffer_before_minutes: int, buffer_after_minutes: int) -> bool:
        """Store a booking with its hosts and seats; False if a host's time is taken.

        The caller gives the whole unit up on False: the booking itself is in it already.
        """
        await self._connection.execute(
            insert(BookingRow).values(
                organization_id=booking.organization_id,
                id=booking.id,
                page_id=booking.page_id,
                state=booking.state,
                during=Range(booking.start, booking.end),
                capacity=booking.capacity,
                place=place_document(booking.place),
                version=booking.version,
                created_at=booking.created_at,
                changed_at=booking.changed_at,
            )
        )
        taken = await self._connection.execute(
            # DO NOTHING inserts speculatively: two racers never wait for each other's rows.
            insert(BookingHostRow)
            .on_conflict_do_nothing()
            .values(
                [
                    {
                        "organization_id": booking.organization_id,
                        "booking_id": booking.id,
                        "host_id": host,
                        "during": Range(booking.start, booking.end),
                        "occupies": True,
                        "buffer_before_minutes": buffer_before_minutes,
                        "buffer_after_minutes": buffer_after_minutes,
                    }
                    for host in sorted(booking.hosts)
                ]
            )
            .returning(BookingHostRow.host_id)
        )
        if len(taken.all()) < len(booking.hosts):
            return False
        return all([await self.add_seat(booking, invitee) for invitee in booking.invitees])

    async def add_seat(self, booking: Booking, invitee: Invitee) -> bool:
        """Store one more seat of a booking; False if the seat is taken."""
        added = await self._connection.execute(
            insert(InviteeRow)
            .on_conflict_do_nothing()
            .values(
                organization_id=booking.organization_id,
                id=invitee.id,
                booking_id=booking.id,
                capacity=booking.capacity,
                created_at=invitee.created_at,
                **_seat(invitee),
                changed_at=self._now,
            )
            .returning(InviteeRow.id)
        )
        return added.one_or_none() is not None

    async def save_seat(self, booking: Booking, invitee: Invitee) -> None:
        """Store a seat that has changed; `booking` is where it stands now, be it another than before."""
        await self._connection.execute(
            update(InviteeRow)
            .where(InviteeRow.organization_id == booking.organization_id, InviteeRow.id == invitee.id)
            .values(booking_id=booking.id, capacity=booking.capacity, **_seat(invitee), changed_at=self._now)
        )

    async def save(self, booking: Booking) -> bool:
        """Store a booking's state, time and version in one UPDATE; False if its new time is taken.

        The hosts' rows follow by the foreign key, where the exclusion constraint judges them. After
        False the transaction is over: the caller gives the unit up.
        """
        try:
            await self._connection.execute(
                update(BookingRow)
                .where(BookingRow.organization_id == booking.organization_id, BookingRow.id == booking.id)
                .values(
                    state=booking.state,
                    during=Range(booking.start, booking.end),
                    version=booking.version,
                    changed_at=self._now,
                )
            )
        except IntegrityError as error:
            if NO_OVERLAP in str(error.orig):
                return False
            raise
        return True

    async def add_capability(
        self, token_hash: bytes, booking: Booking, invitee_id: InviteeId, scope: str
    ) -> None:
        """Store that a secret link may do something; stored before, it stays as it is."""
        await self._connection.execute(
            insert(CapabilityRow)
            .on_conflict_do_nothing()
            .values(
                token_hash=token_hash,
                organization_id=booking.organization_id,
                booking_id=booking.id,
                invitee_id=invitee_id,
                scope=scope,
                created_at=self._now,
            )
        )

    async def revoke_capabilities(
        self, organization_id: OrganizationId, invitee_id: InviteeId, scope: str
    ) -> None:
        """End the links of one kind to a seat."""
        await self._connection.execute(
            update(CapabilityRow)
            .where(
                CapabilityRow.organization_id == organization_id,
                CapabilityRow.invitee_id == invitee_id,
                CapabilityRow.scope == scope,
                CapabilityRow.revoked_at.is_(None),
            )
            .values(revoked_at=self._now)
        )

    async def move_capabilities(
        self, organization_id: OrganizationId, invitee_id: InviteeId, booking_id: BookingId
    ) -> None:
        """Let the links to a seat name the booking into which the seat has moved."""
        await self._connection.execute(
            update(CapabilityRow)
            .where(CapabilityRow.organization_id == organization_id, CapabilityRow.invitee_id == invitee_id)
            .values(booking_id=booking_id)
        )

    async def remember(
        self,
        actor: str,
        operation: str,
        key_hash: bytes,
        request_hash: bytes,
        booking: Booking,
        invitee_id: InviteeId,
    ) -> bool:
        """Store what an idempotency key was used for; False if somebody used it before."""
        added = await self._connection.execute(
            insert(IdempotencyRow)
            .on_conflict_do_nothing()
            .values(
                actor=actor,
                operation=operation,
                key_hash=key_hash,
                request_hash=request_hash,
                organization_id=booking.organization_id,
                booking_id=booking.id,
                invitee_id=invitee_id,
                created_at=self._now,
            )
            .returning(IdempotencyRow.key_hash)
        )
        return added.one_or_none() is not None

    async def forget_keys(self, before: datetime) -> None:
        """Delete idempotency keys that are older than their day."""
        await self._connection.execute(
            text("DELETE FROM idempotency_keys WHERE created_at < :before"), {"before": before}
        )


def _seat(invitee: Invitee) -> dict[str, Any]:
    return {
        "seat": invitee.seat,
        "state": invitee.state,
        "hold_expires_at": invitee.hold_expires_at,
        "name": invitee.name,
        "email": invitee.email,
        "zone": invitee.zone,
        "locale": invitee.locale,
        "answers": answers_document(invitee.answers),
        "moved_from": invitee.moved_from,
        "version": invitee.version,
        "cancel_reason": invitee.cancel_reason,
        "cancelled_by": invitee.cancelled_by,
    }

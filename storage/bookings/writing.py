"""What a change of bookings leaves behind, written in one statement with its events and effects."""

from collections.abc import Mapping
from datetime import datetime
from enum import Enum, auto
from types import MappingProxyType

from domain.bookings import Booking, Invitee
from domain.ids import BookingId, InviteeId, OrganizationId, ResourceId, UserId
from storage.bookings.documents import (
    answers_document,
    assignment_document,
    place_document,
    waived_document,
)
from storage.writing import Row, Write, binary, during

NO_BUFFERS: Mapping[UserId, tuple[int, int]] = MappingProxyType({})

NEW_BOOKINGS = Write(
    "new_bookings",
    "bookings",
    """INSERT INTO bookings
        (organization_id, id, page_id, state, during, capacity, place, version, created_at, changed_at,
        series_id, waived, waived_by)
    SELECT organization_id, id, page_id, state, during, capacity, place, version, created_at, changed_at,
        series_id, waived, waived_by
    FROM {rows} RETURNING 1""",
)
# DO NOTHING inserts speculatively: two racers never wait for each other's rows.
NEW_HOSTS = Write(
    "new_hosts",
    "booking_hosts",
    """INSERT INTO booking_hosts
        (organization_id, booking_id, host_id, during, occupies, buffer_before_minutes, buffer_after_minutes,
        position, assigned_at, assignment)
    SELECT organization_id, booking_id, host_id, during, true, buffer_before_minutes, buffer_after_minutes,
        position, assigned_at, assignment
    FROM {rows} ON CONFLICT DO NOTHING RETURNING 1""",
)
GONE_HOSTS = Write(
    "gone_hosts",
    "booking_hosts",
    """DELETE FROM booking_hosts USING {rows} AS c
    WHERE booking_hosts.organization_id = c.organization_id AND booking_hosts.booking_id = c.booking_id
        AND booking_hosts.host_id = c.host_id RETURNING 1""",
)
NEW_RESOURCES = Write(
    "new_resources",
    "booking_resources",
    """INSERT INTO booking_resources (organization_id, booking_id, resource_id, during, occupies, position)
    SELECT organization_id, booking_id, resource_id, during, true, position
    FROM {rows} ON CONFLICT DO NOTHING RETURNING 1""",
)
GONE_RESOURCES = Write(
    "gone_resources",
    "booking_resources",
    """DELETE FROM booking_resources USING {rows} AS c
    WHERE booking_resources.organization_id = c.organization_id
        AND booking_resources.booking_id = c.booking_id
        AND booking_resources.resource_id = c.resource_id RETURNING 1""",
)
NEW_SEATS = Write(
    "new_seats",
    "invitees",
    """INSERT INTO invitees (organization_id, id, booking_id, capacity, seat, state, hold_expires_at, name,
        email, zone, locale, answers, moved_from, version, cancel_reason, cancelled_by, created_at,
        changed_at, link_id)
    SELECT organization_id, id, booking_id, capacity, seat, state, hold_expires_at, name,
        email, zone, locale, answers, moved_from, version, cancel_reason, cancelled_by, created_at,
        changed_at, link_id
    FROM {rows} ON CONFLICT DO NOTHING RETURNING 1""",
)
CHANGED_SEATS = Write(
    "changed_seats",
    "invitees",
    """UPDATE invitees SET booking_id = c.booking_id, capacity = c.capacity, seat = c.seat, state = c.state,
        hold_expires_at = c.hold_expires_at, name = c.name, email = c.email, zone = c.zone,
        locale = c.locale, answers = c.answers, moved_from = c.moved_from, version = c.version,
        cancel_reason = c.cancel_reason, cancelled_by = c.cancelled_by, changed_at = c.changed_at
    FROM {rows} AS c
    WHERE invitees.organization_id = c.organization_id AND invitees.id = c.id RETURNING 1""",
)
# The hosts' rows follow by the foreign key, where the exclusion constraint judges them.
CHANGED_BOOKINGS = Write(
    "changed_bookings",
    "bookings",
    """UPDATE bookings SET state = c.state, during = c.during, place = c.place, version = c.version,
        changed_at = c.changed_at, waived = c.waived, waived_by = c.waived_by
    FROM {rows} AS c
    WHERE bookings.organization_id = c.organization_id AND bookings.id = c.id
        AND bookings.version < c.version RETURNING 1""",
)
NEW_LINKS = Write(
    "new_links",
    "capabilities",
    """INSERT INTO capabilities (token_hash, organization_id, booking_id, invitee_id, scope, created_at)
    SELECT token_hash, organization_id, booking_id, invitee_id, scope, created_at
    FROM {rows} ON CONFLICT DO NOTHING RETURNING 1""",
)
MOVED_LINKS = Write(
    "moved_links",
    "capabilities",
    """UPDATE capabilities SET booking_id = c.booking_id FROM {rows} AS c
    WHERE capabilities.organization_id = c.organization_id AND capabilities.invitee_id = c.invitee_id
    RETURNING 1""",
)
USED_KEYS = Write(
    "used_keys",
    "idempotency_keys",
    """INSERT INTO idempotency_keys (actor, operation, key_hash, request_hash, organization_id, booking_id,
        invitee_id, created_at)
    SELECT actor, operation, key_hash, request_hash, organization_id, booking_id, invitee_id, created_at
    FROM {rows} ON CONFLICT DO NOTHING RETURNING 1""",
)


class Outcome(Enum):
    """What came of writing a change."""

    STORED = auto()
    TAKEN = auto()  # a host's time or a seat is somebody else's
    CHANGED = auto()  # the booking is another by now: its hosts, whose locks keep others away, have changed
    KEY_USED = auto()  # a racer with the same idempotency key was first


class Change:
    """Rows of each table, gathered before they are written at once.

    Each row is given once: what is added is given as it shall be in the end.
    """

    def __init__(self, now: datetime) -> None:
        self._now = now
        self.rows: dict[Write, list[Row]] = {
            kind: []
            for kind in (
                NEW_BOOKINGS,
                NEW_HOSTS,
                GONE_HOSTS,
                NEW_RESOURCES,
                GONE_RESOURCES,
                NEW_SEATS,
                CHANGED_SEATS,
                CHANGED_BOOKINGS,
                NEW_LINKS,
                MOVED_LINKS,
                USED_KEYS,
            )
        }

    def add(
        self,
        booking: Booking,
        *,
        buffer_before_minutes: int,
        buffer_after_minutes: int,
        own_buffers: Mapping[UserId, tuple[int, int]] = NO_BUFFERS,
    ) -> None:
        """Add a booking with its hosts, without its seats.

        `own_buffers` has the minutes before and after of hosts who keep more free than others.
        """
        self.rows[NEW_BOOKINGS].append(
            {
                "organization_id": booking.organization_id,
                "id": booking.id,
                "page_id": booking.page_id,
                "state": booking.state,
                "during": during(booking.start, booking.end),
                "capacity": booking.capacity,
                "place": place_document(booking.place),
                "version": booking.version,
                "created_at": booking.created_at,
                "changed_at": booking.changed_at,
                "series_id": booking.series_id,
                **_waived(booking),
            }
        )
        buffers = (buffer_before_minutes, buffer_after_minutes)
        self.rows[NEW_HOSTS] += [
            self._host(booking, host, own_buffers.get(host, buffers))
            for host in sorted(booking.hosts, key=_order)
        ]
        self.rows[NEW_RESOURCES] += [self._resource(booking, resource) for resource in booking.resources]

    def swap(self, before: Booking, after: Booking) -> None:
        """Let a booking have other resources; what it keeps it has at its new time too.

        The caller saves the booking itself.
        """
        self.rows[GONE_RESOURCES] += [
            self._resource(before, resource)
            for resource in before.resources
            if resource not in after.resources
        ]
        self.rows[NEW_RESOURCES] += [
            self._resource(after, resource)
            for resource in after.resources
            if resource not in before.resources
        ]

    def _resource(self, booking: Booking, resource: ResourceId) -> Row:
        return {
            "organization_id": booking.organization_id,
            "booking_id": booking.id,
            "resource_id": resource,
            "during": during(booking.start, booking.end),
            "position": booking.resources.index(resource),
        }

    def hand_over(self, before: Booking, after: Booking, buffers: Mapping[UserId, tuple[int, int]]) -> None:
        """Let a booking have other hosts; `buffers` has the minutes before and after of those who are new.

        Who stays keeps their place among the hosts. The caller saves the booking itself.
        """
        for host in before.hosts:
            if host not in after.hosts:
                self.rows[GONE_HOSTS].append(
                    {"organization_id": before.organization_id, "booking_id": before.id, "host_id": host}
                )
        self.rows[NEW_HOSTS] += [
            self._host(after, host, buffers[host]) for host in after.hosts if host not in before.hosts
        ]

    def _host(self, booking: Booking, host: UserId, buffers: tuple[int, int]) -> Row:
        assigned = booking.assigned if booking.assigned and booking.assigned.host == host else None
        return {
            "organization_id": booking.organization_id,
            "booking_id": booking.id,
            "host_id": host,
            "during": during(booking.start, booking.end),
            "buffer_before_minutes": buffers[0],
            "buffer_after_minutes": buffers[1],
            "position": booking.hosts.index(host),
            "assigned_at": self._now if assigned else None,
            "assignment": assignment_document(assigned) if assigned else None,
        }

    def add_seat(self, booking: Booking, invitee: Invitee) -> None:
        """Add a seat of a booking."""
        self.rows[NEW_SEATS].append(self._seat(booking, invitee))

    def save_seat(self, booking: Booking, invitee: Invitee) -> None:
        """Change a seat; `booking` is where it stands now, be it another than before."""
        self.rows[CHANGED_SEATS].append(self._seat(booking, invitee))

    def save(self, booking: Booking) -> None:
        """Change a booking's state, time, place and version, and past which rules its time is."""
        self.rows[CHANGED_BOOKINGS].append(
            {
                "organization_id": booking.organization_id,
                "id": booking.id,
                "state": booking.state,
                "during": during(booking.start, booking.end),
                "place": place_document(booking.place),
                "version": booking.version,
                "changed_at": self._now,
                **_waived(booking),
            }
        )

    def link(self, token_hash: bytes, booking: Booking, invitee_id: InviteeId, scope: str) -> None:
        """Let a secret link do something with a seat; stored before, it stays as it is."""
        self.rows[NEW_LINKS].append(
            {
                "token_hash": binary(token_hash),
                "organization_id": booking.organization_id,
                "booking_id": booking.id,
                "invitee_id": invitee_id,
                "scope": scope,
                "created_at": self._now,
            }
        )

    def move_links(
        self, organization_id: OrganizationId, invitee_id: InviteeId, booking_id: BookingId
    ) -> None:
        """Let the links to a seat name the booking into which it has moved."""
        self.rows[MOVED_LINKS].append(
            {"organization_id": organization_id, "invitee_id": invitee_id, "booking_id": booking_id}
        )

    def use_key(
        self,
        actor: str,
        operation: str,
        key_hash: bytes,
        request_hash: bytes,
        booking: Booking,
        invitee_id: InviteeId,
    ) -> None:
        """Bind an idempotency key to the seat that a request with it made."""
        self.rows[USED_KEYS].append(
            {
                "actor": actor,
                "operation": operation,
                "key_hash": binary(key_hash),
                "request_hash": binary(request_hash),
                "organization_id": booking.organization_id,
                "booking_id": booking.id,
                "invitee_id": invitee_id,
                "created_at": self._now,
            }
        )

    def _seat(self, booking: Booking, invitee: Invitee) -> Row:
        return {
            "organization_id": booking.organization_id,
            "id": invitee.id,
            "booking_id": booking.id,
            "capacity": booking.capacity,
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
            "created_at": invitee.created_at,
            "changed_at": self._now,
            "link_id": invitee.link_id,
        }


def _waived(booking: Booking) -> Row:
    waived = booking.waived
    return {
        "waived": waived_document(waived) if waived else None,
        "waived_by": waived.by if waived else None,
    }


def _order(host: UserId) -> bytes:
    return host.bytes

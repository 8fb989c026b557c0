"""Single bookings: by id, by a seat, by a secret link, by an idempotency key; each in one statement."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from domain.bookings import Booking, BookingState, Invitee
from domain.ids import (
    BookingId,
    InviteeId,
    OrganizationId,
    PageId,
    PageLinkId,
    ResourceId,
    SeriesId,
    UserId,
)
from storage.bookings.documents import answers_of, assigned_of, place_of, waived_of
from storage.postgres import Connection, Record

_BOOKING = """b.id, b.organization_id, b.page_id, b.state, lower(b.during) AS start_at,
    upper(b.during) AS end_at, b.capacity, b.place, b.version, b.created_at, b.changed_at,
    b.series_id, b.waived, b.waived_by,
    ARRAY(SELECT h.host_id FROM booking_hosts AS h
        WHERE h.organization_id = b.organization_id AND h.booking_id = b.id
        ORDER BY h.position, h.host_id) AS hosts,
    (SELECT jsonb_build_array(h.host_id, h.assignment) FROM booking_hosts AS h
        WHERE h.organization_id = b.organization_id AND h.booking_id = b.id
            AND h.assignment IS NOT NULL LIMIT 1) AS assigned,
    ARRAY(SELECT r.resource_id FROM booking_resources AS r
        WHERE r.organization_id = b.organization_id AND r.booking_id = b.id
        ORDER BY r.position, r.resource_id) AS resources,
    i.id AS seat_id, i.seat, i.state AS seat_state, i.hold_expires_at, i.name, i.email, i.zone, i.locale,
    i.answers, i.moved_from, i.version AS seat_version, i.cancel_reason, i.cancelled_by,
    i.created_at AS seat_created_at, i.link_id"""
_SEATS = "LEFT JOIN invitees AS i ON i.organization_id = b.organization_id AND i.booking_id = b.id"
_ORDER = "ORDER BY i.created_at, i.id"

_BY_IDS = f"""SELECT {_BOOKING} FROM bookings AS b {_SEATS}
    WHERE b.organization_id = $1 AND b.id = ANY($2::uuid[]) {_ORDER}"""  # noqa: S608 -- our own parts
_OF_SERIES = f"""SELECT {_BOOKING} FROM bookings AS b {_SEATS}
    WHERE b.organization_id = $1 AND b.series_id = $2 {_ORDER}"""  # noqa: S608 -- our own parts
_BY_SEAT = f"""SELECT {_BOOKING} FROM bookings AS b {_SEATS}
    WHERE b.organization_id = $1
        AND b.id = (SELECT booking_id FROM invitees WHERE organization_id = $1 AND id = $2)
    {_ORDER}"""  # noqa: S608 -- our own parts
_BY_LINK = f"""SELECT c.invitee_id AS link_seat_id, c.revoked_at IS NOT NULL AS link_is_revoked, {_BOOKING}
    FROM capabilities AS c
    JOIN bookings AS b ON b.organization_id = c.organization_id AND b.id = c.booking_id {_SEATS}
    WHERE c.token_hash = $1 {_ORDER}"""  # noqa: S608 -- our own parts
_EARLIER = """SELECT request_hash, organization_id AS key_organization_id, invitee_id AS key_invitee_id
    FROM idempotency_keys WHERE actor = $1 AND operation = $2 AND key_hash = $3"""
_SECOND_LOOK = """SELECT
    (SELECT p.revision FROM booking_pages AS p
        WHERE p.organization_id = $1 AND p.id = $2 AND p.is_active AND p.deleted_at IS NULL) AS revision,
    ARRAY(SELECT DISTINCT h.booking_id
        FROM unnest($3::uuid[]) AS of_page (host_id)
        JOIN booking_hosts AS h ON h.organization_id = $1 AND h.host_id = of_page.host_id
            AND h.occupies AND h.during && tstzrange($4, $5, '[)')
        WHERE EXISTS (SELECT FROM invitees AS i
            WHERE i.organization_id = h.organization_id AND i.booking_id = h.booking_id
                AND i.state = 'held' AND i.hold_expires_at <= $6)) AS ended_holds,
    k.request_hash, k.organization_id AS key_organization_id, k.invitee_id AS key_invitee_id
    FROM (SELECT) AS always
    LEFT JOIN idempotency_keys AS k ON k.actor = $7 AND k.operation = $8 AND k.key_hash = $9"""


@dataclass(frozen=True, slots=True)
class Linked:
    """What a secret link names: a seat of a booking."""

    booking: Booking
    invitee: Invitee
    is_revoked: bool


@dataclass(frozen=True, slots=True)
class Earlier:
    """An earlier use of an idempotency key."""

    request_hash: bytes
    organization_id: OrganizationId | None
    invitee_id: InviteeId | None


@dataclass(frozen=True, slots=True)
class SecondLook:
    """What else must be known under the hosts' locks.

    `revision` is the page's, None if it is not open any more. `ended_holds` are bookings of the hosts in the
    window with a hold whose time is over: they are in the way of the constraint until they are swept.
    """

    revision: int | None
    ended_holds: tuple[BookingId, ...]
    earlier: Earlier | None


class Single:
    """Reads single bookings, seen from one transaction."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    async def by_id(self, organization_id: OrganizationId, booking_id: BookingId) -> Booking | None:
        """Give one booking with its hosts and seats."""
        return (await self.by_ids(organization_id, [booking_id])).get(booking_id)

    async def by_ids(
        self, organization_id: OrganizationId, booking_ids: Sequence[BookingId]
    ) -> dict[BookingId, Booking]:
        """Give bookings with their hosts (in order) and seats (oldest first); unknown ids are left out."""
        if not booking_ids:
            return {}
        return _bookings(await self._connection.driver.fetch(_BY_IDS, organization_id, booking_ids))

    async def of_series(self, organization_id: OrganizationId, series_id: SeriesId) -> list[Booking]:
        """List all bookings of a series in order of start."""
        found = _bookings(await self._connection.driver.fetch(_OF_SERIES, organization_id, series_id))
        return sorted(found.values(), key=lambda booking: booking.start)

    async def by_invitee(
        self, organization_id: OrganizationId, invitee_id: InviteeId
    ) -> tuple[Booking, Invitee] | None:
        """Give a seat and the booking in which it stands now."""
        rows = await self._connection.driver.fetch(_BY_SEAT, organization_id, invitee_id)
        for booking in _bookings(rows).values():
            return booking, booking.invitee(invitee_id)
        return None

    async def by_link(self, token_hash: bytes) -> Linked | None:
        """Find what a secret link names."""
        rows = await self._connection.driver.fetch(_BY_LINK, token_hash)
        for booking in _bookings(rows).values():
            seat = booking.invitee(InviteeId(rows[0]["link_seat_id"]))
            return Linked(booking, seat, rows[0]["link_is_revoked"])
        return None

    async def earlier(self, actor: str, operation: str, key_hash: bytes) -> Earlier | None:
        """Find an earlier use of an idempotency key."""
        row = await self._connection.driver.fetchrow(_EARLIER, actor, operation, key_hash)
        return _earlier(row) if row is not None else None

    async def second_look(
        self,
        organization_id: OrganizationId,
        page_id: PageId,
        hosts: Iterable[UserId],
        window: tuple[datetime, datetime],
        key: tuple[str, str, bytes],
    ) -> SecondLook:
        """Look at the page, at ended holds in the way, and for an earlier use of a key.

        The key is an actor, an operation and the key's hash. To be asked under the hosts' locks.
        """
        row = await self._connection.driver.fetchrow(
            _SECOND_LOOK, organization_id, page_id, list(hosts), *window, self._now, *key
        )
        if row is None:
            raise RuntimeError("A statement that always gives one row gave none.")
        return SecondLook(
            row["revision"],
            tuple(BookingId(booking) for booking in row["ended_holds"]),
            _earlier(row) if row["request_hash"] is not None else None,
        )


def _earlier(row: Record) -> Earlier:
    organization, invitee = row["key_organization_id"], row["key_invitee_id"]
    return Earlier(
        row["request_hash"],
        OrganizationId(organization) if organization else None,
        InviteeId(invitee) if invitee else None,
    )


def _bookings(rows: Iterable[Record]) -> dict[BookingId, Booking]:
    """Put bookings together from rows that have one seat each, in the order of the seats."""
    bookings: dict[BookingId, Booking] = {}
    seats: dict[BookingId, list[Invitee]] = {}
    for row in rows:
        booking_id = BookingId(row["id"])
        if booking_id not in bookings:
            bookings[booking_id] = _booking(row)
        if row["seat_id"] is not None:
            seats.setdefault(booking_id, []).append(_invitee(row))
    return {id_: replace(booking, invitees=tuple(seats.get(id_, ()))) for id_, booking in bookings.items()}


def _booking(row: Record) -> Booking:
    hosts: list[UUID] = row["hosts"]
    return Booking(
        id=BookingId(row["id"]),
        organization_id=OrganizationId(row["organization_id"]),
        page_id=PageId(row["page_id"]),
        state=BookingState(row["state"]),
        start=row["start_at"],
        end=row["end_at"],
        capacity=row["capacity"],
        place=place_of(row["place"]),
        version=row["version"],
        hosts=tuple(UserId(host) for host in hosts),
        invitees=(),
        created_at=row["created_at"],
        changed_at=row["changed_at"],
        assigned=assigned_of(*row["assigned"]) if row["assigned"] else None,
        series_id=SeriesId(row["series_id"]) if row["series_id"] else None,
        resources=tuple(ResourceId(resource) for resource in row["resources"]),
        waived=waived_of(row["waived"], row["waived_by"]) if row["waived"] else None,
    )


def _invitee(row: Record) -> Invitee:
    return Invitee(
        id=InviteeId(row["seat_id"]),
        booking_id=BookingId(row["id"]),
        seat=row["seat"],
        state=BookingState(row["seat_state"]),
        hold_expires_at=row["hold_expires_at"],
        name=row["name"],
        email=row["email"],
        zone=row["zone"],
        locale=row["locale"],
        answers=answers_of(row["answers"]),
        moved_from=row["moved_from"],
        version=row["seat_version"],
        cancel_reason=row["cancel_reason"],
        cancelled_by=row["cancelled_by"],
        created_at=row["seat_created_at"],
        link_id=PageLinkId(row["link_id"]) if row["link_id"] else None,
    )

"""The time that bookings take, read as the slot engine wants it: added up by the database, in whole minutes.

A page with many hosts has thousands of bookings nearby. As rows, with ranges and instants, they would cost
more than all the rest of an answer (bench/reading.py).
"""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from domain.assignment import Load
from domain.ids import BookingId, OrganizationId, PageId, ResourceId, UserId
from domain.intervals import Span
from domain.slots import Own
from domain.tuples import maker_of
from storage.bookings.rows import OCCUPYING
from storage.postgres import Connection
from storage.resources import ResourceTimes

_FOUR = struct.Struct("!4i")
_own = maker_of(Own)


class PageBooking(NamedTuple):
    """A booking of a page, and how many of its seats are left: none where it is over."""

    booking_id: BookingId
    span: Span
    seats_left: int


@dataclass(frozen=True, slots=True)
class Taken:
    """What bookings of ours take: of each host who has any, and for one page; both in order of start.

    Those of the page are all that its caps count, be they over. `over` are the past ones of hosts of whom
    they were asked for. `loads` says how many of the page's bookings each host has who takes turns, where
    that was asked for; `resources` when those of the page are taken, if it requires any. `waited` are the
    starts, in minutes, for which somebody waits on the page.
    """

    own: Mapping[UserId, tuple[Own, ...]]
    of_page: tuple[PageBooking, ...]
    loads: Mapping[UserId, Load] = field(default_factory=dict[UserId, Load])
    waited: frozenset[int] = frozenset()
    over: Mapping[UserId, tuple[Span, ...]] = field(default_factory=dict[UserId, tuple[Span, ...]])
    resources: Mapping[ResourceId, ResourceTimes] = field(default_factory=dict[ResourceId, ResourceTimes])


async def read_taken(
    connection: Connection,
    now: datetime,
    organization_id: OrganizationId,
    window: tuple[datetime, datetime],
    hosts: Sequence[UserId],
    page_id: PageId | None,
    without: BookingId | None,
    page_window: tuple[datetime, datetime] | None = None,
    capped: Sequence[UserId] = (),
) -> Taken:
    """Read what bookings take of hosts, and those of a page, that touch a window, in one statement.

    Those of the page may be of a wider one. A hold that has ended takes nothing, swept or not. Of `capped`
    hosts past bookings are read too, which their own caps count.
    """
    driver, given = connection.driver, (organization_id, hosts, *window, now, without)
    if capped:
        rows = await driver.fetch(_ALL, *given, page_id, *(page_window or window), capped)
    elif page_id is None:
        rows = await driver.fetch(_HOSTS, *given)
    else:
        rows = await driver.fetch(_HOSTS_AND_PAGE, *given, page_id, *(page_window or window))
    own: dict[UserId, tuple[Own, ...]] = {}
    over: dict[UserId, tuple[Span, ...]] = {}
    of_page: list[PageBooking] = []
    for row in rows:
        host, ids, numbers = row["host_id"], row["ids"], _FOUR.iter_unpack(row["packed"])
        if ids is None:
            starts, ends, before, after = zip(*sorted(numbers), strict=True)
            own[UserId(host)] = tuple(map(_own, zip(zip(starts, ends), before, after)))  # noqa: B905 -- even
        elif host is not None:
            over[UserId(host)] = tuple(sorted((start, end) for start, end, _, _ in numbers))
        else:
            of_page = [
                PageBooking(BookingId(id_), (start, end), capacity - seats)
                for id_, (start, end, capacity, seats) in zip(ids, numbers, strict=True)
            ]
    return Taken(own, tuple(sorted(of_page, key=lambda booking: booking.span)), over=over)


async def read_loads(
    connection: Connection,
    organization_id: OrganizationId,
    page_id: PageId,
    hosts: Sequence[UserId],
    since: datetime,
    cancelled_since: datetime,
) -> dict[UserId, Load]:
    """Count the bookings of a page for which each host was chosen since an instant, in one statement.

    Those confirmed since, be they over, and those cancelled since another instant. Holds are no bookings,
    but who was chosen for one has been chosen.
    """
    given = (organization_id, page_id, hosts, since, cancelled_since)
    rows = await connection.driver.fetch(_LOADS, *given)
    return {UserId(row["host_id"]): Load(row["booked"], row["chosen_at"]) for row in rows}


_LOADS = f"""SELECT h.host_id, max(h.assigned_at) AS chosen_at,
        (count(*) FILTER (WHERE b.state NOT IN ('held', 'awaiting_approval', 'awaiting_payment')))::int4
            AS booked
    FROM booking_hosts AS h
    JOIN bookings AS b ON b.organization_id = h.organization_id AND b.id = h.booking_id
    WHERE h.organization_id = $1 AND h.host_id = ANY ($3::uuid[]) AND h.assigned_at >= $4
        AND b.page_id = $2
        AND (b.state IN ('done', 'no_show') OR b.state IN {OCCUPYING}
            OR b.state = 'cancelled' AND b.changed_at > $5)
    GROUP BY h.host_id"""  # noqa: S608 -- made of constants alone

_LIVE = f"state IN {OCCUPYING} AND (hold_expires_at IS NULL OR hold_expires_at > $5)"

# The four numbers of all rows are one text of bytes, which is read three times as fast as arrays are. The
# bookings left out are those of which nothing is left but holds that have ended: few have at any time, while
# a look at the seats of each booking would cost more than all else.
_HOSTS = f"""
    SELECT host_id, NULL::uuid[] AS ids, string_agg(
        int4send(floor(date_part('epoch', lower(during)) / 60)::int4)
        || int4send(floor(date_part('epoch', upper(during)) / 60)::int4)
        || int4send(buffer_before_minutes) || int4send(buffer_after_minutes), ''::bytea) AS packed
    FROM booking_hosts
    WHERE organization_id = $1 AND host_id = ANY ($2::uuid[]) AND occupies
        AND during && tstzrange($3, $4) AND booking_id IS DISTINCT FROM $6::uuid
        AND booking_id NOT IN (
            SELECT booking_id FROM invitees AS ended
            WHERE organization_id = $1 AND state = 'held' AND hold_expires_at <= $5
                AND NOT EXISTS (
                    SELECT FROM invitees
                    WHERE organization_id = $1 AND booking_id = ended.booking_id AND {_LIVE}))
    GROUP BY host_id"""  # noqa: S608 -- made of constants alone
# What is over keeps no time, and caps count it all the same: each of its seats is taken.
_OVER = "('done', 'no_show')"
_PAGE = f"""
    SELECT NULL, array_agg(id), string_agg(
        int4send(floor(date_part('epoch', lower(during)) / 60)::int4)
        || int4send(floor(date_part('epoch', upper(during)) / 60)::int4)
        || int4send(capacity) || int4send(CASE WHEN occupies THEN seats ELSE capacity END), ''::bytea)
    FROM bookings CROSS JOIN LATERAL (
        SELECT count(*)::int4 AS seats FROM invitees
        WHERE bookings.occupies AND organization_id = $1 AND booking_id = bookings.id AND {_LIVE}) AS live
    WHERE organization_id = $1 AND page_id = $7 AND (seats > 0 OR bookings.state IN {_OVER})
        AND during && tstzrange($8, $9) AND id IS DISTINCT FROM $6::uuid
    HAVING count(*) > 0"""  # noqa: S608 -- made of constants alone
_HOSTS_AND_PAGE = f"{_HOSTS} UNION ALL {_PAGE}"
# In one statement with the others, since the clock may make a booking a past one between two.
_ALL = f"""{_HOSTS_AND_PAGE} UNION ALL
    SELECT h.host_id, ARRAY[]::uuid[], string_agg(
        int4send(floor(date_part('epoch', lower(h.during)) / 60)::int4)
        || int4send(floor(date_part('epoch', upper(h.during)) / 60)::int4)
        || int4send(0) || int4send(0), ''::bytea)
    FROM booking_hosts AS h JOIN bookings AS b ON b.organization_id = $1 AND b.id = h.booking_id
    WHERE h.organization_id = $1 AND h.host_id = ANY ($10::uuid[]) AND NOT h.occupies
        AND lower(h.during) >= $3 AND lower(h.during) < $4 AND b.state IN {_OVER}
    GROUP BY h.host_id"""  # noqa: S608 -- made of constants alone

# ruff: noqa: S608 -- the statements are made of our own names and numbers
"""Many hosts with pages, schedules, calendars and bookings, made by the database itself.

Ids follow from numbers, so that whoever measures knows them without asking.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from app.embedded import EmbeddedServers

TEAM = 10
"""So many hosts share an organization."""

(
    _ORGANIZATION,
    _HOST,
    _PAGE,
    _SCHEDULE,
    _CONNECTION,
    _CALENDAR,
    _BOOKING,
    _INVITEE,
    _EVENT,
    _EFFECT,
    _RESOURCE,
) = range(1, 12)
_MONDAY = "date_trunc('week', now()) + interval '1 week'"


def organization_id(number: int) -> UUID:
    """Name the organization of a host."""
    return _id(_ORGANIZATION, number // TEAM)


def host_id(number: int) -> UUID:
    """Name a host."""
    return _id(_HOST, number)


def page_id(number: int) -> UUID:
    """Name a host's page; its link is `slug_of` the same number."""
    return _id(_PAGE, number)


def resource_id(number: int) -> UUID:
    """Name the room that a host's bookings have."""
    return _id(_RESOURCE, number)


def booking_id(number: int) -> UUID:
    """Name a booking: with so many for `each` host, those of host n begin at n times `each`."""
    return _id(_BOOKING, number)


def link_hash(number: int) -> bytes:
    """Give the hash of the link to a booking's only seat."""
    return hashlib.sha256(str(number).encode()).digest()


def slug_of(number: int) -> str:
    """Give the link of a host's page."""
    return f"host{number}/intro"


@dataclass(frozen=True, slots=True)
class Crowd:
    """Fills a migrated database."""

    servers: EmbeddedServers
    database: str = "slotgraph"

    def add_hosts(self, numbers: range) -> None:
        """Add hosts with a page, a schedule for office hours on every day, a room, and no calendar.

        `numbers` begins at a multiple of TEAM.
        """
        each = f"generate_series({numbers.start}, {numbers.stop - 1}) AS n"
        organization = _sql_id(_ORGANIZATION, f"n / {TEAM}")
        kinds = (_HOST, _PAGE, _SCHEDULE, _RESOURCE)
        host, page, schedule, resource = (_sql_id(kind, "n") for kind in kinds)
        rules = """{"version": 1, "duration_minutes": 30, "interval_minutes": 30, "grid_origin": "opening",
          "buffer_before_minutes": 0, "buffer_after_minutes": 0, "notice_minutes": 0,
          "window": {"kind": "rolling_days", "days": 60},
          "caps": {"per_day": null, "per_week": null, "per_month": null, "per_day_minutes": null,
            "per_week_minutes": null, "per_month_minutes": null, "week_start": 0},
          "zone": "UTC", "assignment": "one"}"""
        weekly = ", ".join(
            f'{{"weekday": {day}, "start_minute": 480, "end_minute": 1080}}' for day in range(7)
        )
        self._run(
            [
                f"""INSERT INTO organizations
                  SELECT DISTINCT {organization}, 'Studio', 'eu', 'business', now() FROM {each}""",
                f"""INSERT INTO users (id, organization_id, email, name, handle, zone, locale, role,
                    shares_availability, is_disabled, created_at)
                  SELECT {host}, {organization}, 'host' || n || '@example.com', 'Host ' || n, 'host' || n,
                    'UTC', 'en', CASE n % {TEAM} WHEN 0 THEN 'owner' ELSE 'member' END, true, false, now()
                  FROM {each}""",
                f"""INSERT INTO host_rules
                  SELECT {organization}, {host}, 0, 0, 0, '{{"per_day": null, "per_week": null,
                    "per_month": null, "per_day_minutes": null, "per_week_minutes": null,
                    "per_month_minutes": null, "week_start": 0}}', now() FROM {each}""",
                f"""INSERT INTO schedules
                  (organization_id, id, user_id, name, zone, weekly, overrides, is_default, revision,
                    created_at)
                  SELECT {organization}, {schedule}, {host}, 'Usual', 'UTC', '[{weekly}]', '[]', true, 1,
                    now() FROM {each}""",
                f"""INSERT INTO absences
                  (organization_id, id, user_id, first_date, last_date, zone, reason, created_at)
                  SELECT {organization}, gen_random_uuid(), {host}, '2100-01-01', '2100-01-02', 'UTC',
                    'other', now() FROM {each}""",
                f"""INSERT INTO booking_pages (organization_id, id, owner_id, slug, kind, name, description,
                    place, rules, questions, capacity, reminders_minutes, invitation, cancellation_policy,
                    cancel_until_minutes, reschedule_until_minutes, calendar_policy, is_active, is_hidden,
                    revision, created_at)
                  SELECT {organization}, {page}, {host}, 'intro', 'one_to_one', 'Intro', '',
                    '{{"kind": "in_person", "details": ""}}', '{rules}', '[]', 1, '{{1440}}', '', '', 0, 0,
                    'ignore_unconnected', true, false, 1, now() FROM {each}""",
                f"""INSERT INTO resources (organization_id, id, name, kind, revision, created_at)
                  SELECT {organization}, {resource}, 'Room', 'room', 1, now() FROM {each}""",
                f"""INSERT INTO waitlists (organization_id, id, page_id, start_at, length_minutes, hosts,
                    version, created_at)
                  SELECT {organization}, {page}, {page}, {_MONDAY}, 30, ARRAY[{host}], 1, now()
                  FROM {each}""",
                f"""INSERT INTO page_hosts (organization_id, page_id, host_id, position)
                  SELECT {organization}, {page}, {host}, 0 FROM {each}""",
            ],
        )

    def add_calendars(self, numbers: range) -> None:
        """Give each host a connection with one calendar."""
        each = f"generate_series({numbers.start}, {numbers.stop - 1}) AS n"
        organization = _sql_id(_ORGANIZATION, f"n / {TEAM}")
        host, connection, calendar = (_sql_id(kind, "n") for kind in (_HOST, _CONNECTION, _CALENDAR))
        self._run(
            [
                f"""INSERT INTO calendar_connections (organization_id, id, user_id, provider, label, url,
                    username, secret_sealed, state, created_at, version)
                  SELECT {organization}, {connection}, {host}, 'caldav', 'Work',
                    'https://calendar.example/' || n,
                    'host', '\\x00', 'connected', now(), 1 FROM {each}""",
                f"""INSERT INTO calendars (organization_id, id, connection_id, user_id, remote_url, name,
                    counts_as_busy, receives_bookings, is_writable)
                  SELECT {organization}, {calendar}, {connection}, {host}, 'https://calendar.example/' || n,
                    'Work', true, true, true FROM {each}""",
            ],
        )

    def add_bookings(self, numbers: range, each: int) -> None:
        """Give each host bookings, one a day, half of them past, with all that goes with a booking.

        All have the host's room. What follows past ones is done; of the others a reminder is due on the day
        before each. Foreign keys are not looked at while the rows are made: they hold by what is written.
        """
        rows = f"""generate_series({numbers.start}, {numbers.stop - 1}) AS n,
          generate_series(0, {each - 1}) AS k,
          LATERAL (SELECT n::bigint * {each} + k AS b, {_MONDAY} + interval '9 hours'
            + (k - {each} / 2) * interval '1 day' AS at) AS that"""
        organization = _sql_id(_ORGANIZATION, f"n / {TEAM}")
        host, page, resource = (_sql_id(kind, "n") for kind in (_HOST, _PAGE, _RESOURCE))
        booking, invitee, event, effect = (
            _sql_id(kind, "b") for kind in (_BOOKING, _INVITEE, _EVENT, _EFFECT)
        )
        during = "tstzrange(at, at + interval '30 minutes', '[)')"
        state = "CASE WHEN at < now() THEN 'done' ELSE 'confirmed' END"
        self._run(
            [
                "SET session_replication_role = replica",
                f"""INSERT INTO bookings (organization_id, id, page_id, state, during, capacity, place,
                    version, created_at, changed_at)
                  SELECT {organization}, {booking}, {page}, {state}, {during}, 1,
                    '{{"kind": "in_person", "details": ""}}', 1, now(), now() FROM {rows}""",
                f"""INSERT INTO booking_hosts (organization_id, booking_id, host_id, during, occupies,
                    buffer_before_minutes, buffer_after_minutes)
                  SELECT {organization}, {booking}, {host}, {during}, at >= now(), 0, 0 FROM {rows}""",
                f"""INSERT INTO booking_resources
                  SELECT {organization}, {booking}, {resource}, {during}, at >= now(), 0 FROM {rows}""",
                f"""INSERT INTO invitees (organization_id, id, booking_id, capacity, seat, state, name, email,
                    zone, locale, answers, version, created_at, changed_at)
                  SELECT {organization}, {invitee}, {booking}, 1, 1, {state}, 'Grace',
                    'grace' || b || '@example.org', 'UTC', 'en', '[]', 0, now(), now() FROM {rows}""",
                f"""INSERT INTO capabilities
                    (token_hash, organization_id, booking_id, invitee_id, scope, created_at)
                  SELECT sha256(b::text::bytea), {organization}, {booking}, {invitee}, 'manage', now()
                  FROM {rows}""",
                f"""INSERT INTO idempotency_keys (actor, operation, key_hash, request_hash, organization_id,
                    booking_id, invitee_id, created_at)
                  SELECT {page}::text, 'book', sha256(b::text::bytea), '\\x00', {organization}, {booking},
                    {invitee}, now() FROM {rows}""",
                f"""INSERT INTO events (organization_id, id, kind, hosts, page_id, booking_id,
                    invitee_id, created_at, announced_at)
                  SELECT {organization}, {event}, 'booking_confirmed', ARRAY[{host}], {page}, {booking},
                    {invitee}, now(), now() FROM {rows}""",
                f"""INSERT INTO effects (organization_id, id, kind, subject_id, version, recipient_id,
                    lead_minutes, due_at, state, attempts, created_at)
                  SELECT {organization}, {effect}, 'remind_invitee', {invitee}, 0, {invitee}, 1440,
                    at - interval '1 day', CASE WHEN at - interval '1 day' < now() THEN 'done' ELSE 'due' END,
                    0, now() FROM {rows}""",
            ],
        )

    def settle(self) -> None:
        """Let the planner know what is stored, as autovacuum would in time."""
        self._run(["VACUUM ANALYZE"])

    def _run(self, statements: Iterable[str]) -> None:
        self.servers.sql(";\n".join([*statements, ""]), self.database)


def _id(kind: int, number: int) -> UUID:
    """Make an id that grows in its first bits with its number, as ours grow with time."""
    return UUID(f"{number:012x}70008000{kind:012x}")


def _sql_id(kind: int, number: str) -> str:
    return f"(lpad(to_hex({number}), 12, '0') || '70008000{kind:012x}')::uuid"

"""What the database itself refuses, whatever the code above it does."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.bookings import FREE, OCCUPYING, BookingState
from storage.base import new_id
from storage.bookings import rows
from storage.outbox import Outbox
from storage.postgres import Connection
from storage.unit import engine_for

pytestmark = pytest.mark.anyio

NINE = datetime(2026, 3, 30, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Tables:
    """Rows written by hand, as no code of ours would."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine
        self.organization, self.host, self.page = new_id(), new_id(), new_id()

    async def run(self, statement: str, **values: Any) -> None:
        async with self.engine.begin() as connection:
            await connection.execute(
                text(statement), {"o": self.organization, "h": self.host, "p": self.page, **values}
            )

    async def booking(self, start: datetime, end: datetime, state: str = "confirmed", seats: int = 1) -> UUID:
        id_ = new_id()
        async with self.engine.begin() as connection:
            values = {
                "o": self.organization, "h": self.host, "p": self.page, "b": id_, "s": start, "e": end,
                "state": state, "seats": seats,
            }  # fmt: skip
            await connection.execute(text(BOOKING), values)
            await connection.execute(text(BOOKING_HOST), values)
        return id_

    async def seat(self, booking: UUID, seat: int, capacity: int, state: str = "confirmed") -> None:
        await self.run(SEAT, i=new_id(), b=booking, seat=seat, capacity=capacity, state=state)


@pytest.fixture
async def tables(database_url: str) -> AsyncGenerator[Tables, None]:
    engine = engine_for(database_url)
    made = Tables(engine)
    await made.run("INSERT INTO organizations VALUES (:o, 'Studio', 'eu', 'business', now())")
    await made.run(USER)
    await made.run(PAGE)
    yield made
    await engine.dispose()


async def test_two_bookings_of_a_host_cannot_overlap(tables: Tables) -> None:
    """P2, R021: not even when nobody looked before."""
    await tables.booking(NINE, NINE + HOUR)

    with pytest.raises(IntegrityError, match=rows.NO_OVERLAP):
        await tables.booking(NINE + HOUR / 2, NINE + 2 * HOUR)


async def test_bookings_that_touch_do_not_overlap(tables: Tables) -> None:
    await tables.booking(NINE, NINE + HOUR)

    assert await tables.booking(NINE + HOUR, NINE + 2 * HOUR)


async def test_a_cancelled_booking_cannot_come_back_over_another(tables: Tables) -> None:
    cancelled = await tables.booking(NINE, NINE + HOUR, "cancelled")
    await tables.booking(NINE, NINE + HOUR)

    with pytest.raises(IntegrityError, match=rows.NO_OVERLAP):
        await tables.run("UPDATE bookings SET state = 'confirmed' WHERE id = :b", b=cancelled)


async def test_a_booking_cannot_be_moved_over_another(tables: Tables) -> None:
    await tables.booking(NINE, NINE + HOUR)
    later = await tables.booking(NINE + 2 * HOUR, NINE + 3 * HOUR)

    with pytest.raises(IntegrityError, match=rows.NO_OVERLAP):
        await tables.run(
            "UPDATE bookings SET during = tstzrange(:s, :e, '[)') WHERE id = :b",
            b=later,
            s=NINE,
            e=NINE + HOUR / 2,
        )


async def test_a_hosts_time_cannot_differ_from_its_bookings(tables: Tables) -> None:
    booking = await tables.booking(NINE, NINE + HOUR)

    with pytest.raises(IntegrityError):
        await tables.run("UPDATE booking_hosts SET occupies = false WHERE booking_id = :b", b=booking)


async def test_an_empty_interval_is_refused(tables: Tables) -> None:
    """M6 of the security file: an empty range would overlap nothing."""
    with pytest.raises(IntegrityError, match="during_whole"):
        await tables.booking(NINE, NINE)


async def test_a_seat_beyond_the_capacity_is_refused(tables: Tables) -> None:
    """Case 147."""
    session = await tables.booking(NINE, NINE + HOUR, seats=2)

    with pytest.raises(IntegrityError, match="seat_exists"):
        await tables.seat(session, 3, 2)


async def test_a_seats_capacity_is_its_bookings(tables: Tables) -> None:
    session = await tables.booking(NINE, NINE + HOUR, seats=2)

    with pytest.raises(IntegrityError, match="capacity"):
        await tables.seat(session, 3, 3)


async def test_a_seat_is_taken_once_while_it_is_taken(tables: Tables) -> None:
    session = await tables.booking(NINE, NINE + HOUR, seats=2)
    await tables.seat(session, 1, 2, "cancelled")
    await tables.seat(session, 1, 2)

    with pytest.raises(IntegrityError, match="seat_taken_once"):
        await tables.seat(session, 1, 2)


async def test_a_booking_cannot_be_of_another_organizations_page(tables: Tables) -> None:
    """Case 18: a foreign key is a decision about rights."""
    other = new_id()
    await tables.run(
        "INSERT INTO organizations VALUES (:other, 'Rival', 'eu', 'business', now())", other=other
    )
    tables.organization = other

    with pytest.raises(IntegrityError, match="page_id"):
        await tables.booking(NINE, NINE + HOUR)


def test_every_state_is_classified_once_and_the_constraint_names_the_occupying_ones() -> None:
    """D14."""
    assert set(BookingState) == OCCUPYING | FREE
    assert not OCCUPYING & FREE
    assert {state.value for state in OCCUPYING} == set(
        rows.OCCUPYING.strip("()").replace("'", "").split(", ")
    )


USER = """INSERT INTO users (id, organization_id, email, name, handle, zone, locale, role,
  shares_availability, is_disabled, created_at)
  VALUES (:h, :o, 'ada@example.com', 'Ada', 'ada', 'UTC', 'en', 'member', true, false, now())"""
PAGE = """INSERT INTO booking_pages (organization_id, id, owner_id, slug, kind, name, description, place,
  rules, questions, capacity, reminders_minutes, invitation, cancellation_policy, cancel_until_minutes,
  reschedule_until_minutes, calendar_policy, is_active, is_hidden, revision, created_at)
  VALUES (:o, :p, :h, 'intro', 'group', 'Intro', '', '{}', '{}', '[]', 5, '{}', '', '', 0, 0, 'required',
  true, false, 1, now())"""
BOOKING = """INSERT INTO bookings (organization_id, id, page_id, state, during, capacity, place, version,
  created_at, changed_at)
  VALUES (:o, :b, :p, :state, tstzrange(:s, :e, '[)'), :seats, '{}', 1, now(), now())"""
BOOKING_HOST = """INSERT INTO booking_hosts (organization_id, booking_id, host_id, during, occupies,
  buffer_before_minutes, buffer_after_minutes)
  SELECT organization_id, id, :h, during, occupies, 0, 0 FROM bookings WHERE id = :b"""
SEAT = """INSERT INTO invitees (organization_id, id, booking_id, capacity, seat, state, answers, version,
  created_at, changed_at) VALUES (:o, :i, :b, :capacity, :seat, :state, '[]', 0, now(), now())"""


async def test_an_effect_of_an_unknown_kind_ends_and_stops_no_other(tables: Tables) -> None:
    """Case 200: two versions run side by side for a while, and neither may block the other."""
    await tables.run(EFFECT, i=new_id(), kind="of_tomorrow")
    await tables.run(EFFECT, i=new_id(), kind="entry")

    connection = await Connection.open(tables.engine)
    claimed = await Outbox(connection, NINE).claim(10, max_due=NINE)
    rows_ = await connection.core.execute(text("SELECT kind, state, failure FROM effects ORDER BY kind"))
    states = [tuple(row) for row in rows_]
    await connection.close()

    assert [item.effect.kind for item in claimed] == ["entry"]
    assert states == [("entry", "running", None), ("of_tomorrow", "failed", "unknown_kind")]


EFFECT = """INSERT INTO effects (organization_id, id, kind, subject_id, version, recipient_id,
  lead_minutes, due_at, state, attempts, created_at)
  VALUES (:o, :i, :kind, :i, 1, :h, 0, '2026-03-30T08:00Z', 'due', 0, now())"""

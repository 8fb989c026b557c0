"""Bookings of several hosts, written by many units at once: no deadlock, no double booking."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.booking_pages import Place, PlaceKind
from domain.bookings import Booking, BookingState, Invitee
from domain.ids import BookingId, InviteeId, OrganizationId, PageId, UserId
from storage.base import new_id
from storage.bookings import Change, Outcome
from storage.live import Live
from storage.redis import connect
from storage.unit import Unit, Units, engine_for
from tests.storage.test_bookings import PAGE, USER

pytestmark = pytest.mark.anyio

NINE = datetime(2026, 3, 30, 9, tzinfo=UTC)
HALF = timedelta(minutes=30)
HOSTS = 6


class Team:
    """Hosts with a page, and bookings for some of them in whatever order they are named."""

    def __init__(self, engine: AsyncEngine, live: Live) -> None:
        self.engine = engine
        self.units = Units(engine, lambda: NINE, live)
        self.organization = OrganizationId(new_id())
        self.page = PageId(new_id())
        self.hosts = [UserId(new_id()) for _ in range(HOSTS)]

    def booking(self, hosts: list[UserId], start: datetime) -> Booking:
        id_ = BookingId(new_id())
        seat = Invitee(
            InviteeId(new_id()), id_, 1, BookingState.CONFIRMED, None, "Grace", "grace@example.org", "UTC",
            "en", (), None, 0, None, None, NINE,
        )  # fmt: skip
        return Booking(
            id_, self.organization, self.page, BookingState.CONFIRMED, start, start + 2 * HALF, 5,
            Place(PlaceKind.IN_PERSON, ""), 1, tuple(hosts), (seat,), NINE, NINE,
        )  # fmt: skip

    def some(self, number: int) -> Booking:
        """Make the booking of a number: two to four hosts in any order, at one of four times that overlap."""
        chance = Random(number)
        return self.booking(
            chance.sample(self.hosts, chance.randint(2, 4)), NINE + chance.randrange(4) * HALF
        )

    async def write(self, booking: Booking, *, locks: bool) -> Outcome:
        try:
            async with self.units.begin(booking.hosts if locks else ()) as unit:
                await self.store(unit, booking)
        except _RefusedError as refused:
            return refused.outcome
        return Outcome.STORED

    async def store(self, unit: Unit, booking: Booking) -> None:
        change = Change(unit.now)
        change.add(booking, buffer_before_minutes=0, buffer_after_minutes=0)
        change.add_seat(booking, booking.invitees[0])
        outcome = await unit.store(change)
        if outcome is not Outcome.STORED:
            raise _RefusedError(outcome)

    async def overlaps(self) -> list[object]:
        async with self.engine.connect() as connection:
            return list(await connection.execute(text(OVERLAPS)))

    async def count(self, table: str) -> int:
        async with self.engine.connect() as connection:
            counted = await connection.execute(text(f"SELECT count(*) FROM {table}"))  # noqa: S608 -- ours
            return counted.scalar_one()


class _RefusedError(Exception):
    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome


OVERLAPS = """SELECT a.booking_id, b.booking_id FROM booking_hosts a JOIN booking_hosts b
  ON a.host_id = b.host_id AND a.booking_id < b.booking_id AND a.during && b.during"""


@pytest.fixture
async def team(database_url: str, redis_url: str) -> AsyncGenerator[Team, None]:
    engine, redis = engine_for(database_url), connect(redis_url, deadline_s=5)
    made = Team(engine, Live(redis))
    values = {"o": made.organization, "p": made.page, "h": made.hosts[0]}
    async with engine.begin() as connection:
        await connection.execute(
            text("INSERT INTO organizations VALUES (:o, 'Studio', 'eu', 'business', now())"), values
        )
        for number, host in enumerate(made.hosts):
            user = USER.replace("ada@", f"ada{number}@").replace("'ada'", f"'ada{number}'")
            user = user.replace("'owner'", "'member'") if number else user
            await connection.execute(text(user), {**values, "h": host})
        await connection.execute(text(PAGE), values)
    yield made
    await redis.aclose()
    await engine.dispose()


@pytest.mark.parametrize("locks", [True, False], ids=["locked", "by_the_constraint_alone"])
async def test_teams_that_overlap_in_any_order_wait_for_nobody_for_ever(team: Team, *, locks: bool) -> None:
    """R2 of the security file: a deadlock would raise here, and end by its victim only after a second."""
    bookings = [team.some(number) for number in range(120)]

    outcomes = await asyncio.gather(*(team.write(booking, locks=locks) for booking in bookings))

    assert set(outcomes) == {Outcome.STORED, Outcome.TAKEN}
    assert await team.overlaps() == []
    assert await team.count("bookings") == outcomes.count(Outcome.STORED)
    assert await team.count("invitees") == outcomes.count(Outcome.STORED)


async def test_a_team_of_which_one_is_taken_leaves_nothing(team: Team) -> None:
    one, two, three = team.hosts[:3]
    await team.write(team.booking([two], NINE), locks=True)

    outcome = await team.write(team.booking([three, two, one], NINE + HALF), locks=True)

    assert outcome is Outcome.TAKEN
    assert await team.count("bookings") == 1
    assert await team.count("booking_hosts") == 1
    assert await team.count("invitees") == 1

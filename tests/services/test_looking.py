"""Looks at calendars: what is read back, how many at once, and what is left alone."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import timedelta

import pytest

from domain.ids import BookingId, ConnectionId
from domain.users import SignedIn
from integrations.ports import Permanent, Transient
from services.availability import Availability
from services.bookings import Changing, Desk
from services.looking import Looking, plan_look
from storage.calendars import StoredLook
from storage.limits import Limits
from storage.live import Live
from tests.calendars import MONDAY, WORK, World, opened_world

pytestmark = pytest.mark.anyio


@pytest.fixture
async def world(database_url: str, redis_url: str) -> AsyncGenerator[World, None]:
    """Open a world."""
    async with opened_world(database_url, redis_url) as opened:
        yield opened


@pytest.fixture
def looking(world: World) -> Looking:
    """Make the use cases under test."""
    availability = Availability(world.units, world.busy, world.clock)
    desk = Desk(world.units, availability, world.vault, world.clock)
    changing = Changing(desk, Limits(world.redis, world.clock, b"pepper"))
    return Looking(world.units, world.connections, world.busy, changing, Live(world.redis))


async def written(world: World, *hosts: SignedIn, hour: int = 11) -> BookingId:
    """Store a booking whose entries stand in the calendars of all its hosts."""
    booking_id = await world.booking(*hosts, hour=hour)
    for host in hosts:
        await world.entries.settle(world.organization_id, booking_id, host.user_id)
    return booking_id


async def planned(world: World, connection_id: ConnectionId) -> StoredLook:
    """Plan a look at all entries of a calendar."""
    async with world.units.begin() as unit:
        await plan_look(unit, world.organization_id, connection_id, WORK, whole_since=unit.now)
        return await unit.calendars.looks.ask(world.organization_id, connection_id, WORK)


async def looked(world: World, looking: Looking, connection_id: ConnectionId) -> str | None:
    """Plan a look and do it."""
    look = await planned(world, connection_id)
    return await looking.look(world.organization_id, look.id, look.number)


async def drifts(world: World) -> list[tuple[object, ...]]:
    """Read what differs."""
    return await world.rows("SELECT drift, drift_start FROM entries WHERE drift IS NOT NULL")


async def test_deletion_by_one_of_several_hosts_is_shown_and_cancels_nothing(
    world: World, looking: Looking
) -> None:
    """R111: the others still come."""
    ada, bob = await world.host(), await world.host("Bob")
    connection = (await world.connected(ada)).connection
    await world.connected(bob)
    booking_id = await written(world, ada, bob)
    [(uid,)] = await world.rows("SELECT uid FROM entries WHERE host_id = :ada", ada=ada.user_id)
    del world.provider.entries[WORK, str(uid)]

    await looked(world, looking, connection.id)

    states = await world.rows("SELECT state FROM bookings WHERE id = :id", id=booking_id)
    assert states == [("confirmed",)]
    assert await drifts(world) == [("deleted", None)]
    assert (await world.kinds())[-1] == "entry_drifted"


async def test_deletion_by_the_only_host_cancels_and_is_not_repeated(world: World, looking: Looking) -> None:
    """R111."""
    ada = await world.host()
    connection = (await world.connected(ada)).connection
    booking_id = await written(world, ada)
    world.provider.entries.clear()

    await looked(world, looking, connection.id)
    await looked(world, looking, connection.id)
    await world.entries.settle(world.organization_id, booking_id, ada.user_id)

    assert await world.rows("SELECT state FROM bookings") == [("cancelled",)]
    assert "delete" not in world.provider.calls
    assert (await world.kinds()).count("booking_cancelled") == 1


async def test_look_that_was_overtaken_does_nothing(world: World, looking: Looking) -> None:
    """Only the newest plan counts; a repeat of it is done again."""
    ada = await world.host()
    connection = (await world.connected(ada)).connection
    await written(world, ada)
    first = await planned(world, connection.id)
    await looking.look(world.organization_id, first.id, first.number)
    second = await planned(world, connection.id)

    assert await looking.look(world.organization_id, first.id, first.number) == "newer"
    assert (second.number, second.look_at) == (2, world.clock() + timedelta(seconds=10))
    assert await looking.look(world.organization_id, second.id, second.number) is None
    assert await looking.look(world.organization_id, second.id, second.number) is None


async def test_entry_that_a_worker_writes_at_this_moment_is_left_to_it(
    world: World, looking: Looking
) -> None:
    """The worker knows better how it stands."""
    ada = await world.host()
    connection = (await world.connected(ada)).connection
    await written(world, ada)
    world.provider.entries.clear()
    await world.change(
        "UPDATE entries SET claim_id = id, claimed_until = :until",
        until=world.clock() + timedelta(seconds=40),
    )

    await looked(world, looking, connection.id)

    assert "find" not in world.provider.calls
    assert await world.rows("SELECT state FROM bookings") == [("confirmed",)]


async def test_entry_that_is_not_ours_any_more_is_left_alone(world: World, looking: Looking) -> None:
    """What does not bear our marker says nothing about a booking."""
    ada = await world.host()
    connection = (await world.connected(ada)).connection
    await written(world, ada)
    world.provider.failure = Permanent("not_ours")

    assert await looked(world, looking, connection.id) is None

    assert await world.rows("SELECT state FROM bookings") == [("confirmed",)]
    assert await world.rows("SELECT checked_at FROM entries") == [(world.clock(),)]


async def test_failure_is_noted_on_the_connection_and_raised_to_be_tried_again(
    world: World, looking: Looking
) -> None:
    """Nothing is cancelled because a provider is away."""
    ada = await world.host()
    connection = (await world.connected(ada)).connection
    await written(world, ada)
    world.provider.failure = Transient("timeout")

    with pytest.raises(Transient):
        await looked(world, looking, connection.id)

    assert (await world.linked(connection.id)).connection.failure == "timeout"
    assert await world.rows("SELECT state FROM bookings") == [("confirmed",)]


async def test_entry_that_was_moved_and_put_back_is_no_drift_any_more(world: World, looking: Looking) -> None:
    """X13."""
    ada = await world.host()
    connection = (await world.connected(ada)).connection
    await written(world, ada)
    [(key, entry)] = world.provider.entries.items()
    later = MONDAY + timedelta(hours=15)
    world.provider.entries[key] = replace(entry, start=later, end=later + timedelta(minutes=30))

    await looked(world, looking, connection.id)
    moved = await drifts(world)
    world.provider.entries[key] = entry
    await looked(world, looking, connection.id)

    assert moved == [("moved", later)]
    assert await drifts(world) == []


async def test_entry_of_a_booking_that_has_moved_meanwhile_says_nothing(
    world: World, looking: Looking
) -> None:
    """The host did not mean the new time, of which the calendar is yet to be told."""
    ada = await world.host()
    connection = (await world.connected(ada)).connection
    booking_id = await written(world, ada)
    world.provider.entries.clear()
    await world.move(booking_id, hour=14, version=2)

    await looked(world, looking, connection.id)
    states = await world.rows("SELECT state FROM bookings")
    await world.entries.settle(world.organization_id, booking_id, ada.user_id)

    assert states == [("confirmed",)]
    [entry] = world.provider.entries.values()
    assert entry.start == MONDAY + timedelta(hours=14)

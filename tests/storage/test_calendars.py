"""Connections, calendars and entries as they are stored."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import timedelta

import pytest

from domain.calendars import ConnectionState
from storage.base import Base, new_id
from storage.calendars import StoredState
from tests.calendars import NOW, WORK, World, opened_world, other_organization
from tests.statements import listen

pytestmark = pytest.mark.anyio

LASTS = timedelta(seconds=40)
HOUR = timedelta(hours=1)


@pytest.fixture
async def world(database_url: str, redis_url: str) -> AsyncGenerator[World, None]:
    """Open a world."""
    async with opened_world(database_url, redis_url) as opened:
        yield opened


async def test_calendars_of_all_hosts_are_found_in_one_statement(world: World) -> None:
    ada, bob = await world.host("Ada"), await world.host("Bob")
    await world.connected(ada)
    await world.connected(ada)
    await world.connected(bob)
    sent = await listen(world.engine)

    async with world.units.read() as unit:
        found = await unit.calendars.of_hosts(world.organization_id, [ada.user_id, bob.user_id])

    assert len(sent.statements) == 1
    assert [len(found[host.user_id].links) for host in (ada, bob)] == [2, 1]
    assert [calendar.name for calendar in found[bob.user_id].links[0].calendars] == ["Home", "Work"]


async def test_who_never_connected_a_calendar_is_left_out(world: World) -> None:
    ada = await world.host()

    assert await world.calendars_of(ada) == {}


async def test_who_ended_every_connection_is_there_without_any(world: World) -> None:
    """D05, R081: to disconnect takes the time back, which is not the same as never having connected."""
    ada = await world.host()
    linked = await world.connected(ada)
    await world.calendars.disconnect(ada, linked.connection.id)

    found = await world.calendars_of(ada)

    assert found[ada.user_id].links == ()


async def test_another_organization_finds_nothing(world: World) -> None:
    ada = await world.host()
    linked = await world.connected(ada)
    other = await other_organization(world)

    async with world.units.read() as unit:
        assert await unit.calendars.of_hosts(other, [ada.user_id]) == {}
        assert await unit.calendars.by_id(other, linked.connection.id) is None
        assert await unit.calendars.with_calendar(other, linked.calendars[0].id) is None


async def test_ended_connection_leaves_no_secret_no_name_and_no_calendars(world: World) -> None:
    """R083."""
    ada = await world.host()
    linked = await world.connected(ada)

    async with world.units.begin() as unit:
        assert await unit.calendars.end(linked.connection, linked.secret_version)

    assert await world.rows("SELECT state, secret_sealed, username FROM calendar_connections") == [
        ("disconnected", None, None)
    ]
    assert await world.rows("SELECT * FROM calendars") == []


async def test_note_about_a_connection_that_has_changed_is_not_stored(world: World) -> None:
    ada = await world.host()
    connection = (await world.connected(ada)).connection
    failing = replace(connection, failing_since=world.clock.now, failure="timeout")

    async with world.units.begin() as unit:
        first = await unit.calendars.note(failing, seen_version=connection.version)
        second = await unit.calendars.note(
            replace(connection, state=ConnectionState.NEEDS_RECONNECTION), seen_version=connection.version
        )

    assert (first, second) == (True, False)
    present = (await world.linked(connection.id)).connection
    assert (present.state, present.failure) == (ConnectionState.CONNECTED, "timeout")


async def test_one_worker_at_a_time_has_an_entry_until_its_claim_ends(world: World) -> None:
    ada = await world.host()
    linked = await world.connected(ada)
    booking_id = await world.booking(ada)
    place = (world.organization_id, booking_id, ada.user_id)
    first, second = new_id(), new_id()

    async with world.units.begin() as unit:
        await unit.calendars.entries.plan(
            *place, linked.connection.id, WORK, "uid", "marker", NOW, NOW + HOUR
        )
        entry = await unit.calendars.entries.of_booking(*place)
        assert entry is not None
        is_first = await unit.calendars.entries.claim(entry, first, LASTS)
        is_second = await unit.calendars.entries.claim(entry, second, LASTS)
    world.clock.turn(seconds=40)
    async with world.units.begin() as unit:
        is_second_later = await unit.calendars.entries.claim(entry, second, LASTS)
        is_first_done = await unit.calendars.entries.settle(entry, first, StoredState.WRITTEN, 1)

    assert (is_first, is_second, is_second_later, is_first_done) == (True, False, True, False)


async def test_entry_that_stands_somewhere_is_not_planned_elsewhere(world: World) -> None:
    """Case 65."""
    ada = await world.host()
    linked = await world.connected(ada)
    booking_id = await world.booking(ada)
    place = (world.organization_id, booking_id, ada.user_id)

    async with world.units.begin() as unit:
        await unit.calendars.entries.plan(
            *place, linked.connection.id, WORK, "uid", "marker", NOW, NOW + HOUR
        )
        await unit.calendars.entries.plan(
            *place, linked.connection.id, "elsewhere", "other", "other", NOW, NOW + HOUR
        )
        entry = await unit.calendars.entries.of_booking(*place)

    assert entry is not None
    assert (entry.calendar_url, entry.uid) == (WORK, "uid")


async def test_no_table_can_hold_busy_times_or_entries_that_are_not_ours() -> None:
    """R016, D02: of times in calendars only what we wrote for a booking is known, and by no time at all."""
    tables = Base.metadata.tables

    assert {name for name in tables if "calendar" in name or "entr" in name or "busy" in name} == {
        "calendar_connections",
        "calendars",
        "entries",
    }
    assert [column.name for column in tables["entries"].columns if column.name in ("start", "end")] == []
    assert tables["entries"].c.booking_id.nullable is False

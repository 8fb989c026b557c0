"""Our entries in hosts' calendars: one each, where it was first written, however often and late we try."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta

import pytest

from domain.calendars import ConnectionState, Entry
from integrations.ports import Permanent, Revoked, Transient
from services.entries import NEVER_WRITTEN, NO_CALENDAR, ORPHANED, SETTLED, SettleLater
from tests.calendars import DAY, HOME, MONDAY, WORK, World, opened_world, other_organization

pytestmark = pytest.mark.anyio


@pytest.fixture
async def world(database_url: str, redis_url: str) -> AsyncGenerator[World, None]:
    """Open a world."""
    async with opened_world(database_url, redis_url) as opened:
        yield opened


def only_entry(world: World) -> Entry:
    """Give the one entry that there is."""
    [entry] = world.provider.entries.values()
    return entry


async def stored(world: World) -> list[tuple[object, ...]]:
    """Read what is stored about entries."""
    return await world.rows("SELECT state, written_version, failure FROM entries")


async def test_confirmed_booking_becomes_one_entry_in_the_calendar_that_receives(world: World) -> None:
    """R007, R014, R066."""
    ada = await world.host()
    await world.connected(ada)
    booking_id = await world.booking(ada)

    assert await world.entries.settle(world.organization_id, booking_id, ada.user_id) is None

    assert [calendar for calendar, _ in world.provider.entries] == [WORK]
    entry = only_entry(world)
    assert (entry.start, entry.end) == (
        MONDAY + timedelta(hours=11),
        MONDAY + timedelta(hours=11, minutes=30),
    )
    assert (entry.summary, entry.description, entry.place) == (
        "Intro · Grace",
        "Grace <grace@example.com>",
        "Room 7",
    )
    assert await stored(world) == [("written", 1, None)]
    assert await world.kinds() == ["connection_changed", "entry_written"]


async def test_repeat_writes_nothing(world: World) -> None:
    """Case 182."""
    ada = await world.host()
    await world.connected(ada)
    booking_id = await world.booking(ada)
    await world.entries.settle(world.organization_id, booking_id, ada.user_id)

    assert await world.entries.settle(world.organization_id, booking_id, ada.user_id) == SETTLED

    assert world.provider.calls == ["put"]


async def test_worker_that_died_after_writing_leaves_one_entry(world: World) -> None:
    """Case 182: the provider took it, our commit never came; the UID is the same one again."""
    ada = await world.host()
    await world.connected(ada)
    booking_id = await world.booking(ada)
    await world.entries.settle(world.organization_id, booking_id, ada.user_id)
    await world.change("UPDATE entries SET state = 'pending', written_version = NULL")

    await world.entries.settle(world.organization_id, booking_id, ada.user_id)

    assert world.provider.calls == ["put", "put"]
    assert len(world.provider.entries) == 1


async def test_moved_booking_moves_the_same_entry(world: World) -> None:
    """R067."""
    ada = await world.host()
    await world.connected(ada)
    booking_id = await world.booking(ada)
    await world.entries.settle(world.organization_id, booking_id, ada.user_id)
    first = only_entry(world)
    await world.move(booking_id, hour=15, version=2)

    await world.entries.settle(world.organization_id, booking_id, ada.user_id)

    moved = only_entry(world)
    assert (moved.uid, moved.marker) == (first.uid, first.marker)
    assert (moved.start, moved.sequence) == (MONDAY + timedelta(hours=15), 2)


async def test_cancelled_booking_removes_its_entry(world: World) -> None:
    ada = await world.host()
    await world.connected(ada)
    booking_id = await world.booking(ada)
    await world.entries.settle(world.organization_id, booking_id, ada.user_id)
    await world.cancel(booking_id, version=2)

    assert await world.entries.settle(world.organization_id, booking_id, ada.user_id) is None
    assert await world.entries.settle(world.organization_id, booking_id, ada.user_id) == SETTLED

    assert world.provider.entries == {}
    assert await stored(world) == [("removed", 2, None)]
    assert world.provider.calls == ["put", "delete"]


async def test_booking_cancelled_before_it_was_written_is_never_written(world: World) -> None:
    ada = await world.host()
    await world.connected(ada)
    booking_id = await world.booking(ada)
    await world.cancel(booking_id, version=2)

    assert await world.entries.settle(world.organization_id, booking_id, ada.user_id) == NEVER_WRITTEN

    assert world.provider.calls == []


async def test_each_host_has_an_entry_of_their_own(world: World) -> None:
    ada, bob = await world.host("Ada"), await world.host("Bob")
    await world.connected(ada)
    await world.connected(bob)
    booking_id = await world.booking(ada, bob)

    await world.entries.settle(world.organization_id, booking_id, ada.user_id)
    await world.entries.settle(world.organization_id, booking_id, bob.user_id)

    uids = {uid for _, uid in world.provider.entries}
    markers = {entry.marker for entry in world.provider.entries.values()}
    assert (len(uids), len(markers)) == (2, 2)


async def test_host_without_a_calendar_that_receives_is_left_in_peace(world: World) -> None:
    """R078, R083."""
    ada = await world.host()
    booking_id = await world.booking(ada)

    assert await world.entries.settle(world.organization_id, booking_id, ada.user_id) == NO_CALENDAR

    assert world.provider.calls == []
    assert await stored(world) == []


async def test_moved_entry_stays_in_the_calendar_where_it_was_written(world: World) -> None:
    """Case 65: what the host chose since is for new bookings."""
    ada = await world.host()
    linked = await world.connected(ada)
    booking_id = await world.booking(ada)
    await world.entries.settle(world.organization_id, booking_id, ada.user_id)
    home = next(calendar for calendar in linked.calendars if calendar.remote_url == HOME)
    await world.calendars.update_calendar(ada, home.id, receives_bookings=True)
    await world.move(booking_id, hour=15, version=2)

    await world.entries.settle(world.organization_id, booking_id, ada.user_id)

    assert [calendar for calendar, _ in world.provider.entries] == [WORK]


async def test_entry_of_an_ended_connection_is_orphaned_and_no_other_is_asked(world: World) -> None:
    """Case 65: the secret of another connection never goes to the server of the first."""
    ada = await world.host()
    linked = await world.connected(ada)
    booking_id = await world.booking(ada)
    await world.entries.settle(world.organization_id, booking_id, ada.user_id)
    await world.calendars.disconnect(ada, linked.connection.id)
    await world.connected(ada)
    await world.cancel(booking_id, version=2)

    assert await world.entries.settle(world.organization_id, booking_id, ada.user_id) == ORPHANED

    assert world.provider.calls == []
    assert await stored(world) == [("orphaned", 1, None)]


@pytest.mark.parametrize("is_under_way", [False, True])
async def test_entry_that_was_still_to_be_written_goes_to_who_receives_now(
    world: World, is_under_way: bool
) -> None:
    """Case 65: also while a worker is at it, whose answer comes too late; and never into none."""
    ada = await world.host()
    first = await world.connected(ada)
    second = await world.connected(ada)
    booking_id = await world.booking(ada)
    asked = world.organization_id, booking_id, ada.user_id
    if is_under_way:
        world.provider.close()
        late = asyncio.create_task(world.entries.settle(*asked))
        await world.provider.entered.wait()
    else:
        world.provider.failure = Transient("provider_error")
        with pytest.raises(Transient):
            await world.entries.settle(*asked)
        world.provider.failure = None
        late = None

    await world.calendars.disconnect(ada, first.connection.id)
    world.provider.opened.set()
    if late:
        with pytest.raises(SettleLater):
            await late
    assert await world.entries.settle(*asked) is None

    assert await world.rows("SELECT connection_id, state, failure FROM entries") == [
        (second.connection.id, "written", None)
    ]
    await world.cancel(booking_id, version=2)
    await world.entries.settle(*asked)
    assert world.provider.calls[-1] == "delete"


async def test_failure_is_kept_and_the_next_try_mends_it(world: World) -> None:
    ada = await world.host()
    await world.connected(ada)
    booking_id = await world.booking(ada)
    world.provider.failure = Transient("http_503", 7)

    with pytest.raises(Transient):
        await world.entries.settle(world.organization_id, booking_id, ada.user_id)
    failed = await stored(world)
    world.provider.failure = None
    await world.entries.settle(world.organization_id, booking_id, ada.user_id)

    assert failed == [("pending", None, "http_503")]
    assert await stored(world) == [("written", 1, None)]


async def test_entry_that_is_not_ours_any_more_is_left_alone(world: World) -> None:
    """Case 166: the adapter refuses, and the connection itself does not fail by it."""
    ada = await world.host()
    linked = await world.connected(ada)
    booking_id = await world.booking(ada)
    world.provider.failure = Permanent("not_ours")

    with pytest.raises(Permanent):
        await world.entries.settle(world.organization_id, booking_id, ada.user_id)

    assert (await world.linked(linked.connection.id)).connection.failure is None
    assert await stored(world) == [("pending", None, "not_ours")]


async def test_refused_secret_is_not_tried_again_until_there_is_another(world: World) -> None:
    ada = await world.host()
    linked = await world.connected(ada)
    booking_id = await world.booking(ada)
    world.provider.failure = Revoked("unauthorized")

    with pytest.raises(Revoked):
        await world.entries.settle(world.organization_id, booking_id, ada.user_id)
    with pytest.raises(Transient, match="needs_reconnection"):
        await world.entries.settle(world.organization_id, booking_id, ada.user_id)
    world.provider.failure = None
    await world.calendars.reconnect(ada, linked.connection.id, "another")
    await world.entries.settle(world.organization_id, booking_id, ada.user_id)

    assert world.provider.calls == ["put", "discover", "put"]
    present = (await world.linked(linked.connection.id)).connection
    assert present.state is ConnectionState.CONNECTED


async def test_two_workers_are_never_at_one_entry(world: World) -> None:
    """An older state never overwrites a newer one: the second waits until the first has ended."""
    ada = await world.host()
    await world.connected(ada)
    booking_id = await world.booking(ada)
    world.provider.close()
    first = asyncio.create_task(world.entries.settle(world.organization_id, booking_id, ada.user_id))
    await world.provider.entered.wait()
    await world.move(booking_id, hour=15, version=2)

    with pytest.raises(SettleLater):
        await world.entries.settle(world.organization_id, booking_id, ada.user_id)
    world.provider.opened.set()
    await first
    await world.entries.settle(world.organization_id, booking_id, ada.user_id)

    assert only_entry(world).start == MONDAY + timedelta(hours=15)
    assert await stored(world) == [("written", 2, None)]


async def test_claim_of_a_worker_that_died_ends_by_itself(world: World) -> None:
    """Case 182."""
    ada = await world.host()
    await world.connected(ada)
    booking_id = await world.booking(ada)
    world.provider.close()
    first = asyncio.create_task(world.entries.settle(world.organization_id, booking_id, ada.user_id))
    await world.provider.entered.wait()
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    world.provider.opened.set()

    with pytest.raises(SettleLater):
        await world.entries.settle(world.organization_id, booking_id, ada.user_id)
    world.clock.turn(seconds=40)
    await world.entries.settle(world.organization_id, booking_id, ada.user_id)

    assert len(world.provider.entries) == 1


async def test_written_entry_makes_busy_times_be_asked_anew(world: World) -> None:
    ada = await world.host()
    await world.connected(ada)
    booking_id = await world.booking(ada)
    hosts = await world.calendars_of(ada)
    await world.busy.of(hosts, DAY, live=False)

    await world.entries.settle(world.organization_id, booking_id, ada.user_id)
    await world.busy.of(hosts, DAY, live=False)

    assert world.provider.calls == ["busy", "put", "busy"]


async def test_another_organization_settles_nothing(world: World) -> None:
    ada = await world.host()
    await world.connected(ada)
    booking_id = await world.booking(ada)
    other = await other_organization(world)

    assert await world.entries.settle(other, booking_id, ada.user_id) == NEVER_WRITTEN

    assert world.provider.calls == []


async def test_marker_is_the_same_for_ever_and_told_to_nobody(world: World) -> None:
    """R068."""
    ada = await world.host()
    await world.connected(ada)
    booking_id = await world.booking(ada)
    await world.entries.settle(world.organization_id, booking_id, ada.user_id)

    entry = only_entry(world)

    assert entry.marker == world.connections.marker(booking_id, ada.user_id)
    assert len(entry.marker) == 40
    assert entry.marker not in repr(entry)


async def test_an_entry_that_is_begun_beside_its_booking_s_end_sees_that_end(world: World) -> None:
    """I4: else it would be written after whoever removes it had found none, and outlive the booking."""
    ada = await world.host()
    await world.connected(ada)
    booking_id = await world.booking(ada)

    async with world.units.begin([ada.user_id]):  # somebody changes the host's time, and has not committed
        settling = asyncio.create_task(world.entries.settle(world.organization_id, booking_id, ada.user_id))
        waiting = asyncio.create_task(somebody_waits_for_a_lock(world))
        await asyncio.wait({settling, waiting}, return_when=asyncio.FIRST_COMPLETED)
        await world.cancel(booking_id, version=2)

    assert await settling == NEVER_WRITTEN
    assert world.provider.calls == []
    await waiting


async def somebody_waits_for_a_lock(world: World) -> None:
    """Return when a transaction waits for the advisory lock of another."""
    waits = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    async with asyncio.timeout(10):
        while await world.rows(waits) == []:  # noqa: ASYNC110 -- the database tells nobody of this
            await asyncio.sleep(0)

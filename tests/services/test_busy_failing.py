"""Calendars that do not answer: their host is unknown, which is busy, and they are left in peace."""

from collections.abc import AsyncGenerator
from datetime import timedelta

import pytest

from domain.calendars import ConnectionState, Freshness
from domain.slots import Unknown
from integrations.ports import Permanent, ProviderFailed, Revoked, Transient
from services.busy import Deadlines, Known
from tests.calendars import DAY, NOW, World, at, opened_world

pytestmark = pytest.mark.anyio

BOTH = ((at(9), at(10)), (at(14), at(15)))


@pytest.fixture
async def world(database_url: str, redis_url: str) -> AsyncGenerator[World, None]:
    """Open a world."""
    async with opened_world(database_url, redis_url) as opened:
        yield opened


@pytest.fixture
async def hasty(database_url: str, redis_url: str) -> AsyncGenerator[World, None]:
    """Open a world that waits for no provider longer than an instant."""
    deadlines = Deadlines(live_s=0.05, shown_s=0.05)
    async with opened_world(database_url, redis_url, deadlines=deadlines) as opened:
        yield opened


@pytest.mark.parametrize(
    "failure", [Transient("http_503"), Permanent("unreadable"), Transient("throttled", 30)]
)
async def test_failure_is_unknown_and_never_free(world: World, failure: ProviderFailed) -> None:
    """R016, D03, case 136."""
    ada = await world.host()
    linked = await world.connected(ada)
    world.provider.failure = failure

    found = await world.busy.of(await world.calendars_of(ada), DAY, live=True)

    assert found == {ada.user_id: Unknown(failure.reason)}
    present = (await world.linked(linked.connection.id)).connection
    assert (present.state, present.failure) == (ConnectionState.CONNECTED, failure.reason)
    assert present.failing_since == world.clock.now


async def test_one_broken_connection_of_several_makes_its_host_unknown(world: World) -> None:
    """Case 136."""
    ada = await world.host()
    await world.connected(ada)
    second = await world.connected(ada)
    sealed = await world.rows("SELECT secret_sealed FROM calendar_connections ORDER BY created_at, id")
    await world.change(
        "UPDATE calendar_connections SET secret_sealed = :other WHERE id = :id",
        other=sealed[0][0],
        id=second.connection.id,
    )

    found = await world.busy.of(await world.calendars_of(ada), DAY, live=False)

    assert found == {ada.user_id: Unknown("secret_unreadable")}


async def test_provider_that_does_not_answer_in_time_is_unknown(hasty: World) -> None:
    """D03, case 136."""
    ada = await hasty.host()
    await hasty.connected(ada)
    hosts = await hasty.calendars_of(ada)
    hasty.provider.close()

    found = await hasty.busy.of(hosts, DAY, live=True)

    assert found == {ada.user_id: Unknown("timeout")}
    hasty.provider.opened.set()


async def test_connection_that_answers_again_fails_no_more(world: World) -> None:
    ada = await world.host()
    linked = await world.connected(ada)
    world.provider.failure = Transient("http_503")
    await world.busy.of(await world.calendars_of(ada), DAY, live=True)
    world.provider.failure = None

    await world.busy.of(await world.calendars_of(ada), DAY, live=True)

    present = (await world.linked(linked.connection.id)).connection
    assert (present.failing_since, present.failure) == (None, None)


async def test_refused_secret_ends_the_asking_until_there_is_another(world: World) -> None:
    """D05: the host is told, and nothing is offered rather than too much."""
    ada = await world.host()
    linked = await world.connected(ada)
    world.provider.failure = Revoked("unauthorized")
    await world.busy.of(await world.calendars_of(ada), DAY, live=True)
    world.provider.failure = None

    found = await world.busy.of(await world.calendars_of(ada), DAY, live=True)

    assert found == {ada.user_id: Unknown("needs_reconnection")}
    assert world.provider.calls == ["busy"]
    present = (await world.linked(linked.connection.id)).connection
    assert present.state is ConnectionState.NEEDS_RECONNECTION
    assert await world.kinds() == ["connection_changed", "connection_changed"]


async def test_host_who_ended_every_connection_is_unknown(world: World) -> None:
    """R081."""
    ada = await world.host()
    linked = await world.connected(ada)
    await world.calendars.disconnect(ada, linked.connection.id)

    found = await world.busy.of(await world.calendars_of(ada), DAY, live=False)

    assert found == {ada.user_id: Unknown("unconnected")}
    assert world.provider.calls == []


async def test_failing_connection_is_left_in_peace_for_some_seconds_but_not_by_bookings(
    world: World,
) -> None:
    ada = await world.host()
    await world.connected(ada)
    world.provider.failure = Transient("http_503")
    hosts = await world.calendars_of(ada)
    await world.busy.of(hosts, DAY, live=False)
    await world.busy.of(hosts, DAY, live=False)
    await world.busy.of(hosts, DAY, live=False)
    world.provider.failure = None

    paused = await world.busy.of(hosts, DAY, live=False)
    booked = await world.busy.of(hosts, DAY, live=True)

    assert paused == {ada.user_id: Unknown("paused")}
    assert booked == {ada.user_id: Known(BOTH, Freshness.LIVE, NOW)}
    assert len(world.provider.calls) == 4


async def test_server_that_fails_for_several_hosts_is_not_asked_for_others_but_by_bookings(
    world: World,
) -> None:
    """Case 189, D03: unknown is busy, and the reason says that it is the provider."""
    five = [await world.host() for _ in range(5)]
    ada = await world.host()
    for host in [*five, ada]:
        await world.connected(host)
    world.provider.failure = Transient("provider_error", is_outage=True)
    await world.busy.of(await world.calendars_of(*five), DAY, live=False)
    world.provider.failure = None
    world.provider.calls.clear()
    hosts = await world.calendars_of(ada)

    shown = await world.busy.of(hosts, DAY, live=False)
    booked = await world.busy.of(hosts, DAY, live=True)
    again = await world.busy.of(await world.calendars_of(five[0]), DAY, live=False)

    assert shown == {ada.user_id: Unknown("provider_failing")}
    assert booked == {ada.user_id: Known(BOTH, Freshness.LIVE, NOW)}
    assert again == {five[0].user_id: Known(BOTH, Freshness.LIVE, NOW)}
    assert world.provider.calls == ["busy", "busy"]


async def test_pause_ends_by_itself(world: World) -> None:
    ada = await world.host()
    await world.connected(ada)
    world.provider.failure = Transient("throttled", 20)
    await world.busy.of(await world.calendars_of(ada), DAY, live=False)
    world.provider.failure = None
    hosts = await world.calendars_of(ada)

    world.clock.turn(seconds=19)
    paused = await world.busy.of(hosts, DAY, live=False)
    world.clock.turn(seconds=1)
    asked = await world.busy.of(hosts, DAY, live=False)

    assert paused == {ada.user_id: Unknown("paused")}
    assert asked == {ada.user_id: Known(BOTH, Freshness.LIVE, NOW + timedelta(seconds=20))}

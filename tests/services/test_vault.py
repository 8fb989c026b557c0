"""The keeping of keys, and connections whose keys are gone."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from app.embedded import EmbeddedServers
from domain.calendars import ConnectionState, Provider
from domain.slots import Unknown
from integrations.ports import Revoked, Transient
from services.busy import BusyTimes, Known
from services.calendars import Calendars
from services.connections import Connections
from services.grants import Grants
from services.vault import RESTS, Done, Holding
from storage.access_tokens import AccessTokens
from storage.limits import Limits
from storage.live import Live
from storage.sealed import SECRETS
from storage.unit import Units, engine_for
from storage.vault import KeyUnavailable, Vault
from tests.calendars import DAY, FEED, PASSWORD, World, opened_world, other_organization
from tests.dump import dump
from tests.vaults import ROWS, SECRET, keeping, place_of, ring, vault

pytestmark = pytest.mark.anyio

STATES = "SELECT state, failure FROM calendar_connections ORDER BY created_at, id"
SWAP = """UPDATE calendar_connections AS one SET secret_sealed = other.secret_sealed
FROM calendar_connections AS other WHERE one.id <> other.id"""


@pytest.fixture
async def world(database_url: str, redis_url: str) -> AsyncGenerator[World, None]:
    """Open a world."""
    async with opened_world(database_url, redis_url) as opened:
        yield opened


def connections_of(world: World, with_vault: Vault) -> Connections:
    """Make what another process knows connections by."""
    ports = {Provider.CALDAV: world.provider, Provider.ICS: world.provider}
    grants = Grants(world.units, with_vault, {}, AccessTokens(world.redis, with_vault), world.clock)
    return Connections(world.units, with_vault, ports, world.clock, grants)


async def sealed_values(world: World) -> dict[object, bytes]:
    """Give the sealed secret of each connection."""
    rows = await world.rows("SELECT id, secret_sealed FROM calendar_connections ORDER BY id")
    return {row[0]: row[1] for row in rows if isinstance(row[1], bytes)}


@asynccontextmanager
async def restored(servers: EmbeddedServers, world: World, text: str) -> AsyncGenerator[Units, None]:
    """Put a backup in place as a database of its own."""
    servers.sql("CREATE DATABASE restored;")
    servers.sql(text, database="restored")
    engine = engine_for(servers.database_url_of("restored"))
    try:
        yield Units(engine, world.clock, Live(world.redis))
    finally:
        await engine.dispose()
        servers.sql("DROP DATABASE restored WITH (FORCE);")


async def test_secrets_that_were_swapped_end_their_connections(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """Case 67: nothing is sent to anybody, the log says it, and only their user can mend it."""
    ada, grace = await world.host("Ada"), await world.host("Grace")
    await world.connected(ada)
    await world.connected(grace)
    await world.change(SWAP)

    with caplog.at_level(logging.ERROR):
        found = await world.busy.of(await world.calendars_of(ada, grace), DAY, live=False)

    assert found == {host.user_id: Unknown("secret_unreadable") for host in (ada, grace)}
    assert world.provider.calls == []
    assert await world.rows(STATES) == [("needs_reconnection", "secret_unreadable")] * 2
    assert [record.message for record in caplog.records] == ["a secret does not open"] * 2
    assert PASSWORD not in caplog.text


async def test_lost_key_ends_its_connections_and_nothing_else(world: World) -> None:
    """Case 72: the key is taken out of the ring; who was sealed by another is asked as ever."""
    ada, grace = await world.host("Ada"), await world.host("Grace")
    lost = await world.connected(ada)
    without = vault(world, "second")
    connections = connections_of(world, without)
    busy = BusyTimes(connections, world.copies, world.clock)
    limits = Limits(world.redis, world.clock, b"pepper")
    calendars = Calendars(world.units, connections, busy, limits, refused_after_s=0.01)
    sealed = await without.seal(b'{"password":"kept","feed":null}', place_of(world.organization_id, "x"))
    kept = await world.connected(grace)
    again = await connections.seal(
        world.organization_id, kept.connection.id, await world.connections.key(kept)
    )
    await world.change(
        "UPDATE calendar_connections SET secret_sealed = :sealed WHERE id = :id",
        sealed=again,
        id=kept.connection.id,
    )

    found = await busy.of(await world.calendars_of(ada, grace), DAY, live=True)
    after = (await world.linked(lost.connection.id)).connection
    mended = await calendars.reconnect(ada, lost.connection.id, "another")

    assert sealed[1:17] == again[1:17]
    assert found[ada.user_id] == Unknown("key_unavailable")
    assert isinstance(found[grace.user_id], Known)
    assert (after.state, after.failure) == (ConnectionState.NEEDS_RECONNECTION, "key_unavailable")
    assert mended.connection.state is ConnectionState.CONNECTED
    assert (await connections.key(mended)).password == "another"


async def test_database_that_is_away_ends_no_connection(world: World, redis_url: str) -> None:
    """Keys that cannot be read now are not lost: unknown, and asked again."""
    linked = await world.connected(await world.host())
    engine = engine_for("postgresql+asyncpg://nobody@127.0.0.1:1/nothing")
    away = vault(world, "first", units=Units(engine, world.clock, Live(world.redis)))

    with pytest.raises(Transient, match="keys_away"):
        await connections_of(world, away).key(linked)
    await engine.dispose()


async def test_every_data_key_is_wrapped_anew_and_no_value_is_touched(world: World) -> None:
    """Case 74: a key-encryption key is changed by changing data keys alone."""
    ada = await world.host()
    linked = await world.connected(ada)
    for number in range(4):
        await world.vault.seal(SECRET, place_of(await other_organization(world), str(number)))
    before = await sealed_values(world)
    wrapped = await world.rows("SELECT wrapped FROM data_keys ORDER BY id")

    done = await keeping(world, "second", "first").rewrap()

    assert done == Done(5, 0)
    assert await world.rows(ROWS) == [("second", True, True)] * 5
    assert await sealed_values(world) == before
    assert not set(wrapped) & set(await world.rows("SELECT wrapped FROM data_keys"))
    assert (await connections_of(world, vault(world, "second")).key(linked)).password == PASSWORD


async def test_old_and_new_processes_seal_and_open_while_keys_are_wrapped_anew(world: World) -> None:
    """Case 73: both rings know both keys, and each process begins with nothing cached."""
    organizations = [world.organization_id, *[await other_organization(world) for _ in range(6)]]
    places = [place_of(each, "a") for each in organizations]
    first = [await vault(world, "first", "second").seal(SECRET, place) for place in places]

    async def use(*names: str) -> list[bytes]:
        return [await vault(world, *names).seal(SECRET, place) for place in places]

    done, old, new = await asyncio.gather(
        keeping(world, "second", "first").rewrap(), use("first", "second"), use("second", "first")
    )
    again = await keeping(world, "second", "first").rewrap()

    assert (done.failed, again) == (0, Done(0, 0))
    assert await world.rows("SELECT count(*) FROM data_keys WHERE kek_id = 'first'") == [(0,)]
    only = vault(world, "second")
    opened = [
        await only.open(value, place)
        for of in (first, old, new)
        for value, place in zip(of, places, strict=True)
    ]
    assert opened == [SECRET] * 21


async def test_data_key_that_cannot_be_unwrapped_does_not_stop_the_rest(world: World) -> None:
    await vault(world, "second").seal(SECRET, place_of(world.organization_id, "a"))
    await world.vault.seal(SECRET, place_of(await other_organization(world), "b"))
    await world.change("UPDATE data_keys SET kek_id = 'gone' WHERE kek_id = 'second'")

    done = await keeping(world, "first").rewrap()

    assert done == Done(0, 1)
    assert [row[0] for row in await world.rows(ROWS)] == ["gone", "first"]


async def test_values_of_the_first_format_are_sealed_by_data_keys(world: World) -> None:
    """What the ring had sealed itself: afterwards the old key holds nothing and may go."""
    ada = await world.host()
    connected = [await world.connected(ada) for _ in range(3)]
    for linked in connected:
        place = place_of(world.organization_id, linked.connection.id)
        plain = await world.vault.open(linked.secret_sealed or b"", place)
        context = (place.table, place.column, str(place.organization_id), *place.row)
        await world.change(
            "UPDATE calendar_connections SET secret_sealed = :sealed WHERE id = :id",
            sealed=await ring("first").wrap(plain, context),
            id=linked.connection.id,
        )
    keeper = keeping(world, "second", "first")
    before = await keeper.holdings()

    wrapped, sealed = await keeper.rewrap(), await keeper.reseal_ring()

    assert before == [
        Holding(kek_id="second", is_known=True, is_current=True),
        Holding(kek_id="first", is_known=True, is_current=False, data_keys=1, sealing=1, values=3),
    ]
    assert (wrapped, sealed) == (Done(1, 0), Done(3, 0))
    assert await keeper.holdings() == [
        Holding(kek_id="second", is_known=True, is_current=True, data_keys=1, sealing=1),
        Holding(kek_id="first", is_known=True, is_current=False),
    ]
    assert (await keeper.holdings())[1].is_idle
    for linked in connected:
        assert (await world.connections.key(await world.linked(linked.connection.id))).password == PASSWORD


async def test_key_that_others_need_is_named_though_it_is_unknown(world: World) -> None:
    await world.vault.seal(SECRET, place_of(world.organization_id, "a"))

    found = await keeping(world, "second").holdings()

    assert found == [
        Holding(kek_id="second", is_known=True, is_current=True),
        Holding(kek_id="first", is_known=False, is_current=False, data_keys=1, sealing=1),
    ]
    assert not found[1].is_idle


async def test_new_data_key_takes_every_value_and_the_old_one_goes_later(world: World) -> None:
    """No row has the old key's id at the end; it goes when nobody can seal by it any more."""
    ada = await world.host()
    for _ in range(5):
        await world.connected(ada)
    other = await other_organization(world)
    await world.vault.seal(SECRET, place_of(other, "a"))
    [old] = {value[1:17] for value in (await sealed_values(world)).values()}
    keeper = keeping(world, "first")

    await keeper.renew(world.organization_id)
    late = await world.vault.seal(SECRET, place_of(world.organization_id, "late"))
    done = await keeper.reseal(world.organization_id)
    at_once = await keeper.destroy_idle(world.organization_id)
    world.clock.turn(seconds=(RESTS + timedelta(seconds=1)).total_seconds())
    later = await keeper.destroy_idle(None)

    assert (done, at_once, later) == (Done(5, 0), 0, 1)
    assert late[1:17] == old  # a process that had it cached; a stored value would have kept the key
    values = {value[1:17] for value in (await sealed_values(world)).values()}
    assert len(values) == 1
    assert old not in values
    assert await world.rows(ROWS) == [("first", False, False), ("first", True, True), ("first", True, True)]
    linked = (await world.calendars_of(ada))[ada.user_id].links
    assert {(await world.connections.key(each)).password for each in linked} == {PASSWORD}


async def test_old_data_key_stays_while_a_value_needs_it(world: World) -> None:
    linked = await world.connected(await world.host())
    keeper = keeping(world, "first")

    await keeper.renew(world.organization_id)
    world.clock.turn(seconds=(RESTS + timedelta(seconds=1)).total_seconds())

    assert await keeper.destroy_idle(None) == 0
    assert (await world.connections.key(linked)).password == PASSWORD


async def test_secret_that_changes_meanwhile_is_not_overwritten(world: World) -> None:
    """A user who connects again wins over the rotation that had read the old secret."""
    linked = await world.connected(await world.host())
    async with world.units.read() as unit:
        assert await unit.sealed.by_retired(SECRETS, None, None, 10) == []
    await keeping(world, "first").renew(world.organization_id)
    async with world.units.read() as unit:
        [seen] = await unit.sealed.by_retired(SECRETS, None, None, 10)
    await world.change("UPDATE calendar_connections SET secret_sealed = 'newer'")

    async with world.units.begin() as unit:
        is_replaced = await unit.sealed.replace(SECRETS, seen, b"stale")

    assert not is_replaced
    assert await sealed_values(world) == {linked.connection.id: b"newer"}


async def test_destroyed_keys_leave_backups_shut(
    world: World, servers: EmbeddedServers, database_url: str
) -> None:
    """Case 75: a backup without `data_keys`, put in place beside the keys as they are now."""
    feed = await world.connected(await world.host(), Provider.ICS)
    other = await other_organization(world)
    grace = await world.host("Grace", organization_id=other)
    backup = dump(database_url, "--exclude-table-data=data_keys")
    theirs = await world.vault.seal(SECRET, place_of(other, grace.user_id.hex))

    assert await keeping(world, "first").destroy(world.organization_id) == 1
    keys = dump(database_url, "--data-only", "--table=data_keys")
    async with restored(servers, world, backup + keys) as units:
        again = vault(world, "first", units=units)
        with pytest.raises(Revoked, match="key_unavailable"):
            await connections_of(world, again).key(feed)
        assert await again.open(theirs, place_of(other, grace.user_id.hex)) == SECRET
    assert FEED not in backup + keys


async def test_a_whole_backup_is_shut_when_its_key_encryption_key_is_gone(
    world: World, servers: EmbeddedServers, database_url: str
) -> None:
    """Case 75: where `data_keys` is in the backup, the ring's old key must go too; until then it opens."""
    linked = await world.connected(await world.host())
    backup = dump(database_url)
    await keeping(world, "first").destroy(world.organization_id)
    await keeping(world, "second", "first").rewrap()

    async with restored(servers, world, backup) as units:
        with pytest.raises(Revoked, match="key_unavailable"):
            await connections_of(world, vault(world, "second", units=units)).key(linked)
        still = await connections_of(world, vault(world, "second", "first", units=units)).key(linked)
    assert still.password == PASSWORD


async def test_destroyed_keys_are_forgotten_by_who_had_cached_them(world: World) -> None:
    """Case 75: within five minutes."""
    here = place_of(world.organization_id, "a")
    sealed = await world.vault.seal(SECRET, here)

    await keeping(world, "first").destroy(world.organization_id)
    cached = await world.vault.open(sealed, here)
    world.clock.turn(minutes=5)

    assert cached == SECRET
    with pytest.raises(KeyUnavailable):
        await world.vault.open(sealed, here)
    assert await world.rows("SELECT count(*) FROM data_keys WHERE wrapped IS NOT NULL") == [(0,)]

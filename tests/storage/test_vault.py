"""The vault: what is sealed opens in its own place by its own key, and nowhere else."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import cast
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.environment import ROOT
from domain.ids import OrganizationId
from storage.base import Base
from storage.sealed import SEALED
from storage.vault import CACHE_LIFE, DataKey, KeyRing, KeyUnavailable, Place, SealBroken
from tests.calendars import World, opened_world, other_organization
from tests.vaults import ROWS, SECRET, Uses, place_of, ring, vault

pytestmark = pytest.mark.anyio

KEY = DataKey(UUID(int=7), b"d" * 32)
OURS = OrganizationId(UUID(int=1))
HERE = Place("calendar_connections", "secret", OURS, ("row-1",))
SEALED_VALUE = KEY.seal(SECRET, HERE)
WRAPPED = asyncio.run(ring("first").wrap(SECRET, ("data_keys", "wrapped")))


@pytest.fixture
async def world(database_url: str, redis_url: str) -> AsyncGenerator[World, None]:
    """Open a world."""
    async with opened_world(database_url, redis_url) as opened:
        yield opened


@pytest.mark.parametrize(
    "elsewhere",
    [
        HERE._replace(table="calendars"),
        HERE._replace(column="access"),
        HERE._replace(organization_id=OrganizationId(UUID(int=2))),
        HERE._replace(row=("row-2",)),
        HERE._replace(row=()),
        HERE._replace(row=("row", "-1")),
        HERE._replace(table="calendar_connection", column="ssecret"),
    ],
)
async def test_value_in_another_place_does_not_open(elsewhere: Place) -> None:
    """Case 67: table, column, organization and row are bound, each with its length."""
    assert KEY.open(SEALED_VALUE, HERE) == SECRET
    with pytest.raises(SealBroken):
        KEY.open(SEALED_VALUE, elsewhere)


async def test_value_under_another_keys_name_does_not_open() -> None:
    """Case 67: the key's id is bound, even where two keys are the same."""
    twin = DataKey(UUID(int=8), b"d" * 32)
    renamed = SEALED_VALUE[:1] + twin.name + SEALED_VALUE[17:]

    with pytest.raises(SealBroken):
        twin.open(renamed, HERE)


async def test_a_million_seals_of_one_text_have_a_million_nonces() -> None:
    """Case 68."""
    nonces = {KEY.seal(b"", HERE)[17:29] for _ in range(1_000_000)}

    assert len(nonces) == 1_000_000
    assert {len(nonce) for nonce in nonces} == {12}


def test_two_processes_after_a_fork_have_nonces_of_their_own() -> None:
    """Case 70: nothing of a random generator's state is ours to be copied."""
    said = subprocess.run([sys.executable, "-c", _FORKS], cwd=ROOT, capture_output=True, check=True).stdout

    values = said.split()
    assert len(values) == 40
    assert len({value[34:58] for value in values}) == 40


_FORKS = """
import os, uuid
from storage.vault import DataKey, Place
key, here = DataKey(uuid.UUID(int=7), b"d" * 32), Place("t", "c", uuid.UUID(int=1), ())
key.seal(b"before", here)
child = os.fork()
lines = "".join(key.seal(b"same", here).hex() + "\\n" for _ in range(20))
os.write(1, lines.encode())
if child:
    os.waitpid(child, 0)
os._exit(0)
"""


@given(st.integers(0, len(SEALED_VALUE) * 8 - 1))
def test_value_with_any_bit_flipped_does_not_open(bit: int) -> None:
    """Case 71."""
    flipped = bytearray(SEALED_VALUE)
    flipped[bit // 8] ^= 1 << bit % 8

    with pytest.raises(SealBroken) as broken:
        KEY.open(bytes(flipped), HERE)
    assert str(broken.value) == ""


@given(st.integers(0, len(SEALED_VALUE) - 1))
@example(0)
@example(17)
@example(29)
def test_value_cut_anywhere_does_not_open(length: int) -> None:
    """Case 71."""
    with pytest.raises(SealBroken):
        KEY.open(SEALED_VALUE[:length], HERE)


@given(st.integers(0, len(WRAPPED) * 8 - 1), st.integers(0, len(WRAPPED)))
def test_wrapped_key_that_is_changed_does_not_open(bit: int, length: int) -> None:
    """Case 71, for what keys of the ring make."""
    flipped = bytearray(WRAPPED)
    flipped[bit // 8] ^= 1 << bit % 8

    with pytest.raises(SealBroken):
        asyncio.run(ring("first").unwrap(bytes(flipped)[:length], ("data_keys", "wrapped")))


@given(st.binary(max_size=80))
@example(b"")
@example(b"\x01")
@example(b"\x02")
def test_anything_else_does_not_open(junk: bytes) -> None:
    """Case 71."""
    with pytest.raises(SealBroken):
        KEY.open(junk, HERE)
    with pytest.raises(SealBroken):
        asyncio.run(ring("first").unwrap(junk, ()))


async def test_vault_says_no_more_of_a_broken_value(world: World) -> None:
    """Case 71: truncated, empty, of another header; one kind of error, without a text."""
    here = place_of(world.organization_id, "a")
    sealed = await world.vault.seal(SECRET, here)

    for broken in (
        b"",
        sealed[:1],
        sealed[:16],
        sealed[:28],
        sealed[:-1],
        b"\x03" + sealed[1:],
        sealed[::-1],
    ):
        with pytest.raises(SealBroken) as failed:
            await world.vault.open(broken, here)
        assert str(failed.value) == ""


@pytest.mark.parametrize("other", [bytearray(b"secret"), memoryview(b"s-e-c-r-e-t-")[::2], "secret"])
async def test_only_bytes_are_sealed_and_opened(world: World, other: object) -> None:
    """Case 80: a view with gaps never reaches the cipher."""
    here = place_of(world.organization_id, "a")
    value = cast("bytes", other)

    with pytest.raises(TypeError):
        await world.vault.seal(value, here)
    with pytest.raises(TypeError):
        await world.vault.open(value, here)
    with pytest.raises(TypeError):
        await ring("first").wrap(value, ())
    with pytest.raises(TypeError):
        await ring("first").unwrap(value, ())


async def test_each_organization_has_a_key_of_its_own(world: World) -> None:
    """R17: a value that is carried to another organization finds no key there."""
    other = await other_organization(world)
    ours = await world.vault.seal(SECRET, place_of(world.organization_id, "a"))
    theirs = await world.vault.seal(SECRET, place_of(other, "a"))

    assert ours[1:17] != theirs[1:17]
    assert await world.vault.open(theirs, place_of(other, "a")) == SECRET
    with pytest.raises(KeyUnavailable):
        await world.vault.open(ours, place_of(other, "a"))


async def test_nearly_used_up_key_is_replaced_and_still_opens(world: World) -> None:
    """Case 69: of a key that may make ten seals, none makes an eleventh."""
    small = vault(world, "first", most_seals=10, seals_at_once=5)
    here = place_of(world.organization_id, "a")

    sealed = [await small.seal(SECRET, here) for _ in range(25)]

    names = [value[1:17] for value in sealed]
    assert [names.count(name) for name in dict.fromkeys(names)] == [10, 10, 5]
    assert await world.rows(ROWS) == [("first", False, True), ("first", False, True), ("first", True, True)]
    assert {await vault(world, "first").open(value, here) for value in sealed} == {SECRET}


async def test_seals_of_all_processes_are_counted(world: World) -> None:
    """Case 69: what one has set aside, another does not use."""
    one = vault(world, "first", most_seals=10, seals_at_once=5)
    other = vault(world, "first", most_seals=10, seals_at_once=5)
    here = place_of(world.organization_id, "a")

    sealed = [await each.seal(SECRET, here) for each in (one, other) for _ in range(5)]
    more = await other.seal(SECRET, here)

    assert len({value[1:17] for value in sealed}) == 1
    assert more[1:17] != sealed[0][1:17]


async def test_many_who_seal_first_make_one_key(world: World) -> None:
    here = place_of(world.organization_id, "a")
    processes = [vault(world, "first") for _ in range(4)]

    sealed = await asyncio.gather(*(each.seal(SECRET, here) for each in processes for _ in range(5)))

    assert await world.rows(ROWS) == [("first", True, True)]
    assert {await world.vault.open(value, here) for value in sealed} == {SECRET}


async def test_cached_key_asks_the_database_nothing(world: World) -> None:
    here = place_of(world.organization_id, "a")
    await world.vault.seal(SECRET, here)
    uses = Uses(world.engine)

    for _ in range(100):
        assert await world.vault.open(await world.vault.seal(SECRET, here), here) == SECRET
    assert uses.count == 0
    world.clock.turn(seconds=CACHE_LIFE.total_seconds())
    await world.vault.open(await world.vault.seal(SECRET, here), here)

    assert uses.count == 1


async def test_key_that_another_process_made_just_now_is_found(world: World) -> None:
    """Case 73: what is cached does not hide a newer key."""
    here = place_of(world.organization_id, "a")
    await world.vault.seal(SECRET, here)
    other = vault(world, "first")

    await other.renew(world.organization_id)
    sealed = await other.seal(SECRET, here)

    assert await world.vault.open(sealed, here) == SECRET


async def test_unknown_key_is_looked_for_once(world: World) -> None:
    """Case 72: a row whose key is lost does not cost a question each time."""
    here = place_of(world.organization_id, "a")
    lost = DataKey(UUID(int=9), os.urandom(32)).seal(SECRET, here)
    uses = Uses(world.engine)

    for _ in range(3):
        with pytest.raises(KeyUnavailable):
            await world.vault.open(lost, here)

    assert uses.count == 1


async def test_where_its_key_is_lost_an_organization_seals_by_a_new_one(world: World) -> None:
    """Case 72: so a connection can be connected again."""
    here = place_of(world.organization_id, "a")
    old = await world.vault.seal(SECRET, here)
    without = vault(world, "second")

    new = await without.seal(SECRET, here)

    assert await without.open(new, here) == SECRET
    with pytest.raises(KeyUnavailable):
        await without.open(old, here)


async def test_value_of_the_first_format_still_opens(world: World) -> None:
    """What was sealed before organizations had keys of their own."""
    here = place_of(world.organization_id, "a")
    context = (here.table, here.column, str(here.organization_id), *here.row)
    sealed = await ring("first").wrap(SECRET, context)

    assert await vault(world, "second", "first").open(sealed, here) == SECRET
    with pytest.raises(SealBroken):
        await world.vault.open(sealed, place_of(world.organization_id, "b"))
    with pytest.raises(KeyUnavailable):
        await vault(world, "second").open(sealed, here)


async def test_first_format_is_as_it_was_written(world: World) -> None:
    """A value out of an installation of before, byte for byte."""
    organization = OrganizationId(UUID("01890000-0000-7000-8000-000000000001"))
    there = place_of(organization, "01890000-0000-7000-8000-000000000002")

    assert await world.vault.open(bytes.fromhex(_OLD), there) == b'{"password":"old","feed":null}'


_OLD = (
    "01056669727374d66af43dfe6a17b9abdce6db3ee5d547cc647968c4c4df7085d"
    "e5c15fe832560f74e06082e18f760739c1025e0226d29bb494e685e726f4f406b"
)


async def test_vault_is_not_used_inside_a_unit(world: World) -> None:
    """It may need a connection of its own: all units of a full pool would wait for each other."""
    async with world.units.read():
        with pytest.raises(RuntimeError):
            await world.vault.seal(SECRET, place_of(world.organization_id, "a"))


async def test_nothing_shows_its_keys(world: World) -> None:
    shown = repr((KEY, world.vault, ring("first", "second")))

    assert "ddd" not in shown
    assert "kkk" not in shown


async def test_keys_of_the_wrong_size_are_refused() -> None:
    with pytest.raises(ValueError, match="32"):
        KeyRing({"first": b"short"})
    with pytest.raises(ValueError, match="at least one"):
        KeyRing({})
    with pytest.raises(ValueError, match="32"):
        DataKey(UUID(int=1), b"short")


async def test_every_sealed_column_is_known_to_the_rotation() -> None:
    """A room that seals says so, or its values would keep their old keys."""
    sealed = {
        (table.name, column.name)
        for table in Base.metadata.tables.values()
        for column in table.columns
        if column.name.endswith("_sealed")
    }

    assert {(column.table, column.column) for column in SEALED} == sealed


async def test_keys_leave_memory_when_nobody_uses_them(world: World) -> None:
    other = await other_organization(world)
    await world.vault.seal(SECRET, place_of(other, "a"))
    world.clock.turn(seconds=(CACHE_LIFE + timedelta(seconds=1)).total_seconds())

    await world.vault.seal(SECRET, place_of(world.organization_id, "a"))

    assert repr(world.vault) == "Vault(1 organizations)"

"""The verb `keys`, as an operator runs it on an installation that goes on meanwhile."""

import asyncio
import base64
import io
import os
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass

import pytest

from app.command.keys import run as keys_verb
from app.environment import ROOT
from services.vault import BATCH
from storage.failpoints import Failpoint
from tests.calendars import PASSWORD, World, opened_world, other_organization
from tests.installation import LINK_KEY
from tests.vaults import KEYS, SECRET, place_of, vault

pytestmark = pytest.mark.anyio

HELD = "SELECT kek_id, count(*) FROM data_keys WHERE destroyed_at IS NULL GROUP BY kek_id ORDER BY kek_id"


@pytest.fixture
async def world(database_url: str, redis_url: str) -> AsyncGenerator[World, None]:
    """Open a world."""
    async with opened_world(database_url, redis_url) as opened:
        yield opened


@pytest.fixture
def environment(database_url: str, redis_url: str) -> dict[str, str]:
    """Give the settings of an installation whose new key is first."""
    return {
        **os.environ,
        "ENVIRONMENT": "test",
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "SMTP_URL": "smtp://127.0.0.1:1",
        "KEYS": keys("second", "first"),
        "LINK_KEY": LINK_KEY,
    }


def keys(*names: str) -> str:
    """Write a ring as KEYS has it."""
    return ",".join(f"{name}:{base64.b64encode(KEYS[name]).decode()}" for name in names)


@dataclass(frozen=True)
class Ended:
    """How the verb ended and what it said."""

    returncode: int
    stdout: str
    stderr: str


async def run(environment: dict[str, str], *arguments: str, **more: str) -> Ended:
    """Run the verb to its end, in this process: to start one takes longer than what it does."""
    told, refused = io.StringIO(), io.StringIO()

    def verb() -> int:
        with redirect_stdout(told), redirect_stderr(refused):
            try:
                return keys_verb(arguments, environment | more)
            except SystemExit as ended:
                return int(ended.code or 0)

    return Ended(await asyncio.to_thread(verb), told.getvalue(), refused.getvalue())


async def run_apart(
    environment: dict[str, str], *arguments: str, **more: str
) -> subprocess.CompletedProcess[str]:
    """Run the verb to its end, in a process of its own."""
    command = [sys.executable, "-m", "app.command", "keys", *arguments]
    return await asyncio.to_thread(
        subprocess.run, command, cwd=ROOT, env=environment | more, capture_output=True, text=True, check=False
    )


async def test_rotation_that_is_killed_goes_on_where_it_was(
    world: World, environment: dict[str, str]
) -> None:
    """Case 73: old and new processes work on meanwhile; in the end no row has the old id."""
    organizations = [await other_organization(world) for _ in range(BATCH + 5)]
    sealed = {each: await world.vault.seal(SECRET, place_of(each, "a")) for each in organizations}

    killed = await run_apart(environment, "rotate", FAILPOINT=Failpoint.IN_ROTATION)
    amid = await world.rows(HELD)
    old, new = vault(world, "first", "second"), vault(world, "second", "first")
    between = {each: await old.seal(SECRET, place_of(each, "b")) for each in organizations}
    opened = {await new.open(sealed[each], place_of(each, "a")) for each in organizations}
    opened |= {await new.open(between[each], place_of(each, "b")) for each in organizations}
    ended = await run(environment, "rotate")

    assert killed.returncode == -signal.SIGKILL
    assert amid == [("first", 5), ("second", BATCH)]
    assert opened == {SECRET}
    assert (ended.returncode, ended.stdout.splitlines()[0]) == (0, "5 data keys wrapped anew.")
    assert await world.rows(HELD) == [("second", BATCH + 5)]
    without_old = vault(world, "second")
    assert {await without_old.open(sealed[each], place_of(each, "a")) for each in organizations} == {SECRET}


async def test_operator_learns_which_key_may_go(world: World, environment: dict[str, str]) -> None:
    """Case 74: from the list, and by the exit code."""
    await world.connected(await world.host())

    before = await run(environment, "retire", "first")
    listed = await run_apart(environment, "list")
    await run(environment, "rotate")
    after = await run(environment, "retire", "first")

    assert before.returncode == 1
    assert listed.stdout.splitlines() == [
        "second: wraps 0 data keys (0 seal), sealed 0 values; wraps new ones",
        "first: wraps 1 data keys (1 seal), sealed 0 values; must stay: run keys rotate",
    ]
    assert after.returncode == 0
    assert after.stdout == "first: wraps 0 data keys (0 seal), sealed 0 values; may be removed\n"
    assert (await run(environment, "retire", "third")).returncode == 2


@pytest.mark.parametrize("whose", ["all", "one"])
async def test_new_data_keys_take_every_value(world: World, environment: dict[str, str], whose: str) -> None:
    linked = await world.connected(await world.host())
    whose = str(world.organization_id) if whose == "one" else whose

    rotated = await run(environment, "rotate", "--data", whose)

    assert (rotated.returncode, rotated.stdout.splitlines()[:2]) == (
        0,
        ["1 new data keys.", "1 values sealed anew by the newest data keys; 0 older keys destroyed."],
    )
    present = await world.linked(linked.connection.id)
    assert present.secret_sealed != linked.secret_sealed
    assert present.connection.version == linked.connection.version
    assert (await run(environment, "sweep")).stdout.startswith("0 values sealed anew")


async def test_values_that_do_not_open_are_counted_and_left(
    world: World, environment: dict[str, str]
) -> None:
    linked = await world.connected(await world.host())

    ended = await run(environment, "rotate", KEYS=keys("second"))

    assert ended.returncode == 1
    assert "1 could not be opened" in ended.stderr
    assert (await world.connections.key(linked)).password == PASSWORD


async def test_keys_are_destroyed_only_where_that_is_said(world: World, environment: dict[str, str]) -> None:
    """Case 75."""
    await world.connected(await world.host())
    organization = str(world.organization_id)

    refused = await run(environment, "destroy", organization)
    kept = await world.rows(HELD)
    destroyed = await run(environment, "destroy", organization, "--forever")

    assert (refused.returncode, kept) == (2, [("first", 1)])
    assert (destroyed.returncode, await world.rows(HELD)) == (0, [])
    assert destroyed.stdout.startswith("1 data keys destroyed.")


async def test_nothing_that_the_verb_says_shows_a_key(world: World, environment: dict[str, str]) -> None:
    wrong = await run(environment, "list", DATABASE_URL="postgresql://hush@127.0.0.1:1/x")

    assert wrong.returncode == 2
    assert wrong.stderr.startswith("slotgraph: The database does not answer")
    assert "hush" not in wrong.stderr
    assert (await run(environment, "destroy", "nobody", "--forever")).returncode == 2
    assert (await run(environment, "rotate", "--data", "nobody")).returncode == 2

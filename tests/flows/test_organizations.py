"""The verbs `organization` and `audit`, as an operator runs them."""

import asyncio
import io
import os
from collections.abc import AsyncGenerator, Callable
from contextlib import redirect_stderr, redirect_stdout
from uuid import uuid4

import pytest

from app.command.organizations import audit, organization
from domain.users import SignedIn
from tests.identity import Installation, installation
from tests.installation import KEY, LINK_KEY

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    """Run on asyncio."""
    return "asyncio"


@pytest.fixture
async def house(database_url: str, redis_url: str) -> AsyncGenerator[Installation, None]:
    """Open an installation without users."""
    async with installation(database_url, redis_url) as opened:
        yield opened


@pytest.fixture
async def ada(house: Installation) -> SignedIn:
    """Let Ada found an organization."""
    return await house.viewer((await house.sign_up()).token)


@pytest.fixture
def environment(database_url: str, redis_url: str) -> dict[str, str]:
    """Give the settings of the installation."""
    return {
        **os.environ,
        "ENVIRONMENT": "test",
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "SMTP_URL": "smtp://127.0.0.1:1",
        "KEYS": f"first:{KEY}",
        "LINK_KEY": LINK_KEY,
    }


async def run(verb: Callable[..., int], environment: dict[str, str], *arguments: str) -> tuple[int, str]:
    """Run a verb to its end in this process: its code, and what it said on both outputs."""
    told = io.StringIO()

    def act() -> int:
        with redirect_stdout(told), redirect_stderr(told):
            return verb(arguments, environment)

    return await asyncio.to_thread(act), told.getvalue()


async def test_the_verb_finds_a_changed_log_and_says_where(
    house: Installation, ada: SignedIn, environment: dict[str, str]
) -> None:
    """X24: the end of each log is printed, so that it can be kept elsewhere."""
    await house.organizations.update(ada, "Mills")
    [(head,)] = await house.rows("SELECT hash FROM audit_heads")

    whole = await run(audit, environment, "verify")
    await house.change("UPDATE audit_log SET act = 'team_created' WHERE number = 2")
    broken = await run(audit, environment, "verify")

    assert whole == (0, f"{ada.organization_id}: 2 entries, {head.hex()}\n")
    assert broken == (1, f"{whole[1].rstrip()}; BROKEN at 2\n")


async def test_the_verb_changes_what_is_subscribed_to_and_notes_it(
    house: Installation, ada: SignedIn, environment: dict[str, str]
) -> None:
    """R019, D19: basic with the add-on is entitled, basic alone is not; by the operator, whom nobody is."""
    of, wanted = str(ada.organization_id), ("basic", "--add-on", "scheduler")

    with_add_on = await run(organization, environment, "plan", of, *wanted)
    entitled = await house.users.account(ada)
    alone = await run(organization, environment, "plan", of, "basic")
    nobody = await run(organization, environment, "plan", str(uuid4()), "basic")

    assert with_add_on == (0, f"{of}: basic + scheduler\n")
    assert entitled is not None
    assert entitled.organization.is_entitled
    assert (alone[0], nobody[0]) == (0, 1)
    log = await house.rows("SELECT act, actor_id, detail FROM audit_log WHERE number > 1 ORDER BY number")
    assert log == [("plan_changed", None, "basic+scheduler"), ("plan_changed", None, "basic")]

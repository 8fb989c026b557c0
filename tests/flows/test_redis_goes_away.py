"""Redis away, emptied or written to by a stranger: nothing is lost, and nothing of a stranger's runs."""

import os
import pickle
from collections.abc import AsyncGenerator, Generator
from pathlib import Path

import pytest

from tests.flows.deployment import (
    Deployment,
    HostAtHome,
    address_of,
    book,
    booking_of,
    deployed,
    starts,
    starts_of,
    window,
)
from tests.flows.processes import Api, Valkey, Worker
from tests.installation import CANCEL, CHANGED, SIGN_IN_START
from tests.radicale import Radicale

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
async def valkey(folder: Path) -> AsyncGenerator[Valkey, None]:
    """Run a Valkey of the module's own."""
    valkey = Valkey(folder)
    try:
        valkey.start()
        await valkey.answers()
        yield valkey
    finally:
        await valkey.end()


@pytest.fixture(scope="module")
async def deployment(
    module_database_url: str, valkey: Valkey, radicale: Radicale, folder: Path
) -> AsyncGenerator[Deployment, None]:
    """Set up an installation over that Valkey; what is shown grows old quickly."""
    async with deployed(
        module_database_url, valkey.url, radicale, folder, FREEBUSY_TTL_S="1"
    ) as installation:
        yield installation


@pytest.fixture(scope="module")
async def ada(deployment: Deployment, api: Api, worker: Worker) -> HostAtHome:
    """Sign a host up."""
    return await deployment.host(api)


@pytest.fixture
def present(valkey: Valkey) -> Generator[Valkey, None, None]:
    """Give Valkey, which is there again after the test."""
    yield valkey
    valkey.revive()


async def test_while_redis_is_away_all_but_signing_in_goes_on(
    deployment: Deployment, api: Api, worker: Worker, ada: HostAtHome, present: Valkey
) -> None:
    """Cases 105, 187; I2, I9: what follows is done meanwhile; who watches sees it when Redis is back."""
    slug = await ada.page(api)
    kept, dropped, later, *_ = free = await starts(api, slug)
    wanted = booking_of(slug, kept)

    async with api.feed(CHANGED, slug=slug, window=window()) as feed:
        state = (await feed.next())["openSlotsChanged"]
        present.kill()
        booked = await book(api, wanted)
        other = await book(api, booking_of(slug, dropped))
        cancelled = await api.ask(CANCEL, input={"token": other["manageToken"]})
        code = await api.ask(SIGN_IN_START, input={"email": "eve@example.com"})
        await deployment.settled()
        by_who_had_redis = (ada.entry_starts(), len(deployment.mails_to(address_of(wanted))))
        worker.start()  # one that has never seen Redis
        third = await book(api, booking_of(slug, later))
        await deployment.settled()
        by_who_never_had = ada.entry_starts()
        present.start()
        await present.answers()
        gone = (await feed.next())["openSlotsChanged"]

    assert by_who_had_redis == ([kept], 1)
    assert by_who_never_had == [kept, later]
    assert third["booking"]["state"] == "CONFIRMED"
    assert starts_of(state["slots"]) == free
    assert booked["booking"]["state"] == "CONFIRMED"
    assert cancelled["bookingCancel"]["booking"]["state"] == "CANCELLED"
    assert code["signInStart"]["__typename"] == "TryAgainError"
    assert kept in starts_of(gone["removed"])
    assert await starts(api, slug) == [start for start in free if start not in (kept, later)]


async def test_redis_may_forget_everything(
    deployment: Deployment, api: Api, worker: Worker, ada: HostAtHome, valkey: Valkey
) -> None:
    """Cases 105, 187; I2, I9: what is due in weeks is a row; an old cursor is answered by the state."""
    slug = await ada.page(api, reminderMinutes=[60])
    start = (await starts(api, slug))[3]
    wanted = booking_of(slug, start)
    async with api.feed(CHANGED, slug=slug, window=window()) as feed:
        seen = (await feed.next())["openSlotsChanged"]

    booked = await book(api, wanted)
    await deployment.settled()
    ahead = await deployment.database.one(REMINDERS_AHEAD)
    await valkey.ask("FLUSHALL")
    await deployment.database.change(REMIND_NOW)
    async with api.feed(CHANGED, slug=slug, window=window(), after=seen["cursor"]) as feed:
        state = (await feed.next())["openSlotsChanged"]
    reminded = await deployment.mail_to(address_of(wanted), 2)
    await deployment.settled()
    cancelled = await api.ask(CANCEL, input={"token": booked["manageToken"]})
    await deployment.settled()

    assert ahead == 2
    assert "Reminder" in str(reminded.message["Subject"])
    assert state["__typename"] == "OpenSlotsState"
    assert start not in starts_of(state["slots"])
    assert state["revision"] >= seen["revision"]
    assert cancelled["bookingCancel"]["booking"]["state"] == "CANCELLED"
    assert len(deployment.mails_to(address_of(wanted))) == 3
    assert start not in ada.entry_starts()


async def test_a_forged_pickle_in_the_queue_is_not_executed(
    deployment: Deployment, api: Api, worker: Worker, ada: HostAtHome, valkey: Valkey, tmp_path: Path
) -> None:
    """Case 125: whoever can write to Redis cannot make a worker run code; honest work goes on."""
    canary = tmp_path / "executed"
    forged = pickle.dumps({"t": None, "f": "run_effect", "a": (Planted(canary),), "k": None, "et": 0})
    pickle.loads(forged)  # noqa: S301 -- to see that it bites
    bites = canary.exists()
    canary.rmdir()
    slug = await ada.page(api)
    wanted = booking_of(slug, (await starts(api, slug))[5])

    async with valkey.dropped("arq:job:evil") as dropped:
        await valkey.ask("PSETEX", "arq:job:evil", 60_000, forged)
        await valkey.ask("ZADD", "arq:queue", 1, "evil")
        await dropped()
    await book(api, wanted)
    await deployment.settled()
    status = await worker.end()
    worker.start()

    assert bites
    assert not canary.exists()
    assert status == 0
    assert len(deployment.mails_to(address_of(wanted))) == 1


REMINDERS_AHEAD = """SELECT count(*) FROM effects
  WHERE kind LIKE 'remind_%' AND state = 'due' AND due_at > now() + interval '6 days'"""
REMIND_NOW = "UPDATE effects SET due_at = now() WHERE kind LIKE 'remind_%'"


class Planted:
    """What makes a folder when it is unpickled."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __reduce__(self) -> tuple[object, ...]:
        return os.makedirs, (str(self._folder),)

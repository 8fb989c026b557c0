"""Workers that die beside an effect: whoever takes it over doubles nothing that could be known."""

from datetime import timedelta

import pytest

from storage.failpoints import Failpoint
from storage.outbox import LEASE
from tests.flows.deployment import Deployment, HostAtHome, address_of, book, booking_of, starts
from tests.flows.processes import Api, Worker
from tests.installation import CANCEL

pytestmark = pytest.mark.anyio

KILLED = -9
POINTS = pytest.mark.parametrize("point", [Failpoint.BEFORE_ACT, Failpoint.AFTER_ACT, Failpoint.AFTER_FINISH])


@pytest.fixture(scope="module")
async def ada(deployment: Deployment, api: Api) -> HostAtHome:
    """Sign a host up; no worker runs afterwards."""
    worker = deployment.worker()
    worker.start()
    ada = await deployment.host(api)
    assert await worker.end() == 0
    return ada


@pytest.fixture
def worker(deployment: Deployment) -> Worker:
    """Make a worker that does not run yet."""
    return deployment.worker()


@POINTS
async def test_an_entry_whose_worker_dies_stands_once(
    deployment: Deployment, api: Api, worker: Worker, ada: HostAtHome, point: Failpoint
) -> None:
    """Case 182; I2, I9: the entry has the name that we chose, and the worker ends well when told to."""
    slug = await ada.page(api)
    [start, *_] = await starts(api, slug)
    booked = await book(api, booking_of(slug, start))
    await deployment.database.change(ONLY, kind="entry")

    worker.start(point)
    death = await worker.death()
    await deployment.database.change(ALL)
    await deployment.end_leases()
    worker.start()
    await deployment.settled()
    stood = ada.entry_starts()
    await api.ask(CANCEL, input={"token": booked["manageToken"]})
    await deployment.settled()

    assert death == KILLED
    assert stood == [start]
    assert ada.entry_starts() == []
    assert await worker.end() == 0


@pytest.mark.parametrize(
    ("point", "copies"),
    [(Failpoint.BEFORE_ACT, 1), (Failpoint.AFTER_ACT, 2), (Failpoint.AFTER_FINISH, 1)],
)
async def test_a_mail_whose_worker_dies_comes_and_is_known_by_its_id(
    deployment: Deployment, api: Api, worker: Worker, ada: HostAtHome, point: Failpoint, copies: int
) -> None:
    """Case 183; I4, I9: a double only where the server had it and we could not know, with the same id."""
    slug = await ada.page(api)
    start = (await starts(api, slug))[1]
    wanted = booking_of(slug, start)
    booked = await book(api, wanted)
    await deployment.database.change(ONLY, kind="tell_invitee_confirmed")

    worker.start(point)
    death = await worker.death()
    await deployment.database.change(ALL)
    await deployment.end_leases()
    worker.start()
    await deployment.settled()
    mails = deployment.mails_to(address_of(wanted))
    await api.ask(CANCEL, input={"token": booked["manageToken"]})
    await deployment.settled()
    await worker.end()

    assert death == KILLED
    assert len(mails) == copies
    assert len({mail.message["Message-ID"] for mail in mails}) == 1
    assert len({mail.part("text/calendar").partition("DTSTAMP")[0] for mail in mails}) == 1


async def test_what_a_killed_worker_had_begun_another_takes_over_within_a_minute(
    deployment: Deployment, api: Api, worker: Worker, ada: HostAtHome
) -> None:
    """Case 182; I9: it looks each second, and the lease that it waits for is shorter by more than that."""
    slug = await ada.page(api)
    wanted = booking_of(slug, (await starts(api, slug))[2])
    await book(api, wanted)
    other = deployment.worker()

    worker.start(Failpoint.BEFORE_ACT)
    death = await worker.death()
    begun, waits = (await deployment.database.rows(LEASES))[0]
    other.start()
    await deployment.end_leases()
    await deployment.settled()
    await other.end()

    assert death == KILLED
    assert begun == 3
    assert waits <= LEASE < timedelta(seconds=58)
    assert len(deployment.mails_to(address_of(wanted))) == 1


LEASES = "SELECT count(*), max(lease_until) - now() FROM effects WHERE state = 'running'"
ONLY = "UPDATE effects SET due_at = due_at + interval '1 day' WHERE state = 'due' AND kind <> :kind"
ALL = "UPDATE effects SET due_at = due_at - interval '1 day' WHERE state = 'due'"

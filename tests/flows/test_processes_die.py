"""API processes that die in the middle of what they were asked: nothing is lost, nothing doubled."""

import httpx
import pytest

from storage.failpoints import Failpoint
from tests.flows.deployment import (
    Deployment,
    HostAtHome,
    address_of,
    book,
    booking_of,
    hold,
    hold_of,
    starts,
    starts_of,
    window,
)
from tests.flows.processes import Api, Worker
from tests.installation import BOOK, CANCEL, CHANGED, HOLD

pytestmark = pytest.mark.anyio

KILLED = -9
POINTS = pytest.mark.parametrize(
    ("point", "was_written"), [(Failpoint.BEFORE_COMMIT, False), (Failpoint.AFTER_COMMIT, True)]
)


@pytest.fixture(scope="module")
async def ada(deployment: Deployment, api: Api, worker: Worker) -> HostAtHome:
    """Sign a host up, where an API process and a worker run on, whoever else dies."""
    return await deployment.host(api)


@pytest.fixture
def doomed(deployment: Deployment, point: Failpoint) -> Api:
    """Run another API process, which dies at a failpoint."""
    doomed = deployment.api()
    doomed.start(point)
    return doomed


@POINTS
async def test_a_hold_whose_process_dies_is_there_or_not_and_ends(
    deployment: Deployment, api: Api, ada: HostAtHome, doomed: Api, was_written: bool
) -> None:
    """Case 181; I10: a repeat with the same key gets the one hold, and the slot comes back by itself."""
    slug = await ada.page(api)
    [start, *_] = free = await starts(api, slug)
    wanted = hold_of(slug, start)

    async with api.feed(CHANGED, slug=slug, window=window()) as feed:
        await feed.next()
        with pytest.raises(httpx.TransportError):
            await doomed.ask(HOLD, input=wanted)
        death = await doomed.death()
        written = await bookings(deployment, slug, "held")
        again = await hold(api, wanted)
        gone = (await feed.next())["openSlotsChanged"]
        held = await bookings(deployment, slug, "held")
        await deployment.database.change("UPDATE invitees SET hold_expires_at = now() WHERE state = 'held'")
        back = (await feed.next())["openSlotsChanged"]

    assert (death, written) == (KILLED, was_written)
    assert again["hold"]["start"] == start
    assert held == 1
    assert starts_of(gone["removed"]) == [start]
    assert starts_of(back["added"]) == [start]
    assert await starts(api, slug) == free


@POINTS
async def test_a_booking_whose_process_dies_is_made_once(
    deployment: Deployment, api: Api, ada: HostAtHome, doomed: Api, was_written: bool
) -> None:
    """Cases 181, 186; I2, I9: one booking, one entry, one mail to each; who watches sees it."""
    slug = await ada.page(api)
    start = (await starts(api, slug))[1]
    held = await hold(api, hold_of(slug, start))
    wanted = booking_of(slug, start, hold=held["hold"]["token"])
    await deployment.settled()  # what a test before had begun to tell
    mails_before = len(deployment.mails_to(ada.host.email))

    with pytest.raises(httpx.TransportError):
        await doomed.ask(BOOK, input=wanted)
    death = await doomed.death()
    written = await bookings(deployment, slug, "confirmed")
    again = await book(api, wanted)
    once_more = await book(api, wanted)
    await deployment.settled()

    assert (death, written) == (KILLED, was_written)
    assert again["booking"]["state"] == "CONFIRMED"
    assert again["manageToken"] == once_more["manageToken"]
    assert ada.entry_starts().count(start) == 1
    assert len(deployment.mails_to(address_of(wanted))) == 1
    assert len(deployment.mails_to(ada.host.email)) == mails_before + 1
    assert start not in await starts(api, slug)
    await api.ask(CANCEL, input={"token": again["manageToken"]})


@POINTS
async def test_a_cancellation_whose_process_dies_is_made_once(
    deployment: Deployment, api: Api, ada: HostAtHome, doomed: Api, was_written: bool
) -> None:
    """Cases 181, 186; I2, I9: the entry goes, each side is told once, the slot is back."""
    slug = await ada.page(api)
    start = (await starts(api, slug))[2]
    wanted = booking_of(slug, start)
    booked = await book(api, wanted)
    await deployment.settled()

    with pytest.raises(httpx.TransportError):
        await doomed.ask(CANCEL, input={"token": booked["manageToken"]})
    death = await doomed.death()
    written = await bookings(deployment, slug, "cancelled")
    again = await api.ask(CANCEL, input={"token": booked["manageToken"]})
    await deployment.settled()
    told = [mail.message["Subject"] for mail in deployment.mails_to(address_of(wanted))]

    assert (death, written) == (KILLED, was_written)
    assert again["bookingCancel"]["booking"]["state"] == "CANCELLED"
    assert ada.entry_starts().count(start) == 0
    assert len(told) == 2
    assert start in await starts(api, slug)


async def bookings(deployment: Deployment, slug: str, state: str) -> int:
    return await deployment.database.one(
        """SELECT count(*) FROM bookings b JOIN booking_pages p ON p.id = b.page_id
           WHERE p.slug = :slug AND b.state = :state""",
        slug=slug.partition("/")[2],
        state=state,
    )

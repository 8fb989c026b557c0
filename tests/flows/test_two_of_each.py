"""Two API processes, two workers and one database: what one does, the other shows and respects."""

import asyncio

import pytest

from tests.flows.deployment import (
    Deployment,
    address_of,
    book,
    booking_of,
    starts,
    starts_of,
    window,
)
from tests.flows.processes import Api, Worker
from tests.installation import CHANGED

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
async def other(deployment: Deployment) -> Api:
    """Run a second API process for the whole module."""
    other = deployment.api()
    other.start()
    return other


@pytest.fixture(scope="module", autouse=True)
async def second_worker(deployment: Deployment) -> Worker:
    """Run a second worker for the whole module."""
    second = deployment.worker()
    second.start()
    return second


async def test_a_booking_at_one_process_shows_at_the_other_within_a_second(
    deployment: Deployment, api: Api, other: Api, worker: Worker
) -> None:
    """X01, D02."""
    ada = await deployment.host(api)
    slug = await ada.page(api)
    [start, *_] = await starts(other, slug)

    async with other.feed(CHANGED, slug=slug, window=window()) as feed:
        await feed.next()
        await book(api, booking_of(slug, start))
        async with asyncio.timeout(1):
            gone = (await feed.next())["openSlotsChanged"]

    assert starts_of(gone["removed"]) == [start]


async def test_what_one_process_keeps_ready_ends_with_a_change_at_the_other(
    deployment: Deployment, api: Api, other: Api, worker: Worker
) -> None:
    """X01: an answer that stands stands nowhere any more; its mails are written once, by whichever worker."""
    ada = await deployment.host(api)
    slug = await ada.page(api)
    [first, second, *_] = await starts(other, slug)
    kept = await starts(other, slug)

    async with other.feed(CHANGED, slug=slug, window=window()) as feed:
        await feed.next()
        wanted = booking_of(slug, first)
        await book(api, wanted)
        await feed.next()  # by now the other process has heard of it
        shown = await starts(other, slug)
    await deployment.settled()

    assert (kept[0], shown[0]) == (first, second)
    assert len(deployment.mails_to(address_of(wanted))) == 1


async def test_of_sixty_racers_at_two_processes_one_wins_and_the_others_change_nothing(
    deployment: Deployment, api: Api, other: Api, worker: Worker
) -> None:
    """R021, case 133; I1."""
    ada = await deployment.host(api)
    slug = await ada.page(api)
    start, following, *_ = await starts(api, slug)
    await deployment.settled()
    before = await deployment.database.rows(WRITTEN)

    answers = await asyncio.gather(
        *(book(door, booking_of(slug, start)) for _ in range(30) for door in (api, other))
    )
    losers = [answer for answer in answers if answer["__typename"] != "BookingCreatePayload"]
    after = await deployment.database.rows(WRITTEN)

    assert len(losers) == 59
    assert {loser["__typename"] for loser in losers} == {"SlotTakenError"}
    assert {loser["nextSlots"][0]["start"] for loser in losers} == {following}
    assert [now - then for now, then in zip(after[0], before[0], strict=True)] == [1, 1, 1, 1, 3]


WRITTEN = """SELECT (SELECT count(*) FROM bookings), (SELECT count(*) FROM invitees),
  (SELECT count(*) FROM idempotency_keys), (SELECT count(*) FROM capabilities),
  (SELECT count(*) FROM effects)"""

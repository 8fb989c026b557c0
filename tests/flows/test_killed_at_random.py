"""Processes killed from outside at random moments of a burst: what was acknowledged stands, once."""

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.flows.deployment import Deployment, address_of, booking_of, starts
from tests.flows.processes import Api, Process, Worker
from tests.installation import BOOK, CANCEL

pytestmark = pytest.mark.anyio

GUESTS = 30
CHOICES = 22  # fewer than guests, so that some want the same time
KILLS = 8


@dataclass(frozen=True)
class Guest:
    """What one guest wanted, and what they were told in the end."""

    email: str
    start: str
    outcome: str


@dataclass(frozen=True)
class Crowd:
    """Guests who insist: a request whose process died is sent again, with its key, to whichever answers."""

    doors: Sequence[Api]
    chance: random.Random

    async def come(self, slug: str, start: str) -> Guest:
        """Book, and sometimes cancel, until it is clear what came of it."""
        await asyncio.sleep(self.chance.uniform(0, 4))
        wanted = booking_of(slug, start)
        booked = await self._insist(BOOK, wanted)
        outcome = booked["__typename"]
        if outcome == "BookingCreatePayload" and self.chance.random() < 0.3:
            cancelled = await self._insist(CANCEL, {"token": booked["manageToken"]})
            outcome = cancelled["booking"]["state"]
        return Guest(address_of(wanted), start, outcome)

    async def _insist(self, document: str, given: dict[str, Any]) -> dict[str, Any]:
        while True:
            try:
                [answer] = (await self.chance.choice(self.doors).ask(document, input=given)).values()
            except httpx.TransportError:
                continue
            if answer["__typename"] != "TryAgainError":
                return answer


async def kill_some(processes: Sequence[Process], chance: random.Random) -> None:
    """Kill processes at random moments; each is started again at once."""
    for _ in range(KILLS):
        await asyncio.sleep(chance.uniform(0.1, 0.9))
        chance.choice(processes).start()


async def test_kill_9_at_random_moments_loses_nothing_and_doubles_nothing(deployment: Deployment) -> None:
    """Cases 181, 182, 183; I1, I2, I4, I9."""
    seed = random.SystemRandom().randrange(2**32)
    print("seed", seed)  # noqa: T201 -- shown when the test fails
    chance = random.Random(seed)
    doors = [deployment.api(), deployment.api()]
    workers: list[Worker] = [deployment.worker(), deployment.worker()]
    for process in (*doors, *workers):
        process.start()
    ada = await deployment.host(doors[0])
    slug = await ada.page(doors[0])
    offered = (await starts(doors[0], slug, days=2))[:CHOICES]
    crowd = Crowd(doors, chance)

    guests, _ = await asyncio.gather(
        asyncio.gather(*(crowd.come(slug, chance.choice(offered)) for _ in range(GUESTS))),
        kill_some((*doors, *workers), chance),
    )
    for worker in workers:
        worker.kill()
    await deployment.end_leases()
    for worker in workers:
        worker.start()
    await deployment.settled()

    confirmed = {(guest.email, guest.start) for guest in guests if guest.outcome == "BookingCreatePayload"}
    cancelled = {(guest.email, guest.start) for guest in guests if guest.outcome == "CANCELLED"}
    refused = {guest.outcome for guest in guests} - {"BookingCreatePayload", "CANCELLED"}
    mails = Counter(
        str(mail.message["Message-ID"]).strip(" <>").partition("@")[0].rpartition(".")[0]
        for guest in guests
        for mail in deployment.mails_to(guest.email)
    )
    tries = {key: attempts for key, attempts, _ in await deployment.database.rows(TOLD)}
    sent = {key for key, _, state in await deployment.database.rows(TOLD) if state == "done"}

    assert await deployment.database.rows(OVERLAPS) == []
    assert set(await deployment.database.rows(BOOKED, state="confirmed")) == confirmed
    assert set(await deployment.database.rows(BOOKED, state="cancelled")) == cancelled
    assert await deployment.database.one("SELECT count(*) FROM invitees") == len(confirmed | cancelled)
    assert refused <= {"SlotTakenError"}
    assert ada.entry_starts() == sorted(start for _, start in confirmed)
    assert sent <= set(mails)
    assert {key: copies for key, copies in mails.items() if copies > tries[key]} == {}


OVERLAPS = """SELECT a.id FROM bookings a JOIN bookings b
  ON a.id < b.id AND a.occupies AND b.occupies AND a.during && b.during"""
BOOKED = """SELECT i.email, to_char(lower(b.during) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
  FROM invitees i JOIN bookings b ON b.id = i.booking_id WHERE b.state = :state AND i.state = :state"""
TOLD = """SELECT subject_id || '.' || version || '.' || replace(kind, 'tell_invitee_', ''), attempts, state
  FROM effects WHERE kind LIKE 'tell_invitee_%'"""

"""Effects are judged when they are due, not when they were planned: taken over, passed over, called off."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.effects import EffectState, Outcome
from storage.outbox import LEASE
from tests.installation import CANCEL, RESCHEDULE, Host, Installation
from tests.radicale import Radicale

pytestmark = pytest.mark.anyio

START = datetime(2026, 3, 30, 7, tzinfo=UTC)  # a Monday, 09:00 in Berlin
NINE, TEN, ELEVEN, TWELVE = (f"2026-03-30T{hour:02}:00:00Z" for hour in (7, 8, 9, 10))
GUEST = "grace@example.org"


@pytest.fixture
async def ada(house: Installation, radicale: Radicale) -> Host:
    """Sign a host up and connect a calendar."""
    host = await house.sign_up()
    await house.connect_calendar(host, radicale)
    return host


async def test_what_a_dead_worker_had_claimed_is_taken_over_when_its_lease_ends(
    house: Installation, ada: Host
) -> None:
    """Cases 182, 183; I4, I9: not before, within a minute, and what the late worker says is worth nothing."""
    await house.book(await house.page(ada), NINE)
    effects = house.parts.services.effects

    dead = await effects.exchange((), 100)
    house.clock.turn(seconds=LEASE.total_seconds() - 1)
    early = await effects.exchange((), 100)
    house.clock.turn(seconds=1)
    done = await house.work()
    await effects.exchange([Outcome(claimed, EffectState.FAILED, "late") for claimed in dead], 0)

    assert LEASE + timedelta(seconds=1) < timedelta(minutes=1)  # a look each second finds it
    assert early == []
    assert done == [EffectState.DONE] * len(dead)
    assert await house.rows(
        "SELECT state, failure, count(*) FROM effects WHERE attempts = 2 GROUP BY 1, 2"
    ) == [("done", None, len(dead))]
    assert len(house.mails_to(GUEST)) == 1


async def test_a_worker_that_was_slow_does_not_overwrite_who_took_over(
    house: Installation, ada: Host
) -> None:
    """Case 182: fenced by the number of the attempt."""
    await house.book(await house.page(ada), NINE)
    effects = house.parts.services.effects
    [slow] = [claimed for claimed in await effects.exchange((), 100) if claimed.effect.kind == "entry"]
    house.clock.turn(seconds=LEASE.total_seconds())
    await effects.exchange((), 100)

    went = await effects.act(slow)
    await effects.exchange([went], 0)

    assert went.state is EffectState.DONE
    assert await house.rows("SELECT state, attempts FROM effects WHERE kind = 'entry'") == [("running", 2)]


async def test_of_three_quick_moves_only_the_last_is_told(
    house: Installation, ada: Host, radicale: Radicale
) -> None:
    """Case 158; I5: one mail to each about the last time, one entry, SEQUENCE ahead of the first."""
    before = set(radicale.stored())
    booked = await house.book(await house.page(ada), NINE)
    token = booked["manageToken"]

    await house.ask(RESCHEDULE, input={"token": token, "start": TEN})
    await house.ask(RESCHEDULE, input={"token": token, "start": ELEVEN})
    await house.ask(RESCHEDULE, input={"token": token, "start": TWELVE})
    await house.work()
    [written] = set(radicale.stored()) - before
    [told] = house.mails_to(GUEST)

    assert b"DTSTART:20260330T100000Z" in radicale.stored()[written]
    assert "DTSTART:20260330T100000Z" in told.part("text/calendar")
    assert "SEQUENCE:3" in told.part("text/calendar")
    assert await house.rows(HOW_IT_WENT, kind="tell_invitee_%") == [("done", 1), ("skipped", 3)]
    assert await house.rows(HOW_IT_WENT, kind="tell_host_%") == [("done", 1), ("skipped", 3)]


async def test_a_reminder_is_sent_once_and_when_it_is_due(house: Installation, ada: Host) -> None:
    """Case 157; I4: not before, and no second one however often it is looked for."""
    await house.book(await house.page(ada, reminderMinutes=[60]), NINE)
    await house.work()
    before = len(house.mails_to(GUEST))

    house.clock.now = START - timedelta(minutes=61)
    await house.work()
    early = len(house.mails_to(GUEST))
    house.clock.turn(minutes=1)
    await house.work()
    await house.work()

    assert (before, early, len(house.mails_to(GUEST))) == (1, 1, 2)
    assert await house.rows(HOW_IT_WENT, kind="remind_%") == [("done", 2)]


async def test_nobody_is_reminded_of_what_was_cancelled(house: Installation, ada: Host) -> None:
    """Case 157; I5: a cancellation a second before it is due is in time."""
    booked = await house.book(await house.page(ada, reminderMinutes=[60]), NINE)
    await house.work()

    house.clock.now = START - timedelta(minutes=60, seconds=1)
    await house.ask(CANCEL, input={"token": booked["manageToken"]})
    await house.work()
    house.clock.turn(seconds=2)
    await house.work()

    assert len(house.mails_to(GUEST)) == 2
    assert "METHOD:CANCEL" in house.mails_to(GUEST)[1].part("text/calendar")
    assert await house.rows(HOW_IT_WENT, kind="remind_%") == [("skipped", 2)]


async def test_a_cancellation_beats_a_reminder_that_a_worker_already_holds(
    house: Installation, ada: Host
) -> None:
    """Case 157; I5: the state is looked at in the moment of sending."""
    booked = await house.book(await house.page(ada, reminderMinutes=[60]), NINE)
    await house.work()
    house.clock.now = START - timedelta(minutes=60)
    effects = house.parts.services.effects

    held = await effects.exchange((), 100)
    await house.ask(CANCEL, input={"token": booked["manageToken"]})
    went = [await effects.act(claimed) for claimed in held]

    assert [outcome.state for outcome in went] == [EffectState.SKIPPED] * 2
    assert len(house.mails_to(GUEST)) == 1


async def test_a_moved_booking_is_reminded_of_at_its_new_time_only(house: Installation, ada: Host) -> None:
    """Case 157: the new reminder exists exactly once, the old one says nothing."""
    booked = await house.book(await house.page(ada, reminderMinutes=[60]), NINE)
    await house.ask(RESCHEDULE, input={"token": booked["manageToken"], "start": ELEVEN})
    await house.work()

    house.clock.now = START - timedelta(minutes=60)
    await house.work()
    early = len(house.mails_to(GUEST))
    house.clock.turn(hours=2)
    await house.work()

    assert (early, len(house.mails_to(GUEST))) == (1, 2)
    assert "11:00" in house.mails_to(ada.email)[-1].part("text/plain")


async def test_after_a_day_without_workers_what_is_still_of_use_is_sent(
    house: Installation, ada: Host
) -> None:
    """Case 184: a reminder of what has begun is not; what it was is recorded."""
    slug = await house.page(ada, reminderMinutes=[60])
    await house.book(slug, NINE)
    await house.book(slug, "2026-03-30T14:00:00Z")
    await house.work()

    house.clock.now = START + timedelta(hours=6, minutes=15)
    await house.work()

    assert len(house.mails_to(GUEST)) == 3
    assert await house.rows(
        "SELECT state, failure, count(*) FROM effects WHERE kind LIKE 'remind_%' GROUP BY 1, 2 ORDER BY 1"
    ) == [("done", None, 2), ("skipped", "too_late", 2)]


HOW_IT_WENT = "SELECT state, count(*) FROM effects WHERE kind LIKE :kind GROUP BY state ORDER BY state"

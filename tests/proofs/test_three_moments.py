"""When anybody's busy times are asked for: a page is opened, a time is booked or changed. Else never."""

from datetime import timedelta
from itertools import pairwise
from uuid import uuid4

import pytest

from tests.calling import call
from tests.installation import CANCEL, CHANGED, RESCHEDULE
from tests.links import LINKS, PROPOSED, made_link, page_id
from tests.polls import TIMES, cast, changed, closed, linked, opened
from tests.proofs.life import WINDOW
from tests.proofs.scene import FREE_BUSY, MONDAY, Scene
from tests.settling import settled
from workers.housekeeping import finish_past, forget

pytestmark = pytest.mark.anyio
_LOOKS = {
    "holdCreate",
    "bookingCreate",
    "bookingCreateByHost",
    "bookingSeriesCreate",
    "waitlistJoin",
    "waitlistTake",
    "bookingApprove",
    "bookingReassign",
    "bookingReschedule",
    "bookingRescheduleByHost",
    "explainSlot",
    "teamAvailability",
    "proposedTimes",
    "pollTimes",
    "pollOpen",
    "pollClose",
    "pollCloseByLink",
}
"""What is a moment by itself; of queries only those that are about free time, and their subscriptions."""


async def test_nothing_but_the_three_moments_asks(scene: Scene) -> None:
    """R015, R078, R083, R090, P11, case 167: every other operation once, and a day without a visitor."""
    house = scene.house
    scene.fill()
    host = await house.sign_up()
    await house.page(host, slug="early")
    await house.work()
    assert scene.calls == [], "nothing of a calendar is reached before it is connected"
    await scene.connect(host)
    await house.work()
    assert scene.busy_calls() == 0, "connecting lists calendars, and asks nothing of what is in them"
    world = await settled(house, host, scene.spare)
    await scene.forget_copies()
    before = scene.busy_calls()
    for name, variables in world.calls().items():
        if name in _LOOKS or name in ("calendarDisconnect", "signOut", "sessionRevokeOthers"):
            continue
        await call(house, name, host.token, variables)
        await house.work()
    async with house.feed("subscription { bookingsChanged { __typename } }", host.token) as feed:
        await feed.next()
    team_bookings = "subscription ($team: ID!) { teamBookingsChanged(team: $team) { __typename } }"
    async with house.feed(team_bookings, host.token, team=world.ids["Team"][0]) as feed:
        await feed.next()
    for _ in range(24):
        scene.clock.turn(hours=1)
        await house.work()
        context = {"services": house.parts.services}
        await finish_past(context)
        await forget(context)
    assert scene.busy_calls() == before


async def test_picking_times_of_a_one_off_meeting_asks(scene: Scene) -> None:
    """R047, R087, P11: once for each question and each making, whatever copies there are; else never."""
    house = scene.house
    host = await house.sign_up()
    await scene.connect(host)
    slug = await house.page(host)
    at = MONDAY + timedelta(hours=10)
    scene.side.add(at, at + timedelta(minutes=30))
    starts = ["2026-03-30T09:00:00Z", "2026-03-30T10:00:00Z"]
    page, calls = await page_id(house, host, slug), [scene.busy_calls()]

    asked = (await house.ask(PROPOSED, host.token, page=page, starts=starts))["proposedTimes"]["times"]
    calls.append(scene.busy_calls())
    refused = await made_link(house, host, slug, starts=starts)
    calls.append(scene.busy_calls())
    made = await made_link(house, host, slug, starts=starts, offersBusyTimes=True)
    calls.append(scene.busy_calls())
    await made_link(house, host, slug, maxUses=3)
    await house.ask(LINKS, host.token)
    calls.append(scene.busy_calls())
    booked = await house.book(slug, starts[1], link=made["secret"])
    calls.append(scene.busy_calls())

    seen = [(time["start"], [one["state"] for one in time["hosts"]]) for time in asked]
    assert seen == [(starts[0], ["FREE"]), (starts[1], ["BUSY"])]
    assert [refused["__typename"], made["__typename"]] == ["TimesNotFreeError", "PageLinkCreatePayload"]
    assert [after - before for before, after in pairwise(calls)] == [1, 1, 1, 0, 1]
    assert booked["__typename"] == "SlotTakenError"


async def test_picking_options_of_a_poll_asks_and_voting_does_not(scene: Scene) -> None:
    """R087, R090, P11: once for each question, for opening and for closing; voting and looking never."""
    house = scene.house
    host = await house.sign_up()
    await scene.connect(host)
    slug = await house.page(host)
    starts = ["2026-03-30T09:00:00Z", "2026-03-30T10:00:00Z"]
    page, calls = await page_id(house, host, slug), [scene.busy_calls()]

    options = [{"start": start} for start in starts]
    await house.ask(TIMES, host.token, page=page, options=options, length=30)
    calls.append(scene.busy_calls())
    made = await opened(house, host, slug, *starts)
    calls.append(scene.busy_calls())
    bea = await cast(house, made["token"], "Bea", "yi")
    await changed(house, bea["token"], "yy")
    await linked(house, made["token"])
    await house.work()
    calls.append(scene.busy_calls())
    done = await closed(house, host, made["poll"]["id"], 1)
    calls.append(scene.busy_calls())

    assert [after - before for before, after in pairwise(calls)] == [1, 1, 0, 1]
    assert done["poll"]["state"] == "CLOSED"


async def test_each_of_the_moments_asks(scene: Scene) -> None:
    """R047, R088, R089, D03: a page is opened, held open, booked on, and a booking moved."""
    house = scene.house
    host = await house.sign_up()
    await scene.connect(host)
    slug = await house.page(host)

    async def asks(what: str, before: int) -> None:
        assert scene.busy_calls() > before, f"{what} did not ask {FREE_BUSY[scene.provider]}"
        await scene.forget_copies()

    before = scene.busy_calls()
    assert await scene.starts(slug)
    await asks("opening the page", before)
    before = scene.busy_calls()
    async with house.feed(CHANGED, slug=slug, window=WINDOW) as feed:
        await feed.next()
    await asks("holding the page open", before)
    before = scene.busy_calls()
    booked = await house.book(slug, "2026-03-30T08:00:00Z")
    await asks("booking", before)
    await house.work()
    before = scene.busy_calls()
    wanted = {"token": booked["manageToken"], "start": "2026-03-30T09:00:00Z", "idempotencyKey": str(uuid4())}
    moved = await house.ask(RESCHEDULE, input=wanted)
    assert moved["bookingReschedule"]["__typename"] == "InviteeBookingPayload", moved
    await asks("moving a booking", before)
    await house.work()
    await scene.forget_copies()
    before = scene.busy_calls()
    await house.ask(CANCEL, input={"token": booked["manageToken"]})
    await house.work()
    assert scene.busy_calls() == before, "to cancel, nobody has to know who is busy"

    assert "2026-03-30T10:00:00Z" in await scene.starts(slug)
    at = MONDAY + timedelta(hours=10)
    scene.side.add(at, at + timedelta(minutes=30))
    booked = await house.book(slug, "2026-03-30T10:00:00Z")
    assert booked["__typename"] == "SlotTakenError", "a copy has decided about a booking"

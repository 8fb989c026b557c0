"""Waitlists beside what else happens to a slot: who joins meanwhile, and what its hosts do."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from tests.api.test_waitlists import NINE, TAKE, TEN, UPDATE, cancel, join, stands, take, taken_page
from tests.installation import Host, Installation, booking
from tests.links import page_id
from tests.radicale import Radicale
from tests.teams import team_of

pytestmark = pytest.mark.anyio

LATE = "2026-03-30T14:00:00Z"
PLACES = "query ($secret: String!) { waiter(token: $secret) { placeChoices } }"
SCHEDULES = "{ schedules { id } }"
HOURS = "mutation ($input: ScheduleUpdateInput!) { scheduleUpdate(input: $input) { __typename } }"
BOOKINGS = "{ bookings { nodes { id start } } }"
BY_HOST = """mutation ($input: BookingCreateByHostInput!) { bookingCreateByHost(input: $input) { __typename
  ... on SlotTakenError { nextSlots { start } } } }"""
MOVE = """mutation ($input: BookingRescheduleByHostInput!) { bookingRescheduleByHost(input: $input) {
  __typename ... on SlotTakenError { nextSlots { start } } } }"""


async def test_who_joins_before_the_offer_is_made_keeps_nobody_from_it(
    house: Installation, ada: Host
) -> None:
    """The look that was due when the slot became free is not put off by who comes then."""
    slug, booked = await taken_page(house, ada)
    first = await join(house, slug, "Bea")
    await cancel(house, booked)

    second = await join(house, slug, "Cem")
    await house.work()

    assert second["waiter"]["place"] == 2
    assert [await stands(house, one) for one in (first, second)] == [("OFFERED", None), ("WAITING", 1)]


async def test_one_request_that_comes_several_times_at_once_makes_one_place(
    house: Installation, ada: Host
) -> None:
    slug, _ = await taken_page(house, ada)
    key = str(uuid4())

    joined = await asyncio.gather(*(join(house, slug, "Bea", idempotencyKey=key) for _ in range(4)))

    assert [one["__typename"] for one in joined] == ["WaitlistJoinPayload"] * 4
    assert len({one["token"] for one in joined}) == 1
    assert await house.count("waiters") == 1
    assert await house.rows("SELECT count(*) FROM effects WHERE kind = 'tell_waiting'") == [(1,)]


async def test_a_host_takes_no_start_away_from_who_waits_for_it(house: Installation, ada: Host) -> None:
    """Neither by booking for somebody else nor by moving a booking there, whatever is waived (X15)."""
    slug, booked = await taken_page(house, ada)
    await house.book(slug, TEN)
    joined = await join(house, slug, "Bea")
    await cancel(house, booked)
    nodes = (await house.ask(BOOKINGS, ada.token))["bookings"]["nodes"]
    other = next(node["id"] for node in nodes if node["start"] == TEN)

    created = await house.ask(BY_HOST, ada.token, input=booking(slug, NINE, waives=["BUSY", "HOURS"]))
    moved = await house.ask(MOVE, ada.token, input={"id": other, "start": NINE})
    await house.work()

    answers: list[dict[str, Any]] = [created["bookingCreateByHost"], moved["bookingRescheduleByHost"]]
    assert [one["__typename"] for one in answers] == ["SlotTakenError"] * 2
    assert all(NINE not in [slot["start"] for slot in one["nextSlots"]] for one in answers)
    assert await stands(house, joined) == ("OFFERED", None)


async def test_a_booking_for_whose_time_somebody_waits_is_handed_over(
    house: Installation, ada: Host, radicale: Radicale
) -> None:
    """Who waits keeps nobody's booking with its host: the slot is not free by that."""
    team = await team_of(house, ada, "Ben", "Cyd")
    for host in team.hosts[1:]:
        await house.connect_calendar(host, radicale)
    seats = [*team.seats(ada, isFixed=True), *team.seats(*team.hosts[1:])]
    slug = await team.page(assignment="ANY", hosts=seats, waitlistOfferMinutes=30)
    await house.book(slug, NINE)
    joined = await join(house, slug, "Bea")
    (booked,) = await team.bookings(ada)

    handed = await team.reassign(ada, id=booked["id"])
    await house.work()

    assert handed["__typename"] == "BookingPayload"
    assert set(handed["booking"]["hostNames"]) == {"Ada", *{"Ben", "Cyd"} - set(booked["hostNames"])}
    assert await stands(house, joined) == ("WAITING", 1)


async def test_a_queue_ends_where_its_slot_is_not_offered_any_more(house: Installation, ada: Host) -> None:
    """A slot that comes free inside the notice, past which its host books it (X15); and other hours."""
    slug, booked = await taken_page(house, ada, noticeMinutes=120)
    await house.book(slug, LATE)
    soon, later = await join(house, slug, "Bea"), await join(house, slug, "Cem", LATE)
    [schedule] = (await house.ask(SCHEDULES, ada.token))["schedules"]

    house.clock.turn(hours=65, minutes=30)  # half past seven on Monday
    await cancel(house, booked)
    await house.work()
    by_host = await house.ask(BY_HOST, ada.token, input=booking(slug, NINE, waives=["NOTICE"]))
    mornings = [{"days": ["MONDAY"], "from": "09:00", "to": "12:00"}]
    await house.ask(HOURS, ada.token, input={"id": schedule["id"], "weekly": mornings})
    await house.work()

    assert [await stands(house, one) for one in (soon, later)] == [("ENDED", None)] * 2
    assert by_host["bookingCreateByHost"]["__typename"] == "BookingPayload"


async def test_a_queue_hears_of_who_hosts_its_page_by_now(
    house: Installation, ada: Host, radicale: Radicale
) -> None:
    """Ben came to the page after Bea had begun to wait; what he is rid of elsewhere is offered to her."""
    team = await team_of(house, ada, "Ben")
    ben = team.hosts[1]
    await house.connect_calendar(ben, radicale)
    elsewhere = await house.book(await house.page(ben), NINE)
    slug = await team.page(assignment="ANY", hosts=team.seats(ada), waitlistOfferMinutes=30)
    await house.book(slug, NINE)
    joined = await join(house, slug, "Bea")
    await team.set_hosts(slug, assignment="ANY", hosts=team.seats(*team.hosts))
    await house.work()
    before = await stands(house, joined)

    await cancel(house, elsewhere["manageToken"])
    await house.work()

    assert before == ("WAITING", 1)
    assert await stands(house, joined) == ("OFFERED", None)


async def test_a_queue_ends_where_its_page_becomes_secret(house: Installation, ada: Host) -> None:
    """What nobody could take by the page's link is not offered."""
    slug, booked = await taken_page(house, ada)
    joined = await join(house, slug, "Bea")
    page = await page_id(house, ada, slug)

    await house.ask(UPDATE, ada.token, input={"id": page, "isSecret": True})
    await cancel(house, booked)
    await house.work()

    assert await stands(house, joined) == ("ENDED", None)
    assert (await take(house, joined))["code"] == "HOLD_EXPIRED"


async def test_who_waits_is_told_the_places_to_choose_from_and_chooses_one(
    house: Installation, ada: Host
) -> None:
    """Their link names no page whose places they could read."""
    choices = [
        {"kind": "LINK", "details": "https://meet.example.com/a"},
        {"kind": "IN_PERSON", "details": "12 Main Street"},
    ]
    slug = await house.page(
        ada, waitlistOfferMinutes=30, place={"kind": "INVITEE_CHOICE", "choices": choices}
    )
    booked = await house.book(slug, NINE, placeKind="LINK")
    joined = await join(house, slug, "Bea")
    await cancel(house, booked["manageToken"])
    await house.work()

    told = (await house.ask(PLACES, secret=joined["token"]))["waiter"]["placeChoices"]
    wanted = [
        {"token": joined["token"], "idempotencyKey": str(uuid4()), **more}
        for more in ({}, {"placeKind": "IN_PERSON"})
    ]
    came = [(await house.ask(TAKE, input=each))["waitlistTake"] for each in wanted]

    assert told == ["LINK", "IN_PERSON"]
    assert [one["__typename"] for one in came] == ["InvalidInputError", "WaitlistTakePayload"]
    assert await house.rows("SELECT place->>'kind' FROM bookings WHERE state = 'confirmed'") == [
        ("in_person",)
    ]

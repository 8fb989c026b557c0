"""What a page's owner may do with its bookings, host or not, and what co-hosts are shown of the page."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from tests.api.test_delegation import acting
from tests.installation import Host, Installation
from tests.radicale import Radicale
from tests.teams import Team, team_of
from tests.world import NINE, ONE, TEN

pytestmark = pytest.mark.anyio

MINE = """{ bookings { nodes { id page { notice: noticeMinutes calendarPolicy isSecret }
  bookedPage { name kind link owner { name } questions { key } isActive } } } }"""
CANCEL = """mutation ($input: BookingCancelByHostInput!) { bookingCancelByHost(input: $input) { __typename
  ... on BookingPayload { booking { state } } ... on Error { code } } }"""
BOOK = """mutation ($input: BookingCreateByHostInput!) { bookingCreateByHost(input: $input) { __typename
  ... on Error { code } } }"""


@pytest.fixture
async def team(house: Installation, ada: Host, radicale: Radicale) -> Team:
    """Give an owner with two colleagues who have calendars."""
    team = await team_of(house, ada, "Ben", "Cy")
    for host in team.hosts[1:]:
        await house.connect_calendar(host, radicale)
    return team


async def test_a_co_host_sees_of_the_page_what_everybody_does(house: Installation, team: Team) -> None:
    """The settings are its owner's: also through a booking, by whatever way; and a delegate's by scope."""
    ada, ben, cy = team.hosts
    slug = await team.page(assignment="ALL", hosts=team.seats(ada, ben), noticeMinutes=10)
    await acting(team, ada, cy)
    await house.book(slug, NINE)
    me = team.ids[ada.handle]

    seen: list[dict[str, Any]] = [
        (await house.ask(MINE, token, act_for))["bookings"]["nodes"][0]
        for token, act_for in ((ada.token, None), (ben.token, None), (cy.token, me))
    ]

    assert seen[0]["page"] == {"notice": 10, "calendarPolicy": "REQUIRED", "isSecret": False}
    assert [one["page"] for one in seen[1:]] == [None, None]
    assert seen[1]["bookedPage"] == {
        "name": "Intro",
        "kind": "ONE_TO_ONE",
        "link": slug,
        "owner": {"name": "Ada"},
        "questions": [],
        "isActive": True,
    }


async def test_an_owner_who_is_no_host_cancels_bookings_of_their_page(
    house: Installation, team: Team
) -> None:
    """As they may move and hand them over; so may their delegate, and nobody else of the organization."""
    ada, ben, cy = team.hosts
    slug = await team.page(assignment="ONE", hosts=team.seats(ben))
    await acting(team, ada, cy)
    for start in (NINE, ONE):
        await house.book(slug, start)
    first, second = [one["id"] for one in (await house.ask(MINE, ben.token))["bookings"]["nodes"]]

    denied = await house.ask(CANCEL, cy.token, input={"id": first})
    by_owner = await house.ask(CANCEL, ada.token, input={"id": first})
    by_delegate = await house.ask(CANCEL, cy.token, team.ids[ada.handle], input={"id": second})
    await house.work()

    assert denied["bookingCancelByHost"]["code"] == "NOT_FOUND"
    assert [one["bookingCancelByHost"]["booking"]["state"] for one in (by_owner, by_delegate)] == [
        "CANCELLED",
        "CANCELLED",
    ]
    assert "Cancelled" in str(house.mails_to(ben.email)[-1].summary["subject"])


async def test_two_who_book_at_once_for_one_invitee_keep_the_cap_of_the_page(
    house: Installation, team: Team
) -> None:
    """X16: past it only who names it goes, whoever else books for the same person meanwhile."""
    ada = team.hosts[0]
    slug = await team.page(assignment="ANY", upcomingPerInvitee=1)
    wanted = [
        {
            "slug": slug,
            "start": start,
            "invitee": {"name": "Grace", "email": "grace@example.org", "zone": "UTC"},
            "idempotencyKey": str(uuid4()),
        }
        for start in (NINE, NINE, TEN, ONE)
    ]

    answers = await asyncio.gather(*(house.ask(BOOK, ada.token, input=one) for one in wanted))
    named = await house.ask(
        BOOK, ada.token, input={**wanted[1], "idempotencyKey": str(uuid4()), "waives": ["CAP"]}
    )

    kinds = sorted(one["bookingCreateByHost"]["__typename"] for one in answers)
    assert kinds == ["BookingPayload", *["NotWaivedError"] * 3]
    assert named["bookingCreateByHost"]["__typename"] == "BookingPayload"
    assert await house.count("bookings") == 2

"""What counts as busy is each page's own: pages of one host that see the same calendar differently."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.fakes.google import GoogleFake
from tests.fakes.graph import GraphFake
from tests.installation import CHANGED, Host, Installation, stamp
from tests.street import DAY, HOST, Street

pytestmark = pytest.mark.anyio

MONDAY = datetime.fromisoformat(f"{DAY}T00:00:00Z")
NINE = MONDAY + timedelta(hours=7)  # in Berlin
HALF = timedelta(minutes=30)
RULE = "statusRule { free tentative workingElsewhere outOfOffice allDay }"
PAGES = f"{{ bookingPages {{ nodes {{ id slug {RULE} }} }} }}"
UPDATE = f"""mutation ($input: BookingPageUpdateInput!) {{ bookingPageUpdate(input: $input) {{ __typename
  ... on BookingPageUpdatePayload {{ bookingPage {{ {RULE} }} }} ... on Error {{ code path }} }} }}"""
EXPLAIN = """query ($page: ID!, $start: Instant!) { explainSlot(pageId: $page, start: $start) {
  isOffered refusals { rule } } }"""
USUAL = {
    "free": False,
    "tentative": True,
    "workingElsewhere": False,
    "outOfOffice": True,
    "allDay": True,
}


def invite(street: Street, provider: str) -> None:
    """Put something tentative into the host's calendar, at nine for an hour."""
    match street.fakes[provider]:
        case GoogleFake() as google:
            google.calendars[HOST].add(NINE, NINE + 2 * HALF, status="tentative")
        case GraphFake() as graph:
            graph.mailboxes[HOST].calendars[0].add(NINE, NINE + 2 * HALF, showAs="tentative")
        case _:
            raise AssertionError(provider)


async def pages(house: Installation, host: Host) -> dict[str, Any]:
    """Give the host's pages by their slugs."""
    return {page["slug"]: page for page in (await house.ask(PAGES, host.token))["bookingPages"]["nodes"]}


@pytest.mark.parametrize("provider", ["GOOGLE", "MICROSOFT"])
async def test_tentative_time_is_free_on_one_page_and_busy_on_another_of_the_same_host(
    street: Street, provider: str
) -> None:
    """X07, R108: slots, explanation and booking go by the page's own rule, whichever was asked for before."""
    house, host = street.house, await street.house.sign_up()
    await street.connect(host, provider)
    strict = await house.page(host)
    lenient = await house.page(host, statusRule={"tentative": False})
    invite(street, provider)
    ids = {slug: page["id"] for slug, page in (await pages(house, host)).items()}
    strict_id, lenient_id = ids[strict.split("/")[1]], ids[lenient.split("/")[1]]

    shown = [(await house.starts(slug, MONDAY))[0] for slug in (strict, lenient, strict)]
    explained = [
        (await house.ask(EXPLAIN, host.token, page=page, start=stamp(NINE)))["explainSlot"]
        for page in (strict_id, lenient_id)
    ]
    refused = await house.book(strict, stamp(NINE))
    booked = await house.book(lenient, stamp(NINE))

    assert shown == [stamp(NINE + 2 * HALF), stamp(NINE), stamp(NINE + 2 * HALF)]
    assert explained == [
        {"isOffered": False, "refusals": [{"rule": "BUSY"}]},
        {"isOffered": True, "refusals": []},
    ]
    assert (refused["__typename"], booked["__typename"]) == ("SlotTakenError", "BookingCreatePayload")
    assert await house.count("bookings") == 1


async def test_changed_rule_holds_at_once_for_whoever_watches_the_page(street: Street) -> None:
    """X07: what is unsaid within a rule is as usual; a change of something else leaves the rule."""
    house, host = street.house, await street.house.sign_up()
    await street.connect(host, "GOOGLE")
    slug = await house.page(host)
    invite(street, "GOOGLE")
    page = (await pages(house, host))[slug.split("/")[1]]
    window = {"from": stamp(MONDAY), "to": stamp(MONDAY + timedelta(days=1))}

    async with house.feed(CHANGED, slug=slug, window=window) as feed:
        first = (await feed.next())["openSlotsChanged"]
        changes = [
            await house.ask(UPDATE, host.token, input={"id": page["id"], **wanted})
            for wanted in ({"statusRule": {"tentative": False}}, {"name": "Chat"})
        ]
        second = (await feed.next())["openSlotsChanged"]

    lenient = USUAL | {"tentative": False}
    told = [one["bookingPageUpdate"]["bookingPage"]["statusRule"] for one in changes]
    assert (page["statusRule"], told) == (USUAL, [lenient, lenient])
    assert first["slots"][0]["start"] == stamp(NINE + 2 * HALF)
    assert [slot["start"] for slot in second["added"]] == [stamp(NINE), stamp(NINE + HALF)]
    again = await house.ask(UPDATE, host.token, input={"id": page["id"], "statusRule": {"free": True}})
    assert again["bookingPageUpdate"]["bookingPage"]["statusRule"] == USUAL | {"free": True}

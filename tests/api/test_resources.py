"""Rooms and equipment that pages require, over the API (X27)."""

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy.exc import IntegrityError

from tests.installation import CANCEL, CHANGED, HOLD, RESCHEDULE, Host, Installation, booking
from tests.links import EXPLAIN as EXPLAIN_LINK
from tests.links import made_link, offered
from tests.radicale import Radicale
from tests.teams import HOSTS_SET, team_of

pytestmark = pytest.mark.anyio

MONDAY = datetime(2026, 3, 30, tzinfo=UTC)
WINDOW = {"from": "2026-03-30T00:00:00Z", "to": "2026-03-31T00:00:00Z"}
NINE, HALF_PAST, TEN, ELEVEN = (f"2026-03-30T{at}:00Z" for at in ("07:00", "07:30", "08:00", "09:00"))
MAKE = """mutation ($input: ResourceCreateInput!) { resourceCreate(input: $input) { __typename
  ... on ResourceCreatePayload { resource { id name kind seats revision } } ... on Error { code path } } }"""
CHANGE = """mutation ($input: ResourceUpdateInput!) { resourceUpdate(input: $input) { __typename
  ... on ResourceUpdatePayload { resource { name seats revision } } ... on Error { code path } } }"""
DELETE = """mutation ($input: ResourceDeleteInput!) { resourceDelete(input: $input) { __typename
  ... on Error { code path } } }"""
REQUIRE = """mutation ($input: BookingPageResourcesSetInput!) { bookingPageResourcesSet(input: $input) {
  __typename ... on BookingPageResourcesSetPayload { bookingPage { revision requires { anyOf { name } } } }
  ... on Error { code path } } }"""
PAGES = "{ bookingPages { nodes { id slug } } }"
MINE = "{ bookings(first: 50) { nodes { id start state resources { name } } } }"
LISTED = "{ viewer { organization { resources { nodes { name } } } } }"
EXPLAIN = """query ($page: ID!, $start: Instant!) { explainSlot(pageId: $page, start: $start) {
  refusals { rule } } }"""
APPROVE = """mutation ($input: BookingApproveInput!) { bookingApprove(input: $input) { __typename } }"""
SERIES = """mutation ($input: BookingSeriesCreateInput!) { bookingSeriesCreate(input: $input) { __typename
  ... on SeriesNotFreeError { refused } } }"""
TWICE = """INSERT INTO booking_resources SELECT organization_id, :other, resource_id, during, occupies, 0
  FROM booking_resources WHERE booking_id = :booking"""


async def make(house: Installation, host: Host, name: str, kind: str = "ROOM") -> str:
    """Make a resource; its id."""
    made = await house.ask(MAKE, host.token, input={"name": name, "kind": kind})
    return made["resourceCreate"]["resource"]["id"]


async def page_id(house: Installation, host: Host, slug: str) -> str:
    """Name one of a host's pages."""
    nodes = (await house.ask(PAGES, host.token))["bookingPages"]["nodes"]
    return next(node["id"] for node in nodes if node["slug"] == slug.split("/")[1])


async def require(house: Installation, host: Host, slug: str, *pools: list[str]) -> dict[str, Any]:
    """Let a page require resources; whatever comes of it."""
    given = {"id": await page_id(house, host, slug), "requires": [{"anyOf": pool} for pool in pools]}
    return (await house.ask(REQUIRE, host.token, input=given))["bookingPageResourcesSet"]


async def taken(house: Installation, host: Host) -> list[tuple[str, str, list[str]]]:
    """List what the bookings of a host have."""
    nodes = (await house.ask(MINE, host.token))["bookings"]["nodes"]
    return [(one["start"], one["state"], [each["name"] for each in one["resources"]]) for one in nodes]


async def two_hosts(house: Installation, ada: Host, radicale: Radicale) -> tuple[Host, str, str]:
    """Let Ada and Ben have a page each, in one organization."""
    team = await team_of(house, ada, "Ben")
    ben = team.hosts[1]
    await house.connect_calendar(ben, radicale)
    return ben, await house.page(ada), await house.page(ben)


async def test_one_room_is_had_by_one_booking_at_a_time_whoever_hosts_it(
    house: Installation, ada: Host, radicale: Radicale
) -> None:
    """Slots, bookings, explanations and moves follow; a cancelled booking gives its room back."""
    ben, of_ada, of_ben = await two_hosts(house, ada, radicale)
    room, beamer = await make(house, ada, "Oak"), await make(house, ada, "Beamer", "EQUIPMENT")
    both = await require(house, ada, of_ada, [room], [beamer])
    await require(house, ben, of_ben, [room])
    async with house.feed(CHANGED, slug=of_ben, window=WINDOW) as feed:
        await feed.next()
        booked = await house.book(of_ada, NINE)
        change = (await feed.next())["openSlotsChanged"]

    assert both["bookingPage"]["requires"] == [{"anyOf": [{"name": "Oak"}]}, {"anyOf": [{"name": "Beamer"}]}]
    assert await taken(house, ada) == [(NINE, "CONFIRMED", ["Oak", "Beamer"])]
    assert [slot["start"] for slot in change["removed"]] == [NINE]
    refused = await house.book(of_ben, NINE)
    assert (refused["__typename"], refused["nextSlots"][0]["start"]) == ("SlotTakenError", HALF_PAST)
    explained = await house.ask(EXPLAIN, ben.token, page=await page_id(house, ben, of_ben), start=NINE)
    assert explained["explainSlot"]["refusals"] == [{"rule": "RESOURCE"}]

    beside = await house.book(of_ben, HALF_PAST)
    token = {"token": beside["manageToken"]}
    assert (await house.ask(RESCHEDULE, input={**token, "start": NINE}))["bookingReschedule"][
        "code"
    ] == "SLOT_TAKEN"
    await house.ask(CANCEL, input={"token": booked["manageToken"]})
    moved = await house.ask(RESCHEDULE, input={**token, "start": NINE})
    assert moved["bookingReschedule"]["__typename"] == "InviteeBookingPayload"
    assert await taken(house, ben) == [(NINE, "CONFIRMED", ["Oak"])]
    assert NINE not in await house.starts(of_ada, MONDAY)


async def test_who_has_a_link_has_a_room_for_as_long_as_the_link_says(
    house: Installation, ada: Host, radicale: Radicale
) -> None:
    """A link's length, its picked times and what is said of them follow the resources of its page."""
    ben, of_ada, of_ben = await two_hosts(house, ada, radicale)
    room = await make(house, ada, "Oak")
    await require(house, ada, of_ada, [room])
    await require(house, ben, of_ben, [room])
    made = await made_link(house, ada, of_ada, durationMinutes=90)
    secret = made["secret"]

    await house.book(of_ben, ELEVEN)
    asked = {"page": await page_id(house, ada, of_ada), "start": TEN, "link": made["pageLink"]["id"]}
    explained = await house.ask(EXPLAIN_LINK, ada.token, **asked)
    picked = await made_link(house, ada, of_ada, starts=[ELEVEN])
    by_link, refused = await offered(house, secret, WINDOW), await house.book(of_ada, TEN, link=secret)
    booked = await house.book(of_ada, NINE, link=secret)

    assert [one["rule"] for one in explained["explainSlot"]["refusals"]] == ["RESOURCE"]
    assert [one["refusals"] for one in picked["times"]] == [[{"rule": "RESOURCE"}]]
    assert (by_link[0], refused["code"]) == (NINE, "SLOT_TAKEN")
    assert TEN not in by_link
    assert booked["__typename"] == "BookingCreatePayload"
    assert await taken(house, ada) == [(NINE, "CONFIRMED", ["Oak"])]
    assert (await house.starts(of_ben, MONDAY))[0] == "2026-03-30T08:30:00Z"


async def test_any_one_of_a_pool_is_taken_in_order_and_kept_through_a_move(
    house: Installation, ada: Host, radicale: Radicale
) -> None:
    """What is named first goes first; who moves keeps the room where it is free, and gets another else."""
    ben, of_ada, of_ben = await two_hosts(house, ada, radicale)
    oak, elm = await make(house, ada, "Oak"), await make(house, ada, "Elm")
    await require(house, ada, of_ada, [oak, elm])
    await require(house, ben, of_ben, [oak, elm])

    await house.book(of_ada, NINE)
    second = await house.book(of_ben, NINE)
    assert (await taken(house, ada), await taken(house, ben)) == (
        [(NINE, "CONFIRMED", ["Oak"])],
        [(NINE, "CONFIRMED", ["Elm"])],
    )
    token = {"token": second["manageToken"]}
    await house.ask(RESCHEDULE, input={**token, "start": TEN})
    assert await taken(house, ben) == [(TEN, "CONFIRMED", ["Elm"])]
    await require(house, ben, of_ben, [oak])
    blocked = await house.ask(RESCHEDULE, input={**token, "start": NINE})
    await house.ask(RESCHEDULE, input={**token, "start": ELEVEN})
    assert blocked["bookingReschedule"]["code"] == "SLOT_TAKEN"
    assert await taken(house, ben) == [(ELEVEN, "CONFIRMED", ["Oak"])]
    assert await house.rows("SELECT count(*) FROM booking_resources") == [(2,)]


async def test_the_database_stores_no_room_twice_and_a_crowd_gets_as_many_as_there_are(
    house: Installation, ada: Host, radicale: Radicale
) -> None:
    """Two rooms, two hosts, twenty at once for one time: two are booked, in two rooms."""
    ben, of_ada, of_ben = await two_hosts(house, ada, radicale)
    rooms = [await make(house, ada, "Oak"), await make(house, ada, "Elm")]
    await require(house, ada, of_ada, rooms)
    await require(house, ben, of_ben, rooms)

    answers = await asyncio.gather(*(house.book([of_ada, of_ben][n % 2], NINE) for n in range(20)))
    later = await house.book(of_ada, TEN)
    bookings = [id_ for (id_,) in await house.rows("SELECT id FROM bookings ORDER BY lower(during), id")]

    kinds = [answer["__typename"] for answer in answers]
    assert (kinds.count("BookingCreatePayload"), later["__typename"]) == (2, "BookingCreatePayload")
    assert set(kinds) <= {"BookingCreatePayload", "SlotTakenError"}
    assert await house.rows(
        "SELECT count(DISTINCT resource_id) FROM booking_resources WHERE lower(during) = :at",
        at=MONDAY.replace(hour=7),
    ) == [(2,)]
    with pytest.raises(IntegrityError):
        await house.rows_changed(TWICE, other=bookings[1], booking=bookings[0])


async def test_holds_requests_series_and_hosts_changes_follow(
    house: Installation, ada: Host, radicale: Radicale
) -> None:
    """A hold and a request keep their room, a series takes one each time, who is handed a booking has it."""
    ben, _, of_ben = await two_hosts(house, ada, radicale)
    room = await make(house, ada, "Oak")
    slug = await house.page(ada, approvalMinutes=120)
    repeats = await house.page(ben, seriesUpTo=3)
    for host, each in ((ada, slug), (ben, repeats), (ben, of_ben)):
        await require(house, host, each, [room])

    wanted = {"slug": slug, "start": NINE, "idempotencyKey": str(uuid4())}
    held = (await house.ask(HOLD, input=wanted))["holdCreate"]["hold"]["token"]
    assert NINE not in await house.starts(of_ben, MONDAY)
    asked = await house.book(slug, NINE, hold=held)
    assert asked["booking"]["state"] == "AWAITING_APPROVAL"
    assert NINE not in await house.starts(of_ben, MONDAY)
    (node,) = (await house.ask(MINE, ada.token))["bookings"]["nodes"]
    await house.ask(APPROVE, ada.token, input={"id": node["id"]})
    assert await taken(house, ada) == [(NINE, "CONFIRMED", ["Oak"])]

    given = {"frequency": "WEEKLY", "count": 2}
    refused = await house.ask(SERIES, input={**booking(repeats, NINE), **given})
    series = await house.ask(SERIES, input={**booking(repeats, TEN), **given})
    assert refused["bookingSeriesCreate"] == {"__typename": "SeriesNotFreeError", "refused": [NINE]}
    assert series["bookingSeriesCreate"]["__typename"] == "BookingSeriesCreatePayload"
    assert [what for _, _, what in await taken(house, ben)] == [["Oak"], ["Oak"]]

    team = await team_of(house, ada)
    ids = {**team.ids, **(await team_of(house, ben)).ids}
    hosts = {
        "id": await page_id(house, ada, slug),
        "assignment": "ANY",
        "hosts": [{"user": ids[one.handle]} for one in (ada, ben)],
    }
    await house.ask(HOSTS_SET, ada.token, input=hosts)
    handed = await team.reassign(ada, id=node["id"], to=ids[ben.handle])
    assert handed["__typename"] == "BookingPayload"
    assert (await taken(house, ben))[0] == (NINE, "CONFIRMED", ["Oak"])


async def test_administrators_keep_resources_and_owners_of_pages_require_them(
    house: Installation, ada: Host
) -> None:
    """Rights, names at fault, deletion: what is gone is offered no more and stays with its bookings."""
    ben = (await team_of(house, ada, "Ben")).hosts[1]
    eve = await house.sign_up("Eve")
    slug = await house.page(ada)
    room, strange = await make(house, ada, "Oak"), await make(house, eve, "Ash")
    denied = await house.ask(MAKE, ben.token, input={"name": "Elm", "kind": "ROOM"})
    wrong = await house.ask(MAKE, ada.token, input={"name": "Elm", "kind": "ROOM", "seats": 0})
    changed = await house.ask(CHANGE, ada.token, input={"id": room, "seats": 4, "expectedRevision": 1})
    stale = await house.ask(CHANGE, ada.token, input={"id": room, "name": "X", "expectedRevision": 1})

    assert denied["resourceCreate"]["code"] == "NOT_ALLOWED"
    assert wrong["resourceCreate"]["path"] == ["seats"]
    assert changed["resourceUpdate"]["resource"] == {"name": "Oak", "seats": 4, "revision": 2}
    assert stale["resourceUpdate"]["path"] == ["expectedRevision"]
    listed = await house.ask(LISTED, ben.token)
    assert listed["viewer"]["organization"]["resources"]["nodes"] == [{"name": "Oak"}]
    assert (await require(house, ada, slug, [strange]))["path"] == ["requires", "0", "anyOf", "0"]
    assert (await require(house, ada, slug, [room], [room]))["path"] == ["requires", "1", "anyOf", "0"]
    assert (await require(house, ada, slug, []))["path"] == ["requires", "0", "anyOf"]
    assert (await require(house, ada, slug, [room]))["bookingPage"]["revision"] == 2

    await house.book(slug, NINE)
    assert (await house.ask(DELETE, eve.token, input={"id": room}))["resourceDelete"]["code"] == "NOT_FOUND"
    await house.ask(DELETE, ada.token, input={"id": room})
    assert await house.starts(slug, MONDAY) == []
    assert await taken(house, ada) == [(NINE, "CONFIRMED", ["Oak"])]
    assert (await require(house, ada, slug))["bookingPage"]["requires"] == []
    assert len(await house.starts(slug, MONDAY)) == 15
    acts = [act for (act,) in await house.rows("SELECT act FROM audit_log ORDER BY number")]
    assert [act for act in acts if act.startswith("resource_")].count("resource_created") == 2
    assert {"resource_updated", "resource_deleted"} <= set(acts)

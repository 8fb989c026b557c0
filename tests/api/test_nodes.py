"""Relay over the running API: things by their ids, and lists read part by part in both directions."""

import re
from base64 import urlsafe_b64encode
from typing import Any
from uuid import uuid4

import pytest

from schema.nodes import global_id
from tests.installation import Host, Installation

pytestmark = pytest.mark.anyio

LISTS = ["bookings", "bookingPages"]
DAYS = ["2026-03-30", "2026-03-31", "2026-04-01", "2026-04-02", "2026-04-03"]
PART = """query ($first: Int, $after: String, $last: Int, $before: String) {
  part: %s(first: $first, after: $after, last: $last, before: $before) { edges { cursor node { id } }
    nodes { id } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"""
NODE = "query ($id: ID!) { node(id: $id) { id } }"
NODES = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"
DELETE = """mutation ($input: BookingPageDeleteInput!) { bookingPageDelete(input: $input) { __typename } }"""
UUID = uuid4()
BROKEN = {
    "empty": "",
    "no base64": "%%%%",
    "a letter beyond ASCII": "Qm9va2luZ1BhZ2U6é",
    "half": global_id("BookingPage", UUID)[:-6],
    "no type": urlsafe_b64encode(UUID.hex.encode()).decode(),
    "an unknown type": global_id("Nothing", UUID),
    "a type without a node": global_id("Viewer", UUID),
    "a type in small letters": global_id("bookingpage", UUID),
    "a number": urlsafe_b64encode(b"BookingPage:1").decode(),
    "two ids": urlsafe_b64encode(f"BookingPage:{UUID.hex}:{UUID.hex}".encode()).decode(),
    "no UTF-8": urlsafe_b64encode(b"\xff\xfe:1").decode(),
    "long": "Qm9v" * 2_000,
    "NUL": urlsafe_b64encode(b"BookingPage:\x00").decode(),
}

SIZES: list[tuple[dict[str, Any], int, bool, bool]] = [
    ({}, 5, False, False),
    ({"first": 5}, 5, False, False),
    ({"first": 100}, 5, False, False),
    ({"last": 100}, 5, False, False),
    ({"first": 0}, 0, False, True),
    ({"last": 0}, 0, True, False),
    ({"first": None, "last": 1}, 1, True, False),
]
WRONG_SIZES: list[tuple[dict[str, Any], str]] = [
    ({"first": 101}, "first"),
    ({"last": 101}, "last"),
    ({"first": -1}, "first"),
    ({"last": -1}, "last"),
    ({"first": 1, "last": 1}, "last"),
]


@pytest.fixture
async def filled(house: Installation, ada: Host) -> Host:
    """Give a host with five pages and five bookings."""
    first, *_ = [await house.page(ada) for _ in DAYS]
    booked = [await house.book(first, f"{day}T07:00:00Z") for day in DAYS]
    assert {one["__typename"] for one in booked} == {"BookingCreatePayload"}
    return ada


async def part_of(house: Installation, host: Host, name: str, **asked: Any) -> dict[str, Any]:
    return (await house.ask(PART % name, host.token, **asked))["part"]


async def ids_of(house: Installation, host: Host, name: str) -> list[str]:
    return [node["id"] for node in (await part_of(house, host, name))["nodes"]]


def shown(part: dict[str, Any]) -> tuple[list[str], bool, bool]:
    """Give a part's ids and whether there is more before and after it."""
    info = part["pageInfo"]
    return [edge["node"]["id"] for edge in part["edges"]], info["hasPreviousPage"], info["hasNextPage"]


async def test_nodes_keep_the_order_of_their_ids_and_the_places_of_what_is_not_there(
    house: Installation, filled: Host
) -> None:
    one, two, *_ = await ids_of(house, filled, "bookingPages")
    booking = (await ids_of(house, filled, "bookings"))[0]
    asked = [two, global_id("BookingPage", UUID), booking, "broken", one, two]

    answer = await house.ask(NODES, filled.token, ids=asked)

    assert answer["nodes"] == [{"id": two}, None, {"id": booking}, None, {"id": one}, {"id": two}]
    assert await house.ask(NODES, filled.token, ids=[]) == {"nodes": []}


async def test_more_than_a_hundred_nodes_are_too_many(house: Installation, filled: Host) -> None:
    """Case 85."""
    (page, *_) = await ids_of(house, filled, "bookingPages")

    most = await house.ask(NODES, filled.token, ids=[page] * 100)
    refused = await house.answer(NODES, filled.token, ids=[page] * 101)

    assert most["nodes"] == [{"id": page}] * 100
    assert [error["extensions"]["code"] for error in refused["errors"]] == ["BAD_USER_INPUT"]


async def test_a_broken_id_is_answered_like_one_of_nothing(house: Installation) -> None:
    """No parser's message comes out, and nobody learns how ids are made."""
    nothing = await house.answer(NODE, id=global_id("BookingPage", UUID))

    answers = {what: await house.answer(NODE, id=broken) for what, broken in BROKEN.items()}

    assert nothing["data"] == {"node": None}
    assert answers == dict.fromkeys(BROKEN, nothing)


async def test_ids_are_opaque_and_no_two_alike(house: Installation, filled: Host) -> None:
    ids = [*await ids_of(house, filled, "bookings"), *await ids_of(house, filled, "bookingPages")]

    assert len(set(ids)) == 10
    assert [id_ for id_ in ids if "Booking" in id_ or not re.fullmatch(r"[\w-]+", id_, re.ASCII)] == []


@pytest.mark.parametrize("name", LISTS)
async def test_a_list_is_read_forward_part_by_part(house: Installation, filled: Host, name: str) -> None:
    ids = await ids_of(house, filled, name)

    one = await part_of(house, filled, name, first=2)
    two = await part_of(house, filled, name, first=2, after=one["pageInfo"]["endCursor"])
    three = await part_of(house, filled, name, first=2, after=two["pageInfo"]["endCursor"])
    beyond = await part_of(house, filled, name, first=2, after=three["pageInfo"]["endCursor"])

    assert shown(one) == (ids[:2], False, True)
    assert shown(two) == (ids[2:4], True, True)
    assert shown(three) == (ids[4:], True, False)
    assert shown(beyond) == ([], True, False)
    assert (beyond["pageInfo"]["startCursor"], beyond["pageInfo"]["endCursor"]) == (None, None)


@pytest.mark.parametrize("name", LISTS)
async def test_a_list_is_read_backward_part_by_part_in_its_own_order(
    house: Installation, filled: Host, name: str
) -> None:
    ids = await ids_of(house, filled, name)

    one = await part_of(house, filled, name, last=2)
    two = await part_of(house, filled, name, last=2, before=one["pageInfo"]["startCursor"])
    three = await part_of(house, filled, name, last=2, before=two["pageInfo"]["startCursor"])
    beyond = await part_of(house, filled, name, last=2, before=three["pageInfo"]["startCursor"])

    assert shown(one) == (ids[3:], True, False)
    assert shown(two) == (ids[1:3], True, True)
    assert shown(three) == (ids[:1], False, True)
    assert shown(beyond) == ([], False, True)


@pytest.mark.parametrize("name", LISTS)
async def test_edges_nodes_and_cursors_say_the_same(house: Installation, filled: Host, name: str) -> None:
    part = await part_of(house, filled, name, first=3)
    cursors = [edge["cursor"] for edge in part["edges"]]

    third = await part_of(house, filled, name, first=1, after=cursors[1])

    assert [edge["node"] for edge in part["edges"]] == part["nodes"]
    assert (part["pageInfo"]["startCursor"], part["pageInfo"]["endCursor"]) == (cursors[0], cursors[2])
    assert third["edges"] == part["edges"][2:]
    assert len(set(cursors)) == 3


@pytest.mark.parametrize("name", LISTS)
async def test_a_part_has_as_many_as_were_asked_for(house: Installation, filled: Host, name: str) -> None:
    parts = [shown(await part_of(house, filled, name, **asked)) for asked, *_ in SIZES]

    assert [(len(ids), before, after) for ids, before, after in parts] == [it[1:] for it in SIZES]


@pytest.mark.parametrize("name", LISTS)
async def test_a_size_that_cannot_be_is_refused(house: Installation, ada: Host, name: str) -> None:
    """Case 85."""
    answers = [await house.answer(PART % name, ada.token, **asked) for asked, _ in WRONG_SIZES]

    assert [answer["data"] for answer in answers] == [None] * len(WRONG_SIZES)
    assert [
        (error["extensions"]["code"], error["extensions"]["inputPath"])
        for answer in answers
        for error in answer["errors"]
    ] == [("BAD_USER_INPUT", [path]) for _, path in WRONG_SIZES]


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("argument", ["after", "before"])
async def test_a_bad_cursor_is_refused_without_a_word_on_how_cursors_are_made(
    house: Installation, filled: Host, name: str, argument: str
) -> None:
    good = (await part_of(house, filled, name, first=1))["pageInfo"]["endCursor"]
    tried = ["x", "====", "é", good[:-4], good * 2, "AA" + good[2:], global_id("Booking", UUID), "A" * 5_000]

    answers = [await house.answer(PART % name, filled.token, **{argument: cursor}) for cursor in tried]

    assert {error["message"] for answer in answers for error in answer["errors"]} == {
        "This cursor was not made by this list."
    }
    assert {error["extensions"]["code"] for answer in answers for error in answer["errors"]} == {
        "BAD_USER_INPUT"
    }
    assert [answer["data"] for answer in answers] == [None] * len(tried)


async def test_a_cursor_holds_its_place_when_its_item_is_gone(house: Installation, filled: Host) -> None:
    ids = await ids_of(house, filled, "bookingPages")
    part = await part_of(house, filled, "bookingPages", first=2)

    await house.ask(DELETE, filled.token, input={"id": ids[1]})
    after = await part_of(house, filled, "bookingPages", first=2, after=part["pageInfo"]["endCursor"])

    assert shown(after) == (ids[2:4], True, True)


async def test_lists_cost_as_much_as_they_can_hold(house: Installation, ada: Host) -> None:
    """Case 85: nested lists are priced by their product before anything runs."""
    few = await house.answer(PART % "bookings", ada.token, first=1)
    many = await house.answer(PART % "bookings", ada.token, first=100)
    refused = await house.answer(PART % "bookings", ada.token, first=10**6)

    assert few["extensions"]["cost"]["requested"] * 10 < many["extensions"]["cost"]["requested"]
    assert [error["extensions"]["code"] for error in refused["errors"]] == ["COST_LIMIT"]

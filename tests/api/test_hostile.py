"""Values that nobody sends in good faith, at every argument and input field that the schema has."""

import asyncio
import json
import re
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import orjson
import pytest
from httpx import Response

from app.embedded import EmbeddedServers
from tests.calling import SCHEMA, Variables, call, outcome, send
from tests.graph import Field, replaced
from tests.installation import CHANGED, Installation
from tests.radicale import Radicale
from tests.rights import ACCESS, GUEST, SESSION
from tests.settling import settle
from tests.world import NINE, TWO, World

pytestmark = pytest.mark.anyio

KEY = "idempotencyKey"
LONG = 14_000  # under the cap of a guest's body
TEXTS: list[Any] = [
    "a\x00b",
    "\ud800",
    "\u202eevil\u2066",
    "a\r\nBcc: eve@example.com",
    "'); --",
    "{{7*7}}${7*7}%s%n",
    "",
    " \t\u3000",
    "x" * LONG,
    "\U0010ffff" * 200,
    "Zm9v",
    {},
]
NUMBERS: list[Any] = [-1, 0, 2**31 - 1, 2**31, -(2**31) - 1, 2**53 + 1, 10**400, 1.5, "1", True]
MOMENTS: list[Any] = [
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59.999999Z",
    "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59-23:59",
    "1969-12-31T23:59:59Z",
    "2026-02-30T00:00:00Z",
    "2026-03-30T07:00:60Z",
    "2026-03-30T07:00:00",
    "٢٠٢٦-٠٣-٣٠T٠٧:٠٠:٠٠Z",
    "\x00",
    0,
]
DATES: list[Any] = ["0001-01-01", "9999-12-31", "2026-02-30", "2026-W14", "", "\x00", 20260330]
HOURS: list[Any] = ["24:00", "24:01", "00:00", "-1:00", "09:60", "٠٩:٠٠", "", 9]
ZONES: list[Any] = [
    "Mars/Olympus",
    "../../etc/passwd",
    "/etc/localtime",
    "Europe/Berlin\x00",
    "\ud800",
    "localtime",
    "Factory",
    "europe/berlin",
    "UTC+25",
    "",
    "x" * LONG,
    1,
]
ADDRESSES: list[Any] = [
    "a@b\r\nBcc: eve@example.com",
    "a@example.org\x00",
    "\ud800@example.org",
    '"a b"@example.org',
    "ü@exämple.org",
    "a@[127.0.0.1]",
    "<a@example.org>",
    "a@example.org,b@example.org",
    f"{'x' * 300}@example.org",
    "@",
    "",
    1,
]
FLAGS: list[Any] = ["true", 1, []]
WORDS: list[Any] = ["NOPE", "", "\x00", "__proto__", 1, []]
BY_TYPE: dict[str, list[Any]] = {
    "Int": NUMBERS,
    "Boolean": FLAGS,
    "Instant": MOMENTS,
    "LocalDate": DATES,
    "LocalTime": HOURS,
    "TimeZone": ZONES,
    "EmailAddress": ADDRESSES,
}
# What would otherwise be used up, or refuse everything after the first: names, keys, versions, single seats.
OPEN: dict[str, Variables] = {
    "bookingPageCreate": {"kind": "GROUP", "capacity": 1000},
    "bookingPageUpdate": {"kind": "GROUP", "capacity": 1000, "expectedRevision": None},
    "scheduleUpdate": {"expectedRevision": None},
    "pageLinkUpdate": {"expectedRevision": None},
    "pollUpdate": {"expectedVersion": None},
    "routingFormUpdate": {"expectedRevision": None},
    "bookingReschedule": {"version": None},
    "bookingRescheduleByHost": {"version": None},
}
NEW = {
    "bookingPageCreate": "slug",
    "routingFormCreate": "slug",
    "holdCreate": KEY,
    "bookingCreate": KEY,
    "bookingReschedule": KEY,
    "ballotCast": KEY,
    "submissionCreate": KEY,
}
SLOTS = """query ($slug: String!, $from: Instant!, $to: Instant!, $zone: TimeZone) {
  bookingPage(slug: $slug) { openSlots(window: {from: $from, to: $to}, zone: $zone) { slots { start } } } }"""
LEAK = re.compile(
    r"Traceback|File \\?\"|\.py\b|sqlalchemy|asyncpg|strawberry|pydantic|\b(SELECT|INSERT|UPDATE|DELETE)\b"
    r"|object at 0x|NoneType|\b(?:Key|Value|Type|Attribute|Unicode\w*|Overflow|DB\w*|Data)Error\b"
)


def opened(name: str, variables: Variables) -> Variables:
    """Give variables under which each value is looked at, however many went before it."""
    new = {NEW[name]: str(uuid4())} if name in NEW else {}
    given = {**variables.get("input", {}), **OPEN.get(name, {}), **new}
    return {"input": given} if "input" in variables else variables


def places(given: tuple[Field, ...], *path: str) -> Iterator[tuple[tuple[str, ...], Field]]:
    """Walk every argument and input field, those that hold others included."""
    for field in given:
        yield (*path, field.name), field
        inner = SCHEMA.types.get(field.named)
        if inner is not None and inner.kind == "input":
            yield from places(inner.fields, *path, field.name)


def values(field: Field, stranger: str) -> list[Any]:
    """Choose what is hostile to a field of its type; `stranger` is an id of somebody else's."""
    inner = SCHEMA.types.get(field.named)
    if inner is not None and inner.kind == "input":
        return [None, {}, [], [None], [{}] * 300, "x", 1]
    if inner is not None and inner.kind == "enum":
        chosen = WORDS
    else:
        chosen = BY_TYPE.get(field.named, [stranger, *TEXTS])
    return [*chosen, None, *([[None], [[]], ["x"] * 1001] if "[" in field.type else [])]


def faults(response: Response) -> str:
    """Say what is wrong with an answer to a hostile value; nothing if it is a clean refusal or result."""
    text = response.content.decode()
    answer = orjson.loads(response.content)
    codes = [error["extensions"]["code"] for error in answer.get("errors", [])]
    wrong = {
        "status": response.status_code >= 500,
        "incident": "INTERNAL" in codes or "TIMEOUT" in codes,
        "leak": LEAK.search(text) is not None,
        "echo": len(text) > LONG,
        "limit": "RATE_LIMITED" in text,
    }
    return ", ".join([name for name, is_wrong in wrong.items() if is_wrong])


async def wrong_answers(
    house: Installation,
    servers: EmbeddedServers,
    world: World,
    token: str | None,
    stranger: str,
    name: str,
    unread: set[tuple[str, str]],
) -> list[tuple[str, str, str, str]]:
    """Send every value at every place of an operation; give those whose answers are wrong.

    `unread` are values that a type does not take, which is so at each of its places: sent once for a type.
    """
    variables = world.calls()[name]
    wrong: list[tuple[str, str, str, str]] = []
    for path, field in places(SCHEMA.roots[name].arguments):
        servers.forget()  # budgets would answer in the place of what is tested
        tried = [value for value in values(field, stranger) if (field.type, repr(value)) not in unread]
        async with asyncio.timeout(15):
            answers = await asyncio.gather(
                *(send(house, name, token, replaced(opened(name, variables), path, value)) for value in tried)
            )
        unread |= {
            (field.type, repr(value))
            for value, answer in zip(tried, answers, strict=True)
            if "data" not in orjson.loads(answer.content)
        }
        told = zip(tried, map(faults, answers), strict=True)
        wrong += [(name, ".".join(path), repr(value)[:40], fault) for value, fault in told if fault]
    await send(house, name, token, opened(name, variables))
    return wrong


@pytest.mark.parametrize("actor", [GUEST, SESSION])
async def test_no_value_is_a_defect_a_leak_or_a_hang(
    house: Installation, servers: EmbeddedServers, radicale: Radicale, actor: str
) -> None:
    """Case 91: a refusal or a result, without an incident, within seconds; and the house stands after it."""
    world, other = await settle(house, radicale), await house.sign_up("Eve")
    token = {GUEST: None, SESSION: world.host.token}[actor]
    stranger = (await house.ask("{ viewer { user { id } } }", other.token))["viewer"]["user"]["id"]
    calls = world.calls()
    await send(
        house, "bookingPageUpdate", world.host.token, opened("bookingPageUpdate", calls["bookingPageUpdate"])
    )
    first = {name: GUEST if GUEST in who else SESSION for name, who in ACCESS.items()}
    reached = [name for name, variables in calls.items() if variables and first[name] == actor]
    reached.sort(key=lambda name: name.startswith("calendar"))  # more calendars make all the others slower

    unread: set[tuple[str, str]] = set()
    wrong = [
        fault
        for name in reached
        for fault in await wrong_answers(house, servers, world, token, stranger, name, unread)
    ]

    assert wrong == []
    assert outcome(await call(house, "bookingPage", token, {"slug": world.slug})) == "works"


@pytest.mark.parametrize("argument", ["from", "to", "zone"])
async def test_no_window_is_a_defect(house: Installation, radicale: Radicale, argument: str) -> None:
    """Cases 86 and 91: at the one field below a root that takes arguments."""
    world = await settle(house, radicale)
    usual = {"from": NINE, "to": TWO, "zone": "Asia/Tokyo"}
    tried = ZONES if argument == "zone" else MOMENTS

    answers = [
        await house.http.post("/graphql", content=json.dumps({"query": SLOTS, "variables": it}))
        for it in ({"slug": world.slug, **usual, argument: value} for value in tried)
    ]

    assert [(value, fault) for value, it in zip(tried, answers, strict=True) if (fault := faults(it))] == []


@pytest.mark.parametrize("argument", ["slug", "from", "to", "after"])
async def test_no_value_is_a_defect_of_a_stream(
    house: Installation, radicale: Radicale, argument: str
) -> None:
    """Case 91: over a WebSocket."""
    world = await settle(house, radicale)
    usual = {"slug": world.slug, "from": NINE, "to": TWO, "after": None}
    tried = [
        value
        for value in (MOMENTS if argument in ("from", "to") else TEXTS)
        if "\ud800" not in str(value)  # JSON as the client of these tests writes it has none
    ]

    came = [str(await first_message(house, {**usual, argument: value})) for value in tried]

    assert [message for message in came if "INTERNAL" in message or LEAK.search(message)] == []


@pytest.mark.parametrize("actor", [GUEST, SESSION])
async def test_what_is_too_large_is_refused_unread(house: Installation, actor: str) -> None:
    host = await house.sign_up()
    token = {GUEST: None, SESSION: host.token}[actor]

    refused = await send(house, "bookingPage", token, {"slug": "x" * 100_000})

    assert refused.status_code == 413
    assert len(refused.content) < 1000


async def first_message(house: Installation, given: Variables) -> dict[str, Any]:
    """Give the first message of a stream."""
    window = {"from": given["from"], "to": given["to"]}
    async with house.feed(CHANGED, slug=given["slug"], window=window, after=given["after"]) as feed:
        return await feed.message()

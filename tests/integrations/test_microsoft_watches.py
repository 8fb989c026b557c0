"""Watches of Microsoft's calendars: begun, prolonged, ended, and the notices that they bring."""

import json
from collections.abc import AsyncGenerator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest

from domain.calendars import Entry, EntrySpot
from integrations.microsoft.pings import read_pings, validation_token
from integrations.ports import Hook, Ping, PingKind, ProviderFailed, Secret, Watch
from tests.clock import NOW
from tests.fakes.graph import refuses
from tests.fakes.microsoft_side import MicrosoftSide, microsoft_side
from tests.integrations.outside import Asked, Outside, Script, answer, outside

pytestmark = pytest.mark.anyio

LONGEST = timedelta(minutes=10_070)
START = datetime(2026, 3, 30, 9, tzinfo=UTC)
ENTRY = Entry("uid-1", 1, START, START + timedelta(minutes=30), "Intro", "Words", "Room 7", "m" * 64)
TOKEN = "t" * 43


@pytest.fixture
async def side() -> AsyncGenerator[MicrosoftSide]:
    async with microsoft_side() as made:
        yield made
        assert made.violations() == []


def door(asked: Asked) -> bytes:
    """Answer as our own door does: the token of a validation, and 202 to notices."""
    token = validation_token(dict(parse_qsl(urlsplit(asked.target).query)))
    return answer(202) if token is None else answer(200, token, Content_Type="text/plain")


def hook(here: Outside, ends_at: datetime = NOW + timedelta(days=30)) -> Hook:
    return Hook("w1", f"{here.url}change", f"{here.url}lifecycle", Secret(TOKEN), ends_at)


@asynccontextmanager
async def watched(side: MicrosoftSide) -> AsyncGenerator[tuple[Outside, Watch]]:
    async with outside(door) as here:
        yield here, await side.adapter.watch(side.account, side.calendar_url, hook(here))


def pings(here: Outside) -> list[Ping]:
    """Read all that came to the door and was no validation."""
    return [ping for asked in here.asked for ping in read_pings(asked.body)]


async def refusal(call: Awaitable[object]) -> str:
    with pytest.raises(ProviderFailed) as failed:
        await call
    return f"{type(failed.value).__name__} {failed.value.reason}"


async def test_watch_begins_after_both_addresses_have_answered(side: MicrosoftSide) -> None:
    async with watched(side) as (here, watch):
        targets = [urlsplit(asked.target).path for asked in here.asked]

    [sent] = side.fake.asked("watch")
    assert targets == ["/change", "/lifecycle"]
    assert watch == Watch(next(iter(side.fake.watching.standing)), None, NOW + LONGEST)
    assert sent.json["changeType"] == "created,updated,deleted"
    assert sent.json["clientState"] == TOKEN
    assert sent.headers["prefer"].startswith('IdType="ImmutableId"')


async def test_watch_ends_no_later_than_was_wanted(side: MicrosoftSide) -> None:
    async with outside(door) as here:
        wanted = hook(here, NOW + timedelta(days=2))
        watch = await side.adapter.watch(side.account, side.calendar_url, wanted)

    assert watch.ends_at == NOW + timedelta(days=2)


BAD_DOORS: dict[str, Script] = {
    "no token": lambda _: answer(202),
    "another": lambda _: answer(200, "something else", Content_Type="text/plain"),
    "undecoded": lambda asked: answer(200, urlsplit(asked.target).query, Content_Type="text/plain"),
    "not plain": lambda asked: door(asked).replace(b"text/plain", b"text/html"),
}


@pytest.mark.parametrize("script", BAD_DOORS.values(), ids=BAD_DOORS)
async def test_door_that_does_not_answer_is_no_door(side: MicrosoftSide, script: Script) -> None:
    async with outside(script) as here:
        refused = await refusal(side.adapter.watch(side.account, side.calendar_url, hook(here)))

    assert refused == "Transient hook_unreachable"
    assert side.fake.watching.standing == {}


async def test_watch_is_prolonged_from_now(side: MicrosoftSide) -> None:
    """Case 192."""
    async with watched(side) as (_, watch):
        short = replace(watch, ends_at=NOW)
        wanted = NOW + timedelta(days=3)

        assert await side.adapter.prolong(side.account, short, wanted) == replace(watch, ends_at=wanted)
        assert await side.adapter.prolong(side.account, short, NOW + timedelta(days=30)) == watch


async def test_watch_that_is_gone_is_made_anew_or_has_ended(side: MicrosoftSide) -> None:
    async with watched(side) as (_, watch):
        await side.adapter.stop(side.account, watch)

        assert await side.adapter.prolong(side.account, watch, watch.ends_at) is None
        assert await side.adapter.stop(side.account, watch) is None
    assert side.fake.watching.standing == {}


@pytest.mark.parametrize("method", ["prolong", "stop", "watch"])
async def test_failure_is_told(side: MicrosoftSide, method: str) -> None:
    async with watched(side) as (here, watch):
        side.fake.fails(method, refuses(429, "TooManyRequests", Retry_After="7"))
        calls = {
            "prolong": lambda: side.adapter.prolong(side.account, watch, NOW + LONGEST),
            "stop": lambda: side.adapter.stop(side.account, watch),
            "watch": lambda: side.adapter.watch(side.account, side.calendar_url, hook(here)),
        }

        assert await refusal(calls[method]()) == "Transient throttled"


async def test_changes_come_as_pings_with_the_id_of_the_entry(side: MicrosoftSide) -> None:
    """The id in a notice is the one that we know the entry by."""
    spot = EntrySpot(side.calendar_url, ENTRY.uid, ENTRY.marker)
    async with watched(side) as (here, watch):
        ref = await side.adapter.put_entry(side.account, spot, ENTRY)
        await side.adapter.delete_entry(side.account, replace(spot, remote_id=ref.remote_id))
        await side.fake.watching.deliver()

        assert pings(here) == [Ping(watch.remote_id, TOKEN, PingKind.CHANGED, ref.remote_id)] * 2
        assert side.fake.watching.answers == [202]


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        ("missed", PingKind.MISSED),
        ("subscriptionRemoved", PingKind.REMOVED),
        ("reauthorizationRequired", PingKind.REAUTHORIZE),
    ],
)
async def test_news_of_the_watch_come_as_pings(side: MicrosoftSide, event: str, kind: PingKind) -> None:
    """Case 192."""
    async with watched(side) as (here, watch):
        await side.fake.watching.tells(event, side.fake.watching.standing[watch.remote_id])

        assert pings(here) == [Ping(watch.remote_id, TOKEN, kind)]


NOTICE = {"subscriptionId": "s1", "clientState": TOKEN, "changeType": "updated", "resource": "r"}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff",
        b"[" * 100_000,
        b"[]",
        b'{"value": 1}',
        json.dumps({"value": [1, None, {}, []]}).encode(),
        json.dumps({"value": [NOTICE | {"clientState": None}]}).encode(),
        json.dumps({"value": [NOTICE | {"subscriptionId": 7}]}).encode(),
        json.dumps({"value": [NOTICE | {"lifecycleEvent": "somethingNew"}]}).encode(),
        json.dumps({"value": [{**NOTICE, "changeType": None}]}).encode(),
    ],
)
def test_notice_that_is_none_is_left_out(body: bytes) -> None:
    """Case 191."""
    assert read_pings(body) == []


def test_batch_may_hold_notices_of_several_watches_and_nonsense() -> None:
    """Case 191: each brings the token of its own."""
    other = NOTICE | {"subscriptionId": "s2", "clientState": "u", "resourceData": {"id": "e1"}}

    assert read_pings(json.dumps({"value": [NOTICE, 7, other]}).encode()) == [
        Ping("s1", TOKEN, PingKind.CHANGED),
        Ping("s2", "u", PingKind.CHANGED, "e1"),
    ]


def test_token_and_entry_are_shown_nowhere() -> None:
    [ping] = read_pings(json.dumps({"value": [NOTICE | {"resourceData": {"id": "e1"}}]}).encode())

    assert TOKEN not in repr(ping)
    assert "e1" not in repr(ping)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"validationToken": "Validation: a+b c"}, "Validation: a+b c"),
        ({}, None),
        ({"validationToken": ""}, None),
        ({"validationToken": "a\r\nb"}, None),
        ({"validationToken": "a" * 2049}, None),
    ],
)
def test_only_a_line_of_text_is_answered(query: dict[str, str], expected: str | None) -> None:
    assert validation_token(query) == expected

"""How Google fails, and what each failure means to us: judged by its reason, and never free."""

import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest

from domain.calendars import Entry, EntrySpot
from domain.intervals import minute_of
from integrations.google import GoogleCalendars
from integrations.http import SafeHttp
from integrations.ports import (
    BusyAt,
    Expired,
    Permanent,
    ProviderFailed,
    Revoked,
    Transient,
)
from tests.fakes.google import API, WANTED_SCOPES
from tests.fakes.google_shapes import AUTH
from tests.fakes.google_side import EMAIL, GoogleSide, google_side
from tests.fakes.google_state import READER, WRITER
from tests.fakes.kit import Fault
from tests.fakes.sides import CANARY
from tests.integrations.outside import answer, outside

pytestmark = pytest.mark.anyio

START = datetime(2026, 3, 30, 9, tzinfo=UTC)
WINDOW = (minute_of(START), minute_of(START + timedelta(days=1)))
UID = "5f0c6f5e-0000-5000-8000-000000000001@slotgraph.example.com"
SPOT = EntrySpot(EMAIL, UID, "m" * 64)
ENTRY = Entry(UID, 1, START, START + timedelta(hours=1), "Intro", "Grace", "Room 7", "m" * 64)
HTML = b"<!doctype html><title>Sorry</title>"

Call = Callable[[GoogleSide], Awaitable[object]]


@pytest.fixture
async def side() -> AsyncGenerator[GoogleSide]:
    async with google_side() as made:
        yield made


def error(status: int, reason: str, **headers: str) -> Fault:
    body = {"error": {"code": status, "message": CANARY, "errors": [{"reason": reason, "message": CANARY}]}}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Fault(status, json.dumps(body).encode(), named)


async def busy(side: GoogleSide, calendar_id: str = EMAIL) -> object:
    return await side.adapter.busy(side.account, [BusyAt(calendar_id, None)], WINDOW, deadline_s=2)


async def discover(side: GoogleSide) -> object:
    return await side.adapter.discover(side.account)


async def put(side: GoogleSide) -> object:
    return await side.adapter.put_entry(side.account, SPOT, ENTRY)


async def delete(side: GoogleSide) -> object:
    return await side.adapter.delete_entry(side.account, SPOT)


async def find(side: GoogleSide) -> object:
    return await side.adapter.find_entry(side.account, SPOT)


async def refusal(call: Awaitable[object]) -> tuple[type[ProviderFailed], str, float | None]:
    with pytest.raises(ProviderFailed) as failed:
        await call
    assert CANARY not in repr(failed.value)
    return type(failed.value), failed.value.reason, getattr(failed.value, "retry_after_s", None)


FAILURES = [
    pytest.param(error(401, "authError"), (Expired, "token_refused", None), id="token"),
    pytest.param(Fault(401, HTML), (Expired, "token_refused", None), id="token-html"),
    pytest.param(error(403, "insufficientPermissions"), (Revoked, "scope_missing", None), id="scope"),
    pytest.param(error(403, "rateLimitExceeded"), (Transient, "throttled", None), id="rate-403"),
    pytest.param(error(403, "userRateLimitExceeded"), (Transient, "throttled", None), id="user-rate"),
    pytest.param(
        error(429, "rateLimitExceeded", retry_after="120"), (Transient, "throttled", 120.0), id="rate-429"
    ),
    pytest.param(error(403, "quotaExceeded"), (Transient, "quota", 3600.0), id="quota"),
    pytest.param(error(403, "forbidden"), (Permanent, "forbidden", None), id="forbidden"),
    pytest.param(error(403, "requiredAccessLevel"), (Permanent, "forbidden", None), id="role"),
    pytest.param(error(403, "somethingNew"), (Permanent, "forbidden", None), id="new-reason"),
    pytest.param(error(404, "notFound"), (Permanent, "calendar_gone", None), id="gone"),
    pytest.param(error(400, "timeRangeTooLong"), (Permanent, "http_400", None), id="our-own-fault"),
    pytest.param(error(500, "backendError"), (Transient, "provider_error", None), id="backend"),
    pytest.param(error(503, "backendError", retry_after="7"), (Transient, "throttled", 7.0), id="503"),
    pytest.param(Fault(200, HTML), (Transient, "answer_unreadable", None), id="html"),
    pytest.param(Fault(200, b"[]"), (Transient, "answer_unreadable", None), id="list"),
    pytest.param(Fault(200, b'{"cal'), (Transient, "answer_unreadable", None), id="half"),
    pytest.param(Fault(302, HTML), (Permanent, "http_302", None), id="redirect"),
    pytest.param(Fault(hangs_up=True), (Transient, "unreachable", None), id="hang-up"),
]


@pytest.mark.parametrize(("fault", "told"), FAILURES)
async def test_each_failure_of_a_question_is_told_apart(
    side: GoogleSide, fault: Fault, told: tuple[type[ProviderFailed], str, float | None]
) -> None:
    """Case 189, R107: decided by the reason, not by the number; nothing of its words goes on."""
    side.fails("busy", fault)

    assert await refusal(busy(side)) == told
    assert len(side.fake.calls) == 1


@pytest.mark.parametrize(("fault", "told"), FAILURES)
async def test_each_failure_of_a_write_is_told_apart(
    side: GoogleSide, fault: Fault, told: tuple[type[ProviderFailed], str, float | None]
) -> None:
    """Case 189."""
    side.fails("put", fault)

    assert await refusal(put(side)) == told
    assert side.ours() == []
    assert len(side.fake.calls) == 1


@pytest.mark.parametrize(
    ("method", "call"),
    [("discover", discover), ("find", find), ("delete", delete)],
)
async def test_every_method_tells_a_refused_token(side: GoogleSide, method: str, call: Call) -> None:
    await put(side)
    side.fails(method, error(401, "authError"))

    assert (await refusal(call(side)))[:2] == (Expired, "token_refused")
    assert len(side.ours()) == 1


async def test_slow_answer_is_a_timeout(side: GoogleSide) -> None:
    side.fails("busy", Fault(delay_s=30))

    asked = side.adapter.busy(side.account, [BusyAt(EMAIL, None)], WINDOW, deadline_s=0.2)

    assert await refusal(asked) == (Transient, "timeout", None)


# One calendar of several.


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("notFound", (Permanent, "calendar_gone", None)),
        ("internalError", (Transient, "provider_error", None)),
        ("tooManyCalendarsRequested", (Transient, "provider_error", None)),
        ("somethingNew", (Transient, "provider_error", None)),
        ("rateLimitExceeded", (Transient, "throttled", None)),
    ],
)
async def test_calendar_that_failed_inside_an_answer_is_not_free(
    side: GoogleSide, reason: str, told: tuple[type[ProviderFailed], str, float | None]
) -> None:
    """R107: the others do not hide it."""
    other = side.fake.add_calendar(EMAIL, "Other")
    other.breaks = reason

    asked = side.adapter.busy(side.account, [BusyAt(EMAIL, None), BusyAt(other.id, None)], WINDOW)

    assert await refusal(asked) == told
    assert side.violations() == []


async def test_calendar_of_somebody_else_is_not_free(side: GoogleSide) -> None:
    assert await refusal(busy(side, "stranger@example.com")) == (Permanent, "calendar_gone", None)


@pytest.mark.parametrize(
    "body",
    [
        "{}",
        '{"calendars":{}}',
        '{"calendars":[]}',
        '{"calendars":{"other":{"busy":[]}}}',
        '{"calendars":{"ada@example.com":{}}}',
        '{"calendars":{"ada@example.com":{"busy":null}}}',
        '{"calendars":{"ada@example.com":{"busy":[null]}}}',
        '{"calendars":{"ada@example.com":{"busy":[],"errors":"none"}}}',
        '{"calendars":{"ada@example.com":{"busy":[{"start":"2026-03-30T09:00:00Z"}]}}}',
        '{"calendars":{"ada@example.com":{"busy":[{"start":"2026-03-30T09:00","end":"2026-03-30T10:00"}]}}}',
        '{"calendars":{"ada@example.com":{"busy":[{"start":"2026-03-30T10:00Z","end":"2026-03-30T09:00Z"}]}}}',
        '{"calendars":{"ada@example.com":{"busy":[{"start":1,"end":2}]}}}',
    ],
)
async def test_odd_answer_is_never_free(body: str) -> None:
    async with outside(lambda _: answer(200, body)) as google, google_side() as side:
        adapter = GoogleCalendars(SafeHttp(allow_loopback=True), google.url)
        asked = adapter.busy(side.account, [BusyAt(EMAIL, None)], WINDOW)

        assert await refusal(asked) == (Transient, "answer_unreadable", None)


@pytest.mark.parametrize(
    "body", ['{"items":[{}]}', '{"items":null}', '{"items":[{"id":"a"}]}', '{"items":[null]}']
)
async def test_odd_list_is_a_failure(body: str) -> None:
    async with outside(lambda _: answer(200, body)) as google, google_side() as side:
        adapter = GoogleCalendars(SafeHttp(allow_loopback=True), google.url)
        told = await refusal(adapter.discover(side.account))

    assert told == (Transient, "answer_unreadable", None)


async def test_list_without_calendars_is_permanent() -> None:
    """Every account has one calendar at least, so a list of none is not to be shown as the host's choice."""
    async with outside(lambda _: answer(200, '{"items":[]}')) as google, google_side() as side:
        adapter = GoogleCalendars(SafeHttp(allow_loopback=True), google.url)
        told = await refusal(adapter.discover(side.account))

    assert told == (Permanent, "no_calendars", None)


# What was not granted.


@pytest.mark.parametrize(
    ("missing", "call"),
    [
        ("calendar.freebusy", busy),
        ("calendar.events.owned", put),
        ("calendar.events.owned", find),
        ("calendar.calendarlist.readonly", discover),
    ],
)
async def test_scope_that_was_not_granted_is_missed(missing: str, call: Call) -> None:
    """Case 56, R106, D06: each scope that we ask for is needed, and no other."""
    async with google_side() as side:
        side.fake.grants.clear()
        token = side.fake.allows(EMAIL, set(WANTED_SCOPES) - {AUTH + missing})
        assert token == side.account.secret.reveal()

        told = await refusal(call(side))

    assert told == (Revoked, "scope_missing", None)
    assert side.ours() == []


async def test_grant_that_was_revoked_is_a_refused_token(side: GoogleSide) -> None:
    """R109, case 62: only a renewal tells whether it is over or taken away."""
    await put(side)
    side.revokes()

    told = [(await refusal(call(side)))[0] for call in (busy, discover, find, delete)]

    assert told == [Expired] * 4
    assert len(side.ours()) == 1


@pytest.mark.parametrize("role", [READER, WRITER])
async def test_calendar_that_the_host_does_not_own_is_not_written(side: GoogleSide, role: str) -> None:
    shared = side.fake.add_calendar(EMAIL, "Shared", role=role)
    spot = EntrySpot(shared.id, UID, "m" * 64)

    with pytest.raises(ProviderFailed):
        await side.adapter.put_entry(side.account, spot, ENTRY)

    assert shared.events == {}


async def test_address_that_is_no_google_is_unreachable(side: GoogleSide) -> None:
    adapter = GoogleCalendars(SafeHttp(), f"http://10.0.0.1{API}")

    told = await refusal(adapter.discover(side.account))

    assert told == (Transient, "unreachable", None)

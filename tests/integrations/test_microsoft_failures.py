"""Microsoft's refusals, outages and nonsense: each is a failure of its kind, and nothing is ever free."""

import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from domain.calendars import Entry, EntrySpot
from domain.intervals import minute_of
from integrations.http import SafeHttp
from integrations.microsoft import MicrosoftCalendars
from integrations.ports import BusyAt, ProviderFailed, Transient
from tests.clock import NOW
from tests.fakes.graph import refuses
from tests.fakes.kit import Fault
from tests.fakes.microsoft_side import HOST, MicrosoftSide, microsoft_side
from tests.fakes.sides import CANARY
from tests.integrations.outside import answer, outside

pytestmark = pytest.mark.anyio

PROPERTIES = "singleValueExtendedProperties"
START, END = datetime(2026, 3, 30, 9, tzinfo=UTC), datetime(2026, 3, 30, 10, tzinfo=UTC)
WINDOW = (minute_of(START), minute_of(END))
ENTRY = Entry("uid-1", 1, START, END, "Intro", "Words", "Room 7", "m" * 64)

Call = Callable[[MicrosoftSide], Awaitable[object]]


@pytest.fixture
async def side() -> AsyncGenerator[MicrosoftSide]:
    async with microsoft_side() as made:
        yield made
        assert made.violations() == []


def spot(side: MicrosoftSide, remote_id: str | None = None) -> EntrySpot:
    return EntrySpot(side.calendar_url, ENTRY.uid, ENTRY.marker, remote_id)


def discover(side: MicrosoftSide) -> Awaitable[object]:
    return side.adapter.discover(side.account)


def busy(side: MicrosoftSide) -> Awaitable[object]:
    return side.adapter.busy(side.account, [BusyAt(side.calendar_url, "UTC")], WINDOW, deadline_s=2)


def put(side: MicrosoftSide) -> Awaitable[object]:
    return side.adapter.put_entry(side.account, spot(side), ENTRY)


def find(side: MicrosoftSide) -> Awaitable[object]:
    return side.adapter.find_entry(side.account, spot(side))


async def delete(side: MicrosoftSide) -> object:
    ref = await side.adapter.put_entry(side.account, spot(side), ENTRY)
    return await side.adapter.delete_entry(side.account, spot(side, ref.remote_id))


CALLS = [("discover", discover), ("busy", busy), ("put", put), ("delete", delete), ("find", find)]


async def refusal(call: Awaitable[object]) -> str:
    with pytest.raises(ProviderFailed) as failed:
        await call
    assert CANARY not in repr(failed.value)
    return f"{type(failed.value).__name__} {failed.value.reason}"


@pytest.mark.parametrize(("method", "call"), CALLS)
@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (refuses(401, "InvalidAuthenticationToken"), "Expired token_refused"),
        (refuses(403, "ErrorAccessDenied"), "Revoked scope_missing"),
        (refuses(403, f"Other{CANARY}"), "Permanent forbidden"),
        (refuses(404, "MailboxNotEnabledForRESTAPI"), "Permanent mailbox_on_premises"),
        (refuses(429, "ApplicationThrottled", Retry_After="120"), "Transient throttled"),
        (refuses(503, "ServiceNotAvailable", Retry_After="9"), "Transient throttled"),
        (refuses(504, "ErrorTimeoutExpired", Retry_After="9"), "Transient throttled"),
        (Fault(500, CANARY.encode()), "Transient provider_error"),
        (Fault(302, b"", {"Location": "https://example.com/"}), "Permanent http_302"),
        (Fault(hangs_up=True), "Transient unreachable"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_each_refusal_is_a_failure_of_its_kind(
    side: MicrosoftSide, method: str, call: Call, fault: Fault, expected: str
) -> None:
    """Case 189; R094: a mailbox on the organization's own servers is not supported."""
    side.fails(method, fault)

    assert await refusal(call(side)) == expected


@pytest.mark.parametrize(
    ("method", "call"), [("discover", discover), ("busy", busy), ("put", put), ("find", find)]
)
@pytest.mark.parametrize(
    "body",
    [f"<html>{CANARY}</html>", "", "[]", "null", '"x"', "[" * 100_000, '{"error": {}}', '{"value": {}}'],
    ids=["html", "nothing", "list", "null", "text", "deep", "error", "no list"],
)
async def test_answer_that_is_none_is_never_free(
    side: MicrosoftSide, method: str, call: Call, body: str
) -> None:
    side.fails(method, Fault(200, body.encode()))

    assert await refusal(call(side)) in {"Transient answer_unreadable", "Permanent http_200"}


@pytest.mark.parametrize("status", [429, 503, 504])
async def test_wait_that_graph_asks_for_is_told(side: MicrosoftSide, status: int) -> None:
    side.fails("busy", refuses(status, "ApplicationThrottled", Retry_After="120"))

    with pytest.raises(Transient) as failed:
        await busy(side)

    assert failed.value.retry_after_s == 120


def event(**other: Any) -> dict[str, Any]:
    return {
        "start": {"dateTime": "2026-03-30T09:00:00.0000000", "timeZone": "UTC"},
        "end": {"dateTime": "2026-03-30T10:00:00.0000000", "timeZone": "UTC"},
        "subject": CANARY,
        **other,
    }


def time(text: object, zone: object = "UTC") -> dict[str, object]:
    return {"dateTime": text, "timeZone": zone}


@pytest.mark.parametrize(
    "odd",
    [
        {"value": [event(start=None)]},
        {"value": [event(start=time(None))]},
        {"value": [event(start=time("2026-03-30"))]},
        {"value": [event(start=time("2026-02-30T09:00:00"))]},
        {"value": [event(start=time("2026-03-30T09:00:00+02:00"))]},
        {"value": [event(start=time("2026-03-30T09:00:00", "tzone://Microsoft/Custom"))]},
        {"value": [event(start=time("2026-03-30T09:00:00", None))]},
        {"value": [event(start=time("0001-01-01T00:00:00", "Tokyo Standard Time"))]},
        {"value": [event(end=time("2026-03-30T08:00:00"))]},
        {"value": [event(isAllDay=True, start=time("soon"))]},
        {"value": ["x"]},
        {"value": [event()], "@odata.nextLink": 7},
        {"value": [event()], "@odata.nextLink": ""},
        {},
    ],
)
async def test_entry_that_cannot_be_read_makes_all_of_it_unknown(
    side: MicrosoftSide, odd: dict[str, Any]
) -> None:
    side.fails("busy", Fault(200, json.dumps(odd).encode()))

    assert await refusal(busy(side)) == "Transient answer_unreadable"


async def test_graph_that_sends_more_than_was_asked_is_read_for_times_alone(side: MicrosoftSide) -> None:
    """R062 to R065, case 164."""
    sent = event(attendees=[CANARY], body={"content": CANARY}, showAs=CANARY, responseStatus=CANARY)
    side.fails("busy", Fault(200, json.dumps({"value": [sent]}).encode()))

    (found,) = await side.adapter.busy(side.account, [BusyAt(side.calendar_url, "UTC")], WINDOW)

    assert found.counted() == (WINDOW,)
    assert CANARY not in repr(found)


@pytest.mark.parametrize(
    "start",
    [
        time("2026-03-30T09:00:00Z", None),
        time("2026-03-30T11:00:00.0000000", "W. Europe Standard Time"),
        time("2026-03-30T11:00:00.0000000", "Europe/Vienna"),
    ],
)
async def test_time_is_read_in_the_zone_that_stands_beside_it(
    side: MicrosoftSide, start: dict[str, object]
) -> None:
    sent = json.dumps({"value": [event(start=start)]}).encode()
    side.fails("busy", Fault(200, sent))

    (found,) = await side.adapter.busy(side.account, [BusyAt(side.calendar_url, "UTC")], WINDOW)

    assert found.counted() == (WINDOW,)


async def test_one_calendar_that_fails_makes_all_unknown(side: MicrosoftSide) -> None:
    asked = [BusyAt(side.calendar_url, "UTC"), BusyAt("gone", "UTC")]

    assert await refusal(side.adapter.busy(side.account, asked, WINDOW)) == "Permanent calendar_gone"


async def test_refused_token_is_told_before_other_failures(side: MicrosoftSide) -> None:
    other = side.fake.mailboxes[HOST].calendar("Other")
    side.fake.fails("view", refuses(500, "x"), refuses(401, "InvalidAuthenticationToken"))
    asked = [BusyAt(side.calendar_url, "UTC"), BusyAt(other.id, "UTC")]

    assert await refusal(side.adapter.busy(side.account, asked, WINDOW)) in {
        "Expired token_refused",
        "Transient provider_error",  # the other call was given up before it was answered
    }


async def test_slow_answer_is_no_answer(side: MicrosoftSide) -> None:
    side.fails("busy", Fault(status=200, delay_s=5))
    asked = [BusyAt(side.calendar_url, "UTC")]

    call = side.adapter.busy(side.account, asked, WINDOW, deadline_s=0.2)

    assert await refusal(call) == "Transient timeout"


async def test_mailbox_on_premises_is_not_supported(side: MicrosoftSide) -> None:
    """R094."""
    side.fake.mailboxes[HOST].is_on_premises = True

    assert await refusal(discover(side)) == "Permanent mailbox_on_premises"
    assert await refusal(find(side)) == "Permanent mailbox_on_premises"


async def test_permission_that_was_taken_back_stops_writes_and_not_reads(side: MicrosoftSide) -> None:
    """R102, case 56: each operation fails cleanly where the scope is missing."""
    reader = MicrosoftSide(side.fake, frozenset({"Calendars.Read", "openid"}))

    assert await refusal(put(reader)) == "Revoked scope_missing"
    assert await busy(reader) is not None
    assert side.ours() == []


async def test_token_that_was_revoked_is_expired(side: MicrosoftSide) -> None:
    side.revokes()

    assert await refusal(busy(side)) == "Expired token_refused"


async def test_next_page_elsewhere_is_not_followed(side: MicrosoftSide) -> None:
    """The token would go along to whoever wrote the address."""
    mailbox = side.fake.mailboxes[HOST]
    [mailbox.calendar(f"Number {number}") for number in range(120)]
    async with outside(lambda _: answer(200, '{"value": []}')) as elsewhere:
        side.fake.next_origin = elsewhere.url.rstrip("/")

        assert await refusal(discover(side)) == "Permanent left_origin"
        assert elsewhere.asked == []


async def test_list_without_an_end_is_given_up() -> None:
    async with outside(lambda _: answer(200, page)) as server:
        page = json.dumps({"value": [], "@odata.nextLink": f"{server.url}v1.0/again"})
        adapter = MicrosoftCalendars(SafeHttp(allow_loopback=True), f"{server.url}v1.0", lambda: NOW)
        async with microsoft_side() as side:
            account = side.account

        assert await refusal(adapter.discover(account)) == "Transient answer_unreadable"
        assert len(server.asked) == 41


async def test_list_without_a_default_calendar_tells_nobody_s_own() -> None:
    async with microsoft_side() as side:
        side.calendar.is_default = False

        assert await refusal(discover(side)) == "Transient answer_unreadable"


async def test_entry_without_a_version_is_not_written(side: MicrosoftSide) -> None:
    ref = await side.adapter.put_entry(side.account, spot(side), ENTRY)
    [sent] = side.fake.asked("event.create")
    shown = {"id": ref.remote_id, PROPERTIES: sent.json[PROPERTIES], **event()}
    side.fake.fails("event.get", Fault(200, json.dumps(shown).encode()))

    call = side.adapter.delete_entry(side.account, spot(side, ref.remote_id))

    assert await refusal(call) == "Permanent no_etag"
    assert len(side.ours()) == 1

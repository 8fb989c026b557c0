"""Calendars at Zoom: found, busy, written, left alone, and how it fails."""

import json
from collections.abc import AsyncIterator, Awaitable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest

from domain.calendars import Entry, EntryRef, EntrySpot, EntryState, Provider
from domain.intervals import Span, instant_of, merge, minute_of
from integrations.http import SafeHttp
from integrations.ports import (
    Account,
    BusyAt,
    Expired,
    Permanent,
    ProviderFailed,
    RemoteCalendar,
    Revoked,
    Secret,
    Transient,
)
from integrations.zoom import ZoomCalendars
from tests.clock import NOW, TurnedClock
from tests.fakes.kit import Fault, served
from tests.fakes.sides import CANARY
from tests.fakes.zoom import ZoomFake
from tests.fakes.zoom_side import HOST, ZoomSide
from tests.fakes.zoom_state import ZoomCalendar

pytestmark = pytest.mark.anyio

MARKER = "m" * 64
ENTRY = Entry(
    uid="5f0c6f5e-0000-5000-8000-000000000001@slotgraph.example.com",
    sequence=1,
    start=datetime(2026, 3, 30, 9, tzinfo=UTC),
    end=datetime(2026, 3, 30, 9, 30, tzinfo=UTC),
    summary="Intro \u00b7 Grace\r\nattendees",
    description="Grace <grace@example.com>\n\nTopic: \u00fcber alles",
    place="Room 7\x00",
    marker=MARKER,
    zone="Europe/Berlin",
)
FRESH = EntrySpot(HOST.email, ENTRY.uid, MARKER)
WINDOW = (minute_of(datetime(2026, 3, 16, tzinfo=UTC)), minute_of(datetime(2026, 4, 6, tzinfo=UTC)))
HOURS = timedelta(hours=5)
DAILY = {"X-RateLimit-Type": "Daily-limit", "Retry-After": "2026-03-28T00:00:00Z"}


@pytest.fixture
async def side() -> AsyncIterator[ZoomSide]:
    fake = ZoomFake([HOST], TurnedClock())
    async with served(fake):
        yield ZoomSide(fake)
    assert fake.violations == []


def written(ref: EntryRef, entry: Entry = ENTRY) -> EntrySpot:
    """Say where an entry stands after it was written."""
    return EntrySpot(HOST.email, entry.uid, entry.marker, ref.remote_id, entry.start, entry.end, entry.texts)


async def put(side: ZoomSide, spot: EntrySpot = FRESH, entry: Entry = ENTRY) -> EntrySpot:
    return written(await side.adapter.put_entry(side.account, spot, entry), entry)


async def refusal(call: Awaitable[object]) -> tuple[type[ProviderFailed], str]:
    """Wait for a call that fails; say how."""
    with pytest.raises(ProviderFailed) as failed:
        await call
    assert CANARY not in repr(failed.value)
    return type(failed.value), failed.value.reason


async def busy(side: ZoomSide, *urls: str) -> list[str]:
    asked = [BusyAt(url, None) for url in urls or (HOST.email,)]
    found = await side.adapter.busy(side.account, asked, WINDOW)
    return [spelled(span) for span in merge(span for times in found for span in times.counted())]


def spelled(span: Span) -> str:
    return "/".join(f"{instant_of(minute):%m-%d %H:%M}" for minute in span)


def at(day: int, hour: int, minute: int = 0, second: int = 0) -> datetime:
    return datetime(2026, 3, day, hour, minute, second, tzinfo=UTC)


async def test_calendars_are_named_page_by_page_with_whose_they_are(side: ZoomSide) -> None:
    """R030."""
    calendars = side.fake.accounts[HOST.email].calendars
    calendars["team"] = ZoomCalendar("team", "Team", "No/Zone", role="writer")
    calendars |= {f"c{n}": ZoomCalendar(f"c{n}", "", "UTC", role="freeBusyReader") for n in range(249)}

    found = await side.adapter.discover(side.account)

    assert found[:3] == (
        RemoteCalendar(HOST.email, HOST.name, "Europe/Berlin", is_writable=True, is_own=True),
        RemoteCalendar("team", "Team", None, is_writable=True, is_own=False),
        RemoteCalendar("c0", "c0", "UTC", is_writable=False, is_own=False),
    )
    assert len(found) == 251
    assert len(side.fake.asked("calendarList")) == 2


async def test_busy_times_come_from_free_busy_alone(side: ZoomSide) -> None:
    """R060, R062 to R065, cases 164 and 165: no entry is listed or read."""
    side.add(at(20, 9), at(20, 10))
    side.add(at(20, 10), at(20, 10, 29, 30))
    side.add(at(21, 9), at(21, 10), is_free=True)
    side.add(at(22, 9), at(22, 10), is_declined=True)
    side.add(at(23, 0), at(24, 0), is_all_day=True)

    assert await busy(side) == ["03-20 09:00/03-20 10:30", "03-23 00:00/03-24 00:00"]
    assert {call.operation for call in side.fake.calls} == {"freeBusy"}


async def test_calendars_are_asked_fifty_at_once_and_joined(side: ZoomSide) -> None:
    calendars = side.fake.accounts[HOST.email].calendars
    calendars |= {f"c{n}": ZoomCalendar(f"c{n}", "", "UTC") for n in range(60)}
    times = {"start": {"dateTime": "2026-03-20T09:00:00Z"}, "end": {"dateTime": "2026-03-20T10:00:00Z"}}
    calendars["c59"].add(times, NOW, HOST.email)

    assert await busy(side, HOST.email, *(f"c{n}" for n in range(60))) == ["03-20 09:00/03-20 10:00"]
    assert [len(call.json["items"]) for call in side.fake.asked("freeBusy")] == [50, 11]


async def test_error_inside_an_answer_that_is_fine_fails_all(side: ZoomSide) -> None:
    """R060, case 136: what is not known is not free."""
    assert await refusal(busy(side, HOST.email, "gone@example.com")) == (Permanent, "calendar_gone")


DOUBTFUL: list[object] = [
    {"calendars": []},
    {"calendars": {HOST.email: {"busy": []}}},
    {"calendars": [{"id": "other@example.com", "busy": []}]},
    {"calendars": [{"id": HOST.email}]},
    {"calendars": [{"id": HOST.email, "busy": [], "errors": [{"reason": "internalError"}]}]},
    {"calendars": [{"id": HOST.email, "busy": [{"start": "2026-03-20T09:00:00", "end": "x"}]}]},
    {"calendars": [{"id": HOST.email, "busy": [{"start": "2026-03-20", "end": "2026-03-21"}]}]},
    {"calendars": [{"id": HOST.email, "busy": []}], "timeMax": "2026-03-20T00:00:00Z"},
    {"calendars": [{"id": HOST.email, "busy": []}], "timeMin": None},
    {"calendars": [{"id": HOST.email, "busy": [], "errors": [{"reason": ["notFound"]}]}]},
    [],
]


@pytest.mark.parametrize("said", DOUBTFUL, ids=str)
async def test_answer_that_leaves_doubt_is_a_failure(side: ZoomSide, said: object) -> None:
    """R060: never free."""
    whole = {"timeMin": "2026-03-16T00:00:00Z", "timeMax": "2026-04-06T00:00:00Z"}
    body = json.dumps({**whole, **cast("dict[str, object]", said)} if isinstance(said, dict) else said)
    side.fake.fails("freeBusy", Fault(status=200, body=body.encode()))

    assert (await refusal(busy(side)))[0] is Transient


async def test_entry_is_written_with_our_mark_last_and_nobody_invited(side: ZoomSide) -> None:
    """R007, R030, R066."""
    spot = await put(side)

    [call] = side.fake.asked("insertEvent")
    assert call.query == {"sendUpdates": "none"}
    assert call.json == {
        "start": {"dateTime": "2026-03-30T09:00:00Z", "timeZone": "Europe/Berlin"},
        "end": {"dateTime": "2026-03-30T09:30:00Z", "timeZone": "Europe/Berlin"},
        "summary": "Intro \u00b7 Grace attendees",
        "description": f"Grace <grace@example.com>\n\nTopic: \u00fcber alles\n\nslotgraph:{MARKER}",
        "location": "Room 7",
    }
    assert await side.adapter.find_entry(side.account, spot) == EntryState(ENTRY.start, ENTRY.end)


async def test_before_anything_is_made_only_its_own_times_are_looked_through(side: ZoomSide) -> None:
    """R062, case 165."""
    side.add(at(30, 9), at(30, 10), is_free=True)

    ref = await side.adapter.put_entry(side.account, FRESH, ENTRY)

    [call] = side.fake.asked("listEvents")
    assert call.query == {
        "timeMin": "2026-03-30T09:00:00Z",
        "timeMax": "2026-03-30T09:30:00Z",
        "singleEvents": "true",
        "maxResults": "250",
    }
    assert CANARY not in repr(ref) + ref.remote_id


async def test_entry_whose_answer_was_lost_is_found_again(side: ZoomSide) -> None:
    """R066, case 182: also when the booking has been moved meanwhile."""
    side.fake.fails("insertEvent", Fault(after=True, hangs_up=True))
    later = replace(ENTRY, start=ENTRY.start + HOURS, end=ENTRY.end + HOURS)
    assert await refusal(put(side)) == (Transient, "unreachable")

    await put(side, replace(FRESH, start=ENTRY.start, end=ENTRY.end), later)

    assert side.ours() == [(later.start, later.end, "Intro \u00b7 Grace attendees")]
    assert len(side.fake.asked("insertEvent")) == 1


async def test_entry_on_a_later_page_is_found_again(side: ZoomSide) -> None:
    for _ in range(251):
        side.add(at(30, 8), at(30, 10), is_free=True)
    await put(side)
    await put(side)

    assert len(side.ours()) == 1
    assert len(side.fake.asked("listEvents")) == 4


async def test_reschedule_sends_times_and_leaves_the_title_that_the_host_gave(side: ZoomSide) -> None:
    """R067."""
    spot = await put(side)
    side.host_retitles("Mine")
    later = replace(ENTRY, start=ENTRY.start + HOURS, end=ENTRY.end + HOURS)

    again = await put(side, spot, later)

    assert again.remote_id == spot.remote_id
    assert side.ours() == [(later.start, later.end, "Mine")]
    assert set(side.fake.asked("patchEvent")[0].json) == {"start", "end"}
    assert len(side.fake.asked("listEvents")) == 1


async def test_new_texts_leave_the_times_that_the_host_gave(side: ZoomSide) -> None:
    """Zoom wants both times with each change: those that stand there."""
    spot = await put(side)
    side.host_moves(at(31, 9), at(31, 10))

    await put(side, spot, replace(ENTRY, summary="New"))

    assert side.ours() == [(at(31, 9), at(31, 10), "New")]


async def test_entry_that_has_nothing_new_is_not_changed(side: ZoomSide) -> None:
    spot = await put(side)

    assert await put(side, spot) == spot
    assert side.fake.asked("patchEvent") == []


async def test_entry_that_the_host_deleted_is_gone_and_written_anew_when_there_is_news(
    side: ZoomSide,
) -> None:
    spot = await put(side)
    side.host_deletes()

    assert await side.adapter.find_entry(side.account, spot) is None
    await side.adapter.delete_entry(side.account, spot)
    await put(side, spot)

    assert len(side.ours()) == 1


async def test_entry_is_found_and_deleted_without_its_id_where_it_was_written(side: ZoomSide) -> None:
    side.add(at(30, 9), at(30, 10))
    before = side.foreign()
    await put(side)
    spot = replace(FRESH, start=ENTRY.start, end=ENTRY.end)

    assert await side.adapter.find_entry(side.account, spot) == EntryState(ENTRY.start, ENTRY.end)
    await side.adapter.delete_entry(side.account, spot)
    await side.adapter.delete_entry(side.account, spot)

    assert (side.ours(), side.foreign()) == ([], before)


async def test_what_was_never_written_is_not_looked_for(side: ZoomSide) -> None:
    """R062."""
    assert await side.adapter.find_entry(side.account, FRESH) is None
    await side.adapter.delete_entry(side.account, FRESH)

    assert side.fake.calls == []


async def test_host_may_write_below_our_mark_and_make_it_a_whole_day(side: ZoomSide) -> None:
    spot = await put(side)
    event = side.fake.calendar(HOST.email).events[spot.remote_id or ""]
    event["description"] += "\nbring cake"
    event.update(start={"date": "2026-03-31"}, end={"date": "2026-04-01"})

    assert await side.adapter.find_entry(side.account, spot) == EntryState(
        datetime(2026, 3, 31, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)
    )


@pytest.mark.parametrize("marker", ["n" * 64, "", CANARY[:-1]])
async def test_entry_without_our_mark_is_neither_changed_nor_removed(side: ZoomSide, marker: str) -> None:
    """R068, D06, case 166: a foreign entry's id, and our own with another's mark."""
    own = await put(side)
    side.add(ENTRY.start, ENTRY.end)
    before = side.foreign()
    ids = [own.remote_id, *(set(side.fake.calendar(HOST.email).events) - {own.remote_id})]
    spots = [replace(own, remote_id=id_, marker=marker) for id_ in ids]

    refused = [
        await refusal(call)
        for spot in spots
        for call in (
            side.adapter.put_entry(side.account, spot, replace(ENTRY, marker=marker, summary="Other")),
            side.adapter.delete_entry(side.account, spot),
            side.adapter.find_entry(side.account, spot),
        )
    ]

    assert refused == [(Permanent, "not_ours")] * 6
    assert side.foreign() == before
    assert side.ours() == [(ENTRY.start, ENTRY.end, "Intro \u00b7 Grace attendees")]


FAILURES = {
    "token is over": (Fault(401, b'{"code":124,"message":"Access token is expired."}'), Expired, None),
    "scope": (Fault(400, b'{"code":4711,"message":"Invalid access token"}'), Revoked, "scope_missing"),
    "old scope": (
        Fault(400, b'{"code":104,"message":"Invalid access token, does not contain scopes:[x]."}'),
        Revoked,
        "scope_missing",
    ),
    "not the scope": (Fault(400, b'{"code":104,"message":"else"}'), Permanent, "http_400"),
    "invalid": (Fault(400, b'{"code":300,"message":"Validation Failed."}'), Permanent, "http_400"),
    "throttled": (Fault(429, headers={"Retry-After": "120"}), Transient, "throttled"),
    "quota": (Fault(429, headers=DAILY), Transient, "quota"),
    "forbidden": (Fault(403), Permanent, "forbidden"),
    "error": (Fault(500), Transient, "provider_error"),
    "html": (Fault(200, b"<html>sign in</html>"), Transient, "answer_unreadable"),
    "elsewhere": (Fault(302, headers={"Location": "https://example.com"}), Transient, "answer_unreadable"),
    "reset": (Fault(hangs_up=True), Transient, "unreachable"),
}


@pytest.mark.parametrize("name", FAILURES)
@pytest.mark.parametrize("operation", ["calendarList", "freeBusy", "listEvents", "insertEvent"])
async def test_failures_are_told_apart(side: ZoomSide, name: str, operation: str) -> None:
    """Case 189."""
    fault, kind, reason = FAILURES[name]
    side.fake.fails(operation, fault)
    calls = {
        "calendarList": lambda: side.adapter.discover(side.account),
        "freeBusy": lambda: busy(side),
        "listEvents": lambda: put(side),
        "insertEvent": lambda: put(side),
    }

    failed = await refusal(calls[operation]())

    assert failed == (kind, reason or "credentials_refused")
    assert side.ours() == []


@pytest.mark.parametrize(
    ("said", "wait_s"),
    [
        ("120", 120.0),
        ("2026-03-28T00:00:00Z", 43200.0),
        ("2026-03-28T00:00:00", 43200.0),
        ("Sat, 28 Mar 2026 00:00:00 GMT", 43200.0),
        ("2026-03-01T00:00:00Z", 0.0),
        ("soon", None),
        ("", None),
    ],
)
async def test_how_long_to_wait_is_seconds_or_a_time(side: ZoomSide, said: str, wait_s: float) -> None:
    side.fake.fails("freeBusy", Fault(429, headers={"Retry-After": said}))

    with pytest.raises(Transient) as failed:
        await busy(side)

    assert failed.value.retry_after_s == wait_s


async def test_slow_answer_is_waited_for_no_longer_than_told(side: ZoomSide) -> None:
    side.fake.fails("freeBusy", Fault(delay_s=2))
    call = side.adapter.busy(side.account, [BusyAt(HOST.email, None)], WINDOW, deadline_s=0.1)

    assert await refusal(call) == (Transient, "timeout")


async def test_user_who_allowed_less_is_told_apart(side: ZoomSide) -> None:
    """Case 56: what may be read is read, and what may not be written is not."""
    token = side.fake.token_for(HOST.email, without=["calendar:write:event"])
    side.account = Account(Provider.ZOOM, side.account.url, "", Secret(token))

    assert await busy(side) == []
    assert await refusal(put(side)) == (Revoked, "scope_missing")
    assert side.ours() == []


async def test_token_that_is_over_or_taken_away_is_expired(side: ZoomSide) -> None:
    side.fake.expire_access()

    assert await refusal(busy(side)) == (Expired, "credentials_refused")


async def test_token_goes_to_the_api_and_nowhere_else() -> None:
    """The address in an account comes from an answer; the one that is set holds."""
    fake = ZoomFake([HOST], TurnedClock())
    async with served(fake):
        side = ZoomSide(fake)
        other = replace(side.account, url="https://evil.example.com/v2")
        adapter = ZoomCalendars(SafeHttp(allow_loopback=True), f"{fake.url}/zoom/v2/", fake.clock)
        await adapter.busy(other, [BusyAt(HOST.email, None)], WINDOW)

    assert [call.operation for call in fake.calls] == ["freeBusy"]

"""Google Calendar by the adapter: found, busy, watched, and what it never asks for."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from urllib.parse import unquote

import pytest

from domain.intervals import instant_of, merge, minute_of
from integrations.google import GoogleCalendars, read_pings
from integrations.http import SafeHttp
from integrations.ports import BusyAt, Hook, Permanent, Ping, PingKind, ProviderFailed, Secret, Watch
from tests.clock import NOW
from tests.fakes.google import API
from tests.fakes.google_side import EMAIL, GoogleSide, google_side
from tests.fakes.google_state import READER, WRITER
from tests.fakes.sides import CANARY
from tests.integrations.outside import Asked, answer, outside

pytestmark = pytest.mark.anyio

DAY = datetime(2026, 3, 30, tzinfo=UTC)
WINDOW = (minute_of(DAY), minute_of(DAY + timedelta(days=7)))


@pytest.fixture
async def side() -> AsyncGenerator[GoogleSide]:
    async with google_side(lambda: NOW) as made:
        yield made


def at(hour: int, minute: int = 0, second: int = 0) -> datetime:
    return DAY.replace(hour=hour, minute=minute, second=second)


def shown(spans: tuple[tuple[int, int], ...]) -> list[str]:
    return [f"{instant_of(start):%m-%d %H:%M}/{instant_of(end):%m-%d %H:%M}" for start, end in spans]


async def busy(side: GoogleSide, *calendar_ids: str, days: int = 7) -> list[str]:
    window = (WINDOW[0], WINDOW[0] + days * 24 * 60)
    asked = [BusyAt(calendar_id, None) for calendar_id in calendar_ids or (EMAIL,)]
    found = await side.adapter.busy(side.account, asked, window)
    return shown(tuple(merge(span for times in found for span in times.counted())))


def ports(side: GoogleSide) -> GoogleCalendars:
    return GoogleCalendars(SafeHttp(allow_loopback=True), side.fake.url + API)


def hook(address: str, **other: object) -> Hook:
    made = Hook("watch-1", address, address, Secret("canary-token"), DAY + timedelta(days=7))
    return replace(made, **other)


# Found.


async def test_every_page_of_the_list_is_read(side: GoogleSide) -> None:
    """R109, R110: name, zone and role of each; only those that their user owns are theirs."""
    side.fake.add_calendar(EMAIL, "Team", zone="Asia/Tokyo")
    side.fake.add_calendar(EMAIL, "Shared", role=WRITER)
    side.fake.events.most_per_page = 1

    found = await side.adapter.discover(side.account)

    assert [(one.name, one.zone, one.is_writable, one.is_own) for one in found] == [
        (EMAIL, "UTC", True, True),
        ("Holidays", "Europe/Berlin", False, False),
        ("Team", "Asia/Tokyo", True, True),
        ("Shared", "UTC", False, False),
    ]
    assert list(found[:2]) == list(side.calendars())
    assert len(side.fake.asked("calendarList.list")) == 4
    assert side.violations() == []


async def test_zone_that_nobody_knows_is_none(side: GoogleSide) -> None:
    side.calendar.zone = "Mars/Olympus"

    found = await side.adapter.discover(side.account)

    assert found[0].zone is None


async def test_list_without_an_end_is_a_failure() -> None:
    page = answer(200, '{"items":[],"nextPageToken":"again"}')
    async with outside(lambda _: page) as google:
        adapter = GoogleCalendars(SafeHttp(allow_loopback=True), google.url)
        async with google_side() as side:
            with pytest.raises(ProviderFailed) as failed:
                await adapter.discover(side.account)

    assert (failed.value.reason, len(google.asked)) == ("answer_unreadable", 40)


# Busy.


async def test_entries_of_every_kind_take_their_time(side: GoogleSide) -> None:
    """R006, R029, R060, R107: what is opaque counts; free, cancelled and declined entries do not."""
    side.add(at(9), at(10))
    side.add(at(9, 30), at(11))
    side.add(at(12, 0, 20), at(12, 29, 40))
    side.add(at(13), at(14), is_free=True)
    side.add(at(14), at(15), is_cancelled=True)
    side.add(at(15), at(16), is_declined=True)
    side.add(at(0) + timedelta(days=2), at(0) + timedelta(days=3), is_all_day=True)

    found = await busy(side)

    assert found == [
        "03-30 09:00/03-30 11:00",
        "03-30 12:00/03-30 12:30",
        "04-01 00:00/04-02 00:00",
    ]
    assert side.violations() == []


async def test_whole_days_lie_in_the_zone_of_their_calendar(side: GoogleSide) -> None:
    tokyo = side.fake.add_calendar(EMAIL, "Tokyo", zone="Asia/Tokyo")
    tokyo.add_days(date(2026, 3, 31), date(2026, 4, 1))

    assert await busy(side, tokyo.id) == ["03-30 15:00/03-31 15:00"]


async def test_many_calendars_and_a_long_window_are_asked_in_pieces(side: GoogleSide) -> None:
    """R107: at most 50 calendars and 60 days at once, joined as if they had been one."""
    many = [side.fake.add_calendar(EMAIL, f"c{number}").id for number in range(51)]
    side.fake.calendars[many[0]].add(at(9), at(10))
    side.fake.calendars[many[50]].add(at(10), at(11))
    border = DAY + timedelta(days=60)
    side.fake.calendars[many[50]].add(border - timedelta(hours=1), border + timedelta(hours=1))

    found = await busy(side, *many, days=130)

    assert found == ["03-30 09:00/03-30 11:00", "05-28 23:00/05-29 01:00"]
    sizes = sorted(len(call.json["items"]) for call in side.fake.asked("freebusy.query"))
    assert sizes == [1, 1, 1, 50, 50, 50]
    assert side.violations() == []


async def test_nothing_is_asked_about_nothing(side: GoogleSide) -> None:
    none = await side.adapter.busy(side.account, [], WINDOW)
    (empty,) = await side.adapter.busy(side.account, [BusyAt(EMAIL, None)], (5, 5))

    assert (none, empty.counted(), side.fake.calls) == ((), (), [])


# Pings.


async def test_watch_pings_from_its_first_change_until_it_is_stopped(side: GoogleSide) -> None:
    """R111, R112: the first ping only says that it begins; what follows names the watch and its token."""
    heard: list[Asked] = []

    def hear(asked: Asked) -> bytes:
        heard.append(asked)
        return answer(204)

    side.fake.pushes.takes_http = True
    async with outside(hear) as ours:
        watch = await ports(side).watch(side.account, EMAIL, hook(ours.url))
        await side.fake.pushes.delivered()
        side.add(at(9), at(10))
        await side.fake.pushes.delivered()
        await ports(side).stop(side.account, watch)
        side.add(at(10), at(11))
        await side.fake.pushes.delivered()

    assert watch == Watch("watch-1", f"resource-{EMAIL}", DAY + timedelta(days=7))
    assert [(one.method, one.body, read_pings(one.headers)) for one in heard] == [
        ("POST", b"", []),
        ("POST", b"", [Ping("watch-1", "canary-token", PingKind.CHANGED)]),
    ]
    assert side.violations() == []


async def test_watch_is_not_prolonged_but_made_anew(side: GoogleSide) -> None:
    """Case 192: Google renews nothing, and an id serves once."""
    side.fake.pushes.takes_http = True
    address = "http://127.0.0.1:9/"
    watch = await ports(side).watch(side.account, EMAIL, hook(address))

    prolonged = await ports(side).prolong(side.account, watch, DAY + timedelta(days=9))
    with pytest.raises(Permanent) as taken:
        await ports(side).watch(side.account, EMAIL, hook(address))
    await ports(side).watch(side.account, EMAIL, hook(address, id="watch-2"))

    assert (prolonged, taken.value.reason) == (None, "watch_refused")
    assert list(side.fake.pushes.channels) == ["watch-1", "watch-2"]
    await side.fake.pushes.delivered()


async def test_watch_ends_when_google_says(side: GoogleSide) -> None:
    far = hook("https://slotgraph.example.com/hook", ends_at=NOW + timedelta(days=400))

    watch = await ports(side).watch(side.account, EMAIL, far)

    assert watch.ends_at < NOW + timedelta(days=31)
    await side.fake.pushes.delivered()


async def test_watch_that_is_gone_has_ended(side: GoogleSide) -> None:
    await ports(side).stop(side.account, Watch("never", "resource", DAY))

    assert len(side.fake.asked("channels.stop")) == 1


async def test_watch_in_the_clear_is_refused(side: GoogleSide) -> None:
    with pytest.raises(Permanent, match="watch_refused"):
        await ports(side).watch(side.account, EMAIL, hook("http://slotgraph.example.com/hook"))

    assert side.fake.pushes.channels == {}


GOOD = {
    "X-Goog-Channel-ID": "watch-1",
    "X-Goog-Channel-Token": "token",
    "X-Goog-Resource-State": "exists",
    "X-Goog-Message-Number": "2",
}


@pytest.mark.parametrize(
    ("other", "pings"),
    [
        ({}, 1),
        ({"X-Goog-Resource-State": "not_exists"}, 1),
        ({"X-Goog-Resource-State": "sync"}, 0),
        ({"X-Goog-Resource-State": "other"}, 0),
        ({"X-Goog-Channel-ID": ""}, 0),
        ({"X-Goog-Channel-ID": "a b"}, 0),
        ({"X-Goog-Channel-ID": "i" * 65}, 0),
        ({"X-Goog-Channel-Token": ""}, 0),
        ({"X-Goog-Channel-Token": "t" * 257}, 0),
    ],
)
def test_only_what_looks_like_googles_ping_is_one(other: dict[str, str], pings: int) -> None:
    """Case 191."""
    assert len(read_pings(GOOD | other)) == pings
    assert read_pings({}) == []


# Privacy.


async def test_only_times_are_asked_for_and_nothing_else_is_kept(side: GoogleSide) -> None:
    """R020, R062 to R065, case 165: each call has a mask, and none lets through what entries say."""
    side.add(at(9), at(10))
    asked = [BusyAt(EMAIL, None)]

    found = (
        await side.adapter.discover(side.account),
        await side.adapter.busy(side.account, asked, WINDOW),
    )

    assert CANARY not in repr(found)
    assert [unquote(call.query["fields"]) for call in side.fake.calls] == [
        "nextPageToken,items(id,summary,summaryOverride,timeZone,accessRole,deleted)",
        "calendars",
    ]
    assert {call.operation for call in side.fake.calls} == {"calendarList.list", "freebusy.query"}


async def test_what_google_sends_beyond_is_dropped() -> None:
    """R062 to R065: titles that nobody asked for leave no trace."""
    body = (
        f'{{"title":"{CANARY}","calendars":{{"{EMAIL}":{{"busy":[{{"start":"2026-03-30T09:00:00Z",'
        f'"end":"2026-03-30T10:00:00Z","summary":"{CANARY}"}}]}}}}}}'
    )
    async with outside(lambda _: answer(200, body)) as google, google_side() as side:
        adapter = GoogleCalendars(SafeHttp(allow_loopback=True), google.url)
        (found,) = await adapter.busy(side.account, [BusyAt(EMAIL, None)], WINDOW)

    assert shown(found.counted()) == ["03-30 09:00/03-30 10:00"]
    assert CANARY not in repr(found)


async def test_token_goes_to_google_and_nowhere_else(side: GoogleSide) -> None:
    """An address in an account's row does not lead an access token away."""
    async with outside(lambda _: answer(200, "{}")) as elsewhere:
        account = replace(side.account, url=elsewhere.url)
        await side.adapter.discover(account)

    assert elsewhere.asked == []
    assert len(side.fake.calls) == 1


async def test_reader_of_a_calendar_never_writes(side: GoogleSide) -> None:
    [own, holidays] = await side.adapter.discover(side.account)

    assert (own.is_writable, holidays.is_writable) == (True, False)
    assert side.fake.calendars[holidays.url].roles[EMAIL] == READER

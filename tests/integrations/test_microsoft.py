"""Microsoft's calendars read: which there are, when they are busy, and nothing else of them."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import UTC, date, datetime, timedelta

import pytest

from domain.intervals import Span, instant_of, merge, minute_of
from integrations.microsoft.zones import graph_name, iana_name
from integrations.ports import BusyAt, RemoteCalendar
from tests.fakes.graph_state import a_day
from tests.fakes.kit import Fault
from tests.fakes.microsoft_side import HOST, MicrosoftSide, microsoft_side
from tests.fakes.sides import CANARY

pytestmark = pytest.mark.anyio

WINDOW = (
    minute_of(datetime(2026, 3, 27, tzinfo=UTC)),
    minute_of(datetime(2026, 4, 3, tzinfo=UTC)),
)
SELECTED = "start,end,showAs,isCancelled,isAllDay,responseStatus"


def at(day: int, hour: int, minute: int = 0, second: int = 0) -> datetime:
    """Give an instant of March 2026."""
    return datetime(2026, 3, day, hour, minute, second, tzinfo=UTC)


def spelled(span: Span) -> str:
    return "/".join(f"{instant_of(minute):%m-%d %H:%M}" for minute in span)


@pytest.fixture
async def side() -> AsyncGenerator[MicrosoftSide]:
    async with microsoft_side() as made:
        yield made
        assert made.violations() == []


async def busy(
    side: MicrosoftSide, zone: str | None = "Europe/Berlin", window: Span = WINDOW, *urls: str
) -> list[str]:
    asked = [BusyAt(url, zone) for url in urls or (side.calendar_url,)]
    found = await side.adapter.busy(side.account, asked, window)
    assert CANARY not in repr(found)
    return [spelled(span) for span in merge(span for times in found for span in times.counted())]


async def test_own_shared_and_delegated_calendars_are_named_in_order(side: MicrosoftSide) -> None:
    """R103: all calendars that the user sees; only their own take their time without being chosen."""
    mailbox = side.fake.mailboxes[HOST]
    project = mailbox.calendar("Project")
    holidays = mailbox.calendar("Holidays", can_edit=False)
    shared = mailbox.calendar("Grace", owner="grace@example.com", can_edit=False)
    delegated = mailbox.calendar("Boss", owner="boss@example.com")

    found = await side.adapter.discover(side.account)

    assert found == (
        RemoteCalendar(side.calendar_url, "Calendar", None, is_writable=True, is_own=True),
        RemoteCalendar(project.id, "Project", None, is_writable=True, is_own=True),
        RemoteCalendar(holidays.id, "Holidays", None, is_writable=False, is_own=False),
        RemoteCalendar(shared.id, "Grace", None, is_writable=False, is_own=False),
        RemoteCalendar(delegated.id, "Boss", None, is_writable=True, is_own=False),
    )


async def test_calendars_are_read_to_the_last_page(side: MicrosoftSide) -> None:
    mailbox = side.fake.mailboxes[HOST]
    names = [mailbox.calendar(f"Number {number}").name for number in range(120)]

    found = await side.adapter.discover(side.account)

    assert [calendar.name for calendar in found] == ["Calendar", *names]
    assert len(side.fake.asked("calendars")) == 2


async def test_entries_take_time_by_their_state(side: MicrosoftSide) -> None:
    """R060: busy, out of office and tentative, and states that nobody knows yet."""
    calendar = side.calendar
    calendar.add(at(27, 8), at(27, 9), showAs="busy")
    calendar.add(at(27, 10), at(27, 11), showAs="oof")
    calendar.add(at(27, 12), at(27, 13), showAs="tentative")
    calendar.add(at(27, 14), at(27, 15), showAs="unknown")
    calendar.add(at(27, 16), at(27, 17), showAs="somethingNew")
    calendar.add(at(28, 8), at(28, 9), showAs="free")
    calendar.add(at(28, 10), at(28, 11), showAs="workingElsewhere")
    calendar.add(at(28, 12), at(28, 13), isCancelled=True)
    calendar.add(at(28, 14), at(28, 15), responseStatus={"response": "declined", "time": None})
    calendar.add(at(28, 16), at(28, 17), responseStatus={"response": "notResponded", "time": None})
    calendar.add(at(28, 18), at(28, 18))

    found = await busy(side)

    assert found == [
        "03-27 08:00/03-27 09:00",
        "03-27 10:00/03-27 11:00",
        "03-27 12:00/03-27 13:00",
        "03-27 14:00/03-27 15:00",
        "03-27 16:00/03-27 17:00",
        "03-28 16:00/03-28 17:00",
    ]


async def test_busy_times_are_merged_whole_minutes_within_the_window(side: MicrosoftSide) -> None:
    side.calendar.add(at(26, 23), at(27, 1))
    side.calendar.add(at(27, 8, 0, 30), at(27, 9, 0, 1))
    side.calendar.add(at(27, 9), at(27, 10))

    found = await busy(side)

    assert found == ["03-27 00:00/03-27 01:00", "03-27 08:00/03-27 10:00"]


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ("Europe/Berlin", "03-28 23:00/03-29 22:00"),  # clocks go forward: 23 hours
        ("Asia/Tokyo", "03-28 15:00/03-29 15:00"),
        ("America/Los_Angeles", "03-29 07:00/03-30 07:00"),
        ("UTC", "03-29 00:00/03-30 00:00"),
        (None, "03-28 10:00/03-30 14:00"),  # wherever it may be
    ],
)
async def test_whole_day_lies_in_the_zone_of_its_calendar(
    side: MicrosoftSide, zone: str | None, expected: str
) -> None:
    side.calendar.add(*a_day(date(2026, 3, 29)))

    assert await busy(side, zone) == [expected]


@pytest.mark.parametrize(
    ("zone", "hour", "expected"),
    [
        ("Pacific/Auckland", at(28, 20), "03-28 20:00/03-28 21:00"),  # it began half a day before UTC's
        ("America/Los_Angeles", at(30, 5), "03-30 05:00/03-30 06:00"),  # and ends seven hours later
    ],
)
async def test_whole_day_is_found_from_any_minute_of_it(
    side: MicrosoftSide, zone: str, hour: datetime, expected: str
) -> None:
    """Graph looks for it between the midnights of UTC."""
    side.calendar.add(*a_day(date(2026, 3, 29)))
    window = (minute_of(hour), minute_of(hour) + 60)

    assert await busy(side, zone, window) == [expected]


async def test_zone_that_graph_does_not_know_is_done_without(side: MicrosoftSide) -> None:
    side.fake.refused_zones = frozenset({"America/Coyhaique"})
    side.calendar.add(*a_day(date(2026, 3, 29)))
    side.calendar.add(at(27, 8), at(27, 9))

    assert await busy(side, "America/Coyhaique") == ["03-27 08:00/03-27 09:00", "03-29 03:00/03-30 03:00"]


async def test_hour_that_comes_twice_is_busy_both_times(side: MicrosoftSide) -> None:
    """Without an offset nobody can say which of the two it is: what is in doubt is busy."""
    start = datetime(2026, 10, 25, 1, 15, tzinfo=UTC)  # 02:15 in Berlin, for the second time
    side.calendar.add(start, start + timedelta(minutes=15))
    window = (minute_of(start) - 1440, minute_of(start) + 1440)

    assert await busy(side, "Europe/Berlin", window) == ["10-25 00:15/10-25 01:30"]


async def test_every_read_names_its_fields_and_the_zone(side: MicrosoftSide) -> None:
    """R062 to R065, cases 164 and 165: nobody asks for titles, and ids are to stay."""
    side.calendar.add(at(27, 8), at(27, 9))

    await side.adapter.discover(side.account)
    await busy(side)

    calendars, view = side.fake.calls
    assert calendars.query["$select"] == "id,name,canEdit,isDefaultCalendar,owner"
    assert view.query["$select"] == SELECTED
    assert view.headers["prefer"] == 'IdType="ImmutableId", outlook.timezone="W. Europe Standard Time"'


async def test_long_calendar_is_read_to_the_last_page(side: MicrosoftSide) -> None:
    half = timedelta(minutes=5)
    starts = [at(27, 0) + number * 2 * half for number in range(600)]
    [side.calendar.add(start, start + half) for start in starts]

    found = await busy(side)

    assert len(found) == 600
    assert len(side.fake.asked("view")) == 2


async def test_shared_calendar_that_was_chosen_takes_time(side: MicrosoftSide) -> None:
    """R104."""
    shared = side.fake.mailboxes[HOST].calendar("Grace", owner="grace@example.com", can_edit=False)
    side.calendar.add(at(27, 8), at(27, 9))
    shared.add(at(27, 9), at(27, 10))

    found = await busy(side, "UTC", WINDOW, side.calendar_url, shared.id)

    assert found == ["03-27 08:00/03-27 10:00"]


async def test_no_more_than_four_calls_are_under_way_at_once(side: MicrosoftSide) -> None:
    mailbox = side.fake.mailboxes[HOST]
    urls = [mailbox.calendar(f"Number {number}").id for number in range(6)]
    side.fake.fails("view", *[Fault(status=200, delay_s=0.05)] * 12)

    await asyncio.gather(busy(side, "UTC", WINDOW, *urls), busy(side, "UTC", WINDOW, *urls))

    assert (len(side.fake.asked("view")), side.fake.most_at_once) == (12, 4)


@pytest.mark.parametrize(
    ("iana", "graph"),
    [
        ("Europe/Berlin", "W. Europe Standard Time"),
        ("Asia/Tokyo", "Tokyo Standard Time"),
        ("Asia/Kolkata", "Asia/Kolkata"),
        ("Europe/Vienna", "Europe/Vienna"),
        ("UTC", "UTC"),
    ],
)
async def test_zone_is_named_as_windows_does_where_both_mean_the_same(iana: str, graph: str) -> None:
    assert graph_name(iana) == graph
    assert iana_name(graph) in {iana, "Etc/UTC"}


@pytest.mark.parametrize("named", ["tzone://Microsoft/Custom", "Customized Time Zone", "", "../UTC"])
async def test_zone_that_nobody_knows_has_no_name(named: str) -> None:
    assert iana_name(named) is None

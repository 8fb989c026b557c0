"""Open slots of pages with many hosts: few statements, nobody waited for in vain, nothing prepared twice."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from domain.availability import Hours, Schedule, WeeklyWindow
from domain.booking_pages import BookingPage, CalendarPolicy, PageHost, PageKind
from domain.bookings import SlotNotOffered
from domain.calendars import Freshness, Provider
from domain.ids import ScheduleId
from domain.intervals import Span, instant_of
from domain.open_slots import FindSlots, OpenSlots
from domain.slots import Assignment, Caps, HostTime, Rules, Unknown, frame_of
from domain.statuses import BusyTimes as Busy
from domain.users import SignedIn
from integrations.ports import Account, BusyAt, RemoteCalendar
from services.availability import Availability, around
from services.busy import Deadlines
from services.prepared import PreparedHosts
from storage.base import new_id
from tests.calendars import DAY, MONDAY, NOW, ToldProvider, TurnedClock, World, at, eventually, opened_world
from tests.statements import listen

pytestmark = pytest.mark.anyio

MORNING = Hours("UTC", tuple(WeeklyWindow(day, 540, 720) for day in range(7)))  # 09:00 to 12:00
HOURLY = Rules(60, assignment=Assignment.ANY)


class HangingProvider(ToldProvider):
    """A provider that leaves questions about some calendars without an answer until it is released."""

    def __init__(self) -> None:
        super().__init__()
        self.hanging: set[str] = set()
        self.waiting: list[str] = []
        self.released = asyncio.Event()

    async def busy(
        self,
        account: Account,
        calendars: Sequence[BusyAt],
        window: Span,
        *,
        by_status: bool = False,
        deadline_s: float = 10,
    ) -> tuple[Busy, ...]:
        """Say when calendars are busy, or wait."""
        for calendar in calendars:
            if calendar.url in self.hanging:
                self.waiting.append(calendar.url)
                await self.released.wait()
        return await super().busy(account, calendars, window, by_status=by_status, deadline_s=deadline_s)


@pytest.fixture
def provider() -> HangingProvider:
    """Make a provider that nothing hangs at yet."""
    return HangingProvider()


@pytest.fixture
async def world(database_url: str, redis_url: str, provider: HangingProvider) -> AsyncGenerator[World, None]:
    """Open a world whose provider may hang, with all the patience that a test may need."""
    ports = {Provider.CALDAV: provider}
    async with opened_world(database_url, redis_url, ports, Deadlines(60, 60)) as opened:
        yield opened


@pytest.fixture
def availability(world: World) -> Availability:
    """Make the use cases of the room, with busy times that live for half a minute."""
    return Availability(world.units, world.busy, world.clock, timedelta(seconds=30))


async def host_at(world: World, provider: HangingProvider, url: str | None = None) -> SignedIn:
    """Make a host with a schedule, and a connection with one calendar, if it is named."""
    host = await world.host()
    async with world.units.begin() as unit:
        schedule = Schedule(
            ScheduleId(new_id()), host.user_id, "Usual", is_default=True, hours=MORNING, revision=1
        )
        await unit.schedules.add(world.organization_id, schedule)
    if url:
        provider.remotes = [RemoteCalendar(url=url, name="Work", zone="UTC", is_writable=True)]
        await world.connected(host)
    return host


def page_of(world: World, hosts: Sequence[SignedIn], rules: Rules = HOURLY) -> BookingPage:
    """Make a page of hosts; who never connected a calendar is offered all the same."""
    page = world.page(hosts)
    return replace(
        page,
        rules=rules,
        hosts=tuple(PageHost(host.user_id, None) for host in hosts),
        calendar_policy=CalendarPolicy.IGNORE_UNCONNECTED,
    )


def monday(page: BookingPage) -> FindSlots:
    """Question what is free on the Monday."""
    return FindSlots(page, MONDAY, MONDAY + timedelta(days=1))


def hours_of(found: OpenSlots) -> list[int]:
    """Give the hours at which slots begin."""
    return [instant_of(slot.start).hour for slot in found.slots]


@pytest.mark.parametrize("count", [1, 10, 30])
@pytest.mark.parametrize(
    ("kind", "caps"),
    [(PageKind.ONE_TO_ONE, Caps()), (PageKind.ONE_TO_ONE, Caps(per_day=3)), (PageKind.GROUP, Caps())],
)
async def test_page_is_read_by_four_statements_whatever_the_number_of_hosts(
    world: World,
    provider: HangingProvider,
    availability: Availability,
    count: int,
    kind: PageKind,
    caps: Caps,
) -> None:
    hosts = [await host_at(world, provider) for _ in range(count)]
    page = replace(page_of(world, hosts), kind=kind, rules=replace(HOURLY, caps=caps))

    sent = await listen(world.engine)
    found = await availability.open_slots(monday(page))

    assert len(sent.statements) == 4
    assert hours_of(found) == [9, 10, 11]


async def test_host_who_ended_their_only_connection_is_not_taken_for_one_who_never_had_any(
    world: World, provider: HangingProvider, availability: Availability
) -> None:
    """D05, R081."""
    ada = await host_at(world, provider, "https://dav.example.com/ada/")
    never = await host_at(world, provider)
    [linked] = (await world.calendars_of(ada))[ada.user_id].links
    await world.calendars.disconnect(ada, linked.connection.id)

    ended = await availability.open_slots(monday(page_of(world, [ada])))
    free = await availability.open_slots(monday(page_of(world, [never])))

    assert (hours_of(ended), hours_of(free)) == ([], [9, 10, 11])


async def test_host_who_answered_is_prepared_while_another_is_still_asked(
    world: World, provider: HangingProvider, availability: Availability
) -> None:
    """A provider that hangs costs no more than its own time."""
    quick = await host_at(world, provider, "https://dav.example.com/quick/")
    slow = await host_at(world, provider, "https://dav.example.com/slow/")
    page = page_of(world, [slow, quick], replace(HOURLY, assignment=Assignment.ALL))
    provider.busy_at = {
        "https://dav.example.com/quick/": [(at(9), at(10))],
        "https://dav.example.com/slow/": [(at(11), at(12))],
    }
    provider.hanging = {"https://dav.example.com/slow/"}

    asking = asyncio.create_task(availability.open_slots(monday(page)))
    await eventually(lambda: availability.prepared.made == 1)
    waiting = list(provider.waiting)
    provider.released.set()
    found = await asking

    assert waiting == ["https://dav.example.com/slow/"]
    assert availability.prepared.made == 2
    assert hours_of(found) == [10]


async def test_whoever_asks_of_many_starts_is_named_no_others_near_each(
    world: World, provider: HangingProvider, availability: Availability
) -> None:
    """X14: the window of a series is a year, and to look through it for each refused start takes seconds."""
    page = page_of(world, [await host_at(world, provider)])
    taken = MONDAY + timedelta(hours=13)
    gathered = await availability.gather(page, around(taken))

    with pytest.raises(SlotNotOffered) as alone:
        gathered.check(taken, world.clock())
    with pytest.raises(SlotNotOffered) as of_many:
        gathered.check(taken, world.clock(), names_nearest=False)

    assert (len(alone.value.nearest), of_many.value.nearest) == (5, ())


async def test_only_the_host_who_changed_is_prepared_anew(
    world: World, provider: HangingProvider, availability: Availability
) -> None:
    hosts = [await host_at(world, provider, f"https://dav.example.com/{number}/") for number in range(5)]
    page = page_of(world, hosts, replace(HOURLY, assignment=Assignment.ALL))
    await availability.open_slots(monday(page))
    await world.booking(hosts[3], hour=10)

    found = await availability.open_slots(monday(page))

    assert availability.prepared.made == 6
    assert hours_of(found) == [9, 11]


async def test_question_of_a_minute_later_finds_the_same_hosts_prepared(
    world: World, provider: HangingProvider, availability: Availability
) -> None:
    ada = await host_at(world, provider, "https://dav.example.com/ada/")
    page = page_of(world, [ada])
    await availability.open_slots(FindSlots(page, instant_of(at(9)), instant_of(at(23))))

    later = await availability.open_slots(FindSlots(page, instant_of(at(9, 1)), instant_of(at(23, 1))))

    assert hours_of(later) == [10, 11]
    assert availability.prepared.made == 1


async def test_answer_tells_when_the_oldest_busy_times_behind_it_were_asked_for(
    world: World, provider: HangingProvider, availability: Availability
) -> None:
    ada = await host_at(world, provider, "https://dav.example.com/ada/")
    bob = await host_at(world, provider, "https://dav.example.com/bob/")
    eve = await host_at(world, provider)
    await availability.open_slots(monday(page_of(world, [ada])))
    world.clock.turn(seconds=20)

    both = await availability.open_slots(monday(page_of(world, [ada, bob])))
    nobody = await availability.open_slots(monday(page_of(world, [eve])))

    assert (both.as_of, both.freshness) == (NOW, Freshness.RECENT)
    assert (nobody.as_of, nobody.freshness) == (None, Freshness.UNKNOWN)


@pytest.fixture
def clock() -> TurnedClock:
    """Stand still."""
    return TurnedClock()


@pytest.fixture
def kept(clock: TurnedClock) -> PreparedHosts:
    """Keep hosts for a moment, two of them at most."""
    return PreparedHosts(clock, timedelta(seconds=30), most=2)


def asked_of(
    kept: PreparedHosts,
    name: str = "ada",
    busy: tuple[Span, ...] | Unknown = (),
    as_of: datetime | None = NOW,
) -> int:
    """Ask for a host prepared for the Monday; say how often any was made by then."""
    kept.get(frame_of(HOURLY, [MORNING], DAY), HostTime(name, MORNING, busy), as_of)
    return kept.made


async def test_host_of_the_same_hours_and_busy_times_is_prepared_once(kept: PreparedHosts) -> None:
    made = [asked_of(kept), asked_of(kept), asked_of(kept, busy=((at(9), at(10)),))]

    assert made == [1, 1, 2]


async def test_kept_host_ends_with_the_life_of_the_busy_times(
    kept: PreparedHosts, clock: TurnedClock
) -> None:
    """D02: what counts is when they were asked for."""
    asked_of(kept, as_of=NOW - timedelta(seconds=20))

    clock.turn(seconds=9)
    before = asked_of(kept, as_of=NOW - timedelta(seconds=20))
    clock.turn(seconds=1)
    after = asked_of(kept, as_of=NOW)

    assert (before, after) == (1, 2)


async def test_kept_host_is_gone_in_time_though_nobody_asks_again(clock: TurnedClock) -> None:
    """D02."""
    kept = PreparedHosts(clock, timedelta(milliseconds=1))
    asked_of(kept)
    held = len(kept)

    clock.turn(seconds=1)
    await eventually(lambda: len(kept) == 0)

    assert held == 1


async def test_host_who_is_unknown_is_not_kept(kept: PreparedHosts) -> None:
    asked_of(kept, busy=((at(9), at(10)),))

    asked_of(kept, busy=Unknown("away"), as_of=None)

    assert len(kept) == 0


async def test_host_who_was_asked_for_longest_ago_makes_room(kept: PreparedHosts) -> None:
    for name in ("ada", "bob", "ada", "eve"):
        asked_of(kept, name)

    made = [asked_of(kept, name) for name in ("ada", "eve", "bob")]

    assert made == [3, 3, 4]
    assert len(kept) == 2

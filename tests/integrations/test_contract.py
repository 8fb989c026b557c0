"""One suite for all calendars (R032, R093): whatever provider it is, our port behaves alike.

A provider is added to it by a `Side` (tests/fakes/sides.py). What is a provider's own is tested beside its
adapter; here stands only what services may rely on.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, aclosing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from importlib import import_module
from importlib.util import find_spec
from typing import cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.calendars import Entry, EntrySpot, EntryState, Provider
from domain.intervals import Span, instant_of, minute_of
from integrations.ports import BusyAt, Expired, Permanent, ProviderFailed, Revoked, Transient
from tests.fakes.caldav_side import caldav_side
from tests.fakes.kit import Fault
from tests.fakes.sides import CANARY, Side
from tests.radicale import Radicale

pytestmark = pytest.mark.anyio

Open = Callable[[], AbstractAsyncContextManager[Side]]

SERVED = [name for name in ("google", "microsoft", "zoom") if find_spec(f"tests.fakes.{name}_side")]
MONTH = (minute_of(datetime(2026, 3, 1, tzinfo=UTC)), minute_of(datetime(2026, 4, 1, tzinfo=UTC)))
ENTRY = Entry(
    uid="5f0c6f5e-0000-5000-8000-000000000001@slotgraph.example.com",
    sequence=1,
    start=datetime(2026, 3, 30, 9, tzinfo=UTC),
    end=datetime(2026, 3, 30, 9, 30, tzinfo=UTC),
    summary="Intro \u00b7 Grace",
    description="Grace <grace@example.com>\n\nTopic: \u00fcber alles",
    place="Room 7",
    marker="m" * 64,
    zone="Europe/Berlin",
)
MOVED = replace(ENTRY, sequence=2, start=ENTRY.start + timedelta(hours=5), end=ENTRY.end + timedelta(hours=5))
TITLE = ENTRY.summary


@dataclass
class Playing:
    """A side, and what we know of our entries there, as services keep it."""

    side: Side
    provider: str

    async def busy(
        self, window: Span = MONTH, *, url: str | None = None, deadline_s: float = 10
    ) -> list[str]:
        asked = [BusyAt(url or self.side.calendar_url, "UTC")]
        (found,) = await self.side.adapter.busy(self.side.account, asked, window, deadline_s=deadline_s)
        assert CANARY not in repr(found)
        return [spelled(span) for span in found.counted()]

    def fresh(self, entry: Entry = ENTRY) -> EntrySpot:
        return EntrySpot(self.side.calendar_url, entry.uid, entry.marker)

    async def put(self, spot: EntrySpot | None = None, entry: Entry = ENTRY) -> EntrySpot:
        """Write, and give the spot as services keep it afterwards."""
        spot = spot or self.fresh(entry)
        ref = await self.side.adapter.put_entry(self.side.account, spot, entry)
        assert CANARY not in repr(ref) + ref.remote_id
        return replace(spot, remote_id=ref.remote_id, start=entry.start, end=entry.end, texts=entry.texts)

    async def delete(self, spot: EntrySpot) -> None:
        await self.side.adapter.delete_entry(self.side.account, spot)

    async def times(self, spot: EntrySpot) -> tuple[datetime, datetime] | None:
        state = await self.side.adapter.find_entry(self.side.account, spot)
        return (state.start, state.end) if isinstance(state, EntryState) else None


@pytest.fixture(params=["caldav", *SERVED])
def opened(request: pytest.FixtureRequest) -> Open:
    """Say how a provider's side is opened; only CalDAV has a real server, which serves all tests."""
    name: str = request.param
    if name == "caldav":
        radicale: Radicale = request.getfixturevalue("radicale")
        return lambda: caldav_side(radicale)
    return cast("Open", getattr(import_module(f"tests.fakes.{name}_side"), f"{name}_side"))


async def played(opened: Open) -> AsyncGenerator[Playing]:
    """Play on a side of its own; at the end our client has done nothing that it may not do."""
    async with opened() as side:
        yield Playing(side, side.account.provider.value)
        assert list(side.violations()) == []


@pytest.fixture
async def playing(opened: Open) -> AsyncGenerator[Playing]:
    async with aclosing(played(opened)) as rounds:
        async for one in rounds:
            yield one


def spelled(span: Span) -> str:
    return "/".join(f"{instant_of(minute):%m-%d %H:%M}" for minute in span)


def at(day: int, hour: int = 0, minute: int = 0, second: int = 0) -> datetime:
    return datetime(2026, 3, day, hour, minute, second, tzinfo=UTC)


async def failure(call: Awaitable[object]) -> ProviderFailed:
    """Wait for a call that fails, in a way that the port knows and that tells nothing."""
    with pytest.raises(ProviderFailed) as failed:
        await call
    assert CANARY not in repr(failed.value) + failed.value.reason
    return failed.value


# What a user has, and when they are busy.


async def test_calendars_are_discovered(playing: Playing) -> None:
    found = await playing.side.adapter.discover(playing.side.account)

    assert list(found) == list(playing.side.calendars())


async def test_what_takes_time_is_busy_in_whole_minutes_and_nothing_else_is(playing: Playing) -> None:
    """R060: Free, cancelled and declined entries leave the time free."""
    side = playing.side
    side.add(at(10, 9), at(10, 10))
    side.add(at(10, 10), at(10, 10, 29, 30))
    side.add(at(11, 9), at(11, 10), is_free=True)
    side.add(at(12, 9), at(12, 10), is_cancelled=True)
    side.add(at(13, 9), at(13, 10), is_declined=True)
    side.add(at(14), at(15), is_all_day=True)

    assert await playing.busy() == ["03-10 09:00/03-10 10:30", "03-14 00:00/03-15 00:00"]


async def test_calendar_without_entries_is_free(playing: Playing) -> None:
    assert await playing.busy() == []


async def test_answer_keeps_to_its_window(playing: Playing) -> None:
    playing.side.add(at(10, 9), at(10, 12))
    playing.side.add(at(10, 14), at(10, 15))
    playing.side.add(at(10, 20), at(11, 2))

    window = (minute_of(at(10, 11)), minute_of(at(10, 23)))

    assert await playing.busy(window) == [
        "03-10 11:00/03-10 12:00",
        "03-10 14:00/03-10 15:00",
        "03-10 20:00/03-10 23:00",
    ]
    assert await playing.busy((minute_of(at(10, 12)), minute_of(at(10, 14)))) == []


async def test_calendar_that_is_not_there_is_a_failure_and_never_free(playing: Playing) -> None:
    failed = await failure(playing.busy(url=f"{playing.side.calendar_url}gone"))

    assert isinstance(failed, Permanent | Transient)


async def test_titles_of_foreign_entries_change_nothing(playing: Playing) -> None:
    """R062 to R065, case 164: what stands in an entry of ours is all that we show of any."""
    playing.side.add(ENTRY.start, ENTRY.end, is_free=True)
    spot = await playing.put()

    assert CANARY not in repr(spot)
    assert await playing.times(spot) == (ENTRY.start, ENTRY.end)
    assert await playing.busy() == ["03-30 09:00/03-30 09:30"]


# What we write.


async def test_entry_is_written_once_however_often_it_is_written(playing: Playing) -> None:
    """R007, R066, case 182: by those who know of the first time, and by those who do not."""
    spot = await playing.put()
    unaware = await playing.put()
    aware = await playing.put(spot)

    assert list(playing.side.ours()) == [(ENTRY.start, ENTRY.end, TITLE)]
    assert {unaware.remote_id, aware.remote_id} == {spot.remote_id}


async def test_entry_that_is_moved_stays_one(playing: Playing) -> None:
    """R067."""
    spot = await playing.put()
    moved = await playing.put(spot, MOVED)

    assert moved.remote_id == spot.remote_id
    assert list(playing.side.ours()) == [(MOVED.start, MOVED.end, TITLE)]
    assert await playing.times(moved) == (MOVED.start, MOVED.end)


async def test_title_that_the_host_gave_survives_a_reschedule(playing: Playing) -> None:
    """R114; CalDAV knows no change of a part, and an entry there is replaced as a whole."""
    spot = await playing.put()
    playing.side.host_retitles("Mine")

    await playing.put(spot, MOVED)

    title = MOVED.summary if playing.provider == Provider.CALDAV else "Mine"
    assert list(playing.side.ours()) == [(MOVED.start, MOVED.end, title)]


async def test_new_texts_are_written(playing: Playing) -> None:
    spot = await playing.put()

    await playing.put(spot, replace(ENTRY, sequence=2, summary="Intro \u00b7 Ada"))

    assert list(playing.side.ours()) == [(ENTRY.start, ENTRY.end, "Intro \u00b7 Ada")]


async def test_entry_that_is_deleted_twice_is_gone(playing: Playing) -> None:
    spot = await playing.put()

    await playing.delete(spot)
    await playing.delete(spot)

    assert list(playing.side.ours()) == []
    assert await playing.times(spot) is None
    assert await playing.busy() == []


async def test_entry_that_the_host_moved_is_found_where_it_is(playing: Playing) -> None:
    spot = await playing.put()
    playing.side.host_moves(at(31, 14), at(31, 15))

    assert await playing.times(spot) == (at(31, 14), at(31, 15))


async def test_entry_that_the_host_deleted_is_gone_and_can_be_written_anew(playing: Playing) -> None:
    spot = await playing.put()
    playing.side.host_deletes()

    assert await playing.times(spot) is None
    await playing.put(spot, MOVED)

    assert list(playing.side.ours()) == [(MOVED.start, MOVED.end, TITLE)]


async def test_entry_with_another_mark_is_not_ours(playing: Playing) -> None:
    """R068, D06, case 166."""
    spot = replace(await playing.put(), marker="n" * 64)
    other = replace(MOVED, marker="n" * 64, summary="Other")

    failed = [
        await failure(playing.put(spot, other)),
        await failure(playing.delete(spot)),
        await failure(playing.times(spot)),
    ]

    assert [(type(one), one.reason) for one in failed] == [(Permanent, "not_ours")] * 3
    assert list(playing.side.ours()) == [(ENTRY.start, ENTRY.end, TITLE)]


STEPS = st.lists(
    st.tuples(st.sampled_from(("put", "forget", "delete", "find")), st.integers(0, 2), st.integers(0, 5)),
    max_size=8,
)


@given(STEPS)
@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_foreign_entries_stay_as_they_are_whatever_is_done(
    opened: Open, steps: list[tuple[str, int, int]]
) -> None:
    """R068: byte by byte, after any row of operations; and of each of ours there is at most one."""
    async with opened() as side:
        playing = Playing(side, side.account.provider.value)
        side.add(ENTRY.start, ENTRY.end)
        side.add(ENTRY.start, ENTRY.end, is_free=True)
        side.add(at(29), at(31), is_all_day=True)
        before = side.foreign()

        standing = await walk(playing, steps)

        assert side.foreign() == before
        assert [title for *_, title in side.ours()] == sorted(standing, key=standing.__getitem__)
        assert list(side.violations()) == []


async def walk(playing: Playing, steps: list[tuple[str, int, int]]) -> dict[str, datetime]:
    """Do one thing after the other; say when each entry begins that is to stand then."""
    spots: dict[int, EntrySpot] = {}
    standing: dict[str, datetime] = {}
    for number, (what, which, hours) in enumerate(steps, 1):
        entry = replace(
            ENTRY,
            uid=ENTRY.uid.replace("1@", f"{which + 2}@"),
            marker=str(which) * 64,
            summary=f"Intro {which}",
            sequence=number,
            start=ENTRY.start + timedelta(hours=hours, minutes=which),
            end=ENTRY.end + timedelta(hours=hours, minutes=which),
        )
        spot = spots.get(which, playing.fresh(entry))
        if what == "put":
            spots[which] = await playing.put(spot, entry)
            standing[entry.summary] = entry.start
        elif what == "forget" and which in spots:  # as if the answer to the last writing had been lost
            spots[which] = replace(spot, remote_id=None)
        elif what == "delete":
            await playing.delete(spot)
            standing.pop(entry.summary, None)
        else:
            assert (await playing.times(spot) is None) == (entry.summary not in standing)
    return standing


# What goes wrong.

HTML = Fault(200, b"<!doctype html><title>Sign in</title>", {"Content-Type": "text/html"})
FAULTS: dict[str, tuple[Fault, tuple[type[ProviderFailed], ...]]] = {
    "error": (Fault(500), (Transient,)),
    "unavailable": (Fault(503), (Transient,)),
    "throttled": (Fault(429, headers={"Retry-After": "120"}), (Transient,)),
    "forbidden": (Fault(403), (Permanent, Revoked)),
    "reset": (Fault(hangs_up=True), (Transient,)),
    "answer lost": (Fault(hangs_up=True, after=True), (Transient,)),
    "html": (HTML, (Transient, Permanent)),
    "refused": (Fault(401), (Expired, Revoked)),
}
METHODS = ("discover", "busy", "put", "move", "delete", "find")


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("method", METHODS)
async def test_fault_is_a_failure_of_its_class_and_leaves_nothing_half_done(
    playing: Playing, method: str, name: str
) -> None:
    """Case 189: and what is done again afterwards is done once."""
    fault, classes = FAULTS[name]
    side = playing.side
    side.add(at(10, 9), at(10, 10))
    before = side.foreign()
    spot = playing.fresh() if method in {"discover", "busy", "put"} else await playing.put()
    before_ours, after_ours = outcome(method)
    side.fails("put" if method == "move" else method, fault)

    failed = await failure(call(playing, method, spot))

    assert isinstance(failed, classes)
    assert not isinstance(failed, Expired) or side.account.provider.is_granted
    assert not isinstance(failed, Transient) or failed.retry_after_s == (120 if fault.status == 429 else None)
    assert list(side.ours()) == (after_ours if fault.after else before_ours)
    await call(playing, method, spot)
    assert list(side.ours()) == after_ours
    assert side.foreign() == before


@pytest.mark.parametrize("method", METHODS)
async def test_who_is_waited_for_too_long_leaves_nothing_half_done(playing: Playing, method: str) -> None:
    """Case 189: services give up waiting; a question of busy times has a deadline of its own."""
    spot = playing.fresh() if method in {"discover", "busy", "put"} else await playing.put()
    playing.side.fails("put" if method == "move" else method, Fault(503, delay_s=2))

    with pytest.raises((TimeoutError, Transient)) as failed:
        async with asyncio.timeout(10 if method == "busy" else 0.5):
            await call(playing, method, spot, deadline_s=0.5)

    assert not isinstance(failed.value, Transient) or (method, failed.value.reason) == ("busy", "timeout")
    await call(playing, method, spot)
    assert list(playing.side.ours()) == outcome(method)[1]


async def test_entry_whose_answer_was_lost_is_found_where_it_was_to_be(playing: Playing) -> None:
    """R066: it was meant to be written there, and then the booking moved."""
    playing.side.fails("put", Fault(hangs_up=True, after=True))
    await failure(playing.put())
    meant = replace(playing.fresh(), start=ENTRY.start, end=ENTRY.end)

    assert await playing.times(meant) == (ENTRY.start, ENTRY.end)
    await playing.put(meant, MOVED)

    assert list(playing.side.ours()) == [(MOVED.start, MOVED.end, TITLE)]


async def test_entry_whose_answer_was_lost_can_be_deleted(playing: Playing) -> None:
    playing.side.fails("put", Fault(hangs_up=True, after=True))
    await failure(playing.put())

    await playing.delete(replace(playing.fresh(), start=ENTRY.start, end=ENTRY.end))

    assert list(playing.side.ours()) == []


@pytest.mark.parametrize("method", METHODS)
async def test_access_that_was_taken_away_is_told(playing: Playing, method: str) -> None:
    """A token that holds no more is renewed once, and that tells; a password is refused at once."""
    spot = playing.fresh() if method in {"discover", "busy", "put"} else await playing.put()
    before = list(playing.side.ours())
    playing.side.revokes()

    failed = await failure(call(playing, method, spot))

    assert isinstance(failed, Expired if playing.side.account.provider.is_granted else Revoked)
    assert list(playing.side.ours()) == before


async def call(playing: Playing, method: str, spot: EntrySpot, *, deadline_s: float = 10) -> object:
    """Do what a method is about, on our only entry."""
    calls: dict[str, Callable[[], Awaitable[object]]] = {
        "discover": lambda: playing.side.adapter.discover(playing.side.account),
        "busy": lambda: playing.busy(deadline_s=deadline_s),
        "put": lambda: playing.put(spot),
        "move": lambda: playing.put(spot, MOVED),
        "delete": lambda: playing.delete(spot),
        "find": lambda: playing.times(spot),
    }
    return await calls[method]()


Ours = list[tuple[datetime, datetime, str]]


def outcome(method: str) -> tuple[Ours, Ours]:
    """Say how our entries stand before a method is done, and after."""
    old, new = [(ENTRY.start, ENTRY.end, TITLE)], [(MOVED.start, MOVED.end, TITLE)]
    befores: dict[str, Ours] = {"move": old, "delete": old, "find": old}
    afters: dict[str, Ours] = {"put": old, "move": new, "find": old}
    return befores.get(method, []), afters.get(method, [])

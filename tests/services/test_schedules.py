"""Schedules: added, changed, made default and removed by their own users."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import date

import pytest

from domain.availability import DateOverride, Schedule, WeeklyWindow
from domain.booking_pages import BookingPage
from domain.errors import Conflict, InvalidInput, NotAllowed, NotFound
from domain.page_settings import PageSettings
from domain.schedules import NewSchedule, ScheduleChange, ScheduleInUse, ScheduleIsDefault
from domain.users import Scope, SignedIn, SignInNeeded
from services.booking_pages import BookingPages
from services.schedules import Schedules
from tests.identity import GUEST, Installation, installation

pytestmark = pytest.mark.anyio

EVENINGS = NewSchedule(
    "Evenings",
    "Asia/Tokyo",
    (WeeklyWindow(4, 18 * 60, 24 * 60), WeeklyWindow(4, 22 * 60, 2 * 60)),
    (DateOverride(date(2026, 5, 4), ()), DateOverride(date(2026, 5, 1), ((600, 660), (720, 1440)))),
)


@pytest.fixture
def anyio_backend() -> str:
    """Run on asyncio."""
    return "asyncio"


@pytest.fixture
async def house(database_url: str, redis_url: str) -> AsyncGenerator[Installation, None]:
    """Open an installation without users."""
    async with installation(database_url, redis_url) as opened:
        yield opened


@pytest.fixture
async def ada(house: Installation) -> SignedIn:
    """Sign Ada up."""
    return await house.viewer((await house.sign_up()).token)


@pytest.fixture
def schedules(house: Installation) -> Schedules:
    """Give the use cases."""
    return Schedules(house.units)


async def touched(house: Installation) -> int:
    """Count how often hours were said to have changed."""
    return len(await house.rows("SELECT 1 FROM events WHERE kind = 'hours_changed'"))


async def page_with(house: Installation, ada: SignedIn, schedule: Schedule) -> BookingPage:
    wanted = PageSettings("intro", "Introduction", 30, schedule_id=schedule.id)
    return await BookingPages(house.units).create(ada, wanted)


async def test_new_user_has_one_default_schedule(schedules: Schedules, ada: SignedIn) -> None:
    (only,) = await schedules.own(ada)

    assert only.is_default
    assert only.hours.zone == "Europe/London"
    assert await schedules.by_id(ada, only.id) == only


async def test_schedule_is_read_back_as_it_was_written(schedules: Schedules, ada: SignedIn) -> None:
    made = await schedules.create(ada, EVENINGS)

    read = await schedules.by_id(ada, made.id)

    assert read == made
    assert read.hours.weekly == EVENINGS.weekly
    assert [override.date.day for override in read.hours.overrides] == [1, 4]
    assert read.hours.overrides[0].windows == ((600, 660), (720, 1440))
    assert (read.is_default, read.revision) == (False, 1)


@pytest.mark.parametrize(
    ("wanted", "path"),
    [
        (replace(EVENINGS, name=" "), ("name",)),
        (replace(EVENINGS, zone="Mars/Olympus"), ("zone",)),
        (replace(EVENINGS, weekly=(WeeklyWindow(7, 0, 60),)), ("weekly",)),
        (replace(EVENINGS, weekly=(WeeklyWindow(1, 600, 600),)), ("weekly",)),
        (replace(EVENINGS, weekly=(WeeklyWindow(1, 1440, 60),)), ("weekly",)),
        (replace(EVENINGS, overrides=(DateOverride(date(2026, 5, 1), ((60, 60),)),)), ("overrides",)),
        (replace(EVENINGS, overrides=(DateOverride(date(2026, 5, 1), ()),) * 2), ("overrides",)),
    ],
)
async def test_impossible_hours_are_refused_by_their_field(
    house: Installation, schedules: Schedules, ada: SignedIn, wanted: NewSchedule, path: tuple[str, ...]
) -> None:
    with pytest.raises(InvalidInput) as refused:
        await schedules.create(ada, wanted)

    assert refused.value.path == path
    assert await house.rows("SELECT count(*) FROM schedules") == [(1,)]


async def test_change_of_hours_is_an_event_and_a_new_name_is_none(
    house: Installation, schedules: Schedules, ada: SignedIn
) -> None:
    made = await schedules.create(ada, EVENINGS)
    renamed = await schedules.update(ada, made.id, ScheduleChange(name="Nights"), 1)
    before = await touched(house)

    changed = await schedules.update(ada, made.id, ScheduleChange(weekly=(WeeklyWindow(0, 0, 60),)), 2)

    assert before == 0
    assert await house.rows("SELECT kind, hosts FROM events") == [("hours_changed", [ada.user_id])]
    assert (renamed.name, renamed.revision) == ("Nights", 2)
    assert changed.hours.weekly == (WeeklyWindow(0, 0, 60),)
    assert changed.hours.overrides == made.hours.overrides
    assert await schedules.by_id(ada, made.id) == changed


async def test_stale_revision_is_a_conflict(schedules: Schedules, ada: SignedIn) -> None:
    made = await schedules.create(ada, EVENINGS)
    changed = await schedules.update(ada, made.id, ScheduleChange(name="Nights"), 1)

    with pytest.raises(Conflict) as refused:
        await schedules.update(ada, made.id, ScheduleChange(name="Days"), 1)

    assert refused.value.path == ("expectedRevision",)
    assert await schedules.by_id(ada, made.id) == changed


async def test_racing_changes_of_one_revision_have_one_winner(schedules: Schedules, ada: SignedIn) -> None:
    made = await schedules.create(ada, EVENINGS)

    outcomes = await asyncio.gather(
        *(schedules.update(ada, made.id, ScheduleChange(name=name), 1) for name in ("A", "B", "C")),
        return_exceptions=True,
    )

    assert [type(outcome) for outcome in outcomes].count(Schedule) == 1
    assert [type(outcome) for outcome in outcomes].count(Conflict) == 2


async def test_default_passes_on_and_is_never_given_up(
    house: Installation, schedules: Schedules, ada: SignedIn
) -> None:
    (first,) = await schedules.own(ada)
    made = await schedules.create(ada, EVENINGS)

    await schedules.update(ada, made.id, ScheduleChange(is_default=True))
    with pytest.raises(ScheduleIsDefault) as refused:
        await schedules.update(ada, made.id, ScheduleChange(is_default=False))

    assert refused.value.path == ("isDefault",)
    assert [(schedule.id, schedule.is_default) for schedule in await schedules.own(ada)] == [
        (first.id, False),
        (made.id, True),
    ]
    assert await touched(house) == 1


async def test_racing_defaults_leave_one_default(
    house: Installation, schedules: Schedules, ada: SignedIn
) -> None:
    wanted = replace(EVENINGS, is_default=True)

    await asyncio.gather(*(schedules.create(ada, wanted) for _ in range(4)))

    assert [schedule.is_default for schedule in await schedules.own(ada)].count(True) == 1
    assert len(await schedules.own(ada)) == 5


async def test_default_schedule_and_one_in_use_stay(
    house: Installation, schedules: Schedules, ada: SignedIn
) -> None:
    (first,) = await schedules.own(ada)
    made = await schedules.create(ada, EVENINGS)
    page = await page_with(house, ada, made)

    with pytest.raises(ScheduleIsDefault):
        await schedules.delete(ada, first.id)
    with pytest.raises(ScheduleInUse):
        await schedules.delete(ada, made.id)
    still = len(await schedules.own(ada))
    await BookingPages(house.units).delete(ada, page.id)
    await schedules.delete(ada, made.id)

    assert still == 2
    assert await schedules.own(ada) == [first]


async def test_schedule_is_never_removed_under_a_page_that_is_being_made(
    house: Installation, schedules: Schedules, ada: SignedIn
) -> None:
    made = await schedules.create(ada, EVENINGS)

    outcomes = await asyncio.gather(
        page_with(house, ada, made), schedules.delete(ada, made.id), return_exceptions=True
    )

    assert [type(outcome) for outcome in outcomes] in (
        [BookingPage, ScheduleInUse],
        [NotFound, type(None)],
    )


async def test_schedules_of_others_are_not_found(
    house: Installation, schedules: Schedules, ada: SignedIn
) -> None:
    made = await schedules.create(ada, EVENINGS)
    mallory = await house.viewer((await house.sign_up("mallory@example.com")).token)

    with pytest.raises(NotFound):
        await schedules.by_id(mallory, made.id)
    with pytest.raises(NotFound):
        await schedules.update(mallory, made.id, ScheduleChange(name="Mine"))
    with pytest.raises(NotFound):
        await schedules.delete(mallory, made.id)
    with pytest.raises(NotFound) as refused:
        await page_with(house, mallory, made)

    assert refused.value.path == ("scheduleId",)
    assert await schedules.by_id(ada, made.id) == made


async def test_guests_and_keys_without_the_scope_are_refused(schedules: Schedules, ada: SignedIn) -> None:
    reader = replace(ada, scopes=frozenset({Scope.READ, Scope.PAGES}))

    with pytest.raises(SignInNeeded):
        await schedules.own(GUEST)
    with pytest.raises(NotAllowed):
        await schedules.create(reader, EVENINGS)
    with pytest.raises(NotAllowed):
        await schedules.own(replace(ada, scopes=frozenset({Scope.AVAILABILITY})))

    assert len(await schedules.own(reader)) == 1


async def test_hundred_and_first_schedule_is_refused(
    house: Installation, schedules: Schedules, ada: SignedIn
) -> None:
    await house.change(
        "INSERT INTO schedules SELECT organization_id, gen_random_uuid(), user_id, name, zone, weekly,"
        " overrides, false, 1, created_at FROM schedules, generate_series(1, 99)"
    )

    with pytest.raises(InvalidInput):
        await schedules.create(ada, EVENINGS)

    assert len(await schedules.own(ada)) == 100

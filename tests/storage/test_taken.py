"""The time that bookings take, as the database adds it up."""

from collections.abc import AsyncGenerator, Sequence
from datetime import timedelta
from uuid import UUID

import pytest

from domain.ids import BookingId, PageId
from domain.slots import Own
from domain.users import SignedIn
from storage.base import new_id
from storage.bookings import PageBooking, Taken
from tests.calendars import MONDAY, NOW, World, at, opened_world

pytestmark = pytest.mark.anyio


@pytest.fixture
async def world(database_url: str, redis_url: str) -> AsyncGenerator[World, None]:
    """Open a world."""
    async with opened_world(database_url, redis_url) as opened:
        yield opened


async def taken(
    world: World,
    *hosts: SignedIn,
    page_id: PageId | None = None,
    without: BookingId | None = None,
    hours: tuple[int, int] = (0, 24),
    capped: Sequence[SignedIn] = (),
) -> Taken:
    """Read what is taken of hosts on the Monday."""
    start, end = (MONDAY + timedelta(hours=hour) for hour in hours)
    async with world.units.read() as unit:
        return await unit.bookings.taken(
            world.organization_id,
            start,
            end,
            hosts=[host.user_id for host in hosts],
            page_id=page_id,
            without=without,
            capped=[host.user_id for host in capped],
        )


async def page_of(world: World, booking_id: BookingId) -> PageId:
    """Name the page of a booking."""
    [row] = await world.rows("SELECT page_id FROM bookings WHERE id = :id", id=booking_id)
    return PageId(UUID(str(row[0])))


async def hold(world: World, booking_id: BookingId, *, ends_in: timedelta) -> None:
    """Make the only seat of a booking a hold."""
    await world.change(
        "UPDATE invitees SET state = 'held', hold_expires_at = :ends WHERE booking_id = :id",
        ends=NOW + ends_in,
        id=booking_id,
    )
    await world.change("UPDATE bookings SET state = 'held' WHERE id = :id", id=booking_id)


async def test_bookings_are_told_by_host_in_order_of_start(world: World) -> None:
    ada, bob, eve = await world.host("Ada"), await world.host("Bob"), await world.host("Eve")
    await world.booking(ada, hour=14)
    await world.booking(ada, bob, hour=9)
    await world.booking(eve, hour=9)
    await world.change("UPDATE booking_hosts SET buffer_before_minutes = 5, buffer_after_minutes = 10")

    found = await taken(world, ada, bob)

    nine, two = Own((at(9), at(9, 30)), 5, 10), Own((at(14), at(14, 30)), 5, 10)
    assert found == Taken({ada.user_id: (nine, two), bob.user_id: (nine,)}, ())


async def test_only_bookings_that_touch_the_window_are_told(world: World) -> None:
    ada = await world.host()
    await world.booking(ada, hour=9)
    await world.booking(ada, hour=11)

    found = await taken(world, ada, hours=(10, 11))

    assert found == Taken({}, ())


async def test_booking_that_is_about_to_move_is_left_out(world: World) -> None:
    ada = await world.host()
    moving = await world.booking(ada, hour=9)
    await world.booking(ada, hour=11)

    found = await taken(world, ada, page_id=await page_of(world, moving), without=moving)

    assert found == Taken({ada.user_id: (Own((at(11), at(11, 30))),)}, ())


async def test_cancelled_booking_takes_nothing(world: World) -> None:
    ada = await world.host()
    booking = await world.booking(ada, hour=9)
    await world.cancel(booking, version=2)

    assert await taken(world, ada, page_id=await page_of(world, booking)) == Taken({}, ())


async def test_hold_takes_time_until_it_ends_swept_or_not(world: World) -> None:
    ada = await world.host()
    ended = await world.booking(ada, hour=9)
    live = await world.booking(ada, hour=11)
    await hold(world, ended, ends_in=timedelta())
    await hold(world, live, ends_in=timedelta(seconds=1))

    found = await taken(world, ada, page_id=await page_of(world, ended))

    assert found == Taken({ada.user_id: (Own((at(11), at(11, 30))),)}, ())


async def test_ended_hold_beside_another_seat_frees_its_seat_alone(world: World) -> None:
    ada = await world.host()
    booking = await world.booking(ada, hour=9)
    await world.change("UPDATE bookings SET capacity = 3 WHERE id = :id", id=booking)
    await world.change(
        "INSERT INTO invitees (organization_id, id, booking_id, capacity, seat, state, hold_expires_at,"
        " answers, version, created_at, changed_at)"
        " VALUES (:organization, :new, :booking, 3, 2, 'held', :now, '[]', 1, :now, :now)",
        organization=world.organization_id,
        new=new_id(),
        booking=booking,
        now=NOW,
    )

    found = await taken(world, ada, page_id=await page_of(world, booking))

    span = (at(9), at(9, 30))
    assert found == Taken({ada.user_id: (Own(span),)}, (PageBooking(booking, span, 2),))


async def test_bookings_of_a_page_are_told_whoever_hosts_them(world: World) -> None:
    """A cap counts them all."""
    ada, bob = await world.host("Ada"), await world.host("Bob")
    of_bob = await world.booking(bob, hour=9)

    found = await taken(world, ada, page_id=await page_of(world, of_bob))

    assert found == Taken({}, (PageBooking(of_bob, (at(9), at(9, 30)), 0),))


async def test_past_bookings_count_for_caps_alone_and_cancelled_ones_for_nothing(world: World) -> None:
    """X16: of the page by themselves, of a host where they are asked for; a missed meeting counts too."""
    ada = await world.host()
    done, missed, cancelled = [await world.booking(ada, hour=hour) for hour in (9, 11, 14)]
    page_id = await page_of(world, done)
    states = {done: "done", missed: "no_show", cancelled: "cancelled"}
    for booking, state in states.items():
        await world.change(
            "UPDATE bookings SET state = :state, page_id = :page WHERE id = :id",
            state=state,
            page=page_id,
            id=booking,
        )

    for_page = await taken(world, ada, page_id=page_id)
    for_host = await taken(world, ada, capped=[ada])
    narrow = await taken(world, ada, capped=[ada], hours=(10, 12))

    nine, eleven = (at(9), at(9, 30)), (at(11), at(11, 30))
    assert for_page == Taken({}, (PageBooking(done, nine, 0), PageBooking(missed, eleven, 0)))
    assert for_host == Taken({}, (), over={ada.user_id: (nine, eleven)})
    assert narrow.over == {ada.user_id: (eleven,)}

"""What hosts do in their own calendars reaches their bookings: by a ping, or by a look of our own."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.api.watched import HALF, START, booked
from tests.fakes.kit import Fault
from tests.installation import CHANGED, RESCHEDULE, Host, Installation, stamp
from tests.radicale import Radicale
from tests.street import HOST, PROVIDERS, Street

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_entry_that_its_host_deletes_cancels_the_booking_and_everybody_is_told(
    street: Street, provider: str
) -> None:
    """R111: one ping, one look; nothing is deleted once more."""
    one = await booked(street, provider)
    street.clock.turn(seconds=10)

    await one.hand.deletes()
    await street.house.work()

    assert (await one.booking())["state"] == "CANCELLED"
    assert one.told("grace@example.org", "cancelled") == 1
    assert one.told(one.host.email, "cancelled") == 1
    assert await street.house.rows("SELECT DISTINCT cancelled_by FROM invitees") == [("calendar",)]
    assert await street.house.rows("SELECT state FROM entries") == [("removed",)]
    fake = street.fakes[provider]
    assert fake.asked("events.delete", "event.delete", "deleteEvent") == []
    assert await street.house.starts(one.slug, START.replace(hour=0)) != []


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_entry_that_its_host_moves_is_shown_and_the_booking_stays(
    street: Street, provider: str
) -> None:
    """X13: off unless the page says so; put back, nothing is shown any more."""
    one = await booked(street, provider)
    street.clock.turn(seconds=10)

    await one.hand.moves(START + HALF, START + 2 * HALF)
    await street.house.work()
    moved = await one.booking()
    street.clock.turn(seconds=10)
    await one.hand.moves(START, START + HALF)
    await street.house.work()

    assert (moved["state"], moved["start"]) == ("CONFIRMED", stamp(START))
    assert moved["entryDrifts"] == [
        {
            "hostName": "Ada",
            "kind": "MOVED",
            "start": stamp(START + HALF),
            "end": stamp(START + 2 * HALF),
        }
    ]
    assert (await one.booking())["entryDrifts"] == []
    assert one.told("grace@example.org", "moved") == 0


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_entry_that_its_host_moves_moves_the_booking_where_the_page_says_so(
    street: Street, provider: str
) -> None:
    """X13: by the rules, once, and the entry is left where it is."""
    one = await booked(street, provider, followsCalendar=True)
    street.clock.turn(seconds=10)

    await one.hand.moves(START + HALF, START + 2 * HALF)
    await street.house.work()
    await one.hand.pings()
    await one.later()

    moved = await one.booking()
    assert (moved["start"], moved["entryDrifts"]) == (stamp(START + HALF), [])
    assert await street.house.rows(
        "SELECT count(*) FROM effects WHERE kind = 'tell_invitee_rescheduled'"
    ) == [(1,)]


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (START.replace(hour=3), START.replace(hour=3) + HALF),  # outside the hours
        (START + HALF, START + 3 * HALF),  # another length
    ],
)
async def test_move_that_the_rules_forbid_is_shown(street: Street, start: datetime, end: datetime) -> None:
    """X13."""
    one = await booked(street, "GOOGLE", followsCalendar=True)
    street.clock.turn(seconds=10)

    await one.hand.moves(start, end)
    await street.house.work()

    stands = await one.booking()
    assert (stands["state"], stands["start"]) == ("CONFIRMED", stamp(START))
    assert [drift["start"] for drift in stands["entryDrifts"]] == [stamp(start)]


async def test_drift_ends_with_the_next_reschedule(street: Street) -> None:
    """The entry is then written anew, where the booking is."""
    one = await booked(street, "GOOGLE")
    street.clock.turn(seconds=10)
    await one.hand.moves(START + HALF, START + 2 * HALF)
    await street.house.work()

    await street.house.ask(RESCHEDULE, input={"token": one.token, "start": stamp(START + 4 * HALF)})
    await one.later()

    stands = await one.booking()
    assert (stands["start"], stands["entryDrifts"]) == (stamp(START + 4 * HALF), [])


async def test_deletion_in_a_calendar_that_is_gone_as_a_whole_cancels_nothing(street: Street) -> None:
    """What cannot be known is not acted upon."""
    one = await booked(street, "ZOOM")
    zoom: Any = street.fakes["ZOOM"]
    street.clock.turn(seconds=10)
    [(entry_id,)] = await street.house.rows("SELECT remote_id FROM entries")
    zoom.accounts[HOST].calendars.clear()

    zoom.webhooks.calendar("delete", zoom.accounts[HOST], HOST, entry_id)
    await one.hand.pings()
    await street.house.work()

    assert (await one.booking())["state"] == "CONFIRMED"


async def test_ping_refreshes_a_page_that_somebody_watches(street: Street) -> None:
    """D02, R111: within one ping, long before busy times would be asked for anew."""
    one = await booked(street, "GOOGLE")
    google: Any = street.fakes["GOOGLE"]
    street.clock.turn(seconds=10)
    window = {"from": stamp(START.replace(hour=0)), "to": stamp(START.replace(hour=0) + timedelta(days=1))}
    async with street.house.feed(CHANGED, slug=one.slug, window=window) as feed:
        await feed.next()

        google.calendars[HOST].add(START + 2 * HALF, START + 3 * HALF)
        await one.hand.pings()
        await street.house.work()

        event = (await feed.next())["openSlotsChanged"]
    assert event["removed"] == [{"start": stamp(START + 2 * HALF)}]


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_deletion_is_found_within_hours_when_every_ping_is_lost(street: Street, provider: str) -> None:
    """Case 192, R111: our own entries are compared every three hours."""
    one = await booked(street, provider)
    one.hand.deletes_unheard()

    street.clock.turn(hours=2, minutes=50)
    assert await street.house.parts.services.looking.plan_overdue() == 0
    street.clock.turn(minutes=15)
    assert await street.house.parts.services.looking.plan_overdue() == 1
    await street.house.work()

    assert (await one.booking())["state"] == "CANCELLED"
    assert one.told("grace@example.org", "cancelled") == 1


async def test_provider_that_is_away_is_asked_again_by_the_same_look(street: Street) -> None:
    """A look is repeated with growing pauses; nothing is cancelled meanwhile."""
    one = await booked(street, "GOOGLE")
    street.clock.turn(seconds=10)
    street.fakes["GOOGLE"].fails("events.get", Fault(status=503))

    await one.hand.deletes()
    await street.house.work()
    meanwhile = (await one.booking())["state"]
    await one.later(seconds=5)

    assert meanwhile == "CONFIRMED"
    assert (await one.booking())["state"] == "CANCELLED"


async def test_calendar_that_cannot_ping_is_compared_like_any_other(
    house: Installation, ada: Host, radicale: Radicale
) -> None:
    """R111, case 192: CalDAV has no pings; a deletion is found within hours."""
    slug = await house.page(ada)
    await house.book(slug, stamp(START))
    await house.work()
    [(uid,)] = await house.rows("SELECT uid FROM entries")
    entries = [path for path in radicale.data.rglob("*") if str(uid).split("@")[0] in path.name]
    for path in entries:
        path.unlink()
    house.clock.turn(hours=3)

    assert await house.parts.services.looking.plan_overdue() == 1
    await house.work()

    assert await house.rows("SELECT state FROM bookings") == [("cancelled",)]


async def test_session_is_cancelled_for_everybody_when_its_entry_is_deleted(street: Street) -> None:
    """R111: all seats of a group are told."""
    one = await booked(street, "GOOGLE", kind="GROUP", capacity=3)
    guest = {"name": "Second", "email": "second@example.org", "zone": "UTC"}
    await street.house.book(one.slug, stamp(START), invitee=guest)
    await street.house.work()
    await one.hand.pings()
    await one.later()

    street.clock.turn(seconds=10)
    await one.hand.deletes()
    await street.house.work()

    assert (await one.booking())["state"] == "CANCELLED"
    assert one.told("grace@example.org", "cancelled") == 1
    assert one.told("second@example.org", "cancelled") == 1

"""Hot statements, as the code sends them, find what they want by an index, however many rows there are."""

from collections.abc import AsyncGenerator, Generator
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

import pytest

from app.embedded import EmbeddedServers
from app.wiring import Parts, now, wire
from bench.crowd import Crowd, host_id, organization_id, page_id, resource_id, slug_of
from bench.growth import BOOKINGS_EACH, HOT
from bench.plans import Sent
from domain.ids import OrganizationId, PageId, ResourceId, UserId
from domain.open_slots import FindSlots
from domain.users import Guest
from services.bookings import BookSlot, HoldSlot
from services.bookings.commands import Seated
from tests.installation import settings_for

pytestmark = pytest.mark.anyio

HOSTS = 2000
GUEST = Guest("10.0.0.1")


@dataclass(frozen=True)
class House:
    """The services on a database of many hosts, and what they send to it."""

    parts: Parts
    sent: Sent

    async def book(self, host: int, start: datetime, hold: str | None = None) -> Seated:
        wanted = BookSlot(
            slug_of(host), start, "Grace", "grace@example.org", "UTC", "en", {}, hold, str(uuid4())
        )
        return await self.parts.services.bookings.taking.book(GUEST, wanted)


@pytest.fixture(scope="module")
def full_database_url(servers: EmbeddedServers) -> Generator[str]:
    servers.sql("CREATE DATABASE plans TEMPLATE template_slotgraph;")
    crowd = Crowd(servers, "plans")
    crowd.add_hosts(range(HOSTS))
    crowd.add_calendars(range(HOSTS // 2))
    crowd.add_bookings(range(HOSTS), each=BOOKINGS_EACH)
    crowd.settle()
    yield servers.database_url_of("plans")
    servers.sql("DROP DATABASE plans WITH (FORCE);")


@pytest.fixture
async def house(full_database_url: str, redis_url: str) -> AsyncGenerator[House, None]:
    parts = wire(settings_for(full_database_url, redis_url, 9))
    yield House(parts, Sent(parts.engine))
    await parts.close()


def start(more_days: int = 0) -> datetime:
    """Name a time that every page offers: it lies within its hours, and in the next two months."""
    return (now() + timedelta(days=20 + more_days)).replace(hour=8, minute=0, second=0, microsecond=0)


@pytest.mark.parametrize("name", HOT)
async def test_a_hot_statement_scans_no_table(house: House, name: str) -> None:
    async with house.parts.services.units.begin() as unit:
        await HOT[name](unit, HOSTS // 3)

    assert house.sent.statements
    assert await house.sent.scanned() == set()


async def test_open_slots_of_a_page_scan_no_table(house: House) -> None:
    found = await house.parts.services.pages.by_slug(slug_of(1500))

    await house.parts.services.availability.open_slots(FindSlots(found.page, start(), start(30)))

    assert len(house.sent.statements) == 5
    assert await house.sent.scanned() == set()


async def test_past_bookings_that_a_hosts_caps_count_scan_no_table(house: House) -> None:
    organization, host = OrganizationId(organization_id(1503)), UserId(host_id(1503))

    async with house.parts.services.units.read() as unit:
        found = await unit.bookings.taken(
            organization, start(-400), start(), hosts=[host], page_id=PageId(page_id(1503)), capped=[host]
        )

    assert found.of_page
    assert await house.sent.scanned() == set()


async def test_when_resources_are_taken_is_found_without_a_scan(house: House) -> None:
    organization, room = OrganizationId(organization_id(1504)), ResourceId(resource_id(1504))

    async with house.parts.services.units.read() as unit:
        found = await unit.resources.taken(organization, [room], (start(-400), start(400)), None)

    assert len(found) == 1
    assert await house.sent.scanned() == set()


async def test_holding_booking_moving_and_cancelling_scan_no_table(house: House) -> None:
    bookings = house.parts.services.bookings

    held = await bookings.taking.hold(GUEST, HoldSlot(slug_of(1501), start(), str(uuid4())))
    seated = await house.book(1501, start(), held.token)
    await bookings.changing.reschedule(GUEST, seated.token, start(1))
    await bookings.reading.by_link(seated.token)
    await bookings.changing.cancel(GUEST, seated.token, None)

    assert await house.sent.scanned() == set()


async def test_what_time_does_scans_no_table(house: House) -> None:
    keeping = house.parts.services.bookings.keeping

    await keeping.end_holds()
    await keeping.finish_past()
    await keeping.forget_keys()

    assert await house.sent.scanned() == set()

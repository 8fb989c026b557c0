"""The room with a real CalDAV server behind it: connect, be busy, be written to, be left alone."""

from collections.abc import AsyncGenerator, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from domain.calendars import Freshness, Provider
from domain.connections import ProviderRefused
from domain.slots import Unknown
from domain.users import SignedIn
from integrations.caldav import CalDav
from integrations.http import SafeHttp
from services.busy import Known
from services.calendars import ConnectCalendar
from storage.calendars import Linked
from tests.calendars import DAY, NOW, World, at, opened_world
from tests.radicale import USER, WORD, Radicale, running_radicale

pytestmark = pytest.mark.anyio

FOREIGN = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//canary//EN
BEGIN:VEVENT
UID:foreign-{name}
DTSTAMP:20260301T000000Z
DTSTART:20260330T{start}00Z
DTEND:20260330T{end}00Z
SUMMARY:canary-title
DESCRIPTION:canary-body
LOCATION:canary-place
ATTENDEE:mailto:canary@example.com
{more}END:VEVENT
END:VCALENDAR
"""


def foreign(name: str, start: str, end: str, more: str = "") -> str:
    """Spell an entry of the host's own."""
    return FOREIGN.format(name=name, start=start, end=end, more=more)


@pytest.fixture
def radicale(tmp_path: Path) -> Iterator[Radicale]:
    """Run a server with two calendars of the host's."""
    with running_radicale(tmp_path) as running:
        yield running


@pytest.fixture
async def world(database_url: str, redis_url: str) -> AsyncGenerator[World, None]:
    """Open a world whose CalDAV is the real one."""
    caldav = CalDav(SafeHttp(allow_loopback=True))
    async with opened_world(database_url, redis_url, {Provider.CALDAV: caldav}) as opened:
        yield opened


async def connected(world: World, host: SignedIn, radicale: Radicale, word: str = WORD) -> Linked:
    """Connect the host's account at the server."""
    asked = ConnectCalendar("caldav", radicale.url, USER, word)
    return await world.calendars.connect(host, asked)


async def test_entries_at_the_server_take_their_time_and_leave_no_trace(
    world: World, radicale: Radicale
) -> None:
    """R006, R060, R062 to R065, case 164: the times come in, and nothing else does."""
    work, home = radicale.calendar("work"), radicale.calendar("home")
    radicale.put(work, "one", foreign("one", "0900", "1000"))
    radicale.put(home, "two", foreign("two", "0930", "1100"))
    radicale.put(home, "free", foreign("free", "1200", "1300", "TRANSP:TRANSPARENT\n"))
    ada = await world.host()
    await connected(world, ada, radicale)

    found = await world.busy.of(await world.calendars_of(ada), DAY, live=True)

    assert found == {ada.user_id: Known(((at(9), at(11)),), Freshness.LIVE, NOW)}
    stored = await world.rows("SELECT c.*, k.* FROM calendar_connections c, calendars k")
    assert "canary" not in str(stored)


async def test_entry_made_at_the_server_closes_the_time_for_the_next_booking(
    world: World, radicale: Radicale
) -> None:
    """R014, D03."""
    work = radicale.calendar("work")
    ada = await world.host()
    await connected(world, ada, radicale)
    hosts = await world.calendars_of(ada)
    before = await world.busy.of(hosts, DAY, live=True)

    radicale.put(work, "one", foreign("one", "0900", "1000"))
    after = await world.busy.of(hosts, DAY, live=True)

    assert before == {ada.user_id: Known((), Freshness.LIVE, NOW)}
    assert after == {ada.user_id: Known(((at(9), at(10)),), Freshness.LIVE, NOW)}


async def test_booking_is_written_moved_and_removed_and_foreign_entries_stay_as_they_are(
    world: World, radicale: Radicale
) -> None:
    """R007, R066 to R068, cases 166 and 182."""
    radicale.put(radicale.calendar("work"), "one", foreign("one", "0900", "1000"))
    ada = await world.host()
    await connected(world, ada, radicale)
    alone = radicale.stored()
    booking_id = await world.booking(ada)
    place = (world.organization_id, booking_id, ada.user_id)

    await world.entries.settle(*place)
    written = radicale.stored()
    await world.change("UPDATE entries SET state = 'pending', written_version = NULL")
    await world.entries.settle(*place)
    again = radicale.stored()
    await world.move(booking_id, hour=15, version=2)
    await world.entries.settle(*place)
    moved = await world.busy.of(await world.calendars_of(ada), DAY, live=True)
    await world.cancel(booking_id, version=3)
    await world.entries.settle(*place)

    [name] = written.keys() - alone.keys()
    assert again.keys() == written.keys()
    assert b"SUMMARY:Intro" in written[name]
    assert b"ATTENDEE" not in written[name]
    quarter = timedelta(hours=15, minutes=30) // timedelta(minutes=1)
    assert moved == {ada.user_id: Known(((at(9), at(10)), (at(15), DAY[0] + quarter)), Freshness.LIVE, NOW)}
    assert radicale.stored() == alone


async def test_wrong_password_is_refused_and_nothing_is_kept(world: World, radicale: Radicale) -> None:
    """Case 120."""
    radicale.calendar("work")
    ada = await world.host()

    with pytest.raises(ProviderRefused):
        await connected(world, ada, radicale, "wrong")

    assert await world.rows("SELECT * FROM calendar_connections") == []


async def test_server_that_is_gone_makes_its_host_unknown(world: World, tmp_path: Path) -> None:
    """D03, case 136."""
    ada = await world.host()
    with running_radicale(tmp_path) as radicale:
        radicale.calendar("work")
        await connected(world, ada, radicale)

    found = await world.busy.of(await world.calendars_of(ada), DAY, live=True)

    assert found == {ada.user_id: Unknown("unreachable")}

"""Handing a booking over to another host, and who of several hosts makes the meeting."""

import asyncio
import re
from typing import Any

import httpx
import pytest

from tests.calendars import eventually
from tests.fakes.kit import Fault
from tests.installation import RESCHEDULE, Host, Installation
from tests.meetings import KINDS, NINE, entries, links, mails, settled
from tests.radicale import USER, WORD, Radicale
from tests.street import Street
from tests.teams import Team, team_of

pytestmark = pytest.mark.anyio

MORNING = "2026-03-30T07:00:00Z"  # nine in Berlin
LATER = "2026-03-30T08:00:00Z"
BOARD = """subscription ($after: String) { bookingsChanged(after: $after) { ... on BookingsEvent { cursor }
  ... on BookingsChange { kind booking { id invitees { name } place { details } } } } }"""
MEETING = "{ bookings { nodes { meeting { state joinUrl failure } } } }"


async def meeting_of(house: Installation, host: Host) -> dict[str, Any]:
    (booking,) = (await house.ask(MEETING, host.token))["bookings"]["nodes"]
    return booking["meeting"]


async def test_booking_is_handed_over_with_everything_that_follows(
    house: Installation, ada: Host, radicale: Radicale
) -> None:
    """M40: entry, mails, version, what others are told; refused where the new host is not free (D03)."""
    team = await team_of(house, ada, "Ben", "Cy")
    _, ben, cy = team.hosts
    calendars = {host.handle: await house.connect_calendar(host, radicale) for host in (ben, cy)}
    slug = await team.page(assignment="ANY", hosts=team.seats(ben, cy), reminderMinutes=[60])
    await house.book(slug, MORNING)
    await house.work()
    first = await team.who()
    second = cy if first == ben else ben
    (booking,) = await team.bookings(first)
    name = "Cy" if second == cy else "Ben"

    stranger = await house.sign_up("Eve")
    assert (await team.reassign(stranger, id=booking["id"]))["path"] == ["id"]
    assert (await team.reassign(second, id=booking["id"]))["path"] == ["id"]
    assert (await team.reassign(ada, id=booking["id"], to=team.ids[ada.handle]))["path"] == ["to"]
    assert (await team.reassign(ada, id=booking["id"], to=""))["path"] == ["to"]
    stale = await team.reassign(ada, id=booking["id"], version=booking["version"] + 1)
    assert stale["__typename"] == "ConflictError"
    radicale.put(calendars[second.handle], "dentist", DENTIST)
    refused = await team.reassign(ada, id=booking["id"])
    assert (refused["__typename"], refused["code"]) == ("HostNotFreeError", "HOST_NOT_FREE")
    assert await team.bookings(second) == []
    async with httpx.AsyncClient(auth=(USER, WORD), trust_env=False) as own_program:
        assert (await own_program.delete(f"{calendars[second.handle]}dentist.ics")).is_success

    given = await team.reassign(first, id=booking["id"], version=booking["version"])
    await house.work()

    assert given["booking"]["hostNames"] == [name]
    assert given["booking"]["version"] == booking["version"] + 1
    assert given["booking"]["assignmentReason"]["by"] == "ONLY_ONE"
    assert await team.bookings(first) == []
    assert list(entries_of(radicale, calendars)) == [second.handle]
    subjects = [
        str(house.mails_to(address)[-1].summary["subject"])
        for address in (first.email, second.email, "grace@example.org")
    ]
    assert [subject.split(":")[0] for subject in subjects] == ["Handed over", "New booking", "Another host"]
    to_guest = house.mails_to("grace@example.org")[-1]
    assert "SEQUENCE:1" in to_guest.part("text/calendar")
    assert name in to_guest.part("text/plain")
    reminders = await house.rows(
        "SELECT u.email FROM effects e JOIN users u ON u.id = e.recipient_id "
        "WHERE e.kind = 'remind_host' AND e.version = 1"
    )
    assert reminders == [(second.email,)]

    by_hand = await team.reassign(ada, id=booking["id"], to=team.ids[first.handle])
    assert by_hand["booking"]["assignmentReason"] == {"by": "BY_HAND", "host": {"handle": first.handle}}


async def test_former_host_is_told_that_a_booking_is_gone_and_nothing_more_of_it(
    house: Installation, ada: Host, radicale: Radicale
) -> None:
    """R8 of the security file: by hand or by a move, live or by a cursor of old."""
    team = await team_of(house, ada, "Ben")
    ben = team.hosts[1]
    await house.connect_calendar(ben, radicale)
    hosts = [*team.seats(ada, priority="HIGHEST"), *team.seats(ben)]
    slug = await team.page(assignment="ANY", hosts=hosts, keepsHost=False)
    booked = await house.book(slug, MORNING)
    (booking,) = await team.bookings(ada)

    async with house.feed(BOARD, ada.token) as board:
        cursor = (await board.next())["bookingsChanged"]["cursor"]
        await team.reassign(ada, id=booking["id"])
        by_hand = (await board.next())["bookingsChanged"]
    await house.book(await team.page(assignment="ONE", hosts=team.seats(ben)), LATER)
    async with house.feed(BOARD, ben.token) as board:
        await board.next()
        await house.ask(RESCHEDULE, input={"token": booked["manageToken"], "start": LATER})
        by_move = (await board.next())["bookingsChanged"]
    async with house.feed(BOARD, ben.token, after=cursor) as board:
        kinds = [(await board.next())["bookingsChanged"]["kind"] for _ in range(3)]

    gone: dict[str, Any] = {"id": booking["id"], "invitees": [], "place": {"details": ""}}
    assert [(told["kind"], told["booking"]) for told in (by_hand, by_move)] == [("REASSIGNED", gone)] * 2
    assert kinds == ["REASSIGNED", "CONFIRMED", "REASSIGNED"]


def entries_of(radicale: Radicale, calendars: dict[str, str]) -> dict[str, bytes]:
    """Give what lies in hosts' calendars, by handle, lines unfolded."""
    found: dict[str, bytes] = {}
    for path in radicale.data.rglob("*.ics"):
        for handle, url in calendars.items():
            if url.rstrip("/").rsplit("/", 1)[1] in path.parts and ".Radicale.cache" not in path.parts:
                found[handle] = found.get(handle, b"") + re.sub(rb"\r?\n ", b"", path.read_bytes())
    return found


async def three(street: Street, radicale: Radicale) -> tuple[Team, str]:
    """Three hosts with calendars at Microsoft, at Google and at a CalDAV server; the last one's address."""
    owner = await street.house.sign_up()
    team = await team_of(street.house, owner, "Ben", "Cy")
    await street.connect(owner, "MICROSOFT")
    await street.connect(team.hosts[1], "GOOGLE")
    return team, await street.house.connect_calendar(team.hosts[2], radicale)


async def test_meeting_is_made_once_by_who_can_and_every_host_has_the_entry(
    street: Street, radicale: Radicale
) -> None:
    """M39: the primary has no calendar that makes it, the next fixed host does; the link is everywhere."""
    team, at_caldav = await three(street, radicale)
    slug = await team.page(assignment="ALL", place={"kind": KINDS["GOOGLE"]})
    assert (await street.house.book(slug, NINE))["__typename"] == "BookingCreatePayload"

    await settled(street)

    [link] = links(street, "GOOGLE")
    for host in team.hosts:
        assert await meeting_of(street.house, host) == {"state": "MADE", "joinUrl": link, "failure": None}
    assert [[where for _, where in entries(street, at)] for at in ("MICROSOFT", "GOOGLE")] == [[link]] * 2
    assert link.encode() in entries_of(radicale, {"cy": at_caldav})["cy"]
    assert mails(street, team.hosts[0].email, "There is no meeting yet") == []


async def test_meeting_is_made_anew_by_the_host_to_whom_its_booking_is_handed_over(
    street: Street, radicale: Radicale
) -> None:
    """M40: the meeting of who is no host any more goes; everybody has the new link."""
    team, _ = await three(street, radicale)
    owner, ben, _ = team.hosts
    await street.connect(owner, "ZOOM")
    await street.connect(ben, "ZOOM")
    slug = await team.page(assignment="ANY", hosts=team.seats(owner, ben), place={"kind": KINDS["ZOOM"]})
    await street.house.book(slug, NINE)
    await settled(street)
    [before] = links(street, "ZOOM")
    first = await team.who()
    (booking,) = await team.bookings(first)

    given = await team.reassign(first, id=booking["id"])
    await settled(street)

    assert given["__typename"] == "BookingPayload"
    [after] = links(street, "ZOOM")
    assert after != before
    second = await team.who()
    assert second != first
    assert await meeting_of(street.house, second) == {"state": "MADE", "joinUrl": after, "failure": None}
    [told] = mails(street, "grace@example.org", "Another host")
    assert after in told.part("text/plain")
    at = {owner: "MICROSOFT", ben: "GOOGLE"}
    assert [entries(street, at[host]) == [] for host in (first, second)] == [True, False]


async def test_booking_goes_to_nobody_who_is_taken_off_the_page_while_their_calendar_is_asked(
    street: Street, radicale: Radicale
) -> None:
    """M40: who hosts the page is read again under the locks, as for a new booking."""
    team, _ = await three(street, radicale)
    owner, ben, _ = team.hosts
    hosts = [*team.seats(owner, priority="HIGHEST"), *team.seats(ben)]
    slug = await team.page(assignment="ANY", hosts=hosts)
    await street.house.book(slug, NINE)
    (booking,) = await team.bookings(owner)
    google = street.fakes["GOOGLE"]
    google.fails("freebusy.query", Fault(status=200, delay_s=0.7))
    before = len(google.asked("freebusy.query"))

    handing = asyncio.create_task(team.reassign(owner, id=booking["id"], to=team.ids[ben.handle]))
    await eventually(lambda: len(google.asked("freebusy.query")) > before)
    await team.set_hosts(slug, assignment="ANY", hosts=team.seats(owner))
    given = await handing

    assert given["__typename"] == "TryAgainError"
    assert await team.who() == owner


DENTIST = (
    "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//x//x//EN\nBEGIN:VEVENT\nUID:foreign\n"
    "DTSTAMP:20260301T000000Z\nDTSTART:20260330T070000Z\nDTEND:20260330T080000Z\nSUMMARY:Dentist\n"
    "END:VEVENT\nEND:VCALENDAR\n"
)

"""CalDAV at a real server: found, busy, written, left alone."""

import re
from collections.abc import Awaitable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.calendars import Entry, EntrySpot, EntryState, Provider
from domain.intervals import Span, instant_of, minute_of
from integrations.caldav import CalDav
from integrations.http import SafeHttp
from integrations.ports import Account, BusyAt, Permanent, ProviderFailed, Revoked, Secret
from tests import serving
from tests.integrations.outside import CANARY, calendar, overheard
from tests.radicale import USER, WORD, Radicale

pytestmark = pytest.mark.anyio

WINDOW = (
    minute_of(datetime(2026, 3, 16, tzinfo=UTC)),
    minute_of(datetime(2026, 4, 6, tzinfo=UTC)),
)
NAMES = count(1)
MARKER = "m" * 64
ENTRY = Entry(
    uid="5f0c6f5e-0000-5000-8000-000000000001@slotgraph.example.com",
    sequence=1,
    start=datetime(2026, 3, 30, 9, tzinfo=UTC),
    end=datetime(2026, 3, 30, 9, 30, tzinfo=UTC),
    summary="Intro \u00b7 Grace\r\nATTENDEE:mailto:x@example.com",
    description="Grace <grace@example.com>\n\nTopic: \u00fcber alles, " + "lang; " * 30,
    place="Room 7\x00",
    marker=MARKER,
)

MOVED = """\
BEGIN:VEVENT
UID:weekly
DTSTAMP:20260101T000000Z
RECURRENCE-ID;TZID=Europe/Berlin:20260316T090000
DTSTART;TZID=Europe/Berlin:20260317T140000
DTEND;TZID=Europe/Berlin:20260317T150000
END:VEVENT"""


def account(url: str, word: str = WORD) -> Account:
    return Account(Provider.CALDAV, url, USER, Secret(word))


def adapter() -> CalDav:
    return CalDav(SafeHttp(allow_loopback=True))


def new_calendar(radicale: Radicale) -> str:
    """Make a calendar that no other test knows."""
    return radicale.calendar(f"calendar{next(NAMES)}")


def shown(radicale: Radicale) -> str:
    """Make the calendar `shown` anew, with a name and a zone."""
    url = f"{radicale.url}{USER}/shown/"
    httpx.delete(url, auth=(USER, WORD), trust_env=False, verify=serving.TLS)
    radicale.calendar("shown")
    body = (
        '<D:propertyupdate xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><D:set><D:prop>'
        "<D:displayname>Wörk</D:displayname><C:calendar-timezone>BEGIN:VCALENDAR\nBEGIN:VTIMEZONE\n"
        "TZID:Europe/Berlin\nEND:VTIMEZONE\nEND:VCALENDAR\n</C:calendar-timezone>"
        "</D:prop></D:set></D:propertyupdate>"
    )
    httpx.request(
        "PROPPATCH", url, content=body.encode(), auth=(USER, WORD), trust_env=False, verify=serving.TLS
    )
    return url


def fill(radicale: Radicale, url: str, **entries: str) -> None:
    """Put foreign entries, as the host's own program would."""
    for name, text in entries.items():
        radicale.put(url, name, text.replace("\r\n", "\n"))


def read(url: str) -> list[str]:
    """Read an object as the host's own program would; its lines, unfolded."""
    answer = httpx.get(url, auth=(USER, WORD), trust_env=False, verify=serving.TLS)
    return answer.text.replace("\r\n ", "").split("\r\n")


async def busy(radicale: Radicale, url: str, zone: str | None = "Europe/Berlin") -> list[str]:
    (found,) = await adapter().busy(account(radicale.url), [BusyAt(url, zone)], WINDOW)
    return [spelled(span) for span in found.counted()]


def spelled(span: Span) -> str:
    return "/".join(f"{instant_of(minute):%m-%d %H:%M}" for minute in span)


async def refusal(call: Awaitable[object]) -> tuple[type[ProviderFailed], str]:
    """Wait for a call that fails; say how."""
    with pytest.raises(ProviderFailed) as failed:
        await call
    return type(failed.value), failed.value.reason


@pytest.mark.parametrize("start", ["", f"{USER}/", f"{USER}/shown/"])
async def test_calendar_is_found_from_every_address_that_a_user_may_know(
    radicale: Radicale, start: str
) -> None:
    """X20."""
    url = shown(radicale)

    found = await adapter().discover(account(f"{radicale.url}{start}"))

    [here] = [calendar for calendar in found if calendar.url == url]
    assert (here.name, here.zone, here.is_writable) == ("Wörk", "Europe/Berlin", True)


async def test_wrong_password_is_revoked_at_once(radicale: Radicale) -> None:
    calendars = [BusyAt(new_calendar(radicale), None)]
    asker = account(radicale.url, "wrong")

    assert await refusal(adapter().discover(asker)) == (Revoked, "credentials_refused")
    assert await refusal(adapter().busy(asker, calendars, WINDOW)) == (Revoked, "credentials_refused")


async def test_place_without_calendars_is_permanent(radicale: Radicale) -> None:
    url = f"{radicale.url}nobody/nothing/"

    assert await refusal(adapter().busy(account(radicale.url), [BusyAt(url, None)], WINDOW)) in {
        (Permanent, "calendar_gone"),
        (Permanent, "forbidden"),
    }


async def test_entries_of_every_kind_take_their_time(radicale: Radicale) -> None:
    """R006, R060: recurring with exceptions, whole days in the calendar's zone, and what does not count."""
    url = new_calendar(radicale)
    weekly = calendar(
        "UID:weekly",
        "DTSTART;TZID=Europe/Berlin:20260302T090000",
        "DTEND;TZID=Europe/Berlin:20260302T100000",
        "RRULE:FREQ=WEEKLY",
        "EXDATE;TZID=Europe/Berlin:20260323T090000",
    )
    fill(
        radicale,
        url,
        weekly=weekly.replace("END:VCALENDAR", f"{MOVED}\r\nEND:VCALENDAR"),
        day=calendar("UID:day", "DTSTART;VALUE=DATE:20260319"),
        floating=calendar("UID:floating", "DTSTART:20260320T090000", "DTEND:20260320T100000"),
        maybe=calendar("UID:maybe", "DTSTART:20260321T090000Z", "DURATION:PT1H", "STATUS:TENTATIVE"),
        off=calendar("UID:off", "DTSTART:20260321T120000Z", "DURATION:PT1H", "STATUS:CANCELLED"),
        seen=calendar("UID:seen", "DTSTART:20260321T150000Z", "DURATION:PT1H", "TRANSP:TRANSPARENT"),
        point=calendar("UID:point", "DTSTART:20260321T180000Z"),
    )

    assert await busy(radicale, url) == [
        "03-17 13:00/03-17 14:00",
        "03-18 23:00/03-19 23:00",
        "03-20 08:00/03-20 09:00",
        "03-21 09:00/03-21 10:00",
        "03-30 07:00/03-30 08:00",
    ]


async def test_whole_day_at_the_edge_of_the_window_is_not_missed(radicale: Radicale) -> None:
    """The server reckons whole days in UTC; in Honolulu this one still lasts when the window begins."""
    url = new_calendar(radicale)
    fill(radicale, url, day=calendar("UID:day", "DTSTART;VALUE=DATE:20260315"))

    assert await busy(radicale, url, "Pacific/Honolulu") == ["03-16 00:00/03-16 10:00"]


async def test_several_calendars_are_joined_and_one_that_is_gone_makes_all_fail(radicale: Radicale) -> None:
    """Case 136."""
    one, two = new_calendar(radicale), new_calendar(radicale)
    fill(radicale, one, a=calendar("UID:a", "DTSTART:20260320T090000Z", "DURATION:PT1H"))
    fill(radicale, two, b=calendar("UID:b", "DTSTART:20260320T093000Z", "DURATION:PT1H"))
    asked = [BusyAt(two, "UTC"), BusyAt(one, "UTC")]

    found = await adapter().busy(account(radicale.url), asked, WINDOW)
    gone = adapter().busy(account(radicale.url), [*asked, BusyAt(f"{one}gone/", "UTC")], WINDOW)

    assert [[spelled(span) for span in times.counted()] for times in found] == [
        ["03-20 09:30/03-20 10:30"],
        ["03-20 09:00/03-20 10:00"],
    ]
    assert (await refusal(gone))[0] is Permanent


async def test_every_report_asks_for_times_and_nothing_else(radicale: Radicale) -> None:
    """R062, R063, R064, R065, cases 164 and 165."""
    url = new_calendar(radicale)
    fill(radicale, url, a=calendar("UID:a", "DTSTART:20260320T090000Z", "DURATION:PT1H"))
    async with overheard(httpx.URL(radicale.url).port or 0) as (root, said):
        asker = account(root)
        (found,) = await adapter().busy(asker, [BusyAt(url.replace(radicale.url, root), "UTC")], WINDOW)

    reports = re.findall(rb"REPORT .*?</C:calendar-query>", bytes(said), re.DOTALL)
    assert len(reports) == bytes(said).count(b"REPORT ") == 1
    assert re.findall(rb"<D:prop>(.*?)</D:prop>", reports[0])[0].startswith(b"<C:calendar-data>")
    assert set(re.findall(rb'<C:prop name="([A-Z-]+)"/>', reports[0])) == {
        *(b"UID", b"DTSTART", b"DTEND", b"DURATION", b"RRULE", b"EXDATE", b"RDATE", b"RECURRENCE-ID"),
        *(b"TRANSP", b"STATUS", b"VERSION", b"TZID", b"TZOFFSETFROM", b"TZOFFSETTO"),
    }
    assert b"allprop" not in reports[0]
    assert [spelled(span) for span in found.counted()] == ["03-20 09:00/03-20 10:00"]
    assert CANARY not in repr(found)


async def test_entry_is_written_once_however_often_it_is_written(radicale: Radicale) -> None:
    """R007, R066, case 182."""
    url = new_calendar(radicale)
    first = await adapter().put_entry(account(radicale.url), EntrySpot(url, ENTRY.uid, ENTRY.marker), ENTRY)
    stored = radicale.stored()

    again = await adapter().put_entry(account(radicale.url), EntrySpot(url, ENTRY.uid, ENTRY.marker), ENTRY)

    assert (again, radicale.stored()) == (first, stored)
    assert await adapter().find_entry(account(radicale.url), EntrySpot(url, ENTRY.uid, MARKER)) == EntryState(
        ENTRY.start, ENTRY.end, 1
    )


async def test_entry_as_it_is_stored_lets_no_server_mail_anybody(radicale: Radicale) -> None:
    """R007: no guests, no organizer, no method, and no line that a name could have broken out of."""
    url = new_calendar(radicale)

    await adapter().put_entry(account(radicale.url), EntrySpot(url, ENTRY.uid, ENTRY.marker), ENTRY)

    lines = read(f"{url}{ENTRY.uid.replace('@', '%40')}.ics")
    assert not [line for line in lines if line.startswith(("ATTENDEE", "ORGANIZER", "METHOD"))]
    assert "DTSTART:20260330T090000Z" in lines
    assert "DTEND:20260330T093000Z" in lines
    assert "SUMMARY:Intro \u00b7 Grace ATTENDEE:mailto:x@example.com" in lines
    assert "LOCATION:Room 7" in lines
    assert f"X-SLOTGRAPH-MARKER:{MARKER}" in lines


async def test_entry_that_is_moved_stays_one_entry(radicale: Radicale) -> None:
    """R067."""
    url = new_calendar(radicale)
    await adapter().put_entry(account(radicale.url), EntrySpot(url, ENTRY.uid, ENTRY.marker), ENTRY)
    hours = timedelta(hours=5)
    later = replace(ENTRY, sequence=2, start=ENTRY.start + hours, end=ENTRY.end + hours)

    await adapter().put_entry(account(radicale.url), EntrySpot(url, later.uid, later.marker), later)

    assert await busy(radicale, url) == ["03-30 14:00/03-30 14:30"]
    assert await adapter().find_entry(account(radicale.url), EntrySpot(url, ENTRY.uid, MARKER)) == EntryState(
        later.start, later.end, 2
    )


async def test_entry_that_is_gone_is_removed_and_removing_again_is_fine(radicale: Radicale) -> None:
    url = new_calendar(radicale)
    asker = account(radicale.url)
    await adapter().put_entry(asker, EntrySpot(url, ENTRY.uid, ENTRY.marker), ENTRY)

    await adapter().delete_entry(asker, EntrySpot(url, ENTRY.uid, MARKER))
    await adapter().delete_entry(asker, EntrySpot(url, ENTRY.uid, MARKER))

    assert await adapter().find_entry(asker, EntrySpot(url, ENTRY.uid, MARKER)) is None
    assert await busy(radicale, url) == []


async def test_entry_without_our_mark_is_neither_replaced_nor_removed(radicale: Radicale) -> None:
    """R068, case 166: the host's own entry under our name, and ours with another's mark."""
    url, asker = new_calendar(radicale), account(radicale.url)
    own = calendar(f"UID:{ENTRY.uid}", "DTSTART:20260320T090000Z").replace("\r\n", "\n")
    radicale.put(url, ENTRY.uid.replace("@", "%40"), own)
    other = replace(ENTRY, uid="other@slotgraph.example.com")
    await adapter().put_entry(asker, EntrySpot(url, other.uid, other.marker), other)
    before = radicale.stored()

    refused = [
        await refusal(adapter().put_entry(asker, EntrySpot(url, ENTRY.uid, ENTRY.marker), ENTRY)),
        await refusal(adapter().delete_entry(asker, EntrySpot(url, ENTRY.uid, MARKER))),
        await refusal(adapter().find_entry(asker, EntrySpot(url, ENTRY.uid, MARKER))),
        await refusal(
            adapter().put_entry(
                asker,
                EntrySpot(
                    url,
                    replace(other, sequence=2, marker="n" * 64).uid,
                    replace(other, sequence=2, marker="n" * 64).marker,
                ),
                replace(other, sequence=2, marker="n" * 64),
            )
        ),
        await refusal(adapter().delete_entry(asker, EntrySpot(url, other.uid, "n" * 64))),
        await refusal(adapter().delete_entry(asker, EntrySpot(url, other.uid, ""))),
    ]

    assert refused == [(Permanent, "not_ours")] * 6
    assert radicale.stored() == before


@given(
    st.lists(
        st.tuples(st.sampled_from(("put", "delete", "find")), st.integers(0, 3), st.integers(1, 5)),
        max_size=8,
    )
)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_foreign_entries_stay_as_they_are_whatever_is_done(
    radicale: Radicale, steps: list[tuple[str, int, int]]
) -> None:
    """R068: after any row of operations, byte by byte."""
    url, asker, caldav = new_calendar(radicale), account(radicale.url), adapter()
    stranger = calendar("UID:stranger", "DTSTART:20260320T090000Z", "RRULE:FREQ=DAILY").replace("\r\n", "\n")
    radicale.put(url, "stranger", stranger)
    radicale.put(url, "3%40slotgraph", stranger.replace("UID:stranger", "UID:3@slotgraph"))
    before = in_calendar(radicale, url)

    await walk(caldav, asker, url, steps)

    after = in_calendar(radicale, url)
    assert {name: data for name, data in after.items() if name in before} == before
    assert set(after) - set(before) <= {f"{number}@slotgraph.ics" for number in range(3)}


async def walk(caldav: CalDav, asker: Account, url: str, steps: list[tuple[str, int, int]]) -> None:
    """Do one thing after the other."""
    for what, number, sequence in steps:
        await step(caldav, asker, url, what, replace(ENTRY, uid=f"{number}@slotgraph", sequence=sequence))


async def step(caldav: CalDav, asker: Account, url: str, what: str, entry: Entry) -> None:
    """Do one thing; the third name is a stranger's, and everything with it is refused."""
    calls = {
        "put": lambda: caldav.put_entry(asker, EntrySpot(url, entry.uid, entry.marker), entry),
        "delete": lambda: caldav.delete_entry(asker, EntrySpot(url, entry.uid, entry.marker)),
        "find": lambda: caldav.find_entry(asker, EntrySpot(url, entry.uid, entry.marker)),
    }
    if entry.uid.startswith("3"):
        assert await refusal(calls[what]()) == (Permanent, "not_ours")
    else:
        await calls[what]()


def in_calendar(radicale: Radicale, url: str) -> dict[str, bytes]:
    """Read what lies in one calendar, by the names of its files."""
    folder = url.rstrip("/").rpartition("/")[2]
    return {
        path.name: path.read_bytes()
        for path in radicale.data.rglob(f"{folder}/*.ics")
        if ".Radicale.cache" not in path.parts
    }

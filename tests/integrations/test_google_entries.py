"""Our entries at Google: written once, changed only where something is new, and never another's."""

import re
from collections.abc import AsyncGenerator, Awaitable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.calendars import Entry, EntryMeeting, EntryRef, EntrySpot, EntryState
from integrations.ports import Permanent, ProviderFailed, Transient
from tests.fakes.google_side import EMAIL, GoogleSide, google_side
from tests.fakes.google_state import Event
from tests.fakes.kit import Fault
from tests.fakes.sides import CANARY

pytestmark = pytest.mark.anyio

ID = "5f0c6f5e000050008000000000000001"
UID = "5f0c6f5e-0000-5000-8000-000000000001@slotgraph.example.com"
MARKER = "m" * 64
START = datetime(2026, 3, 30, 9, tzinfo=UTC)
ENTRY = Entry(
    uid=UID,
    sequence=1,
    start=START,
    end=START + timedelta(minutes=30),
    summary="Intro \u00b7 Grace",
    description="Grace <grace@example.com>\n\nTopic: \u00fcber alles",
    place="Room 7",
    marker=MARKER,
    zone="Europe/Berlin",
)
MOVED = replace(ENTRY, sequence=2, start=START + timedelta(hours=3), end=START + timedelta(hours=4))
NEW = EntrySpot(EMAIL, UID, MARKER)
WRITTEN = replace(NEW, remote_id=ID, start=ENTRY.start, end=ENTRY.end, texts=ENTRY.texts)
MET = replace(ENTRY, meeting=EntryMeeting.GOOGLE_MEET)


@pytest.fixture
async def side() -> AsyncGenerator[GoogleSide]:
    async with google_side() as made:
        yield made


async def put(side: GoogleSide, spot: EntrySpot = NEW, entry: Entry = ENTRY) -> EntryRef:
    return await side.adapter.put_entry(side.account, spot, entry)


async def find(side: GoogleSide) -> EntryState | None:
    return await side.adapter.find_entry(side.account, WRITTEN)


def stands(side: GoogleSide) -> Event:
    return side.calendar.events[ID]


def sent(side: GoogleSide, operation: str = "events.patch") -> list[dict[str, Any]]:
    return [call.json for call in side.fake.asked(operation)]


def operations(side: GoogleSide) -> list[str]:
    return [call.operation.removeprefix("events.") for call in side.fake.calls]


async def refusal(call: Awaitable[object]) -> tuple[type[ProviderFailed], str]:
    with pytest.raises(ProviderFailed) as failed:
        await call
    return type(failed.value), failed.value.reason


# Written.


async def test_entry_is_written_under_an_id_of_our_own_and_invites_nobody(side: GoogleSide) -> None:
    """R066, R113."""
    ref = await put(side)

    assert ref == EntryRef(ID, stands(side)["etag"])
    assert side.ours() == [(ENTRY.start, ENTRY.end, "Intro \u00b7 Grace")]
    assert stands(side)["extendedProperties"] == {"private": {"slotgraphMarker": MARKER}}
    assert stands(side)["start"] == {"dateTime": "2026-03-30T09:00:00Z", "timeZone": "Europe/Berlin"}
    [call] = side.fake.calls
    assert "attendees" not in call.json
    assert "reminders" not in call.json
    assert (call.query["sendUpdates"], "summary" in call.query["fields"]) == ("none", False)
    assert side.violations() == []


async def test_writing_twice_makes_one_entry(side: GoogleSide) -> None:
    """R007, R113: a repeat after an answer that was lost finds the first."""
    side.fails("put", Fault(after=True, hangs_up=True))

    lost = await refusal(put(side))
    ref = await put(side)

    assert lost == (Transient, "unreachable")
    assert (ref.remote_id, len(side.ours())) == (ID, 1)
    assert operations(side) == ["insert", "insert", "get", "patch"]


async def test_nothing_new_is_not_written(side: GoogleSide) -> None:
    first = await put(side)

    again = await put(side, WRITTEN)

    assert again == first
    assert operations(side) == ["insert", "get"]


async def test_reschedule_moves_the_same_entry_and_sends_its_times_only(side: GoogleSide) -> None:
    """R067, R114."""
    await put(side)
    side.host_retitles("With Grace, at last")
    side.calendar.edit(ID, colorId="7", reminders={"useDefault": False})
    read = stands(side)["etag"]

    ref = await put(side, WRITTEN, MOVED)

    assert (ref.remote_id, ref.etag) == (ID, stands(side)["etag"])
    assert side.ours() == [(MOVED.start, MOVED.end, "With Grace, at last")]
    assert (stands(side)["colorId"], stands(side)["reminders"]) == ("7", {"useDefault": False})
    assert [sorted(body) for body in sent(side)] == [["end", "start"]]
    assert [call.headers["if-match"] for call in side.fake.asked("events.patch")] == [read]
    assert side.violations() == []


async def test_what_the_host_moved_stays_while_we_have_no_news(side: GoogleSide) -> None:
    """R114: new texts do not bring old times back."""
    await put(side)
    side.host_moves(MOVED.start, MOVED.end)
    retold = replace(ENTRY, summary="Intro \u00b7 Grace Hopper", place="")

    await put(side, WRITTEN, retold)

    assert side.ours() == [(MOVED.start, MOVED.end, "Intro \u00b7 Grace Hopper")]
    assert "location" not in stands(side)
    assert [sorted(body) for body in sent(side)] == [["description", "location", "summary"]]


async def test_times_are_written_where_nobody_knows_what_was(side: GoogleSide) -> None:
    await put(side)
    side.host_moves(MOVED.start, MOVED.end)

    await put(side, replace(WRITTEN, start=None, end=None))

    assert side.ours() == [(ENTRY.start, ENTRY.end, "Intro \u00b7 Grace")]


async def test_entry_of_whole_days_gets_its_time_back(side: GoogleSide) -> None:
    await put(side)
    side.calendar.edit(ID, start={"date": "2026-03-30"}, end={"date": "2026-03-31"})

    await put(side, WRITTEN, MOVED)

    assert side.ours() == [(MOVED.start, MOVED.end, "Intro \u00b7 Grace")]
    assert side.violations() == []


async def test_deleted_entry_is_brought_back_as_we_say_it(side: GoogleSide) -> None:
    await put(side)
    side.host_retitles("Other")
    side.host_deletes()

    await put(side, WRITTEN)

    assert side.ours() == [(ENTRY.start, ENTRY.end, "Intro \u00b7 Grace")]
    assert sent(side)[0]["status"] == "confirmed"


async def test_entry_that_google_has_forgotten_is_made_anew(side: GoogleSide) -> None:
    await put(side)
    side.calendar.forget(ID)

    ref = await put(side, WRITTEN)

    assert (ref.remote_id, len(side.ours())) == (ID, 1)


async def test_change_between_reading_and_writing_is_seen(side: GoogleSide) -> None:
    await put(side)
    side.fails("put", Fault(412))

    await put(side, WRITTEN, MOVED)

    assert operations(side) == ["insert", "get", "patch", "get", "patch"]
    assert side.ours()[0][:2] == (MOVED.start, MOVED.end)


async def test_entry_that_never_stands_still_is_tried_later(side: GoogleSide) -> None:
    await put(side)
    side.fails("put", *[Fault(412)] * 3)

    assert await refusal(put(side, WRITTEN, MOVED)) == (Transient, "changed_meanwhile")


# Meet.


async def test_meet_is_made_with_the_entry_and_its_link_read_again(side: GoogleSide) -> None:
    """R117."""
    first = await put(side, NEW, MET)
    second = await put(side, WRITTEN, MET)

    assert (first.join_url, first.is_meeting_pending) == (None, True)
    assert (second.join_url, second.is_meeting_pending) == ("https://meet.google.com/meet-5f0c6f5e", False)
    assert operations(side) == ["insert", "get"]
    assert side.violations() == []


async def test_meet_is_added_to_an_entry_that_stands(side: GoogleSide) -> None:
    await put(side)

    added = await put(side, WRITTEN, MET)
    again = await put(side, WRITTEN, MET)

    assert (added.is_meeting_pending, again.join_url) == (True, "https://meet.google.com/meet-5f0c6f5e")
    assert [sorted(body) for body in sent(side)] == [["conferenceData"]]


async def test_meet_is_made_once_whatever_is_lost(side: GoogleSide) -> None:
    side.fails("put", Fault(after=True, hangs_up=True))
    await refusal(put(side, NEW, MET))

    ref = await put(side, NEW, MET)

    assert ref.join_url == "https://meet.google.com/meet-5f0c6f5e"
    assert [sorted(body) for body in sent(side)] == [["description", "location", "summary"]]


async def test_meet_that_failed_is_asked_for_by_another_request(side: GoogleSide) -> None:
    side.fake.events.meet = "failure"
    await put(side, NEW, MET)

    failed = await put(side, WRITTEN, MET)
    side.fake.events.meet = "success"
    made = await put(side, WRITTEN, MET)

    [first, second] = [
        body["conferenceData"]["createRequest"]["requestId"]
        for body in (*sent(side, "events.insert"), *sent(side))
    ]
    assert (failed.is_meeting_pending, first != second) == (True, True)
    assert made.join_url == "https://meet.google.com/meet-5f0c6f5e"


# Removed and found.


async def test_entry_is_removed_as_it_was_recognised(side: GoogleSide) -> None:
    """R115."""
    await put(side)
    etag = stands(side)["etag"]

    await side.adapter.delete_entry(side.account, WRITTEN)

    [call] = side.fake.asked("events.delete")
    assert (call.headers["if-match"], call.query["sendUpdates"]) == (etag, "none")
    assert side.ours() == []
    assert side.violations() == []


async def test_removing_twice_or_what_never_was_is_done(side: GoogleSide) -> None:
    """R115: 404 and 410 count as done."""
    await side.adapter.delete_entry(side.account, NEW)
    await put(side)
    side.fails("delete", Fault(410, b'{"error":{"errors":[{"reason":"deleted"}]}}'))
    await side.adapter.delete_entry(side.account, WRITTEN)
    await side.adapter.delete_entry(side.account, WRITTEN)
    await side.adapter.delete_entry(side.account, WRITTEN)

    assert side.ours() == []
    assert len(side.fake.asked("events.delete")) == 2


async def test_entry_that_changes_while_it_is_removed_is_read_again(side: GoogleSide) -> None:
    await put(side)
    side.fails("delete", Fault(412))

    await side.adapter.delete_entry(side.account, WRITTEN)

    assert (operations(side)[1:], side.ours()) == (["get", "delete", "get", "delete"], [])


async def test_entry_is_found_where_the_host_has_moved_it(side: GoogleSide) -> None:
    await put(side)
    stood = await find(side)
    side.host_moves(MOVED.start, MOVED.end)
    moved = await find(side)
    side.host_deletes()
    gone = await find(side)

    assert (stood, moved, gone) == (
        EntryState(ENTRY.start, ENTRY.end),
        EntryState(MOVED.start, MOVED.end),
        None,
    )
    assert CANARY not in repr((stood, moved))
    assert side.violations() == []


async def test_entry_of_whole_days_is_found_in_its_calendars_zone(side: GoogleSide) -> None:
    await put(side)
    side.calendar.zone = "Asia/Tokyo"
    side.calendar.edit(
        ID, start={"date": date(2026, 3, 31).isoformat()}, end={"date": date(2026, 4, 1).isoformat()}
    )

    assert await find(side) == EntryState(
        datetime(2026, 3, 30, 15, tzinfo=UTC), datetime(2026, 3, 31, 15, tzinfo=UTC)
    )


async def test_entry_that_google_has_forgotten_is_gone(side: GoogleSide) -> None:
    assert await find(side) is None


async def test_calendar_that_is_gone_says_nothing_about_its_entries(side: GoogleSide) -> None:
    """Else every booking in it would look cancelled."""
    await put(side)
    del side.fake.calendars[EMAIL]

    assert await refusal(find(side)) == (Permanent, "calendar_gone")
    assert await refusal(put(side, WRITTEN, MOVED)) == (Permanent, "calendar_gone")


async def test_every_answer_with_an_entry_in_it_is_masked(side: GoogleSide) -> None:
    """R062 to R065, case 165: what an entry says, or who comes, is asked for by no call."""
    await put(side, NEW, MET)
    await put(side, WRITTEN, replace(MOVED, meeting=EntryMeeting.GOOGLE_MEET))
    await find(side)
    await side.adapter.delete_entry(side.account, WRITTEN)

    masks = [call.query.get("fields", "") for call in side.fake.calls]
    told = re.compile("summary|description|location|attendees|attachments|creator|organizer|\\*")
    assert operations(side) == ["insert", "get", "patch", "get", "get", "delete"]
    assert [bool(mask) for mask in masks] == [True, True, True, True, True, False]
    assert [mask for mask in masks if told.search(mask)] == []


# Not ours.


@pytest.mark.parametrize("marker", [None, "", "n" * 64])
async def test_entry_without_our_marker_is_never_touched(side: GoogleSide, marker: str | None) -> None:
    """R068, case 166: the id alone makes nothing ours."""
    private = {} if marker is None else {"slotgraphMarker": marker}
    side.calendar.add(START, START + timedelta(hours=1), id=ID, extendedProperties={"private": private})
    before = dict(stands(side))

    refused = [
        await refusal(put(side)),
        await refusal(put(side, WRITTEN, MOVED)),
        await refusal(find(side)),
        await refusal(side.adapter.delete_entry(side.account, WRITTEN)),
    ]

    assert refused == [(Permanent, "not_ours")] * 4
    assert stands(side) == before
    assert side.fake.asked("events.patch", "events.delete") == []


async def test_foreign_id_is_refused_before_any_call(side: GoogleSide) -> None:
    """R068."""
    foreign = side.calendar.add(START, START + timedelta(hours=1), summary=CANARY)
    spot = replace(WRITTEN, remote_id=foreign)

    refused = [
        await refusal(put(side, spot, MOVED)),
        await refusal(side.adapter.delete_entry(side.account, spot)),
        await refusal(side.adapter.find_entry(side.account, spot)),
        await refusal(put(side, replace(NEW, uid="no uuid@example.com"))),
    ]

    assert refused == [(Permanent, "not_ours")] * 4
    assert side.fake.calls == []


async def test_spot_without_a_marker_opens_nothing(side: GoogleSide) -> None:
    await put(side, NEW, replace(ENTRY, marker=""))

    assert await refusal(put(side, replace(WRITTEN, marker=""), MOVED)) == (Permanent, "not_ours")


ACTS = st.lists(
    st.sampled_from(["put", "move", "delete", "find", "host_moves", "host_deletes", "forget"]), max_size=8
)


async def _act(side: GoogleSide, act: str) -> None:
    match act:
        case "put":
            await put(side)
        case "move":
            await put(side, WRITTEN, MOVED)
        case "delete":
            await side.adapter.delete_entry(side.account, WRITTEN)
        case "find":
            await find(side)
        case "host_moves" if side.ours():
            side.host_moves(START + timedelta(days=1), START + timedelta(days=1, hours=1))
        case "host_deletes" if side.ours():
            side.host_deletes()
        case _:
            side.calendar.events.pop(ID, None)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=ACTS)
async def test_whatever_is_done_leaves_foreign_entries_as_they_are(acts: list[str]) -> None:
    """R068: byte by byte, and of ours there is never more than one."""
    async with google_side() as side:
        side.add(START, START + timedelta(hours=1))
        side.add(START, START + timedelta(hours=1), is_cancelled=True)
        before = side.foreign()

        for act in acts:
            await _act(side, act)

        assert side.foreign() == before
        assert len(side.ours()) <= 1
        assert side.violations() == []

"""Our entries in Microsoft's calendars: written once, changed where there is news, left alone otherwise."""

from collections.abc import AsyncGenerator, Awaitable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from domain.calendars import Entry, EntryMeeting, EntryRef, EntrySpot, EntryState
from integrations.microsoft.entries import PROPERTY
from integrations.ports import ProviderFailed
from tests.fakes.graph import refuses
from tests.fakes.graph_state import EventState
from tests.fakes.kit import Fault
from tests.fakes.microsoft_side import HOST, MicrosoftSide, microsoft_side

pytestmark = pytest.mark.anyio

MARKER = "Mk" * 32
START = datetime(2026, 3, 30, 9, tzinfo=UTC)
END = START + timedelta(minutes=30)
HOUR = timedelta(hours=1)
ENTRY = Entry(
    uid="5f0c6f5e-0000-5000-8000-000000000001@o'hara.example.com",
    sequence=1,
    start=START,
    end=END,
    summary="Intro \u00b7 Grace\r\nx",
    description="Grace\n\nTopic: \u00fcber alles",
    place="Room 7\x00",
    marker=MARKER,
    zone="Europe/Berlin",
)
TEAMS = replace(ENTRY, meeting=EntryMeeting.TEAMS)


@pytest.fixture
async def side() -> AsyncGenerator[MicrosoftSide]:
    async with microsoft_side() as made:
        yield made
        assert made.violations() == []


def spot(side: MicrosoftSide, ref: EntryRef | None = None, written: Entry = ENTRY) -> EntrySpot:
    """Say what we know of the entry: nothing before the first write, then what was written."""
    unwritten = EntrySpot(side.calendar_url, ENTRY.uid, MARKER)
    if ref is None:
        return unwritten
    return replace(
        unwritten, remote_id=ref.remote_id, start=written.start, end=written.end, texts=written.texts
    )


def only(side: MicrosoftSide) -> EventState:
    [event] = side.calendar.events.values()
    return event


async def put(side: MicrosoftSide, where: EntrySpot, entry: Entry = ENTRY) -> EntryRef:
    return await side.adapter.put_entry(side.account, where, entry)


async def refusal(call: Awaitable[object]) -> str:
    with pytest.raises(ProviderFailed) as failed:
        await call
    return f"{type(failed.value).__name__} {failed.value.reason}"


async def test_entry_is_written_with_what_people_read_and_what_we_know_it_by(side: MicrosoftSide) -> None:
    """R066: on the host's wall, as plain text, with nobody in it whom Microsoft could mail."""
    ref = await put(side, spot(side))

    sent = side.fake.asked("event.create")[0].json
    assert sent.pop("transactionId").isalnum()
    assert sent == {
        "subject": "Intro \u00b7 Grace x",
        "location": {"displayName": "Room 7"},
        "body": {"contentType": "text", "content": "Grace\n\nTopic: \u00fcber alles"},
        "start": {"dateTime": "2026-03-30T11:00:00", "timeZone": "W. Europe Standard Time"},
        "end": {"dateTime": "2026-03-30T11:30:00", "timeZone": "W. Europe Standard Time"},
        "isAllDay": False,
        "showAs": "busy",
        "singleValueExtendedProperties": [{"id": PROPERTY, "value": f"{ENTRY.uid} {MARKER}"}],
    }
    assert ref == EntryRef(only(side).id, only(side).etag)
    assert side.ours() == [(START, END, "Intro \u00b7 Grace x")]


async def test_time_that_comes_twice_on_the_wall_is_written_in_utc(side: MicrosoftSide) -> None:
    start = datetime(2026, 10, 25, 1, 15, tzinfo=UTC)

    await put(side, spot(side), replace(ENTRY, start=start, end=start + HOUR))

    assert [span[:2] for span in side.ours()] == [(start, start + HOUR)]


async def test_zone_that_graph_refuses_is_written_in_utc(side: MicrosoftSide) -> None:
    side.fake.refused_zones = frozenset({"America/Coyhaique"})

    await put(side, spot(side), replace(ENTRY, zone="America/Coyhaique"))

    assert only(side).zone == "UTC"
    assert [span[:2] for span in side.ours()] == [(START, END)]


async def test_written_twice_it_is_one_entry(side: MicrosoftSide) -> None:
    first = await put(side, spot(side))
    second = await put(side, spot(side))

    assert second.remote_id == first.remote_id
    assert len(side.ours()) == 1


@pytest.mark.parametrize("is_told", [True, False])
async def test_answer_that_was_lost_leaves_one_entry(side: MicrosoftSide, is_told: bool) -> None:
    side.fake.tells_existing = is_told
    side.fails("put", Fault(hangs_up=True, after=True))

    lost = await refusal(put(side, spot(side)))
    ref = await put(side, spot(side))

    assert lost == "Transient unreachable"
    assert ref.remote_id == only(side).id


@pytest.mark.parametrize("is_told", [True, False])
async def test_creation_that_was_not_seen_to_succeed_meanwhile_is_found(
    side: MicrosoftSide, is_told: bool
) -> None:
    """Two workers write at once: the second's search finds nothing, and its creation is a repeat."""
    side.fake.tells_existing = is_told
    ref = await put(side, spot(side))
    side.fake.fails("search", Fault(200, b'{"value": []}'))

    again = await put(side, spot(side))

    assert again.remote_id == ref.remote_id
    assert len(side.fake.asked("event.create")) == 2
    assert len(side.ours()) == 1


async def test_creation_that_graph_remembers_but_does_not_show_is_tried_later(side: MicrosoftSide) -> None:
    side.fake.tells_existing = False
    await put(side, spot(side))
    side.host_deletes()

    assert await refusal(put(side, spot(side))) == "Transient changed_meanwhile"


async def test_reschedule_moves_the_same_entry_and_says_only_what_is_new(side: MicrosoftSide) -> None:
    """R067."""
    ref = await put(side, spot(side))

    moved = await put(side, spot(side, ref), replace(ENTRY, start=START + HOUR, end=END + HOUR))

    [patch] = side.fake.asked("event.update")
    assert moved.remote_id == ref.remote_id
    assert moved.etag != ref.etag
    assert patch.json.keys() == {"start", "end", "isAllDay"}
    assert patch.headers["if-match"] == ref.etag
    assert [span[:2] for span in side.ours()] == [(START + HOUR, END + HOUR)]


async def test_entry_without_news_is_not_written(side: MicrosoftSide) -> None:
    ref = await put(side, spot(side))

    assert await put(side, spot(side, ref)) == ref
    assert side.fake.asked("event.update") == []


async def test_what_the_host_changed_by_hand_is_left(side: MicrosoftSide) -> None:
    ref = await put(side, spot(side))
    side.host_retitles("Mine")
    side.host_moves(START + HOUR, END + HOUR)

    await put(side, spot(side, ref))
    await put(side, spot(side, ref), replace(ENTRY, start=START - HOUR, end=END - HOUR))

    assert side.ours() == [(START - HOUR, END - HOUR, "Mine")]


async def test_new_texts_are_written_without_times(side: MicrosoftSide) -> None:
    ref = await put(side, spot(side))
    side.host_moves(START + HOUR, END + HOUR)

    await put(side, spot(side, ref), replace(ENTRY, summary="Other"))

    assert side.fake.asked("event.update")[0].json.keys() == {"subject", "body", "location"}
    assert side.ours() == [(START + HOUR, END + HOUR, "Other")]


async def test_entry_that_the_host_deleted_is_made_again_once(side: MicrosoftSide) -> None:
    """Graph knows its transaction: the next one's follows from the id that is gone."""
    ref = await put(side, spot(side))
    side.host_deletes()

    new = await put(side, spot(side, ref))
    again = await put(side, spot(side, ref))

    assert new.remote_id not in {ref.remote_id, None}
    assert again.remote_id == new.remote_id
    assert len(side.ours()) == 1


async def test_entry_in_another_calendar_of_the_host_is_followed(side: MicrosoftSide) -> None:
    """Ids stay when an entry moves, for who always asks for such ids."""
    ref = await put(side, spot(side))
    mailbox = side.fake.mailboxes[HOST]
    other = mailbox.calendar("Other")
    mailbox.move(only(side), other)

    await put(side, spot(side, ref), replace(ENTRY, summary="Other"))
    found = await side.adapter.find_entry(side.account, spot(side, ref))
    await side.adapter.delete_entry(side.account, spot(side, ref))

    assert found == EntryState(START, END)
    assert (other.events, side.calendar.events) == ({}, {})


async def test_entry_is_written_to_a_delegated_calendar(side: MicrosoftSide) -> None:
    boss = side.fake.mailboxes[HOST].calendar("Boss", owner="boss@example.com")
    where = replace(spot(side), calendar_url=boss.id)

    ref = await put(side, where)
    await side.adapter.delete_entry(side.account, replace(where, remote_id=ref.remote_id))

    assert boss.events == {}


async def test_write_that_somebody_overtakes_is_looked_at_again(side: MicrosoftSide) -> None:
    ref = await put(side, spot(side))
    side.fake.fails("event.update", refuses(412, "ErrorIrresolvableConflict"))

    await put(side, spot(side, ref), replace(ENTRY, summary="Other"))

    assert [title for *_, title in side.ours()] == ["Other"]
    assert len(side.fake.asked("event.update")) == 2


@pytest.mark.parametrize("is_known", [True, False])
async def test_entry_is_found_and_removed_with_and_without_its_id(
    side: MicrosoftSide, is_known: bool
) -> None:
    ref = await put(side, spot(side))
    where = spot(side, ref if is_known else None)

    found = await side.adapter.find_entry(side.account, where)
    await side.adapter.delete_entry(side.account, where)
    gone = await side.adapter.find_entry(side.account, where)
    await side.adapter.delete_entry(side.account, where)

    assert found == EntryState(START, END)
    assert gone is None
    assert side.ours() == []


@pytest.mark.parametrize(
    "proof", ["", f"{ENTRY.uid} other", f"{ENTRY.uid} {MARKER.lower()}", f"other {MARKER}"]
)
async def test_foreign_entry_under_our_id_is_never_touched(side: MicrosoftSide, proof: str) -> None:
    """R068, case 166: a wrong or copied id, another uid, a marker that is not quite ours."""
    foreign = side.calendar.add(START, END)
    foreign.extended = {PROPERTY: proof} if proof else {}
    before = side.foreign()
    where = replace(spot(side), remote_id=foreign.id)

    refused = [
        await refusal(put(side, where)),
        await refusal(side.adapter.delete_entry(side.account, where)),
        await refusal(side.adapter.find_entry(side.account, where)),
    ]

    assert refused == ["Permanent not_ours"] * 3
    assert side.foreign() == before


async def test_marker_stands_in_no_address(side: MicrosoftSide) -> None:
    ref = await put(side, spot(side))
    await side.adapter.find_entry(side.account, spot(side))
    await side.adapter.delete_entry(side.account, spot(side, ref))

    assert [call for call in side.fake.calls if MARKER in call.url] == []


async def test_teams_meeting_comes_with_its_link(side: MicrosoftSide) -> None:
    """R118."""
    ref = await put(side, spot(side), TEAMS)
    again = await put(side, spot(side, ref), TEAMS)

    assert ref.join_url == only(side).meeting
    assert (ref.is_meeting_pending, again) == (False, ref)
    assert side.fake.asked("event.update") == []


async def test_meeting_outlives_new_texts(side: MicrosoftSide) -> None:
    """Microsoft keeps in the body what leads into a meeting, and ends it if that is overwritten."""
    ref = await put(side, spot(side), TEAMS)

    new = await put(side, spot(side, ref), replace(TEAMS, summary="Other", description="Other"))

    assert new.join_url == ref.join_url
    assert [title for *_, title in side.ours()] == ["Other"]


async def test_meeting_that_is_still_being_made_is_pending(side: MicrosoftSide) -> None:
    side.fake.makes_meetings = False
    ref = await put(side, spot(side), TEAMS)
    only(side).meeting = "https://teams.example/l/late"

    later = await put(side, spot(side, ref), TEAMS)

    assert (ref.join_url, ref.is_meeting_pending) == (None, True)
    assert (later.join_url, later.is_meeting_pending) == ("https://teams.example/l/late", False)


async def test_meeting_is_added_to_an_entry_that_has_none(side: MicrosoftSide) -> None:
    ref = await put(side, spot(side))

    new = await put(side, spot(side, ref), TEAMS)

    assert new.join_url == only(side).meeting
    assert side.fake.asked("event.update")[0].json.keys() == {"isOnlineMeeting", "onlineMeetingProvider"}


async def test_personal_account_is_refused_a_teams_meeting_before_anything_is_written() -> None:
    async with microsoft_side() as side:
        side.fake.personal(HOST)

        refused = await refusal(put(side, spot(side), TEAMS))
        ref = await put(side, spot(side))
        later = await refusal(put(side, spot(side, ref), TEAMS))

        assert (refused, later) == ("Permanent meeting_not_offered",) * 2
        assert only(side).meeting is None
        assert side.violations() == []


async def test_meeting_of_another_provider_is_refused_without_a_call(side: MicrosoftSide) -> None:
    meet = replace(ENTRY, meeting=EntryMeeting.GOOGLE_MEET)

    assert await refusal(put(side, spot(side), meet)) == "Permanent meeting_not_offered"
    assert side.fake.calls == []

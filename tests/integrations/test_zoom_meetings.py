"""Meetings at Zoom: made once, moved, ended; only the link of those who come is kept."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from domain.calendars import Provider
from integrations.http import SafeHttp
from integrations.ports import Account, MadeMeeting, Meeting, Permanent, Revoked, Secret, Transient
from integrations.zoom import ZoomMeetings
from tests.clock import NOW, TurnedClock
from tests.fakes.kit import Fault, served
from tests.fakes.sides import CANARY
from tests.fakes.zoom import ZoomFake
from tests.fakes.zoom_side import HOST
from tests.integrations.test_zoom import FAILURES, refusal

pytestmark = pytest.mark.anyio

MEETING = Meeting(
    key="k" * 40,
    topic="Intro \u00b7 Grace\n" + "x" * 300,
    start=NOW + timedelta(days=3),
    end=NOW + timedelta(days=3, minutes=30),
    zone="Europe/Berlin",
)
LATER = replace(MEETING, start=NOW + timedelta(days=4), end=NOW + timedelta(days=4, minutes=45))


@dataclass
class Playing:
    """A Zoom, its clock, and the adapter that speaks to it."""

    fake: ZoomFake
    clock: TurnedClock
    adapter: ZoomMeetings
    account: Account

    async def make(self, meeting: Meeting = MEETING) -> MadeMeeting:
        return await self.adapter.make(self.account, meeting)

    def standing(self) -> list[dict[str, Any]]:
        """List what stands at Zoom."""
        return list(self.fake.accounts[HOST.email].meetings.values())


@pytest.fixture
async def zoom() -> AsyncIterator[Playing]:
    clock = TurnedClock()
    fake = ZoomFake([HOST], clock)
    async with served(fake) as url:
        adapter = ZoomMeetings(SafeHttp(allow_loopback=True), f"{url}/zoom/v2", clock)
        account = Account(Provider.ZOOM, f"{url}/zoom/v2", "", Secret(fake.token_for(HOST.email)))
        yield Playing(fake, clock, adapter, account)
    assert fake.violations == []


async def test_meeting_is_made_and_only_the_guests_link_is_kept(zoom: Playing) -> None:
    """R116, case 164: the id is beyond 32 bits, and the host's own link is nowhere."""
    made = await zoom.make()

    assert made == MadeMeeting("85746065123", "https://zoom.example/j/85746065123?pwd=guest")
    assert CANARY in str(zoom.standing()[0]["start_url"])
    assert CANARY not in repr(made) + made.join_url
    [call] = zoom.fake.asked("createMeeting")
    assert call.json == {
        "topic": "Intro \u00b7 Grace " + "x" * 186,
        "type": 2,
        "agenda": f"slotgraph:{MEETING.key}",
        "settings": {"waiting_room": True, "join_before_host": False},
        "start_time": "2026-03-30T12:00:00Z",
        "duration": 30,
        "timezone": "Europe/Berlin",
    }


async def test_meeting_whose_answer_was_lost_is_found_and_not_made_twice(zoom: Playing) -> None:
    """R116, case 190."""
    other = await zoom.make(replace(MEETING, key="o" * 40))
    zoom.fake.fails("createMeeting", Fault(after=True, hangs_up=True))
    lost = await refusal(zoom.make())

    made = await zoom.make()

    assert lost == (Transient, "unreachable")
    assert made.remote_id != other.remote_id
    assert len(zoom.standing()) == 2
    assert zoom.fake.asked("updateMeeting") == []


async def test_meeting_that_is_found_at_other_times_is_moved(zoom: Playing) -> None:
    made = await zoom.make()

    assert await zoom.make(LATER) == made
    assert [(one["start_time"], one["duration"]) for one in zoom.standing()] == [("2026-03-31T12:00:00Z", 45)]


async def test_upcoming_meetings_are_looked_through_to_the_last_page(zoom: Playing) -> None:
    meetings = zoom.fake.accounts[HOST.email].meetings
    first = await zoom.make()
    early = {**zoom.standing()[0], "start_time": "2026-03-28T00:00:00Z", "agenda": CANARY}
    meetings |= {number: {**early, "id": number} for number in range(300)}

    assert await zoom.make() == first
    assert len(zoom.fake.asked("listMeetings")) == 3


async def test_meeting_is_moved_and_the_rest_of_it_left(zoom: Playing) -> None:
    """R067, R116."""
    made = await zoom.make()
    zoom.standing()[0]["topic"] = "Mine"

    await zoom.adapter.move(zoom.account, made.remote_id, LATER)

    [meeting] = zoom.standing()
    assert (meeting["start_time"], meeting["topic"]) == ("2026-03-31T12:00:00Z", "Mine")


async def test_meeting_that_is_no_more_is_told_when_moved_and_fine_when_ended(zoom: Playing) -> None:
    made = await zoom.make()
    await zoom.adapter.end(zoom.account, made.remote_id)
    await zoom.adapter.end(zoom.account, made.remote_id)

    moved = await refusal(zoom.adapter.move(zoom.account, made.remote_id, LATER))

    assert (moved, zoom.standing()) == ((Permanent, "meeting_gone"), [])


async def test_number_3001_is_gone_whatever_the_status(zoom: Playing) -> None:
    made = await zoom.make()
    gone = Fault(400, b'{"code":3001,"message":"Meeting does not exist."}')
    zoom.fake.fails("updateMeeting", gone)
    zoom.fake.fails("deleteMeeting", gone)

    assert await refusal(zoom.adapter.move(zoom.account, made.remote_id, LATER)) == (
        Permanent,
        "meeting_gone",
    )
    await zoom.adapter.end(zoom.account, made.remote_id)


async def test_hundred_a_day_is_a_quota_until_midnight(zoom: Playing) -> None:
    made = await zoom.make()
    for _ in range(99):
        await zoom.adapter.move(zoom.account, made.remote_id, LATER)

    with pytest.raises(Transient) as failed:
        await zoom.make(replace(MEETING, key="n" * 40))

    zoom.clock.turn(hours=12)
    zoom.account = replace(zoom.account, secret=Secret(zoom.fake.token_for(HOST.email)))
    await zoom.make(replace(MEETING, key="n" * 40))
    assert (failed.value.reason, failed.value.retry_after_s) == ("quota", 43200.0)
    assert len(zoom.standing()) == 2


@pytest.mark.parametrize("name", FAILURES)
@pytest.mark.parametrize("operation", ["listMeetings", "createMeeting", "updateMeeting", "deleteMeeting"])
async def test_failures_are_told_apart(zoom: Playing, name: str, operation: str) -> None:
    """Case 189."""
    made = await zoom.make()
    before = zoom.standing()
    fault, kind, reason = FAILURES[name]
    zoom.fake.fails(operation, fault)
    calls = {
        "listMeetings": lambda: zoom.make(LATER),
        "createMeeting": lambda: zoom.make(replace(MEETING, key="n" * 40)),
        "updateMeeting": lambda: zoom.adapter.move(zoom.account, made.remote_id, LATER),
        "deleteMeeting": lambda: zoom.adapter.end(zoom.account, made.remote_id),
    }

    assert await refusal(calls[operation]()) == (kind, reason or "credentials_refused")
    assert zoom.standing() == before


@pytest.mark.parametrize(
    "body",
    [
        b'{"id":true,"join_url":"https://zoom.example/j/1"}',
        b'{"id":85746065123}',
        b'{"id":85746065123,"join_url":"javascript:alert(1)"}',
        b'{"id":85746065123,"join_url":"https://zoom.example/j/1\\r\\nx"}',
    ],
)
async def test_answer_without_a_number_and_a_link_is_none(zoom: Playing, body: bytes) -> None:
    zoom.fake.fails("createMeeting", Fault(201, body))

    assert await refusal(zoom.make()) == (Transient, "answer_unreadable")


async def test_user_who_allowed_no_meetings_is_told_apart(zoom: Playing) -> None:
    """Case 56."""
    token = zoom.fake.token_for(HOST.email, without=["meeting:write:meeting"])
    zoom.account = replace(zoom.account, secret=Secret(token))

    assert await refusal(zoom.make()) == (Revoked, "scope_missing")

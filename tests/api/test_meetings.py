"""Meetings that are made, moved and removed with their bookings, on fakes of all three providers."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.kit import Fault
from tests.fakes.sides import CANARY
from tests.installation import CANCEL, PAGE_CREATE, RESCHEDULE
from tests.meetings import (
    DAY,
    ELEVEN,
    FOLLOWS,
    GUEST,
    KINDS,
    NINE,
    WRITES,
    booked,
    booked_on,
    entries,
    links,
    mails,
    seen,
    settled,
    shown,
    text,
)
from tests.street import HOST, Street, opened_street

pytestmark = pytest.mark.anyio


@pytest.fixture
async def street(database_url: str, redis_url: str, tmp_path: Path) -> AsyncGenerator[Street]:
    async with opened_street(database_url, redis_url, tmp_path) as opened:
        yield opened


@pytest.mark.parametrize("provider", KINDS)
async def test_booking_makes_one_meeting_whose_link_is_everywhere(
    street: Street, provider: str, caplog: pytest.LogCaptureFixture
) -> None:
    """R022, R116, R117, R118: in the entry, in both mails, on the booking for both sides; no start_url."""
    host, token = await booked(street, provider)

    await settled(street)

    [link] = links(street, provider)
    expected = {"kind": KINDS[provider], "state": "MADE", "joinUrl": link}
    assert await shown(street, host) == {**expected, "failure": None}
    assert await seen(street, token) == expected
    assert entries(street, provider) == [(datetime.fromisoformat(NINE), link)]
    [to_guest], [to_host] = mails(street, GUEST, "Confirmed"), mails(street, host.email, "New booking")
    assert [link in text(mail) and FOLLOWS not in text(mail) for mail in (to_guest, to_host)] == [True, True]
    assert f"LOCATION:{link}"[:60] in to_guest.part("text/calendar").replace("\r\n ", "")
    assert len(street.house.mails.newest_first()) == 3  # with the sign-in code: nobody is told twice
    sent = [str(mail.whole) for mail in street.house.mails.newest_first()]
    everything = [*await street.house.everything_stored(), *sent, caplog.text]
    assert [place for place in everything if CANARY in place] == []


@pytest.mark.parametrize("provider", KINDS)
async def test_reschedule_moves_the_same_meeting_and_cancel_removes_it(street: Street, provider: str) -> None:
    """R116–R118."""
    host, token = await booked(street, provider)
    await settled(street)
    before = links(street, provider)

    moved = await street.house.ask(RESCHEDULE, input={"token": token, "start": ELEVEN})
    await settled(street)

    assert moved["bookingReschedule"]["__typename"] == "InviteeBookingPayload"
    assert links(street, provider) == before
    assert entries(street, provider) == [(datetime.fromisoformat(ELEVEN), before[0])]
    assert (await shown(street, host))["state"] == "MADE"
    [told] = mails(street, GUEST, "Moved")
    assert before[0] in text(told)

    await street.house.ask(CANCEL, input={"token": token})
    await settled(street)

    assert (links(street, provider), entries(street, provider)) == ([], [])
    assert await shown(street, host) == {
        "kind": KINDS[provider], "state": "REMOVED", "joinUrl": None, "failure": None
    }  # fmt: skip
    assert (await seen(street, token))["joinUrl"] is None


async def test_zoom_meeting_is_at_the_time_of_its_booking(street: Street) -> None:
    """R116: with an id beyond 31 bits, which is kept whole."""
    _, token = await booked(street, "ZOOM")
    await settled(street)
    zoom: Any = street.fakes["ZOOM"]
    meetings: dict[int, dict[str, Any]] = zoom.accounts[HOST].meetings
    [number] = meetings
    before = meetings[number]["start_time"]

    await street.house.ask(RESCHEDULE, input={"token": token, "start": ELEVEN})
    await settled(street)

    assert (before, meetings[number]["start_time"]) == (NINE, ELEVEN)
    assert await street.house.rows("SELECT remote_id, state FROM meetings") == [(str(number), "made")]
    assert number > 2**31


@pytest.mark.parametrize("provider", KINDS)
async def test_answer_that_was_lost_leaves_one_meeting(street: Street, provider: str) -> None:
    """Case 182 for meetings: found again by our key, the request's id or the entry."""
    host = await street.house.sign_up()
    await street.connect(host, provider)
    street.fakes[provider].fails(WRITES[provider][0], Fault(hangs_up=True, after=True))
    await booked_on(street, host, place={"kind": KINDS[provider]})

    await settled(street, 6)

    assert len(links(street, provider)) == 1
    assert len(entries(street, provider)) == 1
    assert (await shown(street, host))["state"] == "MADE"


@pytest.mark.parametrize("provider", KINDS)
async def test_workers_at_once_make_one_meeting(street: Street, provider: str) -> None:
    """R116–R118: beside each other, and once more after the row was lost."""
    host, _ = await booked(street, provider)
    effects = street.house.parts.services.effects
    claimed = await effects.exchange([], 100)
    street.fakes[provider].fails(WRITES[provider][0], Fault(status=200, delay_s=0.5))

    await asyncio.gather(*(effects.act(effect) for effect in claimed * 2))
    street.clock.turn(minutes=2)
    await street.house.rows_changed("UPDATE meetings SET state = 'pending', remote_id = NULL")
    await settled(street)

    assert len(links(street, provider)) == 1
    assert (await shown(street, host))["state"] == "MADE"


async def test_booking_cancelled_before_its_meeting_was_heard_of_leaves_none(street: Street) -> None:
    """Case 190: made at Zoom, the answer lost, the booking cancelled."""
    host = await street.house.sign_up()
    await street.connect(host, "ZOOM")
    lost = Fault(hangs_up=True, after=True)
    street.fakes["ZOOM"].fails("createMeeting", lost)
    token = await booked_on(street, host, place={"kind": "ZOOM_MEETING"})
    effects = street.house.parts.services.effects
    claimed = await effects.exchange([], 100)
    await effects.act(next(effect for effect in claimed if effect.effect.kind == "meeting"))
    assert len(links(street, "ZOOM")) == 1

    await street.house.ask(CANCEL, input={"token": token})
    street.clock.turn(minutes=1)
    await settled(street)

    assert links(street, "ZOOM") == []


async def test_reminder_carries_the_link_as_it_is_now(street: Street) -> None:
    """R116."""
    host, _ = await booked(street, "ZOOM")
    await settled(street)

    street.clock.turn(hours=46)
    await street.house.work()

    [link] = links(street, "ZOOM")
    told = [*mails(street, GUEST, "Reminder"), *mails(street, host.email, "Reminder")]
    assert [link in text(mail) for mail in told] == [True, True]


async def test_meeting_that_google_is_still_making_is_read_again(street: Street) -> None:
    """R117."""
    google: Any = street.fakes["GOOGLE"]
    google.events.meet = "pending"
    host, _ = await booked(street, "GOOGLE")
    await settled(street, 3)
    waiting = await shown(street, host)

    google.events.meet = "success"
    street.clock.turn(minutes=1)
    await settled(street)

    assert (waiting["state"], waiting["joinUrl"]) == ("PENDING", None)
    assert (await shown(street, host))["joinUrl"] == links(street, "GOOGLE")[0]
    assert len(google.asked("events.insert")) == 1


async def test_invitee_chooses_the_place(street: Street) -> None:
    """R022: what is chosen is made, and nothing else."""
    host = await street.house.sign_up()
    await street.connect(host, "GOOGLE")
    choices = [{"kind": "GOOGLE_MEET"}, {"kind": "IN_PERSON", "details": "12 Main Street"}]
    slug = await street.house.page(host, place={"kind": "INVITEE_CHOICE", "choices": choices})
    day = datetime.fromisoformat(f"{DAY}T00:00:00Z")

    page = await street.house.ask(
        "query ($slug: String!) { bookingPage(slug: $slug) { placeKind placeChoices } }", slug=slug
    )
    silent = await street.house.book(slug, NINE)
    wrong = await street.house.book(slug, NINE, placeKind="TEAMS")
    there = await street.house.book(slug, NINE, placeKind="IN_PERSON")
    online = await street.house.book(slug, ELEVEN, placeKind="GOOGLE_MEET")
    await settled(street)

    assert page["bookingPage"] == {
        "placeKind": "INVITEE_CHOICE",
        "placeChoices": ["GOOGLE_MEET", "IN_PERSON"],
    }
    assert [(one["__typename"], one["path"]) for one in (silent, wrong)] == [
        ("InvalidInputError", ["placeKind"]),
        ("InvalidInputError", ["placeKind"]),
    ]
    assert [one["__typename"] for one in (there, online)] == ["BookingCreatePayload"] * 2
    assert entries(street, "GOOGLE") == [
        (day + timedelta(hours=9), "12 Main Street"),
        (day + timedelta(hours=11), links(street, "GOOGLE")[0]),
    ]
    assert await street.house.count("meetings") == 1


async def test_seats_of_a_session_have_one_meeting(street: Street) -> None:
    """R116: it goes with the last of them, and nothing is asked of Zoom for those between."""
    host = await street.house.sign_up()
    await street.connect(host, "ZOOM")
    group = {"kind": "GROUP", "capacity": 3, "place": {"kind": "ZOOM_MEETING"}}
    slug = await street.house.page(host, **group)
    first = await street.house.book(slug, NINE)
    await settled(street)
    guest = {"name": "Lin", "email": "lin@example.org", "zone": "Asia/Tokyo"}
    second = await street.house.book(slug, NINE, invitee=guest)
    await settled(street)

    [link] = links(street, "ZOOM")
    await street.house.ask(CANCEL, input={"token": first["manageToken"]})
    await settled(street)
    after_one = links(street, "ZOOM")
    gone, there = [await seen(street, one["manageToken"]) for one in (first, second)]
    await street.house.ask(CANCEL, input={"token": second["manageToken"]})
    await settled(street)

    assert [link in text(mail) for mail in mails(street, "lin@example.org", "Confirmed")] == [True]
    assert (after_one, links(street, "ZOOM")) == ([link], [])
    assert (gone["joinUrl"], there["joinUrl"]) == (None, link)
    assert len(street.fakes["ZOOM"].asked("createMeeting", "updateMeeting")) == 1


async def test_meeting_that_its_host_deleted_is_made_anew_when_the_booking_moves(street: Street) -> None:
    """R116: the new link takes the place of the old one, in the entry and in the mails."""
    host, token = await booked(street, "ZOOM")
    await settled(street)
    zoom: Any = street.fakes["ZOOM"]
    [old] = links(street, "ZOOM")
    zoom.accounts[HOST].meetings.clear()

    await street.house.ask(RESCHEDULE, input={"token": token, "start": ELEVEN})
    await settled(street)

    [link] = links(street, "ZOOM")
    assert link != old
    assert (await shown(street, host))["joinUrl"] == link
    assert [place for _, place in entries(street, "ZOOM")] == [link]
    told = [*mails(street, GUEST, "Moved"), *mails(street, GUEST, "The link")]
    assert link in text(told[-1])


async def test_places_that_cannot_be_are_refused_by_field(street: Street) -> None:
    """R022: an online place takes no details, a choice holds no choice."""
    host = await street.house.sign_up()
    meet = {"kind": "GOOGLE_MEET"}

    def wanted(place: dict[str, Any]) -> dict[str, Any]:
        return {"slug": "refused", "name": "Intro", "durationMinutes": 30, "place": place}

    places = (
        {"kind": "TEAMS", "details": "https://teams.example.com/x"},
        {"kind": "INVITEE_CHOICE", "choices": [meet]},
        {"kind": "INVITEE_CHOICE", "choices": [meet, {"kind": "INVITEE_CHOICE"}]},
    )
    answers = [await street.house.ask(PAGE_CREATE, host.token, input=wanted(place)) for place in places]

    assert [one["bookingPageCreate"]["path"] for one in answers] == [
        ["place", "details"],
        ["place", "choices"],
        ["place", "choices", "1", "kind"],
    ]

"""Meetings that are made for bookings, through the whole house, against fakes of all three providers."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.mailbox.store import StoredMail
from tests.fakes.kit import Fault
from tests.fakes.sides import CANARY
from tests.installation import CANCEL, RESCHEDULE, Host
from tests.street import HOST, Street, opened_street

pytestmark = pytest.mark.anyio

DAY = "2026-03-30"  # the Monday after Europe's clocks went forward
NINE, ELEVEN = f"{DAY}T09:00:00Z", f"{DAY}T11:00:00Z"
GUEST = "grace@example.org"
KINDS = {"ZOOM": "ZOOM_MEETING", "GOOGLE": "GOOGLE_MEET", "MICROSOFT": "TEAMS"}
NAMES = {"ZOOM": "Zoom", "GOOGLE": "Google Meet", "MICROSOFT": "Microsoft Teams"}
WRITES = {
    "ZOOM": ("createMeeting", "createMeeting"),
    "GOOGLE": ("events.insert", "events.patch"),
    "MICROSOFT": ("event.create", "event.update"),
}
FOLLOWS = "The link follows."
BOOKINGS = """{ bookings(first: 10) { nodes { id state meeting { kind state joinUrl failure } } } }"""
BY_LINK = """query ($secret: String!) { bookingByLink(token: $secret) { state
  meeting { kind state joinUrl } } }"""
RETRY = """mutation ($input: BookingMeetingRetryInput!) { bookingMeetingRetry(input: $input) { __typename
  ... on BookingPayload { booking { meeting { state failure } } } ... on Error { code } } }"""


@pytest.fixture
async def street(database_url: str, redis_url: str, tmp_path: Path) -> AsyncGenerator[Street]:
    async with opened_street(database_url, redis_url, tmp_path) as opened:
        yield opened


async def settled(street: Street, rounds: int = 4) -> None:
    """Do what is due, and what is due some seconds later."""
    for _ in range(rounds):
        await street.house.work()
        street.clock.turn(seconds=3)


async def booked(street: Street, provider: str) -> tuple[Host, str]:
    """Let a host of a provider offer a page with its meetings, and a guest book it; the link's secret."""
    host = await street.house.sign_up()
    await street.connect(host, provider)
    return host, await booked_on(street, host, place={"kind": KINDS[provider]})


async def booked_on(street: Street, host: Host, **settings: Any) -> str:
    """Book nine o'clock on a new page; the link's secret."""
    slug = await street.house.page(host, **settings)
    made = await street.house.book(slug, NINE)
    assert made["__typename"] == "BookingCreatePayload", made
    return made["manageToken"]


async def shown(street: Street, host: Host) -> dict[str, Any]:
    """Give the meeting of the host's only booking, as the host sees it."""
    [booking] = (await street.house.ask(BOOKINGS, host.token))["bookings"]["nodes"]
    return booking["meeting"]


async def seen(street: Street, token: str) -> dict[str, Any]:
    """Give the meeting of a booking as its invitee sees it."""
    return (await street.house.ask(BY_LINK, secret=token))["bookingByLink"]["meeting"]


def links(street: Street, provider: str) -> list[str]:
    """List the links of the meetings that stand at a provider."""
    fake: Any = street.fakes[provider]
    if provider == "ZOOM":
        return [meeting["join_url"] for meeting in fake.accounts[HOST].meetings.values()]
    if provider == "GOOGLE":
        standing = fake.calendars[HOST].standing()
        return [event["hangoutLink"] for event in standing if "hangoutLink" in event]
    events = fake.mailboxes[HOST].calendars[0].events.values()
    return [event.meeting for event in events if event.meeting]


def entries(street: Street, provider: str) -> list[tuple[datetime, str]]:
    """List when our entries begin at a provider, and where they say that it is."""
    fake: Any = street.fakes[provider]
    if provider == "MICROSOFT":
        events = fake.mailboxes[HOST].calendars[0].events.values()
        return [(event.start, event.properties["location"]["displayName"]) for event in events]
    calendar = fake.calendars[HOST] if provider == "GOOGLE" else fake.calendar(HOST)
    standing = [event for event in calendar.events.values() if event["status"] != "cancelled"]
    return [(datetime.fromisoformat(event["start"]["dateTime"]), event["location"]) for event in standing]


def mails(street: Street, address: str, words: str) -> list[StoredMail]:
    """List the mails to an address whose subject has these words."""
    return [mail for mail in street.house.mails_to(address) if words in str(mail.summary["subject"])]


def text(mail: StoredMail) -> str:
    """Give what a mail says."""
    return mail.part("text/plain")


@pytest.mark.parametrize("provider", KINDS)
async def test_booking_makes_one_meeting_whose_link_is_everywhere(street: Street, provider: str) -> None:
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
    everything = [*await street.house.everything_stored(), *map(str, street.house.mails.newest_first())]
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
    account: Any = street.fakes["ZOOM"].accounts[HOST]  # type: ignore[attr-defined]
    [number] = account.meetings
    before = account.meetings[number]["start_time"]

    await street.house.ask(RESCHEDULE, input={"token": token, "start": ELEVEN})
    await settled(street)

    assert (before, account.meetings[number]["start_time"]) == (NINE, ELEVEN)
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

    first = [await effects.act(effect) for effect in claimed if effect.effect.kind == "entry"]
    await asyncio.gather(*(effects.act(effect) for effect in claimed * 2))
    street.clock.turn(minutes=2)
    await street.house.rows_changed("UPDATE meetings SET state = 'pending', remote_id = NULL")
    await settled(street)

    assert len(first) == 1
    assert len(links(street, provider)) == 1
    assert (await shown(street, host))["state"] == "MADE"


@pytest.mark.parametrize("provider", KINDS)
async def test_provider_that_is_down_makes_it_later_and_both_sides_are_told(
    street: Street, provider: str
) -> None:
    """Case 190: pending meanwhile; confirmations wait a minute, then say that the link follows."""
    host = await street.house.sign_up()
    await street.connect(host, provider)
    slug = await street.house.page(host, place={"kind": KINDS[provider]})
    made = await street.house.book(slug, NINE)
    street.fakes[provider].fails("*", *[Fault(status=503)] * 400)
    await street.house.work()
    assert (await shown(street, host))["state"] == "PENDING"
    assert mails(street, GUEST, "Confirmed") == []

    await settled(street, 30)

    [confirmed], [to_host] = mails(street, GUEST, "Confirmed"), mails(street, host.email, "New booking")
    assert [FOLLOWS in text(mail) and NAMES[provider] in text(mail) for mail in (confirmed, to_host)] == [
        True,
        True,
    ]
    assert await seen(street, made["manageToken"]) == {
        "kind": KINDS[provider],
        "state": "PENDING",
        "joinUrl": None,
    }
    street.fakes[provider].heals()
    street.clock.turn(hours=1)
    await settled(street)

    [link] = links(street, provider)
    assert (await shown(street, host))["joinUrl"] == link
    assert [place for _, place in entries(street, provider)] == [link]
    [to_guest], [again] = mails(street, GUEST, "The link"), mails(street, host.email, "The link")
    assert [link in text(mail) for mail in (to_guest, again)] == [True, True]
    assert "METHOD:REQUEST" in to_guest.part("text/calendar")


async def test_entry_does_not_wait_for_a_meeting_longer_than_its_first_try(street: Street) -> None:
    """R007: the host's time is taken while Zoom makes no meetings; the link is put in when there is one."""
    host = await street.house.sign_up()
    await street.connect(host, "ZOOM")
    street.fakes["ZOOM"].fails("createMeeting", Fault(status=503), Fault(status=503))
    await booked_on(street, host, place={"kind": "ZOOM_MEETING"})

    await street.house.work()
    first = entries(street, "ZOOM")
    await settled(street, 5)

    assert first == [(datetime.fromisoformat(NINE), "Zoom")]
    assert [place for _, place in entries(street, "ZOOM")] == links(street, "ZOOM")


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


async def test_daily_limit_of_zoom_waits_and_makes_it_the_next_day(street: Street) -> None:
    """R116: a hundred calls a day; nobody asks every few seconds meanwhile."""
    host = await street.house.sign_up()
    await street.connect(host, "ZOOM")
    zoom: Any = street.fakes["ZOOM"]
    for _ in range(100):
        zoom.counted_meeting(zoom.accounts[HOST])
    await booked_on(street, host, place={"kind": "ZOOM_MEETING"})
    await settled(street, 30)
    asked = len(zoom.asked("createMeeting"))
    assert (await shown(street, host))["failure"] == "quota"

    for _ in range(13):
        street.clock.turn(hours=1)
        await street.house.work()

    assert asked <= 2
    assert len(links(street, "ZOOM")) == 1
    assert (await shown(street, host))["state"] == "MADE"


@pytest.mark.parametrize(
    ("kind", "connected", "failure"),
    [
        ("ZOOM_MEETING", "GOOGLE", "no_zoom_account"),
        ("GOOGLE_MEET", "MICROSOFT", "no_google_calendar"),
        ("TEAMS", "ZOOM", "no_teams_calendar"),
    ],
)
async def test_host_without_the_account_is_told_once_and_nothing_takes_its_place(
    street: Street, kind: str, connected: str, failure: str
) -> None:
    """R116–R118: a plain failure; the entry stands, without a link."""
    host = await street.house.sign_up()
    await street.connect(host, connected)
    token = await booked_on(street, host, place={"kind": kind})

    await settled(street)
    street.clock.turn(hours=2)
    await settled(street)

    assert await shown(street, host) == {"kind": kind, "state": "FAILED", "joinUrl": None, "failure": failure}
    assert await seen(street, token) == {"kind": kind, "state": "FAILED", "joinUrl": None}
    assert len(mails(street, host.email, "There is no meeting yet")) == 1
    assert [links(street, provider) for provider in KINDS] == [[], [], []]
    assert len(entries(street, connected)) == 1
    [confirmed] = mails(street, GUEST, "Confirmed")
    assert FOLLOWS in text(confirmed)
    assert mails(street, GUEST, "There is no meeting yet") == []


async def test_account_that_is_connected_later_makes_what_was_missing(street: Street) -> None:
    """R116: both sides are told of the link."""
    host = await street.house.sign_up()
    await street.connect(host, "GOOGLE")
    await booked_on(street, host, place={"kind": "ZOOM_MEETING"})
    await settled(street)

    await street.connect(host, "ZOOM")
    await settled(street)

    [link] = links(street, "ZOOM")
    assert (await shown(street, host))["joinUrl"] == link
    assert [place for _, place in entries(street, "GOOGLE")] == [link]
    assert [link in text(mail) for mail in mails(street, GUEST, "The link")] == [True]
    assert [link in text(mail) for mail in mails(street, host.email, "The link")] == [True]


async def test_personal_microsoft_account_fails_plainly_and_keeps_its_entry(street: Street) -> None:
    """R118: no Teams there; the host's time is taken all the same."""
    host = await street.house.sign_up()
    fake: Any = street.fakes["MICROSOFT"]
    fake.personal(HOST)
    await street.connect(host, "MICROSOFT")
    await booked_on(street, host, place={"kind": "TEAMS"})

    await settled(street)

    now = await shown(street, host)
    assert (now["state"], now["failure"]) == ("FAILED", "meeting_not_offered")
    assert entries(street, "MICROSOFT") == [(datetime.fromisoformat(NINE), "Microsoft Teams")]
    [told] = mails(street, host.email, "There is no meeting yet")
    assert "Your account makes no Microsoft Teams meetings." in text(told)


@pytest.mark.parametrize("provider", KINDS)
async def test_access_that_was_taken_away_fails_it_until_it_is_given_again(
    street: Street, provider: str
) -> None:
    """R058: told once; reconnecting revives it."""
    host = await street.house.sign_up()
    connection = await street.connect(host, provider)
    slug = await street.house.page(host, place={"kind": KINDS[provider]})
    await street.house.book(slug, NINE)
    street.fakes[provider].revokes_all(HOST)
    await street.house.redis("FLUSHALL")
    await settled(street)
    assert (await shown(street, host))["state"] == "FAILED"
    assert len(mails(street, host.email, "There is no meeting yet")) == 1

    await street.connect(host, provider, connectionId=connection["id"])
    await settled(street)

    [link] = links(street, provider)
    now = await shown(street, host)
    assert (now["state"], now["joinUrl"], now["failure"]) == ("MADE", link, None)
    assert len(mails(street, host.email, "There is no meeting yet")) == 1
    assert len(mails(street, GUEST, "The link")) == 1


async def test_host_tries_again_what_was_given_up(street: Street) -> None:
    """R118: the mutation, its repeat, and those to whom the booking does not belong."""
    host, eve = await street.house.sign_up("Ada"), await street.house.sign_up("Eve")
    fake: Any = street.fakes["MICROSOFT"]
    fake.personal(HOST)
    await street.connect(host, "MICROSOFT")
    await booked_on(street, host, place={"kind": "TEAMS"})
    await settled(street)
    [booking] = (await street.house.ask(BOOKINGS, host.token))["bookings"]["nodes"]
    fake.mailboxes[HOST].calendars[0].providers = ("teamsForBusiness",)

    strange = await street.house.ask(RETRY, eve.token, input={"id": booking["id"]})
    tried = await street.house.ask(RETRY, host.token, input={"id": booking["id"]})
    await settled(street)
    again = await street.house.ask(RETRY, host.token, input={"id": booking["id"]})
    await settled(street)

    assert strange["bookingMeetingRetry"] == {"__typename": "NotFoundError", "code": "NOT_FOUND"}
    assert tried["bookingMeetingRetry"]["booking"]["meeting"]["state"] == "PENDING"
    assert again["bookingMeetingRetry"]["booking"]["meeting"] == {"state": "MADE", "failure": None}
    assert len(links(street, "MICROSOFT")) == 1
    assert len(mails(street, GUEST, "The link")) == 1


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

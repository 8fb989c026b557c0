"""Meetings that cannot be made, now or at all: who waits, who is told, and what stands meanwhile."""

from collections.abc import AsyncGenerator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.kit import Fault
from tests.meetings import (
    BOOKINGS,
    FOLLOWS,
    GUEST,
    KINDS,
    NAMES,
    NINE,
    RETRY,
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
    effects = street.house.parts.services.effects
    claimed = await effects.exchange([], 100)

    first = await effects.act(next(effect for effect in claimed if effect.effect.kind == "entry"))
    there = len(entries(street, "MICROSOFT"))
    street.clock.turn(minutes=1)
    await settled(street)

    assert (first.state, there) == ("done", 1)
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


async def test_tries_that_are_used_up_are_told_once(street: Street) -> None:
    """R116: some three days of a provider that is away; nothing is asked of it afterwards."""
    host = await street.house.sign_up()
    await street.connect(host, "ZOOM")
    zoom = street.fakes["ZOOM"]
    zoom.fails("createMeeting", *[Fault(status=503)] * 10)
    await booked_on(street, host, place={"kind": "ZOOM_MEETING"})
    await street.house.work()
    await street.house.rows_changed("UPDATE effects SET attempts = 79 WHERE kind = 'meeting'")
    street.clock.turn(minutes=2)
    await settled(street)
    asked = len(zoom.asked("createMeeting"))
    street.clock.turn(hours=2)
    await settled(street)

    now = await shown(street, host)
    assert (now["state"], now["failure"]) == ("FAILED", "throttled")
    assert len(mails(street, host.email, "There is no meeting yet")) == 1
    assert len(zoom.asked("createMeeting")) == asked


async def test_account_without_the_right_to_make_meetings_keeps_its_calendar(street: Street) -> None:
    """R116: no meeting, and the calendar is read and written as before."""
    host = await street.house.sign_up()
    await street.connect(host, "ZOOM", without=("meeting:write:meeting",))
    await booked_on(street, host, place={"kind": "ZOOM_MEETING"})

    await settled(street)

    now = await shown(street, host)
    assert (now["state"], now["failure"]) == ("FAILED", "scope_missing")
    assert entries(street, "ZOOM") == [(datetime.fromisoformat(NINE), "Zoom")]
    connected = await street.house.ask("{ calendarConnections { state } }", host.token)
    assert connected["calendarConnections"] == [{"state": "CONNECTED"}]
    assert mails(street, host.email, "needs to be connected again") == []

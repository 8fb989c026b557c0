"""Accounts by their users' consent, through the API, against fakes of all three providers."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.fakes.kit import Fault
from tests.fakes.oauth import OAuthFake
from tests.street import DISCONNECT, HOST, PROVIDERS, START, Street, opened_street

pytestmark = pytest.mark.anyio

DAY = "2026-03-30"  # the Monday after Europe's clocks went forward
CONNECTIONS = "{ calendarConnections { id provider state failure calendars { name } } }"


@pytest.fixture
async def street(database_url: str, redis_url: str, tmp_path: Path) -> AsyncGenerator[Street]:
    async with opened_street(database_url, redis_url, tmp_path) as opened:
        yield opened


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_host_connects_by_consent_and_a_page_offers_their_time(street: Street, provider: str) -> None:
    """R012, R017, R018, R028, R029, R030, R041–R047: from the address to the slots, no token seen."""
    host = await street.house.sign_up()
    query = await street.asked(host, provider)
    assert query["client_id"] == OAuthFake.client_id
    assert query["code_challenge_method"] == "S256"
    assert query["redirect_uri"].endswith(f"/connect/{provider.lower()}")

    connection = await street.connect(host, provider)

    assert (connection["provider"], connection["state"]) == (provider, "CONNECTED")
    assert connection["missingPermissions"] == []
    assert [calendar["receivesBookings"] for calendar in connection["calendars"]] == [True]
    slug = await street.house.page(host)
    assert len(await street.house.starts(slug, datetime.fromisoformat(f"{DAY}T00:00:00Z"))) == 16
    assert "canary" not in str(connection)


async def test_microsoft_is_asked_for_exactly_its_four_permissions(street: Street) -> None:
    """R099."""
    host = await street.house.sign_up()
    asked = (await street.asked(host, "MICROSOFT"))["scope"].split()
    assert sorted(asked) == ["Calendars.Read", "Calendars.ReadWrite", "offline_access", "openid"]


async def test_tokens_are_sealed_each_in_its_own_store(street: Street) -> None:
    """R049, R050, R051, R052, D01: the access token in Redis only, for an hour at most."""
    host = await street.house.sign_up()
    await street.connect(host, "GOOGLE")
    grant = street.fakes["GOOGLE"].grants[0]

    stored = "".join(await street.house.everything_stored())
    rows = await street.house.rows("SELECT secret_sealed, secret_version FROM calendar_connections")
    keys = await street.house.keys("slotgraph:access:*")

    assert grant.refresh_token is not None
    assert grant.refresh_token not in stored
    assert not [token for token in grant.access if token in stored]
    assert [version for _, version in rows] == [1]
    assert len(keys) == 1
    assert 0 < int(await street.house.redis("PTTL", keys[0])) <= 3600_000


async def test_answer_is_taken_once_and_only_in_the_session_that_asked(street: Street) -> None:
    """Cases 47, 48, 49, 50, R019: another user, another session, another provider, twice, too late."""
    ada, eve = await street.house.sign_up("Ada"), await street.house.sign_up("Eve")
    given = await street.answered(ada, "GOOGLE")
    unknown = {"__typename": "ConsentUnknownError", "code": "CONSENT_UNKNOWN", "path": ["returnedState"]}

    assert await street.finish(eve, given) == unknown
    assert await street.finish(ada, {**given, "provider": "MICROSOFT"}) == unknown
    both = await asyncio.gather(street.finish(ada, given), street.finish(ada, given))
    assert sorted(one["__typename"] for one in both) == [
        "CalendarConsentFinishPayload",
        "ConsentUnknownError",
    ]
    late = await street.answered(ada, "ZOOM")
    street.clock.turn(minutes=10)
    assert await street.finish(ada, late) == unknown
    forged = await street.answered(ada, "GOOGLE")
    named = await street.finish(ada, {**forged, "issuer": "https://evil.example"})
    assert (named["__typename"], named["path"]) == ("ConsentUnknownError", ["issuer"])
    assert await street.house.count("calendar_connections") == 1


async def test_code_of_somebody_else_in_ones_own_question_is_refused(street: Street) -> None:
    """Case 48: a verifier belongs to each question."""
    ada, eve = await street.house.sign_up("Ada"), await street.house.sign_up("Eve")
    hers, mine = await street.answered(ada, "GOOGLE"), await street.answered(eve, "GOOGLE")

    refused = await street.finish(eve, {**mine, "code": hers["code"]})

    assert refused["__typename"] == "ProviderRefusedError"
    assert await street.house.count("calendar_connections") == 0


async def test_less_than_was_asked_for_is_used_as_far_as_it_goes(street: Street) -> None:
    """Case 56: without the right to write, times are read and nothing is written."""
    host = await street.house.sign_up()
    write = "https://www.googleapis.com/auth/calendar.events.owned"
    denied = await street.finish(host, await street.answered(host, "ZOOM", ("calendar:read:list_events",)))
    connection = await street.connect(host, "GOOGLE", without=(write,))

    assert denied["__typename"] == "ConsentDeniedError"
    assert connection["missingPermissions"] == ["WRITE_ENTRIES"]
    assert [calendar["isWritable"] for calendar in connection["calendars"]] == [False]
    slug = await street.house.page(host)
    booked = await street.house.book(slug, f"{DAY}T08:00:00Z")
    assert booked["__typename"] == "BookingCreatePayload"
    await street.house.work()
    assert street.fakes["GOOGLE"].asked("events.insert") == []


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_booking_stands_in_the_hosts_calendar_moves_and_goes(street: Street, provider: str) -> None:
    """R007, R066, R067, R113–R115: one entry, through the whole house."""
    host = await street.house.sign_up()
    await street.connect(host, provider)
    slug = await street.house.page(host)
    booked = await street.house.book(slug, f"{DAY}T08:00:00Z")
    await street.house.work()
    rows = await street.house.rows("SELECT state, remote_id IS NOT NULL, failure FROM entries")
    assert rows == [("written", True, None)]
    starts = await street.house.starts(slug, datetime.fromisoformat(f"{DAY}T00:00:00Z"))
    assert f"{DAY}T08:00:00Z" not in starts

    token = booked["manageToken"]
    moved = await street.house.ask(
        "mutation($input: BookingRescheduleInput!) { bookingReschedule(input: $input) { __typename } }",
        input={"token": token, "start": f"{DAY}T10:00:00Z"},
    )
    await street.house.work()
    assert moved["bookingReschedule"]["__typename"] == "InviteeBookingPayload", moved
    await street.house.ask(
        "mutation($input: BookingCancelInput!) { bookingCancel(input: $input) { __typename } }",
        input={"token": token},
    )
    await street.house.work()
    assert await street.house.rows("SELECT state, failure FROM entries") == [("removed", None)]
    starts = await street.house.starts(slug, datetime.fromisoformat(f"{DAY}T00:00:00Z"))
    assert len(starts) == 16


async def test_token_is_renewed_once_for_all_who_need_it_and_never_by_a_timer(street: Street) -> None:
    """R053, R054, R055, R100, case 58: nobody is signed in, fifty come at once, and one call goes out."""
    host = await street.house.sign_up()
    await street.connect(host, "ZOOM")
    slug = await street.house.page(host)
    zoom = street.fakes["ZOOM"]
    await street.house.redis("FLUSHALL")
    street.clock.turn(hours=24)
    zoom.expire_access()
    before = len(zoom.asked("token"))

    day = datetime.fromisoformat(f"{DAY}T00:00:00Z")
    found = await asyncio.gather(
        *(street.house.starts(slug, day + timedelta(days=number % 5)) for number in range(50))
    )

    assert all(found)
    assert len(zoom.asked("token")) - before == 1
    assert await street.house.rows("SELECT secret_version FROM calendar_connections") == [(2,)]
    street.clock.turn(hours=24)
    await street.house.work()
    assert len(zoom.asked("token")) - before == 1


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_access_that_was_taken_away_ends_offers_and_is_told_once(street: Street, provider: str) -> None:
    """R058, R059, R079, case 57: unbookable, not free; one mail; no storm; opened again by consent."""
    host = await street.house.sign_up()
    connection = await street.connect(host, provider)
    slug = await street.house.page(host)
    fake = street.fakes[provider]
    fake.revokes_all(HOST)
    await street.house.redis("FLUSHALL")
    day = datetime.fromisoformat(f"{DAY}T00:00:00Z")
    before = len(fake.asked("token"))

    assert await street.house.starts(slug, day) == []
    assert await street.house.starts(slug, day) == []
    assert len(fake.asked("token")) - before <= 1

    await street.house.work()
    told = [mail for mail in street.house.mails_to(host.email) if "calendar" in str(mail.summary["subject"])]
    assert len(told) == 1
    seen = (await street.house.ask(CONNECTIONS, host.token))["calendarConnections"]
    assert [one["state"] for one in seen] == ["NEEDS_RECONNECTION"]
    again = await street.connect(host, provider, connectionId=connection["id"])
    assert (again["id"], again["state"]) == (connection["id"], "CONNECTED")
    assert len(await street.house.starts(slug, day)) == 16


async def test_connection_is_opened_again_only_with_the_same_account(street: Street) -> None:
    """R101: the subject of the ID token is bound to the connection."""
    host = await street.house.sign_up()
    connection = await street.connect(host, "GOOGLE")
    google = street.fakes["GOOGLE"]
    google.claims = {"sub": "subject-2"}

    given = await street.answered(host, "GOOGLE", connectionId=connection["id"])

    assert (await street.finish(host, given))["__typename"] == "AnotherAccountError"


async def test_same_account_is_one_connection(street: Street) -> None:
    """Case 64: one grant for each of a user's accounts."""
    host = await street.house.sign_up()
    first, second = await street.connect(host, "GOOGLE"), await street.connect(host, "GOOGLE")

    assert first["id"] == second["id"]
    assert await street.house.count("calendar_connections") == 1


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_disconnecting_takes_tokens_from_both_stores_and_tells_the_provider(
    street: Street, provider: str
) -> None:
    """R056, R057, case 62: also with a booking pending; nothing is asked with the grant afterwards."""
    host = await street.house.sign_up()
    connection = await street.connect(host, provider)
    slug = await street.house.page(host)
    await street.house.book(slug, f"{DAY}T08:00:00Z")

    ended = await street.house.ask(DISCONNECT, host.token, input={"id": connection["id"]})
    assert ended["calendarDisconnect"]["__typename"] == "CalendarDisconnectPayload"
    await street.house.work()
    fake = street.fakes[provider]
    calls = len(fake.calls)

    assert await street.house.rows("SELECT secret_sealed, subject FROM calendar_connections") == [
        (None, None)
    ]
    assert await street.house.count("grant_endings") == 0
    assert await street.house.keys("slotgraph:access:*") == []
    assert len(fake.asked("revoke")) == (0 if provider == "MICROSOFT" else 1)
    assert await street.house.starts(slug, datetime.fromisoformat(f"{DAY}T00:00:00Z")) == []
    await street.house.work()
    assert len(fake.calls) == calls


async def test_revocation_is_tried_again_where_the_provider_is_away(street: Street) -> None:
    """R057: the token can be used for nothing else meanwhile."""
    host = await street.house.sign_up()
    connection = await street.connect(host, "GOOGLE")
    google = street.fakes["GOOGLE"]
    google.fails("revoke", Fault(status=503))
    await street.house.ask(DISCONNECT, host.token, input={"id": connection["id"]})
    await street.house.work()
    assert await street.house.count("grant_endings") == 1
    street.clock.turn(minutes=1)
    await street.house.work()
    assert await street.house.count("grant_endings") == 0
    assert google.grants[0].is_revoked


async def test_what_is_not_registered_or_not_for_consent_is_unsupported(street: Street) -> None:
    """R031."""
    host = await street.house.sign_up()
    for provider in ("CALDAV", "ICS", "ICLOUD"):
        data = await street.house.ask(START, host.token, input={"provider": provider})
        assert data["calendarConsentStart"]["__typename"] == "ProviderUnsupportedError"


async def test_registrations_are_shown_so_that_an_administrator_finds_them(street: Street) -> None:
    """R105, R095."""
    host = await street.house.sign_up()
    data = await street.house.ask("{ consentProviders { provider clientId scopes } }", host.token)
    assert [one["provider"] for one in data["consentProviders"]] == list(PROVIDERS)
    assert {one["clientId"] for one in data["consentProviders"]} == {OAuthFake.client_id}
    assert "secret" not in str(data)

"""Grants under pressure: renewals that cross each other, endings, slow answers; against fakes."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest

from app.wiring import Parts, wire
from integrations.ports import ProviderFailed, Secret
from storage.access_tokens import AccessTokens
from storage.calendars import Linked
from storage.calendars.grants import Grants as StoredGrants
from tests.fakes.kit import Fault
from tests.fakes.registrations import registrations
from tests.fakes.zoom import ZoomFake
from tests.installation import settings_for
from tests.street import DISCONNECT, HOST, Street

pytestmark = pytest.mark.anyio

DAY = datetime.fromisoformat("2026-03-30T00:00:00Z")
ENDED = Fault(status=400, body=json.dumps({"error": "invalid_grant"}).encode(), delay_s=0.5)
WRITE = "Calendars.ReadWrite"


@asynccontextmanager
async def another(street: Street, database_url: str) -> AsyncGenerator[Parts]:
    """Be another process of the same installation until the block ends."""
    registered = registrations(street.fakes["ZOOM"].url)
    parts = wire(settings_for(database_url, street.house.redis_url, 1, **registered), clock=street.clock)
    try:
        yield parts
    finally:
        await parts.close()


async def linked(street: Street) -> Linked:
    """Read the only connection that there is."""
    rows = await street.house.rows("SELECT organization_id, id FROM calendar_connections")
    async with street.house.parts.services.units.read() as reading:
        found = await reading.calendars.by_id(*rows[0])
    assert found is not None
    return found


async def asked(street: Street, provider: str, times: int) -> None:
    """Wait until a provider was asked for a token so many times."""
    async with asyncio.timeout(5):
        while len(street.fakes[provider].asked("token")) < times:  # noqa: ASYNC110 -- the fake tells nobody
            await asyncio.sleep(0.01)


async def test_right_to_write_that_is_given_later_is_used(street: Street) -> None:
    """Case 56: opened again with more, and later with less, calendars are what the person allowed."""
    host = await street.house.sign_up()
    first = await street.connect(host, "MICROSOFT", without=(WRITE,))

    more = await street.connect(host, "MICROSOFT", connectionId=first["id"])
    assert [one["isWritable"] for one in more["calendars"]] == [True]
    assert [one["receivesBookings"] for one in more["calendars"]] == [True]

    less = await street.connect(host, "MICROSOFT", connectionId=first["id"], without=(WRITE,))
    assert less["missingPermissions"] == ["WRITE_ENTRIES"]
    assert [one["isWritable"] for one in less["calendars"]] == [False]
    assert [one["receivesBookings"] for one in less["calendars"]] == [False]


async def test_refused_token_is_renewed_once_whoever_comes_late(street: Street, database_url: str) -> None:
    """R053, case 58: two processes hold the same refused token; the second takes the first's."""
    host = await street.house.sign_up()
    await street.connect(host, "ZOOM")
    zoom, seen = street.fakes["ZOOM"], await linked(street)
    token = await street.house.parts.services.grants.access(seen)
    before = len(zoom.asked("token"))

    async with another(street, database_url) as other:
        first = await street.house.parts.services.grants.access(seen, refused=token)
        second = await other.services.grants.access(seen, refused=token)

    assert first == second
    assert len(zoom.asked("token")) - before == 1


async def test_late_no_to_an_old_token_does_not_end_the_grant(street: Street, database_url: str) -> None:
    """R018, case 57: the claim ran out, another has renewed; only then comes the refusal."""
    host = await street.house.sign_up()
    await street.connect(host, "ZOOM")
    slug, seen = await street.house.page(host), await linked(street)
    await street.house.redis("FLUSHALL")
    zoom = street.fakes["ZOOM"]
    zoom.fails("token", ENDED)

    slow = asyncio.create_task(street.house.starts(slug, DAY))
    await asked(street, "ZOOM", 2)
    street.clock.turn(seconds=16)
    async with another(street, database_url) as other:
        await other.services.grants.access(seen)
    await slow

    assert await street.house.rows("SELECT state, secret_version FROM calendar_connections") == [
        ("connected", 2)
    ]


async def test_token_that_turned_is_stored_however_late(
    street: Street, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R018: the claim ran out between the provider's answer and the commit; what turned is not lost."""
    host = await street.house.sign_up()
    await street.connect(host, "ZOOM")
    slug, seen = await street.house.page(host), await linked(street)
    await street.house.redis("FLUSHALL")
    grants = street.house.parts.services.grants
    sealing, goes_on = grants.seal, asyncio.Event()

    async def seal(*values: Any) -> bytes:
        await goes_on.wait()
        return await sealing(*values)

    monkeypatch.setattr(grants, "seal", seal)
    late = asyncio.create_task(grants.access(seen))
    await asked(street, "ZOOM", 2)
    street.clock.turn(seconds=16)
    street.fakes["ZOOM"].fails("token", ENDED)
    async with another(street, database_url) as other:
        refused = asyncio.create_task(other.services.grants.access(seen))
        await asked(street, "ZOOM", 3)
        goes_on.set()
        await asyncio.gather(late, refused, return_exceptions=True)

    monkeypatch.setattr(grants, "seal", sealing)
    assert await street.house.rows("SELECT state, secret_version, renewal_id FROM calendar_connections") == [
        ("connected", 2, None)
    ]
    await street.house.redis("FLUSHALL")
    assert len(await street.house.starts(slug, DAY)) == 16


async def test_token_that_turns_while_its_connection_ends_is_ended_too(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R057: the provider knows the newest refresh token only, and nobody here does."""
    host = await street.house.sign_up()
    connection = await street.connect(host, "ZOOM")
    seen = await linked(street)
    await street.house.redis("FLUSHALL")
    grants = street.house.parts.services.grants
    sealing, goes_on = grants.seal, asyncio.Event()

    async def seal(*values: Any) -> bytes:
        await goes_on.wait()
        return await sealing(*values)

    monkeypatch.setattr(grants, "seal", seal)
    late = asyncio.create_task(grants.access(seen))
    await asked(street, "ZOOM", 2)
    await street.house.ask(DISCONNECT, host.token, input={"id": connection["id"]})
    goes_on.set()
    with pytest.raises(ProviderFailed):
        await late
    await street.house.work()

    assert [grant.is_revoked for grant in street.fakes["ZOOM"].grants] == [True]
    assert await street.house.count("grant_endings") == 0
    assert await street.house.keys("slotgraph:access:*") == []


async def test_end_of_a_grant_is_noted_though_nobody_waits_for_it(street: Street) -> None:
    """R058, case 57: a refusal counts even if it comes after everybody has gone."""
    host = await street.house.sign_up()
    await street.connect(host, "ZOOM")
    slug = await street.house.page(host)
    await street.house.redis("FLUSHALL")
    zoom = street.fakes["ZOOM"]
    zoom.fails("token", Fault(status=400, body=ENDED.body, delay_s=2.6))

    booked = await street.house.book(slug, "2026-03-30T08:00:00Z")
    assert booked["__typename"] != "BookingCreatePayload"
    ended, state = [("needs_reconnection",)], "SELECT state FROM calendar_connections"
    async with asyncio.timeout(10):  # the refusal comes when everybody has gone
        while await street.house.rows(state) != ended:  # noqa: ASYNC110 -- a row tells nobody
            await asyncio.sleep(0.05)

    await street.house.work()
    told = [mail for mail in street.house.mails_to(host.email) if "calendar" in str(mail.summary["subject"])]
    assert len(told) == 1


async def test_process_that_stops_stores_what_turns_first(street: Street, database_url: str) -> None:
    """R018: a process is stopped while a provider is asked; the refresh token that comes is kept."""
    host = await street.house.sign_up()
    await street.connect(host, "ZOOM")
    seen = await linked(street)
    await street.house.redis("FLUSHALL")
    street.fakes["ZOOM"].fails("token", Fault(status=200, delay_s=0.3))

    async def stopped() -> None:
        async with another(street, database_url) as other:
            access = asyncio.create_task(other.services.grants.access(seen))
            await asked(street, "ZOOM", 2)
            access.cancel()

    await asyncio.to_thread(asyncio.run, stopped())
    await asyncio.sleep(0.5)
    assert await street.house.rows("SELECT secret_version FROM calendar_connections") == [(2,)]
    assert isinstance(await street.house.parts.services.grants.access(await linked(street)), Secret)


async def test_access_token_does_not_outlive_its_connection(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R056, case 62: ended just between the end of a renewal and the keeping of its token."""
    host = await street.house.sign_up()
    connection = await street.connect(host, "GOOGLE")
    seen = await linked(street)
    await street.house.redis("FLUSHALL")
    keeping, reached, goes_on = AccessTokens.keep, asyncio.Event(), asyncio.Event()

    async def keep(self: AccessTokens, *values: Any) -> None:
        reached.set()
        await goes_on.wait()
        await keeping(self, *values)

    monkeypatch.setattr(AccessTokens, "keep", keep)
    late = asyncio.create_task(street.house.parts.services.grants.access(seen))
    await reached.wait()
    await street.house.ask(DISCONNECT, host.token, input={"id": connection["id"]})
    goes_on.set()
    await asyncio.gather(late, return_exceptions=True)

    assert await street.house.keys("slotgraph:access:*") == []


async def test_account_is_connected_whatever_its_calendar_is_called(street: Street) -> None:
    """A name from the provider becomes a label that fits; it is no input of the person's."""
    host = await street.house.sign_up()
    zoom = street.fakes["ZOOM"]
    assert isinstance(zoom, ZoomFake)
    zoom.calendar(HOST).summary = "Room " * 30

    connection = await street.connect(host, "ZOOM")

    assert connection["state"] == "CONNECTED"


async def test_consent_that_crosses_a_renewal_connects(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R018: the code can be used once, so a token that turned meanwhile must not make it useless."""
    host = await street.house.sign_up()
    first = await street.connect(host, "ZOOM")
    given = await street.answered(host, "ZOOM", connectionId=first["id"])
    grants = street.house.parts.services.grants
    sealing = grants.seal

    async def seal(*values: Any) -> bytes:
        monkeypatch.setattr(grants, "seal", sealing)
        await street.house.redis("FLUSHALL")
        await grants.access(await linked(street))
        return await sealing(*values)

    monkeypatch.setattr(grants, "seal", seal)
    again = await street.finish(host, given)

    assert again["__typename"] == "CalendarConsentFinishPayload"
    assert await street.house.rows("SELECT secret_version FROM calendar_connections") == [(3,)]
    await street.house.redis("FLUSHALL")
    assert isinstance(await grants.access(await linked(street)), Secret)


async def test_consent_for_a_connection_that_was_ended_meanwhile(street: Street) -> None:
    """The answer names a field of its own question."""
    host = await street.house.sign_up()
    connection = await street.connect(host, "GOOGLE")
    given = await street.answered(host, "GOOGLE", connectionId=connection["id"])
    await street.house.ask(DISCONNECT, host.token, input={"id": connection["id"]})

    finished = await street.finish(host, given)
    assert (finished["__typename"], finished["path"]) == ("ConsentUnknownError", ["returnedState"])


async def test_token_that_turned_is_stored_once_the_database_is_back(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R018: there is no other token that is good."""
    host = await street.house.sign_up()
    await street.connect(host, "ZOOM")
    slug = await street.house.page(host)
    await street.house.redis("FLUSHALL")
    ending, tries = StoredGrants.end_renewal, iter(range(9))

    async def end_renewal(self: StoredGrants, *values: Any) -> bool:
        if next(tries) < 2:
            raise ConnectionError
        return await ending(self, *values)

    monkeypatch.setattr(StoredGrants, "end_renewal", end_renewal)
    assert len(await street.house.starts(slug, DAY)) == 16
    assert await street.house.rows("SELECT secret_version FROM calendar_connections") == [(2,)]


async def test_account_that_is_connected_again_is_not_ended_by_a_late_revocation(street: Street) -> None:
    """R057: Google ends all grants of an account by any one token of it."""
    host = await street.house.sign_up()
    first = await street.connect(host, "GOOGLE")
    google = street.fakes["GOOGLE"]
    google.fails("revoke", Fault(status=503))
    await street.house.ask(DISCONNECT, host.token, input={"id": first["id"]})
    await street.house.work()
    again = await street.connect(host, "GOOGLE")
    street.clock.turn(minutes=1)
    await street.house.work()

    assert again["id"] != first["id"]
    assert await street.house.count("grant_endings") == 0
    assert not google.grants[-1].is_revoked


async def test_account_in_two_organizations_is_ended_at_the_provider_with_the_last_of_them(
    street: Street,
) -> None:
    """Case 63: each has a connection of its own, and neither takes the other's access away."""
    ada, eve = await street.house.sign_up(), await street.house.sign_up("Eve")
    hers, mine = await street.connect(ada, "GOOGLE"), await street.connect(eve, "GOOGLE")
    slug, google = await street.house.page(eve), street.fakes["GOOGLE"]

    await street.house.ask(DISCONNECT, ada.token, input={"id": hers["id"]})
    await street.house.work()
    kept = google.asked("revoke")
    await street.house.redis("FLUSHALL")
    starts = await street.house.starts(slug, DAY)
    await street.house.ask(DISCONNECT, eve.token, input={"id": mine["id"]})
    await street.house.work()

    assert kept == []
    assert len(starts) == 16
    assert len(google.asked("revoke")) == 1
    assert await street.house.count("grant_endings") == 0


@pytest.mark.parametrize(
    "fault",
    [
        Fault(status=500, body=ENDED.body),
        Fault(status=200, body=b"<html>"),
        Fault(status=400, body=b"<html>invalid_grant"),
        Fault(status=400, body=b'{"error":"invalid_client"}'),
        Fault(status=401, body=b'{"error":"invalid_client"}'),
        Fault(status=401, body=b""),
        Fault(status=403, body=b"{}"),
        Fault(status=404, body=b"{}"),
        Fault(status=302, headers={"Location": "/zoom/elsewhere"}),
        Fault(status=429, headers={"Retry-After": "1"}),
        Fault(hangs_up=True),
    ],
)
async def test_only_a_clear_word_ends_a_grant(street: Street, fault: Fault) -> None:
    """Case 57, 61."""
    host = await street.house.sign_up()
    await street.connect(host, "ZOOM")
    slug = await street.house.page(host)
    await street.house.redis("FLUSHALL")
    street.fakes["ZOOM"].fails("token", fault)
    assert await street.house.starts(slug, DAY) == []
    assert await street.house.rows("SELECT state, renewal_id FROM calendar_connections") == [
        ("connected", None)
    ]
    street.clock.turn(seconds=70)
    assert len(await street.house.starts(slug, DAY)) == 16


async def test_provider_that_takes_no_token_for_a_moment_ends_no_connection(street: Street) -> None:
    """R058, case 57: the grant is renewed and good; only a refusal that lasts is the user's to mend."""
    host = await street.house.sign_up()
    await street.connect(host, "GOOGLE")
    slug = await street.house.page(host)
    state = "SELECT state, failure FROM calendar_connections"
    google, refused = street.fakes["GOOGLE"], Fault(status=401)

    google.fails("freebusy.query", refused, refused)
    nothing = await street.house.starts(slug, DAY)
    doubted = await street.house.rows(state)
    street.clock.turn(seconds=70)
    again = await street.house.starts(slug, DAY)
    healed = await street.house.rows(state)
    google.fails("freebusy.query", *[refused] * 4)
    await street.house.redis("FLUSHALL")
    await street.house.starts(slug, DAY + timedelta(days=1))
    street.clock.turn(minutes=15)
    await street.house.starts(slug, DAY + timedelta(days=2))

    assert (nothing, doubted) == ([], [("connected", "access_refused")])
    assert (len(again), healed) == (16, [("connected", None)])
    assert await street.house.rows(state) == [("needs_reconnection", "access_refused")]

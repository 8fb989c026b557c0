"""Grants under pressure: renewals that cross each other, endings, slow answers; against fakes."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import pytest

from app.wiring import Parts, wire
from integrations.ports import Secret
from storage.calendars import Linked
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

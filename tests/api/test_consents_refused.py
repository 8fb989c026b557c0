"""Consents that come to nothing here: whatever was granted is ended at the provider, unless it is in use."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from services.consents import Consents
from tests.fakes.kit import Fault
from tests.fakes.oauth import Person
from tests.installation import Host
from tests.street import HOST, PEOPLE, Street, opened_street

pytestmark = pytest.mark.anyio

BOB = "bob@example.com"
UNCHECKED = ("https://www.googleapis.com/auth/calendar.freebusy",)


@pytest.fixture
async def street(database_url: str, redis_url: str, tmp_path: Path) -> AsyncGenerator[Street]:
    """Open an installation in which nobody waits longer than a second for a provider."""
    people = (*PEOPLE, Person("subject-2", BOB, "Bob Host"))
    async with opened_street(
        database_url, redis_url, tmp_path, people, CONNECT_DEADLINE_S="1", GRAPHQL_DEADLINE_S="30"
    ) as opened:
        yield opened


async def refused(street: Street, host: Host, provider: str, **given: Any) -> str:
    """Consent in vain, and let what follows be done; what the host is told."""
    finished = await street.finish(host, await street.answered(host, provider, **given))
    await settled(street)
    return finished["__typename"]


async def settled(street: Street) -> None:
    """Let what is not kept be ended: not at once, since the person may be at their next try."""
    street.clock.turn(minutes=2)
    await street.house.work()


async def ending_planned(street: Street) -> None:
    """Wait until a grant is to be ended."""
    async with asyncio.timeout(20):
        while not await street.house.count("grant_endings"):  # noqa: ASYNC110 -- a row tells nobody
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("provider", ["GOOGLE", "ZOOM"])
async def test_grant_with_too_little_in_it_is_ended_at_the_provider(street: Street, provider: str) -> None:
    """Case 56: nothing is kept of it, here or there."""
    host, fake = await street.house.sign_up(), street.fakes[provider]
    without = UNCHECKED if provider == "GOOGLE" else ("calendar:read:list_events",)

    told = await refused(street, host, provider, without=without)

    assert told == "ConsentDeniedError"
    assert [grant.is_revoked for grant in fake.grants] == [True]
    assert await street.house.count("calendar_connections") == 0
    assert await street.house.count("grant_endings") == 0


async def test_account_that_is_in_use_keeps_its_grant_whatever_is_refused_of_it(street: Street) -> None:
    """Google ends all grants of an account by any one token of it."""
    host, google = await street.house.sign_up(), street.fakes["GOOGLE"]
    await street.connect(host, "GOOGLE")
    other = await street.connect(host, "GOOGLE", email=BOB)

    told = await refused(street, host, "GOOGLE", connectionId=other["id"])

    assert told == "AnotherAccountError"
    assert google.asked("revoke") == []


async def test_zoom_account_of_who_nobody_knows_is_left_alone_where_it_may_be_the_one_in_use(
    street: Street,
) -> None:
    host, zoom = await street.house.sign_up(), street.fakes["ZOOM"]
    await street.connect(host, "ZOOM")

    told = await refused(street, host, "ZOOM", without=("calendar:read:list_events",))

    assert told == "ConsentDeniedError"
    assert zoom.asked("revoke") == []


async def test_grant_of_another_account_than_the_one_asked_for_is_ended(street: Street) -> None:
    """R101: the connection keeps its own."""
    host, google = await street.house.sign_up(), street.fakes["GOOGLE"]
    connection = await street.connect(host, "GOOGLE")

    told = await refused(street, host, "GOOGLE", email=BOB, connectionId=connection["id"])

    assert told == "AnotherAccountError"
    assert [(one.person.email, one.is_revoked) for one in google.grants] == [(HOST, False), (BOB, True)]


async def test_grant_whose_owner_is_not_proved_is_ended(street: Street) -> None:
    """Case 54: the code was taken, and the ID token that came with the tokens is not to be believed."""
    host, google = await street.house.sign_up(), street.fakes["GOOGLE"]
    google.forged = "nonsense"

    told = await refused(street, host, "GOOGLE")

    assert told == "ProviderRefusedError"
    assert [grant.is_revoked for grant in google.grants] == [True]


async def test_late_answer_is_not_ended_beside_the_next_try(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R057: Google ends all grants of an account by any one token, also one that is being stored just now."""
    host, google = await street.house.sign_up(), street.fakes["GOOGLE"]
    google.fails("token", Fault(status=200, delay_s=2))
    await street.finish(host, await street.answered(host, "GOOGLE"))
    await ending_planned(street)
    store = Consents._connected  # pyright: ignore[reportPrivateUsage]

    async def connected(consents: Consents, *given: Any) -> Any:
        await street.house.work()
        return await store(consents, *given)

    with monkeypatch.context() as beside:
        beside.setattr(Consents, "_connected", connected)
        await street.connect(host, "GOOGLE")
    await settled(street)

    assert google.asked("revoke") == []
    assert await street.house.count("grant_endings") == 0


async def test_account_of_another_organization_keeps_its_grant_though_nobody_proves_whose_it_is(
    street: Street,
) -> None:
    """Case 63: the keys could not be read; Google ends all grants of an account by any one token of it."""
    ada, eve = await street.house.sign_up(), await street.house.sign_up("Eve")
    await street.connect(ada, "GOOGLE")
    google = street.fakes["GOOGLE"]
    google.fails("keys", Fault(status=503))

    told = await refused(street, eve, "GOOGLE")

    assert told == "ProviderRefusedError"
    assert google.asked("revoke") == []


async def test_answer_that_comes_when_nobody_waits_any_more_is_ended_and_the_next_try_connects(
    street: Street,
) -> None:
    """Nothing is half written: who was told no has no connection, and the provider has no grant."""
    host, google = await street.house.sign_up(), street.fakes["GOOGLE"]
    google.fails("token", Fault(status=200, delay_s=2))

    told = await street.finish(host, await street.answered(host, "GOOGLE"))
    await ending_planned(street)
    await settled(street)
    connection = await street.connect(host, "GOOGLE")

    assert told["__typename"] == "ProviderRefusedError"
    assert [grant.is_revoked for grant in google.grants] == [True, False]
    assert connection["state"] == "CONNECTED"
    assert await street.house.count("calendar_connections") == 1
    assert await street.house.count("grant_endings") == 0


async def test_process_that_ends_still_plans_the_end_of_what_comes_late(street: Street) -> None:
    """Else an access of ours would stay at the provider, and nobody here would know of it."""
    host, google = await street.house.sign_up(), street.fakes["GOOGLE"]
    google.fails("token", Fault(status=200, delay_s=2))
    await street.finish(host, await street.answered(host, "GOOGLE"))

    await street.house.parts.services.consents.close()

    assert await street.house.count("grant_endings") == 1


async def test_who_goes_away_while_their_account_is_stored_leaves_no_grant(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The operation is given up between the provider's answer and our commit."""
    host, google = await street.house.sign_up(), street.fakes["GOOGLE"]

    async def connected(*_: Any) -> None:
        raise asyncio.CancelledError

    with monkeypatch.context() as gone:
        gone.setattr(Consents, "_connected", connected)
        answer = await street.house.http.post(
            "/graphql",
            json={
                "query": "mutation ($input: CalendarConsentFinishInput!) {"
                " calendarConsentFinish(input: $input) { __typename } }",
                "variables": {"input": await street.answered(host, "GOOGLE")},
            },
            headers={"Authorization": f"Bearer {host.token}"},
        )
    await ending_planned(street)
    await settled(street)

    assert answer.status_code >= 500
    assert [grant.is_revoked for grant in google.grants] == [True]
    assert await street.house.count("calendar_connections") == 0

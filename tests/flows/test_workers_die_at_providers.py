"""Workers that die between a provider's answer and our commit: one entry, no loop over a burnt token."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest

from app.embedded import EmbeddedServers
from storage.failpoints import Failpoint
from tests.fakes.google import GoogleFake
from tests.fakes.graph import GraphFake
from tests.fakes.kit import served
from tests.fakes.oauth import OAuthFake
from tests.fakes.registrations import registrations
from tests.fakes.zoom import ZoomFake
from tests.flows.deployment import Deployment, HostAtHome, book, booking_of, deployed, starts
from tests.flows.processes import Api
from tests.installation import CANCEL, Host
from tests.radicale import Radicale
from tests.street import FINISH, HOST, PEOPLE, START

pytestmark = pytest.mark.anyio

KILLED = -9
NOTHING_ELSE = """UPDATE effects SET due_at = due_at + interval '1 day'
  WHERE state = 'due' AND kind <> 'entry'"""
NEEDS = "SELECT state = 'needs_reconnection' FROM calendar_connections"


class Providers:
    """The three providers, as the processes see them; what no client of theirs may do is written down."""

    def __init__(self) -> None:
        google = GoogleFake(PEOPLE, zone="Europe/Berlin")
        google.pushes.takes_http = True
        graph, zoom = GraphFake(PEOPLE), ZoomFake(PEOPLE)
        self.fakes: dict[str, Any] = {"GOOGLE": google, "MICROSOFT": graph, "ZOOM": zoom}
        self.entries = {
            "GOOGLE": google.calendars[HOST].standing,
            "MICROSOFT": lambda: list(graph.mailboxes[HOST].calendars[0].events.values()),
            "ZOOM": lambda: [
                event for event in zoom.calendar(HOST).events.values() if event["status"] != "cancelled"
            ],
        }


@pytest.fixture
async def providers() -> AsyncGenerator[Providers]:
    """Serve the providers."""
    made = Providers()
    async with served(*made.fakes.values()):
        yield made
        assert {name: fake.violations for name, fake in made.fakes.items() if fake.violations} == {}


@pytest.fixture
async def deployment(
    providers: Providers, servers: EmbeddedServers, database_url: str, radicale: Radicale, tmp_path: Path
) -> AsyncGenerator[Deployment]:
    """Set up an installation that is registered with them; no process runs yet."""
    servers.forget()
    registered = registrations(providers.fakes["GOOGLE"].url)
    async with deployed(database_url, servers.redis_url, radicale, tmp_path, **registered) as installation:
        yield installation


@pytest.fixture
async def api(deployment: Deployment) -> Api:
    """Run an API process."""
    api = deployment.api()
    api.start()
    return api


async def consent(api: Api, host: Host, fake: OAuthFake, provider: str, **more: str) -> None:
    """Connect an account by consent."""
    asked = await api.ask(START, host.token, input={"provider": provider, **more})
    address: str = asked["calendarConsentStart"]["authorizeUrl"]
    query = dict(parse_qsl(urlsplit(address).query))
    back = parse_qs(urlsplit(fake.consents(query, HOST)).query)
    given = {"provider": provider, "returnedState": back["state"][0], "code": back["code"][0]}
    done = (await api.ask(FINISH, host.token, input=given))["calendarConsentFinish"]
    assert done["__typename"] == "CalendarConsentFinishPayload", done


async def booked(deployment: Deployment, api: Api, fake: OAuthFake, provider: str) -> tuple[Host, str]:
    """Let somebody offer times, and somebody book one, whose entry is all that is to be done now."""
    worker = deployment.worker()
    worker.start()
    host = await deployment.signed_up(api)
    assert await worker.end() == 0
    await consent(api, host, fake, provider)
    slug = await HostAtHome(host, "", deployment).page(api)
    made = await book(api, booking_of(slug, (await starts(api, slug))[0]))
    await deployment.database.change(NOTHING_ELSE)
    return host, made["manageToken"]


@pytest.mark.parametrize("provider", ["GOOGLE", "MICROSOFT"])
async def test_an_entry_stands_once_though_workers_die_after_each_answer_of_the_provider(
    deployment: Deployment, api: Api, providers: Providers, servers: EmbeddedServers, provider: str
) -> None:
    """Cases 59, 182, R113: Google knows the entry by our id, Microsoft by its transactionId.

    The first dies with renewed tokens that it has not stored: these providers let the old one stay good.
    """
    fake, entries = providers.fakes[provider], providers.entries[provider]
    _, token = await booked(deployment, api, fake, provider)
    servers.forget()  # the access token with it
    worker = deployment.worker()

    worker.start(Failpoint.AFTER_RENEWAL)
    deaths = [await worker.death()]
    stood = [len(entries())]
    await deployment.end_leases()
    worker.start(Failpoint.AFTER_ENTRY)
    deaths.append(await worker.death())
    stood.append(len(entries()))
    await deployment.end_leases()
    worker.start()
    await deployment.settled()
    stood.append(len(entries()))
    written = await deployment.database.rows("SELECT state, failure FROM entries")
    await api.ask(CANCEL, input={"token": token})
    await deployment.settled()

    assert deaths == [KILLED, KILLED]
    assert stood == [0, 1, 1]
    assert written == [("written", None)]
    assert entries() == []
    assert await deployment.database.rows("SELECT state FROM calendar_connections") == [("connected",)]


async def test_a_refresh_token_that_a_dead_worker_burnt_is_the_hosts_to_replace_and_no_loop(
    deployment: Deployment, api: Api, providers: Providers, servers: EmbeddedServers
) -> None:
    """Case 59: Zoom ends the old one at once, so nobody here has one; told once, asked once."""
    zoom = providers.fakes["ZOOM"]
    host, _ = await booked(deployment, api, zoom, "ZOOM")
    servers.forget()
    worker = deployment.worker()

    worker.start(Failpoint.AFTER_RENEWAL)
    death = await worker.death()
    await deployment.end_leases()
    worker.start()
    await deployment.database.until(NEEDS)
    told = await deployment.mail_to(host.email, 2)
    asked = len(zoom.asked("token"))
    [[connection]] = await deployment.database.rows("SELECT id FROM calendar_connections")
    await consent(api, host, zoom, "ZOOM")
    await deployment.settled()

    assert death == KILLED
    assert asked == 3  # the consent, the renewal that was lost, and the one that was refused
    assert "calendar" in str(told.summary["subject"])
    assert await deployment.database.rows("SELECT id, state FROM calendar_connections") == [
        (connection, "connected")
    ]
    assert len(providers.entries["ZOOM"]()) == 1

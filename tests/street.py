"""An installation and the three providers whose users grant access, played by fakes on the loopback."""

from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

from tests.clock import TurnedClock
from tests.fakes.google import GoogleFake
from tests.fakes.graph import GraphFake
from tests.fakes.kit import served
from tests.fakes.oauth import OAuthFake, Person
from tests.fakes.registrations import registrations
from tests.fakes.zoom import ZoomFake
from tests.installation import Host, Installation, running

HOST = "host@example.com"
DAY = "2026-03-30"  # the Monday after Europe's clocks went forward
PEOPLE = (Person("subject-1", HOST, "Ada Host"),)
PROVIDERS = ("GOOGLE", "MICROSOFT", "ZOOM")

START = """mutation ($input: CalendarConsentStartInput!) { calendarConsentStart(input: $input) { __typename
  ... on CalendarConsentStartPayload { authorizeUrl expiresAt } ... on Error { code path } } }"""
FINISH = """mutation ($input: CalendarConsentFinishInput!) { calendarConsentFinish(input: $input) { __typename
  ... on CalendarConsentFinishPayload { connection { id provider label url state missingPermissions
    calendars { id name countsAsBusy receivesBookings isWritable } } }
  ... on Error { code path } } }"""
DISCONNECT = """mutation ($input: CalendarDisconnectInput!) { calendarDisconnect(input: $input) { __typename
  ... on Error { code } } }"""


@dataclass(frozen=True)
class Street:
    """An installation and the three providers around it; `clock` is everybody's."""

    house: Installation
    clock: TurnedClock
    fakes: Mapping[str, OAuthFake]

    async def asked(self, host: Host, provider: str, **more: object) -> dict[str, str]:
        """Begin to connect; the query of the address to which the person is sent."""
        data = await self.house.ask(START, host.token, input={"provider": provider, **more})
        started = data["calendarConsentStart"]
        assert started["__typename"] == "CalendarConsentStartPayload", started
        address: str = started["authorizeUrl"]
        return dict(parse_qsl(urlsplit(address).query))

    async def answered(
        self, host: Host, provider: str, without: tuple[str, ...] = (), email: str = HOST, **more: Any
    ) -> dict[str, Any]:
        """Begin, and consent as the person; the input with which it can be finished."""
        query = await self.asked(host, provider, **more)
        sent_to = self.fakes[provider].consents(query, email, without=without)
        parts = urlsplit(sent_to)
        assert parts.path == f"/connect/{provider.lower()}"
        back = {name: values[0] for name, values in parse_qs(parts.query).items()}
        return {"provider": provider, "returnedState": back["state"], "code": back["code"]}

    async def finish(self, host: Host, given: dict[str, Any]) -> dict[str, Any]:
        """Finish; whatever comes of it."""
        return (await self.house.ask(FINISH, host.token, input=given))["calendarConsentFinish"]

    async def connect(self, host: Host, provider: str, **more: Any) -> dict[str, Any]:
        """Connect an account; the connection."""
        finished = await self.finish(host, await self.answered(host, provider, **more))
        assert finished["__typename"] == "CalendarConsentFinishPayload", finished
        return finished["connection"]


@asynccontextmanager
async def opened_street(
    database_url: str, redis_url: str, folder: Path, people: Iterable[Person] = PEOPLE, **more: str
) -> AsyncGenerator[Street]:
    """Open an installation that is registered with all three; what no client of theirs may do fails."""
    clock = TurnedClock()
    people = list(people)
    google = GoogleFake(people, clock, zone="Europe/Berlin")
    google.pushes.takes_http = True
    graph, zoom = GraphFake(people, clock), ZoomFake(people, clock)
    fakes: dict[str, Any] = {"GOOGLE": google, "MICROSOFT": graph, "ZOOM": zoom}
    async with served(*fakes.values()) as url:
        registered = registrations(url)
        zoom.webhooks.secret = registered["ZOOM_WEBHOOK_SECRET"]
        async with running(database_url, redis_url, folder, clock, **{**registered, **more}) as house:
            yield Street(house, clock, fakes)
            await google.pushes.delivered()
            assert {name: fake.violations for name, fake in fakes.items() if fake.violations} == {}

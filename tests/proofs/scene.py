"""An installation beside one account that is full of somebody's own entries, at whichever provider."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from tests.clock import TurnedClock
from tests.fakes.caldav_side import Between, CalDavSide
from tests.fakes.google import GoogleFake
from tests.fakes.google_side import EMAIL as GOOGLE_HOST
from tests.fakes.google_side import GoogleSide
from tests.fakes.graph import GraphFake
from tests.fakes.kit import Asked, Fake, served
from tests.fakes.microsoft_side import HOST as MICROSOFT_HOST
from tests.fakes.microsoft_side import MicrosoftSide
from tests.fakes.oauth import OAuthFake, Person
from tests.fakes.sides import CANARY, Side
from tests.fakes.zoom import ZoomFake
from tests.fakes.zoom_side import HOST as ZOOM_HOST
from tests.fakes.zoom_side import ZoomSide
from tests.installation import CALENDAR_CONNECT, Host, Installation
from tests.radicale import WORD, Radicale
from tests.street import Street, opened_street

ALL = ("GOOGLE", "MICROSOFT", "ZOOM", "CALDAV")
MONDAY = datetime.fromisoformat("2026-03-30T00:00:00Z")
FREE_BUSY = {"GOOGLE": "freebusy.query", "MICROSOFT": "view", "ZOOM": "freeBusy", "CALDAV": "REPORT"}
"""The operation by which each provider is asked when somebody is busy."""

_PEOPLE = (Person("1001", GOOGLE_HOST, "Ada"), ZOOM_HOST)
_RECONNECT = """mutation ($input: CalendarReconnectInput!) { calendarReconnect(input: $input) { __typename
  ... on Error { code } } }"""


@dataclass(frozen=True)
class Scene:
    """The provider under test, its fake and the host's side of their account there."""

    provider: str
    street: Street
    fake: Fake
    side: Side
    email: str
    spare: str
    """A calendar at a CalDAV server that can be connected too."""

    @property
    def house(self) -> Installation:
        """The installation."""
        return self.street.house

    @property
    def clock(self) -> TurnedClock:
        """Everybody's clock."""
        return self.street.clock

    @property
    def calls(self) -> list[Asked]:
        """Everything that our side has asked of the provider, in order; signing in at it too."""
        return self.fake.calls

    def foreign_ids(self) -> set[str]:
        """Name the host's own entries as the provider does."""
        match self.side:
            case GoogleSide() as google:
                return {id_ for id_, one in google.calendar.events.items() if one.get("summary") == CANARY}
            case MicrosoftSide() as microsoft:
                return {one.id for one in microsoft.calendar.events.values() if not one.is_ours}
            case ZoomSide() as zoom:
                events = zoom.fake.calendar(self.email).events
                return {id_ for id_, one in events.items() if one["summary"] == CANARY}
            case _:
                return {name.removesuffix(".ics") for name in json.loads(self.side.foreign())}

    def busy_calls(self) -> int:
        """Count how often the provider was asked when somebody is busy."""
        return len(self.fake.asked(FREE_BUSY[self.provider]))

    def fill(self) -> None:
        """Put the host's own entries into the account: of all kinds, most of them busy."""
        at = MONDAY + timedelta(hours=13)
        half = timedelta(minutes=30)
        self.side.add(at, at + half)
        self.side.add(at + half, at + 2 * half, is_free=True)
        self.side.add(at - 2 * half, at - half, is_cancelled=True)
        self.side.add(at + 2 * half, at + 3 * half, is_declined=True)
        day = MONDAY + timedelta(days=3)  # no booking of the life is on it
        self.side.add(day, day + timedelta(days=1), is_all_day=True)

    async def connect(self, host: Host) -> None:
        """Connect the account, as its host would."""
        if self.provider != "CALDAV":
            await self.street.connect(host, self.provider, email=self.email)
            return
        url = self.side.account.url
        given = {"provider": "CALDAV", "url": url, "username": self.side.account.username, "password": WORD}
        data = await self.house.ask(CALENDAR_CONNECT, host.token, input=given)
        assert data["calendarConnect"]["__typename"] == "CalendarConnectPayload", data

    async def reconnect(self, host: Host, connection_id: str) -> None:
        """Connect the account again, where our access was lost."""
        if self.provider != "CALDAV":
            await self.street.connect(host, self.provider, email=self.email, connectionId=connection_id)
            return
        given = {"id": connection_id, "password": WORD}
        data = await self.house.ask(_RECONNECT, host.token, input=given)
        assert data["calendarReconnect"]["__typename"] == "CalendarReconnectPayload", data

    async def forget_copies(self) -> None:
        """Let the installation forget what it knows of busy times."""
        for key in await self.house.keys("slotgraph:busy:*"):
            await self.house.redis("DEL", key)

    async def starts(self, slug: str) -> list[str]:
        """Open a page anew: what it offers on Monday."""
        await self.forget_copies()
        return await self.house.starts(slug, MONDAY)


@asynccontextmanager
async def opened_scene(
    provider: str, database_url: str, redis_url: str, folder: Path, radicale: Radicale
) -> AsyncGenerator[Scene]:
    """Run everything; at the end no provider may have seen a call that breaks its rules or our word."""
    async with opened_street(database_url, redis_url, folder, _PEOPLE) as street:
        between = Between(radicale.url)
        async with served(between):
            fake, side, email = _of(provider, street, between, radicale)
            spare = radicale.calendar(f"spare-{uuid4().hex[:8]}")
            yield Scene(provider, street, fake, side, email, spare)
            assert list(side.violations()) == []


def _of(provider: str, street: Street, between: Between, radicale: Radicale) -> tuple[Fake, Side, str]:
    fakes: dict[str, OAuthFake] = dict(street.fakes)
    match fakes.get(provider):
        case GoogleFake() as google:
            return google, GoogleSide(google), GOOGLE_HOST
        case GraphFake() as graph:
            return graph, MicrosoftSide(graph), MICROSOFT_HOST
        case ZoomFake() as zoom:
            return zoom, ZoomSide(zoom), ZOOM_HOST.email
        case _:
            return between, CalDavSide(between, radicale), ""


def own_tokens(scene: Scene) -> set[str]:
    """Collect every token that the provider has given, to whomever."""
    grants: list[Any] = getattr(scene.fake, "grants", [])
    given = {token for grant in grants for token in grant.access}
    return given | {grant.refresh_token for grant in grants if grant.refresh_token}

"""The whole house on real sockets: database, Redis, calendar server, mail sink, and the API over them."""

import asyncio
import base64
import re
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import orjson
import uvicorn
from redis.asyncio import Redis
from sqlalchemy import text
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from app.http.asgi import application_for
from app.http.wire import PROTOCOL
from app.mailbox.sink import listen
from app.mailbox.store import MailStore, StoredMail
from app.settings import Settings
from app.wiring import Parts, wire
from domain.effects import EffectState, Outcome
from domain.tokens import TokenKind, token_kind
from tests import serving
from tests.clock import TurnedClock
from tests.radicale import USER, WORD, Radicale

KEY = base64.b64encode(b"k" * 32).decode()
LINK_KEY = base64.b64encode(b"l" * 32).decode()
_SECRET = re.compile(r"sg[a-z]_[0-9A-Za-z]+")


def settings_for(database_url: str, redis_url: str, smtp_port: int, **more: str) -> Settings:
    """Make the settings of a test's installation."""
    return Settings.read(
        {
            "ENVIRONMENT": "test",
            "PUBLIC_URL": "http://127.0.0.1:8000",
            "DATABASE_URL": database_url,
            "REDIS_URL": redis_url,
            "SMTP_URL": f"smtp://127.0.0.1:{smtp_port}",
            "KEYS": f"first:{KEY}",
            "LINK_KEY": LINK_KEY,
            "ALLOW_LOOPBACK_PROVIDERS": "yes",
            "INTROSPECTION": "yes",
            "GOOGLE_CLIENT_ID": "slotgraph-client",
            "REDIS_DEADLINE_S": "5",  # a machine of two cores that runs three parts of the suite may be slow
            "GRAPHQL_DEADLINE_S": "30",  # two hundred racers and their clients share one process here
            **more,
        }
    )


@dataclass(frozen=True)
class Feed:
    """One open subscription."""

    socket: ClientConnection

    async def next(self) -> dict[str, Any]:
        """Give the next event's data; fails after some seconds without one."""
        message = await self.message()
        assert message["type"] == "next", message
        assert "errors" not in message["payload"], message
        return message["payload"]["data"]

    async def message(self) -> dict[str, Any]:
        """Give the next message of the protocol."""
        async with asyncio.timeout(10):
            return orjson.loads(await self.socket.recv())

    async def ending(self) -> int:
        """Wait for the server to close the socket, without one more event; its code."""
        async with asyncio.timeout(10):
            try:
                message = orjson.loads(await self.socket.recv())
            except ConnectionClosed as closed:
                return closed.rcvd.code if closed.rcvd else 0
            assert message["type"] != "next", message
            try:
                await self.socket.recv()
            except ConnectionClosed as closed:
                return closed.rcvd.code if closed.rcvd else 0
        return 0

    async def is_silent(self, seconds: float = 0.4) -> bool:
        """Tell that nothing comes for a while."""
        try:
            async with asyncio.timeout(seconds):
                await self.socket.recv()
        except TimeoutError:
            return True
        return False


@dataclass(frozen=True)
class Host:
    """Somebody who signed up, with the token of the session."""

    token: str
    handle: str
    email: str


@dataclass(frozen=True)
class Installation:
    """A running installation and what is around it."""

    port: int
    parts: Parts
    clock: TurnedClock
    mails: MailStore
    redis_url: str
    http: httpx.AsyncClient
    numbers: "count[int]" = field(default_factory=lambda: count(1))

    async def ask(
        self, document: str, token: str | None = None, act_for: str | None = None, **variables: Any
    ) -> dict[str, Any]:
        """Run an operation that must have data and no errors."""
        answer = await self.answer(document, token, act_for, **variables)
        assert "errors" not in answer, answer
        return answer["data"]

    async def answer(
        self, document: str, token: str | None = None, act_for: str | None = None, **variables: Any
    ) -> dict[str, Any]:
        """Run an operation, whatever comes of it; `act_for` is the id of the user for whom it is asked."""
        headers = headers_of(token, act_for)
        response = await self.http.post(
            "/graphql", json={"query": document, "variables": variables}, headers=headers
        )
        return orjson.loads(response.content)

    @asynccontextmanager
    async def feed(
        self, document: str, token: str | None = None, act_for: str | None = None, **variables: Any
    ) -> AsyncGenerator[Feed, None]:
        """Subscribe over graphql-transport-ws."""
        async with connect(
            f"ws://127.0.0.1:{self.port}/graphql",
            subprotocols=["graphql-transport-ws"],  # type: ignore[list-item]
        ) as socket_:
            payload = headers_of(token, act_for)
            await socket_.send(orjson.dumps({"type": "connection_init", "payload": payload}).decode())
            assert orjson.loads(await socket_.recv())["type"] == "connection_ack"
            await socket_.send(
                orjson.dumps(
                    {
                        "id": "1",
                        "type": "subscribe",
                        "payload": {"query": document, "variables": variables},
                    }
                ).decode()
            )
            yield Feed(socket_)

    async def work(self) -> list[EffectState]:
        """Do what is due, as a worker would, until nothing is; say how each went."""
        effects = self.parts.services.effects
        done: list[EffectState] = []
        ended: list[Outcome] = []
        await self.parts.services.bookings.keeping.end_holds()
        while claimed := await effects.exchange(ended, 100):
            ended = [await effects.act(effect) for effect in claimed]
            done += [outcome.state for outcome in ended]
        return done

    async def rows(self, statement: str, **values: object) -> list[tuple[Any, ...]]:
        """Ask the database itself."""
        async with self.parts.engine.connect() as connection:
            return [tuple(row) for row in await connection.execute(text(statement), values)]

    async def rows_changed(self, statement: str, **values: object) -> None:
        """Change the database behind everybody's back."""
        async with self.parts.engine.begin() as connection:
            await connection.execute(text(statement), values)

    async def count(self, table: str) -> int:
        """Count a table's rows."""
        return (await self.rows(f"SELECT count(*) FROM {table}"))[0][0]  # noqa: S608 -- a test's own table name

    async def redis(self, *command: str | bytes) -> Any:
        """Ask Redis itself."""
        client = Redis.from_url(self.redis_url)  # pyright: ignore[reportUnknownMemberType] -- its own types
        try:
            answer: Any = await client.execute_command(*command)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] -- as above
            return answer  # pyright: ignore[reportUnknownVariableType] -- as above
        finally:
            await client.aclose()

    async def keys(self, pattern: str) -> list[bytes]:
        """List the keys in Redis."""
        return sorted(await self.redis("KEYS", pattern))

    async def everything_stored(self) -> list[str]:
        """Dump every table and every value in Redis as text."""
        tables = await self.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        texts = [str(await self.rows(f'SELECT * FROM "{name}"')) for (name,) in tables]  # noqa: S608 -- its own
        return texts + [str(await self.redis("DUMP", key)) for key in await self.keys("*")]

    def mails_to(self, address: str) -> list[StoredMail]:
        """List the mails to an address, oldest first."""
        return [mail for mail in reversed(self.mails.newest_first()) if address in str(mail.summary["to"])]

    async def sign_up(self, name: str = "Ada", zone: str = "Europe/Berlin") -> Host:
        """Sign a new host up through the API, by the mailed code."""
        email = f"{name.lower()}{next(self.numbers)}@example.com"
        started = (await self.ask(SIGN_IN_START, input={"email": email}))["signInStart"]["__typename"]
        assert started == "SignInStartPayload", started
        await self.work()
        code = re.search(r"\b\d{8}\b", self.mails_to(email)[-1].part("text/plain"))
        assert code is not None
        data = await self.ask(
            SIGN_IN_FINISH,
            input={
                "email": email,
                "code": code[0],
                "signUp": {"name": name, "organizationName": f"{name}'s studio", "zone": zone},
            },
        )
        payload = data["signInFinish"]
        return Host(payload["sessionToken"], payload["user"]["handle"], email)

    async def connect_calendar(self, host: Host, radicale: Radicale) -> str:
        """Make a calendar at the real server and connect it; its address."""
        address = radicale.calendar(f"work-{uuid4().hex[:8]}")
        data = await self.ask(
            CALENDAR_CONNECT,
            host.token,
            input={"provider": "CALDAV", "url": address, "username": USER, "password": WORD},
        )
        assert data["calendarConnect"]["__typename"] == "CalendarConnectPayload", data
        return address

    async def page(self, host: Host, **settings: Any) -> str:
        """Publish a page of 30 minutes; its link."""
        wanted = {"slug": f"page-{next(self.numbers)}", "name": "Intro", "durationMinutes": 30, **settings}
        data = await self.ask(PAGE_CREATE, host.token, input=wanted)
        assert data["bookingPageCreate"]["__typename"] == "BookingPageCreatePayload", data
        return f"{host.handle}/{wanted['slug']}"

    async def starts(self, slug: str, start: datetime, days: int = 1) -> list[str]:
        """List the free starts of a page."""
        window = {"from": stamp(start), "to": stamp(start + timedelta(days=days))}
        data = await self.ask(OPEN_SLOTS, slug=slug, window=window)
        return [slot["start"] for slot in data["bookingPage"]["openSlots"]["slots"]]

    async def book(self, slug: str, start: str, **more: Any) -> dict[str, Any]:
        """Try to book; whatever comes of it."""
        data = await self.ask(BOOK, input=booking(slug, start, **more))
        return data["bookingCreate"]


def headers_of(token: str | None, act_for: str | None = None) -> dict[str, str]:
    """Say who asks, and for whom: as headers, and as the payload of `connection_init`."""
    said = {"Authorization": f"Bearer {token}" if token else None, "Slotgraph-Act-For": act_for}
    return {name: value for name, value in said.items() if value is not None}


def booking(slug: str, start: str, **more: Any) -> dict[str, Any]:
    """Make the input of a booking."""
    return {
        "slug": slug,
        "start": start,
        "invitee": {"name": "Grace Hopper", "email": "grace@example.org", "zone": "America/New_York"},
        "idempotencyKey": str(uuid4()),
        **more,
    }


def stamp(instant: datetime) -> str:
    """Write an instant as the API does."""
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")


def secrets_in(text_: str, kind: TokenKind) -> list[str]:
    """Find the secrets of one kind in a text."""
    return [found for found in _SECRET.findall(text_) if token_kind(found) is kind]


@asynccontextmanager
async def running(
    database_url: str, redis_url: str, folder: Path, clock: TurnedClock | None = None, **more: str
) -> AsyncGenerator[Installation, None]:
    """Run an installation until the block ends; its clock stands still until it is turned."""
    store = MailStore(folder, 1000)
    sink = await listen(store, 0)
    clock = clock or TurnedClock()
    # Asyncio turns delays off only where the protocol is named; without it each answer waits 40 ms.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()  # whoever asks before the server runs waits
        port = listening.getsockname()[1]
        more = {"HOOKS_URL": f"http://127.0.0.1:{port}", **more}
        settings = settings_for(database_url, redis_url, sink.sockets[0].getsockname()[1], **more)
        parts = wire(settings, clock=clock)
        config = uvicorn.Config(
            application_for(settings, parts),
            ws=PROTOCOL,
            ws_per_message_deflate=False,
            log_level="warning",
            access_log=False,
            timeout_graceful_shutdown=1,
        )
        try:
            async with (
                serving.open_server(config, listening),
                serving.client(base_url=f"http://127.0.0.1:{port}", timeout=20) as client,
            ):
                yield Installation(port, parts, clock, store, redis_url, client)
        finally:
            sink.close()


SIGN_IN_START = "mutation ($input: SignInStartInput!) { signInStart(input: $input) { __typename } }"
SIGN_IN_FINISH = """mutation ($input: SignInFinishInput!) { signInFinish(input: $input) {
  __typename ... on SignInFinishPayload { sessionToken user { id handle } }
  ... on Error { message code path } } }"""
CALENDAR_CONNECT = """mutation ($input: CalendarConnectInput!) { calendarConnect(input: $input) {
  __typename ... on Error { message code path } } }"""
PAGE_CREATE = """mutation ($input: BookingPageCreateInput!) { bookingPageCreate(input: $input) {
  __typename ... on BookingPageCreatePayload { bookingPage { id } }
  ... on Error { message code path } } }"""
OPEN_SLOTS = """query ($slug: String!, $window: WindowInput!) { bookingPage(slug: $slug) { name
  openSlots(window: $window) { freshness slots { start end seatsLeft } } } }"""
HOLD = """mutation ($input: HoldCreateInput!) { holdCreate(input: $input) { __typename
  ... on HoldCreatePayload { hold { token start end expiresAt } } ... on Error { message code path }
  ... on SlotTakenError { nextSlots { start } } } }"""
BOOK = """mutation ($input: BookingCreateInput!) { bookingCreate(input: $input) { __typename
  ... on BookingCreatePayload { manageToken booking { state start end version name } }
  ... on Error { message code path } ... on SlotTakenError { nextSlots { start } }
  ... on SlotNotOfferedError { nextSlots { start } } } }"""
RESCHEDULE = """mutation ($input: BookingRescheduleInput!) { bookingReschedule(input: $input) { __typename
  ... on InviteeBookingPayload { booking { state start end version } }
  ... on Error { message code path } } }"""
CANCEL = """mutation ($input: BookingCancelInput!) { bookingCancel(input: $input) { __typename
  ... on InviteeBookingPayload { booking { state start version } } ... on Error { message code path } } }"""
CHANGED = """subscription ($slug: String!, $window: WindowInput!, $after: String) {
  openSlotsChanged(slug: $slug, window: $window, after: $after) { __typename
    ... on OpenSlotsEvent { revision cursor } ... on OpenSlotsState { slots { start seatsLeft } }
    ... on OpenSlotsChange { added { start seatsLeft } removed { start } }
    ... on OpenSlotsEnd { reason } } }"""

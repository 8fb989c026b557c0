"""Doors on real sockets: one hurried and closed as in production, one open as in development."""

import asyncio
import socket
import threading
from collections.abc import AsyncGenerator, Generator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
import pytest
import uvicorn
from starlette.types import ASGIApp

from app.http.limits import DoorRules
from app.http.wire import PROTOCOL
from tests.http.example import World, make_application
from tests.serving import client as plain_client

HURRIED = DoorRules(
    allowed_origins=frozenset({"https://book.example.com"}),
    deadline_s=0.5,
    body_s=0.5,
    socket_init_s=0.4,
    slow_reader_s=0.6,
    keep_alive_s=0.1,
    renewal_s=0.2,
)
OPEN = DoorRules(allowed_origins=frozenset({"*"}), introspection=True, console=True)


@dataclass(frozen=True)
class Door:
    """A running server and what is behind it."""

    port: int
    world: World

    @property
    def url(self) -> str:
        """Address for requests."""
        return f"http://127.0.0.1:{self.port}/graphql"

    @property
    def socket_url(self) -> str:
        """Address for sockets."""
        return f"ws://127.0.0.1:{self.port}/graphql"


class Announcing(uvicorn.Server):
    """A server that says when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, and say so."""
        await super().startup(sockets)
        self.listening.set()


@contextmanager
def serving(rules: DoorRules) -> Generator[Door]:
    """Serve the example with these rules on a port of its own."""
    world = World()
    with listening(make_application(world, rules)) as port:
        yield Door(port, world)


@contextmanager
def listening(application: ASGIApp, protocol: str | type[asyncio.Protocol] = PROTOCOL) -> Generator[int]:
    """Serve an application in a thread of its own, and give its port."""
    server = Announcing(
        uvicorn.Config(
            application,
            port=0,
            ws=protocol,
            ws_max_size=65_536,
            ws_per_message_deflate=False,
            log_config=None,
            timeout_graceful_shutdown=1,
        )
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    assert server.listening.wait(10)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    thread.join(10)


@pytest.fixture(scope="session")
def door() -> Generator[Door]:
    with serving(HURRIED) as door:
        yield door


@pytest.fixture(scope="session")
def open_door() -> Generator[Door]:
    with serving(OPEN) as door:
        yield door


@pytest.fixture
async def client(door: Door) -> AsyncGenerator[httpx.AsyncClient]:
    async with plain_client(base_url=f"http://127.0.0.1:{door.port}") as client:
        yield client


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"

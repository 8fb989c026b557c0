"""Servers of tests that end at once, and clients that cost nothing to make."""

import asyncio
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from socket import socket
from typing import Any

import httpx
import uvicorn

from app.command.serving import KEEP_ALIVE_S

# Tests talk to loopback in the clear; a context of each client's own would read all authorities anew.
TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


class Server(uvicorn.Server):
    """A server that says when it is there, and that looks for its end when told instead of each 100 ms."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._is_there = asyncio.Event()
        self._leaving = asyncio.Event()

    async def startup(self, sockets: list[socket] | None = None) -> None:
        """Listen, and say so."""
        await super().startup(sockets)
        self._is_there.set()

    async def main_loop(self) -> None:
        """Serve until told to leave."""
        await self.on_tick(0)
        await self._leaving.wait()

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        """Close everything; what is still being answered has the time that the configuration gives."""
        for server in (*self.servers, *(sockets or ())):
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        for _ in range(_PASSES):  # idle connections are gone after a pass or two of the loop
            await asyncio.sleep(0)
        try:
            async with asyncio.timeout(self.config.timeout_graceful_shutdown):
                await self._wait_tasks_to_complete()
        except TimeoutError:
            for task in self.server_state.tasks:
                task.cancel()
        if not self.force_exit:
            await self.lifespan.shutdown()

    async def there(self) -> None:
        """Wait until it listens."""
        await self._is_there.wait()

    def leave(self) -> None:
        """End as soon as what was begun is done."""
        self.should_exit = True
        self._leaving.set()


@asynccontextmanager
async def open_server(
    config: uvicorn.Config, *sockets: socket, hurries: bool = False
) -> AsyncGenerator[None]:
    """Serve on sockets while the block runs; `hurries` leaves what was begun.

    Idle connections stay open as long as they do in production: with uvicorn's own five seconds, which are
    httpx's too, a busy machine closes one just when it is asked.
    """
    config.timeout_keep_alive = KEEP_ALIVE_S
    server = Server(config)
    task = asyncio.create_task(server.serve(list(sockets)))
    there = asyncio.create_task(server.there())
    try:
        await asyncio.wait((task, there), return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            task.result()
        yield
    finally:
        there.cancel()
        server.force_exit = hurries
        server.leave()
        await task


def client(**settings: Any) -> httpx.AsyncClient:
    """Make a client for loopback that minds no proxy of the environment."""
    return httpx.AsyncClient(trust_env=False, verify=TLS, **settings)


_PASSES = 5

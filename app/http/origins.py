"""Who knocks, and whether the page that sent them may: callers, origins, cookies and CORS."""

import re
import secrets
from collections.abc import Mapping
from itertools import count

from starlette.requests import HTTPConnection

from app.http.execution import Caller, Transport
from app.http.limits import DoorRules
from app.http.responses import Code, Refused, failure

# A request's own name: this process and a number. It names, and guards nothing.
_PROCESS = secrets.token_hex(12)
_NUMBERS = count(1)
_REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")
_LONGEST_LOCALE = 200
_ANYBODY = "*"
_PREFLIGHT_S = "600"
_ACT_FOR = "Slotgraph-Act-For"


def read_caller(connection: HTTPConnection, rules: DoorRules, transport: Transport) -> Caller:
    """Read who calls over HTTP.

    A cookie counts only for requests that a page of ours, or of an allowed origin, has sent; with any
    other it is refused with 403, so that no page can act in a visitor's name.
    """
    cookie = connection.cookies.get(rules.session_cookie)
    if cookie is not None and not _may_use_cookie(connection, rules):
        raise Refused(403, failure(Code.FORBIDDEN, "A session cookie is accepted from our own pages only."))
    headers = connection.headers
    authorization, act_for = headers.get("authorization"), headers.get(_ACT_FOR.lower())
    return _caller(connection, transport, authorization, cookie, None, act_for)


def read_socket_caller(socket: HTTPConnection, payload: Mapping[str, object]) -> Caller:
    """Read who opened a socket, and for whom: from `connection_init`, and never from a cookie."""
    authorization = payload.get("authorization", payload.get("Authorization"))
    ticket = payload.get("ticket")
    act_for = payload.get(_ACT_FOR)
    return _caller(
        socket,
        Transport.WEBSOCKET,
        authorization if isinstance(authorization, str) else None,
        None,
        ticket if isinstance(ticket, str) else None,
        None if act_for is None else str(act_for),
    )


def may_open_socket(socket: HTTPConnection, rules: DoorRules) -> bool:
    """Tell whether a socket may be opened: by no page at all, by ours, or by an allowed origin's."""
    origin = socket.headers.get("origin")
    return origin is None or _ANYBODY in rules.allowed_origins or _is_trusted(origin, socket, rules)


def cors_headers(connection: HTTPConnection, rules: DoorRules) -> dict[str, str]:
    """Say to a browser which page may read the answer; nothing to pages of foreign origins."""
    origin = connection.headers.get("origin")
    headers = {"Vary": "Origin, Accept"}
    if origin is None:
        return headers
    if _is_trusted(origin, connection, rules):
        headers["Access-Control-Allow-Origin"] = origin
        headers["Access-Control-Allow-Credentials"] = "true"
    elif _ANYBODY in rules.allowed_origins:
        headers["Access-Control-Allow-Origin"] = _ANYBODY
    else:
        return headers
    headers["Access-Control-Expose-Headers"] = "Retry-After, X-Request-Id"
    return headers


def preflight_headers(connection: HTTPConnection, rules: DoorRules) -> dict[str, str]:
    """Answer a browser that asks beforehand; only trusted origins may send credentials."""
    headers = cors_headers(connection, rules)
    if "Access-Control-Allow-Origin" in headers:
        credentials = f", Authorization, {_ACT_FOR}" if "Access-Control-Allow-Credentials" in headers else ""
        headers["Access-Control-Allow-Methods"] = "POST"
        headers["Access-Control-Allow-Headers"] = f"Accept, Content-Type, X-Request-Id{credentials}"
        headers["Access-Control-Max-Age"] = _PREFLIGHT_S
    return headers


def _caller(
    connection: HTTPConnection,
    transport: Transport,
    authorization: str | None,
    session_cookie: str | None,
    ticket: str | None,
    act_for: str | None,
) -> Caller:
    locale = connection.headers.get("accept-language")
    asked_id = connection.headers.get("x-request-id", "")
    return Caller(
        authorization=authorization,
        session_cookie=session_cookie,
        ip=connection.client.host if connection.client else "",
        origin=connection.headers.get("origin"),
        locale=locale[:_LONGEST_LOCALE] if locale else None,
        transport=transport,
        request_id=asked_id if _REQUEST_ID.fullmatch(asked_id) else f"{_PROCESS}{next(_NUMBERS):08x}",
        ticket=ticket,
        act_for=act_for,
    )


def _may_use_cookie(connection: HTTPConnection, rules: DoorRules) -> bool:
    origin = connection.headers.get("origin")
    if origin is not None:
        return _is_trusted(origin, connection, rules)
    return connection.headers.get("sec-fetch-site") == "same-origin"


def _is_trusted(origin: str, connection: HTTPConnection, rules: DoorRules) -> bool:
    if origin == _ANYBODY:
        return False
    if origin in rules.allowed_origins:
        return True
    scheme = {"ws": "http", "wss": "https"}.get(connection.scope["scheme"], connection.scope["scheme"])
    host = connection.headers.get("host")
    return host is not None and origin == f"{scheme}://{host}".lower()

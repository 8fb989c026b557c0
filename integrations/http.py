"""The only HTTP client for addresses that users or providers influence (ADR: one door to the outside).

It talks https to public addresses, connects to exactly the address it has checked, follows nothing by
itself, keeps no cookies, reads no environment, and ends: in time, in size, in headers.
"""

import asyncio
import base64
import logging
import socket
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType
from typing import cast

import httpcore

from integrations.addresses import AddressRefused, Origin, checked, origin_of
from integrations.ports import Permanent, Secret, Transient

Resolve = Callable[[str, int], Awaitable[list[str]]]
"""Looks a name up: all numbers it stands for, in the order of preference."""

UNREACHABLE = "unreachable"
TIMEOUT = "timeout"
TOO_LARGE = "answer_too_large"
UNREADABLE = "answer_unreadable"

MAX_BODY = 2_000_000
_CONNECTIONS = 6
_ADDRESSES_TRIED = 3
_CONNECT_S = 3.0
_HTTPS = 443
_DEFAULT_PORTS = MappingProxyType({"https": _HTTPS, "http": 80})
_FAMILY = ".icloud.com"  # one provider's hosts, among which it sends each account to its own


@dataclass(frozen=True, slots=True)
class Credentials:
    """A user name and a secret, and the origin to which they belong."""

    origin: Origin
    username: str = field(repr=False)
    secret: Secret

    def holds_at(self, origin: Origin) -> bool:
        """Say whether they may be sent to an origin: the one they were saved for, or its family's hosts."""
        return origin == self.origin or (_is_family(origin) and _is_family(self.origin))

    def header(self) -> str:
        """Spell them for HTTP Basic."""
        pair = f"{self.username}:{self.secret.reveal()}"
        return f"Basic {base64.b64encode(pair.encode()).decode()}"


@dataclass(frozen=True, slots=True)
class Bearer:
    """An access token, and the one origin to which it may be sent (RFC 6750)."""

    origin: Origin
    token: Secret

    def holds_at(self, origin: Origin) -> bool:
        """Say whether the token may be sent to an origin: the one that it was granted for."""
        return origin == self.origin

    def header(self) -> str:
        """Spell it for the header."""
        return f"Bearer {self.token.reveal()}"


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked; method and headers are our own, only the URL comes from elsewhere."""

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; header names are in lower case."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@cache
def trusting_authorities() -> ssl.SSLContext:
    """Give the one context of this process that trusts the system's authorities: TLS 1.2 or newer (R091).

    To read them takes some 30 ms, so they are read once; who exchanges them restarts the process.
    """
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


async def system_resolve(host: str, port: int) -> list[str]:
    """Look a name up as the system does."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


class SafeHttp:
    """Opens sessions. `allow_loopback` is for development: this machine, in the clear, on any port.

    `tls` is for tests with an authority of their own.
    """

    def __init__(
        self,
        *,
        allow_loopback: bool = False,
        resolve: Resolve = system_resolve,
        tls: ssl.SSLContext | None = None,
        max_body: int = MAX_BODY,
    ) -> None:
        self._allow_loopback = allow_loopback
        self._resolve = resolve
        self._tls = tls or trusting_authorities()
        self._tls.minimum_version = ssl.TLSVersion.TLSv1_2
        self._max_body = max_body
        # At its most talkative it writes whole headers, with addresses and secrets in them.
        logging.getLogger("httpcore").setLevel(logging.WARNING)

    def origin(self, url: str) -> Origin:
        """Read where a URL leads; raises Transient("unreachable") for what we never talk to."""
        try:
            return origin_of(url, allow_loopback=self._allow_loopback)
        except AddressRefused:
            raise Transient(UNREACHABLE) from None

    @asynccontextmanager
    async def session(
        self, deadline_s: float, credentials: Credentials | Bearer | None = None
    ) -> AsyncGenerator["Session"]:
        """Open connections for one piece of work; Transient("timeout") when the time is over."""
        try:
            async with (
                asyncio.timeout(deadline_s),
                httpcore.AsyncConnectionPool(
                    ssl_context=self._tls,
                    max_connections=_CONNECTIONS,
                    network_backend=_Checked(self._resolve),
                ) as pool,
            ):
                yield Session(self, pool, credentials, self._max_body)
        except TimeoutError:
            raise Transient(TIMEOUT, is_outage=True) from None


class Session:
    """Connections that belong to one piece of work and one account."""

    def __init__(
        self,
        http: SafeHttp,
        pool: httpcore.AsyncConnectionPool,
        credentials: Credentials | Bearer | None,
        max_body: int,
    ) -> None:
        self._http = http
        self._pool = pool
        self._credentials = credentials
        self._max_body = max_body

    def trusts(self, url: str) -> bool:
        """Say whether the account's secret may be sent to a URL."""
        return self._credentials is None or self._credentials.holds_at(self._http.origin(url))

    async def send(self, request: Request) -> Answer:
        """Ask once; a redirect is an answer like any other.

        The account's secret goes along where it belongs, and nowhere else. Transient("unreachable") is
        every failure on the way, whatever it was: who could tell them apart could look around behind us.
        """
        origin = self._http.origin(request.url)
        headers = {
            "Host": _host_header(origin),
            "Accept-Encoding": "identity",
            "User-Agent": "Slotgraph",
            **request.headers,
        }
        if self._credentials is not None and self._credentials.holds_at(origin):
            headers["Authorization"] = self._credentials.header()
        try:
            async with self._pool.stream(
                request.method,
                _spelled(origin, request.url),
                headers=list(headers.items()),
                content=request.body,
                extensions={"timeout": {"connect": _CONNECT_S}},
            ) as response:
                return await self._read(response)
        except (
            AddressRefused,
            OSError,
            UnicodeError,
            httpcore.NetworkError,
            httpcore.TimeoutException,
            httpcore.ProtocolError,
            httpcore.UnsupportedProtocol,
        ):
            raise Transient(UNREACHABLE, is_outage=True) from None

    async def _read(self, response: httpcore.Response) -> Answer:
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers
        }
        # We asked for the plain text: a packed one could be a bomb.
        if headers.get("content-encoding", "identity").strip().lower() != "identity":
            raise Transient(UNREADABLE)
        body = bytearray()
        async for chunk in response.aiter_stream():
            body += chunk
            if len(body) > self._max_body:
                raise Permanent(TOO_LARGE)
        return Answer(response.status, MappingProxyType(headers), bytes(body))


class _Checked(httpcore.AsyncNetworkBackend):
    """Connects to an address that it has itself looked up and checked; TLS still asks for the name."""

    def __init__(self, resolve: Resolve) -> None:
        self._resolve = resolve
        backend = httpcore.AnyIOBackend()
        self._tcp = cast("httpcore.AsyncNetworkBackend", backend)  # declared twice there, once as a stand-in

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        origin = Origin("", host, port)
        numbers = list(dict.fromkeys(checked(origin, await self._resolve(host, port))))
        for number in numbers[: _ADDRESSES_TRIED - 1]:
            try:
                return await self._tcp.connect_tcp(number, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return await self._tcp.connect_tcp(numbers[-1], port, timeout, local_address, socket_options)


def _is_family(origin: Origin) -> bool:
    return origin.scheme == "https" and origin.port == _HTTPS and origin.host.endswith(_FAMILY)


def _host_header(origin: Origin) -> str:
    host = f"[{origin.host}]" if ":" in origin.host else origin.host
    return host if origin.port == _DEFAULT_PORTS[origin.scheme] else f"{host}:{origin.port}"


def _spelled(origin: Origin, url: str) -> httpcore.URL:
    """Give the URL in bytes, with the host as it was judged, so that no two readings of it can differ."""
    tail = url.split("://", 1)[1]
    start = min((tail.find(mark) for mark in "/?#" if mark in tail), default=len(tail))
    target = tail[start:].split("#", 1)[0]
    if not target.startswith("/"):
        target = f"/{target}"
    return httpcore.URL(
        scheme=origin.scheme.encode(),
        host=origin.host.encode(),
        port=origin.port,
        target=target.encode("ascii"),
    )

"""The application: routes, middleware, lifespan, health. Run by uvicorn as `app.http.asgi:application`."""

import asyncio
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from app.files import raise_file_limit
from app.heap import settle
from app.http.auth import charger, context_opener
from app.http.faults import tell_incident
from app.http.graphql import Door, graphql_door
from app.http.hooks import hook_routes
from app.http.limits import DoorRules, Limits
from app.http.mobile import mobile_routes
from app.http.pages import page_routes
from app.logs import configure
from app.settings import Settings
from app.settings_kinds import Environment
from app.wiring import Parts, wire
from domain.events import EventKind, Happened
from resolvers.root import schema
from services.signals import Listener, Signals

_HEALTH_S = 2.0
_PAUSE_S = 1.0
_OWN_PART_S = 5.0  # of an operation that waits for a provider: what is done here before and after


class Front:
    """Sends what is for the API straight to its door, and everything else through Starlette's routes.

    The door answers every failure itself, so nothing that stands between it and the server is missed; and
    each layer between would be kept for as long as a socket is open.
    """

    def __init__(self, door: Door, rest: ASGIApp) -> None:
        self._path = door.path
        self._doors = {"http": door.requests, "websocket": door.sockets}
        self._rest = rest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Choose by kind and path."""
        is_for_door = scope.get("path") == self._path
        answer = self._doors.get(scope["type"], self._rest) if is_for_door else self._rest
        await answer(scope, receive, send)


def application_for(settings: Settings, parts: Parts) -> ASGIApp:
    """Make the application of one process from its settings and parts."""

    async def alive(_: Request) -> JSONResponse:
        return JSONResponse({"status": "alive"})

    async def ready(_: Request) -> JSONResponse:
        """Say whether the database answers; Redis is named, but we work without it."""
        async with asyncio.timeout(_HEALTH_S):
            database, redis = await parts.is_ready()
        return JSONResponse(
            {"status": "ready" if database else "unready", "database": database, "redis": redis},
            status_code=200 if database else 503,
        )

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncGenerator[None, None]:
        listening = asyncio.create_task(_listen(parts.services.signals))
        try:
            yield
        finally:
            listening.cancel()
            await parts.close()

    admit = charger(
        parts.services,
        guest_points=settings.rate_guest_cost_per_minute,
        points=settings.rate_cost_per_minute,
    )
    opener = context_opener(parts.services, parts.words)
    rules = _rules(settings)
    door = graphql_door(schema, opener, admit, rules)
    parts.services.signals.listen(_closer(door))
    rest = Starlette(
        routes=[
            Route("/health/live", alive),
            Route("/health/ready", ready),
            *door.routes,
            *hook_routes(parts.services.hearing),
            *page_routes(),
            *mobile_routes(parts.services.users, settings.public_url, rules.session_cookie),
        ],
        lifespan=lifespan,
    )
    front = Front(door, rest)
    return TrustedHostMiddleware(front, allowed_hosts=_hosts(settings), www_redirect=False)


def _closer(door: Door) -> Listener:
    """Make what closes the sockets of those whose sessions or keys have ended, wherever that was."""

    def hear(event: Happened | None) -> None:
        if event is not None and event.kind is EventKind.ACCESS_ENDED:
            for user_id in event.hosts:
                door.look_again(str(user_id))

    return hear


async def _listen(signals: Signals) -> None:
    """Listen for ever: a defect is told, and does not leave the process deaf."""
    while True:
        try:
            await signals.run()
        except Exception as error:  # noqa: BLE001  # as at the doors: nothing else would ever hear of it
            tell_incident(error)
            await asyncio.sleep(_PAUSE_S)


def _rules(settings: Settings) -> DoorRules:
    return DoorRules(
        allowed_origins=frozenset({*settings.allowed_origins, _origin(settings.public_url)}),
        introspection=settings.introspection,
        console=settings.console,
        trusted_documents=settings.trusted_documents,
        guests_only_trusted=settings.guests_only_trusted,
        deadline_s=settings.graphql_deadline_s,
        outside_deadline_s=max(settings.graphql_deadline_s, settings.connect_deadline_s + _OWN_PART_S),
        streams_per_address=settings.streams_per_address,
        streams_per_process=settings.streams_per_process,
        guest=Limits(
            body_bytes=settings.graphql_guest_bytes,
            tokens=settings.graphql_guest_tokens,
            mutations=1,
            cost=settings.graphql_guest_cost,
            depth=settings.graphql_depth,
            aliases=settings.graphql_aliases,
        ),
        signed_in=Limits(
            body_bytes=settings.graphql_bytes,
            tokens=settings.graphql_tokens,
            mutations=5,
            cost=settings.graphql_cost,
            depth=settings.graphql_depth,
            aliases=settings.graphql_aliases,
        ),
    )


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _hosts(settings: Settings) -> list[str]:
    """Name the hosts that we answer for; in development also this machine by its usual names."""
    named = [urlsplit(url).hostname for url in (settings.public_url, settings.hooks_url) if url]
    own = [name for name in named if name] or ["localhost"]
    return (
        [*own, "localhost", "127.0.0.1", "[::1]"]
        if settings.environment is not Environment.PRODUCTION
        else own
    )


def make() -> ASGIApp:
    """Make the application of this process from its environment (uvicorn's factory)."""
    settings = Settings.read(os.environ)
    configure(settings.log_level)
    raise_file_limit(settings.streams_per_process)
    application = application_for(settings, wire(settings))
    settle()
    return application

"""The hooks: where providers post that something changed. Each request is noted in little time, and answered.

What is posted for a watch that is unknown, has ended or is somebody else's gets the same answer as any other
(case 191). Nothing is read from a calendar here: a worker looks.
"""

import asyncio
from collections.abc import Awaitable, Callable

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from domain.calendars import Provider
from domain.errors import TooMany, TryAgain
from services.hearing import Hearing

_MOST_BYTES = 512 * 1024
_BODY_S = 5.0
_NOTED = {Provider.GOOGLE: 204, Provider.MICROSOFT: 202, Provider.ZOOM: 204}
_HEADERS = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}


def hook_routes(hearing: Hearing) -> list[BaseRoute]:
    """Make a route for each provider, and one for Microsoft's news of the watches themselves."""
    hooks = {
        "/hooks/google": Provider.GOOGLE,
        "/hooks/microsoft": Provider.MICROSOFT,
        "/hooks/microsoft/lifecycle": Provider.MICROSOFT,
        "/hooks/zoom": Provider.ZOOM,
    }
    return [Route(path, _hook(hearing, provider), methods=["POST"]) for path, provider in hooks.items()]


def _hook(hearing: Hearing, provider: Provider) -> Callable[[Request], Awaitable[Response]]:
    async def hook(request: Request) -> Response:
        try:
            body = await _body(request)
        except (TimeoutError, ClientDisconnect):
            return _answer(408)
        if body is None:
            return _answer(413)
        address = request.client.host if request.client else ""
        headers = {name.lower(): value for name, value in request.headers.items()}
        try:
            heard = await hearing.hear(provider, headers, dict(request.query_params), body, address)
        except TooMany as refused:
            return _answer(429, {"Retry-After": str(refused.retry_after_s)})
        except TryAgain:
            return _answer(503)  # so that it is posted again
        if heard.answer is not None:
            return Response(heard.answer, headers=_HEADERS, media_type=heard.media_type)
        return _answer(_NOTED[provider])

    return hook


async def _body(request: Request) -> bytes | None:
    """Read a body; None for one that is too long to be a ping."""
    body = bytearray()
    async with asyncio.timeout(_BODY_S):
        async for chunk in request.stream():
            body += chunk
            if len(body) > _MOST_BYTES:
                return None
    return bytes(body)


def _answer(status: int, more: dict[str, str] | None = None) -> Response:
    return Response(status_code=status, headers={**_HEADERS, **(more or {})})

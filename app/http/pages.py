"""The pages of `web/`: served as they lie there, from our own files only, and framed by nobody."""

from collections.abc import Awaitable, Callable
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from domain.calendars import Provider
from domain.identities import IdentityProvider

FOLDER = Path(__file__).parents[2] / "web"
_TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css"}
PAGE_HEADERS = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_PAGES = {
    "/booking": "booking.html",
    "/connect": "connect.html",
    "/form": "form.html",
    "/invitation": "invitation.html",
    "/organize": "organize.html",
    "/poll": "poll.html",
    "/waiting": "waiting.html",
    # Each provider sends people back to an address of its own, so that no answer is taken for another's.
    **{f"/connect/{provider}": "connect.html" for provider in Provider if provider.is_granted},
    **{f"/sign-in/{provider}": "connect.html" for provider in IdentityProvider},
}


def page_routes() -> list[BaseRoute]:
    """Make a route for each page and each file that pages load; nothing else of the folder is served."""
    files = [path for path in sorted(FOLDER.iterdir()) if path.suffix in (".js", ".css")]
    return [
        *(Route(address, _serve(FOLDER / name), methods=["GET"]) for address, name in _PAGES.items()),
        *(Route(f"/web/{path.name}", _serve(path), methods=["GET"]) for path in files),
    ]


def _serve(path: Path) -> Callable[[Request], Awaitable[Response]]:
    body, kind = path.read_bytes(), _TYPES[path.suffix]

    async def serve(request: Request) -> Response:
        del request
        return Response(body, headers=PAGE_HEADERS, media_type=kind)

    return serve

"""The query console for development: one page of our own, from our own files, that no page can frame."""

from collections.abc import Awaitable, Callable
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

CONSOLE_FILES = {"console.js": "text/javascript", "console.css": "text/css"}

_FOLDER = Path(__file__).parent / "static"
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def console_page(request: Request) -> Response:
    """Serve the page; its files lie one step below its own address."""
    page = (_FOLDER / "console.html").read_text().replace("{path}", request.scope["path"].rstrip("/"))
    return Response(page, headers=_HEADERS, media_type="text/html")


def console_file(name: str) -> Callable[[Request], Awaitable[Response]]:
    """Make the endpoint of one of the page's files."""
    body = (_FOLDER / name).read_bytes()

    async def serve(request: Request) -> Response:
        del request
        return Response(body, headers=_HEADERS, media_type=CONSOLE_FILES[name])

    return serve

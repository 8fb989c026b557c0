"""Where a mobile web view begins, and where it may go: to us, by https, and nowhere else."""

from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from app.http.pages import FOLDER, PAGE_HEADERS
from domain.identity import BadCredentials
from domain.organizations import WrongRegion
from domain.users import SignedIn
from services.users import Users

START = "/mobile"
_SIGN_IN = "/connect"


def mobile_routes(users: Users, public_url: str, session_cookie: str) -> list[BaseRoute]:
    """Make the routes of the web view: its start, and its targets for whoever builds the native side."""
    targets = {"start": START, "allowed": targets_of(public_url)}

    async def tell_targets(_: Request) -> JSONResponse:
        return JSONResponse(targets, headers={"Cache-Control": "no-cache"})

    return [
        Route(START, _start(users, session_cookie), methods=["GET"]),
        Route(f"{START}/targets.json", tell_targets, methods=["GET"]),
    ]


def targets_of(public_url: str) -> list[str]:
    """List the origins to which the web view may go: our own, and none where that is not https.

    They are spelled as browsers do, which name no port that is the usual one.
    """
    parts = urlsplit(public_url)
    return [f"https://{parts.netloc.lower().removesuffix(':443')}"] if parts.scheme == "https" else []


def _start(users: Users, session_cookie: str) -> Callable[[Request], Awaitable[Response]]:
    page = (FOLDER / "mobile.html").read_bytes()
    headers = {**PAGE_HEADERS, "Cache-Control": "no-store"}

    async def start(request: Request) -> Response:
        """Give the page to who has a session that holds; everybody else goes to the sign-in."""
        ip = request.client.host if request.client else "unknown"
        cookie = request.cookies.get(session_cookie)
        try:
            viewer = await users.viewer_of(request.headers.get("authorization"), cookie, ip)
        except (BadCredentials, WrongRegion):
            viewer = None
        if not isinstance(viewer, SignedIn) or viewer.session_id is None:
            return RedirectResponse(_SIGN_IN, status_code=303, headers=headers)
        return Response(page, headers=headers, media_type="text/html")

    return start

"""The page of the mailbox: mails newest first, each as HTML, text, calendar and source; JSON for scripts."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from app.mailbox.store import MailStore, StoredMail

_PAGE = Path(__file__).parent / "page"
_COMMON = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store"}
_PAGE_POLICY = (
    "default-src 'none'; img-src data:; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
# A mail is a stranger's HTML: no scripts, nothing loaded, an origin of its own; links open outside.
_MAIL_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; "
    "img-src data:; frame-ancestors 'self'"
)
_HOSTS = ["localhost", "127.0.0.1"]
_HEARTBEAT_S = 15


class MailboxPage:
    """Serves the mails of a store."""

    def __init__(self, store: MailStore) -> None:
        self._store = store

    def application(self) -> Starlette:
        """Give the ASGI application; it answers to loopback names only, as codes stand in mails."""
        return Starlette(
            routes=[
                Route("/", self._index),
                Route("/mailbox.css", self._asset),
                Route("/mailbox.js", self._asset),
                Route("/messages.json", self._list),
                Route("/messages", self._clear, methods=["DELETE"]),
                Route("/messages/{id:int}.json", self._mail),
                Route("/messages/{id:int}.eml", self._source),
                Route("/messages/{id:int}.html", self._html),
                Route("/changes", self._changes),
            ],
            middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=_HOSTS, www_redirect=False)],
        )

    async def _index(self, _request: Request) -> Response:
        return FileResponse(
            _PAGE / "index.html", headers={**_COMMON, "Content-Security-Policy": _PAGE_POLICY}
        )

    async def _asset(self, request: Request) -> Response:
        return FileResponse(_PAGE / request.url.path.removeprefix("/"), headers=_COMMON)

    async def _list(self, _request: Request) -> Response:
        return JSONResponse([mail.summary for mail in self._store.newest_first()], headers=_COMMON)

    async def _clear(self, request: Request) -> Response:
        if request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
            return Response(status_code=403)
        self._store.clear()
        return Response(status_code=204, headers=_COMMON)

    async def _mail(self, request: Request) -> Response:
        mail = self._asked(request)
        return JSONResponse(mail.whole, headers=_COMMON) if mail else _gone()

    async def _source(self, request: Request) -> Response:
        mail_id: int = request.path_params["id"]
        raw = self._store.raw(mail_id)
        if raw is None:
            return _gone()
        disposition = f'attachment; filename="{mail_id}.eml"'
        return Response(
            raw, media_type="message/rfc822", headers={**_COMMON, "Content-Disposition": disposition}
        )

    async def _html(self, request: Request) -> Response:
        mail = self._asked(request)
        if mail is None:
            return _gone()
        page = mail.part("text/html").replace("<head>", '<head><base target="_blank">', 1)
        return HTMLResponse(page, headers={**_COMMON, "Content-Security-Policy": _MAIL_POLICY})

    async def _changes(self, _request: Request) -> Response:
        return StreamingResponse(self._news(), media_type="text/event-stream", headers=_COMMON)

    async def _news(self) -> AsyncIterator[str]:
        revision = self._store.revision
        while True:
            yield f"data: {revision}\n\n"
            try:
                async with asyncio.timeout(_HEARTBEAT_S):
                    revision = await self._store.changed(revision)
            except TimeoutError:
                continue

    def _asked(self, request: Request) -> StoredMail | None:
        mail_id: int = request.path_params["id"]
        return self._store.get(mail_id)


def _gone() -> Response:
    return JSONResponse({"error": "This mail is not kept any more."}, status_code=404, headers=_COMMON)

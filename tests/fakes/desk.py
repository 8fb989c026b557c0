"""The demo's desk: the calendars of the demo's people on one page, with a button that deletes an entry.

What is done here is done as the host would at the provider: its pings go out at once.
"""

import asyncio
from collections.abc import Iterator
from datetime import datetime
from html import escape
from typing import NamedTuple

from starlette.responses import HTMLResponse, RedirectResponse, Response

from tests.fakes.google import GoogleFake
from tests.fakes.graph import GraphFake
from tests.fakes.kit import Asked, Fake
from tests.fakes.zoom import ZoomFake

HOOKS = ("calendar.event_create", "calendar.event_update", "calendar.event_delete", "app_deauthorized")
_DELIVERY_S = 1.0


class Shown(NamedTuple):
    """An entry on the page."""

    provider: str
    email: str
    id: str
    start: str
    title: str


class Desk(Fake):
    """The page, and the post that goes out each second."""

    def __init__(self, google: GoogleFake, graph: GraphFake, zoom: ZoomFake) -> None:
        super().__init__()
        self._google = google
        self._graph = graph
        self._zoom = zoom
        google.pushes.takes_http = True
        graph.watching.delivers_at_once = True
        self.route("GET", "/", "desk", self._page)
        self.route("POST", "/delete", "delete", self._delete)

    async def deliver(self, hooks_url: str) -> None:
        """Deliver Zoom's events for ever, once the installation has proved that it knows the secret."""
        while True:
            await asyncio.sleep(_DELIVERY_S)
            if self._zoom.webhooks.url is None:
                await self._zoom.webhooks.subscribe(f"{hooks_url}/hooks/zoom", HOOKS)
            await self._zoom.webhooks.deliver()

    def _entries(self) -> Iterator[Shown]:
        for email in self._google.people:
            for event in self._google.calendars[email].standing():
                start = str(event["start"].get("dateTime", event["start"].get("date")))
                yield Shown("google", email, event["id"], start, str(event.get("summary", "")))
            for one in self._graph.mailboxes[email].calendars[0].events.values():
                start = one.start.isoformat()
                yield Shown("microsoft", email, one.id, start, str(one.properties.get("subject", "")))
            for event in self._zoom.calendar(email).events.values():
                if event["status"] != "cancelled":
                    start = str(event["start"].get("dateTime", ""))
                    yield Shown("zoom", email, event["id"], start, str(event.get("summary", "")))

    def _page(self, asked: Asked) -> Response:
        del asked
        rows = "".join(
            f"<tr><td>{escape(one.email)}<td>{one.provider}<td>{escape(_moment(one.start))}"
            f"<td>{escape(one.title)}<td><form method=post action=/delete>"
            f'<input type=hidden name=provider value="{one.provider}">'
            f'<input type=hidden name=email value="{escape(one.email)}">'
            f'<input type=hidden name=id value="{escape(one.id)}"><button>Delete</button></form>'
            for one in sorted(self._entries(), key=lambda one: (one.email, one.start))
        )
        return HTMLResponse(
            "<!doctype html><html lang=en><meta charset=utf-8><title>Demo calendars</title>"
            "<style>body{font:16px system-ui;margin:2rem}td{padding:.2rem .8rem .2rem 0}</style>"
            "<h1>Demo calendars</h1><p>As the hosts see them at Google, Microsoft and Zoom. "
            "Delete an entry of a booking here, and the booking is cancelled.</p>"
            f"<table>{rows}</table></html>"
        )

    def _delete(self, asked: Asked) -> Response:
        form = asked.form
        email, entry = form["email"], form["id"]
        match form["provider"]:
            case "google":
                self._google.calendars[email].delete(entry)
            case "microsoft":
                mailbox = self._graph.mailboxes[email]
                event = mailbox.calendars[0].events.pop(entry)
                self._graph.watching.changed(mailbox, mailbox.calendars[0], event, "deleted")
            case _:
                calendar = self._zoom.calendar(email)
                calendar.events[entry]["status"] = "cancelled"
                self._zoom.webhooks.calendar("delete", self._zoom.accounts[email], calendar.id, entry)
        return RedirectResponse("/", 303)


def _moment(start: str) -> str:
    try:
        return datetime.fromisoformat(start).strftime("%a %d %b %H:%M")
    except ValueError:
        return start

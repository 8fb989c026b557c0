"""How Google's fake pings: channels, and deliveries that are really posted, to this machine only."""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlsplit

import httpx

from tests import serving
from tests.fakes.google_shapes import refusal
from tests.fakes.google_state import GoogleCalendar

_ID = re.compile(r"[A-Za-z0-9\-_+/=]{1,64}")
_LASTS = timedelta(days=7)
_LASTS_AT_MOST = timedelta(days=30)  # Google's own longest is not written down anywhere
_RETRIED = frozenset({500, 502, 503, 504})
_TRIES = 3
_PAUSE_S = 0.02


@dataclass
class Channel:
    """A watch on the entries of one calendar, by one person's grant."""

    id: str
    resource_id: str
    calendar_id: str
    email: str
    address: str
    token: str
    ends_at: datetime
    uri: str
    number: int = 0


@dataclass
class Pushes:
    """All channels, and what was delivered: `done` has channel, state, number and status (None: unheard).

    `takes_http` lets addresses in the clear through, for tests and demos. `reroutes` says where on this
    machine the addresses that begin with a prefix are really listened to; no other machine is posted to.
    """

    clock: Callable[[], datetime]
    takes_http: bool = False
    reroutes: dict[str, str] = field(default_factory=dict[str, str])
    channels: dict[str, Channel] = field(default_factory=dict[str, Channel])
    done: list[tuple[str, str, int, int | None]] = field(default_factory=list[Any])
    _used: set[str] = field(default_factory=set[str])
    _under_way: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])

    def open(self, body: dict[str, Any], calendar: GoogleCalendar, email: str, url: str) -> Channel:
        """Open a channel for a request body, and begin to tell it so."""
        self._check(body)
        ends_at = self._end(body)
        uri = f"{url}/google/calendar/v3/calendars/{calendar.id}/events?alt=json"
        channel = Channel(
            body["id"],
            f"resource-{calendar.id}",
            calendar.id,
            email,
            body["address"],
            body.get("token", ""),
            ends_at,
            uri,
        )
        self._used.add(channel.id)
        self.channels[channel.id] = channel
        if self.tell not in calendar.hears:
            calendar.hears.append(self.tell)
        self._send(channel, "sync")
        return channel

    def stop(self, body: dict[str, Any], email: str) -> None:
        """Stop a channel of the same person."""
        channel = self.channels.get(body.get("id", ""))
        is_theirs = channel is not None and channel.email == email
        if channel is None or not is_theirs or channel.resource_id != body.get("resourceId"):
            raise refusal(404, "notFound", "Channel not found for project")
        del self.channels[channel.id]

    def tell(self, calendar: GoogleCalendar) -> None:
        """Tell every channel that something in a calendar has changed."""
        for channel in list(self.channels.values()):
            if channel.calendar_id == calendar.id and channel.ends_at > self.clock():
                self._send(channel, "exists")

    async def delivered(self) -> None:
        """Wait until nothing is under way."""
        while self._under_way:
            await asyncio.gather(*self._under_way)

    def _check(self, body: dict[str, Any]) -> None:
        if not _ID.fullmatch(body.get("id", "")):
            raise refusal(400, "channelIdInvalid", "Invalid channel id", "push")
        if body["id"] in self._used:
            raise refusal(400, "channelIdNotUnique", f"Channel id {body['id']} not unique", "push")
        if body.get("type") not in {"web_hook", "webhook"}:
            raise refusal(400, "channelUnknown", "Unknown channel type", "push")
        address = str(body.get("address", ""))
        if urlsplit(address).scheme != "https" and not (self.takes_http and _is_here(address)):
            raise refusal(400, "webhookUrlNotHttps", "WebHook callback must be HTTPS", "push")
        if len(body.get("token", "")) > 256:
            raise refusal(400, "invalid", "Channel token too long", "push")

    def _end(self, body: dict[str, Any]) -> datetime:
        now, lasts = self.clock(), _LASTS
        try:
            if "expiration" in body:
                lasts = datetime.fromtimestamp(int(body["expiration"]) / 1000, UTC) - now
            elif "params" in body:
                lasts = timedelta(seconds=int(body["params"]["ttl"]))
        except (ValueError, KeyError, TypeError):
            raise refusal(400, "invalid", "Invalid expiration") from None
        if lasts <= timedelta(0):
            raise refusal(400, "invalid", "Expiration is in the past")
        return now + min(lasts, _LASTS_AT_MOST)

    def _send(self, channel: Channel, state: str) -> None:
        channel.number += 1
        headers = {
            "X-Goog-Channel-ID": channel.id,
            "X-Goog-Channel-Expiration": format_datetime(channel.ends_at, usegmt=True),
            "X-Goog-Resource-ID": channel.resource_id,
            "X-Goog-Resource-URI": channel.uri,
            "X-Goog-Resource-State": state,
            "X-Goog-Message-Number": str(channel.number),
        }
        if channel.token:
            headers["X-Goog-Channel-Token"] = channel.token
        task = asyncio.create_task(self._post(channel, state, headers))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _post(self, channel: Channel, state: str, headers: dict[str, str]) -> None:
        address, status = self._rerouted(channel.address), None
        async with serving.client(timeout=5) as client:
            for attempt in range(_TRIES):
                if not _is_here(address):
                    break
                try:
                    status = (await client.post(address, headers=headers)).status_code
                except httpx.HTTPError:
                    status = None
                    break
                if status not in _RETRIED:
                    break
                await asyncio.sleep(_PAUSE_S * 2**attempt)
        self.done.append((channel.id, state, int(headers["X-Goog-Message-Number"]), status))

    def _rerouted(self, address: str) -> str:
        for prefix, other in self.reroutes.items():
            if address.startswith(prefix):
                return other + address[len(prefix) :]
        return address


def _is_here(address: str) -> bool:
    parts = urlsplit(address)
    return parts.scheme == "http" and parts.hostname in {"127.0.0.1", "localhost", "::1"}

"""Zoom's webhooks: posted for real, signed over the raw body, asked to prove themselves, tried again."""

import hashlib
import hmac
import json
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import httpx

from tests import serving
from tests.fakes.zoom_state import ZoomAccount

_PATIENCE_S = 3.0
_PAUSES = (timedelta(minutes=5), timedelta(minutes=20), timedelta(minutes=60))  # each after the try before
_TAKEN = {200, 204}


@dataclass(frozen=True)
class Delivery:
    """One event on its way to the subscriber; `body` is what is signed, byte by byte."""

    event: str
    body: bytes
    due_at: datetime
    tries: int = 0


@dataclass
class ZoomWebhooks:
    """The one subscription of our app.

    Nothing goes out by itself: `deliver` posts what is due. `lost` are events that Zoom has given up.
    """

    clock: Callable[[], datetime]
    secret: str = "canary-webhook-secret-77d0"
    url: str | None = None
    events: frozenset[str] = frozenset()
    waiting: list[Delivery] = field(default_factory=list[Delivery])
    lost: list[Delivery] = field(default_factory=list[Delivery])

    async def subscribe(self, url: str, events: Iterable[str]) -> bool:
        """Ask an address to prove that it knows the secret; only then are events sent to it."""
        token = secrets.token_urlsafe(16)
        body = self._body("endpoint.url_validation", {"plainToken": token})
        answer = await self._post(url, body)
        proof = {"plainToken": token, "encryptedToken": self._hmac(token.encode())}
        if answer is None or answer.status_code != 200 or answer.json() != proof:
            return False
        self.url, self.events = url, frozenset(events)
        return True

    def emit(self, event: str, payload: dict[str, Any]) -> None:
        """Let something have happened; it waits for `deliver` if it is subscribed to."""
        if event in self.events:
            self.waiting.append(Delivery(event, self._body(event, payload), self.clock()))

    def calendar(self, what: str, account: ZoomAccount, calendar_id: str, event_id: str) -> None:
        """Tell of an entry, by ids alone."""
        payload = {
            "account_id": account.account_id,
            "operator": account.person.email,
            "object": {"resource_id": calendar_id, "event_id": event_id},
        }
        self.emit(f"calendar.event_{what}", payload)

    def meeting(self, what: str, account: ZoomAccount, meeting: dict[str, Any]) -> None:
        """Tell of a meeting."""
        about = {
            name: meeting[name] for name in ("uuid", "host_id", "topic", "type", "start_time", "duration")
        }
        payload = {"account_id": account.account_id, "object": {**about, "id": str(meeting["id"])}}
        self.emit(f"meeting.{what}", payload)

    async def deliver(self) -> int:
        """Post what is due now, in order; say how many were taken. The others wait, or are lost at last."""
        due = [one for one in self.waiting if one.due_at <= self.clock()]
        taken = 0
        for one in due:
            self.waiting.remove(one)
            answer = await self._post(self.url or "", one.body)
            if answer is not None and answer.status_code in _TAKEN:
                taken += 1
            elif one.tries < len(_PAUSES):
                later = self.clock() + _PAUSES[one.tries]
                self.waiting.append(replace(one, due_at=later, tries=one.tries + 1))
            else:
                self.lost.append(one)
        return taken

    def signed(self, body: bytes) -> dict[str, str]:
        """Give the headers that prove a body to be Zoom's."""
        stamp = str(int(self.clock().timestamp()))
        return {
            "content-type": "application/json; charset=utf-8",
            "x-zm-request-timestamp": stamp,
            "x-zm-signature": f"v0={self._hmac(b'v0:' + stamp.encode() + b':' + body)}",
            "x-zm-request-id": secrets.token_hex(8),
        }

    async def _post(self, url: str, body: bytes) -> httpx.Response | None:
        try:
            async with serving.client(timeout=_PATIENCE_S) as client:
                return await client.post(url, content=body, headers=self.signed(body))
        except httpx.HTTPError:
            return None

    def _hmac(self, text: bytes) -> str:
        return hmac.new(self.secret.encode(), text, hashlib.sha256).hexdigest()

    def _body(self, event: str, payload: dict[str, Any]) -> bytes:
        stamp = int(self.clock().timestamp() * 1000)
        return json.dumps({"event": event, "event_ts": stamp, "payload": payload}).encode()

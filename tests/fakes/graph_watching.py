"""Subscriptions of the Graph fake, and notices that really are sent."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import unquote, urlencode
from uuid import uuid4

import httpx

from tests import serving
from tests.fakes.graph_rules import graph_error
from tests.fakes.graph_shapes import WORDS, problems
from tests.fakes.graph_sign_in import WORK_TENANT
from tests.fakes.graph_state import CalendarState, EventState, Mailbox
from tests.fakes.kit import Fake

LONGEST = timedelta(minutes=10_080)
_MAX_STATE = 128
_ANSWER_S = 3.0  # what Graph waits for an answer to a notice
_TOKEN = "Validation: Testing client application reachability for subscription + Request-Id: "


@dataclass
class SubscriptionState:
    """One subscription, and whose it is."""

    mailbox: Mailbox
    calendar: CalendarState | None  # None: all of the mailbox's
    properties: dict[str, Any]
    id: str = field(default_factory=lambda: str(uuid4()))

    def rendered(self) -> dict[str, Any]:
        """Spell all properties."""
        return {"id": self.id, **self.properties, "applicationId": WORK_TENANT, "creatorId": "host"}


class Watching:
    """All subscriptions of a fake; `notices` are those that wait, `answers` the status of each delivery.

    With `delivers_at_once`, as in a demo, each change is told as it happens; a test delivers when it likes.
    """

    def __init__(self, fake: Fake, clock: Callable[[], datetime]) -> None:
        self._fake = fake
        self._clock = clock
        self.standing: dict[str, SubscriptionState] = {}
        self.notices: list[dict[str, Any]] = []
        self.answers: list[int] = []
        self.validation_s = 10.0
        self.delivers_at_once = False
        self._tasks: set[asyncio.Task[None]] = set()

    async def begin(self, mailbox: Mailbox, body: dict[str, Any]) -> SubscriptionState:
        """Make a subscription, after both of its addresses have proved that they are the client's."""
        self._check(body, {"changeType", "notificationUrl", "resource", "expirationDateTime"})
        if set(body["changeType"].split(",")) - WORDS["changeType"]:
            raise graph_error(400, "InvalidRequest", "changeType")
        if len(body.get("clientState") or "") > _MAX_STATE:
            raise graph_error(400, "InvalidRequest", "clientState")
        self._check_end(body)
        calendar = _calendar_of(mailbox, body["resource"])
        made = SubscriptionState(mailbox, calendar, body)
        for name in ("notificationUrl", "lifecycleNotificationUrl"):
            if body.get(name):
                await self._validate(body[name], made.id)
        self.standing[made.id] = made
        return made

    def prolong(self, subscription: SubscriptionState, body: dict[str, Any]) -> None:
        """Change when a subscription ends, the only thing that can be changed."""
        self._check(body, {"expirationDateTime"})
        if set(body) != {"expirationDateTime"}:
            raise graph_error(400, "InvalidRequest", "Only expirationDateTime can be changed.")
        self._check_end(body)
        subscription.properties["expirationDateTime"] = body["expirationDateTime"]

    def changed(self, mailbox: Mailbox, calendar: CalendarState, event: EventState, what: str) -> None:
        """Note that an event was created, updated or deleted."""
        for each in self.standing.values():
            ends_at = datetime.fromisoformat(each.properties["expirationDateTime"])
            if each.mailbox is mailbox and each.calendar in (None, calendar) and ends_at > self._clock():
                self.notices.append(self._notice(each, what, event))
        if self.delivers_at_once:
            task = asyncio.get_running_loop().create_task(self.deliver())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def deliver(self) -> None:
        """Send what waits, one batch for each address."""
        waiting, self.notices = self.notices, []
        batches: dict[str, list[dict[str, Any]]] = {}
        for notice in waiting:
            subscription = self.standing.get(notice["subscriptionId"])
            if subscription is not None:
                batches.setdefault(subscription.properties["notificationUrl"], []).append(notice)
        for url, batch in batches.items():
            await self.post(url, {"value": batch})

    async def tells(self, event: str, subscription: SubscriptionState) -> None:
        """Send a lifecycle notice; one that says so also ends the subscription."""
        notice = self._notice(subscription, "updated", None) | {"lifecycleEvent": event}
        if event == "subscriptionRemoved":
            del self.standing[subscription.id]
        await self.post(subscription.properties["lifecycleNotificationUrl"], {"value": [notice]})

    async def post(self, url: str, body: dict[str, Any]) -> None:
        """Send one batch, whatever it says."""
        async with serving.client(timeout=_ANSWER_S) as client:
            answer = await client.post(url, json=body)
        self.answers.append(answer.status_code)

    async def _validate(self, url: str, identifier: str) -> None:
        token = f"{_TOKEN}{identifier}"
        joint = "&" if "?" in url else "?"
        try:
            async with serving.client(timeout=self.validation_s) as client:
                query = urlencode({"validationToken": token})
                answer = await client.post(f"{url}{joint}{query}", headers={"Content-Type": "text/plain"})
        except httpx.HTTPError:
            raise graph_error(400, "ValidationError", "The address cannot be reached.") from None
        is_text = answer.headers.get("content-type", "").startswith("text/plain")
        if answer.status_code != 200 or not is_text or answer.text != token:
            raise graph_error(400, "ValidationError", "The address did not answer with the token.")

    def _check(self, body: dict[str, Any], needed: set[str]) -> None:
        wrong = problems("subscription", body, is_written=True)
        if wrong or needed - body.keys():
            self._fake.violation(f"subscription: {wrong or 'too little'}")
            raise graph_error(400, "InvalidRequest", "The subscription cannot be read.")

    def _check_end(self, body: dict[str, Any]) -> None:
        ends_at = datetime.fromisoformat(body["expirationDateTime"])
        if not self._clock() < ends_at <= self._clock() + LONGEST:
            self._fake.violation("subscription: ends too late, or in the past")
            raise graph_error(400, "ExtensionError", "Subscription expiration is out of range.")

    def _notice(self, subscription: SubscriptionState, what: str, event: EventState | None) -> dict[str, Any]:
        notice: dict[str, Any] = {
            "subscriptionId": subscription.id,
            "subscriptionExpirationDateTime": subscription.properties["expirationDateTime"],
            "changeType": what,
            "resource": f"Users/host/Events/{event.id if event else ''}",
            "clientState": subscription.properties.get("clientState"),
            "tenantId": WORK_TENANT,
        }
        if event is not None:
            notice["resourceData"] = {
                "@odata.type": "#Microsoft.Graph.Event",
                "@odata.id": f"Users/host/Events/{event.id}",
                "@odata.etag": event.etag,
                "id": event.id,
            }
        return notice


def _calendar_of(mailbox: Mailbox, resource: str) -> CalendarState | None:
    named = unquote(resource).strip("/")
    if named == "me/events":
        return None
    for calendar in mailbox.calendars:
        if named == f"me/calendars/{calendar.id}/events":
            return calendar
    raise graph_error(400, "InvalidRequest", "The resource cannot be watched.")

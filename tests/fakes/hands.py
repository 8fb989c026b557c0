"""A host's hands in their own calendar at each provider, and the pings that follow, posted for real."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Protocol

from tests.fakes.google import GoogleFake
from tests.fakes.google_state import spelled
from tests.fakes.graph import GraphFake
from tests.fakes.graph_state import EventState
from tests.fakes.oauth import OAuthFake
from tests.fakes.zoom import ZoomFake
from tests.fakes.zoom_state import Event, zulu

_EVENTS = ("calendar.event_create", "calendar.event_update", "calendar.event_delete", "app_deauthorized")


class Hands(Protocol):
    """One host who uses their calendar; each act is followed by the provider's pings."""

    async def deletes(self) -> None:
        """Delete the only entry of ours."""
        ...

    async def moves(self, start: datetime, end: datetime) -> None:
        """Move the only entry of ours."""
        ...

    async def pings(self) -> None:
        """Let the provider post what waits."""
        ...

    def deletes_unheard(self) -> None:
        """Delete the only entry of ours, and let every ping be lost."""
        ...

    def reads(self) -> int:
        """Count how often an entry was read back."""
        ...

    def busy_calls(self) -> int:
        """Count how often busy times were asked for."""
        ...


async def hands(fakes: Mapping[str, OAuthFake], provider: str, email: str, hooks_url: str) -> Hands:
    """Give a host's hands; Zoom's webhooks are set up as an administrator does."""
    fake: Any = fakes[provider]
    if provider == "ZOOM":
        assert await fake.webhooks.subscribe(f"{hooks_url}/hooks/zoom", _EVENTS)
    kinds: dict[str, Callable[[Any, str], Hands]] = {
        "GOOGLE": GoogleHands,
        "MICROSOFT": MicrosoftHands,
        "ZOOM": ZoomHands,
    }
    return kinds[provider](fake, email)


class GoogleHands:
    """Hands at Google, which pings by itself."""

    def __init__(self, fake: GoogleFake, email: str) -> None:
        self._fake = fake
        self._calendar = fake.calendars[email]

    async def deletes(self) -> None:
        """Delete the only entry of ours."""
        self._calendar.delete(self._only())
        await self.pings()

    async def moves(self, start: datetime, end: datetime) -> None:
        """Move the only entry of ours."""
        times = {"start": {"dateTime": spelled(start)}, "end": {"dateTime": spelled(end)}}
        self._calendar.edit(self._only(), **times)
        await self.pings()

    async def pings(self) -> None:
        """Wait until all is delivered."""
        await self._fake.pushes.delivered()

    def deletes_unheard(self) -> None:
        """Delete the only entry of ours, and let every ping be lost."""
        hears, self._calendar.hears = self._calendar.hears, []
        self._calendar.delete(self._only())
        self._calendar.hears = hears

    def reads(self) -> int:
        """Count how often an entry was read back."""
        return len(self._fake.asked("events.get"))

    def busy_calls(self) -> int:
        """Count how often busy times were asked for."""
        return len(self._fake.asked("freebusy.query"))

    def _only(self) -> str:
        [event] = self._calendar.standing()
        return event["id"]


class MicrosoftHands:
    """Hands at Microsoft."""

    def __init__(self, fake: GraphFake, email: str) -> None:
        self._fake = fake
        self._mailbox = fake.mailboxes[email]
        self._calendar = self._mailbox.calendars[0]

    async def deletes(self) -> None:
        """Delete the only entry of ours."""
        event = self._only()
        del self._calendar.events[event.id]
        self._fake.watching.changed(self._mailbox, self._calendar, event, "deleted")
        await self.pings()

    async def moves(self, start: datetime, end: datetime) -> None:
        """Move the only entry of ours."""
        event = self._only()
        event.start, event.end = start, end
        event.version += 1
        self._fake.watching.changed(self._mailbox, self._calendar, event, "updated")
        await self.pings()

    async def pings(self) -> None:
        """Deliver the notices that wait."""
        await self._fake.watching.deliver()

    def deletes_unheard(self) -> None:
        """Delete the only entry of ours, and let every ping be lost."""
        del self._calendar.events[self._only().id]
        self._fake.watching.notices.clear()

    def reads(self) -> int:
        """Count how often an entry was read back."""
        return len(self._fake.asked("event.get"))

    def busy_calls(self) -> int:
        """Count how often busy times were asked for."""
        return len(self._fake.asked("view"))

    def _only(self) -> EventState:
        [event] = self._calendar.events.values()
        return event


class ZoomHands:
    """Hands at Zoom."""

    def __init__(self, fake: ZoomFake, email: str) -> None:
        self._fake = fake
        self._account = fake.accounts[email]
        self._calendar = fake.calendar(email)

    async def deletes(self) -> None:
        """Delete the only entry of ours."""
        event = self._only()
        event["status"] = "cancelled"
        self._fake.webhooks.calendar("delete", self._account, self._calendar.id, event["id"])
        await self.pings()

    async def moves(self, start: datetime, end: datetime) -> None:
        """Move the only entry of ours."""
        event = self._only()
        event.update(start={"dateTime": zulu(start)}, end={"dateTime": zulu(end)})
        self._fake.webhooks.calendar("update", self._account, self._calendar.id, event["id"])
        await self.pings()

    async def pings(self) -> None:
        """Deliver the events that wait."""
        await self._fake.webhooks.deliver()

    def deletes_unheard(self) -> None:
        """Delete the only entry of ours, and let every ping be lost."""
        self._only()["status"] = "cancelled"
        self._fake.webhooks.waiting.clear()

    def reads(self) -> int:
        """Count how often an entry was read back."""
        return len(self._fake.asked("getEvent"))

    def busy_calls(self) -> int:
        """Count how often busy times were asked for."""
        return len(self._fake.asked("freeBusy"))

    def _only(self) -> Event:
        [event] = [one for one in self._calendar.events.values() if one["status"] != "cancelled"]
        return event

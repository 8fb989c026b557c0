"""An installation as it is deployed: several processes, one database, one calendar server, one mailbox."""

import asyncio
import re
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4

from app.mailbox.sink import listen
from app.mailbox.store import MailStore, StoredMail
from app.wiring import now
from domain.tokens import TokenKind
from tests.flows.database import Database, opened
from tests.flows.processes import Api, Worker
from tests.installation import (
    BOOK,
    CALENDAR_CONNECT,
    HOLD,
    KEY,
    LINK_KEY,
    OPEN_SLOTS,
    PAGE_CREATE,
    SIGN_IN_FINISH,
    SIGN_IN_START,
    Host,
    booking,
    secrets_in,
    stamp,
)
from tests.radicale import USER, WORD, Radicale

_PATIENCE_S = 15.0
SETTLED = """SELECT NOT EXISTS (
  SELECT FROM effects WHERE state = 'running' OR state = 'due' AND due_at <= now() + interval '30 minutes')"""


@dataclass(frozen=True)
class Deployment:
    """What stands around the processes, and how to start them; all of them end with it."""

    environment: Mapping[str, str]
    folder: Path
    database: Database
    mails: MailStore
    radicale: Radicale
    processes: AsyncExitStack
    numbers: "count[int]" = field(default_factory=lambda: count(1))

    def api(self) -> Api:
        """Make an API process that does not run yet."""
        api = Api(self.environment, self.folder / f"api-{next(self.numbers)}.log")
        self.processes.push_async_callback(api.close)
        return api

    def worker(self) -> Worker:
        """Make a worker process that does not run yet."""
        worker = Worker(self.environment, self.folder / f"worker-{next(self.numbers)}.log")
        self.processes.push_async_callback(worker.end)
        return worker

    async def settled(self) -> None:
        """Wait until nothing is left to do (I9)."""
        await self.database.until(SETTLED)

    async def end_leases(self) -> None:
        """Let the time pass after which what dead workers had claimed is taken over."""
        await self.database.change("UPDATE effects SET lease_until = now() WHERE state = 'running'")
        await self.database.change("UPDATE entries SET claimed_until = now() WHERE claim_id IS NOT NULL")
        await self.database.change(
            "UPDATE calendar_connections SET renewal_until = now() WHERE renewal_id IS NOT NULL"
        )

    def mails_to(self, address: str) -> list[StoredMail]:
        """List the mails to an address, oldest first."""
        return [mail for mail in reversed(self.mails.newest_first()) if address in str(mail.summary["to"])]

    async def mail_to(self, address: str, number: int = 1) -> StoredMail:
        """Wait for the first, or a later mail to an address."""
        async with asyncio.timeout(_PATIENCE_S):
            seen = self.mails.revision
            while len(found := self.mails_to(address)) < number:
                seen = await self.mails.changed(seen)
        return found[number - 1]

    async def host(self, api: Api, name: str = "Ada") -> "HostAtHome":
        """Sign somebody up and connect a calendar; a worker must run."""
        host = await self.signed_up(api, name)
        calendar = f"work-{uuid4().hex[:8]}"
        access = {"provider": "CALDAV", "url": self.radicale.calendar(calendar)}
        access |= {"username": USER, "password": WORD}
        connected = await api.ask(CALENDAR_CONNECT, host.token, input=access)
        assert connected["calendarConnect"]["__typename"] == "CalendarConnectPayload", connected
        return HostAtHome(host, calendar, self)

    async def signed_up(self, api: Api, name: str = "Ada") -> Host:
        """Sign somebody up by a mailed code; a worker must run."""
        email = f"{name.lower()}-{next(self.numbers)}@example.com"
        await api.ask(SIGN_IN_START, input={"email": email})
        code = re.search(r"\b\d{8}\b", (await self.mail_to(email)).part("text/plain"))
        assert code is not None
        sign_up = {"name": name, "organizationName": f"{name}'s studio", "zone": "Europe/Berlin"}
        given = {"email": email, "code": code[0], "signUp": sign_up}
        signed_in = (await api.ask(SIGN_IN_FINISH, input=given))["signInFinish"]
        return Host(signed_in["sessionToken"], signed_in["user"]["handle"], email)


@dataclass(frozen=True)
class HostAtHome:
    """Somebody who signed up, with the calendar that is theirs at the real server."""

    host: Host
    calendar: str
    deployment: Deployment

    def entries(self) -> list[str]:
        """Read the entries that stand in the calendar."""
        folders = self.deployment.radicale.data.rglob(self.calendar)
        return [
            path.read_text()
            for folder in folders
            if ".Radicale.cache" not in folder.parts
            for path in folder.glob("*.ics")
        ]

    def entry_starts(self) -> list[str]:
        """List when the entries in the calendar begin, as the API writes it, in order."""
        found = [
            re.search(r"DTSTART:(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z", text) for text in self.entries()
        ]
        return sorted("{}-{}-{}T{}:{}:{}Z".format(*match.groups()) for match in found if match)

    async def page(self, api: Api, **settings: Any) -> str:
        """Publish a page of 30 minutes without reminders; its link."""
        slug = f"page-{next(self.deployment.numbers)}"
        usual: dict[str, Any] = {"name": "Intro", "durationMinutes": 30, "reminderMinutes": []}
        wanted = {"slug": slug, **usual, **settings}
        made = await api.ask(PAGE_CREATE, self.host.token, input=wanted)
        assert made["bookingPageCreate"]["__typename"] == "BookingPageCreatePayload", made
        return f"{self.host.handle}/{slug}"


def monday() -> datetime:
    """Give the beginning of a Monday eight days ahead or some more."""
    today = now().replace(hour=0, minute=0, second=0, microsecond=0)
    return today + timedelta(days=14 - today.weekday())


def window(days: int = 1) -> dict[str, str]:
    """Give the window of that Monday, or of more days from it on."""
    return {"from": stamp(monday()), "to": stamp(monday() + timedelta(days=days))}


async def starts(api: Api, slug: str, days: int = 1) -> list[str]:
    """List the free starts of a page on that Monday, or on more days."""
    shown = await api.ask(OPEN_SLOTS, slug=slug, window=window(days))
    return starts_of(shown["bookingPage"]["openSlots"]["slots"])


def starts_of(slots: list[dict[str, Any]]) -> list[str]:
    """Give when slots begin."""
    return [slot["start"] for slot in slots]


def hold_of(slug: str, start: str) -> dict[str, str]:
    """Make the input of a hold."""
    return {"slug": slug, "start": start, "idempotencyKey": str(uuid4())}


def booking_of(slug: str, start: str, **more: Any) -> dict[str, Any]:
    """Make the input of a booking by a guest with an address of their own."""
    invitee = {"name": "Grace Hopper", "email": f"grace-{uuid4().hex[:8]}@example.org"}
    return booking(slug, start, invitee={**invitee, "zone": "America/New_York"}, **more)


def address_of(wanted: dict[str, Any]) -> str:
    """Give the guest's address in the input of a booking."""
    return wanted["invitee"]["email"]


def link_in(mail: StoredMail) -> str:
    """Take the secret of the link out of a mail."""
    return secrets_in(mail.part("text/plain"), TokenKind.MANAGE)[0]


async def hold(api: Api, wanted: dict[str, str]) -> dict[str, Any]:
    """Try to hold a slot."""
    return (await api.ask(HOLD, input=wanted))["holdCreate"]


async def book(api: Api, wanted: dict[str, Any]) -> dict[str, Any]:
    """Try to book a slot."""
    return (await api.ask(BOOK, input=wanted))["bookingCreate"]


@asynccontextmanager
async def deployed(
    database_url: str, redis_url: str, radicale: Radicale, folder: Path, **more: str
) -> AsyncGenerator[Deployment, None]:
    """Set up what stands around the processes; none runs yet."""
    mails = MailStore(folder / "mails", 2000)
    sink = await listen(mails, 0)
    environment = {
        "PATH": "/usr/bin:/bin",
        "ENVIRONMENT": "test",
        "PUBLIC_URL": "http://127.0.0.1:8000",
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "REDIS_DEADLINE_S": "2",
        "SMTP_URL": f"smtp://127.0.0.1:{sink.sockets[0].getsockname()[1]}",
        "KEYS": f"first:{KEY}",
        "LINK_KEY": LINK_KEY,
        "ALLOW_LOOPBACK_PROVIDERS": "yes",
        "LOG_LEVEL": "info",
        **more,
    }
    try:
        async with opened(database_url) as database, AsyncExitStack() as processes:
            yield Deployment(environment, folder, database, mails, radicale, processes)
    finally:
        sink.close()

"""A small world of hosts, calendars and bookings on real servers, with a provider that does as it is told."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count

from sqlalchemy import insert, text
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.ext.asyncio import AsyncEngine

from app.words import read_words
from domain.booking_pages import BookingPage, CalendarPolicy, PageHost, PageKind, Place, PlaceKind
from domain.bookings import BookingState
from domain.calendars import Entry, EntryRef, EntrySpot, EntryState, Provider
from domain.ids import BookingId, ConnectionId, OrganizationId, PageId, SessionId, UserId
from domain.intervals import Span, minute_of
from domain.slots import Rules
from domain.statuses import PLAIN, Kind
from domain.statuses import BusyTimes as Busy
from domain.users import Role, Scope, SignedIn, User
from integrations.ports import Account, BusyAt, CalendarPort, OAuthPort, ProviderFailed, RemoteCalendar
from services.busy import BusyTimes, Deadlines
from services.calendars import Calendars, ConnectCalendar
from services.connections import Connections
from services.entries import Entries
from services.grants import Grants
from storage.access_tokens import AccessTokens
from storage.base import new_id
from storage.bookings.rows import BookingHostRow, BookingRow, InviteeRow
from storage.calendars import HostCalendars, Linked
from storage.freebusy import Copies, FreeBusy, Source
from storage.limits import Limits
from storage.live import Live
from storage.organizations import OrganizationRow
from storage.redis import RedisClient, connect
from storage.unit import Units, engine_for, outside_units
from storage.users import UserRow
from storage.vault import KeyRing, Vault

NOW = datetime(2026, 3, 27, 12, tzinfo=UTC)  # the Friday before Europe's clocks go forward
MONDAY = datetime(2026, 3, 30, tzinfo=UTC)
DAY = (minute_of(MONDAY), minute_of(MONDAY) + 24 * 60)
WORK = "https://dav.example.com/ada/work/"
HOME = "https://dav.example.com/ada/home/"
API = "https://api.example.com/v1"
PASSWORD = "canary-password-5f1c"
FEED = "https://feeds.example.com/private-canary-8d2e/basic.ics"


def at(hour: int, minute: int = 0) -> int:
    """Give a minute of the Monday on which everything here happens."""
    return DAY[0] + hour * 60 + minute


class TurnedClock:
    """A clock that stands still until it is turned."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def turn(self, **by: float) -> None:
        """Turn the clock forward by what `timedelta` takes."""
        self.now += timedelta(**by)


class ToldProvider:
    """A provider that answers as it is told, writes down what it is asked, and holds entries of ours."""

    def __init__(self) -> None:
        self.remotes = [
            RemoteCalendar(url=WORK, name="Work", zone="Europe/Berlin", is_writable=True),
            RemoteCalendar(url=HOME, name="Home", zone="Europe/Berlin", is_writable=True),
        ]
        self.busy_at: dict[str, list[Span]] = {WORK: [(at(9), at(10))], HOME: [(at(14), at(15))]}
        self.marked_at: dict[str, list[tuple[Kind, Span]]] = {}
        self.by_status: list[bool] = []
        self.calls: list[str] = []
        self.asked: list[tuple[tuple[str, ...], Span]] = []
        self.passwords: list[str] = []
        self.entries: dict[tuple[str, str], Entry] = {}
        self.failure: ProviderFailed | None = None
        self.opened = asyncio.Event()
        self.opened.set()
        self.entered = asyncio.Event()

    def close(self) -> None:
        """Answer nothing until `opened` is set again."""
        self.opened.clear()
        self.entered.clear()

    async def discover(self, account: Account) -> tuple[RemoteCalendar, ...]:
        """Name the calendars."""
        await self._called("discover", account)
        return tuple(self.remotes)

    async def busy(
        self,
        account: Account,
        calendars: Sequence[BusyAt],
        window: Span,
        *,
        by_status: bool = False,
        deadline_s: float = 10,
    ) -> tuple[Busy, ...]:
        """Say when calendars are busy, as it is when the answer goes out."""
        del deadline_s
        self.asked.append((tuple(calendar.url for calendar in calendars), window))
        self.by_status.append(by_status)
        await self._called("busy", account)
        return tuple(
            Busy.of(
                [
                    *((PLAIN, span) for span in self.busy_at.get(calendar.url, [])),
                    *self.marked_at.get(calendar.url, []),
                ],
                window,
                by_status=by_status,
            )
            for calendar in calendars
        )

    async def put_entry(self, account: Account, spot: EntrySpot, entry: Entry) -> EntryRef:
        """Keep an entry."""
        await self._called("put", account)
        self.entries[spot.calendar_url, entry.uid] = entry
        return EntryRef(f"{spot.calendar_url}{entry.uid}")

    async def delete_entry(self, account: Account, spot: EntrySpot) -> None:
        """Forget an entry."""
        await self._called("delete", account)
        self.entries.pop((spot.calendar_url, spot.uid), None)

    async def find_entry(self, account: Account, spot: EntrySpot) -> EntryState | None:
        """Find an entry."""
        await self._called("find", account)
        entry = self.entries.get((spot.calendar_url, spot.uid))
        return EntryState(entry.start, entry.end, entry.sequence) if entry else None

    async def _called(self, what: str, account: Account) -> None:
        assert outside_units(), "a provider was asked inside a unit"
        self.calls.append(what)
        self.passwords.append(account.secret.reveal())
        self.entered.set()
        await self.opened.wait()
        if self.failure is not None:
            raise self.failure


class CountedCopies(FreeBusy):
    """Copies that count how often they were looked at."""

    looks = 0

    async def find(self, asked: Mapping[Source, Iterable[int]]) -> dict[Source, Copies]:
        """Find, and count."""
        found = await super().find(asked)
        self.looks += 1
        return found


@dataclass(frozen=True)
class World:
    """The room's use cases and what is behind them."""

    clock: TurnedClock
    engine: AsyncEngine
    redis: RedisClient
    vault: Vault
    units: Units
    provider: ToldProvider
    connections: Connections
    copies: CountedCopies
    busy: BusyTimes
    calendars: Calendars
    entries: Entries
    organization_id: OrganizationId
    numbers: "count[int]" = field(default_factory=count)

    async def host(self, name: str = "Ada", *, organization_id: OrganizationId | None = None) -> SignedIn:
        """Make a user who is signed in by a session."""
        number = next(self.numbers)
        user = User(
            id=UserId(new_id()),
            organization_id=organization_id or self.organization_id,
            email=f"{name.lower()}{number}@example.com",
            name=name,
            handle=f"{name.lower()}-{number}",
            zone="Europe/Berlin",
            locale="en",
            role=Role.MEMBER,
            shares_availability=True,
            is_disabled=False,
            created_at=NOW,
        )
        async with self.engine.begin() as connection:
            await connection.execute(
                insert(UserRow).values(
                    id=user.id,
                    organization_id=user.organization_id,
                    email=user.email,
                    name=user.name,
                    handle=user.handle,
                    zone=user.zone,
                    locale=user.locale,
                    role=user.role,
                    shares_availability=True,
                    is_disabled=False,
                    created_at=NOW,
                )
            )
        return SignedIn(user, frozenset(Scope), SessionId(new_id()), None, "203.0.113.7")

    async def connected(self, host: SignedIn, provider: Provider = Provider.CALDAV) -> Linked:
        """Connect the told provider for a host."""
        url = FEED if provider is Provider.ICS else "https://dav.example.com/"
        asked = ConnectCalendar(provider.value, url, "ada", PASSWORD)
        linked = await self.calendars.connect(host, asked)
        self.provider.calls.clear()
        self.provider.passwords.clear()
        return linked

    async def calendars_of(self, *hosts: SignedIn) -> Mapping[UserId, HostCalendars]:
        """Load what says when hosts are busy."""
        async with self.units.read() as unit:
            return await unit.calendars.of_hosts(self.organization_id, [host.user_id for host in hosts])

    async def linked(self, connection_id: ConnectionId) -> Linked:
        """Load a connection as it is now."""
        async with self.units.read() as unit:
            found = await unit.calendars.by_id(self.organization_id, connection_id)
        assert found is not None
        return found

    async def booking(self, *hosts: SignedIn, hour: int = 11) -> BookingId:
        """Store a confirmed booking of half an hour, made by Grace."""
        booking_id, start = new_id(), MONDAY + timedelta(hours=hour)
        during = Range(start, start + timedelta(minutes=30))
        here = {"organization_id": self.organization_id}
        page = self.page(hosts)
        async with self.units.begin() as unit:
            await unit.pages.add(page)
        async with self.engine.begin() as connection:
            await connection.execute(
                insert(BookingRow).values(
                    **here,
                    id=booking_id,
                    page_id=page.id,
                    state=BookingState.CONFIRMED,
                    during=during,
                    capacity=1,
                    place={"kind": "in_person", "details": "Room 7"},
                    version=1,
                    created_at=NOW,
                    changed_at=NOW,
                )
            )
            for host in hosts:
                await connection.execute(
                    insert(BookingHostRow).values(
                        **here,
                        booking_id=booking_id,
                        host_id=host.user_id,
                        during=during,
                        occupies=True,
                        buffer_before_minutes=0,
                        buffer_after_minutes=0,
                    )
                )
            await connection.execute(
                insert(InviteeRow).values(
                    **here,
                    id=new_id(),
                    booking_id=booking_id,
                    capacity=1,
                    seat=1,
                    state=BookingState.CONFIRMED,
                    name="Grace",
                    email="grace@example.com",
                    zone="Europe/Berlin",
                    locale="en",
                    answers=[],
                    version=1,
                    created_at=NOW,
                    changed_at=NOW,
                )
            )
        return BookingId(booking_id)

    def page(self, hosts: Sequence[SignedIn]) -> BookingPage:
        """Make a page of hosts that is stored nowhere yet."""
        page_id = PageId(new_id())
        return BookingPage(
            id=page_id,
            organization_id=self.organization_id,
            owner_id=hosts[0].user_id,
            slug=f"intro-{page_id}",
            kind=PageKind.ONE_TO_ONE,
            name="Intro",
            description="",
            place=Place(PlaceKind.IN_PERSON, "Room 7"),
            rules=Rules(duration_minutes=30),
            questions=(),
            capacity=1,
            reminders=(),
            invitation="",
            cancellation_policy="",
            cancel_until=timedelta(),
            reschedule_until=timedelta(),
            calendar_policy=CalendarPolicy.REQUIRED,
            follows_calendar=False,
            hosts=tuple(PageHost(host.user_id, None) for host in hosts),
            is_active=True,
            is_hidden=False,
            revision=1,
            created_at=NOW,
        )

    async def move(self, booking_id: BookingId, *, hour: int, version: int) -> None:
        """Move a stored booking."""
        start = MONDAY + timedelta(hours=hour)
        await self.change(
            "UPDATE bookings SET during = tstzrange(:start, :end), version = :version WHERE id = :id",
            start=start,
            end=start + timedelta(minutes=30),
            version=version,
            id=booking_id,
        )

    async def cancel(self, booking_id: BookingId, *, version: int) -> None:
        """Cancel a stored booking and its seats."""
        await self.change("UPDATE invitees SET state = 'cancelled' WHERE booking_id = :id", id=booking_id)
        await self.change(
            "UPDATE bookings SET state = 'cancelled', version = :version WHERE id = :id",
            version=version,
            id=booking_id,
        )

    async def rows(self, statement: str, **values: object) -> list[tuple[object, ...]]:
        """Ask the database itself."""
        async with self.engine.connect() as connection:
            return [tuple(row) for row in await connection.execute(text(statement), values)]

    async def change(self, statement: str, **values: object) -> None:
        """Change the database behind everybody's back."""
        async with self.engine.begin() as connection:
            await connection.execute(text(statement), values)

    async def kinds(self) -> list[object]:
        """List the kinds of what was recorded, in order."""
        return [row[0] for row in await self.rows("SELECT kind FROM events ORDER BY position")]


@asynccontextmanager
async def opened_world(
    database_url: str,
    redis_url: str,
    ports: Mapping[Provider, CalendarPort] | None = None,
    deadlines: Deadlines = Deadlines(),  # noqa: B008 -- a frozen value
    oauth: Mapping[Provider, OAuthPort] | None = None,
) -> AsyncGenerator[World, None]:
    """Open a world on an empty database."""
    clock, provider = TurnedClock(), ToldProvider()
    engine, redis = engine_for(database_url, pool_size=4), connect(redis_url, deadline_s=5)
    units = Units(engine, clock, Live(redis))
    vault = Vault(KeyRing({"first": b"k" * 32}), b"l" * 32, units, clock)
    grants = Grants(units, vault, oauth or {}, AccessTokens(redis, vault), clock)
    connections = Connections(
        units,
        vault,
        ports or {Provider.CALDAV: provider, Provider.ICS: provider},
        clock,
        grants,
        dict.fromkeys(Provider, API),
    )
    copies = CountedCopies(redis, vault, 30)
    busy = BusyTimes(connections, copies, clock, deadlines)
    async with engine.begin() as connection:
        organization_id = OrganizationId(new_id())
        await connection.execute(insert(OrganizationRow).values(**_organization(organization_id)))
    try:
        yield World(
            clock=clock,
            engine=engine,
            redis=redis,
            vault=vault,
            units=units,
            provider=provider,
            connections=connections,
            copies=copies,
            busy=busy,
            calendars=Calendars(
                units, connections, busy, Limits(redis, clock, b"pepper"), refused_after_s=0.01
            ),
            entries=Entries(units, connections, busy, clock, read_words(), "slotgraph.example.com"),
            organization_id=organization_id,
        )
    finally:
        await redis.aclose()
        await engine.dispose()


async def other_organization(world: World) -> OrganizationId:
    """Found a second organization in a world."""
    organization_id = OrganizationId(new_id())
    async with world.engine.begin() as connection:
        await connection.execute(insert(OrganizationRow).values(**_organization(organization_id)))
    return organization_id


async def eventually(is_so: Callable[[], bool]) -> None:
    """Let other tasks go on until something is so."""
    async with asyncio.timeout(15):
        while not is_so():  # noqa: ASYNC110 -- what is waited for is a call that has no event of its own
            await asyncio.sleep(0.001)


async def passes(turns: int = 20) -> None:
    """Let other tasks go as far as they come without waiting for anybody outside."""
    for _ in range(turns):
        await asyncio.sleep(0)


def _organization(organization_id: OrganizationId) -> dict[str, object]:
    return {
        "id": organization_id,
        "name": "Analytical Engines",
        "region": "eu",
        "plan": "business",
        "created_at": NOW,
    }

"""What a booking costs: written by a unit beside the same insert by bare asyncpg, the use case, a crowd.

*The same insert* is one transaction with the same hosts' locks and the same statement, which writes seven
tables and whose arguments are ready beforehand, on a connection that is held all the time. Ours makes its
rows first, takes a connection out of the pool, and looks under the locks at the page, at ended holds and at
the idempotency key. Both commit to the disk, and tell nobody of it: what Redis costs is in the use case.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from statistics import quantiles
from time import perf_counter
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import orjson

from app.wiring import Parts, now, wire
from bench.crowd import Crowd, slug_of
from bench.figures import AtLeast, AtMost, Figure, Measured
from bench.house import House, house
from domain.booking_pages import BookingPage
from domain.bookings import BookingState, SlotTaken
from domain.effects import Effect
from domain.events import EventKind, Happened
from domain.reactions import on_confirmed
from domain.tokens import TokenKind, token_hash
from domain.users import Guest
from services.availability import around
from services.bookings import BookSlot
from services.bookings.choosing import hosts_of
from services.bookings.commands import Seated
from services.bookings.desk import Use, happened, remember, use_of
from services.bookings.making import add_booking, empty_seat, new_booking
from services.gathered import read_taken
from storage.bookings import Change, Outcome, locking
from storage.live import Live
from storage.recording import recording
from storage.unit import Units
from storage.writing import documents_of, statement_of

_HOSTS = 1000
_AT_ONCE = 16
_WRITTEN, _BOOKED, _RACERS = 800, 160, 200  # in each round
_FIRST_DAY, _DAYS, _SLOTS_A_DAY = timedelta(days=20), 35, 20
_WINDOW = timedelta(days=15)
_PEER = "the same insert by bare asyncpg"
_BOOK = """mutation ($input: BookingCreateInput!) { bookingCreate(input: $input) {
  __typename ... on Error { message } } }"""


class _Nobody(Live):
    """Tells nobody, as the peer does."""

    async def publish(self, announcements: Iterable[bytes], *, wake: bool) -> bool:
        """Do nothing."""
        return bool(announcements) or wake


Work = Callable[[int], Awaitable[None]]
"""Does one thing; it is told which of the workers asks."""


class NotAsPromised(Exception):
    """Something else came of it than what is measured: its figures would say nothing."""


async def measure(rounds: int) -> Sequence[Measured]:
    """Measure uncontended writes, the use case, and two hundred who want one time."""
    with house() as installation:
        crowd = Crowd(installation.servers)
        crowd.add_hosts(range(_HOSTS))
        crowd.add_bookings(range(_HOSTS), each=10)
        crowd.settle()
        parts = wire(installation.settings)
        try:
            units = Units(parts.engine, now, _Nobody(parts.redis))
            bench = _Bench(parts, installation, units)
            figures = [*await bench.written(rounds), *await bench.booked(rounds), await bench.raced(rounds)]
        finally:
            await parts.close()
        if (deadlocks := installation.servers.sql(_DEADLOCKS).strip()) != "0":
            raise NotAsPromised(f"There were {deadlocks} deadlocks.")
    return figures


_DEADLOCKS = "SELECT sum(deadlocks) FROM pg_stat_database;"


@dataclass
class _Bench:
    parts: Parts
    installation: House
    units: Units
    numbers: "count[int]" = field(default_factory=count)

    def place(self) -> tuple[int, datetime]:
        """Give a host and a start that nobody has booked."""
        turn, host = divmod(next(self.numbers), _HOSTS)
        day, slot = divmod(turn, _SLOTS_A_DAY)
        if day >= _DAYS:
            raise NotAsPromised("Every time is booked: measure fewer rounds.")
        first = (now() + _FIRST_DAY).replace(hour=8, minute=0, second=0, microsecond=0)
        return host, first + timedelta(days=day, minutes=30 * slot)

    async def written(self, rounds: int) -> list[Figure]:
        """Measure what is written, ours and the peer's in turns."""
        async with self.parts.services.units.read() as reading:
            found = [await reading.pages.by_slug(*slug_of(host).split("/")) for host in range(_HOSTS)]
        pages = [page for page, _ in filter(None, found)]
        address = self.installation.servers.database_url.replace("+asyncpg", "")
        bare: list[Any] = [await asyncpg.connect(address) for _ in range(_AT_ONCE)]  # pyright: ignore[reportUnknownMemberType] -- its own types

        async def ours(amount: int, *, is_anew: bool = False) -> float:
            values = self._values(pages, amount)

            async def write(_: int) -> None:
                await self._write(next(values), is_anew=is_anew)

            return await _rate(write, amount)

        async def peers() -> float:
            ready = iter([values.ready() for values in self._values(pages, _WRITTEN)])

            async def insert(worker: int) -> None:
                locks, statement, documents = next(ready)
                async with bare[worker].transaction():
                    await bare[worker].execute(locks)
                    await bare[worker].fetchrow(statement, *documents)

            return await _rate(insert, _WRITTEN)

        await ours(_WRITTEN // 2)  # warm: statements are prepared, and planned for the last time
        await peers()
        taken = [
            (await ours(_WRITTEN), await peers(), await ours(_BOOKED, is_anew=True)) for _ in range(rounds)
        ]
        for connection in bare:
            await connection.close()
        return [
            Figure(
                "a booking written by a unit",
                "commits/s",
                tuple(turn[0] for turn in taken),
                against=_PEER,
                limit=AtLeast(0.6),
            ),
            Figure(_PEER, "commits/s", tuple(turn[1] for turn in taken)),
            Figure(
                "a unit that also reads four weeks of bookings anew",
                "commits/s",
                tuple(turn[2] for turn in taken),
                against=_PEER,
            ),
        ]

    async def booked(self, rounds: int) -> list[Figure]:
        """Measure the use case, called and asked for over HTTP; the page needs no calendar."""
        api = self.installation.api()
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{api.port}", trust_env=False) as client:

            async def call(_: int) -> None:
                host, start = self.place()
                await self._book(host, start)

            async def ask(_: int) -> None:
                host, start = self.place()
                wanted = {
                    "slug": slug_of(host),
                    "start": start.isoformat(),
                    "invitee": {"name": "Grace", "email": f"{uuid4().hex}@example.org", "zone": "UTC"},
                    "idempotencyKey": str(uuid4()),
                }
                body = {"query": _BOOK, "variables": {"input": wanted}}
                answer = orjson.loads((await client.post("/graphql", json=body)).content)
                if answer["data"]["bookingCreate"]["__typename"] != "BookingCreatePayload":
                    raise NotAsPromised("The API refused a time that nobody has booked.")

            await _rate(call, _AT_ONCE)
            await _rate(ask, _AT_ONCE)
            taken = [(await _rate(call, _BOOKED), await _rate(ask, _BOOKED)) for _ in range(rounds)]
        return [
            Figure("the whole use case, no calendar", "bookings/s", tuple(turn[0] for turn in taken)),
            Figure("the same over HTTP, one process", "bookings/s", tuple(turn[1] for turn in taken)),
        ]

    async def raced(self, rounds: int) -> Figure:
        """Let a crowd want one time, and see how long the slowest of them wait."""
        taken: list[float] = []
        for _ in range(rounds):
            host, start = self.place()
            waits = await asyncio.gather(*(self._race(host, start) for _ in range(_RACERS)))
            if sum(has_won for has_won, _ in waits) != 1:
                raise NotAsPromised("Not exactly one of the crowd got the time.")
            taken.append(quantiles([wait for _, wait in waits], n=100)[98])
        return Figure(f"{_RACERS} want one time: p99", "ms", tuple(taken), limit=AtMost(1000))

    async def _race(self, host: int, start: datetime) -> tuple[bool, float]:
        began = perf_counter()
        try:
            await self._book(host, start)
        except SlotTaken:
            return False, (perf_counter() - began) * 1000
        return True, (perf_counter() - began) * 1000

    async def _book(self, host: int, start: datetime) -> None:
        visitor = uuid4()
        await self.parts.services.bookings.taking.book(
            Guest(f"10.{visitor.bytes[0]}.{visitor.bytes[1]}.{visitor.bytes[2]}"),
            BookSlot(
                slug_of(host),
                start,
                "Grace",
                f"{visitor.hex}@example.org",
                "UTC",
                "en",
                {},
                None,
                str(visitor),
            ),
        )

    def _values(self, pages: Sequence[BookingPage], amount: int) -> "Iterator[_Values]":
        """Make bookings ahead, each with what the use case would store beside it."""
        return iter([self._value(pages) for _ in range(amount)])

    def _value(self, pages: Sequence[BookingPage]) -> "_Values":
        host, start = self.place()
        page, at = pages[host], now()
        person = empty_seat(at, BookingState.CONFIRMED, None)
        booking = new_booking(page, start, hosts_of(page), person, at, page.place)
        seat = booking.invitees[0]
        token = self.parts.services.bookings.desk.token_for(TokenKind.MANAGE, seat.id)
        return _Values(
            page,
            Seated(booking, seat, token),
            use_of("book", str(page.id), str(uuid4()), start),
            happened(EventKind.BOOKING_CONFIRMED, booking, seat),
            on_confirmed(page, booking, seat, at),
        )

    async def _write(self, values: "_Values", *, is_anew: bool) -> None:
        page, use, start = values.page, values.use, values.seated.booking.start
        async with self.units.begin(hosts_of(page)) as unit:
            key = use.actor, use.operation, use.key_hash
            window = start - _WINDOW, start + _WINDOW
            await unit.bookings.second_look(page.organization_id, page.id, hosts_of(page), window, key)
            if is_anew:
                await read_taken(unit, page, around(start), None, {})
            unit.record(values.event, values.effects)
            if await unit.store(values.change(unit.now)) is not Outcome.STORED:
                raise NotAsPromised("A time was refused that nobody has booked.")


@dataclass(frozen=True, slots=True)
class _Values:
    """A booking, and what is stored with it."""

    page: BookingPage
    seated: Seated
    use: Use
    event: Happened
    effects: Sequence[Effect]

    def change(self, at: datetime) -> Change:
        """Make its rows."""
        booking, seat = self.seated.booking, self.seated.invitee
        change = Change(at)
        add_booking(change, self.page, booking)
        change.add_seat(booking, seat)
        change.link(token_hash(self.seated.token), booking, seat.id, "manage")
        remember(change, self.use, self.seated)
        return change

    def ready(self) -> tuple[str, str, list[list[str]]]:
        """Give locks, statement and arguments as our unit would send them."""
        rows = {**self.change(now()).rows, **recording([self.event], self.effects, now())}
        kinds = tuple(kind for kind in rows if rows[kind])
        return locking(hosts_of(self.page)), statement_of(kinds), documents_of(kinds, rows)


async def _rate(work: Work, amount: int) -> float:
    """Do something so often by several workers; how often a second."""
    left = iter(range(amount))

    async def worker(which: int) -> None:
        for _ in left:
            await work(which)

    began = perf_counter()
    async with asyncio.TaskGroup() as workers:
        for which in range(_AT_ONCE):
            workers.create_task(worker(which))
    return amount / (perf_counter() - began)

"""How the hot statements' cost grows from ten pages to a hundred thousand, with real indexes.

Each page has a host, a schedule, and bookings, half of them past, with their seats, links, keys, events and
effects; every second host has a calendar. Each figure is the median of a statement asked for many pages,
with the transaction around it, by one connection.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from random import Random
from statistics import median
from time import perf_counter
from types import MappingProxyType

from app.wiring import now, wire
from bench.crowd import (
    TEAM,
    Crowd,
    booking_id,
    host_id,
    link_hash,
    organization_id,
    page_id,
    slug_of,
)
from bench.figures import Figure, Measured
from bench.house import House, house
from bench.plans import Sent
from domain.bookings import BookingState
from domain.ids import BookingId, OrganizationId, PageId, UserId
from domain.paging import Paging
from storage.outbox import LogPlace
from storage.unit import Unit

BOOKINGS_EACH = 2
_SIZES = (10, 1_000, 10_000, 100_000)
_TIMES = 40
_MONTH = timedelta(days=30)

Ask = Callable[[Unit, int], Awaitable[object]]
"""Asks one question about the page, the host or the bookings of a number."""


async def _team(unit: Unit, number: int) -> object:
    first = number // TEAM * TEAM
    team = [UserId(host_id(first + more)) for more in range(TEAM)]
    return await unit.bookings.taken(_organization(number), now(), now() + _MONTH, hosts=team)


HOT: Mapping[str, Ask] = MappingProxyType(
    {
        "a page by its link": lambda unit, n: unit.pages.by_slug(*slug_of(n).split("/")),
        "a profile's pages": lambda unit, n: unit.pages.public_of(f"host{n}"),
        "hosts": lambda unit, n: unit.users.by_ids([_host(n)]),
        "schedules of hosts": lambda unit, n: unit.schedules.for_hosts(_organization(n), [(_host(n), None)]),
        "calendars of hosts": lambda unit, n: unit.calendars.of_hosts(_organization(n), [_host(n)]),
        "a month of a host's bookings": lambda unit, n: unit.bookings.taken(
            _organization(n), now(), now() + _MONTH, hosts=[_host(n)]
        ),
        "a month of ten hosts' bookings": _team,
        "a month of a page's bookings": lambda unit, n: unit.bookings.taken(
            _organization(n), now(), now() + _MONTH, hosts=[_host(n)], page_id=PageId(page_id(n))
        ),
        "the second look under the locks": lambda unit, n: unit.bookings.second_look(
            _organization(n), PageId(page_id(n)), [_host(n)], (now(), now() + _MONTH), ("book", "x", b"x")
        ),
        "an earlier use of a key": lambda unit, n: unit.bookings.earlier(
            str(page_id(n)), "book", link_hash(n * BOOKINGS_EACH)
        ),
        "a booking": lambda unit, n: unit.bookings.by_id(
            _organization(n), BookingId(booking_id(n * BOOKINGS_EACH))
        ),
        "a booking by its link": lambda unit, n: unit.bookings.by_link(link_hash(n * BOOKINGS_EACH)),
        "a host's list": lambda unit, n: unit.bookings.of_host(
            _organization(n),
            _host(n),
            Paging(20, None, is_forward=True),
            states=frozenset({BookingState.CONFIRMED}),
            start_from=now(),
            start_before=None,
        ),
        "claiming effects that are due": lambda unit, _: unit.outbox.claim(100, max_due=unit.now),
        "events that nobody announced": lambda unit, _: unit.outbox.unannounced(100, before=unit.now),
        "an organization's log": lambda unit, n: unit.outbox.log_after(_organization(n), LogPlace(0, 0), 100),
        "holds that have ended": lambda unit, _: unit.bookings.ended_holds(100),
        "meetings that are over": lambda unit, _: unit.bookings.over(100),
    }
)


class Scanned(Exception):
    """A hot statement reads a table from end to end."""


async def measure(rounds: int) -> Sequence[Measured]:
    """Measure every hot statement at each size; at the last one each must use an index."""
    figures: list[Measured] = []
    with house() as installation:
        crowd = Crowd(installation.servers)
        filled = 0
        for size in _SIZES:
            crowd.add_hosts(range(filled, size))
            crowd.add_calendars(range(filled, (filled + size) // 2))
            crowd.add_bookings(range(filled, size), each=BOOKINGS_EACH)
            crowd.settle()
            filled = size
            figures += await _at(installation, size, rounds)
    return sorted(figures, key=lambda figure: list(HOT).index(figure.name.rpartition(", ")[0]))


async def _at(installation: House, size: int, rounds: int) -> list[Measured]:
    parts = wire(installation.settings)
    sent = Sent(parts.engine)
    chance = Random(size)
    units = parts.services.units
    try:
        for ask in HOT.values():
            for _ in range(7):  # the server plans a statement anew for the first five times
                async with units.begin() as unit:
                    await ask(unit, chance.randrange(size))
        if size == _SIZES[-1] and (scanned := await sent.scanned()):
            raise Scanned(", ".join(sorted(scanned)))
        taken: dict[str, list[float]] = {name: [] for name in HOT}
        for _ in range(rounds):
            for name, ask in HOT.items():
                times: list[float] = []
                for _ in range(_TIMES):
                    async with units.begin() as unit:
                        began = perf_counter()
                        await ask(unit, chance.randrange(size))
                        times.append((perf_counter() - began) * 1000)
                taken[name].append(median(times))
    finally:
        await parts.close()
    return [Figure(f"{name}, {size:,} pages", "ms", tuple(times)) for name, times in taken.items()]


def _organization(number: int) -> OrganizationId:
    return OrganizationId(organization_id(number))


def _host(number: int) -> UserId:
    return UserId(host_id(number))

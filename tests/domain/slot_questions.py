"""Generated questions to the slot engine: odd schedules, in all zones, around the changes of their clocks."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from domain.availability import DateOverride, Hours, Travel, WeeklyWindow
from domain.recurrence import EveryWeeks, NthOfMonth, Recurrence
from domain.slots import (
    NO_HOST_RULES,
    Assignment,
    Caps,
    DateRange,
    GridOrigin,
    HostRules,
    HostTime,
    Own,
    Pool,
    Pooled,
    RollingBusinessDays,
    RollingDays,
    Rules,
    Session,
    Unknown,
    Unlimited,
)
from domain.zones import zone_names

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ODD_ZONES = ["Australia/Lord_Howe", "Africa/Casablanca", "Africa/Cairo", "Antarctica/Troll", "Asia/Beirut"]
ZONES = st.one_of(st.sampled_from([*ODD_ZONES, "Pacific/Apia"]), st.sampled_from(sorted(zone_names())))
APIA = datetime(2011, 12, 30, tzinfo=UTC)
TIMES = st.one_of(
    st.sampled_from([0, 30, 60, 90, 120, 150, 180, 540, 545, 1020, 1380, 1410, 1439]), st.integers(0, 1439)
)
WINDOWS = st.tuples(TIMES, st.one_of(TIMES, st.just(1440)))
WIDE = st.sampled_from([(0, 1440), (540, 1020), (1320, 600), (60, 1439)])
CAPS = st.builds(
    Caps,
    per_day=st.none() | st.integers(0, 3),
    per_week=st.none() | st.integers(0, 3),
    per_month=st.none() | st.integers(1, 3),
    per_day_minutes=st.none() | st.sampled_from([0, 60, 120]),
    per_week_minutes=st.none() | st.sampled_from([60, 200]),
    per_month_minutes=st.none() | st.sampled_from([60, 500]),
    week_start=st.integers(0, 6),
    per_year=st.none() | st.integers(1, 4),
    per_year_minutes=st.none() | st.sampled_from([60, 600]),
)

HOST_RULES = st.builds(
    HostRules,
    buffer_before_minutes=st.sampled_from([0, 12, 60]),
    buffer_after_minutes=st.sampled_from([0, 20]),
    notice_minutes=st.sampled_from([0, 90, 2000]),
    caps=st.just(Caps()) | CAPS,
)


@dataclass(frozen=True)
class Question:
    rules: Rules
    hosts: tuple[HostTime, ...]
    window: tuple[int, int]
    now: datetime
    counted: tuple[tuple[int, int], ...]
    sessions: tuple[Session, ...]
    pools: tuple[Pool, ...] = ()


@lru_cache(maxsize=1000)
def changes(zone: str) -> tuple[datetime, ...]:
    """List the days of 2024 to 2030 on which a zone's offset changes, and 1 January 2024."""
    first, place = datetime(2024, 1, 1, tzinfo=UTC), ZoneInfo(zone)
    days = [first + timedelta(days=more) for more in range(7 * 366)]
    days = [one for one, two in pairwise(days) if _offset(one, place) != _offset(two, place)]
    return (first, *days, *[APIA] * (zone == "Pacific/Apia"))


def _offset(at: datetime, place: ZoneInfo) -> timedelta | None:
    return at.astimezone(place).utcoffset()


@st.composite
def _seldom(draw: st.DrawFn) -> bool:
    return draw(st.integers(0, 9)) == 9


@st.composite
def recurrences(draw: st.DrawFn, near: date) -> Recurrence:
    """Make a recurrence, of weeks that are counted from a date up to half a year away."""
    numbers = st.sampled_from([1, 2, 3, 4, 5, -1, -2, -3, -4, -5])
    ordinals = st.lists(numbers, min_size=1, max_size=3).map(tuple)
    anchor = near + timedelta(days=draw(st.integers(-180, 20)))
    return draw(
        st.one_of(
            st.builds(EveryWeeks, st.integers(1, 4), st.just(anchor)),
            st.builds(NthOfMonth, ordinals),
        )
    )


@st.composite
def _travels(draw: st.DrawFn, near: date) -> tuple[Travel, ...]:
    first = near + timedelta(days=draw(st.integers(-3, 3)))
    last = first + timedelta(days=draw(st.integers(0, 3)))
    there, back = Travel(first, last, draw(ZONES)), last + timedelta(days=1)
    return (there, *[Travel(back, back + timedelta(days=1), draw(ZONES))] * draw(st.integers(0, 1)))


@st.composite
def _hours(draw: st.DrawFn, zone: str, near: datetime) -> Hours:
    start, end = draw(st.one_of(WIDE, WINDOWS))
    usual = draw(recurrences(near.date())) if draw(_seldom()) else None
    weekly = [WeeklyWindow(day, start, end, usual) for day in range(7)]
    often = st.none() | recurrences(near.date())
    more = draw(st.lists(st.tuples(st.integers(0, 6), WINDOWS, often), max_size=4))
    dates = [near.date() + timedelta(days=day) for day in range(-2, 4)]
    special = draw(st.dictionaries(st.sampled_from(dates), st.lists(WINDOWS, max_size=2), max_size=2))
    return Hours(
        zone,
        (*weekly, *(WeeklyWindow(day, *window, recurrence) for day, window, recurrence in more)),
        tuple(DateOverride(day, tuple(windows)) for day, windows in special.items()),
        draw(_travels(near.date())) if draw(st.integers(0, 3)) == 3 else (),
    )


@st.composite
def _span(draw: st.DrawFn, around: int) -> tuple[int, int]:
    start = around + draw(st.integers(-1000, 2000))
    return start, start + draw(st.sampled_from([0, 1, 15, 60, 300]))


@st.composite
def _own(draw: st.DrawFn, around: int) -> Own:
    start, end = draw(_span(around))
    return Own((start, end + 1), draw(st.sampled_from([0, 7, 60])), draw(st.sampled_from([0, 5, 45])))


@st.composite
def _host(draw: st.DrawFn, name: str, zone: str, near: datetime) -> HostTime:
    around = (near - EPOCH) // timedelta(minutes=1)
    busy = draw(st.lists(_span(around), max_size=5))
    own = draw(st.lists(_own(around), max_size=2))
    away = draw(st.lists(_span(around), max_size=2)) if draw(_seldom()) else []
    is_known = not draw(_seldom())
    return HostTime(
        name,
        draw(_hours(zone, near)),
        tuple(busy) if is_known else Unknown("away"),
        tuple(own),
        tuple(away),
        rules=draw(HOST_RULES) if draw(_seldom()) else NO_HOST_RULES,
        is_fixed=draw(st.sampled_from([False, False, True])),
        is_ahead=draw(_seldom()),
        over=tuple(draw(st.lists(_span(around), max_size=2))),
    )


@st.composite
def _ahead(draw: st.DrawFn, near: datetime) -> Unlimited | RollingDays | RollingBusinessDays | DateRange:
    days = sorted(draw(st.tuples(st.integers(-1, 2), st.integers(-1, 2))))
    first, last = (near.date() + timedelta(days=day) for day in days)
    return draw(
        st.one_of(
            st.just(Unlimited()),
            st.builds(RollingDays, st.integers(0, 3)),
            st.builds(RollingBusinessDays, st.integers(0, 7)),
            st.just(DateRange(first, last)),
        )
    )


@st.composite
def _rules(draw: st.DrawFn, near: datetime, zone: str) -> Rules:
    return Rules(
        duration_minutes=draw(st.sampled_from([1, 15, 30, 45, 60, 100])),
        interval_minutes=draw(st.sampled_from([None, 5, 7, 15, 30, 45, 60, 90])),
        grid_origin=draw(st.sampled_from(GridOrigin)),
        buffer_before_minutes=draw(st.sampled_from([0, 10, 15])),
        buffer_after_minutes=draw(st.sampled_from([0, 5, 30])),
        notice_minutes=draw(st.sampled_from([0, 0, 0, 60, 1500])),
        window=draw(_ahead(near)) if draw(st.booleans()) else Unlimited(),
        caps=draw(CAPS) if draw(st.integers(0, 4)) == 4 else Caps(),
        zone=draw(st.sampled_from([None, zone])),
        assignment=draw(st.sampled_from(Assignment)),
        starts=draw(_starts(near)) if draw(st.integers(0, 4)) == 4 else None,
    )


@st.composite
def _pools(draw: st.DrawFn, around: int) -> tuple[Pool, ...]:
    """Make up to two pools of up to three resources, which nobody has in two."""
    sizes = draw(st.lists(st.integers(0, 3), min_size=1, max_size=2))
    bookings = _span(around).map(lambda span: (span[0], span[1] + 1))  # none is of no minute
    taken = st.lists(bookings, max_size=3).map(lambda spans: tuple(sorted(spans)))
    return tuple(
        tuple(Pooled(f"room {pool}.{number}", draw(taken)) for number in range(size))
        for pool, size in enumerate(sizes)
    )


@st.composite
def _starts(draw: st.DrawFn, near: datetime) -> tuple[int, ...]:
    """Pick times, of which none need lie on a grid."""
    around = (near - EPOCH) // timedelta(minutes=1)
    times = st.integers(around - 600, around + 1500)
    return tuple(sorted(draw(st.lists(times, min_size=1, max_size=6, unique=True))))


@st.composite
def questions(draw: st.DrawFn, hosts: st.SearchStrategy[int], days: int = 1) -> Question:
    """Make a question about so many days around a change of somebody's clock."""
    zone, other = draw(ZONES), draw(ZONES)
    near = draw(st.sampled_from(changes(zone))) + timedelta(hours=draw(st.integers(-14, 14)))
    around = (near - EPOCH) // timedelta(minutes=1)
    seats = draw(st.lists(st.integers(0, 2), max_size=2))
    ago = draw(st.sampled_from([0, 1, 59, 86400, 86400 * 3]))
    return Question(
        rules=draw(_rules(near, other)),
        hosts=tuple(
            draw(_host(f"host {number}", draw(st.sampled_from([zone, zone, other])), near))
            for number in range(draw(hosts))
        ),
        window=(around - draw(st.integers(0, 600)), around + draw(st.integers(240, days * 1440))),
        now=near - timedelta(seconds=ago),
        counted=tuple(draw(st.lists(_span(around), max_size=4))),
        sessions=tuple(
            Session(around + 90 * number, around + 90 * number + 60, left)
            for number, left in enumerate(seats)
        ),
        pools=draw(_pools(around)) if draw(st.integers(0, 2)) == 2 else (),
    )

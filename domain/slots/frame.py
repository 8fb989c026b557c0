"""Where starts can lie at all in a window, whoever is busy: the rules and the hours of a page's hosts."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import gcd

from domain.availability import Hours
from domain.intervals import Span
from domain.slots.cells import Cells
from domain.slots.grid import grid, step_of
from domain.slots.hosts import open_starts
from domain.slots.opening import common_windows, opening_windows
from domain.slots.values import Assignment, Rules
from domain.zones import DAY


@dataclass(frozen=True, slots=True)
class Measure:
    """By what a host is prepared besides their own time: hosts of one measure can be combined.

    Where hosts meet, all or one with those who are fixed, the grid is that of the windows they share.
    """

    rules: Rules
    zone: str
    cells: Cells
    is_shared: bool = False


@dataclass(frozen=True, slots=True)
class Frame:
    """The starts that hours and grid admit in a window of whole days, as sets of cells.

    `open` has for each hours the starts from which a whole slot is open; those alone that lie on the grid
    of these hours, but where hosts meet: there `common` has the grid of the windows that they share. That
    is for each hours the one of who has them together with all who are fixed, or where all hosts meet, of
    all.
    """

    measure: Measure
    window: Span
    open: Mapping[Hours, int]
    common: Mapping[Hours, int]


def frame_of(rules: Rules, hours: Iterable[Hours], window: Span, fixed: Iterable[Hours] = ()) -> Frame:
    """Make the frame of a page whose hosts have these hours, in their order, and who is fixed among them.

    It is that of the whole UTC days that the window touches: its parts are kept for a while, and the window
    of whoever asks for what is free from now on is another one each minute.
    """
    window = whole_days(window)
    each = tuple(dict.fromkeys(hours))
    zone = zone_of(rules, each[0])
    step = gcd(*(_step(rules, some, window, zone) for some in each))
    cells = Cells(-(-window[0] // step) * step, window[1], step)
    always = tuple(dict.fromkeys(fixed)) if rules.assignment is Assignment.ANY else ()
    measure = Measure(rules, zone, cells, bool(always) or rules.assignment is Assignment.ALL)
    common: dict[Hours, int] = {}
    if rules.assignment is Assignment.ALL:
        common = dict.fromkeys(each, _common(measure, each, window))
    elif always:
        common = {some: _common(measure, tuple(dict.fromkeys((*always, some))), window) for some in each}
    return Frame(measure, window, {some: _open(measure, some, window) for some in each}, common)


def whole_days(window: Span) -> Span:
    """Widen a window to whole UTC days."""
    return window[0] // DAY * DAY, -(-window[1] // DAY) * DAY


@lru_cache(maxsize=1024)
def _step(rules: Rules, hours: Hours, window: Span, zone: str) -> int:
    return step_of(rules, _windows(rules, hours, window), window, zone)


@lru_cache(maxsize=256)
def _open(measure: Measure, hours: Hours, window: Span) -> int:
    rules, cells, windows = measure.rules, measure.cells, _windows(measure.rules, hours, window)
    opened = cells.within(open_starts(rules, windows))
    if not measure.is_shared:
        opened &= cells.among(grid(rules, windows, window, measure.zone))
    return opened


@lru_cache(maxsize=64)
def _common(measure: Measure, hours: tuple[Hours, ...], window: Span) -> int:
    windows = common_windows(_windows(measure.rules, some, window) for some in hours)
    return measure.cells.among(grid(measure.rules, windows, window, measure.zone))


def _windows(rules: Rules, hours: Hours, window: Span) -> list[Span]:
    return opening_windows(hours, (window[0], window[1] + rules.duration_minutes))


def zone_of(rules: Rules, first: Hours) -> str:
    """Name the page's zone: its own, else that of the first host."""
    return rules.zone or first.zone

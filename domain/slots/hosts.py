"""What one host says of a start: open, on the grid, neither busy nor booked."""

from functools import cached_property

from domain.intervals import Span, merge, subtract
from domain.slots.opening import opening_windows
from domain.slots.values import GridOrigin, HostTime, Rules, Unknown
from domain.zones import wall_at

_HOUR = 60


class HostJudge:
    """Judges starts in a window by one host's time."""

    def __init__(self, rules: Rules, host: HostTime, window: Span) -> None:
        self.host = host
        self._rules = rules
        self._window = (window[0], window[1] + rules.duration_minutes)

    @cached_property
    def windows(self) -> list[Span]:
        """Opening windows near the window, in order of start."""
        return opening_windows(self.host.hours, self._window)

    @cached_property
    def open_starts(self) -> list[Span]:
        """Starts from which a whole slot is open."""
        last = self._rules.duration_minutes - 1
        return [(start, end - last) for start, end in merge(self.windows) if end - last > start]

    @cached_property
    def busy_starts(self) -> list[Span]:
        """Starts that a busy time forbids; no busy minute may lie in a slot or its buffers."""
        if isinstance(self.host.busy, Unknown):
            return [(self._window[0] - _FAR, self._window[1] + _FAR)]
        rules = self._rules
        before, after = rules.buffer_before_minutes, rules.buffer_after_minutes + rules.duration_minutes - 1
        return merge((start - after, end + before) for start, end in self.host.busy if start < end)

    @cached_property
    def booked_starts(self) -> list[Span]:
        """Starts that an own booking forbids: the larger of the two buffers that meet stays free (D13)."""
        rules = self._rules
        length = rules.duration_minutes - 1
        return merge(
            (
                own.span[0] - length - max(rules.buffer_after_minutes, own.buffer_before),
                own.span[1] + max(rules.buffer_before_minutes, own.buffer_after),
            )
            for own in self.host.own
        )

    @cached_property
    def free_starts(self) -> list[Span]:
        """Starts that this host can take, on the grid or off it."""
        if isinstance(self.host.busy, Unknown):
            return []
        return subtract(self.open_starts, merge([*self.busy_starts, *self.booked_starts]))


_FAR = 10_000_000


def grid(rules: Rules, windows: list[Span], within: list[Span], zone: str) -> list[int]:
    """List the starts on the grid that lie in `within`, in order, each once."""
    if rules.grid_origin is GridOrigin.HOUR:
        return [start for span in within for start in _on_the_hour(rules.interval, span, zone)]
    step = rules.interval
    found: set[int] = set()
    for opens, closes in windows:
        for start, end in within:
            if end <= opens:
                continue
            if start >= closes:
                break
            first = max(start, opens)
            found.update(range(first + (opens - first) % step, min(end, closes), step))
    return sorted(found)


def _on_the_hour(interval: int, span: Span, zone: str) -> list[int]:
    found: list[int] = []
    at = span[0]
    while at < span[1]:
        wall = wall_at(at, zone)
        past = wall.minute if interval <= _HOUR else wall.hour * _HOUR + wall.minute
        if interval <= _HOUR:
            off = past % interval
            step = min(interval - off, _HOUR - past)
        else:
            off = past % interval
            step = min(interval - off, _HOUR - wall.minute)
        if off == 0:
            found.append(at)
        at += step
    return found

"""What one host says of a start: open and there, neither busy nor booked."""

from functools import cached_property

from domain.intervals import Span, merge
from domain.slots.cells import Forbidden
from domain.slots.opening import opening_windows
from domain.slots.values import HostTime, Rules, Unknown


class HostJudge:
    """Judges the starts in a window by one host's time."""

    def __init__(self, rules: Rules, host: HostTime, window: Span) -> None:
        self.host = host
        self._rules = rules
        self._window = window
        self._before = max(rules.buffer_before_minutes, host.rules.buffer_before_minutes)
        self._after = max(rules.buffer_after_minutes, host.rules.buffer_after_minutes)

    @cached_property
    def windows(self) -> list[Span]:
        """Opening windows that slots of the window can touch, in order of start."""
        return opening_windows(
            self.host.hours, (self._window[0], self._window[1] + self._rules.duration_minutes)
        )

    @cached_property
    def open_starts(self) -> list[Span]:
        """Starts from which a whole slot is open."""
        return open_starts(self._rules, self.windows)

    @property
    def is_known(self) -> bool:
        """Whether the host's calendar could be read; unknown is busy."""
        return not isinstance(self.host.busy, Unknown)

    @property
    def busy(self) -> Forbidden:
        """What the calendar forbids: no busy time may lie in a slot or its buffers."""
        spans = () if isinstance(self.host.busy, Unknown) else self.host.busy
        return spans, self._after + self._rules.duration_minutes - 1, self._before

    @property
    def booked(self) -> Forbidden:
        """What own bookings forbid: the larger of the two buffers that meet stays free (D13)."""
        before, after = self._before, self._after
        spans = [
            (own.span[0] - max(after, own.buffer_before), own.span[1] + max(before, own.buffer_after))
            for own in self.host.own
        ]
        return spans, self._rules.duration_minutes - 1, 0

    @property
    def away(self) -> Forbidden:
        """What absences forbid: no minute of a slot may lie in one."""
        return self.host.away, self._rules.duration_minutes - 1, 0


def widened(forbidden: Forbidden) -> list[Span]:
    """Give the starts that something forbids; a span of no length forbids none."""
    spans, before, after = forbidden
    return [(start - before, end + after) for start, end in spans if start < end]


def open_starts(rules: Rules, windows: list[Span]) -> list[Span]:
    """Give the starts from which a whole slot lies in windows; those that touch are one."""
    last = rules.duration_minutes - 1
    return [(start, end - last) for start, end in merge(windows) if end - last > start]

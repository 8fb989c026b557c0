"""Sets of starts as integers: a byte for each cell of a window, so that many hosts are combined at once.

A byte and not a bit: the sets are eight times as large, but they are written, read and combined without
being translated, which is where the time goes.
"""

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import compress

from domain.intervals import Span

Forbidden = tuple[Iterable[Span], int, int]
"""Spans that hold something, and the minutes before and after each in which nothing may start either."""

_FREE = b"\x01"
_NEVER = (sys.maxsize - 1, sys.maxsize)  # meets no span: after it, all before it are done


@dataclass(frozen=True, slots=True)
class Cells:
    """The minutes `first`, `first + step` … before `end`: those starts of a window that are told apart.

    A set of them is an integer, 1 or 0 in each byte, the first minute's byte highest: `&` is what two sets
    have in common, `|` what is in either. Only the cells are told apart, but they exactly: a span holds
    those of them that lie in it.
    """

    first: int
    end: int
    step: int

    @property
    def minutes(self) -> range:
        """The minutes themselves, in order."""
        return range(self.first, self.end, self.step)

    def within(self, spans: Iterable[Span]) -> int:
        """Give the cells that lie in any of the spans."""
        size = len(self.minutes)
        row, full = bytearray(size), _FREE * size
        up = self.step - 1 - self.first  # from a minute to the first cell that is not before it
        for start, end in spans:
            low, high = max((start + up) // self.step, 0), (end + up) // self.step
            if low < high:
                row[low:high] = full[low:high]
        return int.from_bytes(row)

    def among(self, starts: Iterable[range]) -> int:
        """Give the cells that are in any of the ranges; a range holds nothing but cells."""
        size = len(self.minutes)
        row, full = bytearray(size), _FREE * size
        for some in starts:
            if not some:
                continue
            low, stride = (some.start - self.first) // self.step, some.step // self.step
            row[low : low + len(some) * stride : stride] = full[: len(some)]
        return int.from_bytes(row)

    def free(self, forbidden: Iterable[Forbidden]) -> int:
        """Give the cells that lie in none of the spans, each widened; those of no length forbid none."""
        step, size = self.step, len(self.minutes)
        row, blank = bytearray(_FREE) * size, bytes(size)
        for spans, before, after in forbidden:
            up, wider = step - 1 - self.first - before, before + after
            since = until = -up  # spans in order that meet once they are wider are blanked at once
            for start, end in (*spans, _NEVER):
                if since <= start <= until:
                    if end + wider > until and start < end:
                        until = end + wider
                elif start < end:
                    low, high = (since + up) // step, (until + up) // step
                    if low < 0:  # noqa: PLR1730 -- max() costs much in a loop that runs for every entry
                        low = 0
                    if low < high:
                        row[low:high] = blank[low:high]
                    since, until = start, end + wider
        return int.from_bytes(row)

    def members(self, cells: int) -> list[int]:
        """List the minutes of a set, in order."""
        return list(compress(self.minutes, self.row(cells)))

    def row(self, cells: int) -> bytes:
        """Give a set as a byte for each cell, in order of minute."""
        return cells.to_bytes(len(self.minutes))

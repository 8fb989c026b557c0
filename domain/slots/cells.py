"""Sets of starts as integers: a bit for each step of a window, so that many hosts are combined at once."""

from collections.abc import Iterable, Sequence
from itertools import compress
from typing import TypeVar

from domain.intervals import Span

Name = TypeVar("Name")

Forbidden = tuple[Iterable[Span], int, int]
"""Spans that hold something, and the minutes before and after each in which nothing may start either."""

_IS_SET = bytes.maketrans(b"01", b"\x00\x01")


class Cells:
    """The minutes `first`, `first + step` … before `end`; the first one is the highest bit.

    Only these minutes are told apart, exactly: a span holds those of them that lie in it.
    """

    def __init__(self, first: int, end: int, step: int) -> None:
        self.minutes = range(first, end, step)
        self._blank = b"0" * len(self.minutes)

    def free(self, forbidden: Iterable[Forbidden]) -> int:
        """Give the minutes that lie in none of the spans, each widened; those of no length forbid none."""
        minutes, blank, step = self.minutes, self._blank, self.minutes.step
        row = bytearray(b"1") * len(minutes)
        for spans, before, after in forbidden:
            # From a minute to the first cell that is not before it.
            down, up = step - 1 - minutes.start - before, step - 1 - minutes.start + after
            for start, end in spans:
                if start >= end:
                    continue
                low, high = (start + down) // step, (end + up) // step
                if low < 0:  # noqa: PLR1730 -- max() costs a third of the loop that runs for every entry
                    low = 0
                if low < high:
                    row[low:high] = blank[low:high]
        return int(row, 2)

    def of(self, minutes: Iterable[int]) -> int:
        """Give these minutes; all of them are cells."""
        first, step = self.minutes.start, self.minutes.step
        row = bytearray(self._blank)
        for minute in minutes:
            row[(minute - first) // step] = 49  # "1"
        return int(row, 2)

    def members(self, sets: Sequence[int], names: Sequence[Name]) -> dict[int, tuple[Name, ...]]:
        """Give for each minute that is in any of the sets the names of these, in order of minute."""
        union = 0
        for bits in sets:
            union |= bits
        some = self._row(union)
        columns = zip(*(compress(self._row(bits), some) for bits in sets), strict=True)
        return {
            minute: tuple(compress(names, column))
            for minute, column in zip(compress(self.minutes, some), columns, strict=True)
        }

    def _row(self, bits: int) -> bytes:
        return f"{bits:0{len(self.minutes)}b}".encode().translate(_IS_SET)

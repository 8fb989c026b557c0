"""Something that was found out and may be shown again, as long as nothing it follows from has changed."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Generic, TypeVar, cast

T = TypeVar("T")
S = TypeVar("S")


class Standing(Generic[T]):
    """A value with its end, and what was made of it.

    It stands until the instant `until`, and no longer once it was dropped. The same object may be shown to
    many, so neither the value nor what is made of it is ever changed.
    """

    __slots__ = ("_clock", "_is_dropped", "_shaped", "until", "value")

    def __init__(self, value: T, until: datetime, clock: Callable[[], datetime]) -> None:
        self.value = value
        self.until = until
        self._clock = clock
        self._is_dropped = False
        self._shaped: dict[object, Any] = {}

    def drop(self) -> None:
        """Say that something it follows from has changed."""
        self._is_dropped = True

    def stands(self) -> bool:
        """Say whether it may be shown now."""
        return not self._is_dropped and self._clock() < self.until

    def shaped(self, shape: Callable[[T], S]) -> S:
        """Give what `shape` makes of the value, made once for each function."""
        if shape not in self._shaped:
            self._shaped[shape] = shape(self.value)
        return cast("S", self._shaped[shape])

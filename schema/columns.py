"""Lists that are kept as columns: hundreds of small objects that are written far more often than looked at.

A `ColumnList` is a sequence like any other: whoever takes an item out of it gets an object. Whoever writes
the whole list as JSON can ask for its columns instead, and no object is made at all.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache
from typing import Any, TypeVar, overload

from domain.intervals import instant_of
from schema.scalars import print_instant

T = TypeVar("T")

Selected = tuple[str, str | None]
"""A selected field: its name in the answer, and its column; None for __typename."""

_MOST_TEXTS = 200_000  # some forty years of quarter hours, if anybody asked for them
_KEPT = 8
_BYTES_OF_AN_ITEM = 250  # of all texts that are kept; one with three fields takes some eighty


class ColumnKind(Enum):
    """What a column holds; its values are written as the scalar of that name."""

    INSTANT = "Instant"  # whole UTC minutes since 1970
    INT = "Int"


@dataclass(frozen=True, slots=True)
class Column:
    """One field of every item, in their order. A column that has no None may stand for a non-null field."""

    kind: ColumnKind
    values: Sequence[int | None]
    has_null: bool = field(init=False)

    def __post_init__(self) -> None:
        """Look once whether there is a None in it."""
        object.__setattr__(self, "has_null", None in self.values)

    def texts(self) -> list[str]:
        """Write every value as JSON."""
        write = _instant if self.kind is ColumnKind.INSTANT else _int
        return list(map(write, self.values))


class ColumnList(Sequence[T]):
    """Items of one type by columns; `make` makes an item of one value of each, in the columns' order.

    What was written of it is kept with it, for the few selections that are asked for again and again:
    the list itself never changes. Texts that take much, since the names in the answer are long, are not.
    """

    def __init__(self, type_: type[T], make: Callable[..., T], columns: Mapping[str, Column]) -> None:
        self.type = type_
        self.columns = columns
        self._make = make
        self._rows = tuple(column.values for column in columns.values())
        self._written: dict[tuple[Selected, ...], bytes] = {}

    def __len__(self) -> int:
        return len(self._rows[0])

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> list[T]: ...
    def __getitem__(self, index: int | slice) -> T | list[T]:
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        return self._make(*(row[index] for row in self._rows))

    def __eq__(self, other: object) -> bool:
        return list(self) == list(other) if isinstance(other, Sequence) else NotImplemented  # pyright: ignore[reportUnknownArgumentType]  # compared item by item

    __hash__ = None  # type: ignore[assignment]  # as every sequence that compares by its items

    def written(self, selection: tuple[Selected, ...], type_name: str) -> bytes:
        """Write the list as JSON; names in the answer are GraphQL's, which need no escaping."""
        text = self._written.get(selection)
        if text is None:
            text = self._write(selection, type_name)
            most = (len(self) + 1) * _BYTES_OF_AN_ITEM
            if len(self._written) >= _KEPT or sum(map(len, self._written.values())) + len(text) > most:
                self._written.clear()
            if len(text) <= most:
                self._written[selection] = text
        return text

    def _write(self, selection: tuple[Selected, ...], type_name: str) -> bytes:
        places = [f'"{name}":' + ("%s" if column else f'"{type_name}"') for name, column in selection]
        item = "{" + ",".join(places) + "}"
        columns = [self.columns[column].texts() for _, column in selection if column]
        rows = zip(*columns, strict=True) if columns else [()] * len(self)
        return ("[" + ",".join(map(item.__mod__, rows)) + "]").encode()


@lru_cache(maxsize=_MOST_TEXTS)
def _instant(minute: int | None) -> str:
    return "null" if minute is None else f'"{print_instant(instant_of(minute))}"'


def _int(value: Any) -> str:
    return "null" if value is None else str(value)

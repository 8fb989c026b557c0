"""A schema with every kind of field that a list can hold, data for it with faults, and random documents."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from enum import Enum
from random import Random
from typing import Annotated, Any

import strawberry
from graphql import GraphQLEnumType, GraphQLScalarType, GraphQLSchema, GraphQLUnionType
from strawberry.schema.config import StrawberryConfig

from domain.intervals import instant_of
from schema.columns import Column, ColumnKind, ColumnList
from schema.scalars import SCALARS, LocalTime
from schema.slots import SlotType, slots_of


@strawberry.enum
class Colour(Enum):
    """Something to choose from."""

    RED = "red"
    GREEN = "green"


@strawberry.type
class Part:
    """A small thing of leaves alone."""

    name: str
    size: int | None


@strawberry.interface
class Named:
    """What has a name."""

    name: str


@strawberry.type
class Entry(Named):
    """A thing with a leaf of every kind, and more."""

    id: strawberry.ID
    note: str | None
    count: int
    size: int | None
    score: float
    share: float | None
    is_open: bool
    is_seen: bool | None
    at: datetime
    until: datetime | None
    day: date
    wall: LocalTime
    colour: Colour
    other: Colour | None
    part: Part | None
    parts: list[Part]
    some: list[Part | None] | None
    words: list[str]

    @strawberry.field
    def shout(self, times: int = 1) -> str:
        """Say the name louder."""
        return self.name.upper() * times

    @strawberry.field
    async def later(self) -> str | None:
        """Say the note, but not at once."""
        return self.note


Anything = Annotated[Entry | Part, strawberry.union("Anything")]


@strawberry.type
class Query:
    """Lists of every kind; all are read from the root value."""

    entries: list[Entry]
    maybe: list[Entry | None] | None
    parts: list[Part]
    anything: list[Anything]
    named: list[Named]
    slots: list[SlotType]
    nested: list[list[Part]]


SCHEMA = strawberry.Schema(Query, types=[Entry], config=StrawberryConfig(scalar_map=SCALARS))
CORE: GraphQLSchema = SCHEMA._schema  # pyright: ignore[reportPrivateUsage]  # as the door takes it


class Louder(Part):
    """Another class than the schema's."""


class Breaking:
    """A thing whose name cannot be read."""

    size = 1

    @property
    def name(self) -> str:
        """Fail."""
        raise RuntimeError("It cannot be read.")


@dataclass(frozen=True)
class Maker:
    """Makes data: the same for the same seed; `faults` is how likely a value is not what it should be."""

    chance: Random
    faults: float

    def root(self) -> Query:
        """Make a root value."""
        return Query(
            entries=self.many(self.entry),
            maybe=None if self.chance.random() < 0.1 else [self.or_none(self.entry) for _ in range(4)],
            parts=self.many(self.part),
            anything=[self.chance.choice((self.entry, self.part))() for _ in range(3)],
            named=self.many(self.entry),
            slots=self.slots(),
            nested=[self.many(self.part) for _ in range(2)],
        )

    def entry(self) -> Entry:
        """Make an entry."""
        return Entry(
            name=self.text(),
            id=strawberry.ID(self.text()),
            note=self.or_none(self.text),
            count=self.number(),
            size=self.or_none(self.number),
            score=self.share(),
            share=self.or_none(self.share),
            is_open=self.truth(),
            is_seen=self.or_none(self.truth),
            at=self.instant(),
            until=self.or_none(self.instant),
            day=self.faulty(date(2026, 3, self.chance.randint(1, 31)), "2026-03-01", 5),
            wall=LocalTime(self.faulty("09:30", 930, None)),
            colour=self.colour(),
            other=self.or_none(self.colour),
            part=self.or_none(self.part),
            parts=self.many(self.part),
            some=self.faulty([self.or_none(self.part) for _ in range(3)], None),
            words=self.faulty(["a", "b"], "ab", ["a", None], 5),
        )

    def part(self) -> Part:
        """Make a part."""
        whole = Part(name=self.text(), size=self.or_none(self.number))
        return self.faulty(
            whole, Louder(name="x", size=2), Breaking(), RuntimeError("A part that broke."), None
        )

    def slots(self) -> list[SlotType]:
        """Make slots in columns."""
        first = 29_000_000
        rows = [(first + 30 * n, first + 30 * n + 30, self.or_none(lambda: 3)) for n in range(self.size())]
        if self.chance.random() < self.faults:  # a column that has what its field may not have
            broken: list[int | None] = [None, 5]
            seats = Column(ColumnKind.INT, [1, 2])
            columns = {"start": Column(ColumnKind.INSTANT, broken), "end": Column(ColumnKind.INSTANT, [6, 7])}
            made: Any = ColumnList(SlotType, _slot, {**columns, "seats_left": seats})
            return made
        return slots_of(rows)

    def text(self) -> str:
        """Make a text."""
        return self.faulty(
            self.chance.choice(("Ada", "", 'say "hi"\n', "時刻", "\x7f")), "\ud800", 5, None, b"x", 2.0
        )

    def number(self) -> int:
        """Make a number."""
        return self.faulty(
            self.chance.randint(-(2**31), 2**31 - 1), 2**31, "12", "many", 1.0, 1.5, None, not self
        )

    def share(self) -> float:
        """Make a fraction."""
        return self.faulty(self.chance.random(), float("nan"), float("inf"), 3, "1.5", None, 10**400)

    def truth(self) -> bool:
        """Make a truth."""
        right = bool(self.chance.getrandbits(1))
        return self.faulty(right, 1, "yes", None)

    def instant(self) -> datetime:
        """Make an instant: whole, with a fraction, in other zones."""
        whole = datetime(2026, 3, 29, 1, self.chance.randint(0, 59), tzinfo=UTC)
        fraction = whole.replace(microsecond=self.chance.choice((1, 120_000, 999_999)))
        early = datetime(987, 1, 2, 3, tzinfo=UTC)
        abroad = whole.astimezone(timezone(timedelta(hours=5, minutes=30)))
        right = self.chance.choice((whole, whole, whole, fraction, early, abroad))
        return self.faulty(right, None, "2026-03-29", date(2026, 3, 29))

    def colour(self) -> Colour:
        """Choose a colour."""
        return self.faulty(self.chance.choice(list(Colour)), "red", "blue", None, 5)

    def size(self) -> int:
        """Choose how long a list is."""
        return self.chance.choice((0, 1, 2, 5))

    def many(self, make: Callable[[], Any]) -> Any:
        """Make a list, at times as another kind of sequence."""
        made = [make() for _ in range(self.size())]
        return self.faulty(self.chance.choice((list, list, tuple))(made), iter(made), 5, None)

    def or_none(self, make: Callable[[], Any]) -> Any:
        """Make something or nothing."""
        return None if self.chance.random() < 0.3 else make()

    def faulty(self, right: Any, *wrong: Any) -> Any:
        """Give what is right, or seldom what is wrong, or what has to be awaited."""
        if self.chance.random() >= self.faults:
            return right
        return self.chance.choice((*wrong, _awaited(right)))


def document(chance: Random) -> tuple[str, dict[str, bool]]:
    """Write a random valid document, and give variables for it."""
    writer = _Writer(chance)
    body = writer.selection("Query", 3)
    text = " ".join((body, *writer.fragments))
    values = {"yes": chance.random() < 0.8, "no": chance.random() < 0.2}
    used = {name: value for name, value in values.items() if f"${name})" in text}
    declared = ", ".join(f"${name}: Boolean!" for name in used)
    return f"query {f'({declared})' if used else ''} {text}", used


class _Writer:
    """Writes selections; fragments gather beside them."""

    def __init__(self, chance: Random) -> None:
        self._chance = chance
        self.fragments: list[str] = []
        self._names = 0

    def selection(self, type_name: str, depth: int) -> str:
        type_: Any = CORE.type_map[type_name]
        if isinstance(type_, GraphQLUnionType):
            inner = [f"... on {member} {self.selection(member, depth)}" for member in ("Entry", "Part")]
            return f"{{ __typename {' '.join(inner)} }}"
        names = [name for name in type_.fields if depth > 1 or _is_leaf(type_.fields[name].type)]
        chosen = [self._chance.choice([*names, "__typename"]) for _ in range(self._chance.randint(1, 7))]
        parts = [self._field(type_, name, depth) for name in chosen]
        if self._chance.random() < 0.3:
            parts = [*parts[1:], self._fragment(type_name, parts[0])]
        return f"{{ {' '.join(parts)} }}"

    def _field(self, type_: Any, name: str, depth: int) -> str:
        self._names += 1
        # An alias that no other field has, so that any selections merge.
        alias = f"f{self._names}: " if self._chance.random() < 0.5 or name == "shout" else ""
        directive = self._chance.choice(("", "", "", " @include(if: $yes)", " @skip(if: $no)"))
        if name == "__typename":
            return f"{alias}__typename{directive}"
        called = f"{name}(times: 2)" if name == "shout" else name
        named = str(type_.fields[name].type).strip("[]!")
        inner = "" if _is_leaf(type_.fields[name].type) else f" {self.selection(named, depth - 1)}"
        if inner and not alias:
            alias = f"f{self._names}: "
        return f"{alias}{called}{directive}{inner}"

    def _fragment(self, type_name: str, part: str) -> str:
        if self._chance.random() < 0.5:
            return f"... on {type_name} {{ {part} }}"
        name = f"F{len(self.fragments)}"
        self.fragments.append(f"fragment {name} on {type_name} {{ {part} __typename }}")
        return f"...{name} ...{name}"


def _is_leaf(type_: Any) -> bool:
    return isinstance(CORE.type_map[str(type_).strip("[]!")], GraphQLScalarType | GraphQLEnumType)


def _slot(start: int | None, end: int, seats: int | None) -> SlotType:
    begins: Any = None if start is None else instant_of(start)
    return SlotType(start=begins, end=instant_of(end), seats_left=seats)


class _Awaited:
    """Something that has to be awaited, as often as one likes."""

    def __init__(self, value: Any) -> None:
        self._value = value

    def __repr__(self) -> str:
        return "something to be awaited"

    def __await__(self) -> Any:
        return self._value
        yield


def _awaited(value: Any) -> Any:
    return _Awaited(value)

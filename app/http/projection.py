"""Lists of plain objects, written column by column and not field by field.

graphql-core completes a list by resolving each field of each item on its own, which costs some fifteen
microseconds an item; on a page with hundreds of slots that is nearly all there is. Where every field that
is selected of a list's items is a plain attribute that holds a leaf, the outcome can be said for the whole
list at once. A projection does so, and only that: whatever is not as expected (another class, null where
none may be, a number out of range, something to be awaited) raises, and the executor runs its own
algorithm from the start. So errors, their paths, and nulls that spread upwards stay graphql-core's.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import Enum
from functools import lru_cache
from itertools import repeat
from operator import attrgetter
from types import NoneType
from typing import Any
from uuid import UUID

from graphql import (
    GraphQLEnumType,
    GraphQLObjectType,
    GraphQLScalarType,
    Undefined,
)
from strawberry.schema.schema_converter import CustomGraphQLEnumType, GraphQLCoreConverter
from strawberry.types.base import StrawberryObjectDefinition
from strawberry.types.field import StrawberryField
from strawberry.types.scalar import ScalarDefinition

from app.http.responses import Written
from schema.columns import ColumnList, Selected
from schema.scalars import print_instant

_INT_END = 2**31
_OPAQUE = frozenset({str, int, float, bool, date, datetime, UUID})  # nothing in these is awaited or iterated

Leaf = GraphQLScalarType | GraphQLEnumType


class Unprojectable(Exception):
    """A list that has to be completed item by item."""


@dataclass(frozen=True, slots=True)
class _Field:
    """One selected field; `attribute` is None for __typename."""

    name: str
    attribute: str | None
    type: Leaf
    is_nullable: bool


@dataclass(frozen=True, slots=True)
class Projection:
    """How lists of one object type are written for one selection; made once, used for every such list."""

    type_name: str
    origin: type
    fields: tuple[_Field, ...]
    selected: tuple[Selected, ...]

    def of(self, items: Sequence[Any]) -> list[dict[str, Any]] | Written:
        """Write a list; what it raises means that nothing can be said of the list as a whole."""
        if isinstance(items, ColumnList):
            return self._of_columns(items)
        if not items:
            return []
        if set(map(type, items)) != {self.origin}:
            raise Unprojectable
        names = [field.name for field in self.fields]
        columns = [self._column(field, items) for field in self.fields]
        return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]

    def _of_columns(self, items: ColumnList[Any]) -> Written:
        if items.type is not self.origin:
            raise Unprojectable
        for field in self.fields:
            if field.attribute is not None:
                column = items.columns[field.attribute]
                if column.kind.value != field.type.name or (column.has_null and not field.is_nullable):
                    raise Unprojectable
        return Written(items.written(self.selected, self.type_name))

    def _column(self, field: _Field, items: Sequence[Any]) -> Iterable[Any]:
        if field.attribute is None:
            return repeat(self.type_name, len(items))
        return _written(field, list(map(attrgetter(field.attribute), items)))


def projection_of(type_: GraphQLObjectType, grouped: Mapping[str, Sequence[Any]]) -> Projection | None:
    """Make the projection of a type for its collected fields; None where a field of them is no plain leaf.

    `grouped` holds, by name in the answer, field details as graphql-core collects them.
    """
    definition = type_.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    if not isinstance(definition, StrawberryObjectDefinition) or definition.concrete_of is not None:
        return None
    fields: list[_Field] = []
    for name, details in grouped.items():
        field_name: str = details[0].node.name.value
        field = _TYPENAME if field_name == "__typename" else _plain(type_.fields[field_name])
        if field is None:
            return None
        fields.append(_Field(name, *field))
    selected = tuple((field.name, field.attribute) for field in fields)
    return Projection(type_.name, definition.origin, tuple(fields), selected) if fields else None


_Plain = tuple[str | None, Leaf, bool]
_TYPENAME: _Plain = (None, GraphQLScalarType("__typename"), False)


def _plain(field: Any) -> _Plain | None:  # graphql-core leaves the generics of its types open
    """Give attribute, leaf type and whether null is allowed, of a field that is read and nothing else."""
    own: object = field.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    if not isinstance(own, StrawberryField) or field.args:
        return None
    if not own.is_basic_field or own.default_resolver is not getattr:
        return None
    spelled = str(field.type)  # a type prints as it is written in the schema, like [Page!]!
    leaf: object = getattr(field.type, "of_type", field.type)
    if spelled.startswith("[") or not isinstance(leaf, GraphQLScalarType | GraphQLEnumType):
        return None
    return own.python_name, leaf, not spelled.endswith("!")


def _written(field: _Field, values: list[Any]) -> list[Any]:
    """Turn values into what the encoder takes; instants in UTC are left to it: it writes them as we do."""
    classes = set(map(type, values))
    if NoneType in classes:
        if not field.is_nullable:
            raise Unprojectable
        classes.remove(NoneType)
    if not classes:
        return values
    if len(classes) > 1:
        raise Unprojectable
    [class_] = classes
    write = _writer(field.type)
    return write(class_, values)


Write = Callable[[type, list[Any]], list[Any]]


@lru_cache(maxsize=512)
def _writer(type_: Leaf) -> Write:
    """Choose how a column of a leaf type is checked and written."""
    if isinstance(type_, GraphQLEnumType):
        return _enums(type_)
    definition = type_.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    if isinstance(definition, ScalarDefinition) and definition.serialize is print_instant:
        return lambda class_, values: _instants(type_, class_, values)
    known = _SCALARS.get(type_.name)
    return known or (lambda class_, values: _coerced(type_, class_, values))


def _enums(type_: GraphQLEnumType) -> Write:
    if not isinstance(type_, CustomGraphQLEnumType):
        return lambda class_, values: _coerced(type_, class_, values)
    members: Any = type_.wrapped_cls
    names: dict[Any, str | None] = {member: type_.coerce_output_value(member) for member in members}
    names[None] = None

    def write(class_: type, values: list[Any]) -> list[Any]:
        if class_ is not members:
            raise Unprojectable
        return list(map(names.__getitem__, values))

    return write


def _instants(type_: GraphQLScalarType, class_: type, values: list[Any]) -> list[Any]:
    if class_ is datetime and {value.tzinfo for value in values if value is not None} == {UTC}:
        return values
    return _coerced(type_, class_, values)


def _strings(class_: type, values: list[Any]) -> list[Any]:
    if class_ is not str:
        raise Unprojectable
    return values


def _ints(class_: type, values: list[Any]) -> list[Any]:
    numbers = [value for value in values if value is not None]
    if class_ is not int or not -_INT_END <= min(numbers) <= max(numbers) < _INT_END:
        raise Unprojectable
    return values


def _floats(class_: type, values: list[Any]) -> list[Any]:
    if class_ is not float or not all(math.isfinite(value) for value in values if value is not None):
        raise Unprojectable
    return values


def _booleans(class_: type, values: list[Any]) -> list[Any]:
    if class_ is not bool:
        raise Unprojectable
    return values


_SCALARS: Mapping[str, Write] = {
    "String": _strings,
    "ID": _strings,
    "Int": _ints,
    "Float": _floats,
    "Boolean": _booleans,
}


def _coerced(type_: Leaf, class_: type, values: list[Any]) -> list[Any]:
    """Write by the scalar's own function, value by value."""
    if class_ not in _OPAQUE and not issubclass(class_, Enum):
        raise Unprojectable
    written = [None if value is None else type_.coerce_output_value(value) for value in values]
    for value, text in zip(values, written, strict=True):
        if value is not None and (text is None or text is Undefined):
            raise Unprojectable
    return written

"""The printed schema as tests walk it: types, fields, leaves of inputs, an operation for each root field."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from graphql import (
    EnumTypeDefinitionNode,
    FieldDefinitionNode,
    InputObjectTypeDefinitionNode,
    InputValueDefinitionNode,
    InterfaceTypeDefinitionNode,
    ObjectTypeDefinitionNode,
    ScalarTypeDefinitionNode,
    StringValueNode,
    UnionTypeDefinitionNode,
    parse,
    print_ast,
)

from app.command.printed import printed

ROOTS = ("Query", "Mutation", "Subscription")
_DEPTH = 2
_Type = (
    ObjectTypeDefinitionNode
    | InterfaceTypeDefinitionNode
    | InputObjectTypeDefinitionNode
    | EnumTypeDefinitionNode
    | UnionTypeDefinitionNode
    | ScalarTypeDefinitionNode
)


@dataclass(frozen=True, slots=True)
class Field:
    """A field, an argument, or a value of an enumeration; `type` is spelled as in the schema."""

    name: str
    type: str
    description: str
    arguments: tuple["Field", ...] = ()
    directives: tuple[str, ...] = ()

    @property
    def named(self) -> str:
        """Name of the type without lists and marks."""
        return self.type.strip("[]!")


@dataclass(frozen=True, slots=True)
class Kind:
    """A type of the schema; `kind` is the word that begins its definition."""

    name: str
    kind: str
    description: str
    fields: tuple[Field, ...] = ()
    interfaces: tuple[str, ...] = ()
    members: tuple[str, ...] = ()
    directives: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> Field:
        return next(field for field in self.fields if field.name == name)


class Graph:
    """Every type of the schema by its name."""

    def __init__(self, text: str) -> None:
        definitions = parse(text).definitions
        self.types = {node.name.value: _kind(node) for node in definitions if isinstance(node, _Type)}

    def of(self, kind: str) -> dict[str, Kind]:
        """Give the types of one kind: type, interface, input, enum, union, scalar."""
        return {name: type_ for name, type_ in self.types.items() if type_.kind == kind}

    @property
    def roots(self) -> dict[str, Field]:
        """Give every field that an operation can begin with."""
        return {field.name: field for root in ROOTS for field in self.types[root].fields}

    def leaves(self, given: tuple[Field, ...], *path: str) -> Iterator[tuple[tuple[str, ...], Field]]:
        """Walk arguments, or fields of an input, down to those that are no inputs themselves."""
        for field in given:
            inner = self.types.get(field.named)
            if inner is not None and inner.kind == "input":
                yield from self.leaves(inner.fields, *path, field.name)
            else:
                yield (*path, field.name), field

    def operation(self, name: str) -> str:
        """Write the operation that calls one root field with all its arguments as variables."""
        field = self.roots[name]
        kind = next(root.lower() for root in ROOTS if field in self.types[root].fields)
        declared = ", ".join(f"${given.name}: {given.type}" for given in field.arguments)
        passed = ", ".join(f"{given.name}: ${given.name}" for given in field.arguments)
        head, call = (f"{kind} ({declared})", f"{name}({passed})") if declared else (kind, name)
        return f"{head} {{ {call} {self._selection(field.named, _DEPTH)} }}"

    def _selection(self, name: str, depth: int) -> str:
        """Select every leaf down to a depth; a field with arguments of its own is left out.

        A union says its type once, not in each of its members: how often a name may come again is limited.
        """
        type_ = self.types.get(name)
        if type_ is None or type_.kind in ("scalar", "enum"):
            return ""
        members = [
            f"... on {member} {self._selection(member, depth).replace('__typename ', '', 1)}"
            for member in type_.members
        ]
        inner = [
            f"{field.name} {self._selection(field.named, depth - 1)}".strip()
            for field in type_.fields
            if not field.arguments and (depth > 1 or self._is_leaf(field))
        ]
        return f"{{ {' '.join(['__typename', *members, *inner])} }}"

    def _is_leaf(self, field: Field) -> bool:
        type_ = self.types.get(field.named)
        return type_ is None or type_.kind in ("scalar", "enum")


def graph() -> Graph:
    """Read the schema as it is printed: what clients have in hand."""
    return Graph(printed())


def replaced(variables: Mapping[str, Any], path: tuple[str, ...], value: object) -> dict[str, Any]:
    """Give variables with another value at a path; of a list on the way one changed item is left."""
    name, *rest = path
    if not rest:
        return {**variables, name: value}
    inner: Any = variables.get(name) or {}
    if isinstance(inner, list):
        return {**variables, name: [replaced(cast("list[dict[str, Any]]", inner)[0], tuple(rest), value)]}
    return {**variables, name: replaced(inner, tuple(rest), value)}


def _kind(node: _Type) -> Kind:
    is_open = isinstance(node, (ObjectTypeDefinitionNode, InterfaceTypeDefinitionNode))
    word = (
        node.kind.removesuffix("_type_definition").replace("input_object", "input").replace("object", "type")
    )
    return Kind(
        node.name.value,
        {"object": "type", "input_object": "input"}.get(word, word),
        _text(node.description),
        fields=_fields(node),
        interfaces=tuple(one.name.value for one in node.interfaces or ()) if is_open else (),
        members=tuple(one.name.value for one in node.types or ())
        if isinstance(node, UnionTypeDefinitionNode)
        else (),
        directives=tuple(print_ast(one) for one in node.directives or ()),
    )


def _fields(node: _Type) -> tuple[Field, ...]:
    if isinstance(node, EnumTypeDefinitionNode):
        return tuple(Field(it.name.value, node.name.value, _text(it.description)) for it in node.values or ())
    if isinstance(node, (UnionTypeDefinitionNode, ScalarTypeDefinitionNode)):
        return ()
    return tuple(_field(field) for field in node.fields or ())


def _field(node: FieldDefinitionNode | InputValueDefinitionNode) -> Field:
    arguments = node.arguments or () if isinstance(node, FieldDefinitionNode) else ()
    return Field(
        node.name.value,
        print_ast(node.type),
        _text(node.description),
        tuple(_field(argument) for argument in arguments),
        tuple(print_ast(one) for one in node.directives or ()),
    )


def _text(node: StringValueNode | None) -> str:
    return node.value if node else ""

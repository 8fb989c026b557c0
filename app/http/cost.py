"""What an operation costs, from the prices that the schema declares and the sizes that the caller asks for.

A leaf costs nothing, an object 1 for each time it can occur, a mutation 10; `schema/cost.py` has the
directives that say otherwise. The price is an upper bound: fields asked for twice are counted twice.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLNamedType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    is_composite_type,
    is_interface_type,
    is_object_type,
)

from schema.cost import Cost, ListSize

_MUTATION_COST = 10
_INTROSPECTION_COST = 100
_USUAL_LENGTH = 10
_LARGEST = 10**9
_DIGITS_OF_LARGEST = 9


@dataclass(frozen=True, slots=True)
class _Size:
    usual: int
    said: tuple[ValueNode, ...] = ()

    def of(self, variables: Mapping[str, Any]) -> int:
        sizes = [size for node in self.said if (size := _said(node, variables)) is not None]
        return min(max(sizes, default=self.usual), _LARGEST)


@dataclass(frozen=True, slots=True)
class _Part:
    """A field: its own price, and what each of its items costs."""

    weight: int
    size: _Size
    item: int
    inner: "Plan"


@dataclass(frozen=True, slots=True)
class Plan:
    """Prices of a selection, compiled once for a document; a fragment's plan is shared by its spreads."""

    parts: tuple[_Part, ...]
    spreads: tuple["Plan", ...]

    def cost(self, variables: Mapping[str, Any]) -> int:
        """Price the selection for these variables, a billion at most."""
        return self._cost(variables, {})

    def is_fixed(self) -> bool:
        """Say whether the price is the same for all variables: none of them says a size."""
        return self._is_fixed(set())

    def _is_fixed(self, seen: set[int]) -> bool:
        if id(self) in seen:
            return True
        seen.add(id(self))
        return all(not _varies(part.size) and part.inner._is_fixed(seen) for part in self.parts) and all(  # noqa: SLF001  # the same class
            plan._is_fixed(seen)  # noqa: SLF001  # the same class
            for plan in self.spreads
        )

    def _cost(self, variables: Mapping[str, Any], known: dict[int, int]) -> int:
        if (cost := known.get(id(self))) is not None:
            return cost
        total = sum(plan._cost(variables, known) for plan in self.spreads)  # noqa: SLF001  # the same class
        for part in self.parts:
            inner = part.inner._cost(variables, known)  # noqa: SLF001  # the same class
            total += part.weight + part.size.of(variables) * (part.item + inner)
        known[id(self)] = min(total, _LARGEST)
        return known[id(self)]


_NOTHING = Plan((), ())
_ONE = _Size(1)


def plan_cost(
    schema: GraphQLSchema,
    operation: OperationDefinitionNode,
    fragments: Mapping[str, FragmentDefinitionNode],
) -> Plan:
    """Compile the price of an operation of a valid document."""
    root = schema.get_root_type(operation.operation)
    if root is None:
        return _NOTHING
    is_mutation = operation.operation is OperationType.MUTATION
    return _Compiler(schema, fragments).selection(root, operation.selection_set, is_mutation=is_mutation)


class _Compiler:
    """Compiles one operation; each fragment is compiled once, or twice where lists in it are sized above."""

    def __init__(self, schema: GraphQLSchema, fragments: Mapping[str, FragmentDefinitionNode]) -> None:
        self._schema = schema
        self._fragments = fragments
        self._known: dict[tuple[str, bool], Plan] = {}

    def selection(
        self,
        parent: GraphQLNamedType,
        selections: SelectionSetNode,
        *,
        is_mutation: bool = False,
        is_sized: bool = False,
    ) -> Plan:
        parts: list[_Part] = []
        spreads: list[Plan] = []
        for node in selections.selections:
            if isinstance(node, FieldNode):
                parts.append(self._field(parent, node, is_mutation=is_mutation, is_sized=is_sized))
            elif isinstance(node, InlineFragmentNode):
                condition = node.type_condition
                inner = self._schema.type_map[condition.name.value] if condition else parent
                spreads.append(
                    self.selection(inner, node.selection_set, is_mutation=is_mutation, is_sized=is_sized)
                )
            elif isinstance(node, FragmentSpreadNode):
                spreads.append(self._fragment(node.name.value, is_mutation=is_mutation, is_sized=is_sized))
        return Plan(tuple(parts), tuple(spreads))

    def _fragment(self, name: str, *, is_mutation: bool, is_sized: bool) -> Plan:
        if (plan := self._known.get((name, is_sized))) is None:
            definition = self._fragments[name]
            parent = self._schema.type_map[definition.type_condition.name.value]
            plan = self.selection(
                parent, definition.selection_set, is_mutation=is_mutation, is_sized=is_sized
            )
            self._known[name, is_sized] = plan
        return plan

    def _field(
        self, parent: GraphQLNamedType, node: FieldNode, *, is_mutation: bool, is_sized: bool
    ) -> _Part:
        name = node.name.value
        if name.startswith("__"):
            return _Part(0 if name == "__typename" else _INTROSPECTION_COST, _ONE, 0, _NOTHING)
        if not (is_object_type(parent) or is_interface_type(parent)):
            return _Part(0, _ONE, 0, _NOTHING)  # a union has no field but __typename
        definition = parent.fields[name]
        prices = _prices(definition)
        spelled = str(definition.type)  # a type prints as it is written in the schema, like [Page!]!
        named = self._schema.type_map[spelled.strip("[]!")]
        is_composite = is_composite_type(named)
        is_list = spelled.startswith("[")
        declared = next((price for price in prices if isinstance(price, ListSize)), None)
        if declared:
            size = _declared(declared, node)
        else:
            size = _Size(_USUAL_LENGTH) if is_list and not is_sized else _ONE
        weight = next((price.weight for price in prices if isinstance(price, Cost)), None)
        if weight is None:
            weight = _MUTATION_COST if is_mutation else int(is_composite and not is_list)
        inner = (
            self.selection(named, node.selection_set, is_sized=declared is not None and not is_list)
            if node.selection_set
            else _NOTHING
        )
        return _Part(weight, size, int(is_composite and is_list), inner)


def _varies(size: _Size) -> bool:
    return any(isinstance(node, VariableNode) for node in size.said)


def _prices(definition: GraphQLField) -> list[object]:
    """Read the directives that strawberry keeps with its own definition of a field."""
    return list(getattr(definition.extensions.get("strawberry-definition"), "directives", ()))


def _declared(declared: ListSize, node: FieldNode) -> _Size:
    names = declared.slicing_arguments or ()
    said = tuple(argument.value for argument in node.arguments or () if argument.name.value in names)
    return _Size(declared.assumed_size or _USUAL_LENGTH, said)


def _said(node: ValueNode, variables: Mapping[str, Any]) -> int | None:
    if isinstance(node, IntValueNode):
        value: object = int(node.value) if len(node.value) <= _DIGITS_OF_LARGEST else _LARGEST
    elif isinstance(node, ListValueNode):
        value = len(node.values)
    elif isinstance(node, VariableNode):
        value = variables.get(node.name.value)
    else:
        return None
    if isinstance(value, list):
        return len(value)  # pyright: ignore[reportUnknownArgumentType]  # JSON, only counted
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None

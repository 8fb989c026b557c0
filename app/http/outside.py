"""Whether a mutation waits for somebody else's server: then it has more time than what is done here alone."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    BooleanValueNode,
    DirectiveNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    VariableNode,
)
from strawberry.types.field import StrawberryField


@dataclass(frozen=True, slots=True)
class Condition:
    """What a @skip or @include asks: a variable, or what is written there, and whether it has to be so."""

    said: str | bool
    wanted: bool

    def holds(self, variables: Mapping[str, Any]) -> bool:
        """Say whether it holds for variables that were checked and have their defaults."""
        value = variables.get(self.said) if isinstance(self.said, str) else self.said
        return value is self.wanted


Conditions = frozenset[Condition]


@dataclass(frozen=True, slots=True)
class Waits:
    """The fields of an operation that ask somebody else's server, each with all that it depends on."""

    fields: tuple[Conditions, ...] = ()

    def outside(self, variables: Mapping[str, Any]) -> bool:
        """Say whether one of them is run for these variables."""
        return any(all(one.holds(variables) for one in conditions) for conditions in self.fields)


def waits_outside(
    schema: GraphQLSchema,
    operation: OperationDefinitionNode,
    fragments: Mapping[str, FragmentDefinitionNode],
) -> Waits:
    """Find the fields of a mutation that are marked `OUTSIDE`."""
    root = schema.mutation_type
    if operation.operation is not OperationType.MUTATION or root is None:
        return Waits()
    found: dict[Conditions, None] = {}
    for name, conditions in _fields(operation.selection_set, fragments, frozenset(), set()):
        field = root.fields.get(name)
        drawn = field.extensions.get("strawberry-definition") if field is not None else None
        if isinstance(drawn, StrawberryField) and drawn.metadata.get("outside") is True:
            found[conditions] = None
    return Waits(tuple(found))


def _fields(
    selections: SelectionSetNode,
    fragments: Mapping[str, FragmentDefinitionNode],
    above: Conditions,
    seen: set[tuple[str, Conditions]],
) -> Iterator[tuple[str, Conditions]]:
    """Name the root fields, also those in fragments, each fragment looked at once for all its conditions.

    How many these are is bounded by the directives that a document may have once it is spread out.
    """
    for node in selections.selections:
        conditions = above.union(_conditions(node.directives or ()))
        if isinstance(node, FieldNode):
            yield node.name.value, conditions
        elif isinstance(node, FragmentSpreadNode):
            name = node.name.value
            if (name, conditions) not in seen:
                seen.add((name, conditions))
                yield from _fields(fragments[name].selection_set, fragments, conditions, seen)
        elif isinstance(node, InlineFragmentNode):
            yield from _fields(node.selection_set, fragments, conditions, seen)


def _conditions(directives: tuple[DirectiveNode, ...]) -> Iterator[Condition]:
    for directive in directives:
        if directive.name.value not in ("skip", "include"):
            continue
        wanted = directive.name.value == "include"
        for argument in directive.arguments or ():
            if isinstance(argument.value, VariableNode):
                yield Condition(argument.value.name.value, wanted)
            elif isinstance(argument.value, BooleanValueNode):
                yield Condition(argument.value.value, wanted)

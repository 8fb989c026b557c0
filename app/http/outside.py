"""Whether a mutation waits for somebody else's server: then it has more time than what is done here alone."""

from collections.abc import Iterator, Mapping

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
)
from strawberry.types.field import StrawberryField


def waits_outside(
    schema: GraphQLSchema,
    operation: OperationDefinitionNode,
    fragments: Mapping[str, FragmentDefinitionNode],
) -> bool:
    """Tell whether a mutation has a field that is marked `OUTSIDE`."""
    root = schema.mutation_type
    if operation.operation is not OperationType.MUTATION or root is None:
        return False
    fields = (root.fields.get(name) for name in _names(operation.selection_set, fragments, set()))
    drawn = (field.extensions.get("strawberry-definition") for field in fields if field is not None)
    return any(isinstance(one, StrawberryField) and one.metadata.get("outside") is True for one in drawn)


def _names(
    selections: SelectionSetNode, fragments: Mapping[str, FragmentDefinitionNode], seen: set[str]
) -> Iterator[str]:
    """Name the root fields, also those in fragments, each fragment looked at once."""
    for node in selections.selections:
        if isinstance(node, FieldNode):
            yield node.name.value
        elif isinstance(node, InlineFragmentNode):
            yield from _names(node.selection_set, fragments, seen)
        elif isinstance(node, FragmentSpreadNode) and node.name.value not in seen:
            seen.add(node.name.value)
            yield from _names(fragments[node.name.value].selection_set, fragments, seen)

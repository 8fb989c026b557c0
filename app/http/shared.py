"""Which operations are the same for everybody: those of plain attributes and of fields marked `SHARED`.

Whatever is not known to be so is not: a field with a resolver of its own may look at the viewer.
"""

from collections.abc import Mapping

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLNamedType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    is_interface_type,
    is_object_type,
)
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.field import StrawberryField


def is_shared(
    schema: GraphQLSchema,
    operation: OperationDefinitionNode,
    fragments: Mapping[str, FragmentDefinitionNode],
) -> bool:
    """Say whether everything that an operation of a valid document selects is the same for everybody."""
    root = schema.get_root_type(operation.operation)
    return root is not None and _Walk(schema, fragments).is_shared(root, operation.selection_set)


class _Walk:
    """One look at an operation; each fragment is walked once."""

    def __init__(self, schema: GraphQLSchema, fragments: Mapping[str, FragmentDefinitionNode]) -> None:
        self._schema = schema
        self._fragments = fragments
        self._seen: set[str] = set()

    def is_shared(self, parent: GraphQLNamedType, selected: SelectionSetNode) -> bool:
        for node in selected.selections:
            if isinstance(node, FieldNode):
                if not self._is_field_shared(parent, node):
                    return False
            elif isinstance(node, InlineFragmentNode):
                condition = node.type_condition
                on = self._schema.type_map[condition.name.value] if condition else parent
                if not self.is_shared(on, node.selection_set):
                    return False
            elif isinstance(node, FragmentSpreadNode) and node.name.value not in self._seen:
                self._seen.add(node.name.value)
                fragment = self._fragments[node.name.value]
                on = self._schema.type_map[fragment.type_condition.name.value]
                if not self.is_shared(on, fragment.selection_set):
                    return False
        return True

    def _is_field_shared(self, parent: GraphQLNamedType, node: FieldNode) -> bool:
        if node.name.value == "__typename":
            return True
        if not (is_object_type(parent) or is_interface_type(parent)):
            return False
        field = parent.fields.get(node.name.value)
        if field is None or not _is_same_for_everybody(field):
            return False  # what introspection tells depends on the caller's limits
        if node.selection_set is None:
            return True
        named = self._schema.type_map[str(field.type).strip("[]!")]
        return self.is_shared(named, node.selection_set)


def _is_same_for_everybody(field: GraphQLField) -> bool:
    own = field.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    if not isinstance(own, StrawberryField) or own.is_subscription:
        return False
    is_plain = own.is_basic_field and own.default_resolver is getattr
    return is_plain or own.metadata.get("shared") is True

"""Whether an answer is the same for everybody who asks the same, so that one may serve all.

It is where no field can read who asks: each is an attribute, without a resolver, permission or extension,
or is marked `SHARED`. Whatever is not known to be so is not.
"""

from collections.abc import Iterable, Iterator, Mapping

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    Node,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    VariableNode,
    is_abstract_type,
    is_object_type,
)
from strawberry.types.base import StrawberryObjectDefinition
from strawberry.types.field import StrawberryField

_DEFINITION = "strawberry-definition"


def is_alike(schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode) -> bool:
    """Tell whether a subscription's answers depend on nothing but its events and variables."""
    root = root_field(operation)
    subscriptions = schema.subscription_type
    if root is None or subscriptions is None or root.name.value not in subscriptions.fields:
        return False
    if root.selection_set is None:
        return True
    below = _named(schema, subscriptions.fields[root.name.value])
    fragments = {
        node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
    }
    return _Walk(schema, fragments, takes_shared=False).is_plain(below, root.selection_set)


def is_shared(
    schema: GraphQLSchema,
    operation: OperationDefinitionNode,
    fragments: Mapping[str, FragmentDefinitionNode],
) -> bool:
    """Tell whether a query's answer depends on nothing but what its `SHARED` fields say that they rest on."""
    root = schema.query_type
    if operation.operation is not OperationType.QUERY or root is None:
        return False
    return _Walk(schema, fragments, takes_shared=True).is_plain(root, operation.selection_set)


def root_field(operation: OperationDefinitionNode) -> FieldNode | None:
    """Give the field that a subscription follows; None where a fragment hides it."""
    match operation.selection_set.selections:
        case (FieldNode() as field,):
            return field
        case _:
            return None


def lone_variable(document: DocumentNode, field: FieldNode, argument: str) -> str | None:
    """Name the variable that an argument is given by, if nothing else in the document uses it."""
    values = [given.value for given in field.arguments or () if given.name.value == argument]
    match values:
        case [VariableNode() as variable]:
            name = variable.name.value
            uses = sum(
                1
                for definition in document.definitions
                if isinstance(definition, OperationDefinitionNode | FragmentDefinitionNode)
                for node in _nodes((definition.selection_set, *(definition.directives or ())))
                if isinstance(node, VariableNode) and node.name.value == name
            )
            return name if uses == 1 else None
        case _:
            return None


class _Walk:
    """Looks at each selection once for each type it is asked of, however often fragments are spread."""

    def __init__(
        self, schema: GraphQLSchema, fragments: Mapping[str, FragmentDefinitionNode], *, takes_shared: bool
    ) -> None:
        self._schema = schema
        self._fragments = fragments
        self._takes_shared = takes_shared
        self._seen: set[tuple[str, int]] = set()

    def is_plain(self, parent: GraphQLNamedType, selections: SelectionSetNode) -> bool:
        if (parent.name, id(selections)) in self._seen:
            return True  # found plain, or being looked at
        self._seen.add((parent.name, id(selections)))
        for node in selections.selections:
            if isinstance(node, FieldNode):
                if not self._is_plain_field(parent, node):
                    return False
                continue
            fragment = self._fragments[node.name.value] if isinstance(node, FragmentSpreadNode) else node
            if not isinstance(fragment, FragmentDefinitionNode | InlineFragmentNode):
                return False
            condition = fragment.type_condition
            inner = self._schema.type_map[condition.name.value] if condition else parent
            if not self.is_plain(inner, fragment.selection_set):
                return False
        return True

    def _is_plain_field(self, parent: GraphQLNamedType, node: FieldNode) -> bool:
        """Look at a field in each type that may answer it: one may resolve what its interface does not."""
        if node.name.value == "__typename":
            return True
        for concrete in self._concrete(parent):
            field = concrete.fields.get(node.name.value)
            made = concrete.extensions.get(_DEFINITION)
            drawn = field.extensions.get(_DEFINITION) if field else None
            if field is None or not isinstance(drawn, StrawberryField) or not self._is_for_all(drawn):
                return False
            if not isinstance(made, StrawberryObjectDefinition) or _tells_itself(made):
                return False
            below = _named(self._schema, field)
            if node.selection_set and not self.is_plain(below, node.selection_set):
                return False
        return True

    def _is_for_all(self, field: StrawberryField) -> bool:
        if field.is_basic_field:
            return field.default_resolver is getattr
        return self._takes_shared and field.metadata.get("shared") is True

    def _concrete(self, parent: GraphQLNamedType) -> Iterable[GraphQLObjectType]:
        if is_object_type(parent):
            return (parent,)
        return self._schema.get_possible_types(parent) if is_abstract_type(parent) else ()


def _named(schema: GraphQLSchema, field: GraphQLField) -> GraphQLNamedType:
    """Give what a field's type is a list of, or may be null: it prints as in the schema, like [Page!]!."""
    return schema.type_map[str(field.type).strip("[]!")]  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]  # graphql-core leaves its generics open


def _tells_itself(made: StrawberryObjectDefinition) -> bool:
    """Tell whether a type decides itself what belongs to it, and could read the viewer for that."""
    return made.is_type_of is not None  # pyright: ignore[reportUnknownMemberType]  # strawberry leaves its generics open


def _nodes(waiting: Iterable[Node]) -> Iterator[Node]:
    stack = list(waiting)
    while stack:
        node = stack.pop()
        yield node
        for key in node.keys:
            value: object = getattr(node, key)
            if isinstance(value, Node):
                stack.append(value)
            elif isinstance(value, tuple | list):
                stack.extend(item for item in value if isinstance(item, Node))  # pyright: ignore[reportUnknownVariableType]  # a part of the document

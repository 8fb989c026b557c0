"""Documents that were read, checked and measured once, and are kept for those who send them again."""

import re
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    OperationType,
    parse,
    specified_rules,
    validate,
)
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule

from app.http.alike import is_shared
from app.http.cost import Plan, plan_cost
from app.http.executor import ProjectingExecutor
from app.http.faults import placed
from app.http.limits import Limits
from app.http.measures import Measures, check, measure
from app.http.outside import Waits, waits_outside
from app.http.responses import Code, Refused, failure, refuse

_RULES = (*specified_rules, MaybeNullValidationRule, OneOfInputValidationRule)
_MOST_ERRORS = 5
_MOST_COMMENTS = 100
_NUL = re.compile(r"\x00|\\u(?:0000|\{0+\})")


@dataclass(frozen=True, slots=True, eq=False)
class Operation:
    """One operation of a document, with its size and the plan of its price.

    It is *shared* if all that it selects is the same for everybody (`app/http/alike.py`). What it `waits`
    for are fields that ask somebody else's server; where one of them is run, it has more time.
    """

    node: OperationDefinitionNode
    measures: Measures
    plan: Plan
    is_shared: bool
    waits: Waits
    fixed_cost: int | None

    def cost(self, variables: Mapping[str, Any]) -> int:
        """Price it for these variables."""
        return self.plan.cost(variables) if self.fixed_cost is None else self.fixed_cost

    @property
    def is_mutation(self) -> bool:
        """Whether it changes things."""
        return self.node.operation is OperationType.MUTATION


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """A valid document, with the executors that were made for its operations.

    There is one for those to whom suggestions are made and one for others; they hold no variables.
    """

    digest: bytes
    ast: DocumentNode
    tokens: int
    operations: Mapping[str | None, Operation]
    executors: dict[tuple[Operation, bool], ProjectingExecutor] = field(
        default_factory=dict["tuple[Operation, bool]", "ProjectingExecutor"]
    )

    def operation(self, name: str | None) -> Operation:
        """Choose the operation to run; raises Refused where the name does not say which."""
        if name is None and len(self.operations) == 1:
            return next(iter(self.operations.values()))
        if name is None:
            raise refuse(Code.BAD_USER_INPUT, "The document has several operations; name one of them.")
        if (found := self.operations.get(name)) is None:
            raise refuse(Code.BAD_USER_INPUT, "The document has no operation of this name.")
        return found


class Documents:
    """The documents of one schema, least recently used ones forgotten; refused ones are not kept.

    The bound is on tokens too, since a token takes about half a kilobyte.
    """

    def __init__(
        self, schema: GraphQLSchema, *, introspection: bool, most: int = 1_000, most_tokens: int = 100_000
    ) -> None:
        self._schema = schema
        self._introspection = introspection
        self._most = most
        self._most_tokens = most_tokens
        self._kept: OrderedDict[bytes, Document] = OrderedDict()
        self._tokens = 0

    def read(self, source: str, limits: Limits, *, hide_suggestions: bool) -> Document:
        """Read a document for an actor with these limits; raises Refused for what is wrong with it."""
        digest = sha256(source.encode()).digest()
        document = self._kept.get(digest)
        if document is None:
            document = self._check(digest, source, limits, hide_suggestions=hide_suggestions)
            self._keep(document)
        else:
            self._kept.move_to_end(digest)
            self._compare(document, limits)
        return document

    def _check(self, digest: bytes, source: str, limits: Limits, *, hide_suggestions: bool) -> Document:
        """Parse, measure, validate, price: each only when the one before has found nothing."""
        ast = _parse(source, limits)
        measures = measure(ast)
        if measures:
            refused = check(measures.values(), limits, introspection=self._introspection)
            if refused:
                raise refused
        errors = validate(
            self._schema, ast, _RULES, max_errors=_MOST_ERRORS, hide_suggestions=hide_suggestions
        )
        if errors:
            raise _invalid(errors)
        if not measures:
            raise refuse(Code.BAD_USER_INPUT, "The document has no operation.")
        fragments = {
            node.name.value: node for node in ast.definitions if isinstance(node, FragmentDefinitionNode)
        }
        operations = {
            node.name.value if node.name else None: self._operation(node, size, fragments)
            for node, size in measures.items()
        }
        return Document(digest, ast, ast.token_count or 0, operations)

    def _operation(
        self, node: OperationDefinitionNode, size: Measures, fragments: Mapping[str, FragmentDefinitionNode]
    ) -> Operation:
        plan = plan_cost(self._schema, node, fragments)
        return Operation(
            node,
            size,
            plan,
            is_shared=is_shared(self._schema, node, fragments),
            waits=waits_outside(self._schema, node, fragments),
            fixed_cost=plan.cost({}) if plan.is_fixed() else None,
        )

    def _compare(self, document: Document, limits: Limits) -> None:
        """Hold a document that was read for another actor against this one's limits."""
        if document.tokens > limits.tokens:
            raise _too_long(limits)
        sizes = (operation.measures for operation in document.operations.values())
        refused = check(sizes, limits, introspection=self._introspection)
        if refused:
            raise refused

    def _keep(self, document: Document) -> None:
        self._kept[document.digest] = document
        self._tokens += document.tokens
        while len(self._kept) > self._most or self._tokens > self._most_tokens:
            _, forgotten = self._kept.popitem(last=False)
            self._tokens -= forgotten.tokens


def _parse(source: str, limits: Limits) -> DocumentNode:
    if _NUL.search(source):
        raise refuse(Code.GRAPHQL_PARSE_FAILED, "Text cannot hold the character NUL.")
    try:
        return parse(source, max_lexical_tokens=limits.tokens, max_comments=_MOST_COMMENTS)
    except GraphQLSyntaxError as error:
        if f"more than {limits.tokens} tokens" in error.message:
            raise _too_long(limits) from None
        told = placed(failure(Code.GRAPHQL_PARSE_FAILED, error.message), error)
        raise Refused(400, told, well_formed=True) from None


def _too_long(limits: Limits) -> Refused:
    message = f"The document is too large: {limits.tokens} tokens at most."
    return refuse(Code.GRAPHQL_PARSE_FAILED, message, limit="tokens", most=limits.tokens)


def _invalid(errors: list[GraphQLError]) -> Refused:
    told = [placed(failure(Code.GRAPHQL_VALIDATION_FAILED, error.message), error) for error in errors]
    return Refused(400, *told, well_formed=True)

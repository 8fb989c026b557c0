"""How large a parsed document is, counted in one pass whose work is bounded by the document's length.

Each definition is walked once, and fragments are then added up from the innermost outwards, so a
fragment that is spread 2^25 times costs one multiplication and not 2^25 walks.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
)

from app.http.limits import Limits
from app.http.responses import Code, Refused, refuse

_ENOUGH = 1_000_000
_INTROSPECTION = frozenset({"__schema", "__type"})


@dataclass(frozen=True, slots=True)
class Measures:
    """Size of an operation or fragment with everything it spreads; counts stop at a million."""

    depth: int
    aliases: int
    directives: int
    repeats: int
    root_fields: int
    introspects: bool


@dataclass(slots=True)
class _Walked:
    depth: int = 0
    aliases: int = 0
    directives: int = 0
    repeats: int = 0
    root_fields: int = 0
    introspects: bool = False
    spreads: list[tuple[str, int | None]] = field(default_factory=list[tuple[str, int | None]])


def measure(document: DocumentNode) -> dict[OperationDefinitionNode, Measures] | None:
    """Measure every operation; None where fragments form a ring, which validation then reports."""
    walked = {
        definition.name.value: _walk(definition)
        for definition in document.definitions
        if isinstance(definition, FragmentDefinitionNode)
    }
    fragments = _added_up(walked)
    if fragments is None:
        return None
    return {
        definition: _with_spreads(_walk(definition), fragments)
        for definition in document.definitions
        if isinstance(definition, OperationDefinitionNode)
    }


def check(measures: Iterable[Measures], limits: Limits, *, introspection: bool) -> Refused | None:
    """Compare measures with an actor's limits; the answer says which limit was met."""
    for size in measures:
        if size.introspects and not introspection:
            return refuse(Code.GRAPHQL_VALIDATION_FAILED, "Introspection is not offered here.")
        for name, count, most in (
            ("depth", size.depth, limits.depth),
            ("aliases", size.aliases, limits.aliases),
            ("directives", size.directives, limits.directives),
            ("repeats", size.repeats, limits.repeats),
        ):
            if count > most:
                message = f"The operation is too large: {name} of {most} at most."
                return refuse(Code.GRAPHQL_VALIDATION_FAILED, message, limit=name, most=most)
    return None


def _walk(definition: OperationDefinitionNode | FragmentDefinitionNode) -> _Walked:
    """Walk one definition without entering the fragments it spreads.

    A depth of None means inside of introspection, whose nesting graphql-core bounds by a rule of its own.
    """
    walked = _Walked(directives=len(definition.directives or ()))
    names: set[str] = set()
    waiting: list[tuple[SelectionNode, int | None, set[str]]] = [
        (node, 0, names) for node in definition.selection_set.selections
    ]
    while waiting:
        node, depth, names = waiting.pop()
        walked.directives += len(node.directives or ())
        below: SelectionSetNode | None = None
        if isinstance(node, FieldNode):
            walked.aliases += node.alias is not None
            name = (node.alias or node.name).value
            walked.repeats += name in names
            names.add(name)
            names = set()
            walked.root_fields += depth == 0
            if node.name.value in _INTROSPECTION:
                walked.introspects = True
                depth = None
            if depth is not None:
                depth += 1
                walked.depth = max(walked.depth, depth)
            below = node.selection_set
        elif isinstance(node, InlineFragmentNode):
            below = node.selection_set
        elif isinstance(node, FragmentSpreadNode):
            walked.spreads.append((node.name.value, depth))
        if below is not None:
            waiting.extend((inner, depth, names) for inner in below.selections)
    return walked


def _added_up(walked: Mapping[str, _Walked]) -> dict[str, Measures] | None:
    """Add fragments up, those that spread nothing first; None where they form a ring."""
    users: dict[str, list[str]] = {name: [] for name in walked}
    missing = dict.fromkeys(walked, 0)
    for name, definition in walked.items():
        for inner in {inner for inner, _ in definition.spreads if inner in walked}:
            users[inner].append(name)
            missing[name] += 1
    ready = [name for name, count in missing.items() if count == 0]
    done: dict[str, Measures] = {}
    while ready:
        name = ready.pop()
        done[name] = _with_spreads(walked[name], done)
        for user in users[name]:
            missing[user] -= 1
            if missing[user] == 0:
                ready.append(user)
    return done if len(done) == len(walked) else None


def _with_spreads(walked: _Walked, fragments: Mapping[str, Measures]) -> Measures:
    depth = walked.depth
    aliases = walked.aliases
    directives = walked.directives
    repeats = walked.repeats
    root_fields = walked.root_fields
    introspects = walked.introspects
    for name, at in walked.spreads:
        inner = fragments.get(name)
        if inner is None:
            continue  # an unknown fragment, which validation reports
        aliases = min(aliases + inner.aliases, _ENOUGH)
        directives = min(directives + inner.directives, _ENOUGH)
        repeats = min(repeats + inner.repeats, _ENOUGH)
        introspects = introspects or inner.introspects
        if at is not None:
            depth = min(max(depth, at + inner.depth), _ENOUGH)
        if at == 0:
            root_fields = min(root_fields + inner.root_fields, _ENOUGH)
    return Measures(depth, aliases, directives, repeats, root_fields, introspects)

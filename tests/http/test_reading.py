"""Reading requests and measuring documents, against generated input."""

import json
from contextlib import suppress
from typing import Any

import pytest
from graphql import FieldNode, FragmentDefinitionNode, FragmentSpreadNode, parse
from hypothesis import given
from hypothesis import strategies as st

from app.http.limits import GUEST_LIMITS
from app.http.measures import measure
from app.http.request import read_asked, read_json
from app.http.responses import Refused, dump

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(-1e9, 1e9) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)  # fmt: skip


@given(JSON)
def test_json_that_was_written_is_read_as_it_was(value: Any) -> None:
    """Case 91: colons and quotes in text are not taken for keys, in either way of writing them."""
    assert read_json(dump(value)) == json.loads(dump(value))
    assert read_json(json.dumps(value, indent=1).encode()) == json.loads(json.dumps(value))


@given(st.dictionaries(TEXT, JSON, min_size=1, max_size=3), JSON)
def test_a_key_that_is_there_twice_is_refused(value: dict[str, Any], other: Any) -> None:
    """Case 91."""
    again = dump({next(iter(value)): other})[1:-1]

    with pytest.raises(ValueError, match="twice"):
        read_json(dump(value)[:-1] + b"," + again + b"}")


def fate(value: Any) -> int:
    """Read a request as the door does; 200 where it is one, else its refusal's status."""
    try:
        read_asked(value, GUEST_LIMITS)
    except Refused as refused:
        return refused.status
    return 200


@given(st.binary())
def test_bytes_are_json_or_a_value_error(body: bytes) -> None:
    with suppress(ValueError):
        read_json(body)


@given(JSON | st.fixed_dictionaries({"query": JSON}, optional={"variables": JSON, "operationName": JSON}))
def test_any_json_is_a_request_or_refused(value: Any) -> None:
    assert fate(value) in {200, 400, 413}


@st.composite
def documents(draw: st.DrawFn) -> str:
    """Draw a document whose fragments spread only later ones, so that all of it can be expanded."""
    parts: list[str] = []
    for n in range(draw(st.integers(1, 4))):
        spreads = st.sampled_from([f"...F{later}" for later in range(n + 1, 4)] or ["z"])
        leaf = st.sampled_from(["a", "b: a", "a @skip(if: true)"]) | spreads
        selection = st.recursive(
            leaf,
            lambda inner: st.lists(inner, min_size=1, max_size=3).map(
                lambda many: f"n {{ {' '.join(many)} }}"
            ),
            max_leaves=6,
        )
        body = " ".join(draw(st.lists(selection, min_size=1, max_size=3)))
        parts.append(f"fragment F{n} on Query {{ {body} }}" if n else f"{{ {body} }}")
    return "\n".join(parts)


def expanded(nodes: Any, depth: int, fragments: dict[str, Any]) -> tuple[int, int, int]:
    """Walk every spread: depth, aliases and directives of what would be executed."""
    deepest, aliases, directives = 0, 0, 0
    for node in nodes:
        inner: Any = ()
        below = depth
        directives += len(node.directives or ())
        if isinstance(node, FieldNode):
            aliases += node.alias is not None
            below += 1
            deepest = max(deepest, below)
            inner = node.selection_set.selections if node.selection_set else ()
        elif isinstance(node, FragmentSpreadNode):
            inner = fragments.get(node.name.value, ())
        more = expanded(inner, below, fragments)
        deepest, aliases, directives = max(deepest, more[0]), aliases + more[1], directives + more[2]
    return deepest, aliases, directives


@given(documents())
def test_measures_are_those_of_the_document_with_its_fragments_written_out(source: str) -> None:
    """Case 84: counting fragments once gives what walking every spread would give."""
    document = parse(source)
    fragments: dict[str, Any] = {
        node.name.value: node.selection_set.selections
        for node in document.definitions
        if isinstance(node, FragmentDefinitionNode)
    }

    measured = measure(document)
    assert measured is not None
    [(operation, size)] = measured.items()
    assert (size.depth, size.aliases, size.directives) == expanded(
        operation.selection_set.selections, 0, fragments
    )

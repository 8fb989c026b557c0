"""Connection, Edge and PageInfo over keyset cursors (Relay's specification)."""

from collections.abc import Callable
from typing import Annotated, Generic, TypeVar

import strawberry

from domain.paging import Paging, Part, paging

T = TypeVar("T")
N = TypeVar("N")

First = Annotated[
    int | None, strawberry.argument(description="How many items from the start; 0 to 100, 20 if unsaid.")
]
After = Annotated[str | None, strawberry.argument(description="Cursor after which to begin.")]
Last = Annotated[int | None, strawberry.argument(description="How many items from the end; 0 to 100.")]
Before = Annotated[str | None, strawberry.argument(description="Cursor before which to end.")]


@strawberry.type(description="Where a page of a list stands in it.")
class PageInfo:
    """Relay's PageInfo, right in both directions."""

    has_next_page: bool = strawberry.field(description="Whether items follow the last one.")
    has_previous_page: bool = strawberry.field(description="Whether items come before the first one.")
    start_cursor: str | None = strawberry.field(description="Cursor of the first item.")
    end_cursor: str | None = strawberry.field(description="Cursor of the last item.")


@strawberry.type(description="One item of a list with its place.")
class Edge(Generic[N]):
    """An item and its cursor."""

    node: N = strawberry.field(description="Item itself.")
    cursor: str = strawberry.field(description="Place of the item, for `after` and `before`.")


@strawberry.type(description="Page of a list.")
class Connection(Generic[N]):
    """A page of a list that grows."""

    edges: list[Edge[N]] = strawberry.field(description="Items with their cursors, in order.")
    nodes: list[N] = strawberry.field(description="Items alone, in order.")
    page_info: PageInfo = strawberry.field(description="Where this page stands.")


def paging_of(first: int | None, after: str | None, last: int | None, before: str | None) -> Paging:
    """Read the four arguments of a connection; raises InvalidInput that names one of them."""
    said = [None if value is strawberry.UNSET else value for value in (first, last)]
    return paging(said[0], after or None, said[1], before or None)


def connection(part: Part[T], shape: Callable[[T], N]) -> Connection[N]:
    """Shape a part of a list as a connection."""
    nodes = [shape(item) for item in part.items]
    cursors = [place.cursor() for place in part.places]
    return Connection(
        edges=[Edge(node=node, cursor=cursor) for node, cursor in zip(nodes, cursors, strict=True)],
        nodes=nodes,
        page_info=PageInfo(
            has_next_page=part.has_next,
            has_previous_page=part.has_previous,
            start_cursor=cursors[0] if cursors else None,
            end_cursor=cursors[-1] if cursors else None,
        ),
    )

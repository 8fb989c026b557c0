"""The directives @cost and @listSize: what a field costs, declared where the field is.

The door adds up what an operation asks for before it runs (`app/http/cost.py`). Without a directive a
leaf costs 0, an object 1, each object of a list 1, a mutation 10; a list is taken to hold 10 items.
"""

import strawberry
from strawberry.schema_directive import Location


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    name="cost",
    description="What answering this field once costs, without its selections.",
)
class Cost:
    """Price of a field; goes into a field's `directives`."""

    weight: int = strawberry.directive_field(name="weight")


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    name="listSize",
    description="How many items this field is taken to hold: its selections cost that many times.",
)
class ListSize:
    """Size of a list or connection; goes into a field's `directives`.

    A slicing argument says the size by its number or, when it is a list, by its length; the largest of
    them counts. `assumed_size` counts where none is given. A connection is sized at the field that
    takes `first`; its `edges` and `nodes` are then not counted again.
    """

    assumed_size: int | None = strawberry.directive_field(name="assumedSize", default=strawberry.UNSET)
    slicing_arguments: list[str] | None = strawberry.directive_field(
        name="slicingArguments", default=strawberry.UNSET
    )


def paged(assumed_size: int = 20) -> ListSize:
    """Size a connection by `first` and `last`, or by the page size that holds when neither is given."""
    return ListSize(assumed_size=assumed_size, slicing_arguments=["first", "last"])


def as_many_as(*arguments: str) -> ListSize:
    """Size a list by the arguments that name or number its items, like `ids`."""
    return ListSize(slicing_arguments=list(arguments))

"""strawberry's executor, with whole lists written at once, and used again for requests that come again.

Nothing but these two things differs from graphql-core's own way: how a list of plain objects is completed
(`app/http/projection.py`), and that one executor, made for a document and its variables, serves any
number of requests. Both lean on parts of graphql-core that are not its public API: the version is pinned,
and `tests/http/test_differential.py` runs random documents through this executor and through the stock one.
"""

from asyncio import Future
from collections.abc import AsyncIterable, Iterable, Sequence
from functools import partial
from typing import Any, Self
from weakref import ref

from graphql import GraphQLObjectType, Node, VariableNode
from graphql.execution.collect_fields import DeferUsage, FieldDetailsList, GroupedFieldSet
from graphql.execution.executor import CollectedErrors
from graphql.execution.values import VariableValues
from graphql.pyutils import AwaitableOrValue, Path
from graphql.type.definition import GraphQLResolveInfoHelpers
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from app.http.projection import Projection, projection_of
from schema.columns import ColumnList

_LISTS = (list, tuple, ColumnList)


class ProjectingExecutor(StrawberryGraphQLCoreExecutionContext):
    """Runs one operation; `again` gives an executor for another run of the same operation."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Shared by all runs, as is what graphql-core remembers of collected fields.
        self._root: list[GroupedFieldSet] = []
        self._projections: dict[tuple[GraphQLObjectType, int], Projection | None] = {}
        self._is_conditional = _asks_variables(self.operation) or any(
            map(_asks_variables, self.fragment_definitions.values())
        )

    def given(self, variables: VariableValues) -> Self:
        """Give the same operation with other variables.

        Collected fields are shared where no directive asks a variable whether a field is there.
        """
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__)
        other.variable_values = variables
        if self._is_conditional:
            other._root, other._projections, other._relevant_sub_fields = [], {}, {}
        return other

    def again(self, context: object, root: object = None) -> Self:
        """Give an executor for another run: coerced variables and collected fields are shared, no state is.

        Coerced variables are values that nobody changes: strawberry makes its own objects of them.
        """
        run = object.__new__(type(self))
        run.__dict__.update(self.__dict__)
        run.context_value = context
        run.root_value = root
        run.collected_errors = CollectedErrors()
        run.pending_incremental_futures = set[Future[Any]]()
        run.background_futures = set[Future[Any]]()
        run.async_work_finished_hook_task = None
        # By a weak reference, or each run would hold itself, with all it made, until the collector comes.
        run.async_helpers = GraphQLResolveInfoHelpers(
            gather=self.gather_async_work, track=partial(_track, ref(run))
        )
        return run

    def execute_collected_root_fields(
        self,
        root_type: GraphQLObjectType,
        root_value: Any,
        grouped_field_set: GroupedFieldSet,
        serially: bool,
        new_defer_usages: Sequence[DeferUsage],
    ) -> AwaitableOrValue[dict[str, Any]]:
        """Run the root fields as they were collected first.

        Sub-fields are remembered by the identity of the lists they were collected from: with new lists in
        each run nothing would be found again, and everything kept for ever.
        """
        if not self._root:
            self._root.append(grouped_field_set)
        return super().execute_collected_root_fields(
            root_type, root_value, self._root[0], serially, new_defer_usages
        )

    def complete_list_value(
        self,
        return_type: Any,  # graphql-core leaves the generics of its types open
        field_details_list: FieldDetailsList,
        info: Any,
        path: Path,
        result: AsyncIterable[Any] | Iterable[Any],
        position_context: Any,
    ) -> AwaitableOrValue[list[Any]]:
        """Write a list by its projection where it has one, else item by item."""
        if isinstance(result, _LISTS) and self.middleware_manager is None:
            projection = self._projection(return_type.of_type, field_details_list)
            if projection is not None:
                try:
                    return projection.of(result)  # type: ignore[return-value]  # the encoder takes it as a list
                except Exception:  # noqa: BLE001, S110  # whatever it is, the way below meets it and says where
                    pass
        stock: Any = super()
        return stock.complete_list_value(
            return_type, field_details_list, info, path, result, position_context
        )

    def _projection(self, item_type: Any, field_details_list: FieldDetailsList) -> Projection | None:
        named: object = getattr(item_type, "of_type", item_type)
        if not isinstance(named, GraphQLObjectType):
            return None
        key = (named, id(field_details_list))
        if key not in self._projections:
            # What was collected is remembered with the list it was collected from, so the id stays its own.
            grouped = self.collect_subfields(named, field_details_list).grouped_field_set
            self._projections[key] = projection_of(named, grouped)
        return self._projections[key]


def _track(of: "ref[ProjectingExecutor]", values: Sequence[object]) -> None:
    """Track work of a run, which lasts as long as anything runs in it."""
    run = of()
    if run is not None:
        run.track_async_work(values)


def _asks_variables(node: Node) -> bool:
    """Say whether a definition has a directive with a variable, which decides what is selected."""
    waiting: list[Any] = [node]
    while waiting:
        inner = waiting.pop()
        directives = inner.directives or ()
        if any(isinstance(given.value, VariableNode) for one in directives for given in one.arguments or ()):
            return True
        if (selected := getattr(inner, "selection_set", None)) is not None:
            waiting.extend(selected.selections)
    return False

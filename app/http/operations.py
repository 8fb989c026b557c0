"""Where an operation is made ready, run and written down: one way for every transport.

The executor is strawberry's own but for lists (`app/http/executor.py`), so exception handlers, field
extensions and `info.context` work as they do under its views. Extensions of the *schema* are not run:
what they would limit or mask is done here.
"""

import asyncio
import inspect
from collections.abc import AsyncGenerator, AsyncIterable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import strawberry
from graphql import (
    ExecutionResult,
    GraphQLError,
    GraphQLSchema,
    create_source_event_stream,  # pyright: ignore[reportUnknownVariableType]  # its generics are open
    execute_root_selection_set,  # pyright: ignore[reportUnknownVariableType]  # its generics are open
    execute_subscription_event,  # pyright: ignore[reportUnknownVariableType]  # its generics are open
)
from graphql.execution.values import VariableValues, get_variable_values

from app.http.answers import KnownRequests, Planned
from app.http.documents import Document, Documents, Operation
from app.http.execution import Admit, Kind, OperationContext, SignedOut
from app.http.executor import ProjectingExecutor
from app.http.faults import placed, tell_broken, tell_field, tell_incident
from app.http.limits import DoorRules
from app.http.request import Asked, read_request
from app.http.responses import Code, Failure, Refused, dump, failure, refuse
from app.http.trusted import TrustedDocuments
from domain.errors import RuleBroken, TooMany

# graphql-core leaves its generics open, and says that `build` makes an Executor of its own.
_build = cast("Callable[..., list[GraphQLError] | ProjectingExecutor]", ProjectingExecutor.build)  # pyright: ignore[reportUnknownMemberType]
_NO_VARIABLES = VariableValues({}, {})
_MOST_ERRORS = 5

T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class Ready:
    """An operation that passed every check and was admitted, with an executor for this one run."""

    planned: Planned
    context: OperationContext
    executor: ProjectingExecutor

    @property
    def kind(self) -> Kind:
        """Kind of the operation."""
        return self.planned.kind


class Operations:
    """Runs the operations of one schema."""

    def __init__(self, schema: strawberry.Schema, rules: DoorRules, admit: Admit) -> None:
        self._schema: GraphQLSchema = schema._schema  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # strawberry has no public name for it
        self._rules = rules
        self._admit = admit
        self._documents = Documents(self._schema, introspection=rules.introspection)
        self._trusted = TrustedDocuments(rules.trusted_documents, guests_only=rules.guests_only_trusted)
        self._known = KnownRequests()

    @property
    def schema(self) -> GraphQLSchema:
        """Give the schema as graphql-core has it."""
        return self._schema

    async def answer_to(self, body: bytes, context: OperationContext) -> bytes:
        """Answer the bytes of a request for a query or mutation; raises Refused.

        Whoever is answered by what is known already is charged like everybody.
        """
        known = self._known.find(body, is_guest=context.is_guest)
        limits = self._rules.limits_of(is_guest=context.is_guest)
        planned = known or self.plan(read_request(body, limits), context)
        if planned.kind is Kind.SUBSCRIPTION:
            message = "A subscription needs a WebSocket, or text/event-stream in Accept."
            raise refuse(Code.BAD_USER_INPUT, message)
        ready = await self.admit(planned, context)
        if known is None:  # who has nothing left to spend pushes nobody's requests out
            self._known.keep(body, planned, is_guest=context.is_guest)
        return self._known.answer_to(planned) or await self.answer(ready)

    def plan(self, asked: Asked, context: OperationContext) -> Planned:
        """Check a request against its actor's limits; raises Refused."""
        limits = self._rules.limits_of(is_guest=context.is_guest)
        hide_suggestions = context.is_guest or not self._rules.introspection
        text = self._trusted.text_of(asked, is_guest=context.is_guest)
        document = self._documents.read(text, limits, hide_suggestions=hide_suggestions)
        operation = document.operation(asked.operation_name)
        if operation.is_mutation and operation.measures.root_fields > limits.mutations:
            message = f"An operation can have {limits.mutations} mutations at most."
            raise refuse(Code.GRAPHQL_VALIDATION_FAILED, message, limit="mutations", most=limits.mutations)
        executor = self._executor(document, operation, asked, hide_suggestions=hide_suggestions)
        cost = operation.cost(executor.variable_values.coerced)
        if cost > limits.cost:
            message = f"The operation costs {cost}; {limits.cost} is the most."
            raise refuse(Code.COST_LIMIT, message, requested=cost, budget=limits.cost)
        kind = Kind(operation.node.operation.value)
        return Planned(asked, document, operation, kind, executor, cost, limits.cost)

    async def admit(self, planned: Planned, context: OperationContext) -> Ready:
        """Charge an operation's cost to its actor; raises Refused where there is not enough left."""
        try:
            await self._admit(context, planned.cost, planned.kind)
        except TooMany as broken:
            wait = {"Retry-After": str(broken.retry_after_s)}
            raise Refused(429, tell_broken(broken, context), headers=wait) from None
        return Ready(planned, context, planned.executor.again(context))

    async def make_ready(self, asked: Asked, context: OperationContext) -> Ready:
        """Check a request against its actor's limits and charge its cost; raises Refused."""
        return await self.admit(self.plan(asked, context), context)

    async def answer(self, ready: Ready) -> bytes:
        """Run a query or mutation and write its answer; raises Refused when its time is over."""
        planned, context = ready.planned, ready.context
        rules = self._rules
        is_outside = planned.operation.waits.outside(planned.executor.variable_values.coerced)
        deadline_s = rules.outside_deadline_s if is_outside else rules.deadline_s
        result = await self._run(ready.executor, deadline_s, is_event=False)
        cost = {"cost": {"requested": planned.cost, "budget": planned.budget}}
        body = _write(result, context, _name(ready), cost)
        if not result.errors:
            self._known.keep_answer(planned, body, context.rests_on)
        return body

    async def events(self, ready: Ready) -> AsyncGenerator[bytes, None]:
        """Follow a subscription and write each event in a context of its own.

        Raises Refused when the source fails, and SignedOut when the caller may not listen any more. The
        source is closed on every way out.
        """
        async with aclosing(self.follow(ready, await self.source(ready))) as events:
            async for event in events:
                yield event

    async def source(self, ready: Ready) -> AsyncIterable[object]:
        """Open what a subscription follows; raises Refused, and SignedOut."""
        try:
            return await self._source(ready)
        except (Refused, SignedOut):
            raise
        except RuleBroken as broken:
            raise Refused(200, tell_broken(broken, ready.context), well_formed=True) from None
        except Exception as error:  # noqa: BLE001  # the door: whatever opening raises ends here
            raise Refused(500, tell_incident(error, operation=_name(ready))) from None

    async def follow(self, ready: Ready, source: AsyncIterable[object]) -> AsyncGenerator[bytes, None]:
        """Write each event of an open source, as `events` does."""
        try:
            async with aclosing(_closable(source)) as events:
                async for event in events:
                    yield await self.event(ready, event)
        except (Refused, SignedOut):
            raise
        except RuleBroken as broken:
            raise Refused(200, tell_broken(broken, ready.context), well_formed=True) from None
        except Exception as error:  # noqa: BLE001  # the door: whatever a source raises ends here
            raise Refused(500, tell_incident(error, operation=_name(ready))) from None

    async def event(self, ready: Ready, event: object) -> bytes:
        """Run a subscription for one event and write the answer; raises SignedOut."""
        context = await ready.context.renewed()
        try:
            executor = ready.planned.executor.again(context, event)
            result = await self._run(executor, self._rules.deadline_s, is_event=True)
        except Refused as refused:
            return dump({"data": None, "errors": refused.failures})
        return _write(result, context, _name(ready), None)

    async def _source(self, ready: Ready) -> AsyncIterable[object]:
        try:
            opened = create_source_event_stream(ready.executor)
        except StopIteration:  # graphql-core looks for the first field and there is none
            raise refuse(Code.BAD_USER_INPUT, "A subscription needs one field.") from None
        try:
            async with asyncio.timeout(self._rules.deadline_s):
                source = await opened if inspect.isawaitable(opened) else opened
        except TimeoutError:
            raise _took_too_long() from None
        if isinstance(source, ExecutionResult):
            raise _source_failed(source.errors or [], ready)
        return source

    async def _run(
        self, executor: ProjectingExecutor, deadline_s: float, *, is_event: bool
    ) -> ExecutionResult:
        begun = (execute_subscription_event if is_event else execute_root_selection_set)(executor)
        if not inspect.isawaitable(begun):
            return begun
        try:
            async with asyncio.timeout(deadline_s):
                return await begun
        except TimeoutError:
            raise _took_too_long() from None

    def _executor(
        self, document: Document, operation: Operation, asked: Asked, *, hide_suggestions: bool
    ) -> ProjectingExecutor:
        """Coerce the variables for an operation's executor, which is made once; raises Refused."""
        base = document.executors.get((operation, hide_suggestions))
        if base is not None:
            values = get_variable_values(
                self._schema,
                operation.node.variable_definitions or (),
                asked.variables,
                max_errors=_MOST_ERRORS,
                hide_suggestions=hide_suggestions,
            )
            return base.given(_fitting(values))
        built = _build(
            self._schema,
            document.ast,
            raw_variable_values=asked.variables,
            operation_name=asked.operation_name,
            max_coercion_errors=_MOST_ERRORS,
            hide_suggestions=hide_suggestions,
        )
        executor = _fitting(built)
        document.executors[operation, hide_suggestions] = executor.given(_NO_VARIABLES)
        return executor


def _fitting(made: list[GraphQLError] | T) -> T:
    """Give what was made of variables; raises Refused for values that do not fit."""
    if isinstance(made, list):
        errors = cast("list[GraphQLError]", made)
        told = [placed(failure(Code.BAD_USER_INPUT, error.message), error) for error in errors]
        raise Refused(400, *told, well_formed=True)
    return made


def _took_too_long() -> Refused:
    return Refused(504, failure(Code.TIMEOUT, "The operation took too long and was ended."))


def _name(ready: Ready) -> str:
    name = ready.planned.operation.node.name
    return name.value[:64] if name else ""


def _source_failed(errors: list[GraphQLError], ready: Ready) -> Exception:
    """Tell why a subscription did not begin; a sign-in that has ended is told apart."""
    for error in errors:
        if isinstance(error.original_error, SignedOut):
            return error.original_error
    told = [tell_field(error, ready.context, operation=_name(ready)) for error in errors]
    return Refused(200, *told, well_formed=True)


async def _closable(source: AsyncIterable[object]) -> AsyncGenerator[object, None]:
    """Pass a source on, closing it when this is closed."""
    events = aiter(source)
    try:
        async for event in events:
            yield event
    finally:
        if isinstance(events, AsyncGenerator):
            await events.aclose()


def _write(
    result: ExecutionResult, context: OperationContext, operation: str, extensions: dict[str, Any] | None
) -> bytes:
    answer: dict[str, Any] = {"data": result.data}
    if result.errors:
        told: list[Failure] = [tell_field(error, context, operation=operation) for error in result.errors]
        answer["errors"] = told
    if extensions is not None:
        answer["extensions"] = extensions
    try:
        return dump(answer)
    except (TypeError, ValueError) as error:
        return dump({"data": None, "errors": [tell_incident(error, operation=operation)]})

"""The executor of the door answers like the stock one: random documents and faulty data through both."""

import gc
import inspect
from random import Random
from typing import Any
from weakref import ref

import orjson
import pytest
from graphql import DocumentNode, ExecutionResult, parse, specified_rules, validate
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from app.http.executor import ProjectingExecutor
from app.http.responses import dump
from tests.http.rich import CORE, Maker, document

pytestmark = pytest.mark.anyio

SEEDS = range(12)
ROUNDS = 60
FAULTS = (0.0, 0.0, 0.01, 0.05)


@pytest.mark.parametrize("seed", SEEDS)
async def test_random_documents_are_answered_alike(seed: int) -> None:
    chance = Random(seed)
    for _ in range(ROUNDS):
        text, variables = document(chance)
        ast = parse(text)
        assert validate(CORE, ast, specified_rules) == []
        data_seed, faults = chance.random(), chance.choice(FAULTS)
        stock = built(StrawberryGraphQLCoreExecutionContext, ast, variables)
        ours = built(ProjectingExecutor, ast, variables)

        expected = told(await run(stock, root(data_seed, faults)))
        first = told(await run(ours.again(None), root(data_seed, faults)))
        second = told(await run(ours.again(None), root(data_seed, faults)))

        assert first == expected, text
        assert second == expected, text


async def test_one_executor_runs_again_and_again_without_keeping_anything_of_a_run() -> None:
    text, variables = document(Random(5))
    ours = built(ProjectingExecutor, parse(text), variables)
    await run(ours.again(None), root(1.0, 0.0))
    kept = len(ours._relevant_sub_fields), len(ours._projections)

    for number in range(20):
        await run(ours.again(None), root(float(number), 0.0))

    assert (len(ours._relevant_sub_fields), len(ours._projections)) == kept


async def test_a_run_is_gone_when_it_ends() -> None:
    """And does not wait for the collector with all that it found."""
    text = "{ parts { name size } slots { start end } }"
    ours = built(ProjectingExecutor, parse(text), {})
    gc.disable()
    try:
        one = ours.again(None)
        held = ref(one)
        await run(one, root(1.0, 0.0))
        del one

        assert held() is None
    finally:
        gc.enable()


async def test_lists_of_leaves_are_written_at_once() -> None:
    """That the test above compares two ways, and not one with itself."""
    text = "{ parts { name size } entries { id at colour } slots { start end seatsLeft __typename } }"
    ours = built(ProjectingExecutor, parse(text), {})

    answer = told(await run(ours, root(3.0, 0.0)))

    assert len([projection for projection in ours._projections.values() if projection is not None]) == 3
    assert answer["errors"] == []


def built(executor: Any, ast: DocumentNode, variables: dict[str, bool]) -> Any:
    return executor.build(CORE, ast, None, None, variables)


def root(seed: float, faults: float) -> Any:
    return Maker(Random(seed), faults).root()


async def run(executor: Any, value: Any) -> ExecutionResult:
    executor.root_value = value
    begun = executor.execute_operation()
    return await begun if inspect.isawaitable(begun) else begun


def told(result: ExecutionResult) -> dict[str, Any]:
    """Give what a client would read; what cannot be written at all is told too."""
    errors = [(error.message, error.path, error.locations) for error in result.errors or ()]
    try:
        return {"data": orjson.loads(dump(result.data)), "errors": errors}
    except (TypeError, ValueError) as failure:
        return {"data": type(failure).__name__, "errors": errors}

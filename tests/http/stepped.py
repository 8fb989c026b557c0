"""A subscription whose events many may share, a number that a test sets, and a door before it."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any, NewType

import strawberry
from starlette.applications import Starlette

from app.http.execution import Caller, Kind, OperationContext
from app.http.graphql import graphql_door
from app.http.limits import DoorRules
from services.steps import Step, steps_of
from tests.http.example import PRIVATE, Context, World

Written = NewType("Written", str)


@dataclass(eq=False)
class Number:
    """What is followed; changed from the test's thread, told in the door's."""

    world: World = field(default_factory=World)
    value: int = 0
    is_over: bool = False
    is_broken: bool = False
    filler: str = ""
    moment: object = None
    watchers: set[Callable[[], None]] = field(default_factory=set[Callable[[], None]])
    loop: asyncio.AbstractEventLoop | None = None

    def change(self, **to: object) -> None:
        """Change it and tell everybody."""

        def now() -> None:
            vars(self).update(to, moment=object())
            for told in tuple(self.watchers):
                told()

        assert self.loop is not None
        self.loop.call_soon_threadsafe(now)


class Following:
    """One subscriber's hold on the number."""

    resumes_by = "after"

    def __init__(self, number: Number, after: int | None) -> None:
        self._number = number
        self._after = after
        self._told: Callable[[], None] | None = None

    @property
    def key(self) -> Number:
        """There is but one."""
        return self._number

    @property
    def now(self) -> object:
        """Give another thing after each change."""
        return self._number.moment

    async def begin(self) -> object | None:
        """Begin at what was seen."""
        self._number.loop = asyncio.get_running_loop()
        self._number.world.seen.mark("begun")
        return self._after

    def step(self, seen: object | None) -> Step["Reading"] | None:
        """Tell from where to where the number went."""
        number = self._number
        if number.is_broken:
            raise RuntimeError(PRIVATE)
        if seen == number.value and not number.is_over:
            return None
        way = Written(f"{seen} to {number.value}")
        return Step(Reading(way=way, filler=number.filler), number.value, is_last=number.is_over)

    def watch(self, told: Callable[[], None]) -> None:
        """Tell somebody."""
        self._told = told
        self._number.watchers.add(told)

    def close(self) -> None:
        """Tell nobody."""
        self._number.watchers.discard(self._told or self.close)
        self._number.world.seen.mark("closed")

    def __aiter__(self) -> AsyncIterator["Reading"]:
        """Tell one subscriber."""
        return steps_of(self)


@strawberry.interface
class Said:
    """What events have in common."""

    way: Written


@strawberry.type
class Reading(Said):
    """From where to where the number went."""

    filler: str = ""

    @strawberry.field
    def mine(self, info: strawberry.Info[Context, None]) -> str:
        """Tell whom it is told."""
        return info.context.actor_key


@strawberry.type
class Query:
    """Nothing to ask."""

    nothing: int = 0


def make_application(number: Number, rules: DoorRules) -> Starlette:
    """Put the number behind a door; each time that a way is written down, the world sees `written`."""

    @strawberry.type
    class Subscription:
        """What is followed."""

        @strawberry.subscription
        async def number(self, after: int | None = None, label: str = "") -> AsyncIterable[Reading]:
            """Follow the number."""
            del label
            return Following(number, after)

        @strawberry.subscription
        async def apart(self) -> AsyncGenerator[Said, None]:
            """Give one event that nobody shares."""
            yield Reading(way=Written("apart"))

    def write(way: str) -> str:
        number.world.seen.mark("written")
        return way

    async def open_context(caller: Caller) -> Context:
        return Context(number.world, caller.authorization or "guest", is_guest=not caller.authorization)

    async def admit(context: OperationContext, cost: int, kind: Kind) -> None:
        del context, cost, kind

    scalars: dict[object, Any] = {Written: strawberry.scalar(name="Written", serialize=write)}
    schema = strawberry.Schema(Query, subscription=Subscription, scalar_overrides=scalars)
    return Starlette(routes=graphql_door(schema, open_context, admit, rules).routes)

"""A small application behind the door: every kind of field, error and stream that the door has to serve."""

import asyncio
import threading
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from typing import Any, NewType

import strawberry
from starlette.applications import Starlette

from app.http.execution import Caller, Kind, OperationContext, SignedOut
from app.http.graphql import graphql_door
from app.http.limits import DoorRules
from domain.errors import InvalidInput, NotAllowed, RuleBroken, TooMany
from domain.standing import Standing
from schema.context import OUTSIDE
from schema.cost import Cost, ListSize, as_many_as, paged

BigInt = NewType("BigInt", int)
PRIVATE = "grace@example.com told us a secret"


class Seen:
    """What happened inside, for tests that stand outside; each mark can be waited for."""

    def __init__(self) -> None:
        self._marks: list[str] = []
        self._changed = threading.Condition()

    def mark(self, what: str) -> None:
        """Note that something happened."""
        with self._changed:
            self._marks.append(what)
            self._changed.notify_all()

    def wait_for(self, what: str, seconds: float = 5) -> bool:
        """Wait until something has happened."""
        with self._changed:
            return self._changed.wait_for(lambda: what in self._marks, seconds)

    def wait_for_count(self, what: str, count: int, seconds: float = 5) -> bool:
        """Wait until something has happened this often."""
        with self._changed:
            return self._changed.wait_for(lambda: self._marks.count(what) >= count, seconds)

    def count(self, what: str) -> int:
        """Count how often something happened."""
        with self._changed:
            return self._marks.count(what)


@dataclass
class World:
    """The state behind the example."""

    seen: Seen = field(default_factory=Seen)
    callers: list[Caller] = field(default_factory=list[Caller])
    admitted: list[tuple[str, int, Kind]] = field(default_factory=list[tuple[str, int, Kind]])
    signed_out: set[str] = field(default_factory=set[str])


@dataclass(frozen=True)
class Context:
    """One operation's, or event's, context."""

    world: World
    actor_key: str
    is_guest: bool
    loaded: dict[str, int] = field(default_factory=dict[str, int])

    @property
    def rests_on(self) -> Sequence[Standing[Any] | None]:
        """Nothing here is the same for everybody."""
        return ()

    def say(self, broken: RuleBroken) -> str:
        """Say an error as it is."""
        return f"Said: {broken.message}"

    async def renewed(self) -> "Context":
        """Make a fresh context while the actor is signed in."""
        if self.actor_key in self.world.signed_out:
            raise SignedOut
        return Context(self.world, self.actor_key, self.is_guest)


Info = strawberry.Info[Context, None]


@strawberry.type
class Thing:
    """A thing with friends."""

    name: str

    @strawberry.field
    def friend(self) -> "Thing":
        """Give the same thing again."""
        return self

    @strawberry.field
    def serial(self, info: "Info") -> int:
        """Count how often this context was asked."""
        loaded = info.context.loaded
        loaded["serial"] = loaded.get("serial", 0) + 1
        return loaded["serial"]

    @strawberry.field(directives=[paged()])
    def friends(self, first: int = 20) -> "ThingConnection":
        """Give a page of things."""
        return ThingConnection(edges=[ThingEdge(node=self) for _ in range(first)])


@strawberry.type
class ThingEdge:
    """One of many."""

    node: Thing


@strawberry.type
class ThingConnection:
    """A page of things."""

    edges: list[ThingEdge]


@strawberry.type
class Query:
    """Questions."""

    @strawberry.field
    def hello(self, name: str = "world") -> str:
        """Greet."""
        return f"Hello {name}"

    @strawberry.field
    def repeat(self, text: str, count: int) -> str:
        """Repeat."""
        return text * count

    @strawberry.field
    def thing(self) -> Thing:
        """Give a thing."""
        return Thing(name="thing")

    @strawberry.field
    def things(self) -> list[Thing]:
        """Give things, of which nobody knows how many."""
        return [Thing(name="thing")]

    @strawberry.field(directives=[as_many_as("ids")])
    def by_ids(self, ids: list[strawberry.ID]) -> list[Thing]:
        """Give things by id."""
        return [Thing(name=str(id_)) for id_ in ids]

    @strawberry.field(directives=[Cost(weight=50), ListSize(assumed_size=100)])
    def dear(self) -> list[Thing]:
        """Give expensive things."""
        return []

    @strawberry.field
    def big(self) -> BigInt:
        """Give a number over 64 bits."""
        return BigInt(2**80)

    @strawberry.field
    def surrogate(self) -> str:
        """Give text that is no UTF-8."""
        return "\ud800"

    @strawberry.field
    async def slow(self, info: Info) -> str:
        """Never answer."""
        info.context.world.seen.mark("slow began")
        try:
            await asyncio.Event().wait()
        finally:
            info.context.world.seen.mark("slow ended")
        return "never"

    @strawberry.field
    def boom(self) -> str | None:
        """Fail by a defect whose text must not get out."""
        raise RuntimeError(PRIVATE)

    @strawberry.field
    def overflow(self) -> int | None:
        """Give an integer that GraphQL's Int cannot hold."""
        return 2**40

    @strawberry.field
    def forbidden(self) -> str | None:
        """Fail by a rule that no union has taken up."""
        raise NotAllowed

    @strawberry.field
    def who(self, info: Info) -> str:
        """Tell who asks."""
        return info.context.actor_key


@strawberry.type
class Noted:
    """A note was taken."""

    text: str


@strawberry.type
class BadNote:
    """A note was not taken."""

    message: str


@strawberry.type
class Mutation:
    """Changes."""

    @strawberry.mutation
    async def note(self, info: Info, text: str) -> Noted | BadNote:
        """Take a note that is not empty."""
        if not text:
            raise InvalidInput("A note has a text.", "text")
        info.context.world.seen.mark("noted")
        return Noted(text=text)

    @strawberry.mutation(metadata=OUTSIDE)
    async def outside(self, info: Info) -> str:
        """Answer when something slow has ended meanwhile."""
        seen = info.context.world.seen
        ended = seen.count("slow ended")
        seen.mark("outside began")
        await asyncio.to_thread(seen.wait_for_count, "slow ended", ended + 1)
        return "answered"


@strawberry.type
class Subscription:
    """Streams."""

    @strawberry.subscription
    async def count(self, to: int = 3) -> AsyncGenerator[int]:
        """Count."""
        for number in range(1, to + 1):
            yield number

    @strawberry.subscription
    async def loads(self, info: Info) -> AsyncGenerator[Thing]:
        """Give three things."""
        for _ in range(3):
            yield Thing(name=info.context.actor_key)

    @strawberry.subscription
    async def waiting(self, info: Info, mark: str = "waiting") -> AsyncGenerator[int]:
        """Give one number and then wait for ever."""
        try:
            yield 1
            await asyncio.Event().wait()
        finally:
            info.context.world.seen.mark(f"{mark} closed")

    @strawberry.subscription
    async def revoked(self, info: Info) -> AsyncGenerator[int]:
        """Give a second event although the listener is signed out after the first."""
        yield 1
        info.context.world.signed_out.add(info.context.actor_key)
        yield 2

    @strawberry.subscription
    async def flood(self, info: Info, mark: str = "flood") -> AsyncGenerator[str]:
        """Give more than a socket can hold."""
        try:
            while True:
                yield "x" * 100_000
        finally:
            info.context.world.seen.mark(f"{mark} closed")

    @strawberry.subscription
    async def closed_to_you(self) -> AsyncGenerator[int]:
        """Refuse before the first event."""
        raise NotAllowed
        yield 1

    @strawberry.subscription
    async def breaking(self) -> AsyncGenerator[int]:
        """Fail by a defect after the first event."""
        yield 1
        raise RuntimeError(PRIVATE)


class BadNoteHandler:
    """Turns InvalidInput into BadNote."""

    exception_type = InvalidInput
    error_type = BadNote

    def handle(self, exception: InvalidInput, *, field: Any, info: Info) -> BadNote:
        """Shape the error."""
        del field
        return BadNote(message=info.context.say(exception))


def make_schema() -> strawberry.Schema:
    """Make the example's schema."""
    return strawberry.Schema(
        Query,
        Mutation,
        Subscription,
        exception_handlers=[BadNoteHandler()],
        scalar_overrides={BigInt: strawberry.scalar(name="BigInt", serialize=int, parse_value=int)},
    )


def make_application(world: World, rules: DoorRules) -> Starlette:
    """Put the example behind the door; a caller with a word is signed in under it."""

    async def open_context(caller: Caller) -> Context:
        world.callers.append(caller)
        word = caller.authorization or caller.ticket or caller.session_cookie
        if word == "wrong":
            raise SignedOut
        if word == "broken":
            raise RuntimeError(PRIVATE)
        return Context(world, word or f"guest:{caller.ip}", is_guest=word is None)

    async def admit(context: OperationContext, cost: int, kind: Kind) -> None:
        world.admitted.append((context.actor_key, cost, kind))
        if context.actor_key == "busy":
            raise TooMany(7)

    return Starlette(routes=graphql_door(make_schema(), open_context, admit, rules).routes)

"""Sources that many follow alike: what somebody is told depends on nothing but what they have seen."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Hashable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar, runtime_checkable

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Step(Generic[T_co]):
    """What leads from something seen to the newest state: one event, however much happened in between."""

    event: T_co
    seen: object  # what somebody has seen who was told this
    is_last: bool = False


@runtime_checkable
class Stepped(Protocol[T_co]):
    """One subscriber's hold on something that others may follow too, until `close`.

    `resumes_by` names the argument that says no more than what the subscriber has seen before. Once begun,
    sources with the same `key` give the same step for the same thing seen, to whomever it is told. They may
    be asked for a step at any time, so whoever is slow holds nothing but what they have seen last.
    """

    resumes_by: str

    @property
    def key(self) -> Hashable:
        """Name what is followed; known once it has begun."""
        ...

    @property
    def now(self) -> object:
        """Give something that is another whenever a step may be another."""
        ...

    async def begin(self) -> object | None:
        """Wait until there is something to tell; give what the subscriber has seen, None for nothing yet."""
        ...

    def step(self, seen: object | None) -> Step[T_co] | None:
        """Give the step from what was seen to the newest; None when that was seen. Raises what broke it."""
        ...

    def watch(self, told: Callable[[], None]) -> None:
        """Have `told` called, which must not wait, whenever there may be a step."""
        ...

    def close(self) -> None:
        """Follow no longer."""
        ...

    def __aiter__(self) -> AsyncIterator[T_co]:
        """Tell one subscriber everything, step by step."""
        ...


async def steps_of(source: Stepped[T]) -> AsyncGenerator[T, None]:
    """Tell one subscriber a source's events, always the newest state; closes the source at the end."""
    changed = asyncio.Event()
    try:
        seen = await source.begin()
        source.watch(changed.set)
        while True:
            changed.clear()
            step = source.step(seen)
            if step is None:
                await changed.wait()
                continue
            seen = step.seen
            yield step.event
            if step.is_last:
                return
    finally:
        source.close()

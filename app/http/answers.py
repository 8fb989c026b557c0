"""Requests that come again: what was checked about them once, and answers that still stand.

A request is known by its bytes. What was found out about it (document, operation, coerced variables,
price) holds for every caller with the same limits, and is kept with an executor that can run again. Its
answer is kept too, where everything selected is the same for everybody (`SHARED`) and the answer had no
errors; it is given again while everything that it rests on stands. Callers are charged all the same.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from app.http.documents import Document, Operation
from app.http.execution import Kind
from app.http.executor import ProjectingExecutor
from app.http.request import Asked
from domain.standing import Standing

_LARGEST = 4_096


@dataclass(frozen=True, slots=True)
class Answer:
    """Bytes that were an answer, and what they rest on."""

    body: bytes
    rests_on: tuple[Standing[Any], ...]

    def stands(self) -> bool:
        """Say whether they are the answer now."""
        return all(standing.stands() for standing in self.rests_on)


@dataclass(slots=True, eq=False)
class Planned:
    """A request that passed every check which does not depend on who asks and when."""

    asked: Asked
    document: Document
    operation: Operation
    kind: Kind
    executor: ProjectingExecutor
    cost: int
    budget: int
    _answer: Answer | None = field(default=None, init=False)

    @property
    def answer(self) -> bytes | None:
        """The answer that was given before, if it still stands."""
        if self._answer is not None and not self._answer.stands():
            self._answer = None
        return self._answer.body if self._answer else None

    def keep(self, body: bytes, rests_on: Sequence[Standing[Any] | None]) -> None:
        """Keep an answer without errors, if it is everybody's and everything it rests on stands."""
        watched = [standing for standing in rests_on if standing is not None]
        if self.operation.is_shared and watched and len(watched) == len(rests_on):
            answer = Answer(body, tuple(watched))
            self._answer = answer if answer.stands() else None


class KnownRequests:
    """Requests of queries by their bytes, for guests and for others; the least recently sent ones go.

    A mutation is never the same twice, and whoever sends ever new requests pushes out others' but costs no
    more memory than the bounds: so many requests, none of them larger than four kilobytes.
    """

    def __init__(self, most: int = 2_000) -> None:
        self._most = most
        self._kept: OrderedDict[tuple[bytes, bool], Planned] = OrderedDict()

    def find(self, body: bytes, *, is_guest: bool) -> Planned | None:
        """Find what is known of a request."""
        planned = self._kept.get((body, is_guest))
        if planned is not None:
            self._kept.move_to_end((body, is_guest))
        return planned

    def keep(self, body: bytes, planned: Planned, *, is_guest: bool) -> None:
        """Keep what was found out about a request."""
        if planned.kind is not Kind.QUERY or len(body) > _LARGEST:
            return
        self._kept[body, is_guest] = planned
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)

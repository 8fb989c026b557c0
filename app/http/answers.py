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
_PARTS = 16


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
    """A request that passed every check which does not depend on who asks and when.

    It *is known* while `KnownRequests` keeps it.
    """

    asked: Asked
    document: Document
    operation: Operation
    kind: Kind
    executor: ProjectingExecutor
    cost: int
    budget: int
    is_known: bool = field(default=False, init=False)


class KnownRequests:
    """Requests of queries by their bytes, for guests and for others; the least recently sent ones go.

    A mutation is never the same twice. Whoever sends ever new requests pushes out others' but costs no more
    memory than the bounds: so many requests of four kilobytes at most, so many tokens of the documents that
    they hold on to (of half a kilobyte each), and so many bytes of answers, of which none may take more
    than a sixteenth.
    """

    def __init__(
        self, most: int = 2_000, *, most_tokens: int = 100_000, most_bytes: int = 32 * 1_024 * 1_024
    ) -> None:
        self._most = most
        self._most_tokens = most_tokens
        self._most_bytes = most_bytes
        self._kept: OrderedDict[tuple[bytes, bool], Planned] = OrderedDict()
        self._uses: dict[Document, int] = {}
        self._tokens = 0
        self._answers: OrderedDict[Planned, Answer] = OrderedDict()
        self._bytes = 0

    def find(self, body: bytes, *, is_guest: bool) -> Planned | None:
        """Find what is known of a request."""
        planned = self._kept.get((body, is_guest))
        if planned is not None:
            self._kept.move_to_end((body, is_guest))
        return planned

    def keep(self, body: bytes, planned: Planned, *, is_guest: bool) -> None:
        """Keep what was found out about a request."""
        if planned.kind is not Kind.QUERY or len(body) > _LARGEST or (body, is_guest) in self._kept:
            return
        self._kept[body, is_guest] = planned
        planned.is_known = True
        document = planned.document
        self._tokens += 0 if document in self._uses else document.tokens
        self._uses[document] = self._uses.get(document, 0) + 1
        while len(self._kept) > self._most or self._tokens > self._most_tokens:
            self._forget()

    def answer_to(self, planned: Planned) -> bytes | None:
        """Give the answer that was given before, if it still stands."""
        answer = self._answers.get(planned)
        if answer is None:
            return None
        if not answer.stands():
            self._drop_answer(planned)
            return None
        self._answers.move_to_end(planned)
        return answer.body

    def keep_answer(self, planned: Planned, body: bytes, rests_on: Sequence[Standing[Any] | None]) -> None:
        """Keep an answer without errors, if it is everybody's and everything it rests on stands."""
        self._drop_answer(planned)
        watched = [standing for standing in rests_on if standing is not None]
        is_watched = planned.operation.is_shared and watched and len(watched) == len(rests_on)
        if not planned.is_known or not is_watched or len(body) > self._most_bytes // _PARTS:
            return
        answer = Answer(body, tuple(watched))
        if not answer.stands():
            return
        self._answers[planned] = answer
        self._bytes += len(body)
        while self._bytes > self._most_bytes:
            self._drop_answer(next(iter(self._answers)))

    def _forget(self) -> None:
        _, planned = self._kept.popitem(last=False)
        planned.is_known = False
        self._drop_answer(planned)
        document = planned.document
        self._uses[document] -= 1
        if not self._uses[document]:
            del self._uses[document]
            self._tokens -= document.tokens

    def _drop_answer(self, planned: Planned) -> None:
        answer = self._answers.pop(planned, None)
        if answer is not None:
            self._bytes -= len(answer.body)

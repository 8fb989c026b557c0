"""The engine against a brute force, against itself, and against those who would make it slow."""

from collections.abc import Callable
from typing import TypeVar

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.slots import explain, find_slots, slot_at
from domain.slots.combine import any_by_cells, any_by_spans
from domain.slots.hosts import HostJudge
from tests.domain.brute_force import offered
from tests.domain.slot_questions import Question, questions

Answer = TypeVar("Answer")

_THOROUGH = settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@_THOROUGH
@given(questions(st.integers(1, 3)))
def test_finds_what_a_look_at_every_minute_finds(question: Question) -> None:
    """D13, D15, D16, D03."""
    slots = find_slots(
        question.rules,
        question.hosts,
        question.window,
        question.now,
        counted=question.counted,
        sessions=question.sessions,
    )

    assert {slot.start: slot.hosts for slot in slots} == offered(
        question.rules,
        question.hosts,
        question.window,
        question.now,
        question.counted,
        question.sessions,
    )
    assert [slot.start for slot in slots] == sorted({slot.start for slot in slots})


@_THOROUGH
@given(questions(st.integers(1, 3)), st.data())
def test_explains_exactly_the_starts_that_it_does_not_offer(question: Question, data: st.DataObject) -> None:
    """X12."""

    def ask(engine: Callable[..., Answer], when: int | tuple[int, int]) -> Answer:
        return engine(
            question.rules,
            question.hosts,
            when,
            question.now,
            counted=question.counted,
            sessions=question.sessions,
        )

    found = {slot.start: slot for slot in ask(find_slots, question.window)}
    start = data.draw(st.one_of(st.integers(*question.window), *[st.sampled_from([*found])] * bool(found)))
    slot = ask(slot_at, start)

    assert (slot is None) == bool(ask(explain, start))
    assert start == question.window[1] or found.get(start) == slot


@_THOROUGH
@given(questions(st.integers(1, 14), days=3))
def test_finds_any_of_many_hosts_by_cells_as_by_spans(question: Question) -> None:
    rules, (start, end) = question.rules, question.window
    judges = [HostJudge(rules, host, question.window) for host in question.hosts]
    allowed = [(start, start + 100), (start + 105, end)]

    by_cells = any_by_cells(rules, judges, allowed, "Asia/Kathmandu")

    assert by_cells == any_by_spans(rules, judges, allowed, "Asia/Kathmandu")
    assert list(by_cells) == sorted(by_cells)

"""The engine against a brute force, against itself, and against those who would make it slow."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, TypeVar

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from domain.availability import Hours
from domain.slots import HostTime, OpenSlot, explain, find_slots, frame_of, open_slots, prepare, slot_at
from domain.slots.cells import Cells
from domain.zones import DAY
from tests.domain.brute_force import offered
from tests.domain.slot_questions import Question, questions

Answer = TypeVar("Answer")

_THOROUGH = settings(
    max_examples=90,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def fixed(hosts: Iterable[HostTime]) -> list[Hours]:
    return [host.hours for host in hosts if host.is_fixed]


@_THOROUGH
@given(questions(st.integers(1, 3)))
def test_finds_what_a_look_at_every_minute_finds(question: Question) -> None:
    """D13, D15, D16, D03, X05, X27; R023: all is the intersection, R024: any the union."""
    slots = find_slots(
        question.rules,
        question.hosts,
        question.window,
        question.now,
        counted=question.counted,
        sessions=question.sessions,
        pools=question.pools,
    )

    assert {slot.start: slot.hosts for slot in slots} == offered(
        question.rules,
        question.hosts,
        question.window,
        question.now,
        question.counted,
        question.sessions,
        question.pools,
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
            pools=question.pools,
        )

    found = {slot.start: slot for slot in ask(find_slots, question.window)}
    start = data.draw(st.one_of(st.integers(*question.window), *[st.sampled_from([*found])] * bool(found)))
    slot = ask(slot_at, start)

    assert (slot is None) == bool(ask(explain, start))
    assert start == question.window[1] or found.get(start) == slot


@_THOROUGH
@given(questions(st.integers(1, 14), days=3))
def test_prepared_hosts_are_combined_to_what_is_found_without_preparing(question: Question) -> None:
    """D13, D15, D16, D03: whatever is prepared for whole days, of any now, caps and part of the window."""
    rules, hosts, (start, end) = question.rules, question.hosts, question.window
    wider = (start - DAY, end + 2 * DAY)
    asked: dict[str, Any] = {
        "counted": question.counted,
        "sessions": question.sessions,
        "pools": question.pools,
    }

    frame = frame_of(rules, [host.hours for host in hosts], wider, fixed(hosts))
    prepared = [prepare(frame, host) for host in hosts]
    shown = open_slots(frame, prepared, question.window, question.now, **asked)

    found = find_slots(rules, hosts, question.window, question.now, **asked)
    assert shown == tuple(OpenSlot(slot.start, slot.end, slot.seats_left) for slot in found)


@_THOROUGH
@given(questions(st.integers(2, 6), days=2), st.data())
def test_host_prepared_beside_others_is_the_same_as_alone(question: Question, data: st.DataObject) -> None:
    """One changes, and the others stay as they were prepared, as long as the measure is the same."""
    rules, hosts = question.rules, list(question.hosts)
    before = frame_of(rules, [host.hours for host in hosts], question.window, fixed(hosts))
    prepared = [prepare(before, host) for host in hosts]
    changed = data.draw(st.integers(0, len(hosts) - 1))
    other = data.draw(st.sampled_from(hosts))
    hosts[changed] = replace(other, host=hosts[changed].host)

    after = frame_of(rules, [host.hours for host in hosts], question.window, fixed(hosts))
    assume(after.measure == before.measure)
    prepared[changed] = prepare(after, hosts[changed])

    shown = open_slots(after, prepared, question.window, question.now)
    found = find_slots(rules, hosts, question.window, question.now)
    assert [slot.start for slot in shown] == [slot.start for slot in found]


@_THOROUGH
@given(st.integers(-40, 40), st.integers(1, 9), st.integers(0, 60), st.data())
def test_set_of_cells_holds_the_minutes_that_it_says(
    first: int, step: int, length: int, data: st.DataObject
) -> None:
    cells = Cells(first * step, first * step + length, step)
    near = st.tuples(st.integers(-50, 450), st.integers(-50, 450))
    spans = data.draw(st.lists(near, max_size=6))
    before, after = data.draw(st.integers(0, 9)), data.draw(st.integers(0, 9))

    within = cells.members(cells.within(spans))
    free = cells.members(cells.free([(spans, before, after)]))

    assert within == [at for at in cells.minutes if any(start <= at < end for start, end in spans)]
    assert free == [
        at
        for at in cells.minutes
        if not any(start - before <= at < end + after for start, end in spans if start < end)
    ]

"""When those in a team are free, against a look at every minute."""

from itertools import pairwise

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.intervals import merge
from domain.slots import HostTime, Unknown
from domain.team_availability import counts_of, days_of, free_spans
from domain.zones import day_at
from tests.domain.brute_force import opened
from tests.domain.slot_questions import ZONES, Question, questions

Span = tuple[int, int]
_THOROUGH = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def minutes(spans: list[Span]) -> set[int]:
    return {minute for start, end in spans for minute in range(start, end)}


def free_minutes(host: HostTime, window: Span) -> set[int]:
    """Say minute by minute when somebody is open, there, and has nothing in their way."""
    if isinstance(host.busy, Unknown):
        return set()
    kept = [(own.span[0] - own.buffer_before, own.span[1] + own.buffer_after) for own in host.own]
    taken = minutes([*host.busy, *host.away, *kept])
    return {minute for minute in minutes(opened(host.hours, window)) - taken if minute in range(*window)}


@_THOROUGH
@given(questions(st.integers(1, 4), days=2), ZONES)
def test_a_team_is_free_as_a_look_at_every_minute_says(question: Question, zone: str) -> None:
    """R009: each member's free time is merged, and the counts are its sum, all through the window."""
    window = question.window
    looked = [free_minutes(host, window) for host in question.hosts]

    free = [free_spans(host, window) for host in question.hosts]
    counts = counts_of(free)

    assert [minutes([*spans]) for spans in free] == looked
    assert [merge(spans) for spans in free] == [[*spans] for spans in free]
    summed = {minute: sum(minute in each for each in looked) for minute in range(*window)}
    counted = {minute: count for start, end, count in counts for minute in range(start, end)}
    assert counted == {minute: count for minute, count in summed.items() if count}
    assert all(before.end < after.start or before.free != after.free for before, after in pairwise(counts))
    most: dict[object, int] = {}
    for minute, count in summed.items():
        day = day_at(minute, zone)
        most[day] = max(most.get(day, 0), count)
    assert dict(days_of(counts, window, zone)) == most

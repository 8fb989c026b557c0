"""Rules that a page's host side names to book past them: what naming does, and what it never does."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.availability import Hours, WeeklyWindow
from domain.intervals import minute_of
from domain.slots import (
    NO_HOST_RULES,
    NOT_SHARING,
    Assignment,
    Caps,
    HostTime,
    Own,
    Rules,
    Session,
    Unknown,
    Unlimited,
    Waivable,
    Waiver,
    judge_teams,
    slot_at,
    waive,
)
from tests.domain.brute_force import offered
from tests.domain.slot_questions import Question, questions
from tests.domain.test_slots import HOUR, NOW, at, make_host

EVERYTHING = frozenset(Waivable)
ALWAYS = tuple(WeeklyWindow(day, 0, 1440) for day in range(7))


def ask(question: Question, start: int, named: frozenset[Waivable]) -> Waiver:
    rules, hosts, sessions = question.rules, question.hosts, question.sessions
    teams = judge_teams(
        rules, hosts, start, question.now, counted=question.counted, sessions=sessions, pools=question.pools
    )
    end = next(
        (session.end for session in sessions if session.start == start), start + rules.duration_minutes
    )
    return waive(teams, hosts, (start, end), question.now, named)


def without(question: Question, named: frozenset[Waivable]) -> Question:
    """Take the rules themselves away that are named; GRID and HOURS, BUFFER and BUSY go together."""
    rules, hosts = question.rules, question.hosts
    if Waivable.NOTICE in named:
        rules = replace(rules, notice_minutes=0)
        hosts = tuple(replace(host, rules=replace(host.rules, notice_minutes=0)) for host in hosts)
    if Waivable.WINDOW in named:
        rules = replace(rules, window=Unlimited())
    if Waivable.CAP in named:
        rules = replace(rules, caps=Caps())
        hosts = tuple(replace(host, rules=replace(host.rules, caps=Caps())) for host in hosts)
    if Waivable.HOURS in named:
        rules = replace(rules, interval_minutes=1)
        hosts = tuple(replace(host, hours=Hours(host.hours.zone, ALWAYS)) for host in hosts)
    if Waivable.AWAY in named:
        hosts = tuple(replace(host, away=()) for host in hosts)
    if Waivable.AHEAD in named:
        hosts = tuple(replace(host, is_ahead=False) for host in hosts)
    if Waivable.BUSY in named:
        rules = replace(rules, buffer_before_minutes=0, buffer_after_minutes=0)
        bare = {"buffer_before_minutes": 0, "buffer_after_minutes": 0}
        hosts = tuple(
            replace(
                host,
                busy=(),
                own=tuple(Own(own.span) for own in host.own),
                rules=replace(host.rules, **bare) if host.rules != NO_HOST_RULES else host.rules,
            )
            for host in hosts
        )
    return replace(question, rules=rules, hosts=hosts)


SETS = st.sets(
    st.sampled_from(
        [
            frozenset({Waivable.NOTICE}),
            frozenset({Waivable.WINDOW}),
            frozenset({Waivable.CAP}),
            frozenset({Waivable.HOURS, Waivable.GRID}),
            frozenset({Waivable.AWAY}),
            frozenset({Waivable.AHEAD}),
            frozenset({Waivable.BUSY, Waivable.BUFFER}),
        ]
    ),
    min_size=4,
).map(lambda sets: frozenset[Waivable]().union(*sets))


@settings(
    max_examples=30,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(questions(st.integers(1, 3)), SETS, st.data())
def test_naming_rules_offers_what_is_offered_without_them(
    question: Question, named: frozenset[Waivable], data: st.DataObject
) -> None:
    """X15: by a look at every minute, with the rules themselves taken away; and no rule is named in vain."""
    bare = without(question, named)
    found = offered(bare.rules, bare.hosts, bare.window, bare.now, bare.counted, bare.sessions, bare.pools)
    some = st.integers(bare.window[0], bare.window[1] - 1)
    start = data.draw(st.one_of(some, st.sampled_from([*found]) if found else some))

    waiver = ask(question, start, named)

    assert bool(waiver.hosts) == (start in found)
    assert set(waiver.hosts) <= set(found.get(start, ()))
    assert waiver.waived <= named
    assert not waiver.lacking & named
    if waiver.lacking:
        assert ask(question, start, named | waiver.lacking).hosts
    if waiver.waived:
        less = named - {next(iter(waiver.waived))}
        assert ask(question, start, less).waived != waiver.waived
    if not waiver.waived:
        slot = slot_at(
            question.rules,
            question.hosts,
            start,
            question.now,
            counted=question.counted,
            sessions=question.sessions,
            pools=question.pools,
        )
        assert waiver.hosts == (slot.hosts if slot else ())


@pytest.mark.parametrize(
    ("host", "start"),
    [
        pytest.param(make_host(own=(Own((at(9, 59), at(10))),)), at(9), id="a booking of a minute"),
        pytest.param(make_host(busy=Unknown(NOT_SHARING)), at(9), id="who does not share their time"),
        pytest.param(make_host(), minute_of(NOW) - 1, id="the past"),
    ],
)
def test_what_is_no_rule_of_the_page_is_never_waived(host: HostTime, start: int) -> None:
    teams = judge_teams(HOUR, [host], start, NOW)

    assert waive(teams, [host], (start, start + 60), NOW, EVERYTHING) == Waiver()


def test_full_session_is_never_waived_and_one_with_seats_is_joined_past_the_notice() -> None:
    rules, host = Rules(60, notice_minutes=9999), make_host(own=(Own((at(9), at(10))),))
    full, free = [
        judge_teams(rules, [host], at(9), NOW, sessions=[Session(at(9), at(10), left)]) for left in (0, 1)
    ]

    assert waive(full, [host], (at(9), at(10)), NOW, EVERYTHING) == Waiver()
    joined = waive(free, [host], (at(9), at(10)), NOW, EVERYTHING)
    assert joined == Waiver(("ada",), frozenset({Waivable.NOTICE}))


def test_only_a_booking_itself_keeps_its_time_where_the_buffer_is_waived() -> None:
    """D13."""
    rules = Rules(60, buffer_after_minutes=30)
    host = make_host(own=(Own((at(10), at(11))),))
    teams = judge_teams(rules, [host], at(9), NOW)

    assert waive(teams, [host], (at(9), at(10)), NOW, set()).lacking == {Waivable.BUFFER}
    assert waive(teams, [host], (at(9), at(10)), NOW, {Waivable.BUFFER}).hosts == ("ada",)


def test_nobody_is_booked_over_their_calendar_while_another_is_free() -> None:
    """D12: of those who can take it by what is named, those who need least."""
    rules = Rules(60, assignment=Assignment.ANY)
    morning = Hours("UTC", tuple(WeeklyWindow(day, 540, 600) for day in range(7)))
    hosts = [
        make_host("ada", busy=((at(10), at(11)),)),
        make_host("ben", hours=morning, busy=()),
        make_host("cy", hours=morning, busy=Unknown("away")),
    ]
    span = (at(10), at(11))
    teams = judge_teams(rules, hosts, at(10), NOW)

    assert waive(teams, hosts, span, NOW, EVERYTHING) == Waiver(("ben",), frozenset({Waivable.HOURS}))
    assert waive(teams, hosts, span, NOW, {Waivable.BUSY}).hosts == ("ada",)
    assert waive(teams, hosts, span, NOW, set()).lacking == {Waivable.HOURS}
    also = waive(teams, hosts, span, NOW, {Waivable.HOURS}, frozenset({Waivable.CAP}))
    assert also == Waiver(lacking=frozenset({Waivable.CAP}))

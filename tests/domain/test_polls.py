"""Polls: what is counted is what ballots say, and consensus is what all agree on who are required."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.ids import OrganizationId, PageId, PollId, UserId, VoterId
from domain.poll_closing import agreed, comers
from domain.polls import BallotAnswer, Option, OptionFull, Poll, PollSettings, Voter, recounted

NOW = datetime(2026, 3, 27, 12, tzinfo=UTC)
FIRST = NOW + timedelta(days=1)
LETTERS = {"y": BallotAnswer.YES, "i": BallotAnswer.IF_NEED_BE, "n": BallotAnswer.NO}
OPTIONS = 3


def poll_of(places: int | None = None, **said: object) -> Poll:
    """Make a poll of three options, a day apart."""
    starts = [FIRST + timedelta(days=number) for number in range(OPTIONS)]
    options = [
        Option(number, start, start + timedelta(hours=1), places) for number, start in enumerate(starts, 1)
    ]
    return Poll(
        id=PollId(UUID(int=1)),
        organization_id=OrganizationId(UUID(int=2)),
        page_id=PageId(UUID(int=3)),
        organizer_id=UserId(UUID(int=4)),
        settings=replace(PollSettings("Planning"), **said),
        zone="UTC",
        is_whole_days=False,
        options=tuple(options),
        version=1,
        revision=1,
        ballots=0,
        reminded=0,
        created_at=NOW,
    )


def voter(number: int, said: str | None, *, is_required: bool = False, email: str | None = None) -> Voter:
    """Make a voter who says a letter of each option, or has not voted."""
    answers = None if said is None else {at: LETTERS[each] for at, each in enumerate(said, 1)}
    id_ = VoterId(UUID(int=number))
    return Voter(id_, f"Voter {number}", email, "UTC", "en", is_required=is_required, answers=answers)


def counted(poll: Poll) -> list[tuple[int, int]]:
    return [(option.yes, option.if_need_be) for option in poll.options]


SAID = st.one_of(st.none(), st.text("yin", min_size=OPTIONS, max_size=OPTIONS))
BALLOTS = st.lists(st.tuples(st.integers(0, 4), SAID.filter(bool)), max_size=20)
VOTERS = st.lists(st.tuples(st.booleans(), SAID), max_size=6)


@settings(max_examples=60)
@given(BALLOTS, st.sampled_from([None, 1, 2]))
def test_what_is_counted_is_what_the_last_ballots_say(
    ballots: list[tuple[int, str]], places: int | None
) -> None:
    poll, last = poll_of(places), dict[int, Voter]()
    for number, said in ballots:
        after = voter(number, said)
        try:
            poll = recounted(poll, last.get(number), after)
        except OptionFull as full:
            held = [one for who, one in last.items() if who != number]
            come = [one for one in held if one.answer(full.number) is not BallotAnswer.NO]
            assert len(come) == places
            continue
        last[number] = after

    for at, option in enumerate(poll.options, 1):
        answers = [one.answer(at) for one in last.values()]
        assert (option.yes, option.if_need_be) == (
            answers.count(BallotAnswer.YES),
            answers.count(BallotAnswer.IF_NEED_BE),
        )
        assert places is None or option.yes + option.if_need_be <= places
    assert poll.ballots == len(last)


@settings(max_examples=100)
@given(VOTERS)
def test_consensus_is_what_nobody_refuses_who_is_required_the_best_first(
    people: list[tuple[bool, str | None]],
) -> None:
    voters = [voter(number, said, is_required=required) for number, (required, said) in enumerate(people)]
    required = [one for one in voters if one.is_required]
    optional = [one for one in voters if not one.is_required and one.answers is not None]

    found = agreed(poll_of(), voters, NOW)

    can = [
        number
        for number in range(1, OPTIONS + 1)
        if required and all(one.answers and one.answer(number) is not BallotAnswer.NO for one in required)
    ]

    def worth(number: int) -> list[int]:
        plain = sum(one.answer(number) is BallotAnswer.YES for one in required)
        yes = sum(one.answer(number) is BallotAnswer.YES for one in optional)
        maybe = sum(one.answer(number) is BallotAnswer.IF_NEED_BE for one in optional)
        return [plain, yes, maybe, -number]

    assert [option.number for option in found] == sorted(can, key=worth, reverse=True)


@pytest.mark.parametrize(
    ("people", "best"),
    [
        ([(True, "yyn"), (True, "nyy")], [2]),
        ([(True, "iyy"), (False, "yny")], [3, 2, 1]),
        ([(True, "yyy"), (False, "nny"), (False, None)], [3, 1, 2]),
        ([(True, "yyy"), (False, "nni")], [3, 1, 2]),
        ([(True, "yyy")], [1, 2, 3]),
        ([(True, "yyy"), (True, None)], []),
        ([(True, "ynn"), (True, "nyn")], []),
        ([(False, "yyy")], []),
    ],
)
def test_a_tie_is_broken_by_optional_voters_and_then_by_the_earliest(
    people: list[tuple[bool, str | None]], best: list[int]
) -> None:
    """D11."""
    voters = [voter(number, said, is_required=required) for number, (required, said) in enumerate(people)]

    assert [option.number for option in agreed(poll_of(), voters, NOW)] == best


def test_an_option_that_has_begun_is_not_agreed_on() -> None:
    voters = [voter(1, "yyy", is_required=True)]

    found = agreed(poll_of(), voters, FIRST)

    assert [option.number for option in found] == [2, 3]


def test_who_has_to_prove_an_address_counts_once_it_is_proved() -> None:
    poll, unproved = poll_of(asks_address=True), voter(1, "yyy", is_required=True, email="a@example.org")
    proved = replace(unproved, is_proved=True)

    before = recounted(poll, None, unproved)
    after = recounted(before, unproved, proved)

    assert (counted(before), before.ballots, agreed(before, [unproved], NOW)) == ([(0, 0)] * 3, 0, ())
    assert (counted(after), after.ballots, len(agreed(after, [proved], NOW))) == ([(1, 0)] * 3, 1, 3)


def test_those_come_who_can_and_who_are_required_each_address_once() -> None:
    voters = [
        voter(1, "ynn", email="a@example.org"),
        voter(2, "ynn", email="A+x@example.org"),
        voter(3, "inn"),
        voter(4, "nyy", email="d@example.org"),
        voter(5, None, is_required=True, email="e@example.org"),
        voter(6, None, email="f@example.org"),
    ]

    named = [one.id.int for one in comers(poll_of(), voters, 1)]
    hidden = [one.id.int for one in comers(poll_of(is_anonymous=True), voters, 1)]

    assert sorted(named) == [1, 3, 5]
    assert sorted(hidden) == [1, 3, 4, 5]


def test_nobody_sits_in_the_place_of_whose_address_they_gave() -> None:
    stranger = voter(1, "ynn", email="a@example.org")
    asked = replace(voter(2, "ynn", email="a@example.org"), is_invited=True)

    assert [one.id.int for one in comers(poll_of(), [stranger, asked], 1)] == [2]

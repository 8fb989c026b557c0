"""A server that fails whoever asks is left in peace for a while, and looked at by one caller at a time."""

import logging
from datetime import timedelta

import pytest

from domain.calendars import CalendarConnection, ConnectionState, Provider
from domain.ids import ConnectionId, OrganizationId, UserId
from integrations.ports import Expired, Permanent, ProviderFailed, Revoked, Transient
from services.outages import Outages
from storage.base import new_id
from tests.calendars import NOW, TurnedClock

DOWN = Transient("provider_error", is_outage=True)


def connection(
    provider: Provider = Provider.GOOGLE, url: str = "https://www.googleapis.com"
) -> CalendarConnection:
    """Make a connection to somebody's account."""
    return CalendarConnection(
        id=ConnectionId(new_id()),
        organization_id=OrganizationId(new_id()),
        user_id=UserId(new_id()),
        provider=provider,
        label="Work",
        url=url,
        state=ConnectionState.CONNECTED,
        failing_since=None,
        failure=None,
        created_at=NOW,
        version=1,
    )


THREE = tuple(connection() for _ in range(3))
ANOTHER = connection()


@pytest.fixture
def clock() -> TurnedClock:
    """Give a clock that stands still."""
    return TurnedClock()


@pytest.fixture
def outages(clock: TurnedClock) -> Outages:
    """Give the outages of a process in which nothing failed yet."""
    return Outages(clock)


def fail(outages: Outages, times: int, failure: ProviderFailed = DOWN) -> None:
    """Let calls over three connections fail, in turn."""
    for number in range(times):
        outages.failed(THREE[number % 3], failure)


def fail_among_answers(outages: Outages) -> None:
    """Let each third of eighteen calls fail."""
    for number in range(6):
        outages.failed(THREE[number % 3], DOWN)
        outages.answered(ANOTHER)
        outages.answered(ANOTHER)


def fail_once_more(outages: Outages, clock: TurnedClock) -> float:
    """Wait until somebody may look, who looks in vain; the seconds that it took."""
    start = clock.now
    while not outages.lets_ask(ANOTHER):
        clock.turn(seconds=1)
    outages.failed(ANOTHER, DOWN)
    return (clock.now - start) / timedelta(seconds=1)


def test_five_failures_over_three_accounts_within_half_a_minute_are_an_outage(
    outages: Outages, clock: TurnedClock
) -> None:
    """Case 189: everybody's times are shown without asking; those of another provider are not touched."""
    fail(outages, 4)
    before = outages.lets_ask(ANOTHER)
    clock.turn(seconds=29)
    fail(outages, 1)

    assert before
    assert not outages.lets_ask(ANOTHER)
    assert outages.lets_ask(connection(Provider.ZOOM, "https://api.zoom.us"))


def test_one_account_alone_and_what_is_long_past_are_none(outages: Outages, clock: TurnedClock) -> None:
    [outages.failed(ANOTHER, DOWN) for _ in range(20)]
    clock.turn(seconds=31)
    fail(outages, 4)

    assert outages.lets_ask(ANOTHER)


def test_few_failures_among_many_answers_are_none(outages: Outages) -> None:
    fail_among_answers(outages)

    assert outages.lets_ask(ANOTHER)


@pytest.mark.parametrize(
    "failure",
    [
        Revoked("grant_ended"),
        Expired("token_refused"),
        Permanent("forbidden"),
        Transient("throttled", 30),
        Transient("renewing"),
    ],
)
def test_what_is_refused_to_an_account_says_nothing_of_the_server(
    outages: Outages, failure: ProviderFailed
) -> None:
    """401, 403, 429, and what is our own."""
    fail(outages, 20, failure)

    assert outages.lets_ask(ANOTHER)


def test_one_caller_looks_when_the_pause_is_over_and_ends_it_for_all(
    outages: Outages, clock: TurnedClock
) -> None:
    fail(outages, 5)
    clock.turn(seconds=5)
    looks = [outages.lets_ask(one) for one in THREE]

    outages.answered(THREE[0])

    assert looks == [True, False, False]
    assert all(outages.lets_ask(one) for one in THREE)


def test_pauses_grow_while_it_fails_up_to_a_minute(outages: Outages, clock: TurnedClock) -> None:
    fail(outages, 5)

    waited = [fail_once_more(outages, clock) for _ in range(6)]

    assert waited == [5, 10, 20, 40, 60, 60]


def test_look_that_never_comes_back_leaves_the_next_one_to_another(
    outages: Outages, clock: TurnedClock
) -> None:
    fail(outages, 5)
    clock.turn(seconds=5)
    looks = [outages.lets_ask(ANOTHER), outages.lets_ask(ANOTHER)]
    clock.turn(seconds=5)

    assert [*looks, outages.lets_ask(ANOTHER)] == [True, False, True]


def test_booking_that_fails_meanwhile_does_not_prolong_it_and_one_that_is_answered_ends_it(
    outages: Outages, clock: TurnedClock
) -> None:
    """D03: a booking always tries."""
    fail(outages, 5)
    clock.turn(seconds=4)
    outages.failed(ANOTHER, DOWN)
    clock.turn(seconds=1)
    not_prolonged = outages.lets_ask(ANOTHER)

    outages.answered(THREE[1])

    assert not_prolonged
    assert outages.lets_ask(ANOTHER)


def test_servers_that_people_named_themselves_stand_each_for_itself(outages: Outages) -> None:
    home = [connection(Provider.CALDAV, "https://home.example.com/dav/1") for _ in range(3)]

    [outages.failed(one, DOWN) for one in home * 2]

    assert not outages.lets_ask(connection(Provider.CALDAV, "https://home.example.com/dav/2"))
    assert outages.lets_ask(connection(Provider.CALDAV, "https://work.example.com/dav/1"))


def test_operator_reads_when_it_begins_and_when_it_is_over(
    outages: Outages, clock: TurnedClock, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "slotgraph.outages"):
        fail(outages, 9)
        clock.turn(seconds=5)
        outages.lets_ask(ANOTHER)
        outages.failed(ANOTHER, DOWN)
        outages.answered(ANOTHER)

    said = [(record.message, vars(record)["provider"]) for record in caplog.records]
    assert said == [("provider_failing", "google"), ("provider_answers", "google")]


def test_server_that_nobody_asks_any_more_is_forgotten(outages: Outages, clock: TurnedClock) -> None:
    """Whose connections have ended, say; one that is still asked keeps its outage."""
    gone = [connection(Provider.CALDAV, f"https://dav{number}.example.com") for number in range(5)]
    for one in gone:
        outages.failed(one, DOWN)
    fail(outages, 5)
    before = len(outages)

    clock.turn(minutes=9)
    outages.failed(THREE[0], DOWN)
    clock.turn(minutes=1)
    outages.failed(THREE[0], DOWN)

    assert (before, len(outages)) == (6, 1)
    assert [outages.lets_ask(ANOTHER), outages.lets_ask(ANOTHER)] == [True, False]

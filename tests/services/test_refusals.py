"""A token that is refused though it was just renewed is doubted for a while; many ended connections alarm."""

import logging

import pytest

from domain.calendars import CalendarConnection, ConnectionState, Provider
from domain.ids import ConnectionId, OrganizationId, UserId
from services.refusals import Refusals
from storage.base import new_id
from tests.calendars import NOW, TurnedClock

ID = ConnectionId(new_id())


@pytest.fixture
def clock() -> TurnedClock:
    """Give a clock that stands still."""
    return TurnedClock()


@pytest.fixture
def refusals(clock: TurnedClock) -> Refusals:
    """Give the refusals of a process that has seen none yet."""
    return Refusals(clock)


def refused_every(refusals: Refusals, clock: TurnedClock, minutes: int, times: int) -> list[bool]:
    """Let renewed tokens be refused so often; whether each time it was meant."""
    found: list[bool] = []
    for _ in range(times):
        found.append(refusals.lasts(ID))
        clock.turn(minutes=minutes)
    return found


def end(refusals: Refusals, provider: Provider, count: int) -> None:
    """Let connections to a provider end, which their users have to open again."""
    for _ in range(count):
        refusals.ended(
            CalendarConnection(
                id=ConnectionId(new_id()),
                organization_id=OrganizationId(new_id()),
                user_id=UserId(new_id()),
                provider=provider,
                label="Work",
                url="https://www.googleapis.com",
                state=ConnectionState.NEEDS_RECONNECTION,
                failing_since=NOW,
                failure="grant_ended",
                created_at=NOW,
                version=2,
            )
        )


def alarms(caplog: pytest.LogCaptureFixture) -> list[tuple[str, int]]:
    """List the alarms: provider and count."""
    said = [vars(record) for record in caplog.records if record.levelno == logging.ERROR]
    return [(one["provider"], one["count"]) for one in said if one["msg"] == "many_connections_refused"]


def test_refusal_is_meant_when_it_goes_on_for_a_quarter_of_an_hour(
    refusals: Refusals, clock: TurnedClock
) -> None:
    assert refused_every(refusals, clock, minutes=5, times=4) == [False, False, False, True]


def test_token_that_is_taken_meanwhile_ends_the_doubt(refusals: Refusals, clock: TurnedClock) -> None:
    refused_every(refusals, clock, minutes=7, times=2)
    refusals.taken(ID)

    assert refused_every(refusals, clock, minutes=1, times=2) == [False, False]


def test_refusal_of_long_ago_is_no_beginning(refusals: Refusals, clock: TurnedClock) -> None:
    assert refused_every(refusals, clock, minutes=121, times=3) == [False, False, False]


def test_many_ended_connections_of_a_provider_alarm_once(
    refusals: Refusals, clock: TurnedClock, caplog: pytest.LogCaptureFixture
) -> None:
    end(refusals, Provider.GOOGLE, 4)
    end(refusals, Provider.ZOOM, 1)
    before = alarms(caplog)
    end(refusals, Provider.GOOGLE, 9)
    once = alarms(caplog)
    clock.turn(minutes=11)
    end(refusals, Provider.GOOGLE, 4)
    after = alarms(caplog)
    end(refusals, Provider.GOOGLE, 1)

    assert before == []
    assert once == after == [("google", 5)]
    assert alarms(caplog) == [("google", 5), ("google", 5)]


def test_connections_that_end_now_and_then_are_told_one_by_one(
    refusals: Refusals, clock: TurnedClock, caplog: pytest.LogCaptureFixture
) -> None:
    end(refusals, Provider.GOOGLE, 3)
    clock.turn(minutes=11)
    end(refusals, Provider.GOOGLE, 3)

    assert alarms(caplog) == []
    assert [record.message for record in caplog.records] == ["connection_refused"] * 6


def test_connection_that_nobody_asks_any_more_is_forgotten(refusals: Refusals, clock: TurnedClock) -> None:
    """It has ended, say; of one that goes on being refused the doubt goes on."""
    for _ in range(5):
        refusals.lasts(ConnectionId(new_id()))
    meant = refused_every(refusals, clock, minutes=61, times=3)

    assert len(refusals) == 1
    assert meant == [False, True, True]

"""Waiting for many by one timer, and the seats that open connections hold."""

import asyncio
from dataclasses import replace

import pytest

from app.http.limits import DoorRules
from app.http.patience import Patience
from app.http.responses import Refused
from app.http.seats import Seats

pytestmark = pytest.mark.anyio


async def test_who_is_waited_for_in_vain_is_given_up_in_the_order_of_beginning() -> None:
    given_up: list[str] = []
    all_are = asyncio.Event()

    def give_up(who: str) -> None:
        given_up.append(who)
        if who == "a":
            all_are.set()

    patience = Patience(0.01, give_up)
    for who in ("a", "b", "c", "d"):
        patience.begin(who)
    patience.end("c")
    patience.begin("a")
    await all_are.wait()

    assert given_up == ["b", "d", "a"]
    assert "a" not in patience


def test_a_process_has_so_many_seats_and_no_more_whoever_comes() -> None:
    seats = Seats(replace(DoorRules(), streams_per_process=2))
    taken = [seats.at_address("192.0.2.1"), seats.at_address("192.0.2.2")]
    for seat in taken:
        seat.take()

    with pytest.raises(Refused) as refused:
        seats.at_address("192.0.2.3").take()
    taken[0].give_back()
    seats.at_address("192.0.2.3").take()

    assert refused.value.status == 429

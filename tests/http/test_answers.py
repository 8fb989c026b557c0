"""Known requests and the answers kept with them take no more memory than their bounds, whatever is sent."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.http.answers import KnownRequests, Planned
from app.http.execution import Kind
from app.http.limits import DoorRules
from app.http.operations import Operations
from app.http.request import Asked
from app.http.responses import Refused
from domain.errors import TooMany
from domain.standing import Standing
from resolvers.root import schema
from tests.http.example import Context, World

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 11, 26, tzinfo=UTC)


async def admit(_: object, cost: int, kind: Kind) -> None:
    """Let everybody in."""
    del cost, kind


def planned(slug: str) -> Planned:
    """Plan a request for a page by a document of its own."""
    asked = Asked(f'{{ bookingPage(slug: "{slug}") {{ name }} }}', None, {})
    return Operations(schema, DoorRules(), admit).plan(asked, Context(World(), "guest", is_guest=True))


def standing() -> Standing[Any]:
    """Give something that stands."""
    return Standing(None, NOW + timedelta(minutes=1), lambda: NOW)


def known(requests: KnownRequests, count: int) -> list[Planned]:
    """Let requests become known, one after the other."""
    plans = [planned(f"ada/{number}") for number in range(count)]
    for number, plan in enumerate(plans):
        requests.keep(b"%d" % number, plan, is_guest=True)
    return plans


def test_known_requests_hold_on_to_documents_of_so_many_tokens_at_most() -> None:
    tokens = planned("ada/0").document.tokens
    requests = KnownRequests(most_tokens=3 * tokens)

    known(requests, 5)

    assert [requests.find(b"%d" % number, is_guest=True) is not None for number in range(5)] == [
        False, False, True, True, True,
    ]  # fmt: skip


def test_a_document_counts_once_for_all_requests_that_it_serves() -> None:
    plan = planned("ada/0")
    requests = KnownRequests(most_tokens=plan.document.tokens)

    for number in range(5):
        requests.keep(b"%d" % number, plan, is_guest=True)

    assert all(requests.find(b"%d" % number, is_guest=True) for number in range(5))


def test_answers_take_so_many_bytes_at_most_and_the_least_recently_given_go() -> None:
    requests = KnownRequests(most_bytes=1_600)
    plans = known(requests, 20)
    for plan in plans[:16]:
        requests.keep_answer(plan, b"x" * 100, [standing()])
    requests.answer_to(plans[0])

    for plan in plans[16:]:
        requests.keep_answer(plan, b"x" * 100, [standing()])

    assert [requests.answer_to(plan) is not None for plan in plans] == [True, *[False] * 4, *[True] * 15]


def test_an_answer_that_would_take_much_of_the_room_is_not_kept() -> None:
    requests = KnownRequests(most_bytes=1_600)
    [plan] = known(requests, 1)

    requests.keep_answer(plan, b"x" * 101, [standing()])

    assert requests.answer_to(plan) is None


def test_an_answer_that_does_not_stand_gives_its_room_back() -> None:
    requests = KnownRequests(most_bytes=1_600)
    plans = known(requests, 32)
    for plan in plans[:16]:
        dropped = standing()
        requests.keep_answer(plan, b"x" * 100, [dropped])
        dropped.drop()

    assert not any(requests.answer_to(plan) for plan in plans[:16])
    for plan in plans[16:]:
        requests.keep_answer(plan, b"x" * 100, [standing()])
    assert all(requests.answer_to(plan) for plan in plans[16:])


def test_the_answer_of_a_request_that_is_not_known_is_not_kept() -> None:
    requests = KnownRequests(most=1)
    first, second = known(requests, 2)

    for plan in (first, second):
        requests.keep_answer(plan, b"{}", [standing()])

    assert (requests.answer_to(first), requests.answer_to(second)) == (None, b"{}")


async def test_whoever_has_nothing_left_to_spend_makes_no_request_known(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kept: list[bytes] = []

    def keep(_: KnownRequests, body: bytes, planned: Planned, *, is_guest: bool) -> None:
        del planned, is_guest
        kept.append(body)

    async def refuse(_: object, cost: int, kind: Kind) -> None:
        del cost, kind
        raise TooMany(1)

    monkeypatch.setattr(KnownRequests, "keep", keep)
    guest = Context(World(), "guest", is_guest=True)
    body = b'{"query": "{ __typename }"}'

    with pytest.raises(Refused):
        await Operations(schema, DoorRules(), refuse).answer_to(body, guest)
    assert kept == []
    await Operations(schema, DoorRules(), admit).answer_to(body, guest)
    assert kept == [body]

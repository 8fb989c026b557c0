"""Documents that are known before they are sent: by name, and for guests no others (case 92)."""

from collections.abc import Generator
from hashlib import sha256
from typing import Any

import httpx
import pytest

from app.http.limits import DoorRules
from tests.http.conftest import Door, serving
from tests.serving import TLS

KNOWN = 'query Known($name: String! = "you") { hello(name: $name) }'
UNKNOWN = "{ hello }"
ID = sha256(KNOWN.encode()).hexdigest()
OTHER_ID = sha256(UNKNOWN.encode()).hexdigest()
AS_SOMEBODY = {"Authorization": "ada"}


@pytest.fixture(scope="module")
def lenient() -> Generator[Door]:
    with serving(DoorRules(trusted_documents=(KNOWN,))) as door:
        yield door


@pytest.fixture(scope="module")
def strict() -> Generator[Door]:
    with serving(DoorRules(trusted_documents=(KNOWN,), guests_only_trusted=True)) as door:
        yield door


def send(door: Door, body: object, headers: dict[str, str] | None = None) -> dict[str, Any]:
    return httpx.post(door.url, json=body, headers=headers, trust_env=False, verify=TLS).json()


def code_of(answer: dict[str, Any]) -> str:
    return answer["errors"][0]["extensions"]["code"]


@pytest.mark.parametrize(
    "named",
    [
        pytest.param({"documentId": f"sha256:{ID}"}, id="by documentId"),
        pytest.param({"documentId": ID.upper()}, id="by a bare digest"),
        pytest.param(
            {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": ID}}}, id="as Apollo does"
        ),
        pytest.param({"documentId": f"sha256:{ID}", "query": KNOWN}, id="with its text beside it"),
        pytest.param({"query": KNOWN}, id="by its text"),
    ],
)
def test_a_known_document_is_run_by_whatever_names_it(strict: Door, named: dict[str, object]) -> None:
    answer = send(strict, {**named, "variables": {"name": "Ada"}})

    assert answer["data"] == {"hello": "Hello Ada"}


def test_guests_run_no_document_that_is_not_known(strict: Door) -> None:
    answer = send(strict, {"query": UNKNOWN})
    named = send(strict, {"query": UNKNOWN, "documentId": f"sha256:{OTHER_ID}"})

    assert (code_of(answer), "data" in answer) == ("PERSISTED_QUERY_NOT_FOUND", False)
    assert code_of(named) == "PERSISTED_QUERY_NOT_FOUND"


def test_those_who_are_signed_in_may_send_any_document(strict: Door) -> None:
    assert send(strict, {"query": UNKNOWN}, AS_SOMEBODY)["data"] == {"hello": "Hello world"}


def test_where_guests_may_send_any_document_a_name_alone_must_be_known(lenient: Door) -> None:
    """Clients that send a name first then send the text with it."""
    missing = send(lenient, {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": OTHER_ID}}})
    sent = send(
        lenient,
        {"query": UNKNOWN, "extensions": {"persistedQuery": {"version": 1, "sha256Hash": OTHER_ID}}},
    )

    assert code_of(missing) == "PERSISTED_QUERY_NOT_FOUND"
    assert sent["data"] == {"hello": "Hello world"}


@pytest.mark.parametrize("name", [f"sha256:{ID}", "sha256:", "x" * 10_000])
def test_a_name_that_is_not_the_texts_own_is_refused(lenient: Door, name: str) -> None:
    answer = send(lenient, {"query": UNKNOWN, "documentId": name})

    assert (code_of(answer), "data" in answer) == ("BAD_USER_INPUT", False)


def test_a_known_document_is_held_to_the_limits_of_its_caller(strict: Door) -> None:
    broken = send(strict, {"documentId": f"sha256:{ID}", "variables": {"name": 5}})

    assert code_of(broken) == "BAD_USER_INPUT"

"""The test vectors: every one exact."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from app.cases import answer
from domain.errors import InvalidInput

VECTORS = Path(__file__).parent / "vectors"
CASES: list[dict[str, Any]] = [
    case for name in ("slots", "hours") for case in json.loads((VECTORS / f"{name}.json").read_text())
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_offers_exactly_the_expected_starts(case: dict[str, Any]) -> None:
    """D13, D15, D16, X06, X17; long answers are expected by number, ends and sum."""
    starts = answer([case])[case["id"]]

    told = {
        "slots": starts,
        "count": len(starts),
        "first": next(iter(starts), None),
        "last": next(reversed(starts), None),
        "sha256": hashlib.sha256("\n".join(starts).encode()).hexdigest(),
    }
    assert {form: told[form] for form in case["expect"]} == case["expect"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        pytest.param({"hosts": [{**CASES[0]["hosts"][0], "tz": "Mars/Olympus"}]}, "hosts", id="unknown zone"),
        pytest.param({"hosts": {}}, "hosts", id="hosts that are no list"),
        pytest.param({"hosts": []}, "hosts", id="no hosts"),
        pytest.param({"now": "9999-12-31T23:59-23:59"}, "now", id="a now that is not read"),
        pytest.param({"now": "9999-12-31T23:59Z"}, "query", id="a now in no year of ours"),
        pytest.param({"now": 5}, "now", id="a now that is a number"),
        pytest.param({"query": {"start": "2026-06-15T00:00Z"}}, "query", id="half a question"),
        pytest.param(
            {"query": {"start": "0001-01-01T00:00Z", "end": "9999-01-01T00:00Z"}}, "query", id="all of time"
        ),
        pytest.param({"page": {"duration_min": "60"}}, "page", id="a number in quotes"),
        pytest.param({"page": {"duration_min": True}}, "page", id="a truth for a number"),
        pytest.param({"page": {"duration_min": 60, "caps": {"per_decade": 3}}}, "page", id="unknown cap"),
        pytest.param({"page": {"duration_min": 60, "window": {"kind": "moon"}}}, "page", id="unknown window"),
        pytest.param({"mode": "some"}, "page", id="unknown mode"),
    ],
)
def test_a_case_that_cannot_be_read_is_refused_by_id_and_field(change: dict[str, Any], field: str) -> None:
    case = {**CASES[0], **change}

    with pytest.raises(InvalidInput) as refused:
        answer([case])

    assert refused.value.path[:2] == (CASES[0]["id"], field)
    assert CASES[0]["id"] in refused.value.message


def test_a_case_without_an_id_is_refused_by_its_number() -> None:
    with pytest.raises(InvalidInput) as refused:
        answer([CASES[0], {"page": {}}])

    assert refused.value.path == ("1", "id")


def test_two_cases_of_one_id_are_refused() -> None:
    with pytest.raises(InvalidInput) as refused:
        answer([CASES[0], CASES[0]])

    assert refused.value.path == (CASES[0]["id"], "id")

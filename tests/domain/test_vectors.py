"""The test vectors: every one exact."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from app.cases import answer
from domain.errors import InvalidInput

CASES: list[dict[str, Any]] = json.loads((Path(__file__).parent / "vectors" / "slots.json").read_text())


@pytest.mark.parametrize("case", [case for case in CASES if "slots" in case["expect"]], ids=lambda c: c["id"])
def test_offers_exactly_the_expected_starts(case: dict[str, Any]) -> None:
    """D13, D15, D16."""
    assert answer([case]) == {case["id"]: case["expect"]["slots"]}


@pytest.mark.parametrize("case", [case for case in CASES if "count" in case["expect"]], ids=lambda c: c["id"])
def test_offers_exactly_the_expected_number_with_the_expected_sum(case: dict[str, Any]) -> None:
    """D13, D15, D16."""
    starts = answer([case])[case["id"]]

    assert (len(starts), starts[0], starts[-1]) == (
        case["expect"]["count"],
        case["expect"]["first"],
        case["expect"]["last"],
    )
    assert hashlib.sha256("\n".join(starts).encode()).hexdigest() == case["expect"]["sha256"]


def test_a_case_that_cannot_be_read_is_refused_by_id_and_field() -> None:
    case = {**CASES[0], "hosts": [{**CASES[0]["hosts"][0], "tz": "Mars/Olympus"}]}

    with pytest.raises(InvalidInput) as refused:
        answer([case])

    assert refused.value.path[:2] == (CASES[0]["id"], "hosts")

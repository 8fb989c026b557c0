"""The test vectors: every one exact."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from app.cases import answer
from domain.errors import InvalidInput

CASES: list[dict[str, Any]] = json.loads((Path(__file__).parent / "vectors" / "slots.json").read_text())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_offers_exactly_the_expected_starts(case: dict[str, Any]) -> None:
    """D13, D15, D16; long answers are expected by number, ends and sum."""
    starts = answer([case])[case["id"]]

    told = {
        "slots": starts,
        "count": len(starts),
        "first": next(iter(starts), None),
        "last": next(reversed(starts), None),
        "sha256": hashlib.sha256("\n".join(starts).encode()).hexdigest(),
    }
    assert {form: told[form] for form in case["expect"]} == case["expect"]


def test_a_case_that_cannot_be_read_is_refused_by_id_and_field() -> None:
    case = {**CASES[0], "hosts": [{**CASES[0]["hosts"][0], "tz": "Mars/Olympus"}]}

    with pytest.raises(InvalidInput) as refused:
        answer([case])

    assert refused.value.path[:2] == (CASES[0]["id"], "hosts")

"""What is not supported is public, and the document says the same."""

import re
from pathlib import Path

import pytest

from tests.installation import Installation

pytestmark = pytest.mark.anyio
DOCUMENT = Path(__file__).parents[2] / "docs" / "limits.md"


async def test_the_list_is_there_for_everybody_and_matches_the_document(house: Installation) -> None:
    """R140: codes and sentences, in the document's order, for a guest."""
    rows = re.findall(r"^\| `(\w+)` \| (.*) \|$", DOCUMENT.read_text(), re.MULTILINE)

    limits = (await house.ask("{ limits { code sentence } }"))["limits"]

    assert [one["code"] for one in limits] == [code for code, _ in rows]
    assert [said[: len(one["sentence"])] for one, said in zip(limits, said_by(rows), strict=True)] == [
        one["sentence"] for one in limits
    ]


def said_by(rows: list[tuple[str, str]]) -> list[str]:
    """Give what each row says, without references to other documents."""
    return [re.sub(r" \(\[[^\]]*\]\([^)]*\)\)", "", text) for _, text in rows]

"""CSV: each cell is the text that somebody wrote, and none is a formula."""

import csv
import io

import pytest

from domain.spreadsheets import sheet

HOSTILE = [
    "=1+1",
    "+81 90 1234",
    "-2",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "  =1",
    "\uff1dHYPERLINK()",
    "|cmd",
    "\x00=1",
    "%0A",
]
PLAIN = ["Bea", 'say "hi", you', "two\nlines", "", "a=b", "'quoted"]


@pytest.mark.parametrize("text", HOSTILE)
def test_what_looks_like_a_formula_is_text(text: str) -> None:
    """Case 121."""
    [[cell]] = csv.reader(io.StringIO(sheet([[text]]), newline=""))

    assert cell == "'" + text.replace("\x00", "")


def test_everything_else_is_as_it_was_written() -> None:
    """RFC 4180: lines end in CR LF, and quotes are doubled."""
    written = sheet([PLAIN, PLAIN])

    assert list(csv.reader(io.StringIO(written, newline=""))) == [PLAIN, PLAIN]
    assert '"say ""hi"", you"' in written
    assert written.endswith("\r\n")

"""CSV that opens safely in a spreadsheet: RFC 4180, and no cell in it is a formula (case 121)."""

import csv
import io
from collections.abc import Iterable, Sequence

# What spreadsheets take for the beginning of a formula, the wide forms of East Asian keyboards among it.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20", "|", "%")


def sheet(rows: Iterable[Sequence[str]]) -> str:
    """Write rows as CSV, each cell as text."""
    written = io.StringIO()
    csv.writer(written, lineterminator="\r\n").writerows([_text(cell) for cell in row] for row in rows)
    return written.getvalue()


def _text(cell: str) -> str:
    """Give a cell that no spreadsheet reads as a formula, which is what an apostrophe before it says."""
    plain = cell.replace("\x00", "")
    return f"'{plain}" if plain.lstrip().startswith(_FORMULA) or plain.startswith(_FORMULA) else plain

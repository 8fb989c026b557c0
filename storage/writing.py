"""Rows of several tables, written by one statement: one round trip, whatever a change leaves behind.

Each kind of write is a data-modifying CTE over its rows, which come as JSON documents. Foreign keys are
looked at when the statement ends, so rows may refer to each other in any order. But no part sees what
another one writes: a row is written once in a statement, and a check that needs an earlier write to be
visible needs a statement of its own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

import orjson

from storage.postgres import Driver

Row = Mapping[str, object]
"""A row by column, with values as orjson writes them; `binary` and `during` give those that it cannot."""


@dataclass(frozen=True, slots=True, eq=False)
class Write:
    """One kind of write: its name, the table its rows look like, and what is done with `{rows}`.

    The statement ends in `RETURNING 1`, so that what was written can be counted.
    """

    name: str
    table: str
    statement: str


async def write(driver: Driver, rows: Mapping[Write, Sequence[Row]]) -> dict[Write, int]:
    """Write all rows in one statement, and say how many of each kind were written."""
    kinds = tuple(kind for kind, of_kind in rows.items() if of_kind)
    if not kinds:
        return {}
    counts = await driver.fetchrow(statement_of(kinds), *documents_of(kinds, rows))
    return {kind: counts[kind.name] if counts else 0 for kind in kinds}


@lru_cache(maxsize=100)
def statement_of(kinds: tuple[Write, ...]) -> str:
    """Put the statement together that writes rows of these kinds; `$1` has the first one's rows."""
    parts = [
        f"{kind.name} AS ({kind.statement.format(rows=_rows(kind.table, number))})"
        for number, kind in enumerate(kinds, 1)
    ]
    counts = [f"(SELECT count(*) FROM {kind.name}) AS {kind.name}" for kind in kinds]  # noqa: S608 -- our names
    return f"WITH {', '.join(parts)} SELECT {', '.join(counts)}"


def documents_of(kinds: Sequence[Write], rows: Mapping[Write, Sequence[Row]]) -> list[list[str]]:
    """Give the rows of these kinds as the arguments of their statement."""
    return [[orjson.dumps(row, default=str).decode() for row in rows[kind]] for kind in kinds]


def binary(value: bytes) -> str:
    """Give bytes as PostgreSQL reads them from text."""
    return f"\\x{value.hex()}"


def during(start: datetime, end: datetime) -> str:
    """Give a half-open interval as PostgreSQL reads it from text."""
    return f"[{start.isoformat()},{end.isoformat()})"


def _rows(table: str, number: int) -> str:
    # The planner counts what is in an array: for few rows it then chooses an index.
    documents = f"unnest(${number}::jsonb[]) AS given_{number} (document)"
    return f"{documents}, jsonb_populate_record(NULL::{table}, given_{number}.document)"

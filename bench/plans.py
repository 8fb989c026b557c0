"""Statements as our code sends them, and how PostgreSQL would find what they ask for."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from storage.postgres import Connection

_PLANNED = ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")
_OF_NO_TABLE = ("pg_catalog", "'jit'", "pg_advisory")  # the driver's own questions, and locks


@dataclass
class Sent:
    """Every statement that an engine's connections have sent since this listens, with its arguments."""

    engine: AsyncEngine
    statements: list[tuple[str, tuple[Any, ...]]] = field(default_factory=list[tuple[str, tuple[Any, ...]]])

    def __post_init__(self) -> None:
        """Listen; to be made before the engine's first connection."""
        event.listen(self.engine.sync_engine, "connect", self._listen)
        event.listen(self.engine.sync_engine, "before_cursor_execute", self._note_core)

    def _listen(self, connection: Any, _: object) -> None:
        connection.driver_connection.add_query_logger(self._note_driver)

    def _note_driver(self, query: Any) -> None:
        self._note(query.query, query.args)

    def _note_core(self, *told: Any) -> None:
        """Note what SQLAlchemy prepares by itself, of which the driver tells nothing."""
        _, _, statement, arguments, _, is_many = told
        self._note(statement, arguments[0] if is_many else arguments)

    def _note(self, statement: str, arguments: tuple[Any, ...]) -> None:
        if statement.lstrip().startswith(_PLANNED) and not any(word in statement for word in _OF_NO_TABLE):
            self.statements.append((statement, arguments))

    async def scanned(self) -> set[str]:
        """Name the tables that what was sent so far reads from end to end, and forget what was sent.

        Each statement is planned for the arguments it was sent with.
        """
        sent, self.statements = self.statements, []
        found: set[str] = set()
        connection = await Connection.open(self.engine)
        try:
            for statement, arguments in sent:
                rows = await connection.driver.fetch(f"EXPLAIN (FORMAT JSON) {statement}", *arguments)
                found |= set(_scans(rows[0]["QUERY PLAN"]))
        finally:
            await connection.close()
        self.statements = []
        return found


def _scans(plan: Any) -> Iterator[str]:
    match plan:
        case {"Node Type": "Seq Scan", "Relation Name": str(table)}:
            yield table
        case {**parts}:
            for part in parts.values():
                yield from _scans(part)
        case [*parts]:
            for part in parts:
                yield from _scans(part)
        case _:
            return

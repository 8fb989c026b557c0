"""The PostgreSQL driver beneath SQLAlchemy, typed as we use it: for statements that hot paths send as text.

What SQLAlchemy's core adds to a statement (building it, its cache key, a greenlet, its rows) costs several
times what the statement itself does. Connections, their pool and all other statements stay SQLAlchemy's; a
statement sent here is in the same transaction as one sent there.
"""

from collections.abc import Sequence
from typing import Any, Protocol, cast

import asyncpg
from asyncpg.exceptions import ExclusionViolationError as ExclusionViolated
from sqlalchemy.ext.asyncio import AsyncConnection

__all__ = ["Driver", "DriverFailed", "ExclusionViolated", "Record", "driver_of"]

# What the driver itself raises where SQLAlchemy raises DBAPIError; the last one is what it says when it is
# asked for more after the server has gone in the middle of an answer.
DriverFailed = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)


class Record(Protocol):
    """A row, the driver's own or one of SQLAlchemy's `mappings()`."""

    def __getitem__(self, column: str, /) -> Any:
        """Give the value of a column."""
        ...


class Driver(Protocol):
    """One connection. Arguments are numbered `$1`, `$2` in a statement, and prepared once per connection.

    JSON arguments are given as text and come back as what they say.
    """

    async def execute(self, query: str, *, timeout: float | None = None) -> str:
        """Send statements, several in one round trip; say the last one's tag, such as COMMIT."""
        ...

    async def fetch(self, query: str, *args: object) -> Sequence[Record]:
        """Send one statement and give its rows."""
        ...

    async def fetchrow(self, query: str, *args: object) -> Record | None:
        """Send one statement and give its first row."""
        ...

    def is_in_transaction(self) -> bool:
        """Say whether a transaction is open, or has failed and waits for its end."""
        ...

    def is_closed(self) -> bool:
        """Say whether the server is gone, as far as it is known."""
        ...


def driver_of(connection: AsyncConnection) -> Driver:
    """Give the driver's connection beneath one that is open."""
    opened = connection.sync_connection
    if opened is None:
        raise RuntimeError("A connection that was not opened has no driver.")
    return cast("Driver", opened.connection.driver_connection)

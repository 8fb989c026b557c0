"""The PostgreSQL driver beneath SQLAlchemy, typed as we use it: for statements that hot paths send as text.

What SQLAlchemy's core adds to a statement (building it, its cache key, a greenlet, its rows) costs several
times what the statement itself does. The pool of connections and all other statements stay SQLAlchemy's; a
statement sent here is in the same transaction as one sent there.
"""

from collections.abc import Sequence
from typing import Any, Protocol, cast

import asyncpg
from asyncpg.exceptions import ExclusionViolationError as ExclusionViolated
from sqlalchemy import Connection as SqlAlchemyConnection
from sqlalchemy.dialects.postgresql.asyncpg import AsyncAdapt_asyncpg_dbapi
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.pool import PoolProxiedConnection

__all__ = ["Connection", "Driver", "DriverFailed", "ExclusionViolated", "Record"]

# What is raised where SQLAlchemy's connections raise DBAPIError. The third is what the driver says when it is
# asked for more after the server has gone in the middle of an answer, the last one what the pool says when
# the server refuses a new connection.
DriverFailed = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    AsyncAdapt_asyncpg_dbapi.Error,
)


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


class Connection:
    """A connection out of the pool, for one unit: the driver's, and SQLAlchemy's own around it.

    That one is made when it is first asked for: to open and to close it takes longer than a statement does.
    """

    def __init__(self, engine: AsyncEngine, pooled: PoolProxiedConnection) -> None:
        self._engine = engine
        self._pooled = pooled
        self._core: AsyncConnection | None = None
        self.driver = cast("Driver", pooled.driver_connection)

    @classmethod
    async def open(cls, engine: AsyncEngine) -> "Connection":
        """Take a connection out of an engine's pool; to be closed by the caller."""
        return cls(engine, await engine.raw_connection())

    @property
    def core(self) -> AsyncConnection:
        """SQLAlchemy's connection, for statements that it builds."""
        if self._core is None:
            core = SqlAlchemyConnection(self._engine.sync_engine, self._pooled)
            self._core = AsyncConnection(self._engine, core)
        return self._core

    @property
    def is_valid(self) -> bool:
        """Whether SQLAlchemy has not seen it fail."""
        return self._pooled.is_valid

    async def invalidate(self) -> None:
        """End it: the pool opens another one in its place."""
        if self._core:
            await self._core.invalidate()
        else:
            self._pooled.invalidate()

    async def close(self) -> None:
        """Give it back to the pool."""
        if self._core:
            await self._core.close()
        else:
            self._pooled.close()

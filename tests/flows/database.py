"""The database of an installation, asked and changed behind everybody's back, and waited for."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

_PATIENCE_S = 15.0
_TOLD = ("bookings", "effects", "entries", "events", "invitees")


class Database:
    """Answers questions; each is a transaction of its own."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._changed = asyncio.Event()

    def hear(self, *_: object) -> None:
        """Note that a table has changed."""
        self._changed.set()

    async def rows(self, question: str, **values: object) -> list[tuple[Any, ...]]:
        """Ask for rows."""
        async with self._engine.connect() as connection:
            return [tuple(row) for row in await connection.execute(text(question), values)]

    async def one(self, question: str, **values: object) -> Any:
        """Ask for one value."""
        [[value]] = await self.rows(question, **values)
        return value

    async def change(self, statement: str, **values: object) -> None:
        """Change something."""
        async with self._engine.begin() as connection:
            await connection.execute(text(statement), values)

    async def until(self, question: str, **values: object) -> None:
        """Wait until a question is answered by true; it is asked again when something has changed."""
        async with asyncio.timeout(_PATIENCE_S):
            while True:
                self._changed.clear()
                if await self.one(question, **values):
                    return
                await self._changed.wait()


@asynccontextmanager
async def opened(database_url: str) -> AsyncGenerator[Database, None]:
    """Open a database, and let it tell when a table of bookings or effects has changed."""
    engine = create_async_engine(database_url, isolation_level="AUTOCOMMIT")
    database = Database(engine)
    try:
        async with engine.connect() as connection:
            await connection.execute(text(_TELLING))
            for table in _TOLD:
                await connection.execute(text(_TRIGGER.format(table=table)))
            line: Any = (await connection.get_raw_connection()).driver_connection
            await line.add_listener("changed", database.hear)
            yield database
            await line.remove_listener("changed", database.hear)
            # The database may be another test's afterwards, which has nobody to tell.
            await connection.execute(text("DROP FUNCTION tell CASCADE"))
    finally:
        await engine.dispose()


_TELLING = """CREATE OR REPLACE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN NOTIFY changed; RETURN NULL; END $$"""
_TRIGGER = """CREATE OR REPLACE TRIGGER tell AFTER INSERT OR UPDATE OR DELETE ON {table}
FOR EACH STATEMENT EXECUTE FUNCTION tell()"""

"""Servers for the whole session; a fresh database and an empty Redis for each test that asks."""

import os
import subprocess
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from app.embedded import EmbeddedServers, passing_servers

_ROOT = Path(__file__).parent.parent
_NUMBERS = count(1)


@pytest.fixture(scope="session")
def servers() -> Iterator[EmbeddedServers]:
    """Run PostgreSQL and Valkey of our own, with the migrated database `template_slotgraph`."""
    with passing_servers() as running:
        running.sql("CREATE DATABASE template_slotgraph;")
        running.sql("CREATE EXTENSION btree_gist;", "template_slotgraph")
        _migrate(running.database_url_of("template_slotgraph"))
        yield running


@pytest.fixture
def database_url(servers: EmbeddedServers) -> Iterator[str]:
    """Give an empty, migrated database of the test's own."""
    name = f"test_{next(_NUMBERS)}"
    servers.sql(f"CREATE DATABASE {name} TEMPLATE template_slotgraph;")
    yield servers.database_url_of(name)
    servers.sql(f"DROP DATABASE {name} WITH (FORCE);")


@pytest.fixture
def redis_url(servers: EmbeddedServers) -> str:
    """Give Redis with nothing in it."""
    servers.forget()
    return servers.redis_url


def _migrate(database_url: str) -> None:
    environment = {**os.environ, "DATABASE_URL": database_url}
    if any((_ROOT / "migrations" / "versions").glob("*.py")):
        subprocess.run(
            [sys.executable, "-m", "alembic", "upgrade", "head"], cwd=_ROOT, env=environment, check=True
        )
    else:  # before the first migration there are tables as soon as storage/ can be imported
        subprocess.run([sys.executable, "-c", _TABLES], cwd=_ROOT, env=environment, check=False)


_TABLES = """
import asyncio, os
from sqlalchemy import text
from storage import unit
from storage.base import Base

async def make():
    async with unit.engine_for(os.environ["DATABASE_URL"]).begin() as connection:
        await connection.run_sync(Base.metadata.create_all)

asyncio.run(make())
"""

"""Servers for the whole session; a fresh database and an empty Redis for each test that asks."""

import os
import subprocess
from collections.abc import Iterator
from itertools import count

import pytest

from app.command.serving import migrate_command
from app.embedded import EmbeddedServers, passing_servers
from app.environment import ROOT

_NUMBERS = count(1)


@pytest.fixture(scope="session")
def servers() -> Iterator[EmbeddedServers]:
    """Run PostgreSQL and Valkey of our own, with the migrated database `template_slotgraph`."""
    with passing_servers() as running:
        running.sql("CREATE DATABASE template_slotgraph;")
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
    subprocess.run(migrate_command(), cwd=ROOT, env=environment, check=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep together what shares something dear, where the suite is spread: a file, and all proofs."""
    for item in items:
        is_proof = "proofs" in item.path.parts
        item.add_marker(pytest.mark.xdist_group("proofs" if is_proof else str(item.path)))

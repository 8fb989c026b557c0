"""Servers for the whole session; a fresh database and an empty Redis for each test that asks."""

import os
import re
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from xdist.scheduler import LoadGroupScheduling

from app.command.serving import migrate_command
from app.embedded import EmbeddedServers, passing_servers
from app.environment import ROOT
from app.heap import settle

# Rows go without their triggers, in any order of tables; what a killed process has open goes first.
_EMPTY = """
SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid();
SET session_replication_role = replica;
SELECT format('DELETE FROM %I', tablename) FROM pg_tables
    WHERE schemaname = 'public' AND tablename <> 'alembic_version' \\gexec
SELECT count(setval(format('%I', sequencename)::regclass, 1, false)) FROM pg_sequences
    WHERE schemaname = 'public';
"""


@pytest.fixture(scope="session")
def servers() -> Iterator[EmbeddedServers]:
    """Run PostgreSQL and Valkey of our own, with the migrated database `template_slotgraph`."""
    with passing_servers() as running:
        running.sql("CREATE DATABASE template_slotgraph;")
        _migrate(running.database_url_of("template_slotgraph"))
        yield running


@pytest.fixture(scope="session")
def database(servers: EmbeddedServers) -> str:
    """Name a database that one test after another has for itself: to make one anew takes far longer."""
    servers.sql("CREATE DATABASE test TEMPLATE template_slotgraph;")
    return "test"


@pytest.fixture
def database_url(servers: EmbeddedServers, database: str) -> Iterator[str]:
    """Give an empty, migrated database; nobody else is connected to it."""
    yield servers.database_url_of(database)
    servers.sql(_EMPTY, database)


@pytest.fixture
def redis_url(servers: EmbeddedServers) -> str:
    """Give Redis with nothing in it."""
    servers.forget()
    return servers.redis_url


def _migrate(database_url: str) -> None:
    environment = {**os.environ, "DATABASE_URL": database_url}
    subprocess.run(migrate_command(), cwd=ROOT, env=environment, check=True)


class _Parts(LoadGroupScheduling):  # pyright: ignore[reportUntypedBaseClass] -- it has no types
    """Spreads tests one by one, and proofs of one provider together: they share a life, which is dear.

    By their names, since the mark `xdist_group` reaches nobody: pytest-xdist 3.8 writes it into a part of an
    item that pytest 9.2 has no more.
    """

    def _split_scope(self, nodeid: str) -> str:
        found = _PROOF.match(nodeid)
        return found[1] if found else nodeid


_PROOF = re.compile(r"tests/proofs/.*\[(?:.*-)?([A-Z]{4,})")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> _Parts | None:
    """Say how the suite is spread where groups are asked for."""
    return _Parts(config, log) if config.getoption("dist") == "loadgroup" else None


def pytest_collection_finish() -> None:
    """Let the collector of garbage leave out what stays until the end: modules and thousands of tests."""
    settle()

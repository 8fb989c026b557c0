"""One calendar server for all flows; a database of its own for each module, whose processes share it."""

from collections.abc import AsyncGenerator, Generator
from itertools import count
from pathlib import Path

import pytest

from app.embedded import EmbeddedServers
from tests.flows.deployment import Deployment, deployed
from tests.flows.processes import Api, Worker
from tests.installation import Installation, running
from tests.radicale import Radicale, running_radicale

_NUMBERS = count(1)


@pytest.fixture(scope="session")
def radicale(tmp_path_factory: pytest.TempPathFactory) -> Generator[Radicale, None, None]:
    """Run Radicale for the whole session; each host makes a calendar of their own."""
    with running_radicale(tmp_path_factory.mktemp("radicale")) as server:
        yield server


@pytest.fixture
async def house(database_url: str, redis_url: str, tmp_path: Path) -> AsyncGenerator[Installation, None]:
    """Run an installation in this process, whose clock is turned by hand."""
    async with running(database_url, redis_url, tmp_path) as installation:
        yield installation


@pytest.fixture(scope="module")
def module_database_url(servers: EmbeddedServers) -> Generator[str, None, None]:
    """Give an empty, migrated database of the module's own."""
    name = f"flows_{next(_NUMBERS)}"
    servers.sql(f"CREATE DATABASE {name} TEMPLATE template_slotgraph;")
    yield servers.database_url_of(name)
    servers.sql(f"DROP DATABASE {name} WITH (FORCE);")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder for mails and logs."""
    return tmp_path_factory.mktemp("flow")


@pytest.fixture(scope="module")
async def deployment(
    servers: EmbeddedServers, module_database_url: str, radicale: Radicale, folder: Path
) -> AsyncGenerator[Deployment, None]:
    """Set up an installation of which no process runs yet."""
    servers.forget()
    async with deployed(module_database_url, servers.redis_url, radicale, folder) as installation:
        yield installation


@pytest.fixture(scope="module")
async def api(deployment: Deployment) -> Api:
    """Run an API process for the whole module."""
    api = deployment.api()
    api.start()
    return api


@pytest.fixture(scope="module")
async def worker(deployment: Deployment) -> Worker:
    """Run a worker for the whole module."""
    worker = deployment.worker()
    worker.start()
    return worker

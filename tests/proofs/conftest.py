"""One life for each provider, lived once for all proofs that only read what was written down."""

from collections.abc import AsyncGenerator, Generator
from itertools import count
from pathlib import Path

import pytest

from app.embedded import EmbeddedServers
from tests.proofs.life import Life, lived
from tests.proofs.scene import ALL, Scene, opened_scene
from tests.radicale import Radicale, running_radicale

_NUMBERS = count(1)
_LIVES: dict[str, Life] = {}


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Let fixtures of the session be coroutines."""
    return "asyncio"


@pytest.fixture(scope="session")
def radicale(tmp_path_factory: pytest.TempPathFactory) -> Generator[Radicale]:
    """Run Radicale for the whole session."""
    with running_radicale(tmp_path_factory.mktemp("radicale")) as server:
        yield server


@pytest.fixture(params=ALL)
async def scene(
    request: pytest.FixtureRequest, database_url: str, redis_url: str, tmp_path: Path, radicale: Radicale
) -> AsyncGenerator[Scene]:
    """Set up an installation and one provider's account, for each provider."""
    async with opened_scene(request.param, database_url, redis_url, tmp_path, radicale) as opened:
        yield opened


@pytest.fixture(scope="session", params=ALL)
async def life(
    request: pytest.FixtureRequest,
    servers: EmbeddedServers,
    radicale: Radicale,
    tmp_path_factory: pytest.TempPathFactory,
) -> Life:
    """Live through everything at each provider, once in a process: a life is dear."""
    if known := _LIVES.get(request.param):
        return known
    name = f"proofs_{next(_NUMBERS)}"
    servers.forget()
    servers.sql(f"CREATE DATABASE {name} TEMPLATE template_slotgraph;")
    database_url, redis_url = servers.database_url_of(name), servers.redis_url
    folder = tmp_path_factory.mktemp("mails")
    async with opened_scene(request.param, database_url, redis_url, folder, radicale) as opened:
        found = await lived(opened, database_url, redis_url)
    servers.sql(f"DROP DATABASE {name} WITH (FORCE);")
    _LIVES[request.param] = found
    return found

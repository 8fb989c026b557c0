"""A whole installation for each test, and one real calendar server for all of them."""

from collections.abc import AsyncGenerator, Generator
from pathlib import Path

import pytest

from tests.installation import Host, Installation, running
from tests.radicale import Radicale, running_radicale
from tests.street import Street, opened_street


@pytest.fixture(scope="session")
def radicale(tmp_path_factory: pytest.TempPathFactory) -> Generator[Radicale, None, None]:
    """Run Radicale for the whole session; each test makes calendars of its own."""
    with running_radicale(tmp_path_factory.mktemp("radicale")) as server:
        yield server


@pytest.fixture
async def house(database_url: str, redis_url: str, tmp_path: Path) -> AsyncGenerator[Installation, None]:
    """Run an installation."""
    async with running(database_url, redis_url, tmp_path) as installation:
        yield installation


@pytest.fixture
async def ada(house: Installation, radicale: Radicale) -> Host:
    """Sign a host up and connect a calendar of hers."""
    host = await house.sign_up()
    await house.connect_calendar(host, radicale)
    return host


@pytest.fixture
async def street(database_url: str, redis_url: str, tmp_path: Path) -> AsyncGenerator[Street]:
    """Open an installation among the three providers."""
    async with opened_street(database_url, redis_url, tmp_path) as opened:
        yield opened

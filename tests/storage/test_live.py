"""Live signals and kept states, when Redis takes the connection and then says nothing."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from domain.events import EventKind, Happened
from domain.ids import OrganizationId
from storage.live import Live, event_of
from storage.redis import RedisClient, connect
from storage.snapshots import Revision, Snapshots

pytestmark = pytest.mark.anyio

AT = datetime(2026, 3, 30, tzinfo=UTC)


@pytest.fixture
async def silent() -> AsyncGenerator[RedisClient, None]:
    """Connect to a server that never answers."""
    over = asyncio.Event()

    async def hang(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await over.wait()
        writer.close()

    server = await asyncio.start_server(hang, "127.0.0.1", 0)
    client = connect(f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    try:
        yield client
    finally:
        over.set()
        await client.aclose()
        server.close()
        await server.wait_closed()


async def test_a_committed_change_does_not_wait_for_a_redis_that_hangs(silent: RedisClient) -> None:
    """Case 187: its events stay unannounced, and the relay finds them."""
    event = Happened(EventKind.SEAT_HELD, OrganizationId(uuid4()), hosts=())

    async with asyncio.timeout(2):
        assert await Live(silent).announce([event], AT, wake=True) is False


async def test_a_feed_does_not_wait_for_a_redis_that_hangs(silent: RedisClient) -> None:
    """Case 187: its states are then numbered here, and nothing can be resumed from them."""
    snapshots = Snapshots(silent)

    async with asyncio.timeout(3):
        assert await snapshots.keep("feed", (), AT) is None
        assert await snapshots.at("feed", Revision("epoch", 1)) is None


@pytest.mark.parametrize(
    "data",
    [
        b"no JSON",
        b"[]",
        b'{"kind": "of tomorrow"}',
        b'{"kind": "seat_held", "organization": 5, "hosts": []}',
        b'{"kind": "seat_held", "organization": null, "hosts": []}',
    ],
)
def test_what_another_version_published_is_no_event_and_ends_no_listening(data: bytes) -> None:
    assert event_of(data) is None

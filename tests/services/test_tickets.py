"""Tickets of sockets: good once, for thirty seconds, and made by nobody else."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from domain.errors import TryAgain
from domain.identity import BadCredentials
from domain.tokens import TokenKind, token, token_hash
from domain.users import SignedIn
from services.users import Users
from storage.redis import connect
from storage.tickets import Tickets
from tests.identity import IP, Installation, installation

pytestmark = pytest.mark.anyio


@pytest.fixture
async def house(database_url: str, redis_url: str) -> AsyncGenerator[Installation, None]:
    """Open an installation without users."""
    async with installation(database_url, redis_url) as opened:
        yield opened


@pytest.fixture
async def ada(house: Installation) -> SignedIn:
    """Sign Ada up."""
    return await house.viewer((await house.sign_up()).token)


@asynccontextmanager
async def away(house: Installation) -> AsyncGenerator[Tickets, None]:
    redis = connect("redis://127.0.0.1:1/0")
    try:
        yield Tickets(redis, house.vault)
    finally:
        await redis.aclose()


async def test_ticket_works_once_for_the_session_that_made_it(house: Installation, ada: SignedIn) -> None:
    """A ticket is used once (case 98)."""
    ticket = await house.users.create_ticket(ada)

    takes = await asyncio.gather(
        *(house.users.take_ticket(ticket, "198.51.100.1") for _ in range(4)), return_exceptions=True
    )

    taken = [take for take in takes if isinstance(take, SignedIn)]
    assert [(viewer.session_id, viewer.ip) for viewer in taken] == [(ada.session_id, "198.51.100.1")]
    assert [type(take) for take in takes if isinstance(take, Exception)] == [BadCredentials] * 3


async def test_ticket_ends_after_thirty_seconds_and_redis_knows_only_its_hash(
    house: Installation, ada: SignedIn
) -> None:
    """Redis holds no ticket that works (cases 77 and 98)."""
    ticket = await house.users.create_ticket(ada)

    async with house.redis.pipeline(transaction=False) as pipe:
        pipe.pttl(f"slotgraph:ticket:{token_hash(ticket).hex()}")
        (left,) = await pipe.execute()
    assert isinstance(left, int)
    assert 0 < left <= 30_000


async def test_ticket_that_somebody_wrote_into_redis_does_not_work(
    house: Installation, ada: SignedIn
) -> None:
    """Who writes into Redis opens no session."""
    forged = token(TokenKind.SOCKET_TICKET, b"f" * 32)
    assert ada.session_id is not None
    await house.redis.set(f"slotgraph:ticket:{token_hash(forged).hex()}", ada.session_id.bytes)

    with pytest.raises(BadCredentials):
        await house.users.take_ticket(forged, IP)


@pytest.mark.parametrize("ticket", ["", "sgt_1", "\udcff_abcdefgh", token(TokenKind.SESSION, b"x" * 32)])
async def test_anything_else_is_no_ticket(house: Installation, ticket: str) -> None:
    with pytest.raises(BadCredentials):
        await house.users.take_ticket(ticket, IP)


async def test_ticket_cannot_be_had_while_redis_is_away(house: Installation, ada: SignedIn) -> None:
    """Nothing opens without a ticket that can be taken back (case 187)."""
    async with away(house) as tickets:
        users = Users(house.units, tickets, bytes, house.sign_in)

        with pytest.raises(TryAgain):
            await users.create_ticket(ada)
        with pytest.raises(TryAgain):
            await users.take_ticket(token(TokenKind.SOCKET_TICKET, b"x" * 32), IP)

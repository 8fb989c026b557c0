"""A small installation of users and organizations on real servers, with a clock that tests turn."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.identity import SignUp, sign_in_code
from domain.users import Guest, SignedIn
from services.organizations import Founding, Organizations
from services.sign_in import OpenedSession, SignIn, code_of
from services.users import Users
from storage.limits import Limits
from storage.live import Live
from storage.redis import RedisClient, connect
from storage.tickets import Tickets
from storage.unit import Units, engine_for
from storage.vault import KeyRing, Vault
from tests.clock import TurnedClock

ADA = SignUp("Ada Lovelace", "Analytical Engines", "Europe/London")
IP = "203.0.113.7"
GUEST = Guest(IP)


@dataclass(frozen=True)
class Installation:
    """Every use case of the two rooms, and what is behind them."""

    clock: TurnedClock
    engine: AsyncEngine
    redis: RedisClient
    vault: Vault
    units: Units
    limits: Limits
    sign_in: SignIn
    users: Users
    organizations: Organizations

    async def code(self, email: str) -> str:
        """Ask for a code and read it as its mail would say it."""
        await self.sign_in.start(GUEST, email, None, None)
        return await self.mailed(email)

    async def mailed(self, email: str) -> str:
        """Read the code that was last asked for."""
        rows = await self.rows("SELECT id FROM sign_in_codes WHERE email = :email", email=email)
        return code_of(self.vault, rows[0][0])

    async def sign_up(self, email: str = "ada@example.com", sign_up: SignUp = ADA) -> OpenedSession:
        """Sign a new user up."""
        return await self.sign_in.finish(GUEST, email, await self.code(email), sign_up)

    async def viewer(self, token: str) -> SignedIn:
        """Say who comes with a token."""
        viewer = await self.users.viewer_of(f"Bearer {token}", None, IP)
        assert isinstance(viewer, SignedIn)
        return viewer

    async def rows(self, statement: str, **values: object) -> list[tuple[Any, ...]]:
        """Ask the database itself."""
        async with self.engine.connect() as connection:
            return [tuple(row) for row in await connection.execute(text(statement), values)]

    async def change(self, statement: str, **values: object) -> None:
        """Change the database behind everybody's back."""
        async with self.engine.begin() as connection:
            await connection.execute(text(statement), values)


@asynccontextmanager
async def installation(database_url: str, redis_url: str) -> AsyncGenerator[Installation, None]:
    """Open an installation on an empty, migrated database."""
    clock = TurnedClock()
    engine = engine_for(database_url, pool_size=4)
    redis = connect(redis_url, deadline_s=5)
    live = Live(redis)
    units = Units(engine, clock, live)
    vault = Vault(KeyRing({"first": b"k" * 32}), b"l" * 32, units, clock)
    limits = Limits(redis, clock, b"pepper")
    chances = count(1)

    def random_bytes(size: int) -> bytes:
        return next(chances).to_bytes(size, "big")

    sign_in = SignIn(units, limits, live, vault, random_bytes, Founding("eu", random_bytes))
    try:
        yield Installation(
            clock,
            engine,
            redis,
            vault,
            units,
            limits,
            sign_in,
            Users(units, Tickets(redis, vault), random_bytes, sign_in),
            Organizations(units),
        )
    finally:
        await redis.aclose()
        await engine.dispose()


def another_code(code: str) -> str:
    """Make a code that is not this one."""
    return sign_in_code((int(code) + 1).to_bytes(20, "big"))

"""A small installation of users and organizations on real servers, with a clock that tests turn."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.identity import SignUp, sign_in_code
from domain.organizations import Plan, Regions
from domain.tokens import TokenKind, token
from domain.users import Guest, Role, SignedIn
from services.accounts import Accounts
from services.audit import Audit
from services.delegation import Delegating
from services.invitations import Invitations
from services.members import Members
from services.organizations import Founding, Organizations
from services.sign_in import EVERYWHERE, OpenedSession, SignIn, code_of
from services.teams import Teams
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
    members: Members
    invitations: Invitations
    accounts: Accounts
    teams: Teams
    audit: Audit
    delegation: Delegating

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

    async def viewer(self, secret: str) -> SignedIn:
        """Say who comes with a token."""
        viewer = await self.users.viewer_of(f"Bearer {secret}", None, IP)
        assert isinstance(viewer, SignedIn)
        return viewer

    async def link(self, email: str) -> str:
        """Give the secret of the newest invitation to an address, as its mail would say it."""
        rows = await self.rows(
            "SELECT organization_id, id, version FROM invitations WHERE email = :email"
            " ORDER BY created_at DESC, id DESC",
            email=email,
        )
        mailed = await self.invitations.to_mail(*rows[0])
        assert mailed is not None
        return mailed.token

    async def link_of_any(self, email: str) -> str:
        """Give the secret of an invitation that may have been used, as its mail had said it."""
        rows = await self.rows("SELECT id, version FROM invitations WHERE email = :email", email=email)
        id_, version = rows[0]
        return token(TokenKind.INVITATION, self.vault.token_bytes("invitation", str(id_), str(version)))

    async def viewer_again(self, viewer: SignedIn) -> SignedIn:
        """Read somebody's rights anew."""
        renewed = await self.users.renew(viewer)
        assert isinstance(renewed, SignedIn)
        return renewed

    async def joined(self, owner: SignedIn, email: str, role: Role = Role.MEMBER) -> SignedIn:
        """Invite somebody without an account, and let them sign up by it."""
        await self.invitations.invite(owner, email, role, None)
        sign_up = SignUp("Grace Hopper", None, "America/New_York", invitation=await self.link(email))
        return await self.viewer((await self.sign_up(email, sign_up)).token)

    async def rows(self, statement: str, **values: object) -> list[tuple[Any, ...]]:
        """Ask the database itself."""
        async with self.engine.connect() as connection:
            return [tuple(row) for row in await connection.execute(text(statement), values)]

    async def change(self, statement: str, **values: object) -> None:
        """Change the database behind everybody's back."""
        async with self.engine.begin() as connection:
            await connection.execute(text(statement), values)


@asynccontextmanager
async def installation(
    database_url: str, redis_url: str, plan: Plan = Plan.BUSINESS, regions: Regions = EVERYWHERE
) -> AsyncGenerator[Installation, None]:
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

    founding = Founding("eu", random_bytes, plan, regions)
    sign_in = SignIn(units, limits, live, vault, random_bytes, founding, regions)
    users = Users(units, Tickets(redis, vault), random_bytes, sign_in, regions)
    try:
        yield Installation(
            clock,
            engine,
            redis,
            vault,
            units,
            limits,
            sign_in,
            users,
            Organizations(units),
            Members(units),
            Invitations(units, limits, vault, random_bytes, founding, regions),
            Accounts(units, random_bytes, regions),
            Teams(units),
            Audit(units),
            Delegating(units, users, limits),
        )
    finally:
        await redis.aclose()
        await engine.dispose()


def another_code(code: str) -> str:
    """Make a code that is not this one."""
    return sign_in_code((int(code) + 1).to_bytes(20, "big"))

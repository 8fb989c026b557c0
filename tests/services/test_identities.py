"""Signing in with accounts elsewhere: how often, and that nothing of it shows."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from domain.errors import TooMany, TryAgain
from domain.identities import IdentityProvider, SignInUnknown
from domain.tokens import TokenKind, token
from domain.users import Guest
from integrations.http import SafeHttp
from integrations.oauth import Application
from integrations.oidc import KnownIssuer
from integrations.ports import Secret
from services.identities import Identities, Returned
from services.organizations import Founding
from tests.identity import GUEST, Installation, installation

pytestmark = pytest.mark.anyio
STATE = token(TokenKind.SIGN_IN, b"s" * 32)
SECRET = token(TokenKind.BROWSER, b"b" * 32)
RETURNED = Returned(IdentityProvider.GOOGLE, STATE, "code", None, SECRET)


@pytest.fixture
def anyio_backend() -> str:
    """Run on asyncio."""
    return "asyncio"


def signs_in(house: Installation) -> Identities:
    """Register at a provider that is never asked: only its address is spelled."""
    application = Application(
        provider=None,
        client_id="id",
        client_secret=Secret("canary"),
        authorize_url="https://issuer.example/authorize",
        token_url="https://issuer.example/token",
        revoke_url=None,
        scopes=("openid",),
    )
    chances = iter(range(10_000))

    def random_bytes(size: int) -> bytes:
        return next(chances).to_bytes(size, "big")

    return Identities(
        house.units,
        {IdentityProvider.GOOGLE: KnownIssuer(SafeHttp(), "Google", application)},
        house.vault,
        house.limits,
        Founding("eu", random_bytes),
        random_bytes,
        house.clock,
        "https://book.example.com/",
        15,
    )


@asynccontextmanager
async def opened(database_url: str, redis_url: str) -> AsyncGenerator[tuple[Installation, Identities]]:
    async with installation(database_url, redis_url) as house:
        yield house, signs_in(house)


async def test_one_network_may_begin_sixty_times_an_hour(database_url: str, redis_url: str) -> None:
    async with opened(database_url, redis_url) as (house, identities):
        for number in range(60):
            await identities.start(Guest(f"2001:db8::{number:x}"), IdentityProvider.GOOGLE, None)

        with pytest.raises(TooMany):
            await identities.start(Guest("2001:db8::ffff"), IdentityProvider.GOOGLE, None)

        assert await house.rows("SELECT count(*) FROM sign_in_questions") == [(60,)]
        await identities.start(Guest("2001:db8:0:1::1"), IdentityProvider.GOOGLE, None)


async def test_one_network_may_bring_sixty_answers_an_hour(database_url: str, redis_url: str) -> None:
    async with opened(database_url, redis_url) as (_, identities):
        for _ in range(60):
            with pytest.raises(SignInUnknown):
                await identities.finish(GUEST, RETURNED, None)

        with pytest.raises(TooMany):
            await identities.finish(GUEST, RETURNED, None)


async def test_signing_in_is_closed_while_redis_is_away(database_url: str) -> None:
    """Budgets of sign-in fail closed (case 187)."""
    async with opened(database_url, "redis://127.0.0.1:1/0") as (house, identities):
        with pytest.raises(TryAgain):
            await identities.start(GUEST, IdentityProvider.GOOGLE, None)
        with pytest.raises(TryAgain):
            await identities.finish(GUEST, RETURNED, None)

        assert await house.rows("SELECT count(*) FROM sign_in_questions") == [(0,)]


async def test_nothing_secret_shows_where_it_is_printed(database_url: str, redis_url: str) -> None:
    async with opened(database_url, redis_url) as (_, identities):
        asked = await identities.start(GUEST, IdentityProvider.GOOGLE, None)

    assert "sgb_" in asked.browser_secret
    assert "state=sgq_" in asked.address
    assert [text for text in (repr(asked), repr(RETURNED)) if "sg" in text or "code" in text] == []

"""API keys: what they may do, how they are kept, and when they end."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta

import pytest

from domain.errors import InvalidInput, NotAllowed, NotFound
from domain.identity import BadCredentials, FreshSignInNeeded
from domain.tokens import TokenKind, token_hash, token_kind
from domain.users import Scope, SignedIn, SignInNeeded, in_person, signed_in
from services.users import NewApiKey, ProfileChange
from tests.clock import NOW
from tests.identity import IP, Installation, installation

pytestmark = pytest.mark.anyio

READ = frozenset({Scope.READ})


@pytest.fixture
async def house(database_url: str, redis_url: str) -> AsyncGenerator[Installation, None]:
    """Open an installation without users."""
    async with installation(database_url, redis_url) as opened:
        yield opened


@pytest.fixture
async def ada(house: Installation) -> SignedIn:
    """Sign Ada up."""
    return await house.viewer((await house.sign_up()).token)


async def make_key(house: Installation, viewer: SignedIn, scopes: frozenset[Scope] = READ) -> NewApiKey:
    return await house.users.create_api_key(viewer, "Deploy", scopes, None)


async def test_key_may_do_what_its_scopes_say_and_nothing_in_person(
    house: Installation, ada: SignedIn
) -> None:
    """Keys never make keys, sessions or connections (R23)."""
    made = await make_key(house, ada)

    keyed = await house.viewer(made.secret)

    assert signed_in(keyed, Scope.READ) == keyed
    with pytest.raises(NotAllowed):
        signed_in(keyed, Scope.PAGES)
    with pytest.raises(NotAllowed):
        in_person(keyed)
    with pytest.raises(NotAllowed):
        await make_key(house, keyed)
    with pytest.raises(NotAllowed):
        await house.users.create_ticket(keyed)
    with pytest.raises(NotAllowed):
        await house.users.change_profile(keyed, ProfileChange(name="Eve"))
    account = await house.users.account(keyed)
    assert account is not None
    assert (account.sessions, account.api_keys) == ((), ())


async def test_key_does_not_work_as_a_cookie(house: Installation, ada: SignedIn) -> None:
    made = await make_key(house, ada)

    with pytest.raises(BadCredentials):
        await house.users.viewer_of(None, made.secret, IP)


async def test_key_is_stored_as_a_hash_with_a_prefix(house: Installation, ada: SignedIn) -> None:
    """A dump holds no key (case 15)."""
    made = await make_key(house, ada)

    rows = await house.rows("SELECT prefix, token_hash, scopes FROM api_keys")
    assert rows == [(made.secret[:10], token_hash(made.secret), ["read"])]
    assert made.key.prefix.startswith("sgk_")
    assert token_kind(made.secret) is TokenKind.API_KEY
    assert made.secret not in repr(made)


async def test_key_asks_for_a_fresh_sign_in(house: Installation, ada: SignedIn) -> None:
    """A stolen session makes no key (case 5)."""
    house.clock.turn(minutes=11)

    with pytest.raises(FreshSignInNeeded):
        await make_key(house, ada)

    assert await house.rows("SELECT count(*) FROM api_keys") == [(0,)]


async def test_key_ends_when_it_was_said_to(house: Installation, ada: SignedIn) -> None:
    made = await house.users.create_api_key(ada, "Deploy", READ, NOW + timedelta(hours=1))
    house.clock.turn(minutes=59)
    keyed = await house.viewer(made.secret)
    assert await house.rows("SELECT used_at FROM api_keys") == [(house.clock(),)]

    house.clock.turn(minutes=1)

    with pytest.raises(BadCredentials):
        await house.viewer(made.secret)
    with pytest.raises(SignInNeeded):
        await house.users.renew(keyed)


async def test_revoked_key_works_no_more_and_is_its_users_alone(house: Installation, ada: SignedIn) -> None:
    made = await make_key(house, ada)
    mallory = await house.viewer((await house.sign_up("mallory@example.com")).token)
    with pytest.raises(NotFound):
        await house.users.revoke_api_key(mallory, made.key.id)
    keyed = await house.viewer(made.secret)

    await house.users.revoke_api_key(ada, made.key.id)

    with pytest.raises(BadCredentials):
        await house.viewer(made.secret)
    with pytest.raises(SignInNeeded):
        await house.users.renew(keyed)
    with pytest.raises(NotFound):
        await house.users.revoke_api_key(ada, made.key.id)


@pytest.mark.parametrize(
    ("name", "scopes", "hours", "path"),
    [
        ("", READ, None, ("name",)),
        ("x" * 101, READ, None, ("name",)),
        ("Deploy", frozenset[Scope](), None, ("scopes",)),
        ("Deploy", READ, 0, ("expiresAt",)),
        ("Deploy", READ, 24 * 367, ("expiresAt",)),
    ],
)
async def test_key_of_another_form_is_refused(
    house: Installation,
    ada: SignedIn,
    name: str,
    scopes: frozenset[Scope],
    hours: int | None,
    path: tuple[str, ...],
) -> None:
    end = None if hours is None else NOW + timedelta(hours=hours)

    with pytest.raises(InvalidInput) as caught:
        await house.users.create_api_key(ada, name, scopes, end)

    assert caught.value.path == path


async def test_user_has_fifty_keys_at_most(house: Installation, ada: SignedIn) -> None:
    for _ in range(49):
        await make_key(house, ada)

    results = await asyncio.gather(make_key(house, ada), make_key(house, ada), return_exceptions=True)

    assert sorted(type(result).__name__ for result in results) == ["InvalidInput", "NewApiKey"]
    assert await house.rows("SELECT count(*) FROM api_keys") == [(50,)]

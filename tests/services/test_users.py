"""Users: how they are known, what they change, and how sessions, keys and tickets end."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from domain.errors import InvalidInput, NotAllowed, NotFound, TryAgain
from domain.events import EventKind
from domain.identity import BadCredentials, FreshSignInNeeded, HandleTaken
from domain.tokens import TokenKind, token, token_hash, token_kind
from domain.users import Guest, Scope, SignedIn, SignInNeeded, in_person, signed_in
from services.users import NewApiKey, ProfileChange, Users
from storage.redis import connect
from storage.tickets import Tickets
from tests.clock import NOW
from tests.identity import GUEST, IP, Installation, installation

pytestmark = pytest.mark.anyio
READ = frozenset({Scope.READ})


@pytest.fixture
def anyio_backend() -> str:
    """Run on asyncio."""
    return "asyncio"


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


@asynccontextmanager
async def away(house: Installation) -> AsyncGenerator[Tickets, None]:
    redis = connect("redis://127.0.0.1:1/0")
    try:
        yield Tickets(redis, house.vault)
    finally:
        await redis.aclose()


async def test_nothing_at_all_is_a_guest(house: Installation) -> None:
    assert await house.users.viewer_of(None, None, IP) == Guest(IP)


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer",
        "Bearer ",
        "Basic YWRhOmFkYQ==",
        "Bearer sgs_1",
        "Bearer \udcff_abcdefgh",
        f"Bearer {token(TokenKind.SESSION, b'x' * 32)}",
        f"Bearer {token(TokenKind.API_KEY, b'x' * 32)}",
        f"Bearer {token(TokenKind.MANAGE, b'x' * 32)}",
    ],
)
async def test_what_opens_nothing_is_no_guest(house: Installation, authorization: str) -> None:
    with pytest.raises(BadCredentials):
        await house.users.viewer_of(authorization, None, IP)


@pytest.mark.parametrize("form", ["Bearer {} ", "Bearer  {}", "{}", "Bearer {}\n"])
async def test_token_is_taken_as_it_is_or_not_at_all(house: Installation, form: str) -> None:
    """A token with a space is another token (case 14)."""
    opened = await house.sign_up()

    with pytest.raises(BadCredentials):
        await house.users.viewer_of(form.format(opened.token), None, IP)


async def test_session_ends_after_fourteen_days_without_use(house: Installation) -> None:
    """The session's idle limit (case 6)."""
    opened = await house.sign_up()
    house.clock.turn(days=13)
    await house.viewer(opened.token)
    house.clock.turn(days=13, hours=23)
    await house.viewer(opened.token)

    house.clock.turn(days=14)

    with pytest.raises(BadCredentials):
        await house.viewer(opened.token)


async def test_session_ends_thirty_days_after_sign_in_however_it_is_used(house: Installation) -> None:
    """The session's absolute limit (case 6)."""
    opened = await house.sign_up()
    house.clock.turn(days=13)
    await house.viewer(opened.token)
    house.clock.turn(days=13)
    await house.viewer(opened.token)
    house.clock.turn(days=3, hours=23)
    viewer = await house.viewer(opened.token)

    house.clock.turn(hours=1)

    with pytest.raises(BadCredentials):
        await house.viewer(opened.token)
    with pytest.raises(SignInNeeded):
        await house.users.renew(viewer)


async def test_use_is_noted_once_a_minute(house: Installation) -> None:
    opened = await house.sign_up()
    house.clock.turn(seconds=59)
    await house.viewer(opened.token)
    early = await house.rows("SELECT used_at FROM sessions")
    house.clock.turn(seconds=1)
    await house.viewer(opened.token)

    assert early == [(NOW,)]
    assert await house.rows("SELECT used_at FROM sessions") == [(NOW + timedelta(minutes=1),)]


async def test_disabled_user_is_refused_at_once(house: Installation) -> None:
    """Session, key, ticket and subscription stop together (case 16)."""
    opened = await house.sign_up()
    ada = await house.viewer(opened.token)
    made = await make_key(house, ada)
    keyed = await house.viewer(made.secret)
    ticket = await house.users.create_ticket(ada)

    await house.change("UPDATE users SET is_disabled = true")

    with pytest.raises(BadCredentials):
        await house.viewer(opened.token)
    with pytest.raises(BadCredentials):
        await house.viewer(made.secret)
    with pytest.raises(BadCredentials):
        await house.users.take_ticket(ticket, IP)
    with pytest.raises(SignInNeeded):
        await house.users.renew(ada)
    with pytest.raises(SignInNeeded):
        await house.users.renew(keyed)


async def test_rights_are_read_anew(house: Installation, ada: SignedIn) -> None:
    """A role is what the database says, not what it was at sign-in (case 38)."""
    await house.change("UPDATE users SET role = 'member'")

    renewed = await house.users.renew(ada)

    assert isinstance(renewed, SignedIn)
    assert (ada.user.role, renewed.user.role) == ("owner", "member")
    assert await house.users.renew(GUEST) == GUEST


async def test_signing_out_ends_the_session_that_asks(house: Installation) -> None:
    """A token does not work after signing out (case 7)."""
    first, second = await house.sign_up(), await house.sign_up()
    viewer = await house.viewer(first.token)
    ticket = await house.users.create_ticket(viewer)

    await house.users.sign_out(viewer)

    with pytest.raises(BadCredentials):
        await house.viewer(first.token)
    with pytest.raises(BadCredentials):
        await house.users.take_ticket(ticket, IP)
    with pytest.raises(SignInNeeded):
        await house.users.renew(viewer)
    assert (await house.viewer(second.token)).session_id == second.session.id


async def test_sessions_are_listed_and_ended_by_their_own_user_only(
    house: Installation, ada: SignedIn
) -> None:
    other = await house.sign_up()
    mallory = await house.viewer((await house.sign_up("mallory@example.com")).token)

    with pytest.raises(NotFound):
        await house.users.end_session(mallory, other.session.id)
    await house.users.end_session(ada, other.session.id)

    account = await house.users.account(ada)
    assert account is not None
    assert [session.id for session in account.sessions] == [ada.session_id]
    with pytest.raises(NotFound):
        await house.users.end_session(ada, other.session.id)


async def test_all_other_sessions_end_at_once(house: Installation, ada: SignedIn) -> None:
    await house.sign_up()
    await house.sign_up()
    mallory = await house.sign_up("mallory@example.com")

    assert await house.users.end_other_sessions(ada) == 2

    assert await house.users.renew(ada) == ada
    assert (await house.viewer(mallory.token)).user.email == "mallory@example.com"


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


async def test_profile_changes_what_is_said_and_nothing_else(house: Installation, ada: SignedIn) -> None:
    changed = await house.users.change_profile(ada, ProfileChange(name=" Ada\u202e King ", zone="Asia/Tokyo"))

    renewed = await house.users.renew(ada)
    assert isinstance(renewed, SignedIn)
    assert renewed.user == changed
    assert (changed.name, changed.zone, changed.handle) == ("Ada King", "Asia/Tokyo", "ada-lovelace")
    assert await house.rows("SELECT kind FROM events") == [("profile_changed",)]


async def test_who_stops_sharing_touches_their_hours(house: Installation, ada: SignedIn) -> None:
    """Own switch removes a person from every page at once (R081)."""
    await house.users.change_profile(ada, ProfileChange(shares_availability=False))
    await house.users.change_profile(ada, ProfileChange(shares_availability=False))

    events = await house.rows("SELECT kind, organization_id, hosts FROM events")
    assert events == [(EventKind.HOURS_CHANGED, ada.organization_id, [ada.user_id])]
    assert await house.rows("SELECT shares_availability FROM users") == [(False,)]


async def test_handle_of_somebody_else_cannot_be_taken_over(house: Installation, ada: SignedIn) -> None:
    mallory = await house.viewer((await house.sign_up("mallory@example.com")).token)

    with pytest.raises(HandleTaken) as caught:
        await house.users.change_profile(mallory, ProfileChange(name="Ada", handle=ada.user.handle))

    assert caught.value.path == ("handle",)
    assert await house.users.renew(mallory) == mallory


@pytest.mark.parametrize(
    ("change", "path"),
    [
        (ProfileChange(name="\u200b"), ("name",)),
        (ProfileChange(zone="../etc/passwd"), ("zone",)),
        (ProfileChange(locale="en_GB; DROP"), ("locale",)),
        (ProfileChange(handle="admin"), ("handle",)),
    ],
)
async def test_profile_of_another_form_is_refused(
    house: Installation, ada: SignedIn, change: ProfileChange, path: tuple[str, ...]
) -> None:
    with pytest.raises(InvalidInput) as caught:
        await house.users.change_profile(ada, change)

    assert caught.value.path == path
    assert await house.users.renew(ada) == ada


async def test_owner_alone_renames_the_organization(house: Installation, ada: SignedIn) -> None:
    renamed = await house.organizations.rename(ada, "Difference Engines")
    await house.change("UPDATE users SET role = 'administrator'")
    administrator = await house.users.renew(ada)

    with pytest.raises(NotAllowed):
        await house.organizations.rename(administrator, "Mine")

    assert renamed.name == "Difference Engines"
    assert await house.rows("SELECT name FROM organizations") == [("Difference Engines",)]


async def test_user_is_seen_within_the_organization_only(house: Installation, ada: SignedIn) -> None:
    mallory = await house.viewer((await house.sign_up("mallory@example.com")).token)

    assert await house.users.by_id(ada, ada.user_id) == ada.user
    with pytest.raises(NotFound):
        await house.users.by_id(mallory, ada.user_id)


async def test_guest_is_asked_to_sign_in(house: Installation) -> None:
    with pytest.raises(SignInNeeded):
        await house.users.change_profile(GUEST, ProfileChange(name="Eve"))
    with pytest.raises(SignInNeeded):
        await house.users.sign_out(GUEST)
    with pytest.raises(SignInNeeded):
        await house.organizations.rename(GUEST, "Mine")
    assert await house.users.account(GUEST) is None

"""Users: how they are known, what they change, and how sessions, keys and tickets end."""

from collections.abc import AsyncGenerator
from datetime import timedelta

import pytest

from domain.errors import InvalidInput, NotAllowed, NotFound
from domain.events import EventKind
from domain.identity import BadCredentials, HandleTaken
from domain.tokens import TokenKind, token
from domain.users import Guest, Scope, SignedIn, SignInNeeded
from services.users import NewApiKey, ProfileChange
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
    renamed = await house.organizations.update(ada, "Difference Engines")
    await house.change("UPDATE users SET role = 'administrator'")
    administrator = await house.users.renew(ada)

    with pytest.raises(NotAllowed):
        await house.organizations.update(administrator, "Mine")

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
        await house.organizations.update(GUEST, "Mine")
    assert await house.users.account(GUEST) is None

"""Users and organizations over GraphQL: what goes in, what comes out, and each error as its type."""

import secrets
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any, cast

import pytest
import strawberry
from strawberry.schema.config import StrawberryConfig

from domain.errors import RuleBroken
from domain.organizations import Regions
from domain.users import Viewer
from resolvers.answers import SHARED
from resolvers.organizations import OrganizationsMutation
from resolvers.users import ANSWERS, UsersMutation, UsersQuery
from schema.scalars import SCALARS
from services.accounts import Accounts
from services.organizations import Organizations
from services.sign_in import SignIn
from services.users import Users
from tests.identity import GUEST, Installation, installation

pytestmark = pytest.mark.anyio
EMAIL = "ada@example.com"
SIGN_UP = {"name": "Ada Lovelace", "organizationName": "Analytical Engines", "zone": "Europe/London"}
FINISH = """mutation ($input: SignInFinishInput!) { signInFinish(input: $input) { __typename
  ... on SignInFinishPayload { sessionToken expiresAt user { id name handle email } }
  ... on Error { code message path } } }"""
REGION = """mutation ($input: SignInFinishInput!) { signInFinish(input: $input) { __typename
  ... on RegionUnsupportedError { code path contact endpoint } } }"""
VIEWER = """{ viewer { scopes user { name email role sharesAvailability zone createdAt }
  organization { name plan isEntitled region } sessions { id isCurrent } apiKeys { name prefix scopes } } }"""
NEW_KEY = """mutation ($input: ApiKeyCreateInput!) { apiKeyCreate(input: $input) { __typename
  ... on ApiKeyCreatePayload { secret apiKey { id prefix scopes expiresAt usedAt } }
  ... on Error { code path } } }"""


@strawberry.type
class Mutation(UsersMutation, OrganizationsMutation):
    """Changes of the two rooms."""


SCHEMA = strawberry.Schema(
    UsersQuery,
    Mutation,
    config=StrawberryConfig(scalar_map=SCALARS),
    exception_handlers=(*SHARED, *ANSWERS),
)


@dataclass(frozen=True)
class Rooms:
    """The services that the two rooms ask."""

    users: Users
    sign_in: SignIn
    organizations: Organizations
    accounts: Accounts


@dataclass(frozen=True)
class Asked:
    """One operation's context."""

    viewer: Viewer
    services: Rooms
    locale: str = "en"

    def say(self, broken: RuleBroken) -> str:
        """Say an expected error in English."""
        return broken.message


@pytest.fixture
def anyio_backend() -> str:
    """Run on asyncio."""
    return "asyncio"


@pytest.fixture
async def house(database_url: str, redis_url: str) -> AsyncGenerator[Installation, None]:
    """Open an installation without users."""
    async with installation(database_url, redis_url) as opened:
        yield opened


async def ask(house: Installation, viewer: Viewer, document: str, **given: object) -> dict[str, Any]:
    accounts = Accounts(house.units, secrets.token_bytes)
    rooms = Rooms(house.users, house.sign_in, house.organizations, accounts)
    result = await SCHEMA.execute(
        document, variable_values={"input": given}, context_value=Asked(viewer, rooms)
    )
    assert result.errors is None
    return cast("dict[str, Any]", result.data)


async def test_guest_signs_up_and_is_the_viewer(house: Installation) -> None:
    code = await house.code(EMAIL)

    finished = (await ask(house, GUEST, FINISH, email=EMAIL, code=code, signUp=SIGN_UP))["signInFinish"]

    viewer = (await ask(house, await house.viewer(finished["sessionToken"]), VIEWER))["viewer"]
    assert finished["__typename"] == "SignInFinishPayload"
    assert finished["expiresAt"] == "2026-04-26T12:00:00Z"
    assert finished["user"]["email"] == EMAIL
    assert viewer["user"] == {
        "name": "Ada Lovelace",
        "email": EMAIL,
        "role": "OWNER",
        "sharesAvailability": True,
        "zone": "Europe/London",
        "createdAt": "2026-03-27T12:00:00Z",
    }
    assert viewer["organization"] == {
        "name": "Analytical Engines",
        "plan": "BUSINESS",
        "isEntitled": True,
        "region": "eu",
    }
    assert [session["isCurrent"] for session in viewer["sessions"]] == [True]
    assert viewer["scopes"] == ["READ", "PAGES", "AVAILABILITY", "BOOKINGS", "CALENDARS", "PROFILE", "POLLS"]


async def test_guest_is_no_viewer(house: Installation) -> None:
    assert await ask(house, GUEST, VIEWER) == {"viewer": None}


async def test_asking_for_a_code_is_answered_alike_for_every_address(house: Installation) -> None:
    """Nobody learns from asking whether an address is known (case 169)."""
    await house.sign_up(EMAIL)
    document = """mutation ($input: SignInStartInput!) { signInStart(input: $input) {
      __typename ... on SignInStartPayload { codeMinutes } } }"""

    known = await ask(house, GUEST, document, email=EMAIL)
    unknown = await ask(house, GUEST, document, email="nobody@example.com")

    assert known == unknown == {"signInStart": {"__typename": "SignInStartPayload", "codeMinutes": 10}}


async def test_wrong_code_proved_stranger_and_bad_zone_are_errors_of_their_own(house: Installation) -> None:
    code = await house.code(EMAIL)

    wrong = await ask(house, GUEST, FINISH, email=EMAIL, code="")
    stranger = await ask(house, GUEST, FINISH, email=EMAIL, code=code)
    bad = await ask(house, GUEST, FINISH, email=EMAIL, code=code, signUp={**SIGN_UP, "zone": "Mars/Olympus"})

    assert wrong["signInFinish"] == {
        "__typename": "WrongCodeError",
        "code": "WRONG_CODE",
        "message": "This code is wrong or no longer valid.",
        "path": ["code"],
    }
    assert stranger["signInFinish"]["__typename"] == "SignUpNeededError"
    assert bad["signInFinish"]["__typename"] == "InvalidInputError"
    assert bad["signInFinish"]["path"] == ["signUp", "zone"]


async def test_sixth_code_of_a_day_says_when_to_come_back(house: Installation) -> None:
    """At most five mails a day to an address (case 153)."""
    document = """mutation ($input: SignInStartInput!) { signInStart(input: $input) {
      __typename ... on RateLimitedError { retryAfterSeconds code } } }"""
    for _ in range(5):
        await house.sign_in.start(GUEST, EMAIL, None, None)

    refused = (await ask(house, GUEST, document, email=EMAIL))["signInStart"]

    assert (refused["__typename"], refused["code"]) == ("RateLimitedError", "RATE_LIMITED")
    assert refused["retryAfterSeconds"] > 0


async def test_key_is_made_shown_once_and_revoked(house: Installation) -> None:
    ada = await house.viewer((await house.sign_up(EMAIL)).token)
    made = (await ask(house, ada, NEW_KEY, name="Deploy", scopes=["READ", "PAGES"]))["apiKeyCreate"]

    listed = (await ask(house, ada, VIEWER))["viewer"]["apiKeys"]
    document = """mutation ($input: ApiKeyRevokeInput!) { apiKeyRevoke(input: $input) {
      __typename ... on Error { code path } } }"""
    first = await ask(house, ada, document, id=made["apiKey"]["id"])
    second = await ask(house, ada, document, id=made["apiKey"]["id"])

    assert listed == [{"name": "Deploy", "prefix": made["secret"][:10], "scopes": ["READ", "PAGES"]}]
    assert first["apiKeyRevoke"] == {"__typename": "ApiKeyRevokePayload"}
    assert second["apiKeyRevoke"] == {"__typename": "NotFoundError", "code": "NOT_FOUND", "path": ["id"]}


async def test_key_of_an_old_sign_in_is_refused(house: Installation) -> None:
    """A stolen session makes no key (case 5)."""
    ada = await house.viewer((await house.sign_up(EMAIL)).token)
    house.clock.turn(minutes=11)

    refused = (await ask(house, ada, NEW_KEY, name="Deploy", scopes=["READ"]))["apiKeyCreate"]

    assert refused == {"__typename": "FreshSignInNeededError", "code": "FRESH_SIGN_IN_NEEDED", "path": []}


async def test_profile_changes_by_what_is_said(house: Installation) -> None:
    """Sharing can be switched off (R081)."""
    ada = await house.viewer((await house.sign_up(EMAIL)).token)
    document = """mutation ($input: UserUpdateInput!) { userUpdate(input: $input) { __typename
      ... on UserUpdatePayload { user { name handle sharesAvailability } } ... on Error { code path } } }"""

    changed = await ask(house, ada, document, sharesAvailability=False, handle="ada", name=None)
    refused = await ask(house, ada, document, handle="graphql")

    assert changed["userUpdate"]["user"] == {
        "name": "Ada Lovelace",
        "handle": "ada",
        "sharesAvailability": False,
    }
    assert refused["userUpdate"] == {
        "__typename": "InvalidInputError",
        "code": "INVALID_INPUT",
        "path": ["handle"],
    }


async def test_taken_handle_is_a_conflict(house: Installation) -> None:
    await house.sign_up(EMAIL)
    other = await house.viewer((await house.sign_up("other@example.com")).token)
    document = """mutation ($input: UserUpdateInput!) { userUpdate(input: $input) {
      __typename ... on Error { code message path } } }"""

    refused = await ask(house, other, document, handle="ada-lovelace")

    assert refused["userUpdate"] == {
        "__typename": "ConflictError",
        "code": "CONFLICT",
        "message": "Somebody else has this name. Choose another.",
        "path": ["handle"],
    }


async def test_sessions_and_tickets_are_the_viewers_own(house: Installation) -> None:
    first, second = await house.sign_up(EMAIL), await house.sign_up(EMAIL)
    ada = await house.viewer(first.token)
    await house.sign_up(EMAIL)
    ticket = (
        await ask(
            house,
            ada,
            """mutation { socketTicketCreate {
              ... on SocketTicketCreatePayload { ticket expiresInSeconds } } }""",
        )
    )["socketTicketCreate"]
    others = await ask(
        house,
        ada,
        "mutation { sessionRevokeOthers { ... on SessionRevokeOthersPayload { revokedCount } } }",
    )
    out = await ask(house, ada, "mutation { signOut { __typename } }")

    assert ticket["expiresInSeconds"] == 30
    assert ticket["ticket"].startswith("sgt_")
    assert others == {"sessionRevokeOthers": {"revokedCount": 2}}
    assert out == {"signOut": {"__typename": "SignOutPayload"}}
    assert await house.rows("SELECT count(*) FROM sessions WHERE revoked_at IS NULL") == [(0,)]
    assert second.token != first.token


async def test_organization_is_renamed_by_its_owner(house: Installation) -> None:
    ada = await house.viewer((await house.sign_up(EMAIL)).token)
    document = """mutation ($input: OrganizationUpdateInput!) { organizationUpdate(input: $input) { __typename
      ... on OrganizationUpdatePayload { organization { name } } ... on Error { code } } }"""

    renamed = await ask(house, ada, document, name="Difference Engines")
    await house.change("UPDATE users SET role = 'member'")
    refused = await ask(house, await house.users.renew(ada), document, name="Mine")

    assert renamed["organizationUpdate"]["organization"] == {"name": "Difference Engines"}
    assert refused["organizationUpdate"] == {"__typename": "NotAllowedError", "code": "NOT_ALLOWED"}


async def test_who_signs_up_for_a_region_that_is_not_served_is_told_whom_to_ask(
    database_url: str, redis_url: str
) -> None:
    """R139."""
    regions = Regions(frozenset({"eu"}), {"us": "https://us.example.com"}, "ask@example.com")
    async with installation(database_url, redis_url, regions=regions) as house:
        given = {"email": EMAIL, "code": await house.code(EMAIL), "signUp": {**SIGN_UP, "homeRegion": "us"}}

        told = await ask(house, GUEST, REGION, **given)

        assert told["signInFinish"] == {
            "__typename": "RegionUnsupportedError",
            "code": "REGION_UNSUPPORTED",
            "path": ["signUp", "homeRegion"],
            "contact": "ask@example.com",
            "endpoint": "https://us.example.com",
        }
        assert await house.rows("SELECT count(*) FROM users") == [(0,)]

"""Linking accounts elsewhere to one's own user, through the API, and ending that."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from tests.issuers import PROVIDERS, UNLINK, UNPROVED, Street, opened

pytestmark = pytest.mark.anyio


@pytest.fixture
async def street(database_url: str, redis_url: str, tmp_path: Path) -> AsyncGenerator[Street]:
    async with opened(database_url, redis_url, tmp_path) as opened_street:
        yield opened_street


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_linked_account_signs_its_user_in_whatever_its_address(street: Street, provider: str) -> None:
    """Case 55: the way to link is a fresh sign-in; whether an address was verified plays no part then."""
    host = await street.house.sign_up("Ada")
    identity = await street.link(host, provider, UNPROVED)

    opened = await street.finish(await street.answered(provider, UNPROVED))

    assert await street.identities(opened["sessionToken"]) == [identity]
    assert opened["user"]["email"] == host.email
    assert await street.link(host, provider, UNPROVED) == identity
    assert await street.house.count("identities") == 1


async def test_linking_asks_for_a_fresh_sign_in(street: Street) -> None:
    host = await street.house.sign_up("Ada")
    street.clock.turn(minutes=10, seconds=1)

    refused = await street.asked("OIDC", host)

    assert refused["__typename"] == "FreshSignInNeededError"
    assert await street.house.count("sign_in_questions") == 0


async def test_question_to_link_is_finished_in_its_own_session_and_only_to_link(street: Street) -> None:
    """Cases 47, 48: another user, another session of one's own, a sign-in, and the other way round."""
    ada, eve = await street.house.sign_up("Ada"), await street.house.sign_up("Eve")
    given, sign_in = await street.answered("OIDC", host=ada), await street.answered("OIDC")

    refused = [
        await street.finish_link(eve, given),
        await street.finish_link(ada, sign_in),
        {name: value for name, value in (await street.finish(given)).items() if name != "message"},
    ]

    assert [one["code"] for one in refused] == ["SIGN_IN_UNKNOWN"] * 3
    assert await street.house.count("identities") == 0
    assert (await street.finish_link(ada, given))["__typename"] == "IdentityLinkFinishPayload"
    assert (await street.finish_link(ada, given))["__typename"] == "SignInUnknownError"


async def test_account_of_somebody_else_is_not_taken_over(street: Street) -> None:
    ada, eve = await street.house.sign_up("Ada"), await street.house.sign_up("Eve")
    await street.link(ada, "OIDC")

    refused = await street.finish_link(eve, await street.answered("OIDC", host=eve))

    assert refused["__typename"] == "ConflictError"
    assert await street.identities(eve.token) == []
    assert len(await street.identities(ada.token)) == 1


async def test_unlinked_account_opens_nothing_and_can_be_linked_anew(street: Street) -> None:
    ada, eve = await street.house.sign_up("Ada"), await street.house.sign_up("Eve")
    identity = await street.link(ada, "OIDC", UNPROVED)

    foreign = await street.house.ask(UNLINK, eve.token, input={"id": identity["id"]})
    own = await street.house.ask(UNLINK, ada.token, input={"id": identity["id"]})
    refused = await street.finish(await street.answered("OIDC", UNPROVED))

    assert foreign["identityUnlink"]["code"] == "NOT_FOUND"
    assert own["identityUnlink"]["__typename"] == "IdentityUnlinkPayload"
    assert refused["__typename"] == "IdentityUnlinkedError"
    assert (await street.link(eve, "OIDC", UNPROVED))["issuer"] == identity["issuer"]


async def test_a_user_links_twenty_accounts_at_most(street: Street) -> None:
    host = await street.house.sign_up("Ada")
    await street.house.rows_changed(
        "INSERT INTO identities (id, issuer, subject, organization_id, user_id, created_at) "
        "SELECT gen_random_uuid(), 'https://issuer.example', n::text, organization_id, id, created_at "
        "FROM users, generate_series(1, 20) AS n"
    )

    refused = await street.finish_link(host, await street.answered("OIDC", host=host))

    assert refused["__typename"] == "InvalidInputError"
    assert await street.house.count("identities") == 20

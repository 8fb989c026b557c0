"""OAuth as a client, against an authorization server that is strict."""

from collections.abc import AsyncGenerator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from domain.calendars import Provider
from integrations.http import SafeHttp
from integrations.oauth import Application, OAuth
from integrations.ports import Consent, Grant, Permanent, ProviderFailed, Revoked, Secret, Transient
from tests.fakes.kit import Fault, served
from tests.fakes.oauth import Habits, OAuthFake, Person

pytestmark = pytest.mark.anyio

ADA = "ada@example.com"
CONSENT = Consent("http://127.0.0.1:1/back", "state-1", "nonce-1", Secret("v" * 43))
PATHS = {"authorize": "/o/authorize", "token": "/o/token", "revoke": "/o/revoke", "keys": "/o/keys"}
SCOPES = ("openid", "email", "calendars")


class Both:
    """A fake and our client of it."""

    def __init__(self, fake: OAuthFake, url: str, *, basic: bool = False, issuer: str | None = None) -> None:
        self.fake = fake
        app = Application(
            provider=Provider.GOOGLE,
            client_id=fake.client_id,
            client_secret=Secret(fake.client_secret),
            authorize_url=f"{url}/o/authorize",
            token_url=f"{url}/o/token",
            revoke_url=f"{url}/o/revoke",
            scopes=SCOPES,
            issuer=issuer or f"{url}/o",
            keys_url=f"{url}/o/keys",
            uses_basic=basic,
        )
        self.client = OAuth(SafeHttp(allow_loopback=True), app)

    def sent_to(self, *without: str) -> str:
        """Consent, and give the code."""
        query = dict(parse_qsl(urlsplit(self.client.address(CONSENT)).query))
        return parse_qs(urlsplit(self.fake.consents(query, ADA, without=without)).query)["code"][0]

    async def redeem(self, code: str, consent: Consent = CONSENT) -> Grant:
        """Exchange a code now."""
        return await self.client.redeem(code, consent, datetime.now(UTC))


@asynccontextmanager
async def both(*, basic: bool = False, rotates: bool = False) -> AsyncGenerator[Both]:
    habits = Habits("/o", PATHS, frozenset(SCOPES), asks_basic=basic, rotates=rotates, burns=rotates)
    fake = OAuthFake(habits, [Person("subject-1", ADA)])
    async with served(fake) as url:
        yield Both(fake, url, basic=basic)
        assert fake.violations == []


async def failure(call: Awaitable[object]) -> tuple[type[ProviderFailed], str]:
    with pytest.raises(ProviderFailed) as failed:
        await call
    return type(failed.value), failed.value.reason


@pytest.mark.parametrize("basic", [False, True])
async def test_code_becomes_tokens_and_says_who_consented_to_what(basic: bool) -> None:
    """R043, R045, case 51: S256 always; the code is exchanged from here."""
    async with both(basic=basic) as pair:
        grant = await pair.redeem(pair.sent_to("calendars"))

        assert (grant.subject, grant.email, grant.is_email_verified) == ("subject-1", ADA, True)
        assert grant.scopes == {"openid", "email"}
        assert grant.lasts_s <= 3600
        assert "canary" not in repr(grant)
        assert [call.form["grant_type"] for call in pair.fake.asked("token")] == ["authorization_code"]


async def test_code_of_another_question_is_refused() -> None:
    """Case 48: another verifier; case 49: twice."""
    async with both() as pair:
        other = replace(CONSENT, verifier=Secret("w" * 43))
        code = pair.sent_to()

        assert await failure(pair.redeem(pair.sent_to(), other)) == (Revoked, "grant_ended")
        await pair.redeem(code)
        assert await failure(pair.redeem(code)) == (Revoked, "grant_ended")


async def test_refresh_token_that_turns_is_given_back_and_one_that_stays_is_not() -> None:
    """D01, R053."""
    async with both(rotates=True) as pair:
        first = await _with_refresh(pair)
        turned = await pair.client.renew(first)
        assert turned.refresh_token not in (None, first)
        assert await failure(pair.client.renew(first)) == (Revoked, "grant_ended")
    async with both() as pair:
        assert (await pair.client.renew(await _with_refresh(pair))).refresh_token is None


async def test_revoking_ends_the_grant_and_doing_it_twice_is_fine() -> None:
    """R057."""
    async with both() as pair:
        token = await _with_refresh(pair)
        assert await pair.client.revoke(token)
        assert await pair.client.revoke(token)
        assert await failure(pair.client.renew(token)) == (Revoked, "grant_ended")


async def test_what_is_wrong_tells_whose_fault_it_is() -> None:
    """R058: only the provider's word that a grant is over ends a connection."""
    async with both() as pair:
        token = await _with_refresh(pair)
        pair.fake.wrong_secret()
        assert await failure(pair.client.renew(token)) == (Permanent, "client_refused")
        pair.fake.wrong_secret(is_wrong=False)
        pair.fake.fails(
            "token",
            Fault(status=503),
            Fault(status=400, body=b"<html>"),
            Fault(status=200, body=b"<html>"),
            Fault(status=200, body=b'{"access_token": 7}'),
            Fault(hangs_up=True),
            Fault(delay_s=5),
        )
        found = [await failure(pair.client.renew(token, deadline_s=0.5)) for _ in range(6)]
        assert [kind for kind, _ in found] == [Transient] * 6
        assert (await pair.client.renew(token)).lasts_s > 0


BAD: dict[str, dict[str, object]] = {
    "another audience": {"aud": "somebody"},
    "two audiences": {"aud": ["slotgraph-client", "somebody"]},
    "another issuer": {"iss": "https://evil.example"},
    "another nonce": {"nonce": "nonce-2"},
    "no nonce": {"nonce": None},
    "over": {"exp": 1},
    "not yet": {"nbf": 9_999_999_999},
    "no subject": {"sub": ""},
    "endless": {"exp": float("inf")},
}


@pytest.mark.parametrize("what", BAD)
async def test_id_token_that_is_not_for_us_is_refused(what: str) -> None:
    """Case 54."""
    async with both() as pair:
        pair.fake.claims = BAD[what]
        assert await failure(pair.redeem(pair.sent_to())) == (Permanent, "id_token_refused")


@pytest.mark.parametrize("what", ["none", "HS256 with a public key", "own key in its header", "crit"])
async def test_id_token_signed_by_nobody_we_know_is_refused(what: str) -> None:
    """Case 54: keys come from the provider's own list, and only RS256 is taken."""
    async with both() as pair:
        claims: dict[str, Any] = {
            "iss": pair.fake.url + "/o",
            "aud": pair.fake.client_id,
            "sub": "x",
            "nonce": "nonce-1",
            "exp": datetime.now(UTC) + timedelta(hours=1),
        }
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        pair.fake.forged = {
            "none": lambda: jwt.encode(claims, "", algorithm="none"),
            "HS256 with a public key": lambda: jwt.encode(claims, "k" * 64, algorithm="HS256"),
            "own key in its header": lambda: jwt.encode(claims, key, "RS256", {"kid": "fake-1"}),
            "crit": lambda: jwt.encode(claims, key, "RS256", {"kid": "fake-1", "crit": ["x"], "x": True}),
        }[what]()
        assert await failure(pair.redeem(pair.sent_to())) == (Permanent, "id_token_refused")


async def test_issuer_that_is_named_is_compared() -> None:
    """Case 50: a code of one provider is not taken to another."""
    async with both() as pair:
        assert pair.client.is_issuer(None)
        assert pair.client.is_issuer(f"{pair.fake.url}/o")
        assert not pair.client.is_issuer("https://evil.example")
    tenant = Both(
        OAuthFake(Habits("/o", PATHS, frozenset()), []),
        "http://h",
        issuer="https://login.example/{tenantid}/v2",
    ).client
    assert tenant.is_issuer("https://login.example/0b1c-2d/v2")
    assert not tenant.is_issuer("https://login.example/evil/x/v2")
    assert not tenant.is_issuer("https://login.example//v2")


async def _with_refresh(pair: Both) -> Secret:
    token = (await pair.redeem(pair.sent_to())).refresh_token
    assert token is not None
    return token

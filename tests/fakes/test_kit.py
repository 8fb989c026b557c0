"""The fakes' own promises: strict, faulty on demand, and OAuth as the RFCs have it."""

import base64
import hashlib
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests import serving
from tests.fakes.kit import Fault, served
from tests.fakes.oauth import Habits, OAuthFake, Person

pytestmark = pytest.mark.anyio
VERIFIER = "v" * 43
PATHS = {"authorize": "/o/authorize", "token": "/o/token", "revoke": "/o/revoke", "keys": "/o/keys"}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def made(*, rotates: bool = False, burns: bool = False) -> OAuthFake:
    habits = Habits("/o", PATHS, frozenset({"openid", "email", "read"}), rotates=rotates, burns=burns)
    return OAuthFake(habits, [Person("1", "ada@example.com")])


def query(**other: str) -> dict[str, str]:
    challenge = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
    return {
        "client_id": OAuthFake.client_id,
        "redirect_uri": "http://127.0.0.1/back",
        "response_type": "code",
        "scope": "openid email read",
        "state": "s",
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    } | other


def redeeming(sent_to: str, **other: str) -> dict[str, str]:
    return {
        "grant_type": "authorization_code",
        "code": parse_qs(urlsplit(sent_to).query)["code"][0],
        "redirect_uri": "http://127.0.0.1/back",
        "code_verifier": VERIFIER,
        "client_id": OAuthFake.client_id,
        "client_secret": OAuthFake.client_secret,
    } | other


def renewing(token: str) -> dict[str, str]:
    return {
        "grant_type": "refresh_token",
        "refresh_token": token,
        "client_id": OAuthFake.client_id,
        "client_secret": OAuthFake.client_secret,
    }


async def test_code_is_redeemed_once_and_only_with_its_verifier() -> None:
    fake = made()
    async with served(fake) as url, serving.client(base_url=url) as client:
        wrong = await client.post(
            "/o/token", data=redeeming(fake.consents(query(), "ada@example.com"), code_verifier="w" * 43)
        )
        form = redeeming(fake.consents(query(), "ada@example.com", without={"read"}))
        first = await client.post("/o/token", data=form)
        second = await client.post("/o/token", data=form)

    assert (wrong.status_code, first.status_code, second.status_code) == (400, 200, 400)
    assert first.json()["scope"] == "email openid"
    assert fake.violations == []


async def test_token_that_burns_is_good_once() -> None:
    fake = made(rotates=True, burns=True)
    async with served(fake) as url, serving.client(base_url=url) as client:
        first = await client.post("/o/token", data=redeeming(fake.consents(query(), "ada@example.com")))
        old = first.json()["refresh_token"]
        turned = await client.post("/o/token", data=renewing(old))
        burnt = await client.post("/o/token", data=renewing(old))
        again = await client.post("/o/token", data=renewing(turned.json()["refresh_token"]))

    assert [answer.status_code for answer in (turned, burnt, again)] == [200, 400, 200]


async def test_what_the_provider_does_not_know_is_a_violation() -> None:
    fake = made()
    async with served(fake) as url, serving.client(base_url=url) as client:
        await client.get("/o/authorize", params=query(colour="red", scope="openid everything"))
        await client.post("/o/token", data=renewing("none") | {"grant_type": "client_credentials"})

    assert len(fake.violations) == 3


async def test_faults_come_as_they_were_ordered() -> None:
    fake = made()
    async with served(fake) as url, serving.client(base_url=url) as client:
        fake.fails("keys", Fault(status=503), Fault(hangs_up=True))
        busy = await client.get("/o/keys")
        with pytest.raises(httpx.RemoteProtocolError):
            await client.get("/o/keys")
        well = await client.get("/o/keys")

    assert (busy.status_code, well.status_code) == (503, 200)
    assert [call.operation for call in fake.calls] == ["keys"] * 3

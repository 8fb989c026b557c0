"""Signing in with accounts elsewhere, through the API, against Google, Microsoft and an issuer of our own."""

import asyncio
import re
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from domain.tokens import TokenKind, token
from tests.fakes.kit import Fault
from tests.fakes.oauth import OAuthFake
from tests.installation import SIGN_IN_FINISH, SIGN_IN_START, running
from tests.issuers import LIN, MINE, PROVIDERS, SIGN_UP, START, UNKNOWN, Street, opened

pytestmark = pytest.mark.anyio


@pytest.fixture
async def street(database_url: str, redis_url: str, tmp_path: Path) -> AsyncGenerator[Street]:
    async with opened(database_url, redis_url, tmp_path) as opened_street:
        yield opened_street


async def test_guest_is_told_with_what_one_can_sign_in(street: Street) -> None:
    """Zoom gives no ID token, so nobody signs in with it."""
    data = await street.house.ask("{ signInProviders { provider name } }")

    assert [(one["provider"], one["name"]) for one in data["signInProviders"]] == [
        ("GOOGLE", "Google"),
        ("MICROSOFT", "Microsoft"),
        ("OIDC", "Example ID"),
    ]


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_provider_is_asked_who_somebody_is_and_for_no_calendar(street: Street, provider: str) -> None:
    """R017, R101, case 51: scopes of sign-in alone, S256, an address of its own, no refresh token."""
    query = await street.query(provider)

    assert query["scope"] == "openid email profile"
    assert query["code_challenge_method"] == "S256"
    assert query["redirect_uri"] == f"http://127.0.0.1:8000/sign-in/{provider.lower()}"
    assert set(query) & {"access_type", "include_granted_scopes"} == set()
    await street.finish(await street.answered(provider))
    assert [grant.refresh_token for grant in street.fakes[provider].grants] == [None]


@pytest.mark.parametrize("provider", ["GOOGLE", "OIDC"])
async def test_proved_address_of_nobody_signs_up_without_asking_the_provider_twice(
    street: Street, provider: str
) -> None:
    """Unknown account, verified address: SignUpNeeded, then the same answer again with `signUp`."""
    given = await street.answered(provider)

    needed = await street.finish(given)
    again = await street.finish(given)
    wrong = await street.finish(given, signUp={**SIGN_UP, "zone": "Mars/Olympus"})
    made = await street.finish(given, signUp=SIGN_UP)

    assert [one["__typename"] for one in (needed, again)] == ["SignUpNeededError"] * 2
    assert (wrong["code"], wrong["path"]) == ("INVALID_INPUT", ["signUp", "zone"])
    assert (made["user"]["email"], made["user"]["handle"]) == (LIN, "lin")
    assert len(street.fakes[provider].asked("token")) == 1
    assert [one["issuer"] for one in await street.identities(made["sessionToken"])] == [
        f"{street.fakes[provider].url}{street.fakes[provider].habits.issuer}"
    ]
    assert await street.finish(given, signUp=SIGN_UP) == UNKNOWN
    assert await street.house.count("sign_in_questions") == 0


async def test_known_account_opens_a_session_for_its_user_whatever_its_address_is_by_then(
    street: Street,
) -> None:
    """Issuer and subject say who it is; a `signUp` changes nothing."""
    first = await street.finish(await street.answered("OIDC"), signUp=SIGN_UP)
    street.fakes["OIDC"].claims = {"email": "moved@example.com", "email_verified": False}

    second = await street.finish(await street.answered("OIDC"), signUp={**SIGN_UP, "name": "Mallory"})

    assert second["user"] == first["user"]
    assert second["sessionToken"] != first["sessionToken"]
    assert (await street.house.ask(MINE, second["sessionToken"]))["viewer"]["user"]["email"] == LIN
    assert await street.house.count("users") == 1


async def test_account_with_the_address_of_a_user_is_never_linked_by_it(street: Street) -> None:
    """Case 55: verified or not, and also where the subject of a known address changes."""
    host = await street.house.sign_up("Ada")
    for fake in street.fakes.values():
        fake.claims = {"email": host.email}
    given = await street.answered("OIDC")

    refused = [
        await street.finish(given, signUp=SIGN_UP),
        await street.finish(await street.answered("GOOGLE")),
    ]

    assert [one["__typename"] for one in refused] == ["IdentityUnlinkedError"] * 2
    assert await street.finish(given, signUp=SIGN_UP) == UNKNOWN
    assert await street.identities(host.token) == []
    assert (await street.house.count("users"), await street.house.count("identities")) == (1, 0)


async def test_address_that_passed_to_another_account_opens_nothing(street: Street) -> None:
    """Case 55: a different `sub` later."""
    await street.finish(await street.answered("OIDC"), signUp=SIGN_UP)
    street.fakes["OIDC"].hands_on(LIN, "subject-of-somebody-else")

    refused = await street.finish(await street.answered("OIDC"), signUp=SIGN_UP)

    assert refused["__typename"] == "IdentityUnlinkedError"
    assert await street.house.count("users") == 1


@pytest.mark.parametrize(
    ("provider", "claims"),
    [
        ("OIDC", {"email_verified": False}),
        ("OIDC", {"email_verified": None}),
        ("OIDC", {"email_verified": "true"}),
        ("OIDC", {"email": None}),
        ("OIDC", {"email": "not an address"}),
        ("GOOGLE", {"email_verified": False}),
        ("MICROSOFT", {}),
    ],
)
async def test_address_that_was_not_verified_founds_nothing(
    street: Street, provider: str, claims: dict[str, object]
) -> None:
    """Case 55: Microsoft never says that it has verified one; only `true` does."""
    street.fakes[provider].claims = claims

    refused = await street.finish(await street.answered(provider), signUp=SIGN_UP)

    assert refused["__typename"] == "IdentityUnlinkedError"
    assert await street.house.count("users") == 0
    assert LIN not in "".join(await street.house.everything_stored())


async def test_answer_is_taken_only_in_the_browser_that_asked(street: Street) -> None:
    """Cases 47, 48: a callback of one's own given to a victim, and a victim's given to oneself."""
    mine, victims = await street.answered("OIDC"), await street.answered("OIDC")
    others = await street.answered("OIDC")
    secrets = {"mine": mine["browserSecret"], "victims": victims["browserSecret"]}
    forged = token(TokenKind.BROWSER, b"a secret that nobody was given!!")

    handed = await street.finish({**mine, "browserSecret": secrets["victims"]}, signUp=SIGN_UP)
    taken = await street.finish({**victims, "browserSecret": secrets["mine"]}, signUp=SIGN_UP)
    without = [await street.finish({**mine, "browserSecret": given}) for given in ("", "x", forged)]
    injected = await street.finish({**mine, "code": others["code"]}, signUp=SIGN_UP)

    assert [handed, taken, *without] == [UNKNOWN] * 5
    assert injected["__typename"] == "SignInProviderRefusedError"
    assert await street.house.count("sessions") == 0
    assert (await street.finish(victims, signUp=SIGN_UP))["__typename"] == "SignInWithFinishPayload"


async def test_proof_that_waits_for_a_sign_up_belongs_to_that_browser_too(street: Street) -> None:
    """Case 47."""
    mine, other = await street.answered("OIDC"), await street.answered("OIDC")
    await street.finish(mine)

    stolen = await street.finish({**mine, "browserSecret": other["browserSecret"]}, signUp=SIGN_UP)
    street.clock.turn(minutes=10)
    late = await street.finish(mine, signUp=SIGN_UP)

    assert [stolen, late] == [UNKNOWN] * 2
    assert await street.house.count("users") == 0
    await street.house.parts.services.users.forget_ended()
    assert await street.house.count("sign_in_questions") == 0


async def test_answer_is_taken_once(street: Street) -> None:
    """Case 49: again, twice at once, too late."""
    await street.finish(await street.answered("OIDC"), signUp=SIGN_UP)
    given, twice, late = [await street.answered("OIDC") for _ in range(3)]

    assert (await street.finish(given))["__typename"] == "SignInWithFinishPayload"
    assert await street.finish(given) == UNKNOWN
    both = await asyncio.gather(street.finish(twice), street.finish(twice))
    street.clock.turn(minutes=10)

    assert sorted(one["__typename"] for one in both) == ["SignInUnknownError", "SignInWithFinishPayload"]
    assert await street.finish(late) == UNKNOWN
    assert await street.house.count("sessions") == 3


async def test_answer_of_one_provider_is_not_taken_to_another(street: Street) -> None:
    """Case 50: another path, another `iss`; the code is sent to nobody."""
    google, issuer = await street.answered("GOOGLE"), await street.answered("OIDC")

    mixed = await street.finish({**google, "provider": "OIDC"})
    named = await street.finish({**google, "issuer": f"{street.fakes['OIDC'].url}/issuer"})
    right = await street.finish({**issuer, "issuer": f"{street.fakes['OIDC'].url}/issuer"})

    assert mixed == UNKNOWN
    assert (named["code"], named["path"]) == ("SIGN_IN_UNKNOWN", ["issuer"])
    assert street.fakes["GOOGLE"].asked("token") == []
    assert right["__typename"] == "SignUpNeededError"


async def test_issuer_that_always_names_itself_has_to(street: Street) -> None:
    """Case 50, RFC 9207: where the issuer says that it sends `iss`, an answer without it is not its own."""
    street.fakes["OIDC"].says = {"authorization_response_iss_parameter_supported": True}

    refused = await street.finish(await street.answered("OIDC"))

    assert (refused["code"], refused["path"]) == ("SIGN_IN_UNKNOWN", ["issuer"])


@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"aud": "somebody"},
        {"iss": "https://evil.example"},
        {"exp": 1},
        {"sub": ""},
        {"sub": "x" * 256},
        {"sub": "a\x00b"},
    ],
)
@pytest.mark.parametrize("provider", PROVIDERS)
async def test_id_token_that_is_not_for_this_question_opens_nothing(
    street: Street, provider: str, claims: dict[str, object]
) -> None:
    """Case 54: the tokens of `tests/integrations/test_oauth.py` are refused here by the same code."""
    street.fakes[provider].claims = claims

    refused = await street.finish(await street.answered(provider), signUp=SIGN_UP)

    assert refused["__typename"] == "SignInProviderRefusedError"
    assert await street.house.count("sessions") == 0


async def test_id_token_that_nobody_signed_opens_nothing(street: Street) -> None:
    """Case 54."""
    street.fakes["OIDC"].forged = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0."

    refused = await street.finish(await street.answered("OIDC"), signUp=SIGN_UP)

    assert refused["__typename"] == "SignInProviderRefusedError"


async def test_disabled_user_is_not_let_in(street: Street) -> None:
    await street.finish(await street.answered("OIDC"), signUp=SIGN_UP)
    await street.house.rows_changed("UPDATE users SET is_disabled = true")

    refused = await street.finish(await street.answered("OIDC"))

    assert refused["__typename"] == "NotAllowedError"
    assert await street.house.count("sessions") == 1


async def test_taken_handle_can_be_chosen_anew_with_the_same_answer(street: Street) -> None:
    ada = await street.house.sign_up("Ada")
    given = await street.answered("OIDC")

    taken = await street.finish(given, signUp={**SIGN_UP, "handle": ada.handle})
    made = await street.finish(given, signUp={**SIGN_UP, "handle": "lin-2"})

    assert (taken["code"], taken["path"]) == ("CONFLICT", ["signUp", "handle"])
    assert made["user"]["handle"] == "lin-2"
    assert await street.house.count("organizations") == 2


async def test_two_browsers_that_sign_up_at_once_with_one_account_make_one_user(street: Street) -> None:
    given = [await street.answered("OIDC") for _ in range(4)]

    came = await asyncio.gather(*(street.finish(one, signUp=SIGN_UP) for one in given))

    assert [one["__typename"] for one in came] == ["SignInWithFinishPayload"] * 4
    assert {one["user"]["id"] for one in came} == {came[0]["user"]["id"]}
    assert [await street.house.count(name) for name in ("users", "identities", "organizations")] == [1, 1, 1]


async def test_new_user_is_written_to_in_the_language_in_which_they_began(street: Street) -> None:
    given = await street.answered("OIDC", locale="ja")

    made = await street.finish(given, signUp=SIGN_UP)

    assert made["user"]["locale"] == "ja"


async def test_signing_in_by_code_goes_on_beside_it(street: Street) -> None:
    """R017: an account elsewhere is one way more; who lost it has the mailbox."""
    await street.finish(await street.answered("OIDC"), signUp=SIGN_UP)
    await street.house.ask(SIGN_IN_START, input={"email": LIN})
    await street.house.work()
    code = re.search(r"\b\d{8}\b", street.house.mails_to(LIN)[-1].part("text/plain"))
    assert code is not None

    data = await street.house.ask(SIGN_IN_FINISH, input={"email": LIN, "code": code[0]})

    assert data["signInFinish"]["user"]["handle"] == "lin"


async def test_issuer_is_discovered_once_an_hour(street: Street) -> None:
    issuer = street.fakes["OIDC"]
    await street.finish(await street.answered("OIDC"))
    await street.asked("OIDC")
    assert len(issuer.asked("discovery")) == 1
    street.clock.turn(hours=1)
    await street.asked("OIDC")
    assert len(issuer.asked("discovery")) == 2


@pytest.mark.parametrize(
    "says",
    [
        {"issuer": "https://evil.example"},
        {"issuer": None},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"authorization_endpoint": "http://evil.example/authorize"},
        {"token_endpoint": "https://10.0.0.1/token"},
        {"jwks_uri": None},
        {"jwks_uri": 7},
    ],
)
async def test_issuer_that_says_what_cannot_be_is_not_believed(
    street: Street, says: dict[str, object]
) -> None:
    """Case 52: nobody is sent to where it is not safe."""
    street.fakes["OIDC"].says = says

    refused = await street.asked("OIDC")

    assert refused["__typename"] == "SignInProviderRefusedError"
    assert await street.house.count("sign_in_questions") == 0


async def test_issuer_that_is_away_refuses_and_other_ways_go_on(street: Street) -> None:
    issuer = street.fakes["OIDC"]
    issuer.fails("discovery", Fault(status=503), Fault(status=200, body=b"<html>"), Fault(hangs_up=True))
    refused = [(await street.asked("OIDC"))["__typename"] for _ in range(3)]
    given = await street.answered("OIDC")
    issuer.fails("token", Fault(status=503))

    failed = await street.finish(given)

    assert refused == ["SignInProviderRefusedError"] * 3
    assert failed["__typename"] == "SignInProviderRefusedError"
    assert await street.finish(given) == UNKNOWN
    assert (await street.finish(await street.answered("GOOGLE")))["__typename"] == "SignUpNeededError"


@pytest.mark.parametrize(
    ("deadlines", "told"),
    [
        ({"CONNECT_DEADLINE_S": "1"}, "SignInProviderRefusedError"),
        ({"GRAPHQL_DEADLINE_S": "1"}, "SignUpNeededError"),
    ],
)
async def test_slow_issuer_is_waited_for_longer_than_an_operation_may_take_and_then_refuses(
    database_url: str, redis_url: str, tmp_path: Path, deadlines: dict[str, str], told: str
) -> None:
    """A person is told what they can do, and never by the end of an operation."""
    async with opened(database_url, redis_url, tmp_path, **deadlines) as street:
        given = await street.answered("GOOGLE")
        street.fakes["GOOGLE"].fails("token", Fault(status=200, delay_s=3))

        assert (await street.finish(given))["__typename"] == told


async def test_no_secret_of_it_is_stored_and_no_token_kept(street: Street) -> None:
    """D17, D01: hashes of state and browser's secret; of the provider only who it was."""
    given = await street.answered("OIDC")
    open_question = "".join(await street.house.everything_stored())
    made = await street.finish(given, signUp=SIGN_UP)
    stored = "".join(await street.house.everything_stored())

    secrets = [given[name] for name in ("returnedState", "browserSecret", "code")]
    assert [secret for secret in secrets if secret in open_question + stored] == []
    assert "canary" not in open_question + stored + str(made)
    assert await street.house.keys("slotgraph:access:*") == []


async def test_pages_are_served_where_providers_send_people_back(street: Street) -> None:
    """Cases 52, 53: the page shows its own words, whatever the address says."""
    spoilt = "?error=x&error_description=%3Cscript%3E&next=https://evil.example"
    pages = [
        await street.house.http.get(f"/sign-in/{name}{spoilt}", follow_redirects=False)
        for name in ("google", "microsoft", "oidc", "zoom")
    ]

    assert [page.status_code for page in pages] == [200, 200, 200, 404]
    assert "frame-ancestors 'none'" in pages[0].headers["content-security-policy"]
    assert [page for page in pages if "evil" in page.text or "<script>" in page.text] == []


async def test_what_is_not_registered_cannot_be_signed_in_with(
    database_url: str, redis_url: str, tmp_path: Path
) -> None:
    async with running(database_url, redis_url, tmp_path, GOOGLE_CLIENT_ID=OAuthFake.client_id) as house:
        listed = await house.ask("{ signInProviders { provider } }")
        refused = await house.ask(START, input={"provider": "OIDC"})

    assert listed["signInProviders"] == [{"provider": "GOOGLE"}]
    assert refused["signInWithStart"]["__typename"] == "SignInProviderUnsupportedError"

"""Authorization servers as the providers run them: consent, codes with PKCE, tokens that turn and end.

RFC 6749, 7636 and 7009 and OpenID Connect Core, with each provider's own habits as `Habits`. Only the
authorization code and refresh grants exist: whatever else is asked for is refused and a violation (R097).
"""

import base64
import hashlib
import json
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlencode

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from tests.fakes.kit import Asked, Fake, Refusal

_CODE_LASTS = timedelta(minutes=5)


@dataclass(frozen=True)
class Person:
    """Somebody with an account; `subject` never changes, whatever the address does."""

    subject: str
    email: str
    name: str = "A Host"
    is_verified: bool = True


@dataclass(frozen=True)
class Habits:
    """How one provider does it.

    `paths` are those of authorize, token, revoke (or none), keys, userinfo and discovery; `scopes` all
    that exist, `parameters` what its authorization address knows beyond the standard. `rotates` gives a
    new refresh token at each renewal, `burns` ends the old one at once. `asks_basic` wants the client's
    secret in the Authorization header. `fixed_scopes` grants those of the registration, whatever was asked.
    """

    issuer: str
    paths: Mapping[str, str]
    scopes: frozenset[str]
    parameters: frozenset[str] = frozenset()
    rotates: bool = False
    burns: bool = False
    asks_basic: bool = False
    fixed_scopes: frozenset[str] | None = None
    hidden_scopes: frozenset[str] = frozenset()  # never named in a token's answer
    refresh_needs: Mapping[str, str] = field(default_factory=dict[str, str])  # parameters; else no refresh
    verifies: bool = True  # says in ID tokens whether an address was verified
    refresh_scope: str | None = None  # without it in the grant, no refresh token
    lifetime_s: int = 3599


@dataclass
class Grant:
    """What a person allowed a client, and the tokens that came of it."""

    person: Person
    scopes: frozenset[str]
    refresh_token: str | None
    access: dict[str, datetime] = field(default_factory=dict[str, datetime])  # token: its end
    is_revoked: bool = False


@dataclass(frozen=True)
class _Code:
    grant: Grant
    redirect_uri: str
    challenge: str
    nonce: str | None
    ends_at: datetime


_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
_KEY_ID = "fake-1"
_STANDARD = frozenset(
    {
        "client_id",
        "redirect_uri",
        "response_type",
        "scope",
        "state",
        "nonce",
        "login_hint",
        "prompt",
        "code_challenge",
        "code_challenge_method",
    }
)


class OAuthFake(Fake):
    """An authorization server; a provider's fake adds its API and asks `granted` who calls.

    `client` is the one registered client: id, secret and redirect addresses. `people` can sign in.
    """

    client_id = "slotgraph-client"
    client_secret = "canary-client-secret-91c2"

    def __init__(
        self,
        habits: Habits,
        people: Iterable[Person],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        super().__init__(clock)
        self.habits = habits
        self.people = {person.email: person for person in people}
        self.redirects: set[str] = set()  # registered addresses; empty takes any on the loopback
        self.grants: list[Grant] = []
        self._codes: dict[str, _Code] = {}
        self.claims: dict[str, object] = {}
        self.forged: str | None = None
        self._secret_is_wrong = False
        paths = habits.paths
        self.route("GET", paths["authorize"], "authorize", self._authorize_page)
        self.route("POST", paths["authorize"], "consent", self._consent)
        self.route("POST", paths["token"], "token", self._token)
        if "revoke" in paths:
            self.route("POST", paths["revoke"], "revoke", self._revoke)
        if "keys" in paths:
            self.route("GET", paths["keys"], "keys", self._keys)
        if "discovery" in paths:
            self.route("GET", paths["discovery"], "discovery", self._discovery)

    # What tests do as the person at the provider.

    def consents(self, authorize_query: Mapping[str, str], email: str, *, without: Iterable[str] = ()) -> str:
        """Consent as a person, perhaps to less than was asked for; the address to which they are sent."""
        asked = self._read_authorize(dict(authorize_query))
        scopes = self.habits.fixed_scopes or frozenset(asked["scope"].split())
        grant = Grant(self.people[email], scopes - set(without), None)
        code = secrets.token_urlsafe(24)
        self._codes[code] = _Code(
            grant,
            asked["redirect_uri"],
            asked["code_challenge"],
            asked.get("nonce"),
            self.clock() + _CODE_LASTS,
        )
        gets_refresh = all(
            asked.get(name) == value for name, value in self.habits.refresh_needs.items()
        ) and (self.habits.refresh_scope is None or self.habits.refresh_scope in grant.scopes)
        if gets_refresh:
            grant.refresh_token = _token("refresh")
        return f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"

    def revokes_all(self, email: str) -> None:
        """Take every grant of a person away, as they or their administrator can at the provider."""
        for grant in self.grants:
            if grant.person.email == email:
                grant.is_revoked = True

    def granted(self, asked: Asked) -> Grant | None:
        """Find the grant behind a call's access token; None if it is unknown, over or revoked."""
        for grant in self.grants:
            ends_at = grant.access.get(asked.bearer or "")
            if ends_at is not None and ends_at > self.clock() and not grant.is_revoked:
                return grant
        return None

    def expire_access(self) -> None:
        """Let every access token that is out be over now."""
        for grant in self.grants:
            grant.access = {token: self.clock() for token in grant.access}

    # Endpoints.

    def _read_authorize(self, query: dict[str, str]) -> dict[str, str]:
        self.only("authorize", query, _STANDARD | self.habits.parameters)
        if query.get("client_id") != self.client_id:
            raise Refusal(HTMLResponse("unknown client", 400))
        redirect = query.get("redirect_uri", "")
        if redirect not in self.redirects if self.redirects else not redirect.startswith("http"):
            raise Refusal(HTMLResponse("redirect_uri_mismatch", 400))
        if query.get("response_type") != "code" or query.get("code_challenge_method") != "S256":
            self.violation("authorize: only codes with S256 are ours (case 51)")
            raise Refusal(HTMLResponse("invalid_request", 400))
        if self.habits.fixed_scopes is not None and "scope" in query:
            self.violation("authorize: this provider knows no scope parameter")
        self.only("scope", query.get("scope", "").split(), self.habits.scopes)
        if len(query.get("code_challenge", "")) != 43 or not query.get("state"):
            self.violation("authorize: no challenge or no state")
            raise Refusal(HTMLResponse("invalid_request", 400))
        return query

    def _authorize_page(self, asked: Asked) -> Response:
        query = self._read_authorize(dict(asked.query))
        scopes = sorted(self.habits.fixed_scopes or query.get("scope", "").split())
        return HTMLResponse(consent_page(self.habits.issuer, self.people.values(), scopes))

    def _consent(self, asked: Asked) -> Response:
        form = parse_qs(asked.body.decode())
        query = self._read_authorize(dict(asked.query))
        if form.get("answer") != ["allow"]:
            refused = urlencode({"error": "access_denied", "state": query["state"]})
            return RedirectResponse(f"{query['redirect_uri']}?{refused}", 303)
        all_scopes = set(self.habits.fixed_scopes or query.get("scope", "").split())
        without = all_scopes - set(form.get("scope", []))
        return RedirectResponse(self.consents(query, form["email"][0], without=without), 303)

    def _token(self, asked: Asked) -> Response:
        form = asked.form
        if not self._is_our_client(asked, form):
            return _error(401, "invalid_client")
        match form.get("grant_type"):
            case "authorization_code":
                return self._redeem(form)
            case "refresh_token":
                return self._renew(form)
            case other:
                self.violation(f"token: grant {other} (R097)")
                return _error(400, "unsupported_grant_type")

    def _is_our_client(self, asked: Asked, form: Mapping[str, str]) -> bool:
        if self._secret_is_wrong:
            return False
        basic = base64.b64encode(f"{self.client_id}:{self.client_secret}".encode()).decode()
        if self.habits.asks_basic:
            return asked.headers.get("authorization") == f"Basic {basic}"
        pair = (form.get("client_id"), form.get("client_secret"))
        return pair == (self.client_id, self.client_secret)

    def wrong_secret(self, *, is_wrong: bool = True) -> None:
        """Take our client's secret for wrong: the operator's fault, not the user's."""
        self._secret_is_wrong = is_wrong

    def _redeem(self, form: Mapping[str, str]) -> Response:
        known = {"grant_type", "code", "redirect_uri", "code_verifier", "client_id", "client_secret", "scope"}
        self.only("token", form, known)
        code = self._codes.pop(form.get("code", ""), None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        is_good = (
            code is not None
            and code.ends_at > self.clock()
            and code.redirect_uri == form.get("redirect_uri")
            and code.challenge == challenge
        )
        if code is None or not is_good:
            return _error(400, "invalid_grant")
        self.grants.append(code.grant)
        return self._answer_tokens(code.grant, code.grant.refresh_token, code.nonce)

    def _renew(self, form: Mapping[str, str]) -> Response:
        self.only("token", form, {"grant_type", "refresh_token", "client_id", "client_secret", "scope"})
        given = form.get("refresh_token")
        grant = next((grant for grant in self.grants if given and given == grant.refresh_token), None)
        if grant is None or grant.is_revoked:
            return _error(400, "invalid_grant")
        if not self.habits.rotates:
            return self._answer_tokens(grant, None, None)
        if self.habits.burns:
            grant.refresh_token = _token("refresh")
            return self._answer_tokens(grant, grant.refresh_token, None)
        turned = replace(grant, refresh_token=_token("refresh"))
        turned.access = grant.access  # both stay good: only a provider that burns ends the old one
        self.grants.append(turned)
        return self._answer_tokens(turned, turned.refresh_token, None)

    def _answer_tokens(self, grant: Grant, refresh_token: str | None, nonce: str | None) -> Response:
        access = _token("access")
        grant.access[access] = self.clock() + timedelta(seconds=self.habits.lifetime_s)
        answer: dict[str, object] = {
            "access_token": access,
            "token_type": "Bearer",
            "expires_in": self.habits.lifetime_s,
            "scope": " ".join(sorted(grant.scopes - self.habits.hidden_scopes)),
            **self.more_of_tokens(),
        }
        if refresh_token is not None:
            answer["refresh_token"] = refresh_token
        if "openid" in grant.scopes:
            answer["id_token"] = self.id_token(grant, nonce)
        return JSONResponse(answer)

    def more_of_tokens(self) -> dict[str, object]:
        """Give what this provider's token answer has beyond the standard."""
        return {}

    def id_token(self, grant: Grant, nonce: str | None, **other: object) -> str:
        """Sign an ID token; `other` and `claims` replace some of it, `forged` all: for tests of bad ones."""
        if self.forged is not None:
            return self.forged
        now = int(self.clock().timestamp())
        claims: dict[str, object] = {
            "iss": f"{self.url}{self.habits.issuer}",
            "aud": self.client_id,
            "sub": grant.person.subject,
            "iat": now,
            "exp": now + 3600,
        }
        if nonce is not None:
            claims["nonce"] = nonce
        if "email" in grant.scopes:
            claims["email"] = grant.person.email
            if self.habits.verifies:
                claims["email_verified"] = grant.person.is_verified
        if "profile" in grant.scopes:
            claims["name"] = grant.person.name
        return jwt.encode(
            {**claims, **other, **self.claims}, _KEY, algorithm="RS256", headers={"kid": _KEY_ID}
        )

    def _revoke(self, asked: Asked) -> Response:
        form = asked.form
        self.only("revoke", form, {"token"})
        token = form.get("token")
        for grant in self.grants:
            if token and (token == grant.refresh_token or token in grant.access):
                grant.is_revoked = True
                return self.revoked()
        return _error(400, "invalid_token")

    def revoked(self) -> Response:
        """Answer a revocation that was carried out."""
        return JSONResponse({})

    def _keys(self, asked: Asked) -> object:
        del asked
        key = json.loads(RSAAlgorithm.to_jwk(_KEY.public_key()))
        return {"keys": [{**key, "kid": _KEY_ID, "use": "sig", "alg": "RS256"}]}

    def _discovery(self, asked: Asked) -> object:
        del asked
        return self.discovered()

    def discovered(self) -> dict[str, object]:
        """Give the discovery document."""
        paths = {
            "authorization_endpoint": "authorize",
            "token_endpoint": "token",
            "jwks_uri": "keys",
            "revocation_endpoint": "revoke",
        }
        return {
            "issuer": f"{self.url}{self.habits.issuer}",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            **{
                name: f"{self.url}{self.habits.paths[path]}"
                for name, path in paths.items()
                if path in self.habits.paths
            },
        }


def consent_page(issuer: str, people: Iterable[Person], scopes: Iterable[str]) -> str:
    """Write the page on which a person chooses an account, ticks what they allow, and answers."""
    options = "".join(f'<option value="{one.email}">{one.name} ({one.email})</option>' for one in people)
    boxes = "".join(
        f'<label><input type="checkbox" name="scope" value="{scope}" checked> {scope}</label><br>'
        for scope in scopes
    )
    return (
        f"<!doctype html><html lang=en><title>Demo consent</title><h1>A demo of {issuer.strip('/')}</h1>"
        f'<p>Slotgraph would like to</p><form method="post">{boxes}<p><select name="email">{options}'
        '</select></p><button name="answer" value="allow">Allow</button> '
        '<button name="answer" value="deny">Deny</button></form></html>'
    )


def _token(kind: str) -> str:
    return f"canary-{kind}-{secrets.token_urlsafe(24)}"


def _error(status: int, code: str) -> Response:
    return JSONResponse({"error": code, "error_description": f"{code} (fake)"}, status)

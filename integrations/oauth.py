"""OAuth 2.0 as a client: where people consent, and how codes and refresh tokens become access tokens.

RFC 6749 (code and refresh grants, and no other: R097), RFC 7636 with S256 always, RFC 7009 where the
provider revokes, RFC 9207 where it names itself; OpenID Connect Core for who consented. authlib spells
addresses and bodies, joserfc reads ID tokens; state, verifier and nonce are the caller's own.
"""

import base64
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast
from urllib.parse import quote, urlencode

import orjson
from authlib.oauth2.rfc6749.parameters import (  # authlib has no types
    prepare_grant_uri,  # pyright: ignore[reportUnknownVariableType]
    prepare_token_request,  # pyright: ignore[reportUnknownVariableType]
)
from authlib.oauth2.rfc7636 import (
    create_s256_code_challenge,  # pyright: ignore[reportUnknownVariableType]
)
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from domain.calendars import Permission, Provider
from integrations.failures import failure_of
from integrations.http import UNREADABLE, Answer, Request, SafeHttp
from integrations.ports import Consent, Grant, Permanent, ProviderFailed, Revoked, Secret, Transient

GRANT_ENDED = "grant_ended"
CLIENT_REFUSED = "client_refused"
_FORM = "application/x-www-form-urlencoded"
_OK = 200
_REFUSALS = frozenset({400, 401, 403})
# What a provider says when a grant is over: RFC 6749 5.2, and OpenID Connect's "ask the person again".
_ENDED = frozenset({"invalid_grant", "interaction_required", "login_required", "consent_required"})
_CLIENT = frozenset({"invalid_client", "unauthorized_client", "redirect_uri_mismatch"})
_LEEWAY_S = 60
_MAX_LIFE_S = 3600


@dataclass(frozen=True, slots=True)
class Application:
    """Our registration with one provider, and its addresses.

    `scopes` is all that we ask for. `asks_scopes` is False where the registration fixes them. `extra`
    goes into the authorization address. `needs` says for each permission which scopes give it, any of them.
    `uses_basic` sends our secret in a header instead of the form.
    `issuer` names the provider in ID tokens and answers (RFC 9207); `{tenantid}` in it stands for any one
    tenant. Without `keys_url` the provider gives no ID tokens. `names_itself` says that answers always come
    with the issuer's name. `provider` is None where only people sign in.
    """

    provider: Provider | None
    client_id: str
    client_secret: Secret
    authorize_url: str
    token_url: str
    revoke_url: str | None
    scopes: tuple[str, ...]
    needs: Mapping[Permission, frozenset[str]] = field(default_factory=dict[Permission, frozenset[str]])
    issuer: str | None = None
    keys_url: str | None = None
    asks_scopes: bool = True
    uses_basic: bool = False
    names_itself: bool = False
    extra: Mapping[str, str] = field(default_factory=dict[str, str])


class OAuth:
    """Speaks with one provider's authorization server. Raises ProviderFailed, and nothing else.

    Revoked("grant_ended") is the person's or their administrator's word: asking again is of no use.
    Permanent("client_refused") is the operator's fault: no connection is given up for it.
    """

    def __init__(self, http: SafeHttp, application: Application) -> None:
        self._http = http
        self._app = application

    @property
    def scopes(self) -> tuple[str, ...]:
        """All that is asked for, or fixed by the registration."""
        return self._app.scopes

    def permissions(self, scopes: frozenset[str]) -> frozenset[Permission]:
        """Say what scopes allow us."""
        return frozenset(permission for permission, any_of in self._app.needs.items() if any_of & scopes)

    @property
    def client_id(self) -> str:
        """The id of our registration, which is no secret (R105)."""
        return self._app.client_id

    def address(self, consent: Consent) -> str:
        """Spell where a person is to be sent to consent."""
        app = self._app
        asked: dict[str, str] = {
            "code_challenge": cast("str", create_s256_code_challenge(consent.verifier.reveal())),
            "code_challenge_method": "S256",
            **app.extra,
        }
        if app.keys_url is not None:
            asked["nonce"] = consent.nonce
        if consent.login_hint:
            asked["login_hint"] = consent.login_hint
        uri = prepare_grant_uri(  # pyright: ignore[reportUnknownVariableType]
            app.authorize_url,
            app.client_id,
            "code",
            redirect_uri=consent.redirect_uri,
            scope=" ".join(app.scopes) if app.asks_scopes else None,
            state=consent.state,
            **asked,
        )
        return cast("str", uri)

    def is_issuer(self, named: str | None) -> bool:
        """Say whether the issuer that came with a code is this one; most providers name none (RFC 9207)."""
        if named is None:
            return not self._app.names_itself
        return self._app.issuer is None or _is_issuer(self._app.issuer, named)

    async def redeem(self, code: str, consent: Consent, now: datetime, *, deadline_s: float = 10) -> Grant:
        """Exchange a code, once; who consented is read from the ID token, where there is one."""
        form = {
            "code": code,
            "redirect_uri": consent.redirect_uri,
            "code_verifier": consent.verifier.reveal(),
        }
        answer = await self._ask("authorization_code", form, deadline_s)
        claims: Mapping[str, object] = {}
        if self._app.keys_url is not None:
            try:
                claims = await self._claims(answer.get("id_token"), consent.nonce, now, deadline_s)
            except ProviderFailed as failure:
                failure.unused = self._grant(answer, _unproved(answer.get("id_token")))
                raise
        return self._grant(answer, claims)

    async def renew(self, refresh_token: Secret, *, deadline_s: float = 10) -> Grant:
        """Exchange a refresh token for an access token, and perhaps for the refresh token that follows."""
        answer = await self._ask("refresh_token", {"refresh_token": refresh_token.reveal()}, deadline_s)
        return self._grant(answer, {})

    async def revoke(self, refresh_token: Secret, *, deadline_s: float = 10) -> bool:
        """End a grant at the provider; False where it has no way to (RFC 7009). One that ended is ended."""
        if self._app.revoke_url is None:
            return False
        answer = await self._post(
            self._app.revoke_url, {"token": refresh_token.reveal()}, deadline_s, names_client=False
        )
        if answer.status != _OK and _error(answer) not in {"invalid_token", *_ENDED}:
            raise failure_of(answer) if answer.status not in _REFUSALS else Permanent(CLIENT_REFUSED)
        return True

    async def _ask(self, kind: str, form: Mapping[str, str], deadline_s: float) -> dict[str, Any]:
        answer = await self._post(self._app.token_url, {"grant_type": kind, **form}, deadline_s)
        if answer.status == _OK:
            return _document(answer)
        code = _error(answer)
        if answer.status in _REFUSALS and code in _ENDED:
            raise Revoked(GRANT_ENDED)
        if answer.status in _REFUSALS and code in _CLIENT:
            raise Permanent(CLIENT_REFUSED)
        if answer.status in _REFUSALS:
            # A code that is none of these says nothing of the grant: it is not given up for it.
            raise Transient("token_refused")
        raise failure_of(answer)

    async def _post(
        self, url: str, form: Mapping[str, str], deadline_s: float, *, names_client: bool = True
    ) -> Answer:
        app, secret = self._app, self._app.client_secret.reveal()
        headers = {"Content-Type": _FORM, "Accept": "application/json"}
        sent = dict(form)
        if app.uses_basic:
            pair = f"{quote(app.client_id, safe='')}:{quote(secret, safe='')}"
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        elif names_client:
            sent |= {"client_id": app.client_id, "client_secret": secret}
        kind = sent.pop("grant_type", None)
        # Only a token's request has a grant type; the library would send an empty one.
        body = prepare_token_request(kind, **sent) if kind else urlencode(sent)
        async with self._http.session(deadline_s) as session:
            return await session.send(Request("POST", url, headers, body.encode()))

    async def _claims(
        self, token: object, nonce: str, now: datetime, deadline_s: float
    ) -> Mapping[str, object]:
        """Read an ID token: signed by a key of the provider's own list, for us, in answer to this question.

        Keys named by the token itself are not looked at, and only RS256 is taken (case 54).
        """
        if not isinstance(token, str) or self._app.keys_url is None:
            raise Permanent("id_token_missing")
        async with self._http.session(deadline_s) as session:
            answer = await session.send(Request("GET", self._app.keys_url))
        if answer.status != _OK:
            raise failure_of(answer)
        try:
            keys = KeySet.import_key_set(cast("Any", _document(answer)))
            claims = jwt.decode(token, keys, algorithms=["RS256"]).claims
            self._check(claims, nonce, now.timestamp())
        except (JoseError, ValueError, TypeError, KeyError):
            raise Permanent("id_token_refused") from None
        return claims

    def _check(self, claims: Mapping[str, Any], nonce: str, now: float) -> None:
        audience = claims["aud"]
        is_ours = audience in (self._app.client_id, [self._app.client_id])
        ends_at = float(claims["exp"])
        is_good = (
            is_ours
            and isinstance(claims["sub"], str)
            and bool(claims["sub"])
            and claims["nonce"] == nonce
            and self._app.issuer is not None
            and _is_issuer(self._app.issuer, str(claims["iss"]))
            and math.isfinite(ends_at)
            and ends_at > now - _LEEWAY_S
            and float(claims.get("nbf", 0)) < now + _LEEWAY_S
        )
        if not is_good:
            raise ValueError

    def _grant(self, answer: Mapping[str, Any], claims: Mapping[str, object]) -> Grant:
        access, refresh = answer.get("access_token"), answer.get("refresh_token")
        lasts, said = answer.get("expires_in"), answer.get("scope")
        if not isinstance(access, str) or not access or str(answer.get("token_type", "")).lower() != "bearer":
            raise Transient(UNREADABLE)
        email = claims.get("email")
        return Grant(
            access_token=Secret(access),
            lasts_s=min(int(lasts), _MAX_LIFE_S) if isinstance(lasts, int) and lasts > 0 else _MAX_LIFE_S,
            refresh_token=Secret(refresh) if isinstance(refresh, str) and refresh else None,
            # Who is not told what was granted was granted what was asked for (RFC 6749, 5.1).
            scopes=frozenset(said.split()) if isinstance(said, str) else frozenset(self._app.scopes),
            subject=str(claims["sub"]) if "sub" in claims else None,
            email=email if isinstance(email, str) else None,
            is_email_verified=claims.get("email_verified") is True,
            issuer=str(claims["iss"]) if "iss" in claims else None,
        )


def _unproved(token: object) -> Mapping[str, object]:
    """Read whose account an ID token is about, though it was not believed: enough to leave that alone."""
    try:
        body = str(token).split(".")[1]
        said = orjson.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))["sub"]
    except (IndexError, KeyError, TypeError, ValueError):
        return {}
    return {"sub": said} if isinstance(said, str) and said else {}


def _is_issuer(ours: str, named: str) -> bool:
    before, _, after = ours.partition("{tenantid}")
    if not after and "{tenantid}" not in ours:
        return named == ours
    middle = named[len(before) : len(named) - len(after)]
    is_framed = named.startswith(before) and named.endswith(after)
    return is_framed and bool(middle) and middle.replace("-", "").isalnum()


def _document(answer: Answer) -> dict[str, Any]:
    try:
        found = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        raise Transient(UNREADABLE) from None
    if not isinstance(found, dict):
        raise Transient(UNREADABLE)
    return cast("dict[str, Any]", found)


def _error(answer: Answer) -> str:
    """Read the code of an OAuth error; its words may hold anything and are not looked at."""
    try:
        found = _document(answer).get("error")
    except Transient:
        return ""
    return found if isinstance(found, str) else ""

"""OpenID issuers that sign people in: those whose addresses we know, and one that is asked for its own.

OpenID Connect Discovery 1.0, over the one HTTP client that there is. ID tokens are read by the same code
as those of calendars (`integrations/oauth.py`).
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import cast

import orjson

from integrations.failures import failure_of
from integrations.http import UNREADABLE, Request, SafeHttp
from integrations.oauth import Application, OAuth
from integrations.ports import Consent, Grant, Permanent, Secret, Transient

SIGN_IN_SCOPES = ("openid", "email", "profile")
ISSUER_DIFFERS = "issuer_differs"
_KNOWN_FOR = timedelta(hours=1)
_DEADLINE_S = 10.0
_OK = 200


class KnownIssuer:
    """An issuer whose addresses are in its registration."""

    def __init__(self, http: SafeHttp, name: str, application: Application) -> None:
        self.name = name
        self._oauth = OAuth(http, application)

    async def address(self, consent: Consent, now: datetime) -> str:
        """Spell where a person is to be sent."""
        del now
        return self._oauth.address(consent)

    async def is_issuer(self, named: str | None, now: datetime) -> bool:
        """Say whether the issuer that came with a code is this one."""
        del now
        return self._oauth.is_issuer(named)

    async def redeem(self, code: str, consent: Consent, now: datetime) -> Grant:
        """Exchange a code for who came with it."""
        return await self._oauth.redeem(code, consent, now)


class DiscoveredIssuer:
    """An issuer that says itself where it is to be asked; what it said is known for an hour.

    Raises ProviderFailed: Permanent("issuer_differs") where it names itself otherwise than the operator
    did, Transient("answer_unreadable") where it leaves something out.
    """

    def __init__(self, http: SafeHttp, name: str, issuer: str, client_id: str, client_secret: Secret) -> None:
        self.name = name
        self._http = http
        self._issuer = issuer
        self._client_id = client_id
        self._client_secret = client_secret
        self._known: tuple[OAuth, datetime] | None = None

    async def address(self, consent: Consent, now: datetime) -> str:
        """Spell where a person is to be sent."""
        return (await self._oauth(now)).address(consent)

    async def is_issuer(self, named: str | None, now: datetime) -> bool:
        """Say whether the issuer that came with a code is this one."""
        return (await self._oauth(now)).is_issuer(named)

    async def redeem(self, code: str, consent: Consent, now: datetime) -> Grant:
        """Exchange a code for who came with it."""
        return await (await self._oauth(now)).redeem(code, consent, now)

    async def _oauth(self, now: datetime) -> OAuth:
        """Give a client of the addresses that the issuer names; several who ask at once may each look."""
        if self._known is not None and self._known[1] <= now < self._known[1] + _KNOWN_FOR:
            return self._known[0]
        url = f"{self._issuer.rstrip('/')}/.well-known/openid-configuration"
        async with self._http.session(_DEADLINE_S) as session:
            answer = await session.send(Request("GET", url, {"Accept": "application/json"}))
        if answer.status != _OK:
            raise failure_of(answer)
        oauth = OAuth(self._http, self._application(_read(answer.body)))
        self._known = (oauth, now)
        return oauth

    def _application(self, document: Mapping[str, object]) -> Application:
        if document.get("issuer") != self._issuer:
            raise Permanent(ISSUER_DIFFERS)
        ways = document.get("token_endpoint_auth_methods_supported")
        return Application(
            provider=None,
            client_id=self._client_id,
            client_secret=self._client_secret,
            authorize_url=self._url(document, "authorization_endpoint"),
            token_url=self._url(document, "token_endpoint"),
            revoke_url=None,
            scopes=SIGN_IN_SCOPES,
            issuer=self._issuer,
            keys_url=self._url(document, "jwks_uri"),
            # Who names no way takes the header (OpenID Connect Discovery, 3).
            uses_basic=not isinstance(ways, list) or "client_secret_post" not in ways,
            names_itself=document.get("authorization_response_iss_parameter_supported") is True,
        )

    def _url(self, document: Mapping[str, object], name: str) -> str:
        """Read an address: https, and no other than we would ask ourselves, for people are sent there."""
        url = document.get(name)
        if not isinstance(url, str):
            raise Transient(UNREADABLE)
        self._http.origin(url)
        return url


def _read(body: bytes) -> Mapping[str, object]:
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise Transient(UNREADABLE) from None
    if not isinstance(found, dict):
        raise Transient(UNREADABLE)
    return cast("Mapping[str, object]", found)

"""Microsoft's identity platform, v2.0: the sign-in half of the Graph fake, with AADSTS errors."""

import base64
import json
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta

from starlette.responses import HTMLResponse, JSONResponse, Response

from tests.fakes.kit import Asked, Refusal
from tests.fakes.oauth import Grant, Habits, OAuthFake, Person

SCOPES = frozenset({"offline_access", "openid", "Calendars.ReadWrite", "Calendars.Read"})
"""All that an application of ours may ask for to connect a calendar (R099); more is a violation."""

SIGN_IN_SCOPES = frozenset({"openid", "email", "profile"})
"""What it asks for instead where people only sign in: exactly these, and no calendar with them."""

TENANTS = frozenset({"common", "organizations", "consumers"})
WORK_TENANT = "4a1d6f0e-93c2-4f0b-8a57-1be26ad0c9f3"
PERSONAL_TENANT = "9188040d-6c67-4c5b-b112-36a304b66dad"  # the one of all personal accounts

_FULL = "https://graph.microsoft.com/"
_BASE = "/graph/{tenant}"
_PATHS = {
    "authorize": f"{_BASE}/oauth2/v2.0/authorize",
    "token": f"{_BASE}/oauth2/v2.0/token",
    "keys": f"{_BASE}/discovery/v2.0/keys",
    "discovery": f"{_BASE}/v2.0/.well-known/openid-configuration",
}
_CODES = {"invalid_client": 7000215, "invalid_grant": 70008, "unsupported_grant_type": 70003}
_WORDS = {
    7000215: "Invalid client secret provided.",
    7000222: "The provided client secret keys are expired.",
    70008: "The provided authorization code or refresh token has expired due to inactivity.",
    700082: "The refresh token has expired due to inactivity.",
    50173: "The provided grant has expired due to it being revoked. The user changed their password.",
    50076: "You must use multi-factor authentication to access the resource.",
    65001: "The user or administrator has not consented to use the application.",
    70003: "The app requested an unsupported grant type.",
    70011: "The provided value for the input parameter 'scope' is not valid.",
}


class MicrosoftSignIn(OAuthFake):
    """The authorization server; `tenant_of` says to whose directory a person belongs."""

    def __init__(
        self, people: Iterable[Person], clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        habits = Habits(
            issuer="/graph/{tenantid}/v2.0",  # as the shared tenants' documents really have it
            paths=_PATHS,
            scopes=SCOPES | SIGN_IN_SCOPES,
            verifies=False,  # an address there is whatever a directory's administrator says
            parameters=frozenset({"response_mode", "domain_hint", "client_info"}),
            rotates=True,
            hidden_scopes=frozenset({"offline_access"}),
            refresh_scope="offline_access",
            lifetime_s=4199,
        )
        super().__init__(habits, people, clock)
        self.personal_people: set[str] = set()
        self._refusal: tuple[str, int] | None = None
        self._wants_client_info = False

    def refuses_renewal(self, error: str = "invalid_grant", code: int = 50173) -> None:
        """Refuse every token request from now on, with this error and AADSTS code."""
        self._refusal = (error, code)

    def tenant_of(self, person: Person) -> str:
        """Give the id of a person's directory."""
        return PERSONAL_TENANT if person.email in self.personal_people else WORK_TENANT

    def grant(self, email: str, scopes: Iterable[str] = SCOPES) -> Grant:
        """Make a grant with one access token, as if the person had consented."""
        grant = Grant(self.people[email], frozenset(scopes), f"canary-refresh-{len(self.grants)}")
        grant.access[f"canary-access-{len(self.grants)}"] = self.clock() + timedelta(hours=1)
        self.grants.append(grant)
        return grant

    def id_token(self, grant: Grant, nonce: str | None, **other: object) -> str:
        """Sign an ID token whose issuer is the person's own directory."""
        tenant = self.tenant_of(grant.person)
        claims: dict[str, object] = {"iss": f"{self.url}/graph/{tenant}/v2.0", "tid": tenant, "ver": "2.0"}
        return super().id_token(grant, nonce, **{**claims, **other})

    def more_of_tokens(self) -> dict[str, object]:
        """Give the fields that only Microsoft's answers have."""
        more: dict[str, object] = {"ext_expires_in": self.habits.lifetime_s}
        if self._wants_client_info:
            known = json.dumps({"uid": "u", "utid": WORK_TENANT}).encode()
            more["client_info"] = base64.urlsafe_b64encode(known).decode()
        return more

    def _read_authorize(self, query: dict[str, str]) -> dict[str, str]:
        scopes = [scope.removeprefix(_FULL) for scope in query.get("scope", "").split()]
        read = super()._read_authorize({**query, "scope": " ".join(scopes)})
        known = SIGN_IN_SCOPES if frozenset(scopes) == SIGN_IN_SCOPES else SCOPES
        self.only("scope", set(scopes) & self.habits.scopes, known)  # the rest was written down above
        if not scopes or set(scopes) - known:
            raise Refusal(HTMLResponse("AADSTS70011: invalid_scope", 400))
        return read

    def _token(self, asked: Asked) -> Response:
        self._check_tenant(asked)
        if self._refusal is not None:
            return self._spelled(400, *self._refusal)
        self._wants_client_info = asked.form.get("client_info") == "1"
        answer = super()._token(asked)
        if answer.status_code < 400:
            return answer
        error = json.loads(bytes(answer.body))["error"]
        return self._spelled(answer.status_code, error, _CODES[error])

    def _redeem(self, form: Mapping[str, str]) -> Response:
        return super()._redeem(_without_client_info(form))

    def _renew(self, form: Mapping[str, str]) -> Response:
        wanted = {scope.removeprefix(_FULL) for scope in form.get("scope", "").split()}
        given = form.get("refresh_token")
        grant = next((grant for grant in self.grants if given == grant.refresh_token), None)
        if grant is not None and wanted - grant.scopes:
            self.violation("token: a scope that was not granted")
            return self._spelled(400, "invalid_grant", 65001)
        return super()._renew(_without_client_info(form))

    def _discovery(self, asked: Asked) -> object:
        tenant = self._check_tenant(asked)
        document = super()._discovery(asked)
        text = json.dumps(document).replace(_BASE + "/", f"/graph/{tenant}/")
        return json.loads(
            text if tenant in {"common", "organizations"} else text.replace("{tenantid}", tenant)
        )

    def _check_tenant(self, asked: Asked) -> str:
        tenant = asked.path["tenant"]
        if tenant not in TENANTS | {WORK_TENANT, PERSONAL_TENANT}:
            raise Refusal(self._spelled(400, "invalid_tenant", 90002))
        return PERSONAL_TENANT if tenant == "consumers" else tenant

    def _spelled(self, status: int, error: str, code: int) -> Response:
        now = self.clock()
        return JSONResponse(
            {
                "error": error,
                "error_description": f"AADSTS{code}: {_WORDS.get(code, error)} Trace ID: 0",
                "error_codes": [code],
                "timestamp": f"{now:%Y-%m-%d %H:%M:%SZ}",
                "trace_id": "5d1c3c0e-0000-4000-8000-000000000001",
                "correlation_id": "5d1c3c0e-0000-4000-8000-000000000002",
                "error_uri": f"https://login.microsoftonline.com/error?code={code}",
            },
            status,
        )


def _without_client_info(form: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in form.items() if name != "client_info"}

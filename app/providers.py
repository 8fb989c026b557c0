"""Our registrations with the providers whose users grant access, read from the settings.

Scopes are the smallest with which each works (D06): Google's nine methods, Microsoft's exactly four
permissions (R099), and what Zoom's registration fixes. No scope reaches beyond the user who consents: no
application permission, no service account, no administrator's consent (R097, R098).
"""

from dataclasses import replace

from app.settings import Settings
from domain.calendars import Permission, Provider
from domain.identities import IdentityProvider
from integrations.http import SafeHttp
from integrations.oauth import Application
from integrations.oidc import SIGN_IN_SCOPES, DiscoveredIssuer, KnownIssuer
from integrations.ports import Secret, SignInPort

_GOOGLE = "https://www.googleapis.com/auth/"
_GRAPH = "https://graph.microsoft.com/"

GOOGLE_SCOPES = (
    "openid",
    "email",
    f"{_GOOGLE}calendar.freebusy",
    f"{_GOOGLE}calendar.events.owned",
    f"{_GOOGLE}calendar.calendarlist.readonly",
    f"{_GOOGLE}calendar.calendars.readonly",
)
MICROSOFT_SCOPES = ("offline_access", "openid", "Calendars.ReadWrite", "Calendars.Read")
ZOOM_SCOPES = (
    "calendar:read:list_calendar_lists",
    "calendar:read:list_events",
    "calendar:read:event",
    "calendar:write:event",
    "calendar:update:event",
    "calendar:delete:event",
    "meeting:write:meeting",
    "meeting:update:meeting",
    "meeting:delete:meeting",
    "meeting:read:meeting",
    "meeting:read:list_meetings",
)


def applications(settings: Settings) -> dict[Provider, Application]:
    """Give our registration with each provider that this installation is registered with."""
    made = {
        Provider.GOOGLE: (settings.google_client_id, google),
        Provider.MICROSOFT: (settings.microsoft_client_id, microsoft),
        Provider.ZOOM: (settings.zoom_client_id, zoom),
    }
    return {provider: make(settings) for provider, (client_id, make) in made.items() if client_id}


def api_urls(settings: Settings) -> dict[Provider, str]:
    """Give the address of each provider's API."""
    return {
        Provider.GOOGLE: settings.google_api_url,
        Provider.MICROSOFT: settings.microsoft_api_url,
        Provider.ZOOM: settings.zoom_api_url,
    }


def issuers(settings: Settings, http: SafeHttp) -> dict[IdentityProvider, SignInPort]:
    """Give the issuers with whose accounts one can sign in here.

    They are asked who somebody is and nothing more: no calendar, and no token that outlives the answer.
    """
    found: dict[IdentityProvider, SignInPort] = {}
    if settings.google_client_id:
        found[IdentityProvider.GOOGLE] = KnownIssuer(http, "Google", _for_sign_in(google(settings)))
    if settings.microsoft_client_id:
        found[IdentityProvider.MICROSOFT] = KnownIssuer(http, "Microsoft", _for_sign_in(microsoft(settings)))
    if settings.oidc_issuer:
        found[IdentityProvider.OIDC] = DiscoveredIssuer(
            http,
            settings.oidc_name,
            settings.oidc_issuer,
            settings.oidc_client_id,
            Secret(settings.oidc_client_secret),
        )
    return found


def _for_sign_in(application: Application) -> Application:
    """Ask for less than a calendar needs, and let people choose with which account they come."""
    return replace(application, scopes=SIGN_IN_SCOPES, needs={}, extra={"prompt": "select_account"})


def google(settings: Settings) -> Application:
    """Give the registration with Google; a refresh token comes only with a consent that is asked for."""
    return Application(
        provider=Provider.GOOGLE,
        client_id=settings.google_client_id,
        client_secret=Secret(settings.google_client_secret),
        authorize_url=f"{settings.google_accounts_url}/o/oauth2/v2/auth",
        token_url=f"{settings.google_oauth_url}/token",
        revoke_url=f"{settings.google_oauth_url}/revoke",
        scopes=GOOGLE_SCOPES,
        needs={
            Permission.LIST_CALENDARS: frozenset({f"{_GOOGLE}calendar.calendarlist.readonly"}),
            Permission.READ_BUSY: frozenset({f"{_GOOGLE}calendar.freebusy"}),
            Permission.WRITE_ENTRIES: frozenset({f"{_GOOGLE}calendar.events.owned"}),
        },
        issuer=settings.google_accounts_url,
        keys_url=settings.google_keys_url,
        extra={"access_type": "offline", "prompt": "consent", "include_granted_scopes": "true"},
    )


def microsoft(settings: Settings) -> Application:
    """Give the registration with Entra ID; it has no endpoint that revokes one user's grant."""
    login = f"{settings.microsoft_login_url}/{settings.microsoft_tenant}"
    writes = {"Calendars.ReadWrite", f"{_GRAPH}Calendars.ReadWrite"}
    reads = writes | {"Calendars.Read", f"{_GRAPH}Calendars.Read"}
    return Application(
        provider=Provider.MICROSOFT,
        client_id=settings.microsoft_client_id,
        client_secret=Secret(settings.microsoft_client_secret),
        authorize_url=f"{login}/oauth2/v2.0/authorize",
        token_url=f"{login}/oauth2/v2.0/token",
        revoke_url=None,
        scopes=MICROSOFT_SCOPES,
        needs={
            Permission.LIST_CALENDARS: frozenset(reads),
            Permission.READ_BUSY: frozenset(reads),
            Permission.WRITE_ENTRIES: frozenset(writes),
        },
        issuer=f"{settings.microsoft_login_url}/{{tenantid}}/v2.0",
        keys_url=f"{login}/discovery/v2.0/keys",
        extra={"response_mode": "query", "prompt": "select_account"},
    )


def zoom(settings: Settings) -> Application:
    """Give the registration with Zoom, which fixes the scopes and gives no ID token."""
    return Application(
        provider=Provider.ZOOM,
        client_id=settings.zoom_client_id,
        client_secret=Secret(settings.zoom_client_secret),
        authorize_url=f"{settings.zoom_oauth_url}/authorize",
        token_url=f"{settings.zoom_oauth_url}/token",
        revoke_url=f"{settings.zoom_oauth_url}/revoke",
        scopes=ZOOM_SCOPES,
        needs={
            Permission.LIST_CALENDARS: frozenset({"calendar:read:list_calendar_lists", "calendar:read"}),
            Permission.READ_BUSY: frozenset({"calendar:read:list_events", "calendar:read"}),
            Permission.WRITE_ENTRIES: frozenset({"calendar:write:event", "calendar:write"}),
        },
        asks_scopes=False,
        uses_basic=True,
    )

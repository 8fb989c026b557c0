"""What an installation is told of the fakes: its registrations and their addresses."""

from tests.fakes.oauth import OAuthFake


def registrations(url: str) -> dict[str, str]:
    """Register with all three providers and an issuer, which are served together at one address."""
    google, graph, zoom = f"{url}/google", f"{url}/graph", f"{url}/zoom"
    return {
        "GOOGLE_CLIENT_ID": OAuthFake.client_id,
        "GOOGLE_CLIENT_SECRET": OAuthFake.client_secret,
        "GOOGLE_ACCOUNTS_URL": google,
        "GOOGLE_OAUTH_URL": google,
        "GOOGLE_KEYS_URL": f"{google}/oauth2/v3/certs",
        "GOOGLE_API_URL": f"{google}/calendar/v3",
        "MICROSOFT_CLIENT_ID": OAuthFake.client_id,
        "MICROSOFT_CLIENT_SECRET": OAuthFake.client_secret,
        "MICROSOFT_LOGIN_URL": graph,
        "MICROSOFT_API_URL": f"{graph}/v1.0",
        "ZOOM_CLIENT_ID": OAuthFake.client_id,
        "ZOOM_CLIENT_SECRET": OAuthFake.client_secret,
        "ZOOM_WEBHOOK_SECRET": "canary-webhook-secret-3f77",
        "ZOOM_OAUTH_URL": f"{zoom}/oauth",
        "ZOOM_API_URL": f"{zoom}/v2",
        "OIDC_ISSUER": f"{url}/issuer",
        "OIDC_CLIENT_ID": OAuthFake.client_id,
        "OIDC_CLIENT_SECRET": OAuthFake.client_secret,
        "OIDC_NAME": "Example ID",
    }

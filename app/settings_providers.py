"""Settings of the providers whose users grant access: our registration with each, and its addresses.

Every address is a setting, so that national clouds and servers on the loopback can stand in its place.
"""

from dataclasses import dataclass

from app.settings_kinds import a_web_address, an_issuer, setting


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderSettings:
    """What an installation is registered with."""

    google_client_id: str = setting(
        str, "Client id of this installation at Google; empty leaves Google out.", default=""
    )
    google_client_secret: str = setting(str, "Client secret at Google.", default="", secret=True)
    google_accounts_url: str = setting(
        a_web_address,
        "Where people consent at Google, and the issuer of its ID tokens.",
        default="https://accounts.google.com",
        example="https://accounts.google.com",
    )
    google_oauth_url: str = setting(
        a_web_address,
        "Where Google gives and revokes tokens.",
        default="https://oauth2.googleapis.com",
        example="https://oauth2.googleapis.com",
    )
    google_keys_url: str = setting(
        a_web_address,
        "Keys with which Google signs ID tokens.",
        default="https://www.googleapis.com/oauth2/v3/certs",
        example="https://www.googleapis.com/oauth2/v3/certs",
    )
    google_api_url: str = setting(
        a_web_address,
        "Google's Calendar API.",
        default="https://www.googleapis.com/calendar/v3",
        example="https://www.googleapis.com/calendar/v3",
    )
    microsoft_client_id: str = setting(
        str,
        "Application id of this installation in Entra ID; empty leaves Microsoft 365 out.",
        default="",
    )
    microsoft_client_secret: str = setting(str, "Client secret in Entra ID.", default="", secret=True)
    microsoft_tenant: str = setting(
        str,
        "Whose accounts may be connected: common, organizations, consumers, or a tenant's id.",
        default="common",
        example="common",
    )
    microsoft_login_url: str = setting(
        a_web_address,
        "Microsoft's identity platform; national clouds have their own.",
        default="https://login.microsoftonline.com",
        example="https://login.microsoftonline.com",
    )
    microsoft_api_url: str = setting(
        a_web_address,
        "Microsoft Graph; national clouds have their own.",
        default="https://graph.microsoft.com/v1.0",
        example="https://graph.microsoft.com/v1.0",
    )
    zoom_client_id: str = setting(
        str, "Client id of this installation at Zoom; empty leaves Zoom out.", default=""
    )
    zoom_client_secret: str = setting(str, "Client secret at Zoom.", default="", secret=True)
    zoom_webhook_secret: str = setting(
        str, "Secret token with which Zoom signs its webhooks.", default="", secret=True
    )
    zoom_oauth_url: str = setting(
        a_web_address,
        "Where people consent at Zoom, and where it gives and revokes tokens.",
        default="https://zoom.us/oauth",
        example="https://zoom.us/oauth",
    )
    zoom_api_url: str = setting(
        a_web_address,
        "Zoom's API.",
        default="https://api.zoom.us/v2",
        example="https://api.zoom.us/v2",
    )
    oidc_issuer: str = setting(
        an_issuer,
        "OpenID issuer with whose accounts people can sign in, spelled as it spells itself; empty is none.",
        default="",
    )
    oidc_client_id: str = setting(str, "Client id of this installation at that issuer.", default="")
    oidc_client_secret: str = setting(str, "Client secret at that issuer.", default="", secret=True)
    oidc_name: str = setting(
        str, "What people call that issuer; stands on a button.", default="Single sign-on"
    )

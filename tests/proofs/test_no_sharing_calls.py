"""Nobody's permissions are touched, no other way in is used, and front ends never meet a provider."""

import re
from dataclasses import fields
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from app.http import pages
from app.settings import Settings
from tests.fakes.oauth import OAuthFake
from tests.proofs.finding import found_in
from tests.proofs.life import Life

pytestmark = pytest.mark.anyio
_ROOT = Path(__file__).parents[2]
_GOOGLE = {  # R107 to R115, the list of R108 among them, and the two by which we look again at what is ours
    "freebusy.query",
    "events.list",
    "calendarList.list",
    "calendars.get",
    "events.get",
    "events.insert",
    "events.patch",
    "events.delete",
    "events.watch",
    "channels.stop",
}
_SHARING = re.compile(
    r"/acl\b|calendarPermissions|/permissions|/share|/invite|MKCALENDAR|<\w+:acl", re.IGNORECASE
)
_SIGNING_IN = {"token", "keys", "revoke"}
_HOSTS = re.compile(
    r"googleapis|google\.com|microsoft\w*\.com|\blive\.com|office|outlook|zoom\.us|\bgraph\.", re.IGNORECASE
)


async def test_permissions_of_calendars_are_never_touched(life: Life) -> None:
    """R082."""
    said = [f"{call.method} {call.url} {call.body.decode('latin-1')}" for call in life.calls]
    assert [text for text in said if _SHARING.search(text)] == []
    if life.provider == "GOOGLE":
        assert {call.operation for call in life.calls} - _SIGNING_IN <= _GOOGLE


async def test_only_codes_and_refresh_tokens_are_exchanged(life: Life) -> None:
    """R097: no application permissions, no service accounts, no passwords of people."""
    kinds = [call.form["grant_type"] for call in life.calls if call.operation == "token"]
    wanted: set[str] = set() if life.provider == "CALDAV" else {"authorization_code", "refresh_token"}
    assert set(kinds) == wanted


async def test_tokens_go_in_headers_and_bodies_never_in_addresses(life: Life) -> None:
    """R048, X29: an address stands in the logs of whoever is on the way."""
    addresses = [call.url for call in life.calls]
    assert found_in(life.words - {"canary"}, addresses) == []
    assert [url for url in addresses if {"access_token", "oauth_token", "key"} & set(parse_qs(url))] == []


async def test_no_answer_leads_to_a_provider_with_something_that_opens_it(life: Life) -> None:
    """R048: the one address of a provider in an answer is where people consent, which has no secret in it."""
    answers = "\n".join([*life.answers, *life.live])
    for address in re.findall(r"https?://[^\s\"\\<>]+", answers):
        assert not re.search(r"access_token|refresh_token|client_secret|code_verifier", address)
    assert found_in({OAuthFake.client_secret, *life.tokens}, [answers]) == []


def test_front_end_knows_no_provider() -> None:
    """R048: neither the pages' code nor what they may connect to."""
    for path in sorted((_ROOT / "web").iterdir()):
        assert _HOSTS.findall(path.read_text()) == [], path.name
    policy = pages.PAGE_HEADERS["Content-Security-Policy"]
    assert "connect-src 'self'" in policy
    assert _HOSTS.findall(policy) == []
    assert not re.search(r"https?:|\*", policy)


def test_no_setting_takes_a_service_account() -> None:
    """R097, R106."""
    names = " ".join(field.name for field in fields(Settings))
    assert "google_client_id" in names
    assert not re.search(r"service_account|domain_wide|impersonat", names, re.IGNORECASE)

"""A street: an installation, and the issuers with whose accounts people sign in around it."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

from tests.clock import TurnedClock
from tests.fakes.google import GoogleFake
from tests.fakes.graph import GraphFake
from tests.fakes.issuer import IssuerFake
from tests.fakes.kit import served
from tests.fakes.oauth import Person
from tests.fakes.registrations import registrations
from tests.installation import Host, Installation, running

LIN = "lin@example.com"
UNPROVED = "unproved@example.com"
START = """mutation ($input: SignInWithStartInput!) { signInWithStart(input: $input) { __typename
  ... on SignInWithStartPayload { authorizeUrl browserSecret expiresAt } ... on Error { code path } } }"""
FINISH = """mutation ($input: SignInWithFinishInput!) { signInWithFinish(input: $input) { __typename
  ... on SignInWithFinishPayload { sessionToken user { id email handle locale } }
  ... on Error { code path message } } }"""
LINK_START = """mutation ($input: IdentityLinkStartInput!) { identityLinkStart(input: $input) { __typename
  ... on IdentityLinkStartPayload { authorizeUrl browserSecret expiresAt } ... on Error { code path } } }"""
LINK_FINISH = """mutation ($input: IdentityLinkFinishInput!) { identityLinkFinish(input: $input) { __typename
  ... on IdentityLinkFinishPayload { identity { id issuer linkedAt } } ... on Error { code path } } }"""
UNLINK = """mutation ($input: IdentityUnlinkInput!) { identityUnlink(input: $input) { __typename
  ... on Error { code } } }"""
MINE = "{ viewer { user { id email } identities { id issuer linkedAt } } }"
SIGN_UP = {"name": "Lin", "organizationName": "Lin's", "zone": "Asia/Tokyo"}
UNKNOWN = {
    "__typename": "SignInUnknownError",
    "code": "SIGN_IN_UNKNOWN",
    "path": ["returnedState"],
    "message": "This sign-in was not begun here, or too long ago. Please begin again.",
}
PROVIDERS = ("GOOGLE", "MICROSOFT", "OIDC")


@dataclass(frozen=True)
class Street:
    """An installation and the issuers around it; `clock` is everybody's."""

    house: Installation
    clock: TurnedClock
    fakes: Mapping[str, Any]

    async def asked(self, provider: str, host: Host | None = None, **more: object) -> dict[str, Any]:
        """Begin to sign in, or to link as a host: what comes of it."""
        document, field = (LINK_START, "identityLinkStart") if host else (START, "signInWithStart")
        data = await self.house.ask(
            document, host.token if host else None, input={"provider": provider, **more}
        )
        return data[field]

    async def query(self, provider: str) -> dict[str, str]:
        """Begin to sign in; the query of the address to which the person is sent."""
        address: str = (await self.asked(provider))["authorizeUrl"]
        return dict(parse_qsl(urlsplit(address).query))

    async def answered(
        self, provider: str, email: str = LIN, host: Host | None = None, **more: object
    ) -> dict[str, Any]:
        """Begin, and sign in at the provider as a person; the input with which it can be finished."""
        started = await self.asked(provider, host, **more)
        address: str = started["authorizeUrl"]
        sent_to: str = self.fakes[provider].consents(dict(parse_qsl(urlsplit(address).query)), email)
        parts = urlsplit(sent_to)
        assert parts.path == f"/sign-in/{provider.lower()}"
        back = {name: values[0] for name, values in parse_qs(parts.query).items()}
        return {
            "provider": provider,
            "returnedState": back["state"],
            "code": back["code"],
            "browserSecret": started["browserSecret"],
        }

    async def finish(self, given: dict[str, Any], **more: Any) -> dict[str, Any]:
        """Finish as a guest; whatever comes of it."""
        return (await self.house.ask(FINISH, input={**given, **more}))["signInWithFinish"]

    async def finish_link(self, host: Host, given: dict[str, Any]) -> dict[str, Any]:
        """Finish to link; whatever comes of it."""
        return (await self.house.ask(LINK_FINISH, host.token, input=given))["identityLinkFinish"]

    async def link(self, host: Host, provider: str, email: str = LIN) -> dict[str, Any]:
        """Link an account; the identity."""
        linked = await self.finish_link(host, await self.answered(provider, email, host))
        assert linked["__typename"] == "IdentityLinkFinishPayload", linked
        return linked["identity"]

    async def identities(self, token_: str) -> list[dict[str, Any]]:
        """List the identities of whoever has a session."""
        return (await self.house.ask(MINE, token_))["viewer"]["identities"]


@asynccontextmanager
async def opened(database_url: str, redis_url: str, folder: Path, **more: str) -> AsyncGenerator[Street]:
    """Open a street until the block ends; nobody may have asked an issuer for what it does not know."""
    clock = TurnedClock()
    people = [Person("subject-lin", LIN, "Lin"), Person("subject-x", UNPROVED, "X", is_verified=False)]
    fakes: dict[str, Any] = {
        "GOOGLE": GoogleFake(people, clock),
        "MICROSOFT": GraphFake(people, clock),
        "OIDC": IssuerFake(people, clock),
    }
    async with (
        served(*fakes.values()) as url,
        running(database_url, redis_url, folder, clock, **{**registrations(url), **more}) as house,
    ):
        yield Street(house, clock, fakes)
        assert {name: fake.violations for name, fake in fakes.items() if fake.violations} == {}

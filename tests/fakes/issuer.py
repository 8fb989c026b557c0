"""Any OpenID issuer: it is found by discovery, wants our secret in a header, and signs people in."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime

from tests.fakes.oauth import Habits, OAuthFake, Person

_HABITS = Habits(
    issuer="/issuer",
    paths={
        "authorize": "/issuer/authorize",
        "token": "/issuer/token",
        "keys": "/issuer/keys",
        "discovery": "/issuer/.well-known/openid-configuration",
    },
    scopes=frozenset({"openid", "email", "profile"}),
    asks_basic=True,
    refresh_scope="offline_access",
)


class IssuerFake(OAuthFake):
    """An issuer. `says` replaces fields of its discovery document; None leaves one out."""

    def __init__(
        self,
        people: Iterable[Person],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        super().__init__(_HABITS, people, clock)
        self.says: dict[str, object] = {}

    def discovered(self) -> dict[str, object]:
        """Give the discovery document."""
        document = {**super().discovered(), **self.says}
        return {name: value for name, value in document.items() if value is not None}

    def hands_on(self, email: str, subject: str) -> None:
        """Give a person's address to somebody else."""
        self.people[email] = replace(self.people[email], subject=subject)

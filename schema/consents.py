"""Connecting an account by its user's consent at the provider."""

from datetime import datetime
from typing import Annotated

import strawberry

from schema.calendars import (
    CalendarConnectionType,
    CalendarProviderEnum,
    ProviderRefusedError,
    ProviderUnsupportedError,
)
from schema.errors import (
    ErrorType,
    InvalidInputError,
    NotAllowedError,
    NotFoundError,
    RateLimitedError,
)


@strawberry.type(
    name="ConsentUnknownError",
    description="Consent that was not begun in this session, is too old, or was used.",
)
class ConsentUnknownError(ErrorType):
    """Twin of domain.connections.ConsentUnknown."""


@strawberry.type(
    name="ConsentDeniedError", description="Less was allowed than a calendar needs to be of any use."
)
class ConsentDeniedError(ErrorType):
    """Twin of domain.connections.ConsentDenied."""


@strawberry.type(
    name="AnotherAccountError", description="Consent with another account than the one to be opened again."
)
class AnotherAccountError(ErrorType):
    """Twin of domain.connections.AnotherAccount."""


@strawberry.type(description="Provider at which this installation is registered.")
class ConsentProvider:
    """A provider whose users grant access."""

    provider: CalendarProviderEnum = strawberry.field(description="Provider.")
    client_id: str = strawberry.field(
        description="Id of our registration there, by which an administrator finds and can end our access."
    )
    scopes: list[str] = strawberry.field(description="All scopes that we ask for there, as it names them.")


@strawberry.input(description="Account to connect by consent, or to connect again.")
class CalendarConsentStartInput:
    """What a person wants to connect."""

    provider: CalendarProviderEnum = strawberry.field(description="Provider of the account.")
    connection_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="Connection to open again; a new one if unsaid."
    )


@strawberry.input(description="Answer with which a provider sent a person back.")
class CalendarConsentFinishInput:
    """What stands in the address to which a person was sent back."""

    provider: CalendarProviderEnum = strawberry.field(description="Provider, by the address's path.")
    state: str = strawberry.field(description="State, as it came back.")
    code: str = strawberry.field(description="Code that came with it.")
    issuer: str | None = strawberry.field(
        default=strawberry.UNSET, description="Issuer (`iss`), where the provider names itself."
    )


@strawberry.type(description="Question that is under way.")
class CalendarConsentStartPayload:
    """Where to go, and for how long the answer is waited for."""

    authorize_url: str = strawberry.field(
        description="Address to send the person to; it works in this session alone."
    )
    expires_at: datetime = strawberry.field(description="Instant until which the answer is taken.")


@strawberry.type(description="Connection that was made or opened again.")
class CalendarConsentFinishPayload:
    """A connection by consent."""

    connection: CalendarConnectionType = strawberry.field(description="Connection with its calendars.")


CalendarConsentStartResult = Annotated[
    CalendarConsentStartPayload
    | InvalidInputError
    | ProviderUnsupportedError
    | NotFoundError
    | NotAllowedError
    | RateLimitedError,
    strawberry.union("CalendarConsentStartResult", description="What comes of beginning to connect."),
]
CalendarConsentFinishResult = Annotated[
    CalendarConsentFinishPayload
    | ConsentUnknownError
    | ConsentDeniedError
    | AnotherAccountError
    | InvalidInputError
    | ProviderUnsupportedError
    | ProviderRefusedError
    | NotFoundError
    | NotAllowedError
    | RateLimitedError,
    strawberry.union("CalendarConsentFinishResult", description="What comes of a consent."),
]

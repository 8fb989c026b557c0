"""What users change of themselves: profile, sessions, API keys and tickets for sockets."""

from datetime import datetime
from typing import Annotated

import strawberry

from schema.errors import (
    ConflictError,
    ErrorType,
    InvalidInputError,
    NotAllowedError,
    NotFoundError,
    TryAgainError,
)
from schema.scalars import TimeZone
from schema.users import ApiKeyType, ScopeType, UserType


@strawberry.type(description="Step that asks for a sign-in of the last ten minutes.")
class FreshSignInNeededError(ErrorType):
    """Twin of domain.identity.FreshSignInNeeded."""


@strawberry.input(description="Change of the viewer's own profile; what is unsaid stays.")
class UserUpdateInput:
    """What users change of themselves."""

    name: str | None = strawberry.field(
        default=strawberry.UNSET, description="Name as others see it, 1 to 100 characters."
    )
    zone: TimeZone | None = strawberry.field(
        default=strawberry.UNSET, description="Zone in which times are shown to the user."
    )
    locale: str | None = strawberry.field(
        default=strawberry.UNSET, description="Language in which the user is written to, like `ja`."
    )
    handle: str | None = strawberry.field(
        default=strawberry.UNSET, description="Public name in links; links with the old one end."
    )
    shares_availability: bool | None = strawberry.field(
        default=strawberry.UNSET, description="Whether pages show free times of the user at all."
    )


@strawberry.type(description="User as they are after the change.")
class UserUpdatePayload:
    """The changed user."""

    user: UserType = strawberry.field(description="Changed user.")


@strawberry.input(description="Session to end.")
class SessionRevokeInput:
    """One of the viewer's sessions."""

    id: strawberry.ID = strawberry.field(description="Id of a session of the viewer.")


@strawberry.type(description="Ended session.")
class SessionRevokePayload:
    """The session that was ended."""

    session_id: strawberry.ID = strawberry.field(description="Id of the ended session.")


@strawberry.type(description="Ended sessions.")
class SessionRevokeOthersPayload:
    """How many sessions were ended."""

    revoked_count: int = strawberry.field(description="How many sessions were ended.")


@strawberry.input(description="API key to make.")
class ApiKeyCreateInput:
    """A key for a program."""

    name: str = strawberry.field(description="What the user calls it, 1 to 100 characters.")
    scopes: list[ScopeType] = strawberry.field(description="What it may do; at least one.")
    expires_at: datetime | None = strawberry.field(
        default=strawberry.UNSET, description="Instant at which it ends, within 366 days; never if unsaid."
    )
    is_mobile: bool | None = strawberry.field(
        default=strawberry.UNSET, description="Whether the key is for a mobile client: it then only reads."
    )


@strawberry.type(description="New API key with its secret.")
class ApiKeyCreatePayload:
    """A key and its secret."""

    api_key: ApiKeyType = strawberry.field(description="New key.")
    secret: str = strawberry.field(
        description="Secret of the key, for the header `Authorization: Bearer`; shown this once."
    )


@strawberry.input(description="API key to revoke.")
class ApiKeyRevokeInput:
    """One of the viewer's keys."""

    id: strawberry.ID = strawberry.field(description="Id of a key of the viewer.")


@strawberry.type(description="Revoked API key.")
class ApiKeyRevokePayload:
    """The key that was revoked."""

    api_key_id: strawberry.ID = strawberry.field(description="Id of the revoked key.")


@strawberry.type(description="One-time ticket for a WebSocket.")
class SocketTicketCreatePayload:
    """A ticket and how long it lives."""

    ticket: str = strawberry.field(
        description="Ticket for `connection_init`; works once, for the session that asked for it."
    )
    expires_in_seconds: int = strawberry.field(description="Seconds for which it works.")


UserUpdateResult = Annotated[
    UserUpdatePayload | InvalidInputError | ConflictError | NotAllowedError,
    strawberry.union("UserUpdateResult", description="Changed user, or why nothing was changed."),
]
SessionRevokeResult = Annotated[
    SessionRevokePayload | NotFoundError | NotAllowedError,
    strawberry.union("SessionRevokeResult", description="Ended session, or why it goes on."),
]
SessionRevokeOthersResult = Annotated[
    SessionRevokeOthersPayload | NotAllowedError,
    strawberry.union("SessionRevokeOthersResult", description="Ended sessions, or why they go on."),
]
ApiKeyCreateResult = Annotated[
    ApiKeyCreatePayload | FreshSignInNeededError | InvalidInputError | NotAllowedError,
    strawberry.union("ApiKeyCreateResult", description="New key, or why there is none."),
]
ApiKeyRevokeResult = Annotated[
    ApiKeyRevokePayload | NotFoundError | NotAllowedError,
    strawberry.union("ApiKeyRevokeResult", description="Revoked key, or why it still works."),
]
SocketTicketCreateResult = Annotated[
    SocketTicketCreatePayload | NotAllowedError | TryAgainError,
    strawberry.union("SocketTicketCreateResult", description="New ticket, or why there is none."),
]

"""Signing in and up by a mailed code, and signing out."""

from datetime import datetime
from typing import Annotated, Self

import strawberry

from domain.identity import Session
from domain.users import User
from schema.errors import (
    ConflictError,
    ErrorType,
    InvalidInputError,
    NotAllowedError,
    RateLimitedError,
    RegionUnsupportedError,
    TryAgainError,
    WrongRegionError,
)
from schema.members import InvitationUnknownError
from schema.scalars import EmailAddress, TimeZone
from schema.users import UserType


@strawberry.type(description="Code that is wrong, used, too old, replaced, or was tried too often.")
class WrongCodeError(ErrorType):
    """Twin of domain.identity.WrongCode."""


@strawberry.type(description="Proved address with which nobody has signed up; the code stays usable for it.")
class SignUpNeededError(ErrorType):
    """Twin of domain.identity.SignUpNeeded."""


@strawberry.input(description="Address to which a sign-in code is mailed.")
class SignInStartInput:
    """Who wants to sign in or up."""

    email: EmailAddress = strawberry.field(description="Address of the person.")
    locale: str | None = strawberry.field(
        default=strawberry.UNSET, description="Language of the mail, like `ja`; English if unsaid."
    )
    idempotency_key: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="Key of the caller's own, 16 to 255 characters: a repeat with it mails nothing more.",
    )


@strawberry.type(description="Answer that is the same whether or not somebody has this address.")
class SignInStartPayload:
    """That a code is on its way."""

    code_minutes: int = strawberry.field(description="Minutes for which the mailed code works.")


@strawberry.input(description="What a new user tells about themselves.")
class SignUpInput:
    """A new user, and the organization that they found or join."""

    name: str = strawberry.field(description="Name of the person, 1 to 100 characters.")
    zone: TimeZone = strawberry.field(description="Zone of the person.")
    organization_name: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="Name of the organization to found; needed without `invitation`, else without effect.",
    )
    invitation: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="Secret of the link by which the proved address was invited: who signs up joins then.",
    )
    home_region: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="Region in which the organization is to be founded; the usual one if unsaid.",
    )
    handle: str | None = strawberry.field(
        default=strawberry.UNSET, description="Public name in links, of a–z, 0–9 and -; made up if unsaid."
    )


@strawberry.input(description="Mailed code, and for new users who they are.")
class SignInFinishInput:
    """Who proves an address."""

    email: EmailAddress = strawberry.field(description="Address to which the code was mailed.")
    code: str = strawberry.field(description="Code as it was typed.")
    sign_up: SignUpInput | None = strawberry.field(
        default=strawberry.UNSET, description="New user; without effect for who has signed up before."
    )
    is_mobile: bool | None = strawberry.field(
        default=strawberry.UNSET,
        description="Whether the session is for a mobile client: it then only reads.",
    )


@strawberry.type(description="New session.")
class SignInFinishPayload:
    """A session and its token."""

    user: UserType = strawberry.field(description="User who has signed in.")
    session_token: str = strawberry.field(
        description="Secret of the session, for the header `Authorization: Bearer`; shown this once."
    )
    expires_at: datetime = strawberry.field(description="Instant at which the session ends in any case.")

    @classmethod
    def of(cls, user: User, session: Session, token: str) -> Self:
        """Shape a new session."""
        return cls(user=UserType.of(user, is_own=True), session_token=token, expires_at=session.expires_at)


@strawberry.type(description="Ended session.")
class SignOutPayload:
    """The session that was ended."""

    session_id: strawberry.ID = strawberry.field(description="Id of the ended session.")


SignInStartResult = Annotated[
    SignInStartPayload | InvalidInputError | RateLimitedError | TryAgainError,
    strawberry.union("SignInStartResult", description="Code on its way, or why none could be asked for."),
]
SignInFinishResult = Annotated[
    SignInFinishPayload
    | WrongCodeError
    | SignUpNeededError
    | InvalidInputError
    | InvitationUnknownError
    | WrongRegionError
    | RegionUnsupportedError
    | ConflictError
    | NotAllowedError
    | RateLimitedError
    | TryAgainError,
    strawberry.union("SignInFinishResult", description="New session, or why there is none."),
]
SignOutResult = Annotated[
    SignOutPayload | NotAllowedError,
    strawberry.union("SignOutResult", description="Ended session, or why it goes on."),
]

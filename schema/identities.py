"""Signing in with an account elsewhere, and linking such accounts."""

from datetime import datetime
from enum import Enum
from typing import Annotated, Self

import strawberry

from domain.identities import IdentityProvider
from domain.identity import Session
from domain.users import User
from schema.account import FreshSignInNeededError
from schema.errors import (
    ConflictError,
    ErrorType,
    InvalidInputError,
    NotAllowedError,
    NotFoundError,
    RateLimitedError,
    RegionUnsupportedError,
    TryAgainError,
    WrongRegionError,
)
from schema.members import InvitationUnknownError
from schema.sign_in import SignUpInput, SignUpNeededError
from schema.users import IdentityType, UserType


@strawberry.enum(name="IdentityProvider", description="With whose accounts one can sign in.")
class IdentityProviderEnum(Enum):
    """Twin of domain.identities.IdentityProvider."""

    GOOGLE = strawberry.enum_value(IdentityProvider.GOOGLE.value, description="Google.")
    MICROSOFT = strawberry.enum_value(IdentityProvider.MICROSOFT.value, description="Microsoft Entra ID.")
    OIDC = strawberry.enum_value(
        IdentityProvider.OIDC.value, description="OpenID issuer that this installation has chosen."
    )


@strawberry.type(
    name="SignInUnknownError",
    description="Sign-in that was not begun in this browser, is too old, or was used.",
)
class SignInUnknownError(ErrorType):
    """Twin of domain.identities.SignInUnknown."""


@strawberry.type(
    name="IdentityUnlinkedError",
    description="Account that is linked to nobody; sign in by a mailed code, then link it. Never by address.",
)
class IdentityUnlinkedError(ErrorType):
    """Twin of domain.identities.IdentityUnlinked."""


@strawberry.type(
    name="SignInProviderUnsupportedError", description="Provider with which one cannot sign in here."
)
class SignInProviderUnsupportedError(ErrorType):
    """Twin of domain.identities.SignInProviderUnsupported."""


@strawberry.type(
    name="SignInProviderRefusedError", description="Provider that did not prove who somebody is."
)
class SignInProviderRefusedError(ErrorType):
    """Twin of domain.identities.SignInProviderRefused."""


@strawberry.type(description="Provider with whose accounts one can sign in here.")
class SignInProvider:
    """A provider and its name."""

    provider: IdentityProviderEnum = strawberry.field(description="Provider.")
    name: str = strawberry.field(description="What people call it.")


@strawberry.input(description="Provider with whose account a person wants to sign in.")
class SignInWithStartInput:
    """Where to sign in."""

    provider: IdentityProviderEnum = strawberry.field(description="Provider of the account.")
    locale: str | None = strawberry.field(
        default=strawberry.UNSET, description="Language of a new user, like `ja`; the reader's if unsaid."
    )


@strawberry.type(description="Question to a provider that is under way.")
class SignInWithStartPayload:
    """Where to go, what to keep, and for how long."""

    authorize_url: str = strawberry.field(description="Address to send the person to.")
    browser_secret: str = strawberry.field(
        description="Secret that this browser keeps to itself and brings back with the answer."
    )
    expires_at: datetime = strawberry.field(description="Instant until which the answer is taken.")


@strawberry.input(
    description="Answer with which a provider sent a person back, and for new users who they are."
)
class SignInWithFinishInput:
    """What stands in the address to which a person was sent back, and the browser's secret."""

    provider: IdentityProviderEnum = strawberry.field(description="Provider, by the address's path.")
    returned_state: str = strawberry.field(description="What came back as `state`.")
    code: str = strawberry.field(description="Code that came with it.")
    issuer: str | None = strawberry.field(
        default=strawberry.UNSET, description="Issuer (`iss`), where the provider names itself."
    )
    browser_secret: str = strawberry.field(description="Secret that this browser was given at the start.")
    sign_up: SignUpInput | None = strawberry.field(
        default=strawberry.UNSET, description="New user; without effect for who has signed up before."
    )
    is_mobile: bool | None = strawberry.field(
        default=strawberry.UNSET,
        description="Whether the session is for a mobile client: it then only reads.",
    )


@strawberry.type(description="New session.")
class SignInWithFinishPayload:
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


@strawberry.input(description="Provider whose account a person wants to link.")
class IdentityLinkStartInput:
    """Where to link an account."""

    provider: IdentityProviderEnum = strawberry.field(description="Provider of the account.")


@strawberry.type(description="Question to a provider that is under way.")
class IdentityLinkStartPayload:
    """Where to go, what to keep, and for how long."""

    authorize_url: str = strawberry.field(description="Address to send the person to.")
    browser_secret: str = strawberry.field(
        description="Secret that this browser keeps to itself and brings back with the answer."
    )
    expires_at: datetime = strawberry.field(description="Instant until which the answer is taken.")


@strawberry.input(description="Answer with which a provider sent a person back, in the session that asked.")
class IdentityLinkFinishInput:
    """What stands in the address to which a person was sent back, and the browser's secret."""

    provider: IdentityProviderEnum = strawberry.field(description="Provider, by the address's path.")
    returned_state: str = strawberry.field(description="What came back as `state`.")
    code: str = strawberry.field(description="Code that came with it.")
    issuer: str | None = strawberry.field(
        default=strawberry.UNSET, description="Issuer (`iss`), where the provider names itself."
    )
    browser_secret: str = strawberry.field(description="Secret that this browser was given at the start.")


@strawberry.type(description="Account that signs the viewer in from now on.")
class IdentityLinkFinishPayload:
    """The linked account."""

    identity: IdentityType = strawberry.field(description="Linked account.")


@strawberry.input(description="Account that is to sign the viewer in no more.")
class IdentityUnlinkInput:
    """One of the viewer's identities."""

    id: strawberry.ID = strawberry.field(description="Id of an identity of the viewer.")


@strawberry.type(description="Account that signs the viewer in no more; sessions that it opened go on.")
class IdentityUnlinkPayload:
    """The identity that is gone."""

    identity_id: strawberry.ID = strawberry.field(description="Id of the unlinked identity.")


SignInWithStartResult = Annotated[
    SignInWithStartPayload
    | SignInProviderUnsupportedError
    | SignInProviderRefusedError
    | InvalidInputError
    | RateLimitedError
    | TryAgainError,
    strawberry.union("SignInWithStartResult", description="Where to go, or why nowhere."),
]
SignInWithFinishResult = Annotated[
    SignInWithFinishPayload
    | SignInUnknownError
    | SignUpNeededError
    | IdentityUnlinkedError
    | SignInProviderUnsupportedError
    | SignInProviderRefusedError
    | InvitationUnknownError
    | WrongRegionError
    | RegionUnsupportedError
    | InvalidInputError
    | ConflictError
    | NotAllowedError
    | RateLimitedError
    | TryAgainError,
    strawberry.union("SignInWithFinishResult", description="New session, or why there is none."),
]
IdentityLinkStartResult = Annotated[
    IdentityLinkStartPayload
    | FreshSignInNeededError
    | SignInProviderUnsupportedError
    | SignInProviderRefusedError
    | NotAllowedError
    | RateLimitedError
    | TryAgainError,
    strawberry.union("IdentityLinkStartResult", description="Where to go, or why nowhere."),
]
IdentityLinkFinishResult = Annotated[
    IdentityLinkFinishPayload
    | SignInUnknownError
    | SignInProviderUnsupportedError
    | SignInProviderRefusedError
    | InvalidInputError
    | ConflictError
    | NotAllowedError
    | RateLimitedError
    | TryAgainError,
    strawberry.union("IdentityLinkFinishResult", description="Linked account, or why it is not."),
]
IdentityUnlinkResult = Annotated[
    IdentityUnlinkPayload | NotFoundError | NotAllowedError,
    strawberry.union("IdentityUnlinkResult", description="Unlinked account, or why it stays."),
]

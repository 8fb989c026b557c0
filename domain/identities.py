"""Signing in with an account elsewhere: whose it is, and what can be wrong with it.

An identity is the pair of an OpenID issuer and its subject, and nothing else: a mail address never says
whose an account is, since issuers hand addresses on and some never prove them.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from domain.errors import Conflict, RuleBroken
from domain.ids import IdentityId, OrganizationId, SessionId, UserId

QUESTION_LIFE = timedelta(minutes=10)
MAX_IDENTITIES = 20


class IdentityProvider(StrEnum):
    """With whose accounts people can sign in; OIDC is the one issuer that the operator has chosen.

    Zoom is none of them: it gives no ID token that is signed for us and for this one question.
    """

    GOOGLE = "google"
    MICROSOFT = "microsoft"
    OIDC = "oidc"


class SignInUnknown(RuleBroken):
    """A sign-in that was not begun in this browser and for this purpose, or is too old, or was used."""

    code = "SIGN_IN_UNKNOWN"
    sentence = "This sign-in was not begun here, or too long ago. Please begin again."


class IdentityUnlinked(RuleBroken):
    """An account elsewhere that is nobody's, and whose address may not decide whose it becomes.

    Either somebody has signed up with the address, or the issuer has not verified it: the answer is the
    same, so that who only claims an address learns nothing of it (case 55).
    """

    code = "IDENTITY_UNLINKED"
    sentence = "This account is not linked to anybody here. Sign in by a mailed code first, then link it."


class IdentityTaken(Conflict):
    """An account elsewhere that is linked to another user."""

    sentence = "This account is linked to somebody else. They have to unlink it first."


class SignInProviderUnsupported(RuleBroken):
    """A provider at which this installation is not registered."""

    code = "SIGN_IN_PROVIDER_UNSUPPORTED"
    sentence = "One cannot sign in with this provider here."


class SignInProviderRefused(RuleBroken):
    """A provider that could not prove who somebody is: the answer is the same whatever was wrong."""

    code = "SIGN_IN_PROVIDER_REFUSED"
    sentence = "The provider did not prove who you are. Begin again, or sign in by a mailed code."


@dataclass(frozen=True, slots=True)
class Identity:
    """An account elsewhere that signs a user in."""

    id: IdentityId
    issuer: str
    subject: str = field(repr=False)
    organization_id: OrganizationId
    user_id: UserId
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Proved:
    """Who somebody is, by an issuer's word; `email` is canonical, and None where it was not verified."""

    issuer: str
    subject: str = field(repr=False)
    email: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class SignInQuestion:
    """A question to an issuer that is under way; with `session_id` it links, without it signs in."""

    state_hash: bytes = field(repr=False)
    browser_hash: bytes = field(repr=False)
    provider: IdentityProvider
    nonce: str = field(repr=False)
    locale: str
    session_id: SessionId | None
    ends_at: datetime
    proved: Proved | None = None

"""Who is asking: a guest, or a signed-in user with what they may do."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.errors import NotAllowed, RuleBroken
from domain.ids import ApiKeyId, OrganizationId, SessionId, UserId


class Role(StrEnum):
    """What a user is in the organization."""

    OWNER = "owner"
    ADMINISTRATOR = "administrator"
    MEMBER = "member"


class Scope(StrEnum):
    """What an API key may be allowed. Keys never make keys, sessions or connections (R23)."""

    READ = "read"
    PAGES = "pages"
    AVAILABILITY = "availability"
    BOOKINGS = "bookings"
    CALENDARS = "calendars"
    PROFILE = "profile"


@dataclass(frozen=True, slots=True)
class User:
    """An account of a person in one organization. `email` is canonical; `handle` is the name in links.

    Who was removed, or left, is disabled and has `left_at`; such an account never comes back.
    """

    id: UserId
    organization_id: OrganizationId
    email: str
    name: str
    handle: str
    zone: str
    locale: str
    role: Role
    shares_availability: bool
    is_disabled: bool
    created_at: datetime
    left_at: datetime | None = None


class ClientNotAllowed(RuleBroken):
    """A change that a mobile client asked for, which only reads, whatever its user may do (D09)."""

    code = "CLIENT_NOT_ALLOWED"
    sentence = "This app only shows things. Please make changes in a browser."


class SignInNeeded(RuleBroken):
    """A guest asked for what only a signed-in user may have."""

    code = "UNAUTHENTICATED"
    sentence = "Sign in first."


@dataclass(frozen=True, slots=True)
class Guest:
    """A viewer without an account; `ip` is what limits are counted by."""

    ip: str


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A viewer with an account: by a session (every scope) or by an API key (its own scopes).

    Made anew from the database for each operation and each event, never kept (R8). One `is_mobile` whose
    session or key is a mobile client's: it changes nothing.
    """

    user: User
    scopes: frozenset[Scope]
    session_id: SessionId | None
    api_key_id: ApiKeyId | None
    ip: str
    is_mobile: bool = False

    @property
    def organization_id(self) -> OrganizationId:
        """The viewer's organization."""
        return self.user.organization_id

    @property
    def user_id(self) -> UserId:
        """The viewer's user."""
        return self.user.id


Viewer = Guest | SignedIn


def signed_in(viewer: Viewer, scope: Scope) -> SignedIn:
    """Say who is asking, if they are signed in and have the scope; else SignInNeeded or NotAllowed."""
    if isinstance(viewer, Guest):
        raise SignInNeeded
    if scope not in viewer.scopes:
        raise NotAllowed
    return viewer


def may_change(viewer: Viewer) -> None:
    """Let whoever may change things at all go on; else ClientNotAllowed: the one gate of mobile clients."""
    if isinstance(viewer, SignedIn) and viewer.is_mobile:
        raise ClientNotAllowed


def in_person(viewer: Viewer) -> SignedIn:
    """Say who is asking, if they are signed in by a session: what no key may do asks for this."""
    if isinstance(viewer, Guest):
        raise SignInNeeded
    if viewer.session_id is None:
        raise NotAllowed
    return viewer

"""Who is asking: a guest, or a signed-in user with what they may do, be it for somebody else."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from domain.errors import NotAllowed, RuleBroken
from domain.ids import ApiKeyId, DelegationId, OrganizationId, SessionId, UserId


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
    POLLS = "polls"


class DelegationScope(StrEnum):
    """What a delegate may do for their principal; what stands in no scope, no delegate does (ADR-0016)."""

    PAGES = "pages"
    BOOKINGS = "bookings"
    AVAILABILITY = "availability"
    POLLS = "polls"


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

    Who acts for somebody else is seen as that *principal*, with neither session nor key: what asks for one
    of them is refused to every delegate. One `is_mobile` whose session or key is a mobile client's: it
    changes nothing, for nobody. `poll_link` is the hash of the link by which somebody organizes one poll in
    the name of its organizer, with neither session nor key. Made anew from the database for each operation
    and each event, never kept (R8).
    """

    user: User
    scopes: frozenset[Scope]
    session_id: SessionId | None
    api_key_id: ApiKeyId | None
    ip: str
    acting: "Acting | None" = None
    is_mobile: bool = False
    poll_link: bytes | None = field(default=None, repr=False)

    @property
    def organization_id(self) -> OrganizationId:
        """The viewer's organization."""
        return self.user.organization_id

    @property
    def user_id(self) -> UserId:
        """The viewer's user: of a delegate, their principal."""
        return self.user.id

    @property
    def actor(self) -> User:
        """The person who sits there: the user, or their delegate."""
        return self.acting.delegate.user if self.acting else self.user


@dataclass(frozen=True, slots=True)
class Acting:
    """By which delegation somebody acts for their principal, who they are themselves, and what they may."""

    delegation_id: DelegationId
    delegate: SignedIn
    scopes: frozenset[DelegationScope]


Viewer = Guest | SignedIn


def signed_in(viewer: Viewer, scope: Scope, *delegated: DelegationScope) -> SignedIn:
    """Say who is asking, if they are signed in and have the scope; else SignInNeeded or NotAllowed.

    Who acts for somebody else has to have one of the scopes that are named as `delegated`: no delegate may
    do what names none.
    """
    if isinstance(viewer, Guest):
        raise SignInNeeded
    if viewer.acting is None:
        is_allowed = scope in viewer.scopes
    else:
        is_allowed = not viewer.acting.scopes.isdisjoint(delegated)
    if not is_allowed:
        raise NotAllowed
    return viewer


def may_change(viewer: Viewer) -> None:
    """Let whoever may change things at all go on; else ClientNotAllowed: the one gate of mobile clients."""
    if isinstance(viewer, SignedIn) and viewer.is_mobile:
        raise ClientNotAllowed


def in_person(viewer: Viewer) -> SignedIn:
    """Say who is asking, if they are signed in by a session: what no key or delegate may do asks for this."""
    if isinstance(viewer, Guest):
        raise SignInNeeded
    if viewer.session_id is None or viewer.acting is not None:
        raise NotAllowed
    return viewer
